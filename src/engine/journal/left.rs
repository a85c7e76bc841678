//! Jobs that have not ended: which there are, whose they are, and taking them over from processes that are gone.

use std::path::Path;

use rusqlite::{Connection, OptionalExtension as _, Result, Row, TransactionBehavior};

use super::{Ending, Record, answers, lease, orders, parts, rows};
use crate::{
    domain::{digest::Verdict, path::StoragePath},
    engine::{
        before::{Before, Collector, Past},
        message::{JobNumber, JobRequest, LeftJob, StepId, StepKind},
        step::Arrived,
    },
};

/// A job that is this process's now, and what was done of it.
#[derive(Debug)]
pub(in crate::engine) struct Claimed {
    pub(in crate::engine) request: std::sync::Arc<JobRequest>,
    pub(in crate::engine) added: jiff::Timestamp,
    pub(in crate::engine) rank: i64,
    pub(in crate::engine) before: Before,
    pub(in crate::engine) record: Record,
}

const OPEN: &str = "WHERE job.ended IS NULL AND shape IS NOT NULL";

/// All jobs that have not ended, the oldest first; with the pid of those whose process runs.
pub(super) fn all(connection: &Connection, directory: &Path) -> Result<Vec<LeftJob>> {
    let mut select =
        connection.prepare(&format!("{} {OPEN} ORDER BY rank, job.id", orders::SELECT))?;
    let mut found = select.query([])?;
    let mut jobs = Vec::new();
    while let Some(row) = found.next()? {
        // What a newer Wharf means by a word it alone knows is left to it.
        let order = match orders::read(row) {
            Ok(order) => order,
            Err(rusqlite::Error::FromSqlConversionFailure(..)) => continue,
            Err(error) => return Err(error),
        };
        let is_held = lease::is_held(directory, &order.process);
        let (order, request) = orders::whole(connection, order)?;
        let count = "SELECT count(*) FROM ledger WHERE job = ?";
        let steps_ended: i64 = connection.query_row(count, [order.number], |row| row.get(0))?;
        jobs.push(LeftJob {
            number: JobNumber(order.number),
            request,
            added: order.added,
            steps_ended: u64::try_from(steps_ended).unwrap_or(0),
            runs_in: is_held.then_some(order.pid),
        });
    }
    Ok(jobs)
}

/// Makes a job this process's own; `None` if it has ended, or belongs to a process that runs.
pub(super) fn claim(
    connection: &mut Connection,
    directory: &Path,
    number: JobNumber,
    writer: orders::Writer<'_>,
) -> Result<Option<Claimed>> {
    // Only one can get through here at a time; whoever comes second finds a process that runs.
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let select = format!("{} {OPEN} AND job.id = ?", orders::SELECT);
    let order = transaction.query_row(&select, [number.0], orders::read).optional()?;
    let Some(order) = order.filter(|order| !lease::is_held(directory, &order.process)) else {
        return Ok(None);
    };
    let update =
        "UPDATE job SET process = ?, pid = ?, marks = marks || ' ' || ?, swept = 0 WHERE id = ?";
    transaction.execute(update, (writer.process, std::process::id(), writer.mark, number.0))?;
    transaction.commit()?;
    let (order, request) = orders::whole(connection, order)?;
    let (before, record) = before(connection, number, request.sources.len())?;
    Ok(Some(Claimed { request, added: order.added, rank: order.rank, before, record }))
}

/// Ends a job of a process that is gone, as if it had been cancelled; whether there was one.
pub(super) fn give_up(
    connection: &mut Connection,
    directory: &Path,
    number: JobNumber,
) -> Result<bool> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let select = "SELECT process FROM job WHERE ended IS NULL AND id = ?";
    let process: Option<String> =
        transaction.query_row(select, [number.0], |row| row.get(0)).optional()?;
    if process.is_none_or(|process| lease::is_held(directory, &process)) {
        return Ok(false);
    }
    let now = super::now().as_millisecond();
    transaction.execute("UPDATE job SET ended = ?, given_up = 1 WHERE id = ?", (now, number.0))?;
    transaction.commit()?;
    Ok(true)
}

