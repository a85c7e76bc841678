//! Jobs that outlive their engine: what was done is not done again, the rest is, and nobody runs another's
//! (FAULTS.md 16, 17, 28, 30).

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, AtomicUsize, Ordering},
    },
    time::Duration,
};

use wharf::{
    domain::{
        digest::Verdict,
        entry::Timestamp,
        error::{Error, ErrorKind},
        question::ConflictChoice,
    },
    engine::message::{Command, Event, JobNumber, JobRequest, Target, Work},
    storage::memory::{Digests, MemoryStorage, Operation},
};

use super::engine_rig::*;

/// A machine, a server, and a place for the journal.
pub(super) struct Ground {
    pub(super) here: MemoryStorage,
    pub(super) there: MemoryStorage,
    journal: tempfile::TempDir,
}

impl Ground {
    pub(super) fn new() -> Self {
        let (here, there) = (MemoryStorage::new(), MemoryStorage::on_host("files.example"));
        here.put_directory("/here").unwrap();
        there.put_directory("/there").unwrap();
        Self { here, there, journal: tempfile::tempdir().unwrap() }
    }

    pub(super) fn engine(&self) -> Rig {
        Rig::recorded(&self.here, &self.there, self.journal.path())
    }

    /// A tree of ten files in two directories.
    fn tree(&self) {
        for directory in ["/here/s", "/here/s/in"] {
            self.here.put_directory(directory).unwrap();
        }
        for number in 0..5 {
            self.here.put(format!("/here/s/{number}"), bytes(100 + number)).unwrap();
            self.here.put(format!("/here/s/in/{number}"), bytes(200 + number)).unwrap();
        }
    }

    #[track_caller]
    fn assert_arrived(&self) {
        for number in 0..5 {
            for (path, size) in [("s/", 100), ("s/in/", 200)] {
                let content = self.there.content(format!("/there/{path}{number}"));
                assert_eq!(content, Some(bytes(size + number)), "{path}{number}");
            }
        }
        assert_tidy(&self.there);
    }
}

/// Lets so many calls of an operation through, and holds up all that follow.
pub(super) fn hangs_after(storage: &MemoryStorage, operation: Operation, calls: usize) {
    let met = Arc::new(AtomicUsize::new(0));
    storage.before(move |call| {
        let hangs = call.operation == operation && met.fetch_add(1, Ordering::SeqCst) >= calls;
        async move {
            if hangs {
                std::future::pending::<()>().await;
            }
            Ok(())
        }
    });
}

/// Counts the calls of an operation.
fn counts(storage: &MemoryStorage, operation: Operation) -> Arc<AtomicUsize> {
    let met = Arc::new(AtomicUsize::new(0));
    let count = met.clone();
    storage.before(move |call| {
        if call.operation == operation {
            count.fetch_add(1, Ordering::SeqCst);
        }
        async { Ok(()) }
    });
    met
}

/// Leaves a job in the middle: after so many steps were told as done.
async fn left_after(ground: &Ground, request: JobRequest, steps: usize) {
    let mut engine = ground.engine();
    engine.add(request);
    for _ in 0..steps {
        engine.event_that(|event| matches!(event, Event::StepDone(_)).then_some(())).await;
    }
    engine.leave().await;
    ground.there.without_hook();
    ground.here.without_hook();
}

pub(super) async fn only_left(engine: &mut Rig) -> JobNumber {
    let left = engine.left().await;
    let [job] = &left[..] else { panic!("{left:?}") };
    assert_eq!(job.runs_in, None);
    job.number
}

