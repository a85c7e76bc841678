//! One contract for everything that holds files: this machine, an SFTP server, a test's memory.
//!
//! All calls take `&self` and run side by side. Paths are bytes; names that come out have passed
//! [`Name::new`](crate::domain::path::Name::new). Errors name the act, the object and the host.

pub mod dial;
mod ftp;
mod hang_up;
pub mod listing;
pub mod local;
pub mod memory;
pub mod sftp;
mod unreached;

use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;

use crate::domain::{
    digest::Sha256,
    entry::{Attributes, SetAttributes, Space},
    error::{Error, ErrorKind, Result},
    owners::{NewOwner, OwnerNames},
    path::StoragePath,
    place::Endpoint,
    question::{Answer, Question},
    shell::{Shell, Window},
    sums::{Algorithm, Sum},
};

pub use listing::{Batch, Listing, ListingSender};

/// A connected place that holds files.
#[async_trait]
pub trait Storage: Send + Sync {
    /// What this storage can do beyond the basics, found out when it was connected.
    fn capabilities(&self) -> Capabilities;

    /// The absolute path for one that may be relative to the login directory (`.` is that directory itself).
    async fn canonical(&self, path: &StoragePath) -> Result<StoragePath>;

    /// Starts to list a directory; rows come in batches, links not followed, in no order, without `.` and `..`.
    async fn list(&self, path: &StoragePath) -> Result<Listing>;

    /// What stands there, links not followed. Absent is [`NotFound`](crate::domain::error::ErrorKind::NotFound).
    async fn stat(&self, path: &StoragePath) -> Result<Attributes>;

    /// What stands under a name that most likely is free, links not followed: asked in as few round trips as it takes to
    /// find that out, at whatever other cost.
    async fn stat_in_doubt(&self, path: &StoragePath) -> Result<Attributes> {
        self.stat(path).await
    }

    /// What stands there, links followed.
    async fn stat_followed(&self, path: &StoragePath) -> Result<Attributes>;

    /// Starts to read a file from `offset`, at most `length` bytes (`None`: to its end).
    async fn read(
        &self,
        path: &StoragePath,
        offset: u64,
        length: Option<u64>,
    ) -> Result<Box<dyn ReadStream>>;

    /// Starts to write into a file.
    async fn write(
        &self,
        path: &StoragePath,
        options: WriteOptions,
    ) -> Result<Box<dyn WriteStream>>;

    /// Renames within the storage. With [`Replace::Never`] a taken name is
    /// [`AlreadyExists`](crate::domain::error::ErrorKind::AlreadyExists); with [`Replace::Allowed`] a file there is
    /// replaced, and is never gone before the new one stands (see [`Capabilities::atomic_replace`]).
    async fn rename(&self, from: &StoragePath, to: &StoragePath, replace: Replace) -> Result<()>;

    /// Makes one directory; its parent must exist.
    async fn make_directory(&self, path: &StoragePath, permissions: Option<u32>) -> Result<()>;

    /// Removes a file or a link (never what it leads to).
    async fn remove_file(&self, path: &StoragePath) -> Result<()>;

    /// Removes an empty directory.
    async fn remove_directory(&self, path: &StoragePath) -> Result<()>;

    /// Puts what stands there, with all it holds, into the storage's own trash, where nothing is replaced; where it lies
    /// then. [`Unsupported`](crate::domain::error::ErrorKind::Unsupported) where [`Capabilities::trash`] is not set.
    async fn trash(&self, path: &StoragePath) -> Result<StoragePath> {
        let doing = format!("put {path:?} into the trash");
        Err(Error::new(ErrorKind::Unsupported, doing, "there is none"))
    }

    /// Where the storage's own trash of what lies in this folder lies, if there is any.
    async fn trash_of(&self, _folder: &StoragePath) -> Result<Option<StoragePath>> {
        Ok(None)
    }

    /// Sets attributes of what stands there; a link is not followed where the storage can tell.
    async fn set_attributes(&self, path: &StoragePath, attributes: &SetAttributes) -> Result<()>;

    /// Gives what stands there, links not followed, to another owner or group.
    /// [`Unsupported`](crate::domain::error::ErrorKind::Unsupported) where [`Capabilities::set_owner`] is not set.
    async fn set_owner(&self, path: &StoragePath, owner: NewOwner) -> Result<()> {
        let doing = format!("set the owner of {path:?} to {owner}");
        Err(Error::new(ErrorKind::Unsupported, doing, "owners cannot be set there"))
    }

