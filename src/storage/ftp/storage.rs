//! An FTP server as a storage: each act of the contract in terms of commands.

use std::sync::Arc;

use async_trait::async_trait;

use super::{
    attributes, digest,
    fault::Fault,
    features::has,
    login::Login,
    path_in,
    pool::Pool,
    replace, rows,
    server::Server,
    streams::{FtpReadStream, FtpWriteStream, can_begin_in_the_middle, can_go_on},
    wire::Command,
};
use crate::{
    domain::{
        digest::Sha256,
        entry::{Attributes, Kind, SetAttributes},
        error::{ErrorKind, Result},
        path::StoragePath,
        site::Bounds,
        sums::{Algorithm, Sum},
    },
    storage::{
        Ask, Capabilities, Listing, ReadStream, Replace, Storage, WriteOptions, WriteStream,
        listing,
    },
};

/// A server one is logged in to, as a place that holds files.
pub(crate) struct FtpStorage {
    server: Arc<Server>,
}

impl FtpStorage {
    /// Connects and logs in.
    pub(crate) async fn connect(
        login: Arc<Login>,
        ask: Arc<dyn Ask>,
        bounds: Bounds,
    ) -> Result<Self> {
        let logged_in = login.open(ask).await?;
        let pool = Pool::new(login, logged_in.line, bounds.connections);
        pool.keep_awake();
        pool.make_ready();
        let server = Server::new(pool, logged_in.features, logged_in.home);
        Ok(Self { server: Arc::new(server) })
    }

    /// What a digest came to.
    async fn taken<T>(
        &self,
        taken: std::result::Result<T, Fault>,
        path: &StoragePath,
    ) -> Result<T> {
        let fault = match taken {
            Ok(taken) => return Ok(taken),
            Err(fault) if fault.kind == ErrorKind::Unsupported => fault,
            Err(fault) => self.server.look_closer(fault, path, Kind::File).await,
        };
        Err(self.server.failed("take the digest of", path)(fault))
    }

    async fn real_path(&self, path: &StoragePath) -> std::result::Result<StoragePath, Fault> {
        let server = &self.server;
        let absolute = server.absolute(path);
        if absolute == server.home {
            return Ok(absolute);
        }
        let [inside, is] =
            server.ask([server.about("CWD", &absolute)?, Command::bare("PWD")]).await?;
        if inside.is_done() {
            return path_in(&is, server.names())
                .ok_or_else(|| Fault::protocol("the server gave a path that is none"));
        }
        // No directory: its name in the one that holds it.
        let (Some(parent), Some(name)) = (absolute.parent(), absolute.name()) else {
            return Err(Fault::of(&inside));
        };
        let [inside, is] =
            server.ask([server.about("CWD", &parent)?, Command::bare("PWD")]).await?;
        match path_in(&is, server.names()).filter(|_| inside.is_done()) {
            Some(parent) => Ok(parent.join(&name)),
            None => Err(server.look_closer(Fault::of(&inside), &parent, Kind::Directory).await),
        }
    }
}

impl Drop for FtpStorage {
    fn drop(&mut self) {
        self.disconnect();
    }
}

#[async_trait]
impl Storage for FtpStorage {
    fn capabilities(&self) -> Capabilities {
        let server = &self.server;
        let habits = &server.login().habits;
        Capabilities {
            atomic_replace: !has(&habits.no_replace),
            set_times: attributes::can_set_times(server),
            set_permissions: !has(&habits.no_chmod),
            set_owner: false,
            trash: false,
            symlinks: false,
            digests: digest::are_to_be_had(server, Algorithm::Sha256),
            write_at_offset: can_begin_in_the_middle(server),
            goes_on: can_go_on(server),
            // vsftpd locks what it writes, unless it was told not to; to the others no range may begin behind the end.
            one_writer_a_file: true,
            sync: false,
            exact_listings: server.has_facts(),
            // By facts, and what gives a link away where those hide it; else by what takes up to six commands.
            sees_links: server.has_facts(),
            one_file_a_connection: true,
            copies: false,
        }
    }

    async fn canonical(&self, path: &StoragePath) -> Result<StoragePath> {
        self.real_path(path).await.map_err(self.server.failed("find", path))
    }

    async fn list(&self, path: &StoragePath) -> Result<Listing> {
        let lines = match rows::begin(&self.server, path).await {
            Ok(lines) => lines,
            Err(fault) => {
                let fault = self.server.look_closer(fault, path, Kind::Directory).await;
                return Err(self.server.failed("list", path)(fault));
            }
        };
        let (rows, listing) = listing::channel(self.server.doing("list", path));
        tokio::spawn(rows::hand_on(Arc::clone(&self.server), path.clone(), lines, rows));
        Ok(listing)
    }

    async fn stat(&self, path: &StoragePath) -> Result<Attributes> {
        self.server.look(path).await.map_err(self.server.failed("look at", path))
    }

    async fn stat_in_doubt(&self, path: &StoragePath) -> Result<Attributes> {
        self.server.look_in_doubt(path).await.map_err(self.server.failed("look at", path))
    }

