//! Servers that break the rules: each ends in a clear error or, where the rules allow it, in the right bytes.

use std::time::{Duration, Instant};

use tokio::time::timeout;

use super::*;
use crate::{
    servers::{
        embedded::Window,
        evil_sftp::{Evil, PASSWORD, Trick},
    },
    support::wait_until,
};

/// Longer than anything here may take on a loaded machine, shorter than a stall.
const SOON: Duration = Duration::from_secs(30);
/// No stream has more bytes than this in memory.
const MOST_AHEAD: u64 = 64 << 20;
/// Nor a listing more replies than this, of a hundred names each.
const MOST_LISTED_AHEAD: u64 = 200;

async fn storage_of(evil: &Evil) -> Arc<dyn Storage> {
    try_connect(&evil.client().write(), PASSWORD).await.unwrap()
}

fn evil_with(content: &[u8], trick: Trick) -> Evil {
    Evil::start(|world| {
        world.file("/srv/a", content);
        world.trick(trick);
    })
}

async fn read_from(content: &[u8], trick: Trick) -> Result<Vec<u8>> {
    let evil = evil_with(content, trick);
    let storage = storage_of(&evil).await;
    timeout(SOON, read_all(&*storage, &StoragePath::new("/srv/a"))).await.expect("it hangs")
}

#[tokio::test]
async fn what_the_rules_allow_gives_the_right_bytes() {
    let content = pattern(1_000_003);
    for trick in [Trick::OutOfOrder, Trick::ShortReads(1000), Trick::ShortReads(32_767)] {
        let name = format!("{trick:?}");
        assert!(read_from(&content, trick).await.unwrap() == content, "{name}");
    }
    for length in [0, 1, 4096, 32_767, 32_768, 32_769, 65_536, 65_537] {
        let content = pattern(length);
        let read = read_from(&content, Trick::ShortReads(4096)).await.unwrap();
        assert!(read == content, "{length}");
    }
}

#[tokio::test]
async fn what_breaks_the_rules_is_a_protocol_error() {
    for trick in [
        Trick::PacketLength(u32::MAX),
        Trick::PacketLength(0),
        Trick::DataLonger,
        Trick::DataEmpty,
        Trick::UnknownId,
        Trick::Twice,
        Trick::WrongSort,
        Trick::HandleOf(257),
        Trick::HandleOf(0),
    ] {
        let name = format!("{trick:?}");
        let error = read_from(&pattern(100_000), trick).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Protocol, "{name}: {error}");
        assert!(error.to_string().contains("/srv/a on files.example"), "{error}");
    }
    let evil = evil_with(b"", Trick::ManyRows(u32::MAX));
    let storage = storage_of(&evil).await;
    let listing = storage.list(&StoragePath::new("/srv")).await.unwrap();
    assert_eq!(listing.collect().await.unwrap_err().kind(), ErrorKind::Protocol);
}

#[tokio::test]
async fn a_size_that_lies_decides_nothing() {
    for claimed in [0, 10, 99_999, 100_001, u64::MAX] {
        let content = pattern(100_000);
        let evil = Evil::start(|world| {
            world.file("/srv/a", &content);
            world.claim("/srv/a", claimed, 0);
        });
        let storage = storage_of(&evil).await;
        let read = timeout(SOON, read_all(&*storage, &StoragePath::new("/srv/a"))).await.unwrap();
        assert!(read.unwrap() == content, "claimed {claimed}");
    }
}

#[tokio::test]
async fn a_greeting_that_is_none_is_named() {
    let try_with = async |trick| {
        let evil = evil_with(b"", trick);
        let connected = timeout(SOON, try_connect(&evil.client().write(), PASSWORD)).await.unwrap();
        connected.err().unwrap()
    };
    let error = try_with(Trick::Greeting(b"Welcome, anna!\nLast login".to_vec())).await;
    assert_eq!(error.kind(), ErrorKind::Protocol);
    assert!(
        error.to_string().contains("sent text where SFTP should begin: Welcome, anna!"),
        "{error}"
    );
    let error = try_with(Trick::Version(2)).await;
    assert_eq!(error.kind(), ErrorKind::Unsupported, "{error}");
}

