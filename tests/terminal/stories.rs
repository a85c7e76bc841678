//! What people do on a day: log in with a locked key, meet a changed host key, answer later, leave and come back, all
//! told beside the screen as well.

use std::fs;

use super::driver::{LONG, Start, key};
use crate::{
    servers::{
        client::HOST,
        ftp_server::{FtpServer, Make, PASSWORD},
        relay::Relay,
        sshd::{KeyType, Sshd, generate_key},
    },
    support::wait_until,
};

#[test]
fn a_locked_key_is_unlocked_unseen() {
    let Some(sshd) = Sshd::options().start() else { return };
    let secret = "open sesame 0815";
    let locked = sshd.add_key("locked", KeyType::Ed25519, secret);
    let client = sshd.client().identities(&[locked]).known().write();
    fs::write(sshd.files().join("behind-a-key.txt"), "x").unwrap();
    let here = tempfile::tempdir().unwrap();
    let mut terminal = Start::new(&client, here.path(), &[".", &format!("{HOST}:")]).run();
    terminal.shows("Passphrase of a key");
    terminal.keys("wrong\r");
    terminal.shows("This passphrase does not open the key");
    terminal.keys(secret);
    terminal.keys(key::ENTER);
    terminal.shows("behind-a-key.txt");
    terminal.keys("q");
    assert_eq!(terminal.ended().exit_code(), 0);
    terminal.is_restored();
    assert!(!String::from_utf8_lossy(&terminal.output()).contains(secret));
}

#[test]
fn a_changed_host_key_is_the_end_of_it_and_is_explained() {
    let Some(sshd) = Sshd::options().start() else { return };
    let folder = tempfile::tempdir().unwrap();
    let stranger = folder.path().join("stranger");
    generate_key(&stranger, KeyType::Ed25519, "");
    let line = fs::read_to_string(stranger.with_extension("pub")).unwrap();
    let line = line.split_whitespace().take(2).collect::<Vec<_>>().join(" ");
    let client = sshd.client().knows(&[line]).write();
    fs::write(sshd.files().join("never-seen.txt"), "x").unwrap();
    let before = fs::read_to_string(client.known_hosts()).unwrap();
    let here = tempfile::tempdir().unwrap();
    let mut terminal = Start::new(&client, here.path(), &[".", &format!("{HOST}:")]).run();
    terminal.shows("CHANGED");
    terminal.keys(key::ESCAPE);
    // There is no key that lets it in.
    terminal.keys("\ty\r");
    terminal.keys("r");
    terminal.shows("CHANGED");
    assert!(!terminal.text().contains("never-seen.txt"));
    assert_eq!(fs::read_to_string(client.known_hosts()).unwrap(), before);
    assert!(!sshd.log().contains("Accepted"));
}

#[test]
fn a_conflict_is_answered_later_and_all_is_told_beside_the_screen() {
    let Some(sshd) = Sshd::options().start() else { return };
    let client = sshd.client().known().write();
    let settings = "[screen]\nbell = true\nnotify = \"osc9\"\ntaskbar = true\n";
    fs::write(client.config_dir().join("config.toml"), settings).unwrap();
    let here = tempfile::tempdir().unwrap();
    for name in ["apples.txt", "pears.txt"] {
        fs::write(here.path().join(name), format!("new {name}")).unwrap();
    }
    fs::write(sshd.files().join("apples.txt"), "old").unwrap();
    let mut terminal = Start::new(&client, here.path(), &[".", &format!("{HOST}:")]).run();
    terminal.until("both places", |screen| screen.matches("apples.txt").count() == 2);
    terminal.shows("pears.txt");
    terminal.keys("j  ");
    terminal.shows("2 marked");
    terminal.keys("c");
    terminal.shows("If taken");
    terminal.keys(key::ENTER);
    terminal.shows("The name is taken");
    terminal.keys(key::ESCAPE);
    terminal.hides("The name is taken");
    terminal.keys("w");
    terminal.shows("Needs you");
    terminal.shows("apples.txt is taken in ");
    // The other one has not waited for it.
    wait_until("the other one arrives", LONG, || sshd.files().join("pears.txt").exists());
    assert_eq!(fs::read(sshd.files().join("apples.txt")).unwrap(), b"old");
    // The taskbar tells that it is held, once nothing else is under way.
    let told = |sequence: &str| {
        let output = terminal.output();
        output.windows(sequence.len()).any(|here| here == sequence.as_bytes())
    };
    wait_until("the taskbar tells it", LONG, || told("\x1b]9;4;4;"));
    terminal.keys("j\r");
    terminal.shows("The name is taken");
    terminal.keys("o\r");
    terminal.shows("2 hash");
    terminal.shows("all done");
    assert_eq!(fs::read(sshd.files().join("apples.txt")).unwrap(), b"new apples.txt");
    terminal.keys("q");
    assert_eq!(terminal.ended().exit_code(), 0);
    let output = String::from_utf8_lossy(&terminal.output()).into_owned();
    // What the taskbar shows is taken away at the end.
    assert!(output.contains("\x1b]9;4;0"), "taken away");
    let told = output.find("\x1b]9;Done: copy 2 entries").expect("the desktop is told");
    let after = output[told..].split_once("\x1b\\").map(|(_, after)| after);
    assert!(after.is_some_and(|after| after.starts_with('\x07')), "and the bell rings");
    let title = |text: &str| output.contains(&format!("\x1b]0;{text}"));
    assert!(title(&here.path().display().to_string()), "the title tells both places");
}

