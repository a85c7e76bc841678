//! The table is sound, and a person's own keys go before it.

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

/// Whether one of these keys is no function key: terminals and desktops swallow those. One that every terminal sends
/// is enough; Del alone is not, for not every keyboard has it.
pub(super) fn has_twin(keys: &[String]) -> bool {
    let is_function =
        |key: &String| key.strip_prefix('F').is_some_and(|number| number.parse::<u8>().is_ok());
    let others =
        keys.iter().filter(|key| !is_function(key) && !["Del", "Ins"].contains(&key.as_str()));
    others.count() > 0
}

#[test]
fn every_function_key_has_a_twin() {
    for binding in BINDINGS {
        let keys: Vec<String> = binding.chords.iter().map(|chord| chord.name()).collect();
        assert!(has_twin(&keys), "{}: {keys:?}", binding.words);
    }
}

#[test]
fn what_has_a_function_key_can_be_done_by_name_as_well() {
    let commands = Keymap::default().commands();
    let has_function = |binding: &&Binding| {
        binding.chords.iter().any(|chord| matches!(chord.code, KeyCode::F(_)))
            && binding.contexts.iter().any(|context| WITH_COMMANDS.contains(context))
    };
    for binding in BINDINGS.iter().filter(has_function) {
        let named = commands.iter().find(|command| command.action == binding.action);
        assert!(named.is_some_and(|command| command.name == name_of(&binding.action)));
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
fn a_sequence_tells_what_may_follow_and_esc_ends_it() {
    let (keymap, _) = Keymap::with("[panes]\nfirst = \"g g\"\ngo-to = \"g o\"\n");
    let mut pending = Pending::default();
    let mut press = |code| {
        let event = KeyEvent::new(code, KeyModifiers::NONE);
        let meaning = keymap.press(&mut pending, Context::Panes, event);
        (meaning, keymap.begun(&pending, Context::Panes))
    };
    let (meaning, begun) = press(KeyCode::Char('g'));
    let begun = begun.unwrap();
    assert_eq!((meaning, begun.keys.as_str()), (Meaning::More, "g"));
    let follow = [("g", "to the first row"), ("o", "to a path, completed as it is typed")];
    assert_eq!(begun.follow, follow.map(|(keys, words)| (keys.to_owned(), words)));
    assert_eq!(press(Esc), (Meaning::Nothing, None));
    assert_eq!(press(Esc).0, Meaning::Action(Action::Close), "alone it is what it was");
    press(KeyCode::Char('g'));
    assert!(pending.forget());
    assert!(!pending.forget());
}

#[test]
fn own_keys_go_before_those_of_a_preset() {
    let text = "preset = \"vim\"\n[panes]\ncopy = \"Y\"\nmark = \"g\"\n";
    let (keymap, troubles) = Keymap::with(text);
    assert_eq!(troubles, Vec::<String>::new(), "a preset is no earlier line");
    let keys = |action| {
        let of_panes = |binding: &&Binding| {
            binding.action == action && binding.contexts.contains(&Context::Panes)
        };
        keymap.keys(BINDINGS.iter().find(of_panes).unwrap(), Context::Panes)
    };
    assert_eq!(keys(Action::Copy), ["Y"]);
    assert_eq!(keys(Action::Mark), ["g"]);
    assert_eq!(keys(Action::First), ["Home"], "g is spoken for, and so is all that begins with it");
    assert_eq!(keys(Action::Delete), ["d d", "Del", "F8"]);
    assert_eq!(keys(Action::Sort), ["s"]);
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
