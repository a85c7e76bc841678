//! Something stands where a copy is to go: asked, answered, decided beforehand, never replaced unasked.

use wharf::{
    domain::{
        entry::{SetAttributes, Timestamp},
        error::ErrorKind,
        path::StoragePath,
        question::{Answer, ConflictChoice, Question},
    },
    engine::message::{Command, Event, JobState, StepEnding, StepState, Target},
    storage::{
        Replace, Storage,
        memory::{Digests, MemoryStorage, Operation},
    },
};

use super::engine_rig::*;

fn rig_with_conflict() -> Rig {
    let rig = Rig::new();
    for name in ["a", "b", "c"] {
        rig.here.put(format!("/here/{name}"), format!("new {name}")).unwrap();
        rig.there.put(format!("/there/{name}"), format!("old {name}")).unwrap();
    }
    rig.here.put("/here/free", "free").unwrap();
    rig
}

fn text(storage: &MemoryStorage, path: &str) -> String {
    String::from_utf8(storage.content(path).unwrap()).unwrap()
}

#[tokio::test]
async fn the_rest_goes_on_while_a_person_is_asked() {
    let mut rig = rig_with_conflict();
    let id = rig.add(put(&["/here/a", "/here/free"], "/there"));
    let (question, job, asked) = rig.question().await;
    assert_eq!(job, Some(id));
    let Question::Conflict { from, source, to, target } = asked else { panic!("{asked:?}") };
    assert_eq!(from.to_string(), "/here/a");
    assert_eq!(to.to_string(), "files.example:/there/a");
    assert_eq!((source.size, target.size), (Some(5), Some(5)));

    rig.tell(Command::Watch(Some(id)));
    let snapshot =
        rig.progress_that(id, |job| job.state == JobState::Asking && job.counts.done == 1).await;
    assert!(snapshot.jobs[0].retry.is_none());
    rig.tell(Command::Watch(Some(id)));
    let steps = &rig.progress_that(id, |_| true).await.watched;
    let steps = &steps.as_ref().unwrap().1;
    assert!(steps.iter().any(|step| matches!(step.state, StepState::Asking)), "{steps:?}");
    assert_eq!(text(&rig.there, "/there/free"), "free");
    assert_eq!(text(&rig.there, "/there/a"), "old a");
    assert_tidy(&rig.there);

    rig.answer(question, ConflictChoice::Overwrite, false);
    let report = rig.end_of(id).await;
    assert_eq!(report.summary.counts.done, 2);
    assert_eq!(text(&rig.there, "/there/a"), "new a");
}

#[tokio::test]
async fn each_answer_does_what_it_says() {
    for (choice, content, ended) in [
        (ConflictChoice::Overwrite, "new a", "done"),
        (ConflictChoice::Skip, "old a", "skipped"),
        (ConflictChoice::Fail, "old a", "failed"),
    ] {
        for asked in [true, false] {
            let mut rig = rig_with_conflict();
            let request = put(&["/here/a"], "/there");
            let report = if asked {
                let id = rig.add(request);
                let (question, ..) = rig.question().await;
                rig.answer(question, choice, false);
                rig.end_of(id).await
            } else {
                rig.run(with(request, on_conflict(choice))).await
            };
            let counts = report.summary.counts;
            let how = match (counts.done, counts.skipped, counts.failed) {
                (1, 0, 0) => "done",
                (0, 1, 0) => "skipped",
                (0, 0, 1) => "failed",
                _ => panic!("{report:?}"),
            };
            assert_eq!((how, text(&rig.there, "/there/a").as_str()), (ended, content));
            assert_tidy(&rig.there);
        }
    }
}

/// Gives a file a time, in seconds and a fraction that a server would not keep.
fn set_time(storage: &MemoryStorage, path: &str, seconds: i64, nanoseconds: u32) {
    let modified = Some(Timestamp { seconds, nanoseconds });
    storage.put_attributes(path, SetAttributes { permissions: None, modified }).unwrap();
}

#[tokio::test]
async fn only_what_is_older_gives_way_to_what_is_newer() {
    for (here, there, stands) in [
        ((1_000_001, 0), (1_000_000, 0), "new a"),
        ((1_000_000, 999), (1_000_000, 0), "old a"),
        ((1_000_000, 0), (1_000_001, 0), "old a"),
    ] {
        let mut rig = rig_with_conflict();
        set_time(&rig.here, "/here/a", here.0, here.1);
        set_time(&rig.there, "/there/a", there.0, there.1);
        let request = with(put(&["/here/a"], "/there"), on_conflict(ConflictChoice::Newer));
        let counts = rig.run(request).await.summary.counts;
        assert_eq!(text(&rig.there, "/there/a"), stands, "{here:?} {there:?}");
        assert_eq!((counts.done + counts.skipped, counts.failed), (1, 0));
    }
}

