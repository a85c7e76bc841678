//! Copies when all goes well: bytes, attributes, links, trees, verdicts, progress.

use std::time::{Duration, Instant};

use wharf::{
    domain::{
        digest::{Verdict, VerifyLevel},
        entry::{Kind, SetAttributes, Timestamp},
        error::ErrorKind,
        place::Endpoint,
    },
    engine::message::{Destination, JobState, StepKind, Work},
    storage::memory::{Digests, MemoryStorage, Reads},
};

use super::engine_rig::*;

#[tokio::test]
async fn a_file_arrives_with_its_bytes_times_permissions_and_a_verdict() {
    let mut rig = Rig::new();
    rig.here.put("/here/a.csv", bytes(3_000_000)).unwrap();
    let set = SetAttributes {
        permissions: Some(0o640),
        modified: Some(Timestamp::from_seconds(1_000_000_000)),
    };
    rig.here.put_attributes("/here/a.csv", set).unwrap();

    let report = rig.run(put(&["/here/a.csv"], "/there")).await;
    assert_eq!(rig.there.content("/there/a.csv").unwrap(), bytes(3_000_000));
    let arrived = rig.there.attributes("/there/a.csv").unwrap();
    assert_eq!((arrived.permissions, arrived.modified), (set.permissions, set.modified));
    assert_tidy(&rig.there);
    assert_tidy(&rig.here);

    let [done] = &report.done[..] else { panic!("{report:?}") };
    assert_eq!(done.verdict, Some(Verdict::Hash));
    assert!(done.digest.is_some());
    assert_eq!((done.bytes, done.attempts, done.what), (3_000_000, 1, StepKind::File));
    assert_eq!(done.to.as_ref().unwrap().to_string(), "files.example:/there/a.csv");
    let counts = report.summary.counts;
    assert_eq!((counts.done, counts.files, counts.hash, counts.bytes), (1, 1, 1, 3_000_000));
}

#[tokio::test]
async fn what_could_give_foreign_rights_is_not_carried() {
    let mut rig = Rig::new();
    rig.there.put("/there/tool", "x").unwrap();
    let setuid = SetAttributes { permissions: Some(0o6755), modified: None };
    rig.there.put_attributes("/there/tool", setuid).unwrap();
    rig.run(get(&["/there/tool"], "/here")).await;
    assert_eq!(rig.here.attributes("/here/tool").unwrap().permissions, Some(0o755));
}

#[tokio::test]
async fn verdicts_never_claim_more_than_was_checked() {
    let mut rig = Rig::new();
    rig.here.put("/here/a", "abc").unwrap();
    rig.there.put("/there/b", "abc").unwrap();
    for (n, level, verdict) in
        [(0, VerifyLevel::Size, Verdict::Size), (1, VerifyLevel::Off, Verdict::Off)]
    {
        let request = with(put(&["/here/a"], &format!("/there/{n}")), verify(level));
        assert_eq!(rig.run(request).await.done[0].verdict, Some(verdict));
    }
    let report = rig.run(get(&["/there/b"], "/here")).await;
    assert_eq!(report.done[0].verdict, Some(Verdict::Hash));

    // A server without digests: what was sent is known, what the server holds is not.
    rig.there.misbehave(|faults| faults.digests = Digests::Unsupported);
    for request in [put(&["/here/a"], "/there/x"), get(&["/there/b"], "/here/x")] {
        let report = rig.run(request).await;
        assert_eq!(report.done[0].verdict, Some(Verdict::Size));
    }
    rig.there.set_capabilities(|can| can.digests = false);
    let report = rig.run(get(&["/there/b"], "/here/y")).await;
    assert_eq!(report.done[0].verdict, Some(Verdict::Size));
    assert!(report.done[0].digest.is_some(), "what was sent is known");
    assert_eq!(report.summary.counts.size, 1);
}

#[tokio::test]
async fn what_has_to_be_proved_is_read_once_more_where_no_digest_is_told() {
    let proved = |request| with(request, verify(VerifyLevel::Digest));
    let mut rig = Rig::new();
    rig.here.put("/here/a", vec![b'a'; 3_000_000]).unwrap();
    rig.there.put("/there/b", vec![b'b'; 3_000_000]).unwrap();
    let report = rig.run(proved(put(&["/here/a"], "/there/0"))).await;
    assert_eq!(report.done[0].verdict, Some(Verdict::Hash));

    rig.there.misbehave(|faults| faults.digests = Digests::Unsupported);
    for request in [put(&["/here/a"], "/there/1"), get(&["/there/b"], "/here/1")] {
        let report = rig.run(proved(request)).await;
        assert_eq!(report.done[0].verdict, Some(Verdict::ReadBack));
        assert!(report.done[0].digest.is_some());
        assert_eq!(report.summary.counts.hash, 1);
    }
    let content = rig.there.content("/there/1/a").unwrap();
    assert!(content == vec![b'a'; 3_000_000]);

    // What is read there is not what was sent there.
    rig.there.misbehave(|faults| faults.reads = Reads::FlipBitAt(2_000_000));
    let report = rig.run(proved(put(&["/here/a"], "/there/2"))).await;
    assert_eq!(report.only_failure().0.kind(), ErrorKind::DigestMismatch);
    assert!(rig.there.content("/there/2/a").is_none());
    until_tidy(&rig.there).await;
    let report = rig.run(put(&["/here/a"], "/there/3")).await;
    assert_eq!(report.done[0].verdict, Some(Verdict::Size), "the other levels do not look");
}

