//! Which names a few typed letters mean: in order, not side by side, and without regard to case unless it is typed.

use nucleo_matcher::{
    Config, Matcher, Utf32Str,
    pattern::{CaseMatching, Normalization, Pattern},
};

use crate::domain::path::Name;

/// What was typed, made ready for many names.
#[derive(Debug)]
pub(crate) struct Sieve {
    typed: String,
    pattern: Pattern,
    matcher: Matcher,
    letters: Vec<char>,
}

impl Sieve {
    /// `None` for what lets every name through. Several words must all be found; `^`, `$`, `'` and `!` mean begins
    /// with, ends with, literally, and not, as people know them from other such fields.
    pub(crate) fn new(typed: &str) -> Option<Box<Self>> {
        let pattern = Pattern::parse(typed, CaseMatching::Smart, Normalization::Smart);
        if pattern.atoms.is_empty() {
            return None;
        }
        Some(Box::new(Self {
            typed: typed.to_owned(),
            pattern,
            matcher: Matcher::new(Config::DEFAULT),
            letters: Vec::new(),
        }))
    }

    pub(crate) fn typed(&self) -> &str {
        &self.typed
    }

    /// How well a name fits, if it does.
    pub(crate) fn score(&mut self, name: &Name) -> Option<u32> {
        let text = String::from_utf8_lossy(name.as_bytes());
        self.pattern.score(Utf32Str::new(&text, &mut self.letters), &mut self.matcher)
    }

    /// Whether every name that passes this one passes `earlier` as well: then only those need be looked at.
    pub(crate) fn narrows(&self, earlier: &Sieve) -> bool {
        self.typed.starts_with(&earlier.typed) && !self.typed.contains(['!', '$', '^', '\'', '\\'])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fits(typed: &str, name: &str) -> bool {
        Sieve::new(typed).unwrap().score(&Name::new(name).unwrap()).is_some()
    }

    #[test]
    fn letters_are_found_in_their_order() {
        for typed in ["mani", "mcsv", "MANI", "nif csv", "^mani", "csv$", "!txt"] {
            assert_eq!(fits(typed, "Manifest.csv"), typed != "MANI", "{typed}");
        }
        assert!(!fits("vsc", "manifest.csv"));
        assert!(fits("cafe", "café.txt"));
        assert!(Sieve::new("  ").is_none());
    }

    #[test]
    fn a_longer_word_narrows_and_a_negation_does_not() {
        let narrows = |a, b| Sieve::new(b).unwrap().narrows(&Sieve::new(a).unwrap());
        assert!(narrows("ab", "abc") && narrows("ab", "ab c"));
        assert!(!narrows("ab", "b") && !narrows("!a", "!ab"));
    }

    #[test]
    fn a_name_that_is_no_text_is_looked_through_all_the_same() {
        let name = Name::new(b"caf\xe9-1").unwrap();
        assert!(Sieve::new("f1").unwrap().score(&name).is_some());
    }
}
