//! What a person has set: own keys and colours, and what is said where they make no sense.

use std::fs;

use super::driver::{LONG, Start, key};
use crate::{servers::client::ClientOptions, support::wait_until};

#[test]
fn own_keys_are_taken_and_mistakes_are_told_with_their_lines() {
    let client = ClientOptions::new(9, "anna".into(), "/nonexistent".into(), Vec::new()).write();
    let here = tempfile::tempdir().unwrap();
    fs::write(here.path().join("apples.txt"), "apples").unwrap();
    let settings = client.config_dir();
    fs::write(settings.join("keymap.toml"), "[panes]\ncopy = \"y y\"\nmove = \"y\"\n").unwrap();
    fs::write(settings.join("config.toml"), "[screen]\ntheme = \"nowhere\"\n").unwrap();
    let mut terminal = Start::new(&client, here.path(), &[".", "/"]).run();
    terminal.shows("line 3: y in panes is");
    terminal.shows("taken by copy in line 2");
    terminal.shows("There is no theme nowhere");
    terminal.keys(key::ESCAPE);
    terminal.hides("There is no theme nowhere");
    terminal.shows("apples.txt");
    terminal.keys(key::DOWN);
    terminal.keys("yy");
    terminal.shows("If taken");
    terminal.keys(key::ESCAPE);
    terminal.hides("If taken");
    terminal.keys("q");
    assert_eq!(terminal.ended().exit_code(), 0);
    terminal.is_restored();
}

#[test]
fn a_last_key_that_is_taken_is_told_beside_the_panes() {
    let client = ClientOptions::new(9, "anna".into(), "/nonexistent".into(), Vec::new()).write();
    let here = tempfile::tempdir().unwrap();
    fs::write(here.path().join("apples.txt"), "apples").unwrap();
    fs::write(client.config_dir().join("keymap.toml"), "[panes]\nrename = \"w\"\n").unwrap();
    let mut terminal = Start::new(&client, here.path(), &[".", "/"]).run();
    terminal.shows("keymap.toml, line 2: queue in panes has no key any more; : has it by name.");
    // It is no dialog that takes keys: the panes do what they are told.
    terminal.keys(":queue\r");
    terminal.shows("Queue");
    terminal.keys("q");
    assert_eq!(terminal.ended().exit_code(), 0);
    terminal.is_restored();
}

#[test]
fn keys_of_vim_tell_what_may_follow_and_are_forgotten_in_time() {
    let client = ClientOptions::new(9, "anna".into(), "/nonexistent".into(), Vec::new()).write();
    let here = tempfile::tempdir().unwrap();
    fs::write(here.path().join("apples.txt"), "apples").unwrap();
    fs::write(client.config_dir().join("keymap.toml"), "preset = \"vim\"\n").unwrap();
    let mut terminal = Start::new(&client, here.path(), &[".", "/"]).run();
    terminal.shows("apples.txt");
    terminal.keys("g");
    terminal.shows("g to the first row");
    // Nothing follows: nothing is done, and what is typed later is no part of it.
    terminal.hides("g to the first row");
    terminal.keys("gs");
    terminal.shows("opens in the left pane");
    terminal.keys("ZZ");
    terminal.shows("opens in the left pane");
    terminal.keys("q");
    assert_eq!(terminal.ended().exit_code(), 0);
    terminal.is_restored();
}

#[test]
fn a_theme_of_ones_own_colours_the_screen() {
    let client = ClientOptions::new(9, "anna".into(), "/nonexistent".into(), Vec::new()).write();
    let here = tempfile::tempdir().unwrap();
    let themes = client.config_dir().join("themes");
    fs::create_dir(&themes).unwrap();
    fs::write(themes.join("mine.toml"), "accent = \"#010203\"\n").unwrap();
    fs::write(client.config_dir().join("config.toml"), "[screen]\ntheme = \"mine\"\n").unwrap();
    let mut terminal = Start::new(&client, here.path(), &[".", "/"]).run();
    terminal.shows("Name");
    wait_until("the frame has the colour of the theme", LONG, || {
        String::from_utf8_lossy(&terminal.output()).contains("38;2;1;2;3")
    });
    terminal.keys("q");
    terminal.ended();
}

