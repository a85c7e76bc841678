//! This machine's disks. Every call that may wait for a disk runs on tokio's blocking pool.

mod calls;
mod read;
mod rename;
mod rows;
#[cfg(test)]
mod tests;
mod trash;
mod write;

use std::{
    ffi::OsStr,
    io,
    os::unix::ffi::OsStrExt,
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use async_trait::async_trait;
use tokio::task::JoinError;

use super::{
    Capabilities, Listing, ReadStream, Replace, Storage, WriteOptions, WriteStream, hang_up::HangUp,
};
use crate::domain::{
    digest::Sha256,
    display::escape,
    entry::{Attributes, SetAttributes, Space},
    error::{Error, ErrorKind, Result},
    owners::NewOwner,
    path::StoragePath,
    sums::{Algorithm, Sum},
};

/// The file systems of this machine, as the process may see them.
#[derive(Default)]
pub struct LocalStorage {
    line: Arc<HangUp>,
    synced: Arc<write::Synced>,
}

impl LocalStorage {
    /// This machine's disks. Disconnecting ends what is under way; it needs no connecting.
    pub fn new() -> Self {
        Self::default()
    }

    /// Runs a blocking call on a path.
    async fn call<T: Send + 'static>(
        &self,
        verb: &'static str,
        path: &StoragePath,
        work: impl FnOnce(&Path) -> io::Result<T> + Send + 'static,
    ) -> Result<T> {
        let owned = path.clone();
        let hop = tokio::task::spawn_blocking(move || {
            work(as_path(&owned)).map_err(|error| Error::from_io(doing(verb, &owned), error))
        });
        self.line.unless(|| doing(verb, path), landed(hop, verb, path)).await
    }
}

/// `verb path`, as an error wants it.
fn doing(verb: &str, path: &StoragePath) -> String {
    format!("{verb} {}", escape(path.as_bytes()))
}

fn as_path(path: &StoragePath) -> &Path {
    Path::new(OsStr::from_bytes(path.as_bytes()))
}

/// Waits for a blocking task; one that ends without a result is a failure.
async fn landed<T>(
    hop: impl Future<Output = std::result::Result<Result<T>, JoinError>>,
    verb: &str,
    path: &StoragePath,
) -> Result<T> {
    match hop.await {
        Ok(result) => result,
        Err(error) if error.is_panic() => {
            let why = "the program ran into a fault of its own";
            Err(Error::new(ErrorKind::Failed, doing(verb, path), why))
        }
        Err(_) => Err(Error::new(ErrorKind::Cancelled, doing(verb, path), "the program ends")),
    }
}

/// Tells a long blocking task that nobody waits for it any more.
#[derive(Default)]
struct StopOnDrop(Arc<AtomicBool>);

impl Drop for StopOnDrop {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

#[async_trait]
impl Storage for LocalStorage {
    fn capabilities(&self) -> Capabilities {
        Capabilities {
            atomic_replace: true,
            set_times: true,
            set_permissions: true,
            set_owner: true,
            trash: true,
            symlinks: true,
            digests: true,
            write_at_offset: true,
            goes_on: true,
            one_writer_a_file: false,
            sync: true,
            exact_listings: true,
            sees_links: true,
            one_file_a_connection: false,
            copies: false,
        }
    }

    async fn canonical(&self, path: &StoragePath) -> Result<StoragePath> {
        self.call("find", path, calls::canonical).await
    }

    async fn list(&self, path: &StoragePath) -> Result<Listing> {
        let listing = rows::start(path);
        self.line.unless(|| doing("list", path), listing).await
    }

    async fn stat(&self, path: &StoragePath) -> Result<Attributes> {
        self.call("look at", path, |path| path.symlink_metadata().map(calls::attributes)).await
    }

    async fn stat_followed(&self, path: &StoragePath) -> Result<Attributes> {
        self.call("look at", path, |path| path.metadata().map(calls::attributes)).await
    }

    async fn read(
        &self,
        path: &StoragePath,
        offset: u64,
        length: Option<u64>,
    ) -> Result<Box<dyn ReadStream>> {
        let opened = self
            .call("read", path, move |path| {
                let file = calls::open_to_read(path)?;
                read::Load::first(file, offset, length)
            })
            .await?;
        Ok(Box::new(read::Reader::new(opened, path.clone(), self.line.clone())))
    }