#[tokio::test]
async fn a_channel_that_ends_fails_what_waits_on_it_and_nothing_else() {
    for trick in [Trick::HangsUpFrom(200_000), Trick::Garbage(b"\0\0".to_vec())] {
        let evil = evil_with(&pattern(1_000_000), trick);
        let storage = storage_of(&evil).await;
        let path = StoragePath::new("/srv/a");
        // A file that is asked for before there is a lane for files goes over the only one there is.
        wait_until("the lane for files is greeted", SOON, || evil.world().greeted() == 2);
        assert!(storage.stat(&path).await.is_ok(), "and what was said before this has been heard");
        let read = timeout(SOON, read_all(&*storage, &path)).await.expect("it hangs");
        let error = read.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Interrupted, "{error}");
        assert!(storage.stat(&path).await.is_ok(), "the lane for questions lives on");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_endless_listing_stops_when_nobody_listens() {
    let evil = evil_with(b"", Trick::EndlessListing);
    let storage = storage_of(&evil).await;
    let mut listing = storage.list(&StoragePath::new("/srv")).await.unwrap();
    for _ in 0..50 {
        assert!(!listing.next().await.unwrap().unwrap().entries.is_empty());
    }
    drop(listing);
    played_until_it_rests(&evil);
    assert!(storage.stat(&StoragePath::new("/srv/a")).await.is_ok(), "the connection lives on");
}

/// Until the trick was not played for a while; how often it was in all.
fn played_until_it_rests(evil: &Evil) -> u64 {
    let mut last = (0, Instant::now());
    wait_until("nothing more is asked for a while", SOON, || {
        let met = evil.world().met();
        if met != last.0 {
            last = (met, Instant::now());
        }
        last.1.elapsed() > Duration::from_millis(300)
    });
    last.0
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_more_is_listed_ahead_than_somebody_takes() {
    let evil = evil_with(b"", Trick::EndlessListing);
    let storage = storage_of(&evil).await;
    let mut listing = storage.list(&StoragePath::new("/srv")).await.unwrap();
    for _ in 0..200 {
        listing.next().await.unwrap().unwrap();
    }
    let taken = evil.world().met();
    let ahead = played_until_it_rests(&evil) - taken;
    assert!(ahead <= MOST_LISTED_AHEAD, "{ahead} replies ahead");
    assert!(listing.next().await.unwrap().is_some(), "and it goes on");
}

/// A long listing is asked for in many requests at once, more of them as it goes on.
#[tokio::test]
async fn a_long_listing_takes_few_round_trips() {
    const ENTRIES: usize = 5_000;
    let evil = Evil::start(|world| {
        (0..ENTRIES).for_each(|number| world.file(format!("/srv/entry-{number}"), b""));
        world.trick(Trick::DistantListing);
    });
    let storage = storage_of(&evil).await;
    let listing = storage.list(&StoragePath::new("/srv")).await.unwrap();
    let rows = timeout(SOON, listing.collect()).await.expect("it hangs").unwrap();
    assert_eq!(rows.entries.len(), ENTRIES);
    let flights = evil.world().flights();
    assert!(flights <= 8, "{flights} for 51 replies");
}

#[tokio::test]
async fn a_listing_without_a_name_and_without_an_end_is_given_up() {
    let evil = evil_with(b"", Trick::EmptyListing);
    let storage = storage_of(&evil).await;
    let listing = storage.list(&StoragePath::new("/srv")).await.unwrap();
    let error = timeout(SOON, listing.collect()).await.expect("it goes on").unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Protocol, "{error}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_more_is_fetched_ahead_than_somebody_takes() {
    let evil = evil_with(b"x", Trick::NeverEnds);
    let storage = storage_of(&evil).await;
    let mut reader = storage.read(&StoragePath::new("/srv/a"), 0, None).await.unwrap();
    // As fast as it comes for a while, then a disk that takes nothing more.
    for _ in 0..500 {
        reader.next().await.unwrap().unwrap();
    }
    let taken = evil.world().met();
    let ahead = (played_until_it_rests(&evil) - taken) * 32 * 1024;
    assert!(ahead <= MOST_AHEAD, "{ahead} bytes ahead");
    assert!(reader.next().await.unwrap().is_some(), "and it goes on");
}

#[tokio::test]
async fn no_more_is_taken_to_be_sent_than_the_server_keeps_up_with() {
    let evil = evil_with(b"", Trick::SilentFrom(0));
    let storage = storage_of(&evil).await;
    let options = WriteOptions::new_private();
    let mut writer = storage.write(&StoragePath::new("/srv/new"), options).await.unwrap();
    let (piece, mut taken) = (Bytes::from(vec![7; 256 * 1024]), 0);
    while let Ok(written) = timeout(Duration::from_millis(500), writer.write(piece.clone())).await {
        written.unwrap();
        taken += piece.len() as u64;
        assert!(taken <= MOST_AHEAD, "{taken} bytes waiting");
    }
    assert!(taken > 0);
}

/// Less than one request holds, given back bit by bit.
#[tokio::test]
async fn a_narrow_window_lets_everything_through_in_time() {
    let evil = Evil::taking(Window { size: 10_000, ends: false }, |_| ());
    let storage = storage_of(&evil).await;
    let (path, content) = (StoragePath::new("/srv/new"), pattern(1_000_003));
    let written = timeout(SOON, write_all(&*storage, &path, content.clone())).await;
    written.expect("it hangs").unwrap();
    assert!(evil.world().content("/srv/new").unwrap() == content);
    let read = timeout(SOON, read_all(&*storage, &path)).await.expect("it hangs");
    assert!(read.unwrap() == content);
}

#[tokio::test]
async fn a_write_that_fails_in_the_middle_is_told() {
    let fails = |code, message| Trick::WriteFails { from: 300_000, code, message };
    for (trick, kind) in [
        (fails(4, b"No space left on device"), ErrorKind::NoSpace),
        (fails(3, b"Permission denied"), ErrorKind::PermissionDenied),
        (Trick::CloseFails, ErrorKind::Failed),
    ] {
        let evil = evil_with(b"", trick);
        let storage = storage_of(&evil).await;
        let path = StoragePath::new("/srv/new");
        let error = write_all(&*storage, &path, pattern(1_000_000)).await.unwrap_err();
        assert_eq!(error.kind(), kind, "{error}");
    }
}

#[tokio::test]
async fn names_that_would_climb_are_refused_and_shown() {
    let evil = Evil::start(|world| {
        let mode = 0o100_644;
        let names: [&[u8]; 7] =
            [b"good", b"../x", b"/etc/passwd", b"", b"a\0b", b"..", b"\x1b]0;x\x07"];
        world.rows("/srv", names.iter().map(|name| (*name, mode, 1)).collect());
    });
    let storage = storage_of(&evil).await;
    let rows = storage.list(&StoragePath::new("/srv")).await.unwrap().collect().await.unwrap();
    let mut names: Vec<_> =
        rows.entries.iter().map(|entry| entry.name.as_bytes().to_vec()).collect();
    names.sort();
    assert_eq!(names, [b"\x1b]0;x\x07".to_vec(), b"good".to_vec()]);
    assert_eq!(rows.refused.len(), 4, "{:?}", rows.refused);
}
