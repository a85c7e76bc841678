//! Owner, group and time: the dialog opens at once, and names come as they are known.

use crate::{
    domain::error::Error,
    engine::message::{Command, Inquiry, Ticket, Told},
};

use super::super::{Effect, Layer, Model, purpose::Purpose, traits};

impl Model {
    /// Opens the dialog, and asks who the users and groups there are.
    pub(super) fn ask_traits(&mut self) -> Vec<Effect> {
        let Some(mut dialog) = traits::dialog(self.focused()) else {
            self.say("Nothing is under the cursor to do this with.");
            return Vec::new();
        };
        let of = self.focused().location.clone();
        let ticket = self.next_ticket();
        let mut effects = Vec::new();
        if let Purpose::Traits { from, owned, .. } = &mut dialog.purpose
            && traits::has_owners(from)
        {
            owned.asked = Some(ticket);
            let inquiry = Inquiry::Owners { of, ids: owned.ids.clone() };
            effects.push(Effect::Engine(Command::Inquire { ticket, inquiry }));
        }
        self.open_dialog(dialog);
        effects
    }

    /// Takes names. Whether they were asked for here.
    pub(super) fn named(&mut self, ticket: Ticket, told: &Result<Told, Error>) -> bool {
        let names = match told {
            Ok(Told::Owners(names)) => Some(names),
            _ => None,
        };
        self.layers.iter_mut().any(|layer| match layer {
            Layer::Dialog(dialog) => traits::name(dialog, ticket, names),
            _ => false,
        })
    }
}
