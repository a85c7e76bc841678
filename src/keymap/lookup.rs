//! What a key comes to: a person's own keys first, then the table's.

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

use super::{
    BINDINGS, Binding,
    chord::Chord,
    name_of,
    remap::{self, Remap},
};
use crate::model::{Action, Begun, CommandWords, Context};

/// The table, with a person's own keys laid over it.
#[derive(Debug, Clone, Default)]
pub struct Keymap {
    remap: Remap,
}

/// What keys pressed one after the other come to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Meaning {
    /// An action.
    Action(Action),
    /// A sequence has begun, and waits for more.
    More,
    /// Nothing.
    Nothing,
}

/// Keys of a sequence that has begun.
#[derive(Debug, Default)]
pub struct Pending(Vec<Chord>);

impl Pending {
    /// Forgets what has begun. Whether anything had.
    pub fn forget(&mut self) -> bool {
        !std::mem::take(&mut self.0).is_empty()
    }
}

impl Keymap {
    /// With the keys of a `keymap.toml`. What makes no sense in it is told, each with its line; the rest holds.
    pub fn with(text: &str) -> (Self, Vec<String>) {
        let (remap, troubles) = remap::read(text);
        (Self { remap }, troubles)
    }

    /// What a key does in a context, after those that are pending.
    pub fn press(&self, pending: &mut Pending, context: Context, event: KeyEvent) -> Meaning {
        pending.0.push(Chord::pressed(event));
        match self.own(context, &pending.0) {
            Meaning::More => return Meaning::More,
            Meaning::Action(action) => {
                pending.0.clear();
                return Meaning::Action(action);
            }
            Meaning::Nothing => {}
        }
        // A sequence that leads nowhere is forgotten, and its last key means what it means alone; but Esc only ends it.
        let begun = pending.0.len() > 1;
        pending.0.clear();
        match (begun, event.code) {
            (true, KeyCode::Esc) => return Meaning::Nothing,
            (true, _) => return self.press(pending, context, event),
            (false, _) => {}
        }
        self.table(context, event).map_or(Meaning::Nothing, Meaning::Action)
    }

    /// The sequence that has begun, and what may follow.
    pub fn begun(&self, pending: &Pending, context: Context) -> Option<Begun> {
        if pending.0.is_empty() {
            return None;
        }
        let longer = self.remap.of(context).filter_map(|(keys, action)| {
            let rest = keys.strip_prefix(pending.0.as_slice()).filter(|rest| !rest.is_empty())?;
            let of_action = |binding: &&Binding| {
                binding.action == action && binding.contexts.contains(&context)
            };
            let words = BINDINGS.iter().find(of_action).map_or("", |binding| binding.words);
            Some((shown(rest), words))
        });
        Some(Begun { context, keys: shown(&pending.0), follow: longer.collect() })
    }

    fn own(&self, context: Context, pressed: &[Chord]) -> Meaning {
        let mut meaning = Meaning::Nothing;
        for (keys, action) in self.remap.of(context) {
            if keys.as_slice() == pressed {
                return Meaning::Action(action);
            }
            if keys.starts_with(pressed) {
                meaning = Meaning::More;
            }
        }
        meaning
    }

    pub(super) fn table(&self, context: Context, event: KeyEvent) -> Option<Action> {
        let pressed = Chord::pressed(event);
        let find = |pressed: Chord| {
            let means = |binding: &&Binding| {
                binding.contexts.contains(&context) && binding.chords.contains(&pressed)
            };
            let found = BINDINGS.iter().find(means).map(|binding| binding.action);
            found.filter(|action| self.remap.keys(context, *action).is_none())
        };
        // Where Alt makes no difference it is left out of account: Esc and a key typed quickly look the same.
        let found = find(pressed).or_else(|| find(Chord { alt: false, ..pressed }));
        let plain =
            !pressed.control && !event.modifiers.intersects(KeyModifiers::ALT | KeyModifiers::META);
        found.or(match (context, event.code) {
            (
                Context::Field | Context::Choice | Context::Find | Context::Search,
                KeyCode::Char(c),
            ) if plain => Some(Action::Type(c)),
            _ => None,
        })
    }

    /// The names of a binding's keys in a context.
    pub(super) fn keys(&self, binding: &Binding, context: Context) -> Vec<String> {
        if let Some(own) = self.remap.keys(context, binding.action) {
            return own.iter().map(|keys| shown(keys)).collect();
        }
        let left = binding.chords.iter().filter(|chord| !self.remap.takes(context, **chord));
        left.map(|chord| chord.name()).collect()
    }

    /// Whether a line says which keys an action has in a context.
    pub(super) fn has_own_keys(&self, action: Action, context: Context) -> bool {
        self.remap.keys(context, action).is_some()
    }

    /// The lines of `keymap.toml` that give one of these keys to something else.
    pub(super) fn takers(&self, context: Context, chords: &[Chord]) -> impl Iterator<Item = usize> {
        self.remap.takers(context, chords)
    }

    /// A key and its word, for the footer.
    pub(crate) fn footer(&self, context: Context) -> impl Iterator<Item = (String, &'static str)> {
        BINDINGS
            .iter()
            .filter(move |binding| binding.contexts.contains(&context) && !binding.short.is_empty())
            .filter_map(move |binding| {
                Some((self.keys(binding, context).into_iter().next()?, binding.short))
            })
    }

    /// Everything that can be done by name, for the command line.
    pub fn commands(&self) -> Vec<CommandWords> {
        let has_words = |binding: &&Binding| !binding.words.is_empty();
        let command = |binding: &Binding| CommandWords {
            action: binding.action,
            contexts: binding.contexts,
            name: name_of(&binding.action),
            keys: binding
                .contexts
                .first()
                .map(|first| self.keys(binding, *first))
                .unwrap_or_default(),
            words: binding.words,
        };
        BINDINGS.iter().filter(has_words).map(command).collect()
    }
}

/// The names of keys pressed one after the other: `g g`.
pub(super) fn shown(keys: &[Chord]) -> String {
    keys.iter().map(|chord| chord.name()).collect::<Vec<_>>().join(" ")
}
