//! Going places: back and forward, typed paths, both panes together; and what is found out by the way.

use wharf::{
    domain::{
        entry::{Kind, Space, Timestamp},
        error::{Error, ErrorKind},
    },
    engine::message::{Answered, Command, Event, Inquiry, Modes, Sum, Told, Work},
    model::{Action, Context, Message},
};

use super::stage::{MOMENT, Sent, Stage, directory, file, link};

fn stage() -> Stage {
    let mut stage = Stage::new((110, 24));
    stage.set_place("/home/anna/cargo", vec![directory("deep"), file("crate.bin", 1 << 20)]);
    stage.set_place("/home/anna/cargo/deep", vec![file("treasure", 1)]);
    stage
}

#[test]
fn back_and_forward() {
    let mut stage = stage();
    stage.keys("[");
    stage.shows("nothing to go back to");
    stage.keys("j Enter j Enter");
    stage.shows("treasure");
    stage.keys("Alt-Left");
    stage.shows("crate.bin");
    stage.keys("[");
    stage.shows("manifest.csv");
    stage.keys("Alt-Right ]");
    stage.shows("treasure");
    stage.keys("]");
    stage.shows("nothing to go forward to");
    stage.keys("[ h");
    stage.shows("manifest.csv");
    stage.keys("]");
    stage.shows("nothing to go forward to");
}

#[test]
fn a_path_is_completed_while_it_is_typed() {
    let mut stage = stage();
    stage.keys("p");
    stage.shows("cargo/  latest/  papers/");
    stage.text("c").keys("Tab");
    stage.shows("/home/anna/cargo/");
    stage.shows("deep/");
    stage.keys("Tab Enter");
    stage.shows("treasure");
    stage.keys("p Ctrl-U").text("../../papers").keys("Enter");
    assert_eq!(stage.model.context(), Context::Reader, "the stage knows no dots");
    stage.keys("Esc p").text("nowhere").keys("Esc");
    assert_eq!(stage.model.context(), Context::Panes);
    let closes = |sent: &Sent| matches!(sent, Sent::Other(Command::Close(_)));
    assert!(stage.take_sent().iter().any(closes), "nobody waits for the names any more");
}

#[test]
fn a_path_on_a_server_is_seen_from_the_pane() {
    let mut stage = stage();
    stage.set_place("files.example:/srv/in/2026", vec![file("january", 1)]);
    stage.keys("Tab p");
    stage.shows("2025/  2026/");
    stage.text("2026").keys("Enter");
    stage.shows("january");
    // An absolute one is on the same server.
    stage.keys("p Ctrl-U").text("/srv/in").keys("Enter");
    stage.shows(" files.example:/srv/in ");
    stage.shows("readme.txt");
    stage.keys("p Ctrl-U").text("2026").keys("Enter");
    stage.shows("january");
}

#[test]
fn another_host_is_not_asked_while_its_name_is_typed() {
    let mut stage = stage();
    stage.keys("p Ctrl-U");
    // One by one, for the stage answers what is asked when a key was pressed.
    "other.example:/srv/".chars().for_each(|c| stage.message(Message::Act(Action::Type(c))));
    let opens = |sent: &Sent| match sent {
        Sent::Open(_, location) => location.to_string().starts_with("other.example"),
        Sent::Other(_) => false,
    };
    assert!(!stage.take_sent().iter().any(opens));
}

#[test]
fn both_panes_go_together() {
    let mut stage = stage();
    stage.set_place("files.example:/srv/in", vec![directory("cargo")]);
    stage.set_place("files.example:/srv/in/cargo", vec![file("on-the-server", 1)]);
    stage.set_place("files.example:/srv", vec![directory("in")]);
    stage.keys("y");
    stage.shows("go together now");
    stage.keys("j Enter");
    stage.shows("crate.bin");
    stage.shows("on-the-server");
    stage.keys("j Enter");
    stage.shows("treasure");
    stage.shows("The other pane has no such directory");
    stage.shows("on-the-server");
    stage.keys("h h");
    stage.shows("manifest.csv");
    stage.shows("files.example:/srv/in ");
    stage.keys("h");
    stage.shows("berta/");
    stage.shows("files.example:/srv ");
    stage.keys("y j Enter");
    stage.shows("files.example:/srv ");
}

#[test]
fn marks_by_comparing() {
    let mut stage = stage();
    let mut newer = file("manifest-2.csv", 51_300);
    newer.attributes.modified = Some(Timestamp::from_seconds(MOMENT - 5));
    let there = vec![file("manifest.csv", 48_211), newer, file("manifest-10.csv", 3)];
    stage.set_place("files.example:/srv/in", there);
    stage.keys("Tab r Tab M Enter");
    stage.shows("6 entries marked: only here");
    stage.keys("M Right Enter");
    stage.shows("1 entry marked: newer here");
    stage.shows("● manifest-2.csv");
    stage.keys("M Right Right Enter");
    stage.shows("1 entry marked: same in both");
    stage.shows("● manifest.csv");
}

