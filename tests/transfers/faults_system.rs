//! Full disks, missing permissions, refused keys and logins (FAULTS.md 25, 26, 31 to 33) on a real sshd.

use std::{
    fs,
    os::unix::fs::PermissionsExt,
    path::Path,
    sync::{Arc, Mutex},
};

use wharf::domain::{
    error::ErrorKind,
    question::{Answer, Question},
};

use super::crossing::{Crossing, LONG, content, files_below, is_a_sentence, local, remote};
use crate::servers::{
    client::ClientOptions,
    embedded::{EmbeddedServer, Options},
    relay::Relay,
    sshd::{Account, KeyType, Sftp, Sshd, free_port},
};

fn crossing(sshd: &Sshd) -> Crossing {
    Crossing::new(&sshd.client().known().write(), None)
}

/// Whether it is said that so many MiB are missing.
fn says_how_much(said: &str, expected: std::ops::Range<f64>) -> bool {
    let told = said.split("about ").nth(1).and_then(|rest| rest.split_once(" MiB more is needed"));
    told.and_then(|(much, _)| much.parse().ok()).is_some_and(|much: f64| expected.contains(&much))
}

#[test]
fn no_space_at_the_server() {
    let Some(sshd) = Sshd::options().small_disk(1 << 20).start() else { return };
    let here = tempfile::tempdir().unwrap();
    fs::write(here.path().join("big"), content(4 << 20)).unwrap();
    fs::write(sshd.files_inside().join("big"), "what stood there").unwrap();
    let mut crossing = crossing(&sshd);
    let job = crossing.copy(&local(&here.path().join("big")), &remote("."));
    let said = crossing.fails(job, LONG);
    assert!(said.contains("space") && says_how_much(&said, 3.0..4.0), "{said}");
    assert_eq!(files_below(&sshd.files_inside()), ["big"]);
    assert_eq!(fs::read(sshd.files_inside().join("big")).unwrap(), b"what stood there");
}

#[test]
fn no_permission_at_the_server() {
    let Some(sshd) = Sshd::options().account(Account::Ordinary).start() else { return };
    let here = tempfile::tempdir().unwrap();
    fs::write(here.path().join("a"), "x").unwrap();
    fs::create_dir(sshd.files().join("locked")).unwrap();
    fs::write(sshd.files().join("secret"), "x").unwrap();
    let nobody = |path: &str, mode: u32| {
        fs::set_permissions(sshd.files().join(path), fs::Permissions::from_mode(mode)).unwrap();
    };
    nobody("secret", 0o000);
    nobody("locked", 0o555);
    let mut crossing = crossing(&sshd);
    let job = crossing.copy(&local(&here.path().join("a")), &remote("locked"));
    let said = crossing.fails(job, LONG);
    assert!(said.contains("permission denied") && said.contains("locked"), "{said}");
    assert_eq!(files_below(&sshd.files().join("locked")), [""; 0]);

    let job = crossing.copy(&remote("secret"), &local(here.path()));
    let said = crossing.fails(job, LONG);
    assert!(said.contains("permission denied") && said.contains("secret"), "{said}");
    assert_eq!(files_below(here.path()), ["a"]);

    nobody("locked", 0o000);
    let error = crossing.list(&remote("locked")).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::PermissionDenied, "{error}");
    is_a_sentence(&error);
    nobody("locked", 0o755);
}

#[test]
fn a_server_to_read_from_only() {
    let Some(sshd) = Sshd::options().sftp(Sftp::ReadOnly).start() else { return };
    let here = tempfile::tempdir().unwrap();
    fs::write(here.path().join("a"), "x").unwrap();
    fs::write(sshd.files().join("b"), "y").unwrap();
    let mut crossing = crossing(&sshd);
    let job = crossing.copy(&local(&here.path().join("a")), &remote("."));
    let said = crossing.fails(job, LONG);
    assert!(said.contains("permission denied") || said.contains("read-only"), "{said}");
    let job = crossing.copy(&remote("b"), &local(here.path()));
    crossing.arrives(job, LONG);
    assert_eq!(files_below(&sshd.files()), ["b"]);
}

#[test]
fn a_server_for_files_alone_gives_the_verdict_size() {
    let Some(sshd) = Sshd::options().sftp(Sftp::InternalOnly).start() else { return };
    let here = tempfile::tempdir().unwrap();
    fs::write(here.path().join("a"), content(100_000)).unwrap();
    let mut crossing = crossing(&sshd);
    let job = crossing.copy(&local(&here.path().join("a")), &remote("."));
    let counts = crossing.arrives(job, LONG).counts;
    assert_eq!((counts.files, counts.size, counts.hash), (1, 1, 0));
    assert_eq!(fs::read(sshd.files().join("a")).unwrap(), content(100_000));
}

#[test]
fn a_server_with_few_sessions_is_enough() {
    let Some(sshd) = Sshd::options().line("MaxSessions 1").start() else { return };
    let here = tempfile::tempdir().unwrap();
    for number in 0..20 {
        fs::write(sshd.files().join(format!("{number}")), content(50_000 + number)).unwrap();
    }
    let mut crossing = crossing(&sshd);
    let job = crossing.copy(&remote("."), &local(&here.path().join("copy")));
    let counts = crossing.arrives(job, LONG).counts;
    assert_eq!(counts.files, 20);
}

