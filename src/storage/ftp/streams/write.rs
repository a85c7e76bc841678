//! A file written: a new one, or into the middle of one.

use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;

use super::read::interrupted;
use crate::{
    domain::{
        entry::{Attributes, Kind},
        error::{Error, ErrorKind, Result},
        path::StoragePath,
    },
    storage::{
        FinishOptions, WriteOptions, WriteStream,
        ftp::{
            attributes,
            data::{self, Errand, Transfer},
            fault::Fault,
            features::{has, note},
            line::Pending,
            pool::{For, Lease},
            rows::is_a_refusal,
            server::Server,
            settling::Settling,
            way::Way,
            wire::{Command, Manner},
        },
    },
};

/// A file being written.
pub(in crate::storage::ftp) struct FtpWriteStream {
    server: Arc<Server>,
    path: StoragePath,
    /// Where the next byte goes, as long as nothing is under way.
    offset: u64,
    under_way: Option<(Lease, Transfer)>,
    private: Private,
    failed: Option<Error>,
}

/// How a new file is made private.
enum Private {
    /// It is not, or it has been seen to.
    Enough,
    /// By this command, once the server has made the file: of one that is not there nothing can be set.
    Wanted(Command),
    /// It was sent.
    Asked(Pending),
}

impl Private {
    /// Whether nothing of that is still under way.
    fn is_seen_to(&mut self) -> bool {
        match self {
            Private::Enough => true,
            Private::Wanted(_) => false,
            Private::Asked(asked) => asked.is_answered(),
        }
    }
}

impl FtpWriteStream {
    pub(in crate::storage::ftp) async fn open(
        server: &Arc<Server>,
        path: &StoragePath,
        options: WriteOptions,
    ) -> std::result::Result<Self, Fault> {
        let mut stream = Self {
            server: Arc::clone(server),
            path: path.clone(),
            offset: options.offset,
            under_way: None,
            private: Private::Enough,
            failed: None,
        };
        if options.create_new {
            stream.create(options).await?;
        } else {
            stream.check(options.offset).await?;
        }
        Ok(stream)
    }

    /// FTP cannot be told to make a file only where there is none: a look has to do. The data connection comes about
    /// meanwhile, where there is a connection for it at once.
    async fn create(&mut self, options: WriteOptions) -> std::result::Result<(), Fault> {
        let (server, path) = (&self.server, &self.path);
        // A name that cannot be written in the server's letters opens no connection.
        server.about("STOR", path)?;
        let (looked, ready) = tokio::join!(server.look_whether_free(path), ready_at_once(server));
        let in_the_way = match looked {
            Ok(_) => Some(Fault::new(ErrorKind::AlreadyExists, "the name is taken")),
            Err(fault) if fault.kind.ends_the_connection() => Some(fault),
            // Anything that stands in the way will stand in the way of STOR as well.
            Err(_) => None,
        };
        if let Some(fault) = in_the_way {
            if let Some((lease, _)) = ready {
                lease.give_back();
            }
            return Err(fault);
        }
        if !has(&server.login().habits.no_chmod) {
            match attributes::chmod(server, path, options.permissions) {
                Ok(chmod) => self.private = Private::Wanted(chmod),
                // It is as private as the server makes files.
                Err(fault) => tracing::info!(why = %fault.why, "permissions cannot be set"),
            }
        }
        self.begin(options.offset, options.at_once, ready).await?;
        self.make_private().await
    }

    /// Makes a new file private, as soon as the server has made it.
    async fn make_private(&mut self) -> std::result::Result<(), Fault> {
        let Some((_, transfer)) = &mut self.under_way else { return Ok(()) };
        if transfer.is_agreed()
            && let Private::Wanted(chmod) = &self.private
        {
            let chmod = chmod.clone();
            self.private = Private::Asked(self.server.pool.first().await?.send_one(chmod));
        }
        Ok(())
    }

