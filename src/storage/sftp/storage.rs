//! An SFTP server as a storage: each act of the contract in terms of requests.

use std::sync::Arc;

use async_trait::async_trait;
use tokio::task::AbortHandle;

use super::{
    client::Client,
    connection::Tuning,
    copying,
    digest::Digester,
    habits::Habits,
    login::{LoggedIn, Login},
    mail::{Fault, LaneChoice},
    owners,
    packet::{WireAttributes, open_flags},
    replace, rows,
    server::{Server, from_wire, to_wire},
    shell,
    streams::{OpenFile, SftpReadStream, SftpWriteStream},
};
use crate::{
    domain::{
        digest::Sha256,
        display,
        entry::{Attributes, Kind, SetAttributes, Space},
        error::{Error, ErrorKind, Result},
        owners::{NewOwner, OwnerNames},
        path::StoragePath,
        shell::{Shell, Window},
        site::Bounds,
    },
    storage::{
        Ask, Capabilities, Listing, ReadStream, Replace, Storage, Within, WriteOptions,
        WriteStream, listing,
    },
};

/// A server one is logged in to, as a place that holds files.
pub(crate) struct SftpStorage {
    server: Arc<Server>,
    digester: Digester,
    growing: Option<AbortHandle>,
    login: Option<Arc<Login>>,
}

impl SftpStorage {
    /// Logs in, and opens SFTP.
    pub(crate) async fn connect(
        login: Arc<Login>,
        ask: Arc<dyn Ask>,
        bounds: Bounds,
    ) -> Result<Self> {
        let logged_in = login.open(ask).await?;
        let tuning = Tuning { bounds, ..Tuning::default() };
        let habits = Arc::clone(login.habits());
        let mut storage = Self::on(logged_in, login.site().host(), habits, tuning).await?;
        let connections = storage.server.client.connections();
        storage.growing = Some(connections.grow(login.clone(), tuning));
        storage.login = Some(login);
        Ok(storage)
    }

    /// Opens SFTP on a session that is logged in.
    async fn on(
        logged_in: LoggedIn,
        host: &str,
        habits: Arc<Habits>,
        tuning: Tuning,
    ) -> Result<Self> {
        let client = Client::start(logged_in, habits, tuning).await.map_err(|fault| {
            fault.into_error(format!("start SFTP on {}", display::escape_text(host)))
        })?;
        let server = Arc::new(Server::new(client, host));
        let digester = Digester::new(Arc::clone(&server));
        Ok(Self { digester, server, growing: None, login: None })
    }

    /// The failure of an act on a path, in whole words.
    fn failed<'a>(&'a self, act: &'a str, path: &'a StoragePath) -> impl Fn(Fault) -> Error + 'a {
        move |fault| fault.into_error(self.server.doing(act, path))
    }

    /// What stands there now, to find out what a bare `Failure` meant.
    async fn kind_at(&self, path: &StoragePath) -> Option<Kind> {
        self.server.client.lstat(path.as_bytes()).await.ok().map(|there| from_wire(&there).kind)
    }

    async fn why_not_made(&self, fault: Fault, path: &StoragePath) -> Fault {
        if !matches!(fault.kind, ErrorKind::Failed | ErrorKind::PermissionDenied) {
            return fault;
        }
        match self.kind_at(path).await {
            Some(_) => Fault::new(ErrorKind::AlreadyExists, "the name is taken"),
            None => self.server.look_closer_at_writing(fault, path).await,
        }
    }
}

impl Drop for SftpStorage {
    fn drop(&mut self) {
        self.disconnect();
    }
}

#[async_trait]
impl Storage for SftpStorage {
    fn capabilities(&self) -> Capabilities {
        let extensions = self.server.client.extensions();
        Capabilities {
            atomic_replace: extensions.posix_rename,
            set_times: self.server.can_set(),
            set_permissions: self.server.can_set(),
            set_owner: self.server.can_set(),
            trash: false,
            symlinks: true,
            digests: self.digester.is_worth_a_try(),
            write_at_offset: true,
            goes_on: true,
            one_writer_a_file: false,
            sync: extensions.fsync,
            exact_listings: true,
            sees_links: true,
            one_file_a_connection: false,
            copies: extensions.copy_data,
        }
    }

    async fn shell(&self, folder: &StoragePath, window: Window) -> Result<Shell> {
        let host = self.server.host();
        match &self.login {
            Some(login) => shell::begin(login, host, folder, window).await,
            None => Err(Error::new(
                ErrorKind::Unsupported,
                format!("open a shell on {host}"),
                "nobody knows how to log in there once more",
            )),
        }
    }

