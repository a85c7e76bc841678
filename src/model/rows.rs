//! The rows of a pane: kept sorted while they stream in, marked, filtered.
//!
//! A key costs the same few milliseconds at most with a hundred thousand rows as with ten: the order by name is kept
//! whatever is shown, and every other order is made from it without comparing a name.

use std::{cmp::Ordering, collections::HashSet};

use crate::domain::{
    entry::{Entry, Kind, RefusedName},
    path::Name,
};

use super::sort::{self, Sort, SortBy, SortText, Weight};

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

/// What decides of a row where it stands and whether, beside the rows: to be looked through in one go.
#[derive(Debug, Clone, Copy)]
struct Standing {
    is_hidden: bool,
    is_directory: bool,
}

/// The rows of one directory.
#[derive(Debug, Default)]
pub(crate) struct Rows {
    rows: Vec<Row>,
    standings: Vec<Standing>,
    /// Indices into `rows` of all, by name.
    by_name: Vec<u32>,
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
        let text = SortText::of(name);
        let stands_before = |&index: &u32| {
            let row = &self.rows[index as usize];
            sort::compare_names((&row.entry.name, &row.text), (name, &text)).is_lt()
        };
        let &index = self.by_name.get(self.by_name.partition_point(stands_before))?;
        if self.rows[index as usize].entry.name != *name {
            return None;
        }
        self.line_of_row(Some(index))
    }

    /// The row in a line, by a number that stays while lines come and go.
    fn row_in(&self, line: usize) -> Option<u32> {
        self.order.get(line.checked_sub(usize::from(self.has_parent))?).copied()
    }

    fn line_of_row(&self, row: Option<u32>) -> Option<usize> {
        let at = row.and_then(|row| self.order.iter().position(|&index| index == row))?;
        Some(at + usize::from(self.has_parent))
    }

    /// Takes rows in where they belong. Returns where what stood in `line` stands now.
    pub(crate) fn insert(&mut self, entries: Vec<Entry>, line: usize) -> usize {
        let (row, shown) = (self.row_in(line), self.order.len());
        let is_below = !self.refused.is_empty() && line >= shown + usize::from(self.has_parent);
        self.insert_unseen(entries);
        self.arrange();
        match self.line_of_row(row) {
            Some(line) => line,
            None if is_below => line + self.order.len() - shown,
            None => line,
        }
    }

    /// Takes rows in that are not to be shown before [`Rows::arrange_like`].
    pub(crate) fn insert_unseen(&mut self, entries: Vec<Entry>) {
        let room = MOST_ROWS.saturating_sub(self.rows.len());
        let first_new = self.rows.len() as u32;
        for entry in entries.into_iter().take(room) {
            self.standings.push(Standing {
                is_hidden: entry.name.is_hidden(),
                is_directory: sort::is_directory(&entry),
            });
            let text = SortText::of(&entry.name);
            self.rows.push(Row { entry, marked: false, text });
        }
        let mut fresh: Vec<u32> = (first_new..self.rows.len() as u32).collect();
        fresh.sort_unstable_by(|&a, &b| self.compare_names(a, b));

        let mut merged = Vec::with_capacity(self.rows.len());
        let mut rest = self.by_name.as_slice();
        for new in fresh {
            let before = rest.partition_point(|&old| self.compare_names(old, new).is_lt());
            merged.extend_from_slice(&rest[..before]);
            merged.push(new);
            rest = &rest[before..];
        }
        merged.extend_from_slice(rest);
        self.by_name = merged;
    }

    fn compare_names(&self, a: u32, b: u32) -> Ordering {
        let (a, b) = (&self.rows[a as usize], &self.rows[b as usize]);
        sort::compare_names((&a.entry.name, &a.text), (&b.entry.name, &b.text))
    }

    pub(crate) fn insert_refused(&mut self, names: Vec<RefusedName>) {
        self.refused_count += names.len();
        let room = MOST_REFUSED.saturating_sub(self.refused.len());
        self.refused.extend(names.into_iter().take(room));
    }

    /// Sorts otherwise. Returns where what stood in `line` stands now.
    pub(crate) fn set_sort(&mut self, sort: Sort, line: usize) -> usize {
        self.sort = sort;
        self.arrange_around(line)
    }

    /// Hidden entries lose their marks with their line: nothing unseen is ever acted upon. Returns where what stood
    /// in `line` stands now.
    pub(crate) fn set_show_hidden(&mut self, show: bool, line: usize) -> usize {
        self.show_hidden = show;
        if !show && self.marked.count > 0 {
            for (row, standing) in self.rows.iter_mut().zip(&self.standings) {
                row.marked &= !standing.is_hidden;
            }
            self.count_marks();
        }
        self.arrange_around(line)
    }

    /// Puts what was taken in unseen in the order in which other rows are shown.
    pub(crate) fn arrange_like(&mut self, other: &Rows) {
        (self.sort, self.show_hidden) = (other.sort, other.show_hidden);
        self.arrange();
    }

    fn arrange_around(&mut self, line: usize) -> usize {
        let row = self.row_in(line);
        self.arrange();
        self.line_of_row(row).unwrap_or(line)
    }

    /// Puts what is shown in order.
    fn arrange(&mut self) {
        let shown = |index: &u32| self.show_hidden || !self.standings[*index as usize].is_hidden;
        let backwards = self.sort.by == SortBy::Name && self.sort.reversed;
        let (mut directories, mut others) = (Vec::new(), Vec::with_capacity(self.rows.len()));
        let mut put = |index: u32| match self.standings[index as usize].is_directory {
            true => directories.push(index),
            false => others.push(index),
        };
        let all = self.by_name.iter().copied();
        match backwards {
            true => all.rev().filter(shown).for_each(&mut put),
            false => all.filter(shown).for_each(&mut put),
        }
        if self.sort.by != SortBy::Name {
            self.sort_by_weight(&mut directories);
            self.sort_by_weight(&mut others);
        }
        directories.append(&mut others);
        self.order = directories;
    }

    /// Sorts rows that stand by name; those of one weight go on standing so.
    fn sort_by_weight(&self, rows: &mut [u32]) {
        let weigh = |&index: &u32| {
            let row = &self.rows[index as usize];
            (Weight::of(&row.entry, &row.text, self.sort), index)
        };
        let mut weighed: Vec<(Weight, u32)> = rows.iter().map(weigh).collect();
        let text = |index: u32| move || &self.rows[index as usize].text;
        weighed.sort_by(|&(a, left), &(b, right)| {
            sort::compare_weighed((a, text(left)), (b, text(right)), self.sort)
        });
        for (place, (_, index)) in rows.iter_mut().zip(weighed) {
            *place = index;
        }
    }

    /// Turns the mark of a line round; the way up and refused names have none.
    pub(crate) fn toggle_mark(&mut self, line: usize) {
        let index = self.row_in(line);
        if let Some(row) = index.and_then(|index| self.rows.get_mut(index as usize)) {
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
        // In the order in which they lie in memory, which is several times faster than the one shown.
        let mut marked = Tally::default();
        for (row, standing) in self.rows.iter_mut().zip(&self.standings) {
            if self.show_hidden || !standing.is_hidden {
                row.marked = decide(row);
            }
            if row.marked {
                marked.add(&row.entry);
            }
        }
        self.marked = marked;
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
