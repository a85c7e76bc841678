//! Filter and search in a pane: what is shown, what is marked, where the cursor is, and how soon.

use std::{fs, time::Duration};

use wharf::{
    engine::message::{Command, Event, Work},
    model::{Context, Message},
};

use super::stage::{Sent, Stage, directory, file};

fn stage() -> Stage {
    Stage::new((100, 24))
}

#[test]
fn a_filter_shows_what_fits_and_esc_shows_all() {
    let mut stage = stage();
    stage.keys("f").text("mcsv");
    stage.shows("manifest-10.csv");
    stage.shows_not("papers/");
    stage.shows("Filter: mcsv");
    stage.shows("3 of 10");
    stage.keys("Enter");
    assert_eq!(stage.model.context(), Context::Panes);
    stage.shows("filter: mcsv");
    stage.shows_not("papers/");
    stage.keys("Esc");
    stage.shows("papers/");
    stage.keys("f").text("zzz");
    stage.shows("nothing fits");
    stage.keys("Esc");
    stage.shows("papers/");
}

#[test]
fn an_action_is_about_what_is_shown() {
    let mut stage = stage();
    // All are marked; what is filtered out is not acted upon, and comes back marked.
    stage.keys("* f").text("mcsv").keys("Enter F5 Enter");
    let (_, job) = stage.take_job();
    assert!(matches!(job.work, Work::Copy(_)));
    let names: Vec<String> = job.sources.iter().map(|path| format!("{path:?}")).collect();
    assert_eq!(names.len(), 3, "{names:?}");
    assert!(names.iter().all(|name| name.contains("manifest")), "{names:?}");
    stage.keys("Esc Esc");
    stage.shows("6 marked");
    stage.shows_not("● manifest.csv");
}

#[test]
fn the_cursor_stays_on_its_entry_or_goes_to_the_first() {
    let mut stage = stage();
    stage.keys("f").text("manifest-2").keys("Esc");
    assert_eq!(cursor(&stage), "manifest-2.csv", "where it was left");
    stage.keys("f").text("papers");
    assert_eq!(cursor(&stage), "papers/");
    stage.keys("Ctrl-U");
    assert_eq!(cursor(&stage), "papers/");
}

#[test]
fn rows_read_again_keep_the_filter_and_the_marks_behind_it() {
    let mut stage = stage();
    stage.keys("* f").text("csv").keys("Enter r");
    stage.shows("filter: csv");
    stage.shows_not("papers/");
    stage.keys("Esc");
    stage.shows("9 marked");
}

#[test]
fn another_directory_is_not_filtered() {
    let mut stage = stage();
    stage.keys("f").text("cargo").keys("Enter Enter");
    stage.shows("crate.bin");
    stage.shows_not("filter:");
}

#[test]
fn a_search_goes_to_the_best_and_steps_through_the_rest() {
    let mut stage = stage();
    stage.keys("/").text("manifest");
    assert_eq!(cursor(&stage), "manifest-2.csv");
    stage.shows("papers/");
    stage.keys("Down");
    assert_eq!(cursor(&stage), "manifest-10.csv");
    stage.keys("Down Down");
    assert_eq!(cursor(&stage), "manifest-2.csv", "round the end");
    stage.keys("Up Up");
    assert_eq!(cursor(&stage), "manifest-10.csv");
    stage.keys("Enter");
    assert_eq!(cursor(&stage), "manifest-10.csv");
    stage.keys("/").text("papers").keys("Esc");
    assert_eq!(cursor(&stage), "manifest-10.csv", "back where it began");
}

#[test]
fn keys_that_act_in_the_panes_are_typed() {
    let mut stage = stage();
    stage.keys("f").text("q d").keys("F8");
    stage.message(Message::Paste("x\ny".to_owned()));
    stage.shows("Filter: q dx");
    assert!(!stage.has_quit);
    assert!(!stage.take_sent().iter().any(|sent| matches!(sent, Sent::Other(Command::Add(..)))));
}

