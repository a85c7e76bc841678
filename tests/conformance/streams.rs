//! Finish versus drop: only `finish` is a success, and a dropped stream lets go of its file.

use std::{sync::Arc, time::Duration};

use wharf::storage::{FinishOptions, WriteOptions};

use super::place::{Kind, Place, pattern};
use crate::support::wait_until;

/// Waits until nothing in the place is open any more.
fn let_go(place: &Place) {
    tokio::task::block_in_place(|| {
        wait_until("nothing is open any more", Duration::from_secs(10), || {
            place.open_streams() == 0
        });
    });
}

pub(super) async fn a_dropped_write_lets_go(place: Arc<Place>) {
    for number in 0..20 {
        let path = place.at(format!("{number}"));
        let mut stream = place.storage.write(&path, WriteOptions::new_private()).await.unwrap();
        // Nothing, a little, and more than is written at once.
        stream.write(pattern(number * 100_000).into()).await.unwrap();
    }
    let_go(&place);
    // The names can be used again at once, and the storage answers as before.
    for number in 0..20 {
        place.storage.remove_file(&place.at(format!("{number}"))).await.unwrap();
    }
    place.put("0", b"whole").await;
    assert_eq!(place.get("0").await.unwrap(), b"whole");
}

pub(super) async fn a_dropped_read_lets_go(place: Arc<Place>) {
    place.put_behind("f", &pattern(5_000_000));
    for number in 0..20 {
        let mut stream = place.storage.read(&place.at("f"), 0, None).await.unwrap();
        if number % 2 == 1 {
            stream.next().await.unwrap();
        }
    }
    let_go(&place);
    assert_eq!(place.get("f").await.unwrap().len(), 5_000_000);
}

pub(super) async fn a_file_is_whole_when_finish_says_so(place: Arc<Place>) {
    for round in 0..10 {
        let name = format!("{round}");
        let content = pattern(1_000_003);
        let mut stream =
            place.storage.write(&place.at(&name), WriteOptions::new_private()).await.unwrap();
        for chunk in content.chunks(33_333) {
            stream.write(chunk.to_vec().into()).await.unwrap();
        }
        stream.finish(FinishOptions::default()).await.unwrap();
        assert!(place.seen_behind(&name).unwrap() == content, "round {round}");
        if matches!(place.kind, Kind::Ftp(..)) {
            // vsftpd says so first, and closes then.
            let_go(&place);
        }
        assert_eq!(place.open_streams(), 0, "closed when it says so");
    }
}
