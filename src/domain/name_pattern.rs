//! New names by a pattern: what the stars of the old one stand for is put where those of the new one are.

use super::path::Name;

/// From `*.jpeg` to `pier-##-*.jpg`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NamePattern {
    old: Vec<Old>,
    new: Vec<New>,
}

/// A piece of what names are to be like.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Old {
    Letter(char),
    /// `?`: one letter.
    One,
    /// `*`: as many as there are, none too.
    Many,
}

/// A piece of what they become.
#[derive(Debug, Clone, PartialEq, Eq)]
enum New {
    Letter(char),
    /// What the next `?` or `*` stood for.
    Found,
    /// `##`: the number of the name, in so many digits at least.
    Number(usize),
}

impl NamePattern {
    /// Reads both sides; `\` before a letter takes it as it is.
    ///
    /// # Errors
    /// A sentence, where the sides do not fit each other.
    pub fn read(old: &str, new: &str) -> Result<Self, String> {
        let old = letters(old)
            .map(|(letter, is_plain)| match letter {
                '*' if !is_plain => Old::Many,
                '?' if !is_plain => Old::One,
                letter => Old::Letter(letter),
            })
            .collect::<Vec<_>>();
        let mut pieces: Vec<New> = Vec::new();
        for (letter, is_plain) in letters(new) {
            match (letter, pieces.last_mut()) {
                ('*' | '?', _) if !is_plain => pieces.push(New::Found),
                ('#', Some(New::Number(digits))) if !is_plain => *digits += 1,
                ('#', _) if !is_plain => pieces.push(New::Number(1)),
                _ => pieces.push(New::Letter(letter)),
            }
        }
        let found = pieces.iter().filter(|piece| **piece == New::Found).count();
        let stands = old.iter().filter(|piece| !matches!(piece, Old::Letter(_))).count();
        if found > stands {
            return Err(format!(
                "The new name has {found} of * and ?, the old one {stands}: each stands for one there."
            ));
        }
        Ok(Self { old, new: pieces })
    }

    /// What a name becomes, as bytes that may not make a name yet; `None` where it is not like that. `number` is for `#`.
    pub fn renamed(&self, name: &Name, number: usize) -> Option<Vec<u8>> {
        let letters = pieces(name.as_bytes());
        let found = self.found(&letters)?;
        let mut found = found.into_iter();
        let mut renamed = Vec::new();
        for piece in &self.new {
            match piece {
                New::Letter(letter) => {
                    renamed.extend_from_slice(letter.encode_utf8(&mut [0; 4]).as_bytes());
                }
                New::Found => renamed.extend(found.next()?.iter().flat_map(|letter| *letter)),
                New::Number(digits) => renamed.extend(format!("{number:0digits$}").as_bytes()),
            }
        }
        Some(renamed)
    }

    /// What each `?` and `*` stands for. Of several ways the first star takes as much as it can, so that the last dot
    /// parts name and ending.
    fn found<'a, 'b>(&self, letters: &'b [&'a [u8]]) -> Option<Vec<&'b [&'a [u8]]>> {
        // fits[at][here]: whether what is left of the pattern can be what is left of the name.
        let (old, length) = (&self.old, letters.len());
        let mut fits = vec![vec![false; length + 1]; old.len() + 1];
        fits[old.len()][length] = true;
        for at in (0..old.len()).rev() {
            for here in (0..=length).rev() {
                fits[at][here] = match old[at] {
                    Old::Many => fits[at + 1][here] || here < length && fits[at][here + 1],
                    Old::One => here < length && fits[at + 1][here + 1],
                    Old::Letter(letter) => {
                        here < length && is(letters[here], letter) && fits[at + 1][here + 1]
                    }
                };
            }
        }
        if !fits[0][0] {
            return None;
        }
        let (mut here, mut found) = (0, Vec::new());
        for (at, piece) in old.iter().enumerate() {
            let end = match piece {
                Old::Many => (here..=length).rev().find(|&end| fits[at + 1][end])?,
                Old::One | Old::Letter(_) => here + 1,
            };
            if !matches!(piece, Old::Letter(_)) {
                found.push(&letters[here..end]);
            }
            here = end;
        }
        Some(found)
    }
}

