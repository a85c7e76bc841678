//! The screen killed in the middle of a job, and what the next one offers.

use std::fs;

use super::driver::{LONG, Start, key};
use crate::{
    servers::{client::HOST, processes::Signal, relay::Relay, sshd::Sshd},
    support::wait_until,
};

const SIZE: usize = 48 << 20;

#[test]
fn after_a_kill_the_next_screen_goes_on() {
    let Some(sshd) = Sshd::options().start() else { return };
    let relay = Relay::to(sshd.port());
    let client = sshd.client().port(relay.port()).known().write();
    let here = tempfile::tempdir().unwrap();
    let content: Vec<u8> = (0..SIZE).map(|at| (at * 7 + at / 251) as u8).collect();
    fs::write(sshd.files().join("down.bin"), &content).unwrap();
    let places = [&format!("{HOST}:")[..], "."];
    relay.down().rate(12_000_000);

    let mut terminal = Start::new(&client, here.path(), &places).run();
    terminal.shows("down.bin");
    terminal.keys(key::DOWN);
    terminal.keys(key::F5);
    terminal.shows("If taken");
    terminal.keys(key::ENTER);
    terminal.hides("If taken");
    let before = relay.down().passed();
    wait_until("half of it came", LONG, || relay.down().passed() - before > SIZE as u64 / 2);
    terminal.signal(Signal::KILL);
    terminal.ended();
    assert!(!here.path().join("down.bin").exists());

    relay.down().rate(u64::MAX);
    let mut terminal = Start::new(&client, here.path(), &places).run();
    terminal.shows("Interrupted jobs");
    terminal.shows("copy down.bin");
    terminal.keys("y");
    terminal.hides("Interrupted jobs");
    terminal.shows("1 hash");
    assert!(fs::read(here.path().join("down.bin")).unwrap() == content);
    terminal.keys("q");
    assert_eq!(terminal.ended().exit_code(), 0);
    terminal.is_restored();

    let terminal = Start::new(&client, here.path(), &places).run();
    terminal.shows("down.bin");
    terminal.hides("Interrupted jobs");
}
