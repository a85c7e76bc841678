//! Parts that a killed job leaves are found and removed, those of others and those that are gone on with are not.

use std::{collections::BTreeSet, fs, os::unix::process::ExitStatusExt as _, path::Path};

use super::{no_server, run, wharf};

/// Names in a folder that look like parts.
fn parts(folder: &Path) -> BTreeSet<String> {
    let names = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name());
    let names = names.map(|name| name.into_string().unwrap());
    names.filter(|name| name.starts_with('.') && name.ends_with(".part")).collect()
}

#[test]
fn what_killed_jobs_left_is_cleared_away_and_nothing_else() {
    let client = no_server().write();
    let here = tempfile::tempdir().unwrap();
    let (from, to) = (here.path().join("from/in"), here.path().join("to/from/in"));
    fs::create_dir_all(&from).unwrap();
    for number in 0..30 {
        fs::write(from.join(format!("small-{number}")), vec![1; 2000]).unwrap();
    }
    fs::write(from.join("large"), vec![2; 8 << 20]).unwrap();
    fs::create_dir_all(here.path().join("to")).unwrap();
    let words = ["cp", "-q", "-r", "from", "to"];
    let killed = |words: &[&str], moment: &str| {
        let mut command = wharf(&client, here.path(), words);
        let status = command.env("WHARF_DIE_AT", moment).output().unwrap().status;
        assert_eq!(status.signal(), Some(9), "{moment}");
    };
    killed(&words, "BeforeRename:3");
    let left = parts(&to);
    assert!(!left.is_empty(), "the kill left nothing to clear away");
    // Somebody else's, and one of ours that somebody made up.
    let theirs = [".a.csv.abcde123.part", ".part", ".large.part", "x.part"];
    theirs.iter().for_each(|name| fs::write(to.join(name), "theirs").unwrap());
    let lists = |words: &[&str]| {
        let said = run(&client, here.path(), words);
        assert_eq!((said.status, &said.errors[..]), (0, ""), "{said:?}");
        said
    };
    let listed = lists(&["queue", "clean", "--dry-run"]);
    let is_large = |name: &&String| name.starts_with(".large.");
    let is_listed = |name: &str| listed.output.contains(&format!("/{name}\n"));
    for name in &left {
        // A large one may be gone on with as long as the job may.
        assert_eq!(is_listed(name), !is_large(&name), "{name}: {listed:?}");
    }
    assert!(!theirs.iter().any(|name| is_listed(name)), "{listed:?}");
    assert!(parts(&to).is_superset(&left), "it was only to list them");
    lists(&["queue", "clean", "-q"]);
    let spared: BTreeSet<String> = left.iter().filter(is_large).cloned().collect();
    let others = || {
        let mut parts = parts(&to);
        parts.retain(|name| !theirs.contains(&name.as_str()));
        parts
    };
    assert_eq!(others(), spared);

    // Killed once more, and given up: then nobody goes on with any of it.
    killed(&["queue", "resume", "-q"], "BeforeRename:2");
    let said = lists(&["queue", "--json"]);
    let job = said.objects()[0]["job"].to_string();
    lists(&["queue", "drop", &job]);
    lists(&["queue", "clean", "-q"]);
    assert_eq!(others(), BTreeSet::new());
    for name in theirs {
        assert!(to.join(name).exists(), "{name} was not ours");
    }
    assert_eq!(lists(&["queue", "clean", "--dry-run"]).output, "");
}
