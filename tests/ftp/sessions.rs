//! Servers that want data connections to resume the control connection's session of TLS, and do not keep it for ever.

use std::{fs, path::Path, time::Duration};

use tokio::time::timeout;

use super::*;
use crate::{
    headless::{self, Said},
    servers::{
        certificates::{Certificate, Flaw},
        evil_ftp::{Manners, Speaks, Trick},
        ftp_server::Tls,
    },
};

const SOON: Duration = Duration::from_secs(20);
const FILES: usize = 24;

/// As ProFTPD says no, and as vsftpd does.
const REFUSALS: [Trick; 2] = [
    Trick::WantsItsSession {
        say: "425 Unable to build data connection: Operation not permitted",
        agrees_first: false,
    },
    Trick::WantsItsSession {
        say: "522 SSL connection failed: session reuse required",
        agrees_first: true,
    },
];

fn server(manners: Manners, refusal: &Trick) -> EvilFtp {
    let certificate = Certificate::make(Flaw::SelfSigned);
    EvilFtp::in_manners(Tls::Explicit, certificate, manners, |world| {
        world.features(&["MLST type*;size*;modify*;", "MFMT", "SIZE", "REST STREAM"]);
        world.listing("type=file;size=7;modify=20240101000000; file\r\n");
        world.file("/srv/file", b"content");
        world.trick(refusal.clone());
    })
}

async fn connect_inside_tls(evil: &EvilFtp) -> Arc<dyn Storage> {
    let yes = Person::who_says(|| Answer::Yes);
    try_connect(evil, Protocol::FtpExplicitTls, &yes).await.unwrap()
}

async fn list(storage: &dyn Storage) -> Result<usize> {
    let listed = async {
        let listing = storage.list(&StoragePath::new("/srv")).await?;
        Ok(listing.collect().await?.entries.len())
    };
    timeout(SOON, listed).await.unwrap()
}

/// `wharf cp` with the server's certificate let in before.
fn copy(evil: &EvilFtp, folder: &Path, words: &[&str]) -> Said {
    let client = headless::no_server().write();
    fs::create_dir_all(client.state_dir()).unwrap();
    let pin = format!("127.0.0.1:{} {}\n", evil.port(), evil.certificate().fingerprint());
    fs::write(client.state_dir().join("certificates"), pin).unwrap();
    let site = format!("ftpes://anna@127.0.0.1:{}", evil.port());
    let words: Vec<String> = words.iter().map(|word| word.replace("SITE", &site)).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let mut command = headless::wharf(&client, folder, &words);
    Said::of(command.env("WHARF_PASSWORD", CANARY).output().unwrap())
}

/// Files that go and come back.
fn there_and_back(evil: &EvilFtp) {
    let (here, back) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let names: Vec<String> = (0..FILES).map(|number| format!("file{number}")).collect();
    names.iter().for_each(|name| fs::write(here.path().join(name), name).unwrap());
    let mut words = vec!["cp"];
    words.extend(names.iter().map(String::as_str));
    words.push("SITE/srv/");
    let said = copy(evil, here.path(), &words);
    assert_eq!(said.status, 0, "{said:?}");
    let places: Vec<String> = names.iter().map(|name| format!("SITE/srv/{name}")).collect();
    let mut words = vec!["cp"];
    words.extend(places.iter().map(String::as_str));
    words.push(".");
    let said = copy(evil, back.path(), &words);
    assert_eq!(said.status, 0, "{said:?}");
    for name in names {
        assert_eq!(fs::read_to_string(back.path().join(&name)).unwrap(), name);
    }
}

/// A server of TLS 1.3 alone, whose tickets resume once each: whoever has none left connects anew, and is never refused.
#[test]
fn tickets_that_are_spent_are_made_up_for() {
    for refusal in &REFUSALS {
        for tickets in [1, 2] {
            let evil = server(Manners { speaks: Speaks::New, tickets, keeps: true }, refusal);
            there_and_back(&evil);
            let logins = evil.world().seen().iter().filter(|line| line.starts_with("USER")).count();
            assert!(logins >= 2 * FILES / tickets, "{logins} logins for {tickets} tickets each");
            assert_eq!(evil.sessions().unresumed, 0, "{refusal:?}");
        }
    }
}

/// A server that gives no tickets in TLS 1.3 lets sessions be resumed in 1.2, which is spoken first.
#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_gives_no_tickets_is_spoken_to_in_the_older_tls() {
    for refusal in &REFUSALS {
        let evil = server(Manners { speaks: Speaks::Both, tickets: 0, keeps: true }, refusal);
        let storage = connect_inside_tls(&evil).await;
        for _ in 0..10 {
            assert_eq!(list(&*storage).await.unwrap(), 1, "{refusal:?}");
            let read = timeout(SOON, read_all(&*storage, "/srv/file")).await.unwrap();
            assert_eq!(read.unwrap(), b"content", "{refusal:?}");
        }
        assert_eq!(evil.sessions().unresumed, 0, "{refusal:?}");
    }
}

