//! An honest SFTP server of one directory: draft-ietf-secsh-filexfer-02 as OpenSSH keeps it.
//!
//! russh-sftp makes strings of all names, so this server can hold no name that is not UTF-8: it leaves such
//! names out of its listings, and nobody can ask for one.

use std::{
    collections::HashMap,
    fs::{self, File, Metadata, OpenOptions, Permissions},
    io,
    os::unix::fs::{
        DirBuilderExt as _, FileExt as _, MetadataExt as _, OpenOptionsExt as _,
        PermissionsExt as _,
    },
    path::{Component, Path, PathBuf},
};

use russh::{ChannelStream, server::Msg};
use russh_sftp::{
    protocol::{
        Attrs, Data, FileAttributes, Handle, Name, OpenFlags, Packet, Status, StatusCode, Version,
    },
    server::{Config, StatusReply},
};
use rustix::fs::{AtFlags, CWD, Timespec, Timestamps, UTIME_OMIT};

use super::extensions;

/// The largest packet taken; what `limits@openssh.com` tells leaves room for a header in it.
pub(super) const LARGEST_PACKET: u32 = 256 * 1024;
/// Names a reply to READDIR holds, as OpenSSH has it.
const NAMES_A_REPLY: usize = 100;

/// Serves a channel until it is closed.
pub(super) async fn serve(channel: ChannelStream<Msg>, root: &Path) {
    let root = root.canonicalize().unwrap_or_else(|_| root.to_owned());
    let session = Directory { root, files: HashMap::new(), listings: HashMap::new(), next: 0 };
    let config = Config { max_client_packet_len: LARGEST_PACKET };
    russh_sftp::server::run_with_config(channel, session, config).await;
}

pub(super) struct Directory {
    root: PathBuf,
    files: HashMap<String, File>,
    listings: HashMap<String, Vec<russh_sftp::protocol::File>>,
    next: u64,
}

pub(super) type Reply<T> = Result<T, Failure>;

/// What a request came to, if it failed.
pub(super) struct Failure(StatusReply);

impl From<Failure> for StatusReply {
    fn from(failure: Failure) -> Self {
        failure.0
    }
}

impl From<StatusCode> for Failure {
    fn from(code: StatusCode) -> Self {
        Self(code.into())
    }
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::NotFound => StatusCode::NoSuchFile.into(),
            io::ErrorKind::PermissionDenied => StatusCode::PermissionDenied.into(),
            _ => Self(StatusCode::Failure.with_message(error.to_string())),
        }
    }
}

impl From<rustix::io::Errno> for Failure {
    fn from(error: rustix::io::Errno) -> Self {
        io::Error::from(error).into()
    }
}

pub(super) fn done(id: u32) -> Status {
    Status {
        id,
        status_code: StatusCode::Ok,
        error_message: String::from("Success"),
        language_tag: String::new(),
    }
}

impl Directory {
    /// The real path; what lies outside the directory is denied.
    pub(super) fn place(&self, path: impl AsRef<Path>) -> Reply<PathBuf> {
        let mut place = PathBuf::new();
        for component in self.root.join(path).components() {
            match component {
                Component::ParentDir => drop(place.pop()),
                Component::CurDir => {}
                other => place.push(other),
            }
        }
        if place.starts_with(&self.root) {
            Ok(place)
        } else {
            Err(StatusCode::PermissionDenied.into())
        }
    }

    pub(super) fn file(&self, handle: &str) -> Reply<&File> {
        self.files
            .get(handle)
            .ok_or_else(|| StatusCode::Failure.with_message("no such handle"))
            .map_err(Failure)
    }

    fn handle(&mut self) -> String {
        self.next += 1;
        self.next.to_string()
    }
}

fn told(metadata: &Metadata) -> FileAttributes {
    FileAttributes {
        size: Some(metadata.len()),
        uid: Some(metadata.uid()),
        gid: Some(metadata.gid()),
        permissions: Some(metadata.mode()),
        atime: Some(metadata.atime() as u32),
        mtime: Some(metadata.mtime() as u32),
        ..FileAttributes::default()
    }
}

