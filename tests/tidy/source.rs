//! Rust source as a row of words: comments and literals left out, test-only items set apart.

use std::{
    fs,
    path::{Path, PathBuf},
};

/// One file.
#[derive(Debug, Clone)]
pub(super) struct Source {
    /// Below the package, such as `src/storage/mod.rs`.
    pub(super) path: String,
    pub(super) text: String,
    /// All words.
    pub(super) words: Vec<Word>,
    /// The words that are compiled without `cfg(test)`; empty for files that are tests altogether.
    pub(super) product: Vec<Word>,
}

/// An identifier, or one character of punctuation, and its line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Word {
    pub(super) text: String,
    pub(super) line: usize,
}

impl Source {
    pub(super) fn new(path: &str, text: &str) -> Self {
        let words = words(text);
        let is_test =
            path.starts_with("tests/") || path.ends_with("tests.rs") || path.contains("/tests/");
        let product = if is_test { Vec::new() } else { without_tests(&words) };
        Self { path: path.into(), text: text.into(), words, product }
    }

    /// The path of the module, `["storage", "sftp"]`; empty for `lib.rs`.
    pub(super) fn module(&self) -> Vec<String> {
        let inner = self.path.trim_start_matches("src/").trim_end_matches(".rs");
        let inner = inner.strip_suffix("/mod").unwrap_or(inner);
        inner.split('/').filter(|part| *part != "lib").map(str::to_owned).collect()
    }

    /// The paths in use that begin at the crate, a crate, or a module nearby, groups written out.
    pub(super) fn paths(&self, roots: &[&str]) -> Vec<(Vec<String>, usize)> {
        let module = self.module();
        let children = declared_modules(&self.product);
        let mut found = Vec::new();
        for (at, word) in self.product.iter().enumerate() {
            let starts = at == 0 || self.product[at - 1].text != ":";
            let relative = ["crate", "super", "self"].contains(&word.text.as_str());
            let child = children.contains(&word.text);
            if !starts || !(relative || child || roots.contains(&word.text.as_str())) {
                continue;
            }
            let mut expanded = Vec::new();
            expand(&self.product, at, &mut Vec::new(), &mut expanded);
            for path in expanded {
                // `crate` in `pub(crate)`, `self` as a receiver.
                if path.len() == 1 && (relative || child) {
                    continue;
                }
                found.push((resolve(&module, path, child), word.line));
            }
        }
        found
    }
}

/// Names declared by `mod name;`.
fn declared_modules(words: &[Word]) -> Vec<String> {
    let declarations = words.windows(3).filter(|w| w[0].text == "mod" && w[2].text == ";");
    declarations.map(|w| w[1].text.clone()).collect()
}

/// Follows `a::b::{c, d::e}` from the word at `at`; returns the place after it.
fn expand(
    words: &[Word],
    mut at: usize,
    prefix: &mut Vec<String>,
    found: &mut Vec<Vec<String>>,
) -> usize {
    let depth = prefix.len();
    let text = |at: usize| words.get(at).map_or("", |word| word.text.as_str());
    loop {
        if text(at) == "{" {
            at += 1;
            while text(at) != "}" && !text(at).is_empty() {
                at = expand(words, at, prefix, found);
                while text(at) == "," {
                    at += 1;
                }
            }
            at += 1;
            break;
        }
        prefix.push(text(at).to_owned());
        at += 1;
        if text(at) == ":"
            && text(at + 1) == ":"
            && (is_name(text(at + 2)) || "{*".contains(text(at + 2)))
        {
            at += 2;
            continue;
        }
        if text(at) == "as" {
            at += 2;
        }
        found.push(prefix.clone());
        break;
    }
    prefix.truncate(depth);
    at
}

fn is_name(text: &str) -> bool {
    text.starts_with(|c: char| c.is_alphabetic() || c == '_')
}

/// Makes a path absolute, as seen from a module.
fn resolve(module: &[String], path: Vec<String>, from_child: bool) -> Vec<String> {
    let mut absolute: Vec<String> = match path[0].as_str() {
        "crate" => Vec::new(),
        "super" | "self" => module.to_vec(),
        _ if from_child => module.to_vec(),
        _ => return path,
    };
    for part in path {
        match part.as_str() {
            "super" => drop(absolute.pop()),
            "crate" | "self" => {}
            _ => absolute.push(part),
        }
    }
    absolute
}

/// Every Rust file below `src` and `tests`.
pub(super) fn all() -> Vec<Source> {
    let package = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut files = Vec::new();
    walk(&package.join("src"), &mut files);
    walk(&package.join("tests"), &mut files);
    files.sort();
    let read = |file: PathBuf| {
        let path = file.strip_prefix(package).unwrap().to_string_lossy().replace('\\', "/");
        Source::new(&path, &fs::read_to_string(&file).unwrap())
    };
    files.into_iter().map(read).collect()
}

fn walk(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            walk(&path, files);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
}

/// Leaves out every item marked `#[cfg(test)]`, `#[cfg(all(test, …))]` too.
fn without_tests(words: &[Word]) -> Vec<Word> {
    let mut kept = Vec::new();
    let mut at = 0;
    while at < words.len() {
        if let Some(end) = end_of_test_mark(&words[at..]) {
            at = end_of_item(words, at + end);
        } else {
            kept.push(words[at].clone());
            at += 1;
        }
    }
    kept
}

