//! A look inside, past all faults: how a test sets a tree up and sees what became of it.

use super::{MemoryStorage, failure, now};
use crate::domain::{
    entry::{Attributes, SetAttributes},
    error::{ErrorKind, Result},
    path::StoragePath,
};

impl MemoryStorage {
    /// Puts a file there with this content, and the directories above it.
    pub fn put(&self, path: impl AsRef<[u8]>, content: impl AsRef<[u8]>) -> Result<()> {
        let path = StoragePath::new(path);
        if let Some(parent) = path.parent() {
            self.put_directory(parent.as_bytes())?;
        }
        let mut tree = self.tree();
        let id = match tree.find(&path, true) {
            Err(ErrorKind::NotFound) => tree.add_file(&path, 0o644, now()),
            found => found,
        };
        let written = id.and_then(|id| {
            tree.bytes_mut(id, now()).map(|bytes| *bytes = content.as_ref().to_vec())
        });
        written.map_err(|kind| failure(kind, self.doing("put", &path)))
    }

    /// Makes a directory and those above it, where they are missing.
    pub fn put_directory(&self, path: impl AsRef<[u8]>) -> Result<()> {
        let path = StoragePath::new(path);
        if let Some(parent) = path.parent() {
            self.put_directory(parent.as_bytes())?;
        }
        let mut tree = self.tree();
        match tree.find(&path, true) {
            Err(ErrorKind::NotFound) => tree.add_directory(&path, 0o755, now()),
            found => found.map(drop),
        }
        .map_err(|kind| failure(kind, self.doing("put", &path)))
    }

    /// Puts a symbolic link there.
    pub fn put_link(&self, path: impl AsRef<[u8]>, target: impl AsRef<[u8]>) -> Result<()> {
        let path = StoragePath::new(path);
        let made = self.tree().add_link(&path, target.as_ref(), now());
        made.map_err(|kind| failure(kind, self.doing("put", &path)))
    }

    /// Sets attributes, whoever is denied.
    pub fn put_attributes(&self, path: impl AsRef<[u8]>, set: SetAttributes) -> Result<()> {
        let path = StoragePath::new(path);
        let mut tree = self.tree();
        let done = tree.find(&path, false).and_then(|id| tree.set(id, &set));
        done.map_err(|kind| failure(kind, self.doing("set", &path)))
    }

    /// Denies (or allows) opening a file, or entering and changing a directory.
    pub fn deny(&self, path: impl AsRef<[u8]>, denied: bool) -> Result<()> {
        let path = StoragePath::new(path);
        let mut tree = self.tree();
        let done = tree.find(&path, false).and_then(|id| tree.deny(id, denied));
        done.map_err(|kind| failure(kind, self.doing("deny", &path)))
    }

    /// From now on names that `fold` makes equal are one name, as on disks that do not tell case apart.
    pub fn fold_names(&self, fold: fn(&[u8]) -> Vec<u8>) {
        self.tree().fold = Some(fold);
    }

    /// What a file holds, links followed; `None` where no file stands.
    pub fn content(&self, path: impl AsRef<[u8]>) -> Option<Vec<u8>> {
        let tree = self.tree();
        let id = tree.find(&StoragePath::new(path), true).ok()?;
        tree.bytes(id).ok().map(<[u8]>::to_vec)
    }

    /// What stands there, links not followed.
    pub fn attributes(&self, path: impl AsRef<[u8]>) -> Option<Attributes> {
        let tree = self.tree();
        let id = tree.find(&StoragePath::new(path), false).ok()?;
        tree.attributes(id).ok()
    }

    /// Where a link points to; `None` where none stands.
    pub fn link_target(&self, path: impl AsRef<[u8]>) -> Option<Vec<u8>> {
        let tree = self.tree();
        let id = tree.find(&StoragePath::new(path), false).ok()?;
        tree.link_target(id).ok()
    }

    /// Every path there is, sorted, the root left out.
    pub fn paths(&self) -> Vec<StoragePath> {
        self.tree().paths()
    }

    /// Streams that are open.
    pub fn open_streams(&self) -> usize {
        self.tree().handles()
    }
}
