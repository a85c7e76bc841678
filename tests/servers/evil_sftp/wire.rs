//! SFTP version 3 from the server's side (draft-ietf-secsh-filexfer-02), written apart from the product's codec.

use tokio::io::{AsyncRead, AsyncReadExt};

pub(super) const OK: u32 = 0;
pub(super) const EOF: u32 = 1;
pub(super) const NO_SUCH_FILE: u32 = 2;
pub(super) const PERMISSION_DENIED: u32 = 3;
pub(super) const FAILURE: u32 = 4;
pub(super) const UNSUPPORTED: u32 = 8;

/// What a client asks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Ask {
    Open { path: Vec<u8>, flags: u32 },
    Close { handle: Vec<u8> },
    Read { handle: Vec<u8>, offset: u64, length: u32 },
    Write { handle: Vec<u8>, offset: u64, data: Vec<u8> },
    Stat { path: Vec<u8>, follow: bool },
    Fstat { handle: Vec<u8> },
    SetStat,
    OpenDir { path: Vec<u8> },
    ReadDir { handle: Vec<u8> },
    Remove { path: Vec<u8> },
    MakeDir { path: Vec<u8> },
    RemoveDir { path: Vec<u8> },
    RealPath { path: Vec<u8> },
    Rename { from: Vec<u8>, to: Vec<u8> },
    ReadLink { path: Vec<u8> },
    Symlink { target: Vec<u8>, link: Vec<u8> },
    Extended { name: Vec<u8>, rest: Vec<u8> },
    Unknown,
}

pub(super) const FLAG_WRITE: u32 = 2;
pub(super) const FLAG_CREATE: u32 = 8;
pub(super) const FLAG_TRUNCATE: u32 = 16;
pub(super) const FLAG_EXCLUSIVE: u32 = 32;

/// Takes fields off the front; a client that sends less than it says is our own bug, so this panics.
pub(super) struct Fields<'a>(pub(super) &'a [u8]);

impl Fields<'_> {
    pub(super) fn byte(&mut self) -> u8 {
        let byte = self.0[0];
        self.0 = &self.0[1..];
        byte
    }

    pub(super) fn word(&mut self) -> u32 {
        let (word, rest) = self.0.split_first_chunk().unwrap();
        self.0 = rest;
        u32::from_be_bytes(*word)
    }

    pub(super) fn long(&mut self) -> u64 {
        let (long, rest) = self.0.split_first_chunk().unwrap();
        self.0 = rest;
        u64::from_be_bytes(*long)
    }

    pub(super) fn string(&mut self) -> Vec<u8> {
        let length = self.word() as usize;
        let (string, rest) = self.0.split_at(length);
        self.0 = rest;
        string.to_vec()
    }
}

/// The next packet without its length; `None` at the end of the stream.
pub(super) async fn read_packet(stream: &mut (impl AsyncRead + Unpin)) -> Option<Vec<u8>> {
    let length = stream.read_u32().await.ok()?;
    let mut packet = vec![0; length as usize];
    stream.read_exact(&mut packet).await.ok()?;
    Some(packet)
}

/// The request's number and what it asks.
pub(super) fn decode(packet: &[u8]) -> (u32, Ask) {
    let mut fields = Fields(packet);
    let kind = fields.byte();
    let id = fields.word();
    let ask = match kind {
        3 => Ask::Open { path: fields.string(), flags: fields.word() },
        4 => Ask::Close { handle: fields.string() },
        5 => Ask::Read { handle: fields.string(), offset: fields.long(), length: fields.word() },
        6 => Ask::Write { handle: fields.string(), offset: fields.long(), data: fields.string() },
        7 | 17 => Ask::Stat { path: fields.string(), follow: kind == 17 },
        8 => Ask::Fstat { handle: fields.string() },
        9 | 10 => Ask::SetStat,
        11 => Ask::OpenDir { path: fields.string() },
        12 => Ask::ReadDir { handle: fields.string() },
        13 => Ask::Remove { path: fields.string() },
        14 => Ask::MakeDir { path: fields.string() },
        15 => Ask::RemoveDir { path: fields.string() },
        16 => Ask::RealPath { path: fields.string() },
        18 => Ask::Rename { from: fields.string(), to: fields.string() },
        19 => Ask::ReadLink { path: fields.string() },
        20 => Ask::Symlink { target: fields.string(), link: fields.string() },
        200 => Ask::Extended { name: fields.string(), rest: fields.0.to_vec() },
        _ => Ask::Unknown,
    };
    (id, ask)
}

/// Attributes as they travel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Attrs {
    pub(crate) size: u64,
    /// With the type of the file.
    pub(crate) mode: u32,
    pub(crate) modified: u32,
}

pub(crate) const FILE: u32 = 0o100_644;
pub(crate) const DIRECTORY: u32 = 0o040_755;
pub(crate) const LINK: u32 = 0o120_777;

/// A packet under construction.
pub(super) struct Packet(Vec<u8>);

impl Packet {
    pub(super) fn new(kind: u8, id: u32) -> Self {
        Self(vec![kind]).word(id)
    }

    pub(super) fn word(mut self, word: u32) -> Self {
        self.0.extend(word.to_be_bytes());
        self
    }

    pub(super) fn long(mut self, long: u64) -> Self {
        self.0.extend(long.to_be_bytes());
        self
    }

    pub(super) fn string(mut self, string: &[u8]) -> Self {
        self = self.word(string.len() as u32);
        self.0.extend(string);
        self
    }

    pub(super) fn attrs(mut self, attrs: Attrs) -> Self {
        self = self.word(1 | 4 | 8);
        self.0.extend(attrs.size.to_be_bytes());
        self.word(attrs.mode).word(attrs.modified).word(attrs.modified)
    }

    /// With its length before it.
    pub(super) fn bytes(self) -> Vec<u8> {
        with_length(self.0.len() as u32, &self.0)
    }
}

pub(super) fn with_length(length: u32, content: &[u8]) -> Vec<u8> {
    [&length.to_be_bytes()[..], content].concat()
}

pub(super) fn version() -> Vec<u8> {
    Packet::new(2, 3).bytes()
}

pub(super) fn status(id: u32, code: u32, message: &[u8]) -> Vec<u8> {
    Packet::new(101, id).word(code).string(message).string(b"").bytes()
}

/// Whether a reply is a HANDLE, or a STATUS that says OK.
pub(super) fn is_good_news(reply: &[u8]) -> bool {
    match reply.get(4) {
        Some(102) => true,
        Some(101) => reply.get(9..13) == Some(&[0; 4]),
        _ => false,
    }
}

pub(super) fn handle(id: u32, handle: &[u8]) -> Vec<u8> {
    Packet::new(102, id).string(handle).bytes()
}

pub(super) fn data(id: u32, data: &[u8]) -> Vec<u8> {
    Packet::new(103, id).string(data).bytes()
}

pub(super) fn names(id: u32, rows: &[(Vec<u8>, Attrs)]) -> Vec<u8> {
    let mut packet = Packet::new(104, id).word(rows.len() as u32);
    for (name, attrs) in rows {
        packet = packet.string(name).string(b"").attrs(*attrs);
    }
    packet.bytes()
}

pub(super) fn attributes(id: u32, attrs: Attrs) -> Vec<u8> {
    Packet::new(105, id).attrs(attrs).bytes()
}
