//! Answers that leave what stands there: both kept under a numbered name, another name, going on with a beginning.

use wharf::{
    domain::{
        error::{Error, ErrorKind},
        path::Name,
        question::{Answer, ConflictChoice, Question},
    },
    engine::message::{Command, Event, JobRequest, Work},
    storage::{
        Replace, Storage as _,
        memory::{Digests, MemoryStorage, Operation},
    },
};

use super::engine_rig::*;

/// Longer than what is not worth going on with.
const LARGE: usize = 5 << 20;
/// Shorter, and too long to be compared as a whole.
const BEGINNING: usize = 4 << 20;
/// Bytes that come at once from a storage in memory.
const CHUNK: usize = 64 << 10;

fn text(storage: &MemoryStorage, path: &str) -> String {
    String::from_utf8(storage.content(path).unwrap()).unwrap()
}

fn rig_with(taken: &[&str]) -> Rig {
    let rig = Rig::new();
    rig.here.put("/here/a.csv", "new").unwrap();
    for name in taken {
        rig.there.put(format!("/there/{name}"), format!("old {name}")).unwrap();
    }
    rig
}

fn moved(request: JobRequest) -> JobRequest {
    let Work::Copy(to) = request.work.clone() else { panic!("{request:?}") };
    JobRequest { work: Work::Move(to), ..request }
}

fn keeping(request: JobRequest) -> JobRequest {
    with(request, on_conflict(ConflictChoice::KeepBoth))
}

#[tokio::test]
async fn both_are_kept_under_the_first_number_that_is_free() {
    let mut rig = rig_with(&["a.csv", "a (2).csv"]);
    let report = rig.run(keeping(put(&["/here/a.csv"], "/there"))).await;
    assert_eq!(report.summary.counts.done, 1, "{report:?}");
    let to = report.done[0].to.as_ref().map(ToString::to_string);
    assert_eq!(to.as_deref(), Some("files.example:/there/a (3).csv"), "the ledger says the name");
    assert_eq!(text(&rig.there, "/there/a (3).csv"), "new");
    for name in ["a.csv", "a (2).csv"] {
        assert_eq!(text(&rig.there, &format!("/there/{name}")), format!("old {name}"));
    }
    assert_tidy(&rig.there);
    let report = rig.run(keeping(put(&["/here/a.csv"], "/there/free"))).await;
    let to = report.done[0].to.as_ref().map(ToString::to_string);
    assert_eq!(to.as_deref(), Some("files.example:/there/free/a.csv"), "a free name is kept");
}

#[tokio::test]
async fn a_name_taken_in_the_last_moment_is_not_replaced() {
    for taken in ["/there/a.csv", "/there/a (2).csv"] {
        let mut rig = rig_with(&["a.csv"][..usize::from(taken != "/there/a.csv")]);
        let inside = rig.there.clone();
        rig.there.before(move |call| {
            let inside = inside.clone();
            async move {
                if call.operation == Operation::Rename {
                    inside.without_hook();
                    inside.put(taken, "came first").unwrap();
                }
                Ok(())
            }
        });
        let report = rig.run(keeping(put(&["/here/a.csv"], "/there"))).await;
        assert_eq!(report.summary.counts.done, 1, "{report:?}");
        assert_eq!(text(&rig.there, taken), "came first");
        let free = if taken == "/there/a.csv" { "/there/a (2).csv" } else { "/there/a (3).csv" };
        assert_eq!(text(&rig.there, free), "new");
    }
}

#[tokio::test]
async fn moves_links_and_renames_keep_both_too() {
    let mut rig = rig_with(&["a.csv", "l"]);
    rig.here.put_link("/here/l", "somewhere").unwrap();
    let report = rig.run(keeping(moved(put(&["/here/a.csv", "/here/l"], "/there")))).await;
    assert_eq!((report.summary.counts.done, report.summary.counts.failed), (2, 0), "{report:?}");
    assert_eq!(text(&rig.there, "/there/a (2).csv"), "new");
    assert_eq!(text(&rig.there, "/there/l"), "old l");
    assert!(rig.there.attributes("/there/l (2)").is_some());
    assert!(rig.here.content("/here/a.csv").is_none(), "the source is gone");

    // Within one endpoint a move is a rename, and a directory in the way stays as well.
    rig.there.put_directory("/there/in/a.csv").unwrap();
    let within = copy(server(), &["/there/a.csv"], at(server(), "/there/in"));
    let report = rig.run(keeping(moved(within))).await;
    assert_eq!(report.summary.counts.done, 1, "{report:?}");
    assert_eq!(text(&rig.there, "/there/in/a (2).csv"), "old a.csv");
}

