//! Renaming without ever losing what stands at the new name.

use std::{fs, io, path::Path};

use rustix::{
    fs::{CWD, Mode, OFlags},
    io::Errno,
};

use crate::storage::Replace;

pub(super) fn rename(from: &Path, to: &Path, replace: Replace) -> io::Result<()> {
    match replace {
        Replace::Allowed => fs::rename(from, to),
        Replace::Never => match rename_if_free(from, to) {
            // File systems without the flag (some network and FUSE ones) say one of these.
            Err(Errno::INVAL | Errno::NOSYS | Errno::NOTSUP) => link_then_unlink(from, to),
            renamed => Ok(renamed?),
        },
    }
}

#[cfg(any(target_os = "linux", target_os = "android", target_vendor = "apple"))]
fn rename_if_free(from: &Path, to: &Path) -> rustix::io::Result<()> {
    rustix::fs::renameat_with(CWD, from, CWD, to, rustix::fs::RenameFlags::NOREPLACE)
}

#[cfg(not(any(target_os = "linux", target_os = "android", target_vendor = "apple")))]
fn rename_if_free(_: &Path, _: &Path) -> rustix::io::Result<()> {
    Err(Errno::NOSYS)
}

/// A second name cannot be made where one stands, so this never replaces either. What can have no second
/// name (a directory; any file on FAT) is renamed after a look, the best such a file system can do.
pub(super) fn link_then_unlink(from: &Path, to: &Path) -> io::Result<()> {
    match rustix::fs::linkat(CWD, from, CWD, to, rustix::fs::AtFlags::empty()) {
        Ok(()) => fs::remove_file(from),
        Err(Errno::PERM | Errno::ISDIR | Errno::NOSYS | Errno::NOTSUP | Errno::MLINK) => {
            match to.symlink_metadata() {
                Ok(_) => Err(Errno::EXIST.into()),
                Err(error) if error.kind() == io::ErrorKind::NotFound => fs::rename(from, to),
                Err(error) => Err(error),
            }
        }
        Err(error) => Err(error.into()),
    }
}

/// Brings the directory that holds a new name to the disk. Some file systems have nothing to sync there.
pub(super) fn sync_parent(path: &Path) -> io::Result<()> {
    let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty());
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
    let directory = match rustix::fs::open(parent.unwrap_or(Path::new(".")), flags, Mode::empty()) {
        // One may put files into a directory one may not read; the system then syncs it when it likes.
        Err(Errno::ACCESS) => return Ok(()),
        opened => opened?,
    };
    match rustix::fs::fsync(directory) {
        Err(Errno::INVAL | Errno::NOTSUP | Errno::BADF | Errno::ROFS) => Ok(()),
        synced => Ok(synced?),
    }
}
