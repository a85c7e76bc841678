//! A server that stops, and one that is only busy: the first is given up, the second is not.

use std::{
    fs,
    time::{Duration, Instant},
};

use tokio::time::timeout;

use super::*;
use crate::servers::{
    embedded::Window,
    evil_sftp::{Evil, PASSWORD},
    relay::Relay,
    sshd::Sshd,
};

/// Between patience's end and this, all has failed.
const LIMIT: Duration = Duration::from_secs(90);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_stopped_is_given_up_and_one_that_works_is_not() {
    let Some(sshd) = Sshd::options().start() else { return };
    let Some(busy) = Sshd::options().start() else { return };
    let files = sshd.files();
    fs::write(files.join("big"), pattern(64 << 20)).unwrap();
    let relay = Relay::to(sshd.port());
    let client = sshd.client().port(relay.port()).knows(&sshd.host_keys()).write();
    let (stopped, cut_off) =
        (connect(&sshd.client().known().write()).await, connect(&client).await);
    let mut stream = stopped.read(&at(&files, "big"), 0, None).await.unwrap();
    assert!(stream.next().await.unwrap().is_some());
    let working = connect(&busy.client().known().write()).await;
    fs::File::create(busy.files().join("endless")).unwrap().set_len(1 << 42).unwrap();

    let paused = sshd.pause_sftp();
    relay.stall(true);
    let start = Instant::now();
    let stops = async {
        loop {
            match stream.next().await {
                Ok(chunk) => assert!(chunk.is_some(), "all of it was there already"),
                Err(error) => return error,
            }
        }
    };
    let (path, endless) = (at(&files, "big"), at(&busy.files(), "endless"));
    let (stopped, cut_off, working) = tokio::join!(
        timeout(LIMIT, stops),
        timeout(LIMIT, cut_off.stat(&path)),
        timeout(Duration::from_secs(60), working.digest(&endless)),
    );
    for error in [stopped.unwrap(), cut_off.unwrap().unwrap_err()] {
        assert_eq!(error.kind(), ErrorKind::TimedOut, "{error}");
        assert!(error.to_string().contains("has not answered for 45 s"), "{error}");
    }
    assert!(working.is_err(), "the digest was given up: {working:?}");
    assert!(start.elapsed() >= Duration::from_secs(40), "given up too soon: {:?}", start.elapsed());
    drop(paused);
}

/// It takes what its windows hold, and says nothing more: neither that more may come nor what became of it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_window_that_never_grows_is_given_up() {
    let evil = Evil::taking(Window { size: 200_000, ends: true }, |_| ());
    let storage = try_connect(&evil.client().write(), PASSWORD).await.unwrap();
    let options = WriteOptions::new_private();
    let mut writer = storage.write(&StoragePath::new("/srv/new"), options).await.unwrap();
    let (piece, mut taken) = (Bytes::from(vec![7; 64 * 1024]), 0);
    let fills = async {
        loop {
            if let Err(error) = writer.write(piece.clone()).await {
                return error;
            }
            taken += piece.len();
        }
    };
    let error = timeout(LIMIT, fills).await.expect("it hangs");
    assert_eq!(error.kind(), ErrorKind::TimedOut, "{error}");
    assert!(error.to_string().contains("has not answered for 45 s"), "{error}");
    assert!(taken < 8 << 20, "{taken} bytes were taken to be sent");
    let written = evil.world().content("/srv/new").map_or(0, <[u8]>::len);
    assert!((100_000..=400_000).contains(&written), "the window was no bound: {written} came");
}