#[tokio::test]
async fn what_holds_the_same_is_left_alone_and_what_differs_is_replaced() {
    // Content here, content there, whether the times agree, whether digests are to be had; what became of it.
    for (here, there, same_time, digests, done) in [
        ("same", "same", false, true, false),
        ("same", "sane", true, true, true),
        ("longer", "long", true, true, true),
        ("same", "sane", true, false, false),
        ("same", "same", false, false, true),
    ] {
        for told in [true, false] {
            let mut rig = Rig::new();
            rig.here.put("/here/a", here).unwrap();
            rig.there.put("/there/a", there).unwrap();
            set_time(&rig.here, "/here/a", 1_000_000, 5);
            set_time(&rig.there, "/there/a", if same_time { 1_000_000 } else { 2_000_000 }, 0);
            if !digests && told {
                rig.there.set_capabilities(|can| can.digests = false);
            } else if !digests {
                rig.there.misbehave(|faults| faults.digests = Digests::Unsupported);
            }
            let request = with(put(&["/here/a"], "/there"), on_conflict(ConflictChoice::Differs));
            let counts = rig.run(request).await.summary.counts;
            let (what, whole) = ((counts.done, counts.skipped), text(&rig.there, "/there/a"));
            assert_eq!(what, if done { (1, 0) } else { (0, 1) }, "{here} {there} {same_time}");
            assert_eq!(whole, if done { here } else { there });
        }
    }
}

#[tokio::test]
async fn an_answer_for_all_counts_for_those_that_wait_and_those_to_come() {
    let mut rig = rig_with_conflict();
    let id = rig.add(put(&["/here/a", "/here/b", "/here/c"], "/there"));
    let mut questions = Vec::new();
    for _ in 0..3 {
        questions.push(rig.question().await.0);
    }
    rig.answer(questions[1], ConflictChoice::Overwrite, true);
    let mut withdrawn = Vec::new();
    while withdrawn.len() < 2 {
        withdrawn.push(
            rig.event_that(|event| match event {
                Event::Withdrawn(id) => Some(id),
                _ => None,
            })
            .await,
        );
    }
    withdrawn.sort();
    assert_eq!(withdrawn, [questions[0], questions[2]]);
    assert_eq!(rig.end_of(id).await.summary.counts.done, 3);
    for name in ["a", "b", "c"] {
        assert_eq!(text(&rig.there, &format!("/there/{name}")), format!("new {name}"));
    }
}

#[tokio::test]
async fn no_answer_is_no_permission() {
    let mut rig = rig_with_conflict();
    let id = rig.add(put(&["/here/a"], "/there"));
    let (question, ..) = rig.question().await;
    rig.tell(Command::Answer(question, Answer::No));
    let report = rig.end_of(id).await;
    assert_eq!(report.only_failure().0.kind(), ErrorKind::AlreadyExists);
    assert_eq!(text(&rig.there, "/there/a"), "old a");
}

#[tokio::test]
async fn a_question_is_withdrawn_when_its_job_is_cancelled() {
    let mut rig = rig_with_conflict();
    let id = rig.add(put(&["/here/a"], "/there"));
    let (question, ..) = rig.question().await;
    rig.tell(Command::Cancel(Target::Job(id)));
    rig.event_that(|event| matches!(event, Event::Withdrawn(id) if id == question).then_some(()))
        .await;
    let report = rig.end_of(id).await;
    assert!(report.summary.cancelled);
    assert!(matches!(report.endings[0].1, StepEnding::Cancelled));
}

#[tokio::test]
async fn directories_merge_and_conflicts_inside_are_found() {
    let mut rig = Rig::new();
    rig.here.put("/here/d/same", "new").unwrap();
    rig.here.put("/here/d/more", "more").unwrap();
    rig.there.put("/there/d/same", "old").unwrap();
    rig.there.put("/there/d/kept", "kept").unwrap();
    let request = with(put(&["/here/d"], "/there"), on_conflict(ConflictChoice::Skip));
    let report = rig.run(request).await;
    assert_eq!((report.summary.counts.skipped, report.summary.counts.failed), (1, 0));
    assert_eq!(text(&rig.there, "/there/d/same"), "old");
    assert_eq!(text(&rig.there, "/there/d/more"), "more");
    assert_eq!(text(&rig.there, "/there/d/kept"), "kept");
}

#[tokio::test]
async fn files_and_directories_never_replace_one_another() {
    let mut rig = Rig::new();
    rig.here.put("/here/x", "file").unwrap();
    rig.there.put("/there/x/inside", "kept").unwrap();
    rig.here.put("/here/y/inside", "tree").unwrap();
    rig.there.put("/there/y", "kept").unwrap();
    let request =
        with(put(&["/here/x", "/here/y"], "/there"), on_conflict(ConflictChoice::Overwrite));
    let report = rig.run(request).await;
    let mut kinds: Vec<_> = report.failures().iter().map(|(error, _)| error.to_string()).collect();
    kinds.sort();
    assert_eq!(
        kinds,
        [
            "Could not copy /here/x to files.example:/there/x: a directory stands there.",
            "Could not copy /here/y to files.example:/there/y: a file stands there.",
        ]
    );
    assert_eq!(text(&rig.there, "/there/x/inside"), "kept");
    assert_eq!(text(&rig.there, "/there/y"), "kept");
}

