//! The file: where it lies, who may read it, and what becomes of a damaged one.
//!
//! A damaged file is set aside under a new name, never removed or written to, and a fresh one is begun. That is
//! done only while no other Wharf has the file open: SQLite finds its helpers (`-wal`, `-shm`) by name, and one that
//! closed the old file would remove those of the new. So whoever opens it holds a shared lock on a file beside it.
//!
//! A process opens it once at a time: POSIX takes a process's locks on a file away as soon as it closes any handle
//! to it, and what is looked at here before SQLite opens the file would do that to another connection.

use std::{
    fs::{self, DirBuilder, File, OpenOptions, Permissions, TryLockError},
    io::{self, Read as _},
    os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _, PermissionsExt as _},
    path::{Path, PathBuf},
    time::Duration,
};

use jiff::Timestamp;
use rusqlite::{Connection, ErrorCode, OpenFlags, config::DbConfig};

use super::schema::{self, Found};
use crate::domain::{
    display,
    error::{Error, ErrorKind},
};

/// The file's name in its directory.
pub(super) const NAME: &str = "journal.sqlite";
/// The file that says who has it open.
const LOCK: &str = "journal.lock";
/// What SQLite puts beside it.
const HELPERS: [&str; 2] = ["-wal", "-shm"];

/// How long another process may hold the file before a write counts as failed.
pub(super) const PATIENCE: Duration = Duration::from_secs(5);

/// An open journal.
#[derive(Debug)]
pub(super) struct Opened {
    pub(super) connection: Connection,
    /// Where a damaged one went, in words, if there was one.
    pub(super) set_aside: Option<String>,
    _lock: File,
}

impl Opened {
    /// Closes it, and leaves the file as it is.
    pub(super) fn close_damaged(self) {
        close_damaged(self.connection);
    }
}

/// Why a file is no journal to be used.
#[derive(Debug)]
enum Trouble {
    Damaged(Error),
    /// Newer, or somebody else's.
    NotOurs(Error),
    Failed(Error),
}

/// Opens the journal in this directory, made where there is none.
pub(super) fn open(directory: &Path) -> Result<Opened, Error> {
    let path = directory.join(NAME);
    let io = |error| Error::from_io(doing(&path), error);
    DirBuilder::new().recursive(true).mode(0o700).create(directory).map_err(io)?;
    let lock = private(&directory.join(LOCK)).map_err(io)?;
    lock.lock_shared().map_err(io)?;
    match connect(&path, true) {
        Ok(connection) => Ok(Opened { connection, set_aside: None, _lock: lock }),
        Err(Trouble::Damaged(why)) => begin_afresh(&path, lock, why, is_usable),
        Err(Trouble::NotOurs(error) | Trouble::Failed(error)) => Err(error),
    }
}

/// Opens the journal after a write to it met damage that opening it does not show.
pub(super) fn open_after_damage(directory: &Path, why: Error) -> Result<Opened, Error> {
    let path = directory.join(NAME);
    let lock =
        private(&directory.join(LOCK)).map_err(|error| Error::from_io(doing(&path), error))?;
    begin_afresh(&path, lock, why, is_sound)
}

fn is_usable(_: &Connection) -> bool {
    true
}

/// Looks at every page, which takes a second for a large file.
fn is_sound(connection: &Connection) -> bool {
    let check = "PRAGMA integrity_check(1)";
    connection.query_row(check, [], |row| row.get::<_, String>(0)).is_ok_and(|found| found == "ok")
}

/// Opens the journal in this directory to be read; `None` where there is none.
pub(super) fn open_to_read(directory: &Path) -> Result<Option<Opened>, Error> {
    let path = directory.join(NAME);
    if matches!(fs::symlink_metadata(&path), Err(error) if error.kind() == io::ErrorKind::NotFound)
    {
        return Ok(None);
    }
    let io = |error| Error::from_io(doing(&path), error);
    let lock = private(&directory.join(LOCK)).map_err(io)?;
    lock.lock_shared().map_err(io)?;
    match connect(&path, false) {
        Ok(connection) => Ok(Some(Opened { connection, set_aside: None, _lock: lock })),
        Err(Trouble::Damaged(error) | Trouble::NotOurs(error) | Trouble::Failed(error)) => {
            Err(error)
        }
    }
}

/// Whether what went wrong is that the file is damaged.
pub(super) fn is_damage(error: &rusqlite::Error) -> bool {
    matches!(error.sqlite_error_code(), Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase))
}

/// What SQLite says, as an error of ours.
pub(super) fn error(directory: &Path, error: rusqlite::Error) -> Error {
    said(&directory.join(NAME), error)
}

fn said(path: &Path, error: rusqlite::Error) -> Error {
    let kind = match error.sqlite_error_code() {
        Some(ErrorCode::DiskFull) => ErrorKind::NoSpace,
        Some(ErrorCode::ReadOnly) => ErrorKind::ReadOnly,
        Some(ErrorCode::CannotOpen | ErrorCode::PermissionDenied) => ErrorKind::PermissionDenied,
        _ => ErrorKind::Failed,
    };
    let why = match &error {
        rusqlite::Error::SqliteFailure(_, Some(words)) => display::escape_text(words),
        other => display::escape_text(&other.to_string()),
    };
    Error::new(kind, doing(path), why).with_source(error)
}