/// A claim takes as long as its ledger is large, or as another Wharf writes. When it is answered nothing else may come
/// that wakes the engine.
#[tokio::test]
async fn a_job_begins_though_its_claim_took_long_and_nothing_else_happens() {
    let ground = Ground::new();
    ground.tree();
    hangs_after(&ground.there, Operation::Rename, 4);
    left_after(&ground, put(&["/here/s"], "/there"), 4).await;

    let mut engine = ground.engine();
    let number = only_left(&mut engine).await;
    let another = rusqlite::Connection::open(ground.journal.path().join("journal.sqlite")).unwrap();
    another.execute_batch("BEGIN IMMEDIATE").unwrap();
    let job = engine.resume(number);
    // A clock that is held goes on when all else has been done: until then the engine publishes what it has to.
    tokio::time::pause();
    tokio::time::sleep(Duration::from_secs(1)).await;
    tokio::time::resume();
    another.execute_batch("ROLLBACK").unwrap();
    // Without a message nothing would ever wake it: that is told by a deadline of its own.
    let report = tokio::time::timeout(Duration::from_secs(20), engine.end_of(job)).await;
    assert_eq!(report.expect("the job was never begun").summary.counts.files, 10);
    ground.assert_arrived();
}

#[tokio::test]
async fn a_job_that_was_left_is_gone_on_with_and_nothing_is_done_twice() {
    let ground = Ground::new();
    ground.tree();
    hangs_after(&ground.there, Operation::Rename, 4);
    left_after(&ground, put(&["/here/s"], "/there"), 4).await;

    let mut engine = ground.engine();
    let left = engine.left().await;
    assert_eq!((left.len(), left[0].steps_ended, left[0].request.sources.len()), (1, 4, 1));
    let opened = counts(&ground.here, Operation::OpenRead);
    let job = engine.resume(left[0].number);
    let report = engine.end_of(job).await;
    assert_eq!(report.summary.counts.files, 10, "{report:#?}");
    assert_eq!(report.summary.counts.hash, 10);
    assert_eq!(report.done.iter().filter(|done| done.bytes > 0).count(), 6);
    assert_eq!(opened.load(Ordering::SeqCst), 6, "what was done is not even opened");
    ground.assert_arrived();
    assert!(engine.left().await.is_empty());
}

#[tokio::test]
async fn a_directory_made_before_gets_its_time_all_the_same() {
    let ground = Ground::new();
    ground.tree();
    let then = Timestamp::from_seconds(1_000_000_000);
    let set = wharf::domain::entry::SetAttributes { modified: Some(then), ..Default::default() };
    ground.here.put_attributes("/here/s", set).unwrap();
    hangs_after(&ground.there, Operation::Rename, 2);
    left_after(&ground, put(&["/here/s"], "/there"), 2).await;
    assert_ne!(ground.there.attributes("/there/s").unwrap().modified, Some(then));
    let mut engine = ground.engine();
    let number = only_left(&mut engine).await;
    let job = engine.resume(number);
    engine.end_of(job).await;
    assert_eq!(ground.there.attributes("/there/s").unwrap().modified, Some(then));
}

#[tokio::test]
async fn nobody_runs_anothers_jobs() {
    let ground = Ground::new();
    ground.tree();
    hangs_after(&ground.there, Operation::Rename, 2);
    let mut first = ground.engine();
    first.add(put(&["/here/s"], "/there"));
    first.event_that(|event| matches!(event, Event::StepDone(_)).then_some(())).await;
    let mut second = ground.engine();
    let left = second.left().await;
    assert_eq!((left.len(), left[0].runs_in), (1, Some(std::process::id())));
    let wrongly = second.resume(left[0].number);
    let why = |event| match event {
        Event::NotResumed(_, _, error) => Some(error.to_string()),
        _ => None,
    };
    let mut progress = second.handles.progress.clone();
    let why = tokio::select! {
        why = second.event_that(why) => why,
        _ = progress.wait_for(|all| all.jobs.iter().any(|job| job.id == wrongly)) => {
            panic!("it runs another's job")
        }
    };
    assert!(why.contains("another Wharf works on it"), "{why}");
    second.tell(Command::GiveUp(left[0].number));
    let said = |event| if let Event::Notice(words) = event { Some(words) } else { None };
    let said = second.event_that(said).await;
    assert!(said.contains("was not given up"), "{said}");

    // Both work on their own beside each other.
    ground.there.without_hook();
    ground.here.put("/here/b", "beta").unwrap();
    second.run(put(&["/here/b"], "/there")).await;
    assert_eq!(ground.there.content("/there/b").unwrap(), b"beta");
    // And what one leaves the other can have, once.
    first.leave().await;
    let number = only_left(&mut second).await;
    let job = second.resume(number);
    second.end_of(job).await;
    ground.assert_arrived();
}

