//! Every way not to get there, as a script sees it: one clear line, and the exit status that tells which
//! (FAULTS.md 26, 31, 32, 37, 38).

use std::{fs, os::unix::fs::PermissionsExt, path::Path};

use super::{Said, no_server, run, wharf};
use crate::{
    servers::{
        client::{Client, ClientOptions, HOST},
        embedded::{EmbeddedServer, Options},
        sshd::{Account, KeyType, Sshd},
    },
    support::wait_until,
};

/// Both commands must fail alike, with the status and in the words.
#[track_caller]
fn both_fail(client: &Client, status: i32, words: &[&str]) {
    let here = tempfile::tempdir().unwrap();
    fs::write(here.path().join("a"), "x").unwrap();
    let place = format!("{HOST}:");
    for command in [&["ls", &place][..], &["cp", "a", &place], &["cp", &format!("{HOST}:a"), "b"]] {
        let said = run(client, here.path(), command);
        assert_eq!(said.status, status, "{command:?}: {said:?}");
        for word in words {
            said.complains(word);
        }
    }
    assert_eq!(fs::read_dir(here.path()).unwrap().count(), 1);
}

#[test]
fn a_closed_port() {
    both_fail(&no_server().write(), 3, &["Could not connect to files.example", "refused"]);
}

#[test]
fn what_stops_many_files_is_said_once() {
    let here = tempfile::tempdir().unwrap();
    for name in ["a", "b", "c"] {
        fs::write(here.path().join(name), "x").unwrap();
    }
    let place = format!("{HOST}:");
    let said = run(&no_server().write(), here.path(), &["cp", "a", "b", "c", &place]);
    assert_eq!((said.status, said.errors.matches("refused").count()), (3, 1), "{said:?}");
}

#[test]
fn a_host_that_is_not_there() {
    both_fail(&no_server().line("HostName nowhere.invalid").write(), 3, &["nowhere.invalid"]);
}

#[test]
fn an_unknown_host_key_without_a_terminal() {
    let Some(sshd) = Sshd::options().start() else { return };
    let client = sshd.client().write();
    both_fail(&client, 3, &["host key", &sshd.fingerprint(KeyType::Ed25519)]);
    assert_eq!(fs::read_to_string(client.known_hosts()).unwrap(), "");
    assert!(!sshd.log().contains("Accepted"));
}

#[test]
fn a_changed_host_key() {
    let Some(sshd) = Sshd::options().start() else { return };
    let client = sshd.client().known().write();
    sshd.change_host_key(KeyType::Ed25519);
    both_fail(&client, 3, &["CHANGED", "known_hosts"]);
    assert!(!sshd.log().contains("Accepted"));
}

/// A server that knows one password.
fn with_password(password: &str) -> (EmbeddedServer, Client, tempfile::TempDir) {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("a"), "x").unwrap();
    let server = EmbeddedServer::start(Options::directory(folder.path(), password)).unwrap();
    let line = server.known_hosts_line().unwrap();
    let key = line.trim().split_once(' ').unwrap().1.to_owned();
    let client = ClientOptions::new(server.port(), "anna".into(), "/nonexistent".into(), vec![key]);
    (server, client.known().write(), folder)
}

#[test]
fn a_password_that_is_wrong_or_missing() {
    let (_server, client, folder) = with_password("the right one");
    both_fail(&client, 3, &["password"]);
    let place = format!("{HOST}:{}", folder.path().display());
    let with = |password: &str| {
        let mut command = wharf(&client, Path::new("/"), &["ls", &place]);
        Said::of(command.env("WHARF_PASSWORD", password).output().unwrap())
    };
    let wrong = with("a wrong one");
    assert_eq!(wrong.status, 3, "{wrong:?}");
    assert!(!wrong.errors.contains("a wrong one"), "{wrong:?}");
    let right = with("the right one");
    assert_eq!((right.status, &right.output[..]), (0, "a\n"), "{right:?}");
}

