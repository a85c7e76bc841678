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
            data::{self, Transfer},
            fault::Fault,
            features::{has, note},
            line::Pending,
            pool::{For, Lease},
            rows::is_a_refusal,
            server::Server,
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
    /// The reply to the command that makes a new file private.
    private: Option<Pending>,
    failed: Option<Error>,
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
            private: None,
            failed: None,
        };
        if options.create_new {
            stream.create(options).await?;
        } else {
            stream.check(options.offset).await?;
        }
        Ok(stream)
    }

    /// FTP cannot be told to make a file only where there is none: a look has to do.
    async fn create(&mut self, options: WriteOptions) -> std::result::Result<(), Fault> {
        let (server, path) = (&self.server, &self.path);
        match server.look_whether_free(path).await {
            Ok(_) => return Err(Fault::new(ErrorKind::AlreadyExists, "the name is taken")),
            Err(fault) if fault.kind.ends_the_connection() => return Err(fault),
            // Anything that stands in the way will stand in the way of STOR as well.
            Err(_) => {}
        }
        self.begin(options.offset).await?;
        let (server, path) = (&self.server, &self.path);
        if !has(&server.login().habits.no_chmod) {
            match attributes::chmod(server, path, options.permissions) {
                Ok(chmod) => self.private = Some(server.pool.first().await?.send_one(chmod)),
                // It is as private as the server makes files.
                Err(fault) => tracing::info!(why = %fault.why, "permissions cannot be set"),
            }
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

    async fn begin(&mut self, offset: u64) -> std::result::Result<(), Fault> {
        let (server, path) = (&self.server, &self.path);
        let command = server.about("STOR", path)?;
        let lease = server.pool.lease(For::Writing).await?;
        let (habits, patience) = (&server.login().habits, server.patience());
        match data::begin(lease.line(), habits, patience, offset, command).await {
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

    async fn put(&mut self, data: &[u8]) -> std::result::Result<(), Fault> {
        if self.under_way.is_none() {
            self.begin(self.offset).await?;
        }
        if let Some((lease, transfer)) = &mut self.under_way {
            transfer.write(lease.line(), data).await?;
            lease.moved();
            self.offset += data.len() as u64;
        }
        Ok(())
    }

    async fn end(&mut self, options: FinishOptions) -> std::result::Result<Attributes, Fault> {
        if let Some((lease, transfer)) = self.under_way.take() {
            transfer.finish_writing(lease.line()).await?;
            lease.give_back();
        }
        let (server, path) = (&self.server, &self.path);
        if let Some(mut private) = self.private.take() {
            let reply = private.last(server.patience().reply).await?;
            if !reply.is_done() {
                // Not even of a file of one's own: it is as private as the server makes files.
                tracing::info!(?reply, "permissions cannot be set");
                note(&server.login().habits.no_chmod);
            }
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
        if let Some((lease, transfer)) = self.under_way.take() {
            lease.recover(transfer.break_off());
        }
    }
}
