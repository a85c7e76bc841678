//! Owners, groups and times set over trees: times in memory, owners on a real disk and through OpenSSH, by names.

use std::{
    fs,
    os::unix::fs::{MetadataExt as _, symlink},
    path::Path,
};

use wharf::{
    domain::{
        entry::Timestamp,
        error::ErrorKind,
        owners::{NewOwner, OwnerNames},
    },
    engine::message::{
        Command, Event, Inquiry, JobOptions, JobRequest, StepEnding, StepKind, Ticket, Told,
        Traits, Work,
    },
};

use super::{
    crossing::{Crossing, LONG, local, remote},
    engine_rig::*,
};
use crate::servers::sshd::Sshd;

const THEN: i64 = 1_600_000_000;

fn traits(user: Option<u32>, group: Option<u32>, seconds: Option<i64>) -> Work {
    let modified = seconds.map(Timestamp::from_seconds);
    Work::SetTraits(Traits { owner: NewOwner { user, group }, modified })
}

fn request(work: Work, sources: &[&str]) -> JobRequest {
    JobRequest { work, options: JobOptions { recursive: true, ..options() }, ..get(sources, "/") }
}

#[tokio::test(start_paused = true)]
async fn times_of_a_tree_are_set_and_folders_last() {
    let mut rig = Rig::new();
    rig.there.put("/there/d/inner/a", b"a").unwrap();
    rig.there.put("/there/else", b"else").unwrap();
    rig.there.put_link("/there/d/l", b"/there/else").unwrap();
    let before = rig.there.attributes("/there/else").unwrap();
    let report = rig.run(request(traits(None, None, Some(THEN)), &["/there/d"])).await;
    for path in ["/there/d", "/there/d/inner", "/there/d/inner/a"] {
        let there = rig.there.attributes(path).unwrap();
        assert_eq!(there.modified, Some(Timestamp::from_seconds(THEN)), "{path}");
    }
    assert_eq!(rig.there.attributes("/there/else").unwrap(), before, "a link is not followed");
    assert_eq!((report.summary.counts.done, report.summary.counts.skipped), (3, 1));
    assert!(report.done.iter().all(|done| done.what == StepKind::Traits && done.to.is_none()));
}

#[tokio::test(start_paused = true)]
async fn what_a_storage_cannot_set_says_so_and_nothing_else_is_set_either() {
    let mut rig = Rig::new();
    rig.there.put("/there/a", b"x").unwrap();
    let before = rig.there.attributes("/there/a").unwrap();
    let report = rig.run(request(traits(Some(1), None, Some(THEN)), &["/there/a"])).await;
    let (error, _) = report.only_failure();
    assert_eq!(error.kind(), ErrorKind::Unsupported);
    assert!(error.to_string().contains("set the owner and time of"), "{error}");
    assert_eq!(rig.there.attributes("/there/a").unwrap(), before);
    rig.there.set_capabilities(|can| can.set_times = false);
    let report = rig.run(request(traits(None, None, Some(THEN)), &["/there/a"])).await;
    assert!(matches!(
        &report.endings[0].1,
        StepEnding::Failed { error, .. } if error.kind() == ErrorKind::Unsupported
    ));
}

fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}

/// A tree with odd names, and a link out of it.
fn plant(at: &Path) {
    for name in ["-rf", "$(touch x)", "a b\n'c'"] {
        let folder = at.join("d").join(name);
        fs::create_dir_all(&folder).unwrap();
        fs::write(folder.join(name), name).unwrap();
    }
    fs::write(at.join("outside"), "outside").unwrap();
    symlink("../outside", at.join("d/link")).unwrap();
}

fn owners_below(at: &Path) -> Vec<(String, (u32, u32, i64))> {
    let mut found = Vec::new();
    let mut waiting = vec![at.to_owned()];
    while let Some(path) = waiting.pop() {
        let metadata = path.symlink_metadata().unwrap();
        if metadata.is_symlink() {
            continue;
        }
        if metadata.is_dir() {
            waiting.extend(fs::read_dir(&path).unwrap().map(|row| row.unwrap().path()));
        }
        let told = (metadata.uid(), metadata.gid(), metadata.mtime());
        found.push((path.display().to_string(), told));
    }
    found
}

#[test]
fn owners_on_a_disk_and_through_openssh() {
    if !is_root() {
        println!("left out: only root gives files away");
        return;
    }
    let Some(sshd) = Sshd::options().start() else { return };
    let mut crossing = Crossing::new(&sshd.client().known().write(), None);
    let here = tempfile::tempdir().unwrap();
    let there = sshd.files();
    for (folder, location) in
        [(here.path().to_owned(), local(&here.path().join("d"))), (there.clone(), remote("d"))]
    {
        plant(&folder);
        let outside = owners_below(&folder.join("outside"));
        let both =
            crossing.add(traits(Some(7), Some(8), Some(THEN)), std::slice::from_ref(&location));
        let summary = crossing.arrives(both, LONG);
        assert_eq!((summary.counts.failed, summary.counts.skipped), (0, 1));
        let owners = owners_below(&folder.join("d"));
        assert_eq!(owners.len(), 7, "{owners:?}");
        for (path, told) in owners {
            assert_eq!(told, (7, 8, THEN), "{path}");
        }
        // One of them alone: the other stays.
        let group = crossing.add(traits(None, Some(9), None), std::slice::from_ref(&location));
        crossing.arrives(group, LONG);
        let user = crossing.add(traits(Some(6), None, None), &[location]);
        crossing.arrives(user, LONG);
        for (path, told) in owners_below(&folder.join("d")) {
            assert_eq!(told, (6, 9, THEN), "{path}");
        }
        assert_eq!(owners_below(&folder.join("outside")), outside, "a link is not followed");
    }
}

#[test]
fn names_are_told_of_this_machine_and_of_openssh() {
    let Some(sshd) = Sshd::options().start() else { return };
    let mut crossing = Crossing::new(&sshd.client().known().write(), None);
    let here = tempfile::tempdir().unwrap();
    for (number, of) in [local(here.path()), remote(".")].into_iter().enumerate() {
        let ticket = Ticket(1_000 + number as u64);
        let inquiry = Inquiry::Owners { of, ids: vec![(0, 0), (4_000_000, 4_000_000)] };
        crossing.send(Command::Inquire { ticket, inquiry });
        let is_answer =
            |event: &Event| matches!(event, Event::Answered(told) if told.ticket == ticket);
        let names: OwnerNames = match crossing.wait("the names", LONG, is_answer) {
            Event::Answered(answered) => match &answered.told {
                Ok(Told::Owners(names)) => names.clone(),
                other => panic!("{other:?}"),
            },
            _ => unreachable!(),
        };
        assert_eq!((names.user(0), names.group(0)), ("root".into(), "root".into()));
        assert_eq!(names.user(4_000_000), "4000000");
        assert_eq!(names.user_typed("root"), Some(0));
        assert_eq!(names.user_typed("nobody-of-that-name"), None);
    }
}
