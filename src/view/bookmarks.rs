//! The list of bookmarks.

use ratatui::{buffer::Buffer, style::Style};

use crate::{
    domain::display::escape_text,
    model::{
        Context, Model,
        bookmarks::{self, Bookmarks},
        layout::Area,
        text,
    },
};

use super::{
    look::Look,
    pen::{self, Line},
    status,
};

/// How wide it likes to be.
const WIDTH: u16 = 72;
/// Bookmarks seen at once, at most and where there are none.
const MOST: usize = 14;
const LEAST: usize = 3;

pub(crate) fn draw(model: &Model, list: &Bookmarks, look: &Look, buffer: &mut Buffer) {
    let (width, height) = (model.size.width, model.size.height);
    let marks = bookmarks::marks(&model.desk.book, model.pane(list.side()).endpoint());
    let boxed = width >= 40 && height >= 8;
    let edge = u16::from(boxed);
    let room = usize::from(height.saturating_sub(2 * edge + 1)).max(1);
    let shown = marks.len().clamp(LEAST, MOST).min(room);
    let wide = if boxed { WIDTH.min(width - 2) } else { width };
    let tall = (shown as u16 + 1 + 2 * edge).min(height);
    let area = Area::new((width - wide) / 2, (height - tall) * 2 / 5, wide, tall);
    pen::clear(buffer, area);
    let mut inner = area;
    if boxed {
        pen::frame(buffer, area, look.accent());
        let mut title = Line::new(buffer, area.row(0));
        title.skip(1).skip_right(1).put(" Bookmarks ", look.accent().patch(look.strong()));
        inner = area.inner();
        inner.x += 1;
        inner.width = inner.width.saturating_sub(2);
    }
    if marks.is_empty() {
        let words = "No bookmarks yet. \" in a pane sets one for the folder it shows.";
        for (row, words) in text::wrap(words, usize::from(inner.width)).iter().enumerate() {
            Line::new(buffer, inner.row(row as u16)).put(words, look.soft());
        }
    }
    let first = (list.cursor + 1).saturating_sub(shown);
    for (number, mark) in marks.iter().enumerate().skip(first).take(shown) {
        let place = inner.row((number - first) as u16);
        let mut line = Line::new(buffer, place);
        let whose = mark.site.map_or("", |site| site.name.as_str());
        if !whose.is_empty() {
            let style = mark.site.and_then(|site| site.colour).map(|colour| look.site(colour));
            let most = line.room() / 3;
            let whose = text::cut_middle(&escape_text(whose), most, most / 3);
            line.put(&whose, style.unwrap_or_default().patch(look.strong())).skip(2);
        }
        let room = line.room();
        line.put(&text::cut_path(&escape_text(mark.path), room), Style::new());
        if number == list.cursor {
            pen::tint(buffer, place, look.cursor());
        }
    }
    status::draw_keys(Context::Bookmarks, look, inner.row(inner.height.saturating_sub(1)), buffer);
}
