//! One attempt at one step: what it is given, what it lets be seen meanwhile, and where it is sent.

use std::sync::{
    Arc,
    atomic::{AtomicU8, AtomicU64, AtomicUsize, Ordering},
};

use tokio::sync::{OnceCell, mpsc, oneshot};

use super::{
    begun::{Begun, Written},
    destination::Resolved,
    gate::Gate,
    journal::{Note, Notebook},
    links, look,
    message::{JobId, JobRequest, StepId, Work},
    modes,
    part::Place,
    removal,
    step::{Arrived, Fail, Found, Outcome, Phase, Step, Task},
    transfer, trash, tree,
};
use crate::{
    domain::{
        entry::{Attributes, RefusedName},
        error::ErrorKind,
        path::StoragePath,
        place::{Endpoint, Location},
    },
    storage::Storage,
};

/// All that an attempt needs.
pub(super) struct Errand {
    pub(super) request: Arc<JobRequest>,
    /// Found out once for all sources of the job.
    pub(super) destination: Arc<OnceCell<Resolved>>,
    pub(super) step: Step,
    pub(super) source: Arc<dyn Storage>,
    /// For a removal: the source once more.
    pub(super) target: Place,
    pub(super) live: Arc<Live>,
    /// How many large files of the job are under way.
    pub(super) company: Arc<AtomicUsize>,
    pub(super) plan: Announcer,
    pub(super) journal: Notebook,
    pub(super) gate: Gate,
    /// Another process began the job.
    pub(super) is_resumed: bool,
}

/// What can be seen of an attempt while it is under way.
#[derive(Debug, Default)]
pub(super) struct Live {
    carried: AtomicU64,
    phase: AtomicU8,
    moved: Moved,
}

/// Bytes that all attempts of a job have moved, those that had to be moved again too. It only grows: rates are told from
/// it, and what an earlier attempt left is no part of them.
#[derive(Debug, Clone, Default)]
pub(super) struct Moved(Arc<AtomicU64>);

impl Moved {
    pub(super) fn bytes(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// Where an attempt is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum LivePhase {
    Copying = 0,
    Verifying = 1,
    Committing = 2,
}

impl Live {
    pub(super) fn of(moved: Moved) -> Self {
        Self { moved, ..Self::default() }
    }

    /// Bytes that went across just now.
    pub(super) fn carry(&self, bytes: u64) {
        self.carried.fetch_add(bytes, Ordering::Relaxed);
        self.moved.0.fetch_add(bytes, Ordering::Relaxed);
    }

    /// Bytes that were across before this attempt.
    pub(super) fn find(&self, bytes: u64) {
        self.carried.fetch_add(bytes, Ordering::Relaxed);
    }

    /// Bytes that will be carried once more.
    pub(super) fn take_back(&self, bytes: u64) {
        self.carried.fetch_sub(bytes, Ordering::Relaxed);
    }

    /// All that was carried in this attempt will be carried once more.
    pub(super) fn start_over(&self) {
        self.carried.store(0, Ordering::Relaxed);
        self.enter(LivePhase::Copying);
    }

    pub(super) fn carried(&self) -> u64 {
        self.carried.load(Ordering::Relaxed)
    }

    pub(super) fn enter(&self, phase: LivePhase) {
        self.phase.store(phase as u8, Ordering::Relaxed);
    }

    pub(super) fn phase(&self) -> LivePhase {
        match self.phase.load(Ordering::Relaxed) {
            0 => LivePhase::Copying,
            1 => LivePhase::Verifying,
            _ => LivePhase::Committing,
        }
    }
}

/// Entries found under a directory, on their way into the plan.
pub(super) struct Announcement {
    pub(super) job: JobId,
    pub(super) parent: StepId,
    pub(super) found: Vec<Found>,
    pub(super) refused: Vec<RefusedName>,
    /// Answered when the plan has room for more.
    pub(super) room: oneshot::Sender<()>,
}

/// Hands announcements over, and waits when the plan is far enough ahead.
pub(super) struct Announcer {
    pub(super) job: JobId,
    pub(super) parent: StepId,
    pub(super) announcements: mpsc::UnboundedSender<Announcement>,
}

impl Announcer {
    pub(super) async fn announce(&self, found: Vec<Found>, refused: Vec<RefusedName>) {
        if found.is_empty() && refused.is_empty() {
            return;
        }
        let (room, granted) = oneshot::channel();
        let Self { job, parent, .. } = *self;
        let _ = self.announcements.send(Announcement { job, parent, found, refused, room });
        // Nobody answers only when the job is gone, and then this attempt is about to be as well.
        let _ = granted.await;
    }
}

impl Errand {
    /// The attempt.
    pub(super) async fn run(self) -> Outcome {
        let attempt = match &self.step.task {
            Task::Look => look::look(&self).await,
            Task::File(stage) => transfer::cross(&self, stage).await,
            Task::Symlink => links::copy_link(&self).await,
            Task::NamedSymlink(begun) => links::named_before(&self, begun).await,
            Task::Directory(Phase::Expand, folder) => tree::open_directory(&self, folder).await,
            Task::Directory(Phase::Close(left), folder) => {
                tree::close_directory(&self, folder, *left).await
            }
            Task::Rename => links::rename(&self).await,
            Task::RenameAgain => links::rename_again(&self).await,
            Task::Refuse(error) => Err(Fail { error: error.clone(), at: None, resume: None }),
            Task::Set(_) => modes::set_one(&self).await,
            Task::SetAll(_, Phase::Expand, folder) => modes::open_directory(&self, folder).await,
            Task::SetAll(_, Phase::Close(_), _) => modes::close_directory(&self).await,
            Task::Trash => trash::take(&self).await,
            Task::RemoveFile => removal::remove_file(&self).await,
            Task::RemoveDirectory(Phase::Expand, folder) => {
                removal::open_directory(&self, folder).await
            }
            Task::RemoveDirectory(Phase::Close(left), _) => {
                removal::close_directory(&self, *left).await
            }
        };
        attempt.unwrap_or_else(Outcome::Failed)
    }

