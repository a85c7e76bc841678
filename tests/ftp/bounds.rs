//! What has no end, or is too large to be true, costs neither memory nor patience.

use std::time::{Duration, Instant};

use tokio::time::timeout;

use super::*;
use crate::servers::evil_ftp::Trick;

const SOON: Duration = Duration::from_secs(20);

/// Fault 11.
#[tokio::test(flavor = "multi_thread")]
async fn a_reply_without_an_end_is_given_up() {
    for trick in [Trick::EndlessLine("SIZE"), Trick::EndlessReply("SIZE")] {
        let evil = EvilFtp::start(|world| {
            world.features(&["SIZE", "MDTM", "REST STREAM"]);
            world.trick(trick.clone());
        });
        let storage = connect(&evil).await;
        let told = timeout(SOON, storage.stat(&StoragePath::new("/srv/a"))).await;
        assert_eq!(told.unwrap().unwrap_err().kind(), ErrorKind::Protocol, "{trick:?}");
    }
    for trick in [Trick::EndlessLine("PASS"), Trick::EndlessReply("FEAT")] {
        let evil = EvilFtp::start(|world| world.trick(trick.clone()));
        let nobody = Person::who_says(|| Answer::No);
        let connected = timeout(SOON, try_connect(&evil, Protocol::Ftp, &nobody)).await.unwrap();
        assert_eq!(connected.err().unwrap().kind(), ErrorKind::Protocol, "{trick:?}");
    }
}

/// Fault 10.
#[tokio::test(flavor = "multi_thread")]
async fn a_listing_without_an_end_can_be_let_go_of() {
    for features in [&["MLST type*;size*;modify*;"][..], &["SIZE"]] {
        let evil = EvilFtp::start(|world| {
            world.features(features);
            world.file("/srv/a", b"content");
            world.trick(Trick::EndlessListing);
        });
        let storage = connect(&evil).await;
        let mut listing = storage.list(&StoragePath::new("/srv")).await.unwrap();
        let mut rows = 0;
        while rows < 100_000 {
            let batch = timeout(SOON, listing.next()).await.unwrap().unwrap().unwrap();
            rows += batch.entries.len();
        }
        let letting_go = Instant::now();
        drop(listing);
        let read = timeout(Duration::from_secs(1), read_all(&*storage, "/srv/a")).await;
        assert_eq!(read.expect("the listing is in the way").unwrap(), b"content");
        assert!(letting_go.elapsed() < Duration::from_secs(1));
    }
}

/// Fault 10, all of it in one line.
#[tokio::test(flavor = "multi_thread")]
async fn a_line_of_a_listing_without_an_end_is_given_up() {
    for features in [&["MLST type*;size*;modify*;"][..], &["SIZE"]] {
        let evil = EvilFtp::start(|world| {
            world.features(features);
            world.listing(vec![b'x'; 4 << 20]);
        });
        let storage = connect(&evil).await;
        let listed =
            timeout(SOON, async { storage.list(&StoragePath::new("/srv")).await?.collect().await });
        let error = listed.await.unwrap().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Protocol, "{error}");
    }
}

/// Pure-FTPd says in the last word alone that there is more; no server's refusal there is an end either.
#[tokio::test(flavor = "multi_thread")]
async fn a_listing_that_was_cut_short_is_no_listing() {
    for (say, words) in [
        ("226 Output truncated to 10000 matches", "the server cut its listing short"),
        ("426 broken", "the server says: broken"),
    ] {
        let evil = EvilFtp::start(|world| {
            world.listing("type=file;size=1;modify=20240101000000; a\r\n");
            world.trick(Trick::ListingEnds(say));
        });
        let storage = connect(&evil).await;
        let listed =
            timeout(SOON, async { storage.list(&StoragePath::new("/srv")).await?.collect().await });
        let error = listed.await.unwrap().unwrap_err().to_string();
        assert!(error.contains(words), "{error}");
    }
}

/// Fault 12: shown as unknown; nothing is reserved for it.
#[tokio::test(flavor = "multi_thread")]
async fn sizes_that_cannot_be_are_unknown() {
    let evil = EvilFtp::start(|world| {
        world.listing(
            "type=file;size=-1;modify=20240101000000; negative\r\n\
             type=file;size=99999999999999999999999;modify=20240101000000; beyond\r\n\
             type=file;size=18446744073709551615;modify=99991231235959; largest\r\n\
             type=file;size=;modify=never; empty\r\n",
        );
    });
    let storage = connect(&evil).await;
    let listing = storage.list(&StoragePath::new("/srv")).await.unwrap();
    let rows = timeout(SOON, listing.collect()).await.unwrap().unwrap();
    assert_eq!(rows.entries.len(), 4);
    for row in &rows.entries {
        let size = row.attributes.size;
        let largest = row.name.as_bytes() == b"largest";
        assert_eq!(size, largest.then_some(u64::MAX), "{:?}", row.name);
    }
    for told in ["213 -5", "213 18446744073709551616", "213 many"] {
        let evil = EvilFtp::start(|world| {
            world.features(&["SIZE", "MDTM"]);
            world.file("/srv/a", b"content");
            world.trick(Trick::Says("SIZE", told));
        });
        let storage = connect(&evil).await;
        let there = timeout(SOON, storage.stat(&StoragePath::new("/srv/a"))).await.unwrap();
        assert_eq!(there.unwrap().size, None, "{told}");
    }
}

/// Fault 19: a command that is not answered fails in time, and does not take the screen's calls along.
#[tokio::test(flavor = "multi_thread")]
async fn a_command_that_is_not_answered_can_be_dropped() {
    let evil = EvilFtp::start(|world| {
        world.file("/srv/a", b"content");
        world.trick(Trick::Silent("RETR"));
    });
    let storage = connect(&evil).await;
    let asked = timeout(Duration::from_millis(300), read_all(&*storage, "/srv/a")).await;
    assert!(asked.is_err(), "it was answered");
    evil.world().no_more_tricks();
    let read = timeout(SOON, read_all(&*storage, "/srv/a")).await.unwrap();
    assert_eq!(read.unwrap(), b"content");
}
