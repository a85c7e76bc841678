//! The codec of SFTP version 3 (draft-ietf-secsh-filexfer-02): requests to bytes, bytes to replies. No I/O.
//!
//! Nothing in here believes a length: every field is taken from the bytes that are there, or refused.

use bytes::{BufMut, Bytes, BytesMut};

/// The version Wharf speaks.
pub(crate) const VERSION: u32 = 3;

/// Open flags (§6.3).
pub(crate) mod open_flags {
    pub(crate) const READ: u32 = 0x01;
    pub(crate) const WRITE: u32 = 0x02;
    pub(crate) const CREATE: u32 = 0x08;
    pub(crate) const EXCLUSIVE: u32 = 0x20;
}

const ATTR_SIZE: u32 = 0x0000_0001;
const ATTR_OWNER: u32 = 0x0000_0002;
const ATTR_PERMISSIONS: u32 = 0x0000_0004;
const ATTR_TIMES: u32 = 0x0000_0008;
const ATTR_EXTENDED: u32 = 0x8000_0000;

/// Longest handle a server may give (§6.3).
pub(crate) const LONGEST_HANDLE: usize = 256;

const INIT: u8 = 1;
const OPEN: u8 = 3;
const CLOSE: u8 = 4;
const READ: u8 = 5;
const WRITE: u8 = 6;
const LSTAT: u8 = 7;
const FSTAT: u8 = 8;
const SETSTAT: u8 = 9;
const FSETSTAT: u8 = 10;
const OPENDIR: u8 = 11;
const READDIR: u8 = 12;
const REMOVE: u8 = 13;
const MKDIR: u8 = 14;
const RMDIR: u8 = 15;
const REALPATH: u8 = 16;
const STAT: u8 = 17;
const RENAME: u8 = 18;
const READLINK: u8 = 19;
const SYMLINK: u8 = 20;
const EXTENDED: u8 = 200;

const REPLY_VERSION: u8 = 2;
const REPLY_STATUS: u8 = 101;
const REPLY_HANDLE: u8 = 102;
const REPLY_DATA: u8 = 103;
const REPLY_NAME: u8 = 104;
const REPLY_ATTRS: u8 = 105;
const REPLY_EXTENDED: u8 = 201;

/// File attributes as they travel (§5); an absent field is not sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct WireAttributes {
    pub(crate) size: Option<u64>,
    pub(crate) owner: Option<(u32, u32)>,
    /// `st_mode`, with the type of the file.
    pub(crate) permissions: Option<u32>,
    /// Access and modification time, seconds since 1970.
    pub(crate) times: Option<(u32, u32)>,
}

impl WireAttributes {
    /// The same where a link is known to stand: what was told of something else is not told on.
    pub(crate) fn of_a_link(self) -> Self {
        const LINK: u32 = 0o120_000;
        if self.permissions.is_some_and(|mode| mode & 0o170_000 == LINK) {
            return self;
        }
        Self { permissions: Some(LINK | 0o777), ..Self::default() }
    }
}

