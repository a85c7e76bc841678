//! What the mouse does in the site manager and on the start card.

use super::{
    super::{
        Action, Effect, LastPress, Model, Mouse, MouseAct, Side, layout,
        sites::{self, SiteLine},
        start::{self, StartLine},
    },
    mouse::DOUBLE_CLICK,
};

impl Model {
    pub(super) fn mouse_in_desk(&mut self, mouse: Mouse) -> Vec<Effect> {
        match mouse.what {
            MouseAct::WheelUp => self.act(Action::Up),
            MouseAct::WheelDown => self.act(Action::Down),
            MouseAct::Press if self.desk.panel.is_some() => self.press_in_sites(mouse),
            MouseAct::Press => self.press_in_start(mouse),
            _ => Vec::new(),
        }
    }

    fn press_in_sites(&mut self, mouse: Mouse) -> Vec<Effect> {
        let (list, _) = sites::parts(layout::parts(self).body);
        let rows = layout::pane_parts(list).rows;
        let Some(panel) = &mut self.desk.panel else { return Vec::new() };
        if !rows.contains(mouse.x, mouse.y) {
            return Vec::new();
        }
        let line = panel.top + usize::from(mouse.y - rows.y);
        panel.searching = false;
        let pressed = sites::lines(&self.desk.book, panel.search.value()).get(line).copied();
        if !matches!(pressed, Some(SiteLine::Saved(_) | SiteLine::Host(_))) {
            return Vec::new();
        }
        panel.move_to(line, &self.desk.book);
        let Some(now) = self.now else { return Vec::new() };
        let last = self.last_press.take();
        let is_double = last
            .is_some_and(|last| last.line == line && now.duration_since(last.at) <= DOUBLE_CLICK);
        if is_double {
            return self.act(Action::OpenSite);
        }
        self.last_press = Some(LastPress { side: Side::Left, line, at: now });
        Vec::new()
    }

    fn press_in_start(&mut self, mouse: Mouse) -> Vec<Effect> {
        let body = layout::parts(self).body;
        let Some(card) = &self.desk.start else { return Vec::new() };
        let parts = start::parts(card, &self.desk.book, body);
        if !parts.inner.contains(mouse.x, mouse.y) {
            return Vec::new();
        }
        match parts.lines.get(usize::from(mouse.y - parts.inner.y)) {
            Some(StartLine::Row(number, _)) => {
                let number = *number;
                if let Some(card) = &mut self.desk.start {
                    card.cursor = number;
                }
                self.choose_in_start()
            }
            _ => Vec::new(),
        }
    }
}