#[tokio::test]
async fn a_job_that_is_given_up_is_not_offered_again_and_what_arrived_stays() {
    let ground = Ground::new();
    ground.tree();
    hangs_after(&ground.there, Operation::Rename, 3);
    left_after(&ground, put(&["/here/s"], "/there"), 3).await;
    let mut engine = ground.engine();
    let number = only_left(&mut engine).await;
    engine.tell(Command::GiveUp(number));
    assert!(engine.left().await.is_empty());
    let arrived = ground.there.paths();
    let files = arrived.iter().filter(|path| ground.there.content(path.as_bytes()).is_some());
    assert_eq!(files.count(), 3);
}

#[tokio::test]
async fn what_failed_before_is_tried_again() {
    let ground = Ground::new();
    ground.tree();
    ground.here.deny("/here/s/in/3", true).unwrap();
    // All but the last directory is done, and one file has failed.
    hangs_after(&ground.there, Operation::SetAttributes, 1);
    left_after(&ground, put(&["/here/s"], "/there"), 10).await;
    ground.here.deny("/here/s/in/3", false).unwrap();
    let mut engine = ground.engine();
    let number = only_left(&mut engine).await;
    let job = engine.resume(number);
    let report = engine.end_of(job).await;
    assert_eq!((report.summary.counts.files, report.summary.counts.failed), (10, 0));
    assert_eq!(report.done.iter().filter(|done| done.bytes > 0).count(), 1);
    ground.assert_arrived();
}

#[tokio::test]
async fn a_copy_that_got_its_name_in_the_last_moment_is_no_conflict() {
    for digests in [Digests::Honest, Digests::Unsupported] {
        let ground = Ground::new();
        ground.tree();
        ground.there.misbehave(|faults| faults.digests = digests);
        hangs_after(&ground.there, Operation::Rename, 0);
        left_after(
            &ground,
            with(put(&["/here/s"], "/there"), on_conflict(ConflictChoice::Fail)),
            0,
        )
        .await;
        // As if the process had ended between the rename and the note: it stands there with the source's time.
        let modified = ground.here.attributes("/here/s/1").unwrap().modified;
        ground.there.put_directory("/there/s").unwrap();
        for (name, content) in [("1", bytes(101)), ("2", vec![7; 102])] {
            let path = format!("/there/s/{name}");
            ground.there.put(&path, content).unwrap();
            let set = wharf::domain::entry::SetAttributes { modified, ..Default::default() };
            ground.there.put_attributes(&path, set).unwrap();
        }
        let mut engine = ground.engine();
        let number = only_left(&mut engine).await;
        let job = engine.resume(number);
        let report = engine.end_of(job).await;
        let verdict = report.done.iter().find(|done| done.from.path == path("/here/s/1"));
        let verdict = verdict.and_then(|done| done.verdict);
        if digests == Digests::Honest {
            assert_eq!(verdict, Some(Verdict::Hash));
            let (error, _) = report.only_failure();
            assert_eq!(error.kind(), ErrorKind::AlreadyExists, "other bytes are no copy");
        } else {
            assert_eq!(verdict, Some(Verdict::Size));
        }
    }
}

fn moving(request: JobRequest) -> JobRequest {
    let Work::Copy(to) = request.work else { panic!("{request:?}") };
    JobRequest { work: Work::Move(to), ..request }
}

