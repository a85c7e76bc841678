//! A file read, or a range of it.

use std::sync::Arc;

use async_trait::async_trait;
use bytes::{Bytes, BytesMut};

use super::aside::Aside;
use crate::{
    domain::{
        entry::Kind,
        error::{Error, ErrorKind, Result},
        path::StoragePath,
    },
    storage::{
        ReadStream,
        ftp::{
            data::{self, Errand, Transfer},
            fault::Fault,
            pool::{For, Lease},
            rows::is_a_refusal,
            server::Server,
        },
    },
};

/// The largest chunk handed out.
pub(super) const CHUNK: usize = 256 << 10;

/// A file being read.
pub(in crate::storage::ftp) struct FtpReadStream {
    server: Arc<Server>,
    path: StoragePath,
    under_way: Option<(Lease, Transfer)>,
    /// The same on the only connection there is.
    aside: Option<Aside>,
    buffer: BytesMut,
    /// To be passed over: the server begins files at their beginning only.
    skip: u64,
    /// What is left of the range.
    left: Option<u64>,
    failed: Option<Error>,
}

impl FtpReadStream {
    pub(in crate::storage::ftp) async fn open(
        server: &Arc<Server>,
        path: &StoragePath,
        offset: u64,
        length: Option<u64>,
    ) -> std::result::Result<Self, Fault> {
        let rest = server.features.rest;
        let mut stream = Self {
            server: Arc::clone(server),
            path: path.clone(),
            under_way: None,
            aside: None,
            buffer: BytesMut::new(),
            skip: if rest { 0 } else { offset },
            left: length,
            failed: None,
        };
        if length == Some(0) {
            server.look(path).await?;
            return Ok(stream);
        }
        let from = if rest { offset } else { 0 };
        let command = server.about("RETR", path)?;
        let lease = server.pool.lease(For::Reading).await?;
        let wanted = lease.wanted();
        let (habits, patience) = (&server.login().habits, server.patience());
        match data::begin(lease.line(), habits, patience, Errand::reading(command, from), None)
            .await
        {
            Ok(transfer) => {
                match wanted {
                    Some(wanted) => stream.aside = Some(Aside::of(lease, transfer, wanted)),
                    None => stream.under_way = Some((lease, transfer)),
                }
                Ok(stream)
            }
            Err(fault) => {
                if is_a_refusal(&fault) {
                    lease.give_back();
                }
                let fault = server.look_closer(fault, path, Kind::File).await;
                // Some servers begin no file behind its end.
                if offset > 0
                    && !fault.kind.ends_the_connection()
                    && behind_its_end(server, path, offset).await
                {
                    return Ok(stream);
                }
                Err(fault)
            }
        }
    }

    async fn more(&mut self) -> std::result::Result<Option<Bytes>, Fault> {
        while let Some((lease, transfer)) = &mut self.under_way {
            if self.left == Some(0) {
                self.stop();
                return Ok(None);
            }
            self.buffer.reserve(CHUNK / 4);
            let length = transfer.read(lease.line(), &mut self.buffer).await?;
            lease.moved();
            if length == 0 {
                // The end of the connection; whether it is that of the file, the server has to say.
                if let Some((lease, transfer)) = self.under_way.take() {
                    transfer.finish_reading().await?;
                    lease.give_back();
                }
                return Ok(None);
            }
            let chunk = self.buffer.split().freeze();
            if let Some(chunk) = self.wanted_of(chunk) {
                return Ok(Some(chunk));
            }
        }
        while let Some(aside) = &mut self.aside {
            if self.left == Some(0) {
                self.stop();
                return Ok(None);
            }
            match aside.next().await? {
                Some(chunk) => {
                    if let Some(chunk) = self.wanted_of(chunk) {
                        return Ok(Some(chunk));
                    }
                }
                None => self.aside = None,
            }
        }
        Ok(None)
    }

    /// What of a chunk lies in the range; `None` where that is nothing.
    fn wanted_of(&mut self, mut chunk: Bytes) -> Option<Bytes> {
        if self.skip > 0 {
            let passed = usize::try_from(self.skip).unwrap_or(usize::MAX).min(chunk.len());
            self.skip -= passed as u64;
            chunk = chunk.split_off(passed);
        }
        if let Some(left) = &mut self.left {
            chunk.truncate(usize::try_from(*left).unwrap_or(usize::MAX));
            *left -= chunk.len() as u64;
        }
        (!chunk.is_empty()).then_some(chunk)
    }

    /// All that was wanted has come: the rest is broken off.
    fn stop(&mut self) {
        self.aside = None;
        if let Some((lease, transfer)) = self.under_way.take() {
            lease.recover(transfer.break_off());
        }
    }
}

async fn behind_its_end(server: &Server, path: &StoragePath, offset: u64) -> bool {
    let there = server.look_through(path).await;
    there.is_ok_and(|there| {
        there.kind == Kind::File && there.size.is_some_and(|size| size <= offset)
    })
}

#[async_trait]
impl ReadStream for FtpReadStream {
    async fn next(&mut self) -> Result<Option<Bytes>> {
        if let Some(failed) = &self.failed {
            return Err(failed.clone());
        }
        match self.more().await {
            Ok(chunk) => Ok(chunk),
            Err(fault) => {
                (self.under_way, self.aside) = (None, None);
                let error =
                    self.server.failed("read", &self.path)(interrupted(fault, &self.server));
                self.failed = Some(error.clone());
                Err(error)
            }
        }
    }

    async fn finish(mut self: Box<Self>) -> Result<()> {
        if let Some(failed) = self.failed.take() {
            return Err(failed);
        }
        self.stop();
        Ok(())
    }
}

impl Drop for FtpReadStream {
    fn drop(&mut self) {
        self.stop();
    }
}

/// One connection of several ended: as long as another stands, that is no end of all.
pub(super) fn interrupted(fault: Fault, server: &Server) -> Fault {
    let ended = matches!(fault.kind, ErrorKind::ConnectionLost | ErrorKind::TimedOut);
    if ended && server.pool.is_connected() {
        return Fault { kind: ErrorKind::Interrupted, ..fault };
    }
    fault
}
