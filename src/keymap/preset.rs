//! Keys for hands that know another program: a `keymap.toml` that comes along, laid under a person's own.

/// The presets by their names.
const PRESETS: [(&str, &str); 1] = [("vim", include_str!("../../assets/keys/vim.toml"))];

/// The text of a preset.
pub(super) fn text(name: &str) -> Option<&'static str> {
    PRESETS.iter().find(|(known, _)| *known == name).map(|(_, text)| *text)
}

/// The names there are.
pub(super) fn names() -> impl Iterator<Item = &'static str> {
    PRESETS.iter().map(|(name, _)| *name)
}

#[cfg(test)]
mod tests {
    use super::{
        super::{BINDINGS, Keymap, name_of, tests::has_twin},
        *,
    };

    #[test]
    fn every_preset_is_whole_and_leaves_nothing_without_a_key() {
        for name in names() {
            let (keymap, troubles) = Keymap::with(&format!("preset = \"{name}\"\n"));
            assert_eq!(troubles, Vec::<String>::new());
            let (_, troubles) = Keymap::with(text(name).unwrap());
            assert_eq!(troubles, Vec::<String>::new(), "{name}");
            for binding in BINDINGS.iter().filter(|binding| !binding.words.is_empty()) {
                for context in binding.contexts {
                    let keys = keymap.keys(binding, *context);
                    let what = format!("{name}: {} in {context:?}", name_of(&binding.action));
                    assert!(!keys.is_empty(), "{what} has no key");
                    assert!(has_twin(&keys), "{what} has only {keys:?}");
                }
            }
        }
    }

    #[test]
    fn a_preset_that_is_not_there_is_told_with_its_line() {
        let (_, troubles) = Keymap::with("# mine\npreset = \"ed\"\n");
        assert_eq!(troubles, ["line 2: there is no preset “ed”; there is vim"]);
        let (_, troubles) = Keymap::with("preset = 3\n");
        assert_eq!(troubles, ["line 1: preset has to be the name of one: vim"]);
    }
}
