//! How fast jobs go, and whether now: the limit all share, and the pause of each.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use wharf::{
    domain::{
        digest::VerifyLevel,
        error::{Error, ErrorKind},
        place::Endpoint,
        question::ConflictChoice,
        rate::Limit,
    },
    engine::message::{Command, JobOptions, JobRequest, JobState, Snapshot, Target},
    storage::memory::Operation,
};

use super::engine_rig::*;

const MIB: usize = 1 << 20;

/// Without digests: a clock that is made up stands still while a thread of its own hashes.
fn sent(sources: &[&str]) -> JobRequest {
    with(put(sources, "/there"), verify(VerifyLevel::Size))
}

#[tokio::test(start_paused = true)]
async fn all_jobs_together_keep_to_the_limit_and_a_new_one_is_felt_at_once() {
    let mut rig = Rig::new();
    for name in ["a", "b"] {
        rig.here.put(format!("/here/{name}"), bytes(6 * MIB)).unwrap();
    }
    rig.tell(Command::Limit(Limit(Some(MIB as u64))));
    let began = tokio::time::Instant::now();
    let (a, b) = (rig.add(sent(&["/here/a"])), rig.add(sent(&["/here/b"])));
    let shown = rig.progress_that(a, |job| job.carried_bytes > MIB as u64).await;
    assert_eq!(shown.limit, Limit(Some(MIB as u64)));
    rig.end_of(a).await;
    let took = began.elapsed();
    assert!(took > Duration::from_secs(9) && took < Duration::from_secs(13), "{took:?}");

    // 12 MiB at 1 MiB/s would be twelve seconds, and again twelve.
    rig.here.put("/here/c", bytes(12 * MIB)).unwrap();
    let c = rig.add(sent(&["/here/c"]));
    rig.progress_that(c, |job| job.carried_bytes > MIB as u64).await;
    let changed = tokio::time::Instant::now();
    rig.tell(Command::Limit(Limit(None)));
    rig.end_of(c).await;
    assert!(changed.elapsed() < Duration::from_secs(1), "{:?}", changed.elapsed());
    assert_eq!(rig.there.content("/there/b"), Some(bytes(6 * MIB)));
    let _ = b;
}

#[tokio::test(start_paused = true)]
async fn a_job_that_is_paused_moves_nothing_and_others_go_on() {
    let mut rig = Rig::new();
    rig.here.put("/here/a", bytes(6 * MIB)).unwrap();
    rig.here.put("/here/b", bytes(10)).unwrap();
    let written = Arc::new(AtomicU64::new(0));
    let count = written.clone();
    rig.there.before(move |call| {
        let is_large = call.path.as_bytes().starts_with(b"/there/.a.");
        if call.operation == Operation::Write && is_large {
            count.fetch_add(1, Ordering::SeqCst);
        }
        async { Ok(()) }
    });
    rig.tell(Command::Limit(Limit(Some(MIB as u64))));
    let a = rig.add(sent(&["/here/a"]));
    rig.progress_that(a, |job| job.carried_bytes > MIB as u64).await;
    rig.tell(Command::Pause(Target::Job(a)));
    rig.progress_that(a, |job| job.state == JobState::Paused).await;
    // What was on its way when the pause came may still land.
    tokio::time::sleep(Duration::from_secs(2)).await;
    let then = written.load(Ordering::SeqCst);
    rig.run(sent(&["/here/b"])).await;
    tokio::time::sleep(Duration::from_secs(100)).await;
    assert_eq!(written.load(Ordering::SeqCst), then, "nothing moves");
    assert!(rig.there.content("/there/a").is_none());

    rig.tell(Command::Continue(Target::Everything));
    rig.end_of(a).await;
    assert_eq!(rig.there.content("/there/a"), Some(bytes(6 * MIB)));
}

#[tokio::test(start_paused = true)]
async fn a_job_that_is_paused_can_be_cancelled() {
    let mut rig = Rig::new();
    rig.here.put("/here/a", bytes(6 * MIB)).unwrap();
    rig.tell(Command::Limit(Limit(Some(MIB as u64))));
    let a = rig.add(sent(&["/here/a"]));
    rig.progress_that(a, |job| job.carried_bytes > MIB as u64).await;
    rig.tell(Command::Pause(Target::Everything));
    rig.progress_that(a, |job| job.state == JobState::Paused).await;
    rig.tell(Command::Cancel(Target::Job(a)));
    assert!(rig.end_of(a).await.summary.cancelled);
    until_tidy(&rig.there).await;
}

