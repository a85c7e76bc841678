//! Owner, group and time: the dialog, names that come later, and what is asked for.

use wharf::{
    domain::{entry::Timestamp, owners::OwnerNames},
    engine::message::{Answered, Event, Inquiry, Told, Traits, Work},
};

use super::stage::{MOMENT, Stage};

fn stage() -> Stage {
    Stage::new((100, 24))
}

/// Tells the names that were asked for.
fn tell_names(stage: &mut Stage) {
    let sent = stage.inquiries.iter().rev().find_map(|(ticket, inquiry)| match inquiry {
        Inquiry::Owners { ids, .. } => Some((*ticket, ids.clone())),
        _ => None,
    });
    let (ticket, ids) = sent.expect("names are asked for");
    assert_eq!(ids, [(1000, 1000)]);
    let mut names = OwnerNames::default();
    names.add_users(b"anna:x:1000:1000\nberta:x:1001:1001\n");
    names.add_groups(b"anna:x:1000:\nharbour:x:50:anna\n");
    stage.event(Event::Answered(Answered { ticket, told: Ok(Told::Owners(names)) }));
}

fn wanted(stage: &mut Stage) -> (Traits, bool) {
    let (_, job) = stage.take_job();
    match job.work {
        Work::SetTraits(traits) => (traits, job.options.recursive),
        other => panic!("{other:?}"),
    }
}

#[test]
fn names_come_while_the_dialog_is_open() {
    let mut stage = stage();
    stage.keys("j O");
    stage.shows("owner 1000, group 1000");
    tell_names(&mut stage);
    insta::assert_snapshot!(stage.picture());
    stage.text("berta").keys("Tab").text("harbour").keys("Tab").text("2026-11-01 13:05");
    stage.keys("Tab Space Enter");
    let (traits, recursive) = wanted(&mut stage);
    assert_eq!((traits.owner.user, traits.owner.group), (Some(1001), Some(50)));
    assert_eq!(traits.modified, Some(Timestamp::from_seconds(1_793_538_300)));
    assert!(recursive);
}

#[test]
fn what_is_empty_stays_and_what_is_unknown_is_told() {
    let mut stage = stage();
    stage.keys("j j j j O Enter");
    stage.shows("all fields are empty");
    stage.text("berta").keys("Enter");
    stage.shows("No user “berta” is known there");
    stage.keys("Ctrl-U").text("4294967295").keys("Enter");
    stage.shows("No user");
    stage.keys("Ctrl-U").text("33").keys("Enter");
    let (traits, recursive) = wanted(&mut stage);
    assert_eq!((traits.owner.user, traits.owner.group, traits.modified), (Some(33), None, None));
    assert!(!recursive);
}

#[test]
fn a_time_is_now_or_so_long_ago() {
    let mut stage = stage();
    for (typed, seconds) in [("now", MOMENT), ("2d", MOMENT - 2 * 86_400)] {
        stage.keys("Home j O Tab Tab").text("soon").keys("Enter");
        stage.shows("A time is now");
        stage.keys("Ctrl-U").text(typed).keys("Enter");
        let (traits, _) = wanted(&mut stage);
        assert_eq!(traits.modified, Some(Timestamp::from_seconds(seconds)), "{typed}");
    }
}

#[test]
fn on_ftp_there_are_times_alone_and_the_reason() {
    let mut stage = Stage::unanswered((100, 24), Some("/home/anna"), Some("ftp://old.example/pub"));
    stage.set_place("ftp://old.example/pub", vec![super::stage::file("a", 1)]);
    stage.serve();
    stage.keys("Tab j O");
    stage.shows("FTP has no command that sets owners");
    stage.shows_not("Group");
    stage.text("now").keys("Enter");
    let (traits, _) = wanted(&mut stage);
    assert!(traits.owner.is_empty() && traits.modified.is_some());
    let asks = |(_, inquiry): &(_, Inquiry)| matches!(inquiry, Inquiry::Owners { .. });
    assert!(!stage.inquiries.iter().any(asks));
}