    async fn canonical(&self, path: &StoragePath) -> Result<StoragePath> {
        let failed = self.failed("find", path);
        let missing = match self.server.real_path(path).await {
            Err(fault) if fault.kind == ErrorKind::NotFound => fault,
            outcome => return outcome.map_err(failed),
        };
        // Some servers know only what there is: what is to be will be where its folder is.
        match (path.parent(), path.name()) {
            (Some(parent), Some(name)) => {
                Ok(self.server.real_path(&parent).await.map_err(failed)?.join(&name))
            }
            _ => Err(failed(missing)),
        }
    }

    async fn list(&self, path: &StoragePath) -> Result<Listing> {
        let directory = match self.server.client.open_directory(path.as_bytes()).await {
            Ok(directory) => directory,
            Err(fault) => {
                // OpenSSH says `no such file` of a file that is no directory.
                let no_directory = matches!(fault.kind, ErrorKind::Failed | ErrorKind::NotFound)
                    && matches!(self.kind_at(path).await, Some(Kind::File | Kind::Other));
                let fault = if no_directory {
                    Fault::new(ErrorKind::NotADirectory, "it is not a directory")
                } else {
                    fault
                };
                return Err(self.failed("list", path)(fault));
            }
        };
        let (rows, listing) = listing::channel(self.server.doing("list", path));
        tokio::spawn(rows::hand_on(Arc::clone(&self.server), path.clone(), directory, rows));
        Ok(listing)
    }

    async fn stat(&self, path: &StoragePath) -> Result<Attributes> {
        let there = self.server.client.lstat(path.as_bytes()).await;
        there.map(|wire| from_wire(&wire)).map_err(self.failed("look at", path))
    }

    async fn stat_followed(&self, path: &StoragePath) -> Result<Attributes> {
        let there = self.server.client.stat(path.as_bytes()).await;
        there.map(|wire| from_wire(&wire)).map_err(self.failed("look at", path))
    }

    async fn read(
        &self,
        path: &StoragePath,
        offset: u64,
        length: Option<u64>,
    ) -> Result<Box<dyn ReadStream>> {
        let (flags, attributes) = (open_flags::READ, WireAttributes::default());
        let client = &self.server.client;
        // A range of a large file keeps a lane busy for long.
        let lane = if length.is_some() { LaneChoice::Unshared } else { LaneChoice::Bulk };
        match client.open_file(path.as_bytes(), flags, attributes, lane).await {
            Ok(opened) => {
                let file = OpenFile::new(&self.server, path, opened);
                Ok(Box::new(SftpReadStream::new(file, offset, length)))
            }
            Err(fault) => {
                let fault = self.server.look_closer(fault, path).await;
                Err(self.failed("open", path)(fault))
            }
        }
    }

    async fn write(
        &self,
        path: &StoragePath,
        options: WriteOptions,
    ) -> Result<Box<dyn WriteStream>> {
        let (flags, attributes) = if options.create_new {
            let permissions = Some(options.permissions & 0o7777);
            let flags = open_flags::WRITE | open_flags::CREATE | open_flags::EXCLUSIVE;
            (flags, WireAttributes { permissions, ..WireAttributes::default() })
        } else {
            (open_flags::WRITE, WireAttributes::default())
        };
        // The middle of a large file keeps a lane busy for long.
        let lane = if options.offset > 0 { LaneChoice::Unshared } else { LaneChoice::Bulk };
        match self.server.client.open_file(path.as_bytes(), flags, attributes, lane).await {
            Ok(opened) => {
                let file = OpenFile::new(&self.server, path, opened);
                Ok(Box::new(SftpWriteStream::new(file, options.offset)))
            }
            Err(fault) if options.create_new => {
                let fault = self.why_not_made(fault, path).await;
                Err(self.failed("create", path)(fault))
            }
            Err(fault) => {
                let fault = self.server.look_closer_at_writing(fault, path).await;
                let fault = self.server.look_closer(fault, path).await;
                Err(self.failed("open for writing", path)(fault))
            }
        }
    }

    async fn copy_within(
        &self,
        within: &Within<'_>,
        carried: &(dyn Fn(u64) + Send + Sync),
    ) -> Result<Attributes> {
        copying::copy(&self.server, within, carried).await
    }

    async fn rename(&self, from: &StoragePath, to: &StoragePath, replace: Replace) -> Result<()> {
        replace::rename(&self.server, from, to, replace)
            .await
            .map_err(|fault| fault.into_error(self.server.doing_with("rename", from, "to", to)))
    }

