//! Many steps and many jobs at once: bounds, fairness, what is shown of them.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use wharf::{
    domain::place::Endpoint,
    engine::message::{Command, JobState, Snapshot, StepState, Target},
    storage::memory::{MemoryStorage, Operation},
};

use super::engine_rig::*;

/// Every call takes this long; tells how many wrote at once at most.
fn far_away(storage: &MemoryStorage, delay: Duration) -> Arc<AtomicUsize> {
    let (now, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let told = most.clone();
    storage.before(move |call| {
        let (now, most) = (now.clone(), most.clone());
        async move {
            let counts = call.operation == Operation::FinishWrite;
            if counts {
                let open = now.fetch_add(1, Ordering::SeqCst) + 1;
                most.fetch_max(open, Ordering::SeqCst);
            }
            tokio::time::sleep(delay).await;
            if counts {
                now.fetch_sub(1, Ordering::SeqCst);
            }
            Ok(())
        }
    });
    told
}

#[tokio::test(start_paused = true)]
async fn small_files_overlap_so_that_round_trips_do() {
    let mut rig = Rig::new();
    for file in 0..400 {
        rig.here.put(format!("/here/d/{file}"), bytes(4096)).unwrap();
    }
    let at_once = far_away(&rig.there, Duration::from_millis(50));
    let start = tokio::time::Instant::now();
    let report = rig.run(put(&["/here/d"], "/there")).await;
    assert_eq!(report.summary.counts.hash, 400);
    let at_once = at_once.load(Ordering::SeqCst);
    assert!((200..400).contains(&at_once), "{at_once} of 400 at once");
    // 400 files, hundreds at once, a handful of round trips each; one by one it would be 100 s.
    let took = start.elapsed();
    assert!(took < Duration::from_secs(1), "{took:?}");
    println!("400 files at 50 ms: {took:?}");
}

#[tokio::test(start_paused = true)]
async fn directories_are_made_and_listed_ahead_of_what_they_hold() {
    let mut rig = Rig::new();
    for folder in 0..200 {
        for file in 0..5 {
            rig.there.put(format!("/there/d/{folder}/{file}"), bytes(100)).unwrap();
        }
    }
    far_away(&rig.there, Duration::from_millis(50));
    far_away(&rig.here, Duration::from_millis(50));
    let start = tokio::time::Instant::now();
    let report = rig.run(get(&["/there/d"], "/here")).await;
    assert_eq!(report.summary.counts.files, 1000);
    // One after the other the directories alone would take 200 times at least a listing, 10 s.
    let took = start.elapsed();
    assert!(took < Duration::from_secs(3), "{took:?}");
    println!("1,000 files in 200 directories at 50 ms: {took:?}");
}

#[tokio::test(start_paused = true)]
async fn a_large_job_does_not_hold_up_a_small_one() {
    let mut rig = Rig::new();
    for file in 0..2000 {
        rig.here.put(format!("/here/large/{file}"), bytes(100)).unwrap();
    }
    rig.here.put("/here/small", "x").unwrap();
    far_away(&rig.there, Duration::from_millis(50));
    let large = rig.add(put(&["/here/large"], "/there"));
    rig.progress_that(large, |job| job.counts.done > 10).await;
    let small = rig.add(put(&["/here/small"], "/there"));
    let report = rig.end_of(small).await;
    assert_eq!(report.summary.counts.done, 1);
    assert!(report.summary.seconds < 1.0, "{report:?}");
    let snapshot = rig.progress_that(large, |_| true).await;
    assert_eq!(snapshot.jobs[0].state, JobState::Running);
    assert_eq!(rig.end_of(large).await.summary.counts.files, 2000);
}

#[tokio::test(start_paused = true)]
async fn a_stalled_server_does_not_hold_up_another() {
    let mut rig = Rig::new();
    let other = MemoryStorage::on_host("other.example");
    rig.serve(named_server("other.example"), other.clone());
    for file in 0..200 {
        rig.here.put(format!("/here/d/{file}"), bytes(10)).unwrap();
    }
    rig.there.before(|call| async move {
        if call.operation == Operation::FinishWrite {
            std::future::pending::<()>().await;
        }
        Ok(())
    });
    let stalled = rig.add(put(&["/here/d"], "/there"));
    rig.progress_that(stalled, |job| job.planned == 201).await;
    // It is told how busy the connection is, as long as something is under way on it.
    let busy = |snapshot: &Arc<Snapshot>| snapshot.lanes.iter().any(|used| used.steps > 0);
    let used = rig.handles.progress.wait_for(busy).await.unwrap().lanes.clone();
    assert_eq!(used.len(), 1, "{used:?}");
    assert_eq!((&used[0].endpoint, used[0].lanes), (&server(), None));
    let request = copy(Endpoint::Local, &["/here/d"], at(named_server("other.example"), "/"));
    assert_eq!(rig.run(request).await.summary.counts.files, 200);
    rig.tell(Command::Cancel(Target::Everything));
    assert!(rig.end_of(stalled).await.summary.cancelled);
    let is_idle = |snapshot: &Arc<Snapshot>| snapshot.lanes.is_empty();
    assert!(rig.handles.progress.wait_for(is_idle).await.is_ok());
}

#[tokio::test(start_paused = true)]
async fn the_plan_looks_ahead_only_so_far() {
    let mut rig = Rig::new();
    for file in 0..20_000 {
        rig.here.put(format!("/here/d/{}/{file}", file / 1000), "").unwrap();
    }
    rig.there.before(|call| async move {
        if call.operation == Operation::OpenWrite {
            std::future::pending::<()>().await;
        }
        Ok(())
    });
    let id = rig.add(put(&["/here/d"], "/there"));
    rig.progress_that(id, |job| job.planned > 1000).await;
    tokio::time::sleep(Duration::from_secs(60)).await;
    let planned = rig.progress_that(id, |_| true).await.jobs[0].planned;
    assert!(planned < 8000, "{planned} steps of 20,021 were planned though nothing moves");
    assert!(!rig.progress_that(id, |_| true).await.jobs[0].plan_complete);
}

#[tokio::test(start_paused = true)]
async fn the_steps_of_a_watched_job_are_shown_and_they_are_bounded() {
    let mut rig = Rig::new();
    for file in 0..3000 {
        rig.here.put(format!("/here/d/{file}"), "x").unwrap();
    }
    rig.there.before(|call| async move {
        let (name, first) = (call.path.as_bytes().to_vec(), b"/there/d/.1");
        if call.operation == Operation::OpenWrite && name.starts_with(first) {
            std::future::pending::<()>().await;
        }
        Ok(())
    });
    let id = rig.add(put(&["/here/d"], "/there"));
    rig.tell(Command::Watch(Some(id)));
    let watched = rig.handles.progress.wait_for(|snapshot| {
        let Some((_, steps)) = &snapshot.watched else { return false };
        let under_way =
            steps.iter().filter(|step| matches!(step.state, StepState::Copying)).count();
        under_way >= 64
            && steps.iter().any(|step| matches!(step.state, StepState::Done(_)))
            && steps.iter().any(|step| matches!(step.state, StepState::Waiting))
    });
    let snapshot = watched.await.unwrap().clone();
    let (_, steps) = snapshot.watched.as_ref().unwrap();
    assert!(steps.len() <= 500, "{}", steps.len());
    assert!(matches!(steps[0].state, StepState::Copying));
    rig.tell(Command::Watch(None));
    assert!(rig.handles.progress.wait_for(|snapshot| snapshot.watched.is_none()).await.is_ok());
}

#[tokio::test(start_paused = true)]
async fn progress_is_a_rate_and_a_time_left_and_then_silence() {
    let mut rig = Rig::new();
    rig.here.put("/here/a", bytes(900_000)).unwrap();
    rig.there.before(|call| async move {
        if call.operation == Operation::Write {
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
        Ok(())
    });
    let id = rig.add(put(&["/here/a"], "/there"));
    let snapshot = rig.progress_that(id, |job| job.rate > 0.0 && job.carried_bytes > 300_000).await;
    let job = &snapshot.jobs[0];
    assert!(job.plan_complete && job.planned_bytes == 900_000);
    let left = job.seconds_left.unwrap();
    assert!(left > 0.0 && left < 3600.0, "{left}");
    rig.end_of(id).await;
    rig.progress_that(id, |job| job.state == JobState::Done && job.rate == 0.0).await;
    // Nothing moves: nothing is published, however long one waits.
    rig.handles.progress.mark_unchanged();
    let silence = tokio::time::timeout(Duration::from_secs(3600), rig.handles.progress.changed());
    assert!(silence.await.is_err());
}

#[tokio::test(start_paused = true)]
async fn memory_stays_bounded_when_one_side_is_slow() {
    let mut rig = Rig::new();
    rig.there.put("/there/a", bytes(20_000_000)).unwrap();
    let read = Arc::new(AtomicUsize::new(0));
    let chunks = read.clone();
    rig.there.before(move |call| {
        if call.operation == Operation::Read {
            chunks.fetch_add(1, Ordering::SeqCst);
        }
        async { Ok(()) }
    });
    rig.here.before(|call| async move {
        if call.operation == Operation::Write {
            std::future::pending::<()>().await;
        }
        Ok(())
    });
    let id = rig
        .add(with(get(&["/there/a"], "/here"), verify(wharf::domain::digest::VerifyLevel::Size)));
    rig.progress_that(id, |job| job.planned_bytes > 0).await;
    tokio::time::sleep(Duration::from_secs(10)).await;
    let chunks = read.load(Ordering::SeqCst);
    assert!((1..=12).contains(&chunks), "{chunks} chunks were read ahead");
}
