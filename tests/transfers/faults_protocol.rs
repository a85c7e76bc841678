//! Servers that break the protocol (FAULTS.md 10 to 12, 14, 27): a clear error or a right result, in bounded memory.

use std::{
    fs,
    time::{Duration, Instant},
};

use tempfile::TempDir;
use wharf::engine::message::{Command, Destination, Event, Work};

use super::crossing::{Crossing, LONG, content, files_below, is_a_sentence, local, remote};
use crate::{
    servers::evil_sftp::{Evil, FILE, PASSWORD, Trick, World},
    support::wait_until,
};

/// More than a request holds, less than what would make a test slow.
const LENGTH: usize = 300_000;

/// A server with one file and these tricks, an engine, and a folder whose `a` has an older content.
fn scene(tricks: &[Trick]) -> (Evil, Crossing, TempDir) {
    let evil = Evil::start(|world: &mut World| {
        world.file("/srv/a", &content(LENGTH));
        tricks.iter().for_each(|trick| world.trick(trick.clone()));
    });
    let folder = tempfile::tempdir().unwrap();
    let crossing = Crossing::new(&evil.client().write(), Some(PASSWORD));
    (evil, crossing, folder)
}

/// The copy must fail in words, leave nothing behind, and go well once the server is honest.
#[track_caller]
fn refused(trick: Trick) -> String {
    let (evil, mut crossing, folder) = scene(std::slice::from_ref(&trick));
    let job = crossing.copy(&remote("/srv/a"), &local(folder.path()));
    let said = crossing.fails(job, LONG);
    assert!(evil.world().met() > 0, "the trick was never played");
    assert_eq!(files_below(folder.path()), [""; 0], "{trick:?}");
    evil.world().repent();
    let again = crossing.copy(&remote("/srv/a"), &local(folder.path()));
    crossing.arrives(again, LONG);
    assert_eq!(fs::read(folder.path().join("a")).unwrap(), content(LENGTH));
    said
}

/// The copy must arrive whole.
#[track_caller]
fn arrives(trick: Trick) {
    let (evil, mut crossing, folder) = scene(std::slice::from_ref(&trick));
    let job = crossing.copy(&remote("/srv/a"), &local(folder.path()));
    crossing.arrives(job, LONG);
    assert!(evil.world().met() > 0, "the trick was never played");
    assert_eq!(fs::read(folder.path().join("a")).unwrap(), content(LENGTH), "{trick:?}");
    assert_eq!(files_below(folder.path()), ["a"]);
}

#[test]
fn a_packet_of_absurd_length() {
    for length in [u32::MAX, 1 << 30, 0] {
        let said = refused(Trick::PacketLength(length));
        assert!(said.contains("packet"), "{said}");
    }
}

#[test]
fn data_longer_than_asked_for() {
    refused(Trick::DataLonger);
}

#[test]
fn data_that_never_gets_anywhere() {
    refused(Trick::DataEmpty);
}

#[test]
fn a_reply_to_a_question_nobody_asked() {
    refused(Trick::UnknownId);
}

#[test]
fn a_reply_of_the_wrong_sort() {
    refused(Trick::WrongSort);
}

#[test]
fn a_reply_given_twice() {
    refused(Trick::Twice);
}

#[test]
fn a_handle_longer_than_any() {
    refused(Trick::HandleOf(70_000));
}

#[test]
fn attributes_that_claim_four_billion_fields() {
    refused(Trick::ExtendedPairs(u32::MAX));
}

#[test]
fn replies_in_any_order_are_right() {
    arrives(Trick::OutOfOrder);
}

#[test]
fn short_reads_are_right() {
    arrives(Trick::ShortReads(1000));
}

#[test]
fn a_greeting_that_is_none() {
    for trick in [Trick::Greeting(b"220 files.example FTP server\r\n".to_vec()), Trick::Version(2)]
    {
        let (_evil, mut crossing, _folder) = scene(std::slice::from_ref(&trick));
        let error = crossing.list(&remote("/srv")).unwrap_err();
        is_a_sentence(&error);
    }
}

#[test]
fn a_listing_that_claims_four_billion_rows() {
    let (_evil, mut crossing, _folder) = scene(&[Trick::ManyRows(u32::MAX)]);
    is_a_sentence(&crossing.list(&remote("/srv")).unwrap_err());
}

