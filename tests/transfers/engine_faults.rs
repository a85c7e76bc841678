//! Storages that fail, lie, or hang: the destination is untouched, nothing is left behind, the words are right.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU32, Ordering},
    },
    time::{Duration, Instant},
};

use wharf::{
    domain::{
        entry::Kind,
        error::{Error, ErrorKind},
        question::ConflictChoice,
    },
    engine::message::{Command, Event, JobState, StepEnding, Target, Work},
    storage::memory::{Digests, MemoryStorage, Operation, Reads},
};

use super::engine_rig::*;

/// Lets an operation fail so many times.
fn fails(
    storage: &MemoryStorage,
    operation: Operation,
    kind: ErrorKind,
    times: u32,
) -> Arc<AtomicU32> {
    let met = Arc::new(AtomicU32::new(0));
    let count = met.clone();
    storage.before(move |call| {
        let fails = call.operation == operation && count.fetch_add(1, Ordering::SeqCst) < times;
        async move {
            if fails {
                let doing = format!("{operation:?} {:?} on files.example", call.path);
                return Err(Error::new(kind, doing, "so it was wanted"));
            }
            Ok(())
        }
    });
    met
}

#[tokio::test(start_paused = true)]
async fn a_source_that_ends_early_runs_over_or_changes_is_never_done() {
    for reads in [Reads::EndAt(500), Reads::RunOverBy(10), Reads::RunOverBy(u64::MAX / 4)] {
        let mut rig = Rig::new();
        rig.there.put("/there/a", bytes(1000)).unwrap();
        rig.there.misbehave(|faults| faults.reads = reads);
        let report = rig.run(get(&["/there/a"], "/here")).await;
        let (error, attempts) = report.only_failure();
        assert_eq!((error.kind(), attempts), (ErrorKind::SourceChanged, 4), "{error}");
        assert_eq!(rig.here.content("/here/a"), None);
        until_tidy(&rig.here).await;
    }

    let mut rig = Rig::new();
    rig.there.put("/there/a", bytes(1000)).unwrap();
    let inside = rig.there.clone();
    rig.there.before(move |call| {
        let inside = inside.clone();
        async move {
            if call.operation == Operation::FinishRead {
                inside.put("/there/a", bytes(999)).unwrap();
            }
            Ok(())
        }
    });
    let report = rig.run(get(&["/there/a"], "/here")).await;
    // The first attempt saw 1000 bytes become 999, the second saw only the time change.
    assert_eq!(report.only_failure().0.kind(), ErrorKind::SourceChanged);
    assert_eq!(rig.here.content("/here/a"), None);
}

#[tokio::test(start_paused = true)]
async fn what_changed_after_it_was_listed_is_opened_after_it_was_looked_at() {
    let mut rig = Rig::new();
    rig.there.put("/there/a", bytes(1000)).unwrap();
    let inside = rig.there.clone();
    let (looks, opened) = (AtomicU32::new(0), Arc::new(AtomicU32::new(0)));
    let count = opened.clone();
    rig.there.before(move |call| {
        let inside = inside.clone();
        let second_look =
            call.operation == Operation::Stat && looks.fetch_add(1, Ordering::SeqCst) == 1;
        if call.operation == Operation::OpenRead {
            count.fetch_add(1, Ordering::SeqCst);
        }
        async move {
            if second_look {
                inside.put("/there/a", bytes(999)).unwrap();
            }
            Ok(())
        }
    });
    let report = rig.run(get(&["/there/a"], "/here")).await;
    assert_eq!((report.done.len(), report.done[0].attempts), (1, 1));
    assert_eq!(opened.load(Ordering::SeqCst), 2);
    assert_eq!(rig.here.content("/here/a"), Some(bytes(999)));
}

#[tokio::test(start_paused = true)]
async fn a_wrong_digest_is_tried_once_more_and_told_with_both_digests() {
    let mut rig = Rig::new();
    rig.here.put("/here/a", bytes(1000)).unwrap();
    rig.there.misbehave(|faults| faults.digests = Digests::Wrong);
    let report = rig.run(put(&["/here/a"], "/there")).await;
    let (error, attempts) = report.only_failure();
    assert_eq!((error.kind(), attempts), (ErrorKind::DigestMismatch, 2));
    let words = error.to_string();
    let digests = words.split(|c: char| !c.is_ascii_hexdigit()).filter(|word| word.len() == 64);
    assert_eq!(digests.count(), 2, "{words}");
    assert_eq!(rig.there.content("/there/a"), None);
    until_tidy(&rig.there).await;
}

