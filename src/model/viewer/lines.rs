//! A file's bytes as rows of a screen: where each begins, and what it shows.

use super::{
    super::text,
    pieces::{Missing, Pieces},
};
use crate::domain::display;

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

/// A part of a row, and whether it is what was searched for.
pub(crate) type Part = (String, bool);

/// Where the row that begins at `start` ends; `None` at the end of the file.
pub(crate) fn row_end(pieces: &Pieces, start: u64, shape: Shape) -> Result<Option<u64>, Missing> {
    if let Shape::Hex(width) = shape {
        let there = pieces.slice(start, width)?.len() as u64;
        return Ok((there > 0).then_some(start + there));
    }
    let mut bytes = pieces.slice(start, NEAR)?;
    let mut newline = memchr::memchr(b'\n', &bytes);
    let enough = |length: usize| matches!(shape, Shape::Wrapped(width) if length > width * 8);
    if newline.is_none() && bytes.len() == NEAR && !enough(bytes.len()) {
        bytes = pieces.slice(start, LONGEST_LINE)?;
        newline = memchr::memchr(b'\n', &bytes);
    }
    if bytes.is_empty() {
        return Ok(None);
    }
    let line = newline.unwrap_or(bytes.len());
    let taken = match shape {
        Shape::Wrapped(width) => fitting(&bytes[..line], width),
        _ => line,
    };
    let with_newline = if taken == line && newline.is_some() { line + 1 } else { taken.max(1) };
    Ok(Some(start + with_newline as u64))
}

/// Where the row before the one that begins at `start` begins; `None` at the beginning of the file.
pub(crate) fn row_before(
    pieces: &Pieces,
    start: u64,
    shape: Shape,
) -> Result<Option<u64>, Missing> {
    if start == 0 {
        return Ok(None);
    }
    if let Shape::Hex(width) = shape {
        return Ok(Some((start - 1) / width as u64 * width as u64));
    }
    let line = line_start(pieces, start - 1)?;
    let mut row = line;
    if matches!(shape, Shape::Wrapped(_)) {
        while let Some(next) = row_end(pieces, row, shape)?
            && next < start
        {
            row = next;
        }
    }
    Ok(Some(row))
}

/// Where the row begins that holds a byte.
pub(crate) fn row_of(pieces: &Pieces, at: u64, shape: Shape) -> Result<u64, Missing> {
    if let Shape::Hex(width) = shape {
        return Ok(at / width as u64 * width as u64);
    }
    let mut row = line_start(pieces, at)?;
    if matches!(shape, Shape::Wrapped(_)) {
        while let Some(next) = row_end(pieces, row, shape)?
            && next <= at
        {
            row = next;
        }
    }
    Ok(row)
}

/// Where the line begins that holds a byte, but not farther back than a line may be long.
fn line_start(pieces: &Pieces, at: u64) -> Result<u64, Missing> {
    for reach in [NEAR as u64, LONGEST_LINE as u64] {
        let from = at.saturating_sub(reach);
        let before = pieces.slice(from, (at - from) as usize)?;
        match memchr::memrchr(b'\n', &before) {
            Some(newline) => return Ok(from + newline as u64 + 1),
            None if from == 0 => return Ok(0),
            None => {}
        }
    }
    Ok(at.saturating_sub(LONGEST_LINE as u64))
}

/// A character, or a byte that is none: how many bytes it takes, and what is shown of it at a column.
fn glyph(bytes: &[u8], column: usize) -> (usize, String) {
    if bytes[0] == b'\t' {
        return (1, " ".repeat(TAB - column % TAB));
    }
    let length = match bytes[0] {
        0xc2..=0xdf => 2,
        0xe0..=0xef => 3,
        0xf0..=0xf4 => 4,
        _ => 1,
    };
    let whole = bytes.get(..length).filter(|bytes| std::str::from_utf8(bytes).is_ok());
    let taken = whole.unwrap_or(&bytes[..1]);
    (taken.len(), display::escape(taken))
}

/// How many bytes fit into a width, at least one character.
fn fitting(bytes: &[u8], width: usize) -> usize {
    let (mut taken, mut column) = (0, 0);
    while taken < bytes.len() {
        if taken + 1 == bytes.len() && bytes[taken] == b'\r' {
            return bytes.len();
        }
        let (length, shown) = glyph(&bytes[taken..], column);
        column += text::cells(&shown);
        if column > width && taken > 0 {
            break;
        }
        taken += length;
    }
    taken
}

/// What a row of text shows from a column on. `hit` is a range of its bytes.
pub(crate) fn text_row(bytes: &[u8], left: usize, width: usize, hit: (usize, usize)) -> Vec<Part> {
    let bytes = bytes.strip_suffix(b"\n").unwrap_or(bytes);
    let bytes = bytes.strip_suffix(b"\r").unwrap_or(bytes);
    let mut parts: Vec<Part> = Vec::new();
    let (mut taken, mut column) = (0, 0);
    while taken < bytes.len() && column < left + width {
        let (length, shown) = glyph(&bytes[taken..], column);
        let is_hit = taken >= hit.0 && taken < hit.1;
        for c in shown.chars() {
            let wide = text::char_cells(c);
            if column >= left && column + wide <= left + width {
                push(&mut parts, c, is_hit);
            }
            column += wide;
        }
        taken += length;
    }
    parts
}

/// What a row of bytes shows: where it begins, its bytes, and what of them is text.
pub(crate) fn hex_row(offset: u64, bytes: &[u8], row: usize, hit: (usize, usize)) -> Vec<Part> {
    let mut parts: Vec<Part> = vec![(format!("{offset:010x}  "), false)];
    let mut put = |text: &str, is_hit: bool| {
        text.chars().for_each(|c| push(&mut parts, c, is_hit));
    };
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

fn push(parts: &mut Vec<Part>, c: char, is_hit: bool) {
    match parts.last_mut() {
        Some((text, own)) if *own == is_hit => text.push(c),
        _ => parts.push((c.to_string(), is_hit)),
    }
}
