//! A link that is slow, and one that breaks again and again.

use std::{fs, time::Duration};

use bytes::Bytes;
use tokio::time::timeout;
use wharf::storage::{FinishOptions, WriteOptions};

use super::*;
use crate::{
    headless::{self, Said},
    servers::evil_ftp::Trick,
};

/// Longer than any of it takes.
const LONG: Duration = Duration::from_secs(60);

fn content(length: usize) -> Vec<u8> {
    (0..length).map(|at| (at >> 9) as u8 ^ at as u8).collect()
}

/// Fault 23: at 1 KB/s a file takes longer than a stall, or a reply, may; as long as it moves, or as the system may still
/// be sending it, that is no time-out.
#[tokio::test(flavor = "multi_thread")]
async fn a_slow_link_is_no_dead_link() {
    let file = content(5000);
    let evil = EvilFtp::start(|world| {
        world.file("/srv/down", &file);
        world.trick(Trick::Slow(1000));
    });
    let ways = FtpWays { stall_timeout: Some(2), reply_timeout: Some(2), ..FtpWays::default() };
    let storage = connect_in_ways(&evil, ways).await;
    let read = timeout(LONG, read_all(&*storage, "/srv/down")).await.unwrap();
    assert!(read.unwrap() == file);
    let sent = async {
        let path = StoragePath::new("/srv/up");
        let mut stream = storage.write(&path, WriteOptions::new_private()).await?;
        stream.write(Bytes::from(file.clone())).await?;
        stream.finish(FinishOptions::default()).await
    };
    let arrived = timeout(LONG, sent).await.unwrap().unwrap();
    assert_eq!(arrived.size, Some(5000));
    assert!(evil.world().content("/srv/up") == Some(file));
}

/// Fault 24: twenty times the link ends in the middle; each attempt goes on where the last one stopped, after a pause, and
/// there is one file in the end.
#[test]
fn a_link_that_breaks_twenty_times() {
    const TIMES: usize = 20;
    const STEP: usize = 1 << 20;
    let file = content((TIMES + 1) * STEP);
    let evil = EvilFtp::start(|world| {
        world.file("/srv/file", &file);
        for _ in 0..TIMES {
            world.trick(Trick::BreaksAfter(STEP));
        }
    });
    let folder = tempfile::tempdir().unwrap();
    let client = headless::no_server().write();
    let place = format!("ftp://anna@127.0.0.1:{}/srv/file", evil.port());
    let words = ["cp", "--json", "--verify", "size", "--connections", "1", &place, "."];
    let mut command = headless::wharf(&client, folder.path(), &words);
    let began = std::time::Instant::now();
    let said = Said::of(command.env("WHARF_PASSWORD", CANARY).output().unwrap());
    assert_eq!(said.status, 0, "{said:?}");
    assert!(fs::read(folder.path().join("file")).unwrap() == file);
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "a part was left");
    assert!(!evil.world().has_tricks(), "it did not break so often");
    // Each attempt looks whether what it has is still the beginning, which breaks as well: half of the breaks were an
    // attempt's. It waited before the next, and never began again.
    let waited = began.elapsed();
    assert!(waited >= Duration::from_millis(700) * (TIMES / 2) as u32, "{waited:?}");
    let seen = evil.world().seen();
    let count = |verb| seen.iter().filter(|line| line.starts_with(verb)).count();
    let (fetched, resumed) = (count("RETR"), count("REST"));
    assert!(resumed >= TIMES / 2 && fetched - resumed <= 4, "{resumed} of {fetched}: {seen:?}");
}
