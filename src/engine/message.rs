//! All that passes between the engine and whoever drives it: commands in, events and progress out.
//!
//! Outcomes are events, none is ever lost. Progress is a state: one [`Snapshot`], the latest wins.

mod inquiry;
pub mod ledger;
mod left;
mod progress;
mod request;

use crate::domain::{
    digest::{Sha256, Verdict},
    entry::{Entry, RefusedName},
    error::Error,
    path::{Name, StoragePath},
    place::{Endpoint, Location},
    question::{Answer, Question},
    rate::Limit,
    shell::{Shell, Window},
    wanted::Wanted,
};

pub use inquiry::{Answered, Inquiry, Sum, Told};
pub use left::{JobNumber, LeftJob, Stale};
pub use progress::{
    JobProgress, JobState, LanesInUse, Retrying, Snapshot, StepProgress, StepState,
};
pub use request::{Destination, JobOptions, JobRequest, Modes, Traits, Turn, Work};

/// Ties an answer to who asked: a pane's listing, a dialog's action. Chosen by the asker, never used twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Ticket(pub u64);

/// A job. Chosen by the asker, never used twice in a process.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct JobId(pub u64);

/// A step within its job, counted from 0 in the order it was planned.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct StepId(pub u64);

/// An open question.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct QuestionId(pub u64);

/// What a person (or a script) wants done.
#[derive(Debug)]
pub enum Command {
    /// Connect if need be, make the path absolute, and list it. Answered by [`Event::Opened`], then
    /// [`Event::Rows`] … [`Event::Listed`], or by [`Event::OpenFailed`] at any point.
    Open {
        /// Comes back in the events.
        ticket: Ticket,
        /// What to open.
        location: Location,
    },
    /// Find what lies below a place. Answered like [`Command::Open`]; the rows' names are the ways to what was found.
    Find {
        /// Comes back in the events.
        ticket: Ticket,
        /// Below which folder.
        location: Location,
        /// What is looked for.
        wanted: Wanted,
    },
    /// Stop answering this ticket.
    Close(Ticket),
    /// Do one small thing now, outside the queue. Answered by [`Event::Performed`].
    Perform {
        /// Comes back in the event.
        ticket: Ticket,
        /// What to do.
        act: Act,
    },
    /// Find something out. Answered by [`Event::Answered`], until [`Command::Close`] ends it.
    Inquire {
        /// Comes back in the event.
        ticket: Ticket,
        /// What is to be found out.
        inquiry: Inquiry,
    },
    /// Read a page of the ledger. Answered by [`Event::History`].
    History {
        /// Comes back in the event.
        ticket: Ticket,
        /// Which.
        wanted: ledger::PageWanted,
    },
    /// Begin a shell in a folder of a server. Answered by [`Event::Shell`].
    OpenShell {
        /// Comes back in the event.
        ticket: Ticket,
        /// Where.
        location: Location,
        /// How large the terminal is.
        window: Window,
    },
    /// Queue a job. It starts by itself.
    Add(JobId, JobRequest),
    /// Stop a part of the work; its temporary files are removed where the connection still allows.
    Cancel(Target),
    /// Hold a step, a job, or all of them, where it is.
    Pause(Target),
    /// Go on with what was held.
    Continue(Target),
    /// Serve a job before the one before it, or after the next.
    Reorder(JobId, Turn),
    /// Carry no more than this, all jobs together, from now on.
    Limit(Limit),
    /// Carry no more than this from and to a site; the limit of all jobs together holds besides.
    LimitSite(Endpoint, Limit),
    /// Carry no more files than this at once; `None` for as many as do well.
    AtOnce(Option<usize>),
    /// Run failed steps once more (a job or a step), or end a wait for the next attempt now.
    Retry(Target),
    /// Answer a question.
    Answer(QuestionId, Answer),
    /// Show the steps of this job in the snapshots; `None` for no job's.
    Watch(Option<JobId>),
    /// Forget jobs that have ended.
    ClearEnded,
    /// End every connection to an endpoint. Jobs that need it connect again.
    Disconnect(Endpoint),
    /// Look which jobs of the journal have not ended. Answered by [`Event::Left`].
    FindLeft,
    /// Go on with a job that was interrupted, as this job.
    Resume(JobNumber, JobId),
    /// End a job that was interrupted as it stands: nobody will go on with it.
    GiveUp(JobNumber),
    /// Look what jobs that did not end in peace may have left. Answered by [`Event::Stale`].
    FindStale,
    /// Nothing was found that these jobs left: they need not be told of any more.
    Swept(Vec<JobNumber>),
    /// Stop everything where it stands, and leave it to be gone on with; the event stream ends when it is done.
    Suspend,
    /// Cancel everything; the event stream ends when it is done.
    Shutdown,
}

/// A small thing to do at once.
#[derive(Debug, Clone)]
pub enum Act {
    /// Make a directory, and its missing parents below an existing one.
    MakeDirectory(Location),
    /// Rename within an endpoint; never replaces.
    Rename {
        /// What.
        from: Location,
        /// To which path of the same endpoint.
        to: StoragePath,
    },
    /// Make a symbolic link that holds a target as it is written; never replaces.
    MakeLink {
        /// Where.
        at: Location,
        /// What it holds.
        target: Vec<u8>,
    },
    /// Rename one after the other within a directory; never replaces, and stops at the first that fails.
    RenameMany {
        /// The directory.
        within: Location,
        /// From and to, in this order.
        steps: Vec<(Name, Name)>,
    },
}

/// A part of the work.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Target {
    /// One step.
    Step(JobId, StepId),
    /// One job.
    Job(JobId),
    /// All jobs.
    Everything,
}