fn before(connection: &Connection, number: JobNumber, sources: usize) -> Result<(Before, Record)> {
    let measure = "SELECT count(*), min(id), max(id) FROM ledger WHERE job = ?";
    let ends = |row: &Row<'_>| Ok((row.get(0)?, row.get(1)?, row.get(2)?));
    let (count, first, last): (i64, Option<i64>, Option<i64>) =
        connection.query_row(measure, [number.0], ends)?;
    let (first, last) = (first.unwrap_or(0), last.unwrap_or(0));
    let mut collector = Collector::new(sources, usize::try_from(count).unwrap_or(0));
    // A job's rows mostly lie together: then they are read as they lie, and not looked up one by one.
    let way = if (last - first) / 2 <= count { "NOT INDEXED" } else { "" };
    let mut select = connection.prepare(&format!(
        "SELECT step, ending, kind, from_path, size, verdict FROM ledger {way} \
         WHERE job = ? AND id BETWEEN ? AND ? ORDER BY id"
    ))?;
    let mut found = select.query([number.0, first, last])?;
    while let Some(row) = found.next()? {
        let kind = rows::word(row, 2, &StepKind::ALL, StepKind::word)?;
        let ending = rows::word(row, 1, &Ending::ALL, Ending::word)?;
        let (Some(kind), Some(ending)) = (kind, ending) else { return Err(rows::nonsense(1)) };
        collector.take(Past {
            step: StepId(rows::unsigned(row, 0)?.unwrap_or(0)),
            ending,
            kind,
            from: row.get_ref(3)?.as_blob().map_err(|_| rows::nonsense(3))?,
            arrived: Arrived {
                bytes: rows::unsigned(row, 4)?.unwrap_or(0),
                verdict: rows::word(row, 5, &Verdict::ALL, Verdict::word)?,
                // Nobody asks for it again.
                digest: None,
            },
        });
    }
    let mut select = connection.prepare("SELECT path FROM made WHERE job = ?")?;
    let mut found = select.query([number.0])?;
    while let Some(row) = found.next()? {
        collector.take_made(&StoragePath::new(row.get::<_, Vec<u8>>(0)?));
    }
    for answered in answers::of(connection, number)? {
        collector.take_answer(answered);
    }
    for begun in parts::of(connection, number)? {
        collector.take_part(begun);
    }
    Ok(collector.finish())
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use jiff::Timestamp;

    use super::*;
    use crate::{
        domain::place::Endpoint,
        engine::{
            journal::{lease::Lease, orders::Writer, schema},
            message::{JobOptions, Work},
        },
    };

    struct Ground {
        connection: Connection,
        folder: tempfile::TempDir,
    }

    impl Ground {
        fn new() -> Self {
            let mut connection = Connection::open_in_memory().unwrap();
            schema::bring_up_to_date(&mut connection).unwrap();
            Self { connection, folder: tempfile::tempdir().unwrap() }
        }

        fn add(&self, process: &str) -> JobNumber {
            let request = JobRequest {
                work: Work::Delete,
                from: Endpoint::Local,
                sources: vec![StoragePath::new("/a"), StoragePath::new("/b")],
                options: JobOptions::default(),
            };
            let writer = Writer { process, mark: "m" };
            let added = Timestamp::UNIX_EPOCH;
            JobNumber(orders::insert(&self.connection, writer, &request, added).unwrap())
        }

        fn claim(&mut self, number: JobNumber, process: &str) -> Option<Claimed> {
            let writer = Writer { process, mark: "n" };
            claim(&mut self.connection, self.folder.path(), number, writer).unwrap()
        }

        fn lease(&self, process: &str) -> Lease {
            Lease::take(self.folder.path(), process).unwrap()
        }
    }

    #[test]
    fn a_job_belongs_to_one_process_until_that_is_gone() {
        let mut ground = Ground::new();
        let theirs = ground.lease("theirs");
        let number = ground.add("theirs");
        assert!(ground.claim(number, "mine").is_none());
        assert!(!give_up(&mut ground.connection, ground.folder.path(), number).unwrap());
        let jobs = all(&ground.connection, ground.folder.path()).unwrap();
        assert_eq!((jobs.len(), jobs[0].runs_in), (1, Some(std::process::id())));
        drop(theirs);
        let jobs = all(&ground.connection, ground.folder.path()).unwrap();
        assert_eq!(jobs[0].runs_in, None);
        let mine = ground.lease("mine");
        let claimed = ground.claim(number, "mine").unwrap();
        assert_eq!(claimed.request.sources.len(), 2);
        assert!(ground.claim(number, "a third").is_none(), "it is mine now");
        drop(mine);
        assert!(give_up(&mut ground.connection, ground.folder.path(), number).unwrap());
        assert!(all(&ground.connection, ground.folder.path()).unwrap().is_empty());
        assert!(ground.claim(number, "mine").is_none(), "it has ended");
    }

    #[test]
    fn what_was_done_of_it_comes_along() {
        let mut ground = Ground::new();
        let number = ground.add("theirs");
        let entry = crate::engine::journal::Entry {
            step: StepId(0),
            ending: Ending::Done,
            kind: StepKind::Remove,
            from: StoragePath::new("/a"),
            to: None,
            size: None,
            verdict: None,
            digest: None,
            attempts: 1,
            began: Timestamp::UNIX_EPOCH,
            ended: Timestamp::UNIX_EPOCH,
            why: None,
        };
        let mut insert = ground.connection.prepare(rows::INSERT).unwrap();
        rows::write(&mut insert, number.0, &entry).unwrap();
        drop(insert);
        let Claimed { before, record, request, .. } = ground.claim(number, "mine").unwrap();
        assert!(before.has_ended(StepId(0)) && !before.has_ended(StepId(1)));
        assert_eq!((before.next_step(), record.counts.done), (2, 1));
        assert_eq!(Arc::strong_count(&request), 1);
    }

    #[test]
    fn jobs_of_a_wharf_that_wrote_no_orders_are_not_offered() {
        let ground = Ground::new();
        let job = "INSERT INTO job (process, pid, work, verify, added) VALUES ('x', 1, 'copy', 'auto', 0)";
        ground.connection.execute_batch(job).unwrap();
        assert!(all(&ground.connection, ground.folder.path()).unwrap().is_empty());
    }
}
