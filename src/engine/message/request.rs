//! What a person asks the engine to do, whole.

use crate::domain::{
    digest::VerifyLevel,
    entry::Timestamp,
    owners::NewOwner,
    path::StoragePath,
    place::{Endpoint, Location},
    question::ConflictChoice,
};

/// What a person asked for.
#[derive(Debug, Clone)]
pub struct JobRequest {
    /// What is to become of the sources.
    pub work: Work,
    /// The endpoint of all sources.
    pub from: Endpoint,
    /// Files, directories, links.
    pub sources: Vec<StoragePath>,
    /// How to go about it.
    pub options: JobOptions,
}

/// What is to become of the sources.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Work {
    /// Copy them there.
    Copy(Destination),
    /// Copy them there and remove each source once its copy is committed; renamed where both are one endpoint.
    Move(Destination),
    /// Remove them, directories with all they hold.
    Delete,
    /// Put them into the trash, directories with all they hold.
    Trash,
    /// Set their permissions, with [`JobOptions::recursive`] those of all they hold as well.
    SetModes(Modes),
    /// Set their owner, group or time, with [`JobOptions::recursive`] of all they hold as well.
    SetTraits(Traits),
}

impl Work {
    /// Where copies go, if there are any.
    pub fn destination(&self) -> Option<&Location> {
        match self {
            Work::Copy(destination) | Work::Move(destination) => Some(destination.location()),
            Work::Delete | Work::Trash | Work::SetModes(_) | Work::SetTraits(_) => None,
        }
    }
}

/// Permission bits, `0o7777` at most.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Modes {
    /// Of everything that is no directory. Links have none of their own, and are not followed.
    pub files: u32,
    /// Of directories.
    pub folders: u32,
}

/// Who owns something, and when it was changed last. What is absent stays as it is, and links are left alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Traits {
    /// The owner and the group.
    pub owner: NewOwner,
    /// The time of the last change.
    pub modified: Option<Timestamp>,
}

impl Traits {
    /// Which of them: `owner, group and time`.
    pub fn words(&self) -> String {
        let named = [
            self.owner.user.map(|_| "owner"),
            self.owner.group.map(|_| "group"),
            self.modified.map(|_| "time"),
        ];
        match named.into_iter().flatten().collect::<Vec<_>>().as_slice() {
            [one] => (*one).to_owned(),
            [first, .., last] if named.len() == 3 && named.iter().all(Option::is_some) => {
                format!("{first}, group and {last}")
            }
            [first, second] => format!("{first} and {second}"),
            _ => "traits".to_owned(),
        }
    }
}

/// Where copies go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Destination {
    /// Into this directory, under their own names. It is made if it does not exist.
    Into(Location),
    /// The single source under exactly this path.
    Exactly(Location),
    /// As `cp` does: into it if a directory stands there, else under exactly this path.
    AsCp(Location),
}

impl Destination {
    /// The place it names.
    pub fn location(&self) -> &Location {
        match self {
            Destination::Into(location)
            | Destination::Exactly(location)
            | Destination::AsCp(location) => location,
        }
    }
}

/// How to go about a job.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct JobOptions {
    /// What to check.
    pub verify: VerifyLevel,
    /// What to do when a name is taken: `None` asks, and the rest goes on meanwhile.
    pub on_conflict: Option<ConflictChoice>,
    /// Whether directories are taken with all they hold. If not, a directory is a failed step.
    pub recursive: bool,
}

/// Which way a job is moved in the queue.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Turn {
    /// To be served sooner.
    Sooner,
    /// To be served later.
    Later,
}