/// What happened. Never lost, in order.
#[derive(Debug)]
pub enum Event {
    /// A connection's state changed.
    Connection {
        /// Which.
        endpoint: Endpoint,
        /// To what.
        state: ConnectionState,
    },
    /// A ticket's place is connected, its path known; rows follow.
    Opened {
        /// Whose.
        ticket: Ticket,
        /// The absolute location.
        location: Location,
    },
    /// Rows of a listing.
    Rows {
        /// Whose.
        ticket: Ticket,
        /// The rows.
        entries: Vec<Entry>,
        /// Names refused at the door.
        refused: Vec<RefusedName>,
    },
    /// The listing is complete.
    Listed(Ticket),
    /// The place could not be opened, or its listing broke off.
    OpenFailed(Ticket, Error),
    /// A small thing was done, or not.
    Performed {
        /// Whose.
        ticket: Ticket,
        /// What was asked.
        act: Act,
        /// How it went.
        result: Result<(), Error>,
    },
    /// Something was found out, or cannot be.
    Answered(Answered),
    /// A page of the ledger, or why it cannot be read.
    History(Ticket, Result<ledger::Page, Error>),
    /// A shell has begun, or could not.
    Shell {
        /// Whose.
        ticket: Ticket,
        /// It.
        shell: Result<Shell, Error>,
    },
    /// A file arrived (or was moved, or removed).
    StepDone(StepDone),
    /// A step was left out, or failed for good. Its job goes on.
    StepEnded {
        /// Its job.
        job: JobId,
        /// Which.
        step: StepId,
        /// From where.
        from: Location,
        /// To where; `None` for a removal.
        to: Option<Location>,
        /// How.
        ending: StepEnding,
    },
    /// A job has no steps left.
    JobEnded(JobSummary),
    /// Something a person should decide.
    Asked {
        /// To be named in the answer.
        id: QuestionId,
        /// The job that waits for it, if one does.
        job: Option<JobId>,
        /// What is asked.
        question: Question,
    },
    /// The question needs no answer any more.
    Withdrawn(QuestionId),
    /// Jobs of the journal that have not ended, those of other processes and this one's among them.
    Left(Vec<LeftJob>),
    /// What jobs of the journal may have left.
    Stale(Vec<Stale>),
    /// A job that was interrupted could not be gone on with, and why: it has ended, or another Wharf has it.
    NotResumed(JobNumber, JobId, Error),
    /// Something a person should read once.
    Notice(String),
}

/// How a connection stands.
#[derive(Debug, Clone)]
pub enum ConnectionState {
    /// On the way.
    Connecting,
    /// Usable.
    Connected,
    /// It ended, or could not be made; who needs it tries again.
    Lost(Error),
}

/// A file that arrived.
#[derive(Debug, Clone)]
pub struct StepDone {
    /// Its job.
    pub job: JobId,
    /// Which.
    pub step: StepId,
    /// From where.
    pub from: Location,
    /// To where; `None` for a removal.
    pub to: Option<Location>,
    /// What it was.
    pub what: StepKind,
    /// Bytes carried.
    pub bytes: u64,
    /// What is known of the copy; `None` for what holds no content (directory, link, removal).
    pub verdict: Option<Verdict>,
    /// The digest both ends agree on, or the one of what was sent where only it is known.
    pub digest: Option<Sha256>,
    /// 1 if it went well at once.
    pub attempts: u32,
    /// From first attempt to the end, in seconds.
    pub seconds: f64,
}

/// What a step does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum StepKind {
    /// Carries a file's content.
    File,
    /// Makes a directory.
    Directory,
    /// Makes a symbolic link like the source's.
    Symlink,
    /// Removes.
    Remove,
    /// Renames within one endpoint.
    Rename,
    /// Puts into the trash.
    Trash,
    /// Sets permissions.
    Mode,
    /// Sets the owner, the group or the time.
    Traits,
}

impl StepKind {
    /// All of them.
    pub const ALL: [Self; 8] = [
        Self::File,
        Self::Directory,
        Self::Symlink,
        Self::Remove,
        Self::Rename,
        Self::Trash,
        Self::Mode,
        Self::Traits,
    ];

    /// The word used in the ledger.
    pub fn word(self) -> &'static str {
        match self {
            StepKind::File => "file",
            StepKind::Directory => "directory",
            StepKind::Symlink => "link",
            StepKind::Remove => "remove",
            StepKind::Rename => "rename",
            StepKind::Trash => "trash",
            StepKind::Mode => "mode",
            StepKind::Traits => "traits",
        }
    }
}

/// How a step ended without being done.
#[derive(Debug, Clone)]
pub enum StepEnding {
    /// For good, and why. The source is untouched, and so is what stood at the destination.
    Failed {
        /// Why.
        error: Error,
        /// Attempts made.
        attempts: u32,
    },
    /// The name was taken, and the answer was to leave it.
    Skipped,
    /// Stopped by the person.
    Cancelled,
}

/// A job's sum.
#[derive(Debug, Clone)]
pub struct JobSummary {
    /// Which.
    pub job: JobId,
    /// Whether it was cancelled.
    pub cancelled: bool,
    /// The numbers.
    pub counts: Counts,
    /// From its start to its end, in seconds.
    pub seconds: f64,
}

/// How many steps of a job ended how.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counts {
    /// Files, directories, links that arrived, or were removed.
    pub done: u64,
    /// Of these, files.
    pub files: u64,
    /// Files with the verdict `hash`.
    pub hash: u64,
    /// Files with the verdict `size`.
    pub size: u64,
    /// Steps that failed for good.
    pub failed: u64,
    /// Steps left out.
    pub skipped: u64,
    /// Steps cancelled.
    pub cancelled: u64,
    /// Bytes of the files that arrived.
    pub bytes: u64,
}
