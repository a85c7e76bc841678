//! The round trips at both ends of an upload: what is known before the first byte goes, and what is seen to after the last,
//! in as few of them as the recipe allows.

use std::{fs, os::unix::fs::PermissionsExt as _, path::Path, process::Child, time::Duration};

use wharf::{
    domain::entry::SetAttributes,
    storage::{FinishOptions, WriteOptions},
};

use super::*;
use crate::{
    headless::{self, Said},
    servers::evil_ftp::Trick,
    support::wait_until,
};

const SOON: Duration = Duration::from_secs(20);
const FACTS: [&str; 4] = ["MLST type*;size*;modify*;", "MFMT", "SIZE", "REST STREAM"];
const NO_FACTS: [&str; 3] = ["MDTM", "SIZE", "REST STREAM"];
/// It reads on while a file comes, and has no facts.
const VSFTPD: &str = "220 (vsFTPd 3.0.3)";

/// `wharf cp file` to the server's first folder, from this one.
fn begin(port: u16, folder: &Path) -> Child {
    let client = headless::no_server().write();
    let site = format!("ftp://anna@127.0.0.1:{port}/~/");
    let words = ["cp", "--quiet", "--on-conflict", "fail", "file", &site];
    let mut command = headless::wharf(&client, folder, &words);
    let child = command.env("WHARF_PASSWORD", CANARY).stderr(std::process::Stdio::piped()).spawn();
    child.unwrap()
}

fn end(child: Child) -> Said {
    Said::of(child.wait_with_output().unwrap())
}

fn kill(mut child: Child) {
    child.kill().unwrap();
    child.wait().unwrap();
}

/// A folder with `file` in it.
fn folder_with(content: &[u8]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    fs::write(&file, content).unwrap();
    fs::set_permissions(&file, fs::Permissions::from_mode(0o640)).unwrap();
    folder
}

fn count(seen: &[String], begins: &str) -> usize {
    seen.iter().filter(|line| line.starts_with(begins)).count()
}

/// The second connection, on which the file goes, is made while the first one logs in.
#[test]
fn the_second_connection_comes_while_the_first_logs_in() {
    let evil = EvilFtp::start(|world| world.trick(Trick::FallsSilent("PASS")));
    let folder = folder_with(b"content");
    let child = begin(evil.port(), folder.path());
    wait_until("there are two connections", SOON, || evil.connections() == 2);
    assert_eq!(count(&evil.world().seen(), "USER"), 1, "on the second nothing is said yet");
    kill(child);
}

/// Where the first is not let in the second is hung up: a person may think about the password for as long as they like.
#[tokio::test(flavor = "multi_thread")]
async fn no_second_connection_waits_for_a_person() {
    struct Thinker(Arc<EvilFtp>);
    #[async_trait]
    impl Ask for Thinker {
        async fn ask(&self, _: Question) -> Answer {
            let evil = Arc::clone(&self.0);
            let alone = move || wait_until("all are gone", SOON, || evil.sessions().now == 0);
            tokio::task::spawn_blocking(alone).await.unwrap();
            Answer::No
        }
    }
    let evil = Arc::new(EvilFtp::start(|world| world.trick(Trick::Says("PASS", "530 not you"))));
    let thinker = Arc::new(Thinker(Arc::clone(&evil)));
    let error = dialer().dial(&endpoint(Protocol::Ftp, evil.port()), thinker).await.err().unwrap();
    assert_eq!(error.kind(), ErrorKind::LoginRefused);
    assert_eq!(evil.connections(), 2, "there was one");
}

/// Whether the folder is there, whether the name in it is free, and why there is nothing under it, is asked at once.
#[test]
fn all_looks_before_an_upload_go_together() {
    let looks = ["SIZE /srv", "CWD /srv", "SIZE /srv/file", "CWD /srv/file", "STAT -a /srv/?ile"];
    let facts = ["MLST /srv", "MLST /srv/file", "MLST /srv"];
    let without: (_, &[_], _, &[_]) = (VSFTPD, &NO_FACTS, "SIZE", &looks);
    for (greeting, features, silent, looks) in [without, ("220 evil", &FACTS, "MLST", &facts)] {
        let evil = EvilFtp::start(|world| {
            world.greeting(greeting);
            world.features(features);
            world.trick(Trick::FallsSilent(silent));
        });
        let folder = folder_with(b"content");
        let child = begin(evil.port(), folder.path());
        wait_until("all of it was asked before there is any answer", SOON, || {
            let seen = evil.world().seen();
            let asked = |look: &&str| seen.iter().filter(|line| line == look).count();
            looks.iter().all(|look| asked(look) >= looks.iter().filter(|it| *it == look).count())
        });
        kill(child);
    }
}