#[tokio::test(start_paused = true)]
async fn a_site_keeps_to_its_own_limit_and_others_do_not_wait_for_it() {
    let mut rig = Rig::new();
    let other = named_server("other.example");
    rig.serve(other.clone(), rig.there.reconnected());
    for name in ["a", "b"] {
        rig.here.put(format!("/here/{name}"), bytes(6 * MIB)).unwrap();
    }
    rig.tell(Command::LimitSite(server(), Limit(Some(MIB as u64))));
    let began = tokio::time::Instant::now();
    let a = rig.add(sent(&["/here/a"]));
    let elsewhere = copy(Endpoint::Local, &["/here/b"], at(other, "/there"));
    let b = rig.run(with(elsewhere, verify(VerifyLevel::Size))).await;
    assert_eq!(b.summary.counts.done, 1);
    assert!(began.elapsed() < Duration::from_secs(1), "{:?}", began.elapsed());
    rig.end_of(a).await;
    let took = began.elapsed();
    assert!(took > Duration::from_secs(4) && took < Duration::from_secs(8), "{took:?}");

    // Lifted while it runs; and what all may carry holds besides.
    let a = rig.add(with(sent(&["/here/a"]), overwriting()));
    rig.progress_that(a, |job| job.carried_bytes > MIB as u64).await;
    let changed = tokio::time::Instant::now();
    rig.tell(Command::LimitSite(server(), Limit(None)));
    rig.end_of(a).await;
    assert!(changed.elapsed() < Duration::from_secs(1), "{:?}", changed.elapsed());
    rig.tell(Command::LimitSite(server(), Limit(Some(100 * MIB as u64))));
    rig.tell(Command::Limit(Limit(Some(MIB as u64))));
    let changed = tokio::time::Instant::now();
    let a = rig.add(with(sent(&["/here/a"]), overwriting()));
    rig.end_of(a).await;
    assert!(changed.elapsed() > Duration::from_secs(4), "{:?}", changed.elapsed());
}

fn overwriting() -> JobOptions {
    JobOptions { verify: VerifyLevel::Size, ..on_conflict(ConflictChoice::Overwrite) }
}

#[tokio::test(start_paused = true)]
async fn what_is_there_already_is_no_part_of_the_rate() {
    let mut rig = Rig::new();
    rig.here.put("/here/a", bytes(12 * MIB)).unwrap();
    let (written, lost) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicU64::new(0)));
    let is_lost = lost.clone();
    rig.there.before(move |call| {
        let count =
            written.fetch_add(u64::from(call.operation == Operation::Write), Ordering::SeqCst);
        let breaks = call.operation == Operation::Write
            && count == 100
            && lost.fetch_add(1, Ordering::SeqCst) == 0;
        let goes_on = lost.load(Ordering::SeqCst) > 0 && call.operation == Operation::Stat;
        async move {
            if breaks {
                return Err(Error::new(ErrorKind::ConnectionLost, "write", "so it was wanted"));
            }
            if goes_on {
                // Long enough for a rate to be told before it is known what is there.
                tokio::time::sleep(Duration::from_millis(200)).await;
            }
            Ok(())
        }
    });
    rig.tell(Command::Limit(Limit(Some(MIB as u64))));
    let a = rig.add(sent(&["/here/a"]));
    let (mut after, mut fastest) = (false, 0.0f64);
    let of = |snapshot: &Snapshot| snapshot.jobs.iter().find(|job| job.id == a).cloned();
    loop {
        let seen = rig.snapshot_that(|all| of(all).is_some()).await;
        let job = of(&seen).unwrap();
        after |= is_lost.load(Ordering::SeqCst) > 0;
        if job.state.has_ended() {
            break;
        }
        if after && job.carried_bytes > 6 * MIB as u64 {
            fastest = fastest.max(job.rate);
        }
        tokio::time::sleep(Duration::from_millis(60)).await;
    }
    assert_eq!(rig.there.content("/there/a"), Some(bytes(12 * MIB)));
    assert!(fastest > 0.0 && fastest < 2.0 * MIB as f64, "{fastest}");
}
