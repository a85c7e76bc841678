//! What the file looks like: its versions, each made from the one before.

use std::{
    thread,
    time::{Duration, Instant},
};

use rusqlite::{Connection, ErrorCode, Result, TransactionBehavior};

use super::file::PATIENCE;

/// As long as SQLite's own pauses, about.
const BETWEEN_TRIES: Duration = Duration::from_millis(10);

/// Says whose file it is (`Whar`), as `file(1)` shows it.
const APPLICATION: i32 = 0x5768_6172;

/// What makes each version out of the one before it. Only ever added to.
const VERSIONS: &[&str] = &[FIRST, SECOND, THIRD, FOURTH, FIFTH, SIXTH, SEVENTH];

/// Text columns hold words (`done`, `hash`), paths are bytes, times are milliseconds since 1970 UTC. Sites are
/// their parts, `''` and 0 where none was given; no site is this machine. The process a job belongs to is a name
/// given at random, since a pid is used again; the pid is for people.
const FIRST: &str = "
CREATE TABLE site (
    id INTEGER PRIMARY KEY, protocol TEXT NOT NULL, user TEXT NOT NULL, host TEXT NOT NULL, port INTEGER NOT NULL,
    UNIQUE (protocol, user, host, port)
) STRICT;
CREATE TABLE job (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    process TEXT NOT NULL,
    pid INTEGER NOT NULL,
    work TEXT NOT NULL,
    from_site INTEGER REFERENCES site (id),
    to_site INTEGER REFERENCES site (id),
    verify TEXT NOT NULL,
    added INTEGER NOT NULL,
    ended INTEGER
) STRICT;
CREATE TABLE ledger (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    job INTEGER NOT NULL REFERENCES job (id),
    step INTEGER NOT NULL,
    ending TEXT NOT NULL,
    kind TEXT NOT NULL,
    from_path BLOB NOT NULL,
    to_path BLOB,
    size INTEGER,
    verdict TEXT,
    method TEXT,
    digest BLOB,
    attempts INTEGER NOT NULL,
    began INTEGER NOT NULL,
    ended INTEGER NOT NULL,
    why TEXT
) STRICT;
CREATE INDEX ledger_of_job ON ledger (job);
";

/// Jobs outlive their process: what was asked for, which directories a job made, and the parts that are worth going
/// on with. A job without a shape is of a Wharf that wrote none down, and ends with it. The marks of a job are what
/// the names of its parts may bear. A part without ranges is written from its front to its back.
const SECOND: &str = "
ALTER TABLE job ADD COLUMN shape TEXT;
ALTER TABLE job ADD COLUMN file_mode INTEGER;
ALTER TABLE job ADD COLUMN folder_mode INTEGER;
ALTER TABLE job ADD COLUMN to_path BLOB;
ALTER TABLE job ADD COLUMN on_conflict TEXT;
ALTER TABLE job ADD COLUMN recursive INTEGER NOT NULL DEFAULT 0;
ALTER TABLE job ADD COLUMN marks TEXT NOT NULL DEFAULT '';
CREATE INDEX job_open ON job (id) WHERE ended IS NULL;
CREATE TABLE source (
    job INTEGER NOT NULL REFERENCES job (id) ON DELETE CASCADE,
    place INTEGER NOT NULL,
    path BLOB NOT NULL,
    PRIMARY KEY (job, place)
) STRICT, WITHOUT ROWID;
CREATE TABLE made (
    job INTEGER NOT NULL REFERENCES job (id) ON DELETE CASCADE,
    path BLOB NOT NULL,
    PRIMARY KEY (job, path)
) STRICT, WITHOUT ROWID;
CREATE TABLE part (
    job INTEGER NOT NULL REFERENCES job (id) ON DELETE CASCADE,
    from_path BLOB NOT NULL,
    to_path BLOB NOT NULL,
    part_path BLOB NOT NULL,
    size INTEGER NOT NULL,
    seconds INTEGER,
    nanoseconds INTEGER,
    ranges BLOB,
    committed INTEGER NOT NULL,
    verdict TEXT,
    digest BLOB,
    PRIMARY KEY (job, from_path)
) STRICT, WITHOUT ROWID;
";

/// What a person answered about a taken name is on the disk as well; an answer for all is the job's `on_conflict`.
const THIRD: &str = "
CREATE TABLE answer (
    job INTEGER NOT NULL REFERENCES job (id) ON DELETE CASCADE,
    from_path BLOB NOT NULL,
    choice TEXT,
    to_path BLOB,
    PRIMARY KEY (job, from_path)
) STRICT, WITHOUT ROWID;
";

/// Parts that nobody will go on with are found again: a job that was given up may have left some, as may those that went
/// through several processes; one that was looked after is swept.
const FOURTH: &str = "
ALTER TABLE job ADD COLUMN given_up INTEGER NOT NULL DEFAULT 0;
ALTER TABLE job ADD COLUMN swept INTEGER NOT NULL DEFAULT 0;
";

/// Jobs that a person put in order stay so.
const FIFTH: &str = "
ALTER TABLE job ADD COLUMN rank INTEGER NOT NULL DEFAULT 0;
";

/// Which owner, group and time a job sets.
const SIXTH: &str = "
ALTER TABLE job ADD COLUMN traits TEXT;
";

/// What was about to be done to a part or a source when this was written: a numbered name given, or a rename.
const SEVENTH: &str = "
ALTER TABLE part ADD COLUMN intent TEXT;
";

