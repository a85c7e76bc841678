//! Parts that may be gone on with, there and back.

use std::ops::Range;

use rusqlite::{Connection, Result, Row as Found};

use super::rows;
use crate::{
    domain::{
        digest::{Sha256, Verdict},
        entry::{Attributes, Kind, Timestamp},
        path::StoragePath,
    },
    engine::{
        begun::{Begun, Written},
        message::JobNumber,
        step::Arrived,
    },
};

/// What was about to be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Intent {
    Name,
    NameLink,
    MoveFile,
    MoveLink,
    MoveDirectory,
    MoveOther,
}

impl Intent {
    const ALL: [Self; 6] = [
        Self::Name,
        Self::NameLink,
        Self::MoveFile,
        Self::MoveLink,
        Self::MoveDirectory,
        Self::MoveOther,
    ];

    fn of(begun: &Begun) -> Option<Self> {
        match (&begun.written, begun.source.kind) {
            (Written::Naming(_), Kind::Symlink) => Some(Self::NameLink),
            (Written::Naming(_), _) => Some(Self::Name),
            (Written::Moving, Kind::File) => Some(Self::MoveFile),
            (Written::Moving, Kind::Symlink) => Some(Self::MoveLink),
            (Written::Moving, Kind::Directory) => Some(Self::MoveDirectory),
            (Written::Moving, Kind::Other) => Some(Self::MoveOther),
            _ => None,
        }
    }

    fn word(self) -> &'static str {
        match self {
            Self::Name => "name",
            Self::NameLink => "name link",
            Self::MoveFile => "move file",
            Self::MoveLink => "move link",
            Self::MoveDirectory => "move directory",
            Self::MoveOther => "move other",
        }
    }

    /// What kind of thing the source is.
    fn kind(self) -> Kind {
        match self {
            Self::Name | Self::MoveFile => Kind::File,
            Self::NameLink | Self::MoveLink => Kind::Symlink,
            Self::MoveDirectory => Kind::Directory,
            Self::MoveOther => Kind::Other,
        }
    }
}

/// Writes how far a part has come, in the place of what was written of it before.
pub(super) fn write(connection: &Connection, job: i64, begun: &Begun) -> Result<()> {
    let Begun { from, to, part, source, written } = begun;
    let (ranges, arrived) = match written {
        Written::InOrder | Written::Moving => (None, None),
        Written::Ranges(ranges) => (Some(encode(ranges)), None),
        Written::Naming(arrived) | Written::Committed(arrived) => (None, Some(arrived)),
    };
    let insert = "INSERT OR REPLACE INTO part (job, from_path, to_path, part_path, size, seconds, nanoseconds, ranges, \
                  committed, verdict, digest, intent) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)";
    let size = arrived.map_or(source.size.unwrap_or(0), |arrived| arrived.bytes);
    connection.execute(
        insert,
        rusqlite::params![
            job,
            from.as_bytes(),
            to.as_bytes(),
            part.as_bytes(),
            i64::try_from(size).unwrap_or(i64::MAX),
            source.modified.map(|time| time.seconds),
            source.modified.map(|time| time.nanoseconds),
            ranges,
            matches!(written, Written::Committed(_)),
            arrived.and_then(|arrived| arrived.verdict).map(Verdict::word),
            arrived.and_then(|arrived| arrived.digest).map(|digest| digest.0),
            Intent::of(begun).map(Intent::word),
        ],
    )?;
    Ok(())
}

/// The part of this file is none any more.
pub(super) fn remove(connection: &Connection, job: i64, from: &StoragePath) -> Result<()> {
    let delete = "DELETE FROM part WHERE job = ? AND from_path = ?";
    connection.execute(delete, (job, from.as_bytes()))?;
    Ok(())
}

/// A job's parts.
pub(super) fn of(connection: &Connection, job: JobNumber) -> Result<Vec<Begun>> {
    let mut select = connection.prepare(
        "SELECT from_path, to_path, part_path, size, seconds, nanoseconds, ranges, committed, verdict, digest, intent \
         FROM part WHERE job = ?",
    )?;
    let found = select.query_map([job.0], read)?;
    found.collect()
}

