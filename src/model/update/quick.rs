//! The quick view: the other pane shows the file under the cursor, a moment after the cursor came to rest.

use std::time::Duration;

use crate::{
    domain::{
        entry::{Entry, Kind},
        place::Location,
    },
    engine::message::Command,
};

use super::super::{Effect, Model, Side, Viewer, layout, sort::is_directory};

/// The cursor has to rest so long before anything is asked: moving on costs nothing.
const REST: Duration = Duration::from_millis(120);

/// What the other pane shows.
#[derive(Debug, Default)]
pub(crate) struct Quick {
    /// What is under the cursor, and since when.
    at: Option<(Location, std::time::Instant)>,
    /// A look into it, once the cursor rests.
    pub(crate) viewer: Option<Box<Viewer>>,
    /// Why there is none.
    pub(crate) words: &'static str,
}

impl Model {
    /// Shows the file under the cursor in the other pane, or the other pane again.
    pub(super) fn toggle_quick(&mut self) -> Vec<Effect> {
        match self.quick.take() {
            Some(quick) => close(quick.viewer),
            None => {
                self.quick = Some(Quick::default());
                if layout::parts(self).quick.is_none() {
                    self.quick = None;
                    self.say("The window is too narrow for a second pane.");
                }
                Vec::new()
            }
        }
    }

    /// Whether time alone brings something here.
    pub(crate) fn quick_waits(&self) -> bool {
        self.quick.as_ref().is_some_and(|quick| quick.at.is_some() && quick.viewer.is_none())
    }

    /// Follows the cursor: what was asked for another file is asked no more.
    pub(super) fn follow_quick(&mut self) -> Vec<Effect> {
        let Some(now) = self.now else { return Vec::new() };
        let area = layout::parts(self).quick;
        let (under, words) = match self.focused().current_entry() {
            None => (None, "No file is under the cursor."),
            Some(entry) => match refusal(entry) {
                Some(words) => (None, words),
                None => (self.focused().current_location(), ""),
            },
        };
        let Some(mut quick) = self.quick.take() else { return Vec::new() };
        let mut effects = Vec::new();
        quick.words = words;
        let is_another = quick.at.as_ref().map(|(location, _)| location) != under.as_ref();
        if is_another {
            effects = close(quick.viewer.take());
            quick.at = under.map(|location| (location, now));
        }
        let is_seen = self.viewer.is_none() && self.queue.is_none() && self.desk.panel.is_none();
        if let (Some((location, since)), Some(area), true) = (&quick.at, area, is_seen) {
            let rests = now.duration_since(*since) >= REST;
            if quick.viewer.is_none() && rests {
                quick.viewer = Some(Box::new(Viewer::small(location.clone())));
            }
            if let Some(viewer) = &mut quick.viewer {
                let body = layout::pane_parts(area).body();
                viewer.resize(usize::from(body.width), usize::from(body.height));
                effects.extend(self.settle(viewer));
            }
        }
        self.quick = Some(quick);
        effects
    }

    /// The side the quick view takes.
    pub(crate) fn quick_side(&self) -> Option<Side> {
        self.quick.as_ref().map(|_| self.focus.other())
    }
}

fn refusal(entry: &Entry) -> Option<&'static str> {
    match entry.attributes.kind {
        _ if is_directory(entry) => Some("A directory."),
        Kind::Other => Some("A device, a socket or a pipe."),
        _ => None,
    }
}

fn close(viewer: Option<Box<Viewer>>) -> Vec<Effect> {
    let tickets = viewer.map(|viewer| viewer.tickets()).unwrap_or_default();
    tickets.into_iter().map(|ticket| Effect::Engine(Command::Close(ticket))).collect()
}