/// Sets what is given by name, following links or not.
pub(super) fn set(place: &Path, attributes: &FileAttributes, follow: bool) -> Reply<()> {
    if let Some(size) = attributes.size {
        OpenOptions::new().write(true).open(place)?.set_len(size)?;
    }
    if let Some(permissions) = attributes.permissions
        && (follow || !place.symlink_metadata()?.is_symlink())
    {
        fs::set_permissions(place, Permissions::from_mode(permissions & 0o7777))?;
    }
    if let Some(times) = times(attributes) {
        let flags = if follow { AtFlags::empty() } else { AtFlags::SYMLINK_NOFOLLOW };
        rustix::fs::utimensat(CWD, place, &times, flags)?;
    }
    Ok(())
}

fn times(attributes: &FileAttributes) -> Option<Timestamps> {
    let time = |seconds: Option<u32>| match seconds {
        Some(seconds) => Timespec { tv_sec: seconds.into(), tv_nsec: 0 },
        None => Timespec { tv_sec: 0, tv_nsec: UTIME_OMIT },
    };
    (attributes.mtime.is_some() || attributes.atime.is_some()).then(|| Timestamps {
        last_access: time(attributes.atime),
        last_modification: time(attributes.mtime),
    })
}

fn named(id: u32, path: impl AsRef<Path>) -> Name {
    let name = path.as_ref().to_string_lossy().into_owned();
    Name { id, files: vec![russh_sftp::protocol::File::dummy(name)] }
}

impl russh_sftp::server::Handler for Directory {
    type Error = Failure;

    fn unimplemented(&self) -> Failure {
        StatusCode::OpUnsupported.into()
    }

    async fn init(&mut self, _: u32, _: HashMap<String, String>) -> Reply<Version> {
        Ok(Version { extensions: extensions::announced(), ..Version::new() })
    }

    async fn open(
        &mut self,
        id: u32,
        filename: String,
        flags: OpenFlags,
        attributes: FileAttributes,
    ) -> Reply<Handle> {
        let mut options = OpenOptions::from(flags);
        options.mode(attributes.permissions.unwrap_or(0o666) & 0o7777);
        let file = options.open(self.place(filename)?)?;
        if file.metadata()?.is_dir() {
            return Err(Failure(StatusCode::Failure.with_message("is a directory")));
        }
        let handle = self.handle();
        self.files.insert(handle.clone(), file);
        Ok(Handle { id, handle })
    }

    async fn close(&mut self, id: u32, handle: String) -> Reply<Status> {
        if self.files.remove(&handle).is_none() && self.listings.remove(&handle).is_none() {
            return Err(Failure(StatusCode::Failure.with_message("no such handle")));
        }
        Ok(done(id))
    }

    async fn read(&mut self, id: u32, handle: String, offset: u64, len: u32) -> Reply<Data> {
        let file = self.file(&handle)?;
        let mut data = vec![0; len.min(LARGEST_PACKET - 1024) as usize];
        let count = file.read_at(&mut data, offset)?;
        if count == 0 && len > 0 {
            return Err(StatusCode::Eof.into());
        }
        data.truncate(count);
        Ok(Data { id, data })
    }

    async fn write(
        &mut self,
        id: u32,
        handle: String,
        offset: u64,
        data: Vec<u8>,
    ) -> Reply<Status> {
        self.file(&handle)?.write_all_at(&data, offset)?;
        Ok(done(id))
    }

    async fn lstat(&mut self, id: u32, path: String) -> Reply<Attrs> {
        Ok(Attrs { id, attrs: told(&self.place(path)?.symlink_metadata()?) })
    }

    async fn stat(&mut self, id: u32, path: String) -> Reply<Attrs> {
        Ok(Attrs { id, attrs: told(&self.place(path)?.metadata()?) })
    }

    async fn fstat(&mut self, id: u32, handle: String) -> Reply<Attrs> {
        Ok(Attrs { id, attrs: told(&self.file(&handle)?.metadata()?) })
    }

    async fn setstat(
        &mut self,
        id: u32,
        path: String,
        attributes: FileAttributes,
    ) -> Reply<Status> {
        set(&self.place(path)?, &attributes, true).map(|()| done(id))
    }

