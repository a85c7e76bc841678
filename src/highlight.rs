//! Colours texts by their syntax: bounded work for a line, for a stretch, and in time.

use std::{
    path::Path,
    time::{Duration, Instant},
};

use syntect::parsing::{ParseState, Scope, ScopeStack, SyntaxReference, SyntaxSet};

use crate::domain::ink::{Ink, Inked, PaintOrder, Painted};

/// Longer lines stay plain: they are data, and cost more than they tell.
const LONGEST_LINE: usize = 1_000;
/// No more than this of a stretch is looked at.
const LONGEST_STRETCH: usize = 256 * 1024;
/// After so long the rest of a stretch stays plain.
const PATIENCE: Duration = Duration::from_millis(400);

/// Which scopes have which ink, those of longer names first.
const INKS: &[(&str, Ink)] = &[
    ("comment", Ink::Comment),
    ("constant.character.escape", Ink::Number),
    ("string.unquoted", Ink::Plain),
    ("string", Ink::Text),
    ("constant", Ink::Number),
    ("keyword.operator", Ink::Plain),
    ("keyword", Ink::Keyword),
    ("storage.type", Ink::Type),
    ("storage", Ink::Keyword),
    ("entity.name.function", Ink::Function),
    ("entity.name.section", Ink::Heading),
    ("markup.heading", Ink::Heading),
    ("markup.raw", Ink::Text),
    ("markup.bold", Ink::Keyword),
    ("markup.underline.link", Ink::Type),
    ("markup.inserted", Ink::Text),
    ("markup.deleted", Ink::Keyword),
    ("entity.name.tag", Ink::Type),
    ("entity.name", Ink::Type),
    ("entity.other.attribute-name", Ink::Function),
    ("entity.other", Ink::Type),
    ("support.function", Ink::Function),
    ("support", Ink::Type),
    ("variable.function", Ink::Function),
    ("variable.language", Ink::Keyword),
];

/// The syntaxes that are known.
pub struct Highlighter {
    syntaxes: SyntaxSet,
    inks: Vec<(Scope, Ink)>,
}

impl Default for Highlighter {
    fn default() -> Self {
        let scope = |(name, ink): &(&str, Ink)| Some((Scope::new(name).ok()?, *ink));
        Self {
            syntaxes: two_face::syntax::extra_newlines(),
            inks: INKS.iter().filter_map(scope).collect(),
        }
    }
}

impl Highlighter {
    /// Colours a stretch.
    pub fn paint(&self, order: &PaintOrder) -> Painted {
        let bytes = &order.bytes[..order.bytes.len().min(LONGEST_STRETCH)];
        let stretch = (order.start, order.start + order.bytes.len() as u64);
        let inked = self.syntax(order).map(|syntax| self.paint_lines(syntax, order.start, bytes));
        Painted { stretch, inked }
    }

    fn syntax(&self, order: &PaintOrder) -> Option<&SyntaxReference> {
        let name = String::from_utf8_lossy(&order.name);
        let extension = Path::new(&*name).extension().and_then(|extension| extension.to_str());
        let by_name = || self.syntaxes.find_syntax_by_extension(&name);
        let by_extension = || self.syntaxes.find_syntax_by_extension(extension?);
        let by_line = || {
            let line = order.beginning.split(|&byte| byte == b'\n').next()?;
            let line = std::str::from_utf8(line.get(..line.len().min(LONGEST_LINE))?).ok()?;
            self.syntaxes.find_syntax_by_first_line(line)
        };
        let found = by_name().or_else(by_extension).or_else(by_line)?;
        (found.name != "Plain Text").then_some(found)
    }

    fn paint_lines(&self, syntax: &SyntaxReference, start: u64, bytes: &[u8]) -> Vec<Inked> {
        let (mut state, mut stack) = (ParseState::new(syntax), ScopeStack::new());
        let mut inked = Vec::new();
        let (began, mut at) = (Instant::now(), start);
        for line in bytes.split_inclusive(|&byte| byte == b'\n') {
            if began.elapsed() > PATIENCE {
                break;
            }
            if line.len() <= LONGEST_LINE {
                let text = as_text(line);
                // A syntax that trips over a line colours nothing of it, and goes on.
                let Ok(changes) = state.parse_line(&text, &self.syntaxes) else { break };
                let mut from = 0;
                for (to, change) in changes {
                    push(&mut inked, at, (from, to), self.ink(&stack));
                    from = to;
                    if stack.apply(&change).is_err() {
                        return inked;
                    }
                }
                push(&mut inked, at, (from, line.len()), self.ink(&stack));
            }
            at += line.len() as u64;
        }
        inked
    }

