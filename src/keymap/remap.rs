//! `keymap.toml`: other keys for actions. What makes no sense is named with its line, the rest holds.

use toml_edit::{Document, Item, Value};

use super::{BINDINGS, EVERYWHERE, chord::Chord, lookup::shown, name_of, preset};
use crate::{
    domain::display::escape_text,
    model::{Action, Context},
};

/// Keys pressed one after the other.
pub(crate) type Keys = Vec<Chord>;

/// The longest sequence of keys.
const LONGEST: usize = 4;

/// Other keys than the table's: for an action in a context, all its keys.
#[derive(Debug, Clone, Default)]
pub(crate) struct Remap {
    own: Vec<Own>,
}

#[derive(Debug, Clone)]
struct Own {
    context: Context,
    action: Action,
    keys: Vec<Keys>,
    /// Where it stands; nowhere, if a preset says it.
    line: Option<usize>,
}

impl Remap {
    /// The keys of an action in a context, where they are other than the table's.
    pub(super) fn keys(&self, context: Context, action: Action) -> Option<&[Keys]> {
        let found = self.own.iter().find(|own| own.context == context && own.action == action);
        found.map(|own| own.keys.as_slice())
    }

    /// All keys of a context that are other than the table's, with what they do.
    pub(super) fn of(&self, context: Context) -> impl Iterator<Item = (&Keys, Action)> {
        let own = self.own.iter().filter(move |own| own.context == context);
        own.flat_map(|own| own.keys.iter().map(|keys| (keys, own.action)))
    }

    /// Whether the table's key means something else now: it, or a sequence that begins with it.
    pub(super) fn takes(&self, context: Context, chord: Chord) -> bool {
        self.of(context).any(|(keys, _)| keys.first() == Some(&chord))
    }

    /// The lines that take one of these keys in a context.
    pub(super) fn takers(&self, context: Context, chords: &[Chord]) -> impl Iterator<Item = usize> {
        let takes = move |own: &&Own| {
            let first = |keys: &Keys| keys.first().is_some_and(|chord| chords.contains(chord));
            own.context == context && own.keys.iter().any(first)
        };
        self.own.iter().filter(takes).filter_map(|own| own.line)
    }

    /// Lays these keys over others: an action that has keys here has these alone, and a key that means something here
    /// means nothing else below.
    fn over(mut self, below: Self) -> Self {
        let left = below.own.into_iter().filter_map(|mut other| {
            if self.keys(other.context, other.action).is_some() {
                return None;
            }
            other.line = None;
            other.keys.retain(|keys| !self.of(other.context).any(|(own, _)| clash(own, keys)));
            (!other.keys.is_empty()).then_some(other)
        });
        let left: Vec<Own> = left.collect();
        self.own.extend(left);
        self
    }
}

/// Reads the text; the troubles are whole sentences but for the file's name.
pub(super) fn read(text: &str) -> (Remap, Vec<String>) {
    let (mut remap, mut below, mut troubles) = (Remap::default(), Remap::default(), Vec::new());
    let document = match Document::parse(text) {
        Ok(document) => document,
        Err(error) => {
            let line = error.span().map_or(1, |span| line_at(text, span.start));
            let words = escape_text(error.message().lines().next().unwrap_or_default());
            return (remap, vec![format!("line {line}: {words}")]);
        }
    };
    for (heading, item) in document.as_table() {
        let line =
            |key: Option<std::ops::Range<usize>>| key.map_or(1, |span| line_at(text, span.start));
        let heading_line =
            line(document.as_table().get_key_value(heading).and_then(|(key, _)| key.span()));
        if heading == "preset" {
            match named_preset(item) {
                Ok(preset) => below = read(preset).0,
                Err(why) => troubles.push(format!("line {heading_line}: {why}")),
            }
            continue;
        }
        let (Some(contexts), Some(table)) = (contexts(heading), item.as_table()) else {
            let known: Vec<String> = EVERYWHERE.iter().map(name_of).collect();
            troubles.push(format!(
                "line {heading_line}: {} is none of {}, everywhere",
                escape_text(heading),
                known.join(", ")
            ));
            continue;
        };
        for (name, item) in table {
            let line = line(table.get_key_value(name).and_then(|(key, _)| key.span()));
            match entry(contexts.as_slice(), name, item) {
                Ok((contexts, action, keys)) => {
                    for context in contexts {
                        add(
                            &mut remap,
                            Own { context, action, keys: keys.clone(), line: Some(line) },
                            &mut troubles,
                        );
                    }
                }
                Err(why) => troubles.push(format!("line {line}: {}: {why}", escape_text(name))),
            }
        }
    }
    (remap.over(below), troubles)
}

