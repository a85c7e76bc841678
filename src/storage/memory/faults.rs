//! What can be made to go wrong, and where a test may step in.

use std::{
    future::Future,
    sync::{Arc, PoisonError},
};

use futures_util::future::BoxFuture;

use super::{super::Capabilities, MemoryStorage};
use crate::domain::{error::Result, path::StoragePath};

/// An operation a hook may meet. Streams show up once for every chunk.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "each is named as the call it stands before")]
pub enum Operation {
    Canonical,
    List,
    /// Before each batch of rows.
    ListRows,
    Stat,
    StatFollowed,
    OpenRead,
    /// Before each chunk.
    Read,
    FinishRead,
    OpenWrite,
    /// Before each chunk.
    Write,
    FinishWrite,
    Rename,
    MakeDirectory,
    RemoveFile,
    RemoveDirectory,
    SetAttributes,
    ReadLink,
    MakeLink,
    Digest,
}

/// What is about to happen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Call {
    /// Which operation.
    pub operation: Operation,
    /// On what; for a rename the old name.
    pub path: StoragePath,
}

/// Runs before an operation: may wait, wait for ever, or fail it.
pub(super) type Hook = dyn Fn(Call) -> BoxFuture<'static, Result<()>> + Send + Sync;

/// Everything that can be made to go wrong.
#[derive(Clone, Default)]
pub struct Faults {
    pub(super) hook: Option<Arc<Hook>>,
    /// What read streams do.
    pub reads: Reads,
    /// Bytes that may still be written before the disk is full; `None` for no end.
    pub space: Option<u64>,
    /// What digests are told.
    pub digests: Digests,
    /// Names that every listing holds besides the real ones, for the door to refuse.
    pub strange_names: Vec<Vec<u8>>,
}

/// What read streams do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Reads {
    /// They tell what the file holds.
    #[default]
    Honest,
    /// They end at this offset as if the file did.
    EndAt(u64),
    /// They go on for so many zero bytes after the file's end.
    RunOverBy(u64),
    /// They swap the lowest bit of the byte at this offset.
    FlipBitAt(u64),
}

/// What digests are told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Digests {
    /// The true ones.
    #[default]
    Honest,
    /// None, ever.
    Unsupported,
    /// Wrong ones.
    Wrong,
}

impl MemoryStorage {
    /// Sets what runs before every operation. It replaces an earlier one.
    pub fn before<F, W>(&self, hook: F)
    where
        F: Fn(Call) -> W + Send + Sync + 'static,
        W: Future<Output = Result<()>> + Send + 'static,
    {
        self.faults().hook = Some(Arc::new(move |call| Box::pin(hook(call))));
    }

    /// Lets every operation through again.
    pub fn without_hook(&self) {
        self.faults().hook = None;
    }

    /// Changes what goes wrong, from now on.
    pub fn misbehave(&self, change: impl FnOnce(&mut Faults)) {
        change(&mut self.faults());
    }

    /// Changes what the storage says it can do, and does.
    pub fn set_capabilities(&self, change: impl FnOnce(&mut Capabilities)) {
        change(&mut self.disk.capabilities.lock().unwrap_or_else(PoisonError::into_inner));
    }

    /// Lets the hook run, then says whether the connection still stands.
    pub(super) async fn enter(
        &self,
        operation: Operation,
        path: &StoragePath,
        doing: impl FnOnce() -> String,
    ) -> Result<()> {
        // Memory never waits by itself, but who else runs must get a turn.
        tokio::task::coop::consume_budget().await;
        let hook = self.faults().hook.clone();
        let work = async {
            match hook {
                Some(hook) => hook(Call { operation, path: path.clone() }).await,
                None => Ok(()),
            }
        };
        self.line.unless(doing, work).await
    }
}
