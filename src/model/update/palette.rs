//! What keys do in the command line.

use super::super::{Action, Effect, Layer, Model, editing, palette::Palette, text};

impl Model {
    pub(super) fn open_palette(&mut self) {
        let palette = Palette::new(self.context());
        self.layers.push(Layer::Palette(palette));
    }

    pub(super) fn act_in_palette(&mut self, action: Action) -> Vec<Effect> {
        let Some(Layer::Palette(palette)) = self.layers.last_mut() else { return Vec::new() };
        match action {
            Action::DeleteBack if palette.typed.value().is_empty() => {
                self.layers.pop();
                return Vec::new();
            }
            Action::Up => palette.cursor = palette.cursor.saturating_sub(1),
            Action::Down => palette.cursor += 1,
            Action::Next => {
                if let Some(command) = palette.fitting(&self.commands).get(palette.cursor) {
                    palette.typed = command.name.clone().into();
                    palette.cursor = 0;
                }
            }
            Action::Accept => return self.run_command(),
            Action::Close | Action::Interrupt => {
                self.layers.pop();
                return Vec::new();
            }
            action => {
                if editing::edit(&mut palette.typed, action) {
                    palette.cursor = 0;
                }
            }
        }
        if let Some(Layer::Palette(palette)) = self.layers.last_mut() {
            let last = palette.fitting(&self.commands).len().saturating_sub(1);
            palette.cursor = palette.cursor.min(last);
        }
        Vec::new()
    }

    fn run_command(&mut self) -> Vec<Effect> {
        let Some(Layer::Palette(palette)) =
            self.layers.pop_if(|top| matches!(top, Layer::Palette(_)))
        else {
            return Vec::new();
        };
        if let Some(typed) = palette.place() {
            return match self.place_from_here(typed) {
                Ok(place) => {
                    (self.desk.panel, self.desk.start, self.queue) = (None, None, None);
                    let typed = Some(typed.to_owned());
                    let effects = self.go(self.focus, place, None);
                    self.pane_mut(self.focus).typed = typed;
                    effects
                }
                Err(why) => {
                    self.say(why);
                    Vec::new()
                }
            };
        }
        match palette.fitting(&self.commands).get(palette.cursor) {
            Some(command) => {
                let action = command.action;
                self.act(action)
            }
            None => {
                let typed = crate::domain::display::escape_text(palette.typed.value());
                self.say(format!("Nothing is called “{typed}”. ? shows what there is."));
                Vec::new()
            }
        }
    }

    /// A place typed: relative text is seen from the place the pane shows.
    fn place_from_here(&self, typed: &str) -> Result<crate::domain::place::Location, String> {
        let here = &self.focused().location;
        let book = &self.desk.book;
        let is_named = book.named(typed).is_some()
            || typed.split_once(':').is_some_and(|(name, _)| book.named(name).is_some());
        let read = if is_named {
            book.place(typed.as_bytes(), &self.here, true)
        } else {
            super::super::place_text::read(typed, here)
        };
        read.map_err(|bad| text::sentence(&bad.to_string()))
    }
}