#[tokio::test(start_paused = true)]
async fn a_reply_that_was_lost_makes_no_second_copy() {
    let mut rig = rig_with(&["a.csv", "a (2).csv"]);
    let (renames, inside) = (std::sync::atomic::AtomicUsize::new(0), rig.there.clone());
    rig.there.before(move |call| {
        let inside = inside.clone();
        let second = call.operation == Operation::Rename
            && renames.fetch_add(1, std::sync::atomic::Ordering::SeqCst) == 1;
        async move {
            if second {
                // The rename is done, and its reply never comes.
                inside.without_hook();
                let to = path("/there/a (3).csv");
                inside.rename(&call.path, &to, Replace::Never).await?;
                let kind = ErrorKind::ConnectionLost;
                return Err(Error::new(kind, "rename", "the connection was reset"));
            }
            Ok(())
        }
    });
    let report = rig.run(keeping(put(&["/here/a.csv"], "/there"))).await;
    assert_eq!(report.summary.counts.done, 1, "{report:?}");
    let to = report.done[0].to.as_ref().map(ToString::to_string);
    assert_eq!(to.as_deref(), Some("files.example:/there/a (3).csv"));
    assert!(rig.there.content("/there/a (4).csv").is_none());
    until_tidy(&rig.there).await;
}

#[tokio::test(start_paused = true)]
async fn a_reply_that_was_lost_makes_no_second_link() {
    let mut rig = Rig::new();
    rig.here.put_link("/here/l", "new").unwrap();
    rig.there.put_link("/there/l", "old").unwrap();
    let (renames, inside) = (std::sync::atomic::AtomicUsize::new(0), rig.there.clone());
    rig.there.before(move |call| {
        let inside = inside.clone();
        let first = call.operation == Operation::Rename
            && renames.fetch_add(1, std::sync::atomic::Ordering::SeqCst) == 0;
        async move {
            if first {
                // The rename is done, and its reply never comes.
                inside.without_hook();
                inside.rename(&call.path, &path("/there/l (2)"), Replace::Never).await?;
                let kind = ErrorKind::ConnectionLost;
                return Err(Error::new(kind, "rename", "the connection was reset"));
            }
            Ok(())
        }
    });
    let report = rig.run(keeping(put(&["/here/l"], "/there"))).await;
    assert_eq!(report.summary.counts.done, 1, "{report:?}");
    let to = report.done[0].to.as_ref().map(ToString::to_string);
    assert_eq!(to.as_deref(), Some("files.example:/there/l (2)"));
    for (name, says) in [("l", "old"), ("l (2)", "new")] {
        let link = rig.there.link_target(format!("/there/{name}")).unwrap();
        assert_eq!(String::from_utf8(link).unwrap(), says);
    }
    assert!(rig.there.attributes("/there/l (3)").is_none());
    until_tidy(&rig.there).await;
}

/// The link has its number, and what is left is the source.
#[tokio::test(start_paused = true)]
async fn a_link_that_is_moved_is_known_again_when_its_source_is_removed_later() {
    for really_removed in [false, true] {
        let mut rig = Rig::new();
        rig.here.put_link("/here/l", "old").unwrap();
        rig.there.put_link("/there/l", "new").unwrap();
        let (removals, inside) = (std::sync::atomic::AtomicUsize::new(0), rig.there.clone());
        rig.there.before(move |call| {
            let inside = inside.clone();
            let first = call.operation == Operation::RemoveFile
                && removals.fetch_add(1, std::sync::atomic::Ordering::SeqCst) == 0;
            async move {
                if first {
                    inside.without_hook();
                    if really_removed {
                        inside.remove_file(&call.path).await?;
                    }
                    let kind = ErrorKind::ConnectionLost;
                    return Err(Error::new(kind, "remove", "the connection was reset"));
                }
                Ok(())
            }
        });
        let report = rig.run(keeping(moved(get(&["/there/l"], "/here")))).await;
        assert_eq!(report.summary.counts.done, 1, "{really_removed}: {report:?}");
        let to = report.done[0].to.as_ref().map(ToString::to_string);
        assert_eq!(to.as_deref(), Some("/here/l (2)"), "{really_removed}");
        assert!(rig.here.attributes("/here/l (3)").is_none(), "{really_removed}");
        assert!(rig.there.attributes("/there/l").is_none(), "{really_removed}: it still stands");
    }
}