#[test]
fn a_password_is_in_no_file_and_in_no_childs_environment() {
    let canary = "canary-8c6d1e07";
    let (_server, client, folder) = with_password(canary);
    let place = format!("{HOST}:{}", folder.path().display());
    // `ssh -G` is asked for the configuration: something in its place tells what it was given.
    let spy = tempfile::tempdir().unwrap();
    let real = crate::servers::programs::find("ssh");
    let told = spy.path().join("told");
    let go_on = real.map_or("exit 1".into(), |ssh| format!("exec {} \"$@\"", ssh.display()));
    let script = format!("#!/bin/sh\n(env; echo \"$@\") >> {}\n{go_on}\n", told.display());
    fs::write(spy.path().join("ssh"), script).unwrap();
    fs::set_permissions(spy.path().join("ssh"), fs::Permissions::from_mode(0o755)).unwrap();
    let path = format!("{}:{}", spy.path().display(), std::env::var("PATH").unwrap());
    let mut command = wharf(&client, Path::new("/"), &["ls", &place]);
    let said = Said::of(command.env("WHARF_PASSWORD", canary).env("PATH", path).output().unwrap());
    assert_eq!(said.status, 0, "{said:?}");
    let told = fs::read_to_string(told).unwrap_or_default();
    assert!(told.contains("-G"), "ssh was not asked, so this shows nothing: {told}");
    assert!(!told.contains(canary), "{told}");
    let place = format!("{HOST}:{}", folder.path().join("a").display());
    let here = tempfile::tempdir().unwrap();
    let mut command = wharf(&client, here.path(), &["cp", &place, "b"]);
    let said = Said::of(command.env("WHARF_PASSWORD", canary).output().unwrap());
    assert_eq!(said.status, 0, "{said:?}");
    assert!(client.state_dir().join("journal.sqlite").exists(), "the journal is looked at as well");
    let mut open = vec![client.folder().to_path_buf()];
    while let Some(folder) = open.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                open.push(path);
            } else {
                let content = fs::read(&path).unwrap();
                assert!(!String::from_utf8_lossy(&content).contains(canary), "{}", path.display());
            }
        }
    }
}

#[test]
fn no_permission() {
    let Some(sshd) = Sshd::options().account(Account::Ordinary).start() else { return };
    let client = sshd.client().known().write();
    let here = tempfile::tempdir().unwrap();
    fs::write(here.path().join("a"), "x").unwrap();
    fs::create_dir(sshd.files().join("locked")).unwrap();
    fs::set_permissions(sshd.files().join("locked"), fs::Permissions::from_mode(0o000)).unwrap();
    let place = format!("{HOST}:locked/");
    for words in [&["ls", &place][..], &["cp", "a", &place]] {
        let said = run(&client, here.path(), words);
        assert_eq!(said.status, 1, "{said:?}");
        said.complains("permission denied");
        said.complains("locked");
    }
    fs::set_permissions(sshd.files().join("locked"), fs::Permissions::from_mode(0o755)).unwrap();
}

#[test]
fn places_and_options_that_make_no_sense() {
    let client = no_server().write();
    let here = tempfile::tempdir().unwrap();
    let flag = here.path().join("flag");
    let evil = format!("-oProxyCommand=touch {}:x", flag.display());
    for words in [
        &["cp", "a"][..],
        &["cp"],
        &["ls", "gopher://x/"],
        &["ls", "sftp://anna:secret@files.example/"],
        &["ls", "--", &evil],
        &["ls", "$(touch flag)@files.example:"],
        &["ls", "files example:x\x1b[2J"],
        &["ls", "--no-such-option", "x"],
        &["ls", "sftp://files.example:99999/"],
        &["cp", "--verify", "perhaps", "a", "b"],
    ] {
        let said = run(&client, here.path(), words);
        assert!([1, 2].contains(&said.status), "{words:?}: {said:?}");
        assert!(!said.errors.is_empty() && said.output.is_empty(), "{words:?}: {said:?}");
        assert!(!said.errors.contains("secret") && !said.errors.contains('\x1b'), "{said:?}");
    }
    assert!(!flag.exists());
}

#[test]
fn a_server_that_greets_and_falls_silent() {
    let listener = std::net::TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    let client = no_server().port(port).line("ConnectTimeout 2").write();
    let start = std::time::Instant::now();
    let held = std::thread::spawn(move || listener.accept());
    let here = tempfile::tempdir().unwrap();
    let mut child = wharf(&client, here.path(), &["ls", &format!("{HOST}:")])
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    wait_until("it gives up", std::time::Duration::from_secs(30), || {
        child.try_wait().unwrap().is_some()
    });
    let said = Said::of(child.wait_with_output().unwrap());
    assert_eq!(said.status, 3, "after {:?}: {said:?}", start.elapsed());
    said.complains("Could not connect to files.example");
    drop(held.join());
}
