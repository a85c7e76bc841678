//! Jobs as the screen sees them: the latest snapshot, and what events told besides.

use std::{
    collections::{BTreeMap, HashMap, VecDeque},
    sync::Arc,
    time::Instant,
};

use crate::{
    domain::{
        digest::Sha256,
        display,
        place::{Endpoint, Location},
    },
    engine::message::{
        Counts, JobId, JobProgress, JobRequest, JobState, Retrying, Snapshot, StepId, Work,
    },
};

use super::{rate_history::RateHistory, text};

/// Digests kept to be shown beside steps that are done.
const KEPT_DIGESTS: usize = 4_096;

/// What is known of the jobs.
#[derive(Debug, Default)]
pub(crate) struct Transfers {
    snapshot: Arc<Snapshot>,
    /// Jobs that have not ended.
    open: BTreeMap<JobId, Open>,
    digests: HashMap<(JobId, StepId), Sha256>,
    digest_order: VecDeque<(JobId, StepId)>,
    history: RateHistory,
}

/// What is kept of a job from its beginning to its end: it may have ended before the engine shows it.
#[derive(Debug)]
struct Open {
    words: String,
    /// The directories that will look different then.
    touches: Vec<Location>,
}

/// All jobs in one line.
#[derive(Debug, Clone, Default)]
pub(crate) struct Overall {
    pub(crate) jobs: usize,
    pub(crate) open: usize,
    pub(crate) asking: bool,
    pub(crate) cancelled: usize,
    pub(crate) planned: u64,
    pub(crate) planned_bytes: u64,
    pub(crate) carried_bytes: u64,
    pub(crate) plan_complete: bool,
    pub(crate) rate: f64,
    pub(crate) seconds_left: Option<f64>,
    pub(crate) only_verifies: bool,
    pub(crate) retry: Option<Retrying>,
    pub(crate) counts: Counts,
}

impl Transfers {
    /// A job was handed to the engine.
    pub(crate) fn begin(&mut self, job: JobId, request: &JobRequest) {
        let (words, touches) = (job_words(request), directories_touched(request));
        self.open.insert(job, Open { words, touches });
    }

    /// What a job is that has not ended, in words.
    pub(crate) fn words(&self, job: JobId) -> Option<&str> {
        self.open.get(&job).map(|open| open.words.as_str())
    }

    /// A job has ended. The directories that look different now.
    pub(crate) fn end(&mut self, job: JobId) -> Vec<Location> {
        self.open.remove(&job).map(|open| open.touches).unwrap_or_default()
    }

    pub(crate) fn set_snapshot(&mut self, snapshot: Arc<Snapshot>, now: Option<Instant>) {
        self.snapshot = snapshot;
        if let Some(now) = now {
            self.history.note(now, self.jobs().iter().map(|job| job.rate).sum());
        }
    }

    /// How fast all jobs together were.
    pub(crate) fn history(&self) -> &RateHistory {
        &self.history
    }

    pub(crate) fn keep_digest(&mut self, job: JobId, step: StepId, digest: Sha256) {
        if self.digests.insert((job, step), digest).is_none() {
            self.digest_order.push_back((job, step));
        }
        if self.digest_order.len() > KEPT_DIGESTS
            && let Some(oldest) = self.digest_order.pop_front()
        {
            self.digests.remove(&oldest);
        }
    }

    pub(crate) fn digest(&self, job: JobId, step: StepId) -> Option<&Sha256> {
        self.digests.get(&(job, step))
    }

    pub(crate) fn snapshot(&self) -> &Snapshot {
        &self.snapshot
    }

    pub(crate) fn jobs(&self) -> &[JobProgress] {
        &self.snapshot.jobs
    }

    pub(crate) fn job(&self, id: JobId) -> Option<&JobProgress> {
        self.snapshot.jobs.iter().find(|job| job.id == id)
    }

    /// Jobs that have not ended.
    pub(crate) fn open_count(&self) -> usize {
        self.open.len()
    }

    /// Whether the passing of time alone changes what is to be shown.
    pub(crate) fn counts_down(&self) -> bool {
        self.jobs().iter().any(|job| job.retry.is_some() && !job.state.has_ended())
    }

    /// All jobs in one; only those under way where there are any.
    pub(crate) fn overall(&self) -> Overall {
        let any_open = self.jobs().iter().any(|job| !job.state.has_ended());
        let mut all =
            Overall { jobs: self.jobs().len(), plan_complete: true, ..Overall::default() };
        for job in self.jobs() {
            add(&mut all.counts, &job.counts);
            all.cancelled += usize::from(job.state == JobState::Cancelled);
            if any_open && job.state.has_ended() {
                continue;
            }
            all.open += usize::from(!job.state.has_ended());
            all.asking |= job.state == JobState::Asking;
            all.planned += job.planned;
            all.planned_bytes = all.planned_bytes.saturating_add(job.planned_bytes);
            all.carried_bytes = all.carried_bytes.saturating_add(job.carried_bytes);
            all.plan_complete &= job.plan_complete;
            all.rate += job.rate;
            all.only_verifies |= job.only_verifies();
            let sooner = |soonest: &Retrying, next: &Retrying| next.at < soonest.at;
            if let Some(next) = &job.retry
                && all.retry.as_ref().is_none_or(|soonest| sooner(soonest, next))
            {
                all.retry = Some(next.clone());
            }
        }
        all.only_verifies &= all.carried_bytes >= all.planned_bytes;
        let left = all.planned_bytes.saturating_sub(all.carried_bytes) as f64;
        all.seconds_left = (all.plan_complete && all.rate >= 1.0).then(|| left / all.rate);
        all
    }
}

