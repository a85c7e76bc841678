//! Names of many changed at once: in the editor or by a pattern, seen before it is done, and undone.

use crate::{
    domain::{
        display,
        name_pattern::NamePattern,
        path::Name,
        place::Location,
        renaming::{self, Pair},
    },
    engine::message::{Act, Command, Ticket},
};

use super::super::{Effect, Model, Outside, Performing, Side, forms, purpose::Purpose};

/// Names that are to be changed.
#[derive(Debug, Clone)]
pub(crate) struct Renaming {
    pub(crate) side: Side,
    pub(crate) directory: Location,
    pub(crate) names: Vec<Name>,
}

impl Model {
    /// Has the chosen names edited, all at once.
    pub(super) fn edit_names(&mut self) -> Vec<Effect> {
        let Some(renaming) = self.chosen_names() else { return Vec::new() };
        let text = renaming::as_text(&renaming.names);
        let ticket = self.next_ticket();
        self.renamings.insert(ticket, renaming);
        vec![Effect::Outside(Outside::EditText { ticket, text })]
    }

    /// Asks for the pattern that the chosen names are to be changed by.
    pub(super) fn ask_name_pattern(&mut self) {
        if let Some(renaming) = self.chosen_names() {
            self.open_dialog(forms::name_pattern(renaming));
        }
    }

    fn chosen_names(&mut self) -> Option<Renaming> {
        let side = self.focus;
        let pane = self.pane(side);
        if pane.found.is_some() {
            self.say("What was found lies in many folders; names are changed together in one.");
            return None;
        }
        let names: Vec<Name> = pane.chosen().iter().map(|entry| entry.name.clone()).collect();
        if names.is_empty() {
            self.say("Nothing is chosen to be renamed.");
            return None;
        }
        Some(Renaming { side, directory: pane.location.clone(), names })
    }

    /// Shows what the pattern makes of the names, before anything is done; why not, where it cannot be meant.
    pub(super) fn accept_name_pattern(
        &mut self,
        renaming: &Renaming,
        old: &str,
        new: &str,
    ) -> Result<Vec<Effect>, String> {
        let pattern = NamePattern::read(old, new)?;
        let mut pairs: Vec<Pair> = Vec::new();
        for name in &renaming.names {
            let Some(renamed) = pattern.renamed(name, pairs.len() + 1) else { continue };
            let new = Name::new(&renamed).map_err(|why| {
                let [from, to] = [name.as_bytes(), &renamed].map(display::escape);
                format!("{from} cannot be called \"{to}\": {why}.")
            })?;
            pairs.push((name.clone(), new));
        }
        if pairs.is_empty() {
            return Err("None of the chosen names is like that.".to_owned());
        }
        let steps = self.planned(renaming, &pairs)?;
        self.show_planned(renaming, steps);
        Ok(Vec::new())
    }

    pub(super) fn names_edited(&mut self, ticket: Ticket, edited: Result<String, String>) {
        let Some(renaming) = self.renamings.remove(&ticket) else { return };
        let text = match edited {
            Ok(text) => text,
            Err(words) => return self.tell(format!("{words} Nothing was renamed.")),
        };
        let pairs = renaming::read_text(&renaming.names, &text);
        match pairs.and_then(|pairs| self.planned(&renaming, &pairs)) {
            Ok(steps) => self.show_planned(&renaming, steps),
            Err(words) => self.tell(format!("{words} Nothing was renamed.")),
        }
    }

    fn show_planned(&mut self, renaming: &Renaming, steps: Vec<Pair>) {
        if steps.is_empty() {
            return self.say("No name was changed.");
        }
        let dialog = forms::rename_many(renaming.side, renaming.directory.clone(), steps);
        self.open_dialog(dialog);
    }

    /// What is to be renamed, in an order in which it goes well.
    fn planned(&self, renaming: &Renaming, pairs: &[Pair]) -> Result<Vec<Pair>, String> {
        let rows = &self.pane(renaming.side).rows;
        let is_here = self.pane(renaming.side).location == renaming.directory;
        let is_taken = |name: &Name| is_here && rows.knows(name);
        let spare = |name: &Name| {
            // A name that was not there a moment ago, and tells where it comes from.
            let mut number = 0;
            loop {
                let mut bytes = b".".to_vec();
                bytes.extend(name.as_bytes().iter().take(200));
                bytes.extend(format!(".renaming{number}").as_bytes());
                match Name::new(bytes) {
                    Ok(aside) if !is_taken(&aside) => return aside,
                    Ok(_) => number += 1,
                    Err(_) => return name.clone(),
                }
            }
        };
        renaming::in_order(pairs, is_taken, spare).map_err(|problems| {
            let more = problems.len().saturating_sub(5);
            let mut words = problems.into_iter().take(5).collect::<Vec<_>>().join(" ");
            if more > 0 {
                words.push_str(&format!(" And {more} more."));
            }
            words
        })
    }

    /// Many names were changed, or some of them: what would give them back.
    pub(super) fn note_renamed(&mut self, within: &Location, steps: &[Pair], all: bool) {
        // Backwards, for a name may have been needed twice on the way. Where only some were changed nobody knows which.
        let back = steps.iter().rev().map(|(from, to)| (to.clone(), from.clone()));
        self.undoes_names = all.then(|| (within.clone(), back.collect()));
    }

    /// Shows what would give the names back that were changed last.
    pub(super) fn ask_undo_names(&mut self) {
        let Some((directory, steps)) = self.undoes_names.clone() else {
            return self.say("There is no renaming of many that could be undone.");
        };
        let shows = |side: &Side| self.pane(*side).location == directory;
        let side = [self.focus, self.focus.other()].into_iter().find(shows).unwrap_or(self.focus);
        let mut dialog = forms::rename_many(side, directory, steps);
        dialog.title = "Undo the last renaming".to_owned();
        self.open_dialog(dialog);
    }

    /// Has the names changed, once the preview was seen.
    pub(super) fn accept_names(&mut self, purpose: &Purpose) -> Vec<Effect> {
        let Purpose::RenameMany { side, directory, steps } = purpose else { return Vec::new() };
        let ticket = self.next_ticket();
        let cursor = steps.last().map(|(_, to)| to.clone());
        let performing = Performing { side: *side, directory: directory.clone(), cursor };
        self.performing.insert(ticket, performing);
        // Marks are kept by name, and these names will mean others.
        self.pane_mut(*side).rows.mark_by(|_| false);
        let act = Act::RenameMany { within: directory.clone(), steps: steps.clone() };
        vec![Effect::Engine(Command::Perform { ticket, act })]
    }
}
