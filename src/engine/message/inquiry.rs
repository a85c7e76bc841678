//! Questions about what stands somewhere, answered beside the queue and changing nothing.

use bytes::Bytes;

use super::Ticket;
use crate::domain::{
    entry::{Attributes, Space},
    error::Error,
    owners::OwnerNames,
    path::StoragePath,
    place::Location,
};

/// What someone wants to know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Inquiry {
    /// Where a link leads, as it is written in the link.
    Link(Location),
    /// What a link names, as an absolute path, and whether it stands there.
    Target(Location),
    /// Where a link leads in the end, however many links further, and what stands there.
    End(Location),
    /// What stands there, links followed.
    Look(Location),
    /// How much room there is on the file system.
    Space(Location),
    /// How much a directory holds, links not followed. Told again and again until it is complete.
    Size(Location),
    /// Where the trash of what lies in a folder lies.
    Trash(Location),
    /// Who the users and groups of a place are, those of these numbers before all.
    Owners {
        /// The place.
        of: Location,
        /// Users with groups.
        ids: Vec<(u32, u32)>,
    },
    /// Some bytes of a file.
    Piece {
        /// Which file.
        of: Location,
        /// Where they begin.
        offset: u64,
        /// How many; fewer come at the end of the file.
        length: u32,
    },
    /// Where a text stands in a file; told how far it has got meanwhile.
    Find {
        /// Which file.
        of: Location,
        /// Where to begin.
        from: u64,
        /// What to look for, as bytes; ASCII letters are taken for the same whatever their case.
        text: Bytes,
        /// Towards the beginning of the file.
        backwards: bool,
    },
    /// What a short text file differs in from another text.
    Difference {
        /// Which file.
        of: Location,
        /// The other text.
        with: Bytes,
    },
}

impl Inquiry {
    /// What it is about.
    pub fn location(&self) -> &Location {
        match self {
            Inquiry::Link(location)
            | Inquiry::Target(location)
            | Inquiry::End(location)
            | Inquiry::Look(location)
            | Inquiry::Space(location)
            | Inquiry::Trash(location)
            | Inquiry::Size(location) => location,
            Inquiry::Owners { of, .. }
            | Inquiry::Piece { of, .. }
            | Inquiry::Find { of, .. }
            | Inquiry::Difference { of, .. } => of,
        }
    }
}

/// What is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Told {
    /// What the link holds.
    Link(Vec<u8>),
    /// What the link names.
    Target(StoragePath),
    /// The end of the links, and what stands there.
    End(StoragePath, Attributes),
    /// What stands there.
    Look(Attributes),
    /// The room there is.
    Space(Space),
    /// What was found so far, or all.
    Size(Sum),
    /// The trash, if there is any.
    Trash(Option<StoragePath>),
    /// The names that are known.
    Owners(OwnerNames),
    /// Bytes of the file.
    Piece {
        /// Where they begin.
        offset: u64,
        /// The bytes.
        bytes: Bytes,
        /// How long the file is now, where that is known.
        size: Option<u64>,
    },
    /// How far the search has got.
    Searched(u64),
    /// Where the text begins, if it was found.
    Found(Option<u64>),
    /// Lines of a difference, escaped: `-` is the file's, `+` the other text's, `@` says where.
    Difference(Vec<String>),
}

/// How much a directory holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Sum {
    /// Bytes of its files.
    pub bytes: u64,
    /// Files, links and other things that are no directories.
    pub files: u64,
    /// Directories, itself not counted.
    pub directories: u64,
    /// Directories that could not be read, or not to their end.
    pub unread: u64,
    /// Whether that is all.
    pub complete: bool,
}

/// An answer on its way.
#[derive(Debug)]
pub struct Answered {
    /// Whose.
    pub ticket: Ticket,
    /// What is told, or why it cannot be.
    pub told: Result<Told, Error>,
}