#[tokio::test]
async fn a_typed_name_is_taken_and_asked_about_where_it_is_taken_too() {
    let mut rig = rig_with(&["a.csv", "b.csv"]);
    let id = rig.add(put(&["/here/a.csv"], "/there"));
    let rename = |name: &str| Answer::Rename(Name::new(name).unwrap());
    let (question, ..) = rig.question().await;
    rig.tell(Command::Answer(question, rename("b.csv")));
    let (question, _, asked) = rig.question().await;
    let Question::Conflict { to, .. } = asked else { panic!("{asked:?}") };
    assert_eq!(to.to_string(), "files.example:/there/b.csv");
    rig.tell(Command::Answer(question, rename("c.csv")));
    let report = rig.end_of(id).await;
    let to = report.done[0].to.as_ref().map(ToString::to_string);
    assert_eq!(to.as_deref(), Some("files.example:/there/c.csv"), "{report:?}");
    for name in ["a.csv", "b.csv"] {
        assert_eq!(text(&rig.there, &format!("/there/{name}")), format!("old {name}"));
    }
}

#[tokio::test]
async fn answers_outlive_the_engine() {
    let journal = tempfile::tempdir().unwrap();
    let Rig { here, there, .. } = rig_with(&["a.csv", "b", "c", "d"]);
    for name in ["b", "c", "d"] {
        here.put(format!("/here/{name}"), "new").unwrap();
    }
    let mut rig = Rig::recorded(&here, &there, journal.path());
    // Nothing is done with the answers before the engine leaves.
    there.before(|call| async move {
        if call.operation == Operation::OpenWrite {
            std::future::pending::<()>().await;
        }
        Ok(())
    });
    rig.add(put(&["/here/a.csv", "/here/b", "/here/c"], "/there"));
    for _ in 0..3 {
        let (id, _, question) = rig.question().await;
        let Question::Conflict { from, .. } = &question else { panic!("{question:?}") };
        match from.to_string().as_str() {
            "/here/a.csv" => {
                rig.tell(Command::Answer(id, Answer::Rename(Name::new("mine").unwrap())));
            }
            "/here/b" => rig.answer(id, ConflictChoice::KeepBoth, false),
            _ => {}
        }
    }
    rig.leave().await;
    there.without_hook();
    let mut rig = Rig::recorded(&here, &there, journal.path());
    let left = rig.left().await;
    let id = rig.resume(left[0].number);
    // Those that were not answered are asked about again, and no others.
    let mut report = None;
    let mut asked = Vec::new();
    while report.is_none() {
        match rig.event().await {
            Event::Asked { id, question, .. } => {
                let Question::Conflict { from, .. } = question else { panic!("{question:?}") };
                asked.push(from.to_string());
                rig.answer(id, ConflictChoice::Overwrite, true);
            }
            Event::JobEnded(summary) if summary.job == id => {
                report = Some(summary);
            }
            _ => {}
        }
    }
    assert_eq!(report.unwrap().counts.done, 3);
    assert!(asked.iter().all(|from| from == "/here/c"), "{asked:?}");
    assert_eq!(text(&there, "/there/mine"), "new");
    assert_eq!(text(&there, "/there/b (2)"), "new");
    assert_eq!(text(&there, "/there/b"), "old b");
}

