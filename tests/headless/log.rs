//! `wharf log`: what `wharf cp` did, as it is shown, and what it promises.

use std::{
    collections::HashSet,
    fs,
    io::{BufRead as _, BufReader},
    os::unix::ffi::OsStrExt as _,
    path::Path,
    process::Stdio,
    time::Duration,
};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::Value;

use super::{Said, no_server, run, wharf};
use crate::{
    servers::{
        client::{Client, HOST},
        processes::{self, Signal},
        sshd::Sshd,
    },
    support::wait_until,
};

fn log(client: &Client, words: &[&str]) -> Said {
    let said = run(client, Path::new("/"), &[&["log"], words].concat());
    assert_eq!((said.status, &said.errors[..]), (0, ""), "{said:?}");
    said
}

/// Rows of one sort.
fn rows(client: &Client, ending: &str, kind: &str) -> Vec<Value> {
    let rows = log(client, &["--json"]).objects().into_iter();
    rows.filter(|row| row["ending"] == ending && row["kind"] == kind).collect()
}

fn many(folder: &Path, count: usize) {
    fs::create_dir(folder).unwrap();
    for number in 0..count {
        fs::write(folder.join(format!("{number:04}")), format!("content of {number}")).unwrap();
    }
}

#[test]
fn every_step_is_there_with_what_is_known_of_it() {
    let Some(sshd) = Sshd::options().start() else { return };
    let client = sshd.client().known().write();
    let here = tempfile::tempdir().unwrap();
    let tree = here.path().join("tree");
    fs::create_dir(&tree).unwrap();
    fs::write(tree.join("a"), "alpha").unwrap();
    let odd = b"caf\xe9\x1b[2J";
    fs::write(tree.join(std::ffi::OsStr::from_bytes(odd)), "latin").unwrap();
    let to = format!("{HOST}:");
    assert_eq!(run(&client, here.path(), &["cp", "-r", "tree", &to]).status, 0);
    assert_eq!(run(&client, here.path(), &["cp", "tree/a", "missing", &to]).status, 1);
    assert_eq!(
        run(&client, here.path(), &["cp", "--on-conflict", "skip", "tree/a", &to]).status,
        0
    );

    let files = rows(&client, "done", "file");
    assert_eq!(files.len(), 3, "{files:#?}");
    let a = files.iter().find(|row| row["from"] == tree.join("a").to_str().unwrap()).unwrap();
    assert_eq!(a["to"], format!("{HOST}:{}", sshd.files().join("tree/a").display()));
    assert_eq!((&a["bytes"], &a["attempts"]), (&5.into(), &1.into()));
    assert_eq!((&a["verdict"], &a["method"]), (&"hash".into(), &"sha256".into()));
    assert_eq!(a["sha256"], "8ed3f6ad685b959ead7022518e1af76cd816f8e8ec7ccdda1ed4018e8f2223f8");
    let time = |key: &str| a[key].as_str().unwrap().parse::<jiff::Timestamp>().unwrap();
    let age = jiff::Timestamp::now().duration_since(time("ended"));
    assert!(time("began") <= time("ended") && age.as_secs() < 60, "{a}");
    let bytes = |row: &Value, key: &str| STANDARD.decode(row[key].as_str()?).ok();
    let latin = files.iter().find_map(|row| bytes(row, "from_base64")).unwrap();
    assert!(latin.ends_with(odd));
    let latin = files.iter().find_map(|row| bytes(row, "to_base64")).unwrap();
    assert!(latin.ends_with(&[b"/tree/", &odd[..]].concat()));
    assert_eq!(rows(&client, "done", "directory").len(), 1);

    let failed = rows(&client, "failed", "file");
    assert_eq!(failed.len(), 1, "{failed:#?}");
    assert!(failed[0]["why"].as_str().unwrap().starts_with("Could not "), "{failed:?}");
    assert_eq!(rows(&client, "skipped", "file").len(), 1);
    let jobs: HashSet<i64> =
        log(&client, &["--json"]).objects().iter().filter_map(|row| row["job"].as_i64()).collect();
    assert_eq!(jobs.len(), 3);

    let said = log(&client, &[]);
    let lines: Vec<&str> = said.output.lines().collect();
    assert_eq!(lines.len(), 6, "{}", said.output);
    assert!(said.output.contains(r"caf\xe9\u{1b}[2J"), "{}", said.output);
    assert!(lines.iter().all(|line| !line.chars().any(char::is_control)));
    // The places begin in the same column.
    let columns = lines.iter().map(|line| line.find(here.path().to_str().unwrap()).unwrap());
    assert_eq!(columns.collect::<HashSet<_>>().len(), 1, "{}", said.output);
}

