//! Finding below a folder in the real terminal, here and on real servers: what is found is marked, copied, gone to.

use std::{fs, path::Path};

use super::driver::{LONG, Start, Terminal, key};
use crate::{
    servers::{
        client::{Client, HOST},
        ftp_server::{FtpServer, Make, PASSWORD},
        sshd::Sshd,
    },
    support::wait_until,
};

fn lay_out(folder: &Path) {
    fs::create_dir_all(folder.join("sub/deep")).unwrap();
    fs::write(folder.join("sub/one.csv"), "one").unwrap();
    fs::write(folder.join("sub/deep/two.csv"), "two, and more").unwrap();
    fs::write(folder.join("sub/deep/other.txt"), "other").unwrap();
    // Round in circles.
    std::os::unix::fs::symlink("..", folder.join("sub/up")).unwrap();
}

/// Finds, marks, copies and goes there, in the left pane; the right one shows where copies go.
fn find_and_copy(mut terminal: Terminal, copies: &Path) {
    terminal.shows("sub");
    terminal.until("where copies go", |screen| screen.contains("empty"));
    terminal.keys("F");
    terminal.shows("Links are not followed");
    terminal.keys("*.csv");
    // Kind, size.
    terminal.keys("\t\tlarge");
    terminal.keys(key::ENTER);
    terminal.shows("A size is >10M");
    terminal.keys("\x15>1");
    terminal.keys(key::ENTER);
    terminal.shows("found: *.csv >1");
    terminal.shows("sub/deep/two.csv");
    terminal.shows("sub/one.csv");
    terminal.shows("2 entries");
    assert!(!terminal.text().contains("up/"), "a link was followed");
    // All of them, wherever they lie, go to the other pane's place.
    terminal.keys("*");
    terminal.shows("2 marked");
    terminal.keys(key::F5);
    terminal.shows("If taken");
    terminal.keys(key::ENTER);
    wait_until("the copies arrive", LONG, || {
        ["one.csv", "two.csv"].iter().all(|name| copies.join(name).exists())
    });
    assert_eq!(fs::read_to_string(copies.join("two.csv")).unwrap(), "two, and more");
    // Enter goes to where it lies.
    terminal.keys("g");
    terminal.keys(key::DOWN);
    terminal.keys(key::ENTER);
    terminal.shows("other.txt");
    terminal.hides("found:");
    // The way up leads back from a search.
    terminal.keys("F\x15nothing like it\r");
    terminal.shows("found: nothing like it");
    terminal.keys("h");
    terminal.shows("other.txt");
    terminal.keys("q");
}

#[test]
fn on_this_machine() {
    let client = crate::headless::no_server().write();
    let (from, copies) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    lay_out(from.path());
    let to = copies.path().to_string_lossy().into_owned();
    let terminal = Start::new(&client, from.path(), &[".", &to]).run();
    find_and_copy(terminal, copies.path());
}

#[test]
fn on_an_sftp_server() {
    let Some(sshd) = Sshd::options().start() else { return };
    let client: Client = sshd.client().known().write();
    let copies = tempfile::tempdir().unwrap();
    lay_out(&sshd.files());
    let terminal = Start::new(&client, copies.path(), &[&format!("{HOST}:"), "."]).run();
    find_and_copy(terminal, copies.path());
}

#[test]
fn on_an_ftp_server() {
    let Some(server) = FtpServer::options(Make::ProFtpd).start() else { return };
    let client = crate::headless::no_server().write();
    let copies = tempfile::tempdir().unwrap();
    lay_out(&server.files());
    let place = server.place();
    let terminal = Start::new(&client, copies.path(), &[&place, "."])
        .environment("WHARF_PASSWORD", PASSWORD)
        .run();
    find_and_copy(terminal, copies.path());
}
