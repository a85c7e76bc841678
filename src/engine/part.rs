//! The temporary file beside a destination: its name, and its removal whatever happens.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use tokio::{sync::mpsc, task::JoinSet, time};

use crate::{
    domain::{
        error::ErrorKind,
        part_name::{MARK_LETTERS, part_name},
        path::{Name, StoragePath},
        place::Endpoint,
    },
    storage::Storage,
};

/// A part on its way, removed when dropped unless it was kept.
pub(super) struct Part {
    litter: Option<Litter>,
    path: StoragePath,
    /// The journal knows of it: it stays when the engine leaves its jobs to be gone on with.
    is_noted: bool,
}

impl Part {
    /// A fresh name beside `destination`. Nothing is made yet.
    pub(super) fn beside(destination: &StoragePath, place: Place) -> Self {
        let path = part_path(destination, &place.janitor.mark);
        Self { litter: Some(Litter { place, path: path.clone() }), path, is_noted: false }
    }

    /// One that an earlier attempt left at `path`.
    pub(super) fn at(path: StoragePath, place: Place) -> Self {
        Self { litter: Some(Litter { place, path: path.clone() }), path, is_noted: false }
    }

    pub(super) fn path(&self) -> &StoragePath {
        &self.path
    }

    /// The journal knows of it.
    pub(super) fn set_noted(&mut self) {
        self.is_noted = true;
    }

    /// The same.
    pub(super) fn noted(mut self) -> Self {
        self.set_noted();
        self
    }

    /// It became the destination, or the next attempt needs it.
    pub(super) fn keep(mut self) {
        self.litter = None;
    }
}

impl Drop for Part {
    fn drop(&mut self) {
        if let Some(litter) = self.litter.take()
            && !(self.is_noted && litter.place.janitor.leaves_parts.load(Ordering::Relaxed))
        {
            litter.throw_away();
        }
    }
}

/// Where parts are made, and who clears them away.
#[derive(Clone)]
pub(super) struct Place {
    pub(super) endpoint: Endpoint,
    pub(super) storage: Arc<dyn Storage>,
    pub(super) janitor: Janitor,
}

/// A part nobody needs any more.
pub(super) struct Litter {
    place: Place,
    path: StoragePath,
}

impl Litter {
    pub(super) fn new(place: Place, path: StoragePath) -> Self {
        Self { place, path }
    }

    /// Hands it to the janitor. Never waits.
    pub(super) fn throw_away(self) {
        let janitor = self.place.janitor.clone();
        let _ = janitor.litter.send(self);
    }
}

/// A part that could not be removed because the connection had ended: for the next connection.
pub(super) struct LeftBehind {
    pub(super) endpoint: Endpoint,
    /// The connection it could not be removed with.
    pub(super) storage: Arc<dyn Storage>,
    pub(super) path: StoragePath,
}

/// Clears away in the background, so that neither a cancel nor a failure waits for a server.
#[derive(Clone)]
pub(super) struct Janitor {
    litter: mpsc::UnboundedSender<Litter>,
    /// What the names of this process's parts begin their letters with.
    mark: Mark,
    /// Parts that the journal knows of stay.
    leaves_parts: Arc<AtomicBool>,
}

/// How long one removal may take.
const PATIENCE: Duration = Duration::from_secs(10);
/// An aborted call may still be making the part while it is to be removed: look again this much later.
const SECOND_LOOK: Duration = Duration::from_millis(200);

impl Janitor {
    /// A janitor, and the task that does the work; it ends when all handles to the janitor are gone.
    pub(super) fn start(
        mark: &str,
        left_behind: impl Fn(LeftBehind) + Clone + Send + Sync + 'static,
    ) -> (Self, tokio::task::JoinHandle<()>) {
        let (litter, mut thrown_away) = mpsc::unbounded_channel::<Litter>();
        let work = tokio::spawn(async move {
            let mut removals = JoinSet::new();
            while let Some(Litter { place: Place { endpoint, storage, .. }, path }) =
                thrown_away.recv().await
            {
                let left_behind = left_behind.clone();
                removals.spawn(async move {
                    let removed = time::timeout(PATIENCE, remove(&*storage, &path)).await;
                    if !removed.unwrap_or(false) {
                        left_behind(LeftBehind { endpoint, storage, path });
                    }
                });
                while removals.try_join_next().is_some() {}
            }
            while removals.join_next().await.is_some() {}
        });
        (Self { litter, mark: mark_letters(mark), leaves_parts: Arc::default() }, work)
    }
}

impl Janitor {
    /// From now on parts that the journal knows of stay where they are.
    pub(super) fn leave_parts(&self) {
        self.leaves_parts.store(true, Ordering::Relaxed);
    }
}

/// Whether the part is known to be gone, or never will be by trying.
async fn remove(storage: &dyn Storage, path: &StoragePath) -> bool {
    for last_look in [false, true] {
        match storage.remove_file(path).await {
            Ok(()) => return true,
            Err(error) if error.kind().ends_the_connection() => return false,
            Err(error) if error.kind() == ErrorKind::NotFound && !last_look => {
                time::sleep(SECOND_LOOK).await;
            }
            Err(_) => return true,
        }
    }
    true
}

type Mark = [u8; MARK_LETTERS];

/// What is missing of a mark is made up.
fn mark_letters(mark: &str) -> Mark {
    let letters = mark.as_bytes();
    std::array::from_fn(|at| letters.get(at).copied().unwrap_or(fastrand::alphanumeric() as u8))
}

fn part_path(destination: &StoragePath, mark: &Mark) -> StoragePath {
    let name = destination.name();
    let bytes = name.as_ref().map_or(&b"file"[..], Name::as_bytes);
    let letters = std::array::from_fn(|at| {
        mark.get(at).copied().unwrap_or_else(|| fastrand::alphanumeric() as u8)
    });
    let part = part_name(bytes, letters);
    match (destination.parent(), Name::new(&part)) {
        (Some(parent), Ok(part)) => parent.join(&part),
        _ => StoragePath::new(part),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn part_names_say_whose_they_are() {
        let path = part_path(&StoragePath::new("/srv/in/a.csv"), b"marks");
        assert_eq!(path.parent(), Some(StoragePath::new("/srv/in")));
        assert!(path.as_bytes().starts_with(b"/srv/in/.a.csv.marks"), "{path:?}");
    }
}