/// A server that has lost its sessions, as after hours without work, refuses what would resume them: one connection is
/// found out by that, and the others that are as old are of no more use either.
#[tokio::test(flavor = "multi_thread")]
async fn a_listing_survives_sessions_that_are_lost() {
    for refusal in &REFUSALS {
        let evil = server(Manners::default(), refusal);
        let storage = connect_inside_tls(&evil).await;
        let side_by_side = futures_util::future::join_all((0..6).map(|_| list(&*storage))).await;
        side_by_side.into_iter().for_each(|rows| assert_eq!(rows.unwrap(), 1));
        for times in 1..=2 {
            evil.forget_sessions();
            assert_eq!(list(&*storage).await.unwrap(), 1, "{refusal:?}");
            assert_eq!(
                timeout(SOON, read_all(&*storage, "/srv/file")).await.unwrap().unwrap(),
                b"content"
            );
            let refused = evil.sessions().unresumed;
            assert_eq!(refused, times, "{refusal:?}: connections as old were tried too");
        }
    }
}

/// The same in the middle of a job, where the next attempt finds another connection.
#[tokio::test(flavor = "multi_thread")]
async fn a_file_fails_for_a_moment_only_where_its_session_is_lost() {
    for refusal in &REFUSALS {
        let evil = server(Manners::default(), refusal);
        let storage = connect_inside_tls(&evil).await;
        let read = || async { timeout(SOON, read_all(&*storage, "/srv/file")).await.unwrap() };
        assert_eq!(read().await.unwrap(), b"content");
        evil.forget_sessions();
        let error = read().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Interrupted, "{error}");
        assert!(error.kind().is_worth_a_retry());
        let why = "no longer knew the connection's TLS session";
        assert!(error.to_string().contains(why), "{error}");
        assert_eq!(read().await.unwrap(), b"content");
        evil.forget_sessions();
        let write = || async {
            let path = StoragePath::new("/srv/new");
            let options = wharf::storage::WriteOptions::new_private();
            let mut stream = storage.write(&path, options).await?;
            stream.write(vec![7; 100_000].into()).await?;
            stream.finish(Default::default()).await
        };
        let error = timeout(SOON, write()).await.unwrap().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Interrupted, "{error}");
        evil.world().no_more_tricks();
        storage.remove_file(&StoragePath::new("/srv/new")).await.unwrap_or_default();
        evil.world().trick(refusal.clone());
        assert_eq!(timeout(SOON, write()).await.unwrap().unwrap().size, Some(100_000));
    }
}

/// Where no session can ever be resumed, no patience helps, and the reason is said.
#[test]
fn a_server_that_keeps_no_session_and_wants_one_is_told_of() {
    for manners in [
        Manners { speaks: Speaks::Both, tickets: 0, keeps: false },
        Manners { speaks: Speaks::New, tickets: 0, keeps: true },
    ] {
        let evil = server(manners, &REFUSALS[1]);
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("here"), "content").unwrap();
        for words in [["cp", "SITE/srv/file", "."], ["cp", "here", "SITE/srv/"]] {
            let said = copy(&evil, folder.path(), &words);
            assert_eq!(said.status, 1, "{said:?}");
            for why in ["session reuse required", "it let no TLS session be resumed"] {
                assert!(said.errors.contains(why), "{said:?}");
            }
        }
        assert!(evil.sessions().unresumed <= 6, "it was asked again and again");
        assert_eq!(evil.world().paths(), ["/srv/file"]);
    }
}

/// ProFTPD's word for it says nothing of sessions, so that is only what may be behind it.
#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_that_does_not_say_why_is_guessed_at() {
    let evil = server(Manners { keeps: false, ..Manners::default() }, &REFUSALS[0]);
    let storage = connect_inside_tls(&evil).await;
    let error = list(&*storage).await.unwrap_err();
    assert!(error.to_string().contains("perhaps for want of a TLS session"), "{error}");
    // One that says so will say so again.
    let evil = server(Manners { keeps: false, ..Manners::default() }, &REFUSALS[1]);
    let storage = connect_inside_tls(&evil).await;
    let error = list(&*storage).await.unwrap_err();
    assert!(!error.kind().is_worth_a_retry(), "{error}");
    // One that wants no session resumed is of use without.
    let evil =
        server(Manners { keeps: false, ..Manners::default() }, &Trick::Says("ACCT", "500 no"));
    let storage = connect_inside_tls(&evil).await;
    assert_eq!(list(&*storage).await.unwrap(), 1);
    evil.world().listing("");
    assert_eq!(list(&*storage).await.unwrap(), 0);
}
