//! An end is believed only with the server's last word and the right size.

use std::time::Duration;

use bytes::Bytes;
use tokio::time::timeout;
use wharf::storage::{FinishOptions, WriteOptions};

use super::*;
use crate::{
    headless::{self, Said},
    servers::evil_ftp::Trick,
};

const SOON: Duration = Duration::from_secs(20);
const PATH: &str = "/srv/file";

/// Fault 22: the word that is no success is a failure, whatever came.
#[tokio::test(flavor = "multi_thread")]
async fn a_transfer_that_is_not_confirmed_has_failed() {
    let refusals = [
        ("426 broken", ErrorKind::Interrupted),
        ("451 a mistake of ours", ErrorKind::Failed),
        ("452 disk full", ErrorKind::NoSpace),
        ("552 over quota", ErrorKind::NoSpace),
    ];
    for (say, kind) in refusals {
        let evil = EvilFtp::start(|world| {
            world.file(PATH, &[7; 100_000]);
            world.trick(Trick::Cut { at: 100_000, say });
            world.trick(Trick::Stop { at: 50_000, say });
        });
        let storage = connect(&evil).await;
        let read = timeout(SOON, read_all(&*storage, PATH)).await.unwrap();
        assert_eq!(read.unwrap_err().kind(), kind, "{say}");
        let written = async {
            let path = StoragePath::new("/srv/new");
            let mut stream = storage.write(&path, WriteOptions::new_private()).await?;
            for _ in 0..50 {
                stream.write(Bytes::from(vec![7; 50_000])).await?;
            }
            stream.finish(FinishOptions::default()).await
        };
        let error = timeout(SOON, written).await.unwrap().unwrap_err();
        assert!([kind, ErrorKind::Interrupted].contains(&error.kind()), "{say}: {error:?}");
        // And the server is of use as before.
        evil.world().no_more_tricks();
        assert_eq!(timeout(SOON, read_all(&*storage, PATH)).await.unwrap().unwrap().len(), 100_000);
    }
}

/// `wharf cp` of the file to a folder where one of that name stands already.
fn fetch(evil: &EvilFtp) -> (tempfile::TempDir, Said) {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("file"), "as it was").unwrap();
    let client = headless::no_server().write();
    let place = format!("ftp://anna@127.0.0.1:{}{PATH}", evil.port());
    let words = ["cp", "--on-conflict", "overwrite", &place, "."];
    let mut command = headless::wharf(&client, folder.path(), &words);
    let said = Said::of(command.env("WHARF_PASSWORD", CANARY).output().unwrap());
    (folder, said)
}

/// Faults 13 and 22: what is shorter or longer than the server said is not the file, though the server says 226.
#[test]
fn a_file_of_another_size_never_takes_the_name() {
    let tricks = [
        Trick::Cut { at: 50_000, say: "226 that was it" },
        Trick::Cut { at: 0, say: "226 that was it" },
        Trick::Longer(10),
        // As good as no end.
        Trick::Longer(64 << 20),
    ];
    for trick in tricks {
        let evil = EvilFtp::start(|world| {
            world.file(PATH, &[7; 100_000]);
            world.trick(trick.clone());
        });
        let (folder, said) = fetch(&evil);
        assert_ne!(said.status, 0, "{trick:?}: {said:?}");
        let content = std::fs::read(folder.path().join("file")).unwrap();
        assert_eq!(content, b"as it was", "{trick:?}");
        assert!(!format!("{said:?}").contains(CANARY));
        evil.world().no_more_tricks();
        let (folder, said) = fetch(&evil);
        assert_eq!(said.status, 0, "{said:?}");
        assert_eq!(std::fs::read(folder.path().join("file")).unwrap(), [7; 100_000]);
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1, "a part was left");
    }
}

/// A server that announces REST and then refuses it would begin a file elsewhere than it was asked to, and cut one that
/// is sent.
#[tokio::test(flavor = "multi_thread")]
async fn a_file_is_begun_where_it_was_asked_for_or_not_at_all() {
    let evil = EvilFtp::start(|world| {
        world.file(PATH, b"beginning, middle, end");
        world.trick(Trick::Says("REST", "502 what?"));
    });
    let storage = connect(&evil).await;
    let path = StoragePath::new(PATH);
    let read = async { storage.read(&path, 11, None).await?.next().await };
    let error = timeout(SOON, read).await.unwrap().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unsupported, "{error}");
    let written = async {
        let options = WriteOptions { offset: 22, create_new: false, ..WriteOptions::new_private() };
        let mut stream = storage.write(&path, options).await?;
        stream.write(Bytes::from_static(b"!")).await?;
        stream.finish(FinishOptions::default()).await
    };
    assert!(timeout(SOON, written).await.unwrap().is_err());
    assert_eq!(evil.world().content(PATH).unwrap(), b"beginning, middle, end");
    assert!(!storage.capabilities().goes_on, "it is announced as ever");
}

/// Without TYPE I every line end in a file would be another one.
#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_changes_files_is_of_no_use() {
    let evil = EvilFtp::start(|world| world.trick(Trick::Says("TYPE", "504 text alone")));
    let nobody = Person::who_says(|| Answer::No);
    let connected = timeout(SOON, try_connect(&evil, Protocol::Ftp, &nobody)).await.unwrap();
    let error = connected.err().expect("it was let through");
    assert!(error.to_string().contains("does not send files as they are"), "{error}");
}

/// Fault 19: a transfer that stands still can be let go of at once, and the site is of use.
#[tokio::test(flavor = "multi_thread")]
async fn a_transfer_that_stands_still_holds_up_nothing_else() {
    let evil = EvilFtp::start(|world| {
        world.file(PATH, &[7; 100_000]);
        world.file("/srv/other", b"other");
        world.trick(Trick::Stalls { at: 1000 });
    });
    let storage = connect(&evil).await;
    let mut stream = storage.read(&StoragePath::new(PATH), 0, None).await.unwrap();
    let first = timeout(SOON, stream.next()).await.unwrap().unwrap().unwrap();
    assert_eq!(first.len(), 1000);
    assert!(timeout(Duration::from_millis(200), stream.next()).await.is_err(), "more came");
    evil.world().no_more_tricks();
    let other = timeout(SOON, read_all(&*storage, "/srv/other")).await.unwrap();
    assert_eq!(other.unwrap(), b"other");
    let dropped = std::time::Instant::now();
    drop(stream);
    assert!(dropped.elapsed() < Duration::from_secs(1));
    assert_eq!(timeout(SOON, read_all(&*storage, PATH)).await.unwrap().unwrap().len(), 100_000);
}
