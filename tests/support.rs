//! What every test may need: waiting for something with a deadline.

use std::{
    thread,
    time::{Duration, Instant},
};

/// Waits until `holds` says so, looking every few milliseconds. The one place where a test sleeps.
#[track_caller]
pub(crate) fn wait_until(what: &str, deadline: Duration, mut holds: impl FnMut() -> bool) {
    let start = Instant::now();
    while !holds() {
        assert!(start.elapsed() < deadline, "waited {deadline:?} in vain until {what}");
        thread::sleep(Duration::from_millis(5));
    }
}
