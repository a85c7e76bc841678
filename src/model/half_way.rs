//! What a change of many did not do: kept while it goes on, told whole at its end.

use std::collections::HashMap;

use crate::{
    domain::error::Error,
    engine::message::{Counts, JobId, JobRequest, Work},
};

use super::text;

/// So many failures of a job are told one by one; the others are counted.
const TOLD: usize = 30;

/// Jobs that have not ended.
#[derive(Debug, Default)]
pub(crate) struct HalfWay {
    changes: HashMap<JobId, &'static str>,
    failures: HashMap<JobId, Vec<String>>,
}

impl HalfWay {
    /// A job begins: what it changes is known though it may end before the engine shows it.
    pub(crate) fn begin(&mut self, job: JobId, work: &Work) {
        if let Some(what) = changes(work) {
            self.changes.insert(job, what);
        }
    }

    /// A step failed for good.
    pub(crate) fn note(&mut self, job: JobId, error: &Error) {
        let failures = self.failures.entry(job).or_default();
        if failures.len() < TOLD {
            failures.push(error.to_string());
        }
    }

    /// Why a job failed of which nothing but this is to be told.
    pub(crate) fn only_failure(&self, job: JobId, counts: &Counts) -> Option<&str> {
        let alone = counts.failed == 1 && counts.done == 0;
        self.failures.get(&job).filter(|_| alone)?.first().map(String::as_str)
    }

    /// The job has ended: what is to be told of it, a sentence each. Nothing of what copies files, for these stay as they
    /// were at the source, and nothing of a single failure that stands alone.
    pub(crate) fn ended(
        &mut self,
        job: JobId,
        request: Option<&JobRequest>,
        counts: &Counts,
    ) -> Vec<String> {
        let failures = self.failures.remove(&job).unwrap_or_default();
        let known = self.changes.remove(&job);
        let Some(what) = known.or_else(|| request.and_then(|request| changes(&request.work)))
        else {
            return Vec::new();
        };
        if failures.is_empty() || counts.done + counts.failed < 2 {
            return Vec::new();
        }
        let done = text::grouped(counts.done);
        let not_done = text::grouped(counts.failed);
        let left_out = match counts.skipped + counts.cancelled {
            0 => String::new(),
            count => format!(", {} left out", text::grouped(count)),
        };
        let mut told = vec![format!(
            "{what} half-way: {done} done, {not_done} not done{left_out}. What was not done is as it was:"
        )];
        let more = counts.failed.saturating_sub(failures.len() as u64);
        told.extend(failures);
        if more > 0 {
            let more = text::grouped(more);
            told.push(format!("And {more} more: the history (H) and wharf log --failed name all."));
        }
        told
    }
}

/// What a work does to what is there, if it changes that and makes nothing new.
fn changes(work: &Work) -> Option<&'static str> {
    match work {
        Work::Copy(_) | Work::Move(_) => None,
        Work::Delete => Some("Deleted"),
        Work::Trash => Some("Put into the trash"),
        Work::SetModes(_) => Some("Permissions set"),
        Work::SetTraits(_) => Some("Owner or time set"),
    }
}