/// What can be asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Request<'a> {
    Open {
        path: &'a [u8],
        flags: u32,
        attributes: WireAttributes,
    },
    Close {
        handle: &'a [u8],
    },
    Read {
        handle: &'a [u8],
        offset: u64,
        length: u32,
    },
    /// The data itself follows the encoded head; see [`Request::encode`].
    Write {
        handle: &'a [u8],
        offset: u64,
        length: u32,
    },
    Lstat {
        path: &'a [u8],
    },
    Stat {
        path: &'a [u8],
    },
    Fstat {
        handle: &'a [u8],
    },
    SetStat {
        path: &'a [u8],
        attributes: WireAttributes,
    },
    FsetStat {
        handle: &'a [u8],
        attributes: WireAttributes,
    },
    OpenDirectory {
        path: &'a [u8],
    },
    ReadDirectory {
        handle: &'a [u8],
    },
    Remove {
        path: &'a [u8],
    },
    MakeDirectory {
        path: &'a [u8],
        attributes: WireAttributes,
    },
    RemoveDirectory {
        path: &'a [u8],
    },
    RealPath {
        path: &'a [u8],
    },
    Rename {
        from: &'a [u8],
        to: &'a [u8],
    },
    ReadLink {
        path: &'a [u8],
    },
    /// In the order OpenSSH and everyone after it reads them: target first, against §6.10.
    Symlink {
        target: &'a [u8],
        link: &'a [u8],
    },
    PosixRename {
        from: &'a [u8],
        to: &'a [u8],
    },
    Fsync {
        handle: &'a [u8],
    },
    StatVfs {
        path: &'a [u8],
    },
    LsetStat {
        path: &'a [u8],
        attributes: WireAttributes,
    },
    Limits,
    /// SHA-256 of a file's whole content (draft-ietf-secsh-filexfer-extensions-00 §3).
    CheckFile {
        path: &'a [u8],
    },
    /// Names of users and groups by their numbers (OpenSSH's PROTOCOL §4.12).
    OwnerNames {
        users: &'a [u8],
        groups: &'a [u8],
    },
    /// Bytes from one open file to another (OpenSSH's PROTOCOL §4.10).
    CopyData {
        from: &'a [u8],
        offset: u64,
        length: u64,
        to: &'a [u8],
    },
}

impl Request<'_> {
    /// The bytes of the packet, length word included. For `Write` the data (`length` bytes) has to follow.
    pub(crate) fn encode(&self, id: u32) -> Bytes {
        let mut out = BytesMut::with_capacity(128);
        out.put_u32(0);
        let mut following = 0;
        match *self {
            Request::Open { path, flags, attributes } => {
                head(&mut out, OPEN, id);
                put_string(&mut out, path);
                out.put_u32(flags);
                put_attributes(&mut out, &attributes);
            }
            Request::Close { handle } => one_string(&mut out, CLOSE, id, handle),
            Request::Read { handle, offset, length } => {
                one_string(&mut out, READ, id, handle);
                out.put_u64(offset);
                out.put_u32(length);
            }
            Request::Write { handle, offset, length } => {
                one_string(&mut out, WRITE, id, handle);
                out.put_u64(offset);
                out.put_u32(length);
                following = length;
            }
            Request::Lstat { path } => one_string(&mut out, LSTAT, id, path),
            Request::Stat { path } => one_string(&mut out, STAT, id, path),
            Request::Fstat { handle } => one_string(&mut out, FSTAT, id, handle),
            Request::SetStat { path, attributes } => {
                one_string(&mut out, SETSTAT, id, path);
                put_attributes(&mut out, &attributes);
            }
            Request::FsetStat { handle, attributes } => {
                one_string(&mut out, FSETSTAT, id, handle);
                put_attributes(&mut out, &attributes);
            }
            Request::OpenDirectory { path } => one_string(&mut out, OPENDIR, id, path),
            Request::ReadDirectory { handle } => one_string(&mut out, READDIR, id, handle),
            Request::Remove { path } => one_string(&mut out, REMOVE, id, path),
            Request::MakeDirectory { path, attributes } => {
                one_string(&mut out, MKDIR, id, path);
                put_attributes(&mut out, &attributes);
            }
            Request::RemoveDirectory { path } => one_string(&mut out, RMDIR, id, path),
            Request::RealPath { path } => one_string(&mut out, REALPATH, id, path),
            Request::Rename { from, to } => two_strings(&mut out, RENAME, id, from, to),
            Request::ReadLink { path } => one_string(&mut out, READLINK, id, path),
            Request::Symlink { target, link } => two_strings(&mut out, SYMLINK, id, target, link),
            Request::PosixRename { from, to } => {
                two_strings(&mut out, EXTENDED, id, b"posix-rename@openssh.com", from);
                put_string(&mut out, to);
            }
            Request::Fsync { handle } => {
                two_strings(&mut out, EXTENDED, id, b"fsync@openssh.com", handle);
            }
            Request::StatVfs { path } => {
                two_strings(&mut out, EXTENDED, id, b"statvfs@openssh.com", path);
            }
            Request::LsetStat { path, attributes } => {
                two_strings(&mut out, EXTENDED, id, b"lsetstat@openssh.com", path);
                put_attributes(&mut out, &attributes);
            }
            Request::Limits => one_string(&mut out, EXTENDED, id, b"limits@openssh.com"),
            Request::CheckFile { path } => {
                two_strings(&mut out, EXTENDED, id, b"check-file-name", path);
                put_string(&mut out, b"sha256");
                // From the start to the end, in one block.
                out.put_u64(0);
                out.put_u64(0);
                out.put_u32(0);
            }
            Request::OwnerNames { users, groups } => {
                two_strings(&mut out, EXTENDED, id, b"users-groups-by-id@openssh.com", users);
                put_string(&mut out, groups);
            }
            Request::CopyData { from, offset, length, to } => {
                two_strings(&mut out, EXTENDED, id, b"copy-data", from);
                out.put_u64(offset);
                out.put_u64(length);
                put_string(&mut out, to);
                out.put_u64(offset);
            }
        }
        finish_length(&mut out, following);
        out.freeze()
    }
}

