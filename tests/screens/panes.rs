//! The two panes at several sizes and in every state.

use insta::assert_snapshot;
use wharf::{
    domain::error::{Error, ErrorKind},
    engine::message::{ConnectionState, Event},
    model::Message,
};

use super::stage::{Sent, Stage, location};

#[test]
fn two_panes() {
    let mut stage = Stage::new((80, 24));
    stage.keys("j j Space Space j");
    assert_snapshot!(stage.picture());
}

#[test]
fn with_room_for_rights() {
    let stage = Stage::new((160, 12));
    assert_snapshot!(stage.picture());
}

#[test]
fn at_120_by_40() {
    let mut stage = Stage::new((120, 40));
    stage.keys(". s Tab");
    assert_snapshot!(stage.picture());
}

#[test]
fn one_narrow_pane() {
    let mut stage = Stage::new((20, 5));
    let left = stage.picture();
    stage.keys("Tab j");
    assert_snapshot!(left + "-----\n" + &stage.picture());
}

#[test]
fn without_colours_nothing_is_coloured() {
    let mut stage = Stage::new((80, 24));
    let coloured = stage.picture();
    stage.colours = false;
    assert_eq!(stage.picture(), coloured);
}

#[test]
fn connecting_and_failing() {
    let mut stage = Stage::unanswered((80, 12), Some("/home/anna"), Some("files.example:"));
    let endpoint = location("files.example:").endpoint;
    stage.event(Event::Connection {
        endpoint: endpoint.clone(),
        state: ConnectionState::Connecting,
    });
    let connecting = stage.picture();
    let Some(Sent::Open(ticket, _)) = stage.take_sent().into_iter().nth(1) else {
        panic!("the right pane's place is opened")
    };
    let error =
        Error::new(ErrorKind::HostNotFound, "connect to files.example", "the name leads nowhere");
    stage.event(Event::Connection { endpoint, state: ConnectionState::Lost(error.clone()) });
    stage.event(Event::OpenFailed(ticket, error));
    assert_snapshot!(connecting + "-----\n" + &stage.picture());

    stage.set_place("files.example:.", Vec::new());
    stage.keys("Tab r");
    stage.shows("empty");
}

#[test]
fn a_lost_connection_is_seen_and_rows_stay() {
    let mut stage = Stage::new((80, 24));
    let error = Error::new(ErrorKind::ConnectionLost, "read from files.example", "it was reset");
    stage.event(Event::Connection {
        endpoint: location("files.example:").endpoint,
        state: ConnectionState::Lost(error),
    });
    stage.shows("not connected");
    stage.shows("readme.txt");
}

#[test]
fn an_empty_directory_says_so() {
    let mut stage = Stage::new((80, 12));
    stage.keys("g j j j Enter");
    stage.shows("/home/anna/papers");
    stage.shows("empty");
}

#[test]
fn help_lists_the_keys() {
    let mut stage = Stage::new((80, 24));
    stage.keys("?");
    let top = stage.picture();
    stage.keys("End");
    assert_snapshot!(top + "-----\n" + &stage.picture());
    stage.keys("Up Up Esc");
    stage.shows("F5 copy");
}

#[test]
fn from_one_cell_to_a_wall() {
    let mut stage = Stage::new((80, 24));
    for open in ["", "?", "Esc F5", "Esc F8", "Esc w", "Enter"] {
        stage.keys(open);
        for width in [1, 2, 3, 7, 19, 20, 21, 40, 47, 48, 80, 500] {
            for height in [1, 2, 3, 4, 5, 6, 7, 24, 200] {
                stage.message(Message::Resized { width, height });
                stage.text_of_screen();
            }
        }
    }
}
