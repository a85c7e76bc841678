//! In what order rows stand: directories first, then by name, size, time or extension.

use std::cmp::Ordering;

use crate::domain::{
    entry::{Entry, Kind},
    path::Name,
};

/// What rows are sorted by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum SortBy {
    #[default]
    Name,
    Size,
    Time,
    Extension,
}

impl SortBy {
    pub(super) const ALL: [Self; 4] = [Self::Name, Self::Size, Self::Time, Self::Extension];

    /// Its word, where it is kept.
    pub(super) fn word(self) -> &'static str {
        match self {
            SortBy::Name => "name",
            SortBy::Size => "size",
            SortBy::Time => "time",
            SortBy::Extension => "extension",
        }
    }
}

/// An order of rows. Names and extensions run from a to z, sizes from large to small, times from new to old,
/// unless `reversed`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Sort {
    pub(crate) by: SortBy,
    pub(crate) reversed: bool,
}

impl Sort {
    /// The next column, in its natural direction.
    pub(crate) fn next(self) -> Self {
        let by = match self.by {
            SortBy::Name => SortBy::Size,
            SortBy::Size => SortBy::Time,
            SortBy::Time => SortBy::Extension,
            SortBy::Extension => SortBy::Name,
        };
        Self { by, reversed: false }
    }

    /// What it is, in words.
    pub(crate) fn words(self) -> &'static str {
        match (self.by, self.reversed) {
            (SortBy::Name, false) => "by name",
            (SortBy::Name, true) => "by name, backwards",
            (SortBy::Size, false) => "by size, largest first",
            (SortBy::Size, true) => "by size, smallest first",
            (SortBy::Time, false) => "by time, newest first",
            (SortBy::Time, true) => "by time, oldest first",
            (SortBy::Extension, false) => "by extension",
            (SortBy::Extension, true) => "by extension, backwards",
        }
    }

    /// Whether values grow downwards.
    pub(crate) fn ascends(self) -> bool {
        matches!(self.by, SortBy::Name | SortBy::Extension) != self.reversed
    }
}

/// Where the extension begins in a name (at the dot), if it has one; a leading dot makes none.
pub(crate) fn extension_start(name: &[u8]) -> Option<usize> {
    name.iter().rposition(|&byte| byte == b'.').filter(|&dot| dot > 0)
}

/// What is compared of a name, made once: bytes that stand in the order in which people count, so that
/// `report-9` comes before `report-10`.
#[derive(Debug)]
pub(crate) struct SortText {
    key: Box<[u8]>,
    extension: usize,
}

impl SortText {
    pub(crate) fn of(name: &Name) -> Self {
        let text = String::from_utf8_lossy(name.as_bytes()).to_lowercase();
        let text = text.as_bytes();
        let dot = extension_start(text).unwrap_or(text.len());
        let mut key = Vec::with_capacity(text.len() + 4);
        push_by_eye(&mut key, &text[..dot]);
        let extension = key.len();
        push_by_eye(&mut key, &text[dot..]);
        Self { key: key.into_boxed_slice(), extension }
    }

    fn extension(&self) -> &[u8] {
        &self.key[self.extension..]
    }
}

/// Writes lower-case text so that comparing bytes compares numbers by their value: each is led by how long it is
/// without leading zeros, in bytes that stand where digits stand.
fn push_by_eye(key: &mut Vec<u8>, mut text: &[u8]) {
    while let Some(&first) = text.first() {
        if !first.is_ascii_digit() {
            key.push(first);
            text = &text[1..];
            continue;
        }
        let (number, rest) = leading_number(text);
        let mut length = number.len();
        while length >= 9 {
            key.push(b'9');
            length -= 9;
        }
        key.push(b'0' + length as u8);
        key.extend_from_slice(number);
        text = rest;
    }
}

/// The digits a text begins with, without leading zeros; and what follows them.
fn leading_number(text: &[u8]) -> (&[u8], &[u8]) {
    let end = text.iter().position(|byte| !byte.is_ascii_digit()).unwrap_or(text.len());
    let start = text[..end].iter().position(|&byte| byte != b'0').unwrap_or(end);
    (&text[start..end], &text[end..])
}

#[cfg(test)]
thread_local! {
    /// How many names were compared by this thread.
    pub(crate) static COMPARED: std::cell::Cell<usize> = const { std::cell::Cell::new(0) };
}

/// Which of two names stands first.
pub(crate) fn compare_names(
    (a, a_text): (&Name, &SortText),
    (b, b_text): (&Name, &SortText),
) -> Ordering {
    #[cfg(test)]
    COMPARED.set(COMPARED.get() + 1);
    a_text.key.cmp(&b_text.key).then_with(|| a.cmp(b))
}

