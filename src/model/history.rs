//! Where a pane has been: back and forward.

use crate::domain::place::Location;

/// More places than this are forgotten, the oldest first.
const REMEMBERED: usize = 100;

/// What an opening means for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Course {
    /// To somewhere; what was ahead is forgotten.
    New,
    Back,
    Forward,
    /// Along with the other pane.
    Along,
}

/// Places before and after the one shown.
#[derive(Debug, Default)]
pub(crate) struct History {
    back: Vec<Location>,
    forward: Vec<Location>,
}

impl History {
    /// Where a course leads.
    pub(crate) fn target(&self, course: Course) -> Option<&Location> {
        match course {
            Course::Back => self.back.last(),
            Course::Forward => self.forward.last(),
            Course::New | Course::Along => None,
        }
    }

    /// A place was left for good: the next one is open.
    pub(crate) fn left(&mut self, place: Location, course: Course) {
        match course {
            Course::Back => {
                self.back.pop();
                self.forward.push(place);
            }
            Course::Forward => {
                self.forward.pop();
                self.back.push(place);
            }
            Course::New | Course::Along => {
                self.forward.clear();
                self.back.push(place);
                if self.back.len() > REMEMBERED {
                    self.back.remove(0);
                }
            }
        }
    }
}
