//! Many calls side by side on one storage.

use std::sync::Arc;

use tokio::task::JoinSet;

use super::place::{Place, pattern};

pub(super) async fn reads_and_writes_side_by_side(place: Arc<Place>) {
    const FILES: usize = 24;
    let content = |number: usize| pattern(250_000 + number * 7_001);
    for number in 0..FILES {
        place.put_behind(&format!("there {number}"), &content(number));
    }
    let mut tasks = JoinSet::new();
    for number in 0..FILES {
        let reader = place.clone();
        tasks.spawn(async move {
            let read = reader.get(format!("there {number}")).await.unwrap();
            assert!(read == content(number), "file {number} read");
        });
        let writer = place.clone();
        tasks.spawn(async move {
            writer.put(format!("here {number}"), &content(number)).await;
        });
        let lister = place.clone();
        tasks.spawn(async move {
            assert!(lister.rows(&lister.folder).await.len() >= FILES);
        });
    }
    while let Some(done) = tasks.join_next().await {
        done.unwrap();
    }
    for number in 0..FILES {
        let written = place.seen_behind(&format!("here {number}")).unwrap();
        assert!(written == content(number), "file {number} written");
    }
}

pub(super) async fn small_files_by_the_hundred(place: Arc<Place>) {
    let mut tasks = JoinSet::new();
    for number in 0..300 {
        let place = place.clone();
        tasks.spawn(async move {
            let name = format!("{number}");
            let told = place.put(&name, name.as_bytes()).await;
            assert_eq!(told.size, Some(name.len() as u64));
            assert_eq!(place.get(&name).await.unwrap(), name.as_bytes());
        });
    }
    while let Some(done) = tasks.join_next().await {
        done.unwrap();
    }
    assert_eq!(place.rows(&place.folder).await.len(), 300);
}
