//! What the table of keys promises.

use crossterm::event::KeyModifiers;

use super::*;

#[test]
fn no_chord_does_two_things_in_one_context() {
    for context in EVERYWHERE {
        let mut seen = Vec::new();
        for binding in BINDINGS.iter().filter(|binding| binding.contexts.contains(context)) {
            for chord in binding.chords {
                assert!(!seen.contains(chord), "{} twice in {context:?}", chord.name());
                seen.push(*chord);
            }
        }
    }
}

#[test]
fn every_function_key_has_a_twin() {
    for binding in BINDINGS {
        let is_function = |chord: &&Chord| matches!(chord.code, KeyCode::F(_));
        let functions = binding.chords.iter().filter(is_function).count();
        assert!(functions < binding.chords.len(), "{}", binding.words);
    }
}

#[test]
fn nothing_in_the_table_is_left_out_of_the_help() {
    let keys =
        help(&Keymap::default()).iter().filter(|line| matches!(line, HelpLine::Key { .. })).count();
    assert_eq!(keys, BINDINGS.iter().filter(|binding| !binding.words.is_empty()).count());
}

#[test]
fn letters_are_typed_in_fields_and_act_in_panes() {
    let press = |c| KeyEvent::new(KeyCode::Char(c), KeyModifiers::NONE);
    assert_eq!(action(Context::Panes, press('q')), Some(Action::Quit));
    assert_eq!(action(Context::Field, press('q')), Some(Action::Type('q')));
    let ctrl_c = KeyEvent::new(KeyCode::Char('c'), KeyModifiers::CONTROL);
    assert_eq!(action(Context::Field, ctrl_c), Some(Action::Interrupt));
}

#[test]
fn own_keys_and_sequences_go_before_the_table() {
    let text = "[panes]\ncopy = [\"y y\", \"F5\"]\nfirst = \"g g\"\n";
    let (keymap, troubles) = Keymap::with(text);
    assert_eq!(troubles, Vec::<String>::new());
    let mut pending = Pending::default();
    let mut press = |c| {
        let event = KeyEvent::new(KeyCode::Char(c), KeyModifiers::NONE);
        keymap.press(&mut pending, Context::Panes, event)
    };
    assert_eq!([press('g'), press('g')], [Meaning::More, Meaning::Action(Action::First)]);
    assert_eq!([press('y'), press('y')], [Meaning::More, Meaning::Action(Action::Copy)]);
    // A sequence that leads nowhere: the last key counts.
    assert_eq!([press('g'), press('j')], [Meaning::More, Meaning::Action(Action::Down)]);
    // What had a key of its own has that one alone.
    assert_eq!(press('c'), Meaning::Nothing);
    let copy = keymap.footer(Context::Panes).find(|(_, word)| *word == "copy");
    assert_eq!(copy.map(|(key, _)| key).as_deref(), Some("y y"));
    assert!(keymap.commands().iter().any(|command| command.name == "make-directory"));
}

#[test]
fn a_key_that_is_given_away_is_shown_no_more_where_it_was() {
    let (keymap, _) = Keymap::with("[panes]\nmark = \"n\"\n");
    let keys = keymap.footer(Context::Panes).find(|(_, word)| *word == "mkdir");
    assert_eq!(keys.map(|(key, _)| key).as_deref(), Some("F7"));
}

#[test]
fn the_readme_tells_the_same() {
    let readme = include_str!("../../README.md");
    let told = BINDINGS.iter().filter(|binding| {
        [Context::Panes, Context::Queue, Context::Steps, Context::Sites]
            .iter()
            .any(|context| binding.contexts.contains(context))
    });
    for binding in told {
        assert!(readme.contains(binding.words), "the README leaves out “{}”", binding.words);
    }
}
