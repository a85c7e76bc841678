//! All that passes between the engine and whoever drives it: commands in, events and progress out.
//!
//! Outcomes are events, none is ever lost. Progress is a state: one [`Snapshot`], the latest wins.

mod inquiry;
pub mod ledger;
mod request;
mod stale;

use std::{sync::Arc, time::Instant};

use crate::domain::{
    digest::{Sha256, Verdict},
    entry::{Attributes, Entry, RefusedName},
    error::Error,
    path::{Name, StoragePath},
    place::{Endpoint, Location},
    question::{Answer, Question},
    rate::Limit,
};

pub use inquiry::{Answered, Inquiry, Sum, Told};
pub use request::{Destination, JobOptions, JobRequest, Modes, Work};
pub use stale::Stale;

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

/// A job's number in the journal, where it outlives its process.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct JobNumber(pub i64);

/// A job of the journal that has not ended.
#[derive(Debug, Clone)]
pub struct LeftJob {
    /// Which.
    pub number: JobNumber,
    /// What was asked for.
    pub request: Arc<JobRequest>,
    /// When.
    pub added: jiff::Timestamp,
    /// Steps of it that ended.
    pub steps_ended: u64,
    /// The process that works on it; `None` where it was interrupted.
    pub runs_in: Option<u32>,
}

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
    /// Queue a job. It starts by itself.
    Add(JobId, JobRequest),
    /// Stop a part of the work; its temporary files are removed where the connection still allows.
    Cancel(Target),
    /// Hold a job, or all of them, where it is.
    Pause(Target),
    /// Go on with what was held.
    Continue(Target),
    /// Carry no more than this, all jobs together, from now on.
    Limit(Limit),
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
    /// Sets permissions.
    Mode,
}

impl StepKind {
    /// All of them.
    pub const ALL: [Self; 6] =
        [Self::File, Self::Directory, Self::Symlink, Self::Remove, Self::Rename, Self::Mode];

    /// The word used in the ledger.
    pub fn word(self) -> &'static str {
        match self {
            StepKind::File => "file",
            StepKind::Directory => "directory",
            StepKind::Symlink => "link",
            StepKind::Remove => "remove",
            StepKind::Rename => "rename",
            StepKind::Mode => "mode",
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

/// How everything stands at one moment. Published at most some tens of times a second.
#[derive(Debug, Clone, Default)]
pub struct Snapshot {
    /// Jobs in the order they were added.
    pub jobs: Vec<JobProgress>,
    /// Steps of the watched job: those under way, waiting for something, failed, then the last that ended.
    pub watched: Option<(JobId, Vec<StepProgress>)>,
    /// What all jobs together may carry.
    pub limit: Limit,
    /// Connections that steps are under way on.
    pub lanes: Vec<LanesInUse>,
}

/// How busy the connections to a server are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LanesInUse {
    /// Which server.
    pub endpoint: Endpoint,
    /// Steps under way that need it.
    pub steps: usize,
    /// Lanes it has: so many things can move side by side at full speed. `None` where nothing bounds them.
    pub lanes: Option<usize>,
}

/// How a job stands.
#[derive(Debug, Clone)]
pub struct JobProgress {
    /// Which.
    pub id: JobId,
    /// What was asked for.
    pub request: Arc<JobRequest>,
    /// Where it is in its life.
    pub state: JobState,
    /// What has ended so far.
    pub counts: Counts,
    /// Steps planned so far, and whether that is all of them.
    pub planned: u64,
    /// Bytes of the files planned so far, as listed.
    pub planned_bytes: u64,
    /// Whether planning is complete.
    pub plan_complete: bool,
    /// Bytes carried so far, of files under way as well.
    pub carried_bytes: u64,
    /// Bytes a second, smoothed; 0 while nothing moves.
    pub rate: f64,
    /// Seconds left at this rate, once the plan is complete and something moves.
    pub seconds_left: Option<f64>,
    /// Steps whose bytes are across, and are being compared.
    pub verifying: u64,
    /// The next attempt of a step that failed for now, the soonest of all.
    pub retry: Option<Retrying>,
    /// The last failure for good.
    pub last_failure: Option<Error>,
}

impl JobProgress {
    /// Whether all bytes are across, and what is left is to compare them: no rate tells how long that takes.
    pub fn only_verifies(&self) -> bool {
        self.verifying > 0 && self.plan_complete && self.carried_bytes >= self.planned_bytes
    }
}

/// Where a job is in its life.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum JobState {
    /// Not begun.
    Waiting,
    /// Steps are under way.
    Running,
    /// Nothing moves until the person says so.
    Paused,
    /// Nothing moves until a question is answered.
    Asking,
    /// Nothing moves until the next attempt.
    Retrying,
    /// All steps done (or left out on purpose).
    Done,
    /// Ended, with steps failed.
    Failed,
    /// Stopped by the person.
    Cancelled,
}

impl JobState {
    /// Whether nothing more will happen.
    pub fn has_ended(self) -> bool {
        matches!(self, JobState::Done | JobState::Failed | JobState::Cancelled)
    }
}

/// A wait for the next attempt.
#[derive(Debug, Clone)]
pub struct Retrying {
    /// When it is over.
    pub at: Instant,
    /// The number of the attempt to come; 2 is the first repetition.
    pub attempt: u32,
    /// What went wrong.
    pub why: Error,
}

/// How a step stands.
#[derive(Debug, Clone)]
pub struct StepProgress {
    /// Which.
    pub id: StepId,
    /// What it does.
    pub what: StepKind,
    /// From where.
    pub from: StoragePath,
    /// To where.
    pub to: Option<StoragePath>,
    /// What the source was listed as.
    pub source: Attributes,
    /// Where it is in its life.
    pub state: StepState,
    /// Bytes carried so far in this attempt.
    pub carried_bytes: u64,
}

/// Where a step is in its life.
#[derive(Debug, Clone)]
pub enum StepState {
    /// Planned.
    Waiting,
    /// Bytes move.
    Copying,
    /// Sizes and digests are compared.
    Verifying,
    /// Attributes and rename.
    Committing,
    /// A person is asked.
    Asking,
    /// It will be tried again.
    Retrying(Retrying),
    /// Done, and what is known of it.
    Done(Option<Verdict>),
    /// Failed for good.
    Failed(Error),
    /// Left out.
    Skipped,
    /// Stopped.
    Cancelled,
}
