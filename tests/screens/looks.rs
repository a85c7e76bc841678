//! Icons, colours of kinds, and panes that come back.

use insta::assert_snapshot;
use ratatui::style::Color;
use wharf::{model::Context, view::Kinds};

use super::stage::Stage;

#[test]
fn icons_stand_in_front_of_names() {
    let mut stage = Stage::new((80, 24));
    stage.kinds = Kinds::new("", true);
    assert_snapshot!(stage.picture());
}

#[test]
fn icons_in_20_by_5() {
    let mut stage = Stage::new((20, 5));
    stage.kinds = Kinds::new("", true);
    assert_snapshot!(stage.picture());
}

#[test]
fn names_have_the_colours_of_their_kinds_and_none_without_colours() {
    let mut stage = Stage::new((80, 24));
    stage.kinds = Kinds::new("di=31:*.csv=38;5;99", false);
    let painted = |stage: &Stage| {
        let name = stage.colour_of("manifest.csv");
        (name, stage.colour_of("papers"))
    };
    assert_eq!(painted(&stage), (Color::Indexed(99), Color::Red));
    stage.colours = false;
    assert_eq!(painted(&stage), (Color::Reset, Color::Reset));
}

#[test]
fn panes_come_back_as_they_were_left() {
    let mut stage = Stage::new((80, 24));
    stage.keys(". s s Tab s");
    let session = stage.model.session();
    let mut again = Stage::again((80, 24), session.clone());
    again.serve();
    assert_eq!(again.model.context(), Context::Panes);
    assert_eq!(again.model.session(), session);
    again.shows(".hidden");
    again.shows("Modified ↓");
    again.shows("readme.txt");
}

#[test]
fn a_session_that_makes_no_sense_is_one_like_any_other() {
    let mut session = Stage::new((80, 24)).model.session();
    session.panes[0].place = Some("gopher://x/".to_owned());
    session.panes[1].place = None;
    session.panes[1].sorted_by = "beauty".to_owned();
    let mut again = Stage::again((80, 24), session);
    again.serve();
    again.shows("manifest.csv");
    again.shows("Name ↑");
}