    /// The names of users and groups, as far as the storage tells them by itself.
    async fn owner_names(&self, _ids: &[(u32, u32)]) -> Result<OwnerNames> {
        Ok(OwnerNames::default())
    }

    /// Where a symbolic link points to, as it is written in the link.
    async fn read_link(&self, path: &StoragePath) -> Result<Vec<u8>>;

    /// Makes a symbolic link at `path` that holds `target` literally.
    async fn make_link(&self, path: &StoragePath, target: &[u8]) -> Result<()>;

    /// The digest of a file's whole content, computed at the storage's end.
    /// [`Unsupported`](crate::domain::error::ErrorKind::Unsupported) where it cannot.
    async fn digest(&self, path: &StoragePath) -> Result<Sha256>;

    /// The ways besides SHA-256 in which it can take the sum of a file's content, the best first. May become fewer once
    /// some were found not to work.
    fn sums(&self) -> Vec<Algorithm> {
        Vec::new()
    }

    /// The sum of a file's whole content, taken at the storage's end.
    /// [`Unsupported`](crate::domain::error::ErrorKind::Unsupported) where it cannot.
    async fn sum(&self, path: &StoragePath, algorithm: Algorithm) -> Result<Sum> {
        let doing = format!("take the {} of {path:?}", algorithm.word());
        Err(Error::new(ErrorKind::Unsupported, doing, "that is not told there"))
    }

    /// How much room there is on the file system a path lies on.
    /// [`Unsupported`](crate::domain::error::ErrorKind::Unsupported) where the storage does not tell.
    async fn space(&self, path: &StoragePath) -> Result<Space> {
        let doing = format!("find out how much room there is at {path:?}");
        Err(Error::new(ErrorKind::Unsupported, doing, "that is not told there"))
    }

    /// Copies a file under a new name within the storage, by its own hand; `carried` is told of bytes as they are done.
    /// Where [`Capabilities::copies`] does not say so it is
    /// [`Unsupported`](crate::domain::error::ErrorKind::Unsupported).
    async fn copy_within(
        &self,
        within: &Within<'_>,
        _carried: &(dyn Fn(u64) + Send + Sync),
    ) -> Result<Attributes> {
        let doing = format!("copy {:?} to {:?}", within.from, within.to);
        Err(Error::new(ErrorKind::Unsupported, doing, "nothing is copied by itself there"))
    }

    /// A shell on the server, in a folder, for a terminal of this size. Nobody is asked anything for it.
    /// [`Unsupported`](crate::domain::error::ErrorKind::Unsupported) where there are none.
    async fn shell(&self, folder: &StoragePath, _window: Window) -> Result<Shell> {
        let doing = format!("open a shell in {folder:?}");
        Err(Error::new(ErrorKind::Unsupported, doing, "only SFTP servers have shells"))
    }

    /// How many streams of files' data it can make good use of at the moment. It may find out better as it goes.
    fn lanes(&self) -> usize {
        usize::MAX
    }

    /// Digests will be asked for soon: what takes time to get ready for that begins now. Returns at once, costs next
    /// to nothing when called again, and needs the runtime the calls run on.
    fn expect_digests(&self) {}

    /// So many streams of files' data are about to be read at once: what takes time to get ready for that begins now.
    /// Returns at once, costs next to nothing when called again, and needs the runtime the calls run on.
    fn expect_streams(&self, _many: usize) {}

    /// What is being written at `from` is to be renamed to `to` as soon as it is closed: whether that name is free may be
    /// asked along with what closing asks. Returns at once.
    fn expect_rename(&self, _from: &StoragePath, _to: &StoragePath) {}

    /// Ends every connection; calls under way fail with
    /// [`ConnectionLost`](crate::domain::error::ErrorKind::ConnectionLost). Returns at once.
    fn disconnect(&self);
}

/// Bytes of a file in order, prefetched as far as pays.
#[async_trait]
pub trait ReadStream: Send {
    /// The next bytes; `None` at the end of the file or of the range asked for. Never an empty chunk.
    async fn next(&mut self) -> Result<Option<Bytes>>;
    /// Closes, and says whether what was read may be believed. Dropping without it aborts.
    async fn finish(self: Box<Self>) -> Result<()>;
}

