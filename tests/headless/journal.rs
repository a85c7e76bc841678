//! The journal's file as an attacker, a broken disk or another version leaves it: who may read it, and that
//! transfers go on whatever state it is in (FAULTS.md 29, 30, 40).

use std::{
    fs,
    os::unix::fs::{FileExt as _, PermissionsExt as _},
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use rusqlite::Connection;

use super::{Said, no_server, run, wharf, with_open_umask};
use crate::servers::client::Client;

struct Ground {
    client: Client,
    here: tempfile::TempDir,
}

impl Ground {
    fn new() -> Self {
        let here = tempfile::tempdir().unwrap();
        fs::write(here.path().join("a"), "alpha").unwrap();
        Self { client: no_server().write(), here }
    }

    fn journal(&self) -> PathBuf {
        self.client.state_dir().join("journal.sqlite")
    }

    /// Copies a file, which must arrive; what was said.
    #[track_caller]
    fn copies(&self) -> Said {
        let words = ["cp", "-q", "--on-conflict", "overwrite", "a", "b"];
        let said = run(&self.client, self.here.path(), &words);
        assert_eq!(said.status, 0, "{said:?}");
        assert_eq!(fs::read(self.here.path().join("b")).unwrap(), b"alpha");
        fs::remove_file(self.here.path().join("b")).unwrap();
        said
    }

    fn log(&self) -> Said {
        run(&self.client, self.here.path(), &["log", "--json"])
    }

    /// Damaged files that were kept, without what SQLite had put beside them.
    fn aside(&self) -> Vec<PathBuf> {
        let entries = fs::read_dir(self.client.state_dir()).unwrap();
        let paths = entries.map(|entry| entry.unwrap().path());
        let is_one = |path: &PathBuf| {
            let name = path.to_string_lossy();
            name.contains(".damaged-") && !name.ends_with("-wal") && !name.ends_with("-shm")
        };
        paths.filter(is_one).collect()
    }
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o7777
}

#[test]
fn it_is_nobody_elses_to_read_whatever_the_umask() {
    let ground = Ground::new();
    fs::remove_dir(ground.client.state_dir()).unwrap();
    let inner = wharf(&ground.client, ground.here.path(), &["cp", "-q", "a", "b"]);
    let said = Said::of(with_open_umask(&inner).output().unwrap());
    assert_eq!((said.status, &said.errors[..]), (0, ""), "{said:?}");
    assert_eq!(mode(&ground.client.state_dir()), 0o700);
    // While it is open it has helpers beside it.
    let reader = Connection::open(ground.journal()).unwrap();
    reader.execute_batch("BEGIN; SELECT count(*) FROM ledger").unwrap();
    ground.copies();
    let mut names = Vec::new();
    for entry in fs::read_dir(ground.client.state_dir()).unwrap() {
        let path = entry.unwrap().path();
        assert_eq!(mode(&path), 0o600, "{}", path.display());
        names.push(path.file_name().unwrap().to_string_lossy().into_owned());
    }
    for name in ["journal.lock", "journal.sqlite", "journal.sqlite-shm", "journal.sqlite-wal"] {
        assert!(names.iter().any(|found| found == name), "{names:?}");
    }
    drop(reader);
    // One that was opened up is closed again.
    fs::set_permissions(ground.journal(), fs::Permissions::from_mode(0o644)).unwrap();
    ground.copies();
    assert_eq!(mode(&ground.journal()), 0o600);
}

#[test]
fn a_damaged_one_is_set_aside_and_a_fresh_one_begun() {
    let ground = Ground::new();
    let garbage = b"no journal at all".repeat(1000);
    fs::write(ground.journal(), &garbage).unwrap();
    let said = ground.log();
    assert_eq!((said.status, &said.output[..]), (1, ""), "{said:?}");
    said.complains("Could not use the journal");
    assert_eq!(fs::read(ground.journal()).unwrap(), garbage, "looking changes nothing");

    let said = ground.copies();
    said.complains("The journal was damaged");
    let [aside] = &ground.aside()[..] else { panic!("{:?}", ground.aside()) };
    said.complains(aside.to_str().unwrap());
    assert_eq!(fs::read(aside).unwrap(), garbage);
    assert_eq!(ground.log().objects().len(), 1);
    assert_eq!(ground.copies().errors, "");
    assert_eq!(ground.log().objects().len(), 2);
}

/// What SQLite had put beside it belongs to it: a fresh one must not be taken for the one whose last transactions those are.
#[test]
fn a_damaged_one_takes_along_what_lies_beside_it() {
    let ground = Ground::new();
    // All so far is in the file itself; what comes then lies beside it, and is a part of it alone.
    ground.copies();
    let connection = Connection::open(ground.journal()).unwrap();
    connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(())).unwrap();
    drop(connection);
    let mut dies = wharf(&ground.client, ground.here.path(), &["cp", "-q", "a", "b"]);
    let output = dies.env("WHARF_DIE_AT", "AfterRename:0").output().unwrap();
    assert!(!output.status.success(), "{output:?}");
    let beside = |suffix: &str| ground.client.state_dir().join(format!("journal.sqlite{suffix}"));
    assert!(fs::metadata(beside("-wal")).unwrap().len() > 0, "nothing lies beside it");
    let log = fs::read(beside("-wal")).unwrap();
    let garbage = b"no journal at all".repeat(1000);
    fs::write(ground.journal(), &garbage).unwrap();
    fs::remove_file(ground.here.path().join("b")).unwrap();
    ground.copies().complains("The journal was damaged");
    let [aside] = &ground.aside()[..] else { panic!("{:?}", ground.aside()) };
    assert!(fs::read(aside).unwrap() == garbage, "it was written to");
    let beside = aside.with_extension(format!("{}-wal", aside.extension().unwrap().display()));
    assert!(fs::read(&beside).is_ok_and(|kept| kept == log), "{}", beside.display());
    assert_eq!(ground.log().objects().len(), 1, "only what was done then is in the fresh one");
    assert_eq!(ground.copies().errors, "");
}

