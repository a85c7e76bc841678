//! Headless commands on the same engine as the screen: `wharf cp`, `wharf ls`, `wharf log`, `wharf queue`, `wharf sites`.

use std::io::{self, Write as _};

pub mod arguments;
mod clean;
mod console;
mod copy;
mod list;
mod log;
mod queue;
mod report;
mod sites;

pub use copy::{copy, location, place, requests};
pub use list::list;
pub use log::log;
pub use queue::queue;
pub use sites::sites;

/// Why a command is to end before it is done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Interrupt {
    /// The person says so.
    Cancel,
    /// The system or its terminal goes away: what is not done is left to be gone on with.
    Leave,
}

/// A line for the person, beside what a command prints. There is nobody to tell where even this fails.
fn complain(text: &str) {
    let _ = writeln!(io::stderr(), "wharf: {text}");
}

/// How a command ended, as its exit status says it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// All done.
    Done = 0,
    /// Some of it failed.
    SomeFailed = 1,
    /// The request made no sense.
    BadUsage = 2,
    /// A server could not be connected, or did not let us in.
    NoConnection = 3,
    /// Stopped by Ctrl-C or a signal.
    Interrupted = 130,
}
