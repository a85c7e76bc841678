//! Reading what was done, oldest first.

use std::path::Path;

use jiff::Timestamp;
use rusqlite::{Connection, named_params};

pub use crate::engine::message::ledger::{Ending, Row};

use super::{file, rows};
use crate::domain::error::Error;

/// Which rows.
#[derive(Debug, Clone, Copy, Default)]
pub struct Wanted {
    /// Only what ended at this time or later.
    pub since: Option<Timestamp>,
    /// Only what failed.
    pub failed: bool,
    /// Of these only so many, the newest.
    pub last: Option<u32>,
}

/// Rows read at a time. Between two portions the file is let go: whoever reads them slowly, in a pager, must not
/// keep writers from tidying it up.
const PORTION: u16 = 1_000;

const CHOSEN: &str =
    "(:since IS NULL OR ledger.ended >= :since) AND (NOT :failed OR ending = 'failed')";

/// Hands each row wanted to `take`, which says whether it wants more. Without a ledger there are none.
///
/// # Errors
/// Where the journal cannot be read, or is damaged; the rows before that were handed over.
pub fn read(
    directory: &Path,
    wanted: Wanted,
    mut take: impl FnMut(Row) -> bool,
) -> Result<(), Error> {
    let Some(opened) = file::open_to_read(directory)? else { return Ok(()) };
    let said = |error| file::error(directory, error);
    let mut after = before_first(&opened.connection, wanted).map_err(said)?;
    loop {
        let (rows, broken) = portion(&opened.connection, wanted, &mut after);
        let is_last = rows.len() < usize::from(PORTION);
        for row in rows {
            if !take(row) {
                return Ok(());
            }
        }
        broken.map_err(said)?;
        if is_last {
            return Ok(());
        }
    }
}

/// The place in the ledger before the first row wanted.
fn before_first(connection: &Connection, wanted: Wanted) -> rusqlite::Result<i64> {
    let Some(last) = wanted.last else { return Ok(0) };
    let first: Option<i64> = connection.query_row(
        &format!(
            "SELECT min(id) FROM (SELECT id FROM ledger WHERE {CHOSEN} ORDER BY id DESC LIMIT :last)"
        ),
        named_params! {
            ":since": wanted.since.map(Timestamp::as_millisecond),
            ":failed": wanted.failed,
            ":last": last,
        },
        |row| row.get(0),
    )?;
    Ok(first.map_or(i64::MAX, |first| first - 1))
}

/// The rows after a place, as far as they can be read, and the place reached.
fn portion(
    connection: &Connection,
    wanted: Wanted,
    after: &mut i64,
) -> (Vec<Row>, rusqlite::Result<()>) {
    let mut found = Vec::new();
    let mut read_all = || {
        let mut select = connection.prepare(&format!(
            "{} WHERE {CHOSEN} AND ledger.id > :after ORDER BY ledger.id LIMIT :portion",
            rows::SELECT
        ))?;
        let mut rows = select.query(named_params! {
            ":since": wanted.since.map(Timestamp::as_millisecond),
            ":failed": wanted.failed,
            ":after": *after,
            ":portion": PORTION,
        })?;
        while let Some(row) = rows.next()? {
            found.push(rows::read(row)?);
            *after = row.get(rows::PLACE)?;
        }
        Ok(())
    };
    let read = read_all();
    (found, read)
}
