//! Rows by what is typed: which pass a filter, and where the cursor goes in a search.

use super::{super::sieve::Sieve, Rows};
use crate::domain::{entry::Entry, path::Name};

impl Rows {
    /// Shows only what passes. Returns where what stood in `line` stands now.
    pub(crate) fn set_filter(&mut self, mut filter: Option<Box<Sieve>>, line: usize) -> usize {
        let narrows = match (&self.filter, &filter) {
            (Some(earlier), Some(filter)) => filter.narrows(earlier),
            _ => false,
        };
        for (row, standing) in self.rows.iter().zip(&mut self.standings) {
            if !narrows || standing.passes {
                let passes = |sieve: &mut Sieve| sieve.passes(&row.entry.name);
                standing.passes = filter.as_mut().is_none_or(|sieve| passes(sieve));
            }
        }
        let row = self.row_in(line);
        self.filter = filter;
        self.count_marks();
        self.arrange();
        let first = usize::from(self.has_parent && self.filter.is_some());
        self.line_of_row(row).unwrap_or(first)
    }

    /// The line whose name fits best; of several, the first from `origin` on. Where very many fit, what is typed says
    /// little yet, and only the next of them are weighed.
    pub(crate) fn best_line(&self, sieve: &mut Sieve, origin: usize) -> Option<usize> {
        const MOST_WEIGHED: usize = 4_000;
        let (first, count) = (usize::from(self.has_parent), self.order.len());
        let from = origin.saturating_sub(first).min(count);
        let name = |at: usize| &self.rows[self.order[at] as usize].entry.name;
        let mut best: Option<(u32, usize)> = None;
        let mut weighed = 0;
        for at in (from..count).chain(0..from) {
            if !sieve.passes(name(at)) {
                continue;
            }
            let score = sieve.score(name(at)).unwrap_or(0);
            if best.is_none_or(|(most, _)| score > most) {
                best = Some((score, at + first));
            }
            weighed += 1;
            if weighed == MOST_WEIGHED {
                break;
            }
        }
        best.map(|(_, line)| line)
    }

    /// The next line whose name fits, or the one before, round the end.
    pub(crate) fn next_line(
        &self,
        sieve: &mut Sieve,
        line: usize,
        backwards: bool,
    ) -> Option<usize> {
        let (first, count) = (usize::from(self.has_parent), self.order.len());
        let here = line.saturating_sub(first);
        let at = |step: usize| {
            if backwards { (here + count * 2 - step) % count } else { (here + step) % count }
        };
        (1..=count).map(at).find_map(|at| {
            let row = &self.rows[self.order[at] as usize];
            sieve.passes(&row.entry.name).then_some(at + first)
        })
    }

    /// All entries known, in no order.
    pub(crate) fn entries(&self) -> impl Iterator<Item = &Entry> {
        self.rows.iter().map(|row| &row.entry)
    }

    /// Whether an entry of this name is known, shown or not.
    pub(crate) fn knows(&self, name: &Name) -> bool {
        self.index_of(name).is_some()
    }
}
