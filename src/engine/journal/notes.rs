//! What the keeper is told, and how it is written.

use std::{collections::HashMap, process, sync::Arc};

use jiff::Timestamp;
use rusqlite::{Connection, Result, Transaction, TransactionBehavior};

use super::{Entry, rows};
use crate::{
    domain::place::Endpoint,
    engine::{
        job::destination_of,
        message::{JobId, JobRequest, Work},
    },
};

/// Something that happened.
#[derive(Debug)]
pub(in crate::engine) enum Note {
    /// A job was added.
    Added { job: JobId, request: Arc<JobRequest>, at: Timestamp },
    /// A step of it ended.
    Step { job: JobId, entry: Entry },
    /// Nothing is left of it to do.
    Ended { job: JobId, at: Timestamp },
    /// Failed steps of it are tried once more.
    Revived { job: JobId },
    /// Nobody will speak of it again.
    Forgotten { job: JobId },
}

impl Note {
    /// Whether somebody waits for it to be written.
    pub(super) fn is_urgent(&self) -> bool {
        matches!(self, Note::Added { .. } | Note::Ended { .. })
    }
}

/// The jobs of this process, and their numbers in the file.
#[derive(Debug)]
pub(super) struct Jobs {
    /// What this process is called in the file: a pid is used again, and this is not.
    process: String,
    known: HashMap<JobId, Known>,
}

#[derive(Debug)]
struct Known {
    request: Arc<JobRequest>,
    added: Timestamp,
    number: Option<i64>,
}

impl Jobs {
    pub(super) fn new() -> Self {
        let process = std::iter::repeat_with(fastrand::alphanumeric).take(16).collect();
        Self { process, known: HashMap::new() }
    }

    /// Writes notes in one transaction: all of them, or none.
    pub(super) fn write(&mut self, connection: &mut Connection, notes: &[Note]) -> Result<()> {
        let before: HashMap<JobId, Option<i64>> =
            self.known.iter().map(|(id, known)| (*id, known.number)).collect();
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let written = self.write_all(&transaction, notes).and_then(|()| transaction.commit());
        if written.is_err() {
            // What was given a number in this transaction has none.
            for (id, known) in &mut self.known {
                known.number = before.get(id).copied().flatten();
            }
        } else {
            for note in notes {
                if let Note::Forgotten { job } = note {
                    self.known.remove(job);
                }
            }
        }
        written
    }

    /// The file is another one: nothing in it has a number yet.
    pub(super) fn start_over(&mut self) {
        self.known.values_mut().for_each(|known| known.number = None);
    }

    fn write_all(&mut self, transaction: &Transaction<'_>, notes: &[Note]) -> Result<()> {
        let mut insert = transaction.prepare(rows::INSERT)?;
        for note in notes {
            match note {
                Note::Added { job, request, at } => {
                    let known = Known { request: request.clone(), added: *at, number: None };
                    self.known.entry(*job).or_insert(known);
                    self.number_of(transaction, *job)?;
                }
                Note::Step { job, entry } => {
                    if let Some(number) = self.number_of(transaction, *job)? {
                        rows::write(&mut insert, number, entry)?;
                    }
                }
                Note::Ended { job, at } => {
                    let number = self.number_of(transaction, *job)?;
                    let update = "UPDATE job SET ended = ? WHERE id = ?";
                    transaction.execute(update, (at.as_millisecond(), number))?;
                }
                Note::Revived { job } => {
                    let number = self.number_of(transaction, *job)?;
                    let update = "UPDATE job SET ended = NULL WHERE id = ?";
                    // It may be so long ago that the job is not in the file any more.
                    if transaction.execute(update, [number])? == 0
                        && let Some(known) = self.known.get_mut(job)
                    {
                        known.number = None;
                        self.number_of(transaction, *job)?;
                    }
                }
                Note::Forgotten { .. } => {}
            }
        }
        Ok(())
    }

    /// A job's number in the file, given one if it has none there; `None` for a job nobody added.
    fn number_of(&mut self, connection: &Connection, job: JobId) -> Result<Option<i64>> {
        let Some(known) = self.known.get_mut(&job) else { return Ok(None) };
        if known.number.is_none() {
            known.number = Some(insert(connection, &self.process, known)?);
        }
        Ok(known.number)
    }
}

