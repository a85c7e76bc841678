//! A step: one thing to be done to one entry, what is known of it, and how an attempt at it can end.

use std::{
    collections::{HashSet, hash_map::RandomState},
    hash::BuildHasher,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use std::sync::Arc;

use tokio::time::Instant;

use super::{
    begun::Begun,
    errand::Errand,
    final_name::FinalName,
    message::{StepId, StepKind},
    transfer::Ready,
};
use crate::domain::{
    digest::{Sha256, Verdict},
    entry::{Attributes, Kind},
    error::{Error, ErrorKind},
    path::{Name, StoragePath},
    question::ConflictChoice,
};

/// One thing to be done to one entry.
#[derive(Debug, Clone)]
pub(super) struct Step {
    pub(super) id: StepId,
    /// The directory step it was found by.
    pub(super) parent: Option<StepId>,
    /// Directories between it and what was asked for.
    pub(super) depth: usize,
    pub(super) from: StoragePath,
    /// `None` for removals, and until it is found out.
    pub(super) to: Option<StoragePath>,
    /// What the source was listed as.
    pub(super) source: Attributes,
    pub(super) task: Task,
    pub(super) target: Known,
    /// A person's answer, or the job's.
    pub(super) choice: Option<ConflictChoice>,
    pub(super) history: History,
}

/// What happened to a step in its attempts so far.
#[derive(Debug, Clone, Default)]
pub(super) struct History {
    pub(super) attempts: u32,
    /// Attempts in a row that got no further than those before.
    pub(super) fruitless: u32,
    /// The most bytes any attempt carried.
    pub(super) furthest: u64,
    /// How many steps of the job had ended when it last failed: more since then means the way is open.
    pub(super) others_ended: u64,
    pub(super) began: Option<Instant>,
    /// What its source is known as came of a look at it, and of no listing.
    pub(super) was_looked_at: bool,
}

/// What a step does next.
#[derive(Debug, Clone)]
pub(super) enum Task {
    /// Find out what the source is, and where it goes.
    Look,
    File(Stage),
    Symlink,
    /// The link was made under a part's name; whether it got the numbered one that was noted is not known.
    NamedSymlink(Arc<Begun>),
    Directory(Phase, Arc<Folder>),
    /// Move by renaming.
    Rename,
    /// Another process was about to; whether it did is not known.
    RenameAgain,
    /// Put into the trash, whatever it is.
    Trash,
    RemoveFile,
    RemoveDirectory(Phase, Arc<Folder>),
    /// Set the permissions, the owner or the time of one thing; what of these it is called.
    Set(StepKind),
    /// Those of all a directory holds, then its own.
    SetAll(StepKind, Phase, Arc<Folder>),
    /// Nothing: its name may not be used, and this is why.
    Refuse(Error),
}

/// How far a file is; later stages are entered again only when the connection ended in them.
#[derive(Debug, Clone)]
pub(super) enum Stage {
    Copy,
    /// A part was begun, and may be gone on with.
    GoOn(Arc<Begun>),
    /// By another process the part was completed and checked; whether it got the name that was noted is not known.
    Named(Arc<Begun>),
    /// The part is complete and checked; whether the rename was done is not known.
    Commit(Arc<Ready>),
    /// The copy is committed; the moved source still stands.
    RemoveSource(Arc<Ready>),
}

/// A directory is opened before its entries are worked on, and closed after the last of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Phase {
    Expand,
    Close(Left),
}

/// What has become of the entries of a directory that is to be closed; the worst counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub(super) enum Left {
    #[default]
    Nothing,
    /// Something in it was left out on purpose.
    Skipped,
    Failed,
}

