//! Who the users and groups of a place are: what its files say, and what the server tells of those that were listed.

use crate::{
    domain::{owners::OwnerNames, path::StoragePath},
    storage::Storage,
};

/// No more of each file is read.
const MOST_BYTES: u64 = 4 << 20;

/// The names, as far as they are to be had: without them there are still numbers.
pub(super) async fn names(storage: &dyn Storage, ids: &[(u32, u32)]) -> OwnerNames {
    if !storage.capabilities().set_owner {
        return OwnerNames::default();
    }
    let (told, users, groups) = tokio::join!(
        storage.owner_names(ids),
        beginning(storage, "/etc/passwd"),
        beginning(storage, "/etc/group"),
    );
    let mut names = told.unwrap_or_default();
    names.add_users(&users);
    names.add_groups(&groups);
    names
}

/// The lines of a file, as far as they are read; nothing where there is no such file.
async fn beginning(storage: &dyn Storage, path: &str) -> Vec<u8> {
    let mut read = Vec::new();
    let path = StoragePath::new(path);
    if let Ok(mut stream) = storage.read(&path, 0, Some(MOST_BYTES)).await {
        while let Ok(Some(bytes)) = stream.next().await {
            read.extend_from_slice(&bytes);
        }
    }
    // Where it was cut off, the last line is not whole.
    let whole = read.iter().rposition(|&byte| byte == b'\n').map_or(0, |end| end + 1);
    if read.len() as u64 >= MOST_BYTES {
        read.truncate(whole);
    }
    read
}