fn insert(connection: &Connection, process: &str, job: &Known) -> Result<i64> {
    let Known { request, added, .. } = job;
    let work = match &request.work {
        Work::Copy(_) => "copy",
        Work::Move(_) => "move",
        Work::Delete => "delete",
    };
    let to = destination_of(request).map_or(&Endpoint::Local, |location| &location.endpoint);
    let (from, to) =
        (rows::number_of(connection, &request.from)?, rows::number_of(connection, to)?);
    let insert = "INSERT INTO job (process, pid, work, from_site, to_site, verify, added) \
                  VALUES (?, ?, ?, ?, ?, ?, ?)";
    let verify = request.options.verify.word();
    let added = added.as_millisecond();
    connection.execute(insert, (process, process::id(), work, from, to, verify, added))?;
    Ok(connection.last_insert_rowid())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        domain::path::StoragePath,
        engine::{
            journal::{Ending, schema},
            message::{JobOptions, StepId, StepKind},
        },
    };

    const JOB: JobId = JobId(7);

    fn added() -> Note {
        let request = Arc::new(JobRequest {
            work: Work::Delete,
            from: Endpoint::Local,
            sources: vec![StoragePath::new("/a")],
            options: JobOptions::default(),
        });
        Note::Added { job: JOB, request, at: Timestamp::UNIX_EPOCH }
    }

    fn step() -> Note {
        let entry = Entry {
            step: StepId(1),
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
        Note::Step { job: JOB, entry }
    }

    fn ended() -> Note {
        Note::Ended { job: JOB, at: Timestamp::UNIX_EPOCH }
    }

    fn fresh() -> Connection {
        let mut connection = Connection::open_in_memory().unwrap();
        schema::bring_up_to_date(&mut connection).unwrap();
        connection.pragma_update(None, "foreign_keys", true).unwrap();
        connection
    }

    /// Jobs, those of them that have ended, and rows of jobs that are there.
    fn held(connection: &Connection) -> (i64, i64, i64) {
        let count = "SELECT (SELECT count(*) FROM job), (SELECT count(ended) FROM job), \
                     (SELECT count(*) FROM ledger JOIN job ON job.id = ledger.job)";
        let held = |row: &rusqlite::Row<'_>| Ok((row.get(0)?, row.get(1)?, row.get(2)?));
        connection.query_row(count, [], held).unwrap()
    }

    #[test]
    fn what_could_not_be_written_is_written_whole_the_next_time() {
        let (mut connection, mut jobs) = (fresh(), Jobs::new());
        // The row of the step is refused, when the job has its number already.
        let refuse =
            "CREATE TRIGGER refuse BEFORE INSERT ON ledger BEGIN SELECT RAISE(ABORT, 'no'); END";
        connection.execute_batch(refuse).unwrap();
        let notes = [added(), step(), ended()];
        jobs.write(&mut connection, &notes).unwrap_err();
        assert_eq!(held(&connection), (0, 0, 0), "all or nothing");
        connection.execute_batch("DROP TRIGGER refuse").unwrap();
        jobs.write(&mut connection, &notes).unwrap();
        assert_eq!(held(&connection), (1, 1, 1));
    }

    #[test]
    fn a_job_goes_on_in_a_fresh_file() {
        let (mut connection, mut jobs) = (fresh(), Jobs::new());
        jobs.write(&mut connection, &[added(), step()]).unwrap();
        jobs.start_over();
        let mut connection = fresh();
        jobs.write(&mut connection, &[step(), ended()]).unwrap();
        assert_eq!(held(&connection), (1, 1, 1));
    }

    #[test]
    fn a_job_tried_again_has_not_ended_even_if_it_was_cleared_away() {
        let (mut connection, mut jobs) = (fresh(), Jobs::new());
        jobs.write(&mut connection, &[added(), ended(), Note::Revived { job: JOB }]).unwrap();
        assert_eq!(held(&connection), (1, 0, 0));
        jobs.write(&mut connection, &[ended()]).unwrap();
        connection.execute_batch("DELETE FROM job").unwrap();
        jobs.write(&mut connection, &[Note::Revived { job: JOB }, step(), ended()]).unwrap();
        assert_eq!(held(&connection), (1, 1, 1));
        jobs.write(&mut connection, &[Note::Forgotten { job: JOB }]).unwrap();
        assert!(jobs.known.is_empty());
    }
}
