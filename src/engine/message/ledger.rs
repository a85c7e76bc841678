//! Rows of the ledger, and pages of them.

use jiff::Timestamp;

use super::StepKind;
use crate::domain::{
    digest::{Sha256, Verdict},
    place::Location,
};

/// How a step ended, as the ledger has it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Ending {
    /// It was done, and its verdict says what is known.
    Done,
    /// It failed for good.
    Failed,
    /// It was left out: the name was taken.
    Skipped,
    /// A person stopped it.
    Cancelled,
}

impl Ending {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Done, Self::Failed, Self::Skipped, Self::Cancelled];

    /// The word used in the ledger.
    pub fn word(self) -> &'static str {
        match self {
            Ending::Done => "done",
            Ending::Failed => "failed",
            Ending::Skipped => "skipped",
            Ending::Cancelled => "cancelled",
        }
    }
}

/// One step that ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// The job's number in the file; not the one it had in its process.
    pub job: i64,
    /// The step's number in its job.
    pub step: u64,
    /// How it ended.
    pub ending: Ending,
    /// What it did.
    pub kind: StepKind,
    /// From where.
    pub from: Location,
    /// To where; `None` for a removal, and where it was not found out.
    pub to: Option<Location>,
    /// Bytes of a file: those that arrived, else those it was listed with.
    pub size: Option<u64>,
    /// What is known of the copy.
    pub verdict: Option<Verdict>,
    /// How the verdict was come to: `sha256`, `size`.
    pub method: Option<String>,
    /// The digest both ends agree on, or the one of what was sent where only it is known.
    pub digest: Option<Sha256>,
    /// 1 if it went well at once; 0 if it was never begun.
    pub attempts: u32,
    /// When its first attempt began.
    pub began: Timestamp,
    /// When it ended.
    pub ended: Timestamp,
    /// Why it failed, in a whole sentence.
    pub why: Option<String>,
}

/// A page of the ledger, as somebody wants it: the newest rows first.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct PageWanted {
    /// Words that each have to be somewhere in a row, whatever their case: in its time (UTC), how it ended, its
    /// verdict, its places, its digest, the reason. Empty for every row.
    pub words: Vec<String>,
    /// Where the page before said that this one begins; `None` for the newest rows.
    pub before: Option<i64>,
    /// At most so many rows.
    pub rows: usize,
}

/// A page of the ledger.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Page {
    /// The rows, the newest first. There may be none though there is a next page: they were looked for, and it goes on.
    pub rows: Vec<Row>,
    /// Where the next page begins; `None` at the end of the ledger.
    pub next: Option<i64>,
}
