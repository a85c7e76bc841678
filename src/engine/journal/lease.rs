//! To whom the jobs in the file belong: a process holds a lock while it lives, and loses it however it ends.
//!
//! Each process that writes has a file of its own beside the journal, named as the jobs in there name their process,
//! and locked for as long as it runs. The system takes the lock away when a process is gone; no pid is compared, for
//! pids are used again. A missing file is a process that has ended in peace.

use std::{
    fs::{self, File, TryLockError},
    io,
    os::unix::fs::MetadataExt as _,
    path::{Path, PathBuf},
};

use super::file;
use crate::domain::{display, error::Error};

const PREFIX: &str = "lease.";
const LETTERS: usize = 16;

/// A process's own, gone when dropped.
#[derive(Debug)]
pub(super) struct Lease {
    path: PathBuf,
    _file: File,
}

/// A name nobody else has.
pub(super) fn name() -> String {
    std::iter::repeat_with(fastrand::alphanumeric).take(LETTERS).collect()
}

impl Lease {
    /// Takes the lease of this name.
    pub(super) fn take(directory: &Path, name: &str) -> Result<Self, Error> {
        let path = directory.join(format!("{PREFIX}{name}"));
        let said = |error| {
            let shown = display::escape(path.as_os_str().as_encoded_bytes());
            Error::from_io(format!("take the lease {shown}"), error)
        };
        loop {
            let file = file::private(&path).map_err(said)?;
            file.lock().map_err(said)?;
            // Another Wharf may have swept it away before it was locked.
            if is_still(&path, &file).map_err(said)? {
                return Ok(Self { path, _file: file });
            }
        }
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        // While it is locked. Where that fails the next Wharf sweeps it away.
        let _ = fs::remove_file(&self.path);
    }
}

fn is_still(path: &Path, file: &File) -> io::Result<bool> {
    let held = file.metadata()?;
    match fs::metadata(path) {
        Ok(found) => Ok((found.dev(), found.ino()) == (held.dev(), held.ino())),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error),
    }
}

/// Whether the process of this name runs. What cannot be found out counts as yes: its jobs are left alone.
pub(super) fn is_held(directory: &Path, name: &str) -> bool {
    match File::open(directory.join(format!("{PREFIX}{name}"))) {
        Ok(file) => is_locked(&file),
        Err(error) => error.kind() != io::ErrorKind::NotFound,
    }
}

fn is_locked(file: &File) -> bool {
    match file.try_lock_shared() {
        Ok(()) => false,
        Err(TryLockError::WouldBlock | TryLockError::Error(_)) => true,
    }
}

/// Removes the leases of processes that were killed.
pub(super) fn sweep(directory: &Path) {
    let Ok(entries) = fs::read_dir(directory) else { return };
    for entry in entries.flatten() {
        let name = entry.file_name();
        let is_lease =
            name.to_str().and_then(|name| name.strip_prefix(PREFIX)).is_some_and(|name| {
                name.len() == LETTERS && name.bytes().all(|byte| byte.is_ascii_alphanumeric())
            });
        if is_lease
            && let Ok(file) = File::open(entry.path())
            && file.try_lock().is_ok()
        {
            let _ = fs::remove_file(entry.path());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lease_is_held_until_its_process_ends_and_only_then_swept_away() {
        let folder = tempfile::tempdir().unwrap();
        let (mine, theirs) = (name(), name());
        let lease = Lease::take(folder.path(), &mine).unwrap();
        // As a killed process leaves it: the file, and nobody who holds it.
        drop(file::private(&folder.path().join(format!("{PREFIX}{theirs}"))).unwrap());
        assert!(is_held(folder.path(), &mine));
        assert!(!is_held(folder.path(), &theirs));
        assert!(!is_held(folder.path(), "nobody"));
        sweep(folder.path());
        let names = || fs::read_dir(folder.path()).unwrap().count();
        assert_eq!(names(), 1);
        assert!(is_held(folder.path(), &mine));
        drop(lease);
        assert!(!is_held(folder.path(), &mine));
        assert_eq!(names(), 0);
    }
}
