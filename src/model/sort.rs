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

/// What is compared of a name: lower-case text, made once.
#[derive(Debug)]
pub(crate) struct SortText {
    text: Box<str>,
    extension: usize,
}

impl SortText {
    pub(crate) fn of(name: &Name) -> Self {
        let text = String::from_utf8_lossy(name.as_bytes()).to_lowercase();
        let extension = extension_start(text.as_bytes()).unwrap_or(text.len());
        Self { text: text.into_boxed_str(), extension }
    }

    fn extension(&self) -> &str {
        &self.text[self.extension..]
    }
}

/// Text in the order people count: `report-9` before `report-10`.
fn by_eye(a: &str, b: &str) -> Ordering {
    let (mut a, mut b) = (a.as_bytes(), b.as_bytes());
    loop {
        let (Some(&first), Some(&second)) = (a.first(), b.first()) else {
            return a.len().cmp(&b.len());
        };
        if first.is_ascii_digit() && second.is_ascii_digit() {
            let (number, rest) = leading_number(a);
            let (other, other_rest) = leading_number(b);
            // Without leading zeros the longer number is the larger.
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

/// The digits a text begins with, without leading zeros; and what follows them.
fn leading_number(text: &[u8]) -> (&[u8], &[u8]) {
    let end = text.iter().position(|byte| !byte.is_ascii_digit()).unwrap_or(text.len());
    let start = text[..end].iter().position(|&byte| byte != b'0').unwrap_or(end);
    (&text[start..end], &text[end..])
}

/// Whether one goes into it as into a directory.
pub(crate) fn is_directory(entry: &Entry) -> bool {
    entry.attributes.kind == Kind::Directory || entry.leads_to == Some(Kind::Directory)
}

/// Which of two rows stands first. Total, so that equal listings look equal.
pub(crate) fn compare(
    (a, a_text): (&Entry, &SortText),
    (b, b_text): (&Entry, &SortText),
    sort: Sort,
) -> Ordering {
    let wanted = match sort.by {
        SortBy::Name => by_eye(&a_text.text, &b_text.text),
        SortBy::Size => b.attributes.size.cmp(&a.attributes.size),
        SortBy::Time => b.attributes.modified.cmp(&a.attributes.modified),
        SortBy::Extension => a_text.extension().cmp(b_text.extension()),
    };
    let wanted = if sort.reversed { wanted.reverse() } else { wanted };
    is_directory(b)
        .cmp(&is_directory(a))
        .then(wanted)
        .then_with(|| by_eye(&a_text.text, &b_text.text))
        .then_with(|| a_text.text.cmp(&b_text.text))
        .then_with(|| a.name.cmp(&b.name))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn numbers_in_names_are_counted() {
        let mut names = ["r10", "r9", "r1", "r1b", "q", "r", "r01", "r00000000000000000000002"];
        names.sort_by(|a, b| by_eye(a, b).then(a.cmp(b)));
        assert_eq!(names, ["q", "r", "r01", "r1", "r1b", "r00000000000000000000002", "r9", "r10"]);
    }

    proptest! {
        #[test]
        fn the_order_is_an_order(a in "[a0-2]{0,5}", b in "[a0-2]{0,5}", c in "[a0-2]{0,5}") {
            prop_assert_eq!(by_eye(&a, &b), by_eye(&b, &a).reverse());
            if by_eye(&a, &b).is_le() && by_eye(&b, &c).is_le() {
                prop_assert!(by_eye(&a, &c).is_le());
            }
        }
    }
}