#[tokio::test(start_paused = true)]
async fn a_bit_flipped_on_the_way_is_found_where_both_ends_have_digests() {
    let mut rig = Rig::new();
    rig.there.put("/there/a", bytes(1000)).unwrap();
    rig.there.misbehave(|faults| faults.reads = Reads::FlipBitAt(77));
    let report = rig.run(get(&["/there/a"], "/here")).await;
    assert_eq!(report.only_failure().0.kind(), ErrorKind::DigestMismatch);
    assert_eq!(rig.here.content("/here/a"), None);
}

#[tokio::test]
async fn what_waiting_cannot_mend_is_not_tried_again() {
    for (operation, kind) in [
        (Operation::OpenWrite, ErrorKind::PermissionDenied),
        (Operation::Write, ErrorKind::NoSpace),
        (Operation::FinishWrite, ErrorKind::ReadOnly),
        (Operation::FinishWrite, ErrorKind::Failed),
        (Operation::Rename, ErrorKind::PermissionDenied),
        (Operation::Rename, ErrorKind::Failed),
        (Operation::Digest, ErrorKind::NotFound),
    ] {
        let mut rig = Rig::new();
        rig.here.put("/here/a", bytes(1000)).unwrap();
        rig.there.put("/there/a", "old").unwrap();
        fails(&rig.there, operation, kind, u32::MAX);
        let request = with(put(&["/here/a"], "/there"), on_conflict(ConflictChoice::Overwrite));
        let report = rig.run(request).await;
        let (error, attempts) = report.only_failure();
        assert_eq!((error.kind(), attempts), (kind, 1), "{operation:?}");
        assert!(error.to_string().contains("files.example: so it was wanted"), "{error}");
        assert_eq!(rig.there.content("/there/a").unwrap(), b"old");
        rig.there.without_hook();
        until_tidy(&rig.there).await;
    }
}

#[tokio::test]
async fn a_full_disk_leaves_what_stood_there() {
    let mut rig = Rig::new();
    rig.there.put("/there/a", bytes(300_000)).unwrap();
    rig.here.put("/here/a", "old").unwrap();
    rig.here.misbehave(|faults| faults.space = Some(100_000));
    let request = with(get(&["/there/a"], "/here"), on_conflict(ConflictChoice::Overwrite));
    let report = rig.run(request).await;
    let (error, _) = report.only_failure();
    assert_eq!(error.kind(), ErrorKind::NoSpace);
    // 300,000 bytes are to be written, and there is room for a third of them.
    assert!(error.to_string().ends_with("; about 195.3 KiB more is needed."), "{error}");
    assert_eq!(rig.here.content("/here/a").unwrap(), b"old");
    until_tidy(&rig.here).await;
}

#[tokio::test]
async fn names_a_server_should_not_give_are_refused_and_the_rest_arrives() {
    let mut rig = Rig::new();
    rig.there.put("/there/d/good", "x").unwrap();
    rig.there.misbehave(|faults| {
        faults.strange_names =
            vec![b"../evil".into(), b"..".into(), b"".into(), b"/etc/x".into(), b"a\0b".into()];
    });
    let report = rig.run(get(&["/there/d"], "/here")).await;
    let failures = report.failures();
    assert_eq!(failures.len(), 5, "{failures:?}");
    assert!(failures.iter().all(|(error, _)| error.kind() == ErrorKind::InvalidName));
    let words = "Could not copy \"../evil\" in files.example:/there/d: the name contains a slash.";
    assert!(failures.iter().any(|(error, _)| error.to_string() == words), "{failures:?}");
    assert_eq!(rig.here.content("/here/d/good").unwrap(), b"x");
    let outside: Vec<_> =
        rig.here.paths().into_iter().filter(|found| !found.is_within(&path("/here"))).collect();
    assert!(outside.is_empty(), "{outside:?}");
}

