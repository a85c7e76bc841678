//! What an empty start shows: what this is, what was opened lately, where to go.

use crate::domain::book::{Book, Recent, RecentPlace};

use super::{layout::Area, text};

/// The start's own state.
#[derive(Debug, Default)]
pub(crate) struct StartCard {
    /// The row under the cursor.
    pub(crate) cursor: usize,
}

/// So many recent places are offered.
const MOST: usize = 8;
/// How wide the card likes to be.
const WIDTH: u16 = 70;

/// A row that can be chosen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum StartRow<'a> {
    Recent(&'a Recent),
    /// Type a place.
    Open,
    /// All saved sites.
    Sites,
    /// Save a site.
    New,
    /// The two panes.
    Panes,
}

/// A line of the card.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum StartLine<'a> {
    Blank,
    Words(String),
    Heading(&'static str),
    /// A row with its number.
    Row(usize, StartRow<'a>),
}

/// Where the card stands, and its lines that are seen.
#[derive(Debug)]
pub(crate) struct StartParts<'a> {
    pub(crate) area: Area,
    pub(crate) inner: Area,
    pub(crate) boxed: bool,
    pub(crate) lines: Vec<StartLine<'a>>,
}

const WORDS: &str = "Two panes: your files on the left, a server on the right. Space marks, F5 (or c) copies to the \
                     other pane; what arrives is checked, and signed for in the record.";

/// The rows, recent places first.
pub(crate) fn rows(book: &Book) -> Vec<StartRow<'_>> {
    let is_there = |recent: &&Recent| match &recent.what {
        RecentPlace::Saved(name) => book.named(name).is_some(),
        RecentPlace::Typed(_) => true,
    };
    let recent = book.recent.iter().filter(is_there).take(MOST);
    let mut rows: Vec<StartRow<'_>> = recent.map(StartRow::Recent).collect();
    rows.extend([StartRow::Open, StartRow::Sites, StartRow::New, StartRow::Panes]);
    rows
}

/// The card in the middle of an area; where there is no room for all of it, its rows alone.
pub(crate) fn parts<'a>(card: &StartCard, book: &'a Book, body: Area) -> StartParts<'a> {
    let boxed = body.width >= 40 && body.height >= 8;
    let edge = if boxed { 3 } else { 0 };
    let width = if boxed { WIDTH.min(body.width) } else { body.width };
    let inner_width = width.saturating_sub(2 * edge);
    let rows: Vec<StartLine<'_>> = rows(book)
        .into_iter()
        .enumerate()
        .map(|(number, row)| StartLine::Row(number, row))
        .collect();
    let room = usize::from(body.height).saturating_sub(if boxed { 4 } else { 0 }).max(1);
    let mut lines = whole(&rows, usize::from(inner_width));
    if lines.len() > room {
        let first = (card.cursor + 1).saturating_sub(room);
        lines = rows.into_iter().skip(first).take(room).collect();
    }
    let height = lines.len() as u16 + if boxed { 4 } else { 0 };
    let area = body.centered(width, height);
    let inner = Area {
        x: area.x + edge,
        y: area.y + if boxed { 2 } else { 0 },
        width: inner_width,
        height: lines.len() as u16,
    };
    StartParts { area, inner, boxed, lines }
}

fn whole<'a>(rows: &[StartLine<'a>], width: usize) -> Vec<StartLine<'a>> {
    let mut lines: Vec<StartLine<'_>> =
        text::wrap(WORDS, width).into_iter().map(StartLine::Words).collect();
    lines.push(StartLine::Blank);
    let is_recent = |line: &&StartLine<'_>| matches!(line, StartLine::Row(_, StartRow::Recent(_)));
    let recent = rows.iter().filter(is_recent).count();
    if recent > 0 {
        lines.push(StartLine::Heading("Opened lately"));
        lines.extend_from_slice(&rows[..recent]);
        lines.push(StartLine::Blank);
    }
    lines.extend_from_slice(&rows[recent..]);
    lines
}
