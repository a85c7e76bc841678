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
    /// The words, where nothing more is meant by them than their letters.
    plain: Option<Vec<Word>>,
}

/// ASCII letters that are to be found in their order.
#[derive(Debug)]
struct Word {
    letters: Vec<u8>,
    minds_case: bool,
}

impl Word {
    fn is_in(&self, name: &[u8]) -> bool {
        let mut wanted = self.letters.iter();
        let Some(mut next) = wanted.next() else { return true };
        for &byte in name {
            let byte = if self.minds_case { byte } else { byte.to_ascii_lowercase() };
            if byte == *next {
                match wanted.next() {
                    Some(following) => next = following,
                    None => return true,
                }
            }
        }
        false
    }
}

/// What is typed as plain words; `None` where it means more, or other letters than ASCII's.
fn plain_words(typed: &str) -> Option<Vec<Word>> {
    if !typed.is_ascii() || typed.contains(SPECIAL) {
        return None;
    }
    let words = typed.split(' ').filter(|word| !word.is_empty());
    let word = |word: &str| Word {
        letters: word.as_bytes().to_vec(),
        minds_case: word.bytes().any(|byte| byte.is_ascii_uppercase()),
    };
    Some(words.map(word).collect())
}

/// Signs that mean more than themselves.
const SPECIAL: [char; 5] = ['!', '$', '^', '\'', '\\'];

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
            plain: plain_words(typed),
        }))
    }

    pub(crate) fn typed(&self) -> &str {
        &self.typed
    }

    /// Whether a name fits: the same as whether it has a score, and several times faster for most names, which is
    /// what a hundred thousand of them between two frames takes.
    pub(crate) fn passes(&mut self, name: &Name) -> bool {
        match &self.plain {
            Some(words) if name.as_bytes().is_ascii() => {
                words.iter().all(|word| word.is_in(name.as_bytes()))
            }
            _ => self.score(name).is_some(),
        }
    }

    /// How well a name fits, if it does.
    pub(crate) fn score(&mut self, name: &Name) -> Option<u32> {
        let text = String::from_utf8_lossy(name.as_bytes());
        self.pattern.score(Utf32Str::new(&text, &mut self.letters), &mut self.matcher)
    }

    /// Whether every name that passes this one passes `earlier` as well: then only those need be looked at.
    pub(crate) fn narrows(&self, earlier: &Sieve) -> bool {
        self.typed.starts_with(&earlier.typed) && !self.typed.contains(SPECIAL)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

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

    proptest! {
        #[test]
        fn what_passes_is_what_has_a_score(typed in "[ab1B ]{1,5}", name in "[abAB1.é-]{1,12}") {
            prop_assume!(Name::new(&name).is_ok());
            if let Some(mut sieve) = Sieve::new(&typed) {
                let name = Name::new(&name).unwrap();
                prop_assert_eq!(sieve.passes(&name), sieve.score(&name).is_some(), "{} {:?}", typed, name);
            }
        }
    }
}
