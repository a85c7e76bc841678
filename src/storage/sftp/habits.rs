//! What was found out about a server and outlives a connection to it.

use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

/// So many requests that failed in company and were answered alone make a server one that takes one at a time.
const DOUBTS: u32 = 3;

/// One for each site, for as long as the process lives.
#[derive(Debug, Default)]
pub(crate) struct Habits {
    no_further_connections: AtomicBool,
    doubts: AtomicU32,
}

impl Habits {
    /// Another login was refused, or would have needed a person.
    pub(crate) fn takes_no_further_connections(&self) {
        self.no_further_connections.store(true, Ordering::Relaxed);
    }

    pub(crate) fn may_take_further_connections(&self) -> bool {
        !self.no_further_connections.load(Ordering::Relaxed)
    }

    /// A request failed while others were under way, and was answered when it was asked alone.
    pub(crate) fn failed_in_company(&self) {
        self.doubts.fetch_add(1, Ordering::Relaxed);
    }

    /// Whether one request of a file at a time is all it can take.
    pub(crate) fn takes_one_at_a_time(&self) -> bool {
        self.doubts.load(Ordering::Relaxed) >= DOUBTS
    }
}
