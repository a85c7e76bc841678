//! The list of open edits: which file, and how it stands.

use ratatui::{buffer::Buffer, style::Style};

use crate::model::{EditList, Model, layout::Area, text};

use super::{
    look::Look,
    pen::{self, Line},
};

/// Rows it takes at most, its frame among them.
const TALLEST: u16 = 16;

pub(crate) fn draw(model: &Model, list: &EditList, look: &Look, buffer: &mut Buffer) {
    let rows = model.edit_rows();
    let screen = Area::new(0, 0, model.size.width, model.size.height);
    // Two lines for each: a place and a reason are both long.
    let wanted = (rows.len() as u16).saturating_mul(2).saturating_add(2);
    let tall = wanted.min(TALLEST).min(screen.height);
    let y = screen.height.saturating_sub(tall) * 2 / 5;
    let margin = u16::from(screen.width >= 40);
    let area = Area::new(margin, y, screen.width.saturating_sub(2 * margin), tall);
    pen::clear(buffer, area);
    pen::frame(buffer, area, look.accent());
    let mut title = Line::new(buffer, area.row(0));
    title.skip(1).skip_right(1).put(" Open edits ", look.title());
    let inner = area.inner();
    let shown = usize::from(inner.height / 2).max(1);
    let current = list.line(&rows);
    let first = (current + 1).saturating_sub(shown);
    for (number, row) in rows.iter().enumerate().skip(first).take(shown) {
        let place = inner.row(((number - first) * 2) as u16);
        let mut line = Line::new(buffer, place);
        let (sign, style) = if row.waits { ("?", look.waiting()) } else { ("»", look.accent()) };
        line.put(&format!(" {sign} "), style);
        let room = line.room();
        line.put(&text::cut_path(&row.place, room), Style::new());
        if number == current {
            pen::tint(buffer, place, look.cursor());
        }
        let below = inner.row(((number - first) * 2 + 1) as u16);
        Line::new(buffer, below).skip(3).put(&row.state, look.soft());
    }
}
