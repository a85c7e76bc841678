//! One table: chord → action, with its words. Help and footer are drawn from it.

mod chord;
mod keyless;
mod lookup;
mod preset;
mod remap;

use crossterm::event::{KeyCode, KeyEvent};

use chord::{Chord, alt, code, control, control_code, f, key, shift_f};

pub use lookup::{Keymap, Meaning, Pending};

use crate::model::{Action, Context};

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
const VIEWER: &[Context] = &[Context::Viewer];
const HISTORY: &[Context] = &[Context::History];
const SITES: &[Context] = &[Context::Sites];
const SEARCH: &[Context] = &[Context::Search];
const START: &[Context] = &[Context::Start];
const BOOKMARKS: &[Context] = &[Context::Bookmarks];
const WITH_COMMANDS: &[Context] = &[
    Context::Panes,
    Context::Viewer,
    Context::Queue,
    Context::Steps,
    Context::History,
    Context::Sites,
    Context::Start,
];
const LISTS: &[Context] = &[
    Context::Panes,
    Context::Viewer,
    Context::Queue,
    Context::Steps,
    Context::History,
    Context::Sites,
    Context::Start,
    Context::Bookmarks,
    Context::Reader,
    Context::Edits,
];
const DIALOGS: &[Context] = &[Context::Field, Context::Choice];
const FIELD: &[Context] = &[Context::Field, Context::Find, Context::Search];
const FIND: &[Context] = &[Context::Find];
const SIDEWAYS: &[Context] = &[Context::Field, Context::Choice, Context::Find, Context::Search];
const CHOICE: &[Context] = &[Context::Choice];
const READER: &[Context] = &[Context::Reader];
const EDITS: &[Context] = &[Context::Edits];

use KeyCode::{
    BackTab, Backspace, Delete, Down, End, Enter, Esc, F, Home, Insert, Left, PageDown, PageUp,
    Right, Tab, Up,
};

