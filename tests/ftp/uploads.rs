//! The round trips at both ends of an upload: what is known before the first byte goes, and what is seen to after the last,
//! in as few of them as the recipe allows.

use std::{fs, os::unix::fs::PermissionsExt as _, path::Path, process::Child, time::Duration};

use super::*;
use crate::{headless, servers::evil_ftp::Trick, support::wait_until};

const SOON: Duration = Duration::from_secs(20);
const FACTS: [&str; 4] = ["MLST type*;size*;modify*;", "MFMT", "SIZE", "REST STREAM"];
const NO_FACTS: [&str; 3] = ["MDTM", "SIZE", "REST STREAM"];
/// It has no facts, and lists without a data connection.
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
    let facts = ["MLST /srv", "MLST /", "MLST /srv/file", "MLST /srv"];
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
