//! A file's bytes: a megabyte a trip to the blocking pool, the next trip under way while this one's bytes are used.

use std::{collections::VecDeque, fs::File, io, sync::Arc};

use async_trait::async_trait;
use bytes::Bytes;
use tokio::task::{JoinHandle, spawn_blocking};

use super::{doing, landed};
use crate::{
    domain::{
        error::{Error, Result},
        path::StoragePath,
    },
    storage::{ReadStream, hang_up::HangUp},
};

const CHUNK: usize = 256 * 1024;
const CHUNKS_A_TRIP: usize = 4;
/// The least that is reserved for a chunk, for files that tell a size of 0 and hold something.
const LEAST: u64 = 4096;

/// What one trip brought, and where the next begins.
pub(super) struct Load {
    file: File,
    chunks: VecDeque<Bytes>,
    at: u64,
    end: u64,
    ended: bool,
}

impl Load {
    /// The first trip, made together with opening: a small file needs no other.
    pub(super) fn first(file: File, offset: u64, length: Option<u64>) -> io::Result<Self> {
        let end = length.map_or(u64::MAX, |length| offset.saturating_add(length));
        Self { file, chunks: VecDeque::new(), at: offset, end, ended: false }.fetch()
    }

    fn fetch(mut self) -> io::Result<Self> {
        // Only to reserve no more than is there; the end is where a read brings nothing.
        let size = self.file.metadata()?.len();
        for _ in 0..CHUNKS_A_TRIP {
            let left = self.end.saturating_sub(self.at);
            let expected = size.saturating_sub(self.at).saturating_add(1).max(LEAST);
            let room = left.min(expected).min(CHUNK as u64) as usize;
            let chunk = self.chunk(room)?;
            self.at += chunk.len() as u64;
            if chunk.len() < room || self.at >= self.end {
                self.ended = true;
            }
            if !chunk.is_empty() {
                self.chunks.push_back(chunk.into());
            }
            if self.ended {
                break;
            }
        }
        Ok(self)
    }

    /// Reads until there is no room left or the file ends.
    fn chunk(&self, room: usize) -> io::Result<Vec<u8>> {
        let mut chunk = Vec::with_capacity(room);
        while chunk.len() < room {
            let offset = self.at + chunk.len() as u64;
            let spare = rustix::buffer::spare_capacity(&mut chunk);
            match rustix::io::pread(&self.file, spare, offset) {
                Ok(0) => break,
                Ok(_) | Err(rustix::io::Errno::INTR) => {}
                Err(error) => return Err(error.into()),
            }
        }
        // A reservation may turn out larger than asked for.
        chunk.truncate(room);
        Ok(chunk)
    }
}

pub(super) struct Reader {
    ready: VecDeque<Bytes>,
    trip: Option<JoinHandle<Result<Load>>>,
    path: StoragePath,
    line: Arc<HangUp>,
}

impl Reader {
    pub(super) fn new(first: Load, path: StoragePath, line: Arc<HangUp>) -> Self {
        let mut reader = Self { ready: VecDeque::new(), trip: None, path, line };
        reader.unload(first);
        reader
    }

    /// Takes what a trip brought and starts the next one.
    fn unload(&mut self, mut load: Load) {
        self.ready = std::mem::take(&mut load.chunks);
        if !load.ended {
            let path = self.path.clone();
            self.trip = Some(spawn_blocking(move || {
                load.fetch().map_err(|error| Error::from_io(doing("read", &path), error))
            }));
        }
    }
}

#[async_trait]
impl ReadStream for Reader {
    async fn next(&mut self) -> Result<Option<Bytes>> {
        let line = self.line.clone();
        let path = self.path.clone();
        let work = async {
            if self.ready.is_empty()
                && let Some(trip) = &mut self.trip
            {
                let load = landed(trip, "read", &self.path).await;
                self.trip = None;
                self.unload(load?);
            }
            Ok(self.ready.pop_front())
        };
        line.unless(|| doing("read", &path), work).await
    }

    async fn finish(self: Box<Self>) -> Result<()> {
        Ok(())
    }
}
