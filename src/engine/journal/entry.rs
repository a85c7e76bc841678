//! A step that ended, as the engine notes it.

use jiff::{SignedDuration, Timestamp};
use tokio::time::Instant;

use super::super::{
    message::{StepId, StepKind, ledger::Ending},
    step::{Arrived, Step},
};
use crate::domain::{
    digest::{Sha256, Verdict},
    path::StoragePath,
};

/// What is noted of a step that ended. Times are UTC, to the millisecond.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::engine) struct Entry {
    pub(in crate::engine) step: StepId,
    pub(in crate::engine) ending: Ending,
    pub(in crate::engine) kind: StepKind,
    pub(in crate::engine) from: StoragePath,
    pub(in crate::engine) to: Option<StoragePath>,
    /// Bytes of a file: those that arrived, else those it was listed with.
    pub(in crate::engine) size: Option<u64>,
    pub(in crate::engine) verdict: Option<Verdict>,
    pub(in crate::engine) digest: Option<Sha256>,
    pub(in crate::engine) attempts: u32,
    pub(in crate::engine) began: Timestamp,
    pub(in crate::engine) ended: Timestamp,
    /// Why it failed, in a whole sentence, escaped.
    pub(in crate::engine) why: Option<String>,
}

impl Entry {
    /// Of a step that ends now.
    pub(in crate::engine) fn of(step: &Step, ending: Ending) -> Self {
        let ended = now();
        let took = step.history.began.map_or(SignedDuration::ZERO, |began| {
            SignedDuration::try_from(Instant::now().duration_since(began)).unwrap_or_default()
        });
        let kind = step.kind();
        Self {
            step: step.id,
            ending,
            kind,
            from: step.from.clone(),
            to: step.to.clone(),
            size: step.source.size.filter(|_| kind == StepKind::File),
            verdict: None,
            digest: None,
            attempts: step.history.attempts,
            began: ended.checked_sub(took).unwrap_or(ended),
            ended,
            why: None,
        }
    }

    /// The same, with what is known of what arrived.
    pub(in crate::engine) fn arrived(mut self, arrived: &Arrived) -> Self {
        self.size = self.size.and(Some(arrived.bytes));
        self.verdict = arrived.verdict;
        self.digest = arrived.digest;
        self.attempts = self.attempts.max(1);
        self
    }
}

/// The time, as precise as the ledger keeps it.
pub(in crate::engine) fn now() -> Timestamp {
    let now = Timestamp::now();
    Timestamp::from_millisecond(now.as_millisecond()).unwrap_or(now)
}
