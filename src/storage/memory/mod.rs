//! A storage in memory: what the engine is tried with, and every fault a disk or a server can show.
//!
//! A [`MemoryStorage`] is a handle; clones look into the same tree. A hook runs before every operation and may
//! delay it, hang, or fail it; [`Faults`] make streams, space and digests misbehave.

mod faults;
mod inspect;
mod storage;
mod streams;
#[cfg(test)]
mod tests;
mod tree;

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{SystemTime, UNIX_EPOCH},
};

pub use faults::{Call, Digests, Faults, Operation, Reads};

use super::{Capabilities, hang_up::HangUp};
use crate::domain::{
    display::{escape, escape_text},
    entry::Timestamp,
    error::{Error, ErrorKind},
    path::StoragePath,
};
use tree::Tree;

/// A connection to a tree in memory. Clones share both.
#[derive(Clone)]
pub struct MemoryStorage {
    disk: Arc<Disk>,
    line: Arc<HangUp>,
}

/// What outlives a connection.
struct Disk {
    host: Option<String>,
    tree: Mutex<Tree>,
    faults: Mutex<Faults>,
    capabilities: Mutex<Capabilities>,
}

impl Default for MemoryStorage {
    fn default() -> Self {
        Self::new()
    }
}

impl MemoryStorage {
    /// An empty tree that can do everything.
    pub fn new() -> Self {
        Self::make(None)
    }

    /// The same, with a host to be named in errors, as a server's storage does.
    pub fn on_host(host: &str) -> Self {
        Self::make(Some(escape_text(host)))
    }

    fn make(host: Option<String>) -> Self {
        let everything = Capabilities {
            atomic_replace: true,
            set_times: true,
            set_permissions: true,
            set_owner: false,
            trash: false,
            symlinks: true,
            digests: true,
            write_at_offset: true,
            goes_on: true,
            one_writer_a_file: false,
            sync: true,
            exact_listings: true,
            sees_links: true,
            one_file_a_connection: false,
            copies: false,
        };
        let disk = Disk {
            host,
            tree: Mutex::new(Tree::new(now())),
            faults: Mutex::default(),
            capabilities: Mutex::new(everything),
        };
        Self { disk: Arc::new(disk), line: Arc::default() }
    }

    /// A new connection to the same tree, faults and capabilities: what dialling again gives after a disconnect.
    #[must_use]
    pub fn reconnected(&self) -> Self {
        Self { disk: self.disk.clone(), line: Arc::default() }
    }

    fn tree(&self) -> MutexGuard<'_, Tree> {
        self.disk.tree.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn faults(&self) -> MutexGuard<'_, Faults> {
        self.disk.faults.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// `verb path on host`, as an error wants it.
    fn doing(&self, verb: &str, path: &StoragePath) -> String {
        self.doing_with(verb, &escape(path.as_bytes()))
    }

    fn doing_with(&self, verb: &str, object: &str) -> String {
        match &self.disk.host {
            Some(host) => format!("{verb} {object} on {host}"),
            None => format!("{verb} {object}"),
        }
    }
}

/// The words for a failure of the tree, as a system would put it.
fn failure(kind: ErrorKind, doing: String) -> Error {
    let why = match kind {
        ErrorKind::NotFound => "no such file or directory",
        ErrorKind::PermissionDenied => "permission denied",
        ErrorKind::AlreadyExists => "file exists",
        ErrorKind::NotADirectory => "not a directory",
        ErrorKind::IsADirectory => "is a directory",
        ErrorKind::NotEmpty => "directory not empty",
        ErrorKind::NoSpace => "no space left on device",
        ErrorKind::InvalidName => "the name cannot be used",
        ErrorKind::Unsupported => "not supported there",
        ErrorKind::Invalid => "invalid argument",
        _ => "the operation failed",
    };
    Error::new(kind, doing, why)
}

fn now() -> Timestamp {
    let passed = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Timestamp {
        seconds: i64::try_from(passed.as_secs()).unwrap_or(i64::MAX),
        nanoseconds: passed.subsec_nanos(),
    }
}
