//! Through two other hosts in the real terminal: each shows its key, a copy crosses, a shell begins without a further
//! question.

use std::fs;

use super::driver::{LONG, Start, key};
use crate::{
    servers::{
        client::HOST,
        sshd::{KeyType, Sshd},
    },
    support::wait_until,
};

#[test]
fn each_host_on_the_way_is_asked_about_and_the_goal_is_a_place_like_any_other() {
    let (Some(goal), Some(outer), Some(inner)) =
        (Sshd::options().start(), Sshd::options().start(), Sshd::options().start())
    else {
        return;
    };
    let client = goal.client().line("ProxyJump outer,inner").write();
    client.add_host("outer", &outer);
    client.add_host("inner", &inner);
    let here = tempfile::tempdir().unwrap();
    fs::write(here.path().join("apples.txt"), "apples").unwrap();
    let mut terminal = Start::new(&client, here.path(), &[".", &format!("{HOST}:")]).run();
    for sshd in [&outer, &inner, &goal] {
        terminal.shows("Unknown host key");
        let fingerprint = sshd.fingerprint(KeyType::Ed25519);
        terminal.shows(&fingerprint);
        terminal.keys("y\r");
        terminal.hides(&fingerprint);
    }
    terminal.shows("empty");
    terminal.keys(key::DOWN);
    terminal.keys(key::F5);
    terminal.shows("If taken");
    terminal.keys(key::ENTER);
    terminal.shows("1 hash");
    assert_eq!(fs::read(goal.files().join("apples.txt")).unwrap(), b"apples");
    terminal.keys("\t$");
    terminal.shows("exit leads back to Wharf");
    terminal.keys("echo made >there; exit\r");
    wait_until("the screen is back", LONG, || terminal.has_screen());
    terminal.shows("there");
    assert_eq!(fs::read(goal.files().join("there")).unwrap(), b"made\n");
    terminal.keys("q");
    assert_eq!(terminal.ended().exit_code(), 0);
    for sshd in [&outer, &inner] {
        let log = sshd.log();
        assert!(log.contains("Accepted publickey"), "{log}");
    }
}