/// The first packet: which version is spoken.
pub(crate) fn encode_init() -> Bytes {
    let mut out = BytesMut::with_capacity(9);
    out.put_u32(5);
    out.put_u8(INIT);
    out.put_u32(VERSION);
    out.freeze()
}

fn head(out: &mut BytesMut, kind: u8, id: u32) {
    out.put_u8(kind);
    out.put_u32(id);
}

fn one_string(out: &mut BytesMut, kind: u8, id: u32, string: &[u8]) {
    head(out, kind, id);
    put_string(out, string);
}

fn two_strings(out: &mut BytesMut, kind: u8, id: u32, first: &[u8], second: &[u8]) {
    one_string(out, kind, id, first);
    put_string(out, second);
}

fn put_string(out: &mut BytesMut, string: &[u8]) {
    // Paths are bounded far below 4 GiB by whoever made them; the packet's own bound refuses the rest.
    out.put_u32(u32::try_from(string.len()).unwrap_or(u32::MAX));
    out.put_slice(string);
}

fn put_attributes(out: &mut BytesMut, attributes: &WireAttributes) {
    let flag = |there: bool, flag: u32| if there { flag } else { 0 };
    out.put_u32(
        flag(attributes.size.is_some(), ATTR_SIZE)
            | flag(attributes.owner.is_some(), ATTR_OWNER)
            | flag(attributes.permissions.is_some(), ATTR_PERMISSIONS)
            | flag(attributes.times.is_some(), ATTR_TIMES),
    );
    if let Some(size) = attributes.size {
        out.put_u64(size);
    }
    if let Some((user, group)) = attributes.owner {
        out.put_u32(user);
        out.put_u32(group);
    }
    if let Some(permissions) = attributes.permissions {
        out.put_u32(permissions);
    }
    if let Some((accessed, modified)) = attributes.times {
        out.put_u32(accessed);
        out.put_u32(modified);
    }
}

fn finish_length(out: &mut BytesMut, following: u32) {
    let length = u32::try_from(out.len() - 4).unwrap_or(u32::MAX).saturating_add(following);
    out[..4].copy_from_slice(&length.to_be_bytes());
}

/// One row of a NAME reply.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct NameRow {
    pub(crate) name: Bytes,
    /// The line an `ls -l` would print; only its first letter is ever looked at.
    pub(crate) long_name: Bytes,
    pub(crate) attributes: WireAttributes,
}

/// What can be answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Reply {
    Status { code: u32, message: Bytes },
    Handle(Bytes),
    Data(Bytes),
    Names(Vec<NameRow>),
    Attributes(WireAttributes),
    Extended(Bytes),
}

/// The VERSION reply: the version, and names and data of the extensions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Greeting {
    pub(crate) version: u32,
    pub(crate) extensions: Vec<(Bytes, Bytes)>,
}

/// The bytes are no packet of the protocol.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Malformed {
    #[error("a packet of the server ended in the middle of a field")]
    Short,
    #[error("the server sent a packet of the unknown type {0}")]
    UnknownType(u8),
    #[error("the server gave a handle that is empty or longer than {LONGEST_HANDLE} bytes")]
    Handle,
    #[error("the server announced a packet of {0} bytes, more than Wharf takes")]
    TooLong(u32),
    #[error("the server announced a packet without content")]
    Empty,
    #[error("the server did not greet as an SFTP server does")]
    NoGreeting,
}

