//! Keys that become a sequence, and lines that are edited as one is used to everywhere.

use std::sync::Arc;

use insta::assert_snapshot;
use wharf::{keymap::Keymap, model::Context};

use super::stage::Stage;

fn vim((width, height): (u16, u16)) -> Stage {
    let mut stage = Stage::new((width, height));
    let (keymap, troubles) = Keymap::with("preset = \"vim\"\n");
    assert_eq!(troubles, Vec::<String>::new());
    stage.keymap = Arc::new(keymap);
    stage
}

#[test]
fn what_may_follow_is_told_while_a_sequence_is_typed() {
    let mut stage = vim((80, 24));
    stage.keys("G g");
    stage.shows("g to the first row");
    stage.shows("n a new tab");
    assert_snapshot!(stage.picture());
    stage.keys("g");
    stage.shows_not("n a new tab");
    assert!(stage.reversed().iter().any(|run| run == ".."), "{:?}", stage.reversed());
}

#[test]
fn a_sequence_is_left_with_esc_and_by_what_does_not_follow() {
    let mut stage = vim((80, 24));
    stage.keys("z");
    stage.shows("h show or hide hidden names");
    stage.keys("Esc");
    stage.shows_not("h show or hide hidden names");
    // The key that does not follow means what it means alone.
    stage.keys("z w");
    assert_eq!(stage.model.context(), Context::Queue);
    stage.shows_not("h show or hide hidden names");
    stage.keys("g g d");
    stage.shows("d cancel the job or step");
}

#[test]
fn a_file_that_is_looked_into_tells_it_as_well() {
    let mut stage = vim((80, 24));
    stage.keys("G i");
    assert_eq!(stage.model.context(), Context::Viewer);
    stage.keys("g");
    stage.shows("g to the first row");
    stage.keys("Esc");
    stage.shows_not("g to the first row");
    assert_eq!(stage.model.context(), Context::Viewer);
}

#[test]
fn the_command_line_and_the_search_of_sites_are_edited_in_their_middle() {
    let mut stage = Stage::new((80, 24));
    stage.keys(":").text("mak-directory").keys("Home Right Right Right").text("e");
    stage.shows(":make-directory");
    stage.keys("Enter");
    stage.shows("Make a directory");
    stage.keys("Esc b /").text("xpier").keys("Ctrl-A Del");
    stage.shows("/pier");
    stage.keys("Ctrl-E Left Backspace");
    stage.shows("/pir");
    stage.keys("Ctrl-U");
    stage.shows_not("/pir");
}

#[test]
fn a_keys_own_letter_goes_before_names_that_begin_with_it() {
    let mut stage = Stage::new((80, 24));
    stage.keys(":").text("q").keys("Enter");
    assert!(stage.has_quit, "q is the key that quits, and not the queue");
}

/// What does not fit can be looked up, and how is always there to be read.
#[test]
fn the_key_of_the_help_is_in_the_footer_whatever_else_fits() {
    for (width, keys) in [(80, ""), (80, "b"), (60, ""), (48, ""), (120, "")] {
        let mut stage = Stage::new((width, 24));
        stage.keys(keys);
        let screen = stage.text_of_screen();
        let footer = screen.lines().last().unwrap();
        assert!(footer.contains("? help"), "{width} {keys}: {footer}");
        assert!(footer.matches(" help").count() == 1, "{footer}");
    }
}
