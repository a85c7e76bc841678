//! Jobs that did not end in peace: which there are, and what they may have left.

use std::{collections::HashSet, sync::Arc};

use super::JobRequest;
use crate::domain::{
    part_name,
    path::{Name, StoragePath},
    place::Endpoint,
};

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

/// What a job may have left: parts that bear its mark, and that nobody will go on with.
#[derive(Debug, Clone)]
pub struct Stale {
    /// Which job.
    pub job: JobNumber,
    /// Where it carried to.
    pub endpoint: Endpoint,
    /// What the names of its parts bear.
    pub marks: Vec<String>,
    /// The destination that was named.
    pub to: StoragePath,
    /// What its sources are called: directories of these names in the destination are its own, with all they hold. Where
    /// there is none, all of the destination is.
    pub names: HashSet<Name>,
    /// Directories it is known to have put something into.
    pub directories: Vec<StoragePath>,
    /// Parts that may still be gone on with.
    pub spared: HashSet<StoragePath>,
}

impl Stale {
    /// Whether a name in a directory is that of a part the job left: it bears a mark the journal has of this job and
    /// nobody will go on with it.
    pub fn leaves(&self, endpoint: &Endpoint, directory: &StoragePath, name: &Name) -> bool {
        let is_marked = |mark: &str| self.marks.iter().any(|own| own == mark);
        *endpoint == self.endpoint
            && part_name::mark_of(name).is_some_and(is_marked)
            && !self.spared.contains(&directory.join(name))
    }
}
