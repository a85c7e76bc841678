//! Where a case runs: a storage of one kind, and an empty folder in it.

use std::{
    collections::BTreeMap,
    fs,
    future::Future,
    os::unix::{
        ffi::{OsStrExt as _, OsStringExt as _},
        fs::{MetadataExt as _, chown, lchown, symlink},
    },
    path::PathBuf,
    sync::Arc,
    time::Duration,
};

use wharf::{
    domain::{
        entry::{Attributes, Entry},
        error::{ErrorKind, Result},
        path::{Name, StoragePath},
    },
    storage::{FinishOptions, Storage, WriteOptions, local::LocalStorage, memory::MemoryStorage},
};

use super::remote;
use crate::servers::{
    ftp_server::{Make, Tls},
    sshd::{Account, Sftp},
};

/// The storages that make the promise.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Memory,
    Local,
    Embedded,
    OpenSsh,
    /// The same, logged in as somebody whom permissions bind.
    OpenSshOrdinary,
    /// ProFTPD's mod_sftp.
    ProFtpdSftp,
    /// The same, logged in as somebody whom permissions bind.
    ProFtpdSftpOrdinary,
    /// An FTP server.
    Ftp(Make, Tls),
}

/// How long a case may take before it counts as hung.
const PATIENCE: Duration = Duration::from_secs(120);

/// Runs a case against a storage of a kind.
pub(super) fn run<F: Future<Output = ()>>(kind: Kind, case: impl FnOnce(Arc<Place>) -> F) {
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let ended = runtime.block_on(async {
        let Some(place) = Place::open(kind).await else { return Ok(()) };
        tokio::time::timeout(PATIENCE, case(Arc::new(place))).await
    });
    // What a case left hanging must not hang the test as well.
    runtime.shutdown_timeout(Duration::from_secs(1));
    assert!(ended.is_ok(), "hung for {PATIENCE:?}");
}

/// A storage and an empty folder in it.
pub(super) struct Place {
    pub(super) kind: Kind,
    pub(super) storage: Arc<dyn Storage>,
    pub(super) folder: StoragePath,
    /// Where to look past the storage.
    pub(super) behind: Behind,
    /// Servers and folders that go away with the place.
    _keep: Vec<Box<dyn Send + Sync>>,
}

/// A way to the files that does not use the storage under test.
pub(super) enum Behind {
    Memory(MemoryStorage),
    Disk(PathBuf),
}

impl Place {
    /// `None` where the storage cannot be had on this machine.
    async fn open(kind: Kind) -> Option<Self> {
        match kind {
            Kind::Memory => {
                let memory = MemoryStorage::new();
                memory.put_directory("/place").unwrap();
                Some(Self {
                    kind,
                    storage: Arc::new(memory.clone()),
                    folder: StoragePath::new("/place"),
                    behind: Behind::Memory(memory),
                    _keep: Vec::new(),
                })
            }
            Kind::Local => {
                let folder = tempfile::Builder::new().prefix("wharf-").tempdir().unwrap();
                let storage = Arc::new(LocalStorage::new());
                Some(Self::on_disk(kind, storage, folder.path().into(), vec![Box::new(folder)]))
            }
            Kind::Embedded => Some(remote::embedded(|_| ()).await),
            Kind::OpenSsh => remote::openssh(Sftp::Program, Account::Me).await,
            Kind::OpenSshOrdinary => remote::openssh(Sftp::Program, Account::Ordinary).await,
            Kind::Ftp(make, tls) => remote::ftp(make, tls).await,
            Kind::ProFtpdSftp => remote::proftpd_sftp(Account::Me).await,
            Kind::ProFtpdSftpOrdinary => remote::proftpd_sftp(Account::Ordinary).await,
        }
    }

    pub(super) fn on_disk(
        kind: Kind,
        storage: Arc<dyn Storage>,
        folder: PathBuf,
        keep: Vec<Box<dyn Send + Sync>>,
    ) -> Self {
        let folder = folder.canonicalize().unwrap();
        Self {
            kind,
            storage,
            folder: StoragePath::new(folder.as_os_str().as_bytes()),
            behind: Behind::Disk(folder),
            _keep: keep,
        }
    }

    /// The path of a name in the folder; the name may have slashes.
    pub(super) fn at(&self, name: impl AsRef<[u8]>) -> StoragePath {
        self.folder.join_typed(name)
    }

