//! Sizes that lie, streams that end early or never, sources that change, writes that get lost (FAULTS.md 13, 15, 22,
//! 25 to 27): never `done`, and what stood at the destination stands there still.

use std::fs;

use tempfile::TempDir;

use super::crossing::{Crossing, LONG, content, files_below, local, remote};
use crate::servers::evil_sftp::{Evil, PASSWORD, Trick};

const LENGTH: usize = 200_000;

/// A server with `/srv/a`, and a folder that holds an older `a`.
fn scene() -> (Evil, Crossing, TempDir) {
    let evil = Evil::start(|world| world.file("/srv/a", &content(LENGTH)));
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("a"), "older").unwrap();
    let crossing = Crossing::new(&evil.client().write(), Some(PASSWORD));
    (evil, crossing, folder)
}

/// Fetching must fail in words and leave the older file alone.
#[track_caller]
fn fetching_fails(set_up: impl FnOnce(&Evil)) -> String {
    let (evil, mut crossing, folder) = scene();
    set_up(&evil);
    let job = crossing.copy(&remote("/srv/a"), &local(folder.path()));
    let said = crossing.fails(job, LONG);
    assert!(crossing.done(job).is_empty());
    assert_eq!(files_below(folder.path()), ["a"]);
    assert_eq!(fs::read(folder.path().join("a")).unwrap(), b"older");
    said
}

/// Sending must fail in words and leave what stands there alone.
#[track_caller]
fn sending_fails(trick: Trick) -> String {
    let (evil, mut crossing, folder) = scene();
    fs::write(folder.path().join("a"), content(LENGTH)).unwrap();
    evil.world().file("/srv/a", b"older");
    evil.world().trick(trick);
    let job = crossing.copy(&local(&folder.path().join("a")), &remote("/srv"));
    let said = crossing.fails(job, LONG);
    assert!(crossing.done(job).is_empty());
    assert_eq!(evil.world().content("/srv/a"), Some(&b"older"[..]));
    said
}

#[test]
fn a_stream_that_ends_early() {
    let said = fetching_fails(|evil| evil.world().trick(Trick::EndsAt(LENGTH as u64 / 2)));
    assert!(said.contains("/srv/a") || said.contains(" a"), "{said}");
}

#[test]
fn a_file_larger_than_it_was_said_to_be() {
    fetching_fails(|evil| evil.world().claim("/srv/a", 10, 1));
}

#[test]
fn a_file_smaller_than_it_was_said_to_be() {
    fetching_fails(|evil| evil.world().claim("/srv/a", LENGTH as u64 * 2, 1));
}

#[test]
fn a_file_that_never_ends() {
    fetching_fails(|evil| evil.world().trick(Trick::NeverEnds));
}

#[test]
fn a_source_that_changes_while_it_is_read() {
    fetching_fails(|evil| {
        let trick = Trick::SizeTurns { path: "/srv/a", from: 2, size: LENGTH as u64 + 1 };
        evil.world().trick(trick);
    });
}

#[test]
fn writes_that_are_accepted_and_lost() {
    sending_fails(Trick::WriteForgets { from: LENGTH as u64 / 2 });
}

#[test]
fn writes_that_fail_in_the_middle() {
    let trick = Trick::WriteFails { from: 100_000, code: 4, message: b"Failure" };
    sending_fails(trick);
}

#[test]
fn no_space_in_the_words_of_the_server() {
    let trick = Trick::WriteFails { from: 100_000, code: 4, message: b"No space left on device" };
    let said = sending_fails(trick);
    assert!(said.to_lowercase().contains("space"), "{said}");
}

#[test]
fn no_permission_is_said_at_once_and_not_tried_again() {
    let (evil, mut crossing, folder) = scene();
    evil.world().trick(Trick::NothingMade);
    let job = crossing.copy_to(&local(&folder.path().join("a")), &remote("/srv/b"));
    let said = crossing.fails(job, LONG);
    assert!(said.contains("permission denied"), "{said}");
    assert!(evil.world().below("/srv").iter().all(|path| path == "/srv/a"));
}
