//! Tabs opened, closed, shown. One that is not shown reads nothing: it is read again when it is.

use crate::engine::message::Command;

use super::super::{
    Effect, Model, Side, State,
    pane::{How, Pane},
    tabs::{Label, MOST},
};

impl Model {
    /// A new tab beside the one shown, at the same place and in the same order.
    pub(super) fn new_tab(&mut self) -> Vec<Effect> {
        let side = self.focus;
        if self.tabs[side as usize].count() >= MOST {
            self.say(format!("A pane has at most {MOST} tabs."));
            return Vec::new();
        }
        let mut effects = self.rest(side);
        let shown = &mut self.panes[side as usize];
        let new = Pane::beside(shown);
        let location = new.location.clone();
        self.tabs[side as usize].open(shown, new);
        effects.extend(self.go(side, location, None));
        effects
    }

    /// A label was clicked on: its tab is shown; the one label for all leads on to the next.
    pub(super) fn show_labelled(&mut self, side: Side, label: Label) -> Vec<Effect> {
        (self.focus, self.finder) = (side, None);
        match label {
            Label::Of(number) => self.show_tab(number),
            Label::OfAll => self.turn_tabs(1),
        }
    }

    /// Closes the tab of a label, shown or not.
    pub(super) fn close_labelled(&mut self, side: Side, label: Label) -> Vec<Effect> {
        let tabs = &mut self.tabs[side as usize];
        match label {
            Label::Of(number) if number != tabs.shown() => {
                // It reads nothing while it is not shown.
                if let Some(mut closed) = tabs.take(number) {
                    closed.give_up_rows();
                    self.panes[side as usize].take_over(&mut closed);
                }
                Vec::new()
            }
            _ => self.close_tab(side),
        }
    }

    /// Closes the tab shown, unless it is the last one.
    pub(super) fn close_tab(&mut self, side: Side) -> Vec<Effect> {
        if self.tabs[side as usize].count() == 1 {
            self.say("This is the pane's last tab; q quits.");
            return Vec::new();
        }
        let mut effects = self.rest(side);
        let mut closed = self.tabs[side as usize].close(&mut self.panes[side as usize]);
        if let Some(closed) = &mut closed {
            closed.give_up_rows();
            self.panes[side as usize].inherit(closed);
        }
        effects.extend(self.wake(side));
        effects
    }

    /// The tab so many to the right, or to the left, round and round.
    pub(super) fn turn_tabs(&mut self, by: isize) -> Vec<Effect> {
        let tabs = &self.tabs[self.focus as usize];
        let count = tabs.count().cast_signed();
        if count == 1 {
            self.say("This pane has one tab; t opens another.");
            return Vec::new();
        }
        let number = (tabs.shown().cast_signed() + by).rem_euclid(count);
        self.show_tab(number.cast_unsigned())
    }

    /// The tab of this number, from 0.
    pub(super) fn show_tab(&mut self, number: usize) -> Vec<Effect> {
        let side = self.focus;
        let tabs = &self.tabs[side as usize];
        if number >= tabs.count() {
            self.say(format!("There is no tab {}.", number + 1));
            return Vec::new();
        }
        if number == tabs.shown() {
            return Vec::new();
        }
        let mut effects = self.rest(side);
        self.tabs[side as usize].show(&mut self.panes[side as usize], number);
        effects.extend(self.wake(side));
        effects
    }

    /// Stops all that is read for the pane shown: another one will be.
    fn rest(&mut self, side: Side) -> Vec<Effect> {
        self.finder = None;
        if self.together.take().is_some() {
            self.say("The panes go apart again.");
        }
        let pane = self.pane_mut(side);
        if let Some(opening) = &pane.opening
            && matches!(opening.how, How::Go(_))
            && !pane.shows_a_place()
        {
            pane.location = opening.location.clone();
        }
        let mut effects = self.leave_opening(side);
        if let State::Streaming(ticket) = self.pane(side).state {
            effects.push(Effect::Engine(Command::Close(ticket)));
            self.pane_mut(side).state = State::Complete;
        }
        effects.extend(self.stop_measuring(side));
        effects
    }

    /// Reads the pane that is shown now: much may have changed meanwhile.
    fn wake(&mut self, side: Side) -> Vec<Effect> {
        let pane = self.pane(side);
        match pane.state {
            State::Blank => {
                let location = pane.location.clone();
                self.go(side, location, None)
            }
            _ => self.reread(side, true, None),
        }
    }
}
