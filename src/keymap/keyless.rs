//! Actions that a person's own keys left without any: nobody meant that, perhaps, so it is told.

use std::collections::BTreeMap;

use super::{BINDINGS, Binding, WITH_COMMANDS, lookup::Keymap, name_of};
use crate::model::Context;

/// So many are named; the others are counted.
const NAMED: usize = 3;

impl Keymap {
    /// What is to be said of actions whose last key means something else now, with the lines that say so.
    pub fn without_keys(&self) -> Option<String> {
        // An action may have lost its keys in several contexts to several lines.
        let mut lost: BTreeMap<(usize, String), Vec<Context>> = BTreeMap::new();
        for binding in BINDINGS.iter().filter(|binding| !binding.words.is_empty()) {
            for context in binding.contexts {
                if let Some(line) = self.took_last_key(binding, *context) {
                    lost.entry((line, name_of(&binding.action))).or_default().push(*context);
                }
            }
        }
        if lost.is_empty() {
            return None;
        }
        let by_name = |contexts: &Vec<Context>| contexts.iter().all(|c| WITH_COMMANDS.contains(c));
        let hint = if lost.values().all(by_name) { "; : has them by name" } else { "" };
        let has = if lost.len() == 1 { "has" } else { "have" };
        let more = lost.len().saturating_sub(NAMED);
        let named = lost.iter().take(NAMED).map(|((line, action), contexts)| {
            let contexts: Vec<String> = contexts.iter().map(name_of).collect();
            format!("line {line}: {action} in {}", contexts.join(", "))
        });
        let mut named = named.collect::<Vec<_>>().join("; ");
        if more > 0 {
            named = format!("{named}; and {more} more");
        }
        let hint = if lost.len() == 1 { hint.replace("them", "it") } else { hint.to_owned() };
        Some(format!("{named} {has} no key any more{hint}"))
    }

    /// The line that took the last key of an action, where the action is left without.
    fn took_last_key(&self, binding: &Binding, context: Context) -> Option<usize> {
        let same =
            |other: &&Binding| other.action == binding.action && other.contexts.contains(&context);
        // Keys that a line gives it are what it has, if they are none as well.
        if self.has_own_keys(binding.action, context)
            || BINDINGS.iter().filter(same).any(|one| !self.keys(one, context).is_empty())
        {
            return None;
        }
        BINDINGS.iter().filter(same).flat_map(|one| self.takers(context, one.chords)).max()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(text: &str) -> Option<String> {
        let (keys, troubles) = Keymap::with(text);
        assert_eq!(troubles, Vec::<String>::new(), "it is no mistake");
        keys.without_keys()
    }

    #[test]
    fn the_last_key_that_is_taken_is_told_with_its_line() {
        let words = told("[panes]\n\nrename = \"w\"\n").unwrap();
        assert_eq!(words, "line 3: queue in panes has no key any more; : has it by name");
        let words = told("[panes]\nmove = \"n\"\ncopy = [\"F7\", \"w\"]\n").unwrap();
        let both = "line 3: make-directory in panes; line 3: queue in panes have no key any more";
        assert_eq!(words, format!("{both}; : has them by name"));
    }

    #[test]
    fn what_still_has_a_key_or_was_given_none_is_not_told() {
        assert_eq!(told(""), None);
        assert_eq!(told("[panes]\nmove = \"n\"\n"), None, "F7 is left");
        assert_eq!(told("[panes]\nrename = \"w\"\nqueue = \"F9\"\n"), None, "it has another");
        assert_eq!(told("[panes]\nrename = \"w\"\nqueue = []\n"), None, "that was meant");
        assert_eq!(told("preset = \"vim\"\n"), None);
    }

    #[test]
    fn a_key_under_a_preset_and_a_sequence_take_it_as_well() {
        let words = told("preset = \"vim\"\n[panes]\nrename = \"w\"\n").unwrap();
        assert!(words.starts_with("line 3: queue in panes"), "{words}");
        let words = told("[queue]\nretry = \"p p\"\n").unwrap();
        assert!(words.starts_with("line 2: pause in queue has"), "{words}");
        let words = told("[field]\nline-end = \"Tab\"\n").unwrap();
        assert_eq!(words, "line 2: next in field has no key any more");
    }

    #[test]
    fn of_many_a_few_are_named() {
        let words = told("[panes]\ncopy = [\"w\", \"H\", \"p\", \"y\", \"f\"]\n").unwrap();
        assert!(words.contains("; and 2 more have no key any more"), "{words}");
    }
}
