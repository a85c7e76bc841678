//! Files being read and written.

mod read;
mod write;

use std::sync::Arc;

pub(crate) use self::{read::SftpReadStream, write::SftpWriteStream};
use super::{client::Opened, server::Server};
use crate::domain::path::StoragePath;

/// At most so many bytes of one stream are under way.
const MOST_UNDER_WAY: u64 = 4 * 1024 * 1024;

/// A file that is open on a server.
#[derive(Debug)]
pub(crate) struct OpenFile {
    server: Arc<Server>,
    path: StoragePath,
    opened: Opened,
}

impl OpenFile {
    pub(crate) fn new(server: &Arc<Server>, path: &StoragePath, opened: Opened) -> Self {
        Self { server: Arc::clone(server), path: path.clone(), opened }
    }
}
