//! A file's bytes as rows of a screen: where each begins, and what it shows.

use super::{
    super::text,
    coding::Coding,
    pieces::{Missing, Pieces},
};
use crate::domain::ink::Ink;

/// A line longer than this is broken: a file may be one line without an end.
pub(crate) const LONGEST_LINE: usize = 32 * 1024;
/// Where the beginning of a line is looked for first.
const NEAR: usize = 2 * 1024;
const TAB: usize = 8;

/// How rows are made of bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shape {
    /// Lines of text, wrapped at a width.
    Wrapped(usize),
    /// Lines of text, cut.
    Cut,
    /// So many bytes each.
    Hex(usize),
}

/// How rows are made of bytes, and characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Form {
    pub(crate) shape: Shape,
    pub(crate) coding: Coding,
}

/// A part of a row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Part {
    pub(crate) text: String,
    /// It is what was searched for.
    pub(crate) is_hit: bool,
    pub(crate) ink: Ink,
}

/// Where the row that begins at `start` ends; `None` at the end of the file.
pub(crate) fn row_end(pieces: &Pieces, start: u64, form: Form) -> Result<Option<u64>, Missing> {
    let Form { shape, coding } = form;
    if let Shape::Hex(width) = shape {
        let there = pieces.slice(start, width)?.len() as u64;
        return Ok((there > 0).then_some(start + there));
    }
    let mut bytes = pieces.slice(start, NEAR)?;
    let mut newline = coding.newline(&bytes);
    let enough = |length: usize| matches!(shape, Shape::Wrapped(width) if length > width * 8);
    if newline.is_none() && bytes.len() == NEAR && !enough(bytes.len()) {
        bytes = pieces.slice(start, LONGEST_LINE)?;
        newline = coding.newline(&bytes);
    }
    if bytes.is_empty() {
        return Ok(None);
    }
    let line = newline.unwrap_or(bytes.len());
    let taken = match shape {
        Shape::Wrapped(width) => fitting(&bytes[..line], width, coding),
        _ => line,
    };
    let with_newline =
        if taken == line && newline.is_some() { line + coding.unit() } else { taken.max(1) };
    Ok(Some(start + with_newline as u64))
}

/// Where the row before the one that begins at `start` begins; `None` at the beginning of the file.
pub(crate) fn row_before(pieces: &Pieces, start: u64, form: Form) -> Result<Option<u64>, Missing> {
    if start == 0 {
        return Ok(None);
    }
    if let Shape::Hex(width) = form.shape {
        return Ok(Some((start - 1) / width as u64 * width as u64));
    }
    let line = line_start(pieces, start - 1, form.coding)?;
    let mut row = line;
    if matches!(form.shape, Shape::Wrapped(_)) {
        while let Some(next) = row_end(pieces, row, form)?
            && next < start
        {
            row = next;
        }
    }
    Ok(Some(row))
}

/// Where the row begins that holds a byte.
pub(crate) fn row_of(pieces: &Pieces, at: u64, form: Form) -> Result<u64, Missing> {
    if let Shape::Hex(width) = form.shape {
        return Ok(at / width as u64 * width as u64);
    }
    let mut row = line_start(pieces, at, form.coding)?;
    if matches!(form.shape, Shape::Wrapped(_)) {
        while let Some(next) = row_end(pieces, row, form)?
            && next <= at
        {
            row = next;
        }
    }
    Ok(row)
}

/// Where the line begins that holds a byte, but not farther back than a line may be long.
pub(crate) fn line_start(pieces: &Pieces, at: u64, coding: Coding) -> Result<u64, Missing> {
    // Wide characters begin at even places.
    let at = at - at % coding.unit() as u64;
    for reach in [NEAR as u64, LONGEST_LINE as u64] {
        let from = at.saturating_sub(reach);
        let before = pieces.slice(from, (at - from) as usize)?;
        match coding.after_last_newline(&before) {
            Some(after) => return Ok(from + after as u64),
            None if from == 0 => return Ok(0),
            None => {}
        }
    }
    Ok(at.saturating_sub(LONGEST_LINE as u64))
}

