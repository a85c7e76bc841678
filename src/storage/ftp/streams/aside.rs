//! A file read on the only connection there is: as soon as somebody else wants that connection, what is still to come is
//! set aside in a private file here, and the connection is free.
//!
//! A copy within such a server would else wait for itself: what is read is taken no faster than it is written, and
//! nothing can be written before all was read.

use std::{
    fs::{File, OpenOptions},
    io::{Read as _, Seek as _, Write as _},
    os::unix::fs::OpenOptionsExt as _,
};

use bytes::{Bytes, BytesMut};
use tokio::{
    sync::{mpsc, watch},
    task::JoinHandle,
};

use super::read::CHUNK;
use crate::{
    domain::{display::escape, error::ErrorKind},
    storage::ftp::{data::Transfer, fault::Fault, pool::Lease},
};

/// Chunks that wait for the reader as long as nobody else wants the connection.
const WAITING: usize = 4;

/// What comes of a transfer.
enum Piece {
    Chunk(Bytes),
    /// The rest, in a file that has no name any more.
    Rest(File),
}

/// A transfer that makes way.
pub(super) struct Aside {
    pieces: mpsc::Receiver<Result<Piece, Fault>>,
    rest: Option<File>,
    task: JoinHandle<()>,
}

impl Aside {
    /// Takes a transfer over; `wanted` changes when another asks for its connection.
    pub(super) fn of(lease: Lease, transfer: Transfer, wanted: watch::Receiver<u64>) -> Self {
        let (sender, pieces) = mpsc::channel(WAITING);
        let task = tokio::spawn(hand_on(lease, transfer, wanted, sender));
        Self { pieces, rest: None, task }
    }

    /// The next bytes; `None` once all have come and the server has said so.
    pub(super) async fn next(&mut self) -> Result<Option<Bytes>, Fault> {
        loop {
            if let Some(mut rest) = self.rest.take() {
                let (rest, chunk) = on_disk(move || {
                    let mut chunk = vec![0; CHUNK];
                    let length = rest.read(&mut chunk)?;
                    chunk.truncate(length);
                    Ok((rest, chunk))
                })
                .await?;
                self.rest = Some(rest);
                return Ok((!chunk.is_empty()).then(|| chunk.into()));
            }
            match self.pieces.recv().await {
                Some(Ok(Piece::Chunk(chunk))) => return Ok(Some(chunk)),
                Some(Ok(Piece::Rest(rest))) => self.rest = Some(rest),
                Some(Err(fault)) => return Err(fault),
                None => return Ok(None),
            }
        }
    }
}

impl Drop for Aside {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn hand_on(
    lease: Lease,
    mut transfer: Transfer,
    mut wanted: watch::Receiver<u64>,
    pieces: mpsc::Sender<Result<Piece, Fault>>,
) {
    let mut rest = None;
    let carried = carry(&lease, &mut transfer, &mut wanted, &pieces, &mut rest).await;
    let ended = match carried {
        // The end of the connection; whether it is that of the file, the server has to say.
        Ok(()) => transfer.finish_reading().await.map(drop),
        Err(fault) => Err(fault),
    };
    let last = match (ended, rest) {
        (Ok(()), rest) => {
            lease.give_back();
            rest.map(|rest| rewound(rest).map(Piece::Rest))
        }
        (Err(fault), _) => Some(Err(fault)),
    };
    if let Some(last) = last {
        // Whoever read it may be gone.
        let _ = pieces.send(last).await;
    }
}

async fn carry(
    lease: &Lease,
    transfer: &mut Transfer,
    wanted: &mut watch::Receiver<u64>,
    pieces: &mpsc::Sender<Result<Piece, Fault>>,
    rest: &mut Option<File>,
) -> Result<(), Fault> {
    let mut buffer = BytesMut::new();
    loop {
        buffer.reserve(CHUNK / 4);
        let length = transfer.read(lease.line(), &mut buffer).await?;
        lease.moved();
        if length == 0 {
            return Ok(());
        }
        let chunk = buffer.split().freeze();
        if rest.is_none() {
            tokio::select! {
                biased;
                _ = wanted.changed() => *rest = Some(nameless()?),
                room = pieces.reserve() => {
                    let Ok(room) = room else { return Err(Fault::lost("nobody reads it any more")) };
                    room.send(Ok(Piece::Chunk(chunk)));
                    continue;
                }
            }
        }
        if let Some(mut file) = rest.take() {
            *rest = Some(on_disk(move || file.write_all(&chunk).map(|()| file)).await?);
        }
    }
}

/// On a thread that may wait for the disk.
async fn on_disk<T: Send + 'static>(
    work: impl FnOnce() -> std::io::Result<T> + Send + 'static,
) -> Result<T, Fault> {
    match tokio::task::spawn_blocking(work).await {
        Ok(done) => done.map_err(not_kept),
        Err(_) => Err(Fault::new(ErrorKind::Failed, "the disk's thread broke off")),
    }
}

fn rewound(mut file: File) -> Result<File, Fault> {
    file.rewind().map_err(not_kept)?;
    Ok(file)
}

/// A file for nobody else, gone with whoever holds it open.
fn nameless() -> Result<File, Fault> {
    let name = format!(".wharf-{:016x}", fastrand::u64(..));
    let path = std::env::temp_dir().join(name);
    let mut options = OpenOptions::new();
    let file = options.read(true).write(true).create_new(true).mode(0o600).open(&path);
    let file = file.map_err(not_kept)?;
    std::fs::remove_file(&path).map_err(not_kept)?;
    Ok(file)
}

fn not_kept(error: std::io::Error) -> Fault {
    let fault = Fault::io(error);
    let folder = std::env::temp_dir();
    let why = format!(
        "the server has one connection for reading and writing, and what was read could not be set aside in {}: {}",
        escape(folder.as_os_str().as_encoded_bytes()),
        fault.why
    );
    Fault::new(fault.kind, why)
}
