//! However it ends, the terminal is as it was; and terminals that are odd (FAULTS.md 43, 44).

use std::{fs, path::Path, process::Stdio};

use tempfile::TempDir;

use super::driver::{LONG, Start, Terminal, key};
use crate::{
    servers::{
        client::{Client, ClientOptions},
        processes::Signal,
        sshd::free_port,
    },
    support::wait_until,
};

fn client() -> Client {
    ClientOptions::new(free_port(), "anna".into(), "/nonexistent".into(), Vec::new()).write()
}

fn start(here: &TempDir) -> Start {
    fs::write(here.path().join("apples.txt"), "apples").unwrap();
    let client = client();
    // The configuration is read once a server is named, which none is here.
    Start::new(&client, here.path(), &[".", "."])
}

fn running(here: &TempDir) -> Terminal {
    let terminal = start(here).run();
    terminal.shows("apples.txt");
    assert!(terminal.has_screen());
    terminal
}

#[test]
fn quitting() {
    let here = tempfile::tempdir().unwrap();
    for keys in ["q", key::F10] {
        let mut terminal = running(&here);
        terminal.keys(keys);
        assert_eq!(terminal.ended().exit_code(), 0);
        terminal.is_restored();
    }
}

#[test]
fn signals() {
    let here = tempfile::tempdir().unwrap();
    for signal in [Signal::TERM, Signal::HUP, Signal::QUIT] {
        let mut terminal = running(&here);
        terminal.signal(signal);
        terminal.ended();
        terminal.is_restored();
    }
}

#[test]
fn the_window_is_closed() {
    let here = tempfile::tempdir().unwrap();
    let mut terminal = running(&here);
    terminal.hang_up();
    terminal.ended();
}

#[test]
fn stopped_and_continued_by_a_shell() {
    let here = tempfile::tempdir().unwrap();
    let mut terminal = start(&here).under_a_shell().run();
    terminal.shows("apples.txt");
    terminal.keys(key::CONTROL_Z);
    terminal.shows("THE SHELL AGAIN");
    terminal.is_restored();
    terminal.keys("\r");
    wait_until("the screen is back", LONG, || terminal.has_screen());
    terminal.shows("apples.txt");
    terminal.keys("q");
    terminal.shows("IT ENDED WITH 0");
    terminal.is_restored();
    assert_eq!(terminal.ended().exit_code(), 0);
}

#[test]
fn not_stopped_where_nobody_could_continue_it() {
    let here = tempfile::tempdir().unwrap();
    let mut terminal = running(&here);
    terminal.keys(key::CONTROL_Z);
    terminal.shows("no shell to go back to");
}

#[test]
fn every_size_and_a_storm_of_them() {
    let here = tempfile::tempdir().unwrap();
    for (rows, columns) in [(5, 20), (1, 1), (200, 500)] {
        let mut terminal = start(&here).size(rows, columns).run();
        wait_until("it has the screen", LONG, || terminal.has_screen());
        terminal.keys("jjw?");
        terminal.resize(24, 80);
        terminal.until("panes or queue", |screen| {
            ["apples.txt", "Queue", "copy to the other pane"]
                .iter()
                .any(|text| screen.contains(text))
        });
        terminal.signal(Signal::TERM);
        terminal.ended();
        terminal.is_restored();
    }
    let mut terminal = running(&here);
    let mut random = fastrand::Rng::with_seed(7);
    for _ in 0..300 {
        terminal.resize(random.u16(1..80), random.u16(1..200));
        terminal.keys(["j", "k", "w", "\t", "?"][random.usize(0..5)]);
    }
    terminal.resize(24, 100);
    terminal.signal(Signal::WINCH);
    terminal.until("a whole screen", |screen| screen.lines().count() >= 20);
    terminal.signal(Signal::TERM);
    terminal.ended();
    terminal.is_restored();
}

/// What a smaller size cut off comes back, though by the time it is looked at the size may be what it was; and
/// though crossterm loses a change of size that comes with a key, and a key that does nothing draws no frame.
#[test]
fn a_size_that_changes_as_a_key_is_pressed() {
    let here = tempfile::tempdir().unwrap();
    let mut terminal = running(&here);
    for round in 0..200 {
        for columns in [40, 60, 80, 100] {
            terminal.keys(key::F12);
            terminal.resize(24, columns + round % 7);
            terminal.signal(Signal::WINCH);
            terminal.keys(key::F12);
        }
        let columns = usize::from(100 + round % 7);
        terminal.until("the width it has now", |screen| {
            screen.lines().next().is_some_and(|line| line.chars().count() == columns)
        });
    }
}

#[test]
fn no_color_means_none() {
    let here = tempfile::tempdir().unwrap();
    let mut terminal = start(&here).environment("NO_COLOR", "1").run();
    terminal.shows("apples.txt");
    terminal.keys("w?");
    terminal.shows("copy");
    let output = String::from_utf8_lossy(&terminal.output()).into_owned();
    assert_eq!(colours(&output), Vec::<String>::new());

    let coloured = running(&here);
    assert!(
        !colours(&String::from_utf8_lossy(&coloured.output())).is_empty(),
        "the check sees none"
    );
}

/// Parameters of SGR sequences that choose a colour.
fn colours(output: &str) -> Vec<String> {
    let sequences = output.split("\x1b[").skip(1);
    let parameters = sequences.filter_map(|rest| {
        let end = rest.find(|c: char| c.is_ascii_alphabetic())?;
        (rest[end..].starts_with('m')).then(|| rest[..end].to_owned())
    });
    let chooses = |parameter: &str| {
        parameter.parse::<u8>().is_ok_and(|n| matches!(n, 30..=38 | 40..=48 | 90..=97 | 100..=107))
    };
    parameters.filter(|all| all.split([';', ':']).any(chooses)).collect()
}

#[test]
fn a_terminal_that_can_do_nothing_is_told_so_in_one_line() {
    let here = tempfile::tempdir().unwrap();
    let mut terminal = start(&here).environment("TERM", "dumb").run();
    assert_eq!(terminal.ended().exit_code(), 2);
    terminal.shows("TERM=dumb");
    assert!(!terminal.output().contains(&0x1b));
}

#[test]
fn no_terminal_is_told_so_in_one_line() {
    let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_wharf"));
    command.current_dir(Path::new("/")).env("TERM", "xterm").stdin(Stdio::null());
    let output = command.output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(output.stdout.is_empty());
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(said.lines().count(), 1, "{said}");
    assert!(said.contains("terminal"), "{said}");
}