    /// Opens what stands there. Nothing begins until the first byte: STOR alone would cut the file.
    async fn check(&self, offset: u64) -> std::result::Result<(), Fault> {
        let (server, path) = (&self.server, &self.path);
        let there = server.look_through(path).await?;
        match there.kind {
            Kind::Directory => {
                return Err(Fault::new(ErrorKind::IsADirectory, "it is a directory"));
            }
            Kind::File => {}
            _ => return Err(Fault::new(ErrorKind::Unsupported, "it is no file")),
        }
        if offset == 0 && there.size != Some(0) {
            // Another attempt begins with a file of its own.
            let why = "FTP cannot write at the beginning of a file and keep the rest";
            return Err(Fault::new(ErrorKind::Interrupted, why));
        }
        let goes_on = can_go_on(server) && there.size.is_some_and(|size| offset <= size);
        let stands = goes_on || there.size == Some(offset);
        if offset > 0 && !can_begin_in_the_middle(server) && !stands {
            // Where it was announced and then refused, the next attempt knows better.
            let kind = match server.features.keeps_tail {
                true => ErrorKind::Interrupted,
                false => ErrorKind::Unsupported,
            };
            return Err(Fault::new(kind, "the server writes files from their beginning only"));
        }
        Ok(())
    }

    async fn begin(
        &mut self,
        offset: u64,
        sends_ahead: bool,
        ready: Option<(Lease, Way)>,
    ) -> std::result::Result<(), Fault> {
        let (server, path) = (&self.server, &self.path);
        let command = server.about("STOR", path)?;
        let (lease, way) = match ready {
            Some((lease, way)) => (lease, Some(way)),
            None => (server.pool.lease(For::Writing).await?, None),
        };
        let (habits, patience) = (&server.login().habits, server.patience());
        let errand =
            Errand { sends_ahead: sends_ahead && offset == 0, ..Errand::new(command, offset) };
        match data::begin(lease.line(), habits, patience, errand, way).await {
            Ok(transfer) => {
                self.under_way = Some((lease, transfer));
                Ok(())
            }
            Err(fault) => {
                if is_a_refusal(&fault) {
                    lease.give_back();
                }
                if offset > 0 && !fault.kind.ends_the_connection() {
                    // ProFTPD without AllowStoreRestart announces what it then refuses.
                    note(&habits.no_middle);
                    return Err(Fault { kind: ErrorKind::Interrupted, ..fault });
                }
                Err(server.why_not_made(fault, path).await)
            }
        }
    }

    async fn put(&mut self, mut data: &[u8]) -> std::result::Result<(), Fault> {
        if self.under_way.is_none() {
            self.begin(self.offset, false, None).await?;
        }
        while !data.is_empty() {
            self.make_private().await?;
            let Some((lease, transfer)) = &mut self.under_way else { break };
            let room = usize::try_from(transfer.room()).unwrap_or(usize::MAX);
            let (now, later) = data.split_at(room.min(data.len()));
            let written = match now {
                [] => transfer.agree().await,
                _ => transfer.write(lease.line(), now).await,
            };
            if let Err(fault) = written {
                return Err(self.why_broken_off(fault).await);
            }
            lease.moved();
            self.offset += now.len() as u64;
            data = later;
        }
        Ok(())
    }

    /// A refusal that came before the server's word that it takes the file is seen as closely as where that is waited
    /// for.
    async fn why_broken_off(&mut self, fault: Fault) -> Fault {
        let Some((lease, mut transfer)) = self.under_way.take() else { return fault };
        if !is_a_refusal(&fault) || transfer.is_agreed() {
            return fault;
        }
        drop(transfer);
        lease.give_back();
        self.server.why_not_made(fault, &self.path).await
    }

