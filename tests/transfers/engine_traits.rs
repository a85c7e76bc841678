//! Owners, groups and times set over trees: times in memory, owners on a real disk and through OpenSSH, by names.

use std::{
    fs::Metadata,
    os::unix::fs::MetadataExt as _,
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use wharf::{
    domain::{
        entry::Timestamp,
        error::{Error, ErrorKind},
        owners::{NewOwner, OwnerNames},
    },
    engine::message::{
        Command, Event, Inquiry, JobOptions, JobRequest, StepEnding, StepKind, Ticket, Told,
        Traits, Work,
    },
    storage::memory::Operation,
};

use super::{
    crossing::{Crossing, LONG, local, remote},
    engine_rig::*,
    odd_tree,
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

fn owners_below(at: &Path) -> Vec<(PathBuf, (u32, u32, i64))> {
    let told = |there: Metadata| (there.uid(), there.gid(), there.mtime());
    odd_tree::below(at).into_iter().map(|(path, there)| (path, told(there))).collect()
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
        odd_tree::plant(&folder);
        let outside = owners_below(&folder.join("outside"));
        let both =
            crossing.add(traits(Some(7), Some(8), Some(THEN)), std::slice::from_ref(&location));
        let summary = crossing.arrives(both, LONG);
        assert_eq!((summary.counts.failed, summary.counts.skipped), (0, 1));
        let owners = owners_below(&folder.join("d"));
        assert_eq!(owners.len(), 7, "{owners:?}");
        for (path, told) in owners {
            assert_eq!(told, (7, 8, THEN), "{path:?}");
        }
        // One of them alone: the other stays.
        let group = crossing.add(traits(None, Some(9), None), std::slice::from_ref(&location));
        crossing.arrives(group, LONG);
        let user = crossing.add(traits(Some(6), None, None), &[location]);
        crossing.arrives(user, LONG);
        for (path, told) in owners_below(&folder.join("d")) {
            assert_eq!(told, (6, 9, THEN), "{path:?}");
        }
        assert_eq!(owners_below(&folder.join("outside")), outside, "a link is not followed");
    }
}

#[tokio::test(start_paused = true)]
async fn names_are_as_good_as_the_files_that_tell_them() {
    let lines: Vec<u8> =
        (1..400_000).flat_map(|id| format!("anna{id}:x:{id}:1::\n").into_bytes()).collect();
    assert!(lines.len() > 8 << 20);
    let mut rig = Rig::new();
    rig.there.set_capabilities(|can| can.set_owner = true);
    let read = Arc::new(AtomicU64::new(0));
    let count = read.clone();
    rig.there.before(move |call| {
        count.fetch_add(u64::from(call.operation == Operation::Read), Ordering::SeqCst);
        async { Ok(()) }
    });
    let plain = |rig: &Rig, content: &[u8]| rig.there.put("/etc/passwd", content).unwrap();
    // None; one that nobody may read; one without end; one that is no such file.
    assert_eq!(told_owners(&mut rig, 1).await.user(7), "7");
    plain(&rig, b"anna:x:7:7::\n");
    assert_eq!(told_owners(&mut rig, 2).await.user(7), "anna");
    rig.there.deny("/etc/passwd", true).unwrap();
    assert_eq!(told_owners(&mut rig, 3).await.user(7), "7");
    rig.there.deny("/etc/passwd", false).unwrap();
    let before = read.load(Ordering::SeqCst);
    plain(&rig, &lines);
    let names = told_owners(&mut rig, 4).await;
    assert_eq!((names.user(7), names.user(399_999)), ("anna7".into(), "399999".into()));
    // The memory's chunks are of 64 KiB.
    assert!(read.load(Ordering::SeqCst) - before <= (4 << 20 >> 16) + 2, "no more than 4 MiB");
    plain(&rig, b"\0\xff\x1b[2J\n::::\nanna");
    assert_eq!(told_owners(&mut rig, 5).await.user(7), "7");
    rig.there.before(|call| async move {
        match call.operation == Operation::Read {
            true => Err(Error::new(ErrorKind::Failed, "read", "so it was wanted")),
            false => Ok(()),
        }
    });
    assert_eq!(told_owners(&mut rig, 6).await.user(7), "7");
}

async fn told_owners(rig: &mut Rig, ticket: u64) -> OwnerNames {
    let ticket = Ticket(ticket);
    let inquiry = Inquiry::Owners { of: at(server(), "/there"), ids: vec![(7, 7)] };
    rig.tell(Command::Inquire { ticket, inquiry });
    rig.event_that(|event| match event {
        Event::Answered(answered) if answered.ticket == ticket => match answered.told {
            Ok(Told::Owners(names)) => Some(names),
            other => panic!("numbers are told even so: {other:?}"),
        },
        _ => None,
    })
    .await
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
