//! The command line: everything that can be done, found by its name, its words or its keys.

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
    pub(crate) typed: String,
    /// The command under the cursor, counted over those that fit.
    pub(crate) cursor: usize,
}

impl Palette {
    pub(super) fn new(context: Context) -> Self {
        Self { context, typed: String::new(), cursor: 0 }
    }

    /// Commands that fit what was typed: those whose name begins with it, then the others.
    pub(crate) fn fitting<'a>(&self, commands: &'a [CommandWords]) -> Vec<&'a CommandWords> {
        let typed = self.typed.trim().to_lowercase();
        let here = commands.iter().filter(|command| command.contexts.contains(&self.context));
        let (mut begins, mut others) = (Vec::new(), Vec::new());
        for command in here {
            let has = |word: &str| {
                command.name.contains(word)
                    || command.words.to_lowercase().contains(word)
                    || command.keys.iter().any(|key| key.to_lowercase() == word)
            };
            if command.name.starts_with(&typed) {
                begins.push(command);
            } else if typed.split_whitespace().all(has) {
                others.push(command);
            }
        }
        begins.append(&mut others);
        begins
    }

    /// What was typed behind `open ` or `cd `.
    pub(super) fn place(&self) -> Option<&str> {
        let typed = self.typed.trim_start();
        let place = typed.strip_prefix("open ").or_else(|| typed.strip_prefix("cd "))?.trim();
        (!place.is_empty()).then_some(place)
    }
}