    pub(super) fn target(&self) -> &dyn Storage {
        &*self.target.storage
    }

    /// Where the copy goes. That it is known is for `look` and the tree walk to see to.
    pub(super) fn to(&self) -> Result<&StoragePath, Fail> {
        self.step.to.as_ref().ok_or_else(|| {
            Fail::new(
                ErrorKind::Invalid,
                format!("copy {}", self.source_words()),
                "it has no destination",
            )
        })
    }

    /// The source as an error calls it.
    pub(super) fn source_words(&self) -> Location {
        Location { endpoint: self.request.from.clone(), path: self.step.from.clone() }
    }

    /// What is being done, to complete "Could not …".
    pub(super) fn doing(&self) -> String {
        let verb = match self.request.work {
            Work::Copy(_) => "copy",
            Work::Move(_) => "move",
            Work::Delete => return format!("remove {}", self.source_words()),
            Work::Trash => return format!("put {} into the trash", self.source_words()),
            Work::SetModes(_) => {
                return format!("set the permissions of {}", self.source_words());
            }
            Work::SetTraits(traits) => {
                return format!("set the {} of {}", traits.words(), self.source_words());
            }
        };
        match &self.step.to {
            Some(to) => {
                let to = Location { endpoint: self.target.endpoint.clone(), path: to.clone() };
                format!("{verb} {} to {to}", self.source_words())
            }
            None => format!("{verb} {}", self.source_words()),
        }
    }

    /// A failure of the step as a whole.
    pub(super) fn fail(&self, kind: ErrorKind, why: impl Into<Box<str>>) -> Fail {
        Fail::new(kind, self.doing(), why)
    }

    /// Has it written that the job made this directory.
    pub(super) fn note_made(&self, directory: &StoragePath) {
        let job = self.plan.job;
        self.journal.note(|| Note::Made { job, path: directory.clone() });
    }

    /// Has it written that there is to be a part, and waits until it is: what is not known of is not gone on with, and
    /// is taken for what a killed job left.
    pub(super) async fn note_part(&self, begun: &Begun) {
        let job = self.plan.job;
        let note = || Note::Part { job, begun: Box::new(begun.clone()) };
        self.journal.note_and_wait(note).await;
    }

    /// Has it written how far a part has come.
    pub(super) fn note_progress(&self, begun: Begun) {
        let job = self.plan.job;
        self.journal.note(|| Note::Part { job, begun: Box::new(begun) });
    }

    /// Has it written that all of a directory was moved and it is about to go, and waits until it is. The time of what
    /// stands at the destination may be another: none is noted.
    pub(super) async fn note_emptied(&self) {
        let Some(to) = &self.step.to else { return };
        self.note_part(&Begun {
            from: self.step.from.clone(),
            to: to.clone(),
            part: to.clone(),
            source: Attributes { modified: None, ..self.step.source },
            written: Written::Moving,
        })
        .await;
    }

    /// Has it written that there is nothing to go on with.
    pub(super) fn note_part_gone(&self) {
        let (job, from) = (self.plan.job, self.step.from.clone());
        self.journal.note(|| Note::PartGone { job, from });
    }

    /// Has it written that a file that is moved has its final name, and waits until it is.
    pub(super) async fn note_committed(
        &self,
        to: &StoragePath,
        source: Attributes,
        arrived: Arrived,
    ) {
        let (job, from, to) = (self.plan.job, self.step.from.clone(), to.clone());
        let written = Written::Committed(arrived);
        let begun = Box::new(Begun { from, part: to.clone(), to, source, written });
        self.journal.note_and_wait(|| Note::Part { job, begun }).await;
    }

    pub(super) fn is_move(&self) -> bool {
        matches!(self.request.work, Work::Move(_))
    }

    /// Whether source and destination are the same storage.
    pub(super) fn is_within_one_endpoint(&self) -> bool {
        self.request.from == self.target.endpoint
    }

    pub(super) fn source_is_here(&self) -> bool {
        self.request.from == Endpoint::Local
    }

    pub(super) fn target_is_here(&self) -> bool {
        self.target.endpoint == Endpoint::Local
    }

    /// With how many large files, itself among them, it shares the lanes.
    pub(super) fn company(&self) -> usize {
        self.company.load(Ordering::Relaxed).max(1)
    }
}
