//! The trash in the real terminal: this machine's own, beside on a real server where that is set, and past it.

use std::{
    fs,
    os::unix::fs::{MetadataExt as _, chown},
    path::Path,
};

use super::driver::{Start, key};
use crate::servers::{
    client::{Client, HOST},
    ftp_server::{FtpServer, Make, PASSWORD},
    sshd::Sshd,
};

/// A text that lives as long as the test.
fn kept(path: &Path) -> &'static str {
    Box::leak(path.to_str().unwrap().to_owned().into_boxed_str())
}

fn takes_everywhere(client: &Client) {
    fs::write(client.config_dir().join("config.toml"), "[delete]\ntrash = \"everywhere\"\n")
        .unwrap();
}

#[test]
fn what_is_removed_here_is_moved_back_or_deleted_for_good() {
    let client = crate::headless::no_server().write();
    let here = tempfile::tempdir().unwrap();
    let data = tempfile::tempdir().unwrap();
    for name in ["; touch x", "other"] {
        fs::write(here.path().join(name), name).unwrap();
    }
    let mut terminal = Start::new(&client, here.path(), &[".", "."])
        .environment("XDG_DATA_HOME", kept(data.path()))
        .run();
    terminal.until("the files", |screen| screen.matches("2 entries").count() == 2);
    terminal.keys(key::DOWN);
    terminal.keys("d");
    terminal.shows("Into the trash");
    terminal.keys("\r");
    terminal.shows("Done: put ; touch x into the trash");
    let files = data.path().join("Trash/files");
    assert_eq!(fs::read_to_string(files.join("; touch x")).unwrap(), "; touch x");
    assert!(data.path().join("Trash/info/; touch x.trashinfo").exists());
    assert!(!here.path().join("; touch x").exists());
    assert!(!here.path().join(".local").exists(), "the home of the person is left alone");
    // Back by a plain move to the other pane.
    terminal.keys("T");
    terminal.shows("Trash/files");
    terminal.shows("; touch x");
    terminal.keys(key::DOWN);
    terminal.keys("m");
    terminal.shows("Move");
    terminal.keys("\r");
    terminal.shows("Done: move ; touch x");
    assert_eq!(fs::read_to_string(here.path().join("; touch x")).unwrap(), "; touch x");
    // What lies in the trash has no further one.
    fs::write(files.join("last"), "x").unwrap();
    terminal.keys("r");
    terminal.shows("last");
    terminal.keys("g");
    terminal.keys(key::DOWN);
    terminal.keys("d");
    terminal.shows("There is no way back");
    terminal.keys("y");
    terminal.shows("Done: delete last");
    assert!(!files.join("last").exists());
    assert!(!here.path().join("x").exists());
}

#[test]
fn past_the_trash() {
    let client = crate::headless::no_server().write();
    let here = tempfile::tempdir().unwrap();
    fs::write(here.path().join("file"), "x").unwrap();
    let data = tempfile::tempdir().unwrap();
    let mut terminal = Start::new(&client, here.path(), &[".", "."])
        .environment("XDG_DATA_HOME", kept(data.path()))
        .run();
    terminal.shows("1 entry");
    terminal.keys(key::DOWN);
    // Shift-F8, as xterm and its like send it.
    terminal.keys("\x1b[19;2~");
    terminal.shows("Delete on this machine");
    terminal.keys("y");
    terminal.shows("Done: delete file");
    assert!(!data.path().join("Trash").exists() && !here.path().join("file").exists());
}

#[test]
fn servers_have_one_beside_where_that_is_set() {
    let Some(sshd) = Sshd::options().start() else { return };
    let client = sshd.client().known().write();
    let here = tempfile::tempdir().unwrap();
    takes_everywhere(&client);
    fs::write(sshd.files().join("file"), "x").unwrap();
    let mut terminal = Start::new(&client, here.path(), &[&format!("{HOST}:"), "."]).run();
    terminal.shows("1 entry");
    terminal.keys("T");
    terminal.shows("Nothing of this folder is in a trash.");
    terminal.keys(key::DOWN);
    terminal.keys("d");
    terminal.shows("It goes into .Trash-wharf beside it");
    terminal.keys("\r");
    terminal.shows("Done: put file into the trash");
    assert_eq!(fs::read_to_string(sshd.files().join(".Trash-wharf/file")).unwrap(), "x");
    terminal.keys("T");
    terminal.shows("/.Trash-wharf");
    terminal.shows("1 entry");
}

#[test]
fn on_an_ftp_server_as_well() {
    let Some(server) = FtpServer::options(Make::ProFtpd).start() else { return };
    let client = crate::headless::no_server().write();
    let here = tempfile::tempdir().unwrap();
    takes_everywhere(&client);
    fs::create_dir(server.files().join("a b")).unwrap();
    fs::write(server.files().join("a b/$(touch x)"), "x").unwrap();
    let owner = server.files().metadata().unwrap();
    chown(server.files().join("a b"), Some(owner.uid()), Some(owner.gid())).unwrap();
    let place = server.place();
    let mut terminal = Start::new(&client, here.path(), &[&place, "."])
        .environment("WHARF_PASSWORD", PASSWORD)
        .run();
    terminal.shows("1 entry");
    terminal.keys(key::DOWN);
    terminal.keys("d");
    terminal.shows("It goes into .Trash-wharf beside it");
    terminal.keys("\r");
    terminal.shows("Done: put a b into the trash");
    let there = server.files().join(".Trash-wharf/a b/$(touch x)");
    assert_eq!(fs::read_to_string(there).unwrap(), "x");
}