#[test]
fn damage_that_only_a_write_meets_is_damage_too() {
    let ground = Ground::new();
    ground.copies();
    let connection = Connection::open(ground.journal()).unwrap();
    let find = "SELECT rootpage FROM sqlite_schema WHERE name = 'ledger_of_job'";
    let page: u32 = connection.query_row(find, [], |row| row.get(0)).unwrap();
    let size: u32 = connection.query_row("PRAGMA page_size", [], |row| row.get(0)).unwrap();
    drop(connection);
    let file = fs::OpenOptions::new().write(true).open(ground.journal()).unwrap();
    file.write_all_at(&vec![0xee; size as usize], u64::from((page - 1) * size)).unwrap();
    drop(file);
    ground.copies().complains("The journal was damaged");
    assert_eq!(ground.aside().len(), 1);
    assert_eq!(ground.log().objects().len(), 1, "what was done then is in the fresh one");
    assert_eq!(ground.copies().errors, "");
}

#[test]
fn one_that_was_cut_short_stops_nobody() {
    let ground = Ground::new();
    for _ in 0..3 {
        ground.copies();
    }
    // All of it in the file itself, and nothing beside it.
    let alone = || {
        let connection = Connection::open(ground.journal()).unwrap();
        connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(())).unwrap();
        drop(connection);
    };
    alone();
    let whole = fs::read(ground.journal()).unwrap();
    let length = whole.len();
    for left in [0, 1, 99, 100, 4095, 4096, 3 * 4096, length / 2, length - 4096, length - 1] {
        alone();
        fs::write(ground.journal(), &whole[..left]).unwrap();
        let aside = ground.aside().len();
        let said = ground.copies();
        // One without a byte is one that was just begun.
        if left > 0 {
            said.complains("The journal was damaged");
            assert_eq!(ground.aside().len(), aside + 1, "{left}");
        }
        assert_eq!(ground.log().objects().len(), 1, "{left}: what was done then is recorded");
        assert_eq!(ground.copies().errors, "", "{left}");
    }
}

