//! Streams over one file of the tree. They keep it, whatever becomes of its name.

use async_trait::async_trait;
use bytes::Bytes;

use super::{
    MemoryStorage, Operation, Reads, failure, now,
    tree::{self, NodeId},
};
use crate::{
    domain::{
        entry::{Attributes, SetAttributes},
        error::{Error, ErrorKind, Result},
        path::StoragePath,
    },
    storage::{FinishOptions, ReadStream, WriteStream},
};

const CHUNK: u64 = 64 * 1024;

/// An open file; closed when dropped.
struct Handle {
    storage: MemoryStorage,
    id: NodeId,
    path: StoragePath,
}

impl Drop for Handle {
    fn drop(&mut self) {
        self.storage.tree().close(self.id);
    }
}

impl Handle {
    fn open(storage: &MemoryStorage, id: NodeId, path: &StoragePath) -> tree::Result<Self> {
        storage.tree().open(id)?;
        Ok(Self { storage: storage.clone(), id, path: path.clone() })
    }

    async fn enter(&self, operation: Operation, verb: &str) -> Result<()> {
        self.storage.enter(operation, &self.path, || self.storage.doing(verb, &self.path)).await
    }

    fn failure(&self, kind: ErrorKind, verb: &str) -> Error {
        failure(kind, self.storage.doing(verb, &self.path))
    }
}

pub(super) struct Reader {
    handle: Handle,
    at: u64,
    end: u64,
}

impl Reader {
    pub(super) fn open(
        storage: &MemoryStorage,
        id: NodeId,
        path: &StoragePath,
        offset: u64,
        length: Option<u64>,
    ) -> tree::Result<Self> {
        let end = length.map_or(u64::MAX, |length| offset.saturating_add(length));
        Ok(Self { handle: Handle::open(storage, id, path)?, at: offset, end })
    }

    fn chunk(&self) -> tree::Result<Vec<u8>> {
        let reads = self.handle.storage.faults().reads;
        let tree = self.handle.storage.tree();
        let bytes = tree.bytes(self.handle.id)?;
        let size = match reads {
            Reads::EndAt(offset) => offset.min(bytes.len() as u64),
            Reads::RunOverBy(more) => (bytes.len() as u64).saturating_add(more),
            Reads::Honest | Reads::FlipBitAt(_) => bytes.len() as u64,
        };
        let end = size.min(self.end).min(self.at.saturating_add(CHUNK)).max(self.at);
        let real = |offset: u64| {
            let offset = usize::try_from(offset).unwrap_or(usize::MAX);
            offset.min(bytes.len())
        };
        let mut chunk = bytes[real(self.at)..real(end)].to_vec();
        // At most one chunk, so it fits.
        chunk.resize((end - self.at) as usize, 0);
        if let Reads::FlipBitAt(offset) = reads {
            let flipped = offset.checked_sub(self.at).and_then(|at| usize::try_from(at).ok());
            if let Some(byte) = flipped.and_then(|at| chunk.get_mut(at)) {
                *byte ^= 1;
            }
        }
        Ok(chunk)
    }
}

#[async_trait]
impl ReadStream for Reader {
    async fn next(&mut self) -> Result<Option<Bytes>> {
        self.handle.enter(Operation::Read, "read").await?;
        let chunk = self.chunk().map_err(|kind| self.handle.failure(kind, "read"))?;
        self.at += chunk.len() as u64;
        Ok((!chunk.is_empty()).then(|| chunk.into()))
    }

    async fn finish(self: Box<Self>) -> Result<()> {
        self.handle.enter(Operation::FinishRead, "read").await
    }
}

pub(super) struct Writer {
    handle: Handle,
    at: u64,
    broken: Option<ErrorKind>,
}

impl Writer {
    pub(super) fn open(
        storage: &MemoryStorage,
        id: NodeId,
        path: &StoragePath,
        offset: u64,
    ) -> tree::Result<Self> {
        Ok(Self { handle: Handle::open(storage, id, path)?, at: offset, broken: None })
    }

    /// Writes as much as there is space for.
    fn put(&mut self, data: &[u8]) -> tree::Result<()> {
        let storage = &self.handle.storage;
        let wanted = data.len() as u64;
        let granted = match &mut storage.faults().space {
            None => wanted,
            Some(left) => {
                let granted = wanted.min(*left);
                *left -= granted;
                granted
            }
        };
        // A range the data had fits; one beyond the address space is no file of this tree.
        let start = usize::try_from(self.at).map_err(|_| ErrorKind::NoSpace)?;
        let end = start.checked_add(granted as usize).ok_or(ErrorKind::NoSpace)?;
        let mut tree = storage.tree();
        let bytes = tree.bytes_mut(self.handle.id, now())?;
        if bytes.len() < end {
            bytes.resize(end, 0);
        }
        bytes[start..end].copy_from_slice(&data[..granted as usize]);
        self.at += granted;
        if granted < wanted { Err(ErrorKind::NoSpace) } else { Ok(()) }
    }

    fn close(&self, set: &SetAttributes) -> tree::Result<Attributes> {
        self.handle.storage.may_set(set)?;
        let mut tree = self.handle.storage.tree();
        tree.set(self.handle.id, set)?;
        tree.attributes(self.handle.id)
    }
}

#[async_trait]
impl WriteStream for Writer {
    async fn write(&mut self, data: Bytes) -> Result<()> {
        let entered = match self.broken {
            Some(kind) => Err(self.handle.failure(kind, "write")),
            None => self.handle.enter(Operation::Write, "write").await,
        };
        let written = match entered {
            Ok(()) => self.put(&data).map_err(|kind| self.handle.failure(kind, "write")),
            failed => failed,
        };
        if let Err(error) = &written {
            self.broken = Some(error.kind());
        }
        written
    }

    async fn finish(self: Box<Self>, options: FinishOptions) -> Result<Attributes> {
        if let Some(kind) = self.broken {
            return Err(self.handle.failure(kind, "write"));
        }
        self.handle.enter(Operation::FinishWrite, "finish writing").await?;
        self.close(&options.attributes).map_err(|kind| self.handle.failure(kind, "finish writing"))
    }
}
