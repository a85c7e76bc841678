//! What can be answered where a name is taken, beside skipping and overwriting.

use wharf::domain::question::{Answer, ConflictChoice, Question};

use super::{
    dialogs::{answer, ask, conflict},
    stage::Stage,
};

#[test]
fn a_taken_name_is_kept_beside_gone_on_with_or_left_for_another() {
    let mut stage = Stage::new((80, 24));
    for (letter, choice, for_all) in [
        ("b", ConflictChoice::KeepBoth, false),
        ("p", ConflictChoice::KeepBoth, true),
        ("e", ConflictChoice::Resume, false),
    ] {
        ask(&mut stage, conflict());
        stage.text(letter).keys("Enter");
        let answer = answer(&mut stage);
        let Some(Answer::Conflict { choice: made, for_all: all }) = answer else {
            panic!("{letter} {answer:?}")
        };
        assert_eq!((made, all), (choice, for_all), "{letter}");
    }
    let renamed = |stage: &mut Stage| match answer(stage) {
        Some(Answer::Rename(name)) => String::from_utf8(name.as_bytes().to_vec()).unwrap(),
        other => panic!("{other:?}"),
    };
    ask(&mut stage, conflict());
    stage.keys("r Enter");
    assert_eq!(renamed(&mut stage), "manifest (2).csv", "as it was offered");
    ask(&mut stage, conflict());
    stage.keys("Up Ctrl-u").text("a/b").keys("Enter");
    assert!(answer(&mut stage).is_none(), "that is no name");
    stage.shows("/");
    stage.keys("Ctrl-u").text("mine.csv").keys("Enter");
    assert_eq!(renamed(&mut stage), "mine.csv");
    // Where what comes is not longer there is nothing to go on with.
    let Question::Conflict { from, source, to, target } = conflict() else { return };
    ask(&mut stage, Question::Conflict { from, source: target, to, target: source });
    stage.shows("[ Rename ]");
    stage.shows_not("[ Resume ]");
}
