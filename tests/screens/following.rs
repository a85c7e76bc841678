//! Links: into a directory and back the same way, to where they lead, and those that lead nowhere.

use wharf::{
    domain::{
        entry::Kind,
        error::{Error, ErrorKind},
        path::StoragePath,
    },
    engine::message::{Answered, Event, Inquiry, Told},
};

use super::stage::{Sent, Stage, directory, file, link, location};

/// A folder with links, and the places they lead to.
fn stage() -> Stage {
    let mut stage = Stage::new((100, 24));
    let links = vec![
        link("broken", None),
        link("to-dir", Some(Kind::Directory)),
        link("to-file", Some(Kind::File)),
    ];
    stage.set_place("/home/anna/cargo", links);
    stage.set_place("/srv/deep/target", vec![directory("inner"), file("treasure", 1)]);
    stage.set_place("/srv/deep/target/inner", vec![file("gem", 1)]);
    stage.set_place("/srv/deep", vec![directory("target")]);
    stage.keys("j Enter");
    stage.serve();
    stage
}

/// The engine opens what was asked for, at another place.
fn lead(stage: &mut Stage, to: &str) {
    let opens = stage.take_sent().into_iter().find_map(|sent| match sent {
        Sent::Open(ticket, _) => Some(ticket),
        Sent::Other(_) => None,
    });
    let ticket = opens.unwrap();
    stage.event(Event::Opened { ticket, location: location(to) });
    let entries = vec![directory("inner"), file("treasure", 1)];
    stage.event(Event::Rows { ticket, entries, refused: Vec::new() });
    stage.event(Event::Listed(ticket));
}

/// Presses Enter while nothing is answered by itself.
fn enter(stage: &mut Stage) {
    stage.message(wharf::model::Message::Act(wharf::model::Action::Enter));
}

#[test]
fn out_of_where_a_link_led_the_way_up_leads_back() {
    let mut stage = stage();
    stage.keys("j");
    enter(&mut stage);
    lead(&mut stage, "/srv/deep/target");
    stage.shows("treasure");
    stage.keys("j Enter");
    stage.serve();
    stage.shows("gem");
    stage.keys("Backspace");
    stage.serve();
    stage.shows("treasure");
    stage.keys("Backspace");
    stage.serve();
    stage.shows("to-file");
    assert!(stage.reversed().iter().any(|row| row.contains("to-dir")), "the cursor is on it");
    // Who came there otherwise goes up as everywhere.
    stage.keys("p Ctrl-U").text("/srv/deep/target").keys("Enter");
    stage.serve();
    stage.shows("treasure");
    stage.keys("Backspace");
    stage.serve();
    stage.shows("/srv/deep ");
}

#[test]
fn a_link_is_followed_to_what_it_names() {
    let mut stage = stage();
    stage.keys("j j j Enter");
    stage.shows("> goes where this link leads");
    stage.inquiries.clear();
    stage.keys(">");
    let asked = stage.inquiries.iter().rev().find_map(|(ticket, inquiry)| match inquiry {
        Inquiry::Target(of) => Some((*ticket, of.to_string())),
        _ => None,
    });
    let (ticket, of) = asked.unwrap();
    assert_eq!(of, "/home/anna/cargo/to-file");
    let told = Ok(Told::Target(StoragePath::new("/srv/deep/target/treasure")));
    stage.event(Event::Answered(Answered { ticket, told }));
    stage.serve();
    stage.shows("/srv/deep/target");
    assert!(stage.reversed().iter().any(|row| row.contains("treasure")));
    stage.keys(">");
    stage.shows("No link is under the cursor.");
}

#[test]
fn what_leads_nowhere_is_told() {
    let mut stage = stage();
    // One link after the other is asked where it leads.
    stage.keys("j");
    for _ in 0..2 {
        let (ticket, inquiry) = stage.inquiries.pop().unwrap();
        assert!(matches!(inquiry, Inquiry::Link(_)), "{inquiry:?}");
        let told = Ok(Told::Link(b"../go\x1bne".to_vec()));
        stage.event(Event::Answered(Answered { ticket, told }));
        stage.keys("Home j j");
    }
    enter(&mut stage);
    stage.serve();
    stage.shows("The link /home/anna/cargo/broken leads nowhere: “../go\\u{1b}ne”");
    stage.keys("Esc >");
    let (ticket, inquiry) = stage.inquiries.pop().unwrap();
    assert!(matches!(inquiry, Inquiry::Target(_)), "{inquiry:?}");
    let error = Error::new(ErrorKind::NotFound, "go where broken leads", "it leads nowhere");
    stage.event(Event::Answered(Answered { ticket, told: Err(error) }));
    stage.shows("Could not go where broken leads: it leads nowhere.");
}
