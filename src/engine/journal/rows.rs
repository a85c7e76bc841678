//! A row of the ledger, there and back.

use std::sync::Arc;

use jiff::Timestamp;
use rusqlite::{
    Connection, OptionalExtension as _, Result, Row as Found, Statement,
    types::{FromSqlError, Type},
};

use super::{Ending, Entry};
use crate::{
    domain::{
        digest::{Sha256, Verdict},
        path::StoragePath,
        place::{Endpoint, Location},
        site::{Protocol, Site},
    },
    engine::message::{StepKind, ledger::Row},
};

pub(super) const INSERT: &str = "INSERT INTO ledger (job, step, ending, kind, from_path, to_path, size, verdict, \
                                 method, digest, attempts, began, ended, why) \
                                 VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)";

/// All that [`read`] needs, in its order.
pub(super) const SELECT: &str = "SELECT job.id, step, ending, kind, from_path, ledger.to_path, size, verdict, method, \
                                 digest, attempts, began, ledger.ended, why, f.protocol, f.user, f.host, f.port, \
                                 t.protocol, t.user, t.host, t.port, ledger.id FROM ledger JOIN job ON job.id = ledger.job \
                                 LEFT JOIN site f ON f.id = from_site LEFT JOIN site t ON t.id = to_site";

/// The column of [`SELECT`] that says where in the ledger the row stands.
pub(super) const PLACE: usize = 22;

/// Writes a step that ended; `insert` was made of [`INSERT`].
pub(super) fn write(insert: &mut Statement<'_>, job: i64, entry: &Entry) -> Result<()> {
    insert.execute(rusqlite::params![
        job,
        // A size or a number beyond this is a lie of a server, and not kept.
        i64::try_from(entry.step.0).unwrap_or(i64::MAX),
        entry.ending.word(),
        entry.kind.word(),
        entry.from.as_bytes(),
        entry.to.as_ref().map(StoragePath::as_bytes),
        entry.size.and_then(|size| i64::try_from(size).ok()),
        entry.verdict.map(Verdict::word),
        entry.verdict.and_then(Verdict::method),
        entry.digest.as_ref().map(|digest| &digest.0[..]),
        entry.attempts,
        entry.began.as_millisecond(),
        entry.ended.as_millisecond(),
        entry.why,
    ])?;
    Ok(())
}

/// Reads what [`SELECT`] found. What no Wharf has written is an error, not a guess.
pub(super) fn read(found: &Found<'_>) -> Result<Row> {
    let (from, to) = (endpoint(found, 14)?, endpoint(found, 18)?);
    let to_path: Option<Vec<u8>> = found.get(5)?;
    Ok(Row {
        job: found.get(0)?,
        step: unsigned(found, 1)?.unwrap_or(0),
        ending: word(found, 2, &Ending::ALL, Ending::word)?.ok_or_else(|| nonsense(2))?,
        kind: word(found, 3, &StepKind::ALL, StepKind::word)?.ok_or_else(|| nonsense(3))?,
        from: Location { endpoint: from, path: StoragePath::new(found.get::<_, Vec<u8>>(4)?) },
        to: to_path.map(|path| Location { endpoint: to, path: StoragePath::new(path) }),
        size: unsigned(found, 6)?,
        verdict: word(found, 7, &Verdict::ALL, Verdict::word)?,
        method: found.get(8)?,
        digest: found.get::<_, Option<[u8; 32]>>(9)?.map(Sha256),
        attempts: found.get(10)?,
        began: time(found, 11)?,
        ended: time(found, 12)?,
        why: found.get(13)?,
    })
}

/// The number of a site in the file, given one if it has none; `None` for this machine.
pub(super) fn number_of(connection: &Connection, endpoint: &Endpoint) -> Result<Option<i64>> {
    let Endpoint::Remote(site) = endpoint else { return Ok(None) };
    let parts = (
        site.protocol().scheme(),
        site.user().unwrap_or_default(),
        site.host(),
        site.port().unwrap_or(0),
    );
    let find = "SELECT id FROM site WHERE (protocol, user, host, port) = (?, ?, ?, ?)";
    let known = connection.query_row(find, parts, |row| row.get(0)).optional()?;
    if known.is_some() {
        return Ok(known);
    }
    let insert = "INSERT INTO site (protocol, user, host, port) VALUES (?, ?, ?, ?)";
    connection.execute(insert, parts)?;
    Ok(Some(connection.last_insert_rowid()))
}

/// An endpoint from four columns.
pub(super) fn endpoint(found: &Found<'_>, first: usize) -> Result<Endpoint> {
    let Some(protocol) = word(found, first, &Protocol::ALL, Protocol::scheme)? else {
        return Ok(Endpoint::Local);
    };
    let (user, host): (String, String) = (found.get(first + 1)?, found.get(first + 2)?);
    let port: u16 = found.get(first + 3)?;
    let user = Some(user.as_str()).filter(|user| !user.is_empty());
    let site = Site::new(protocol, user, &host, Some(port).filter(|port| *port > 0));
    Ok(Endpoint::Remote(Arc::new(site.map_err(|_| nonsense(first + 2))?)))
}

/// The value whose word stands in a column.
pub(super) fn word<T: Copy>(
    found: &Found<'_>,
    column: usize,
    all: &[T],
    word: fn(T) -> &'static str,
) -> Result<Option<T>> {
    // Millions of rows are read by the word: no text is made of them.
    let text = found.get_ref(column)?.as_str_or_null().map_err(|_| nonsense(column))?;
    let Some(text) = text else { return Ok(None) };
    let value = all.iter().copied().find(|value| word(*value) == text);
    value.map(Some).ok_or_else(|| nonsense(column))
}

