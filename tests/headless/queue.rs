//! `wharf queue`: jobs that were interrupted are listed, gone on with, dropped; those that run are left alone.

use std::{
    fs,
    path::Path,
    process::{Command, Stdio},
    time::Duration,
};

use super::{Said, no_server, run, wharf};
use crate::{
    servers::{
        client::{Client, HOST},
        processes::{self, Signal},
        relay::Relay,
        sshd::Sshd,
    },
    support::wait_until,
};

const LONG: Duration = Duration::from_secs(60);
const SIZE: usize = 96 << 20;

fn queue(client: &Client, words: &[&str]) -> Said {
    run(client, Path::new("/"), &[&["queue"], words].concat())
}

/// A copy from a slow server that ends by a signal once a good deal of it is here; what it said.
fn stopped_by(client: &Client, relay: &Relay, here: &Path, signal: Signal) -> Said {
    relay.down().rate(16_000_000);
    let mut command = wharf(client, here, &["cp", "-q", &format!("{HOST}:down"), "."]);
    let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let id = child.id();
    let running = || queue(client, &["--json"]).objects();
    wait_until("some of it is here", LONG, || carried(here) > SIZE as u64 * 2 / 3);
    assert_eq!(running()[0]["state"], "running");
    assert_eq!(running()[0]["pid"], id);
    processes::signal(id, signal);
    relay.down().rate(u64::MAX);
    Said::of(child.wait_with_output().unwrap())
}

/// Bytes of parts.
fn carried(here: &Path) -> u64 {
    let entries = fs::read_dir(here).unwrap().map(|entry| entry.unwrap());
    let parts = entries.filter(|entry| entry.file_name().to_string_lossy().ends_with(".part"));
    use std::os::unix::fs::MetadataExt as _;
    parts.filter_map(|part| part.metadata().ok()).map(|found| found.blocks() * 512).sum()
}

#[test]
fn a_copy_that_was_terminated_is_gone_on_with_from_its_part() {
    let Some(sshd) = Sshd::options().start() else { return };
    let relay = Relay::to(sshd.port());
    let content: Vec<u8> = (0..SIZE).map(|at| (at * 7 + at / 251) as u8).collect();
    fs::write(sshd.files().join("down"), &content).unwrap();
    let client = sshd.client().port(relay.port()).known().write();
    let here = tempfile::tempdir().unwrap();

    let said = stopped_by(&client, &relay, here.path(), Signal::TERM);
    assert_eq!(said.status, 130, "{said:?}");
    said.complains("wharf queue resume goes on with it");
    let jobs = queue(&client, &["--json"]).objects();
    assert_eq!((jobs.len(), &jobs[0]["state"]), (1, &"interrupted".into()), "{jobs:?}");
    let listed = queue(&client, &[]);
    assert!(listed.output.contains("interrupted") && listed.output.contains(HOST), "{listed:?}");

    let before = relay.down().passed();
    let said = queue(&client, &["resume", "--json"]);
    assert_eq!(said.status, 0, "{said:?}");
    assert_eq!(said.events("file")[0]["verdict"], "hash", "{said:?}");
    assert_eq!(fs::read(here.path().join("down")).unwrap(), content);
    let again = relay.down().passed() - before;
    assert!(again < SIZE as u64 * 3 / 4, "{again} bytes came of {SIZE}");
    assert_eq!(carried(here.path()), 0);
    assert_eq!(queue(&client, &[]).output, "");
    assert_eq!(queue(&client, &["resume"]).status, 0, "there is nothing to go on with");
}

#[test]
fn one_that_the_person_stops_is_cancelled() {
    let Some(sshd) = Sshd::options().start() else { return };
    let relay = Relay::to(sshd.port());
    fs::write(sshd.files().join("down"), vec![7; SIZE]).unwrap();
    let client = sshd.client().port(relay.port()).known().write();
    let here = tempfile::tempdir().unwrap();
    let said = stopped_by(&client, &relay, here.path(), Signal::INT);
    assert_eq!((said.status, &said.errors[..]), (130, ""), "{said:?}");
    assert_eq!(queue(&client, &[]).output, "");
    assert_eq!(fs::read_dir(here.path()).unwrap().count(), 0);
}

#[test]
fn two_work_side_by_side_and_neither_touches_the_others_job() {
    let Some(sshd) = Sshd::options().start() else { return };
    let relay = Relay::to(sshd.port());
    let content: Vec<u8> = (0..SIZE).map(|at| (at * 7 + at / 251) as u8).collect();
    fs::write(sshd.files().join("down"), &content).unwrap();
    let client = sshd.client().port(relay.port()).known().write();
    let here = tempfile::tempdir().unwrap();
    fs::write(here.path().join("a"), "alpha").unwrap();
    relay.down().rate(16_000_000);
    let mut command = wharf(&client, here.path(), &["cp", "-q", &format!("{HOST}:down"), "."]);
    let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    wait_until("some of it is here", LONG, || carried(here.path()) > SIZE as u64 / 8);

    // The other one sees the job and leaves it alone, whatever it is told; and it does its own work meanwhile.
    let jobs = queue(&client, &["--json"]).objects();
    assert_eq!((jobs.len(), &jobs[0]["state"]), (1, &"running".into()), "{jobs:?}");
    let number = jobs[0]["job"].to_string();
    assert_eq!(queue(&client, &["resume"]).status, 0, "nothing is left to be gone on with");
    for act in ["resume", "drop"] {
        let said = queue(&client, &[act, &number]);
        assert_eq!(said.status, 1, "{act}: {said:?}");
    }
    let own = run(&client, here.path(), &["cp", "-q", "a", "b"]);
    assert_eq!((own.status, &own.errors[..]), (0, ""), "{own:?}");
    assert_eq!(queue(&client, &["--json"]).objects()[0]["pid"], child.id());

    relay.down().rate(u64::MAX);
    let said = Said::of(child.wait_with_output().unwrap());
    assert_eq!((said.status, &said.errors[..]), (0, ""), "{said:?}");
    assert!(fs::read(here.path().join("down")).unwrap() == content);
    assert_eq!(fs::read(here.path().join("b")).unwrap(), b"alpha");
    let rows = run(&client, here.path(), &["log", "--json"]).objects();
    assert_eq!(rows.iter().filter(|row| row["ending"] == "done").count(), 2, "{rows:?}");
    assert_eq!(queue(&client, &[]).output, "");
}

