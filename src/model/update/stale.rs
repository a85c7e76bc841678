//! Parts that interrupted jobs left where a pane is: told of, and cleared away if the person says so.

use super::super::{Dialog, Effect, Model, Outcome, Side, forms, purpose::Purpose, text};
use crate::{
    domain::{entry::Kind, path::StoragePath, place::Location},
    engine::message::{JobOptions, JobRequest, Stale, Work},
};

impl Model {
    /// What the journal has of jobs that did not end in peace.
    pub(super) fn found_stale(&mut self, stale: Vec<Stale>) {
        self.stale = stale;
        for side in [Side::Left, Side::Right] {
            self.tell_stale(side);
        }
    }

    /// Says once what such jobs left in the place a pane shows.
    pub(super) fn tell_stale(&mut self, side: Side) {
        let place = self.pane(side).location.clone();
        let count = self.stale_parts(side).len();
        if count == 0 || self.told_stale.as_ref() == Some(&place) {
            return;
        }
        self.told_stale = Some(place);
        let lie = text::counted(
            count as u64,
            "part of an interrupted copy lies",
            "parts of interrupted copies lie",
        );
        let words = format!("{lie} here; K clears away.");
        self.say_lasting(Outcome::Plain, words);
    }

    fn stale_parts(&self, side: Side) -> Vec<StoragePath> {
        let pane = self.pane(side);
        let Location { endpoint, path } = &pane.location;
        if self.stale.is_empty() {
            return Vec::new();
        }
        let entries = pane.rows.entries();
        let left = entries.filter(|entry| {
            let is_left = |stale: &Stale| stale.leaves(endpoint, path, &entry.name);
            entry.attributes.kind == Kind::File && self.stale.iter().any(is_left)
        });
        left.map(|entry| path.join(&entry.name)).collect()
    }

    /// Asks whether to clear them away.
    pub(super) fn clear_parts(&mut self) -> Vec<Effect> {
        let sources = self.stale_parts(self.focus);
        if sources.is_empty() {
            self.say("No parts of interrupted copies lie here.");
            return Vec::new();
        }
        let place = self.focused().location.clone();
        self.open_dialog(forms::clear_parts(&place, sources));
        Vec::new()
    }

    pub(super) fn accept_clearing(&mut self, dialog: &Dialog) -> Vec<Effect> {
        let Purpose::ClearParts { from, sources } = &dialog.purpose else { return Vec::new() };
        self.add(JobRequest {
            work: Work::Delete,
            from: from.clone(),
            sources: sources.clone(),
            options: JobOptions::default(),
        })
    }
}
