//! What jobs of processes that are gone may have left: whose parts are meant, and where they may lie.

use std::{
    collections::{BTreeSet, HashSet},
    path::Path,
};

use rusqlite::{Connection, Result};

use super::{lease, orders, parts, rows};
use crate::{
    domain::path::StoragePath,
    engine::message::{JobNumber, Stale},
};

/// Jobs that did not end in the process that began them, the newest first.
const CANDIDATES: &str = "SELECT job.id, process, marks, ended IS NOT NULL, to_path, protocol, user, host, port \
                          FROM job LEFT JOIN site ON site.id = to_site \
                          WHERE to_path IS NOT NULL AND NOT swept AND marks <> '' \
                          AND (ended IS NULL OR given_up OR instr(marks, ' ') > 0) ORDER BY job.id DESC LIMIT 1000";
/// Places a job carried to.
const PLACES: &str = "SELECT to_path, kind = 'directory' FROM ledger WHERE job = ? AND to_path IS NOT NULL LIMIT 200000";
/// More directories are not looked into for one job.
const MOST_DIRECTORIES: usize = 10_000;

/// All that may be left, by job.
pub(super) fn all(connection: &Connection, directory: &Path) -> Result<Vec<Stale>> {
    let mut select = connection.prepare(CANDIDATES)?;
    let mut found = select.query([])?;
    let mut stale = Vec::new();
    while let Some(row) = found.next()? {
        let (job, process): (i64, String) = (row.get(0)?, row.get(1)?);
        let (marks, has_ended): (String, bool) = (row.get(2)?, row.get(3)?);
        let runs = lease::is_held(directory, &process);
        let mut marks: Vec<String> = marks.split(' ').map(str::to_owned).collect();
        if runs {
            // The last is of the process that works on it.
            marks.pop();
        }
        if marks.is_empty() {
            continue;
        }
        let endpoint = rows::endpoint(row, 5)?;
        let to = StoragePath::new(row.get::<_, Vec<u8>>(4)?);
        let noted = parts::of(connection, JobNumber(job))?;
        let noted = noted.into_iter().map(|begun| begun.part);
        // What may still be gone on with stays.
        let (spared, gone): (HashSet<StoragePath>, HashSet<StoragePath>) = match runs || !has_ended
        {
            true => (noted.collect(), HashSet::new()),
            false => (HashSet::new(), noted.collect()),
        };
        let mut directories = places(connection, job)?;
        directories.extend(spared.iter().chain(&gone).filter_map(StoragePath::parent));
        let directories = directories.into_iter().take(MOST_DIRECTORIES).collect();
        let names =
            orders::sources(connection, job)?.iter().filter_map(StoragePath::name).collect();
        stale.push(Stale { job: JobNumber(job), endpoint, marks, to, names, directories, spared });
    }
    Ok(stale)
}

/// Directories a job put something into.
fn places(connection: &Connection, job: i64) -> Result<BTreeSet<StoragePath>> {
    let mut directories = BTreeSet::new();
    let mut select = connection.prepare(PLACES)?;
    let mut found = select.query([job])?;
    while let Some(row) = found.next()? {
        let path = StoragePath::new(row.get::<_, Vec<u8>>(0)?);
        directories.extend(path.parent());
        if row.get(1)? {
            directories.insert(path);
        }
    }
    let mut select = connection.prepare("SELECT path FROM made WHERE job = ?")?;
    let mut found = select.query([job])?;
    while let Some(row) = found.next()? {
        directories.insert(StoragePath::new(row.get::<_, Vec<u8>>(0)?));
    }
    Ok(directories)
}

/// Nothing is left of these jobs.
pub(super) fn swept(connection: &Connection, jobs: &[JobNumber]) -> Result<()> {
    for job in jobs {
        connection.execute("UPDATE job SET swept = 1 WHERE id = ?", [job.0])?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        domain::{
            entry::{Attributes, Kind},
            path::Name,
        },
        engine::{
            begun::{Begun, Written},
            journal::{lease::Lease, schema},
        },
    };

    fn journal() -> (Connection, tempfile::TempDir) {
        let mut connection = Connection::open_in_memory().unwrap();
        schema::bring_up_to_date(&mut connection).unwrap();
        (connection, tempfile::tempdir().unwrap())
    }

    fn add(connection: &Connection, process: &str, marks: &str, fate: &str) {
        let add = format!(
            "INSERT INTO job (process, pid, work, verify, added, marks, to_path, ended, given_up) \
             VALUES ('{process}', 1, 'copy', 'auto', 0, '{marks}', CAST('/to' AS BLOB), {fate})"
        );
        connection.execute_batch(&add).unwrap();
    }

    fn begun(part: &str) -> Begun {
        let path = StoragePath::new;
        let source = Attributes { size: Some(1), ..Attributes::of_kind(Kind::File) };
        let written = Written::InOrder;
        Begun { from: path("/a"), to: path("/to/a"), part: path(part), source, written }
    }

    #[test]
    fn what_may_be_gone_on_with_and_what_somebody_works_on_is_spared() {
        let (connection, folder) = journal();
        let held = Lease::take(folder.path(), "alive").unwrap();
        add(&connection, "gone", "aaaaa", "NULL, 0");
        add(&connection, "gone", "bbbbb", "1, 1");
        add(&connection, "alive", "ccccc ddddd", "NULL, 0");
        add(&connection, "alive", "eeeee", "NULL, 0");
        add(&connection, "gone", "fffff", "1, 0");
        let part = "/to/in/.a.aaaaa111.part";
        for job in 1..=3 {
            parts::write(&connection, job, &begun(part)).unwrap();
        }
        let stale = all(&connection, folder.path()).unwrap();
        let of = |job: i64| stale.iter().find(|stale| stale.job == JobNumber(job));
        let name = Name::new(".a.aaaaa111.part").unwrap();
        let inside = StoragePath::new("/to/in");
        let is_left = |job| {
            of(job).is_some_and(|stale: &Stale| stale.leaves(&stale.endpoint, &inside, &name))
        };
        assert!(!is_left(1), "it may be gone on with");
        let small = Name::new(".b.aaaaa222.part").unwrap();
        assert!(of(1).unwrap().leaves(&of(1).unwrap().endpoint, &inside, &small));
        assert!(of(1).unwrap().directories == std::slice::from_ref(&inside), "{:?}", of(1));
        assert_eq!(of(2).unwrap().marks, ["bbbbb"]);
        assert!(of(2).unwrap().spared.is_empty());
        assert_eq!(of(3).unwrap().marks, ["ccccc"], "the other is of a process that runs");
        assert!(of(4).is_none() && of(5).is_none(), "it works on it; it ended in peace");
        swept(&connection, &[JobNumber(2)]).unwrap();
        assert_eq!(all(&connection, folder.path()).unwrap().len(), 2);
        drop(held);
    }
}