fn read(found: &Found<'_>) -> Result<Begun> {
    let path = |column| found.get::<_, Vec<u8>>(column).map(StoragePath::new);
    let size = rows::unsigned(found, 3)?.unwrap_or(0);
    let modified = match (found.get(4)?, found.get(5)?) {
        (Some(seconds), Some(nanoseconds)) => Some(Timestamp { seconds, nanoseconds }),
        _ => None,
    };
    let ranges: Option<Vec<u8>> = found.get(6)?;
    let intent = rows::word(found, 10, &Intent::ALL, Intent::word)?;
    let arrived = Arrived {
        bytes: size,
        verdict: rows::word(found, 8, &Verdict::ALL, Verdict::word)?,
        digest: found.get::<_, Option<[u8; 32]>>(9)?.map(Sha256),
    };
    let written = match (intent, found.get(7)?, ranges) {
        (Some(Intent::Name | Intent::NameLink), ..) => Written::Naming(arrived),
        (Some(_), ..) => Written::Moving,
        (None, true, _) => Written::Committed(arrived),
        (None, false, Some(ranges)) => {
            Written::Ranges(decode(&ranges).ok_or_else(|| rows::nonsense(6))?)
        }
        (None, false, None) => Written::InOrder,
    };
    let kind = intent.map_or(Kind::File, Intent::kind);
    let source = Attributes { size: Some(size), modified, ..Attributes::of_kind(kind) };
    Ok(Begun { from: path(0)?, to: path(1)?, part: path(2)?, source, written })
}

/// Beginnings and ends, each in 8 bytes, the highest first.
fn encode(ranges: &[Range<u64>]) -> Vec<u8> {
    ranges.iter().flat_map(|range| [range.start, range.end]).flat_map(u64::to_be_bytes).collect()
}

fn decode(bytes: &[u8]) -> Option<Vec<Range<u64>>> {
    let (pairs, rest) = bytes.as_chunks::<16>();
    let range = |pair: &[u8; 16]| {
        let (ends, _) = pair.as_chunks::<8>();
        let (start, end) = (u64::from_be_bytes(ends[0]), u64::from_be_bytes(ends[1]));
        (start <= end).then_some(start..end)
    };
    if rest.is_empty() { pairs.iter().map(range).collect() } else { None }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::engine::journal::schema;

    fn written() -> impl Strategy<Value = Written> {
        let ranges = prop::collection::vec((0..1u64 << 40, 0..1u64 << 30), 0..5);
        prop_oneof![
            Just(Written::InOrder),
            Just(Written::Moving),
            prop::option::of(any::<[u8; 32]>()).prop_map(|digest| Written::Naming(Arrived {
                bytes: 77,
                verdict: Some(Verdict::Size),
                digest: digest.map(Sha256),
            })),
            ranges.prop_map(|ranges| {
                let range = |(start, length): (u64, u64)| start..start + length;
                Written::Ranges(ranges.into_iter().map(range).collect())
            }),
            (prop::sample::select(&Verdict::ALL[..]), prop::option::of(any::<[u8; 32]>()))
                .prop_map(|(verdict, digest)| Written::Committed(Arrived {
                    bytes: 77,
                    verdict: Some(verdict),
                    digest: digest.map(Sha256),
                })),
        ]
    }

    fn path() -> impl Strategy<Value = StoragePath> {
        prop::collection::vec(1..=255u8, 1..40).prop_map(StoragePath::new)
    }

    proptest! {
        #[test]
        fn a_part_is_read_as_it_was_written(
            (from, to, part) in (path(), path(), path()),
            modified in prop::option::of((any::<i64>(), 0..1_000_000_000u32)),
            written in written(),
            is_link in any::<bool>(),
        ) {
            let mut connection = Connection::open_in_memory().unwrap();
            schema::bring_up_to_date(&mut connection).unwrap();
            connection.pragma_update(None, "foreign_keys", false).unwrap();
            let modified = modified.map(|(seconds, nanoseconds)| Timestamp { seconds, nanoseconds });
            // What goes on is a file's; a link can only be about to get its name, or to be moved.
            let may_be_link = matches!(written, Written::Naming(_) | Written::Moving);
            let kind = if is_link && may_be_link { Kind::Symlink } else { Kind::File };
            let source = Attributes { size: Some(77), modified, ..Attributes::of_kind(kind) };
            let begun = Begun { from, to, part, source, written };
            let before = Begun { written: Written::InOrder, ..begun.clone() };
            write(&connection, 1, &before).unwrap();
            write(&connection, 1, &begun).unwrap();
            prop_assert_eq!(of(&connection, JobNumber(1)).unwrap(), vec![begun.clone()]);
            remove(&connection, 1, &begun.from).unwrap();
            prop_assert!(of(&connection, JobNumber(1)).unwrap().is_empty());
        }
    }

    #[test]
    fn what_no_wharf_has_written_is_no_range() {
        assert_eq!(decode(&encode(&[3..5, 7..8])), Some(vec![3..5, 7..8]));
        assert_eq!(decode(&[0; 15]), None);
        assert_eq!(decode(&encode(&[5..5, Range { start: 7, end: 6 }])), None);
    }
}
