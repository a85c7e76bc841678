//! Digests by a request of SFTP's own, for servers that run no programs (ProFTPD).

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use sha2::Digest as _;

use super::refused;
use crate::{
    domain::{digest::Sha256, entry::Kind, error::ErrorKind, path::StoragePath},
    storage::sftp::{
        mail::Fault,
        server::{Server, from_wire},
    },
};

/// Asks for digests until it is found out that the server has none.
pub(super) struct CheckFile {
    server: Arc<Server>,
    works: AtomicBool,
}

impl CheckFile {
    pub(super) fn new(server: Arc<Server>) -> Self {
        let works = AtomicBool::new(server.client.extensions().check_file);
        Self { server, works }
    }

    pub(super) fn is_worth_a_try(&self) -> bool {
        self.works.load(Ordering::Relaxed)
    }

    pub(super) async fn digest(&self, path: &StoragePath) -> Result<Sha256, Fault> {
        if !self.is_worth_a_try() {
            return Err(refused());
        }
        let fault = match self.server.client.check_file(path.as_bytes()).await {
            Ok(digest) => return Ok(digest),
            Err(fault) => fault,
        };
        if fault.kind == ErrorKind::Invalid && self.is_empty(path).await {
            // ProFTPD finds no place to start in an empty file. What its digest is, everyone knows.
            return Ok(Sha256(sha2::Sha256::digest(b"").into()));
        }
        if matches!(fault.kind, ErrorKind::Unsupported | ErrorKind::Protocol) {
            self.works.store(false, Ordering::Relaxed);
            return Err(refused());
        }
        Err(self.server.look_closer(fault, path).await)
    }

    async fn is_empty(&self, path: &StoragePath) -> bool {
        let there = self.server.client.stat(path.as_bytes()).await;
        there.is_ok_and(|there| from_wire(&there).kind == Kind::File && there.size == Some(0))
    }
}