    /// The same for a single component.
    pub(super) fn named(&self, name: &Name) -> StoragePath {
        self.folder.join(name)
    }

    /// Whether the storage can hold such a name at all.
    pub(super) fn can_hold(&self, name: &[u8]) -> bool {
        // russh-sftp, which serves the embedded one, makes strings of all names.
        match self.kind {
            Kind::Embedded => std::str::from_utf8(name).is_ok(),
            // Where a line ends, so does the command.
            Kind::Ftp(make, _) => {
                let refused = |byte: &u8| byte.is_ascii_control() || *byte == b'\\';
                let bent = |name: &[u8]| name.ends_with(b" ") || name.iter().any(refused);
                !name.contains(&b'\n')
                    && !name.contains(&b'\r')
                    && (make != Make::PureFtpd || !bent(name))
            }
            _ => true,
        }
    }

    /// Whether it tells of a link what the link says, and not which absolute path that comes to.
    pub(super) fn tells_links_literally(&self) -> bool {
        self.kind != Kind::ProFtpdSftp
    }

    /// Whether it computes digests: vsftpd and Pure-FTPd do not.
    pub(super) fn takes_digests(&self) -> bool {
        !matches!(self.kind, Kind::Ftp(make, _) if make != Make::ProFtpd)
    }

    /// Whether a look at a link shows a link: FTP shows what it leads to, and nothing where that is nothing.
    pub(super) fn sees_links(&self) -> bool {
        !matches!(self.kind, Kind::Ftp(..))
    }

    /// Whether a write into the middle keeps what is behind it, and may begin behind the end: Pure-FTPd cuts off what
    /// is behind, and ProFTPD begins no write there.
    pub(super) fn writes_in_the_middle(&self) -> bool {
        !matches!(self.kind, Kind::Ftp(Make::PureFtpd | Make::ProFtpd, _))
    }

    /// Whether a look tells permissions: vsftpd has no command for it.
    pub(super) fn tells_permissions(&self) -> bool {
        !matches!(self.kind, Kind::Ftp(Make::Vsftpd | Make::VsftpdAnonymous, _))
    }

    /// The permissions of a name as the storage told them; or as they are, where it cannot tell.
    pub(super) fn permissions_of(&self, name: &str, told: &Attributes) -> Option<u32> {
        let Behind::Disk(folder) = &self.behind else { return told.permissions };
        if self.tells_permissions() {
            return told.permissions;
        }
        Some(fs::metadata(folder.join(name)).unwrap().mode() & 0o7777)
    }

    /// Whether it renames a link that leads somewhere: mod_sftp would rename what it leads to.
    pub(super) fn renames_links(&self) -> bool {
        self.kind != Kind::ProFtpdSftp
    }

    /// Whether it keeps fractions of a second: version 3 of SFTP does not (draft-02 §5).
    pub(super) fn keeps_nanoseconds(&self) -> bool {
        matches!(self.kind, Kind::Memory | Kind::Local)
    }

    /// Puts a file there past the storage.
    pub(super) fn put_behind(&self, name: &str, content: &[u8]) {
        match &self.behind {
            Behind::Memory(memory) => memory.put(self.at(name).as_bytes(), content).unwrap(),
            Behind::Disk(folder) => {
                fs::write(folder.join(name), content).unwrap();
                // It belongs to whom the folder belongs to, as if it had come through the storage.
                let owner = fs::metadata(folder).unwrap();
                chown(folder.join(name), Some(owner.uid()), Some(owner.gid())).unwrap();
            }
        }
    }

    /// Makes a link, past a storage that makes none.
    pub(super) async fn link(&self, name: &str, target: &[u8]) {
        if self.storage.capabilities().symlinks {
            return self.storage.make_link(&self.at(name), target).await.unwrap();
        }
        let Behind::Disk(folder) = &self.behind else { panic!("memory makes links") };
        let owner = fs::metadata(folder).unwrap();
        symlink(std::ffi::OsStr::from_bytes(target), folder.join(name)).unwrap();
        lchown(folder.join(name), Some(owner.uid()), Some(owner.gid())).unwrap();
    }

    /// What a file holds, seen past the storage; `None` where there is none.
    pub(super) fn seen_behind(&self, name: &str) -> Option<Vec<u8>> {
        match &self.behind {
            Behind::Memory(memory) => memory.content(self.at(name).as_bytes()),
            Behind::Disk(folder) => fs::read(folder.join(name)).ok(),
        }
    }

