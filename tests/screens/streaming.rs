//! Rows that come in batches: what is on the screen stays where it is, in every order, and all is as if they had
//! come at once.

use proptest::prelude::*;
use wharf::{
    domain::entry::{Entry, Timestamp},
    engine::message::{Event, Ticket},
    model::{Action, Message},
};

use super::stage::{Sent, Stage, directory, file};

/// A stage whose left pane is open and waits for rows.
fn streaming() -> (Stage, Ticket) {
    let mut stage = Stage::unanswered((80, 24), Some("/stream"), Some("/home/anna"));
    let Some(Sent::Open(ticket, location)) = stage.take_sent().into_iter().next() else {
        panic!("the left pane's place is opened")
    };
    stage.event(Event::Opened { ticket, location });
    (stage, ticket)
}

fn rows(stage: &mut Stage, ticket: Ticket, entries: &[Entry]) {
    stage.event(Event::Rows { ticket, entries: entries.to_vec(), refused: Vec::new() });
}

/// Some hundred different entries, in no order.
fn entries(count: u64) -> Vec<Entry> {
    let entry = |number: u64| {
        // A prime's multiples come to all numbers below it, each once, and in no order one would see.
        let number = number * 211 % 997;
        let name = format!("{}n{number}.{}", ["", ".", ""][number as usize % 3], number % 5);
        let mut entry = match number % 7 {
            0 => directory(&name),
            _ => file(name, number * 13 % 50),
        };
        entry.attributes.modified = Some(Timestamp::from_seconds((number as i64) * 17 % 90));
        entry
    };
    (1..=count).map(entry).collect()
}

/// The rows of the left pane as they stand on the screen.
fn left_rows(stage: &Stage) -> Vec<String> {
    let text = stage.text_of_screen();
    let left = |line: &str| line.chars().take(40).collect::<String>();
    text.lines().skip(2).take(19).map(left).collect()
}

/// What is reversed in the left pane: its title and the row under the cursor.
fn cursor(stage: &Stage) -> Option<String> {
    stage.reversed().into_iter().nth(1)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(8))]

    #[test]
    fn the_row_under_the_cursor_stays_where_it_is(
        sorts in "s{0,3}S?\\.?",
        steps in 1usize..60,
        at_once in 10usize..90,
    ) {
        let (mut stage, ticket) = streaming();
        let entries = entries(300);
        stage.text(&sorts);
        rows(&mut stage, ticket, &entries[..100]);
        for step in 0..steps {
            stage.keys(if step % 5 == 0 { "Space" } else { "Down" });
        }
        let marked = stage.text_of_screen().contains("marked");
        let line = line_of_cursor(&stage);
        let before = cursor(&stage);
        for batch in entries[100..].chunks(at_once) {
            rows(&mut stage, ticket, batch);
            prop_assert_eq!(&cursor(&stage), &before);
            prop_assert_eq!(line_of_cursor(&stage), line);
            prop_assert_eq!(stage.text_of_screen().contains("marked"), marked);
        }
        stage.event(Event::Listed(ticket));
        prop_assert_eq!(&cursor(&stage), &before);
    }

    #[test]
    fn what_came_in_batches_looks_as_if_it_had_come_at_once(
        sorts in "s{0,3}S?\\.?",
        at_once in 20usize..90,
    ) {
        let entries = entries(300);
        let listed = |batch: usize, keys_first: bool| {
            let (mut stage, ticket) = streaming();
            if keys_first {
                stage.text(&sorts);
            }
            entries.chunks(batch).for_each(|batch| rows(&mut stage, ticket, batch));
            stage.event(Event::Listed(ticket));
            if !keys_first {
                stage.text(&sorts);
            }
            stage.keys("Home Esc");
            let mut all = left_rows(&stage);
            for _ in 0..16 {
                stage.keys("PgDn");
                all.extend(left_rows(&stage));
            }
            all
        };
        let together = listed(entries.len(), true);
        prop_assert_eq!(&listed(at_once, true), &together);
        prop_assert_eq!(&listed(at_once, false), &together);
    }
}

/// The line on the screen that the cursor is in, to be told by its name.
fn line_of_cursor(stage: &Stage) -> Option<usize> {
    let text = cursor(stage)?;
    let name = text.split(' ').find(|word| word.contains('n') || *word == "..")?;
    let rows = left_rows(stage);
    rows.iter().position(|row| row.split([' ', '│']).any(|word| word == name))
}

#[test]
fn a_place_read_again_stays_where_it_is() {
    let (mut stage, ticket) = streaming();
    let entries = entries(300);
    rows(&mut stage, ticket, &entries[..250]);
    stage.event(Event::Listed(ticket));
    stage.keys("s PgDn PgDn Space Space j Esc");
    stage.shows("2 marked");
    let before = (cursor(&stage), left_rows(&stage));
    stage.message(Message::Act(Action::Reread));
    let Some(ticket) = stage.take_sent().into_iter().rev().find_map(|sent| match sent {
        Sent::Open(ticket, _) => Some(ticket),
        Sent::Other(_) => None,
    }) else {
        panic!("the place is read again")
    };
    for batch in entries[..250].chunks(40) {
        rows(&mut stage, ticket, batch);
        assert_eq!((cursor(&stage), left_rows(&stage)), before, "the old rows stay meanwhile");
    }
    stage.event(Event::Listed(ticket));
    assert_eq!((cursor(&stage), left_rows(&stage)), before);
    stage.shows("2 marked");
}
