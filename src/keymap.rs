//! One table: chord → action, with its words. Help and footer are drawn from it.

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

use crate::model::{Action, Context};

/// A key with what is held down beside it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Chord {
    code: KeyCode,
    control: bool,
    alt: bool,
}

/// Some chords that do one thing in some contexts.
#[derive(Debug)]
pub(crate) struct Binding {
    contexts: &'static [Context],
    chords: &'static [Chord],
    action: Action,
    /// What it does, for the help.
    words: &'static str,
    /// The same in one word for the footer; empty for what the footer leaves out.
    short: &'static str,
}

const fn key(c: char) -> Chord {
    Chord { code: KeyCode::Char(c), control: false, alt: false }
}

const fn control(c: char) -> Chord {
    Chord { code: KeyCode::Char(c), control: true, alt: false }
}

const fn f(number: u8) -> Chord {
    Chord { code: KeyCode::F(number), control: false, alt: false }
}

const fn code(code: KeyCode) -> Chord {
    Chord { code, control: false, alt: false }
}

const fn alt(code: KeyCode) -> Chord {
    Chord { code, control: false, alt: true }
}

const fn bind(
    contexts: &'static [Context],
    chords: &'static [Chord],
    action: Action,
    words: &'static str,
    short: &'static str,
) -> Binding {
    Binding { contexts, chords, action, words, short }
}

const PANES: &[Context] = &[Context::Panes];
const QUEUE: &[Context] = &[Context::Queue];
const STEPS: &[Context] = &[Context::Steps];
const QUEUE_OR_STEPS: &[Context] = &[Context::Queue, Context::Steps];
const LISTS: &[Context] =
    &[Context::Panes, Context::Viewer, Context::Queue, Context::Steps, Context::Reader];
const VIEWER: &[Context] = &[Context::Viewer];
const DIALOGS: &[Context] = &[Context::Field, Context::Choice];
const FIELD: &[Context] = &[Context::Field, Context::Find];
const FIND: &[Context] = &[Context::Find];
const SIDEWAYS: &[Context] = &[Context::Field, Context::Choice, Context::Find];
const CHOICE: &[Context] = &[Context::Choice];
const READER: &[Context] = &[Context::Reader];

use KeyCode::{
    BackTab, Backspace, Delete, Down, End, Enter, Esc, Home, Insert, Left, PageDown, PageUp, Right,
    Tab, Up,
};

