//! A server that keeps few files open, and what waits for one of them to be closed.

use std::time::Duration;

use futures_util::{StreamExt as _, future::join_all, stream::FuturesUnordered};
use tokio::time::timeout;

use super::*;
use crate::servers::evil_sftp::{Evil, PASSWORD, Trick};

const SOON: Duration = Duration::from_secs(30);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_waits_for_files_that_wait_for_it_is_turned_away_in_words() {
    let limits = Trick::Limits { read: 0, write: 0, handles: 2 };
    let evil = Evil::start(|world| {
        world.file("/srv/a", b"short");
        world.trick(limits);
    });
    let storage = try_connect(&evil.client().write(), PASSWORD).await.unwrap();
    let path = StoragePath::new("/srv/a");
    read_all(&*storage, &path).await.unwrap();
    let mut opening: FuturesUnordered<_> = (0..40).map(|_| storage.read(&path, 0, None)).collect();
    let mut opened = Vec::new();
    let error = loop {
        match timeout(SOON, opening.next()).await.unwrap().unwrap() {
            Ok(file) => opened.push(file),
            Err(error) => break error,
        }
    };
    assert_eq!(error.kind(), ErrorKind::Interrupted, "{error}");
    assert!(error.kind().is_worth_a_retry());
    let said = "no more than 2 files are kept open on a channel at once";
    assert!(error.to_string().contains(said), "{error}");
    // What is closed makes room for what still waits.
    drop(opened);
    let mut came = 0;
    while let Some(file) = timeout(SOON, opening.next()).await.unwrap() {
        came += usize::from(file.is_ok());
    }
    assert!(came > 10, "{came}");
    assert!(evil.world().demands().handles <= 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_opened_before_it_is_known_how_much_may_be() {
    for directories in [false, true] {
        let evil = Evil::start(|world| {
            world.file("/srv/a", b"short");
            world.trick(Trick::LimitsLate);
            world.trick(Trick::Limits { read: 0, write: 0, handles: 2 });
        });
        let storage = try_connect(&evil.client().write(), PASSWORD).await.unwrap();
        let storage = &*storage;
        let one = async |_| {
            if directories {
                let listing = storage.list(&StoragePath::new("/srv")).await.unwrap();
                assert_eq!(listing.collect().await.unwrap().entries.len(), 1);
            } else {
                assert_eq!(read_all(storage, &StoragePath::new("/srv/a")).await.unwrap(), b"short");
            }
        };
        timeout(SOON, join_all((0..40).map(one))).await.unwrap();
        assert_eq!(evil.world().demands().handles, 2);
    }
}
