//! Moments at which a test lets the process die, as a power cut or `kill -9` would. Nothing of it is in a release.

/// Where the process may be told to end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Moment {
    /// A transaction of the journal is committed, and nothing of it was told.
    Written,
    /// A part is complete and checked, and has not got its name.
    BeforeRename,
    /// It has its name, and nobody knows.
    AfterRename,
    /// In a move, the journal has the commit, and the source still stands.
    BeforeRemoval,
    /// The source is gone.
    AfterRemoval,
}

/// Ends the process if `WHARF_DIE_AT` says so: the name of a moment, a colon, and how many times it is to pass before.
#[cfg(debug_assertions)]
pub(super) fn moment(moment: Moment) {
    use std::sync::{
        LazyLock,
        atomic::{AtomicU64, Ordering},
    };

    static WANTED: LazyLock<Option<(String, u64)>> = LazyLock::new(|| {
        let wanted = std::env::var("WHARF_DIE_AT").ok()?;
        let (name, passes) = wanted.split_once(':')?;
        Some((name.to_owned(), passes.parse().ok()?))
    });
    static PASSED: AtomicU64 = AtomicU64::new(0);

    if let Some((name, passes)) = &*WANTED
        && format!("{moment:?}") == *name
        && PASSED.fetch_add(1, Ordering::SeqCst) == *passes
    {
        let _ =
            rustix::process::kill_process(rustix::process::getpid(), rustix::process::Signal::KILL);
    }
}

/// Nothing happens.
#[cfg(not(debug_assertions))]
pub(super) fn moment(_: Moment) {}