pub(super) fn unsigned(found: &Found<'_>, column: usize) -> Result<Option<u64>> {
    let number: Option<i64> = found.get(column)?;
    number.map(|number| u64::try_from(number).map_err(|_| nonsense(column))).transpose()
}

pub(super) fn time(found: &Found<'_>, column: usize) -> Result<Timestamp> {
    Timestamp::from_millisecond(found.get(column)?).map_err(|_| nonsense(column))
}

pub(super) fn nonsense(column: usize) -> rusqlite::Error {
    let why = Box::new(FromSqlError::InvalidType);
    rusqlite::Error::FromSqlConversionFailure(column, Type::Text, why)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::engine::{journal::schema, message::StepId};

    fn path() -> impl Strategy<Value = StoragePath> {
        // Anything but NUL, UTF-8 or not.
        prop::collection::vec(1..=255u8, 1..40).prop_map(StoragePath::new)
    }

    fn time() -> impl Strategy<Value = Timestamp> {
        (-1_000_000_000_000..10_000_000_000_000i64)
            .prop_map(|millisecond| Timestamp::from_millisecond(millisecond).unwrap())
    }

    fn entry() -> impl Strategy<Value = Entry> {
        let what = (
            0..=i64::MAX as u64,
            prop::sample::select(&Ending::ALL[..]),
            prop::sample::select(&StepKind::ALL[..]),
            path(),
            prop::option::of(path()),
            prop::option::of(0..=i64::MAX as u64),
        );
        let how = (
            prop::option::of(prop::sample::select(&Verdict::ALL[..])),
            prop::option::of(any::<[u8; 32]>().prop_map(Sha256)),
            any::<u32>(),
            time(),
            time(),
            prop::option::of(any::<String>()),
        );
        (what, how).prop_map(|((step, ending, kind, from, to, size), how)| {
            let (verdict, digest, attempts, began, ended, why) = how;
            let step = StepId(step);
            Entry {
                step,
                ending,
                kind,
                from,
                to,
                size,
                verdict,
                digest,
                attempts,
                began,
                ended,
                why,
            }
        })
    }

    fn somewhere() -> impl Strategy<Value = Endpoint> {
        let site = ("([a-z]{1,8})?", "[a-z]{1,8}(\\.[a-z]{1,8})?", prop::option::of(1..=u16::MAX));
        prop_oneof![
            Just(Endpoint::Local),
            site.prop_map(|(user, host, port)| {
                let user = Some(&user[..]).filter(|user| !user.is_empty());
                Endpoint::Remote(Arc::new(Site::new(Protocol::Sftp, user, &host, port).unwrap()))
            }),
        ]
    }

    proptest! {
        #[test]
        fn what_was_written_is_read(entry in entry(), from in somewhere(), to in somewhere()) {
            let mut connection = Connection::open_in_memory().unwrap();
            schema::bring_up_to_date(&mut connection).unwrap();
            let sites = (
                number_of(&connection, &from).unwrap(),
                number_of(&connection, &to).unwrap(),
            );
            prop_assert_eq!(number_of(&connection, &to).unwrap(), sites.1);
            let job = "INSERT INTO job (process, pid, work, from_site, to_site, verify, added) \
                       VALUES ('x', 1, 'copy', ?, ?, 'auto', 0)";
            connection.execute(job, sites).unwrap();
            write(&mut connection.prepare(INSERT).unwrap(), 1, &entry).unwrap();
            let row = connection.query_row(SELECT, [], |found| {
                assert_eq!(found.get::<_, i64>(PLACE)?, 1);
                read(found)
            });
            let at = |endpoint, path| Location { endpoint, path };
            let Entry { step, ending, kind, size, verdict, digest, attempts, began, ended, .. } = entry;
            prop_assert_eq!(row.unwrap(), Row {
                job: 1,
                step: step.0,
                ending, kind, size, verdict, digest, attempts, began, ended,
                from: at(from, entry.from),
                to: entry.to.map(|path| at(to, path)),
                method: verdict.and_then(Verdict::method).map(str::to_owned),
                why: entry.why,
            });
        }
    }

    #[test]
    fn what_no_wharf_has_written_is_an_error() {
        let mut connection = Connection::open_in_memory().unwrap();
        schema::bring_up_to_date(&mut connection).unwrap();
        connection
            .execute_batch(
                "INSERT INTO job (process, pid, work, verify, added) VALUES ('x', 1, 'copy', 'auto', 0);
                 INSERT INTO ledger (job, step, ending, kind, from_path, attempts, began, ended) \
                 VALUES (1, 1, 'done', 'file', x'2f61', 1, 0, 0);",
            )
            .unwrap();
        let get = |connection: &Connection| connection.query_row(SELECT, [], read);
        assert_eq!(get(&connection).unwrap().ending, Ending::Done);
        for nonsense in ["ending = 'perhaps'", "kind = 'thing'", "size = -1", "digest = x'00'"] {
            connection.execute_batch("SAVEPOINT before").unwrap();
            connection.execute_batch(&format!("UPDATE ledger SET {nonsense}")).unwrap();
            assert!(get(&connection).is_err(), "{nonsense}");
            connection.execute_batch("ROLLBACK TO before").unwrap();
        }
    }
}
