//! Paths at the login folder, the end of a connection, and how failures read.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use wharf::{
    domain::{entry::Kind, error::ErrorKind, path::StoragePath},
    storage::{Replace, WriteOptions},
};

use super::place::{Place, fails};

pub(super) async fn relative_paths_have_an_absolute_form(place: Arc<Place>) {
    let home = place.storage.canonical(&StoragePath::new(".")).await.unwrap();
    assert!(home.is_absolute());
    assert_eq!(place.storage.stat(&home).await.unwrap().kind, Kind::Directory);
    place.storage.make_directory(&place.at("folder"), None).await.unwrap();
    let winding = place.at("folder/../folder/.");
    assert_eq!(place.storage.canonical(&winding).await.unwrap(), place.at("folder"));
    assert_eq!(place.storage.canonical(&place.at("new")).await.unwrap(), place.at("new"));
}

pub(super) async fn an_end_is_final(place: Arc<Place>) {
    place.put("file", &[b'x'; 3_000_000]).await;
    let mut reader = place.storage.read(&place.at("file"), 0, None).await.unwrap();
    let mut writer =
        place.storage.write(&place.at("new"), WriteOptions::new_private()).await.unwrap();
    place.storage.disconnect();
    let lost = [ErrorKind::ConnectionLost];
    let (storage, path) = (&place.storage, place.at("file"));
    fails(storage.stat(&path).await, &lost);
    fails(storage.list(&place.folder).await, &lost);
    fails(storage.read(&path, 0, None).await, &lost);
    fails(storage.write(&place.at("other"), WriteOptions::new_private()).await, &lost);
    fails(storage.rename(&path, &place.at("other"), Replace::Never).await, &lost);
    fails(storage.remove_file(&path).await, &lost);
    fails(storage.make_directory(&place.at("folder"), None).await, &lost);
    fails(storage.canonical(&path).await, &lost);
    fails(storage.digest(&path).await, &lost);
    let rest = async {
        while reader.next().await?.is_some() {}
        reader.finish().await
    };
    fails(rest.await, &lost);
    let rest = async {
        writer.write(vec![b'x'; 10].into()).await?;
        writer.finish(Default::default()).await
    };
    fails(rest.await, &lost);
    storage.disconnect();
}

pub(super) async fn calls_under_way_end_with_it(place: Arc<Place>) {
    place.put("file", &[b'x'; 1_000_000]).await;
    let mut tasks = tokio::task::JoinSet::new();
    let reads = Arc::new(AtomicUsize::new(0));
    for _ in 0..16 {
        let (place, reads) = (place.clone(), reads.clone());
        tasks.spawn(async move {
            // Goes on until the connection's end is all there is left to come.
            loop {
                if let Err(error) = place.get("file").await {
                    return error;
                }
                reads.fetch_add(1, Ordering::Relaxed);
            }
        });
    }
    while reads.load(Ordering::Relaxed) < 20 {
        assert!(tasks.try_join_next().is_none(), "a read failed before the end");
        tokio::task::yield_now().await;
    }
    place.storage.disconnect();
    let all = async {
        while let Some(ended) = tasks.join_next().await {
            let error = ended.unwrap();
            assert_eq!(error.kind(), ErrorKind::ConnectionLost, "{error:?}");
        }
    };
    tokio::time::timeout(Duration::from_secs(2), all).await.expect("they hang on");
}

pub(super) async fn failures_are_sentences(place: Arc<Place>) {
    let odd = place.at("no\nsuch \x1b[31mfile");
    let shown = "no\\nsuch \\u{1b}[31mfile";
    let errors = [
        place.storage.stat(&odd).await.err(),
        place.storage.stat_followed(&odd).await.err(),
        place.storage.list(&odd).await.err(),
        place.storage.read(&odd, 0, None).await.err(),
        place.storage.rename(&odd, &place.at("new"), Replace::Never).await.err(),
        place.storage.rename(&odd, &place.at("new"), Replace::Allowed).await.err(),
        place.storage.remove_file(&odd).await.err(),
        place.storage.remove_directory(&odd).await.err(),
        place.storage.read_link(&odd).await.err(),
        place
            .storage
            .set_attributes(
                &odd,
                &wharf::domain::entry::SetAttributes { permissions: Some(0o600), modified: None },
            )
            .await
            .err(),
        place.storage.digest(&odd).await.err(),
    ];
    for (number, error) in errors.into_iter().enumerate() {
        let sentence = error.unwrap_or_else(|| panic!("call {number} worked")).to_string();
        assert!(sentence.starts_with("Could not ") && sentence.ends_with('.'), "{sentence}");
        assert!(!sentence.ends_with("..") && !sentence.contains("os error"), "{sentence}");
        assert!(sentence.contains(shown), "{sentence}");
        assert!(!sentence.contains(['\n', '\x1b']), "{sentence}");
    }
}