/// What a file turned out to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Found {
    /// One of ours, of today's version.
    Current,
    /// Made by a newer Wharf.
    Newer,
    /// No journal at all, but a database of some other program.
    Foreign,
}

/// Looks what a file is, and brings an empty or an older one up to date. Touches nothing of others.
pub(super) fn bring_up_to_date(connection: &mut Connection) -> Result<Found> {
    match look(connection)? {
        (APPLICATION, version) if version == newest() => return Ok(Found::Current),
        (APPLICATION, version) if version > newest() => return Ok(Found::Newer),
        (APPLICATION | 0, _) => {}
        _ => return Ok(Found::Foreign),
    }
    to_write_ahead(connection)?;
    // Two processes may get here at once: the second waits, and finds nothing left to do.
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let (application, version) = look(&transaction)?;
    let tables: i64 =
        transaction.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?;
    if application == 0 && (version != 0 || tables != 0) {
        return Ok(Found::Foreign);
    }
    for statements in VERSIONS.iter().skip(usize::try_from(version).unwrap_or(0)) {
        transaction.execute_batch(statements)?;
    }
    transaction.pragma_update(None, "application_id", APPLICATION)?;
    transaction.pragma_update(None, "user_version", newest())?;
    transaction.commit()?;
    Ok(Found::Current)
}

/// Switches the file to a write-ahead log. While another process looks at a file that has none, SQLite says "busy" at
/// once, whatever patience it was asked for: so the waiting is done here.
fn to_write_ahead(connection: &Connection) -> Result<()> {
    let began = Instant::now();
    loop {
        match connection.pragma_update(None, "journal_mode", "WAL") {
            Err(error)
                if error.sqlite_error_code() == Some(ErrorCode::DatabaseBusy)
                    && began.elapsed() < PATIENCE =>
            {
                thread::sleep(BETWEEN_TRIES);
            }
            outcome => return outcome,
        }
    }
}

fn look(connection: &Connection) -> Result<(i32, i32)> {
    let number = |name| connection.pragma_query_value(None, name, |row| row.get(0));
    Ok((number("application_id")?, number("user_version")?))
}

fn newest() -> i32 {
    i32::try_from(VERSIONS.len()).unwrap_or(i32::MAX)
}

/// Touches what every write will touch, so that damage is met now rather than in the middle of a job.
pub(super) fn probe(connection: &Connection) -> Result<()> {
    for statement in [
        "SELECT * FROM ledger ORDER BY id DESC LIMIT 1",
        "SELECT * FROM job ORDER BY id DESC LIMIT 1",
        "SELECT * FROM site ORDER BY id DESC LIMIT 1",
        "SELECT * FROM source ORDER BY job DESC LIMIT 1",
        "SELECT * FROM made ORDER BY job DESC LIMIT 1",
        "SELECT * FROM part ORDER BY job DESC LIMIT 1",
        "SELECT * FROM answer ORDER BY job DESC LIMIT 1",
    ] {
        let mut statement = connection.prepare(statement)?;
        let mut rows = statement.query([])?;
        while rows.next()?.is_some() {}
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn marked(application: i32, version: i32) -> Connection {
        let connection = Connection::open_in_memory().unwrap();
        connection.execute_batch("CREATE TABLE theirs (x)").unwrap();
        connection.pragma_update(None, "application_id", application).unwrap();
        connection.pragma_update(None, "user_version", version).unwrap();
        connection
    }

    #[test]
    fn an_empty_file_becomes_a_journal_and_stays_one() {
        let mut connection = Connection::open_in_memory().unwrap();
        for _ in 0..2 {
            assert_eq!(bring_up_to_date(&mut connection).unwrap(), Found::Current);
            assert_eq!(look(&connection).unwrap(), (APPLICATION, newest()));
            probe(&connection).unwrap();
        }
    }

    #[test]
    fn an_older_file_keeps_what_is_in_it() {
        let mut connection = Connection::open_in_memory().unwrap();
        connection.execute_batch(FIRST).unwrap();
        connection.pragma_update(None, "application_id", APPLICATION).unwrap();
        connection.pragma_update(None, "user_version", 1).unwrap();
        let job = "INSERT INTO job (process, pid, work, verify, added) VALUES ('x', 1, 'copy', 'auto', 7)";
        connection.execute_batch(job).unwrap();
        assert_eq!(bring_up_to_date(&mut connection).unwrap(), Found::Current);
        assert_eq!(look(&connection).unwrap(), (APPLICATION, newest()));
        let kept = |row: &rusqlite::Row<'_>| Ok((row.get(0)?, row.get(1)?, row.get(2)?));
        let found: (i64, Option<String>, String) =
            connection.query_row("SELECT added, shape, marks FROM job", [], kept).unwrap();
        assert_eq!(found, (7, None, String::new()));
        probe(&connection).unwrap();
    }

    #[test]
    fn what_is_not_ours_or_newer_is_left_as_it_is() {
        for (application, version, found) in [
            (APPLICATION, newest() + 1, Found::Newer),
            (0, 0, Found::Foreign),
            (0, 7, Found::Foreign),
            (77, 1, Found::Foreign),
        ] {
            let mut connection = marked(application, version);
            assert_eq!(bring_up_to_date(&mut connection).unwrap(), found);
            assert_eq!(look(&connection).unwrap(), (application, version));
            assert!(probe(&connection).is_err(), "nothing of ours was added");
        }
    }
}