    async fn fsetstat(
        &mut self,
        id: u32,
        handle: String,
        attributes: FileAttributes,
    ) -> Reply<Status> {
        let file = self.file(&handle)?;
        if let Some(size) = attributes.size {
            file.set_len(size)?;
        }
        if let Some(permissions) = attributes.permissions {
            file.set_permissions(Permissions::from_mode(permissions & 0o7777))?;
        }
        if let Some(times) = times(&attributes) {
            rustix::fs::futimens(file, &times)?;
        }
        Ok(done(id))
    }

    async fn opendir(&mut self, id: u32, path: String) -> Reply<Handle> {
        let place = self.place(path)?;
        let mut rows = Vec::new();
        for row in fs::read_dir(&place)? {
            let row = row?;
            if let (Ok(name), Ok(metadata)) = (row.file_name().into_string(), row.metadata()) {
                rows.push(russh_sftp::protocol::File::new(name, told(&metadata)));
            }
        }
        let itself = told(&place.metadata()?);
        rows.push(russh_sftp::protocol::File::new("..", itself.clone()));
        rows.push(russh_sftp::protocol::File::new(".", itself));
        let handle = self.handle();
        self.listings.insert(handle.clone(), rows);
        Ok(Handle { id, handle })
    }

    async fn readdir(&mut self, id: u32, handle: String) -> Reply<Name> {
        let rows = self
            .listings
            .get_mut(&handle)
            .ok_or_else(|| Failure(StatusCode::Failure.with_message("no such handle")))?;
        if rows.is_empty() {
            return Err(StatusCode::Eof.into());
        }
        let files = rows.split_off(rows.len().saturating_sub(NAMES_A_REPLY));
        Ok(Name { id, files })
    }

    async fn remove(&mut self, id: u32, filename: String) -> Reply<Status> {
        fs::remove_file(self.place(filename)?)?;
        Ok(done(id))
    }

    async fn mkdir(&mut self, id: u32, path: String, attributes: FileAttributes) -> Reply<Status> {
        let mode = attributes.permissions.unwrap_or(0o777) & 0o7777;
        fs::DirBuilder::new().mode(mode).create(self.place(path)?)?;
        Ok(done(id))
    }

    async fn rmdir(&mut self, id: u32, path: String) -> Reply<Status> {
        fs::remove_dir(self.place(path)?)?;
        Ok(done(id))
    }

    async fn realpath(&mut self, id: u32, path: String) -> Reply<Name> {
        let place = self.place(path)?;
        match (place.canonicalize(), place.parent(), place.file_name()) {
            // The last component may be absent, as with OpenSSH.
            (Err(error), Some(parent), Some(name)) if error.kind() == io::ErrorKind::NotFound => {
                Ok(named(id, parent.canonicalize()?.join(name)))
            }
            (found, ..) => Ok(named(id, found?)),
        }
    }

    async fn rename(&mut self, id: u32, oldpath: String, newpath: String) -> Reply<Status> {
        let (from, to) = (self.place(oldpath)?, self.place(newpath)?);
        from.symlink_metadata()?;
        // Version 3 never replaces (§6.5).
        if to.symlink_metadata().is_ok() {
            return Err(StatusCode::Failure.into());
        }
        fs::rename(from, to)?;
        Ok(done(id))
    }

    async fn readlink(&mut self, id: u32, path: String) -> Reply<Name> {
        let target = self.place(path)?.read_link()?;
        match target.to_str() {
            Some(target) => Ok(named(id, target)),
            None => Err(Failure(StatusCode::Failure.with_message("the target is not UTF-8"))),
        }
    }

    /// The target comes first on the wire: OpenSSH mistook the draft's order, and everyone follows OpenSSH.
    async fn symlink(&mut self, id: u32, target: String, link: String) -> Reply<Status> {
        std::os::unix::fs::symlink(target, self.place(link)?)?;
        Ok(done(id))
    }

    async fn extended(&mut self, id: u32, request: String, data: Vec<u8>) -> Reply<Packet> {
        extensions::answer(self, id, &request, data)
    }
}