#[tokio::test]
async fn a_worker_that_panics_has_failed() {
    let mut rig = Rig::new();
    rig.here.put("/here/a", "x").unwrap();
    rig.there.before(|call| async move {
        assert!(call.operation != Operation::FinishWrite, "a bug, on purpose");
        Ok(())
    });
    let report = rig.run(put(&["/here/a"], "/there")).await;
    let words = report.only_failure().0.to_string();
    assert!(words.contains("stopped without a word"), "{words}");
    assert_eq!(rig.there.content("/there/a"), None);
    rig.there.without_hook();
    until_tidy(&rig.there).await;
}

#[tokio::test]
async fn a_tree_too_deep_is_refused_in_words() {
    let mut rig = Rig::new();
    let deep = "/d".repeat(510);
    rig.there.put_directory(format!("/there{deep}")).unwrap();
    let report = rig.run(get(&["/there/d"], "/here")).await;
    let words = report.only_failure().0.to_string();
    assert!(words.contains("more than 500 directories deep"), "{words}");
}

/// Nothing is answered any more from this operation on.
fn hangs_at(storage: &MemoryStorage, operation: Operation) -> Arc<AtomicBool> {
    let reached = Arc::new(AtomicBool::new(false));
    let flag = reached.clone();
    storage.before(move |call| {
        if call.operation == operation {
            flag.store(true, Ordering::SeqCst);
        }
        let hangs = flag.load(Ordering::SeqCst);
        async move {
            if hangs {
                std::future::pending::<()>().await;
            }
            Ok(())
        }
    });
    reached
}

