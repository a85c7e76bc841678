//! The hosts that an ssh config names, to be offered; how to reach them is for ssh to say.

use std::{
    fs,
    path::{Path, PathBuf},
};

use globset::Glob;

use super::tokens::home;
use crate::domain::{
    book::SshHost,
    site::{Protocol, Site},
};

/// Files that include files are followed this deep, as by ssh.
const DEEPEST: usize = 16;
/// More hosts than this are no list to choose from.
const MOST: usize = 2_000;

/// Names behind `Host` that are no patterns, in the order of the file. Nothing that cannot be read is told: whoever
/// opens a host is.
pub fn hosts(config: Option<&Path>) -> Vec<SshHost> {
    let own = home().map(|home| home.join(".ssh"));
    let file = match config {
        Some(config) => config.to_owned(),
        None => match &own {
            Some(own) => own.join("config"),
            None => return Vec::new(),
        },
    };
    let mut found = Vec::new();
    read(&file, own.as_deref(), 0, &mut found);
    found
}

fn read(file: &Path, own: Option<&Path>, depth: usize, found: &mut Vec<SshHost>) {
    let Ok(text) = fs::read_to_string(file) else { return };
    // Hosts of the section being read.
    let mut section = found.len()..found.len();
    for line in text.lines() {
        let Some((keyword, value)) = words(line) else { continue };
        match keyword.to_ascii_lowercase().as_str() {
            "host" => {
                let start = found.len();
                for name in value.split_whitespace() {
                    add(name, found);
                }
                section = start..found.len();
            }
            "match" => section = found.len()..found.len(),
            "include" if depth < DEEPEST => {
                for pattern in value.split_whitespace() {
                    for included in expand(pattern, own) {
                        read(&included, own, depth + 1, found);
                    }
                }
            }
            "hostname" => fill(&mut found[section.clone()], value, |host| &mut host.host_name),
            "user" => fill(&mut found[section.clone()], value, |host| &mut host.user),
            _ => {}
        }
    }
}

/// A keyword and the rest of its line, which may stand behind an equals sign; quotes are taken off.
fn words(line: &str) -> Option<(&str, &str)> {
    let line = line.trim();
    if line.starts_with('#') {
        return None;
    }
    let end = line.find(|c: char| c.is_whitespace() || c == '=')?;
    let (keyword, rest) = line.split_at(end);
    let rest = rest.trim_start_matches(|c: char| c.is_whitespace() || c == '=').trim_end();
    Some((keyword, rest.trim_matches('"')))
}

fn add(name: &str, found: &mut Vec<SshHost>) {
    let is_known = found.iter().any(|host| host.name == name);
    // No address holds what makes a pattern of a name: * ? and !
    let is_address = Site::new(Protocol::Sftp, None, name, None).is_ok();
    if !is_known && is_address && found.len() < MOST {
        found.push(SshHost {
            name: name.to_owned(),
            host_name: String::new(),
            user: String::new(),
        });
    }
}

/// The first value counts (ssh_config(5)).
fn fill(section: &mut [SshHost], value: &str, part: impl Fn(&mut SshHost) -> &mut String) {
    for host in section {
        let part = part(host);
        if part.is_empty() {
            *part = crate::domain::display::escape_text(value);
        }
    }
}

/// The files a pattern of `Include` means; wildcards in its last part only.
fn expand(pattern: &str, own: Option<&Path>) -> Vec<PathBuf> {
    let path = match pattern.strip_prefix("~/") {
        Some(rest) => match home() {
            Some(home) => home.join(rest),
            None => return Vec::new(),
        },
        None if pattern.starts_with('/') => pattern.into(),
        None => match own {
            Some(own) => own.join(pattern),
            None => return Vec::new(),
        },
    };
    let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    if !name.contains(['*', '?', '[']) {
        return vec![path];
    }
    let (Some(folder), Ok(glob)) = (path.parent(), Glob::new(&name)) else { return Vec::new() };
    let matcher = glob.compile_matcher();
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    let mut files: Vec<PathBuf> = entries
        .filter_map(|entry| Some(entry.ok()?.file_name()))
        .filter(|name| matcher.is_match(name))
        .map(|name| folder.join(name))
        .collect();
    files.sort();
    files
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_offered_and_patterns_are_not() {
        let folder = tempfile::tempdir().unwrap();
        let (main, more) = (folder.path().join("config"), folder.path().join("more.conf"));
        fs::write(&more, "Host third\n  User berta\nInclude /nowhere/at/all\n").unwrap();
        let text = format!(
            "# mine\nHost one *.example !no\n  HostName=one.example\n  User anna\n  User later\n\
             host two one -oProxyCommand=x\nMatch host x\n  User nobody\nInclude {}/*.conf\n",
            folder.path().display()
        );
        fs::write(&main, text).unwrap();
        let found = hosts(Some(&main));
        let shown: Vec<_> = found
            .iter()
            .map(|host| (host.name.as_str(), host.host_name.as_str(), host.user.as_str()))
            .collect();
        assert_eq!(
            shown,
            [("one", "one.example", "anna"), ("two", "", ""), ("third", "", "berta")]
        );
        assert_eq!(hosts(Some(&folder.path().join("none"))), []);
    }

    #[test]
    fn a_file_that_includes_itself_ends() {
        let folder = tempfile::tempdir().unwrap();
        let main = folder.path().join("config");
        fs::write(&main, format!("Host a\nInclude {}\n", main.display())).unwrap();
        assert_eq!(hosts(Some(&main)).len(), 1);
    }
}
