//! What a job was asked for, there and back: its row, and its sources.

use std::sync::Arc;

use jiff::Timestamp;
use rusqlite::{Connection, Result, Row as Found};

use super::{
    rows::{self, word},
    traits,
};
use crate::{
    domain::{
        digest::VerifyLevel,
        path::StoragePath,
        place::{Endpoint, Location},
        question::ConflictChoice,
    },
    engine::message::{Destination, JobOptions, JobRequest, Modes, Work},
};

const LEVELS: [VerifyLevel; 4] =
    [VerifyLevel::Auto, VerifyLevel::Digest, VerifyLevel::Size, VerifyLevel::Off];
/// What is to become of the sources, and what the destination means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Shape {
    Into,
    Exactly,
    AsCp,
    /// There is no destination.
    Removal,
    /// Nor is there here.
    Modes,
    /// Nor here.
    Traits,
}

impl Shape {
    const ALL: [Self; 6] =
        [Self::Into, Self::Exactly, Self::AsCp, Self::Removal, Self::Modes, Self::Traits];

    fn word(self) -> &'static str {
        match self {
            Shape::Into => "into",
            Shape::Exactly => "exactly",
            Shape::AsCp => "as cp",
            Shape::Removal => "removal",
            Shape::Modes => "modes",
            Shape::Traits => "traits",
        }
    }

    fn of(work: &Work) -> Self {
        match work {
            Work::Copy(destination) | Work::Move(destination) => match destination {
                Destination::Into(_) => Shape::Into,
                Destination::Exactly(_) => Shape::Exactly,
                Destination::AsCp(_) => Shape::AsCp,
            },
            Work::Delete | Work::Trash => Shape::Removal,
            Work::SetModes(_) => Shape::Modes,
            Work::SetTraits(_) => Shape::Traits,
        }
    }
}

fn work_word(work: &Work) -> &'static str {
    match work {
        Work::Copy(_) => "copy",
        Work::Move(_) => "move",
        Work::Delete => "delete",
        Work::Trash => "trash",
        Work::SetModes(_) => "mode",
        Work::SetTraits(_) => "traits",
    }
}

fn modes_of(work: &Work) -> Option<&Modes> {
    if let Work::SetModes(modes) = work { Some(modes) } else { None }
}

fn traits_of(work: &Work) -> Option<String> {
    if let Work::SetTraits(traits) = work { Some(traits::write(traits)) } else { None }
}

/// Who writes a job down.
#[derive(Debug, Clone, Copy)]
pub(super) struct Writer<'a> {
    pub(super) process: &'a str,
    pub(super) mark: &'a str,
}

/// Writes a job and its sources; the number it was given.
pub(super) fn insert(
    connection: &Connection,
    writer: Writer<'_>,
    request: &JobRequest,
    added: Timestamp,
) -> Result<i64> {
    let to = request.work.destination();
    // The trash lies where the sources do.
    let none = if request.work == Work::Trash { &request.from } else { &Endpoint::Local };
    let to_endpoint = to.map_or(none, |location| &location.endpoint);
    let insert = "INSERT INTO job (process, pid, work, from_site, to_site, verify, added, shape, to_path, on_conflict, \
                  recursive, marks, file_mode, folder_mode, traits) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)";
    let modes = modes_of(&request.work);
    connection.execute(
        insert,
        rusqlite::params![
            writer.process,
            std::process::id(),
            work_word(&request.work),
            rows::number_of(connection, &request.from)?,
            rows::number_of(connection, to_endpoint)?,
            request.options.verify.word(),
            added.as_millisecond(),
            Shape::of(&request.work).word(),
            to.map(|location| location.path.as_bytes()),
            request.options.on_conflict.map(ConflictChoice::word),
            request.options.recursive,
            writer.mark,
            modes.map(|modes| modes.files),
            modes.map(|modes| modes.folders),
            traits_of(&request.work),
        ],
    )?;
    let number = connection.last_insert_rowid();
    let mut insert =
        connection.prepare("INSERT INTO source (job, place, path) VALUES (?, ?, ?)")?;
    for (place, path) in (0i64..).zip(&request.sources) {
        insert.execute((number, place, path.as_bytes()))?;
    }
    Ok(number)
}

