//! Texts over the panes: messages, and the keys.

use ratatui::{buffer::Buffer, style::Style};

use crate::{
    keymap::{self, HelpLine},
    model::{Model, Reader, ReaderKind, layout},
};

use super::{
    look::Look,
    pen::{self, Line},
};

pub(crate) fn draw(model: &Model, reader: &Reader, look: &Look, buffer: &mut Buffer) {
    let (area, inner) = layout::reader_parts(model, reader);
    let lines = layout::reader_lines(model, reader, inner.width);
    pen::clear(buffer, area);
    let (title, edge) = match &reader.kind {
        ReaderKind::Help => (" Keys ", look.accent()),
        ReaderKind::Details(_) => (" Step ", look.accent()),
        ReaderKind::Difference(_) => (" Difference: - on the server, + your copy ", look.accent()),
        ReaderKind::Messages(messages) if messages.len() > 1 => (" Messages ", look.bad()),
        ReaderKind::Messages(_) => (" Message ", look.bad()),
    };
    pen::frame(buffer, area, edge);
    let mut top = Line::new(buffer, area.row(0));
    top.skip(1).skip_right(1).put(title, edge.patch(look.strong()));
    let more = lines.saturating_sub(reader.top + usize::from(inner.height));
    let mut bottom = Line::new(buffer, area.row(area.height.saturating_sub(1)));
    bottom.skip(1).skip_right(1);
    if more > 0 {
        bottom.put_right(&format!(" {more} more ↓ "), look.soft());
    }
    bottom.put(" Esc closes ", look.soft());
    match reader.lines(usize::from(inner.width)) {
        Some(lines) => {
            for (row, line) in
                lines.iter().skip(reader.top).take(usize::from(inner.height)).enumerate()
            {
                let style = match (&reader.kind, line.as_bytes().first()) {
                    (ReaderKind::Difference(_), Some(b'+')) => look.good(),
                    (ReaderKind::Difference(_), Some(b'-')) => look.bad(),
                    (ReaderKind::Difference(_), Some(b'@')) => look.soft(),
                    _ => Style::new(),
                };
                Line::new(buffer, inner.row(row as u16)).put(line, style);
            }
        }
        None => {
            let help = keymap::help(&look.keys);
            for (row, line) in
                help.iter().skip(reader.top).take(usize::from(inner.height)).enumerate()
            {
                let mut place = Line::new(buffer, inner.row(row as u16));
                match line {
                    HelpLine::Blank => {}
                    HelpLine::Heading(heading) => {
                        place.put(heading, look.accent().patch(look.strong()));
                    }
                    HelpLine::Key { keys, words } => {
                        let column = (inner.width * 2 / 5).min(30);
                        place.column(column).skip(2).skip_right(1).put(keys, look.strong());
                        place.put(words, Style::new());
                    }
                }
            }
        }
    }
}
