//! What is old goes: rows of the ledger, then the jobs nothing refers to any more.

use jiff::{SignedDuration, Timestamp};
use rusqlite::{Connection, OptionalExtension as _, Result, TransactionBehavior};

use crate::domain::journal::Retention;

/// Rows in one transaction, at most: others may want to write as well.
const AT_ONCE: i64 = 5_000;

/// Ids are given in the order of time, or nearly: the old ones are the first, and the search ends at a portion
/// that holds none. Rows of a job that has not ended stay whatever their age: whoever goes on with it must know what
/// was done.
const OLD_ROWS: &str = "DELETE FROM ledger WHERE id IN (\
                            SELECT id FROM (SELECT id, ended FROM ledger \
                                            WHERE job NOT IN (SELECT id FROM job WHERE ended IS NULL) \
                                            ORDER BY id LIMIT ?1) \
                            WHERE ended < ?2 OR id <= ?3)";

/// A job whose process was killed never ends, and stays: it may be alive.
const JOBS_WITHOUT_ROWS: &str = "DELETE FROM job WHERE ended < ? \
                                 AND NOT EXISTS (SELECT 1 FROM ledger WHERE ledger.job = job.id)";

/// Removes what need not be kept.
pub(super) fn clear(
    connection: &mut Connection,
    retention: Retention,
    now: Timestamp,
) -> Result<()> {
    let age = SignedDuration::from_hours(24 * i64::from(retention.days));
    let oldest = now.checked_sub(age).map_or(i64::MIN, |then| then.as_millisecond());
    let newest: Option<i64> =
        connection.query_row("SELECT max(id) FROM ledger", [], |row| row.get(0))?;
    let first = newest.unwrap_or(0).saturating_sub(i64::from(retention.rows));
    let front = "SELECT id <= ? OR ended < ? FROM ledger ORDER BY id LIMIT 1";
    let is_old = connection.query_row(front, (first, oldest), |row| row.get(0)).optional()?;
    // Most of the time nothing is old; and the search would go past all rows of a large job that has not ended.
    if is_old != Some(true) {
        return Ok(());
    }
    let mut removed = 0;
    loop {
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let portion = transaction.execute(OLD_ROWS, (AT_ONCE, oldest, first))?;
        removed += portion;
        if portion == 0 {
            // Most of the time there was nothing to do.
            if removed > 0 {
                transaction.execute(JOBS_WITHOUT_ROWS, [oldest])?;
            }
            return transaction.commit();
        }
        transaction.commit()?;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::journal::schema;

    const HOUR: i64 = 3_600_000;

    /// A journal of jobs, each with its rows and one that ended each hour; the last job has not ended.
    fn journal(jobs: i64, rows: i64) -> Connection {
        let mut connection = Connection::open_in_memory().unwrap();
        schema::bring_up_to_date(&mut connection).unwrap();
        let transaction = connection.transaction().unwrap();
        let job = "INSERT INTO job (process, pid, work, verify, added, ended) VALUES ('x', 1, 'copy', 'auto', 0, ?)";
        let row = "INSERT INTO ledger (job, step, ending, kind, from_path, attempts, began, ended) \
                   VALUES (?1, 1, 'done', 'file', x'2f', 1, ?2, ?2)";
        for number in 1..=jobs {
            let ended = number * HOUR;
            transaction.execute(job, [(number < jobs).then_some(ended)]).unwrap();
            for _ in 0..rows {
                transaction.execute(row, [number, ended]).unwrap();
            }
        }
        transaction.commit().unwrap();
        connection
    }

    fn left(connection: &Connection) -> (i64, i64, i64) {
        let count = "SELECT (SELECT count(*) FROM job), (SELECT count(*) FROM ledger), \
                     (SELECT min(job) FROM ledger)";
        let left = |row: &rusqlite::Row<'_>| Ok((row.get(0)?, row.get(1)?, row.get(2)?));
        connection.query_row(count, [], left).unwrap()
    }

    fn at(hours: i64) -> Timestamp {
        Timestamp::from_millisecond(hours * HOUR).unwrap()
    }

    #[test]
    fn what_is_older_than_the_days_goes_with_its_jobs() {
        let mut connection = journal(100, 120);
        let days = Retention { days: 2, rows: 1_000_000 };
        clear(&mut connection, days, at(48)).unwrap();
        assert_eq!(left(&connection), (100, 12_000, 1), "none is old");
        clear(&mut connection, days, at(100)).unwrap();
        assert_eq!(left(&connection), (49, 49 * 120, 52));
        clear(&mut connection, days, at(1000)).unwrap();
        let jobs: i64 =
            connection.query_row("SELECT count(*) FROM job", [], |row| row.get(0)).unwrap();
        assert_eq!(jobs, 1, "the one that has not ended stays");
    }

    #[test]
    fn what_was_done_of_a_job_that_has_not_ended_stays_and_holds_nothing_up() {
        let mut connection = journal(10, 6_000);
        connection.execute("UPDATE job SET ended = NULL WHERE id = 1", []).unwrap();
        clear(&mut connection, Retention { days: 1, rows: 1_000_000 }, at(1000)).unwrap();
        assert_eq!(left(&connection), (2, 12_000, 1), "the first and the last");
    }

    #[test]
    fn of_more_than_the_rows_the_oldest_go() {
        let mut connection = journal(10, 100);
        let rows = Retention { days: 365, rows: 250 };
        clear(&mut connection, rows, at(10)).unwrap();
        assert_eq!(left(&connection), (10, 250, 8));
    }
}