    async fn write(
        &self,
        path: &StoragePath,
        options: WriteOptions,
    ) -> Result<Box<dyn WriteStream>> {
        let verb = if options.create_new { "create" } else { "open" };
        let file = self.call(verb, path, move |path| calls::open_to_write(path, options)).await?;
        let (line, synced) = (self.line.clone(), self.synced.clone());
        Ok(Box::new(write::Writer::new(file, options.offset, path.clone(), line, synced)))
    }

    async fn rename(&self, from: &StoragePath, to: &StoragePath, replace: Replace) -> Result<()> {
        let doing = format!("rename {} to {}", escape(from.as_bytes()), escape(to.as_bytes()));
        let (old, new) = (from.clone(), to.clone());
        let sync = self.synced.take(from);
        let renamed = self.call("rename", from, move |_| {
            rename::rename(as_path(&old), as_path(&new), replace)?;
            if sync { rename::sync_parent(as_path(&new)) } else { Ok(()) }
        });
        renamed.await.map_err(|error| error.while_doing(doing))
    }

    async fn make_directory(&self, path: &StoragePath, permissions: Option<u32>) -> Result<()> {
        self.call("make directory", path, move |path| calls::make_directory(path, permissions))
            .await
    }

    async fn remove_file(&self, path: &StoragePath) -> Result<()> {
        self.synced.take(path);
        self.call("remove", path, |path| std::fs::remove_file(path)).await
    }

    async fn remove_directory(&self, path: &StoragePath) -> Result<()> {
        self.call("remove directory", path, |path| std::fs::remove_dir(path)).await
    }

    async fn trash(&self, path: &StoragePath) -> Result<StoragePath> {
        self.synced.take(path);
        let work = |path: &Path| trash::Trasher::of_this_user().take(path);
        let there = self.call("put into the trash", path, work).await?;
        Ok(StoragePath::new(there.as_os_str().as_bytes()))
    }

    async fn trash_of(&self, folder: &StoragePath) -> Result<Option<StoragePath>> {
        let work = |path: &Path| trash::Trasher::of_this_user().place(path);
        let there = self.call("find the trash of", folder, work).await?;
        Ok(there.map(|there| StoragePath::new(there.as_os_str().as_bytes())))
    }

    async fn set_attributes(&self, path: &StoragePath, attributes: &SetAttributes) -> Result<()> {
        let set = *attributes;
        let work = move |path: &Path| calls::set_attributes(path, &set);
        self.call("set the attributes of", path, work).await
    }

    async fn set_owner(&self, path: &StoragePath, owner: NewOwner) -> Result<()> {
        let work = move |path: &Path| calls::set_owner(path, owner);
        self.call("set the owner of", path, work).await
    }

    async fn read_link(&self, path: &StoragePath) -> Result<Vec<u8>> {
        let work =
            |path: &Path| path.read_link().map(|target| target.as_os_str().as_bytes().to_vec());
        self.call("read the link", path, work).await
    }

    async fn make_link(&self, path: &StoragePath, target: &[u8]) -> Result<()> {
        let target = target.to_vec();
        let work = move |path: &Path| std::os::unix::fs::symlink(OsStr::from_bytes(&target), path);
        self.call("make the link", path, work).await
    }

    async fn digest(&self, path: &StoragePath) -> Result<Sha256> {
        let sum = self.sum(path, Algorithm::Sha256).await?;
        let whole = |_| {
            let doing = format!("hash {path:?}");
            Error::new(ErrorKind::Failed, doing, "the digest has another length; this is a bug")
        };
        sum.as_bytes().try_into().map(Sha256).map_err(whole)
    }

    fn sums(&self) -> Vec<Algorithm> {
        Algorithm::ALL.to_vec()
    }

    async fn sum(&self, path: &StoragePath, algorithm: Algorithm) -> Result<Sum> {
        let stop = StopOnDrop::default();
        let told = stop.0.clone();
        self.call("hash", path, move |path| calls::sum(path, algorithm, &told)).await
    }

    async fn space(&self, path: &StoragePath) -> Result<Space> {
        self.call("find out how much room there is at", path, calls::space).await
    }

    fn disconnect(&self) {
        self.line.now();
    }
}