#[test]
fn a_listing_without_end_is_closed_within_a_second() {
    let (_evil, mut crossing, _folder) = scene(&[Trick::EndlessListing]);
    let ticket = crossing.open(&remote("/srv"));
    let rows = |event: &Event| matches!(event, Event::Rows { ticket: its, .. } if *its == ticket);
    for _ in 0..5 {
        crossing.wait("rows", LONG, rows);
    }
    crossing.send(Command::Close(ticket));
    // Another place is listed while the endless one is being given up.
    let start = Instant::now();
    let other = local(std::path::Path::new("/"));
    crossing.list(&other).unwrap();
    assert!(start.elapsed() < Duration::from_secs(1), "{:?}", start.elapsed());
}

#[test]
fn a_tree_without_end_is_cancelled_within_a_second() {
    let (evil, mut crossing, folder) = scene(&[Trick::EndlessListing]);
    let job = crossing.copy(&remote("/srv"), &local(folder.path()));
    let ended = |event: &Event| matches!(event, Event::StepEnded { .. } | Event::StepDone(_));
    crossing.wait("some steps", LONG, ended);
    let took = crossing.cancel(job);
    assert!(took < Duration::from_secs(1), "{took:?}");
    // And it is not walked on behind what is told: what was asked for by then is all that comes.
    let (asked, start) = (evil.world().met(), Instant::now());
    wait_until("two seconds pass", LONG, || start.elapsed() > Duration::from_secs(2));
    let more = evil.world().met() - asked;
    assert!(more <= 200, "{more} replies more");
}

#[test]
fn sizes_and_times_beyond_belief_allocate_nothing() {
    let (evil, mut crossing, folder) = scene(&[]);
    evil.world().claim("/srv/a", u64::MAX, u32::MAX);
    let (entries, _) = crossing.list(&remote("/srv")).unwrap();
    assert_eq!(entries.len(), 1);
    // It is told as it came, and shown as a question mark.
    assert_eq!(entries[0].attributes.size, Some(u64::MAX));
    let job = crossing.copy(&remote("/srv/a"), &local(folder.path()));
    crossing.fails(job, LONG);
    assert_eq!(files_below(folder.path()), [""; 0]);
}

#[test]
fn what_a_server_says_of_a_failure_is_escaped() {
    let (_evil, mut crossing, folder) =
        scene(&[Trick::Message(b"\x1b[31mno\x07 way\r\nFAKE: all is well \xff")]);
    let job = crossing.copy(&remote("/srv/a"), &local(folder.path()));
    let said = crossing.fails(job, LONG);
    assert!(!said.contains('\x1b') && !said.contains('\r'), "{said:?}");
}

#[test]
fn a_close_fsync_or_rename_that_fails_is_never_done() {
    for trick in [Trick::CloseFails, Trick::SyncFails, Trick::RenameFails] {
        let (evil, mut crossing, folder) = scene(std::slice::from_ref(&trick));
        evil.world().file("/srv/b", b"what stood there");
        fs::write(folder.path().join("b"), content(LENGTH)).unwrap();
        let (from, to) = (local(&folder.path().join("b")), remote("/srv/b"));
        // Only of a move, whose copy will be the only one, it is asked that it be on the disk.
        let job = crossing.add(Work::Move(Destination::Exactly(to)), &[from]);
        crossing.fails(job, LONG);
        assert!(evil.world().met() > 0, "the trick was never played");
        assert!(crossing.done(job).is_empty(), "{trick:?}");
        assert_eq!(fs::read(folder.path().join("b")).unwrap(), content(LENGTH), "{trick:?}");
        assert_eq!(evil.world().content("/srv/b"), Some(&b"what stood there"[..]), "{trick:?}");
    }
}

#[test]
fn rows_told_twice_are_one_file() {
    let (evil, mut crossing, folder) = scene(&[]);
    {
        let mut world = evil.world();
        world.directory("/srv/d");
        world.rows("/srv/d", vec![(b"a", FILE, 3), (b"a", FILE, 3)]);
        world.file("/srv/d/a", b"abc");
    }
    let job = crossing.copy(&remote("/srv/d"), &local(folder.path()));
    crossing.ended(job, LONG);
    assert_eq!(files_below(folder.path()), ["d/a"]);
    assert_eq!(fs::read(folder.path().join("d/a")).unwrap(), b"abc");
}
