//! What is carried with the mouse: a label at the pointer that says what letting go would do.

use ratatui::buffer::Buffer;

use crate::model::{Load, layout::Area, text};

use super::{look::Look, pane, pen, pen::Line};

/// How much of the place is shown.
const PLACE: usize = 40;

pub(crate) fn draw(load: &Load, look: &Look, screen: Area, buffer: &mut Buffer) {
    let (words, style) = match &load.landing {
        Ok(landing) => {
            let verb = if load.moves { "move" } else { "copy" };
            let name = text::cut_name(&load.words, PLACE);
            let place = pane::title(&landing.into, PLACE);
            (format!(" {verb} {name} → {place} "), look.carried(load.moves))
        }
        Err(why) => (format!(" ✗ {} ", why.trim_end_matches('.')), look.refused()),
    };
    let width = (text::cells(&words) as u16).min(screen.width);
    // Beside the pointer, so that the row under it can be seen.
    let x = load.x.saturating_add(2).min(screen.width - width);
    let y = match load.y.saturating_add(1) {
        below if below < screen.height => below,
        _ => load.y.saturating_sub(1),
    };
    let label = Area::new(x, y, width, 1);
    pen::clear(buffer, label);
    Line::new(buffer, label).put(&words, style);
}
