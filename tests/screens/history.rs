//! The history: pages of the ledger as they come, a search that asks anew, and all that is known of a row.

use insta::assert_snapshot;
use wharf::{
    domain::{
        digest::{Sha256, Verdict},
        error::{Error, ErrorKind},
    },
    engine::message::{
        Command, Event, StepKind, Ticket,
        ledger::{Ending, Page, PageWanted, Row},
    },
};

use super::stage::{Sent, Stage, location};

/// What the history asked for last.
fn wanted(stage: &mut Stage) -> (Ticket, PageWanted) {
    let asked = stage.take_sent().into_iter().rev().find_map(|sent| match sent {
        Sent::Other(Command::History { ticket, wanted }) => Some((ticket, wanted)),
        _ => None,
    });
    asked.expect("no page was asked for")
}

fn row(step: u64, ending: Ending) -> Row {
    let done = ending == Ending::Done;
    Row {
        job: 3,
        step,
        ending,
        kind: StepKind::File,
        from: location(&format!("/home/anna/file-{step}.csv")),
        to: Some(location(&format!("files.example:/srv/in/file-{step}.csv"))),
        size: Some(48_213),
        verdict: done.then_some(Verdict::Hash),
        method: done.then(|| "sha256".to_owned()),
        digest: done.then_some(Sha256([0x9f; 32])),
        attempts: 1,
        began: "2026-11-25T08:12:43Z".parse().unwrap(),
        ended: "2026-11-25T08:12:44Z".parse().unwrap(),
        why: (!done).then(|| "Could not copy it: permission denied.".to_owned()),
    }
}

fn page(steps: std::ops::Range<u64>, next: Option<i64>) -> Page {
    let ending = |step| if step % 5 == 3 { Ending::Failed } else { Ending::Done };
    Page { rows: steps.map(|step| row(step, ending(step))).collect(), next }
}

fn history(size: (u16, u16)) -> (Stage, Ticket) {
    let mut stage = Stage::new(size);
    stage.keys("H");
    let (ticket, wanted) = wanted(&mut stage);
    assert_eq!((wanted.words.len(), wanted.before), (0, None));
    (stage, ticket)
}

#[test]
fn rows_come_by_the_page_and_more_of_them_where_they_are_looked_at() {
    let (mut stage, ticket) = history((80, 24));
    stage.shows("Reading…");
    stage.event(Event::History(ticket, Ok(page(0..200, Some(77)))));
    assert_snapshot!(stage.picture());
    assert!(stage.take_sent().is_empty(), "there is enough for now");
    stage.keys("End");
    let (ticket, more) = wanted(&mut stage);
    assert_eq!(more.before, Some(77));
    stage.event(Event::History(ticket, Ok(page(200..210, None))));
    stage.keys("End");
    stage.shows("file-209.csv");
    stage.shows("210 steps ");
    assert!(stage.take_sent().is_empty(), "that was all");
    stage.keys("Esc");
    stage.shows("Name ↑");
}

#[test]
fn a_search_asks_anew_with_every_letter_and_takes_no_rows_of_the_one_before() {
    let (mut stage, first) = history((80, 24));
    stage.keys("/").text("fi");
    stage.event(Event::History(first, Ok(page(0..5, None))));
    stage.shows("Reading…");
    let (ticket, looked_for) = wanted(&mut stage);
    assert_eq!((looked_for.words, looked_for.before), (vec!["fi".to_owned()], None));
    // A page that found nothing, and goes on looking.
    stage.event(Event::History(ticket, Ok(Page { rows: Vec::new(), next: Some(9) })));
    let (ticket, further) = wanted(&mut stage);
    assert_eq!((further.words, further.before), (vec!["fi".to_owned()], Some(9)));
    stage.event(Event::History(ticket, Ok(page(7..8, None))));
    stage.shows("file-7.csv");
    stage.keys("Enter Esc");
    let (ticket, all) = wanted(&mut stage);
    assert!(all.words.is_empty(), "Esc empties the search first");
    stage.event(Event::History(ticket, Ok(Page::default())));
    stage.shows("Nothing was done yet.");
}

#[test]
fn all_that_is_known_of_a_row() {
    let (mut stage, ticket) = history((80, 24));
    stage.event(Event::History(ticket, Ok(page(2..4, None))));
    stage.keys("Enter");
    assert_snapshot!(stage.picture());
    stage.keys("Esc j Enter");
    stage.shows("permission denied");
}

#[test]
fn a_ledger_that_cannot_be_read_says_why() {
    let (mut stage, ticket) = history((80, 24));
    let error = Error::new(ErrorKind::PermissionDenied, "read the ledger", "permission denied");
    stage.event(Event::History(ticket, Err(error)));
    stage.shows("Could not read the ledger");
    stage.keys("r");
    assert_eq!(wanted(&mut stage).1, PageWanted { rows: 200, ..PageWanted::default() });
}

#[test]
fn in_20_by_5_and_from_the_queue() {
    let mut stage = Stage::new((20, 5));
    stage.keys("w H");
    let (ticket, _) = wanted(&mut stage);
    stage.event(Event::History(ticket, Ok(page(0..9, None))));
    assert_snapshot!(stage.picture());
    stage.keys("H");
    stage.shows("Queue");
}