async fn until(flag: &AtomicBool) {
    while !flag.load(Ordering::SeqCst) {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn cancel_takes_no_second_however_a_server_hangs() {
    for operation in [
        Operation::Stat,
        Operation::OpenWrite,
        Operation::Write,
        Operation::FinishWrite,
        Operation::Digest,
        Operation::Rename,
    ] {
        let mut rig = Rig::new();
        for file in 0..200 {
            rig.here.put(format!("/here/d/{file}"), bytes(100)).unwrap();
        }
        let hangs = hangs_at(&rig.there, operation);
        let id = if operation == Operation::Stat {
            rig.here.put("/here/a", "x").unwrap();
            rig.add(put(&["/here/a"], "/there"))
        } else {
            rig.add(put(&["/here/d"], "/there"))
        };
        until(&hangs).await;
        let start = Instant::now();
        rig.tell(Command::Cancel(Target::Job(id)));
        let report = rig.end_of(id).await;
        assert!(start.elapsed() < Duration::from_secs(1), "{operation:?} {:?}", start.elapsed());
        assert!(report.summary.cancelled);
        let counts = report.summary.counts;
        assert_eq!(
            counts.done + counts.cancelled + counts.failed,
            report.done.len() as u64 + report.endings.len() as u64
        );
        assert!(rig.there.content("/there/a").is_none());
        rig.progress_that(id, |job| job.state == JobState::Cancelled).await;
    }
}

#[tokio::test]
async fn cancelled_parts_are_removed_where_the_connection_still_allows() {
    let mut rig = Rig::new();
    rig.here.put("/here/a", bytes(10_000_000)).unwrap();
    let reached = Arc::new(AtomicBool::new(false));
    let flag = reached.clone();
    rig.there.before(move |call| {
        let hangs = call.operation == Operation::Write && flag.swap(true, Ordering::SeqCst);
        async move {
            if hangs {
                std::future::pending::<()>().await;
            }
            Ok(())
        }
    });
    let id = rig.add(put(&["/here/a"], "/there"));
    until(&reached).await;
    rig.tell(Command::Cancel(Target::Everything));
    let report = rig.end_of(id).await;
    assert!(matches!(report.endings[..], [(_, StepEnding::Cancelled)]), "{report:?}");
    until_tidy(&rig.there).await;
    assert_eq!(rig.there.paths(), [path("/there")]);
}

#[tokio::test]
async fn one_step_is_cancelled_and_the_rest_goes_on() {
    let mut rig = Rig::new();
    rig.here.put("/here/a", "a").unwrap();
    rig.here.put("/here/b", "b").unwrap();
    rig.there.before(|call| async move {
        if call.operation == Operation::OpenWrite && call.path.as_bytes().starts_with(b"/there/.a.")
        {
            std::future::pending::<()>().await;
        }
        Ok(())
    });
    let id = rig.add(put(&["/here/a", "/here/b"], "/there"));
    rig.progress_that(id, |job| job.counts.done == 1).await;
    rig.tell(Command::Cancel(Target::Step(id, wharf::engine::message::StepId(0))));
    let report = rig.end_of(id).await;
    assert!(!report.summary.cancelled);
    assert_eq!((report.summary.counts.done, report.summary.counts.cancelled), (1, 1));
    assert_eq!(rig.there.content("/there/b").unwrap(), b"b");
}

#[tokio::test]
async fn shutting_down_ends_the_events_though_a_server_hangs() {
    let mut rig = Rig::new();
    rig.here.put("/here/a", bytes(100)).unwrap();
    let hangs = hangs_at(&rig.there, Operation::FinishWrite);
    rig.add(put(&["/here/a"], "/there"));
    until(&hangs).await;
    let start = Instant::now();
    rig.tell(Command::Shutdown);
    let mut ended = 0;
    while let Some(event) = rig.handles.events.recv().await {
        ended += u32::from(matches!(event, Event::JobEnded(_)));
    }
    assert_eq!(ended, 1);
    assert!(start.elapsed() < Duration::from_secs(2), "{:?}", start.elapsed());
}

#[tokio::test(start_paused = true)]
async fn a_failed_step_can_be_tried_again() {
    let mut rig = Rig::new();
    rig.here.put("/here/d/a", "a").unwrap();
    rig.here.put("/here/d/b", "b").unwrap();
    rig.there.put_directory("/there/d").unwrap();
    fails(&rig.there, Operation::OpenWrite, ErrorKind::PermissionDenied, 2);
    let id = rig.add(put(&["/here/d"], "/there"));
    let report = rig.end_of(id).await;
    assert_eq!((report.summary.counts.failed, report.summary.counts.done), (2, 1));
    rig.progress_that(id, |job| job.state == JobState::Failed && job.last_failure.is_some()).await;

    rig.tell(Command::Retry(Target::Job(id)));
    let report = rig.end_of(id).await;
    assert_eq!((report.summary.counts.failed, report.summary.counts.done), (0, 3));
    assert_eq!(report.done.iter().map(|done| done.attempts).collect::<Vec<_>>(), [2, 2]);
    rig.progress_that(id, |job| job.state == JobState::Done && job.last_failure.is_none()).await;

    rig.tell(Command::ClearEnded);
    let gone = rig.handles.progress.wait_for(|snapshot| snapshot.jobs.is_empty()).await;
    assert!(gone.is_ok());
}

#[tokio::test(start_paused = true)]
async fn a_listing_that_breaks_off_is_begun_again_without_doubles() {
    let mut rig = Rig::new();
    for file in 0..450 {
        rig.there.put(format!("/there/d/{file}"), "x").unwrap();
    }
    let rows = Arc::new(AtomicU32::new(0));
    let count = rows.clone();
    rig.there.before(move |call| {
        let third =
            call.operation == Operation::ListRows && count.fetch_add(1, Ordering::SeqCst) == 2;
        async move {
            if third {
                return Err(Error::new(ErrorKind::ConnectionLost, "list /there/d", "cut"));
            }
            Ok(())
        }
    });
    let report = rig.run(get(&["/there/d"], "/here")).await;
    assert_eq!(report.summary.counts.failed, 0, "{report:?}");
    assert_eq!(report.summary.counts.files, 450);
    assert_eq!(rig.here.attributes("/here/d").unwrap().kind, Kind::Directory);
}

#[tokio::test]
async fn a_move_that_fails_keeps_its_source() {
    for operation in
        [Operation::Write, Operation::FinishWrite, Operation::Digest, Operation::Rename]
    {
        let mut rig = Rig::new();
        rig.here.put("/here/d/a", bytes(1000)).unwrap();
        fails(&rig.there, operation, ErrorKind::PermissionDenied, u32::MAX);
        if operation == Operation::Digest {
            rig.there.without_hook();
            fails(&rig.there, operation, ErrorKind::NotFound, u32::MAX);
        }
        let mut request = put(&["/here/d"], "/there");
        if let Work::Copy(destination) = request.work {
            request.work = Work::Move(destination);
        }
        let report = rig.run(request).await;
        assert_eq!(report.failures().len(), 2, "the file, and the directory it stays in");
        assert_eq!(rig.here.content("/here/d/a").unwrap(), bytes(1000), "{operation:?}");
    }
}