/// A character, or a byte that is none: how many bytes it takes, and what is shown of it at a column.
fn glyph(bytes: &[u8], column: usize, coding: Coding) -> (usize, String) {
    let (taken, shown) = coding.glyph(bytes);
    if coding.is_tab(&bytes[..taken]) {
        return (taken, " ".repeat(TAB - column % TAB));
    }
    (taken, shown)
}

/// How many bytes fit into a width, at least one character.
fn fitting(bytes: &[u8], width: usize, coding: Coding) -> usize {
    let (mut taken, mut column) = (0, 0);
    while taken < bytes.len() {
        if coding.is_return(&bytes[taken..]) {
            return bytes.len();
        }
        let (length, shown) = glyph(&bytes[taken..], column, coding);
        column += text::cells(&shown);
        if column > width && taken > 0 {
            break;
        }
        taken += length;
    }
    taken
}

/// What a row of text is to show.
pub(crate) struct TextRow<'a> {
    pub(crate) bytes: &'a [u8],
    /// So many bytes at its beginning are no text.
    pub(crate) skip: usize,
    /// Cells scrolled to the right.
    pub(crate) left: usize,
    pub(crate) width: usize,
    /// Bytes that were searched for.
    pub(crate) hit: (usize, usize),
    pub(crate) coding: Coding,
}

/// What a row of text shows. `ink` is asked for each byte at which a character begins, in their order.
pub(crate) fn text_row(row: &TextRow<'_>, mut ink: impl FnMut(usize) -> Ink) -> Vec<Part> {
    let TextRow { left, width, hit, coding, .. } = *row;
    let bytes = coding.without_end(row.bytes);
    let mut parts: Vec<Part> = Vec::new();
    let (mut taken, mut column) = (row.skip.min(bytes.len()), 0);
    while taken < bytes.len() && column < left + width {
        let (length, shown) = glyph(&bytes[taken..], column, coding);
        let is_hit = taken >= hit.0 && taken < hit.1;
        let ink = ink(taken);
        for c in shown.chars() {
            let wide = text::char_cells(c);
            if column >= left && column + wide <= left + width {
                push(&mut parts, c, is_hit, ink);
            }
            column += wide;
        }
        taken += length;
    }
    parts
}

/// What a row of bytes shows: where it begins, its bytes, and what of them is text.
pub(crate) fn hex_row(offset: u64, bytes: &[u8], row: usize, hit: (usize, usize)) -> Vec<Part> {
    let mut parts = Vec::new();
    let mut put = |text: &str, is_hit: bool| {
        text.chars().for_each(|c| push(&mut parts, c, is_hit, Ink::Plain));
    };
    put(&format!("{offset:010x}  "), false);
    let is_hit = |at: usize| at >= hit.0 && at < hit.1 && at < bytes.len();
    for at in 0..row {
        match bytes.get(at) {
            Some(byte) => put(&format!("{byte:02x}"), is_hit(at)),
            None => put("  ", false),
        }
        put(if at % 8 == 7 || at + 1 == row { "  " } else { " " }, false);
    }
    for (at, byte) in bytes.iter().enumerate() {
        let is_text = byte.is_ascii_graphic() || *byte == b' ';
        let shown = if is_text { char::from(*byte) } else { '·' };
        put(&shown.to_string(), is_hit(at));
    }
    parts
}

/// Cells a row of bytes takes.
pub(crate) fn hex_cells(row: usize) -> usize {
    12 + row * 4 + row.div_ceil(8)
}

fn push(parts: &mut Vec<Part>, c: char, is_hit: bool, ink: Ink) {
    match parts.last_mut() {
        Some(last) if last.is_hit == is_hit && last.ink == ink => last.text.push(c),
        _ => parts.push(Part { text: c.to_string(), is_hit, ink }),
    }
}