#[tokio::test]
async fn a_link_a_server_planted_is_never_written_through() {
    let mut rig = Rig::new();
    rig.here.put("/etc/passwd", "root").unwrap();
    rig.here.put_link("/here/d", "/etc").unwrap();
    rig.there.put("/there/d/passwd", "evil").unwrap();
    rig.there.put("/there/t/e/passwd", "evil").unwrap();
    rig.here.put_directory("/here/t").unwrap();
    rig.here.put_link("/here/t/e", "/etc").unwrap();
    let request = get(&["/there/d", "/there/t"], "/here");
    let report = rig.run(with(request, on_conflict(ConflictChoice::Overwrite))).await;
    for (error, _) in report.failures() {
        assert!(error.to_string().contains("not written through links"), "{error}");
    }
    assert_eq!(report.failures().len(), 2);
    assert_eq!(text(&rig.here, "/etc/passwd"), "root");
}

#[tokio::test]
async fn overwriting_a_link_replaces_the_link() {
    let mut rig = Rig::new();
    rig.here.put("/secret", "kept").unwrap();
    rig.here.put_link("/here/a", "/secret").unwrap();
    rig.there.put("/there/a", "new").unwrap();
    let request = get(&["/there/a"], "/here");
    rig.run(with(request, on_conflict(ConflictChoice::Overwrite))).await;
    assert_eq!(text(&rig.here, "/secret"), "kept");
    assert_eq!(text(&rig.here, "/here/a"), "new");
    assert_eq!(rig.here.link_target("/here/a"), None);
}

/// Lets a file appear under the final name just before the part is renamed to it, once.
fn appears_late(storage: &MemoryStorage, path: &'static str) {
    let inside = storage.clone();
    storage.before(move |call| {
        let inside = inside.clone();
        async move {
            if call.operation == Operation::Rename {
                inside.without_hook();
                inside.put(path, "came first").unwrap();
            }
            Ok(())
        }
    });
}

#[tokio::test(start_paused = true)]
async fn a_file_that_appears_at_the_last_moment_is_not_replaced() {
    let mut rig = Rig::new();
    rig.here.put("/here/a", "new").unwrap();
    appears_late(&rig.there, "/there/a");
    let id = rig.add(put(&["/here/a"], "/there"));
    let (question, ..) = rig.question().await;
    assert_eq!(text(&rig.there, "/there/a"), "came first");
    rig.answer(question, ConflictChoice::Overwrite, false);
    assert_eq!(rig.end_of(id).await.summary.counts.done, 1);
    assert_eq!(text(&rig.there, "/there/a"), "new");
    until_tidy(&rig.there).await;

    for (choice, content) in
        [(ConflictChoice::Skip, "came first"), (ConflictChoice::Overwrite, "new")]
    {
        rig.there.remove_file(&path("/there/a")).await.unwrap();
        appears_late(&rig.there, "/there/a");
        let report = rig.run(with(put(&["/here/a"], "/there"), on_conflict(choice))).await;
        assert_eq!(report.summary.counts.failed, 0, "{report:?}");
        assert_eq!(text(&rig.there, "/there/a"), content);
    }
}

#[tokio::test]
async fn the_old_file_stands_until_the_rename() {
    let mut rig = rig_with_conflict();
    let inside = rig.there.clone();
    rig.there.before(move |call| {
        let stands = inside.content("/there/a");
        async move {
            if call.operation != Operation::Canonical {
                assert_eq!(stands.as_deref(), Some(&b"old a"[..]), "before {call:?}");
            }
            Ok(())
        }
    });
    let request = with(put(&["/here/a"], "/there"), on_conflict(ConflictChoice::Overwrite));
    let report = rig.run(request).await;
    assert_eq!(report.summary.counts.done, 1, "{report:?}");
    rig.there.without_hook();
    let renamed = rig
        .there
        .rename(&StoragePath::new("/there/a"), &StoragePath::new("/there/b"), Replace::Never)
        .await;
    assert_eq!(renamed.unwrap_err().kind(), ErrorKind::AlreadyExists);
}

#[tokio::test]
async fn parts_are_private_until_they_are_done() {
    let mut rig = Rig::new();
    rig.there.put("/there/a", bytes(200_000)).unwrap();
    let inside = rig.here.clone();
    rig.here.before(move |call| {
        let inside = inside.clone();
        async move {
            if call.operation == Operation::Write {
                for part in parts(&inside) {
                    let attributes = inside.attributes(part.as_bytes()).unwrap();
                    assert_eq!(attributes.permissions, Some(0o600));
                }
            }
            Ok(())
        }
    });
    let report = rig.run(get(&["/there/a"], "/here")).await;
    assert_eq!(report.summary.counts.done, 1, "{report:?}");
    assert_eq!(rig.here.attributes("/here/a").unwrap().permissions, Some(0o644));
}