/// Reads one reply: a packet without its length word.
pub(crate) fn decode(packet: Bytes) -> Result<(u32, Reply), Malformed> {
    let mut fields = Fields(packet);
    let kind = fields.byte()?;
    let id = fields.word()?;
    let reply = match kind {
        REPLY_STATUS => Reply::Status {
            code: fields.word()?,
            // Old servers of version 3 leave message and language out.
            message: if fields.0.is_empty() { Bytes::new() } else { fields.string()? },
        },
        REPLY_HANDLE => {
            let handle = fields.string()?;
            if handle.is_empty() || handle.len() > LONGEST_HANDLE {
                return Err(Malformed::Handle);
            }
            // A copy: a slice would hold the whole read buffer for as long as the file is open.
            Reply::Handle(Bytes::copy_from_slice(&handle))
        }
        REPLY_DATA => Reply::Data(fields.string()?),
        REPLY_NAME => {
            let count = fields.word()?;
            let mut rows = Vec::new();
            for _ in 0..count {
                rows.push(NameRow {
                    name: fields.string()?,
                    long_name: fields.string()?,
                    attributes: fields.attributes()?,
                });
            }
            Reply::Names(rows)
        }
        REPLY_ATTRS => Reply::Attributes(fields.attributes()?),
        REPLY_EXTENDED => Reply::Extended(fields.0),
        unknown => return Err(Malformed::UnknownType(unknown)),
    };
    Ok((id, reply))
}

/// Reads the first packet a server sends.
pub(crate) fn decode_greeting(packet: Bytes) -> Result<Greeting, Malformed> {
    let mut fields = Fields(packet);
    if fields.byte()? != REPLY_VERSION {
        return Err(Malformed::NoGreeting);
    }
    let version = fields.word()?;
    let mut extensions = Vec::new();
    while !fields.0.is_empty() {
        extensions.push((fields.string()?, fields.string()?));
    }
    Ok(Greeting { version, extensions })
}

/// Takes fields off the front of a packet.
pub(crate) struct Fields(pub(crate) Bytes);

impl Fields {
    fn take(&mut self, length: usize) -> Result<Bytes, Malformed> {
        if self.0.len() < length { Err(Malformed::Short) } else { Ok(self.0.split_to(length)) }
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], Malformed> {
        self.take(N)?.as_ref().try_into().map_err(|_| Malformed::Short)
    }

    fn byte(&mut self) -> Result<u8, Malformed> {
        Ok(u8::from_be_bytes(self.array()?))
    }

    pub(crate) fn word(&mut self) -> Result<u32, Malformed> {
        Ok(u32::from_be_bytes(self.array()?))
    }

    pub(crate) fn long(&mut self) -> Result<u64, Malformed> {
        Ok(u64::from_be_bytes(self.array()?))
    }

    /// All that has not been taken.
    pub(crate) fn rest(self) -> Bytes {
        self.0
    }

    pub(crate) fn string(&mut self) -> Result<Bytes, Malformed> {
        let length = self.word()?;
        self.take(usize::try_from(length).map_err(|_| Malformed::Short)?)
    }

    fn attributes(&mut self) -> Result<WireAttributes, Malformed> {
        let flags = self.word()?;
        let has = |flag: u32| flags & flag != 0;
        let mut attributes = WireAttributes::default();
        if has(ATTR_SIZE) {
            attributes.size = Some(self.long()?);
        }
        if has(ATTR_OWNER) {
            attributes.owner = Some((self.word()?, self.word()?));
        }
        if has(ATTR_PERMISSIONS) {
            attributes.permissions = Some(self.word()?);
        }
        if has(ATTR_TIMES) {
            attributes.times = Some((self.word()?, self.word()?));
        }
        if has(ATTR_EXTENDED) {
            let count = self.word()?;
            for _ in 0..count {
                self.string()?;
                self.string()?;
            }
        }
        Ok(attributes)
    }
}

#[cfg(test)]
#[path = "packet_tests.rs"]
mod tests;
