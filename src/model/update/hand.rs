//! Carrying rows with the mouse, and marking them with the other button.

use crate::engine::message::{Destination, JobOptions, JobRequest, Work};

use super::super::{Effect, Hand, Load, Model, Mouse, MouseAct, Side, layout, rows::Item};

impl Model {
    /// The mouse, while rows are carried.
    pub(super) fn mouse_carrying(&mut self, mouse: Mouse) -> Vec<Effect> {
        match mouse.what {
            MouseAct::Drag | MouseAct::OtherDrag => self.carry_to(mouse.x, mouse.y),
            MouseAct::OtherPress => {
                if let Hand::Carries(load) = &mut self.hand {
                    load.moves = !load.moves;
                }
            }
            MouseAct::OtherRelease | MouseAct::MiddlePress => {}
            MouseAct::Release => {
                self.carry_to(mouse.x, mouse.y);
                return self.let_go();
            }
            MouseAct::WheelUp | MouseAct::WheelDown => {
                self.wheel_in_panes(mouse);
                self.carry_to(mouse.x, mouse.y);
            }
            MouseAct::Press => {
                // The release was never told.
                self.put_down();
                return self.mouse(mouse);
            }
        }
        Vec::new()
    }

    /// The pointer moved with the main button down on a row: from another cell on, the row is carried.
    pub(super) fn begin_to_carry(&mut self, mouse: Mouse) {
        let Hand::Pressed { entry, x, y } = &self.hand else { return };
        if (*x, *y) == (mouse.x, mouse.y) {
            return;
        }
        // The press put the cursor there, and it stays on its entry though rows come in; unless another place was opened.
        let load = match self.focused().current_location() {
            Some(there) if there == *entry => {
                Load::of(self.focused(), self.focus, mouse.x, mouse.y)
            }
            _ => None,
        };
        self.last_press = None;
        self.hand = load.map_or(Hand::Empty, Hand::Carries);
        self.carry_to(mouse.x, mouse.y);
    }

    /// Puts down whatever the mouse holds, where it was. Whether something was carried.
    pub(super) fn put_down(&mut self) -> bool {
        matches!(std::mem::take(&mut self.hand), Hand::Carries(_))
    }

    fn carry_to(&mut self, x: u16, y: u16) {
        let Hand::Carries(load) = std::mem::take(&mut self.hand) else { return };
        let load = Load { x, y, ..load };
        let landing = self.landing(&load);
        self.hand = Hand::Carries(Load { landing, ..load });
    }

    fn let_go(&mut self) -> Vec<Effect> {
        let Hand::Carries(load) = std::mem::take(&mut self.hand) else { return Vec::new() };
        let landing = match load.landing {
            Ok(landing) => landing,
            Err(why) => {
                self.say(why);
                return Vec::new();
            }
        };
        if load.are_marked {
            self.pane_mut(load.side).rows.mark_by(|_| false);
        }
        let to = Destination::Into(landing.into);
        self.add(JobRequest {
            work: if load.moves { Work::Move(to) } else { Work::Copy(to) },
            from: load.from.endpoint,
            sources: load.sources,
            options: JobOptions {
                recursive: true,
                on_conflict: self.on_conflict,
                ..JobOptions::default()
            },
        })
    }

    /// The other button went down on a row: it is marked, or unmarked if it was marked, and so is what comes after it.
    pub(super) fn begin_to_mark(&mut self, side: Side, line: usize) {
        let pane = self.pane_mut(side);
        pane.move_to(line);
        let marks = !matches!(pane.current(), Some(Item::Entry(row)) if row.marked);
        pane.rows.set_mark(line, marks);
        self.hand = Hand::Marks { side, marks };
    }

    /// The pointer moved with the other button down: the rows from the cursor to it are marked alike. Above and below the
    /// rows, the pane scrolls.
    pub(super) fn mark_on(&mut self, mouse: Mouse) {
        let Hand::Marks { side, marks } = self.hand else { return };
        let Some(area) = layout::parts(self).panes[side as usize] else { return };
        let area = layout::pane_parts(area).rows;
        let pane = self.pane_mut(side);
        let line = match mouse.y.checked_sub(area.y) {
            None => pane.top.saturating_sub(1),
            Some(row) => pane.top + usize::from(row.min(area.height)),
        };
        let line = line.min(pane.rows.len().saturating_sub(1));
        for between in line.min(pane.cursor)..=line.max(pane.cursor) {
            pane.rows.set_mark(between, marks);
        }
        pane.move_to(line);
    }
}