#[tokio::test]
async fn a_move_that_was_committed_is_known_though_its_source_is_gone() {
    let ground = Ground::new();
    ground.tree();
    // Every copy is committed; one source is removed, and nothing of that is told any more.
    hangs_after(&ground.here, Operation::RemoveFile, 0);
    let mut engine = ground.engine();
    engine.add(moving(put(&["/here/s"], "/there")));
    until(|| (0..5).all(|n| ground.there.content(format!("/there/s/in/{n}")).is_some())).await;
    until(|| (0..5).all(|n| ground.there.content(format!("/there/s/{n}")).is_some())).await;
    engine.leave().await;
    ground.here.without_hook();
    use wharf::storage::Storage as _;
    ground.here.reconnected().remove_file(&path("/here/s/in/4")).await.unwrap();

    let mut engine = ground.engine();
    let number = only_left(&mut engine).await;
    let written = counts(&ground.there, Operation::OpenWrite);
    let job = engine.resume(number);
    let report = engine.end_of(job).await;
    assert_eq!((report.summary.counts.files, report.summary.counts.failed), (10, 0), "{report:#?}");
    assert_eq!(written.load(Ordering::SeqCst), 0, "nothing is carried again");
    ground.assert_arrived();
    assert!(ground.here.attributes("/here/s").is_none(), "all of it was moved");
}

pub(super) async fn until(mut wanted: impl FnMut() -> bool) {
    let reached = async {
        while !wanted() {
            tokio::time::sleep(std::time::Duration::from_millis(1)).await;
        }
    };
    let limit = std::time::Duration::from_secs(30);
    tokio::time::timeout(limit, reached).await.expect("never in time");
}

pub(super) const LARGE: usize = 12 << 20;

/// Leaves a large file when about half of it is over.
async fn half_a_file(ground: &Ground) -> usize {
    ground.here.put("/here/a", bytes(LARGE)).unwrap();
    // Chunks of a memory's file are of one size: find out how many there are.
    let chunks = counts(&ground.there, Operation::Write);
    let aside = tempfile::tempdir().unwrap();
    let mut engine = Rig::recorded(&ground.here, &ground.there, aside.path());
    engine.run(put(&["/here/a"], "/there")).await;
    engine.leave().await;
    let chunks = chunks.load(Ordering::SeqCst);
    use wharf::storage::Storage as _;
    ground.there.reconnected().remove_file(&path("/there/a")).await.unwrap();

    hangs_after(&ground.there, Operation::Write, chunks / 2);
    let mut engine = ground.engine();
    engine.add(put(&["/here/a"], "/there"));
    let there = ground.there.clone();
    until(|| parts(&there).first().is_some_and(|part| size(&there, part) >= LARGE as u64 / 2))
        .await;
    engine.leave().await;
    ground.there.without_hook();
    chunks
}

pub(super) fn size(storage: &MemoryStorage, path: &wharf::domain::path::StoragePath) -> u64 {
    storage.attributes(path.as_bytes()).and_then(|found| found.size).unwrap_or(0)
}

#[tokio::test]
async fn a_part_is_gone_on_with() {
    let ground = Ground::new();
    let chunks = half_a_file(&ground).await;
    assert_eq!(parts(&ground.there).len(), 1, "the part is kept");
    let mut engine = ground.engine();
    let number = only_left(&mut engine).await;
    let written = counts(&ground.there, Operation::Write);
    let job = engine.resume(number);
    let report = engine.end_of(job).await;
    assert_eq!(report.done[0].verdict, Some(Verdict::Hash));
    assert_eq!(ground.there.content("/there/a"), Some(bytes(LARGE)));
    let written = written.load(Ordering::SeqCst);
    assert!(written <= chunks - chunks / 2 + 1, "{written} of {chunks} chunks were written again");
    assert_tidy(&ground.there);
}

