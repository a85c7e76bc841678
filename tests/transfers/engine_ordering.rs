//! What comes when: jobs put in order, one step held, so many files at once.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use wharf::{
    engine::message::{
        Command, Event, JobId, JobProgress, JobState, Snapshot, StepId, StepState, Target, Turn,
    },
    storage::memory::Operation,
};

use super::engine_rig::*;

/// Puts so many files under names of their own.
fn files(rig: &Rig, name: &str, count: usize) -> Vec<String> {
    let files: Vec<String> = (0..count).map(|number| format!("/here/{name}{number}")).collect();
    for file in &files {
        rig.here.put(file, bytes(1000)).unwrap();
    }
    files
}

/// Adds a job for these files.
fn add(rig: &mut Rig, files: &[String]) -> JobId {
    let sources: Vec<&str> = files.iter().map(String::as_str).collect();
    rig.add(put(&sources, "/there"))
}

/// The job of each step that is told as done, until all have ended.
async fn order_of_ends(rig: &mut Rig, jobs: usize) -> Vec<JobId> {
    let (mut order, mut ended) = (Vec::new(), 0);
    while ended < jobs {
        match rig.event().await {
            Event::StepDone(step) => order.push(step.job),
            Event::JobEnded(_) => ended += 1,
            _ => {}
        }
    }
    order
}

#[tokio::test]
async fn jobs_are_served_in_the_order_they_were_put_in() {
    let mut rig = Rig::new();
    // Nothing begins before they are in order; then one after the other.
    rig.tell(Command::AtOnce(Some(0)));
    let named: Vec<Vec<String>> = ["a", "b", "c"].iter().map(|name| files(&rig, name, 6)).collect();
    let jobs: Vec<JobId> = named.iter().map(|files| add(&mut rig, files)).collect();
    rig.tell(Command::Reorder(jobs[2], Turn::Sooner));
    rig.tell(Command::Reorder(jobs[2], Turn::Sooner));
    rig.tell(Command::Reorder(jobs[2], Turn::Sooner));
    rig.tell(Command::Reorder(jobs[0], Turn::Later));
    let in_order = [jobs[2], jobs[1], jobs[0]];
    let is_in_order =
        |snapshot: &Arc<Snapshot>| snapshot.jobs.iter().map(|job| job.id).eq(in_order);
    rig.handles.progress.wait_for(is_in_order).await.unwrap();
    rig.tell(Command::AtOnce(Some(1)));
    let order = order_of_ends(&mut rig, 3).await;
    let expected: Vec<JobId> = in_order.iter().flat_map(|job| [*job; 6]).collect();
    assert_eq!(order, expected);
}

#[tokio::test]
async fn the_order_outlives_the_engine() {
    let folder = tempfile::tempdir().unwrap();
    let Rig { here, there, .. } = Rig::new();
    let mut rig = Rig::recorded(&here, &there, folder.path());
    rig.tell(Command::AtOnce(Some(0)));
    let named: Vec<Vec<String>> = ["a", "b", "c"].iter().map(|name| files(&rig, name, 1)).collect();
    let jobs: Vec<JobId> = named.iter().map(|files| add(&mut rig, files)).collect();
    rig.tell(Command::Reorder(jobs[0], Turn::Later));
    let first_is = |job: JobId| {
        move |snapshot: &Arc<Snapshot>| snapshot.jobs.len() == 3 && snapshot.jobs[0].id == job
    };
    rig.handles.progress.wait_for(first_is(jobs[1])).await.unwrap();
    rig.leave().await;
    let mut rig = Rig::recorded(&here, &there, folder.path());
    rig.tell(Command::AtOnce(Some(0)));
    let left = rig.left().await;
    let sources: Vec<String> =
        left.iter().map(|job| format!("{:?}", job.request.sources[0])).collect();
    assert_eq!(sources, ["/here/b0", "/here/a0", "/here/c0"]);
    // Gone on with in another order, they stand in theirs.
    let resumed: Vec<JobId> = left.iter().rev().map(|job| rig.resume(job.number)).collect();
    rig.handles.progress.wait_for(first_is(resumed[2])).await.unwrap();
    rig.tell(Command::AtOnce(Some(1)));
    let order = order_of_ends(&mut rig, 3).await;
    assert_eq!(order, [resumed[2], resumed[1], resumed[0]]);
}

