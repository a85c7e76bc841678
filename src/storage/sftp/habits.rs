//! What was found out about a server and outlives a connection to it.

use std::sync::atomic::{AtomicBool, AtomicU32, AtomicUsize, Ordering};

/// So many requests that failed in company and were answered alone make a server one that takes one at a time.
const DOUBTS: u32 = 3;
/// Files and directories open on one lane at once, where the server does not say that it takes fewer: systems allow a
/// process about a thousand, and servers that keep a table of their own often a few hundred.
const MOST_OPEN: usize = 256;

/// One for each site, for as long as the process lives.
#[derive(Debug, Default)]
pub(crate) struct Habits {
    no_further_connections: AtomicBool,
    doubts: AtomicU32,
    /// What the server said of how many may be open at once; 0 until it did.
    most_open: AtomicUsize,
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

    /// The server says how many files and directories it keeps open on a channel.
    pub(crate) fn takes_so_many_open(&self, handles: u64) {
        let handles = usize::try_from(handles).unwrap_or(usize::MAX);
        self.most_open.store(handles, Ordering::Relaxed);
    }

    /// How many files and directories may be open on one lane at once.
    pub(crate) fn most_open(&self) -> usize {
        match self.most_open.load(Ordering::Relaxed) {
            0 => MOST_OPEN,
            told => told.min(MOST_OPEN),
        }
    }

    /// Whether one request of a file at a time is all it can take.
    pub(crate) fn takes_one_at_a_time(&self) -> bool {
        self.doubts.load(Ordering::Relaxed) >= DOUBTS
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_open_at_once_is_bounded_by_both_sides() {
        let habits = Habits::default();
        assert_eq!(habits.most_open(), MOST_OPEN);
        for (told, most) in [(u64::MAX, MOST_OPEN), (180, 180), (3, 3), (0, MOST_OPEN)] {
            habits.takes_so_many_open(told);
            assert_eq!(habits.most_open(), most, "{told}");
        }
    }
}
