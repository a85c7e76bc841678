//! A directory's rows in batches, from a blocking task that stops when nobody listens.

use std::{
    fs::{self, DirEntry, ReadDir},
    io,
    os::unix::ffi::OsStrExt as _,
    time::{Duration, Instant},
};

use tokio::sync::oneshot;

use super::{as_path, calls, doing, landed};
use crate::{
    domain::{
        entry::{Attributes, Entry, Kind, RefusedName},
        error::{Error, ErrorKind, Result},
        path::{LONGEST_NAME, Name, StoragePath},
    },
    storage::{Batch, Listing, ListingSender, listing},
};

/// The most rows of a batch.
const ROWS: usize = 512;
/// The longest a found row waits for its batch to fill.
const PATIENCE: Duration = Duration::from_millis(40);

/// Opens the directory and goes on listing in the background.
pub(super) async fn start(path: &StoragePath) -> Result<Listing> {
    let (sender, listing) = listing::channel(doing("list", path));
    let (opened, is_open) = oneshot::channel();
    let owned = path.clone();
    let task = tokio::task::spawn_blocking(move || match fs::read_dir(as_path(&owned)) {
        Ok(rows) => {
            let _ = opened.send(());
            feed(rows, sender, &owned);
            Ok(())
        }
        Err(error) => Err(Error::from_io(doing("list", &owned), error)),
    });
    match is_open.await {
        Ok(()) => Ok(listing),
        // It ended without opening: its result says why.
        Err(_) => {
            landed(task, "list", path).await?;
            Err(Error::new(ErrorKind::Failed, doing("list", path), "it could not be opened"))
        }
    }
}

fn feed(rows: ReadDir, sender: ListingSender, path: &StoragePath) {
    let mut batch = Batch::default();
    let mut last_sent = Instant::now();
    for row in rows {
        match row.and_then(|row| add(&mut batch, &row)) {
            Ok(()) => {}
            Err(error) => return sender.fail_blocking(Error::from_io(doing("list", path), error)),
        }
        let count = batch.entries.len() + batch.refused.len();
        if count >= ROWS || count > 0 && last_sent.elapsed() > PATIENCE {
            if sender.rows_blocking(std::mem::take(&mut batch)).is_err() {
                return;
            }
            last_sent = Instant::now();
        }
    }
    let rest = batch.entries.len() + batch.refused.len() > 0;
    if !rest || sender.rows_blocking(batch).is_ok() {
        sender.end_blocking();
    }
}

fn add(batch: &mut Batch, row: &DirEntry) -> io::Result<()> {
    let name = row.file_name();
    let name = match Name::new(name.as_bytes()) {
        Ok(name) => name,
        Err(why) => {
            let bytes = name.as_bytes().iter().take(LONGEST_NAME).copied().collect();
            batch.refused.push(RefusedName { bytes, why });
            return Ok(());
        }
    };
    let attributes = match row.metadata() {
        Ok(metadata) => calls::attributes(metadata),
        // Removed since its name was read.
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        // A directory that may be read but not entered tells names and kinds, and nothing more.
        Err(_) => Attributes::of_kind(row.file_type().map_or(Kind::Other, calls::kind)),
    };
    let leads_to = match attributes.kind {
        Kind::Symlink => {
            row.path().metadata().ok().map(|metadata| calls::kind(metadata.file_type()))
        }
        _ => None,
    };
    batch.entries.push(Entry { name, attributes, leads_to });
    Ok(())
}
