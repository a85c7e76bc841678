//! The command line: everything that can be done, found by its name, its words or its keys.

use tui_input::Input;

use super::action::{Action, Context};

/// Something that can be done by name.
#[derive(Debug, Clone)]
pub struct CommandWords {
    /// What is done.
    pub action: Action,
    /// Where it means something.
    pub contexts: &'static [Context],
    /// Its name.
    pub name: String,
    /// Its keys.
    pub keys: Vec<String>,
    /// What it does, in words.
    pub words: &'static str,
}

/// The command line while it is open.
#[derive(Debug)]
pub(crate) struct Palette {
    /// Where it was opened: only what means something there is offered.
    pub(super) context: Context,
    pub(crate) typed: Input,
    /// The command under the cursor, counted over those that fit.
    pub(crate) cursor: usize,
}

impl Palette {
    pub(super) fn new(context: Context) -> Self {
        Self { context, typed: Input::default(), cursor: 0 }
    }

    /// Commands that fit what was typed: those of that very name or key, those whose name begins with
    /// it, then the others.
    pub(crate) fn fitting<'a>(&self, commands: &'a [CommandWords]) -> Vec<&'a CommandWords> {
        let typed = self.typed.value().trim().to_lowercase();
        let here = commands.iter().filter(|command| command.contexts.contains(&self.context));
        let (mut fits, mut begins, mut others) = (Vec::new(), Vec::new(), Vec::new());
        let key = self.typed.value().trim();
        for command in here {
            let has = |word: &str| {
                command.name.contains(word)
                    || command.words.to_lowercase().contains(word)
                    || command.keys.iter().any(|key| key.to_lowercase() == word)
            };
            // One who types a key's own letter means the key: `:q` is not the queue.
            if command.keys.iter().any(|known| known == key) || command.name == typed {
                fits.push(command);
            } else if command.name.starts_with(&typed) {
                begins.push(command);
            } else if typed.split_whitespace().all(has) {
                others.push(command);
            }
        }
        fits.append(&mut begins);
        fits.append(&mut others);
        fits
    }

    /// What was typed behind `open ` or `cd `.
    pub(super) fn place(&self) -> Option<&str> {
        let typed = self.typed.value().trim_start();
        let place = typed.strip_prefix("open ").or_else(|| typed.strip_prefix("cd "))?.trim();
        (!place.is_empty()).then_some(place)
    }
}
