//! One copy that is watched: whether it was saved since, by its content.

use std::{
    fs, io,
    io::Read as _,
    os::unix::fs::MetadataExt as _,
    path::{Path, PathBuf},
};

use sha2::Digest as _;

use super::failed;
use crate::domain::digest::Sha256;

/// A copy, and what was told of it last.
pub(super) struct Watch {
    copy: PathBuf,
    digest: Sha256,
    /// As it was when its content was looked at.
    seen: Option<Seen>,
    /// As it was at the last look, where that is something else: an editor may be in the middle of saving.
    unsettled: Option<Seen>,
}

/// What tells that something happened to a file. Saving by renaming changes its number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Seen {
    number: u64,
    size: u64,
    modified: (i64, i64),
    changed: (i64, i64),
}

fn see(path: &Path) -> Option<Seen> {
    let found = fs::metadata(path).ok()?;
    Some(Seen {
        number: found.ino(),
        size: found.size(),
        modified: (found.mtime(), found.mtime_nsec()),
        changed: (found.ctime(), found.ctime_nsec()),
    })
}

impl Watch {
    /// Begins, and tells its digest now.
    pub(super) fn begin(copy: &Path) -> Result<(Self, Sha256), String> {
        let seen = see(copy);
        let digest = digest(copy)?;
        Ok((Self { copy: copy.to_owned(), digest, seen, unsettled: None }, digest))
    }

    /// Whether it was saved with another content, and nobody writes into it any more.
    pub(super) fn was_saved(&mut self) -> bool {
        let now = see(&self.copy);
        if now.is_none() || now == self.seen {
            // Absent: in the middle of saving by renaming.
            self.unsettled = None;
            return false;
        }
        if now != self.unsettled {
            self.unsettled = now;
            return false;
        }
        self.check().unwrap_or(false)
    }

    /// Whether its content is another than was told last.
    pub(super) fn check(&mut self) -> Result<bool, String> {
        let seen = see(&self.copy);
        let now = digest(&self.copy)?;
        self.seen = seen;
        self.unsettled = None;
        Ok(std::mem::replace(&mut self.digest, now) != now)
    }
}

/// The digest of a file here.
pub(super) fn digest(path: &Path) -> Result<Sha256, String> {
    let failed = |error: io::Error| failed("read", path, &error);
    let mut file = fs::File::open(path).map_err(failed)?;
    let mut hasher = sha2::Sha256::new();
    let mut buffer = vec![0; 256 * 1024];
    loop {
        match file.read(&mut buffer) {
            Ok(0) => return Ok(Sha256(hasher.finalize().into())),
            Ok(count) => hasher.update(&buffer[..count]),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(failed(error)),
        }
    }
}
