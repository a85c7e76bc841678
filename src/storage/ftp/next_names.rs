//! The names that files are to have next: known before they are written to their end, so that whether such a name is free
//! can be asked along with the last of that, and a rename that follows at once need not ask it again.

use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::time::Instant;

use crate::domain::path::StoragePath;

/// What was seen so long ago counts as seen just now.
const JUST_NOW: Duration = Duration::from_millis(250);

/// Of one server.
#[derive(Default)]
pub(super) struct NextNames(Mutex<Books>);

#[derive(Default)]
struct Books {
    /// By the names they have.
    next: HashMap<StoragePath, StoragePath>,
    /// Names that were free, and when.
    free: HashMap<StoragePath, Instant>,
}

impl NextNames {
    fn books(&self) -> MutexGuard<'_, Books> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A file is to be renamed soon.
    pub(super) fn announce(&self, from: &StoragePath, to: &StoragePath) {
        self.books().next.insert(from.clone(), to.clone());
    }

    /// What a file is to be called next; asked once.
    pub(super) fn of(&self, from: &StoragePath) -> Option<StoragePath> {
        self.books().next.remove(from)
    }

    /// Nothing stands under this name.
    pub(super) fn note_free(&self, name: StoragePath) {
        let mut books = self.books();
        books.free.retain(|_, at| at.elapsed() <= JUST_NOW);
        books.free.insert(name, Instant::now());
    }

    /// Whether nothing stood under this name just now. It is about to be taken, and says so once.
    pub(super) fn was_free(&self, name: &StoragePath) -> bool {
        self.books().free.remove(name).is_some_and(|at| at.elapsed() <= JUST_NOW)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_name_is_free_once_and_not_for_long() {
        let names = NextNames::default();
        let (part, name) = (StoragePath::new("/a.part"), StoragePath::new("/a"));
        names.announce(&part, &name);
        assert_eq!(names.of(&part), Some(name.clone()));
        assert_eq!(names.of(&part), None);
        assert!(!names.was_free(&name), "nobody looked");
        names.note_free(name.clone());
        assert!(names.was_free(&name));
        assert!(!names.was_free(&name), "it is taken");
        names.note_free(name.clone());
        tokio::time::advance(JUST_NOW + Duration::from_millis(1)).await;
        assert!(!names.was_free(&name), "that was a while ago");
    }
}
