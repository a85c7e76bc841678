//! Moves and removals: the source goes only after its copy is committed, links are not followed.

use wharf::{
    domain::{
        error::{Error, ErrorKind},
        place::Endpoint,
        question::ConflictChoice,
    },
    engine::message::{Command, Destination, JobRequest, StepKind, Target, Work},
    storage::memory::{MemoryStorage, Operation},
};

use super::engine_rig::*;

fn moved(request: JobRequest) -> JobRequest {
    let work = match request.work {
        Work::Copy(destination) => Work::Move(destination),
        other => other,
    };
    JobRequest { work, ..request }
}

fn removal(sources: &[&str]) -> JobRequest {
    JobRequest { work: Work::Delete, ..get(sources, "/") }
}

fn plant(storage: &MemoryStorage, root: &str) {
    for name in ["a", "d/b", "d/e/c"] {
        storage.put(format!("{root}/{name}"), name).unwrap();
    }
    storage.put_link(format!("{root}/d/link"), "/kept").unwrap();
    storage.put_directory(format!("{root}/empty")).unwrap();
}

fn under(storage: &MemoryStorage, root: &str) -> usize {
    storage.paths().iter().filter(|found| found.is_within(&path(root))).count()
}

#[tokio::test]
async fn a_tree_moves_to_another_endpoint_and_nothing_is_left() {
    let mut rig = Rig::new();
    plant(&rig.here, "/here/t");
    rig.here.put("/kept/x", "x").unwrap();
    let report = rig.run(moved(put(&["/here/t"], "/there"))).await;
    assert_eq!(report.summary.counts.failed, 0, "{report:?}");
    assert_eq!(under(&rig.here, "/here/t"), 0, "{:?}", rig.here.paths());
    assert_eq!(under(&rig.there, "/there/t"), 8);
    assert_eq!(rig.there.content("/there/t/d/e/c").unwrap(), b"d/e/c");
    assert_eq!(rig.there.link_target("/there/t/d/link").unwrap(), b"/kept");
    assert_eq!(rig.here.content("/kept/x").unwrap(), b"x");
}

#[tokio::test]
async fn within_an_endpoint_a_move_is_one_rename() {
    let mut rig = Rig::new();
    plant(&rig.there, "/there/t");
    let request = copy(server(), &["/there/t"], at(server(), "/new"));
    let report = rig.run(moved(request)).await;
    let [done] = &report.done[..] else { panic!("{report:?}") };
    assert_eq!(done.what, StepKind::Rename);
    assert_eq!((under(&rig.there, "/there/t"), under(&rig.there, "/new/t")), (0, 8));
}

#[tokio::test]
async fn where_renaming_does_not_reach_a_move_copies() {
    let mut rig = Rig::new();
    plant(&rig.there, "/there/t");
    rig.there.before(|call| async move {
        // As a server answers between two file systems.
        if call.operation == Operation::Rename && !call.path.as_bytes().ends_with(b".part") {
            return Err(Error::new(ErrorKind::Failed, "rename", "failure"));
        }
        Ok(())
    });
    let request = copy(server(), &["/there/t"], at(server(), "/new"));
    let report = rig.run(moved(request)).await;
    assert_eq!(report.summary.counts.failed, 0, "{report:?}");
    assert_eq!(report.summary.counts.files, 3);
    assert_eq!((under(&rig.there, "/there/t"), under(&rig.there, "/new/t")), (0, 8));
}

#[tokio::test]
async fn a_move_onto_a_directory_merges_and_onto_a_file_asks() {
    let mut rig = Rig::new();
    plant(&rig.there, "/there/t");
    rig.there.put("/new/t/d/b", "old").unwrap();
    rig.there.put("/new/t/d/other", "kept").unwrap();
    let request = moved(copy(server(), &["/there/t"], at(server(), "/new")));
    let id = rig.add(request);
    let (question, ..) = rig.question().await;
    rig.progress_that(id, |job| job.state == wharf::engine::message::JobState::Asking).await;
    assert_eq!(rig.there.content("/new/t/d/b").unwrap(), b"old");
    assert_eq!(rig.there.content("/there/t/d/b").unwrap(), b"d/b");
    rig.answer(question, ConflictChoice::Overwrite, false);
    let report = rig.end_of(id).await;
    assert_eq!(report.summary.counts.failed, 0, "{report:?}");
    assert_eq!(rig.there.content("/new/t/d/b").unwrap(), b"d/b");
    assert_eq!(rig.there.content("/new/t/d/other").unwrap(), b"kept");
    assert_eq!(under(&rig.there, "/there/t"), 0, "{:?}", rig.there.paths());
}