    async fn stat_followed(&self, path: &StoragePath) -> Result<Attributes> {
        self.server.look_through(path).await.map_err(self.server.failed("look at", path))
    }

    async fn read(
        &self,
        path: &StoragePath,
        offset: u64,
        length: Option<u64>,
    ) -> Result<Box<dyn ReadStream>> {
        match FtpReadStream::open(&self.server, path, offset, length).await {
            Ok(stream) => Ok(Box::new(stream)),
            Err(fault) => Err(self.server.failed("open", path)(fault)),
        }
    }

    async fn write(
        &self,
        path: &StoragePath,
        options: WriteOptions,
    ) -> Result<Box<dyn WriteStream>> {
        let act = if options.create_new { "create" } else { "open for writing" };
        match FtpWriteStream::open(&self.server, path, options).await {
            Ok(stream) => Ok(Box::new(stream)),
            Err(fault) => Err(self.server.failed(act, path)(fault)),
        }
    }

    async fn rename(&self, from: &StoragePath, to: &StoragePath, replace: Replace) -> Result<()> {
        replace::rename(&self.server, from, to, replace)
            .await
            .map_err(|fault| fault.into_error(self.server.doing_with("rename", from, to)))
    }

    async fn make_directory(&self, path: &StoragePath, permissions: Option<u32>) -> Result<()> {
        let server = &self.server;
        let made = async {
            match server.order(server.about("MKD", path)?).await {
                Ok(_) => {}
                Err(fault) => return Err(server.why_not_made(fault, path).await),
            }
            match permissions.filter(|_| !has(&server.login().habits.no_chmod)) {
                Some(bits) => {
                    let set = SetAttributes { permissions: Some(bits), modified: None };
                    match attributes::set(server, path, &set).await {
                        Err(fault) if fault.kind == ErrorKind::Unsupported => Ok(()),
                        outcome => outcome,
                    }
                }
                None => Ok(()),
            }
        };
        made.await.map_err(server.failed("make directory", path))
    }

    async fn remove_file(&self, path: &StoragePath) -> Result<()> {
        let server = &self.server;
        let removed = async {
            match server.order(server.about("DELE", path)?).await {
                Ok(_) => Ok(()),
                Err(fault) => Err(server.look_closer(fault, path, Kind::File).await),
            }
        };
        removed.await.map_err(server.failed("remove", path))
    }

    async fn remove_directory(&self, path: &StoragePath) -> Result<()> {
        let server = &self.server;
        let removed = async {
            let fault = match server.order(server.about("RMD", path)?).await {
                Ok(_) => return Ok(()),
                Err(fault) => fault,
            };
            let was_bare = fault.kind == ErrorKind::Failed;
            match server.look_closer(fault, path, Kind::Directory).await {
                // The only thing that commonly stands against removing a directory that is one.
                fault if was_bare && fault.kind == ErrorKind::PermissionDenied => Err(Fault::new(
                    ErrorKind::NotEmpty,
                    "the directory is not empty, or may not be removed",
                )),
                fault => Err(fault),
            }
        };
        removed.await.map_err(server.failed("remove directory", path))
    }

    async fn set_attributes(&self, path: &StoragePath, attributes: &SetAttributes) -> Result<()> {
        if attributes.is_empty() {
            return Ok(());
        }
        let server = &self.server;
        let set = async {
            match attributes::set(server, path, attributes).await {
                Ok(()) => Ok(()),
                Err(fault) if fault.kind == ErrorKind::Unsupported => Err(fault),
                Err(fault) => Err(server.look_closer(fault, path, Kind::Symlink).await),
            }
        };
        set.await.map_err(server.failed("set the attributes of", path))
    }

    async fn read_link(&self, path: &StoragePath) -> Result<Vec<u8>> {
        let target = rows::target_of(&self.server, path).await;
        target.map_err(self.server.failed("read the link", path))
    }

    async fn make_link(&self, path: &StoragePath, _target: &[u8]) -> Result<()> {
        let fault = Fault::new(ErrorKind::Unsupported, "FTP makes no links");
        Err(self.server.failed("make the link", path)(fault))
    }

    async fn digest(&self, path: &StoragePath) -> Result<Sha256> {
        self.taken(digest::of(&self.server, path).await, path).await
    }

    fn sums(&self) -> Vec<Algorithm> {
        let server = &self.server;
        let others = Algorithm::ALL.into_iter().filter(|it| digest::are_to_be_had(server, *it));
        others.collect()
    }

    async fn sum(&self, path: &StoragePath, algorithm: Algorithm) -> Result<Sum> {
        self.taken(digest::sum(&self.server, path, algorithm).await, path).await
    }

    fn expect_rename(&self, from: &StoragePath, to: &StoragePath) {
        self.server.next_names.announce(from, to);
    }

    fn expect_streams(&self, many: usize) {
        self.server.pool.open_ahead(many);
    }

    fn lanes(&self) -> usize {
        // Ranges need files that can be begun in their middle.
        if self.server.features.rest { self.server.pool.lanes() } else { 1 }
    }

    fn disconnect(&self) {
        self.server.pool.hang_up();
    }
}
