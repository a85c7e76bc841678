//! One row of a listing, and the attributes a storage knows of it.

use super::path::{Name, UnsafeName};

/// What stands under a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// An ordinary file.
    File,
    /// A directory.
    Directory,
    /// A symbolic link, not followed.
    Symlink,
    /// A device, socket or pipe, or something the server would not name.
    Other,
}

/// A time as storages know it: seconds since 1970-01-01 UTC, and what is finer, if it is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp {
    /// Whole seconds; negative before 1970.
    pub seconds: i64,
    /// Nanoseconds within the second, 0 where the storage knows only seconds.
    pub nanoseconds: u32,
}

impl Timestamp {
    /// A time of whole seconds.
    pub fn from_seconds(seconds: i64) -> Self {
        Self { seconds, nanoseconds: 0 }
    }
}

/// What a storage says of one file; every field is hearsay, and absent where it was not told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Attributes {
    /// What it is.
    pub kind: Kind,
    /// Bytes. Never used to reserve memory or space.
    pub size: Option<u64>,
    /// Last change of the content.
    pub modified: Option<Timestamp>,
    /// Permission bits, `0o7777` at most.
    pub permissions: Option<u32>,
    /// Numeric owner and group.
    pub owner: Option<(u32, u32)>,
}

impl Attributes {
    /// Of a kind, with nothing else known.
    pub fn of_kind(kind: Kind) -> Self {
        Self { kind, size: None, modified: None, permissions: None, owner: None }
    }
}

/// One row of a listing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Its name in the directory listed.
    pub name: Name,
    /// What the listing told of it, links not followed.
    pub attributes: Attributes,
    /// For a symbolic link: what it leads to, where the storage found out cheaply.
    pub leads_to: Option<Kind>,
}

/// A name a server handed out that was refused at the door; shown, never used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RefusedName {
    /// The bytes as they came, cut to a bounded length.
    pub bytes: Vec<u8>,
    /// Why it may not be used.
    pub why: UnsafeName,
}

/// Attributes to be set; an absent field stays as it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct SetAttributes {
    /// Permission bits, `0o7777` at most.
    pub permissions: Option<u32>,
    /// Last change of the content.
    pub modified: Option<Timestamp>,
}

impl SetAttributes {
    /// Whether there is nothing to set.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// How much room there is on a file system.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Space {
    /// Bytes an ordinary user may still write.
    pub available: u64,
    /// Bytes it holds in all.
    pub total: u64,
}