#[tokio::test]
async fn a_part_that_cannot_be_believed_is_begun_again() {
    type Spoil = fn(&Ground, &str);
    let spoilers: [(&str, Spoil); 5] = [
        ("a byte of the part", |ground, part| {
            let mut content = ground.there.content(part).unwrap();
            content[1000] ^= 1;
            ground.there.put(part, content).unwrap();
        }),
        ("the source, with the same size", |ground, _| {
            let mut content = bytes(LARGE);
            content[1000] ^= 1;
            ground.here.put("/here/a", content).unwrap();
        }),
        ("a part that is larger than its source", |ground, part| {
            ground.there.put(part, bytes(LARGE + 1)).unwrap();
        }),
        ("a part as large as its source", |ground, part| {
            ground.there.put(part, vec![0; LARGE]).unwrap();
        }),
        ("no part", |ground, part| {
            ground.there.put(part, "").unwrap();
        }),
    ];
    for digests in [Digests::Honest, Digests::Unsupported] {
        for (what, spoil) in spoilers {
            let ground = Ground::new();
            let chunks = half_a_file(&ground).await;
            let part = parts(&ground.there)[0].clone();
            spoil(&ground, std::str::from_utf8(part.as_bytes()).unwrap());
            ground.there.misbehave(|faults| faults.digests = digests);
            let mut engine = ground.engine();
            let number = only_left(&mut engine).await;
            let written = counts(&ground.there, Operation::Write);
            let job = engine.resume(number);
            let report = engine.end_of(job).await;
            assert_eq!(report.summary.counts.failed, 0, "{what}: {report:#?}");
            let arrived = ground.there.content("/there/a");
            assert_eq!(arrived, ground.here.content("/here/a"), "{what}, {digests:?}");
            assert!(written.load(Ordering::SeqCst) >= chunks, "{what}, {digests:?}");
            until_tidy(&ground.there).await;
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_retry_goes_on_where_the_connection_was_lost() {
    let mut rig = Rig::new();
    rig.here.put("/here/a", bytes(LARGE)).unwrap();
    let (met, carried) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicU64::new(0)));
    let count = carried.clone();
    rig.there.before(move |call| {
        let is_write = call.operation == Operation::Write;
        count.fetch_add(u64::from(is_write), Ordering::SeqCst);
        // Three times in the middle of it.
        let number = if is_write { met.fetch_add(1, Ordering::SeqCst) } else { 0 };
        async move {
            if matches!(number, 100 | 120 | 140) {
                return Err(Error::new(ErrorKind::ConnectionLost, "write", "so it was wanted"));
            }
            Ok(())
        }
    });
    let report = rig.run(put(&["/here/a"], "/there")).await;
    assert_eq!(report.done[0].attempts, 4);
    assert_eq!(report.done[0].verdict, Some(Verdict::Hash));
    assert_eq!(rig.there.content("/there/a"), Some(bytes(LARGE)));
    let chunk = 64 << 10;
    let whole = LARGE as u64 / chunk;
    let written = carried.load(Ordering::SeqCst);
    assert!(written < whole + whole / 2, "{written} chunks of {whole}");
    assert_tidy(&rig.there);
}

#[tokio::test(start_paused = true)]
async fn a_part_that_waits_for_its_next_attempt_goes_when_it_is_cancelled() {
    let mut rig = Rig::new();
    rig.here.put("/here/a", bytes(LARGE)).unwrap();
    let met = Arc::new(AtomicUsize::new(0));
    rig.there.before(move |call| {
        let is_write = call.operation == Operation::Write;
        let fails = is_write && met.fetch_add(1, Ordering::SeqCst) > 20;
        async move {
            if fails {
                return Err(Error::new(ErrorKind::ConnectionLost, "write", "so it was wanted"));
            }
            Ok(())
        }
    });
    let id = rig.add(put(&["/here/a"], "/there"));
    rig.progress_that(id, |job| job.retry.is_some()).await;
    assert_eq!(parts(&rig.there).len(), 1);
    rig.tell(Command::Cancel(Target::Job(id)));
    rig.end_of(id).await;
    // With the next connection.
    rig.there.without_hook();
    rig.list(1_000, at(server(), "/there")).await.unwrap();
    until_tidy(&rig.there).await;
}
