//! The quick view: what it shows as the cursor goes, and that nothing is asked before the cursor rests.

use std::time::Duration;

use wharf::engine::message::{Answered, Command, Event, Inquiry, Told};

use super::stage::{Sent, Stage};

const REST: Duration = Duration::from_millis(250);

fn pieces(stage: &Stage) -> usize {
    let is_piece = |(_, inquiry): &&(_, Inquiry)| matches!(inquiry, Inquiry::Piece { .. });
    stage.inquiries.iter().filter(is_piece).count()
}

#[test]
fn the_file_under_the_cursor_is_shown_once_the_cursor_rests() {
    let mut stage = Stage::new((100, 20));
    stage.keys("j j j j j Ctrl-Q");
    stage.shows("Quick view");
    for _ in 0..3 {
        stage.pass(Duration::from_millis(50));
        stage.keys("j k");
    }
    assert_eq!(pieces(&stage), 0, "nothing is asked while the cursor goes");
    stage.pass(REST);
    assert_eq!(pieces(&stage), 1);
    let (ticket, inquiry) = stage.inquiries.pop().unwrap();
    assert!(matches!(&inquiry, Inquiry::Piece { length, .. } if *length <= 64 * 1024));
    let of = inquiry.location().to_string();
    assert_eq!(of, "/home/anna/manifest-2.csv");
    let bytes = "crate,weight\n7,1200\n".into();
    let told = Ok(Told::Piece { offset: 0, bytes, size: Some(20) });
    stage.event(Event::Answered(Answered { ticket, told }));
    stage.shows("7,1200");
    insta::assert_snapshot!(stage.picture());
    // Another file: what was shown goes at once, and is asked no more.
    stage.keys("j");
    stage.shows_not("7,1200");
    stage.pass(REST);
    assert_eq!(pieces(&stage), 1);
    let (asked, _) = stage.inquiries.pop().unwrap();
    stage.take_sent();
    stage.keys("j");
    let closes = |sent: &Sent| matches!(sent, Sent::Other(Command::Close(own)) if *own == asked);
    assert!(stage.take_sent().iter().any(closes), "what is on its way is superseded");
    stage.keys("g j");
    stage.pass(REST);
    stage.shows("A directory.");
    assert_eq!(pieces(&stage), 0);
    stage.keys("Ctrl-Q");
    stage.shows("readme.txt");
    assert!(!stage.model.counts_down(), "nothing wakes an idle screen");
}

#[test]
fn a_narrow_window_has_no_quick_view() {
    let mut stage = Stage::new((40, 20));
    stage.keys("Ctrl-Q");
    stage.shows("too narrow");
}
