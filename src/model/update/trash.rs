//! Going to where the trash lies: what lies there is moved back like anything else.

use crate::{
    domain::{error::Error, place::Endpoint},
    engine::message::{Command, Inquiry, Ticket, Told},
};

use super::super::{Effect, Model};

impl Model {
    /// Asks where the trash of what lies here lies.
    pub(super) fn find_trash(&mut self) -> Vec<Effect> {
        if !self.focused().shows_a_place() {
            self.say("There is no place here that could have a trash.");
            return Vec::new();
        }
        let of = self.focused().location.clone();
        let ticket = self.next_ticket();
        self.finding_trash = Some((ticket, self.focus, of.clone()));
        vec![Effect::Engine(Command::Inquire { ticket, inquiry: Inquiry::Trash(of) })]
    }

    /// Takes the answer, if it was asked for here.
    pub(super) fn found_trash(
        &mut self,
        ticket: Ticket,
        told: &Result<Told, Error>,
    ) -> Option<Vec<Effect>> {
        let (_, side, of) = self.finding_trash.take_if(|(asked, ..)| *asked == ticket)?;
        match told {
            Ok(Told::Trash(Some(path))) => {
                return Some(self.go(side, of.with_path(path.clone()), None));
            }
            Ok(_) if of.endpoint == Endpoint::Local => {
                self.say("There is no trash here yet.");
            }
            Ok(_) => self.say("Nothing of this folder is in a trash."),
            Err(error) => self.tell(error.to_string()),
        }
        Some(Vec::new())
    }
}