/// What a directory step has to remember over its attempts.
#[derive(Debug, Default)]
pub(super) struct Folder {
    /// Hashes of the names announced so far: a listing that is begun again, or a server that hands out a name
    /// twice, must not make two steps for one target. 128 bits keyed at random cannot be made to collide.
    announced: Mutex<HashSet<(u64, u64)>>,
    keys: (RandomState, RandomState),
    /// This job made the directory, so it is this job's to give it times and permissions.
    made: AtomicBool,
    /// Renaming did not work here: what is inside is moved by copying.
    pub(super) by_copy: bool,
}

impl Folder {
    pub(super) fn moved_by_copy() -> Self {
        Self { by_copy: true, ..Self::default() }
    }

    /// For a directory inside one.
    pub(super) fn inside(outer: &Folder) -> Self {
        Self { by_copy: outer.by_copy, ..Self::default() }
    }

    /// Whether this name comes for the first time.
    pub(super) fn is_new(&self, name: &Name) -> bool {
        let key = (self.keys.0.hash_one(name), self.keys.1.hash_one(name));
        self.announced.lock().unwrap_or_else(PoisonError::into_inner).insert(key)
    }

    /// Gives the memory back once the listing is complete.
    pub(super) fn forget_names(&self) {
        *self.announced.lock().unwrap_or_else(PoisonError::into_inner) = HashSet::new();
    }

    pub(super) fn set_made(&self) {
        self.made.store(true, Ordering::Relaxed);
    }

    pub(super) fn was_made(&self) -> bool {
        self.made.load(Ordering::Relaxed)
    }
}

/// What is known of the place where a copy is to go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Known {
    /// Nothing yet: ask.
    Unknown,
    /// Nothing stood there a moment ago. The rename will not replace, should that have changed.
    Absent,
    Present(Attributes),
    /// Nothing stood there at this time.
    FreeAt(Instant),
}

/// For so long what was seen counts as seen a moment ago.
const A_MOMENT: Duration = Duration::from_secs(2);

impl Known {
    /// What of it is still known when the step begins.
    pub(super) fn when_it_begins(self, now: Instant) -> Self {
        match self {
            Known::FreeAt(at) if now.saturating_duration_since(at) <= A_MOMENT => Known::Absent,
            Known::FreeAt(_) => Known::Unknown,
            known => known,
        }
    }
}

/// An entry found by walking, on its way to become a step.
#[derive(Debug)]
pub(super) struct Found {
    pub(super) from: StoragePath,
    pub(super) to: Option<StoragePath>,
    pub(super) source: Attributes,
    pub(super) task: Task,
    pub(super) target: Known,
}

impl Found {
    /// Something of which only the path is known.
    pub(super) fn unknown(from: StoragePath, task: Task) -> Self {
        let source = Attributes::of_kind(Kind::File);
        Self { from, to: None, source, task, target: Known::Unknown }
    }
}

/// How an attempt ended.
#[derive(Debug)]
pub(super) enum Outcome {
    Done(Arrived),
    /// The same, under another name than it was to have.
    DoneAs(StoragePath, Arrived),
    /// Now it is known what the step really is; it runs again as that.
    Turned(Found),
    /// The directory stands, and all its entries were announced.
    Expanded,
    /// The name is taken and nobody said what to do about it.
    Conflict {
        source: Attributes,
        target: Attributes,
    },
    Skipped,
    Failed(Fail),
}

impl Outcome {
    /// Done, under this name.
    pub(super) fn arrived(errand: &Errand, name: FinalName, arrived: Arrived) -> Self {
        match errand.step.to.as_ref() == Some(&name.path) {
            true => Outcome::Done(arrived),
            false => Outcome::DoneAs(name.path, arrived),
        }
    }
}

/// What is known of something that was done.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Arrived {
    pub(super) bytes: u64,
    pub(super) verdict: Option<Verdict>,
    pub(super) digest: Option<Sha256>,
}

/// Which of the two storages an error came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    Source,
    Target,
}

/// A failed attempt.
#[derive(Debug, Clone)]
pub(super) struct Fail {
    pub(super) error: Error,
    /// Where the error came from, if from a storage.
    pub(super) at: Option<End>,
    /// Where the next attempt begins, if not at the beginning.
    pub(super) resume: Option<Task>,
}

