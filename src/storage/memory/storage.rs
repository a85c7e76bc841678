//! The contract, kept by the tree in memory.

use std::{cmp::min, sync::PoisonError};

use async_trait::async_trait;
use sha2::Digest as _;

use super::{
    Digests, MemoryStorage, Operation, failure, now,
    streams::{Reader, Writer},
    tree,
};
use crate::{
    domain::{
        digest::Sha256,
        display::escape,
        entry::{Attributes, Entry, Kind, RefusedName, SetAttributes, Space},
        error::{ErrorKind, Result},
        path::{LONGEST_NAME, Name, StoragePath},
    },
    storage::{
        Batch, Capabilities, Listing, ListingSender, ReadStream, Replace, Storage, WriteOptions,
        WriteStream, listing,
    },
};

/// Rows of a batch: few enough that tests meet several.
const ROWS: usize = 100;

impl MemoryStorage {
    /// One operation: the hook, the connection, the work, and words for its failure.
    async fn perform<T>(
        &self,
        operation: Operation,
        verb: &str,
        path: &StoragePath,
        work: impl FnOnce(&Self) -> tree::Result<T> + Send,
    ) -> Result<T> {
        self.enter(operation, path, || self.doing(verb, path)).await?;
        work(self).map_err(|kind| failure(kind, self.doing(verb, path)))
    }

    /// Whether these attributes can be set here at all.
    pub(super) fn may_set(&self, set: &SetAttributes) -> tree::Result<()> {
        let can = self.capabilities();
        let refused = set.modified.is_some() && !can.set_times
            || set.permissions.is_some() && !can.set_permissions;
        if refused { Err(ErrorKind::Unsupported) } else { Ok(()) }
    }

    fn batches(&self, path: &StoragePath) -> tree::Result<Vec<Batch>> {
        let strange = self.faults().strange_names.clone();
        let tree = self.tree();
        let rows = tree.rows(tree.find(path, true)?)?;
        let mut batches: Vec<Batch> = rows
            .chunks(ROWS)
            .map(|rows| Batch {
                entries: rows
                    .iter()
                    .map(|(name, attributes)| Entry {
                        name: name.clone(),
                        attributes: *attributes,
                        leads_to: tree
                            .find(&path.join(name), true)
                            .and_then(|id| tree.attributes(id))
                            .ok()
                            .filter(|_| attributes.kind == Kind::Symlink)
                            .map(|attributes| attributes.kind),
                    })
                    .collect(),
                refused: Vec::new(),
            })
            .collect();
        if !strange.is_empty() {
            let mut batch = Batch::default();
            for bytes in strange {
                match Name::new(&bytes) {
                    Err(why) => {
                        let bytes = bytes[..min(bytes.len(), LONGEST_NAME)].to_vec();
                        batch.refused.push(RefusedName { bytes, why });
                    }
                    Ok(name) => batch.entries.push(Entry {
                        name,
                        attributes: Attributes::of_kind(Kind::Other),
                        leads_to: None,
                    }),
                }
            }
            batches.push(batch);
        }
        Ok(batches)
    }

    async fn send_rows(self, path: StoragePath, batches: Vec<Batch>, rows: ListingSender) {
        for batch in batches {
            let doing = || self.doing("list", &path);
            if let Err(error) = self.enter(Operation::ListRows, &path, doing).await {
                return rows.fail(error).await;
            }
            if rows.rows(batch).await.is_err() {
                return;
            }
        }
        rows.end().await;
    }
}

#[async_trait]
impl Storage for MemoryStorage {
    fn capabilities(&self) -> Capabilities {
        let can = *self.disk.capabilities.lock().unwrap_or_else(PoisonError::into_inner);
        let digests = can.digests && self.faults().digests != Digests::Unsupported;
        Capabilities { digests, ..can }
    }

    async fn canonical(&self, path: &StoragePath) -> Result<StoragePath> {
        let work = |this: &Self| this.tree().canonical(path);
        self.perform(Operation::Canonical, "find", path, work).await
    }

    async fn list(&self, path: &StoragePath) -> Result<Listing> {
        let work = |this: &Self| this.batches(path);
        let batches = self.perform(Operation::List, "list", path, work).await?;
        let (sender, listing) = listing::channel(self.doing("list", path));
        tokio::spawn(self.clone().send_rows(path.clone(), batches, sender));
        Ok(listing)
    }

    async fn stat(&self, path: &StoragePath) -> Result<Attributes> {
        let work = |this: &Self| {
            let tree = this.tree();
            tree.attributes(tree.find(path, false)?)
        };
        self.perform(Operation::Stat, "look at", path, work).await
    }

