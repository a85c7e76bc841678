//! The rows of a pane: kept sorted while they stream in, marked, filtered.

use std::collections::HashSet;

use crate::domain::{
    entry::{Entry, Kind, RefusedName},
    path::Name,
};

use super::sort::{self, Sort, SortText};

/// More rows than this are not taken: a listing without an end must not eat the memory.
pub(crate) const MOST_ROWS: usize = 1_000_000;
/// More refused names than this are only counted.
const MOST_REFUSED: usize = 1_000;

/// An entry with what the pane knows of it.
#[derive(Debug)]
pub(crate) struct Row {
    pub(crate) entry: Entry,
    pub(crate) marked: bool,
    text: SortText,
}

/// What stands in one line of a pane.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Item<'a> {
    /// The way up.
    Parent,
    Entry(&'a Row),
    /// A name that may not be used; only shown.
    Refused(&'a RefusedName),
}

/// How many, and how many bytes (of files whose size is known).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Tally {
    pub(crate) count: usize,
    pub(crate) bytes: u64,
}

impl Tally {
    pub(crate) fn add(&mut self, entry: &Entry) {
        self.count += 1;
        self.bytes = self.bytes.saturating_add(bytes_of(entry));
    }

    fn remove(&mut self, entry: &Entry) {
        self.count = self.count.saturating_sub(1);
        self.bytes = self.bytes.saturating_sub(bytes_of(entry));
    }
}

/// Bytes of a file, where they are known and can be believed.
fn bytes_of(entry: &Entry) -> u64 {
    match (entry.attributes.kind, entry.attributes.size) {
        (Kind::File, Some(size)) if i64::try_from(size).is_ok() => size,
        _ => 0,
    }
}

/// The rows of one directory.
#[derive(Debug, Default)]
pub(crate) struct Rows {
    rows: Vec<Row>,
    /// Indices into `rows` of those shown, sorted.
    order: Vec<u32>,
    refused: Vec<RefusedName>,
    refused_count: usize,
    sort: Sort,
    show_hidden: bool,
    has_parent: bool,
    marked: Tally,
}

impl Rows {
    pub(crate) fn new(sort: Sort, show_hidden: bool, has_parent: bool) -> Self {
        Self { sort, show_hidden, has_parent, ..Self::default() }
    }

    /// Lines to be shown, the way up included.
    pub(crate) fn len(&self) -> usize {
        usize::from(self.has_parent) + self.order.len() + self.refused.len()
    }

    /// Entries known, hidden ones included.
    pub(crate) fn known(&self) -> usize {
        self.rows.len()
    }

    /// Entries shown.
    pub(crate) fn shown(&self) -> usize {
        self.order.len()
    }

    pub(crate) fn refused_count(&self) -> usize {
        self.refused_count
    }

    pub(crate) fn sort(&self) -> Sort {
        self.sort
    }

    pub(crate) fn show_hidden(&self) -> bool {
        self.show_hidden
    }

    pub(crate) fn marked(&self) -> Tally {
        self.marked
    }

