//! `wharf ls`: names for people and for pipes, objects for scripts.

use std::fs;

use super::run;
use crate::servers::{client::HOST, sshd::Sshd};

#[test]
fn names_sorted_hidden_ones_left_out() {
    let Some(sshd) = Sshd::options().start() else { return };
    let client = sshd.client().known().write();
    for name in ["b", "a", ".hidden"] {
        fs::write(sshd.files().join(name), "x").unwrap();
    }
    fs::create_dir(sshd.files().join("c")).unwrap();
    let here = tempfile::tempdir().unwrap();
    let place = format!("{HOST}:");
    let said = run(&client, here.path(), &["ls", &place]);
    assert_eq!((said.status, &said.output[..]), (0, "a\nb\nc\n"), "{said:?}");
    let said = run(&client, here.path(), &["ls", "-l", &place]);
    assert!(said.output.lines().nth(2).unwrap().starts_with('d'), "{said:?}");

    let said = run(&client, here.path(), &["ls", "--json", &place]);
    let objects = said.objects();
    assert_eq!(objects.len(), 4, "{said:?}");
    assert!(objects.iter().any(|row| row["name"] == "c" && row["kind"] == "directory"));
    assert!(objects.iter().any(|row| row["name"] == "a" && row["size"] == 1));
}

#[test]
fn a_place_of_a_url_and_a_local_one() {
    let Some(sshd) = Sshd::options().start() else { return };
    let client = sshd.client().known().write();
    fs::write(sshd.files().join("a"), "x").unwrap();
    let here = tempfile::tempdir().unwrap();
    for place in [
        format!("sftp://{HOST}{}", sshd.files().display()),
        format!("sftp://{HOST}/~/"),
        sshd.files().display().to_string(),
    ] {
        let said = run(&client, here.path(), &["ls", &place]);
        assert_eq!((said.status, &said.output[..]), (0, "a\n"), "{place}: {said:?}");
    }
}

#[test]
fn a_place_that_is_not_there() {
    let Some(sshd) = Sshd::options().start() else { return };
    let client = sshd.client().known().write();
    let here = tempfile::tempdir().unwrap();
    for place in [format!("{HOST}:nowhere"), "nowhere".to_owned()] {
        let said = run(&client, here.path(), &["ls", &place]);
        assert_eq!(said.status, 1, "{said:?}");
        said.complains("nowhere");
    }
}
