//! What keys do while someone types what to look for in a pane.

use super::super::{
    Action, Effect, Model,
    finder::{Finder, Hunt},
    scrolling,
};

impl Model {
    /// Begins to filter or to search the pane.
    pub(super) fn find(&mut self, hunt: Hunt) {
        let pane = self.focused();
        if !pane.shows_a_place() {
            self.say("There is nothing to look through yet.");
            return;
        }
        self.finder = Some(Finder::new(hunt, self.focus, pane));
    }

    /// What there was to say when it began is gone by then; what came meanwhile may not have been seen yet, and stays.
    pub(super) fn act_in_find(&mut self, action: Action) -> Vec<Effect> {
        let Some(mut finder) = self.finder.take() else { return Vec::new() };
        let pane = self.pane_mut(finder.side);
        match action {
            Action::Accept => return Vec::new(),
            Action::Close | Action::Interrupt => {
                finder.undo(pane);
                return Vec::new();
            }
            Action::Up | Action::Previous => finder.step(pane, -1),
            Action::Down | Action::Next => finder.step(pane, 1),
            Action::PageUp | Action::PageDown => {
                pane.move_by(scrolling::lines(action, pane.height).unwrap_or(0));
            }
            action => {
                if finder.edit(action) {
                    finder.apply(pane);
                }
            }
        }
        self.finder = Some(finder);
        Vec::new()
    }

    /// Text pasted into the line.
    pub(super) fn paste_into_find(&mut self, pasted: &str) {
        let line = pasted.trim_end_matches(['\r', '\n']);
        for c in line.chars().filter(|c| !c.is_control()).take(256) {
            self.act(Action::Type(c));
        }
    }
}