/// The first colour of the light theme, of the dark one, and what asks for the terminal's ground.
const LIGHT: &str = "38;2;0;95;135";
const DARK: &str = "38;2;127;200;232";
const QUESTION: &str = "]11;?";

#[test]
fn the_terminal_is_asked_whether_it_is_light_or_dark() {
    let client = ClientOptions::new(9, "anna".into(), "/nonexistent".into(), Vec::new()).write();
    let here = tempfile::tempdir().unwrap();
    for (ground, shown, other) in [("ffff/ffff/ffff", LIGHT, DARK), ("0000/0000/0000", DARK, LIGHT)]
    {
        let start = Start::new(&client, here.path(), &[".", "/"]);
        let mut terminal = start.environment("COLORTERM", "truecolor").on_ground(ground).run();
        terminal.shows("Name");
        let output = String::from_utf8_lossy(&terminal.output()).into_owned();
        assert!(output.contains(shown) && !output.contains(other), "{ground}");
        // The answer was read as one, and not as keys.
        assert_eq!(terminal.text().matches("Name").count(), 2, "{}", terminal.text());
        terminal.keys("q");
        assert_eq!(terminal.ended().exit_code(), 0);
        terminal.is_restored();
    }
}

#[test]
fn a_terminal_is_not_asked_where_the_answer_is_of_no_use() {
    let client = ClientOptions::new(9, "anna".into(), "/nonexistent".into(), Vec::new()).write();
    let here = tempfile::tempdir().unwrap();
    for (name, value) in [("NO_COLOR", "1"), ("COLORTERM", "")] {
        let start = Start::new(&client, here.path(), &[".", "/"]);
        let start = start.environment("COLORTERM", "truecolor").environment(name, value);
        let mut terminal = start.run();
        terminal.shows("Name");
        let output = String::from_utf8_lossy(&terminal.output()).into_owned();
        assert!(!output.contains(QUESTION), "{name}={value}");
        terminal.keys("q");
        terminal.ended();
    }
}

#[test]
fn one_that_does_not_answer_is_not_waited_for_long() {
    let client = ClientOptions::new(9, "anna".into(), "/nonexistent".into(), Vec::new()).write();
    let here = tempfile::tempdir().unwrap();
    let start = Start::new(&client, here.path(), &[".", "/"]);
    let start = start.environment("COLORTERM", "truecolor").environment("COLORFGBG", "0;15");
    let mut terminal = start.run();
    terminal.shows("Name");
    // What is shown of a frame may have come before its end.
    wait_until("the environment says it then", LONG, || {
        let output = String::from_utf8_lossy(&terminal.output()).into_owned();
        output.contains(QUESTION) && output.contains(LIGHT)
    });
    terminal.keys("q");
    assert_eq!(terminal.ended().exit_code(), 0);
}

#[test]
fn the_panes_come_back_as_they_were_left() {
    let client = ClientOptions::new(9, "anna".into(), "/nonexistent".into(), Vec::new()).write();
    let here = tempfile::tempdir().unwrap();
    fs::create_dir(here.path().join("orchard")).unwrap();
    fs::write(here.path().join("orchard/apples.txt"), "apples").unwrap();
    fs::write(client.config_dir().join("config.toml"), "[screen]\nrestore = true\n").unwrap();
    let mut terminal = Start::new(&client, here.path(), &[]).run();
    terminal.shows("a new site");
    terminal.keys(key::ESCAPE);
    terminal.shows("orchard/");
    terminal.keys("jls");
    terminal.shows("apples.txt");
    terminal.shows("Size \u{2193}");
    terminal.keys("q");
    assert_eq!(terminal.ended().exit_code(), 0);
    let mut terminal = Start::new(&client, here.path(), &[]).run();
    terminal.shows("apples.txt");
    terminal.shows("Size \u{2193}");
    terminal.keys("q");
    assert_eq!(terminal.ended().exit_code(), 0);
    // A place that is named goes before it.
    let mut terminal = Start::new(&client, here.path(), &["."]).run();
    terminal.shows("orchard/");
    terminal.keys("q");
    terminal.ended();
}
