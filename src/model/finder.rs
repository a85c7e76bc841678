//! The line into which a person types what to look for in a pane.

use tui_input::Input;

use super::{Side, action::Action, editing, pane::Pane, sieve::Sieve};

/// What is done with what is found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Hunt {
    /// All else is left out.
    Filter,
    /// The cursor goes there.
    Search,
}

/// Someone is typing.
#[derive(Debug)]
pub(crate) struct Finder {
    pub(crate) hunt: Hunt,
    pub(crate) side: Side,
    pub(crate) input: Input,
    /// Where the cursor was.
    origin: usize,
    sieve: Option<Box<Sieve>>,
}

impl Finder {
    /// Begins in a pane, with what it is filtered by already.
    pub(crate) fn new(hunt: Hunt, side: Side, pane: &Pane) -> Self {
        let typed = match hunt {
            Hunt::Filter => pane.rows.filter().unwrap_or_default().to_owned(),
            Hunt::Search => String::new(),
        };
        Self { hunt, side, input: Input::new(typed), origin: pane.cursor, sieve: None }
    }

    /// Edits the line. Whether its text is another now.
    pub(crate) fn edit(&mut self, action: Action) -> bool {
        editing::edit(&mut self.input, action)
    }

    /// What was typed is applied to the pane.
    pub(crate) fn apply(&mut self, pane: &mut Pane) {
        let sieve = Sieve::new(self.input.value());
        match self.hunt {
            Hunt::Filter => pane.set_filter(sieve),
            Hunt::Search => {
                self.sieve = sieve;
                let best = match &mut self.sieve {
                    Some(sieve) => pane.rows.best_line(sieve, self.origin),
                    None => Some(self.origin),
                };
                if let Some(line) = best {
                    pane.move_to(line);
                }
            }
        }
    }

    /// Goes to the next name that fits, or the one before, round the end.
    pub(crate) fn step(&mut self, pane: &mut Pane, by: isize) {
        match (self.hunt, &mut self.sieve) {
            (Hunt::Filter, _) => pane.move_by(by),
            (Hunt::Search, Some(sieve)) => {
                if let Some(line) = pane.rows.next_line(sieve, pane.cursor, by < 0) {
                    pane.move_to(line);
                }
            }
            (Hunt::Search, None) => {}
        }
    }

    /// Whether nothing is found.
    pub(crate) fn finds_nothing(&self, pane: &Pane) -> bool {
        match self.hunt {
            Hunt::Filter => pane.rows.shown() == 0,
            Hunt::Search => {
                let fits = |sieve: &Sieve| {
                    let name = pane.current_entry().map(|entry| &entry.name);
                    name.is_some_and(|name| {
                        Sieve::new(sieve.typed()).is_none_or(|mut own| own.score(name).is_some())
                    })
                };
                self.sieve.as_ref().is_some_and(|sieve| !fits(sieve))
            }
        }
    }

    /// Leaves it, as if nothing had been typed. The cursor stays on what it is on in a filter.
    pub(crate) fn undo(self, pane: &mut Pane) {
        match self.hunt {
            Hunt::Filter => pane.set_filter(None),
            Hunt::Search => pane.move_to(self.origin),
        }
    }
}