    async fn end(&mut self, options: FinishOptions) -> std::result::Result<Attributes, Fault> {
        if let Some((lease, transfer)) = &mut self.under_way
            && let Err(fault) = transfer.end_writing(lease.line()).await
        {
            return Err(self.why_broken_off(fault).await);
        }
        self.make_private().await?;
        let (server, path) = (&self.server, &self.path);
        let settling = Settling::of(server, path, &options.attributes)?;
        let mut settled = None;
        if let Some((lease, transfer)) = self.under_way.take() {
            let along = settling.as_ref().filter(|_| self.private.is_seen_to());
            let along = along.filter(|_| lease.line().reads_on()).map(|settling| {
                let urgent = |command: Command| command.in_manner(Manner::Urgent);
                lease.line().send(settling.commands().into_iter().map(urgent))
            });
            transfer.finish_writing().await?;
            if let Some(along) = along {
                settled = Some(server.answers_to(along).await?);
            }
            lease.give_back();
        }
        let private = std::mem::replace(&mut self.private, Private::Enough);
        let ask = async {
            match (&settling, settled) {
                (Some(settling), None) => server.ask_all(settling.commands()).await,
                (_, settled) => Ok(settled.unwrap_or_default()),
            }
        };
        let (private, settled) = tokio::join!(is_private(server, private), ask);
        private?;
        let settled = settled?;
        if let Some(there) = settling.and_then(|settling| settling.outcome(server, &settled)) {
            return Ok(there);
        }
        match attributes::set(server, path, &options.attributes).await {
            // Capabilities say so from now on, or it is about this name alone.
            Err(fault) if matches!(fault.kind, ErrorKind::Unsupported | ErrorKind::InvalidName) => {
            }
            outcome => outcome?,
        }
        server.look_through(path).await
    }
}

/// A data connection on a connection of one's own, where there is one without waiting.
async fn ready_at_once(server: &Server) -> Option<(Lease, Way)> {
    // Whatever came between: it is asked for again, and told then.
    let lease = server.pool.lease_at_once(For::Writing).await.ok().flatten()?;
    if lease.wanted().is_some() {
        // The look goes by the same connection.
        lease.give_back();
        return None;
    }
    match data::prepare(lease.line(), &server.login().habits, server.patience()).await {
        Ok(way) => Some((lease, way)),
        Err(fault) => {
            if is_a_refusal(&fault) {
                lease.give_back();
            }
            None
        }
    }
}

async fn is_private(server: &Server, private: Private) -> std::result::Result<(), Fault> {
    if let Private::Asked(mut asked) = private {
        let reply = asked.last(server.patience().reply).await?;
        if !reply.is_done() {
            // Not even of a file of one's own: it is as private as the server makes files.
            tracing::info!(?reply, "permissions cannot be set");
            note(&server.login().habits.no_chmod);
        }
    }
    Ok(())
}

/// Whether a write may begin in the middle of a file and keep what is behind.
pub(in crate::storage::ftp) fn can_begin_in_the_middle(server: &Server) -> bool {
    server.features.keeps_tail && !has(&server.login().habits.no_middle)
}

/// Whether a write may begin where another stopped: with REST announced, unless it was refused. What a server makes of
/// REST before STOR that is none of the known ways shows in the size.
pub(in crate::storage::ftp) fn can_go_on(server: &Server) -> bool {
    server.features.rest && !has(&server.login().habits.no_middle)
}

#[async_trait]
impl WriteStream for FtpWriteStream {
    async fn write(&mut self, data: Bytes) -> Result<()> {
        if let Some(failed) = &self.failed {
            return Err(failed.clone());
        }
        if let Err(fault) = self.put(&data).await {
            self.under_way = None;
            let error = self.server.failed("write", &self.path)(interrupted(fault, &self.server));
            self.failed = Some(error.clone());
            return Err(error);
        }
        Ok(())
    }

    async fn finish(mut self: Box<Self>, options: FinishOptions) -> Result<Attributes> {
        if let Some(failed) = self.failed.take() {
            return Err(failed);
        }
        let ended = self.end(options).await;
        ended.map_err(|fault| {
            self.server.failed("write", &self.path)(interrupted(fault, &self.server))
        })
    }
}

impl Drop for FtpWriteStream {
    fn drop(&mut self) {
        self.server.next_names.of(&self.path);
        if let Some((lease, transfer)) = self.under_way.take() {
            lease.recover(transfer.break_off());
        }
    }
}