#[test]
fn an_unknown_host_key_is_asked_about_with_its_fingerprint() {
    let Some(sshd) = Sshd::options().start() else { return };
    let client = sshd.client().write();
    let mut refusing = Crossing::new(&client, None);
    let error = refusing.list(&remote(".")).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::HostKeyRefused, "{error}");
    is_a_sentence(&error);
    let fingerprint = sshd.fingerprint(KeyType::Ed25519);
    match refusing.questions()[..] {
        [Question::HostKey { fingerprint: told, .. }] => assert_eq!(*told, fingerprint),
        ref other => panic!("{other:?}"),
    }
    assert_eq!(fs::read_to_string(client.known_hosts()).unwrap(), "");

    let mut accepting = Crossing::new(&client, None).answering(|_| Some(Answer::Yes));
    accepting.list(&remote(".")).unwrap();
    let known = fs::read_to_string(client.known_hosts()).unwrap();
    assert!(known.contains(&sshd.host_key(KeyType::Ed25519)), "{known}");

    let mut knowing = Crossing::new(&client, None);
    knowing.list(&remote(".")).unwrap();
    assert!(knowing.questions().is_empty());
}

#[test]
fn a_changed_or_revoked_host_key_is_refused_without_a_question() {
    let Some(sshd) = Sshd::options().start() else { return };
    let other = sshd.add_key("other", KeyType::Ed25519, "");
    let other = fs::read_to_string(other.with_extension("pub")).unwrap();
    let other = other.split_whitespace().take(2).collect::<Vec<_>>().join(" ");
    let changed = sshd.client().knows(&[other]).write();
    let revoked = sshd.client().write();
    let line = format!("@revoked * {}\n", sshd.host_key(KeyType::Ed25519));
    fs::write(revoked.known_hosts(), line).unwrap();
    for client in [changed, revoked] {
        let before = fs::read(client.known_hosts()).unwrap();
        let mut crossing = Crossing::new(&client, None).answering(|_| Some(Answer::Yes));
        let error = crossing.list(&remote(".")).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::HostKeyRefused, "{error}");
        is_a_sentence(&error);
        assert!(crossing.questions().is_empty());
        assert_eq!(fs::read(client.known_hosts()).unwrap(), before);
    }
    assert!(!sshd.log().contains("Accepted publickey"));
}

#[test]
fn a_host_known_by_another_type_of_key_is_no_attack() {
    let types = [KeyType::Ed25519, KeyType::Ecdsa, KeyType::Rsa];
    let Some(sshd) = Sshd::options().host_keys(&types).start() else { return };
    for key_type in types {
        let client = sshd.client().knows(&[sshd.host_key(key_type)]).write();
        let mut crossing = Crossing::new(&client, None);
        crossing.list(&remote(".")).unwrap();
        assert!(crossing.questions().is_empty());
    }
}

#[test]
fn a_key_that_changes_between_two_connections_ends_the_job() {
    let Some(sshd) = Sshd::options().start() else { return };
    let relay = Relay::to(sshd.port());
    let here = tempfile::tempdir().unwrap();
    fs::write(sshd.files().join("down"), content(6_000_000)).unwrap();
    let client = sshd.client().port(relay.port()).known().write();
    let mut crossing = Crossing::new(&client, None).answering(|_| Some(Answer::Yes));
    relay.down().rate(3_000_000);
    let job = crossing.copy(&remote("down"), &local(here.path()));
    crossing.carries(job, 1_000_000);
    sshd.change_host_key(KeyType::Ed25519);
    relay.cut();
    let said = crossing.fails(job, LONG);
    assert!(said.contains("key"), "{said}");
    assert!(crossing.questions().is_empty(), "{:?}", crossing.questions());
    assert_eq!(files_below(here.path()), [""; 0]);
}

#[test]
fn a_wrong_password_ends_in_words_and_is_not_tried_for_ever() {
    let folder = tempfile::tempdir().unwrap();
    let server = EmbeddedServer::start(Options::directory(folder.path(), "the right one")).unwrap();
    let line = server.known_hosts_line().unwrap();
    let key = line.trim().split_once(' ').unwrap().1.to_owned();
    let nothing = Path::new("/nonexistent").to_path_buf();
    let client = ClientOptions::new(server.port(), "anna".into(), nothing, vec![key]).known();
    let client = client.line("PreferredAuthentications password").write();

    let asked = Arc::new(Mutex::new(0));
    let count = asked.clone();
    let mut crossing = Crossing::new(&client, None).answering(move |question| {
        assert!(matches!(question, Question::Password { .. }), "{question:?}");
        *count.lock().unwrap() += 1;
        Some(Answer::Texts { texts: vec!["a wrong one".into()], keep: false })
    });
    let error = crossing.list(&remote(".")).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::LoginRefused, "{error}");
    is_a_sentence(&error);
    assert!((1..=3).contains(&*asked.lock().unwrap()));

    let mut right = Crossing::new(&client, Some("the right one"));
    right.list(&remote(folder.path().to_str().unwrap())).unwrap();
}

#[test]
fn a_closed_port_and_a_host_that_is_not_there() {
    let keys = Vec::new();
    let nothing = Path::new("/nonexistent").to_path_buf();
    let options = ClientOptions::new(free_port(), "anna".into(), nothing, keys);
    let mut closed = Crossing::new(&options.clone().write(), None);
    let error = closed.list(&remote(".")).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unreachable, "{error}");
    is_a_sentence(&error);

    let nowhere = options.line("HostName nowhere.invalid").write();
    let error = Crossing::new(&nowhere, None).list(&remote(".")).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::HostNotFound, "{error}");
    is_a_sentence(&error);

    // The same for a job.
    let here = tempfile::tempdir().unwrap();
    let job = closed.copy(&remote("a"), &local(here.path()));
    let said = closed.fails(job, LONG);
    assert!(said.contains("refused"), "{said}");
    assert_eq!(files_below(here.path()), [""; 0]);
}
