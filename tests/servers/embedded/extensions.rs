//! The extensions of OpenSSH that the embedded server knows: OpenSSH's PROTOCOL, section 4.

use std::{collections::HashMap, ffi::OsStr, fs, os::unix::ffi::OsStrExt as _, path::PathBuf};

use bytes::{Buf as _, Bytes};
use russh_sftp::protocol::{ExtendedReply, FileAttributes, Packet, StatusCode};

use super::directory::{Directory, LARGEST_PACKET, Reply, done, set};

const POSIX_RENAME: &str = "posix-rename@openssh.com";
const FSYNC: &str = "fsync@openssh.com";
const LSETSTAT: &str = "lsetstat@openssh.com";
const LIMITS: &str = "limits@openssh.com";

/// What INIT is answered with.
pub(super) fn announced() -> HashMap<String, String> {
    let known = [(POSIX_RENAME, "1"), (FSYNC, "1"), (LSETSTAT, "1"), (LIMITS, "1")];
    known.map(|(name, version)| (name.to_owned(), version.to_owned())).into()
}

pub(super) fn answer(
    directory: &Directory,
    id: u32,
    request: &str,
    data: Vec<u8>,
) -> Reply<Packet> {
    let mut data = Bytes::from(data);
    match request {
        POSIX_RENAME => {
            let from = directory.place(path(&mut data)?)?;
            let to = directory.place(path(&mut data)?)?;
            fs::rename(from, to)?;
            Ok(done(id).into())
        }
        FSYNC => {
            let handle = string(&mut data)?;
            let handle = std::str::from_utf8(&handle).map_err(|_| StatusCode::BadMessage)?;
            directory.file(handle)?.sync_all()?;
            Ok(done(id).into())
        }
        LSETSTAT => {
            let place = directory.place(path(&mut data)?)?;
            let attributes: FileAttributes =
                russh_sftp::de::from_bytes(&mut data).map_err(|_| StatusCode::BadMessage)?;
            set(&place, &attributes, false)?;
            Ok(done(id).into())
        }
        LIMITS => {
            let data_limit = u64::from(LARGEST_PACKET - 1024);
            // Packet, read, write, and handles: no limit known.
            let limits = [u64::from(LARGEST_PACKET), data_limit, data_limit, 0];
            let data = limits.iter().flat_map(|limit| limit.to_be_bytes()).collect();
            Ok(ExtendedReply { id, data }.into())
        }
        _ => Err(StatusCode::OpUnsupported.into()),
    }
}

fn string(data: &mut Bytes) -> Reply<Bytes> {
    let length = data.try_get_u32().map_err(|_| StatusCode::BadMessage)? as usize;
    if data.remaining() < length {
        return Err(StatusCode::BadMessage.into());
    }
    Ok(data.split_to(length))
}

fn path(data: &mut Bytes) -> Reply<PathBuf> {
    string(data).map(|bytes| PathBuf::from(OsStr::from_bytes(&bytes)))
}