    async fn stat_followed(&self, path: &StoragePath) -> Result<Attributes> {
        let work = |this: &Self| {
            let tree = this.tree();
            tree.attributes(tree.find(path, true)?)
        };
        self.perform(Operation::StatFollowed, "look at", path, work).await
    }

    async fn read(
        &self,
        path: &StoragePath,
        offset: u64,
        length: Option<u64>,
    ) -> Result<Box<dyn ReadStream>> {
        let work = |this: &Self| {
            let id = this.tree().find(path, true)?;
            Reader::open(this, id, path, offset, length)
        };
        let reader = self.perform(Operation::OpenRead, "open", path, work).await?;
        Ok(Box::new(reader))
    }

    async fn write(
        &self,
        path: &StoragePath,
        options: WriteOptions,
    ) -> Result<Box<dyn WriteStream>> {
        let work = |this: &Self| {
            if options.offset > 0 && !this.capabilities().write_at_offset {
                return Err(ErrorKind::Unsupported);
            }
            let id = if options.create_new {
                this.tree().add_file(path, options.permissions, now())?
            } else {
                // What is continued is a part of our own: a link in its place is not followed.
                this.tree().find(path, false)?
            };
            Writer::open(this, id, path, options.offset)
        };
        let writer = self.perform(Operation::OpenWrite, "create", path, work).await?;
        Ok(Box::new(writer))
    }

    async fn rename(&self, from: &StoragePath, to: &StoragePath, replace: Replace) -> Result<()> {
        let doing = || {
            let names = format!("{} to {}", escape(from.as_bytes()), escape(to.as_bytes()));
            self.doing_with("rename", &names)
        };
        self.enter(Operation::Rename, from, doing).await?;
        let renamed = self.tree().rename(from, to, replace == Replace::Allowed, now());
        renamed.map_err(|kind| failure(kind, doing()))
    }

    async fn make_directory(&self, path: &StoragePath, permissions: Option<u32>) -> Result<()> {
        let permissions = permissions.unwrap_or(0o755);
        let work = |this: &Self| this.tree().add_directory(path, permissions, now());
        self.perform(Operation::MakeDirectory, "make directory", path, work).await
    }

    async fn remove_file(&self, path: &StoragePath) -> Result<()> {
        let work = |this: &Self| this.tree().remove_file(path, now());
        self.perform(Operation::RemoveFile, "remove", path, work).await
    }

    async fn remove_directory(&self, path: &StoragePath) -> Result<()> {
        let work = |this: &Self| this.tree().remove_directory(path, now());
        self.perform(Operation::RemoveDirectory, "remove directory", path, work).await
    }

    async fn set_attributes(&self, path: &StoragePath, attributes: &SetAttributes) -> Result<()> {
        let work = |this: &Self| {
            this.may_set(attributes)?;
            let mut tree = this.tree();
            let id = tree.find(path, false)?;
            tree.set(id, attributes)
        };
        self.perform(Operation::SetAttributes, "set the attributes of", path, work).await
    }

    async fn read_link(&self, path: &StoragePath) -> Result<Vec<u8>> {
        let work = |this: &Self| {
            let tree = this.tree();
            tree.link_target(tree.find(path, false)?)
        };
        self.perform(Operation::ReadLink, "read the link", path, work).await
    }

    async fn make_link(&self, path: &StoragePath, target: &[u8]) -> Result<()> {
        let work = |this: &Self| {
            if !this.capabilities().symlinks {
                return Err(ErrorKind::Unsupported);
            }
            this.tree().add_link(path, target, now())
        };
        self.perform(Operation::MakeLink, "make the link", path, work).await
    }

    async fn digest(&self, path: &StoragePath) -> Result<Sha256> {
        let work = |this: &Self| {
            let can = this.capabilities();
            let told = this.faults().digests;
            let tree = this.tree();
            let id = tree.find(path, true)?;
            if tree.is_denied(id)? {
                return Err(ErrorKind::PermissionDenied);
            }
            let bytes = tree.bytes(id)?;
            if !can.digests {
                return Err(ErrorKind::Unsupported);
            }
            let mut digest: [u8; 32] = sha2::Sha256::digest(bytes).into();
            if told == Digests::Wrong {
                digest[0] ^= 1;
            }
            Ok(Sha256(digest))
        };
        self.perform(Operation::Digest, "hash", path, work).await
    }

    async fn space(&self, path: &StoragePath) -> Result<Space> {
        let left = self.faults().space;
        let told = left.map(|available| Space { available, total: available });
        let doing = || self.doing("find out how much room there is at", path);
        told.ok_or_else(|| failure(ErrorKind::Unsupported, doing()))
    }

    fn disconnect(&self) {
        self.line.now();
    }
}
