//! What is found out beside the rows: links under the cursor, room, sizes of directories.

use crate::{
    domain::entry::Kind,
    engine::message::{Answered, Command, Inquiry, Ticket},
};

use super::super::{Effect, Model, Side};

impl Model {
    /// A link under the cursor is asked where it leads.
    pub(super) fn look_under_cursor(&mut self) -> Option<Effect> {
        let side = self.focus;
        let pane = self.pane(side);
        let entry = pane.current_entry()?;
        if entry.attributes.kind != Kind::Symlink || !pane.extras.wants_link(&entry.name) {
            return None;
        }
        let name = entry.name.clone();
        let location = pane.location.with_path(pane.location.path.join(&name));
        let ticket = self.next_ticket();
        self.pane_mut(side).extras.ask_link(ticket, name);
        Some(inquire(ticket, Inquiry::Link(location)))
    }

    /// How much room there is where a pane is.
    pub(super) fn ask_space(&mut self, side: Side) -> Effect {
        let ticket = self.next_ticket();
        let pane = self.pane_mut(side);
        pane.extras.ask_space(ticket);
        inquire(ticket, Inquiry::Space(pane.location.clone()))
    }

    /// Adds up the chosen directories, or stops adding up the one under the cursor.
    pub(super) fn measure(&mut self) -> Vec<Effect> {
        let side = self.focus;
        let pane = self.pane_mut(side);
        if let Some(name) = pane.current_entry().map(|entry| entry.name.clone()) {
            let stopped = pane.extras.stop_sums(Some(&name));
            if !stopped.is_empty() {
                self.say("Stopped adding up.");
                return close(stopped);
            }
        }
        let pane = self.pane(side);
        let chosen = pane.chosen().into_iter();
        let names: Vec<_> = chosen
            .filter(|entry| entry.attributes.kind == Kind::Directory)
            .filter(|entry| pane.extras.sum(&entry.name).is_none_or(|sum| sum.complete))
            .map(|entry| entry.name.clone())
            .collect();
        if names.is_empty() {
            self.say("No directory is chosen whose size could be added up.");
            return Vec::new();
        }
        let mut effects = Vec::new();
        for name in names {
            let ticket = self.next_ticket();
            let pane = self.pane_mut(side);
            let location = pane.location.with_path(pane.location.path.join(&name));
            pane.extras.ask_sum(ticket, name);
            effects.push(inquire(ticket, Inquiry::Size(location)));
        }
        effects
    }

    /// Stops adding up in a pane. Whether anything was.
    pub(super) fn stop_measuring(&mut self, side: Side) -> Vec<Effect> {
        close(self.pane_mut(side).extras.stop_sums(None))
    }

    pub(super) fn answered(&mut self, answered: &Answered) -> Vec<Effect> {
        if let Some(effects) = self.looked_for_edit(answered.ticket, &answered.told) {
            return effects;
        }
        if self.counted(answered.ticket, &answered.told) {
            return Vec::new();
        }
        if let Some(effects) = self.way_told(answered.ticket, &answered.told) {
            return effects;
        }
        if self.named(answered.ticket, &answered.told) {
            return Vec::new();
        }
        if let Some(effects) = self.compared(answered.ticket, &answered.told) {
            return effects;
        }
        if let Some(viewer) = &mut self.viewer
            && viewer.answered(answered.ticket, &answered.told)
        {
            return Vec::new();
        }
        if let Some(viewer) = self.quick.as_mut().and_then(|quick| quick.viewer.as_mut())
            && viewer.answered(answered.ticket, &answered.told)
        {
            return Vec::new();
        }
        for side in [Side::Left, Side::Right] {
            let extras = &mut self.pane_mut(side).extras;
            match extras.answered(answered.ticket, &answered.told) {
                Some(Some(error)) => {
                    self.tell(error.to_string());
                    break;
                }
                Some(None) => break,
                None => {}
            }
        }
        Vec::new()
    }
}

fn inquire(ticket: Ticket, inquiry: Inquiry) -> Effect {
    Effect::Engine(Command::Inquire { ticket, inquiry })
}

fn close(tickets: Vec<Ticket>) -> Vec<Effect> {
    tickets.into_iter().map(|ticket| Effect::Engine(Command::Close(ticket))).collect()
}