fn doing(path: &Path) -> String {
    format!("use the journal {}", shown(path))
}

fn shown(path: &Path) -> String {
    display::escape(path.as_os_str().as_encoded_bytes())
}

/// A file for this user's eyes only, whatever the umask, and whatever it was before.
pub(super) fn private(path: &Path) -> io::Result<File> {
    let file = OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o600)
        .open(path)?;
    if file.metadata()?.permissions().mode() & 0o077 != 0 {
        file.set_permissions(Permissions::from_mode(0o600))?;
    }
    Ok(file)
}

fn connect(path: &Path, to_write: bool) -> Result<Connection, Trouble> {
    let failed = |error: rusqlite::Error| match is_damage(&error) {
        true => Trouble::Damaged(said(path, error)),
        false => Trouble::Failed(said(path, error)),
    };
    // SQLite gives its helpers the permissions the file has.
    let mut file =
        private(path).map_err(|error| Trouble::Failed(Error::from_io(doing(path), error)))?;
    let is_cut = is_cut_short(path, &mut file)
        .map_err(|error| Trouble::Failed(Error::from_io(doing(path), error)))?;
    drop(file);
    if is_cut {
        let why = "it is shorter than it says it is";
        return Err(Trouble::Damaged(Error::new(ErrorKind::Failed, doing(path), why)));
    }
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let mut connection = Connection::open_with_flags(path, flags).map_err(failed)?;
    moves_its_log_on_close(&connection, false).map_err(failed)?;
    connection.busy_timeout(PATIENCE).map_err(failed)?;
    let why = match schema::bring_up_to_date(&mut connection).map_err(failed)? {
        Found::Current => {
            if to_write {
                prepare(&connection).map_err(failed)?;
            }
            return match schema::probe(&connection) {
                Ok(()) => {
                    moves_its_log_on_close(&connection, true).map_err(failed)?;
                    Ok(connection)
                }
                // A file of ours whose tables are not those of its version.
                Err(error) if error.sqlite_error_code() == Some(ErrorCode::Unknown) => {
                    Err(Trouble::Damaged(said(path, error)))
                }
                Err(error) => Err(failed(error)),
            };
        }
        Found::Newer => "it was made by a newer Wharf, and is left as it is",
        Found::Foreign => "it belongs to another program, and is left as it is",
    };
    Err(Trouble::NotOurs(Error::new(ErrorKind::Unsupported, doing(path), why)))
}

/// Closing the last connection moves what is in the write-ahead log into the file, and removes the log: not where the file
/// is damaged, for then it is to be kept as it is.
fn moves_its_log_on_close(connection: &Connection, moves: bool) -> rusqlite::Result<()> {
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, !moves).map(|_| ())
}

/// Closes a connection that has met damage.
fn close_damaged(connection: Connection) {
    // Where even this cannot be said, what is lost is how the damaged one looked.
    let _ = moves_its_log_on_close(&connection, false);
}

/// How it is written; the reasons are at the top of `journal`.
fn prepare(connection: &Connection) -> rusqlite::Result<()> {
    connection.pragma_update(None, "synchronous", "NORMAL")?;
    connection.pragma_update(None, "foreign_keys", true)
}

/// Whether pages are missing at the end. With a write-ahead log beside it they may be there; SQLite knows.
///
/// The header's fields: <https://www.sqlite.org/fileformat2.html#the_database_header>.
fn is_cut_short(path: &Path, file: &mut File) -> io::Result<bool> {
    let length = file.metadata()?.len();
    let log = fs::metadata(beside(path, HELPERS[0])).map_or(0, |found| found.len());
    if length == 0 || log > 0 {
        return Ok(false);
    }
    let mut header = [0; 100];
    match file.read_exact(&mut header) {
        Ok(()) => {}
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(true),
        Err(error) => return Err(error),
    }
    let page = match u16::from_be_bytes([header[16], header[17]]) {
        1 => 65_536,
        size => u64::from(size),
    };
    let pages = u32::from_be_bytes([header[28], header[29], header[30], header[31]]);
    // The number of pages is good if it was written by whoever wrote last.
    Ok(header[24..28] == header[92..96] && page * u64::from(pages) > length)
}

