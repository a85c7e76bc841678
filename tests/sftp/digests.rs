//! Digests taken at OpenSSH's end: many at once, large ones beside small ones, and what is left when nobody waits.

use std::{fs, os::unix::fs::PermissionsExt, process::Command, time::Duration};

use futures_util::future::join_all;
use sha2::Digest as _;
use tokio::time::timeout;
use wharf::domain::digest::Sha256;

use super::*;
use crate::{
    servers::{
        relay::Relay,
        sshd::{self, Account, Sshd},
    },
    support::wait_until,
};

const SOON: Duration = Duration::from_secs(30);

fn digest_of(content: &[u8]) -> Sha256 {
    Sha256(sha2::Sha256::digest(content).into())
}

/// A file that no tool comes to the end of.
fn endless(sshd: &Sshd, name: &str) -> StoragePath {
    fs::File::create(sshd.files().join(name)).unwrap().set_len(1 << 42).unwrap();
    at(&sshd.files(), name)
}

/// How many programs on the server take digests, and how many processes there read a file of this name.
fn programs(sshd: &Sshd) -> usize {
    let command = |id: &u32| fs::read(format!("/proc/{id}/cmdline")).unwrap_or_default();
    let ours = |id: &u32| command(id).windows(12).any(|words| words == b"wharf-digest");
    sshd.sessions().iter().filter(|id| ours(id)).count()
}

