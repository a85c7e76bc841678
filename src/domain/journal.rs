//! What a person may set about the journal.

/// How much of what was done stays in the ledger.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Retention {
    /// Rows that ended longer ago go.
    pub days: u32,
    /// Of more rows than this the oldest go.
    pub rows: u32,
}

/// What becomes of jobs that were interrupted, when the screen starts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum WhenLeft {
    /// The person is asked.
    #[default]
    Ask,
    /// They are gone on with.
    Always,
    /// They wait, until somebody asks for them.
    Never,
}

impl Retention {
    /// More than a hundred years is a mistake, not a wish.
    pub const MOST_DAYS: u32 = 36_525;
    /// More rows than this fill a disk.
    pub const MOST_ROWS: u32 = 100_000_000;
}

impl Default for Retention {
    /// A year, and a million rows (some 250 MB).
    fn default() -> Self {
        Self { days: 365, rows: 1_000_000 }
    }
}
