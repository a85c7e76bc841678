//! Names that are two in the source and one at the destination, which folds case or writes letters its own way
//! (FAULTS.md 7): asked about, and whatever the answer is, no content is lost unasked.

use wharf::{
    domain::{
        error::{Error, ErrorKind},
        question::{ConflictChoice, Question},
    },
    engine::message::{Command, JobRequest, Work},
    storage::memory::MemoryStorage,
};

use super::engine_rig::*;

/// Two names that this makes one: case, and the two ways of writing é.
fn fold(name: &[u8]) -> Vec<u8> {
    let text = String::from_utf8_lossy(name).to_lowercase().replace("e\u{301}", "é");
    text.into_bytes()
}

const PAIRS: [[&str; 2]; 2] = [["Plan.txt", "plan.TXT"], ["caf\u{e9}", "cafe\u{301}"]];

fn rig_with(names: [&str; 2]) -> Rig {
    let rig = Rig::new();
    rig.there.fold_names(fold);
    for name in names {
        rig.here.put(format!("/here/s/{name}"), format!("content of {name}")).unwrap();
    }
    rig
}

fn moved(request: JobRequest) -> JobRequest {
    let Work::Copy(to) = request.work.clone() else { panic!("{request:?}") };
    JobRequest { work: Work::Move(to), ..request }
}

/// Contents of all files below a folder.
fn contents(storage: &MemoryStorage, below: &str) -> Vec<String> {
    let paths = storage.paths();
    let inside = paths.iter().filter(|path| path.as_bytes().starts_with(below.as_bytes()));
    let mut found: Vec<String> = inside
        .filter_map(|path| storage.content(path.as_bytes()))
        .map(|content| String::from_utf8(content).unwrap())
        .collect();
    found.sort();
    found
}

fn both(names: [&str; 2]) -> Vec<String> {
    let mut both = names.map(|name| format!("content of {name}")).to_vec();
    both.sort();
    both
}

#[tokio::test]
async fn two_names_that_are_one_there_are_asked_about() {
    for names in PAIRS {
        for moves in [false, true] {
            let mut rig = rig_with(names);
            let request = put(&["/here/s"], "/there");
            let id = rig.add(if moves { moved(request) } else { request });
            let (question, _, asked) = rig.question().await;
            assert!(matches!(asked, Question::Conflict { .. }), "{asked:?}");
            assert_eq!(contents(&rig.there, "/there").len(), 1, "the first of them has arrived");
            let here = contents(&rig.here, "/here").len();
            assert!(here >= if moves { 1 } else { 2 }, "what was not carried stands");
            rig.answer(question, ConflictChoice::KeepBoth, false);
            let report = rig.end_of(id).await;
            assert_eq!((report.summary.counts.files, report.summary.counts.failed), (2, 0));
            assert_eq!(contents(&rig.there, "/there"), both(names));
            assert_eq!(contents(&rig.here, "/here").is_empty(), moves);
            assert_tidy(&rig.there);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_rule_to_overwrite_does_not_let_one_of_them_replace_the_other() {
    for names in PAIRS {
        for (into, moves) in [("/there", false), ("/there", true), ("/there/old", true)] {
            let mut rig = rig_with(names);
            // What stood there before may give way, and only to the file of its name.
            rig.there.put(format!("/there/old/s/{}", names[0]), "old").unwrap();
            let request = with(put(&["/here/s"], into), on_conflict(ConflictChoice::Overwrite));
            let report = rig.run(if moves { moved(request) } else { request }).await;
            let failed = report.failures();
            let is_twin = |(error, attempts): &&(&Error, u32)| {
                let says = error.to_string().contains("is the same name there");
                says && error.kind() == ErrorKind::AlreadyExists && *attempts == 1
            };
            assert_eq!(failed.iter().filter(is_twin).count(), 1, "{report:#?}");
            let arrived = contents(&rig.there, &format!("{into}/s"));
            assert_eq!(arrived.len(), 1, "{arrived:?}");
            let mut all = arrived.clone();
            all.extend(contents(&rig.here, "/here").into_iter().filter(|left| *left != arrived[0]));
            all.sort();
            assert_eq!(all, both(names), "each of the two is somewhere");
            until_tidy(&rig.there).await;
        }
    }
}

/// Named one by one, and carried one after the other: by the time of the second the first of them stands there.
#[tokio::test]
async fn a_rule_to_overwrite_holds_no_further_where_the_two_were_named() {
    for names in PAIRS {
        let mut rig = rig_with(names);
        rig.tell(Command::AtOnce(Some(1)));
        let sources = names.map(|name| format!("/here/s/{name}"));
        let request = put(&[&sources[0], &sources[1]], "/there");
        let report = rig.run(with(request, on_conflict(ConflictChoice::Overwrite))).await;
        let (error, _) = report.only_failure();
        assert!(error.to_string().contains("is the same name there"), "{error}");
        assert_eq!(contents(&rig.there, "/there"), [format!("content of {}", names[0])]);
    }
}

#[tokio::test(start_paused = true)]
async fn two_directories_that_are_one_there_are_not_mixed() {
    let mut rig = Rig::new();
    rig.there.fold_names(fold);
    for name in ["Plans", "plans"] {
        rig.here.put(format!("/here/s/{name}/a"), format!("content of {name}")).unwrap();
    }
    let request = with(put(&["/here/s"], "/there"), on_conflict(ConflictChoice::Overwrite));
    let report = rig.run(moved(request)).await;
    let failed = report.failures();
    assert!(failed.iter().any(|(error, _)| error.to_string().contains("is the same name there")));
    let mut all = contents(&rig.there, "/there");
    assert_eq!(all.len(), 1, "{all:?}");
    all.extend(contents(&rig.here, "/here"));
    all.sort();
    assert_eq!(all, ["content of Plans", "content of plans"]);
}

#[tokio::test]
async fn what_a_destination_writes_its_own_way_is_overwritten_by_its_own() {
    // As copied there once, by one who wrote the name the other way.
    let mut rig = Rig::new();
    rig.there.fold_names(fold);
    rig.here.put("/here/s/caf\u{e9}", "new").unwrap();
    rig.there.put("/there/s/cafe\u{301}", "old").unwrap();
    let request = with(put(&["/here/s"], "/there"), on_conflict(ConflictChoice::Overwrite));
    let report = rig.run(request).await;
    assert_eq!(report.summary.counts.failed, 0, "{report:#?}");
    assert_eq!(contents(&rig.there, "/there/s"), ["new"]);
}