/// Puts a damaged file aside, and begins a fresh one; unless another did so in the meantime, and it is `sound`.
fn begin_afresh(
    path: &Path,
    lock: File,
    why: Error,
    sound: fn(&Connection) -> bool,
) -> Result<Opened, Error> {
    let io = |error| Error::from_io(doing(path), error);
    lock.unlock().map_err(io)?;
    match lock.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => {
            let why = format!("{}, and another Wharf has it open", why.why());
            return Err(Error::new(ErrorKind::Failed, doing(path), why));
        }
        Err(TryLockError::Error(error)) => return Err(io(error)),
    }
    let found = match connect(path, true) {
        Ok(connection) if sound(&connection) => Some(connection),
        Ok(connection) => {
            close_damaged(connection);
            None
        }
        Err(Trouble::Damaged(_)) => None,
        Err(Trouble::NotOurs(error) | Trouble::Failed(error)) => return Err(error),
    };
    let (connection, set_aside) = match found {
        Some(connection) => (connection, None),
        None => {
            let aside = set_aside(path).map_err(io)?;
            let words = format!(
                "The journal was damaged ({}) and is kept as {}. A new one was begun; no file was touched.",
                why.why(),
                shown(&aside)
            );
            let connection = connect(path, true).map_err(|trouble| match trouble {
                Trouble::Damaged(error) | Trouble::NotOurs(error) | Trouble::Failed(error) => error,
            })?;
            (connection, Some(words))
        }
    };
    lock.lock_shared().map_err(io)?;
    Ok(Opened { connection, set_aside, _lock: lock })
}

/// Renames the file and what belongs to it; to what.
fn set_aside(path: &Path) -> io::Result<PathBuf> {
    let moment = Timestamp::now().strftime("%Y%m%dT%H%M%SZ").to_string();
    let free = |number: &u32| {
        let suffix = match number {
            1 => format!(".damaged-{moment}"),
            number => format!(".damaged-{moment}-{number}"),
        };
        let aside = beside(path, &suffix);
        fs::symlink_metadata(&aside).is_err().then_some(aside)
    };
    let aside =
        (1..u32::MAX).find_map(|number| free(&number)).ok_or(io::ErrorKind::AlreadyExists)?;
    // The helpers first: SQLite would take a write-ahead log that was left behind for the fresh file's.
    for helper in HELPERS {
        match fs::rename(beside(path, helper), beside(&aside, helper)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
    }
    fs::rename(path, &aside)?;
    Ok(aside)
}

/// The same path with something at its end.
fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    PathBuf::from(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn count(connection: &Connection) -> i64 {
        connection.query_row("SELECT count(*) FROM site", [], |row| row.get(0)).unwrap()
    }

    /// A journal with something in it, all of it in the file itself.
    fn written(directory: &Path) -> Vec<u8> {
        let opened = open(directory).unwrap();
        let insert = "INSERT INTO site (protocol, user, host, port) VALUES ('sftp', '', ?, 0)";
        for number in 0..2000 {
            opened.connection.execute(insert, [format!("host-{number}")]).unwrap();
        }
        drop(opened);
        fs::read(directory.join(NAME)).unwrap()
    }

    fn aside(directory: &Path) -> Vec<PathBuf> {
        let entries = fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path());
        let is_one = |path: &PathBuf| {
            let name = path.to_string_lossy();
            name.contains(".damaged-") && !HELPERS.iter().any(|helper| name.ends_with(helper))
        };
        entries.filter(is_one).collect()
    }

    #[test]
    fn cut_anywhere_it_is_set_aside_as_it_was_and_a_fresh_one_is_begun() {
        let folder = tempfile::tempdir().unwrap();
        let whole = written(folder.path());
        assert!(whole.len() > 3 * 4096);
        for length in [1, 15, 99, 100, 512, 4095, 4096, 4097, whole.len() / 2, whole.len() - 1] {
            let folder = tempfile::tempdir().unwrap();
            fs::write(folder.path().join(NAME), &whole[..length]).unwrap();
            let opened = open(folder.path()).unwrap();
            let words = opened.set_aside.unwrap_or_default();
            assert!(words.starts_with("The journal was damaged"), "{length}: {words}");
            assert_eq!(count(&opened.connection), 0);
            let [aside] = &aside(folder.path())[..] else { panic!("{length}") };
            assert!(words.contains(&shown(aside)), "{words}");
            assert_eq!(fs::read(aside).unwrap(), &whole[..length]);
        }
        assert!(open(folder.path()).unwrap().set_aside.is_none());
    }

    #[test]
    fn an_empty_file_is_a_beginning() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join(NAME), "").unwrap();
        let opened = open(folder.path()).unwrap();
        assert_eq!((opened.set_aside, count(&opened.connection)), (None, 0));
    }

    #[test]
    fn tables_that_are_not_ours_are_damage() {
        let folder = tempfile::tempdir().unwrap();
        drop(open(folder.path()).unwrap());
        let connection = Connection::open(folder.path().join(NAME)).unwrap();
        connection.execute_batch("DROP TABLE ledger").unwrap();
        drop(connection);
        assert!(open(folder.path()).unwrap().set_aside.is_some());
        assert_eq!(aside(folder.path()).len(), 1);
    }

    #[test]
    fn what_another_wharf_has_open_is_not_set_aside() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join(NAME), "this is no journal".repeat(100)).unwrap();
        let other = private(&folder.path().join(LOCK)).unwrap();
        other.lock_shared().unwrap();
        let why = open(folder.path()).unwrap_err().to_string();
        assert!(why.contains("another Wharf has it open"), "{why}");
        assert!(aside(folder.path()).is_empty());
        drop(other);
        assert!(open(folder.path()).unwrap().set_aside.is_some());
    }
}