/// Letters, and whether each is meant as it is.
fn letters(typed: &str) -> impl Iterator<Item = (char, bool)> {
    let mut typed = typed.chars();
    std::iter::from_fn(move || match typed.next()? {
        '\\' => Some(typed.next().map_or(('\\', true), |letter| (letter, true))),
        letter => Some((letter, false)),
    })
}

/// A name's letters; each byte that belongs to none by itself.
fn pieces(name: &[u8]) -> Vec<&[u8]> {
    let mut pieces = Vec::new();
    for chunk in name.utf8_chunks() {
        let valid = chunk.valid();
        pieces.extend(valid.char_indices().map(|(at, letter)| {
            let end = at + letter.len_utf8();
            valid.as_bytes().get(at..end).unwrap_or_default()
        }));
        pieces.extend(chunk.invalid().chunks(1));
    }
    pieces
}

fn is(piece: &[u8], letter: char) -> bool {
    piece == letter.encode_utf8(&mut [0; 4]).as_bytes()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn renamed(old: &str, new: &str, name: &[u8]) -> Option<Vec<u8>> {
        NamePattern::read(old, new).unwrap().renamed(&Name::new(name).unwrap(), 7)
    }

    #[test]
    fn what_was_found_goes_where_it_belongs() {
        for (old, new, name, expected) in [
            ("*.jpeg", "*.jpg", "pier.jpeg", Some("pier.jpg")),
            ("*.jpeg", "*.jpg", "pier.png", None),
            ("*", "old-*", "a b", Some("old-a b")),
            ("*.*", "*_x.*", "a.tar.gz", Some("a.tar_x.gz")),
            ("*draft*", "*final*", "my draft 2.txt", Some("my final 2.txt")),
            ("IMG_????*", "????-*", "IMG_2026_11.jpg", Some("2026-_11.jpg")),
            ("*", "pier-###", "whatever", Some("pier-007")),
            ("*", "#", "whatever", Some("7")),
            ("*", "fixed", "whatever", Some("fixed")),
            ("??", "?", "ab", Some("a")),
            ("?", "?", "\u{f6}", Some("\u{f6}")),
            ("", "x", "a", None),
            ("a", "", "a", Some("")),
            (r"\**", r"\#\\*", "*rest", Some("#\\rest")),
            (r"*\", "*", "a\\", Some("a")),
        ] {
            let found = renamed(old, new, name.as_bytes());
            assert_eq!(found.as_deref(), expected.map(str::as_bytes), "{old} → {new}: {name}");
        }
        // Bytes that are no text stay what they are.
        let name = b"\xff\xfe no text \xe9.csv";
        assert_eq!(renamed("?*.csv", "*?.txt", name).unwrap(), b"\xff\xfe no text \xe9.txt");
        assert!(NamePattern::read("*", "**").unwrap_err().contains("2 of * and ?, the old one 1"));
    }

    proptest! {
        #[test]
        fn a_star_for_a_star_changes_nothing(
            name in proptest::collection::vec(1u8.., 1..200).prop_filter_map("a name", |name| Name::new(name).ok()),
            old in "[ab*?]{0,40}",
        ) {
            let same = NamePattern::read("*", "*").unwrap().renamed(&name, 1);
            prop_assert_eq!(same.as_deref(), Some(name.as_bytes()));
            // However it is asked, there is an answer soon.
            let long = NamePattern::read(&old, &old).unwrap();
            if let Some(same) = long.renamed(&name, 1) {
                prop_assert_eq!(&same[..], name.as_bytes());
            }
        }
    }
}