/// The table. The footer shows what has a short word, in this order; the help everything with words.
static BINDINGS: &[Binding] = &[
    bind(PANES, &[f(3), key('v')], Action::View, "look into the file", "view"),
    bind(PANES, &[f(4), key('e')], Action::Edit, "edit the file with $EDITOR", "edit"),
    bind(PANES, &[f(5), key('c')], Action::Copy, "copy to the other pane", "copy"),
    bind(PANES, &[f(6), key('m')], Action::Move, "move to the other pane", "move"),
    bind(PANES, &[f(7), key('n')], Action::MakeDirectory, "make a directory", "mkdir"),
    bind(
        PANES,
        &[f(8), key('d'), code(Delete)],
        Action::Delete,
        "delete, or into the trash (asks first)",
        "delete",
    ),
    bind(PANES, &[shift_f(8), key('D')], Action::DeleteForGood, "delete past the trash", ""),
    bind(PANES, &[key('T')], Action::Trash, "to the trash of what lies here", ""),
    bind(
        PANES,
        &[key('o'), control('o')],
        Action::Connect,
        "open a place or server in this pane",
        "open",
    ),
    bind(PANES, &[key('b'), control('s')], Action::Sites, "saved sites", "sites"),
    bind(PANES, &[key('w')], Action::Queue, "the queue: jobs and their steps", "queue"),
    bind(PANES, &[key('H')], Action::History, "the history: what was done, and verified how", ""),
    bind(PANES, &[key('?'), f(1)], Action::Help, "these keys", "help"),
    bind(PANES, &[key('q'), f(10)], Action::Quit, "quit (asks while jobs run)", "quit"),
    bind(PANES, &[f(2), key('R')], Action::Rename, "rename", "rename"),
    bind(WITH_COMMANDS, &[key(':')], Action::Commands, "command line: everything by its name", ""),
    bind(PANES, &[key('\'')], Action::Bookmarks, "bookmarks: folders to come back to", ""),
    bind(PANES, &[key('"')], Action::Bookmark, "bookmark this folder, or no more", ""),
    bind(PANES, &[control('d')], Action::SavePlace, "save this place as a site", ""),
    bind(PANES, &[code(Enter), code(Right), key('l')], Action::Enter, "into the directory", ""),
    bind(
        PANES,
        &[code(Backspace), code(Left), key('h'), control('h')],
        Action::Parent,
        "to the directory above",
        "",
    ),
    bind(PANES, &[key('>')], Action::Follow, "to where the link leads", ""),
    bind(PANES, &[code(Tab), code(BackTab)], Action::OtherPane, "to the other pane", ""),
    bind(PANES, &[key(' '), code(Insert)], Action::Mark, "mark, and one down", ""),
    bind(PANES, &[key('*')], Action::InvertMarks, "invert the marks", ""),
    bind(PANES, &[key('+'), key('=')], Action::MarkPattern, "mark by pattern, size, age", ""),
    bind(PANES, &[key('-')], Action::UnmarkPattern, "unmark by pattern, size, age", ""),
    bind(PANES, &[key('f')], Action::Filter, "show only names that hold what is typed", ""),
    bind(PANES, &[key('/')], Action::Search, "to a name, by typing some of it", ""),
    bind(PANES, &[alt(Left), key('[')], Action::Back, "back to where the pane was", ""),
    bind(PANES, &[alt(Right), key(']')], Action::Forward, "forward again", ""),
    bind(PANES, &[key('t'), control('t')], Action::NewTab, "a new tab, at the same place", ""),
    bind(PANES, &[control('w')], Action::CloseTab, "close the tab", ""),
    bind(PANES, &[key('}'), control_code(PageDown)], Action::NextTab, "the next tab", ""),
    bind(PANES, &[key('{'), control_code(PageUp)], Action::PreviousTab, "the tab before", ""),
    bind(PANES, &[key('1')], Action::Tab(1), "the first tab, and so on to 9", ""),
    bind(PANES, &[key('2')], Action::Tab(2), "", ""),
    bind(PANES, &[key('3')], Action::Tab(3), "", ""),
    bind(PANES, &[key('4')], Action::Tab(4), "", ""),
    bind(PANES, &[key('5')], Action::Tab(5), "", ""),
    bind(PANES, &[key('6')], Action::Tab(6), "", ""),
    bind(PANES, &[key('7')], Action::Tab(7), "", ""),
    bind(PANES, &[key('8')], Action::Tab(8), "", ""),
    bind(PANES, &[key('9')], Action::Tab(9), "", ""),
    bind(PANES, &[key('p')], Action::GoTo, "to a path, completed as it is typed", ""),
    bind(
        PANES,
        &[key('F'), alt(F(7))],
        Action::FindBelow,
        "find below here by name, size, age; Enter goes there",
        "",
    ),
    bind(PANES, &[key('y')], Action::Together, "both panes go together, or apart again", ""),
    bind(
        PANES,
        &[control(' '), key('z')],
        Action::Measure,
        "add up what a directory holds; again stops it",
        "",
    ),
    bind(PANES, &[control('q'), key('Q')], Action::QuickView, "quick view in the other pane", ""),
    bind(PANES, &[key('E')], Action::OpenEdits, "open edits: files of servers", ""),
    bind(PANES, &[key('B')], Action::RenameMany, "rename the chosen in $EDITOR, all at once", ""),
    bind(PANES, &[key('N')], Action::RenameByPattern, "rename the chosen by a pattern", ""),
    bind(PANES, &[key('K')], Action::ClearParts, "clear away what interrupted copies left", ""),
    bind(
        PANES,
        &[key('U')],
        Action::UndoNames,
        "undo the last renaming of many; again redoes it",
        "",
    ),
    bind(PANES, &[key('!')], Action::Shell, "run a command in the pane's directory", ""),
    bind(
        PANES,
        &[key('$')],
        Action::OpenShell,
        "a shell in the pane's directory, here or there",
        "",
    ),
    bind(PANES, &[key('L')], Action::MakeLink, "make a symbolic link", ""),
    bind(PANES, &[key('A')], Action::Modes, "permissions: octal and boxes, of trees too", ""),
    bind(PANES, &[key('O')], Action::Traits, "owner, group and time, of trees too", ""),
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
    bind(QUEUE_OR_STEPS, &[key('p')], Action::Pause, "pause the job or step, or go on", ""),
    bind(QUEUE_OR_STEPS, &[key('P')], Action::PauseEverything, "pause all jobs, or go on", ""),
    bind(QUEUE, &[key('K'), alt(Up)], Action::Sooner, "serve the job sooner", ""),
    bind(QUEUE, &[key('J'), alt(Down)], Action::Later, "serve the job later", ""),
    bind(QUEUE_OR_STEPS, &[key('b')], Action::Limit, "limit the bandwidth", ""),
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
    bind(VIEWER, &[key('e'), f(8)], Action::Encoding, "read it in the next encoding", "encoding"),
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
    bind(QUEUE_OR_STEPS, &[key('H')], Action::History, "the history", ""),
    bind(QUEUE_OR_STEPS, &[key('w')], Action::Queue, "back to the panes", ""),
    bind(QUEUE_OR_STEPS, &[key('?'), f(1)], Action::Help, "these keys", "help"),
    bind(QUEUE_OR_STEPS, &[key('q'), f(10)], Action::Quit, "quit (asks while jobs run)", "quit"),
    bind(HISTORY, &[code(Enter)], Action::Details, "all that is known of the step", "details"),
    bind(HISTORY, &[key('/')], Action::Search, "look for words, places, digests", "search"),
    bind(HISTORY, &[key('r')], Action::Reread, "read again", "read again"),
    bind(HISTORY, &[code(Esc), code(Backspace)], Action::Close, "empty the search; back", "back"),
    bind(HISTORY, &[key('H')], Action::History, "back", ""),
    bind(HISTORY, &[key('?'), f(1)], Action::Help, "these keys", "help"),
    bind(HISTORY, &[key('q'), f(10)], Action::Quit, "quit (asks while jobs run)", ""),
    bind(
        SITES,
        &[code(Enter), code(Right), key('l')],
        Action::OpenSite,
        "open in the pane named above",
        "open",
    ),
    bind(SITES, &[key('o')], Action::OpenSiteOther, "open in the other pane", "other pane"),
    bind(SITES, &[code(Tab), code(BackTab)], Action::OtherPane, "choose the pane to open in", ""),
    bind(SITES, &[key('/')], Action::Search, "search names, hosts, tags, notes", "search"),
    bind(SITES, &[key('n'), f(7)], Action::NewSite, "a new site", "new"),
    bind(SITES, &[key('e'), f(4)], Action::EditSite, "edit the site", "edit"),
    bind(
        SITES,
        &[key('c'), f(5)],
        Action::DuplicateSite,
        "a copy of the site, to be edited",
        "copy",
    ),
    bind(
        SITES,
        &[key('d'), f(8), code(Delete)],
        Action::DeleteSite,
        "remove the site (asks first)",
        "remove",
    ),
    bind(SITES, &[key('t')], Action::TestSite, "test the connection", "test"),
    bind(
        SITES,
        &[code(Esc), code(Backspace), code(Left), key('h')],
        Action::Close,
        "empty the search; back to the panes",
        "back",
    ),
    bind(SITES, &[key('b'), control('s')], Action::Sites, "back to the panes", ""),
    bind(SITES, &[key('a')], Action::Answer, "answer what was put aside", ""),
    bind(SITES, &[key('?'), f(1)], Action::Help, "these keys", "help"),
    bind(SITES, &[key('q'), f(10)], Action::Quit, "quit (asks while jobs run)", ""),
    bind(SEARCH, &[code(Enter)], Action::Accept, "take what is found", "take"),
    bind(SEARCH, &[code(Tab)], Action::Next, "complete; to the list", "complete"),
    bind(SEARCH, &[code(Up)], Action::Up, "up", ""),
    bind(SEARCH, &[code(Down)], Action::Down, "down", ""),
    bind(SEARCH, &[code(Esc)], Action::Close, "leave the line", "leave"),
    bind(START, &[code(Enter), code(Right), key('l')], Action::Choose, "choose", "choose"),
    bind(START, &[key('o'), control('o')], Action::Connect, "open a place or server", "open"),
    bind(START, &[key('b'), control('s')], Action::Sites, "saved sites", "sites"),
    bind(START, &[key('n')], Action::NewSite, "a new site", "new"),
    bind(START, &[code(Esc), code(Tab)], Action::Close, "to the panes", "panes"),
    bind(START, &[key('?'), f(1)], Action::Help, "these keys", "help"),
    bind(START, &[key('q'), f(10)], Action::Quit, "quit (asks while jobs run)", "quit"),
    bind(BOOKMARKS, &[code(Enter), code(Right), key('l')], Action::Choose, "go there", "go"),
    bind(
        BOOKMARKS,
        &[key('d'), code(Delete), f(8)],
        Action::RemoveBookmark,
        "take the bookmark out",
        "take out",
    ),
    bind(
        BOOKMARKS,
        &[code(Esc), key('q'), key('\''), code(Left), key('h')],
        Action::Close,
        "back to the panes",
        "back",
    ),
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
    bind(READER, &[key('/'), key(':')], Action::Commands, "search what can be done", ""),
    bind(READER, &[key('?'), f(1)], Action::Close, "", ""),
    bind(EDITS, &[code(Enter), key('e'), f(4)], Action::Edit, "edit on", "edit on"),
    bind(EDITS, &[key('s')], Action::SendEdit, "send the copy back now", "send back"),
    bind(EDITS, &[key('d')], Action::Difference, "what copy and server differ in", "difference"),
    bind(
        EDITS,
        &[key('x'), code(Delete), f(8)],
        Action::DiscardEdit,
        "give the copy up (asks first)",
        "give up",
    ),
    bind(EDITS, &[code(Esc), key('q'), key('E')], Action::Close, "back to the panes", "panes"),
    bind(EDITS, &[key('?'), f(1)], Action::Help, "these keys", ""),
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
    Context::History,
    Context::Sites,
    Context::Search,
    Context::Start,
    Context::Bookmarks,
    Context::Field,
    Context::Choice,
    Context::Reader,
    Context::Edits,
];

