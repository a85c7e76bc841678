//! The blocking calls: what the system is asked, one function each.

use std::{
    fs::{File, Metadata},
    io::{self, Read as _},
    os::unix::{
        ffi::OsStrExt as _,
        fs::{FileTypeExt as _, MetadataExt as _},
    },
    path::Path,
    sync::atomic::{AtomicBool, Ordering},
};

use rustix::fs::{AtFlags, CWD, Mode, OFlags, Timespec, Timestamps, UTIME_OMIT};

use crate::{
    domain::{
        entry::{Attributes, Kind, SetAttributes, Space, Timestamp},
        owners::NewOwner,
        path::StoragePath,
        sums::{Algorithm, Sum},
    },
    storage::WriteOptions,
};

/// Resolves everything but an absent last component.
pub(super) fn canonical(path: &Path) -> io::Result<StoragePath> {
    let found = match (path.canonicalize(), path.parent(), path.file_name()) {
        (Err(error), Some(parent), Some(name)) if error.kind() == io::ErrorKind::NotFound => {
            let parent = if parent.as_os_str().is_empty() { Path::new(".") } else { parent };
            parent.canonicalize()?.join(name)
        }
        (found, ..) => found?,
    };
    Ok(StoragePath::new(found.as_os_str().as_bytes()))
}

pub(super) fn space(path: &Path) -> io::Result<Space> {
    let there = rustix::fs::statvfs(path)?;
    let bytes = |blocks: u64| blocks.saturating_mul(there.f_frsize);
    Ok(Space { available: bytes(there.f_bavail), total: bytes(there.f_blocks) })
}

pub(super) fn kind(file_type: std::fs::FileType) -> Kind {
    if file_type.is_file() {
        Kind::File
    } else if file_type.is_dir() {
        Kind::Directory
    } else if file_type.is_symlink() {
        Kind::Symlink
    } else {
        Kind::Other
    }
}

pub(super) fn attributes(metadata: Metadata) -> Attributes {
    Attributes {
        kind: kind(metadata.file_type()),
        size: Some(metadata.len()),
        modified: Some(Timestamp {
            seconds: metadata.mtime(),
            nanoseconds: u32::try_from(metadata.mtime_nsec()).unwrap_or(0),
        }),
        permissions: Some(metadata.mode() & 0o7777),
        owner: Some((metadata.uid(), metadata.gid())),
    }
}

/// Opens an ordinary file. A pipe nobody writes to must not block, so it is opened without waiting, then refused.
pub(super) fn open_to_read(path: &Path) -> io::Result<File> {
    let flags = OFlags::RDONLY | OFlags::CLOEXEC | OFlags::NONBLOCK | OFlags::NOCTTY;
    let file = File::from(rustix::fs::open(path, flags, Mode::empty())?);
    let file_type = file.metadata()?.file_type();
    if file_type.is_dir() {
        return Err(rustix::io::Errno::ISDIR.into());
    }
    if !file_type.is_file() {
        let what = if file_type.is_fifo() { "a pipe" } else { "a device or socket" };
        let why = format!("it is {what}, not a file");
        return Err(io::Error::new(io::ErrorKind::Unsupported, why));
    }
    Ok(file)
}

/// Opens a file to be written. A link in its place is not followed: what is continued is a part of our own.
pub(super) fn open_to_write(path: &Path, options: WriteOptions) -> io::Result<File> {
    let mut flags = OFlags::WRONLY | OFlags::CLOEXEC | OFlags::NOFOLLOW | OFlags::NONBLOCK;
    if options.create_new {
        flags |= OFlags::CREATE | OFlags::EXCL;
    }
    let permissions = mode(options.permissions);
    let file = File::from(rustix::fs::open(path, flags, permissions)?);
    let metadata = file.metadata()?;
    if !metadata.is_file() {
        return Err(io::Error::new(io::ErrorKind::Unsupported, "it is not a file"));
    }
    if options.create_new && metadata.mode() & 0o7777 != options.permissions & 0o7777 {
        // The umask took bits away; it never adds any, so there was no moment with too many.
        rustix::fs::fchmod(&file, permissions)?;
    }
    Ok(file)
}

pub(super) fn make_directory(path: &Path, permissions: Option<u32>) -> io::Result<()> {
    let wanted = mode(permissions.unwrap_or(0o777));
    rustix::fs::mkdir(path, wanted)?;
    match permissions {
        Some(_) => Ok(rustix::fs::chmodat(CWD, path, wanted, AtFlags::empty())?),
        None => Ok(()),
    }
}

/// Sets attributes by name. A link has times of its own, but no permissions.
pub(super) fn set_attributes(path: &Path, set: &SetAttributes) -> io::Result<()> {
    let is_link = path.symlink_metadata()?.is_symlink();
    if let Some(permissions) = set.permissions
        && !is_link
    {
        rustix::fs::chmodat(CWD, path, mode(permissions), AtFlags::empty())?;
    }
    if let Some(modified) = set.modified {
        rustix::fs::utimensat(CWD, path, &times(modified)?, AtFlags::SYMLINK_NOFOLLOW)?;
    }
    Ok(())
}

/// Sets the owner, the group, or both; of a link itself.
pub(super) fn set_owner(path: &Path, owner: NewOwner) -> io::Result<()> {
    let user = owner.user.map(rustix::fs::Uid::from_raw);
    let group = owner.group.map(rustix::fs::Gid::from_raw);
    Ok(rustix::fs::chownat(CWD, path, user, group, AtFlags::SYMLINK_NOFOLLOW)?)
}

/// Sets attributes of an open file.
pub(super) fn set_attributes_of(file: &File, set: &SetAttributes) -> io::Result<()> {
    if let Some(permissions) = set.permissions {
        rustix::fs::fchmod(file, mode(permissions))?;
    }
    if let Some(modified) = set.modified {
        rustix::fs::futimens(file, &times(modified)?)?;
    }
    Ok(())
}

fn mode(permissions: u32) -> Mode {
    Mode::from_raw_mode((permissions & 0o7777) as rustix::fs::RawMode)
}

/// The time of the last change; that of the last access stays as it is.
fn times(modified: Timestamp) -> io::Result<Timestamps> {
    // Some values beyond a second mean "now" or "leave it" to the system: a server's time must not turn into one.
    if modified.nanoseconds >= 1_000_000_000 {
        return Err(rustix::io::Errno::INVAL.into());
    }
    Ok(Timestamps {
        last_access: Timespec { tv_sec: 0, tv_nsec: UTIME_OMIT },
        last_modification: Timespec {
            tv_sec: modified.seconds,
            tv_nsec: modified.nanoseconds.into(),
        },
    })
}

/// Takes the sum of a whole file, unless told to stop.
pub(super) fn sum(path: &Path, algorithm: Algorithm, stop: &AtomicBool) -> io::Result<Sum> {
    let mut file = open_to_read(path)?;
    let mut summing = algorithm.begin();
    let mut buffer = vec![0; 256 * 1024];
    loop {
        if stop.load(Ordering::Relaxed) {
            return Err(io::Error::other("nobody waits for it"));
        }
        match file.read(&mut buffer) {
            Ok(0) => return Ok(summing.finish()),
            Ok(count) => summing.update(&buffer[..count]),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}
