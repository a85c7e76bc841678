//! Links: into a directory through one, back the same way, and to where one leads.

use crate::{
    domain::{entry::Kind, error::Error},
    engine::message::{Command, Inquiry, Ticket, Told},
};

use super::super::{Effect, Model};

impl Model {
    /// Asks what the link under the cursor names, to go there.
    pub(super) fn follow(&mut self) -> Vec<Effect> {
        let pane = self.focused();
        let is_link = |entry: &&crate::domain::entry::Entry| entry.attributes.kind == Kind::Symlink;
        let link = pane.current_entry().filter(is_link).and(pane.current_location());
        let Some(link) = link else {
            self.say("No link is under the cursor.");
            return Vec::new();
        };
        let ticket = self.next_ticket();
        self.following = Some((ticket, self.focus, link.clone()));
        vec![Effect::Engine(Command::Inquire { ticket, inquiry: Inquiry::Target(link) })]
    }

    /// Takes the answer, if it was asked for here: the pane shows what was named, with the cursor on it.
    pub(super) fn followed(
        &mut self,
        ticket: Ticket,
        told: &Result<Told, Error>,
    ) -> Option<Vec<Effect>> {
        let (_, side, link) = self.following.take_if(|(asked, ..)| *asked == ticket)?;
        match told {
            Ok(Told::Target(path)) => {
                let folder = path.parent().unwrap_or_else(|| path.clone());
                return Some(self.go(side, link.with_path(folder), path.name()));
            }
            Ok(_) => {}
            Err(error) => self.tell(error.to_string()),
        }
        Some(Vec::new())
    }
}