    /// What a link says, seen past the storage, where it can be seen.
    pub(super) fn link_behind(&self, name: &str) -> Option<Vec<u8>> {
        match &self.behind {
            Behind::Memory(_) => None,
            Behind::Disk(folder) => {
                Some(fs::read_link(folder.join(name)).unwrap().into_os_string().into_vec())
            }
        }
    }

    /// Writes a whole new file through the storage.
    pub(super) async fn put(&self, name: impl AsRef<[u8]>, content: &[u8]) -> Attributes {
        self.try_to_put(name, content).await.unwrap()
    }

    /// Tries to.
    pub(super) async fn try_to_put(
        &self,
        name: impl AsRef<[u8]>,
        content: &[u8],
    ) -> Result<Attributes> {
        let mut stream = self.storage.write(&self.at(name), WriteOptions::new_private()).await?;
        for chunk in content.chunks(100_000) {
            stream.write(chunk.to_vec().into()).await?;
        }
        stream.finish(FinishOptions::default()).await
    }

    /// Reads a whole file through the storage.
    pub(super) async fn get(&self, name: impl AsRef<[u8]>) -> Result<Vec<u8>> {
        self.range(name, 0, None).await
    }

    /// Reads a range through the storage.
    pub(super) async fn range(
        &self,
        name: impl AsRef<[u8]>,
        offset: u64,
        length: Option<u64>,
    ) -> Result<Vec<u8>> {
        let mut stream = self.storage.read(&self.at(name), offset, length).await?;
        let mut all = Vec::new();
        while let Some(chunk) = stream.next().await? {
            assert!(!chunk.is_empty(), "a chunk is never empty");
            all.extend_from_slice(&chunk);
        }
        assert!(stream.next().await?.is_none(), "an end stays an end");
        stream.finish().await?;
        Ok(all)
    }

    /// All rows of a folder by name, each of which must be there once.
    pub(super) async fn rows(&self, path: &StoragePath) -> BTreeMap<Name, Entry> {
        let rows = self.storage.list(path).await.unwrap().collect().await.unwrap();
        assert!(rows.refused.is_empty(), "{:?}", rows.refused);
        let count = rows.entries.len();
        let by_name: BTreeMap<_, _> =
            rows.entries.into_iter().map(|row| (row.name.clone(), row)).collect();
        assert_eq!(by_name.len(), count, "a name came twice");
        by_name
    }

    /// Streams open on anything in the folder.
    pub(super) fn open_streams(&self) -> usize {
        match &self.behind {
            Behind::Memory(memory) => memory.open_streams(),
            Behind::Disk(folder) => open_files_below(folder),
        }
    }
}

/// How many descriptors of any process that may be looked at lead below a folder. Directories do not count, nor does
/// a child that some other test is just starting: until it runs its own program it holds copies of all of ours.
fn open_files_below(folder: &std::path::Path) -> usize {
    let program = |process: &std::path::Path| fs::read_link(process.join("exe")).ok();
    let ours = fs::read_link("/proc/self").unwrap();
    let our_program = program("/proc/self".as_ref());
    let begins = |process: &fs::DirEntry| {
        process.file_name() != ours.as_os_str() && program(&process.path()) == our_program
    };
    let processes = fs::read_dir("/proc").unwrap().flatten();
    let descriptors = processes
        .filter(|process| !begins(process))
        .filter_map(|process| fs::read_dir(process.path().join("fd")).ok())
        .flat_map(|descriptors| descriptors.flatten());
    descriptors
        .filter_map(|descriptor| fs::read_link(descriptor.path()).ok())
        .filter(|target| target.starts_with(folder) && !target.is_dir())
        .count()
}

/// The failure is of one of these kinds.
#[track_caller]
pub(super) fn fails<T>(result: Result<T>, kinds: &[ErrorKind]) {
    match result {
        Ok(_) => panic!("should have failed as one of {kinds:?}"),
        Err(error) => assert!(kinds.contains(&error.kind()), "{error:?} is none of {kinds:?}"),
    }
}

/// Bytes that repeat at no power of two, so that a chunk in the wrong place is seen.
pub(super) fn pattern(length: usize) -> Vec<u8> {
    (0..length as u64).map(|at| (at.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 56) as u8).collect()
}