#[tokio::test]
async fn a_step_is_held_while_the_others_go_on() {
    let mut rig = Rig::new();
    let files = files(&rig, "a", 3);
    rig.tell(Command::AtOnce(Some(0)));
    let job = add(&mut rig, &files);
    rig.tell(Command::Watch(Some(job)));
    let held = Target::Step(job, StepId(1));
    rig.tell(Command::Pause(held));
    rig.tell(Command::AtOnce(None));
    let waits = |job: &JobProgress| job.counts.files == 2 && job.state == JobState::Paused;
    let snapshot = rig.progress_that(job, |job| waits(job) || job.counts.files == 3).await;
    assert!(waits(&snapshot.jobs[0]), "it was not held: {snapshot:?}");
    let (_, steps) = snapshot.watched.as_ref().unwrap();
    let paused = steps.iter().filter(|step| matches!(step.state, StepState::Paused));
    assert_eq!(paused.map(|step| step.id).collect::<Vec<_>>(), [StepId(1)]);
    assert!(rig.there.content("/there/a1").is_none());
    rig.tell(Command::Continue(held));
    assert_eq!(rig.end_of(job).await.summary.counts.files, 3);

    // Held for good, it ends with its job.
    rig.tell(Command::AtOnce(Some(0)));
    let job = add(&mut rig, &files[..1]);
    rig.tell(Command::Pause(Target::Step(job, StepId(0))));
    rig.tell(Command::AtOnce(None));
    rig.progress_that(job, |job| job.state == JobState::Paused).await;
    rig.tell(Command::Cancel(Target::Job(job)));
    assert!(rig.end_of(job).await.summary.cancelled);
}

#[tokio::test]
async fn a_step_under_way_stops_where_it_is_when_it_is_held() {
    let mut rig = Rig::new();
    rig.here.put("/here/large", bytes(4 << 20)).unwrap();
    let written = Arc::new(AtomicUsize::new(0));
    let (count, commands) = (written.clone(), rig.handles.commands.clone());
    rig.there.before(move |call| {
        if call.operation == Operation::Write && count.fetch_add(1, Ordering::SeqCst) == 3 {
            let held = Target::Step(JobId(1), StepId(0));
            commands.send(Command::Pause(held)).unwrap();
        }
        async { Ok(()) }
    });
    let job = rig.add(put(&["/here/large"], "/there"));
    rig.tell(Command::Watch(Some(job)));
    let is_held = |snapshot: &Snapshot| {
        let steps = snapshot.watched.iter().flat_map(|(_, steps)| steps);
        steps.into_iter().any(|step| matches!(step.state, StepState::Paused))
    };
    let is_over = |snapshot: &Snapshot| snapshot.jobs.iter().any(|job| job.counts.files == 1);
    let snapshot = rig.snapshot_that(|snapshot| is_held(snapshot) || is_over(snapshot)).await;
    assert!(is_held(&snapshot), "it was not held: {snapshot:?}");
    assert!(written.load(Ordering::SeqCst) < 64, "all of it was written");
    assert!(rig.there.content("/there/large").is_none());
    rig.tell(Command::Continue(Target::Step(job, StepId(0))));
    assert_eq!(rig.end_of(job).await.summary.counts.files, 1);
    assert_eq!(rig.there.content("/there/large"), Some(bytes(4 << 20)));
}

#[tokio::test]
async fn no_more_files_are_under_way_than_were_allowed() {
    for most in [1, 3] {
        let mut rig = Rig::new();
        rig.tell(Command::AtOnce(Some(most)));
        let (named, more) = (files(&rig, "a", 20), files(&rig, "b", 20));
        let (inside, seen) = (rig.there.clone(), Arc::new(AtomicUsize::new(0)));
        let highest = seen.clone();
        rig.there.before(move |call| {
            if call.operation == Operation::Rename {
                highest.fetch_max(parts(&inside).len(), Ordering::SeqCst);
            }
            async {
                // Others get a turn, as they do while a server is waited for.
                for _ in 0..50 {
                    tokio::task::yield_now().await;
                }
                Ok(())
            }
        });
        add(&mut rig, &named);
        add(&mut rig, &more);
        assert_eq!(order_of_ends(&mut rig, 2).await.len(), 40);
        assert_eq!(seen.load(Ordering::SeqCst), most);
    }
}