/// The rights, the time and the look at what came of them go behind the last byte, ahead of the server's word that it has it.
#[test]
fn a_file_is_settled_ahead_of_the_last_word() {
    let content = vec![7; 24 << 20];
    let evil = EvilFtp::start(|world| {
        world.greeting(VSFTPD);
        world.features(&FACTS);
        // More than any buffer takes: that it is private is known long before its end.
        world.trick(Trick::Slow(40_000_000));
        world.trick(Trick::WaitsToBeAsked("CHMOD 640"));
    });
    let folder = folder_with(&content);
    let said = end(begin(evil.port(), folder.path()));
    assert_eq!(said.status, 0, "{said:?}");
    let world = evil.world();
    assert_eq!(world.paths(), ["/srv/file"]);
    assert!(world.content("/srv/file").unwrap() == content);
    assert_eq!(world.mode("/srv/file").as_deref(), Some("640"));
}

/// Unless the server has yet to say that it has made the file private: that would undo what is set on another connection.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_makes_it_private_is_waited_for_however_much_is_written_meanwhile() {
    let evil = EvilFtp::start(|world| {
        world.greeting(VSFTPD);
        world.features(&FACTS);
        world.trick(Trick::Late("SITE CHMOD 600"));
    });
    let storage = connect(&evil).await;
    let path = StoragePath::new("/srv/file");
    let mut stream = storage.write(&path, WriteOptions::new_private()).await.unwrap();
    stream.write(b"one".to_vec().into()).await.unwrap();
    stream.write(b"and another".to_vec().into()).await.unwrap();
    let attributes = SetAttributes { permissions: Some(0o640), modified: None };
    stream.finish(FinishOptions { attributes, sync: false }).await.unwrap();
    // Answered behind all that was asked before.
    storage.stat(&path).await.unwrap();
    assert_eq!(evil.world().mode("/srv/file").as_deref(), Some("640"));
}

/// Whether the final name is free is asked along with that, and not once more.
#[test]
fn the_final_look_goes_along() {
    for (greeting, features, look) in
        [("220 evil", &FACTS[..], "MLST"), (VSFTPD, &NO_FACTS[..], "SIZE")]
    {
        let start = |trick: Option<Trick>| {
            EvilFtp::start(|world| {
                world.greeting(greeting);
                world.features(features);
                trick.into_iter().for_each(|trick| world.trick(trick));
            })
        };
        let folder = folder_with(b"content");
        let last = format!("{look} /srv/file");
        let evil = start(Some(Trick::FallsSilent("SITE")));
        let child = begin(evil.port(), folder.path());
        // Of the name it has until then, once it is written.
        wait_until("all is asked", SOON, || {
            let seen = evil.world().seen();
            let written = seen.iter().position(|line| line.starts_with("SITE CHMOD 640"));
            written.is_some_and(|at| count(&seen[at..], &last) == 1)
        });
        kill(child);

        let evil = start(None);
        let said = end(begin(evil.port(), folder.path()));
        assert_eq!(said.status, 0, "{said:?}");
        let seen = evil.world().seen();
        let written = seen.iter().position(|line| line.starts_with("SITE CHMOD 640")).unwrap();
        let renamed = seen.iter().position(|line| line.starts_with("RNTO")).unwrap();
        assert_eq!(count(&seen[written..renamed], &last), 1, "{seen:?}");
        assert_eq!(evil.world().content("/srv/file").as_deref(), Some(&b"content"[..]));
    }
}

/// What somebody else puts under the name while the file is on its way stays.
#[test]
fn what_appears_meanwhile_is_seen_in_the_final_look() {
    for (greeting, features) in [("220 evil", &FACTS[..]), (VSFTPD, &FACTS), (VSFTPD, &NO_FACTS)] {
        let evil = EvilFtp::start(|world| {
            world.greeting(greeting);
            world.features(features);
            world.trick(Trick::Slow(40_000_000));
        });
        let folder = folder_with(&vec![7; 24 << 20]);
        let child = begin(evil.port(), folder.path());
        wait_until("it is on its way", SOON, || evil.world().was_asked("STOR"));
        evil.world().file("/srv/file", b"somebody else's");
        let said = end(child);
        assert_eq!(said.status, 1, "{said:?}");
        let world = evil.world();
        assert_eq!(world.content("/srv/file").as_deref(), Some(&b"somebody else's"[..]));
        assert_eq!(world.paths(), ["/srv/file"], "a part was left");
    }
}
