//! What the mouse does: everything it does, keys do as well.

use std::time::Duration;

use super::super::{
    Action, Effect, Hand, LastPress, Layer, Model, Mouse, MouseAct, Side, connect_form, layout,
    layout::{DialogRow, Placed},
    site_forms, tabs,
};

/// Two presses within this time are a double click.
pub(super) const DOUBLE_CLICK: Duration = Duration::from_millis(400);
/// Rows a turn of the wheel scrolls.
const WHEEL_ROWS: isize = 3;

impl Model {
    pub(super) fn mouse(&mut self, mouse: Mouse) -> Vec<Effect> {
        if self.load().is_some() {
            return self.mouse_carrying(mouse);
        }
        match self.layers.last() {
            Some(Layer::Dialog(_)) => return self.mouse_in_dialog(mouse),
            Some(Layer::Reader(_) | Layer::Edits(_)) => {
                return match mouse.what {
                    MouseAct::WheelUp => self.act(Action::Up),
                    MouseAct::WheelDown => self.act(Action::Down),
                    _ => Vec::new(),
                };
            }
            Some(Layer::Palette(_) | Layer::Bookmarks(_)) => {
                return match mouse.what {
                    MouseAct::WheelUp => self.act(Action::Up),
                    MouseAct::WheelDown => self.act(Action::Down),
                    MouseAct::Press => self.act(Action::Close),
                    _ => Vec::new(),
                };
            }
            None => {}
        }
        if self.viewer.is_some() {
            return match mouse.what {
                MouseAct::WheelUp => self.act(Action::Up),
                MouseAct::WheelDown => self.act(Action::Down),
                _ => Vec::new(),
            };
        }
        if self.ledger.is_some() {
            return self.mouse_in_ledger(mouse);
        }
        if self.queue.is_some() {
            return self.mouse_in_queue(mouse);
        }
        if self.desk.panel.is_some() || self.desk.start.is_some() {
            return self.mouse_in_desk(mouse);
        }
        self.mouse_in_panes(mouse)
    }

    fn mouse_in_panes(&mut self, mouse: Mouse) -> Vec<Effect> {
        match mouse.what {
            MouseAct::WheelUp | MouseAct::WheelDown => self.wheel_in_panes(mouse),
            MouseAct::Drag => self.begin_to_carry(mouse),
            MouseAct::OtherDrag => self.mark_on(mouse),
            MouseAct::Release | MouseAct::OtherRelease => self.hand = Hand::Empty,
            MouseAct::MiddlePress => {
                if let Some((side, label)) = tabs::label_at(self, mouse.x, mouse.y) {
                    return self.close_labelled(side, label);
                }
            }
            MouseAct::Press | MouseAct::OtherPress => {
                self.hand = Hand::Empty;
                let label = tabs::label_at(self, mouse.x, mouse.y);
                if let Some((side, label)) = label.filter(|_| mouse.what == MouseAct::Press) {
                    return self.show_labelled(side, label);
                }
                let Some((side, area)) = layout::pane_at(self, mouse.x, mouse.y) else {
                    return Vec::new();
                };
                // A filter that is being typed stays; a search is where it got.
                self.finder = None;
                self.focus = side;
                let Some(line) = layout::line_at(self.pane(side), area, mouse.x, mouse.y) else {
                    return Vec::new();
                };
                if mouse.what == MouseAct::OtherPress {
                    self.begin_to_mark(side, line);
                    return Vec::new();
                }
                let effects = self.press_on_line(side, line);
                if let Some(entry) = self.pane(side).current_location() {
                    self.hand = Hand::Pressed { entry, x: mouse.x, y: mouse.y };
                }
                return effects;
            }
        }
        Vec::new()
    }

    pub(super) fn wheel_in_panes(&mut self, mouse: Mouse) {
        let Some((side, _)) = layout::pane_at(self, mouse.x, mouse.y) else { return };
        let rows = if mouse.what == MouseAct::WheelUp { -WHEEL_ROWS } else { WHEEL_ROWS };
        self.pane_mut(side).scroll_by(rows);
    }

    fn press_on_line(&mut self, side: Side, line: usize) -> Vec<Effect> {
        self.pane_mut(side).move_to(line);
        let Some(now) = self.now else { return Vec::new() };
        let last = self.last_press.take();
        let is_double = last.is_some_and(|last| {
            last.side == side && last.line == line && now.duration_since(last.at) <= DOUBLE_CLICK
        });
        if is_double {
            return self.enter();
        }
        self.last_press = Some(LastPress { side, line, at: now });
        Vec::new()
    }

    fn mouse_in_queue(&mut self, mouse: Mouse) -> Vec<Effect> {
        let rows = layout::pane_parts(layout::parts(self).body).rows;
        match mouse.what {
            MouseAct::WheelUp => return self.act(Action::Up),
            MouseAct::WheelDown => return self.act(Action::Down),
            MouseAct::Press if rows.contains(mouse.x, mouse.y) => {
                let row = usize::from(mouse.y - rows.y);
                let Some(queue) = &mut self.queue else { return Vec::new() };
                match &mut queue.steps {
                    Some(steps) => steps.move_to(steps.top + row, &self.transfers),
                    None => queue.move_to(queue.top + row, &self.transfers, &self.questions),
                }
            }
            _ => {}
        }
        Vec::new()
    }

    fn mouse_in_dialog(&mut self, mouse: Mouse) -> Vec<Effect> {
        if mouse.what != MouseAct::Press {
            return Vec::new();
        }
        let Some(Layer::Dialog(dialog)) = self.layers.last_mut() else { return Vec::new() };
        let parts = layout::dialog_parts(dialog, self.size.width, self.size.height);
        if !parts.inner.contains(mouse.x, mouse.y) {
            return Vec::new();
        }
        match parts.rows.get(usize::from(mouse.y - parts.inner.y)) {
            Some(DialogRow::Field(number)) => {
                if dialog.focus == *number && !dialog.takes_text() {
                    return self.act_in_dialog(Action::Toggle);
                }
                dialog.focus = *number;
            }
            Some(DialogRow::Text(line, _)) => {
                connect_form::take(dialog, *line);
            }
            Some(DialogRow::Options(field, options)) => {
                dialog.focus = *field;
                if let Some(option) = hit(options, mouse.x - parts.inner.x) {
                    dialog.choose(*field, option);
                    site_forms::agree(dialog);
                }
            }
            Some(DialogRow::Buttons(buttons)) => {
                let number = hit(buttons, mouse.x - parts.inner.x);
                let button = number.and_then(|number| dialog.buttons.get(number)).copied();
                if let Some(button) = button {
                    return self.press(button.press);
                }
            }
            _ => {}
        }
        Vec::new()
    }
}

/// The number of the thing that stands at a column of its row.
fn hit(row: &[Placed], x: u16) -> Option<usize> {
    row.iter()
        .find(|(_, start, width)| x >= *start && x - start < *width)
        .map(|(number, ..)| *number)
}