/// The name of an action or a context: `MakeDirectory` is `make-directory`.
fn name_of(named: &impl std::fmt::Debug) -> String {
    let mut name = String::new();
    // `Tab(1)` is `tab-1`.
    for c in format!("{named:?}").replace('(', "-").replace(')', "").chars() {
        if c.is_ascii_uppercase() && !name.is_empty() {
            name.push('-');
        }
        name.push(c.to_ascii_lowercase());
    }
    name
}

/// What a key does in a context, by the table alone.
pub fn action(context: Context, event: KeyEvent) -> Option<Action> {
    Keymap::default().table(context, event)
}

/// A line of the help.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum HelpLine {
    Heading(&'static str),
    Key { keys: String, words: &'static str },
    Blank,
}

/// The help, drawn from the table.
pub(crate) fn help(keymap: &Keymap) -> Vec<HelpLine> {
    let mut lines = Vec::new();
    for heading in [
        "Panes",
        "Filter and search",
        "Viewer",
        "Everywhere",
        "Queue",
        "History",
        "Sites",
        "Bookmarks",
        "Open edits",
        "Start",
        "Dialogs",
    ] {
        if !lines.is_empty() {
            lines.push(HelpLine::Blank);
        }
        lines.push(HelpLine::Heading(heading));
        let has_words = |binding: &&Binding| !binding.words.is_empty();
        let bindings = BINDINGS.iter().filter(has_words);
        let own = bindings.filter(|binding| section(binding) == heading);
        lines.extend(own.map(|binding| help_line(keymap, binding)));
    }
    lines
}

/// Under which heading a binding stands in the help.
fn section(binding: &Binding) -> &'static str {
    match binding.contexts {
        [Context::Panes] => "Panes",
        [Context::Sites] | [Context::Search] => "Sites",
        [Context::History] => "History",
        [Context::Bookmarks] => "Bookmarks",
        [Context::Start] => "Start",
        [Context::Queue] | [Context::Steps] | [Context::Queue, Context::Steps] => "Queue",
        [Context::Find] => "Filter and search",
        [Context::Viewer] => "Viewer",
        [Context::Edits] => "Open edits",
        [Context::Reader] | [Context::Choice] | [Context::Field, ..] => "Dialogs",
        _ => "Everywhere",
    }
}

fn help_line(keymap: &Keymap, binding: &Binding) -> HelpLine {
    let keys = binding.contexts.first().map(|first| keymap.keys(binding, *first));
    HelpLine::Key { keys: keys.unwrap_or_default().join("  "), words: binding.words }
}

/// How many lines the help has.
pub fn help_lines() -> usize {
    help(&Keymap::default()).len()
}

#[cfg(test)]
mod tests;
