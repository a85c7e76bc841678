//! The history: rows of the ledger as far as they were read, and what is looked for among them.

use crate::{
    domain::{digest::Verdict, error::Error, figures},
    engine::message::{
        Ticket,
        ledger::{Page, PageWanted, Row},
    },
};

/// Rows asked for at once.
const PAGE: usize = 200;
/// More rows are not kept: who looks further back says what for.
const MOST_ROWS: usize = 20_000;

/// The ledger, while it is looked at.
#[derive(Debug, Default)]
pub(crate) struct LedgerPanel {
    /// The newest first.
    pub(crate) rows: Vec<Row>,
    pub(crate) cursor: usize,
    pub(crate) top: usize,
    pub(crate) height: usize,
    /// What is looked for; empty for everything.
    pub(crate) search: String,
    /// Whether characters go into the search.
    pub(crate) searching: bool,
    /// Why it cannot be read.
    pub(crate) trouble: Option<String>,
    /// The page on its way.
    asked: Option<Ticket>,
    rest: Rest,
}

/// What is not read yet.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
enum Rest {
    /// All of it.
    #[default]
    All,
    /// What stands before this place.
    Before(i64),
    Nothing,
}

impl LedgerPanel {
    /// Begins again, with what is looked for now.
    pub(crate) fn reread(&mut self) {
        let Self { height, search, searching, .. } = std::mem::take(self);
        *self = Self { height, search, searching, ..Self::default() };
    }

    /// The page that is needed now, if one is, to be asked for under this ticket.
    pub(crate) fn wants(
        &mut self,
        ticket: impl FnOnce() -> Ticket,
    ) -> Option<(Ticket, PageWanted)> {
        let enough = self.rows.len() > self.cursor + 2 * self.height.max(1);
        let before = match self.rest {
            _ if enough || self.asked.is_some() || self.rows.len() >= MOST_ROWS => return None,
            Rest::All => None,
            Rest::Before(place) => Some(place),
            Rest::Nothing => return None,
        };
        let ticket = ticket();
        self.asked = Some(ticket);
        let words = self.search.split_whitespace().map(str::to_owned).collect();
        Some((ticket, PageWanted { words, before, rows: PAGE }))
    }

    /// Takes a page in; one that nobody waits for any more is left.
    pub(crate) fn take(&mut self, ticket: Ticket, page: Result<Page, Error>) {
        if self.asked != Some(ticket) {
            return;
        }
        self.asked = None;
        match page {
            Ok(page) => {
                self.rows.extend(page.rows);
                self.rest = page.next.map_or(Rest::Nothing, Rest::Before);
            }
            Err(error) => (self.trouble, self.rest) = (Some(error.to_string()), Rest::Nothing),
        }
    }

    /// Whether there is more than what was read, or may be.
    pub(crate) fn has_more(&self) -> bool {
        self.rest != Rest::Nothing
    }

    /// Moves by rows; `isize::MIN` and `MAX` lead to the ends of what was read.
    pub(crate) fn move_by(&mut self, by: isize) {
        self.cursor = self.cursor.saturating_add_signed(by);
        self.settle();
    }

    pub(crate) fn move_to(&mut self, line: usize) {
        self.cursor = line;
        self.settle();
    }

    /// Puts cursor and scrolling right.
    pub(crate) fn settle(&mut self) {
        let (rows, height) = (self.rows.len(), self.height.max(1));
        self.cursor = self.cursor.min(rows.saturating_sub(1));
        let last = rows.saturating_sub(height);
        self.top =
            self.top.min(self.cursor).min(last).max((self.cursor + 1).saturating_sub(height));
    }

    /// All that is known of the row under the cursor.
    pub(crate) fn facts(&self) -> Option<Vec<String>> {
        let row = self.rows.get(self.cursor)?;
        let took = (row.ended - row.began).total(jiff::Unit::Second).unwrap_or(0.0);
        let mut facts = vec![
            format!("{} ({}): {}", row.ending.word(), row.kind.word(), row.ended),
            format!("from {}", row.from),
        ];
        facts.extend(row.to.as_ref().map(|to| format!("to {to}")));
        if let Some(size) = row.size {
            facts.push(format!("{} B", figures::grouped(size)));
        }
        if let Some(verdict) = row.verdict {
            facts.push(match &row.method {
                Some(method) => format!("Verified: {} ({method}).", verdict.word()),
                None => format!("Verified: {}.", verdict.word()),
            });
        }
        facts.extend(row.digest.map(|digest| format!("SHA-256 {digest}")));
        let attempts = figures::counted(row.attempts.into(), "attempt", "attempts");
        facts.push(format!("{attempts} in {}", figures::duration(took)));
        facts.extend(row.why.clone());
        facts.push(format!("job {}, step {}", row.job, row.step));
        Some(facts)
    }
}

/// What a row says of how it ended: the verdict where there is one.
pub(crate) fn ending_words(row: &Row) -> &'static str {
    row.verdict.map_or(row.ending.word(), Verdict::word)
}
