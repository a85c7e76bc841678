//! A shell on a server, begun and waiting for a terminal; who carries it is for the storage to say.

use std::{fmt, os::fd::BorrowedFd, sync::Arc};

/// How large a terminal is, in cells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Window {
    /// Columns.
    pub width: u16,
    /// Rows.
    pub height: u16,
}

/// How a shell ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ended {
    /// By itself, with this status.
    WithStatus(i32),
    /// By this signal, in the server's word for it (RFC 4254 has them without `SIG`).
    BySignal(String),
}

/// A shell that runs. Dropping it ends it.
pub trait RemoteShell: Send + Sync {
    /// What is written there is typed; what is read from there is shown, and ends with the shell. It does not block.
    fn stream(&self) -> BorrowedFd<'_>;
    /// The terminal has another size.
    fn resized(&self, window: Window);
    /// How it ended, once there is nothing more to be read; `None` where its connection did before.
    fn ending(&self) -> Option<Ended>;
}

/// One that is handed from room to room.
#[derive(Clone)]
pub struct Shell(pub Arc<dyn RemoteShell>);

impl fmt::Debug for Shell {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Shell")
    }
}

impl PartialEq for Shell {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

impl Eq for Shell {}