#[test]
fn what_is_typed_is_seen_whatever_there_is_to_say() {
    let says = |stage: &mut Stage, words: &str| stage.event(Event::Notice(words.to_owned()));
    let long = "The journal cannot be written: what is done from now on is not in the ledger, and cannot be \
                gone on with.";
    for (key, word) in [("f", "Filter: "), ("/", "Search: ")] {
        let mut stage = stage();
        says(&mut stage, long);
        stage.keys(key).text("mani");
        stage.shows(&format!("{word}mani"));
        stage.shows_not("The journal");
        // What fits in as a whole is said beside it, until there is no room for it any more.
        says(&mut stage, "The journal is written again.");
        stage.shows(&format!("{word}mani"));
        stage.shows("The journal is written again.");
        stage.text(&"x".repeat(60));
        stage.shows_not("The journal");
        stage.keys("Esc");
        stage.shows_not(word);
        stage.shows("The journal is written again.");
    }
}

#[test]
fn what_is_said_while_something_is_typed_is_there_once_it_is_not() {
    let mut stage = Stage::new((40, 24));
    stage.keys("F7").text("a new directory").keys("Enter");
    let made = stage.take_sent().into_iter().find_map(|sent| match sent {
        Sent::Other(Command::Perform { ticket, act }) => Some((ticket, act)),
        _ => None,
    });
    let (ticket, act) = made.unwrap();
    stage.keys("f").text("m");
    stage.event(Event::Performed { ticket, act, result: Ok(()) });
    stage.text("a");
    stage.shows("Filter: ma");
    stage.shows_not("Made ");
    stage.keys("Enter");
    stage.shows("Made ");
    stage.keys("Down");
    stage.shows_not("Made ");
}

/// The first word of the row under the cursor.
fn cursor(stage: &Stage) -> String {
    let reversed = stage.reversed();
    let row = reversed.iter().find(|run| !run.starts_with('/') && !run.contains("files.example"));
    row.and_then(|row| row.split(' ').find(|word| *word != "●")).unwrap_or_default().to_owned()
}

/// A frame may take so long, and what is compiled without optimization is some ten times slower than what people use.
const IN_TIME: Duration =
    if cfg!(debug_assertions) { Duration::from_millis(160) } else { Duration::from_millis(16) };

/// For how long this thread has run: what else the machine does meanwhile is not meant.
fn on_processor() -> Duration {
    let figures = fs::read_to_string("/proc/thread-self/schedstat").unwrap();
    Duration::from_nanos(figures.split(' ').next().unwrap().parse().unwrap())
}

#[test]
fn a_hundred_thousand_entries_are_filtered_between_two_frames() {
    let mut stage = Stage::unanswered((120, 40), Some("/many"), Some("/home/anna"));
    let Some(Sent::Open(ticket, location)) = stage.take_sent().into_iter().next() else {
        panic!("the left pane's place is opened")
    };
    stage.event(Event::Opened { ticket, location });
    let mut number = 0_u64;
    for _ in 0..100 {
        let entries = (0..1_000).map(|_| {
            number += 7_919;
            let number = number % 100_003;
            match number % 50 {
                0 => directory(&format!("folder-{number}")),
                _ => file(format!("measurement-{number}-of-november.csv"), number),
            }
        });
        stage.event(Event::Rows { ticket, entries: entries.collect(), refused: Vec::new() });
    }
    stage.event(Event::Listed(ticket));
    let mut slowest = (Duration::ZERO, ' ');
    for mode in ["f", "/"] {
        stage.keys(mode);
        for c in "mnt9ovem\u{8}\u{8}\u{8}\u{8}\u{8}".chars() {
            let began = on_processor();
            match c {
                '\u{8}' => stage.keys("Backspace"),
                c => stage.text(&c.to_string()),
            };
            let screen = stage.text_of_screen();
            let took = on_processor() - began;
            assert!(screen.contains("measurement-"), "{screen}");
            slowest = slowest.max((took, c));
        }
        stage.keys("Esc");
    }
    eprintln!("slowest key to frame over 100,000 entries: {slowest:?}");
    assert!(slowest.0 < IN_TIME, "{slowest:?}");
}
