//! What a person answered about names that were taken, there and back: so that nobody is asked twice.

use rusqlite::{Connection, Result};

use super::rows;
use crate::{
    domain::{path::StoragePath, question::ConflictChoice},
    engine::message::JobNumber,
};

/// An answer about one entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::engine) struct Answered {
    /// What was asked about, by its source.
    pub(in crate::engine) from: StoragePath,
    /// What to do with what stands there; `None` where the answer was another name.
    pub(in crate::engine) choice: Option<ConflictChoice>,
    /// Where it is to arrive instead.
    pub(in crate::engine) to: Option<StoragePath>,
}

/// Writes an answer, in the place of an earlier one about the same.
pub(super) fn write(connection: &Connection, job: i64, answered: &Answered) -> Result<()> {
    let Answered { from, choice, to } = answered;
    let insert =
        "INSERT OR REPLACE INTO answer (job, from_path, choice, to_path) VALUES (?, ?, ?, ?)";
    let to = to.as_ref().map(StoragePath::as_bytes);
    let choice = choice.map(ConflictChoice::word);
    connection.execute(insert, (job, from.as_bytes(), choice, to))?;
    Ok(())
}

/// Writes an answer to all further questions of a job.
pub(super) fn write_for_all(
    connection: &Connection,
    job: i64,
    choice: ConflictChoice,
) -> Result<()> {
    connection.execute("UPDATE job SET on_conflict = ? WHERE id = ?", (choice.word(), job))?;
    Ok(())
}

/// What was answered in a job.
pub(super) fn of(connection: &Connection, job: JobNumber) -> Result<Vec<Answered>> {
    let mut select =
        connection.prepare("SELECT from_path, choice, to_path FROM answer WHERE job = ?")?;
    let mut found = select.query([job.0])?;
    let mut answers = Vec::new();
    while let Some(row) = found.next()? {
        let path = |bytes: Vec<u8>| StoragePath::new(bytes);
        answers.push(Answered {
            from: path(row.get(0)?),
            choice: rows::word(row, 1, &ConflictChoice::ALL, ConflictChoice::word)?,
            to: row.get::<_, Option<Vec<u8>>>(2)?.map(path),
        });
    }
    Ok(answers)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::engine::journal::schema;

    fn path() -> impl Strategy<Value = StoragePath> {
        prop::collection::vec(1..=255u8, 1..40).prop_map(StoragePath::new)
    }

    proptest! {
        #[test]
        fn an_answer_is_read_as_it_was_written(
            (from, to) in (path(), prop::option::of(path())),
            choice in prop::option::of(prop::sample::select(&ConflictChoice::ALL[..])),
        ) {
            let mut connection = Connection::open_in_memory().unwrap();
            schema::bring_up_to_date(&mut connection).unwrap();
            connection.pragma_update(None, "foreign_keys", false).unwrap();
            let answered = Answered { from, choice, to };
            write(&connection, 1, &Answered { choice: None, to: None, ..answered.clone() }).unwrap();
            write(&connection, 1, &answered).unwrap();
            prop_assert_eq!(of(&connection, JobNumber(1)).unwrap(), vec![answered]);
        }
    }
}
