//! Tabs: each with its own place, history, order and marks; what is not shown reads nothing.

use wharf::{
    engine::message::Command,
    model::{Message, MouseAct},
};

use super::stage::{Sent, Stage, directory, file};

fn stage() -> Stage {
    let mut stage = Stage::new((110, 24));
    stage.set_place("/home/anna/cargo", vec![directory("deep"), file("crate.bin", 1 << 20)]);
    stage
}

#[test]
fn each_tab_has_its_own_place_history_order_and_marks() {
    let mut stage = stage();
    stage.shows_not(" 1  2 ");
    stage.keys("s t");
    stage.shows(" 1  2 ");
    stage.keys("j Enter S");
    stage.shows("crate.bin");
    stage.keys("j j Space");
    stage.shows("1 marked");
    stage.keys("{");
    stage.shows("manifest.csv");
    stage.shows_not("1 marked");
    stage.keys("[");
    stage.shows("nothing to go back to");
    stage.keys("s");
    stage.shows("Sorted by time, newest first.");
    // Round and round, and by number.
    stage.keys("}");
    stage.shows("crate.bin");
    stage.shows("1 marked");
    stage.keys("s");
    stage.shows("Sorted by time, newest first.");
    stage.keys("[");
    stage.shows("manifest.csv");
    stage.keys("1 Ctrl-PgUp ]");
    stage.shows("crate.bin");
    // The other pane has none of it.
    stage.keys("Tab }");
    stage.shows("This pane has one tab");
    stage.keys("Tab 3");
    stage.shows("There is no tab 3.");
}

#[test]
fn tabs_close_down_to_the_last_and_open_up_to_nine() {
    let mut stage = stage();
    for _ in 0..8 {
        stage.keys("t");
    }
    stage.keys("9");
    stage.keys("t");
    stage.shows("at most 9 tabs");
    stage.keys("5 j Enter Ctrl-W");
    stage.shows("manifest.csv");
    stage.shows(" 8 ");
    stage.shows_not(" 8  9 ");
    for _ in 0..7 {
        stage.keys("Ctrl-W");
    }
    stage.shows_not(" 1  2 ");
    stage.keys("Ctrl-W");
    stage.shows("the pane's last tab");
}

#[test]
fn a_tab_that_is_not_shown_reads_nothing_and_is_read_again_when_it_is() {
    let mut stage = stage();
    let (side, ticket) = {
        let mut unanswered = Stage::unanswered((110, 24), Some("/home/anna"), Some("/home"));
        let opens: Vec<_> = unanswered.take_sent();
        let Some(Sent::Open(ticket, _)) = opens.into_iter().next() else {
            panic!("a place is opened")
        };
        (unanswered, ticket)
    };
    let mut unanswered = side;
    unanswered.message(Message::Act(wharf::model::Action::NewTab));
    let sent = unanswered.take_sent();
    let closes = |sent: &Sent| matches!(sent, Sent::Other(Command::Close(own)) if *own == ticket);
    assert!(sent.iter().any(closes), "{sent:?}");
    unanswered.message(Message::Act(wharf::model::Action::PreviousTab));
    let sent = unanswered.take_sent();
    let opens = |sent: &Sent| matches!(sent, Sent::Open(_, location) if location.to_string() == "/home/anna");
    assert!(sent.iter().any(opens), "it was never opened, and is now: {sent:?}");
    stage.keys("t");
    stage.set_place("/home/anna", vec![file("new", 1)]);
    stage.keys("{");
    stage.shows("new");
    stage.shows_not("manifest.csv");
}

/// The left pane's title begins at column 1; each number takes three.
#[test]
fn a_click_on_a_number_shows_its_tab_and_a_middle_click_closes_it() {
    let mut stage = stage();
    stage.keys("t j Enter t");
    stage.shows(" 1  2  3 ");
    stage.keys("Tab").mouse(MouseAct::Press, 2, 0).shows("manifest.csv");
    stage.mouse(MouseAct::Press, 5, 0).shows("crate.bin");
    stage.keys("Ctrl-W").shows(" 1  2 ");
    stage.keys("{ t j Enter 1").shows("manifest.csv");
    // One that is not shown: this one stays, and the numbers close up.
    stage.mouse(MouseAct::MiddlePress, 5, 0).shows("manifest.csv");
    stage.shows_not(" 1  2  3 ");
    stage.mouse(MouseAct::Press, 5, 0).shows("crate.bin");
    stage.mouse(MouseAct::MiddlePress, 5, 0).shows("manifest.csv");
    stage.shows_not(" 1  2 ");
    // There is no number any more: it is a title like any other.
    stage.mouse(MouseAct::MiddlePress, 2, 0).shows("manifest.csv");
    stage.shows_not("last tab");
}

#[test]
fn where_room_is_short_a_click_leads_to_the_next_and_the_wheel_to_no_other() {
    let mut stage = Stage::new((50, 12));
    stage.keys("t j Enter");
    stage.shows(" 2/2 ");
    stage.mouse(MouseAct::Press, 2, 0).shows(" 1/2 ");
    stage.mouse(MouseAct::WheelDown, 2, 0).shows(" 1/2 ");
    stage.mouse(MouseAct::MiddlePress, 2, 0);
    stage.shows_not("/2 ");
}