/// The table. The footer shows what has a short word, in this order; the help everything with words.
static BINDINGS: &[Binding] = &[
    bind(PANES, &[f(3), key('v')], Action::View, "look into the file", "view"),
    bind(PANES, &[f(4), key('e')], Action::Edit, "edit the file with $EDITOR", "edit"),
    bind(PANES, &[f(5), key('c')], Action::Copy, "copy to the other pane", "copy"),
    bind(PANES, &[f(6), key('m')], Action::Move, "move to the other pane", "move"),
    bind(PANES, &[f(7), key('n')], Action::MakeDirectory, "make a directory", "mkdir"),
    bind(PANES, &[f(8), key('d'), code(Delete)], Action::Delete, "delete (asks first)", "delete"),
    bind(
        PANES,
        &[key('o'), control('o')],
        Action::Connect,
        "open a place or server in this pane",
        "open",
    ),
    bind(PANES, &[key('w')], Action::Queue, "the queue: jobs and their steps", "queue"),
    bind(PANES, &[key('?'), f(1)], Action::Help, "these keys", "help"),
    bind(PANES, &[key('q'), f(10)], Action::Quit, "quit (asks while jobs run)", "quit"),
    bind(PANES, &[f(2), key('R')], Action::Rename, "rename", "rename"),
    bind(PANES, &[code(Enter), code(Right), key('l')], Action::Enter, "into the directory", ""),
    bind(
        PANES,
        &[code(Backspace), code(Left), key('h'), control('h')],
        Action::Parent,
        "to the directory above",
        "",
    ),
    bind(PANES, &[code(Tab), code(BackTab)], Action::OtherPane, "to the other pane", ""),
    bind(PANES, &[key(' '), code(Insert)], Action::Mark, "mark, and one down", ""),
    bind(PANES, &[key('*')], Action::InvertMarks, "invert the marks", ""),
    bind(PANES, &[key('+'), key('=')], Action::MarkPattern, "mark by pattern", ""),
    bind(PANES, &[key('-')], Action::UnmarkPattern, "unmark by pattern", ""),
    bind(PANES, &[key('f')], Action::Filter, "show only names that hold what is typed", ""),
    bind(PANES, &[key('/')], Action::Search, "to a name, by typing some of it", ""),
    bind(PANES, &[alt(Left), key('[')], Action::Back, "back to where the pane was", ""),
    bind(PANES, &[alt(Right), key(']')], Action::Forward, "forward again", ""),
    bind(PANES, &[key('p')], Action::GoTo, "to a path, completed as it is typed", ""),
    bind(PANES, &[key('y')], Action::Together, "both panes go together, or apart again", ""),
    bind(
        PANES,
        &[control(' '), key('z')],
        Action::Measure,
        "add up what a directory holds; again stops it",
        "",
    ),
    bind(PANES, &[key('B')], Action::RenameMany, "rename the chosen in $EDITOR, all at once", ""),
    bind(PANES, &[key('!')], Action::Shell, "run a command in the pane's directory", ""),
    bind(PANES, &[key('A')], Action::Modes, "permissions: octal and boxes, of trees too", ""),
    bind(PANES, &[key('M')], Action::MarkAgainst, "mark by comparing with the other pane", ""),
    bind(PANES, &[key('.')], Action::ToggleHidden, "show or hide hidden names", ""),
    bind(PANES, &[key('s')], Action::Sort, "sort by the next column", ""),
    bind(PANES, &[key('S')], Action::ReverseSort, "turn the order round", ""),
    bind(PANES, &[key('r'), control('r')], Action::Reread, "read again; connect again", ""),
    bind(PANES, &[key('a')], Action::Answer, "answer what was put aside", ""),
    bind(PANES, &[code(Esc)], Action::Close, "stop reading; put a notice or a filter away", ""),
    bind(
        QUEUE,
        &[code(Enter), code(Right), key('l')],
        Action::Steps,
        "the steps of the job",
        "steps",
    ),
    bind(
        QUEUE_OR_STEPS,
        &[key('x'), code(Delete), f(8)],
        Action::Cancel,
        "cancel the job or step",
        "cancel",
    ),
    bind(QUEUE_OR_STEPS, &[key('X')], Action::CancelEverything, "cancel all jobs", ""),
    bind(QUEUE_OR_STEPS, &[key('r')], Action::Retry, "try again now", "retry"),
    bind(QUEUE_OR_STEPS, &[key('a')], Action::Answer, "answer what was put aside", "answer"),
    bind(
        QUEUE_OR_STEPS,
        &[key('c')],
        Action::ClearEnded,
        "clear jobs that have ended",
        "clear ended",
    ),
    bind(VIEWER, &[key('/'), f(7)], Action::Search, "search in the file", "search"),
    bind(VIEWER, &[key('n')], Action::SearchOn, "to the next place that was searched for", "next"),
    bind(VIEWER, &[key('N')], Action::SearchBack, "to the one before", ""),
    bind(VIEWER, &[key('w'), f(2)], Action::Wrap, "wrap long lines, or cut them", "wrap"),
    bind(VIEWER, &[key('x'), f(4)], Action::Hex, "bytes, or text", "bytes"),
    bind(VIEWER, &[key('r')], Action::Reread, "read the file again", ""),
    bind(VIEWER, &[code(Left), key('h')], Action::Left, "to the left, where lines are cut", ""),
    bind(VIEWER, &[code(Right), key('l')], Action::Right, "to the right", ""),
    bind(VIEWER, &[key(' ')], Action::PageDown, "a page down", ""),
    bind(VIEWER, &[code(Esc), key('q'), f(3), f(10)], Action::Close, "back to the panes", "close"),
    bind(VIEWER, &[key('?'), f(1)], Action::Help, "these keys", "help"),
    bind(
        STEPS,
        &[code(Esc), code(Backspace), code(Left), key('h')],
        Action::Close,
        "back to the jobs",
        "jobs",
    ),
    bind(
        QUEUE,
        &[code(Esc), code(Backspace), code(Left), key('h')],
        Action::Close,
        "back to the panes",
        "panes",
    ),
    bind(QUEUE_OR_STEPS, &[key('w')], Action::Queue, "back to the panes", ""),
    bind(QUEUE_OR_STEPS, &[key('?'), f(1)], Action::Help, "these keys", "help"),
    bind(QUEUE_OR_STEPS, &[key('q'), f(10)], Action::Quit, "quit (asks while jobs run)", "quit"),
    bind(LISTS, &[code(Up), key('k')], Action::Up, "up", ""),
    bind(LISTS, &[code(Down), key('j')], Action::Down, "down", ""),
    bind(LISTS, &[code(PageUp), control('b')], Action::PageUp, "a page up", ""),
    bind(LISTS, &[code(PageDown), control('f')], Action::PageDown, "a page down", ""),
    bind(LISTS, &[code(Home), key('g')], Action::First, "to the first row", ""),
    bind(LISTS, &[code(End), key('G')], Action::Last, "to the last row", ""),
    bind(FIND, &[code(Enter)], Action::Accept, "keep what is found", "keep"),
    bind(FIND, &[code(Esc)], Action::Close, "leave it: all is shown again", "leave"),
    bind(FIND, &[code(Down), code(Tab)], Action::Down, "to the next that fits", "next"),
    bind(FIND, &[code(Up), code(BackTab)], Action::Up, "to the one before", ""),
    bind(FIND, &[code(PageUp)], Action::PageUp, "a page up", ""),
    bind(FIND, &[code(PageDown)], Action::PageDown, "a page down", ""),
    bind(DIALOGS, &[code(Enter)], Action::Accept, "do it, or press the button", "accept"),
    bind(
        DIALOGS,
        &[code(Tab)],
        Action::Next,
        "to the next field; in a path, adds what is certain",
        "next",
    ),
    bind(DIALOGS, &[code(Down)], Action::Down, "to the next field", ""),
    bind(DIALOGS, &[code(BackTab), code(Up)], Action::Previous, "to the field before", ""),
    bind(DIALOGS, &[code(PageUp)], Action::PageUp, "the text above, where it does not fit", ""),
    bind(DIALOGS, &[code(PageDown)], Action::PageDown, "the text below", ""),
    bind(STEPS, &[code(Enter)], Action::Details, "all that is known of the step", "details"),
    bind(CHOICE, &[key(' ')], Action::Toggle, "change the choice", "change"),
    bind(SIDEWAYS, &[code(Left)], Action::Left, "to the left", ""),
    bind(SIDEWAYS, &[code(Right)], Action::Right, "to the right", ""),
    bind(
        FIELD,
        &[code(Backspace), control('h')],
        Action::DeleteBack,
        "delete the character before",
        "",
    ),
    bind(
        FIELD,
        &[code(Delete), control('d')],
        Action::DeleteForward,
        "delete the character after",
        "",
    ),
    bind(FIELD, &[control('w')], Action::DeleteWord, "delete the word before", ""),
    bind(FIELD, &[control('u')], Action::ClearLine, "empty the field", "empty"),
    bind(FIELD, &[code(Home), control('a')], Action::LineStart, "to the beginning", ""),
    bind(FIELD, &[code(End), control('e')], Action::LineEnd, "to the end", ""),
    bind(DIALOGS, &[code(Esc)], Action::Close, "leave the dialog", "leave"),
    bind(READER, &[code(Esc), code(Enter), key('q'), key(' ')], Action::Close, "close", "close"),
    bind(READER, &[key('?'), f(1)], Action::Close, "", ""),
    bind(EVERYWHERE, &[control('c')], Action::Interrupt, "leave what is open; at last quit", ""),
    bind(EVERYWHERE, &[control('z')], Action::Suspend, "to the shell; fg comes back", ""),
    bind(EVERYWHERE, &[control('l')], Action::Redraw, "draw the screen anew", ""),
];

