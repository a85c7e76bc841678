//! What is about to be deleted is counted first: the dialog says how much directories hold, as far as it is known.

use std::collections::BTreeMap;

use crate::{
    domain::{entry::Kind, error::Error},
    engine::message::{Command, Inquiry, Sum, Ticket, Told},
};

use super::super::{Effect, Layer, Model, Words, purpose::Purpose, text};

/// No more directories than this are counted at a time.
const MOST: usize = 32;

/// Directories that are being counted for a dialog.
#[derive(Debug, Default)]
pub(crate) struct Counting {
    sums: BTreeMap<Ticket, Sum>,
    /// The dialog's line that says how many.
    line: Option<usize>,
    /// Some were too many to be counted, or could not be.
    lacks: bool,
}

impl Model {
    /// Counts what the chosen directories hold, for the dialog that asks whether to delete them.
    pub(super) fn count_chosen(&mut self) -> Vec<Effect> {
        if !matches!(self.layers.last(), Some(Layer::Dialog(dialog)) if is_meant(&dialog.purpose)) {
            return Vec::new();
        }
        let pane = self.focused();
        let chosen = pane.chosen().into_iter();
        let directories = chosen.filter(|entry| entry.attributes.kind == Kind::Directory);
        let locations: Vec<_> = directories
            .map(|entry| pane.location.with_path(pane.location.path.join(&entry.name)))
            .collect();
        let mut counting = Counting { lacks: locations.len() > MOST, ..Counting::default() };
        let mut effects = self.stop_counting();
        for location in locations.into_iter().take(MOST) {
            let ticket = self.next_ticket();
            counting.sums.insert(ticket, Sum::default());
            let inquiry = Inquiry::Size(location);
            effects.push(Effect::Engine(Command::Inquire { ticket, inquiry }));
        }
        if !effects.is_empty() {
            self.counting = Some(counting);
            self.tell_count();
        }
        effects
    }

    /// Takes a count. Whether it was asked for here.
    pub(super) fn counted(&mut self, ticket: Ticket, told: &Result<Told, Error>) -> bool {
        let Some(counting) = &mut self.counting else { return false };
        let Some(sum) = counting.sums.get_mut(&ticket) else { return false };
        match told {
            Ok(Told::Size(told)) => *sum = *told,
            Ok(_) => {}
            Err(_) => {
                sum.complete = true;
                counting.lacks = true;
            }
        }
        self.tell_count();
        true
    }

    /// The dialog is gone: nobody wants to know any more.
    pub(super) fn stop_counting(&mut self) -> Vec<Effect> {
        let counting = self.counting.take().unwrap_or_default();
        let open = counting.sums.into_iter().filter(|(_, sum)| !sum.complete);
        open.map(|(ticket, _)| Effect::Engine(Command::Close(ticket))).collect()
    }

    fn tell_count(&mut self) {
        let Some(counting) = &mut self.counting else { return };
        let meant = self.layers.iter_mut().rev().find_map(|layer| match layer {
            Layer::Dialog(dialog) if is_meant(&dialog.purpose) => Some(dialog),
            _ => None,
        });
        let Some(dialog) = meant else { return };
        let line = *counting.line.get_or_insert_with(|| {
            let blank = dialog.words.iter().position(|words| matches!(words, Words::Blank));
            let line = blank.unwrap_or(dialog.words.len());
            dialog.words.insert(line, Words::Blank);
            line
        });
        if let Some(words) = dialog.words.get_mut(line) {
            *words = Words::Plain(counting.words());
        }
    }
}

fn is_meant(purpose: &Purpose) -> bool {
    matches!(purpose, Purpose::Delete { .. })
}

impl Counting {
    fn words(&self) -> String {
        let mut all = Sum { complete: true, ..Sum::default() };
        for sum in self.sums.values() {
            all.bytes = all.bytes.saturating_add(sum.bytes);
            all.files += sum.files;
            all.directories += sum.directories;
            all.unread += sum.unread;
            all.complete &= sum.complete;
        }
        // Those that were chosen go as well.
        all.directories += self.sums.len() as u64;
        let files = text::counted(all.files, "file", "files");
        let directories = text::counted(all.directories, "directory", "directories");
        let held = format!("{files} in {directories}, {}", text::size_words(all.bytes));
        match (all.complete, all.unread > 0 || self.lacks) {
            (false, _) => format!("counting… {held} so far"),
            (true, true) => format!("at least {held}; not all could be counted"),
            (true, false) => held,
        }
    }
}