/// Bytes on their way into a file.
#[async_trait]
pub trait WriteStream: Send {
    /// Takes the next bytes. Waits only when too much is under way; an earlier chunk's failure shows here or in `finish`.
    async fn write(&mut self, data: Bytes) -> Result<()>;
    /// Waits until all is accepted, sets attributes, flushes to disk if asked and possible, closes,
    /// and tells what the storage then says of the file. Dropping without it aborts.
    async fn finish(self: Box<Self>, options: FinishOptions) -> Result<Attributes>;
}

/// How a file is opened for writing.
#[derive(Debug, Clone, Copy)]
pub struct WriteOptions {
    /// Where in the file the first byte goes.
    pub offset: u64,
    /// Make the file and fail if the name is taken; else open what stands there, keeping its content.
    pub create_new: bool,
    /// Permission bits of a new file; private unless told otherwise.
    pub permissions: u32,
    /// The first bytes are at hand: where that saves a round trip, a refusal may come with them or with the end.
    pub at_once: bool,
}

impl WriteOptions {
    /// A new file nobody else can read.
    pub fn new_private() -> Self {
        Self { offset: 0, create_new: true, permissions: 0o600, at_once: false }
    }
}

/// How a written file is closed.
#[derive(Debug, Clone, Copy, Default)]
pub struct FinishOptions {
    /// Set before closing.
    pub attributes: SetAttributes,
    /// Ask for the content to be on the disk, where the storage can.
    pub sync: bool,
}

/// A copy that a storage makes by its own hand.
#[derive(Debug, Clone, Copy)]
pub struct Within<'a> {
    /// The file.
    pub from: &'a StoragePath,
    /// A name that is not taken. Nobody else may read what is made there, until the attributes say otherwise.
    pub to: &'a StoragePath,
    /// How many bytes, from the beginning on.
    pub size: u64,
    /// How the copy is closed.
    pub finish: FinishOptions,
}

/// Whether a rename may replace.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Replace {
    /// A taken name is an error.
    Never,
    /// A file there gives way.
    Allowed,
}

/// What a storage can do beyond the basics. The engine asks these, never for a protocol.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Capabilities {
    /// Replacing by rename leaves no moment without a file under the name.
    pub atomic_replace: bool,
    /// Times can be set.
    pub set_times: bool,
    /// Permission bits can be set.
    pub set_permissions: bool,
    /// There is a way to set owners and groups, for those who may; and `/etc/passwd` says who they are.
    pub set_owner: bool,
    /// There are symbolic links.
    pub symlinks: bool,
    /// [`Storage::digest`] is worth a try. May turn false once it was found not to work.
    pub digests: bool,
    /// A write may start in the middle of a file.
    pub write_at_offset: bool,
    /// A write may begin within a file or at its end if it goes on to the end: what stood behind its beginning may be
    /// lost.
    pub goes_on: bool,
    /// Whoever writes to a file waits until nobody else does: ranges that are sent side by side would only queue.
    pub one_writer_a_file: bool,
    /// [`FinishOptions::sync`] does something.
    pub sync: bool,
    /// A listing's rows tell what [`Storage::stat`] tells, to the second.
    pub exact_listings: bool,
    /// [`Storage::stat`] tells a link from what it leads to, of whatever kind that is, and takes a round trip or two for
    /// it: a second look before something is done below a directory is worth its while.
    pub sees_links: bool,
    /// Each file under way has a connection of its own, of which there are few: to copy between two such storages the
    /// source is opened first, lest everyone hold what another waits for.
    pub one_file_a_connection: bool,
    /// It has a trash of its own: see [`Storage::trash`].
    pub trash: bool,
    /// It can copy a file by its own hand: see [`Storage::copy_within`].
    pub copies: bool,
}

/// Puts a question to the person; the wait is theirs, and may be cancelled by dropping.
#[async_trait]
pub trait Ask: Send + Sync {
    /// The answer; [`Answer::No`] when nobody is there to answer.
    async fn ask(&self, question: Question) -> Answer;
}

/// Connects endpoints.
#[async_trait]
pub trait Dial: Send + Sync {
    /// Connects and logs in. Asks only what it must: what was answered once in this process is remembered.
    async fn dial(&self, endpoint: &Endpoint, ask: Arc<dyn Ask>) -> Result<Arc<dyn Storage>>;
}