#[tokio::test]
async fn empty_files_and_empty_directories_arrive() {
    let mut rig = Rig::new();
    rig.here.put("/here/empty", "").unwrap();
    rig.here.put_directory("/here/hollow").unwrap();
    let report = rig.run(put(&["/here/empty", "/here/hollow"], "/there")).await;
    assert_eq!(rig.there.content("/there/empty").unwrap(), b"");
    assert_eq!(rig.there.attributes("/there/hollow").unwrap().kind, Kind::Directory);
    assert_eq!((report.summary.counts.done, report.summary.counts.files), (2, 1));
}

#[tokio::test]
async fn a_job_without_sources_ends() {
    let mut rig = Rig::new();
    let report = rig.run(put(&[], "/there")).await;
    assert_eq!(report.summary.counts.done, 0);
}

/// A tree with what trees have: nesting, links, odd names, modes.
fn plant(storage: &MemoryStorage, root: &str) {
    for (name, content) in [
        ("a", "1"),
        ("b c", "22"),
        ("d/e", "333"),
        ("d/f/g", ""),
        ("d/f/-rf", "5"),
        ("d/new\nline", "6"),
    ] {
        storage.put(format!("{root}/{name}"), content).unwrap();
    }
    storage.put([root.as_bytes(), b"/caf\xe9"].concat(), "latin").unwrap();
    storage.put_directory(format!("{root}/empty")).unwrap();
    storage.put_link(format!("{root}/link"), "a").unwrap();
    storage.put_link(format!("{root}/dangling"), "/nowhere").unwrap();
    storage.put_link(format!("{root}/d/loop"), "..").unwrap();
    let old = SetAttributes {
        permissions: Some(0o550),
        modified: Some(Timestamp::from_seconds(1_234_567_890)),
    };
    storage.put_attributes(format!("{root}/d"), old).unwrap();
}

#[track_caller]
fn assert_same_trees(left: (&MemoryStorage, &str), right: (&MemoryStorage, &str)) {
    let listed = |(storage, root): (&MemoryStorage, &str)| -> Vec<_> {
        let root = path(root);
        let inside = storage.paths().into_iter().filter(|path| path.is_within(&root));
        inside
            .map(|path| {
                let bytes = path.as_bytes();
                (
                    bytes[root.as_bytes().len()..].to_vec(),
                    storage.attributes(bytes).unwrap().kind,
                    storage.content(bytes),
                    storage.link_target(bytes),
                )
            })
            .collect()
    };
    assert_eq!(listed(left), listed(right));
}

#[tokio::test]
async fn trees_cross_in_every_direction() {
    let mut rig = Rig::new();
    let other = MemoryStorage::on_host("other.example");
    rig.serve(named_server("other.example"), other.clone());
    plant(&rig.here, "/here/tree");

    let report = rig.run(put(&["/here/tree"], "/there")).await;
    assert_eq!(report.summary.counts.failed, 0, "{report:?}");
    assert_same_trees((&rig.here, "/here/tree"), (&rig.there, "/there/tree"));

    rig.run(copy(server(), &["/there/tree"], at(named_server("other.example"), "/deep/new"))).await;
    assert_same_trees((&rig.here, "/here/tree"), (&other, "/deep/new/tree"));

    rig.run(copy(named_server("other.example"), &["/deep/new/tree"], at(Endpoint::Local, "/back")))
        .await;
    assert_same_trees((&rig.here, "/here/tree"), (&rig.here, "/back/tree"));

    rig.run(copy(Endpoint::Local, &["/back/tree"], at(Endpoint::Local, "/beside"))).await;
    assert_same_trees((&rig.here, "/here/tree"), (&rig.here, "/beside/tree"));

    // A directory's own attributes are set after all it holds, or they would not last.
    let directory = rig.here.attributes("/beside/tree/d").unwrap();
    assert_eq!(directory.modified, Some(Timestamp::from_seconds(1_234_567_890)));
    assert_eq!(directory.permissions, Some(0o550));
    assert_tidy(&rig.here);
    assert_tidy(&rig.there);
}

#[tokio::test]
async fn a_link_named_as_a_source_stays_a_link() {
    let mut rig = Rig::new();
    rig.here.put("/here/file", "x").unwrap();
    rig.here.put_link("/here/link", "file").unwrap();
    let report = rig.run(put(&["/here/link"], "/there")).await;
    assert_eq!(rig.there.link_target("/there/link").unwrap(), b"file");
    assert_eq!(report.done[0].what, StepKind::Symlink);
    assert_eq!(report.done[0].verdict, None);
}

