//! OpenSSH itself: overlap, handles given back, channels refused or killed.

use std::{
    fs,
    time::{Duration, Instant},
};

use futures_util::{StreamExt as _, future::join_all, stream::FuturesUnordered};
use tokio::time::timeout;
use wharf::storage::Replace;

use super::*;
use crate::{
    servers::{relay::Relay, sshd::Sshd},
    support::wait_until,
};

const SOON: Duration = Duration::from_secs(30);

/// How many of the served files each SFTP server holds open: one server a lane.
fn open_files_by_lane(sshd: &Sshd) -> Vec<usize> {
    let files = sshd.files();
    let of = |id: u32| fs::read_dir(format!("/proc/{id}/fd")).into_iter().flatten().flatten();
    let is_ours =
        |entry: &fs::DirEntry| fs::read_link(entry.path()).is_ok_and(|to| to.starts_with(&files));
    sshd.sftp_servers().into_iter().map(|id| of(id).filter(is_ours).count()).collect()
}

fn open_files(sshd: &Sshd) -> usize {
    open_files_by_lane(sshd).iter().sum()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_long_round_trip_is_not_paid_for_every_file() {
    let Some(sshd) = Sshd::options().start() else { return };
    let relay = Relay::to(sshd.port());
    let storage = connect(&sshd.client().port(relay.port()).knows(&sshd.host_keys()).write()).await;
    let storage = &*storage;
    relay.delay(Duration::from_millis(50));
    let files = sshd.files();
    let content = pattern(4096);
    let start = Instant::now();
    let one = |n: usize| {
        let (path, content) = (at(&files, &format!("{n}")), content.clone());
        async move {
            write_all(storage, &path, content.clone()).await.unwrap();
            assert!(read_all(storage, &path).await.unwrap() == content);
        }
    };
    join_all((0..200).map(one)).await;
    // One after the other that would be 200 times at least 5 round trips of 100 ms.
    assert!(start.elapsed() < Duration::from_secs(20), "{:?}", start.elapsed());
    assert_eq!(
        storage.list(&at(&files, "")).await.unwrap().collect().await.unwrap().entries.len(),
        200
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_dropped_in_the_middle_gives_its_handle_back() {
    let Some(sshd) = Sshd::options().start() else { return };
    let relay = Relay::to(sshd.port());
    let storage = connect(&sshd.client().port(relay.port()).knows(&sshd.host_keys()).write()).await;
    let files = sshd.files();
    fs::write(files.join("big"), pattern(20 << 20)).unwrap();
    relay.delay(Duration::from_millis(10));
    let path = at(&files, "big");
    for wait in [0, 5, 15, 25, 40, 60, 100] {
        let reads = join_all((0..8).map(|_| read_all(&*storage, &path)));
        let _ = timeout(Duration::from_millis(wait), reads).await;
        let new = at(&files, &format!("new{wait}"));
        let _ = timeout(Duration::from_millis(wait), write_all(&*storage, &new, pattern(9 << 20)))
            .await;
        let _ = timeout(Duration::from_millis(wait), storage.list(&at(&files, ""))).await;
    }
    wait_until("all handles are closed", SOON, || open_files(&sshd) == 0);
    assert!(
        read_all(&*storage, &path).await.unwrap() == pattern(20 << 20),
        "the connection lives on"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ranges_that_are_sent_wait_for_a_lane_of_their_own() {
    let Some(sshd) = Sshd::options().start() else { return };
    let relay = Relay::to(sshd.port());
    let storage = connect(&sshd.client().port(relay.port()).knows(&sshd.host_keys()).write()).await;
    relay.delay(Duration::from_millis(20));
    let path = at(&sshd.files(), "large");
    write_all(&*storage, &path, pattern(4)).await.unwrap();
    let range = |offset| {
        let (storage, path) = (&storage, &path);
        async move {
            let options = WriteOptions { create_new: false, offset, ..WriteOptions::new_private() };
            storage.write(path, options).await.unwrap()
        }
    };
    let ranges = join_all((1..=3).map(range)).await;
    let by_lane = open_files_by_lane(&sshd);
    assert_eq!(by_lane.iter().sum::<usize>(), 3);
    assert!(by_lane.iter().all(|&files| files <= 1), "{by_lane:?}");
    drop(ranges);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn lanes_are_opened_ahead_for_streams_that_are_announced() {
    let Some(sshd) = Sshd::options().start() else { return };
    let storage = connect(&sshd.client().knows(&sshd.host_keys()).write()).await;
    let lanes = || open_files_by_lane(&sshd).len();
    wait_until("one lane for questions and one for data", SOON, || lanes() == 2);
    storage.expect_streams(3);
    wait_until("a lane for each of the streams", SOON, || lanes() == 4);
    storage.expect_streams(1000);
    wait_until("no more than there may be at first", SOON, || lanes() == 1 + storage.lanes());
    // What is asked after it is answered after it: no lane comes any more.
    storage.stat(&at(&sshd.files(), "none")).await.unwrap_err();
    assert_eq!(lanes(), 1 + storage.lanes());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lane_has_so_many_files_open_and_the_rest_waits_its_turn() {
    let Some(sshd) = Sshd::options().line("MaxSessions 1").start() else { return };
    let storage = connect(&sshd.client().knows(&sshd.host_keys()).write()).await;
    let path = at(&sshd.files(), "a");
    write_all(&*storage, &path, pattern(1000)).await.unwrap();
    let mut opened = Vec::new();
    let mut opening: FuturesUnordered<_> = (0..300).map(|_| storage.read(&path, 0, None)).collect();
    while let Ok(Some(file)) = timeout(Duration::from_millis(500), opening.next()).await {
        opened.push(file.unwrap());
    }
    let open = open_files(&sshd);
    assert_eq!((open, opened.len()), (256, 256));
    drop(opened);
    while let Some(file) = timeout(SOON, opening.next()).await.unwrap() {
        file.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_channel_or_two_are_enough() {
    for sessions in [1, 2] {
        let Some(sshd) = Sshd::options().line(format!("MaxSessions {sessions}")).start() else {
            return;
        };
        let storage = connect(&sshd.client().known().write()).await;
        let storage = &*storage;
        let files = sshd.files();
        let one = |n: usize| {
            let path = at(&files, &format!("{n}"));
            async move {
                let content = pattern(300_000 + n);
                write_all(storage, &path, content.clone()).await.unwrap();
                assert!(read_all(storage, &path).await.unwrap() == content);
            }
        };
        timeout(SOON, join_all((0..12).map(one))).await.unwrap();
        if sessions == 1 {
            let error = storage.digest(&at(&files, "1")).await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Unsupported, "{error}");
            assert!(!storage.capabilities().digests);
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_lane_that_dies_leaves_the_others() {
    let Some(sshd) = Sshd::options().start() else { return };
    let storage = connect(&sshd.client().known().write()).await;
    let files = sshd.files();
    fs::write(files.join("a"), pattern(100)).unwrap();
    let streams =
        join_all((0..6).map(|_| async { storage.read(&at(&files, "a"), 0, None).await.unwrap() }))
            .await;
    wait_until("several lanes are open", SOON, || sshd.sftp_servers().len() >= 3);
    drop(streams);
    let victim = sshd.sftp_servers().into_iter().max().unwrap();
    crate::servers::processes::signal(victim, crate::servers::processes::Signal::KILL);
    wait_until("it is gone", SOON, || !sshd.sftp_servers().contains(&victim));
    let again = async {
        loop {
            match read_all(&*storage, &at(&files, "a")).await {
                Ok(content) => return content,
                Err(error) => assert_eq!(error.kind(), ErrorKind::Interrupted, "{error}"),
            }
        }
    };
    assert!(timeout(SOON, again).await.unwrap() == pattern(100));
    sshd.kill_sftp();
    let the_end = async {
        loop {
            match storage.stat(&at(&files, "a")).await.map_err(|error| error.kind()) {
                Err(ErrorKind::ConnectionLost) => return,
                // As long as another lane has not been found dead.
                Ok(_) | Err(ErrorKind::Interrupted) => {}
                Err(other) => panic!("{other:?}"),
            }
        }
    };
    timeout(SOON, the_end).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 3)]
async fn a_cut_and_a_hang_up_end_all_that_waits() {
    let Some(sshd) = Sshd::options().start() else { return };
    let files = sshd.files();
    fs::write(files.join("big"), pattern(64 << 20)).unwrap();
    for hang_up in [false, true] {
        let relay = Arc::new(Relay::to(sshd.port()));
        let storage =
            connect(&sshd.client().port(relay.port()).knows(&sshd.host_keys()).write()).await;
        relay.down().rate(2_000_000);
        relay.up().rate(2_000_000);
        let (get, put) = (at(&files, "big"), at(&files, &format!("put{hang_up}")));
        let end = async {
            let watched = Arc::clone(&relay);
            let enough =
                move || watched.down().passed() > 400_000 && watched.up().passed() > 400_000;
            let wait = move || wait_until("data flows both ways", SOON, enough);
            tokio::task::spawn_blocking(wait).await.unwrap();
            if hang_up {
                relay.stall(true);
                storage.disconnect();
            } else {
                relay.reset();
            }
            Instant::now()
        };
        let content = pattern(64 << 20);
        let work = async {
            let both = tokio::join!(read_all(&*storage, &get), write_all(&*storage, &put, content));
            (both, Instant::now())
        };
        let (((read, written), ended), begun) =
            timeout(SOON, async { tokio::join!(work, end) }).await.unwrap();
        assert!(ended - begun < Duration::from_secs(1), "{:?}", ended - begun);
        assert_eq!(read.unwrap_err().kind(), ErrorKind::ConnectionLost);
        assert_eq!(written.unwrap_err().kind(), ErrorKind::ConnectionLost);
        let error = storage.stat(&get).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::ConnectionLost, "{error}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn renaming_replaces_only_when_it_may() {
    let Some(sshd) = Sshd::options().start() else { return };
    let storage = connect(&sshd.client().known().write()).await;
    let files = sshd.files();
    let (from, to) = (at(&files, "from"), at(&files, "to"));
    fs::write(files.join("from"), b"new").unwrap();
    fs::write(files.join("to"), b"old").unwrap();
    let error = storage.rename(&from, &to, Replace::Never).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::AlreadyExists, "{error}");
    assert_eq!(fs::read(files.join("to")).unwrap(), b"old");
    storage.rename(&from, &to, Replace::Allowed).await.unwrap();
    assert_eq!(fs::read(files.join("to")).unwrap(), b"new");
    storage.rename(&to, &from, Replace::Never).await.unwrap();
    assert_eq!(fs::read_dir(&files).unwrap().count(), 1);
}

/// Half-sent packets are the rule here: both directions are full, and each lane wants to send.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_narrow_line_full_both_ways_moves_on() {
    let Some(sshd) = Sshd::options().start() else { return };
    let relay = Relay::to(sshd.port());
    let storage = connect(&sshd.client().port(relay.port()).knows(&sshd.host_keys()).write()).await;
    let storage = &*storage;
    relay.up().rate(8_000_000);
    relay.down().rate(8_000_000);
    let files = sshd.files();
    let content = pattern(10 << 20);
    fs::write(files.join("there"), &content).unwrap();
    let one = |n: usize| {
        let (get, put, content) =
            (at(&files, "there"), at(&files, &format!("{n}")), content.clone());
        async move {
            let (read, written) =
                tokio::join!(read_all(storage, &get), write_all(storage, &put, content.clone()));
            assert!(read.unwrap() == content);
            assert_eq!(written.unwrap().size, Some(content.len() as u64));
        }
    };
    let browse = async {
        for _ in 0..20 {
            storage.list(&at(&files, "")).await.unwrap().collect().await.unwrap();
        }
    };
    let all = async { tokio::join!(join_all((0..5).map(one)), browse) };
    timeout(Duration::from_secs(120), all).await.expect("it hangs");
    for n in 0..5 {
        assert!(fs::read(files.join(format!("{n}"))).unwrap() == content, "{n}");
    }
}