#[test]
fn what_was_written_last_may_be_damaged_and_jobs_go_on() {
    // Killed in the middle of a job: the last transactions are in a file of their own.
    for cut in [0usize, 1, 31, 32, 40, 2000, 5000] {
        let ground = Ground::new();
        ground.copies();
        let folder = ground.here.path().join("many");
        fs::create_dir(&folder).unwrap();
        for number in 0..20 {
            fs::write(folder.join(number.to_string()), "x").unwrap();
        }
        let mut dies = wharf(&ground.client, ground.here.path(), &["cp", "-q", "-r", "many", "to"]);
        let output = dies.env("WHARF_DIE_AT", "AfterRename:9").output().unwrap();
        assert!(!output.status.success(), "{output:?}");
        let log = ground.client.state_dir().join("journal.sqlite-wal");
        let content = fs::read(&log).unwrap();
        let keep = content.len().saturating_sub(cut * content.len() / 5000);
        let mut damaged = content[..keep].to_vec();
        if let Some(last) = damaged.last_mut() {
            *last ^= 1;
        }
        fs::write(&log, damaged).unwrap();
        let listed = run(&ground.client, ground.here.path(), &["queue", "--json"]);
        // Where the kill met what was being moved from it into the file, that is not whole either, and this is told.
        let is_told = listed.errors.is_empty() || listed.errors.contains("The journal was damaged");
        assert!(listed.status == 0 && is_told, "{cut}: {listed:?}");
        let resumed = run(&ground.client, ground.here.path(), &["queue", "resume", "-q"]);
        assert_eq!(resumed.status, 0, "{cut}: {resumed:?}");
        // Where the job itself was in what is lost, it is begun again by who asked for it.
        ground.copies();
        let words = ["cp", "-q", "-r", "--on-conflict", "differs", "many", "to"];
        let again = run(&ground.client, ground.here.path(), &words);
        assert_eq!(again.status, 0, "{cut}: {again:?}");
        let count = fs::read_dir(ground.here.path().join("to")).unwrap();
        let inside = fs::read_dir(ground.here.path().join("to/many"));
        let count = inside.map_or(count.count(), Iterator::count);
        assert!(count >= 20, "{cut}: {count}");
        assert_eq!(fs::read_dir(&folder).unwrap().count(), 20, "{cut}");
    }
}

#[test]
fn one_of_a_newer_wharf_or_of_another_program_is_left_alone() {
    for (pragma, words) in [("user_version", "newer Wharf"), ("application_id", "another program")]
    {
        let ground = Ground::new();
        ground.copies();
        let connection = Connection::open(ground.journal()).unwrap();
        connection.pragma_update(None, pragma, 1_000_000).unwrap();
        drop(connection);
        let before = fs::read(ground.journal()).unwrap();
        ground.copies().complains(words);
        let said = ground.log();
        assert_eq!((said.status, &said.output[..]), (1, ""), "{said:?}");
        said.complains(words);
        assert_eq!(fs::read(ground.journal()).unwrap(), before);
        assert!(ground.aside().is_empty());
    }
}

#[test]
fn where_it_cannot_be_written_this_is_said_once_and_transfers_go_on() {
    let ground = Ground::new();
    fs::remove_dir(ground.client.state_dir()).unwrap();
    fs::write(ground.client.state_dir(), "in the way").unwrap();
    let said = ground.copies();
    said.complains("is not recorded; transfers go on");
    assert_eq!(said.errors.lines().count(), 1, "{said:?}");

    // Another program that does not let go: what is done is told without the record, and that is said.
    let ground = Ground::new();
    ground.copies();
    let greedy = Connection::open(ground.journal()).unwrap();
    greedy.execute_batch("BEGIN IMMEDIATE").unwrap();
    let began = Instant::now();
    let said = ground.copies();
    said.complains("could not be written to the journal");
    assert!(began.elapsed() < Duration::from_secs(9), "it waits for the other once, five seconds");
    drop(greedy);
    assert_eq!(ground.copies().errors, "");
    assert_eq!(ground.log().objects().len(), 2);
}