#[test]
fn rows_are_chosen_by_time_by_failure_and_by_number_the_newest_last() {
    let client = no_server().write();
    let here = tempfile::tempdir().unwrap();
    many(&here.path().join("d"), 4);
    assert_eq!(log(&client, &["--json"]).output, "", "nothing was done yet");
    assert!(!client.state_dir().join("journal.sqlite").exists(), "looking makes none");
    for source in ["d/0000", "missing", "d/0001", "d/0002", "missing"] {
        run(&client, here.path(), &["cp", "--on-conflict", "overwrite", source, "to"]);
    }
    let names = |words: &[&str]| -> Vec<String> {
        let last = |row: &Value| row["from"].as_str().unwrap().rsplit('/').next().unwrap().into();
        log(&client, &[&["--json"], words].concat()).objects().iter().map(last).collect()
    };
    assert_eq!(names(&[]), ["0000", "missing", "0001", "0002", "missing"]);
    assert_eq!(names(&["-n", "2"]), ["0002", "missing"]);
    assert_eq!(names(&["-n", "0"]), [""; 0]);
    assert_eq!(names(&["--failed"]), ["missing", "missing"]);
    assert_eq!(names(&["--failed", "-n", "1"]), ["missing"]);
    assert_eq!(names(&["--since", "1h"]).len(), 5);
    assert_eq!(names(&["--since", "2999-01-01T00:00:00Z"]), [""; 0]);
    let ended = log(&client, &["--json"]).objects()[2]["ended"].as_str().unwrap().to_owned();
    assert_eq!(names(&["--since", &ended]), ["0001", "0002", "missing"]);
    let said = run(&client, here.path(), &["log", "--since", "yesterday\x1b"]);
    assert_eq!((said.status, &said.output[..]), (2, ""));
    said.complains("yesterday\\u{1b}");
}

#[test]
fn what_was_told_is_in_the_log_whatever_becomes_of_the_process() {
    let client = no_server().write();
    let here = tempfile::tempdir().unwrap();
    many(&here.path().join("d"), 3000);
    for round in 0..5 {
        let to = format!("to-{round}");
        let mut command = wharf(&client, here.path(), &["cp", "-r", "--json", "d", &to]);
        let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let mut told = Vec::new();
        for line in lines.by_ref().take(200 + 37 * round) {
            told.push(line.unwrap());
        }
        processes::signal(child.id(), Signal::KILL);
        // What was in the pipe was told as well; the last line may be half of one.
        told.extend(lines.map_while(Result::ok));
        assert!(!child.wait().unwrap().success(), "it was killed in the middle");
        let place = |row: &Value| row["to"].as_str().map(str::to_owned);
        let done: HashSet<String> =
            rows(&client, "done", "file").iter().filter_map(place).collect();
        let told = told.iter().filter_map(|line| serde_json::from_str::<Value>(line).ok());
        let told: Vec<String> = told.filter_map(|row| place(&row)).collect();
        assert!(told.len() >= 200, "{told:?}");
        for to in told {
            assert!(done.contains(&to), "{to} was told as done, and is not in the log");
        }
        for to in done {
            assert!(Path::new(&to).exists(), "{to} is done in the log, and is not there");
        }
    }
}

#[test]
fn what_cannot_be_written_yet_is_not_told_yet() {
    let client = no_server().write();
    let here = tempfile::tempdir().unwrap();
    many(&here.path().join("d"), 2000);
    let mut command = wharf(&client, here.path(), &["cp", "-r", "--json", "d", "to"]);
    let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let first = lines.next().unwrap().unwrap();
    // From here on nothing is written.
    let other = rusqlite::Connection::open(client.state_dir().join("journal.sqlite")).unwrap();
    other.busy_timeout(Duration::from_secs(30)).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let arrived = || {
        let entries = fs::read_dir(here.path().join("to")).into_iter().flatten().flatten();
        entries.filter(|entry| !entry.file_name().as_bytes().starts_with(b".")).count()
    };
    let before = arrived();
    wait_until("more arrive", Duration::from_secs(30), || arrived() >= (before + 300).min(2000));
    processes::signal(child.id(), Signal::KILL);
    let told: Vec<String> = std::iter::once(first).chain(lines.map_while(Result::ok)).collect();
    child.wait().unwrap();
    drop(other);
    let written = rows(&client, "done", "file");
    assert!(told.len() <= written.len(), "{} told, {} written", told.len(), written.len());
    assert!(written.len() < arrived(), "there was nothing left to be written");
}

#[test]
fn many_at_once_write_without_harm() {
    let client = no_server().write();
    let here = tempfile::tempdir().unwrap();
    many(&here.path().join("d"), 300);
    let children: Vec<_> = (0..4)
        .map(|number| {
            let mut command =
                wharf(&client, here.path(), &["cp", "-qr", "d", &format!("to-{number}")]);
            command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
        })
        .collect();
    for child in children {
        let said = Said::of(child.wait_with_output().unwrap());
        assert_eq!((said.status, &said.errors[..]), (0, ""), "{said:?}");
    }
    let files = rows(&client, "done", "file");
    let mut places: Vec<&str> = files.iter().map(|row| row["to"].as_str().unwrap()).collect();
    assert_eq!(places.len(), 1200);
    places.sort_unstable();
    places.dedup();
    assert_eq!(places.len(), 1200);
    for job in 1..=4 {
        assert_eq!(files.iter().filter(|row| row["job"] == job).count(), 300, "job {job}");
    }
}
