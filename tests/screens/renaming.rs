//! Names of many changed by a pattern: what it makes of them is seen before anything is done.

use wharf::engine::message::{Act, Command};

use super::stage::{Sent, Stage};

/// The pairs that the engine is told of.
fn told(stage: &mut Stage) -> Vec<(String, String)> {
    let steps = stage.take_sent().into_iter().find_map(|sent| match sent {
        Sent::Other(Command::Perform { act: Act::RenameMany { steps, .. }, .. }) => Some(steps),
        _ => None,
    });
    let text = |name: &wharf::domain::path::Name| String::from_utf8_lossy(name.as_bytes()).into();
    steps.expect("names are changed").iter().map(|(from, to)| (text(from), text(to))).collect()
}

#[test]
fn a_pattern_says_what_names_become() {
    let mut stage = Stage::new((100, 30));
    // manifest-2.csv, manifest-10.csv, manifest.csv
    stage.keys("j j j j j Space Space Space N");
    stage.text("manifest-*.csv").keys("Tab").text("##-*.txt").keys("Enter");
    stage.shows("2 renames, in this order");
    stage.shows("manifest-2.csv → 01-2.txt");
    stage.shows("manifest-10.csv → 02-10.txt");
    assert!(stage.take_sent().is_empty(), "nothing is done before it was seen");
    stage.keys("Enter");
    let expected = [("manifest-2.csv", "01-2.txt"), ("manifest-10.csv", "02-10.txt")];
    assert_eq!(told(&mut stage), expected.map(|(from, to)| (from.to_owned(), to.to_owned())));
}

#[test]
fn what_cannot_be_meant_is_told_where_it_was_typed() {
    for (old, new, said) in [
        ("*.csv", "same.csv", "More than one would be called same.csv."),
        ("manifest-2*", "manifest*", "Something is called manifest.csv already."),
        ("*.doc", "*", "None of the chosen names is like that."),
        ("*", "*/x", "cannot be called"),
        ("*", "**", "The new name has 2 of * and ?, the old one 1"),
    ] {
        let mut stage = Stage::new((100, 30));
        stage.keys("j j j j j Space Space N");
        stage.text(old).keys("Tab").text(new).keys("Enter");
        stage.shows(said);
        stage.shows("Names like");
        stage.keys("Esc");
        stage.shows_not("Names like");
        assert!(stage.take_sent().is_empty(), "{old} {new}");
    }
    let mut stage = Stage::new((100, 30));
    stage.keys("j j j j j N Enter");
    stage.shows("No name was changed.");
}