    pub(crate) fn item(&self, line: usize) -> Option<Item<'_>> {
        let Some(at) = line.checked_sub(usize::from(self.has_parent)) else {
            return Some(Item::Parent);
        };
        match self.order.get(at) {
            Some(&index) => Some(Item::Entry(&self.rows[index as usize])),
            None => self.refused.get(at - self.order.len()).map(Item::Refused),
        }
    }

    /// The line a name stands in, if it is shown.
    pub(crate) fn line_of(&self, name: &Name) -> Option<usize> {
        let at = self.order.iter().position(|&i| self.rows[i as usize].entry.name == *name)?;
        Some(at + usize::from(self.has_parent))
    }

    /// Takes rows in where they belong. Returns how many lines above (and including) `line` were added.
    pub(crate) fn insert(&mut self, entries: Vec<Entry>, line: usize) -> usize {
        let room = MOST_ROWS.saturating_sub(self.rows.len());
        let first_new = self.rows.len();
        self.rows.extend(entries.into_iter().take(room).map(|entry| {
            let text = SortText::of(&entry.name);
            Row { entry, marked: false, text }
        }));
        let mut fresh: Vec<u32> =
            (first_new..self.rows.len()).filter(|&i| self.is_shown(i)).map(|i| i as u32).collect();
        fresh.sort_unstable_by(|&a, &b| self.compare(a, b));

        let cursor = line.checked_sub(usize::from(self.has_parent));
        let mut merged = Vec::with_capacity(self.order.len() + fresh.len());
        let (mut taken, mut above) = (0, 0);
        for &new in &fresh {
            let rest = &self.order[taken..];
            let before = rest.partition_point(|&old| self.compare(old, new).is_lt());
            merged.extend_from_slice(&rest[..before]);
            taken += before;
            if cursor.is_some_and(|cursor| taken <= cursor) {
                above += 1;
            }
            merged.push(new);
        }
        merged.extend_from_slice(&self.order[taken..]);
        self.order = merged;
        above
    }

    pub(crate) fn insert_refused(&mut self, names: Vec<RefusedName>) {
        self.refused_count += names.len();
        let room = MOST_REFUSED.saturating_sub(self.refused.len());
        self.refused.extend(names.into_iter().take(room));
    }

    pub(crate) fn set_sort(&mut self, sort: Sort) {
        self.sort = sort;
        self.reorder();
    }

    /// Hidden entries lose their marks with their line: nothing unseen is ever acted upon.
    pub(crate) fn set_show_hidden(&mut self, show: bool) {
        self.show_hidden = show;
        if !show {
            for row in &mut self.rows {
                row.marked &= !row.entry.name.is_hidden();
            }
            self.count_marks();
        }
        self.reorder();
    }

    fn reorder(&mut self) {
        let mut order: Vec<u32> =
            (0..self.rows.len()).filter(|&i| self.is_shown(i)).map(|i| i as u32).collect();
        order.sort_unstable_by(|&a, &b| self.compare(a, b));
        self.order = order;
    }

    fn is_shown(&self, index: usize) -> bool {
        self.show_hidden || !self.rows[index].entry.name.is_hidden()
    }

    fn compare(&self, a: u32, b: u32) -> std::cmp::Ordering {
        let (a, b) = (&self.rows[a as usize], &self.rows[b as usize]);
        sort::compare((&a.entry, &a.text), (&b.entry, &b.text), self.sort)
    }

    /// Turns the mark of a line round; the way up and refused names have none.
    pub(crate) fn toggle_mark(&mut self, line: usize) {
        let index = line
            .checked_sub(usize::from(self.has_parent))
            .and_then(|at| self.order.get(at))
            .map(|&index| index as usize);
        if let Some(row) = index.and_then(|index| self.rows.get_mut(index)) {
            row.marked = !row.marked;
            if row.marked {
                self.marked.add(&row.entry);
            } else {
                self.marked.remove(&row.entry);
            }
        }
    }

    /// Decides the mark of every shown row anew.
    pub(crate) fn mark_by(&mut self, decide: impl Fn(&Row) -> bool) {
        for &index in &self.order {
            let marked = decide(&self.rows[index as usize]);
            self.rows[index as usize].marked = marked;
        }
        self.count_marks();
    }

    fn count_marks(&mut self) {
        let mut marked = Tally::default();
        self.rows.iter().filter(|row| row.marked).for_each(|row| marked.add(&row.entry));
        self.marked = marked;
    }

    /// Marks by name what an earlier reading of the same directory had marked.
    pub(crate) fn keep_marks_of(&mut self, earlier: &Rows) {
        if earlier.marked.count == 0 {
            return;
        }
        let names: HashSet<&Name> = earlier.marked_entries().map(|entry| &entry.name).collect();
        self.mark_by(|row| names.contains(&row.entry.name));
    }

    /// Marked entries in the order shown.
    pub(crate) fn marked_entries(&self) -> impl Iterator<Item = &Entry> {
        self.order
            .iter()
            .map(|&index| &self.rows[index as usize])
            .filter(|row| row.marked)
            .map(|row| &row.entry)
    }
}
