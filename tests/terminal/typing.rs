//! What is typed and pasted arrives whole, however it is cut on its way.

use std::fs;

use super::driver::{Start, Terminal, key};
use crate::servers::{client::ClientOptions, sshd::free_port};

/// Letters of two bytes: more than are read at once.
const LONG_TEXT: usize = 900;

fn running(here: &tempfile::TempDir) -> Terminal {
    for name in ["apples", "pears"] {
        fs::write(here.path().join(name), name).unwrap();
    }
    let none = ClientOptions::new(free_port(), "anna".into(), "/nonexistent".into(), Vec::new());
    let terminal = Start::new(&none.write(), here.path(), &[".", "."]).run();
    terminal.shows("pears");
    terminal
}

#[test]
fn a_long_text_arrives_without_a_further_key() {
    let here = tempfile::tempdir().unwrap();
    let mut terminal = running(&here);
    let long = "\u{e4}".repeat(LONG_TEXT);
    for (begin, end) in [("", ""), ("\x1b[200~", "\x1b[201~")] {
        terminal.keys("\x1b[18~");
        terminal.shows("Name");
        terminal.keys(&format!("{begin}{long} and all of it{end}"));
        terminal.shows("and all of it");
        terminal.keys(key::ESCAPE);
        terminal.hides("and all of it");
    }
}

#[test]
fn the_screen_does_not_wait_for_the_rest_of_a_sequence() {
    let here = tempfile::tempdir().unwrap();
    let mut terminal = running(&here);
    terminal.keys("\x1b[");
    terminal.resize(24, 90);
    terminal.until("the new width", |screen| {
        screen.lines().next().is_some_and(|line| line.chars().count() == 90)
    });
    terminal.shows("the directory above");
    terminal.keys("B");
    terminal.hides("the directory above");
}
