//! The history: a line for each step that ended, the newest first.

use ratatui::{buffer::Buffer, style::Style};

use crate::{
    domain::{display::escape_text, entry::Timestamp, figures},
    engine::message::ledger::{Ending, Row},
    model::{
        layout::Area,
        ledger::{LedgerPanel, ending_words},
        text,
    },
};

use super::{
    format,
    look::Look,
    pen::{self, Line},
    queue,
};

/// Draws it. Where the terminal's cursor belongs, while something is looked for.
pub(crate) fn draw(
    panel: &LedgerPanel,
    look: &Look,
    body: Area,
    has_keys: bool,
    buffer: &mut Buffer,
) -> Option<(u16, u16)> {
    let count = text::counted(panel.rows.len() as u64, "step", "steps");
    let more = if panel.has_more() { ", and more" } else { "" };
    let parts = queue::panel("History", &format!(" {count}{more} "), look, body, buffer);
    let columns = Columns::for_width(parts.rows.width);
    let cursor = parts.header.and_then(|area| draw_header(panel, &columns, look, area, buffer));
    if panel.rows.is_empty() {
        let (words, style) = match &panel.trouble {
            Some(trouble) => (trouble.as_str(), look.bad()),
            None if panel.has_more() => ("Reading…", look.soft()),
            None if panel.search.is_empty() => ("Nothing was done yet.", look.soft()),
            None => ("Nothing fits. Esc empties the search.", look.soft()),
        };
        let width = usize::from(parts.rows.width.saturating_sub(4));
        for (row, words) in (0..).zip(text::wrap(words, width)) {
            Line::new(buffer, parts.rows.row(parts.rows.height / 3 + row))
                .skip(2)
                .put(&words, style);
        }
    }
    for row in 0..parts.rows.height {
        let number = panel.top + usize::from(row);
        let Some(one) = panel.rows.get(number) else { break };
        let place = parts.rows.row(row);
        draw_row(one, &columns, look, &mut Line::new(buffer, place));
        if number == panel.cursor && has_keys {
            pen::tint(buffer, place, look.cursor());
        }
    }
    cursor
}

struct Columns {
    when: u16,
    ending: u16,
    size: u16,
}

impl Columns {
    fn for_width(width: u16) -> Self {
        match width {
            0..40 => Self { when: 0, ending: 0, size: 0 },
            40..70 => Self { when: 0, ending: 10, size: 0 },
            _ => Self { when: 17, ending: 10, size: 6 },
        }
    }
}

fn draw_header(
    panel: &LedgerPanel,
    columns: &Columns,
    look: &Look,
    area: Area,
    buffer: &mut Buffer,
) -> Option<(u16, u16)> {
    let mut line = Line::new(buffer, area);
    line.skip(2);
    if !panel.searching && panel.search.is_empty() {
        line.column(columns.when).put("Ended", look.soft());
        line.column(columns.ending).put("Verdict", look.soft());
        line.column(columns.size).put_right("Size", look.soft());
        line.skip(2).put("From and to", look.soft());
        return None;
    }
    line.put("/", look.soft());
    let shown = escape_text(&panel.search);
    let kept = text::cells(&shown).min(line.room().saturating_sub(1));
    let shown = text::split_at_cells(&shown, kept).0.to_owned();
    line.put(&shown, look.strong());
    let x = area.x + 3 + text::cells(&shown) as u16;
    panel.searching.then_some((x, area.y))
}

fn draw_row(row: &Row, columns: &Columns, look: &Look, line: &mut Line<'_>) {
    let (sign, style) = match row.ending {
        Ending::Done => ("✓", look.good()),
        Ending::Failed => ("✗", look.bad()),
        Ending::Skipped | Ending::Cancelled => ("-", look.soft()),
    };
    line.column(2).put(sign, style);
    let ended = Timestamp::from_seconds(row.ended.as_second());
    line.column(columns.when).put(&format::time(Some(ended), &look.zone), look.soft());
    line.column(columns.ending).put(ending_words(row), style);
    let size = row.size.map_or_else(String::new, |size| figures::size_short(Some(size)));
    line.column(columns.size).put_right(&size, Style::new());
    line.skip(2);
    let places = match &row.to {
        Some(to) => format!("{} → {to}", row.from),
        None => row.from.to_string(),
    };
    let room = line.room();
    line.put(&text::cut_middle(&places, room, room / 2), Style::new());
}