#[tokio::test]
async fn destinations_are_found_as_cp_finds_them() {
    let mut rig = Rig::new();
    rig.here.put("/here/a", "a").unwrap();
    rig.here.put("/here/d/x", "x").unwrap();
    let as_cp = |to: &str| Work::Copy(Destination::AsCp(at(server(), to)));
    let exactly = |to: &str| Work::Copy(Destination::Exactly(at(server(), to)));
    for (work, sources, stands) in [
        (as_cp("/there"), vec!["/here/a"], "/there/a"),
        (as_cp("/there/b"), vec!["/here/a"], "/there/b"),
        (as_cp("/there/e"), vec!["/here/d"], "/there/e/x"),
        (as_cp("/there/e"), vec!["/here/d"], "/there/e/d/x"),
        (exactly("/there/c"), vec!["/here/a"], "/there/c"),
        // Relative to the folder one is in after login, which here is the root.
        (as_cp("there/r"), vec!["here/a"], "/there/r"),
    ] {
        let report =
            rig.run(wharf::engine::message::JobRequest { work, ..put(&sources, "/") }).await;
        assert_eq!(report.summary.counts.failed, 0, "{report:?}");
        assert!(rig.there.content(stands).is_some(), "{stands}");
    }
    for (work, sources, why) in [
        (as_cp("/there/none"), vec!["/here/a", "/here/d"], "not a directory that several things"),
        (exactly("/no/such/c"), vec!["/here/a"], "the directory that would hold it does not exist"),
    ] {
        let report =
            rig.run(wharf::engine::message::JobRequest { work, ..put(&sources, "/") }).await;
        assert_eq!(report.failures().len(), sources.len());
        let text = report.failures()[0].0.to_string();
        assert!(text.contains(why), "{text}");
    }
}

#[tokio::test]
async fn a_directory_needs_to_be_asked_for() {
    let mut rig = Rig::new();
    rig.here.put("/here/d/x", "x").unwrap();
    let mut request = put(&["/here/d"], "/there");
    request.options.recursive = false;
    let report = rig.run(request).await;
    let (error, _) = report.only_failure();
    assert_eq!(error.kind(), ErrorKind::IsADirectory);
    assert_eq!(
        error.to_string(),
        "Could not copy /here/d: it is a directory.",
        "what, to what, why"
    );
    assert_eq!(rig.there.paths(), [path("/there")]);
}

#[tokio::test]
async fn copies_onto_or_into_themselves_are_refused_in_words() {
    let mut rig = Rig::new();
    rig.here.put("/here/d/x", "x").unwrap();
    rig.here.put_link("/way", "/here/d").unwrap();
    for (sources, into, why) in [
        (["/here/d"], "/here", "source and destination are the same"),
        (["/here/d"], "/here/d/new", "a directory cannot go into itself"),
        (["/here/d"], "/way/new", "a directory cannot go into itself"),
        (["/here/d/x"], "/way", "source and destination are the same"),
    ] {
        for options in [options(), on_conflict(wharf::domain::question::ConflictChoice::Overwrite)]
        {
            let request = copy(Endpoint::Local, &sources, at(Endpoint::Local, into));
            let report = rig.run(with(request, options)).await;
            let text = report.only_failure().0.to_string();
            assert!(text.contains(why), "{text}");
        }
    }
    assert_eq!(rig.here.content("/here/d/x").unwrap(), b"x");
}

#[tokio::test]
async fn a_source_that_is_not_there_is_a_failed_step() {
    let mut rig = Rig::new();
    rig.here.put("/here/a", "a").unwrap();
    let report = rig.run(put(&["/here/none", "/here/a"], "/there")).await;
    assert_eq!(report.only_failure().0.kind(), ErrorKind::NotFound);
    assert_eq!(report.summary.counts.done, 1, "the rest goes on");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ten_thousand_small_files_cross_in_seconds_and_are_counted_to_the_last() {
    let mut rig = Rig::new();
    for file in 0..10_000 {
        rig.here.put(format!("/here/tree/{}/{file}", file % 100), bytes(file % 50)).unwrap();
    }
    let start = Instant::now();
    let id = rig.add(put(&["/here/tree"], "/there"));
    let report = rig.end_of(id).await;
    println!("10,000 files in {:?}", start.elapsed());
    assert!(start.elapsed() < Duration::from_secs(20), "{:?}", start.elapsed());
    assert_eq!(report.summary.counts.files, 10_000);
    assert_eq!(report.summary.counts.hash, 10_000);
    assert_eq!(report.summary.counts.done, 10_101);
    assert_same_trees((&rig.here, "/here/tree"), (&rig.there, "/there/tree"));

    let snapshot = rig.progress_that(id, |job| job.state == JobState::Done).await;
    let job = &snapshot.jobs[0];
    assert!(job.plan_complete);
    assert_eq!(job.planned, 10_101);
    assert_eq!((job.carried_bytes, job.counts.bytes), (job.planned_bytes, job.planned_bytes));
    assert_eq!(job.planned_bytes, 10_000 / 50 * (0..50).sum::<u64>());
}
