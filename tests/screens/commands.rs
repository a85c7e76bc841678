//! The command line: what it offers, how it completes, what it does.

use insta::assert_snapshot;
use wharf::model::Context;

use super::stage::Stage;

#[test]
fn the_command_line() {
    let mut stage = Stage::new((80, 24));
    stage.keys(":").text("pattern");
    assert_snapshot!(stage.picture());
}

#[test]
fn the_command_line_in_20_by_5() {
    let mut stage = Stage::new((20, 5));
    stage.keys(":").text("que");
    assert_snapshot!(stage.picture());
}

#[test]
fn a_command_is_completed_and_done() {
    let mut stage = Stage::new((80, 24));
    stage.keys(":").text("make-d").keys("Tab");
    stage.shows(":make-directory");
    stage.keys("Enter");
    stage.shows("Make a directory");
    // By its words, and by its key.
    stage.keys("Esc :").text("invert").keys("Enter");
    stage.shows("9 marked");
    stage.keys(":").text("f7").keys("Enter");
    stage.shows("Make a directory");
}

#[test]
fn only_what_means_something_here_is_offered() {
    let mut stage = Stage::new((80, 24));
    stage.keys("w :").text("make-directory");
    stage.shows("Nothing is called that.");
    stage.keys("Enter");
    stage.shows("Nothing is called “make-directory”.");
    assert_eq!(stage.model.context(), Context::Queue);
    stage.keys(":").text("close").keys("Enter");
    assert_eq!(stage.model.context(), Context::Panes);
}

#[test]
fn a_place_is_gone_to() {
    let mut stage = Stage::new((80, 24));
    stage.keys(":").text("cd cargo").keys("Enter");
    stage.shows("crate.bin");
    stage.keys(":").text("open files.example:/srv/in").keys("Enter");
    stage.shows("readme.txt");
    stage.keys(":").text("cd gopher://x/").keys("Enter");
    stage.shows("gopher:// is not spoken here");
}

#[test]
fn the_help_is_searched() {
    let mut stage = Stage::new((80, 24));
    stage.keys("? /").text("octal");
    stage.shows("permissions: octal and boxes");
    stage.keys("Ctrl-U").text("turn the order").keys("Enter");
    stage.shows("Sorted by");
    assert_eq!(stage.model.context(), Context::Panes);
}

#[test]
fn it_is_left_without_a_trace() {
    let mut stage = Stage::new((80, 24));
    let before = stage.picture();
    for keys in [": Esc", ": x Esc", ": Backspace", ": Ctrl-C", ": x Ctrl-U Backspace"] {
        stage.keys(keys);
        assert_eq!(stage.picture(), before, "{keys}");
    }
}
