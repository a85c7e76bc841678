//! What a person has set: own keys and colours, and what is said where they make no sense.

use std::fs;

use super::driver::{Start, key};
use crate::servers::client::ClientOptions;

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
    let output = String::from_utf8_lossy(&terminal.output()).into_owned();
    assert!(output.contains("38;2;1;2;3"), "the frame has the colour of the theme");
    terminal.keys("q");
    terminal.ended();
}
