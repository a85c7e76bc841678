//! Jobs in the background: commands in, events out. Knows no screen and no protocol.

pub mod message;

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

/// Starts the engine on the current tokio runtime.
pub fn start(_dial: Arc<dyn Dial>) -> Handles {
    let (commands, _) = mpsc::unbounded_channel();
    let (_, events) = mpsc::unbounded_channel();
    let (_, progress) = watch::channel(Arc::default());
    Handles { commands, events, progress }
}
