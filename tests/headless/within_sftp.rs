//! Copies within one SFTP server: made by the server itself where it can, checked and named as always.

use std::{fs, os::unix::fs::PermissionsExt as _};

use super::run;
use crate::servers::{
    client::HOST,
    relay::Relay,
    sshd::{Sftp, Sshd},
};

const SIZE: usize = 40 << 20;

#[test]
fn a_copy_within_a_server_does_not_cross_the_line() {
    let Some(sshd) = Sshd::options().start() else { return };
    let relay = Relay::to(sshd.port());
    let client = sshd.client().port(relay.port()).known().write();
    let here = tempfile::tempdir().unwrap();
    let content: Vec<u8> = (0..SIZE).map(|at| ((at * 31) >> 7) as u8).collect();
    fs::write(sshd.files().join("big"), &content).unwrap();
    fs::set_permissions(sshd.files().join("big"), fs::Permissions::from_mode(0o640)).unwrap();
    fs::write(sshd.files().join("empty"), "").unwrap();
    fs::create_dir(sshd.files().join("copies")).unwrap();
    fs::write(sshd.files().join("copies/big"), "what stood there").unwrap();
    let place = |name: &str| format!("{HOST}:{name}");
    let (big, empty, copies) = (place("big"), place("empty"), place("copies"));
    let words = ["cp", "--json", "--on-conflict", "overwrite", "--connections", "1"];
    let words = [&words[..], &[&big, &empty, &copies]].concat();
    let said = run(&client, here.path(), &words);
    assert_eq!(said.status, 0, "{said:?}");
    let files = said.events("file");
    assert!(files.iter().all(|file| file["verdict"] == "hash"), "both ends were hashed: {files:?}");
    let copy = sshd.files().join("copies/big");
    assert!(fs::read(&copy).unwrap() == content);
    assert_eq!(fs::read(sshd.files().join("copies/empty")).unwrap(), b"");
    assert_eq!(fs::metadata(&copy).unwrap().permissions().mode() & 0o777, 0o640);
    assert_eq!(fs::read_dir(sshd.files().join("copies")).unwrap().count(), 2, "no part is left");
    let crossed = relay.up().passed() + relay.down().passed();
    assert!(crossed < 1 << 20, "{crossed} bytes crossed the line");
}

#[test]
fn the_verdict_of_a_copy_within_a_server_says_no_more_than_was_checked() {
    let Some(sshd) = Sshd::options().sftp(Sftp::InternalOnly).start() else { return };
    let client = sshd.client().known().write();
    let here = tempfile::tempdir().unwrap();
    fs::write(sshd.files().join("a"), "content").unwrap();
    let place = |name: &str| format!("{HOST}:{name}");
    for (level, verdict) in [("auto", "size"), ("size", "size"), ("digest", "read-back")] {
        let words = ["cp", "--json", "--verify", level, &place("a"), &place(level)];
        let said = run(&client, here.path(), &words);
        assert_eq!(said.status, 0, "{said:?}");
        assert_eq!(said.events("file")[0]["verdict"], verdict, "{level}");
        assert_eq!(fs::read_to_string(sshd.files().join(level)).unwrap(), "content");
    }
}
