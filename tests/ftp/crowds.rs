//! A server that lets in only so many at once: it is asked for fewer from then on.

use std::time::Duration;

use tokio::{task::JoinSet, time::timeout};
use wharf::domain::site::Bounds;

use super::*;
use crate::{servers::evil_ftp::Trick, support::wait_until};

const LONG: Duration = Duration::from_secs(60);

/// Whoever asks for more than there is room for gets by with half as much, remembers it for the site, and loses nothing.
#[tokio::test(flavor = "multi_thread")]
async fn too_many_halves_what_is_asked_for_and_is_remembered() {
    for (after, say) in [
        ("", "421 There are too many connections from your internet address."),
        (
            "PASS",
            "530 Sorry, the maximum number of clients (5) from your host are already connected.",
        ),
        ("PASS", "421 Too many connections (5) from this IP"),
    ] {
        const MOST: usize = 5;
        let evil = EvilFtp::start(|world| {
            world.file("/srv/file", &[7; 1000]);
            world.trick(Trick::Crowded { most: MOST, after, say });
        });
        let dialer = dialer().within(Bounds { connections: 8, ..Bounds::default() });
        let nobody = Person::who_says(|| Answer::No);
        let site = endpoint(Protocol::Ftp, evil.port());
        let storage = dialer.dial(&site, nobody.clone()).await.unwrap();
        assert_eq!(storage.lanes(), 8, "nothing was said yet");
        let mut reads = JoinSet::new();
        for _ in 0..40 {
            let storage = Arc::clone(&storage);
            reads.spawn(async move { read_all(&*storage, "/srv/file").await });
        }
        while let Some(read) = timeout(LONG, reads.join_next()).await.unwrap() {
            assert_eq!(read.unwrap().unwrap(), [7; 1000], "{say}");
        }
        assert!(evil.sessions().turned_away > 0, "it was never asked for more: {say}");
        // Half of the eight, and one is left for who writes.
        let lanes = storage.lanes();
        assert!((1..=4).contains(&lanes), "{lanes} lanes: {say}");
        drop(storage);
        wait_until("everybody is gone", LONG, || evil.sessions().now == 0);
        let before = evil.sessions().turned_away;
        let storage = dialer.dial(&site, nobody).await.unwrap();
        assert_eq!(storage.lanes(), lanes, "it was forgotten: {say}");
        let mut reads = JoinSet::new();
        for _ in 0..40 {
            let storage = Arc::clone(&storage);
            reads.spawn(async move { read_all(&*storage, "/srv/file").await });
        }
        while let Some(read) = timeout(LONG, reads.join_next()).await.unwrap() {
            assert_eq!(read.unwrap().unwrap(), [7; 1000]);
        }
        assert_eq!(evil.sessions().turned_away, before, "{say}");
        assert!(evil.sessions().most <= MOST);
    }
}
