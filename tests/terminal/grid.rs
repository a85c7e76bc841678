//! Names of all writing systems, in the real binary's panes, dialogs and queue: the frames stay straight.

use std::{fs, time::Instant};

use super::driver::{LONG, Start, Terminal, key};
use crate::{servers::client::ClientOptions, support::wait_until};

/// Wide, combining, from right to left, all of them, and too long for any pane.
const NAMES: [&str; 7] = [
    "文件管理器文件管理器文件管理器文件管理器.tar.gz",
    "e\u{301}clair-n\u{303}u\u{308}o\u{302}-cafe\u{301}.txt",
    "שלום עולם.csv",
    "ملف المستخدم ١٢٣.pdf",
    "mixed-שלום-文件-e\u{301}.log",
    "한국어 파일 이름 한국어 파일 이름 한국어 파일 이름.json",
    "measurements-of-the-whole-long-november-at-pier-12-and-13.sqlite3",
];

/// Whether a frame that begins in a cell is whole: its corners, and its two sides in every row between them.
fn is_whole(screen: &vt100::Screen, x: u16, y: u16) -> Result<(), String> {
    let sign = |x: u16, y: u16| screen.cell(y, x).map_or("", |cell| cell.contents()).to_owned();
    let (rows, columns) = screen.size();
    let right = (x + 1..columns.get()).find(|right| sign(*right, y) == "┐");
    let right = right.ok_or_else(|| format!("no corner right of {x}, {y}"))?;
    for row in y + 1..rows.get() {
        match (sign(x, row).as_str(), sign(right, row).as_str()) {
            ("│", "│") => {}
            ("└", "┘") => return Ok(()),
            other => return Err(format!("row {row} has {other:?} at {x} and {right}")),
        }
    }
    Err(format!("no end below {x}, {y}"))
}

/// The frame with this title.
fn frame(screen: &vt100::Screen, title: &str) -> Result<(), String> {
    let (rows, columns) = screen.size();
    let wanted = format!("┌ {title}");
    let begins = |(x, y): &(u16, u16)| {
        // A cell that is empty has no contents at all.
        let is_corner = screen.cell(*y, *x).is_some_and(|cell| cell.contents() == "┌");
        let signs = (*x..columns.get()).filter_map(|x| Some(screen.cell(*y, x)?.contents()));
        is_corner && signs.collect::<String>().starts_with(&wanted)
    };
    let mut cells = (0..rows.get()).flat_map(|y| (0..columns.get()).map(move |x| (x, y)));
    let (x, y) = cells.find(begins).ok_or_else(|| format!("no frame {title}"))?;
    is_whole(screen, x, y)
}

/// Waits until the frames with these titles are there and whole. What is seen half-way through a frame counts for nothing.
#[track_caller]
fn frames_hold(terminal: &Terminal, titles: &[&str]) {
    for title in titles {
        let end = Instant::now() + LONG;
        let holds = || terminal.look(|screen| frame(screen, title));
        wait_until("the frame stands", 2 * LONG, || holds().is_ok() || Instant::now() > end);
        assert_eq!(holds(), Ok(()), "{}", terminal.text());
    }
}

#[test]
fn frames_stay_straight_whatever_the_writing_system() {
    let client = ClientOptions::new(9, "anna".into(), "/nonexistent".into(), Vec::new()).write();
    let here = tempfile::tempdir().unwrap();
    let there = tempfile::tempdir().unwrap();
    for name in NAMES {
        fs::write(here.path().join(name), name).unwrap();
    }
    let there_shown = there.path().display().to_string();
    let mut terminal = Start::new(&client, here.path(), &[".", &there_shown]).run();
    terminal.shows("7 entries");
    terminal.shows("empty");
    let panes = [here.path().display().to_string(), there_shown.clone()];
    let panes = panes.each_ref().map(String::as_str);
    frames_hold(&terminal, &panes);
    // Long ones keep their extension.
    for extension in [".tar.gz", ".json", ".sqlite3"] {
        terminal.shows(extension);
    }
    for _ in NAMES {
        terminal.keys(key::DOWN);
        for (keys, title) in
            [(key::F5, "Copy"), ("R", "Rename"), ("d", "Into the trash"), ("D", "Delete")]
        {
            terminal.keys(keys);
            frames_hold(&terminal, &[title]);
            terminal.keys(key::ESCAPE);
            terminal.hides(&format!("┌ {title}"));
        }
    }
    terminal.keys("*");
    terminal.shows("7 marked");
    terminal.keys(key::F5);
    terminal.shows("If taken");
    terminal.keys(key::ENTER);
    terminal.until("all have crossed", |text| text.matches(".sqlite3").count() == 2);
    frames_hold(&terminal, &panes);
    // Once more: what is taken is asked about, by name, in the queue and over it.
    terminal.keys("*");
    terminal.shows("7 marked");
    terminal.keys(key::F5);
    terminal.shows("If taken");
    terminal.keys(key::ENTER);
    frames_hold(&terminal, &["The name is taken"]);
    wait_until("all questions are put aside", LONG, || {
        terminal.keys(key::ESCAPE);
        terminal.text().contains("7 questions wait")
    });
    terminal.keys("w");
    terminal.shows("7 questions");
    frames_hold(&terminal, &["Queue"]);
    for name in ["שלום עולם.csv is taken in", "한국어 파일 이름"] {
        terminal.shows(name);
    }
    terminal.keys("G\r");
    terminal.shows("Step");
    frames_hold(&terminal, &["copy 7 entries"]);
    terminal.keys("qy");
    assert_eq!(terminal.ended().exit_code(), 0);
    terminal.is_restored();
    for name in NAMES {
        assert_eq!(fs::read_to_string(there.path().join(name)).unwrap(), name);
    }
}