    /// The innermost scope that has an ink decides.
    fn ink(&self, stack: &ScopeStack) -> Ink {
        let of = |scope: &Scope| self.inks.iter().find(|(known, _)| known.is_prefix_of(*scope));
        stack.as_slice().iter().rev().find_map(of).map_or(Ink::Plain, |(_, ink)| *ink)
    }
}

fn push(inked: &mut Vec<Inked>, line: u64, (from, to): (usize, usize), ink: Ink) {
    if from >= to || ink == Ink::Plain {
        return;
    }
    let (start, end) = (line + from as u64, line + to as u64);
    match inked.last_mut() {
        Some(last) if last.end == start && last.ink == ink => last.end = end,
        _ => inked.push(Inked { start, end, ink }),
    }
}

/// A line as text of the same length, byte for byte: what is not UTF-8 is in some encoding that leaves ASCII alone.
fn as_text(line: &[u8]) -> String {
    match std::str::from_utf8(line) {
        Ok(text) => text.to_owned(),
        Err(_) => {
            line.iter().map(|byte| if byte.is_ascii() { char::from(*byte) } else { '_' }).collect()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn painted(name: &str, text: &[u8]) -> Vec<(String, Ink)> {
        let order = PaintOrder {
            name: name.into(),
            beginning: text.to_vec(),
            start: 100,
            bytes: text.to_vec(),
        };
        let inked = Highlighter::default().paint(&order).inked.unwrap_or_default();
        let words = |piece: &Inked| {
            let (start, end) = (piece.start as usize - 100, piece.end as usize - 100);
            (String::from_utf8_lossy(&text[start..end]).into_owned(), piece.ink)
        };
        inked.iter().map(words).collect()
    }

    fn has(painted: &[(String, Ink)], text: &str, ink: Ink) {
        assert!(
            painted.iter().any(|(own, kind)| own.trim() == text && *kind == ink),
            "{painted:?}"
        );
    }

    #[test]
    fn words_are_told_apart_by_what_they_are() {
        let rust = painted("main.rs", b"// why\nfn main() { let a = \"x\"; 42 }\n");
        has(&rust, "// why", Ink::Comment);
        has(&rust, "main", Ink::Function);
        has(&rust, "\"x\"", Ink::Text);
        has(&rust, "42", Ink::Number);
        has(&painted("a.toml", b"[room]\nkey = 7\n"), "7", Ink::Number);
        has(&painted("deploy", b"#!/bin/sh\nx='text'\n"), "'text'", Ink::Text);
        has(&painted("Dockerfile", b"# note\nFROM x\n"), "# note", Ink::Comment);
    }

    #[test]
    fn other_encodings_keep_their_places() {
        let latin = painted("main.rs", b"// gr\xfc\xdfe\nlet a = 42;\n");
        has(&latin, "42", Ink::Number);
    }

    #[test]
    fn texts_of_no_known_kind_are_left_plain() {
        let order = PaintOrder {
            name: b"notes".to_vec(),
            beginning: Vec::new(),
            start: 0,
            bytes: b"words\n".to_vec(),
        };
        let painted = Highlighter::default().paint(&order);
        assert_eq!(painted, Painted { stretch: (0, 6), inked: None });
    }

    #[test]
    fn long_lines_stay_plain_and_cost_nothing() {
        let mut text = b"let a = 1;\n".to_vec();
        text.extend(b"let a = 42; ".repeat(20_000));
        text.extend(b"\nlet b = 2;\n");
        let began = Instant::now();
        let painted = painted("a.rs", &text);
        assert!(painted.iter().all(|(text, _)| text != "42"));
        has(&painted, "1", Ink::Number);
        assert!(began.elapsed() < PATIENCE * 10, "{:?}", began.elapsed());
    }
}
