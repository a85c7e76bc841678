//! The list of open edits: what can be decided of each, and what an earlier Wharf left.

use crate::{
    domain::{error::Error, place::Location},
    engine::message::{Command, Inquiry, Ticket, Told},
};

use super::{
    super::{Action, EditList, EditRow, Effect, Layer, LeftEdit, Model, Reader, edit_forms},
    edit::{Edit, Hands, Phase},
};

/// More than this is not compared line by line.
const LONGEST_COMPARED: u32 = 1 << 20;

/// What is on its way to be compared.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Comparing {
    /// What was saved here is read, for this edit.
    Copy(Ticket),
    /// It is compared with what the server has.
    Both,
}

impl Model {
    /// The open edits, files of this machine left out: those are no copies.
    pub(crate) fn edit_rows(&self) -> Vec<EditRow> {
        let copies = self.edits.iter().filter(|(_, edit)| edit.location.endpoint.host().is_some());
        copies.map(|(&ticket, edit)| row(ticket, edit)).collect()
    }

    pub(super) fn show_edits(&mut self, at: Option<Ticket>) {
        if self.edit_rows().is_empty() {
            return self.say("No file of a server is being edited.");
        }
        self.layers.push(Layer::Edits(EditList { at }));
    }

    pub(super) fn act_in_edits(&mut self, action: Action) -> Vec<Effect> {
        let rows = self.edit_rows();
        let Some(Layer::Edits(list)) = self.layers.last_mut() else { return Vec::new() };
        let by = match action {
            Action::Up => -1,
            Action::Down => 1,
            Action::PageUp | Action::First => -(rows.len() as isize),
            Action::PageDown | Action::Last => rows.len() as isize,
            Action::Close | Action::Interrupt | Action::Quit => {
                self.layers.pop();
                return Vec::new();
            }
            _ => 0,
        };
        list.step(by, &rows);
        let Some(ticket) = list.current(&rows) else { return Vec::new() };
        let Some(edit) = self.edits.get_mut(&ticket) else { return Vec::new() };
        let is_held = matches!(edit.phase, Phase::Held(_));
        let is_idle = is_held || (edit.phase == Phase::Editing && edit.hands != Hands::Editor);
        match action {
            Action::Edit | Action::SendEdit | Action::DiscardEdit if !is_idle => {
                self.say("It is on its way; what comes of it is told.");
            }
            Action::Edit => {
                self.layers.pop();
                return self.open_copy(ticket);
            }
            Action::SendEdit => {
                edit.unsent = true;
                return self.go_on_with_edit(ticket);
            }
            Action::Difference => return self.ask_difference(ticket),
            Action::DiscardEdit => {
                let dialog = edit_forms::discard_edit(ticket, &edit.location, &edit.copy_words());
                self.open_dialog(dialog);
            }
            Action::Help => self.show_help(),
            _ => {}
        }
        Vec::new()
    }

    /// The person gave a copy up.
    pub(super) fn discard_edit(&mut self, ticket: Ticket) -> Vec<Effect> {
        self.say("The copy was given up; what is on the server stays.");
        let effects = self.forget_edit(ticket);
        if self.edit_rows().is_empty() {
            self.layers.retain(|layer| !matches!(layer, Layer::Edits(_)));
        }
        effects
    }

    /// What an earlier Wharf left is taken into the list, and the person told.
    pub(super) fn offer_left_edits(&mut self, left: Vec<LeftEdit>) {
        let mut lines = Vec::new();
        for LeftEdit { folder, kept, is_changed } in left {
            let Some(name) = kept.location.path.name() else { continue };
            let why = match is_changed {
                true => "Wharf ended before it was sent back.",
                false => {
                    "Wharf ended while it was open; nothing was changed since it was fetched or sent."
                }
            };
            lines.push((kept.location.to_string(), is_changed));
            let edit = Edit {
                location: kept.location,
                name,
                folder: Some(folder),
                before: Some(kept.before),
                base: kept.base,
                phase: Phase::Held(why.to_owned()),
                hands: Hands::Nobody,
                unsent: is_changed,
                sent: 0,
                sent_bytes: None,
            };
            let ticket = self.next_ticket();
            self.edits.insert(ticket, edit);
        }
        let dialog = edit_forms::left_edits(&lines);
        self.open_dialog(dialog);
    }

    /// Asks what the copy and the server's file differ in.
    pub(super) fn ask_difference(&mut self, edit: Ticket) -> Vec<Effect> {
        let ticket = self.next_ticket();
        let Some(copy) = self.edits.get(&edit).and_then(Edit::copy) else { return Vec::new() };
        self.comparing.insert(ticket, Comparing::Copy(edit));
        let of = Location::local(copy);
        let inquiry = Inquiry::Piece { of, offset: 0, length: LONGEST_COMPARED };
        vec![Effect::Engine(Command::Inquire { ticket, inquiry })]
    }

    /// An answer on the way to a difference. Whether it was asked for this.
    pub(super) fn compared(
        &mut self,
        ticket: Ticket,
        told: &Result<Told, Error>,
    ) -> Option<Vec<Effect>> {
        let comparing = self.comparing.remove(&ticket)?;
        let told = match told {
            Ok(told) => told,
            Err(error) => {
                self.layers.push(Layer::Reader(Reader::messages(vec![error.to_string()])));
                return Some(Vec::new());
            }
        };
        match (comparing, told) {
            (Comparing::Copy(edit), Told::Piece { bytes, size, .. }) => {
                if size.is_some_and(|size| size > u64::from(LONGEST_COMPARED)) {
                    let words = "It is too long to be compared line by line.".to_owned();
                    self.layers.push(Layer::Reader(Reader::messages(vec![words])));
                    return Some(Vec::new());
                }
                let of = self.edits.get(&edit)?.location.clone();
                let ticket = self.next_ticket();
                self.comparing.insert(ticket, Comparing::Both);
                let inquiry = Inquiry::Difference { of, with: bytes.clone() };
                return Some(vec![Effect::Engine(Command::Inquire { ticket, inquiry })]);
            }
            (_, Told::Difference(lines)) => {
                self.layers.push(Layer::Reader(Reader::difference(lines.clone())));
            }
            _ => {}
        }
        Some(Vec::new())
    }
}

fn row(ticket: Ticket, edit: &Edit) -> EditRow {
    let state = match (&edit.phase, &edit.hands) {
        (Phase::Looking | Phase::Fetching(_), _) => "is fetched".to_owned(),
        (Phase::Preparing | Phase::Editing, Hands::Elsewhere) => {
            "open elsewhere; each save is sent".to_owned()
        }
        (Phase::Preparing | Phase::Editing, _) => "in the editor".to_owned(),
        (Phase::Comparing | Phase::Sending(_) | Phase::Settling, _) => "is sent back".to_owned(),
        (Phase::Asking, _) => "changed on both sides".to_owned(),
        (Phase::Held(why), _) => why.clone(),
    };
    let waits = matches!(edit.phase, Phase::Held(_) | Phase::Asking);
    EditRow { ticket, place: edit.location.to_string(), state, waits }
}
