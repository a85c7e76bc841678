//! Where something leads is asked, and gone to: what a link names, the trash of what lies here.

use crate::{
    domain::{
        entry::Kind,
        error::Error,
        place::{Endpoint, Location},
    },
    engine::message::{Command, Inquiry, Ticket, Told},
};

use super::super::{Effect, Model, Side};

/// A way that was asked for. One asked for later takes its place.
#[derive(Debug)]
pub(crate) struct Way {
    ticket: Ticket,
    side: Side,
    /// The link, or the folder whose trash it is.
    from: Location,
}

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
        self.ask_way(link.clone(), Inquiry::Target(link))
    }

    /// Asks where the trash of what lies here lies: what lies there is moved back like anything else.
    pub(super) fn find_trash(&mut self) -> Vec<Effect> {
        if !self.focused().shows_a_place() {
            self.say("There is no place here that could have a trash.");
            return Vec::new();
        }
        let folder = self.focused().location.clone();
        self.ask_way(folder.clone(), Inquiry::Trash(folder))
    }

    fn ask_way(&mut self, from: Location, inquiry: Inquiry) -> Vec<Effect> {
        let ticket = self.next_ticket();
        let earlier = self.way.replace(Way { ticket, side: self.focus, from });
        let close = earlier.map(|way| Effect::Engine(Command::Close(way.ticket)));
        let ask = Effect::Engine(Command::Inquire { ticket, inquiry });
        close.into_iter().chain([ask]).collect()
    }

    /// Takes the answer, if it was asked for here: the pane goes there.
    pub(super) fn way_told(
        &mut self,
        ticket: Ticket,
        told: &Result<Told, Error>,
    ) -> Option<Vec<Effect>> {
        let Way { side, from, .. } = self.way.take_if(|way| way.ticket == ticket)?;
        match told {
            // With the cursor on what was named.
            Ok(Told::Target(path)) => {
                let folder = path.parent().unwrap_or_else(|| path.clone());
                return Some(self.go(side, from.with_path(folder), path.name()));
            }
            Ok(Told::Trash(Some(path))) => {
                return Some(self.go(side, from.with_path(path.clone()), None));
            }
            Ok(Told::Trash(None)) if from.endpoint == Endpoint::Local => {
                self.say("There is no trash here yet.");
            }
            Ok(Told::Trash(None)) => self.say("Nothing of this folder is in a trash."),
            Ok(_) => {}
            Err(error) => self.tell(error.to_string()),
        }
        Some(Vec::new())
    }
}