const EVERYWHERE: &[Context] = &[
    Context::Panes,
    Context::Find,
    Context::Viewer,
    Context::Queue,
    Context::Steps,
    Context::Field,
    Context::Choice,
    Context::Reader,
];

/// What a key does in a context.
pub fn action(context: Context, event: KeyEvent) -> Option<Action> {
    let control = event.modifiers.contains(KeyModifiers::CONTROL);
    // Shift is part of the character; for other keys it is told apart by their codes.
    let alt = event.modifiers.contains(KeyModifiers::ALT);
    let find = |alt| {
        let pressed = Chord { code: event.code, control, alt };
        let means = |binding: &&Binding| {
            binding.contexts.contains(&context) && binding.chords.contains(&pressed)
        };
        BINDINGS.iter().find(means).map(|binding| binding.action)
    };
    // Where Alt makes no difference it is left out of account: Esc and a key typed quickly look the same.
    let found = find(alt).or_else(|| find(false));
    let plain = !control && !event.modifiers.intersects(KeyModifiers::ALT | KeyModifiers::META);
    found.or(match (context, event.code) {
        (Context::Field | Context::Choice | Context::Find, KeyCode::Char(c)) if plain => {
            Some(Action::Type(c))
        }
        _ => None,
    })
}

/// A key and its word, for the footer.
pub(crate) fn footer(context: Context) -> impl Iterator<Item = (String, &'static str)> {
    BINDINGS
        .iter()
        .filter(move |binding| binding.contexts.contains(&context) && !binding.short.is_empty())
        .filter_map(|binding| Some((binding.chords.first()?.name(), binding.short)))
}

