//! What is to be done and what has been done, in memory and in one SQLite file: the journal and its ledger.
//!
//! | room | what it is for |
//! |---|---|
//! | `sums` | the sums of each job, in memory |
//! | `entry`, `rows` | a step that ended; its row in the ledger |
//! | `schema` | what the file looks like, and how older ones become so |
//! | `file` | where it lies, who may read it, and what becomes of a damaged one |
//! | `keeper` | the thread that writes, a batch at a time |
//! | `notes`, `orders` | what the keeper is told, and how that is written; a job as it was asked for |
//! | `parts`, `answers` | parts that may be gone on with; what a person answered |
//! | `lease`, `left` | whose a job is; those whose process is gone |
//! | `stale` | what those may have left behind |
//! | `retention` | what is old goes |
//! | [`ledger`], `pages` | reading what was done: all of it in order, or a page at a time |
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
//! A job is written down before its first step begins, and so is, for a move, that a copy has its name before its
//! source is removed. A part that is worth going on with is written down as it grows; where that is missing after a kill,
//! less is gone on with, and nothing is wrong.
//!
//! Against power loss the file itself is safe (WAL), but its last transactions may be missing: they are synced
//! with each checkpoint, not each commit (`synchronous = NORMAL`). Files that are copied are not synced one by one
//! either, and a ledger that is surer of a file than the disk is would promise too much.
//!
//! Where the ledger cannot be written (disk full, no permission, another program holds it), this is told once,
//! notes wait in memory for the next attempt, and transfers go on.

mod answers;
mod entry;
mod file;
mod keeper;
mod lease;
pub mod ledger;
mod left;
mod notes;
mod orders;
pub(super) mod pages;
mod parts;
mod retention;
mod rows;
mod schema;
mod stale;
mod sums;
mod traits;

use std::path::PathBuf;

use tokio::sync::{mpsc::UnboundedSender, oneshot};

use super::message::{Event, JobId, JobNumber, LeftJob, Stale};
use crate::domain::{error::Error, journal::Retention};

pub(super) use super::message::ledger::Ending;
pub(super) use answers::Answered;
pub(super) use entry::{Entry, now};
pub(super) use left::Claimed;
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

/// What is to be done once a note is written, or it is known that it cannot be.
pub(super) enum Then {
    Tell(Event),
    Reply(Reply),
    Wake(oneshot::Sender<()>),
}

/// What can be asked of the file.
pub(super) enum Query {
    /// Jobs that have not ended.
    Left,
    /// To take a job over, as this one.
    Claim(JobNumber, JobId),
    /// To end a job nobody works on.
    GiveUp(JobNumber),
    /// What jobs of processes that are gone may have left.
    Stale,
    /// Nothing is left of these jobs.
    Swept(Vec<JobNumber>),
}

/// What the keeper answers.
pub(super) enum Reply {
    /// A job that was added is written down.
    Written(JobId),
    Left(Result<Vec<LeftJob>, Error>),
    /// `None` where it has ended, or another process has it.
    Claimed(JobNumber, JobId, Result<Option<Box<Claimed>>, Error>),
    GivenUp(JobNumber, Result<bool, Error>),
    Stale(Result<Vec<Stale>, Error>),
    Swept(Result<(), Error>),
}

impl Query {
    /// The answer where nothing is recorded.
    fn without_a_journal(self) -> Reply {
        match self {
            Query::Left => Reply::Left(Ok(Vec::new())),
            Query::Claim(number, job) => Reply::Claimed(number, job, Ok(None)),
            Query::GiveUp(number) => Reply::GivenUp(number, Ok(false)),
            Query::Stale => Reply::Stale(Ok(Vec::new())),
            Query::Swept(_) => Reply::Swept(Ok(())),
        }
    }
}

/// The engine's end: sums at once, notes handed over.
pub(super) struct Journal {
    sums: sums::Sums,
    notebook: Notebook,
    events: UnboundedSender<Event>,
    replies: UnboundedSender<Reply>,
    mark: String,
    /// Where the file lies, if there is to be one.
    directory: Option<PathBuf>,
}

/// Where those who work on steps write.
#[derive(Clone)]
pub(super) struct Notebook(Option<keeper::Keeper>);

impl Notebook {
    /// Has something written.
    pub(super) fn note(&self, note: impl FnOnce() -> Note) {
        if let Some(keeper) = &self.0 {
            keeper.send(note(), None);
        }
    }

    /// Has something written, and waits until it is, or until it is known that it cannot be.
    pub(super) async fn note_and_wait(&self, note: impl FnOnce() -> Note) {
        if let Some(keeper) = &self.0 {
            let (waiting, written) = oneshot::channel();
            keeper.send(note(), Some(Then::Wake(waiting)));
            let _ = written.await;
        }
    }
}

impl Journal {
    /// With a keeper where there is to be a file.
    pub(super) fn new(
        options: Option<Options>,
        events: UnboundedSender<Event>,
        replies: UnboundedSender<Reply>,
    ) -> Self {
        let process = lease::name();
        let mark = notes::mark_of(&process).to_owned();
        let directory = options.as_ref().map(|options| options.directory.clone());
        let keeper = options.and_then(|options| {
            keeper::Keeper::start(options, process, events.clone(), replies.clone())
        });
        let (sums, notebook) = (sums::Sums::default(), Notebook(keeper));
        Self { sums, notebook, events, replies, mark, directory }
    }

    /// What the names of this process's parts bear, so that it is known whose they are.
    pub(super) fn mark(&self) -> &str {
        &self.mark
    }

    /// Where the file lies; `None` where nothing is recorded.
    pub(super) fn directory(&self) -> Option<&std::path::Path> {
        self.directory.as_deref()
    }

    /// For those who work on steps.
    pub(super) fn notebook(&self) -> Notebook {
        self.notebook.clone()
    }

    /// Takes a transition into the sums.
    pub(super) fn record(&mut self, job: JobId, transition: Transition) {
        self.sums.record(job, transition);
    }

    /// A job begins with what was done of it before.
    pub(super) fn begin_with(&mut self, job: JobId, record: Record) {
        self.sums.begin_with(job, record);
    }

    /// A job's sums so far.
    pub(super) fn of(&self, job: JobId) -> Record {
        self.sums.of(job)
    }

    /// Has something written.
    pub(super) fn note(&self, note: impl FnOnce() -> Note) {
        self.notebook.note(note);
    }

    /// Has something written, and then told.
    pub(super) fn note_and_tell(&self, note: impl FnOnce() -> Note, event: Event) {
        self.note_and_then(note, Then::Tell(event));
    }

    /// Has something written, and then replied to the engine.
    pub(super) fn note_and_reply(&self, note: impl FnOnce() -> Note, reply: Reply) {
        self.note_and_then(note, Then::Reply(reply));
    }

    fn note_and_then(&self, note: impl FnOnce() -> Note, then: Then) {
        let undone = match &self.notebook.0 {
            Some(keeper) => keeper.send(note(), Some(then)),
            None => Some(then),
        };
        // Nobody listens any more only when the program is about to end.
        match undone {
            Some(Then::Tell(event)) => drop(self.events.send(event)),
            Some(Then::Reply(reply)) => drop(self.replies.send(reply)),
            Some(Then::Wake(waiting)) => drop(waiting.send(())),
            None => {}
        }
    }

    /// Asks something of the file; the reply comes where replies go.
    pub(super) fn ask(&self, query: Query) {
        let unasked = match &self.notebook.0 {
            Some(keeper) => keeper.ask(query),
            None => Some(query),
        };
        if let Some(query) = unasked {
            let _ = self.replies.send(query.without_a_journal());
        }
    }
}
