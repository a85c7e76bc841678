//! With the server standing still in the middle of a copy, keys act at once and cancel works (FAULTS.md 19).

use std::{
    fs,
    time::{Duration, Instant},
};

use super::driver::{LONG, Start, key};
use crate::{
    servers::{client::HOST, relay::Relay, sshd::Sshd},
    support::wait_until,
};

/// What a key may take until the screen has changed.
const AT_ONCE: Duration = Duration::from_millis(50);

#[test]
fn keys_act_and_cancel_works_while_the_server_stands_still() {
    let Some(sshd) = Sshd::options().start() else { return };
    let relay = Relay::to(sshd.port());
    let here = tempfile::tempdir().unwrap();
    fs::write(here.path().join("apples.txt"), "apples").unwrap();
    fs::write(sshd.files().join("large"), vec![7; 20_000_000]).unwrap();
    let client = sshd.client().port(relay.port()).known().write();
    let remote = format!("{HOST}:");
    let mut terminal = Start::new(&client, here.path(), &[&remote, "."]).run();
    terminal.shows("large");
    relay.down().rate(4_000_000);
    let before = relay.down().passed();
    terminal.keys(key::DOWN);
    terminal.keys(key::F5);
    terminal.shows("If taken");
    terminal.keys(key::ENTER);
    wait_until("it is under way", LONG, || relay.down().passed() > before + 2_000_000);
    let paused = sshd.pause_sftp();
    relay.down().rate(0);

    // Each key's reaction, the best of a few: the machine may be busy with other tests.
    let mut best = |keys: &str, shown: fn(&str) -> bool, back: &str, gone: fn(&str) -> bool| {
        let mut reactions = Vec::new();
        for _ in 0..5 {
            reactions.push(terminal.reaction(keys, shown));
            terminal.reaction(back, gone);
        }
        reactions.into_iter().min().unwrap()
    };
    let help: fn(&str) -> bool = |screen| screen.contains("make a directory");
    let no_help: fn(&str) -> bool = |screen| !screen.contains("make a directory");
    let queue: fn(&str) -> bool = |screen| screen.contains("Queue");
    let no_queue: fn(&str) -> bool = |screen| !screen.contains("Queue");
    for (keys, shown, back, gone) in
        [("?", help, key::ESCAPE, no_help), ("w", queue, key::ESCAPE, no_queue)]
    {
        let took = best(keys, shown, back, gone);
        assert!(took < AT_ONCE, "{keys} took {took:?}");
    }

    // A listing that waits for the stopped server holds nobody up either.
    terminal.keys("r");
    terminal.keys("w");
    terminal.shows("Queue");
    let start = Instant::now();
    terminal.keys("x");
    terminal.shows("Cancel this job");
    terminal.keys("y");
    terminal.until("it is cancelled", |screen| screen.contains("cancelled"));
    assert!(start.elapsed() < Duration::from_secs(1), "{:?}", start.elapsed());
    let names = || {
        let entries = fs::read_dir(here.path()).unwrap();
        entries.map(|entry| entry.unwrap().file_name()).collect::<Vec<_>>()
    };
    wait_until("the part is gone", LONG, || names() == ["apples.txt"]);

    let start = Instant::now();
    terminal.keys("q");
    assert_eq!(terminal.ended().exit_code(), 0);
    assert!(start.elapsed() < Duration::from_secs(3), "{:?}", start.elapsed());
    terminal.is_restored();
    drop(paused);
}
