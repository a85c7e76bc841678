//! The sums of each job, kept in memory: what the screen shows without asking the disk.

use std::collections::HashMap;

use super::super::{
    message::{Counts, JobId, StepKind},
    step::Arrived,
};
use crate::domain::digest::Verdict;

/// What happened to a job.
#[derive(Debug, Clone, Copy)]
pub(in crate::engine) enum Transition {
    Added,
    /// A step was planned, with the bytes its listing promised.
    Planned {
        bytes: u64,
    },
    /// A step turned out to be something else.
    Turned {
        from_bytes: u64,
        to_bytes: u64,
    },
    /// A step is done: what it was planned with, and what it came to.
    Done {
        kind: StepKind,
        planned_bytes: u64,
        arrived: Arrived,
    },
    Failed,
    Skipped {
        planned_bytes: u64,
    },
    Cancelled,
    /// A failed step is tried once more.
    Revived,
    Forgotten,
}

/// The sums of a job.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(in crate::engine) struct Record {
    pub(in crate::engine) counts: Counts,
    pub(in crate::engine) planned: u64,
    pub(in crate::engine) planned_bytes: u64,
}

impl Record {
    /// Steps that ended, however.
    pub(in crate::engine) fn ended(&self) -> u64 {
        let Counts { done, failed, skipped, cancelled, .. } = self.counts;
        done + failed + skipped + cancelled
    }

    pub(in crate::engine) fn apply(&mut self, transition: Transition) {
        let counts = &mut self.counts;
        match transition {
            Transition::Added | Transition::Forgotten => {}
            Transition::Planned { bytes } => {
                self.planned += 1;
                self.planned_bytes = self.planned_bytes.saturating_add(bytes);
            }
            Transition::Turned { from_bytes, to_bytes } => self.replan(from_bytes, to_bytes),
            Transition::Done { kind, planned_bytes, arrived } => {
                counts.done += 1;
                counts.files += u64::from(kind == StepKind::File);
                counts.hash += u64::from(arrived.verdict.is_some_and(Verdict::is_of_content));
                counts.size += u64::from(arrived.verdict == Some(Verdict::Size));
                counts.bytes += arrived.bytes;
                self.replan(planned_bytes, arrived.bytes);
            }
            Transition::Failed => counts.failed += 1,
            Transition::Skipped { planned_bytes } => {
                counts.skipped += 1;
                self.replan(planned_bytes, 0);
            }
            Transition::Cancelled => counts.cancelled += 1,
            Transition::Revived => counts.failed = counts.failed.saturating_sub(1),
        }
    }

    /// What is carried in the end is to be what was planned.
    fn replan(&mut self, from: u64, to: u64) {
        self.planned_bytes = self.planned_bytes.saturating_sub(from).saturating_add(to);
    }
}

/// All jobs that are not forgotten.
#[derive(Debug, Default)]
pub(super) struct Sums {
    records: HashMap<JobId, Record>,
}

impl Sums {
    /// Takes note of a transition.
    pub(super) fn record(&mut self, job: JobId, transition: Transition) {
        match transition {
            Transition::Forgotten => drop(self.records.remove(&job)),
            _ => self.records.entry(job).or_default().apply(transition),
        }
    }

    /// Begins with what was done before.
    pub(super) fn begin_with(&mut self, job: JobId, record: Record) {
        self.records.insert(job, record);
    }

    /// A job's sums so far.
    pub(super) fn of(&self, job: JobId) -> Record {
        self.records.get(&job).copied().unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_carried_is_what_was_planned_in_the_end() {
        let mut sums = Sums::default();
        let job = JobId(1);
        for transition in [
            Transition::Added,
            Transition::Planned { bytes: 10 },
            Transition::Planned { bytes: 5 },
            Transition::Planned { bytes: 0 },
            Transition::Turned { from_bytes: 0, to_bytes: 7 },
            Transition::Done {
                kind: StepKind::File,
                planned_bytes: 10,
                arrived: Arrived { bytes: 12, verdict: Some(Verdict::Hash), digest: None },
            },
            Transition::Skipped { planned_bytes: 5 },
            Transition::Failed,
            Transition::Revived,
            Transition::Done {
                kind: StepKind::File,
                planned_bytes: 7,
                arrived: Arrived { bytes: 7, verdict: Some(Verdict::Size), digest: None },
            },
        ] {
            sums.record(job, transition);
        }
        let record = sums.of(job);
        assert_eq!((record.planned, record.ended()), (3, 3));
        assert_eq!(record.planned_bytes, record.counts.bytes);
        assert_eq!(
            record.counts,
            Counts {
                done: 2,
                files: 2,
                hash: 1,
                size: 1,
                skipped: 1,
                bytes: 19,
                ..Counts::default()
            }
        );
        sums.record(job, Transition::Forgotten);
        assert_eq!(sums.of(job), Record::default());
    }
}