    async fn make_directory(&self, path: &StoragePath, permissions: Option<u32>) -> Result<()> {
        let permissions = permissions.map(|mode| mode & 0o7777);
        let attributes = WireAttributes { permissions, ..WireAttributes::default() };
        match self.server.client.make_directory(path.as_bytes(), attributes).await {
            Ok(()) => Ok(()),
            Err(fault) => {
                let fault = self.why_not_made(fault, path).await;
                Err(self.failed("make directory", path)(fault))
            }
        }
    }

    async fn remove_file(&self, path: &StoragePath) -> Result<()> {
        match self.server.client.remove(path.as_bytes()).await {
            Ok(()) => Ok(()),
            Err(fault) => {
                let unclear = matches!(fault.kind, ErrorKind::Failed | ErrorKind::PermissionDenied);
                let fault = if unclear && self.kind_at(path).await == Some(Kind::Directory) {
                    Fault::new(ErrorKind::IsADirectory, "it is a directory")
                } else {
                    fault
                };
                Err(self.failed("remove", path)(fault))
            }
        }
    }

    async fn remove_directory(&self, path: &StoragePath) -> Result<()> {
        if self.server.client.extensions().follows_links
            && self.kind_at(path).await == Some(Kind::Symlink)
        {
            let fault = Fault::new(ErrorKind::NotADirectory, "it is a link");
            return Err(self.failed("remove directory", path)(fault));
        }
        match self.server.client.remove_directory(path.as_bytes()).await {
            Ok(()) => Ok(()),
            Err(fault) => {
                let unclear = matches!(fault.kind, ErrorKind::Failed | ErrorKind::NotFound);
                let fault = match self.kind_at(path).await {
                    // The only thing that commonly stands against removing a directory that is one.
                    Some(Kind::Directory) if fault.kind == ErrorKind::Failed => {
                        Fault::new(ErrorKind::NotEmpty, "the directory is not empty, or in use")
                    }
                    Some(Kind::File | Kind::Symlink | Kind::Other) if unclear => {
                        Fault::new(ErrorKind::NotADirectory, "it is not a directory")
                    }
                    _ => fault,
                };
                Err(self.failed("remove directory", path)(fault))
            }
        }
    }

    async fn set_attributes(&self, path: &StoragePath, attributes: &SetAttributes) -> Result<()> {
        if attributes.is_empty() {
            return Ok(());
        }
        let set = self.server.client.set(path.as_bytes(), to_wire(attributes)).await;
        set.map_err(self.failed("set the attributes of", path))
    }

    async fn set_owner(&self, path: &StoragePath, owner: NewOwner) -> Result<()> {
        let set = owners::set(&self.server.client, path.as_bytes(), owner).await;
        set.map_err(self.failed("set the owner of", path))
    }

    async fn owner_names(&self, ids: &[(u32, u32)]) -> Result<OwnerNames> {
        Ok(owners::names(&self.server.client, ids).await)
    }

    async fn read_link(&self, path: &StoragePath) -> Result<Vec<u8>> {
        match self.server.client.read_link(path.as_bytes()).await {
            Ok(target) => Ok(target.to_vec()),
            Err(fault) => Err(self.failed("read the link", path)(fault)),
        }
    }

    async fn make_link(&self, path: &StoragePath, target: &[u8]) -> Result<()> {
        match self.server.client.symlink(target, path.as_bytes()).await {
            Ok(()) => Ok(()),
            Err(fault) => {
                let fault = self.why_not_made(fault, path).await;
                Err(self.failed("make the link", path)(fault))
            }
        }
    }

    async fn digest(&self, path: &StoragePath) -> Result<Sha256> {
        self.digester.digest(path).await.map_err(self.failed("take the digest of", path))
    }

    async fn space(&self, path: &StoragePath) -> Result<Space> {
        match self.server.client.file_system(path.as_bytes()).await {
            Some(there) => Ok(Space { available: there.available, total: there.total }),
            None => {
                let fault = Fault::new(ErrorKind::Unsupported, "the server does not tell");
                Err(self.failed("find out how much room there is at", path)(fault))
            }
        }
    }

    fn expect_digests(&self) {
        self.digester.start_ahead();
    }

    fn expect_streams(&self, many: usize) {
        self.server.client.connections().first().expect_streams(many);
    }

    fn lanes(&self) -> usize {
        self.server.client.connections().lanes()
    }

    fn disconnect(&self) {
        if let Some(growing) = &self.growing {
            growing.abort();
        }
        self.server.client.connections().disconnect();
    }
}