#[tokio::test]
async fn an_answer_for_all_outlives_the_engine() {
    let journal = tempfile::tempdir().unwrap();
    let Rig { here, there, .. } = rig_with(&["a.csv", "b"]);
    here.put("/here/b", "new").unwrap();
    let mut rig = Rig::recorded(&here, &there, journal.path());
    there.before(|call| async move {
        if call.operation == Operation::OpenWrite {
            std::future::pending::<()>().await;
        }
        Ok(())
    });
    rig.add(put(&["/here/a.csv", "/here/b"], "/there"));
    let (id, ..) = rig.question().await;
    rig.answer(id, ConflictChoice::KeepBoth, true);
    rig.leave().await;
    there.without_hook();
    let mut rig = Rig::recorded(&here, &there, journal.path());
    let left = rig.left().await;
    assert_eq!(left[0].request.options.on_conflict, Some(ConflictChoice::KeepBoth));
    let id = rig.resume(left[0].number);
    assert_eq!(rig.end_of(id).await.summary.counts.done, 2);
    assert_eq!(text(&there, "/there/a (2).csv"), "new");
    assert_eq!(text(&there, "/there/b (2)"), "new");
}

fn resuming(request: JobRequest) -> JobRequest {
    with(request, on_conflict(ConflictChoice::Resume))
}

#[tokio::test]
async fn a_beginning_here_is_gone_on_with_and_not_carried_again() {
    for digests in [true, false] {
        let mut rig = Rig::new();
        if !digests {
            rig.there.misbehave(|faults| faults.digests = Digests::Unsupported);
        }
        rig.there.put("/there/a", bytes(LARGE)).unwrap();
        rig.here.put("/here/a", &bytes(LARGE)[..BEGINNING]).unwrap();
        let first = std::sync::Arc::new(std::sync::atomic::AtomicUsize::new(0));
        let reads = first.clone();
        rig.there.before(move |call| {
            if call.operation == Operation::Read {
                reads.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
            }
            async { Ok(()) }
        });
        let report = rig.run(resuming(get(&["/there/a"], "/here"))).await;
        assert_eq!(report.summary.counts.done, 1, "{report:?}");
        assert_eq!(rig.here.content("/here/a"), Some(bytes(LARGE)));
        let all = LARGE / CHUNK;
        let read = first.load(std::sync::atomic::Ordering::SeqCst);
        assert!(read < all, "{read} of {all} chunks were read");
        assert_tidy(&rig.here);
    }
}

#[tokio::test]
async fn what_is_no_beginning_is_left_alone() {
    let with_other = |at: usize| {
        let mut other = bytes(BEGINNING);
        other[at] ^= 1;
        other
    };
    // The middle is not compared: what was put together shows it by its digest, before anything is replaced.
    for stands in [
        with_other(0),
        with_other(BEGINNING / 2),
        with_other(BEGINNING - 1),
        bytes(LARGE + 1),
        vec![7; LARGE],
    ] {
        for request in [get(&["/there/a"], "/here"), put(&["/here/a"], "/there")] {
            let mut rig = Rig::new();
            let (from, to, place) = match request.from == server() {
                true => (&rig.there, rig.here.clone(), "/here/a"),
                false => (&rig.here, rig.there.clone(), "/there/a"),
            };
            from.put(request.sources[0].as_bytes(), bytes(LARGE)).unwrap();
            to.put(place, &stands).unwrap();
            let report = rig.run(resuming(request)).await;
            let (error, _) = report.only_failure();
            assert_eq!(error.kind(), ErrorKind::AlreadyExists, "{error}");
            assert!(error.why().contains("not a shorter beginning"), "{error}");
            assert_eq!(to.content(place), Some(stands.clone()));
            until_tidy(&to).await;
        }
    }
}

#[tokio::test]
async fn a_beginning_on_a_server_gives_way_to_the_whole_and_the_same_is_skipped() {
    let mut rig = Rig::new();
    rig.here.put("/here/a", bytes(LARGE)).unwrap();
    rig.there.put("/there/a", &bytes(LARGE)[..1000]).unwrap();
    let report = rig.run(resuming(put(&["/here/a"], "/there"))).await;
    assert_eq!(report.summary.counts.done, 1, "{report:?}");
    assert_eq!(rig.there.content("/there/a"), Some(bytes(LARGE)));
    let report = rig.run(resuming(put(&["/here/a"], "/there"))).await;
    assert_eq!(report.summary.counts.skipped, 1, "{report:?}");
}