impl Fail {
    /// The engine's own verdict, in its own words.
    pub(super) fn new(
        kind: ErrorKind,
        doing: impl Into<Box<str>>,
        why: impl Into<Box<str>>,
    ) -> Self {
        Self { error: Error::new(kind, doing, why), at: None, resume: None }
    }
}

/// Says which end an error came from.
pub(super) trait At<T> {
    fn at(self, end: End) -> Result<T, Fail>;
}

impl<T> At<T> for Result<T, Error> {
    fn at(self, end: End) -> Result<T, Fail> {
        self.map_err(|error| Fail { error, at: Some(end), resume: None })
    }
}

impl Step {
    /// What the outside calls it.
    pub(super) fn kind(&self) -> StepKind {
        match &self.task {
            Task::Look => match self.source.kind {
                Kind::Directory => StepKind::Directory,
                Kind::Symlink => StepKind::Symlink,
                _ => StepKind::File,
            },
            Task::File(_) => StepKind::File,
            Task::Symlink | Task::NamedSymlink(_) => StepKind::Symlink,
            Task::Directory(..) => StepKind::Directory,
            // It was moved entry by entry.
            Task::RenameAgain
                if self.source.kind == Kind::Directory && self.source.modified.is_none() =>
            {
                StepKind::Directory
            }
            Task::Rename | Task::RenameAgain => StepKind::Rename,
            Task::Trash => StepKind::Trash,
            Task::Refuse(_) => StepKind::File,
            Task::RemoveFile | Task::RemoveDirectory(..) => StepKind::Remove,
            Task::Set(kind) | Task::SetAll(kind, ..) => *kind,
        }
    }

    /// Bytes it counts for in the plan.
    pub(super) fn planned_bytes(&self) -> u64 {
        match self.task {
            Task::File(_) => self.source.size.unwrap_or(0),
            _ => 0,
        }
    }

    /// Whether running it may bring more steps.
    pub(super) fn may_bring_more(&self) -> bool {
        matches!(
            self.task,
            Task::Look
                | Task::Rename
                | Task::RenameAgain
                | Task::Directory(Phase::Expand, _)
                | Task::RemoveDirectory(Phase::Expand, _)
                | Task::SetAll(_, Phase::Expand, _)
        )
    }

    /// The same directory step, to be closed.
    pub(super) fn into_close(mut self, left: Left) -> Self {
        self.task = match self.task {
            Task::Directory(_, folder) => Task::Directory(Phase::Close(left), folder),
            Task::RemoveDirectory(_, folder) => Task::RemoveDirectory(Phase::Close(left), folder),
            Task::SetAll(kind, _, folder) => Task::SetAll(kind, Phase::Close(left), folder),
            other => other,
        };
        self
    }

    /// Whether it is a directory whose entries have all been announced.
    pub(super) fn is_closing(&self) -> bool {
        matches!(
            self.task,
            Task::Directory(Phase::Close(_), _)
                | Task::RemoveDirectory(Phase::Close(_), _)
                | Task::SetAll(_, Phase::Close(_), _)
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_announced_once() {
        let folder = Folder::default();
        let name = |bytes: &str| Name::new(bytes).unwrap();
        assert!(folder.is_new(&name("a")));
        assert!(folder.is_new(&name("b")));
        assert!(!folder.is_new(&name("a")));
    }

    #[test]
    fn what_was_seen_a_while_ago_is_looked_at_anew() {
        let at = Instant::now();
        let begins = |after| Known::FreeAt(at).when_it_begins(at + after);
        assert_eq!(begins(A_MOMENT), Known::Absent);
        assert_eq!(begins(A_MOMENT + Duration::from_millis(1)), Known::Unknown);
        assert_eq!(Known::Absent.when_it_begins(at + A_MOMENT * 2), Known::Absent);
    }
}