#[test]
fn where_a_link_leads_is_shown_and_asked_once() {
    let mut stage = stage();
    stage.inquiries.clear();
    stage.keys("j j");
    let [(ticket, Inquiry::Link(location))] = &stage.inquiries[..] else {
        panic!("{:?}", stage.inquiries)
    };
    assert_eq!(location.to_string(), "/home/anna/latest");
    let answered = Answered { ticket: *ticket, told: Ok(Told::Link(b"cargo/\x1b[31m".to_vec())) };
    stage.event(Event::Answered(answered));
    stage.shows("latest → cargo/\\u{1b}[31m");
    stage.keys("k j k j");
    assert_eq!(stage.inquiries.len(), 1);
}

#[test]
fn links_are_looked_up_one_at_a_time() {
    let mut stage = stage();
    let many = (0..50).map(|number| link(&format!("l{number:02}"), Some(Kind::File)));
    stage.set_place("/home/anna/papers", many.collect());
    stage.keys("j j j Enter");
    stage.inquiries.clear();
    stage.keys("j j j j j j");
    assert_eq!(stage.inquiries.len(), 1, "{:?}", stage.inquiries);
}

#[test]
fn room_is_told_in_the_footer_of_the_pane() {
    let mut stage = stage();
    let asked: Vec<_> = stage.inquiries.drain(..).collect();
    let spaces: Vec<_> =
        asked.iter().filter(|(_, inquiry)| matches!(inquiry, Inquiry::Space(_))).collect();
    assert_eq!(spaces.len(), 2);
    let space = Space { available: 3 << 30, total: 9 << 30 };
    stage.event(Event::Answered(Answered { ticket: spaces[0].0, told: Ok(Told::Space(space)) }));
    let refused = Error::new(ErrorKind::Unsupported, "find out", "that is not told there");
    stage.event(Event::Answered(Answered { ticket: spaces[1].0, told: Err(refused) }));
    stage.shows("3.0 GiB free");
    assert_eq!(stage.text_of_screen().matches("free").count(), 1);
}

#[test]
fn sizes_of_directories_grow_and_stop() {
    let mut stage = stage();
    stage.inquiries.clear();
    stage.keys("j z");
    let (ticket, inquiry) = stage.inquiries[0].clone();
    assert!(matches!(&inquiry, Inquiry::Size(of) if of.to_string() == "/home/anna/cargo"));
    let told = |bytes, complete| {
        let sum = Sum { bytes, files: 7, complete, ..Sum::default() };
        Event::Answered(Answered { ticket, told: Ok(Told::Size(sum)) })
    };
    stage.event(told(5_000, false));
    stage.shows("5,000 B in 7 files…");
    stage.event(told(3 << 20, true));
    stage.shows("3.0M");
    stage.shows("3,145,728 B in 7 files");
    stage.keys("j Ctrl-Space");
    stage.shows("No directory");
    stage.keys("k h");
    stage.keys("z Esc");
    stage.shows("Stopped adding up");
    let closes = |sent: &Sent| matches!(sent, Sent::Other(Command::Close(_)));
    assert!(stage.take_sent().iter().any(closes));
}

#[test]
fn what_is_added_up_stops_when_one_goes_elsewhere() {
    let mut stage = stage();
    stage.keys("j z Enter");
    stage.shows("crate.bin");
    let closes = |sent: &Sent| matches!(sent, Sent::Other(Command::Close(_)));
    assert!(stage.take_sent().iter().any(closes));
}

#[test]
fn permissions_by_digits_and_by_boxes() {
    let mut stage = stage();
    stage.keys("j j j j A");
    insta::assert_snapshot!(stage.picture());
    stage.keys("Ctrl-U").text("750");
    stage.shows("[x] group runs, or enters");
    stage.shows("[ ] others read");
    stage.keys("Tab Tab Space");
    stage.shows("550");
    stage.keys("BackTab BackTab Ctrl-U").text("8").keys("Enter");
    stage.shows("three or four octal digits");
    stage.keys("Ctrl-U").text("2640").keys("Enter");
    let (_, job) = stage.take_job();
    assert_eq!(job.work, Work::SetModes(Modes { files: 0o2640, folders: 0o2640 }));
    assert!(!job.options.recursive);
}

#[test]
fn permissions_of_a_tree_ask_for_those_of_folders() {
    let mut stage = stage();
    stage.keys("j A Ctrl-U").text("640").keys("BackTab BackTab BackTab Ctrl-U").text("750");
    stage.keys("BackTab Space Enter");
    let (_, job) = stage.take_job();
    assert_eq!(job.work, Work::SetModes(Modes { files: 0o640, folders: 0o750 }));
    assert!(job.options.recursive);
}
