//! Tabs of a pane: panes that wait behind the one shown, each with its own place, history, order and marks.

use super::{Model, Side, layout, pane::Pane, text};

/// More tabs than have a digit are no help.
pub(crate) const MOST: usize = 9;

/// Cells of a tab's number.
const NUMBER: usize = 3;
/// Cells that the place beside the numbers wants at least.
const PLACE: usize = 24;

/// The panes of a side that are not shown, to the left and to the right of the one that is.
#[derive(Debug, Default)]
pub(crate) struct Tabs {
    before: Vec<Pane>,
    /// The nearest last.
    after: Vec<Pane>,
}

/// What stands in a title for tabs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Label {
    /// The number of one, counted from 0.
    Of(usize),
    /// Which of how many.
    OfAll,
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

    /// What stands for them at the beginning of a title of some width: their numbers, else which of how many.
    pub(crate) fn labels(&self, width: usize) -> Vec<String> {
        match self.count() {
            1 => Vec::new(),
            count if count * NUMBER + PLACE <= width => {
                (1..=count).map(|number| format!(" {number} ")).collect()
            }
            count => vec![format!(" {}/{count} ", self.shown() + 1)],
        }
    }

    /// What stands at a column of such a title.
    fn at(&self, width: usize, column: usize) -> Option<Label> {
        let labels = self.labels(width);
        if let [only] = &labels[..] {
            return (column < text::cells(only)).then_some(Label::OfAll);
        }
        let number = column / NUMBER;
        (number < labels.len()).then_some(Label::Of(number))
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

    /// Takes out one that is not shown.
    pub(super) fn take(&mut self, number: usize) -> Option<Pane> {
        let shown = self.shown();
        if number < shown {
            return Some(self.before.remove(number));
        }
        let behind = number.checked_sub(shown + 1)?;
        let at = self.after.len().checked_sub(behind + 1)?;
        Some(self.after.remove(at))
    }
}

/// The label at a cell of the screen, and the pane it belongs to.
pub(super) fn label_at(model: &Model, x: u16, y: u16) -> Option<(Side, Label)> {
    let (side, area) = layout::pane_at(model, x, y)?;
    if y != area.y {
        return None;
    }
    let edge = u16::from(layout::pane_parts(area).boxed);
    let column = x.checked_sub(area.x + edge)?;
    let width = area.width.saturating_sub(2 * edge);
    let tabs = &model.tabs[side as usize];
    Some((side, tabs.at(usize::from(width), usize::from(column))?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{path::StoragePath, place::Location};

    fn pane(path: &str) -> Pane {
        Pane::new(Location::local(StoragePath::new(path)))
    }

    #[test]
    fn one_is_taken_from_either_side_of_the_one_shown() {
        let (mut tabs, mut shown) = (Tabs::default(), pane("/0"));
        for path in ["/1", "/2", "/3", "/4"] {
            tabs.open(&mut shown, pane(path));
        }
        tabs.show(&mut shown, 2);
        let mut taken = |number| tabs.take(number).map(|pane| pane.location.to_string());
        assert_eq!(taken(2), None, "it is shown");
        assert_eq!(taken(5), None);
        assert_eq!(taken(4).as_deref(), Some("/4"));
        assert_eq!(taken(0).as_deref(), Some("/0"));
        assert_eq!((tabs.count(), tabs.shown()), (3, 1));
    }

    #[test]
    fn labels_stand_where_they_are_found() {
        let (mut tabs, mut shown) = (Tabs::default(), pane("/0"));
        assert_eq!((tabs.labels(80), tabs.at(80, 0)), (Vec::new(), None));
        tabs.open(&mut shown, pane("/1"));
        tabs.open(&mut shown, pane("/2"));
        assert_eq!(tabs.labels(38), [" 1 ", " 2 ", " 3 "]);
        let of = |number| Some(Label::Of(number));
        let found = [0, 2, 3, 8, 9].map(|x| tabs.at(38, x));
        assert_eq!(found, [of(0), of(0), of(1), of(2), None]);
        assert_eq!(tabs.labels(30), [" 3/3 "]);
        let found = [0, 4, 5].map(|x| tabs.at(30, x));
        assert_eq!(found, [Some(Label::OfAll), Some(Label::OfAll), None]);
    }
}
