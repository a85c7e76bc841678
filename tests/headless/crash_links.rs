//! Links of which both are kept, with Wharf killed around the renames: as with files, nothing arrives twice
//! (FAULTS.md 28).

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    os::unix::fs::symlink,
    path::Path,
};

use super::{crash::dies_at, no_server, run, wharf};
use crate::servers::{client::HOST, sshd::Sshd};

const LINKS: usize = 12;

/// Names and what the links of these names say; what is no link is told as such.
fn links(folder: &Path) -> BTreeMap<String, String> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap());
    let told = entries.map(|entry| {
        let says = fs::read_link(entry.path()).map(|link| link.to_string_lossy().into_owned());
        (entry.file_name().to_string_lossy().into_owned(), says.unwrap_or("no link".to_owned()))
    });
    told.collect()
}

#[test]
fn killed_while_both_are_kept_there_is_one_link_of_each() {
    for moment in ["BeforeRename:0", "BeforeRename:5", "AfterRename:0", "AfterRename:7"] {
        for to_server in [false, true] {
            let what = format!("{moment}, to a server: {to_server}");
            let here = tempfile::tempdir().unwrap();
            let server = if to_server { Sshd::options().start() } else { None };
            let (client, to, there) = match &server {
                None if to_server => return,
                None => (no_server().write(), "to".to_owned(), here.path().join("to")),
                Some(sshd) => {
                    (sshd.client().known().write(), format!("{HOST}:to"), sshd.files().join("to"))
                }
            };
            let mut expected = BTreeMap::new();
            for folder in [here.path().join("from"), there.join("from")] {
                fs::create_dir_all(folder).unwrap();
            }
            for number in 0..LINKS {
                let (name, new) = (number.to_string(), format!("new {number}"));
                symlink(&new, here.path().join("from").join(&name)).unwrap();
                let taken = number % 3 != 0;
                if taken {
                    let old = format!("old {number}");
                    symlink(&old, there.join("from").join(&name)).unwrap();
                    expected.insert(name.clone(), old);
                }
                expected.insert(if taken { format!("{name} (2)") } else { name }, new);
            }
            let words = ["cp", "-q", "-r", "--on-conflict", "keep-both", "from", &to];
            assert!(dies_at(wharf(&client, here.path(), &words), moment), "{what} was not met");
            let resume = || wharf(&client, here.path(), &["queue", "resume", "-q"]);
            // Once more on the way, and then to the end.
            dies_at(resume(), "AfterRename:1");
            let output = resume().output().unwrap();
            assert!(output.status.success(), "{what}: {output:?}");
            let mut found = links(&there.join("from"));
            // What a killed one had made and not named is its part, and is cleared away when asked for.
            found.retain(|name, _| !name.ends_with(".part"));
            assert_eq!(found, expected, "{what}");
            let rows = run(&client, here.path(), &["log", "--json"]).objects();
            let told: Vec<_> = rows.iter().filter(|row| row["kind"] == "link").collect();
            assert!(told.iter().all(|row| row["ending"] == "done"), "{what}: {told:?}");
            // Each once, under the name it got.
            let names: BTreeSet<_> = told.iter().map(|row| row["to"].as_str()).collect();
            assert_eq!((told.len(), names.len()), (LINKS, LINKS), "{what}: {told:?}");
        }
    }
}
