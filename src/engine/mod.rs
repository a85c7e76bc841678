//! Jobs in the background: commands in, events out. Knows no screen and no protocol.
//!
//! | room | what it is for |
//! |---|---|
//! | [`message`] | all that passes in and out |
//! | `central` | the one task that owns the state; `work`, `orders`, `ordering`, `connecting`, `browse`: its acts |
//! | `job`, `step`, `queue` | where each step of a job is |
//! | `schedule`, `width`, `retry` | pure decisions: what next, how many at once, and whether again |
//! | `errand` | one attempt at one step: sent to `look`, `tree`, `transfer`, `links`, `modes`, `trash` or `removal` |
//! | `begun`, `opening`, `take_over` | parts that are begun, and gone on with; so is what stands under the name |
//! | `carry`, `ranges`, `gate` | a file's bytes, in one stream or in many; how fast, and whether now |
//! | `within` | a copy that a server makes by itself |
//! | `destination`, `conflict`, `twin`, `final_name`, `part`, `verify`, `room` | what these have in common |
//! | `inquiry`, `owners`, `target`, `peek`, `difference` | what someone wants to know: room, sizes, links, a look into a file |
//! | `sites`, `questions` | connections shared by all; what a person is asked |
//! | `before`, `arrived`, `resumption` | jobs that outlive their process: what was done of them, going on |
//! | [`journal`] | what happened, on disk and in sums |
//! | `crash` | moments at which tests let the process die |
//! | `progress` | how everything stands |
//!
//! The central task waits for nothing but messages. Attempts run as tasks of their own, own no state, and are
//! aborted where they stand when a person says so: a storage that hangs holds nobody up.

pub mod journal;
pub mod message;

mod arrived;
mod before;
mod begun;
mod browse;
mod carry;
mod central;
mod conflict;
mod connecting;
mod crash;
mod destination;
mod difference;
mod errand;
mod final_name;
mod find;
mod gate;
mod inquiry;
mod job;
mod links;
mod look;
mod modes;
mod opening;
mod ordering;
mod orders;
mod owners;
mod part;
mod peek;
mod progress;
mod questions;
mod queue;
mod ranges;
mod removal;
mod resumption;
mod retry;
mod room;
mod schedule;
mod sites;
mod step;
mod take_over;
mod target;
mod transfer;
mod trash;
mod tree;
mod twin;
mod verify;
mod width;
mod within;
mod work;

use std::sync::Arc;

use tokio::sync::{mpsc, watch};

use crate::storage::Dial;
use message::{Command, Event, Snapshot};

/// The ends of a running engine.
pub struct Handles {
    /// Where commands go. Dropping it shuts the engine down.
    pub commands: mpsc::UnboundedSender<Command>,
    /// What happened, in order; ends after [`Command::Shutdown`].
    pub events: mpsc::UnboundedReceiver<Event>,
    /// How everything stands.
    pub progress: watch::Receiver<Arc<Snapshot>>,
}

/// Starts the engine on the current tokio runtime. Nothing of what it does is recorded.
pub fn start(dial: Arc<dyn Dial>) -> Handles {
    start_with(dial, None)
}

/// Starts the engine, and a journal of what it does.
pub fn start_with_journal(dial: Arc<dyn Dial>, journal: journal::Options) -> Handles {
    start_with(dial, Some(journal))
}

fn start_with(dial: Arc<dyn Dial>, journal: Option<journal::Options>) -> Handles {
    let (commands, orders) = mpsc::unbounded_channel();
    let (outlet, events) = mpsc::unbounded_channel();
    let (snapshots, progress) = watch::channel(Arc::default());
    let (replies, replied) = mpsc::unbounded_channel();
    let journal = (journal::Journal::new(journal, outlet.clone(), replies), replied);
    tokio::spawn(central::Central::new(dial, orders, outlet, snapshots, journal).run());
    Handles { commands, events, progress }
}