/// All that [`read`] needs of a job, in its order.
pub(super) const SELECT: &str = "SELECT job.id, process, pid, added, work, shape, to_path, on_conflict, recursive, \
                                 verify, f.protocol, f.user, f.host, f.port, t.protocol, t.user, t.host, t.port, \
                                 file_mode, folder_mode, rank, traits \
                                 FROM job LEFT JOIN site f ON f.id = from_site LEFT JOIN site t ON t.id = to_site";

/// A job as it stands in the file, but for its sources.
#[derive(Debug)]
pub(super) struct Order {
    pub(super) number: i64,
    pub(super) process: String,
    pub(super) pid: u32,
    pub(super) added: Timestamp,
    pub(super) rank: i64,
    pub(super) request: JobRequest,
}

/// Reads what [`SELECT`] found. What no Wharf has written is an error, not a guess.
pub(super) fn read(found: &Found<'_>) -> Result<Order> {
    let shape = word(found, 5, &Shape::ALL, Shape::word)?.ok_or_else(|| rows::nonsense(5))?;
    let path: Option<Vec<u8>> = found.get(6)?;
    let location = Location {
        endpoint: rows::endpoint(found, 14)?,
        path: StoragePath::new(path.unwrap_or_default()),
    };
    let destination = match shape {
        Shape::Into => Some(Destination::Into(location)),
        Shape::Exactly => Some(Destination::Exactly(location)),
        Shape::AsCp => Some(Destination::AsCp(location)),
        Shape::Removal | Shape::Modes | Shape::Traits => None,
    };
    let work: String = found.get(4)?;
    let work = match (&work[..], destination) {
        ("copy", Some(destination)) => Work::Copy(destination),
        ("move", Some(destination)) => Work::Move(destination),
        ("delete", None) if shape == Shape::Removal => Work::Delete,
        ("trash", None) if shape == Shape::Removal => Work::Trash,
        ("mode", None) if shape == Shape::Modes => {
            Work::SetModes(Modes { files: found.get(18)?, folders: found.get(19)? })
        }
        ("traits", None) if shape == Shape::Traits => {
            let written: String = found.get(21)?;
            Work::SetTraits(traits::read(&written).ok_or_else(|| rows::nonsense(21))?)
        }
        _ => return Err(rows::nonsense(4)),
    };
    let options = JobOptions {
        verify: word(found, 9, &LEVELS, VerifyLevel::word)?.unwrap_or_default(),
        on_conflict: word(found, 7, &ConflictChoice::ALL, ConflictChoice::word)?,
        recursive: found.get(8)?,
    };
    Ok(Order {
        number: found.get(0)?,
        process: found.get(1)?,
        pid: found.get(2)?,
        added: rows::time(found, 3)?,
        rank: found.get(20)?,
        request: JobRequest {
            work,
            from: rows::endpoint(found, 10)?,
            sources: Vec::new(),
            options,
        },
    })
}

/// A job's sources, in the order they were given.
pub(super) fn sources(connection: &Connection, number: i64) -> Result<Vec<StoragePath>> {
    let mut select = connection.prepare("SELECT path FROM source WHERE job = ? ORDER BY place")?;
    let paths = select.query_map([number], |row| row.get::<_, Vec<u8>>(0).map(StoragePath::new))?;
    paths.collect()
}

