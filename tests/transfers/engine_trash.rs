//! The trash beside what is removed, on storages that have none of their own: in memory, and through OpenSSH.

use std::{fs, os::unix::fs::symlink};

use wharf::{
    domain::{error::ErrorKind, path::StoragePath},
    engine::message::{Command, Event, Inquiry, JobRequest, StepKind, Ticket, Told, Work},
};

use super::{
    crossing::{Crossing, LONG, remote},
    engine_rig::*,
};
use crate::servers::sshd::Sshd;

fn trash(sources: &[&str]) -> JobRequest {
    JobRequest { work: Work::Trash, ..get(sources, "/") }
}

#[tokio::test(start_paused = true)]
async fn what_is_removed_lies_beside_and_nothing_is_replaced() {
    let mut rig = Rig::new();
    rig.there.put("/there/d/e/f", b"first").unwrap();
    let report = rig.run(trash(&["/there/d"])).await;
    assert_eq!((report.summary.counts.done, report.summary.counts.failed), (1, 0));
    let done = &report.done[0];
    assert_eq!(done.what, StepKind::Trash);
    let to = done.to.as_ref().unwrap();
    assert_eq!((&to.endpoint, to.path.as_bytes()), (&server(), &b"/there/.Trash-wharf/d"[..]));
    rig.there.put("/there/d/e/f", b"second").unwrap();
    rig.run(trash(&["/there/d"])).await;
    assert_eq!(rig.there.content("/there/.Trash-wharf/d/e/f").unwrap(), b"first");
    assert_eq!(rig.there.content("/there/.Trash-wharf/d (2)/e/f").unwrap(), b"second");
    for content in [b"1", b"2"] {
        rig.there.put("/there/a.csv", content).unwrap();
        rig.run(trash(&["/there/a.csv"])).await;
    }
    assert_eq!(rig.there.content("/there/.Trash-wharf/a.csv").unwrap(), b"1");
    assert_eq!(rig.there.content("/there/.Trash-wharf/a (2).csv").unwrap(), b"2");
    let bin = rig.there.attributes("/there/.Trash-wharf").unwrap();
    assert_eq!(bin.permissions, Some(0o700));
}

#[tokio::test(start_paused = true)]
async fn what_lies_in_the_trash_and_the_trash_itself_stay() {
    let mut rig = Rig::new();
    rig.there.put("/there/.Trash-wharf/a", b"x").unwrap();
    for path in ["/there/.Trash-wharf/a", "/there/.Trash-wharf"] {
        let report = rig.run(trash(&[path])).await;
        let (error, _) = report.only_failure();
        assert_eq!(error.kind(), ErrorKind::Invalid);
        assert!(error.to_string().contains("can only be deleted for good"), "{error}");
    }
    assert_eq!(rig.there.content("/there/.Trash-wharf/a").unwrap(), b"x");
    let report = rig.run(trash(&["/there/none"])).await;
    assert_eq!(report.only_failure().0.kind(), ErrorKind::NotFound);
}

#[tokio::test(start_paused = true)]
async fn a_link_in_the_place_of_the_trash_gets_nothing() {
    let mut rig = Rig::new();
    rig.there.put("/there/a", b"secret").unwrap();
    rig.there.put("/public/b", b"x").unwrap();
    rig.there.put_link("/there/.Trash-wharf", b"/public").unwrap();
    let report = rig.run(trash(&["/there/a"])).await;
    assert_eq!(report.only_failure().0.kind(), ErrorKind::Invalid);
    assert_eq!(rig.there.content("/there/a").unwrap(), b"secret");
    assert!(rig.there.attributes("/public/a").is_none());
}

#[test]
fn odd_names_go_in_and_come_back_through_openssh() {
    let Some(sshd) = Sshd::options().start() else { return };
    let mut crossing = Crossing::new(&sshd.client().known().write(), None);
    let files = sshd.files();
    let names = ["-rf", "; touch x", "$(touch x)", "a b\n'c'\"", "\u{202e}exe", "link"];
    for name in &names[..5] {
        fs::write(files.join(name), name).unwrap();
    }
    symlink("/etc/hostname", files.join("link")).unwrap();
    let sources: Vec<_> = names.iter().map(remote).collect();
    let ticket = Ticket(900);
    let place = |crossing: &mut Crossing, ticket| {
        crossing.send(Command::Inquire { ticket, inquiry: Inquiry::Trash(remote(".")) });
        let is_it = |event: &Event| matches!(event, Event::Answered(it) if it.ticket == ticket);
        match crossing.wait("where the trash lies", LONG, is_it) {
            Event::Answered(answered) => answered.told.clone().unwrap(),
            _ => unreachable!(),
        }
    };
    assert_eq!(place(&mut crossing, ticket), Told::Trash(None));
    let job = crossing.add(Work::Trash, &sources);
    crossing.arrives(job, LONG);
    let there = StoragePath::new("./.Trash-wharf");
    assert_eq!(place(&mut crossing, Ticket(901)), Told::Trash(Some(there)));
    for name in &names[..5] {
        assert!(!files.join(name).exists());
        assert_eq!(fs::read_to_string(files.join(".Trash-wharf").join(name)).unwrap(), **name);
    }
    assert!(files.join(".Trash-wharf/link").is_symlink());
    // Back by a plain move.
    let sources: Vec<_> = names.iter().map(|name| remote(format!(".Trash-wharf/{name}"))).collect();
    let into = wharf::engine::message::Destination::Into(remote("."));
    let job = crossing.add(Work::Move(into), &sources);
    crossing.arrives(job, LONG);
    assert_eq!(fs::read_to_string(files.join("-rf")).unwrap(), "-rf");
    assert!(files.join("link").is_symlink());
}
