//! Making and removing.

use std::sync::Arc;

use wharf::domain::{entry::Kind, error::ErrorKind};

use super::place::{Place, fails};

pub(super) async fn made_and_removed(place: Arc<Place>) {
    let path = place.at("folder");
    place.storage.make_directory(&path, None).await.unwrap();
    assert_eq!(place.storage.stat(&path).await.unwrap().kind, Kind::Directory);
    place.storage.remove_directory(&path).await.unwrap();
    fails(place.storage.stat(&path).await, &[ErrorKind::NotFound]);
    fails(place.storage.remove_directory(&path).await, &[ErrorKind::NotFound]);
    let below_absent = place.at("absent/folder");
    fails(place.storage.make_directory(&below_absent, None).await, &[ErrorKind::NotFound]);
}

pub(super) async fn made_only_once(place: Arc<Place>) {
    place.storage.make_directory(&place.at("folder"), None).await.unwrap();
    place.put("file", b"").await;
    for taken in ["folder", "file"] {
        let made = place.storage.make_directory(&place.at(taken), Some(0o700)).await;
        fails(made, &[ErrorKind::AlreadyExists]);
    }
}

pub(super) async fn removed_only_when_empty(place: Arc<Place>) {
    place.storage.make_directory(&place.at("folder"), None).await.unwrap();
    place.put("folder/file", b"x").await;
    let removed = place.storage.remove_directory(&place.at("folder")).await;
    // Version 3 of SFTP has no word for it.
    fails(removed, &[ErrorKind::NotEmpty, ErrorKind::Failed]);
    assert_eq!(place.seen_behind("folder/file").unwrap(), b"x");
}

pub(super) async fn files_and_folders_are_removed_each_in_their_way(place: Arc<Place>) {
    place.put("file", b"x").await;
    place.storage.make_directory(&place.at("folder"), None).await.unwrap();
    let kinds =
        [ErrorKind::NotADirectory, ErrorKind::IsADirectory, ErrorKind::NotFound, ErrorKind::Failed];
    fails(place.storage.remove_directory(&place.at("file")).await, &kinds);
    fails(place.storage.remove_file(&place.at("folder")).await, &kinds);
    assert_eq!(place.rows(&place.folder).await.len(), 2);
    place.storage.remove_file(&place.at("file")).await.unwrap();
    fails(place.storage.remove_file(&place.at("file")).await, &[ErrorKind::NotFound]);
}
