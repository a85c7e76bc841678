//! The rules of the house, checked over the source itself: `src/lib.rs` says them, this makes them true.
//!
//! Each rule is a function from sources to complaints; beside it stands a source that it must complain about.

mod manners;
mod rooms;
mod source;

use source::Source;

#[track_caller]
fn no_complaints(complaints: &[String]) {
    assert!(complaints.is_empty(), "\n  {}\n", complaints.join("\n  "));
}

fn lib() -> String {
    let all = source::all();
    all.iter().find(|source| source.path == "src/lib.rs").unwrap().text.clone()
}

/// A map as small as can be, to try the rules on.
const MAP: &str = "\
//! | room | what it is for | whom it may know |
//! |---|---|---|
//! | `main` | all | everyone |
//! | [`cli`] | words | `engine`, `domain` |
//! | [`model`] | the screen | `domain` |
//! | [`engine`] | work | `storage` (the trait), `domain` |
//! | [`storage`] | contract | `domain` |
//! | `storage::sftp` | servers | `storage`, `domain` |
//! | [`domain`] | words | nobody |
";

fn complaints_of(rule: fn(&[Source]) -> Vec<String>, path: &str, text: &str) -> usize {
    rule(&[Source::new(path, text)]).len()
}

#[test]
fn the_map_names_every_room() {
    no_complaints(&rooms::map_is_complete(&rooms::read_map(&lib()), &source::all()));
}

#[test]
fn the_map_is_missed_where_it_is_wrong() {
    let map = rooms::read_map(MAP);
    assert_eq!(map.len(), 7);
    let unknown = [Source::new("src/attic/mod.rs", "//! x")];
    assert_eq!(rooms::map_is_complete(&map, &unknown).len(), 1 + map.len());
}

#[test]
fn rooms_know_only_whom_the_map_allows() {
    no_complaints(&rooms::neighbours(&rooms::read_map(&lib()), &source::all()));
}

#[test]
fn neighbours_that_are_not_allowed_are_noticed() {
    let map = rooms::read_map(MAP);
    let complaints = |path, text| rooms::neighbours(&map, &[Source::new(path, text)]).len();
    assert_eq!(complaints("src/domain/a.rs", "use crate::engine::X;"), 1);
    assert_eq!(complaints("src/domain/mod.rs", "use super::storage::X;"), 1);
    assert_eq!(complaints("src/engine/copy.rs", "use crate::{domain::X, storage::sftp::Y};"), 1);
    assert_eq!(complaints("src/engine/copy.rs", "fn f() { crate::storage::sftp::go() }"), 1);
    assert_eq!(complaints("src/storage/mod.rs", "mod sftp; use sftp::Y;"), 1);
    assert_eq!(complaints("src/storage/sftp/lane.rs", "use super::super::super::engine::X;"), 1);
    assert_eq!(complaints("src/storage/sftp/lane.rs", "use super::super::Storage;"), 0);
    assert_eq!(complaints("src/main.rs", "use crate::storage::sftp;"), 0);
    assert_eq!(complaints("src/engine/a.rs", "#[cfg(test)] mod t { use crate::cli::X; }"), 0);
}

#[test]
fn crates_stay_in_their_rooms() {
    no_complaints(&rooms::crates(&source::all()));
}

#[test]
fn crates_out_of_their_rooms_are_noticed() {
    for (path, text) in [
        ("src/model/pane.rs", "use ratatui::text::Line;"),
        ("src/model/pane.rs", "use crossterm::event::KeyCode;"),
        ("src/keymap.rs", "use crossterm::terminal::size;"),
        ("src/storage/dial.rs", "fn f(s: ssh2::Session) {}"),
        ("src/engine/mod.rs", "use rustls::X;"),
        ("src/engine/job.rs", "use rusqlite::Connection;"),
        ("src/settings/paths.rs", "use keyring::Entry;"),
        ("src/storage/local.rs", "use anyhow::Result;"),
    ] {
        assert_eq!(complaints_of(rooms::crates, path, text), 1, "{path}: {text}");
    }
    assert_eq!(complaints_of(rooms::crates, "src/keymap.rs", "use crossterm::event::KeyCode;"), 0);
    assert_eq!(complaints_of(rooms::crates, "src/storage/sftp/a.rs", "use ssh2::Session;"), 0);
}

#[test]
fn pure_rooms_are_pure() {
    no_complaints(&rooms::purity(&source::all()));
}

#[test]
fn impurity_is_noticed() {
    for text in [
        "use std::{fs, time::Duration};",
        "fn f() { std::net::TcpStream::connect(x) }",
        "fn f() { let now = Instant::now(); }",
        "fn f() { std::time::SystemTime::now() }",
        "use tokio::time::sleep;",
    ] {
        assert_eq!(complaints_of(rooms::purity, "src/model/update.rs", text), 1, "{text}");
        assert_eq!(complaints_of(rooms::purity, "src/engine/mod.rs", text), 0, "{text}");
    }
}

#[test]
fn files_are_short() {
    no_complaints(&manners::length(&source::all()));
}

#[test]
fn files_say_what_they_are_for() {
    no_complaints(&manners::opening(&source::all()));
}

#[test]
fn the_product_keeps_its_promises() {
    no_complaints(&manners::promises(&source::all()));
}

#[test]
fn tests_wait_for_something_never_for_a_while() {
    no_complaints(&manners::sleeps(&source::all()));
}

#[test]
fn bad_manners_are_noticed() {
    let long = format!("//! x\n{}", "\n".repeat(500));
    assert_eq!(complaints_of(manners::length, "src/a.rs", &long), 1);
    assert_eq!(complaints_of(manners::opening, "src/a.rs", "use x;"), 1);
    for text in [
        "fn f() { a.unwrap(); }",
        "fn f() { a.expect(b); }",
        "fn f() { panic!(); }",
        "fn f() { todo!() }",
        "#[cfg(test)] mod t { fn f() { dbg!(1); } }",
        "#[cfg(test)] mod t { #[ignore = \"slow\"] fn f() {} }",
    ] {
        assert_eq!(complaints_of(manners::promises, "src/a.rs", text), 1, "{text}");
    }
    for text in ["fn f() { a.unwrap_or(b); }", "#[cfg(test)] mod t { fn f() { a.unwrap(); } }"] {
        assert_eq!(complaints_of(manners::promises, "src/a.rs", text), 0, "{text}");
    }
    let naps = "fn f() { std::thread::sleep(x); tokio::time::sleep(x).await; }";
    assert_eq!(complaints_of(manners::sleeps, "tests/a.rs", naps), 2);
    assert_eq!(complaints_of(manners::sleeps, "tests/support.rs", naps), 0);
    let paused = format!("#[tokio::test(start_paused = true)] {naps}");
    assert_eq!(complaints_of(manners::sleeps, "tests/a.rs", &paused), 1);
}
