//! What is to be done and what has been done, in memory and in one SQLite file: the journal and its ledger.
//!
//! | room | what it is for |
//! |---|---|
//! | `sums` | the sums of each job, in memory |
//! | `entry`, `rows` | a step that ended; its row in the ledger |
//! | `schema` | what the file looks like, and how older ones become so |
//! | `file` | where it lies, who may read it, and what becomes of a damaged one |
//! | `keeper` | the thread that writes, a batch at a time |
//! | `notes` | what the keeper is told, and how that is written |
//! | `retention` | what is old goes |
//! | [`ledger`] | reading what was done |
//!
//! # What is promised, and when
//!
//! The engine never waits for the disk: it hands a note to the keeper and goes on. The keeper gathers notes for
//! at most a fiftieth of a second and writes them in one transaction; only then does it tell the event that goes
//! with each. So whoever is told that a step is done, failed or skipped, or that a job has ended, finds it in the
//! ledger, whatever becomes of this process a moment later: a committed transaction is the system's to keep. And
//! since a step is noted after its file has its final name, a `done` in the ledger is true; what can be missing
//! after a kill is the last fiftieth of a second of it.
//!
//! Against power loss the file itself is safe (WAL), but its last transactions may be missing: they are synced
//! with each checkpoint, not each commit (`synchronous = NORMAL`). Files that are copied are not synced one by one
//! either, and a ledger that is surer of a file than the disk is would promise too much.
//!
//! Where the ledger cannot be written (disk full, no permission, another program holds it), this is told once,
//! notes wait in memory for the next attempt, and transfers go on.

mod entry;
mod file;
mod keeper;
pub mod ledger;
mod notes;
mod retention;
mod rows;
mod schema;
mod sums;

use std::path::PathBuf;

use tokio::sync::mpsc::UnboundedSender;

use super::message::{Event, JobId};
use crate::domain::journal::Retention;

pub(super) use entry::{Ending, Entry, now};
pub(super) use notes::Note;
pub(super) use sums::{Record, Transition};

/// Where the journal lies, and how much of it is kept.
#[derive(Debug, Clone)]
pub struct Options {
    /// The directory it lies in; made, for this user's eyes only, when there is something to write.
    pub directory: PathBuf,
    /// What stays in the ledger.
    pub retention: Retention,
}

/// The engine's end: sums at once, notes handed over.
pub(super) struct Journal {
    sums: sums::Sums,
    keeper: Option<keeper::Keeper>,
    events: UnboundedSender<Event>,
}

impl Journal {
    /// With a keeper where there is to be a file.
    pub(super) fn new(options: Option<Options>, events: UnboundedSender<Event>) -> Self {
        let keeper = options.and_then(|options| keeper::Keeper::start(options, events.clone()));
        Self { sums: sums::Sums::default(), keeper, events }
    }

    /// Takes a transition into the sums.
    pub(super) fn record(&mut self, job: JobId, transition: Transition) {
        self.sums.record(job, transition);
    }

    /// A job's sums so far.
    pub(super) fn of(&self, job: JobId) -> Record {
        self.sums.of(job)
    }

    /// Has something written.
    pub(super) fn note(&mut self, note: impl FnOnce() -> Note) {
        if let Some(keeper) = &self.keeper {
            keeper.send(note(), None);
        }
    }

    /// Has something written, and then told.
    pub(super) fn note_and_tell(&mut self, note: impl FnOnce() -> Note, event: Event) {
        let unsent = match &self.keeper {
            Some(keeper) => keeper.send(note(), Some(event)),
            None => Some(event),
        };
        if let Some(event) = unsent {
            // Nobody listens any more only when the program is about to end.
            let _ = self.events.send(event);
        }
    }
}