/// The same job, with its sources.
pub(super) fn whole(connection: &Connection, order: Order) -> Result<(Order, Arc<JobRequest>)> {
    let sources = sources(connection, order.number)?;
    let request = JobRequest { sources, ..order.request.clone() };
    Ok((order, Arc::new(request)))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::{
        domain::site::{Protocol, Site},
        engine::journal::schema,
    };

    fn endpoint() -> impl Strategy<Value = Endpoint> {
        prop_oneof![
            Just(Endpoint::Local),
            (prop::option::of("[a-z]{1,8}"), prop::option::of(1..=u16::MAX)).prop_map(
                |(user, port)| {
                    let site = Site::new(Protocol::Sftp, user.as_deref(), "files.example", port);
                    Endpoint::Remote(Arc::new(site.unwrap()))
                }
            ),
        ]
    }

    fn path() -> impl Strategy<Value = StoragePath> {
        prop::collection::vec(1..=255u8, 1..40).prop_map(StoragePath::new)
    }

    fn work() -> impl Strategy<Value = Work> {
        let location =
            || (endpoint(), path()).prop_map(|(endpoint, path)| Location { endpoint, path });
        let destination = prop_oneof![
            location().prop_map(Destination::Into),
            location().prop_map(Destination::Exactly),
            location().prop_map(Destination::AsCp),
        ];
        let modes = (0..=0o7777u32, 0..=0o7777u32);
        let others = prop_oneof![
            modes.prop_map(|(files, folders)| Work::SetModes(Modes { files, folders })),
            traits::tests::any().prop_map(Work::SetTraits),
            Just(Work::Delete),
            Just(Work::Trash),
        ];
        (destination, others, 0..4).prop_map(|(destination, other, which)| match which {
            0 => Work::Copy(destination),
            1 => Work::Move(destination),
            _ => other,
        })
    }

    fn request() -> impl Strategy<Value = JobRequest> {
        let options = (
            prop::sample::select(&LEVELS[..]),
            prop::option::of(prop::sample::select(&ConflictChoice::ALL[..])),
            any::<bool>(),
        );
        (work(), endpoint(), prop::collection::vec(path(), 1..5), options).prop_map(
            |(work, from, sources, (verify, on_conflict, recursive))| JobRequest {
                work,
                from,
                sources,
                options: JobOptions { verify, on_conflict, recursive },
            },
        )
    }

    proptest! {
        #[test]
        fn what_was_asked_for_is_read_as_it_was_written(request in request(), added in 0..10_000_000_000_000i64) {
            let mut connection = Connection::open_in_memory().unwrap();
            schema::bring_up_to_date(&mut connection).unwrap();
            let added = Timestamp::from_millisecond(added).unwrap();
            let writer = Writer { process: "p", mark: "m" };
            let number = insert(&connection, writer, &request, added).unwrap();
            let order = connection.query_row(SELECT, [], read).unwrap();
            let (order, found) = whole(&connection, order).unwrap();
            prop_assert_eq!((order.number, &order.process[..], order.added), (number, "p", added));
            prop_assert_eq!(format!("{found:?}"), format!("{request:?}"));
        }
    }

    #[test]
    fn what_no_wharf_has_written_is_an_error() {
        let mut connection = Connection::open_in_memory().unwrap();
        schema::bring_up_to_date(&mut connection).unwrap();
        let request = JobRequest {
            work: Work::Delete,
            from: Endpoint::Local,
            sources: vec![StoragePath::new("/a")],
            options: JobOptions::default(),
        };
        let writer = Writer { process: "p", mark: "m" };
        insert(&connection, writer, &request, Timestamp::UNIX_EPOCH).unwrap();
        let get = |connection: &Connection| connection.query_row(SELECT, [], read);
        assert!(get(&connection).is_ok());
        for nonsense in
            ["shape = 'round'", "shape = NULL", "shape = 'into'", "work = 'eat'", "verify = 'no'"]
        {
            connection.execute_batch("SAVEPOINT before").unwrap();
            connection.execute_batch(&format!("UPDATE job SET {nonsense}")).unwrap();
            assert!(get(&connection).is_err(), "{nonsense}");
            connection.execute_batch("ROLLBACK TO before").unwrap();
        }
    }
}
