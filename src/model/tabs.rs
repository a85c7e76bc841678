//! Tabs of a pane: panes that wait behind the one shown, each with its own place, history, order and marks.

use super::pane::Pane;

/// More tabs than have a digit are no help.
pub(crate) const MOST: usize = 9;

/// The panes of a side that are not shown, to the left and to the right of the one that is.
#[derive(Debug, Default)]
pub(crate) struct Tabs {
    before: Vec<Pane>,
    /// The nearest last.
    after: Vec<Pane>,
}

impl Tabs {
    /// How many tabs there are, the shown one included.
    pub(crate) fn count(&self) -> usize {
        self.before.len() + 1 + self.after.len()
    }

    /// Which one is shown, from 0.
    pub(crate) fn shown(&self) -> usize {
        self.before.len()
    }

    /// Shows another in place of this one, to the right of it.
    pub(super) fn open(&mut self, shown: &mut Pane, new: Pane) {
        self.before.push(std::mem::replace(shown, new));
    }

    /// Shows the tab of this number. Whether it is another one.
    pub(super) fn show(&mut self, shown: &mut Pane, number: usize) -> bool {
        if number >= self.count() || number == self.shown() {
            return false;
        }
        while self.shown() < number
            && let Some(next) = self.after.pop()
        {
            self.before.push(std::mem::replace(shown, next));
        }
        while self.shown() > number
            && let Some(last) = self.before.pop()
        {
            self.after.push(std::mem::replace(shown, last));
        }
        true
    }

    /// Shows the next in place of this one, else the one before; what was shown is handed back. `None`: it is the last.
    pub(super) fn close(&mut self, shown: &mut Pane) -> Option<Pane> {
        let next = self.after.pop().or_else(|| self.before.pop())?;
        Some(std::mem::replace(shown, next))
    }
}
