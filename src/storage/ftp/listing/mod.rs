//! Rows out of the lines of a listing, in each way servers write them. Pure: the clock comes along as a value.

mod dos;
mod facts;
mod unix;

use crate::domain::{
    encoding::Encoding,
    entry::{Attributes, Entry, Kind, RefusedName},
    path::{Name, UnsafeName},
};

pub(super) use facts::{attributes_of, may_be_entered};

/// How much of a line that makes no sense is kept.
const KEPT: usize = 512;

/// What a line told: a name as it came, and what is said of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Row {
    pub(super) name: Vec<u8>,
    pub(super) attributes: Attributes,
    /// Of a link, where the line tells it: what it holds.
    pub(super) target: Option<Vec<u8>>,
}

/// What became of a line.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Line {
    /// A row whose name passed the door.
    Entry(Box<Entry>),
    /// A name that did not, or a line that cannot be read: shown, for what it stood for would else be missed.
    Refused(RefusedName),
    /// The directory itself, the one above, a headline.
    Nothing,
}

/// Which words a listing is written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Style {
    /// MLSD: facts (RFC 3659 §7).
    Facts,
    /// LIST: whatever the server's `ls` or `dir` prints; times to be read at this one, seconds since 1970.
    Listed {
        /// Times without a year lie before it.
        now: i64,
    },
}

/// What a line is about, before its name has passed the door.
enum Told {
    Row(Row),
    Nothing,
    Nonsense,
}

fn row(line: &[u8], style: Style) -> Told {
    if line.iter().all(u8::is_ascii_whitespace) {
        return Told::Nothing;
    }
    let row = match style {
        Style::Facts => match facts::read(line) {
            Some(facts::Told::Row(row)) => Some(row),
            Some(facts::Told::Itself) => return Told::Nothing,
            None => None,
        },
        Style::Listed { .. } if is_headline(line) => return Told::Nothing,
        Style::Listed { now } => unix::read(line, now).or_else(|| dos::read(line)),
    };
    match row {
        Some(row)
            if matches!(row.name.as_slice(), b"." | b"..")
                && row.attributes.kind == Kind::Directory =>
        {
            Told::Nothing
        }
        Some(row) => Told::Row(row),
        None => Told::Nonsense,
    }
}

/// The name of a link, and what it holds, where a line tells both.
pub(super) fn link(line: &[u8], style: Style, names: Encoding) -> Option<(Name, Vec<u8>)> {
    let Told::Row(row) = row(line, style) else { return None };
    let target = row.target.filter(|_| row.attributes.kind == Kind::Symlink)?;
    Some((Name::new(names.decode(&row.name)).ok()?, names.decode(&target)))
}

/// Reads one line, without its line end; names are written in `names`.
pub(super) fn read(line: &[u8], style: Style, names: Encoding) -> Line {
    let refused = |bytes: &[u8], why| {
        Line::Refused(RefusedName { bytes: bytes[..bytes.len().min(KEPT)].to_vec(), why })
    };
    let row = match row(line, style) {
        Told::Row(row) => row,
        Told::Nothing => return Line::Nothing,
        Told::Nonsense => return refused(line, UnsafeName::Unreadable),
    };
    match Name::new(names.decode(&row.name)) {
        Ok(name) => {
            Line::Entry(Box::new(Entry { name, attributes: row.attributes, leads_to: None }))
        }
        Err(why) => refused(&row.name, why),
    }
}

/// `total 12`, in whatever language.
fn is_headline(line: &[u8]) -> bool {
    let mut words = line.split(|byte| *byte == b' ').filter(|word| !word.is_empty());
    let (Some(word), Some(number), None) = (words.next(), words.next(), words.next()) else {
        return false;
    };
    !word.contains(&b'/')
        && word.iter().all(|byte| byte.is_ascii_alphabetic() || !byte.is_ascii())
        && number.iter().all(u8::is_ascii_digit)
}

/// Words between spaces, each with where it stands.
fn words(line: &[u8]) -> Vec<(usize, &[u8])> {
    let mut found = Vec::new();
    let mut at = 0;
    while at < line.len() && found.len() < 16 {
        if line[at] == b' ' {
            at += 1;
            continue;
        }
        let end =
            line[at..].iter().position(|&byte| byte == b' ').map_or(line.len(), |end| at + end);
        found.push((at, &line[at..end]));
        at = end;
    }
    found
}

/// A number in decimal; `None` too where it is none that 64 bits hold.
fn number(digits: &[u8]) -> Option<u64> {
    if digits.is_empty() {
        return None;
    }
    digits.iter().try_fold(0u64, |number, digit| {
        let digit = digit.is_ascii_digit().then(|| u64::from(digit - b'0'))?;
        number.checked_mul(10)?.checked_add(digit)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn lines_that_are_no_rows() {
        let listed = Style::Listed { now: 1_700_000_000 };
        for nothing in ["", "  ", "total 12", "insgesamt 8", "drwxr-xr-x 2 a b 4096 Jan 1 10:00 ."]
        {
            assert_eq!(
                read(nothing.as_bytes(), listed, Encoding::default()),
                Line::Nothing,
                "{nothing}"
            );
        }
        let refused = |line: &str| match read(line.as_bytes(), listed, Encoding::default()) {
            Line::Refused(refused) => refused.why,
            other => panic!("{other:?}"),
        };
        assert_eq!(refused("ls: cannot open x"), UnsafeName::Unreadable);
        assert_eq!(refused("-rw-r--r-- 1 a b 5 Jan 1 10:00 ../../etc/passwd"), UnsafeName::Slash);
        assert_eq!(refused("-rw-r--r-- 1 a b 5 Jan 1 10:00 .."), UnsafeName::Dots);
    }

    proptest! {
        #[test]
        fn any_line_is_a_row_or_a_reason(line in proptest::collection::vec(any::<u8>(), 0..120)) {
            for style in [Style::Facts, Style::Listed { now: 1_700_000_000 }] {
                let _ = read(&line, style, Encoding::default());
            }
        }

        #[test]
        fn any_name_survives_a_line(name in "[^/\0\r\n]{1,40}") {
            prop_assume!(name != "." && name != ".." && !name.contains(" -> "));
            let line = format!("-rwsr-xr-t+  1 anna users {:>8} Feb 29  2024 {name}", 1234);
            match read(line.as_bytes(), Style::Listed { now: 1_700_000_000 }, Encoding::default()) {
                Line::Entry(entry) => {
                    prop_assert_eq!(entry.name.as_bytes(), name.as_bytes());
                    prop_assert_eq!(entry.attributes.size, Some(1234));
                }
                other => prop_assert!(false, "{:?}", other),
            }
            let line = format!("Type=file;Size=7;Modify=20240229120000;UNIX.mode=0644; {name}");
            match read(line.as_bytes(), Style::Facts, Encoding::default()) {
                Line::Entry(entry) => prop_assert_eq!(entry.name.as_bytes(), name.as_bytes()),
                other => prop_assert!(false, "{:?}", other),
            }
        }
    }
}