#[tokio::test]
async fn what_is_skipped_stays_with_the_directories_that_hold_it() {
    let mut rig = Rig::new();
    plant(&rig.here, "/here/t");
    rig.there.put("/there/t/d/b", "old").unwrap();
    let request = moved(put(&["/here/t"], "/there"));
    let report = rig.run(with(request, on_conflict(ConflictChoice::Skip))).await;
    assert_eq!(report.summary.counts.failed, 0, "{report:?}");
    assert_eq!(report.summary.counts.skipped, 3, "the file, d and t");
    assert_eq!(rig.here.content("/here/t/d/b").unwrap(), b"d/b");
    assert_eq!(under(&rig.here, "/here/t"), 3, "{:?}", rig.here.paths());
}

#[tokio::test]
async fn a_tree_is_removed_and_links_are_not_followed() {
    let mut rig = Rig::new();
    plant(&rig.there, "/there/t");
    rig.there.put("/kept/x", "x").unwrap();
    rig.there.put_link("/there/way", "/kept").unwrap();
    let report = rig.run(removal(&["/there/t", "/there/way"])).await;
    assert_eq!(report.summary.counts.failed, 0, "{report:?}");
    assert_eq!(report.summary.counts.done, 9);
    assert!(report.done.iter().all(|done| done.what == StepKind::Remove && done.to.is_none()));
    assert_eq!(rig.there.paths(), [path("/kept"), path("/kept/x"), path("/there")]);
}

#[tokio::test]
async fn what_cannot_be_removed_is_told_and_can_be_tried_again() {
    let mut rig = Rig::new();
    plant(&rig.there, "/there/t");
    rig.there.before(|call| async move {
        if call.operation == Operation::RemoveFile && call.path == path("/there/t/d/e/c") {
            let doing = "remove /there/t/d/e/c on files.example";
            return Err(Error::new(ErrorKind::PermissionDenied, doing, "permission denied"));
        }
        Ok(())
    });
    let id = rig.add(removal(&["/there/t"]));
    let report = rig.end_of(id).await;
    assert_eq!(report.failures().len(), 4, "the file, e, d and t: {report:?}");
    assert_eq!(under(&rig.there, "/there/t"), 4);

    rig.there.without_hook();
    rig.tell(Command::Retry(Target::Job(id)));
    let report = rig.end_of(id).await;
    assert_eq!(report.summary.counts.failed, 0, "{report:?}");
    assert_eq!(rig.there.paths(), [path("/there")]);
}

#[tokio::test]
async fn removal_needs_to_be_told_of_trees_and_of_what_exists() {
    let mut rig = Rig::new();
    plant(&rig.there, "/there/t");
    let mut request = removal(&["/there/t", "/there/none", "/"]);
    request.options.recursive = false;
    let report = rig.run(request).await;
    let mut kinds: Vec<_> = report.failures().iter().map(|(error, _)| error.kind()).collect();
    kinds.sort_by_key(|kind| format!("{kind:?}"));
    assert_eq!(kinds, [ErrorKind::Invalid, ErrorKind::IsADirectory, ErrorKind::NotFound]);
    assert_eq!(under(&rig.there, "/there/t"), 8);
}

#[tokio::test]
async fn a_move_under_a_new_name_is_exact() {
    let mut rig = Rig::new();
    rig.here.put("/here/a", "x").unwrap();
    let request = JobRequest {
        work: Work::Move(Destination::Exactly(at(Endpoint::Local, "/here/b"))),
        ..put(&["/here/a"], "/")
    };
    let report = rig.run(request).await;
    assert_eq!(report.summary.counts.failed, 0, "{report:?}");
    assert_eq!(rig.here.paths(), [path("/here"), path("/here/b")]);
}

#[tokio::test(start_paused = true)]
async fn the_source_stands_until_its_copy_is_committed() {
    let mut rig = Rig::new();
    rig.here.put("/here/a", bytes(1000)).unwrap();
    let inside = rig.there.clone();
    rig.here.before(move |call| {
        let committed = inside.content("/there/a") == Some(bytes(1000));
        async move {
            assert!(call.operation != Operation::RemoveFile || committed);
            Ok(())
        }
    });
    let report = rig.run(moved(put(&["/here/a"], "/there"))).await;
    assert_eq!(report.summary.counts.failed, 0, "{report:?}");
    assert_eq!(rig.here.content("/here/a"), None);
}
