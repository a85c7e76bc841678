//! Text as a screen measures it: cells, not characters.

use unicode_width::UnicodeWidthChar;

pub(crate) use crate::domain::figures::{counted, duration, grouped, size_short, size_words};

/// Cells a character takes.
pub(crate) fn char_cells(c: char) -> usize {
    c.width().unwrap_or(0)
}

/// Cells a text takes.
pub(crate) fn cells(text: &str) -> usize {
    text.chars().map(char_cells).sum()
}

/// Breaks text into lines of at most `width` cells, at spaces where there are any.
pub(crate) fn wrap(text: &str, width: usize) -> Vec<String> {
    let width = width.max(1);
    let mut lines = Vec::new();
    let (mut line, mut used) = (String::new(), 0);
    for word in text.split(' ') {
        let mut rest = word;
        let needed = cells(word);
        if used > 0 && used + 1 + needed > width {
            lines.push(std::mem::take(&mut line));
            used = 0;
        } else if !line.is_empty() {
            line.push(' ');
            used += 1;
        }
        while used + cells(rest) > width {
            let (head, tail) = split_at_cells(rest, width - used);
            // A character wider than the whole line is left out rather than looped over.
            let head_len = head.len();
            line.push_str(head);
            lines.push(std::mem::take(&mut line));
            used = 0;
            rest = if head_len == 0 { skip_char(tail) } else { tail };
        }
        line.push_str(rest);
        used += cells(rest);
    }
    lines.push(line);
    lines
}

fn skip_char(text: &str) -> &str {
    let mut characters = text.chars();
    characters.next();
    characters.as_str()
}

/// The longest beginning that fits into `width` cells, and the rest.
pub(crate) fn split_at_cells(text: &str, width: usize) -> (&str, &str) {
    let mut used = 0;
    for (at, c) in text.char_indices() {
        used += char_cells(c);
        if used > width {
            return text.split_at(at);
        }
    }
    (text, "")
}

/// Cut at the end with `…` where it does not fit.
pub(crate) fn cut_end(text: &str, width: usize) -> String {
    if cells(text) <= width {
        return text.to_owned();
    }
    if width == 0 {
        return String::new();
    }
    format!("{}…", split_at_cells(text, width - 1).0)
}

/// Cut in the middle with `…`; `tail` cells of the end are kept where there is room.
pub(crate) fn cut_middle(text: &str, width: usize, tail: usize) -> String {
    if cells(text) <= width {
        return text.to_owned();
    }
    if width < 3 {
        return cut_end(text, width);
    }
    let tail = tail.clamp(1, width.saturating_sub(2).max(1));
    let mut start = text.len();
    let mut used = 0;
    for (at, c) in text.char_indices().rev() {
        let wide = char_cells(c);
        if used + wide > tail {
            break;
        }
        used += wide;
        start = at;
    }
    // A mark without the letter it belongs to would sit on the sign of the cut.
    let is_mark = |c: &char| char_cells(*c) == 0;
    start += text[start..].chars().take_while(is_mark).map(char::len_utf8).sum::<usize>();
    let head = split_at_cells(&text[..start], width - 1 - used).0;
    format!("{head}…{}", &text[start..])
}

/// A name cut in the middle so that its extension can be read.
pub(crate) fn cut_name(name: &str, width: usize) -> String {
    let extension =
        super::sort::extension_start(name.as_bytes()).map_or(0, |dot| cells(&name[dot..]));
    let tail = (extension + 2).max(width / 3).min(width / 2);
    cut_middle(name, width, tail)
}

/// A path cut in the middle: its end says where one is.
pub(crate) fn cut_path(path: &str, width: usize) -> String {
    cut_middle(path, width, width * 2 / 3)
}

/// A reason as a sentence of its own. A scheme keeps its case.
pub(crate) fn sentence(reason: &str) -> String {
    if reason.split(' ').next().is_some_and(|word| word.contains("://")) {
        return format!("{reason}.");
    }
    let mut letters = reason.chars();
    match letters.next() {
        Some(first) => format!("{}{}.", first.to_uppercase(), letters.as_str()),
        None => String::new(),
    }
}

/// `1 entry`, `3 entries`.
pub(crate) fn entries(count: u64) -> String {
    counted(count, "entry", "entries")
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn names_keep_their_extension() {
        assert_eq!(cut_name("measurements-of-november.csv", 14), "measure…er.csv");
        assert_eq!(cut_name("測定測定測定測定測定測定.csv", 13), "測定測…定.csv");
        assert_eq!(cut_name("short.csv", 14), "short.csv");
        let marks = "e\u{301}".repeat(20);
        let cut = cut_name(&format!("{marks}.csv"), 13);
        assert_eq!(cut, format!("{}…{}.csv", "e\u{301}".repeat(6), "e\u{301}".repeat(2)));
        assert_eq!(cut_middle("abcdefe\u{301}", 4, 1), "ab…e\u{301}");
        assert_eq!(cut_middle("aaaae\u{301}文", 5, 2), "aa…文");
    }

    proptest! {
        #[test]
        fn what_is_cut_fits(text in "\\PC{0,60}", width in 0usize..40, tail in 0usize..40) {
            prop_assert!(cells(&cut_middle(&text, width, tail)) <= width);
            prop_assert!(cells(&cut_end(&text, width)) <= width);
            prop_assert!(cells(&cut_name(&text, width)) <= width);
            for line in wrap(&text, width) {
                prop_assert!(cells(&line) <= width.max(1));
            }
        }
    }
}
