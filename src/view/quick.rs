//! The quick view: a frame in the other pane's place, and the first rows of the file under the cursor in it.

use ratatui::buffer::Buffer;

use crate::model::{Quick, layout, layout::Area, text};

use super::{
    look::Look,
    pen::{self, Line},
    viewer,
};

pub(crate) fn draw(quick: &Quick, look: &Look, area: Area, buffer: &mut Buffer) {
    let parts = layout::pane_parts(area);
    if parts.boxed {
        pen::frame(buffer, area, look.soft());
    }
    let body = parts.body();
    let mut title = Line::new(buffer, area.row(0));
    if parts.boxed {
        title.skip(1).skip_right(1);
    }
    let Some(viewer) = &quick.viewer else {
        title.put(" Quick view ", look.soft());
        let words = if quick.words.is_empty() { "…" } else { quick.words };
        Line::new(buffer, body.row(body.height / 3)).skip(1).put(words, look.soft());
        return;
    };
    let name = text::cut_path(&viewer.name(), title.room().saturating_sub(2));
    title.put(&format!(" {name} "), look.soft());
    viewer::draw_body(viewer, look, body, buffer);
}
