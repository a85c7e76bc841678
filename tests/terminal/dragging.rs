//! Files carried with the mouse, as a terminal tells it (SGR, mode 1006).

use std::{fmt::Write as _, fs};

use super::driver::{Start, Terminal};
use crate::servers::{client::HOST, sshd::Sshd};

const MAIN: u16 = 0;
const OTHER: u16 = 2;
/// What is added while the pointer moves.
const MOVES: u16 = 32;

/// Where a text stands on the screen, counted from 1.
fn at(terminal: &Terminal, text: &str) -> (u16, u16) {
    terminal.shows(text);
    let screen = terminal.text();
    let found = screen.lines().enumerate().find_map(|(row, line)| {
        let before = line.split_once(text)?.0;
        Some((before.chars().count() as u16 + 1, row as u16 + 1))
    });
    found.unwrap_or_else(|| panic!("no {text} in\n{screen}"))
}

fn press(button: u16, (x, y): (u16, u16)) -> String {
    format!("\x1b[<{button};{x};{y}M")
}

fn release(button: u16, (x, y): (u16, u16)) -> String {
    format!("\x1b[<{button};{x};{y}m")
}

/// The pointer's way from one cell to another, cell by cell.
fn way(button: u16, from: (u16, u16), to: (u16, u16)) -> String {
    let steps = from.0.abs_diff(to.0).max(from.1.abs_diff(to.1)).max(1);
    let between = |from: u16, to: u16, step: u16| {
        let part = i32::from(to.cast_signed() - from.cast_signed()) * i32::from(step);
        from.wrapping_add_signed((part / i32::from(steps)) as i16)
    };
    (1..=steps).fold(String::new(), |mut bytes, step| {
        let cell = (between(from.0, to.0, step), between(from.1, to.1, step));
        let _ = bytes.write_str(&press(button + MOVES, cell));
        bytes
    })
}

#[test]
fn three_files_are_marked_dragged_and_let_go_of_over_a_folder_of_the_server() {
    let Some(sshd) = Sshd::options().start() else { return };
    let here = tempfile::tempdir().unwrap();
    for name in ["apples.txt", "pears.txt", "plums.txt", "stays.txt"] {
        fs::write(here.path().join(name), name).unwrap();
    }
    fs::create_dir(sshd.files().join("incoming")).unwrap();
    let client = sshd.client().known().write();
    let mut terminal = Start::new(&client, here.path(), &[".", &format!("{HOST}:")]).run();
    let folder = at(&terminal, "incoming/");
    let (first, last) = (at(&terminal, "apples.txt"), at(&terminal, "plums.txt"));

    let marked = [press(OTHER, first), way(OTHER, first, last), release(OTHER, last)].concat();
    terminal.keys(&marked);
    terminal.shows("3 marked");
    terminal.keys(&(press(MAIN, first) + &way(MAIN, first, folder)));
    terminal.shows("copy 3 entries → ");
    assert_eq!(fs::read_dir(sshd.files().join("incoming")).unwrap().count(), 0);
    terminal.keys(&release(MAIN, folder));
    terminal.hides("copy 3 entries");
    terminal.keys("w");
    terminal.shows("all done");
    terminal.shows("3 hash");
    for name in ["apples.txt", "pears.txt", "plums.txt"] {
        let arrived = fs::read(sshd.files().join("incoming").join(name)).unwrap();
        assert_eq!(arrived, name.as_bytes());
    }
    assert!(!sshd.files().join("incoming/stays.txt").exists());
    terminal.keys("w");

    // With a right click on the way it is a move.
    let (from, to) = (at(&terminal, "stays.txt"), folder);
    let turned = press(OTHER, to) + &release(OTHER, to);
    terminal.keys(&(press(MAIN, from) + &way(MAIN, from, to) + &turned));
    terminal.shows("move stays.txt → ");
    terminal.keys(&release(MAIN, to));
    // The row is gone; the notice of what was done may name it.
    terminal.hides("│  stays.txt");
    assert_eq!(fs::read(sshd.files().join("incoming/stays.txt")).unwrap(), b"stays.txt");
    assert!(!here.path().join("stays.txt").exists());
}
