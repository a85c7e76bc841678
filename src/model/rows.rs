//! The rows of a pane: kept sorted while they stream in, marked, filtered.
//!
//! With a hundred thousand rows a key is to cost a few milliseconds at most. So the order by name is kept whatever is
//! shown, every other order is made from it without comparing a name, and rows are gone through as they lie in memory.

mod found;

use std::{cmp::Ordering, collections::HashSet};

use crate::domain::{
    entry::{Entry, Kind, RefusedName},
    path::Name,
};

use super::{
    sieve::Sieve,
    sort::{self, Sort, SortBy, SortText, Weight},
};

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
    /// It passes the filter.
    passes: bool,
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
    filter: Option<Box<Sieve>>,
    /// Of what is shown: a mark that is filtered out comes back with its row, and is not acted upon before.
    marked: Tally,
}

impl Rows {
    pub(crate) fn new(sort: Sort, show_hidden: bool, has_parent: bool) -> Self {
        Self { sort, show_hidden, has_parent, ..Self::default() }
    }

    /// Lines to be shown, the way up included.
    pub(crate) fn len(&self) -> usize {
        usize::from(self.has_parent) + self.order.len() + self.refused_shown().len()
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
            None => self.refused_shown().get(at - self.order.len()).map(Item::Refused),
        }
    }

    /// Names that may not be used pass no filter.
    fn refused_shown(&self) -> &[RefusedName] {
        if self.filter.is_some() { &[] } else { &self.refused }
    }

    /// What the rows are filtered by.
    pub(crate) fn filter(&self) -> Option<&str> {
        self.filter.as_ref().map(|sieve| sieve.typed())
    }

    fn is_shown(&self, standing: Standing) -> bool {
        standing.passes && (self.show_hidden || !standing.is_hidden)
    }

    /// The line a name stands in, if it is shown.
    pub(crate) fn line_of(&self, name: &Name) -> Option<usize> {
        self.line_of_row(Some(self.index_of(name)?))
    }

    fn index_of(&self, name: &Name) -> Option<u32> {
        let text = SortText::of(name);
        let stands_before = |&index: &u32| {
            let row = &self.rows[index as usize];
            sort::compare_names((&row.entry.name, &row.text), (name, &text)).is_lt()
        };
        let &index = self.by_name.get(self.by_name.partition_point(stands_before))?;
        (self.rows[index as usize].entry.name == *name).then_some(index)
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
            let passes = self.filter.as_mut().is_none_or(|own| own.passes(&entry.name));
            self.standings.push(Standing {
                is_hidden: entry.name.is_hidden(),
                is_directory: sort::is_directory(&entry),
                passes,
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
        self.set_filter(other.filter().and_then(Sieve::new), 0);
    }

    fn arrange_around(&mut self, line: usize) -> usize {
        let row = self.row_in(line);
        self.arrange();
        self.line_of_row(row).unwrap_or(line)
    }

    /// Puts what is shown in order.
    fn arrange(&mut self) {
        match self.sort.by {
            SortBy::Name => self.arrange_by_name(),
            _ => self.arrange_by_weight(),
        }
    }

    fn arrange_by_name(&mut self) {
        let (mut directories, mut others) = (Vec::new(), Vec::with_capacity(self.rows.len()));
        let mut put = |&index: &u32| {
            let standing = self.standings[index as usize];
            match standing.is_directory {
                _ if !self.is_shown(standing) => {}
                true => directories.push(index),
                false => others.push(index),
            }
        };
        match self.sort.reversed {
            true => self.by_name.iter().rev().for_each(&mut put),
            false => self.by_name.iter().for_each(&mut put),
        }
        directories.append(&mut others);
        self.order = directories;
    }

    fn arrange_by_weight(&mut self) {
        let mut ranks = vec![0; self.rows.len()];
        for (rank, &index) in self.by_name.iter().enumerate() {
            ranks[index as usize] = rank as u32;
        }
        let (mut directories, mut others) = (Vec::new(), Vec::with_capacity(self.rows.len()));
        for ((row, standing), rank) in self.rows.iter().zip(&self.standings).zip(ranks) {
            if !self.is_shown(*standing) {
                continue;
            }
            let weight = Weight::of(&row.entry, &row.text, rank, self.sort);
            if standing.is_directory { directories.push(weight) } else { others.push(weight) }
        }
        let text = |rank: u32| &self.rows[self.by_name[rank as usize] as usize].text;
        sort::by_weight(&mut directories, self.sort, text);
        sort::by_weight(&mut others, self.sort, text);
        let index = |weight: &Weight| self.by_name[weight.rank() as usize];
        self.order = directories.iter().chain(&others).map(index).collect();
    }

    /// Turns the mark of a line round; the way up and refused names have none.
    pub(crate) fn toggle_mark(&mut self, line: usize) {
        if let Some(Item::Entry(row)) = self.item(line) {
            let marked = !row.marked;
            self.set_mark(line, marked);
        }
    }

    /// Marks or unmarks the row in a line.
    pub(crate) fn set_mark(&mut self, line: usize, marked: bool) {
        let index = self.row_in(line);
        let row = index.and_then(|index| self.rows.get_mut(index as usize));
        if let Some(row) = row.filter(|row| row.marked != marked) {
            row.marked = marked;
            if marked {
                self.marked.add(&row.entry);
            } else {
                self.marked.remove(&row.entry);
            }
        }
    }

    /// Decides the mark of every shown row anew.
    pub(crate) fn mark_by(&mut self, decide: impl Fn(&Row) -> bool) {
        // In the order in which they lie in memory, which is several times faster than the one shown.
        for (row, standing) in self.rows.iter_mut().zip(&self.standings) {
            if standing.passes && (self.show_hidden || !standing.is_hidden) {
                row.marked = decide(row);
            }
        }
        self.count_marks();
    }

    fn count_marks(&mut self) {
        let mut marked = Tally::default();
        for (row, standing) in self.rows.iter().zip(&self.standings) {
            if row.marked && self.is_shown(*standing) {
                marked.add(&row.entry);
            }
        }
        self.marked = marked;
    }

    /// Marks by name what an earlier reading of the same directory had marked.
    pub(crate) fn keep_marks_of(&mut self, earlier: &Rows) {
        let marked = earlier.rows.iter().filter(|row| row.marked);
        let names: HashSet<&Name> = marked.map(|row| &row.entry.name).collect();
        if !names.is_empty() {
            self.rows.iter_mut().for_each(|row| row.marked = names.contains(&row.entry.name));
            self.count_marks();
        }
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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::domain::entry::{Attributes, Timestamp};

    fn sorts() -> Vec<Sort> {
        [SortBy::Name, SortBy::Size, SortBy::Time, SortBy::Extension]
            .into_iter()
            .flat_map(|by| [false, true].map(|reversed| Sort { by, reversed }))
            .collect()
    }

    fn entry(name: &str, size: Option<u64>, seconds: Option<i64>, is_directory: bool) -> Entry {
        let kind = if is_directory { Kind::Directory } else { Kind::File };
        let mut attributes = Attributes::of_kind(kind);
        attributes.size = size;
        attributes.modified = seconds.map(Timestamp::from_seconds);
        Entry { name: Name::new(name).unwrap(), attributes, leads_to: None }
    }

    fn any_entry() -> impl Strategy<Value = Entry> {
        let name = prop_oneof!["\\.?[abB0-2]{1,5}(\\.[abA]{1,3})?", "[ab]\\.longerthanthat[abc]"];
        let size = prop_oneof![Just(None), Just(Some(u64::MAX)), (0u64..3).prop_map(Some)];
        let seconds = prop_oneof![Just(None), Just(Some(i64::MIN)), (-2i64..3).prop_map(Some)];
        (name, size, seconds, any::<bool>())
            .prop_map(|(name, size, seconds, directory)| entry(&name, size, seconds, directory))
    }

    /// The order as it is meant, told without a thought of how long it takes.
    fn stands_before(a: &Entry, b: &Entry, sort: Sort) -> Ordering {
        let text = |entry: &Entry| SortText::of(&entry.name);
        let by_name = sort::compare_names((&a.name, &text(a)), (&b.name, &text(b)));
        let extension = |entry: &Entry| {
            let name = String::from_utf8_lossy(entry.name.as_bytes()).to_lowercase();
            name.rfind('.').filter(|&dot| dot > 0).map(|dot| name[dot..].to_owned())
        };
        let wanted = match sort.by {
            SortBy::Name => by_name,
            SortBy::Size => b.attributes.size.cmp(&a.attributes.size),
            SortBy::Time => b.attributes.modified.cmp(&a.attributes.modified),
            SortBy::Extension => extension(a).cmp(&extension(b)),
        };
        let wanted = if sort.reversed { wanted.reverse() } else { wanted };
        sort::is_directory(b).cmp(&sort::is_directory(a)).then(wanted).then(by_name)
    }

    fn shown(rows: &Rows) -> Vec<Entry> {
        let entries = (0..rows.len()).filter_map(|line| match rows.item(line) {
            Some(Item::Entry(row)) => Some(row.entry.clone()),
            _ => None,
        });
        entries.collect()
    }

    proptest! {
        #[test]
        fn rows_stand_in_order_however_they_come(
            mut batches in proptest::collection::vec(proptest::collection::vec(any_entry(), 0..12), 1..5),
            sort in proptest::sample::select(sorts()),
            show_hidden in any::<bool>(),
        ) {
            let mut names = HashSet::new();
            for batch in &mut batches {
                batch.retain(|entry| names.insert(entry.name.clone()));
            }
            let mut expected = batches.concat();
            expected.retain(|entry| show_hidden || !entry.name.is_hidden());
            expected.sort_by(|a, b| stands_before(a, b, sort));
            let mut rows = Rows::new(sort, show_hidden, true);
            for batch in &batches {
                rows.insert(batch.clone(), 0);
            }
            prop_assert_eq!(&shown(&rows), &expected, "streamed");
            let mut rows = Rows::new(Sort::default(), !show_hidden, true);
            rows.insert(batches.concat(), 0);
            rows.set_show_hidden(show_hidden, 0);
            rows.set_sort(sort, 0);
            prop_assert_eq!(&shown(&rows), &expected, "sorted later");
            for entry in &expected {
                prop_assert!(rows.line_of(&entry.name).is_some());
            }
        }
    }

    #[test]
    fn with_a_hundred_thousand_rows_no_key_compares_names() {
        const BATCH: usize = 1_000;
        let compared = || sort::COMPARED.replace(0);
        let mut rows = Rows::new(Sort::default(), false, true);
        for batch in 0..100 {
            let number = |at: usize| (batch * BATCH + at) * 7_919 % 100_000;
            let names = (0..BATCH).map(number).map(|number| {
                let dot = if number % 10 == 0 { "." } else { "" };
                entry(&format!("{dot}name-{number}.csv"), Some(number as u64 % 7), None, false)
            });
            compared();
            rows.insert(names.collect(), 5);
            let most = BATCH * 40;
            let compared = compared();
            assert!(compared < most, "batch {batch}: {compared} names compared");
        }
        assert_eq!((rows.known(), rows.shown()), (100_000, 90_000));
        for sort in sorts() {
            rows.set_sort(sort, 50_000);
            rows.set_show_hidden(true, 50_000);
            rows.set_show_hidden(false, 50_000);
            rows.mark_by(|row| !row.marked);
            rows.toggle_mark(50_000);
        }
        assert_eq!(compared(), 0);
        let name = Name::new("name-4711.csv").unwrap();
        assert!(rows.line_of(&name).is_some());
        assert!(compared() < 20);
    }
}
