//! How everything stands: one [`Snapshot`], of which the latest wins.

use std::{sync::Arc, time::Instant};

use super::{Counts, JobId, JobRequest, StepId, StepKind};
use crate::domain::{
    digest::Verdict, entry::Attributes, error::Error, path::StoragePath, place::Endpoint,
    rate::Limit,
};

/// How everything stands at one moment. Published at most some tens of times a second.
#[derive(Debug, Clone, Default)]
pub struct Snapshot {
    /// Jobs in the order they were added, or were put in.
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
    /// A person holds it.
    Paused,
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
