//! Reading the ledger a page at a time, the newest rows first, on a connection of its own: nobody who writes waits for it.

use std::path::Path;

use super::{file, rows};
use crate::{
    domain::{digest::Verdict, error::Error},
    engine::message::ledger::{Page, PageWanted, Row},
};

/// Rows looked through for one page, at most: who changes what is looked for does not wait for what was.
const LOOKED_THROUGH: u32 = 20_000;

/// A page; empty where there is no ledger.
pub(in crate::engine) fn page(directory: &Path, wanted: &PageWanted) -> Result<Page, Error> {
    let Some(opened) = file::open_to_read(directory)? else { return Ok(Page::default()) };
    let said = |error| file::error(directory, error);
    read(&opened.connection, wanted).map_err(said)
}

fn read(connection: &rusqlite::Connection, wanted: &PageWanted) -> rusqlite::Result<Page> {
    let words: Vec<String> = wanted.words.iter().map(|word| word.to_lowercase()).collect();
    let mut select = connection.prepare(&format!(
        "{} WHERE ledger.id < ? ORDER BY ledger.id DESC LIMIT ?",
        rows::SELECT
    ))?;
    let before = wanted.before.unwrap_or(i64::MAX);
    let mut found = select.query((before, LOOKED_THROUGH))?;
    let (mut page, mut looked) = (Page::default(), 0);
    while let Some(row) = found.next()? {
        looked += 1;
        page.next = Some(row.get(rows::PLACE)?);
        let row = rows::read(row)?;
        if fits(&words, &row) {
            page.rows.push(row);
        }
        if page.rows.len() >= wanted.rows {
            return Ok(page);
        }
    }
    if looked < LOOKED_THROUGH {
        page.next = None;
    }
    Ok(page)
}

/// Whether each word is somewhere in the row.
fn fits(words: &[String], row: &Row) -> bool {
    if words.is_empty() {
        return true;
    }
    let mut text = format!("{} {} {} {}", row.ended, row.ending.word(), row.kind.word(), row.from);
    let digest = row.digest.as_ref().map(ToString::to_string);
    let to = row.to.as_ref().map(ToString::to_string);
    let parts = [row.verdict.map(Verdict::word).map(str::to_owned), to, digest, row.why.clone()];
    for part in parts.into_iter().flatten() {
        text.push(' ');
        text.push_str(&part);
    }
    let text = text.to_lowercase();
    words.iter().all(|word| text.contains(word))
}

#[cfg(test)]
mod tests {
    use rusqlite::Connection;

    use super::*;
    use crate::engine::journal::schema;

    /// A ledger of so many rows, every tenth of them failed.
    fn ledger(rows: u32) -> Connection {
        let mut connection = Connection::open_in_memory().unwrap();
        schema::bring_up_to_date(&mut connection).unwrap();
        let fill = format!(
            "INSERT INTO job (process, pid, work, verify, added) VALUES ('x', 1, 'copy', 'auto', 0);
             WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {rows})
             INSERT INTO ledger (job, step, ending, kind, from_path, attempts, began, ended) SELECT 1, i, \
             iif(i % 10 = 0, 'failed', 'done'), 'file', CAST('/From/' || i AS BLOB), 1, 0, 1000 * i FROM n;"
        );
        connection.execute_batch(&fill).unwrap();
        connection
    }

    fn steps(page: &Page) -> Vec<u64> {
        page.rows.iter().map(|row| row.step).collect()
    }

    #[test]
    fn pages_follow_each_other_from_the_newest_to_the_oldest() {
        let connection = ledger(25);
        let (mut before, mut seen) = (None, Vec::new());
        loop {
            let wanted = PageWanted { words: Vec::new(), before, rows: 10 };
            let page = read(&connection, &wanted).unwrap();
            assert!(page.rows.len() <= 10);
            seen.extend(steps(&page));
            before = page.next;
            if before.is_none() {
                break;
            }
        }
        assert_eq!(seen, (1..=25).rev().collect::<Vec<u64>>());
    }

    #[test]
    fn what_is_looked_for_is_found_whatever_its_case_and_a_page_looks_only_so_far() {
        let connection = ledger(LOOKED_THROUGH + 30);
        let words = vec!["FAILED".to_owned(), "from/10".to_owned()];
        let wanted = PageWanted { words, before: None, rows: 500 };
        let page = read(&connection, &wanted).unwrap();
        assert!(page.rows.iter().all(|row| row.step.is_multiple_of(10)));
        assert!(!page.rows.is_empty() && page.next == Some(31), "{:?}", page.next);
        let page = read(&connection, &PageWanted { before: page.next, ..wanted }).unwrap();
        assert_eq!((steps(&page), page.next), (vec![10], None));
        let none = PageWanted { words: vec!["nowhere".into()], before: None, rows: 5 };
        assert_eq!(read(&connection, &none).unwrap().rows, []);
    }

    #[test]
    fn where_there_is_no_ledger_there_are_no_rows() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(page(folder.path(), &PageWanted::default()).unwrap(), Page::default());
    }
}
