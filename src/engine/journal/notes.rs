//! What the keeper is told, and how it is written.

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
};

use jiff::Timestamp;
use rusqlite::{Connection, Result, Transaction, TransactionBehavior};

use super::{Answered, Ending, Entry, answers, orders, parts, rows};
use crate::{
    domain::{part_name::MARK_LETTERS, path::StoragePath, question::ConflictChoice},
    engine::{
        begun::Begun,
        crash::{self, Moment},
        message::{JobId, JobNumber, JobRequest},
    },
};

/// Something that happened.
#[derive(Debug)]
pub(in crate::engine) enum Note {
    /// A job was added.
    Added { job: JobId, request: Arc<JobRequest>, at: Timestamp },
    /// It made a directory.
    Made { job: JobId, path: StoragePath },
    /// How far a part of it has come.
    Part { job: JobId, begun: Box<Begun> },
    /// A part of it is of no use any more.
    PartGone { job: JobId, from: StoragePath },
    /// A person said what to do about a name that is taken.
    Answered { job: JobId, answered: Answered },
    /// And what to do about all further ones.
    AnsweredForAll { job: JobId, choice: ConflictChoice },
    /// Its place among the jobs that a person put in order.
    Ranked { job: JobId, rank: i64 },
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
    /// Whether it is written at once.
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
    /// Files of which a part may be in the journal.
    parts: HashSet<StoragePath>,
}

impl Jobs {
    /// Of a process of this name.
    pub(super) fn new(process: String) -> Self {
        Self { process, known: HashMap::new() }
    }

    /// A job that was another process's and is this one's now.
    pub(super) fn take_over(
        &mut self,
        job: JobId,
        number: JobNumber,
        request: Arc<JobRequest>,
        added: Timestamp,
        parts: HashSet<StoragePath>,
    ) {
        self.known.insert(job, Known { request, added, number: Some(number.0), parts });
    }

    /// By whom jobs are written down.
    pub(super) fn writer(&self) -> orders::Writer<'_> {
        orders::Writer { process: &self.process, mark: mark_of(&self.process) }
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
            crash::moment(Moment::Written);
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
                    let parts = HashSet::new();
                    let known = Known { request: request.clone(), added: *at, number: None, parts };
                    self.known.entry(*job).or_insert(known);
                    self.number_of(transaction, *job)?;
                }
                Note::Step { job, entry } => {
                    if let Some(number) = self.number_of(transaction, *job)? {
                        rows::write(&mut insert, number, entry)?;
                        self.end_part(transaction, *job, number, entry)?;
                    }
                }
                Note::PartGone { job, from } => {
                    if let Some(number) = self.number_of(transaction, *job)? {
                        parts::remove(transaction, number, from)?;
                    }
                }
                Note::Part { job, begun } => {
                    if let Some(number) = self.number_of(transaction, *job)? {
                        parts::write(transaction, number, begun)?;
                        if let Some(known) = self.known.get_mut(job) {
                            known.parts.insert(begun.from.clone());
                        }
                    }
                }
                Note::Answered { job, answered } => {
                    if let Some(number) = self.number_of(transaction, *job)? {
                        answers::write(transaction, number, answered)?;
                    }
                }
                Note::AnsweredForAll { job, choice } => {
                    if let Some(number) = self.number_of(transaction, *job)? {
                        answers::write_for_all(transaction, number, *choice)?;
                    }
                }
                Note::Ranked { job, rank } => {
                    let number = self.number_of(transaction, *job)?;
                    let update = "UPDATE job SET rank = ? WHERE id = ?";
                    transaction.execute(update, (rank, number))?;
                }
                Note::Made { job, path } => {
                    if let Some(number) = self.number_of(transaction, *job)? {
                        let insert = "INSERT OR IGNORE INTO made (job, path) VALUES (?, ?)";
                        transaction.execute(insert, (number, path.as_bytes()))?;
                    }
                }
                Note::Ended { job, at } => {
                    let number = self.number_of(transaction, *job)?;
                    let update = "UPDATE job SET ended = ? WHERE id = ?";
                    transaction.execute(update, (at.as_millisecond(), number))?;
                    transaction.execute("DELETE FROM made WHERE job = ?", [number])?;
                    transaction.execute("DELETE FROM answer WHERE job = ?", [number])?;
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

    /// A file has ended: its part is none any more. One that failed may be tried again, and gone on with.
    fn end_part(
        &self,
        transaction: &Transaction<'_>,
        job: JobId,
        number: i64,
        entry: &Entry,
    ) -> Result<()> {
        let may_have = |known: &Known| known.parts.contains(&entry.from);
        if entry.ending != Ending::Failed && self.known.get(&job).is_some_and(may_have) {
            parts::remove(transaction, number, &entry.from)?;
        }
        Ok(())
    }

    /// A job's number in the file, given one if it has none there; `None` for a job nobody added.
    fn number_of(&mut self, connection: &Connection, job: JobId) -> Result<Option<i64>> {
        let Some(known) = self.known.get_mut(&job) else { return Ok(None) };
        if known.number.is_none() {
            let writer = orders::Writer { process: &self.process, mark: mark_of(&self.process) };
            let number = orders::insert(connection, writer, &known.request, known.added)?;
            known.number = Some(number);
        }
        Ok(known.number)
    }
}

/// What the names of a process's parts bear.
pub(super) fn mark_of(process: &str) -> &str {
    process.get(..MARK_LETTERS).unwrap_or(process)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        domain::place::Endpoint,
        engine::{
            journal::schema,
            message::{JobOptions, StepId, StepKind, Work},
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
        let (mut connection, mut jobs) = (fresh(), Jobs::new(String::from("test-process")));
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
        let (mut connection, mut jobs) = (fresh(), Jobs::new(String::from("test-process")));
        jobs.write(&mut connection, &[added(), step()]).unwrap();
        jobs.start_over();
        let mut connection = fresh();
        jobs.write(&mut connection, &[step(), ended()]).unwrap();
        assert_eq!(held(&connection), (1, 1, 1));
    }

    #[test]
    fn a_job_tried_again_has_not_ended_even_if_it_was_cleared_away() {
        let (mut connection, mut jobs) = (fresh(), Jobs::new(String::from("test-process")));
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