/// How many words a mark takes that says "in tests only", if one stands here.
fn end_of_test_mark(words: &[Word]) -> Option<usize> {
    let text = |at: usize| words.get(at).map_or("", |word: &Word| word.text.as_str());
    let begins = ["#", "[", "cfg", "("].iter().enumerate().all(|(at, word)| text(at) == *word);
    let end = words.iter().position(|word| word.text == "]")?;
    let says = |word: &str| (4..end).any(|at| text(at) == word);
    (begins && says("test") && !says("not") && !says("any")).then_some(end + 1)
}

/// The place after the item that begins at `at`: after its `;`, or after the brace that closes it.
fn end_of_item(words: &[Word], mut at: usize) -> usize {
    let mut depth = 0;
    while let Some(word) = words.get(at) {
        at += 1;
        match word.text.as_str() {
            "{" | "(" | "[" => depth += 1,
            ")" | "]" => depth -= 1,
            "}" => {
                depth -= 1;
                if depth == 0 {
                    break;
                }
            }
            ";" if depth == 0 => break,
            _ => {}
        }
    }
    at
}

fn words(text: &str) -> Vec<Word> {
    let characters: Vec<char> = text.chars().collect();
    let mut words = Vec::new();
    let (mut at, mut line) = (0, 1);
    let peek = |at: usize| characters.get(at).copied().unwrap_or('\0');
    while at < characters.len() {
        let start = at;
        let c = characters[at];
        if c == '/' && peek(at + 1) == '/' {
            while at < characters.len() && characters[at] != '\n' {
                at += 1;
            }
        } else if c == '/' && peek(at + 1) == '*' {
            let mut depth = 0;
            loop {
                match (peek(at), peek(at + 1)) {
                    ('/', '*') => (depth, at) = (depth + 1, at + 2),
                    ('*', '/') => (depth, at) = (depth - 1, at + 2),
                    _ => at += 1,
                }
                if depth == 0 || at >= characters.len() {
                    break;
                }
            }
        } else if let Some(end) = end_of_raw_string(&characters, at) {
            at = end;
        } else if c == '"' || (matches!(c, 'b' | 'c') && peek(at + 1) == '"') {
            at += if c == '"' { 1 } else { 2 };
            while at < characters.len() && characters[at] != '"' {
                at += if characters[at] == '\\' { 2 } else { 1 };
            }
            at += 1;
        } else if c == '\'' {
            if peek(at + 1) == '\\' {
                at += 3;
                while at < characters.len() && characters[at] != '\'' {
                    at += 1;
                }
                at += 1;
            } else if peek(at + 2) == '\'' {
                at += 3;
            } else {
                at += 1; // a lifetime
            }
        } else if c.is_alphanumeric() || c == '_' {
            while peek(at).is_alphanumeric() || peek(at) == '_' {
                at += 1;
            }
            words.push(Word { text: characters[start..at].iter().collect(), line });
        } else {
            if !c.is_whitespace() {
                words.push(Word { text: c.to_string(), line });
            }
            at += 1;
        }
        at = at.min(characters.len());
        line += characters[start..at].iter().filter(|c| **c == '\n').count();
    }
    words
}

/// The place after a raw string that begins at `at`, if one does: `r"…"`, `br##"…"##`.
fn end_of_raw_string(characters: &[char], at: usize) -> Option<usize> {
    let peek = |at: usize| characters.get(at).copied().unwrap_or('\0');
    let mut open = at + usize::from(matches!(peek(at), 'b' | 'c'));
    if peek(open) != 'r' || (at > 0 && (peek(at - 1).is_alphanumeric() || peek(at - 1) == '_')) {
        return None;
    }
    open += 1;
    let hashes = (open..).take_while(|place| peek(*place) == '#').count();
    open += hashes;
    if peek(open) != '"' {
        return None;
    }
    let closes = |place: usize| peek(place) == '"' && (1..=hashes).all(|n| peek(place + n) == '#');
    let end = (open + 1..characters.len()).find(|place| closes(*place))?;
    Some(end + 1 + hashes)
}

#[test]
fn words_leave_out_what_is_not_code() {
    let text = r###"
        use a::b; // c::d
        /* e /* f */ g */ let s = "h \" i"; let r = r#"j " k"#; let l: &'l str = b"m"; 'n'; '\''; o
    "###;
    let found: Vec<String> = words(text).into_iter().map(|word| word.text).collect();
    let expected = "use a : : b ; let s = ; let r = ; let l : & l str = ; ; ; o";
    assert_eq!(found.join(" "), expected);
}

#[test]
fn paths_are_written_out_and_made_absolute() {
    let text = "mod inner; use crate::{domain::{a::B, c as d}, engine::E}; use super::x::Y; \
                fn f() { inner::g(); self.h(); crate::k::<u8>() } \
                #[cfg(test)] mod tests { use crate::never; } \
                #[cfg(all(test, unix))] #[path = \"x\"] mod more { use crate::never; } pub(crate) struct S;";
    let source = Source::new("src/room/part.rs", text);
    let mut paths: Vec<String> =
        source.paths(&[]).into_iter().map(|(path, _)| path.join("::")).collect();
    paths.sort();
    let expected =
        ["domain::a::B", "domain::c", "engine::E", "k", "room::part::inner::g", "room::x::Y"];
    assert_eq!(paths, expected);
}
