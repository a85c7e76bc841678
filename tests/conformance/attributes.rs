//! Times and permissions, there and back.

use std::sync::Arc;

use wharf::{
    domain::{
        entry::{Attributes, Kind, SetAttributes, Timestamp},
        error::ErrorKind,
    },
    storage::{FinishOptions, WriteOptions},
};

use super::place::{Kind as PlaceKind, Place, fails};

/// A time long ago, as finely as the place keeps it.
fn long_ago(place: &Place) -> Timestamp {
    let nanoseconds = if place.keeps_nanoseconds() { 123_456_789 } else { 0 };
    Timestamp { seconds: 1_000_000_007, nanoseconds }
}

pub(super) async fn what_is_absent_has_none(place: Arc<Place>) {
    place.put("file", b"").await;
    let set = SetAttributes { permissions: Some(0o600), modified: None };
    for absent in ["absent", "absent/below"] {
        let path = place.at(absent);
        fails(place.storage.stat(&path).await, &[ErrorKind::NotFound]);
        fails(place.storage.stat_followed(&path).await, &[ErrorKind::NotFound]);
        fails(place.storage.set_attributes(&path, &set).await, &[ErrorKind::NotFound]);
    }
    // Below a file there is nothing; a server may not know why.
    fails(
        place.storage.stat(&place.at("file/below")).await,
        &[ErrorKind::NotFound, ErrorKind::NotADirectory, ErrorKind::Failed],
    );
}

pub(super) async fn times_and_permissions_there_and_back(place: Arc<Place>) {
    place.put("file", b"content").await;
    let path = place.at("file");
    // vsftpd takes the last three digits.
    let all = if place.tells_permissions() { 0o1777 } else { 0o777 };
    for permissions in [0o600, 0o640, 0o755, 0o444, all] {
        let set =
            SetAttributes { permissions: Some(permissions), modified: Some(long_ago(&place)) };
        place.storage.set_attributes(&path, &set).await.unwrap();
        let told = place.storage.stat(&path).await.unwrap();
        assert_eq!(place.permissions_of("file", &told), Some(permissions), "{permissions:o}");
        assert_eq!(told.modified, Some(long_ago(&place)));
        assert_eq!((told.kind, told.size), (Kind::File, Some(7)));
    }
    // What is not named stays.
    let later = Timestamp::from_seconds(2_000_000_000);
    let set = SetAttributes { permissions: None, modified: Some(later) };
    place.storage.set_attributes(&path, &set).await.unwrap();
    let told = place.storage.stat(&path).await.unwrap();
    assert_eq!(told.modified, Some(later));
    assert_eq!(place.permissions_of("file", &told), Some(all));
    let set = SetAttributes { permissions: Some(0o600), modified: None };
    place.storage.set_attributes(&path, &set).await.unwrap();
    let told = place.storage.stat(&path).await.unwrap();
    assert_eq!(told.modified, Some(later));
    assert_eq!(place.permissions_of("file", &told), Some(0o600));
}

pub(super) async fn finish_sets_what_it_is_told(place: Arc<Place>) {
    let path = place.at("file");
    let mut stream = place.storage.write(&path, WriteOptions::new_private()).await.unwrap();
    stream.write(vec![b'x'; 100_000].into()).await.unwrap();
    let attributes = SetAttributes { permissions: Some(0o640), modified: Some(long_ago(&place)) };
    let told = stream.finish(FinishOptions { attributes, sync: true }).await.unwrap();
    assert_eq!(told, place.storage.stat(&path).await.unwrap(), "it tells what then holds");
    assert_eq!(place.permissions_of("file", &told), Some(0o640));
    assert_eq!(told.modified, Some(long_ago(&place)));
    assert_eq!(told.size, Some(100_000));
}

pub(super) async fn a_file_is_as_private_as_asked_from_the_start(place: Arc<Place>) {
    for permissions in [0o600, 0o400] {
        let name = format!("{permissions:o}");
        let path = place.at(&name);
        let options = WriteOptions { permissions, ..WriteOptions::new_private() };
        let mut stream = place.storage.write(&path, options).await.unwrap();
        let told = place.storage.stat(&path).await.unwrap();
        assert_eq!(place.permissions_of(&name, &told), Some(permissions), "while it is open");
        stream.write(vec![b'x'; 10].into()).await.unwrap();
        let told = stream.finish(FinishOptions::default()).await.unwrap();
        assert_eq!(place.permissions_of(&name, &told), Some(permissions), "afterwards");
    }
}

pub(super) async fn a_folder_has_them_too(place: Arc<Place>) {
    let path = place.at("folder");
    place.storage.make_directory(&path, Some(0o710)).await.unwrap();
    let told = place.storage.stat(&path).await.unwrap();
    assert_eq!(place.permissions_of("folder", &told), Some(0o710));
    let set = SetAttributes { permissions: Some(0o750), modified: Some(long_ago(&place)) };
    let done = place.storage.set_attributes(&path, &set).await;
    if !place.tells_permissions() {
        // vsftpd sets the times of files alone, and goes on to do so.
        fails(done, &[ErrorKind::Unsupported]);
        assert_eq!(
            place.permissions_of("folder", &Attributes::of_kind(Kind::Directory)),
            Some(0o750)
        );
        return assert!(place.storage.capabilities().set_times);
    }
    done.unwrap();
    let told = place.storage.stat(&path).await.unwrap();
    assert_eq!(told.kind, Kind::Directory);
    assert_eq!(place.permissions_of("folder", &told), Some(0o750));
    assert_eq!(told.modified, Some(long_ago(&place)));
}

pub(super) async fn room_is_told_or_not_known(place: Arc<Place>) {
    let told = place.storage.space(&place.folder).await;
    match place.kind {
        PlaceKind::Local
        | PlaceKind::OpenSsh
        | PlaceKind::OpenSshOrdinary
        | PlaceKind::ProFtpdSftp
        | PlaceKind::ProFtpdSftpOrdinary => {
            let space = told.unwrap();
            assert!(space.total > 0 && space.available <= space.total, "{space:?}");
            let nowhere = place.storage.space(&place.at("nowhere")).await;
            assert!(nowhere.is_err(), "{nowhere:?}");
        }
        PlaceKind::Memory | PlaceKind::Embedded | PlaceKind::Ftp(..) => {
            fails(told, &[ErrorKind::Unsupported])
        }
    }
}
