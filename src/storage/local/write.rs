//! Bytes into a file: gathered while one trip to the blocking pool is under way, then written by the next.

use std::{
    collections::HashSet,
    fs::File,
    io::{self, IoSlice},
    sync::{Arc, Mutex, PoisonError},
};

use async_trait::async_trait;
use bytes::Bytes;
use tokio::task::{JoinHandle, spawn_blocking};

use super::{calls, doing, landed};
use crate::{
    domain::{
        entry::Attributes,
        error::{Error, Result},
        path::StoragePath,
    },
    storage::{FinishOptions, WriteStream, hang_up::HangUp},
};

/// From here on a trip is worth its way; what is less waits for more, or for the end.
const WORTH_A_TRIP: usize = 256 * 1024;
/// More than this does not wait: the writer is told to.
const MOST_WAITING: usize = 4 * 1024 * 1024;

/// Files whose content was brought to the disk on request: a rename then brings the new name there as well.
#[derive(Default)]
pub(super) struct Synced(Mutex<HashSet<StoragePath>>);

impl Synced {
    fn add(&self, path: StoragePath) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(path);
    }

    /// Forgets it, and tells whether it was one.
    pub(super) fn take(&self, path: &StoragePath) -> bool {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(path)
    }
}

pub(super) struct Writer {
    file: Arc<File>,
    /// Where the next trip writes.
    at: u64,
    waiting: Vec<Bytes>,
    waiting_bytes: usize,
    trip: Option<JoinHandle<Result<()>>>,
    broken: Option<Error>,
    path: StoragePath,
    line: Arc<HangUp>,
    synced: Arc<Synced>,
}

impl Writer {
    pub(super) fn new(
        file: File,
        at: u64,
        path: StoragePath,
        line: Arc<HangUp>,
        synced: Arc<Synced>,
    ) -> Self {
        Self {
            file: Arc::new(file),
            at,
            waiting: Vec::new(),
            waiting_bytes: 0,
            trip: None,
            broken: None,
            path,
            line,
            synced,
        }
    }

    /// Takes what waits, and the place it goes to.
    fn pack(&mut self) -> (Arc<File>, Vec<Bytes>, u64) {
        let at = self.at;
        self.at = at.saturating_add(self.waiting_bytes as u64);
        self.waiting_bytes = 0;
        (self.file.clone(), std::mem::take(&mut self.waiting), at)
    }

    fn depart(&mut self) {
        let (file, load, at) = self.pack();
        let path = self.path.clone();
        self.trip = Some(spawn_blocking(move || {
            write_all(&file, &load, at)
                .map_err(|error| Error::from_io(doing("write", &path), error))
        }));
    }

    /// Waits for the trip under way, if there is one.
    async fn land(&mut self) -> Result<()> {
        if let Some(trip) = &mut self.trip {
            let landed = landed(trip, "write", &self.path).await;
            self.trip = None;
            landed?;
        }
        Ok(())
    }

    async fn push_on(&mut self) -> Result<()> {
        let busy = self.trip.as_ref().is_some_and(|trip| !trip.is_finished());
        if self.waiting_bytes >= MOST_WAITING || !busy && self.waiting_bytes >= WORTH_A_TRIP {
            self.land().await?;
            self.depart();
        }
        Ok(())
    }
}

#[async_trait]
impl WriteStream for Writer {
    async fn write(&mut self, data: Bytes) -> Result<()> {
        if let Some(error) = &self.broken {
            return Err(error.clone());
        }
        self.waiting_bytes += data.len();
        self.waiting.push(data);
        let (line, path) = (self.line.clone(), self.path.clone());
        let written = line.unless(|| doing("write", &path), self.push_on()).await;
        if let Err(error) = &written {
            self.broken = Some(error.clone());
        }
        written
    }

    async fn finish(mut self: Box<Self>, options: FinishOptions) -> Result<Attributes> {
        if let Some(error) = self.broken {
            return Err(error);
        }
        let (line, path) = (self.line.clone(), self.path.clone());
        let work = async move {
            self.land().await?;
            let (file, load, at) = self.pack();
            let Self { file: own, path, synced, .. } = *self;
            // So that the trip has the only one, and closes it.
            drop(own);
            let owned = path.clone();
            let trip = spawn_blocking(move || {
                write_all(&file, &load, at)
                    .map_err(|error| Error::from_io(doing("write", &owned), error))?;
                close(file, &options)
                    .map_err(|error| Error::from_io(doing("finish writing", &owned), error))
            });
            let attributes = landed(trip, "finish writing", &path).await?;
            if options.sync {
                synced.add(path);
            }
            Ok(attributes)
        };
        line.unless(|| doing("finish writing", &path), work).await
    }
}

/// Some file systems (NFS, many of FUSE) send on what was written no sooner than this, and say only here that it is lost.
fn close(file: Arc<File>, options: &FinishOptions) -> io::Result<Attributes> {
    calls::set_attributes_of(&file, &options.attributes)?;
    if options.sync {
        file.sync_all()?;
    }
    let attributes = file.metadata().map(calls::attributes)?;
    if let Some(file) = Arc::into_inner(file) {
        nix::unistd::close(file)?;
    }
    Ok(attributes)
}

fn write_all(file: &File, load: &[Bytes], mut at: u64) -> io::Result<()> {
    // As many as the system takes at once.
    for some in load.chunks(1024) {
        let mut slices: Vec<IoSlice<'_>> = some.iter().map(|bytes| IoSlice::new(bytes)).collect();
        let mut slices = slices.as_mut_slice();
        IoSlice::advance_slices(&mut slices, 0);
        while !slices.is_empty() {
            match rustix::io::pwritev(file, slices, at) {
                Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
                Ok(count) => {
                    at += count as u64;
                    IoSlice::advance_slices(&mut slices, count);
                }
                Err(rustix::io::Errno::INTR) => {}
                Err(error) => return Err(error.into()),
            }
        }
    }
    Ok(())
}
