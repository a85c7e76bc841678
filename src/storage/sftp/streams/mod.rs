//! Files being read and written.

mod read;
mod write;

use std::sync::Arc;

pub(crate) use self::{read::SftpReadStream, write::SftpWriteStream};
use super::{connections::Berth, mail::RemoteHandle, server::Server};
use crate::domain::path::StoragePath;

/// At most so many bytes of one stream are under way.
const MOST_UNDER_WAY: u64 = 4 * 1024 * 1024;

/// A file that is open on a server.
#[derive(Debug)]
pub(crate) struct OpenFile {
    pub(crate) server: Arc<Server>,
    pub(crate) path: StoragePath,
    // Before the berth: it is given back while there is still someone to give it to.
    pub(crate) handle: RemoteHandle,
    pub(crate) berth: Berth,
}
