//! The card of an empty start.

use ratatui::{buffer::Buffer, style::Style};

use crate::{
    domain::{book::RecentPlace, display, entry::Timestamp},
    model::{
        Model,
        layout::Area,
        start::{self, StartCard, StartLine, StartRow},
        text,
    },
};

use super::{
    format,
    look::Look,
    pen::{self, Line},
};

pub(crate) fn draw(
    model: &Model,
    card: &StartCard,
    look: &Look,
    body: Area,
    has_keys: bool,
    buffer: &mut Buffer,
) {
    let parts = start::parts(card, &model.desk.book, body);
    if parts.boxed {
        pen::frame(buffer, parts.area, look.accent());
        let mut title = Line::new(buffer, parts.area.row(0));
        title.skip(1).skip_right(1).put(" Wharf ", look.title());
    }
    for (row, line) in parts.lines.iter().enumerate() {
        let place = parts.inner.row(row as u16);
        match line {
            StartLine::Blank => {}
            StartLine::Words(words) => {
                Line::new(buffer, place).put(words, Style::new());
            }
            StartLine::Heading(heading) => {
                Line::new(buffer, place).put(heading, look.soft());
            }
            StartLine::Row(number, row) => {
                draw_row(model, row, look, place, buffer);
                if *number == card.cursor {
                    let style = if has_keys { look.cursor() } else { look.cursor_at_rest() };
                    pen::tint(buffer, place, style);
                }
            }
        }
    }
}

fn draw_row(model: &Model, row: &StartRow<'_>, look: &Look, place: Area, buffer: &mut Buffer) {
    let mut line = Line::new(buffer, place);
    line.skip(1).skip_right(1);
    let book = &model.desk.book;
    let (words, key) = match row {
        StartRow::Recent(recent) => {
            let at = format::time(Some(Timestamp::from_seconds(recent.at)), &look.zone);
            if line.room() > 44 {
                line.put_right(&at, look.soft());
                line.skip_right(2);
            }
            match &recent.what {
                RecentPlace::Saved(name) => {
                    let address = book.named(name).map(|saved| saved.site.to_string());
                    let room = line.room();
                    line.put(&text::cut_middle(name, room, room / 3), look.strong()).skip(2);
                    let room = line.room();
                    let address = address.unwrap_or_default();
                    line.put(&text::cut_middle(&address, room, room / 2), look.soft());
                }
                RecentPlace::Typed(typed) => {
                    let (typed, room) = (display::escape_text(typed), line.room());
                    line.put(&text::cut_middle(&typed, room, room / 2), Style::new());
                }
            }
            return;
        }
        StartRow::Open => ("Open a server or a folder".to_owned(), "o"),
        StartRow::Sites => {
            let many = text::grouped((book.sites.len() + book.hosts.len()) as u64);
            (format!("Saved sites and hosts of the ssh config ({many})"), "b")
        }
        StartRow::New => ("Save a new site".to_owned(), "n"),
        StartRow::Panes => ("Just the two panes".to_owned(), "Esc"),
    };
    line.put_right(key, look.strong());
    line.put(&words, Style::new());
}