fn readers(name: &str, sshd: &Sshd) -> usize {
    let path = sshd.files().join(name);
    let processes = fs::read_dir("/proc").into_iter().flatten().flatten();
    let reads = |process: &fs::DirEntry| {
        fs::read_link(process.path().join("fd/0")).is_ok_and(|file| file == path)
    };
    processes.filter(reads).count()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn digests_are_taken_there_for_names_of_every_kind() {
    let Some(sshd) = Sshd::options().start() else { return };
    let storage = connect(&sshd.client().known().write()).await;
    let storage = &*storage;
    let files = sshd.files();
    let abc = Sha256::from_hex("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")
        .unwrap();
    let names: Vec<String> =
        ["-rf", "; touch x", "$(touch x)", "a'b\"c", "back\\slash", " space ", "*"]
            .into_iter()
            .map(String::from)
            .chain((0..200).map(|n| format!("plain-{n}")))
            .collect();
    let take = |name: String| {
        fs::write(files.join(&name), b"abc").unwrap();
        let path = at(&files, &name);
        async move { assert_eq!(storage.digest(&path).await.unwrap(), abc, "{name}") }
    };
    timeout(SOON, join_all(names.into_iter().map(take))).await.unwrap();
    let kind_of = async |name: &str| storage.digest(&at(&files, name)).await.unwrap_err().kind();
    assert_eq!(kind_of("absent").await, ErrorKind::NotFound);
    assert_eq!(kind_of("line\nbreak").await, ErrorKind::Unsupported);
    assert_eq!(kind_of("").await, ErrorKind::IsADirectory);
    assert!(storage.capabilities().digests);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_without_a_shell_takes_no_digests_and_says_so_in_time() {
    for sftp in [sshd::Sftp::Internal, sshd::Sftp::InternalOnly] {
        let shell = sftp == sshd::Sftp::Internal;
        let Some(sshd) = Sshd::options().sftp(sftp).start() else { return };
        let storage = connect(&sshd.client().known().write()).await;
        fs::write(sshd.files().join("a"), b"abc").unwrap();
        let digest = timeout(SOON, storage.digest(&at(&sshd.files(), "a"))).await.unwrap();
        assert_eq!(digest.is_ok(), shell, "{digest:?}");
        assert_eq!(storage.capabilities().digests, shell);
        assert!(read_all(&*storage, &at(&sshd.files(), "a")).await.is_ok());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_cannot_be_hashed_spoils_no_other_answer() {
    let Some(sshd) = Sshd::options().account(Account::Ordinary).start() else { return };
    let storage = connect(&sshd.client().known().write()).await;
    let storage = &*storage;
    let files = sshd.files();
    fs::create_dir(files.join("folder")).unwrap();
    assert!(Command::new("mkfifo").arg(files.join("fifo")).status().unwrap().success());
    fs::write(files.join("secret"), b"secret").unwrap();
    fs::set_permissions(files.join("secret"), fs::Permissions::from_mode(0o000)).unwrap();
    let large = pattern(5 << 20);
    fs::write(files.join("large"), &large).unwrap();
    let one = |number: usize| {
        let name = match number % 10 {
            3 => "folder".into(),
            4 => "fifo".into(),
            5 => "secret".into(),
            6 => format!("absent {number}"),
            7 => "large".into(),
            8 => format!("back\\slash {number}"),
            _ => format!("plain {number}"),
        };
        let content = format!("content {number}");
        if matches!(number % 10, 0..=2 | 8..) {
            fs::write(files.join(&name), &content).unwrap();
        }
        let (path, large) = (at(&files, &name), digest_of(&large));
        async move {
            let digest = storage.digest(&path).await;
            let kind = digest.as_ref().err().map(Error::kind);
            match number % 10 {
                3 | 4 => assert_eq!(kind, Some(ErrorKind::IsADirectory), "{name}"),
                5 => assert_eq!(kind, Some(ErrorKind::PermissionDenied), "{name}"),
                6 => assert_eq!(kind, Some(ErrorKind::NotFound), "{name}"),
                7 => assert_eq!(digest.unwrap(), large, "{name}"),
                _ => assert_eq!(digest.unwrap(), digest_of(content.as_bytes()), "{name}"),
            }
        }
    };
    timeout(SOON, join_all((0..150).map(one))).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_digests_take_few_round_trips() {
    let Some(sshd) = Sshd::options().start() else { return };
    let relay = Relay::to(sshd.port());
    let storage = connect(&sshd.client().port(relay.port()).knows(&sshd.host_keys()).write()).await;
    let (storage, files) = (&*storage, sshd.files());
    let take = |number: usize| {
        let content = pattern(number);
        fs::write(files.join(format!("{number}")), &content).unwrap();
        let path = at(&files, &format!("{number}"));
        async move { assert_eq!(storage.digest(&path).await.unwrap(), digest_of(&content), "{number}") }
    };
    // The program is there.
    take(0).await;
    relay.delay(Duration::from_millis(250));
    // One after the other, or two, that would be minutes.
    let all = timeout(Duration::from_secs(15), join_all((1..=300).map(take))).await;
    assert!(all.is_ok(), "a round trip for each of them");
}

/// A file that vanishes between the look at it and the tool has no line, and all after it move up.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_tool_that_loses_a_file_mixes_up_no_digests() {
    let tools = tempfile::tempdir().unwrap();
    fs::set_permissions(tools.path(), fs::Permissions::from_mode(0o755)).unwrap();
    let tool = |name: &str, script: &str| {
        let path = tools.path().join(name);
        fs::write(&path, format!("#!/bin/sh\n{script}\n")).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    };
    let usual = "/usr/local/bin:/usr/bin:/bin";
    tool("sha256sum", &format!("[ $# -lt 2 ] || shift; PATH={usual}; exec sha256sum \"$@\""));
    // Passes the program's first look, and fails with what matters.
    let newline = digest_of(b"\n");
    tool("openssl", &format!("read -r line; [ -z \"$line\" ] || exit 1; echo {newline}"));
    let path = format!("SetEnv PATH={}:{usual}", tools.path().display());
    let Some(sshd) = Sshd::options().line(path).start() else { return };
    let storage = connect(&sshd.client().known().write()).await;
    let storage = &*storage;
    let files = sshd.files();
    let one = |number: usize| {
        let content = if number == 30 { pattern(5 << 20) } else { pattern(number) };
        let name = format!("{number}");
        fs::write(files.join(&name), &content).unwrap();
        let path = at(&files, &name);
        async move { assert_eq!(storage.digest(&path).await.unwrap(), digest_of(&content), "{name}") }
    };
    timeout(SOON, join_all((0..60).map(one))).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn large_files_hold_up_no_small_ones_and_end_with_who_asked() {
    let Some(sshd) = Sshd::options().start() else { return };
    let storage = connect(&sshd.client().known().write()).await;
    let files = sshd.files();
    fs::write(files.join("small"), b"small").unwrap();
    let ask = |path: StoragePath| {
        let storage = Arc::clone(&storage);
        tokio::spawn(async move { storage.digest(&path).await })
    };
    // More of them than there are hands.
    let names = ["endless-0", "endless-1", "endless-2"];
    let asked: Vec<_> = names.iter().map(|name| ask(endless(&sshd, name))).collect();
    let at_work = || names.iter().map(|name| readers(name, &sshd)).sum::<usize>();
    wait_until("two are at work", SOON, || at_work() == 2);
    for _ in 0..20 {
        let small = timeout(SOON, storage.digest(&at(&files, "small"))).await.unwrap();
        assert_eq!(small.unwrap(), digest_of(b"small"));
    }
    assert_eq!(at_work(), 2, "they were given up for the small ones");
    // Nobody waits any more: the tools on the server end, and leave room for the next.
    asked.iter().for_each(tokio::task::JoinHandle::abort);
    wait_until("the tools have ended", SOON, || at_work() == 0);
    let large = pattern(5 << 20);
    fs::write(files.join("large"), &large).unwrap();
    let digest = timeout(SOON, storage.digest(&at(&files, "large"))).await.unwrap();
    assert_eq!(digest.unwrap(), digest_of(&large));
    // And with the connection.
    let asked = ask(endless(&sshd, "endless-3"));
    wait_until("it is at work", SOON, || readers("endless-3", &sshd) == 1);
    storage.disconnect();
    wait_until("its tool has ended", SOON, || readers("endless-3", &sshd) == 0);
    assert_eq!(asked.await.unwrap().unwrap_err().kind(), ErrorKind::ConnectionLost);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn with_no_second_program_to_be_had_one_does_it_all() {
    for sessions in 3..=6 {
        let Some(sshd) = Sshd::options().line(format!("MaxSessions {sessions}")).start() else {
            return;
        };
        let storage = connect(&sshd.client().known().write()).await;
        let storage = &*storage;
        let files = sshd.files();
        let one = |number: usize| {
            let content = pattern(if number.is_multiple_of(4) { 5 << 20 } else { number });
            fs::write(files.join(format!("{number}")), &content).unwrap();
            let path = at(&files, &format!("{number}"));
            async move {
                let read = read_all(storage, &path).await.unwrap();
                assert!(read == content);
                match storage.digest(&path).await {
                    Ok(digest) => assert_eq!(digest, digest_of(&content)),
                    // The channels for data were faster, and took them all.
                    Err(error) => assert_eq!(error.kind(), ErrorKind::Unsupported, "{error}"),
                }
            }
        };
        storage.expect_digests();
        timeout(SOON, join_all((0..12).map(one))).await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_program_that_was_expected_is_there_when_the_question_comes() {
    let Some(sshd) = Sshd::options().start() else { return };
    let relay = Relay::to(sshd.port());
    let storage = connect(&sshd.client().port(relay.port()).knows(&sshd.host_keys()).write()).await;
    fs::write(sshd.files().join("a"), b"abc").unwrap();
    assert_eq!(programs(&sshd), 0);
    for _ in 0..10 {
        storage.expect_digests();
    }
    wait_until("the program runs", SOON, || programs(&sshd) == 1);
    let path = at(&sshd.files(), "a");
    assert_eq!(timeout(SOON, storage.digest(&path)).await.unwrap().unwrap(), digest_of(b"abc"));
    for _ in 0..10 {
        storage.expect_digests();
    }
    // One round trip, where starting it as well would be four.
    relay.delay(Duration::from_secs(1));
    let digest = timeout(Duration::from_millis(3900), storage.digest(&path)).await;
    assert_eq!(digest.expect("it took several round trips").unwrap(), digest_of(b"abc"));
    wait_until("there is one program", SOON, || programs(&sshd) == 1);
}
