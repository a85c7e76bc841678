//! Where in a text that a person wrote something stands, and what a parser says of it.

use crate::domain::display::escape_text;

/// The line of a byte, the first is 1.
pub(super) fn line_at(text: &str, at: usize) -> usize {
    1 + text.bytes().take(at).filter(|byte| *byte == b'\n').count()
}

/// The parser's words without its drawing.
pub(super) fn first_line(words: &str) -> String {
    escape_text(words.lines().next().unwrap_or_default())
}