/// A line of the help.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum HelpLine {
    Heading(&'static str),
    Key { keys: String, words: &'static str },
    Blank,
}

/// The help, drawn from the table.
pub(crate) fn help() -> Vec<HelpLine> {
    let mut lines = Vec::new();
    for heading in ["Panes", "Filter and search", "Viewer", "Everywhere", "Queue", "Dialogs"] {
        if !lines.is_empty() {
            lines.push(HelpLine::Blank);
        }
        lines.push(HelpLine::Heading(heading));
        let has_words = |binding: &&Binding| !binding.words.is_empty();
        let bindings = BINDINGS.iter().filter(has_words);
        lines.extend(bindings.filter(|binding| section(binding) == heading).map(help_line));
    }
    lines
}

/// Under which heading a binding stands in the help.
fn section(binding: &Binding) -> &'static str {
    match binding.contexts {
        [Context::Panes] => "Panes",
        [Context::Queue] | [Context::Steps] | [Context::Queue, Context::Steps] => "Queue",
        [Context::Find] => "Filter and search",
        [Context::Viewer] => "Viewer",
        [Context::Reader] | [Context::Choice] | [Context::Field, ..] => "Dialogs",
        _ => "Everywhere",
    }
}

fn help_line(binding: &Binding) -> HelpLine {
    let keys: Vec<String> = binding.chords.iter().map(|chord| chord.name()).collect();
    HelpLine::Key { keys: keys.join("  "), words: binding.words }
}

/// How many lines the help has.
pub fn help_lines() -> usize {
    help().len()
}

impl Chord {
    /// What stands on the key.
    fn name(self) -> String {
        let name = match self.code {
            KeyCode::Char(' ') => "Space".to_owned(),
            KeyCode::Char(c) if self.control => c.to_ascii_uppercase().to_string(),
            KeyCode::Char(c) => c.to_string(),
            KeyCode::F(number) => format!("F{number}"),
            Up => "↑".to_owned(),
            Down => "↓".to_owned(),
            Left => "←".to_owned(),
            Right => "→".to_owned(),
            PageUp => "PgUp".to_owned(),
            PageDown => "PgDn".to_owned(),
            Backspace => "Backspace".to_owned(),
            Delete => "Del".to_owned(),
            Insert => "Ins".to_owned(),
            Home => "Home".to_owned(),
            End => "End".to_owned(),
            Enter => "Enter".to_owned(),
            Esc => "Esc".to_owned(),
            Tab => "Tab".to_owned(),
            BackTab => "Shift-Tab".to_owned(),
            other => format!("{other:?}"),
        };
        match (self.control, self.alt) {
            (true, _) => format!("Ctrl-{name}"),
            (false, true) => format!("Alt-{name}"),
            (false, false) => name,
        }
    }
}

#[cfg(test)]
mod tests {
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
        let keys = help().iter().filter(|line| matches!(line, HelpLine::Key { .. })).count();
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
    fn the_readme_tells_the_same() {
        let readme = include_str!("../README.md");
        let told = BINDINGS.iter().filter(|binding| {
            [Context::Panes, Context::Queue, Context::Steps]
                .iter()
                .any(|context| binding.contexts.contains(context))
        });
        for binding in told {
            assert!(readme.contains(binding.words), "the README leaves out “{}”", binding.words);
        }
    }
}