#[test]
fn what_is_dropped_is_not_offered_again_and_what_is_none_is_said() {
    let client = no_server().write();
    let here = tempfile::tempdir().unwrap();
    fs::create_dir(here.path().join("from")).unwrap();
    for number in 0..20 {
        fs::write(here.path().join(format!("from/{number}")), "x").unwrap();
    }
    let died = |words: &[&str]| {
        let mut command = wharf(&client, here.path(), words);
        !command.env("WHARF_DIE_AT", "AfterRename:5").output().unwrap().status.success()
    };
    assert!(died(&["cp", "-q", "-r", "from", "to"]));
    let jobs = queue(&client, &["--json"]).objects();
    let number = jobs[0]["job"].to_string();
    let said = queue(&client, &["drop", "4711"]);
    assert_eq!(said.status, 1, "{said:?}");
    said.complains("There is no job 4711 that has not ended.");
    assert_eq!(queue(&client, &["resume", "4711"]).status, 1);
    assert_eq!(queue(&client, &["drop"]).status, 2);
    assert_eq!(queue(&client, &["drop", &number]).status, 0);
    assert_eq!(queue(&client, &[]).output, "");
    assert!(fs::read_dir(here.path().join("to")).unwrap().count() >= 5, "what arrived stays");
}

#[test]
fn without_a_journal_there_are_no_jobs_and_none_is_begun() {
    let client = no_server().write();
    let said = queue(&client, &[]);
    assert_eq!((said.status, &said.output[..], &said.errors[..]), (0, "", ""));
    assert!(!client.state_dir().join("journal.sqlite").exists());
}

/// What it may take of memory, in KiB, however much was done of a job.
const MOST_MEMORY: u64 = 150 << 10;

/// Runs to its end; the most memory it took at any time, in KiB.
fn memory_of(mut command: Command) -> u64 {
    let mut child = command.stdout(Stdio::null()).spawn().unwrap();
    let status = format!("/proc/{}/status", child.id());
    let (mut most, mut ended) = (0, None);
    wait_until("the command has ended", Duration::from_secs(120), || {
        let text = fs::read_to_string(&status).unwrap_or_default();
        let line = text.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let kib = line.and_then(|line| line.split_whitespace().next()?.parse().ok());
        most = most.max(kib.unwrap_or(0));
        ended = child.try_wait().unwrap();
        ended.is_some()
    });
    assert!(ended.unwrap().success(), "{ended:?}");
    most
}

#[test]
fn a_job_of_a_million_steps_is_listed_and_gone_on_with_in_bounded_memory() {
    let client = no_server().write();
    let here = tempfile::tempdir().unwrap();
    fs::create_dir(here.path().join("from")).unwrap();
    fs::write(here.path().join("from/a"), "x").unwrap();
    assert_eq!(run(&client, here.path(), &["cp", "-r", "from", "to"]).status, 0);
    let journal = rusqlite::Connection::open(client.state_dir().join("journal.sqlite")).unwrap();
    let fill = "UPDATE job SET ended = NULL, process = 'nobody';
        WITH RECURSIVE n(i) AS (SELECT 10 UNION ALL SELECT i + 1 FROM n WHERE i < 1000009)
        INSERT INTO ledger (job, step, ending, kind, from_path, to_path, size, verdict, method, digest, attempts, began, ended)
        SELECT 1, i, 'done', 'file', CAST('/home/anna/a/longer/folder/file-' || i AS BLOB),
               CAST('/srv/in/a/longer/folder/file-' || i AS BLOB), 1000, 'hash', 'sha256', randomblob(32), 1, 0, 0 FROM n;";
    journal.execute_batch(fill).unwrap();
    drop(journal);
    let listed = run(&client, here.path(), &["queue", "--json"]);
    assert!(listed.objects()[0]["steps_ended"].as_u64().unwrap() > 1_000_000, "{listed:?}");
    for words in [&["queue", "--json"][..], &["queue", "resume", "-q"]] {
        let memory = memory_of(wharf(&client, here.path(), words));
        assert!(memory > 0 && memory < MOST_MEMORY, "{words:?} took {memory} KiB");
    }
    assert_eq!(run(&client, here.path(), &["queue"]).output, "");
}
