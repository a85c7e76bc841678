//! Marks by what the other pane holds.

use std::collections::HashMap;

use crate::domain::{
    entry::{Attributes, Entry, Kind},
    path::Name,
};

use super::rows::Rows;

/// Which entries are meant, seen against the other pane.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Against {
    /// The same file there: name, size, and time where both are known.
    Same,
    /// No such name there.
    OnlyHere,
    /// A file of that name there is older.
    NewerHere,
}

impl Against {
    /// All of them, in the order of the choice.
    pub(crate) const ALL: [Self; 3] = [Self::OnlyHere, Self::NewerHere, Self::Same];
    /// How the choice calls them.
    pub(crate) const WORDS: [&str; 3] = ["only here", "newer here", "same in both"];
}

/// What the other pane holds, to be looked up.
pub(crate) struct Others<'a>(HashMap<&'a Name, &'a Entry>);

impl<'a> Others<'a> {
    pub(crate) fn of(rows: &'a Rows) -> Self {
        Self(rows.entries().map(|entry| (&entry.name, entry)).collect())
    }

    /// Whether an entry is meant.
    pub(crate) fn fits(&self, entry: &Entry, against: Against) -> bool {
        let there = self.0.get(&entry.name);
        match (against, there) {
            (Against::OnlyHere, there) => there.is_none(),
            (_, None) => false,
            (Against::Same, Some(there)) => is_same(&entry.attributes, &there.attributes),
            (Against::NewerHere, Some(there)) => is_newer(&entry.attributes, &there.attributes),
        }
    }
}

/// Servers tell whole seconds.
fn seconds(attributes: &Attributes) -> Option<i64> {
    attributes.modified.map(|modified| modified.seconds)
}

fn is_same(here: &Attributes, there: &Attributes) -> bool {
    let (time, other_time) = (seconds(here), seconds(there));
    let times_agree = time.is_none() || other_time.is_none() || time == other_time;
    here.kind == Kind::File
        && there.kind == Kind::File
        && here.size.is_some()
        && here.size == there.size
        && times_agree
}

fn is_newer(here: &Attributes, there: &Attributes) -> bool {
    let both_known = seconds(here).zip(seconds(there));
    here.kind == Kind::File
        && there.kind == Kind::File
        && both_known.is_some_and(|(here, there)| here > there)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::entry::Timestamp;

    fn file(size: u64, seconds: Option<i64>) -> Attributes {
        Attributes {
            size: Some(size),
            modified: seconds.map(|seconds| Timestamp { seconds, nanoseconds: 7 }),
            ..Attributes::of_kind(Kind::File)
        }
    }

    #[test]
    fn files_are_compared_by_what_is_known_of_both() {
        assert!(is_same(&file(3, Some(5)), &file(3, Some(5))));
        assert!(is_same(&file(3, Some(5)), &file(3, None)));
        assert!(!is_same(&file(3, Some(5)), &file(3, Some(6))));
        assert!(!is_same(&file(3, Some(5)), &file(4, Some(5))));
        assert!(is_newer(&file(3, Some(6)), &file(3, Some(5))));
        assert!(!is_newer(&file(3, Some(5)), &file(9, Some(5))));
        assert!(!is_newer(&file(3, Some(6)), &file(3, None)), "nobody knows");
        let directory = Attributes::of_kind(Kind::Directory);
        assert!(!is_same(&directory, &directory));
    }
}
