//! The command line: what is typed, and below it what fits.

use ratatui::{buffer::Buffer, style::Style};

use crate::model::{Model, layout::Area, palette::Palette};

use super::{
    look::Look,
    pen::{self, Line},
};

/// Commands seen at once.
const MOST: usize = 12;
/// How wide it likes to be.
const WIDTH: u16 = 72;

/// Draws it. Where the terminal's cursor belongs.
pub(crate) fn draw(
    model: &Model,
    palette: &Palette,
    look: &Look,
    buffer: &mut Buffer,
) -> Option<(u16, u16)> {
    let (width, height) = (model.size.width, model.size.height);
    let fitting = palette.fitting(&model.commands);
    let boxed = width >= 40 && height >= 8;
    let edge = u16::from(boxed);
    let room = usize::from(height.saturating_sub(2 * edge + 1));
    // The box keeps its height while one types, so that nothing jumps.
    let shown = MOST.min(room);
    let wide = if boxed { WIDTH.min(width - 2) } else { width };
    let tall = shown as u16 + 1 + 2 * edge;
    let area = Area::new((width - wide) / 2, (height.saturating_sub(tall)) * 2 / 5, wide, tall);
    pen::clear(buffer, area);
    let mut inner = area;
    if boxed {
        pen::frame(buffer, area, look.accent());
        let mut title = Line::new(buffer, area.row(0));
        title.skip(1).skip_right(1).put(" Command ", look.accent().patch(look.strong()));
        inner = area.inner();
        inner.x += 1;
        inner.width = inner.width.saturating_sub(2);
    }
    let mut line = Line::new(buffer, inner.row(0));
    line.put(":", look.strong());
    let cursor = (line.put_typed(&palette.typed, Style::new()), inner.y);
    if fitting.is_empty() {
        let words = match palette.typed.value().trim_start().starts_with(['o', 'c']) {
            true => "Enter opens the place behind “open ” or “cd ”.",
            false => "Nothing is called that.",
        };
        Line::new(buffer, inner.row(1)).put(words, look.soft());
        return Some(cursor);
    }
    let first = (palette.cursor + 1).saturating_sub(shown);
    for (row, command) in fitting.iter().enumerate().skip(first).take(shown) {
        let place = inner.row((row - first) as u16 + 1);
        let mut line = Line::new(buffer, place);
        line.column(inner.width / 3).put(&command.name, look.strong());
        let keys = command.keys.join("  ");
        if line.room() > 30 {
            line.put_right(&keys, look.soft());
            line.skip_right(1);
        }
        line.put(command.words, Style::new());
        if row == palette.cursor {
            pen::tint(buffer, place, look.cursor());
        }
    }
    Some(cursor)
}