fn add(sum: &mut Counts, counts: &Counts) {
    sum.done += counts.done;
    sum.files += counts.files;
    sum.hash += counts.hash;
    sum.size += counts.size;
    sum.failed += counts.failed;
    sum.skipped += counts.skipped;
    sum.cancelled += counts.cancelled;
    sum.bytes = sum.bytes.saturating_add(counts.bytes);
}

/// The part done, from 0 to 1; `None` while it cannot be known.
pub(crate) fn share(carried: u64, planned: u64, plan_complete: bool) -> Option<f64> {
    (plan_complete && planned > 0).then(|| (carried as f64 / planned as f64).clamp(0.0, 1.0))
}

/// The part of a job done, by bytes, or by steps where there are no bytes to carry.
pub(crate) fn share_of_job(job: &JobProgress) -> Option<f64> {
    if job.state == JobState::Done {
        return Some(1.0);
    }
    let ended = job.counts.done + job.counts.failed + job.counts.skipped + job.counts.cancelled;
    match job.planned_bytes {
        0 => share(ended, job.planned, job.plan_complete),
        bytes => share(job.carried_bytes, bytes, job.plan_complete),
    }
}

/// What a job is, in words: `copy a.csv → files:/srv/in`.
pub(crate) fn job_words(request: &JobRequest) -> String {
    let what = match request.sources.as_slice() {
        [only] => path_end(only.as_bytes()),
        several => text::entries(several.len() as u64),
    };
    match &request.work {
        Work::Copy(to) => format!("copy {what} → {}", to.location()),
        Work::Move(to) => format!("move {what} → {}", to.location()),
        Work::SetModes(_) => match request.from.host() {
            Some(host) => format!("set permissions of {what} on {host}"),
            None => format!("set permissions of {what}"),
        },
        Work::SetTraits(traits) => match request.from.host() {
            Some(host) => format!("set {} of {what} on {host}", traits.words()),
            None => format!("set {} of {what}", traits.words()),
        },
        Work::Trash => match request.from.host() {
            Some(host) => format!("put {what} into the trash on {host}"),
            None => format!("put {what} into the trash"),
        },
        Work::Delete => match request.from.host() {
            Some(host) => format!("delete {what} on {host}"),
            None => format!("delete {what}"),
        },
    }
}

fn path_end(path: &[u8]) -> String {
    let start = path.iter().rposition(|&byte| byte == b'/').map_or(0, |slash| slash + 1);
    display::escape(if start < path.len() { &path[start..] } else { path })
}

/// The verdicts and troubles of some steps: `12 hash · 3 size · 1 failed`.
pub(crate) fn verdict_words(counts: &Counts) -> Vec<(Outcome, String)> {
    let unchecked = counts.files.saturating_sub(counts.hash + counts.size);
    let others = counts.done.saturating_sub(counts.files);
    [
        (Outcome::Good, counts.hash, "hash"),
        (Outcome::Good, counts.size, "size"),
        (Outcome::Plain, unchecked, "unchecked"),
        (Outcome::Plain, if counts.files == 0 { others } else { 0 }, "done"),
        (Outcome::Bad, counts.failed, "failed"),
        (Outcome::Plain, counts.skipped, "skipped"),
        (Outcome::Plain, counts.cancelled, "cancelled"),
    ]
    .into_iter()
    .filter(|(_, count, _)| *count > 0)
    .map(|(outcome, count, word)| (outcome, format!("{} {word}", text::grouped(count))))
    .collect()
}

/// How good a number is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outcome {
    Good,
    Plain,
    Bad,
}

fn directories_touched(request: &JobRequest) -> Vec<Location> {
    let mut touched = Vec::new();
    let mut touch = |endpoint: &Endpoint, path: Option<crate::domain::path::StoragePath>| {
        let Some(path) = path else { return };
        let location = Location { endpoint: endpoint.clone(), path };
        if !touched.contains(&location) {
            touched.push(location);
        }
    };
    if let Work::Copy(to) | Work::Move(to) = &request.work {
        let to = to.location();
        touch(&to.endpoint, Some(to.path.clone()));
        touch(&to.endpoint, to.path.parent());
    }
    if !matches!(request.work, Work::Copy(_)) {
        for source in &request.sources {
            touch(&request.from, source.parent());
        }
    }
    touched
}
