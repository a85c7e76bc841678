//! What a person does: connect, accept the host key, mark, copy, see it verified, leave.

use std::fs;

use tempfile::TempDir;

use super::driver::{Start, Terminal, key};
use crate::servers::{
    client::{Client, HOST},
    sshd::{KeyType, Sshd},
};

struct Scene {
    sshd: Sshd,
    client: Client,
    here: TempDir,
}

fn scene() -> Option<Scene> {
    let sshd = Sshd::options().start()?;
    let here = tempfile::tempdir().unwrap();
    fs::write(here.path().join("apples.txt"), "apples").unwrap();
    fs::create_dir(here.path().join("pears")).unwrap();
    fs::write(here.path().join("pears/conference.txt"), "pears").unwrap();
    fs::write(sshd.files().join("already-there.txt"), "there").unwrap();
    let client = sshd.client().write();
    Some(Scene { sshd, client, here })
}

impl Scene {
    fn open(&self, places: &[&str]) -> Terminal {
        Start::new(&self.client, self.here.path(), places).run()
    }
}

#[test]
fn from_an_unknown_host_to_a_verified_copy_and_out() {
    let Some(scene) = scene() else { return };
    let remote = format!("{HOST}:");
    let mut terminal = scene.open(&[".", &remote]);
    terminal.shows("Unknown host key");
    terminal.shows(&scene.sshd.fingerprint(KeyType::Ed25519));
    assert_eq!(fs::read_to_string(scene.client.known_hosts()).unwrap(), "");
    terminal.keys("y\r");
    terminal.shows("already-there.txt");
    let known = fs::read_to_string(scene.client.known_hosts()).unwrap();
    assert!(known.contains(&scene.sshd.host_key(KeyType::Ed25519)), "{known}");

    // Both entries are marked: the directory comes first.
    terminal.keys(key::DOWN);
    terminal.keys(key::INSERT);
    terminal.keys(" ");
    terminal.shows("2 marked");
    terminal.keys(key::F5);
    terminal.shows("If taken");
    terminal.shows(HOST);
    terminal.keys(key::ENTER);
    terminal.hides("If taken");
    // The panes are there while it crosses, and show what has arrived.
    terminal.shows("already-there.txt");
    terminal.keys("w");
    terminal.shows("Queue");
    terminal.shows("✓");
    terminal.shows("2 hash");
    terminal.shows("all done");
    terminal.keys(key::ENTER);
    terminal.shows("conference.txt");
    terminal.keys(key::ESCAPE);
    terminal.hides("conference.txt");
    terminal.keys(key::ESCAPE);
    terminal.shows("already-there.txt");
    assert_eq!(fs::read(scene.sshd.files().join("apples.txt")).unwrap(), b"apples");
    assert_eq!(fs::read(scene.sshd.files().join("pears/conference.txt")).unwrap(), b"pears");

    terminal.keys(key::F10);
    assert_eq!(terminal.ended().exit_code(), 0);
    terminal.is_restored();
}

#[test]
fn back_from_the_server_with_the_known_key() {
    let Some(mut scene) = scene() else { return };
    scene.client = scene.sshd.client().known().write();
    let remote = format!("{HOST}:");
    let mut terminal = scene.open(&[&remote, "."]);
    terminal.shows("already-there.txt");
    terminal.shows("apples.txt");
    terminal.keys(key::DOWN);
    terminal.keys(key::F5);
    terminal.shows("If taken");
    terminal.keys(key::ENTER);
    terminal.keys("w");
    terminal.shows("1 hash");
    assert_eq!(fs::read(scene.here.path().join("already-there.txt")).unwrap(), b"there");
    // A job ends a moment after its last file, and until then leaving asks first.
    terminal.shows("all done");
    terminal.keys("q");
    assert_eq!(terminal.ended().exit_code(), 0);
    terminal.is_restored();
}

#[test]
fn the_answer_to_an_unknown_host_is_no_unless_it_is_given() {
    let Some(scene) = scene() else { return };
    let remote = format!("{HOST}:");
    let mut terminal = scene.open(&[".", &remote]);
    terminal.shows("Unknown host key");
    terminal.keys(key::ENTER);
    terminal.hides("Unknown host key");
    terminal.shows("not accepted");
    assert_eq!(fs::read_to_string(scene.client.known_hosts()).unwrap(), "");
    assert!(!scene.sshd.log().contains("Accepted"));
    // The screen lives on.
    terminal.keys("?");
    terminal.shows("copy to the other pane");
}

#[test]
fn alone_it_offers_where_to_go_and_offers_it_again() {
    let Some(scene) = scene() else { return };
    let mut terminal = scene.open(&[]);
    terminal.shows("Just the two panes");
    terminal.keys("o");
    terminal.shows("Open in the");
    terminal.keys(&format!("{HOST}:\r"));
    terminal.shows("Unknown host key");
    terminal.keys("y\r");
    terminal.shows("already-there.txt");
    terminal.shows("apples.txt");
    // Saved under a name, it is offered by it, and opened by it.
    terminal.keys("\x04");
    terminal.shows("Save this place as a site");
    terminal.keys("\x15pier 12\r");
    terminal.shows("Saved the site pier 12.");
    terminal.keys("q");
    assert_eq!(terminal.ended().exit_code(), 0);
    let mut terminal = scene.open(&[]);
    terminal.shows("Opened lately");
    terminal.shows("pier 12");
    terminal.keys("b");
    terminal.shows("opens in the right pane");
    terminal.keys("q");
    terminal.ended();
    let mut terminal = scene.open(&["pier 12"]);
    terminal.shows("already-there.txt");
    terminal.shows("apples.txt");
    terminal.keys("q");
    terminal.ended();
    terminal.is_restored();
}

#[test]
fn a_password_is_typed_unseen() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("behind-a-password.txt"), "x").unwrap();
    let secret = "open sesame 4711";
    let options = crate::servers::embedded::Options::directory(folder.path(), secret);
    let server = crate::servers::embedded::EmbeddedServer::start(options).unwrap();
    let line = server.known_hosts_line().unwrap();
    let key_line = line.trim().split_once(' ').unwrap().1.to_owned();
    let client = crate::servers::client::ClientOptions::new(
        server.port(),
        "anna".into(),
        "/nonexistent".into(),
        vec![key_line],
    )
    .known()
    .write();
    let place = format!("{HOST}:{}", folder.path().display());
    let here = tempfile::tempdir().unwrap();
    let mut terminal = Start::new(&client, here.path(), &[".", &place]).run();
    terminal.shows("Password");
    terminal.keys("wrong\r");
    terminal.until("asked again", |screen| {
        screen.contains("Password")
            && (screen.contains("not accepted")
                || screen.contains("denied")
                || screen.contains("refused"))
    });
    terminal.keys(secret);
    terminal.keys(key::ENTER);
    terminal.shows("behind-a-password.txt");
    terminal.keys("q");
    terminal.ended();
    terminal.is_restored();
    // It went nowhere but to the server.
    assert!(!String::from_utf8_lossy(&terminal.output()).contains(secret));
    for folder in [client.folder(), here.path()] {
        holds_nowhere(folder, secret);
    }
}

/// No file below the folder holds the text.
fn holds_nowhere(folder: &std::path::Path, text: &str) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            holds_nowhere(&path, text);
        } else {
            let bytes = fs::read(&path).unwrap_or_default();
            assert!(!String::from_utf8_lossy(&bytes).contains(text), "{}", path.display());
        }
    }
}