/// What rows are compared by when it is not their name, with their place by name behind it: one number, so that a
/// hundred thousand of them are sorted between two frames.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Weight(u128);

/// Bits of the place by name.
const RANK: u32 = u32::BITS;
/// Bytes of an extension that a weight holds; one more says whether there are more.
const LENGTH_WEIGHED: usize = 11;

impl Weight {
    /// Of a row in an order that is not by name. Rows that are the same in it stand by `rank`, their place by name.
    pub(crate) fn of(entry: &Entry, text: &SortText, rank: u32, sort: Sort) -> Self {
        let attributes = &entry.attributes;
        let (major, minor) = match sort.by {
            SortBy::Name => (0, 0),
            SortBy::Size => attributes.size.map_or((0, 0), |size| (size, 1)),
            SortBy::Time => attributes.modified.map_or((0, 0), |modified| {
                let seconds = modified.seconds.cast_unsigned() ^ (1 << 63);
                (seconds, modified.nanoseconds.saturating_add(1))
            }),
            SortBy::Extension => {
                let mut first = [0; 12];
                let extension = text.extension();
                let length = extension.len().min(LENGTH_WEIGHED);
                first[..length].copy_from_slice(&extension[..length]);
                first[LENGTH_WEIGHED] = u8::from(extension.len() > LENGTH_WEIGHED);
                let [a, b, c, d, e, f, g, h, rest @ ..] = first;
                (u64::from_be_bytes([a, b, c, d, e, f, g, h]), u32::from_be_bytes(rest))
            }
        };
        let (major, minor) = if sort.ascends() { (major, minor) } else { (!major, !minor) };
        Self(u128::from(major) << 64 | u128::from(minor) << RANK | u128::from(rank))
    }

    /// The row's place by name.
    pub(crate) fn rank(self) -> u32 {
        self.0 as u32
    }

    fn without_rank(self) -> u128 {
        self.0 >> RANK
    }
}

/// Sorts weights; `text` is that of a row by its rank. It is asked for only where weights cannot tell: extensions
/// that begin with the same eleven letters.
pub(crate) fn by_weight<'a>(
    weights: &mut [Weight],
    sort: Sort,
    text: impl Fn(u32) -> &'a SortText,
) {
    weights.sort_unstable();
    if sort.by != SortBy::Extension {
        return;
    }
    let is_cut = |weight: &Weight| weight.without_rank() & 1 == u128::from(sort.ascends());
    for same in weights.chunk_by_mut(|a, b| a.without_rank() == b.without_rank() && is_cut(a)) {
        if same.len() > 1 {
            same.sort_by(|a, b| {
                let order = text(a.rank()).extension().cmp(text(b.rank()).extension());
                if sort.ascends() { order } else { order.reverse() }
            });
        }
    }
}

/// Whether one goes into it as into a directory.
pub(crate) fn is_directory(entry: &Entry) -> bool {
    entry.attributes.kind == Kind::Directory || entry.leads_to == Some(Kind::Directory)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn by_eye(a: &str, b: &str) -> Ordering {
        let text = |name: &str| SortText::of(&Name::new(name).unwrap());
        text(a).key.cmp(&text(b).key)
    }

    /// What it is to be: numbers by their value, all else by its bytes.
    fn as_people_count(mut a: &[u8], mut b: &[u8]) -> Ordering {
        loop {
            let (Some(&first), Some(&second)) = (a.first(), b.first()) else {
                return a.len().cmp(&b.len());
            };
            if first.is_ascii_digit() && second.is_ascii_digit() {
                let (number, rest) = leading_number(a);
                let (other, other_rest) = leading_number(b);
                let order = number.len().cmp(&other.len()).then_with(|| number.cmp(other));
                if order.is_ne() {
                    return order;
                }
                (a, b) = (rest, other_rest);
                continue;
            }
            if first != second {
                return first.cmp(&second);
            }
            (a, b) = (&a[1..], &b[1..]);
        }
    }

    #[test]
    fn numbers_in_names_are_counted() {
        let mut names = ["r10", "r9", "r1", "r1b", "q", "r", "r01", "r00000000000000000000002"];
        names.sort_by(|a, b| by_eye(a, b).then(a.cmp(b)));
        assert_eq!(names, ["q", "r", "r01", "r1", "r1b", "r00000000000000000000002", "r9", "r10"]);
    }

    proptest! {
        #[test]
        fn bytes_stand_as_people_count(a in "[-a0-2.]{1,24}|[019]{1,40}", b in "[-a0-2.]{1,24}|[019]{1,40}") {
            prop_assume!(Name::new(&a).is_ok() && Name::new(&b).is_ok());
            prop_assert_eq!(by_eye(&a, &b), as_people_count(a.as_bytes(), b.as_bytes()), "{} {}", a, b);
        }
    }
}
