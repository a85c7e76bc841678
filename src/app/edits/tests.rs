//! The keeper of copies, tried on real files.

use std::{os::unix::fs::PermissionsExt as _, sync::Arc};

use super::*;
use crate::domain::{
    entry::{Attributes, Kind, Timestamp},
    place::{Endpoint, Location},
    site::{Protocol, Site},
};

fn kept() -> Kept {
    let site = Site::new(Protocol::Ftp, Some("anna"), "files.example", Some(2121)).unwrap();
    let before = Attributes {
        size: Some(4),
        modified: Some(Timestamp { seconds: 7, nanoseconds: 8 }),
        ..Attributes::of_kind(Kind::File)
    };
    let path = StoragePath::new(b"/srv/\xff\nname");
    Kept {
        location: Location { endpoint: Endpoint::Remote(Arc::new(site)), path },
        before,
        base: None,
    }
}

fn keeper(room: &Path) -> (Keeper, UnboundedReceiver<EditNews>) {
    let (told, news) = unbounded_channel();
    let (held, watched) = (HashMap::new(), HashMap::new());
    (Keeper { room: room.to_owned(), held, watched, told }, news)
}

#[test]
fn a_record_comes_back_as_it_was_written_and_is_private() {
    let room = tempfile::tempdir().unwrap();
    let folder = room.path().join("00c0ffee");
    record::write(&folder, &kept()).unwrap();
    let path = record::path_of(&folder);
    assert_eq!(record::read(&path).unwrap(), kept());
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    fs::write(&path, "{\"protocol\": \"ftp\"").unwrap();
    assert!(record::read(&path).unwrap_err().contains("it is damaged"));
}

#[test]
fn what_was_left_is_offered_once_and_only_where_nobody_has_it() {
    let room = tempfile::tempdir().unwrap();
    let (mut first, _) = keeper(room.path());
    let folder = as_path(&first.make(&kept()).unwrap()).to_owned();
    let copy = folder.join(std::ffi::OsStr::from_bytes(b"\xff\nname"));
    fs::write(&copy, "base").unwrap();
    let base = Some(watch::digest(&copy).unwrap());
    record::write(&folder, &Kept { base, ..kept() }).unwrap();
    let (mut second, _) = keeper(room.path());
    assert!(second.find_left().0.is_empty(), "the first Wharf has it");
    drop(first);
    let (left, troubles) = second.find_left();
    assert_eq!((left.len(), troubles.len()), (1, 0));
    assert!(!left[0].is_changed);
    assert!(second.find_left().0.is_empty(), "it is offered once");
    fs::write(&copy, "another").unwrap();
    let (mut third, _) = keeper(room.path());
    assert!(third.find_left().0.is_empty());
    drop(second);
    assert!(third.find_left().0[0].is_changed);
    third.clear(&folder);
    assert_eq!(fs::read_dir(room.path()).unwrap().count(), 0);
}

#[test]
fn a_copy_whose_first_state_was_not_written_down_yet_is_kept() {
    let room = tempfile::tempdir().unwrap();
    let (mut first, _) = keeper(room.path());
    let folder = as_path(&first.make(&kept()).unwrap()).to_owned();
    let copy = folder.join(std::ffi::OsStr::from_bytes(b"\xff\nname"));
    fs::write(&copy, "saved by the editor").unwrap();
    drop(first);
    let left = keeper(room.path()).0.find_left().0;
    assert!(left[0].is_changed, "{left:?}");
    assert_eq!(fs::read_to_string(&copy).unwrap(), "saved by the editor");
}

#[test]
fn a_copy_that_never_was_whole_is_cleared_away_and_others_are_left_alone() {
    let room = tempfile::tempdir().unwrap();
    let (mut first, _) = keeper(room.path());
    first.make(&kept()).unwrap();
    drop(first);
    let stranger = room.path().join("kept-by-the-person");
    fs::create_dir(&stranger).unwrap();
    let (mut second, _) = keeper(room.path());
    assert!(second.find_left().0.is_empty());
    let stays: Vec<_> =
        fs::read_dir(room.path()).unwrap().map(|entry| entry.unwrap().path()).collect();
    assert_eq!(stays, [stranger]);
    second.clear(Path::new("/tmp"));
}

#[test]
fn saving_is_noticed_by_content_once_it_has_settled() {
    let folder = tempfile::tempdir().unwrap();
    let copy = folder.path().join("copy");
    fs::write(&copy, "one").unwrap();
    let (mut watch, _) = Watch::begin(&copy).unwrap();
    assert!(!watch.was_saved());
    // In place.
    fs::write(&copy, "two!").unwrap();
    assert!(!watch.was_saved(), "it may not be whole");
    assert!(watch.was_saved());
    assert!(!watch.was_saved());
    // By renaming, with a moment without a file.
    fs::remove_file(&copy).unwrap();
    assert!(!watch.was_saved());
    fs::write(folder.path().join("new"), "three").unwrap();
    fs::rename(folder.path().join("new"), &copy).unwrap();
    assert!(!watch.was_saved());
    assert!(watch.was_saved());
    // The same once more is no change.
    fs::write(folder.path().join("new"), "three").unwrap();
    fs::rename(folder.path().join("new"), &copy).unwrap();
    assert!([watch.was_saved(), watch.was_saved(), watch.was_saved()].iter().all(|saved| !saved));
}
