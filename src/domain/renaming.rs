//! Many renames at once: in which order they go well, and which cannot go at all.

use std::collections::{HashMap, HashSet};

use super::{display, path::Name};

/// One rename.
pub type Pair = (Name, Name);

/// Orders renames so that none ever takes a name that another still holds; what goes round in a circle is put aside
/// first, under a name from `spare`. What stays as it is is left out.
///
/// # Errors
/// Sentences, one for each name that two would get, or that something else in the directory has already.
pub fn in_order(
    pairs: &[Pair],
    is_taken: impl Fn(&Name) -> bool,
    mut spare: impl FnMut(&Name) -> Name,
) -> Result<Vec<Pair>, Vec<String>> {
    let mut problems = Vec::new();
    let sources: HashSet<&Name> = pairs.iter().map(|(from, _)| from).collect();
    let mut targets = HashSet::new();
    for (from, to) in pairs {
        let shown = display::escape(to.as_bytes());
        if !targets.insert(to) {
            problems.push(format!("More than one would be called {shown}."));
        } else if from != to && !sources.contains(to) && is_taken(to) {
            problems.push(format!("Something is called {shown} already."));
        }
    }
    if !problems.is_empty() {
        problems.dedup();
        return Err(problems);
    }
    let moving: Vec<&Pair> = pairs.iter().filter(|(from, to)| from != to).collect();
    let by_source: HashMap<&Name, &Name> = moving.iter().map(|(from, to)| (from, to)).collect();
    let mut done: HashSet<&Name> = HashSet::new();
    let mut steps = Vec::new();
    for (first, _) in &moving {
        if done.contains(first) {
            continue;
        }
        // From here along those who have to make room, to one who needs none, or back to the beginning.
        let mut chain = vec![first];
        let mut is_circle = false;
        while let Some(next) = chain.last().and_then(|last| by_source.get(last)) {
            if *next == first {
                is_circle = true;
                break;
            }
            match by_source.get_key_value(next) {
                Some((next, _)) if !done.contains(*next) => chain.push(next),
                _ => break,
            }
        }
        let aside = is_circle.then(|| spare(first));
        if let Some(aside) = &aside {
            steps.push((first.clone(), aside.clone()));
        }
        for from in chain.into_iter().rev() {
            done.insert(from);
            let to = by_source[from].clone();
            let from =
                if from == first { aside.clone().unwrap_or(from.clone()) } else { from.clone() };
            steps.push((from, to));
        }
    }
    Ok(steps)
}

/// The names as a person edits them, one a line.
pub fn as_text(names: &[Name]) -> String {
    names.iter().map(|name| format!("{}\n", display::escape(name.as_bytes()))).collect()
}

/// What the lines say now. A line that was not touched keeps its bytes.
///
/// # Errors
/// Why the lines cannot be meant.
pub fn read_text(names: &[Name], text: &str) -> Result<Vec<Pair>, String> {
    let lines: Vec<&str> = text.lines().collect();
    if lines.len() != names.len() {
        return Err(format!(
            "There are {} lines for {} names; each name has its line, in the order in which they were.",
            lines.len(),
            names.len()
        ));
    }
    let pair = |(name, line): (&Name, &&str)| {
        if *line == display::escape(name.as_bytes()) {
            return Ok((name.clone(), name.clone()));
        }
        match Name::new(line) {
            Ok(new) => Ok((name.clone(), new)),
            Err(why) => {
                let name = display::escape(name.as_bytes());
                Err(format!("{name} cannot be called \"{}\": {why}.", display::escape_text(line)))
            }
        }
    };
    names.iter().zip(&lines).map(pair).collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    fn name(text: &str) -> Name {
        Name::new(text).unwrap()
    }

    fn pairs(pairs: &[(&str, &str)]) -> Vec<Pair> {
        pairs.iter().map(|(from, to)| (name(from), name(to))).collect()
    }

    fn spare(of: &Name) -> Name {
        name(&format!(".{}.aside", display::escape(of.as_bytes())))
    }

    /// Renames one after the other as a storage does that replaces nothing.
    fn carry_out(held: &mut BTreeMap<Name, Name>, steps: &[Pair]) {
        for (from, to) in steps {
            assert!(!held.contains_key(to), "{to:?} is taken in {steps:?}");
            let content = held.remove(from).unwrap_or_else(|| panic!("{from:?} is not there"));
            held.insert(to.clone(), content);
        }
    }

    #[test]
    fn names_that_collide_are_told() {
        let taken = |other: &Name| *other == name("taken");
        let problems = in_order(&pairs(&[("a", "x"), ("b", "x")]), taken, spare).unwrap_err();
        assert_eq!(problems, ["More than one would be called x."]);
        let problems = in_order(&pairs(&[("a", "taken")]), taken, spare).unwrap_err();
        assert_eq!(problems, ["Something is called taken already."]);
        let problems = in_order(&pairs(&[("a", "b"), ("b", "b")]), taken, spare).unwrap_err();
        assert_eq!(problems.len(), 1, "one that stays keeps its name: {problems:?}");
    }

    #[test]
    fn lines_become_names() {
        let names = [name("a"), Name::new(b"caf\xe9\n").unwrap(), name("c")];
        assert_eq!(as_text(&names), "a\ncaf\\xe9\\n\nc\n");
        let read = read_text(&names, "b\ncaf\\xe9\\n\nc d \n").unwrap();
        assert_eq!(read[0].1, name("b"));
        assert_eq!(read[1].0, read[1].1, "not touched");
        assert_eq!(read[2].1, name("c d "));
        assert!(read_text(&names, "a\nb\n").unwrap_err().contains("2 lines for 3 names"));
        assert!(read_text(&names, "a/b\nx\nc\n").unwrap_err().contains("slash"));
        assert!(read_text(&names, "\nx\nc\n").unwrap_err().contains("empty"));
    }

    proptest! {
        #[test]
        fn every_rename_goes_well_in_this_order(
            targets in Just((0..8usize).collect::<Vec<_>>()).prop_shuffle(),
            fresh in proptest::collection::vec(any::<bool>(), 8),
        ) {
            // Chains and circles among eight names, some of which go to names of their own.
            let all: Vec<Pair> = (0..8)
                .map(|at| {
                    let to = if fresh[at] { format!("new-{at}") } else { targets[at].to_string() };
                    (name(&at.to_string()), name(&to))
                })
                .collect();
            let mut held: BTreeMap<Name, Name> =
                all.iter().map(|(from, _)| (from.clone(), from.clone())).collect();
            let steps = in_order(&all, |_| false, spare).unwrap();
            carry_out(&mut held, &steps);
            for (from, to) in &all {
                prop_assert_eq!(held.get(to), Some(from));
            }
            prop_assert_eq!(held.len(), 8);
        }
    }
}