#[test]
fn one_leaves_in_the_middle_and_goes_on_the_next_time() {
    const SIZE: usize = 16 << 20;
    let Some(sshd) = Sshd::options().start() else { return };
    let relay = Relay::to(sshd.port());
    let client = sshd.client().port(relay.port()).known().write();
    let here = tempfile::tempdir().unwrap();
    let content: Vec<u8> = (0..SIZE).map(|at| (at * 11 + at / 509) as u8).collect();
    fs::write(here.path().join("up.bin"), &content).unwrap();
    let places = [".", &format!("{HOST}:")[..]];
    relay.up().rate(4_000_000);
    let mut terminal = Start::new(&client, here.path(), &places).run();
    terminal.shows("up.bin");
    terminal.shows("empty");
    terminal.keys("j");
    terminal.keys(key::F5);
    terminal.shows("If taken");
    terminal.keys(key::ENTER);
    terminal.hides("If taken");
    wait_until("some of it went", LONG, || relay.up().passed() > SIZE as u64 / 4);
    terminal.keys("q");
    terminal.shows("1 job has not ended.");
    terminal.keys("y");
    assert_eq!(terminal.ended().exit_code(), 0);
    terminal.is_restored();
    assert!(!sshd.files().join("up.bin").exists());

    relay.up().rate(u64::MAX);
    let mut terminal = Start::new(&client, here.path(), &places).run();
    terminal.shows("Interrupted jobs");
    terminal.keys("y");
    terminal.shows("1 hash");
    assert!(fs::read(sshd.files().join("up.bin")).unwrap() == content);
    terminal.keys("q");
    assert_eq!(terminal.ended().exit_code(), 0);
}

#[test]
fn an_ftp_server_is_a_place_like_any_other() {
    let Some(server) = FtpServer::options(Make::Vsftpd).start() else { return };
    let client = sshd_free_client();
    let here = tempfile::tempdir().unwrap();
    fs::write(here.path().join("apples.txt"), "apples").unwrap();
    fs::write(server.files().join("already-there.txt"), "there").unwrap();
    let place = server.place();
    let mut terminal = Start::new(&client, here.path(), &[".", &place]).run();
    if server.user() != "anonymous" {
        terminal.shows("Password");
        terminal.keys(PASSWORD);
        terminal.keys(key::ENTER);
    }
    terminal.shows("already-there.txt");
    terminal.shows("not encrypted");
    terminal.keys("j");
    terminal.keys(key::F5);
    terminal.shows("If taken");
    terminal.keys(key::ENTER);
    terminal.keys("w");
    terminal.shows("1 size");
    terminal.shows("all done");
    assert_eq!(fs::read(server.files().join("apples.txt")).unwrap(), b"apples");
    terminal.keys("q");
    assert_eq!(terminal.ended().exit_code(), 0);
    terminal.is_restored();
    assert!(!String::from_utf8_lossy(&terminal.output()).contains(PASSWORD));
}

/// A client of no ssh server.
fn sshd_free_client() -> crate::servers::client::Client {
    crate::servers::client::ClientOptions::new(9, "anna".into(), "/nonexistent".into(), Vec::new())
        .write()
}