/// The keys of the preset that is named.
fn named_preset(item: &Item) -> Result<&'static str, String> {
    let names = preset::names().collect::<Vec<_>>().join(", ");
    let name = item.as_str().ok_or_else(|| format!("preset has to be the name of one: {names}"))?;
    preset::text(name)
        .ok_or_else(|| format!("there is no preset “{}”; there is {names}", escape_text(name)))
}

fn contexts(heading: &str) -> Option<Vec<Context>> {
    if heading == "everywhere" {
        return Some(EVERYWHERE.to_vec());
    }
    let found = EVERYWHERE.iter().find(|context| name_of(context) == heading);
    found.map(|context| vec![*context])
}

type Entry = (Vec<Context>, Action, Vec<Keys>);

fn entry(contexts: &[Context], name: &str, item: &Item) -> Result<Entry, String> {
    let named = || BINDINGS.iter().filter(|binding| name_of(&binding.action) == name);
    let Some(action) = named().map(|binding| binding.action).next() else {
        return Err("there is no such action; : shows their names".to_owned());
    };
    let fitting: Vec<Context> = contexts
        .iter()
        .copied()
        .filter(|context| named().any(|binding| binding.contexts.contains(context)))
        .collect();
    if fitting.is_empty() {
        return Err("this action does nothing there".to_owned());
    }
    let keys = match item {
        Item::Value(Value::Array(list)) => {
            list.iter().map(|one| one.as_str().ok_or(())).collect::<Result<Vec<_>, ()>>()
        }
        one => one.as_str().map(|one| vec![one]).ok_or(()),
    };
    let keys = keys.map_err(|()| "it has to be \"key\" or [\"key\", \"another\"]".to_owned())?;
    let keys = keys.into_iter().map(sequence).collect::<Result<Vec<_>, _>>()?;
    Ok((fitting, action, keys))
}

fn sequence(typed: &str) -> Result<Keys, String> {
    let read = |name: &str| {
        Chord::read(name).ok_or_else(|| {
            format!("“{}” is no key; write F5, Ctrl-X, Space, Enter, g, or g g", escape_text(name))
        })
    };
    let keys = typed.split_whitespace().map(read).collect::<Result<Keys, _>>()?;
    match keys.len() {
        1..=LONGEST => Ok(keys),
        _ => Err(format!("a sequence has from 1 to {LONGEST} keys")),
    }
}

/// Takes it in, unless one of its keys is spoken for by an earlier line.
fn add(remap: &mut Remap, own: Own, troubles: &mut Vec<String>) {
    let clash = own.keys.iter().find_map(|keys| {
        let earlier = remap.own.iter().filter(|earlier| earlier.context == own.context);
        let of_earlier = |earlier: &Own| earlier.keys.iter().any(|other| clash(other, keys));
        earlier.filter(|earlier| of_earlier(earlier)).map(|earlier| (keys, earlier)).next()
    });
    match clash {
        Some((keys, earlier)) => {
            let line = |own: &Own| own.line.unwrap_or_default();
            troubles.push(format!(
                "line {}: {} in {} is taken by {} in line {}; that one holds",
                line(&own),
                shown(keys),
                name_of(&own.context),
                name_of(&earlier.action),
                line(earlier)
            ));
        }
        None => remap.own.push(own),
    }
}

/// Whether one of two sequences begins with the other, so that only one can mean something.
fn clash(one: &[Chord], other: &[Chord]) -> bool {
    one.starts_with(other) || other.starts_with(one)
}

fn line_at(text: &str, at: usize) -> usize {
    1 + text.bytes().take(at).filter(|byte| *byte == b'\n').count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mistakes_and_conflicts_are_named_with_their_lines() {
        let text = "[panes]\ncopy = \"y y\"\nmove = [\"y\", \"F6\"]\nfly = \"x\"\nrename = \"Hyper-x\"\n\
                    steps = \"s\"\nsort = 3\n[nowhere]\ncopy = \"x\"\n";
        let (remap, troubles) = read(text);
        assert_eq!(remap.keys(Context::Panes, Action::Copy).map(<[Keys]>::len), Some(1));
        assert!(
            troubles[0].starts_with("line 3: y in panes is taken by copy in line 2"),
            "{troubles:?}"
        );
        assert!(troubles[1].starts_with("line 4: fly: there is no such action"), "{troubles:?}");
        assert!(troubles[2].starts_with("line 5: rename: “Hyper-x” is no key"), "{troubles:?}");
        assert!(troubles[3].starts_with("line 6: steps: this action does nothing there"));
        assert!(troubles[4].starts_with("line 7: sort: it has to be"), "{troubles:?}");
        assert!(troubles[5].starts_with("line 8: nowhere is none of panes"), "{troubles:?}");
        assert_eq!(troubles.len(), 6);
        assert!(read("[panes\n").1[0].starts_with("line 1: "));
    }
}
