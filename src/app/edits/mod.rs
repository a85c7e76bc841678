//! Copies that are edited: their folders, their records, and whether they were saved, on a thread of their own.

mod record;
mod watch;

use std::{
    collections::HashMap,
    fs, io,
    os::unix::ffi::OsStrExt as _,
    path::{Path, PathBuf},
    sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel},
    thread,
    time::Duration,
};

use rustix::fs::{FlockOperation, flock};
use tokio::{
    sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel},
    time,
};

use super::outside::{as_path, private_folder, shown, storage_path};
use crate::{
    domain::path::StoragePath,
    engine::message::Ticket,
    model::{EditNews, EditOrder, Kept, LeftEdit},
};
use watch::Watch;

/// How often watched copies are looked at.
const POLL: Duration = Duration::from_millis(250);
/// How long what was ordered may take to be done at the end.
const END: Duration = Duration::from_secs(1);

/// The thread that keeps copies.
pub(super) struct EditsThread {
    orders: Option<Sender<EditOrder>>,
    pub(super) news: UnboundedReceiver<EditNews>,
}

impl EditsThread {
    /// Begins it; copies lie in folders of `room`.
    pub(super) fn begin(room: PathBuf) -> io::Result<Self> {
        let (orders, taken) = channel();
        let (told, news) = unbounded_channel();
        thread::Builder::new().name("edits".to_owned()).spawn(move || {
            Keeper { room, held: HashMap::new(), watched: HashMap::new(), told }.work(&taken);
        })?;
        Ok(Self { orders: Some(orders), news })
    }

    /// Has something done; what came of it is in the news.
    pub(super) fn order(&self, order: EditOrder) {
        if let Some(orders) = &self.orders {
            // The thread ends after the screen, and never before.
            let _ = orders.send(order);
        }
    }

    /// Waits for a while until what was ordered is done.
    pub(super) async fn end(mut self) {
        self.orders = None;
        let _ = time::timeout(END, async { while self.news.recv().await.is_some() {} }).await;
    }
}

struct Keeper {
    room: PathBuf,
    /// Folders that are this process's, by their locks: another Wharf does not offer them.
    held: HashMap<PathBuf, fs::File>,
    watched: HashMap<Ticket, Watch>,
    told: UnboundedSender<EditNews>,
}

impl Keeper {
    fn work(mut self, orders: &Receiver<EditOrder>) {
        loop {
            let order = if self.watched.is_empty() {
                orders.recv().map_err(|_| RecvTimeoutError::Disconnected)
            } else {
                orders.recv_timeout(POLL)
            };
            match order {
                Ok(order) => self.carry_out(order),
                Err(RecvTimeoutError::Timeout) => self.look(),
                Err(RecvTimeoutError::Disconnected) => return,
            }
        }
    }

    fn tell(&self, news: EditNews) {
        // The screen may be gone; what was ordered is done all the same.
        let _ = self.told.send(news);
    }

    fn carry_out(&mut self, order: EditOrder) {
        match order {
            EditOrder::Begin(ticket, kept) => {
                let room = self.make(&kept);
                self.tell(EditNews::Room(ticket, room));
            }
            EditOrder::Keep(folder, kept) => {
                if let Err(words) = record::write(as_path(&folder), &kept) {
                    self.tell(EditNews::Trouble(words));
                }
            }
            EditOrder::Watch(ticket, copy) => {
                let watched = Watch::begin(as_path(&copy));
                let digest = watched.map(|(watch, digest)| {
                    self.watched.insert(ticket, watch);
                    digest
                });
                self.tell(EditNews::Watched(ticket, digest));
            }
            EditOrder::Check(ticket) => {
                let changed = match self.watched.get_mut(&ticket) {
                    Some(watch) => watch.check(),
                    None => Ok(false),
                };
                self.tell(EditNews::Checked(ticket, changed));
            }
            EditOrder::Unwatch(ticket) => drop(self.watched.remove(&ticket)),
            EditOrder::Clear(folder) => self.clear(as_path(&folder)),
            EditOrder::FindLeft => {
                let (left, troubles) = self.find_left();
                self.tell(EditNews::Left(left, troubles));
            }
        }
    }

    fn look(&mut self) {
        let saved: Vec<Ticket> = self
            .watched
            .iter_mut()
            .filter_map(|(ticket, watch)| watch.was_saved().then_some(*ticket))
            .collect();
        for ticket in saved {
            self.tell(EditNews::Saved(ticket));
        }
    }

    fn make(&mut self, kept: &Kept) -> Result<StoragePath, String> {
        let folder = private_folder(&self.room)?;
        if let Some(lock) = lock(&folder) {
            self.held.insert(folder.clone(), lock);
        }
        record::write(&folder, kept).inspect_err(|_| drop(fs::remove_dir(&folder)))?;
        Ok(storage_path(&folder))
    }

    /// Removes a folder that was made here, and nothing else.
    fn clear(&mut self, folder: &Path) {
        if folder.parent() != Some(&*self.room) {
            return;
        }
        // What cannot be removed stays for the person's eyes only. The record goes last: it is what the folder is found by.
        if fs::remove_dir_all(folder).is_ok() {
            let _ = fs::remove_file(record::path_of(folder));
        }
        self.held.remove(folder);
    }

    /// Copies that belong to no Wharf that runs. They are this one's from now on.
    fn find_left(&mut self) -> (Vec<LeftEdit>, Vec<String>) {
        let (mut left, mut troubles) = (Vec::new(), Vec::new());
        for path in record::all(&self.room) {
            let folder = path.with_extension("");
            if self.held.contains_key(&folder) {
                continue;
            }
            if !folder.is_dir() {
                // It was given up half-way.
                let _ = fs::remove_file(&path);
                continue;
            }
            let Some(lock) = lock(&folder) else { continue };
            match record::read(&path) {
                Ok(kept) => match self.left(&folder, kept) {
                    Some(edit) => {
                        self.held.insert(folder, lock);
                        left.push(edit);
                    }
                    None => self.clear(&folder),
                },
                Err(words) => troubles.push(words),
            }
        }
        (left, troubles)
    }

    /// A copy as it was left; `None` where it never was whole, for then it never had its name.
    fn left(&self, folder: &Path, kept: Kept) -> Option<LeftEdit> {
        let name = kept.location.path.name()?;
        let copy = folder.join(Path::new(std::ffi::OsStr::from_bytes(name.as_bytes())));
        // One that cannot be read is kept: something is there. Without a base nobody knows: Wharf may have been killed
        // just as the editor had opened it.
        let is_changed = match watch::digest(&copy) {
            Ok(now) => kept.base != Some(now),
            Err(_) if !copy.exists() => return None,
            Err(_) => true,
        };
        Some(LeftEdit { folder: storage_path(folder), kept, is_changed })
    }
}

/// Takes a folder for this process, as long as it lives; `None` where another has it.
fn lock(folder: &Path) -> Option<fs::File> {
    let folder = fs::File::open(folder).ok()?;
    flock(&folder, FlockOperation::NonBlockingLockExclusive).ok()?;
    Some(folder)
}

/// A failure with the file it is about.
fn failed(doing: &str, path: &Path, error: &io::Error) -> String {
    format!("Could not {doing} {}: {error}.", shown(path))
}

#[cfg(test)]
mod tests;
