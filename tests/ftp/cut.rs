//! The connection ends in every phase of a copy, once: the file arrives, once and whole.

use std::{
    collections::BTreeSet,
    fs,
    time::{Duration, Instant},
};

use super::*;
use crate::{
    headless::{self, Said},
    servers::evil_ftp::Trick,
};

const SIZE: usize = 300_000;
/// Half of what is waited for a connection on which nothing moves.
const NO_TIME_OUT: Duration = Duration::from_secs(30);

fn content() -> Vec<u8> {
    (0..SIZE).map(|at| (at >> 9) as u8 ^ at as u8).collect()
}

/// Copies `file` from or to the server, whatever it does meanwhile.
fn copy(evil: &EvilFtp, folder: &std::path::Path, up: bool) -> Said {
    let client = headless::no_server().write();
    let site = format!("ftp://anna@127.0.0.1:{}", evil.port());
    let words = match up {
        true => ["cp".into(), "file".into(), format!("{site}/srv/file")],
        false => ["cp".into(), format!("{site}/srv/file"), "file".into()],
    };
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let mut command = headless::wharf(&client, folder, &words);
    Said::of(command.env("WHARF_PASSWORD", CANARY).output().unwrap())
}

fn down(trick: &Trick) {
    let evil = EvilFtp::start(|world| {
        world.file("/srv/file", &content());
        world.trick(trick.clone());
    });
    let folder = tempfile::tempdir().unwrap();
    let said = copy(&evil, folder.path(), false);
    assert_eq!(said.status, 0, "{trick:?}: {said:?}");
    assert!(fs::read(folder.path().join("file")).unwrap() == content(), "{trick:?}");
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "{trick:?}: a part was left");
}

fn up(trick: &Trick) {
    let evil = EvilFtp::start(|world| {
        world.features(&["MLST type*;size*;modify*;", "MFMT", "SIZE", "REST STREAM"]);
        world.trick(trick.clone());
    });
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("file"), content()).unwrap();
    let said = copy(&evil, folder.path(), true);
    assert_eq!(said.status, 0, "{trick:?}: {said:?}");
    let world = evil.world();
    assert!(world.content("/srv/file") == Some(content()), "{trick:?}");
    assert_eq!(world.paths(), ["/srv/file"], "{trick:?}: a part was left");
}

/// Fault 20, for a file that comes.
#[test]
fn a_file_that_is_fetched_survives_an_end_in_every_phase() {
    for verb in ["MLST", "EPSV", "RETR"] {
        down(&Trick::HangsUpOnce(verb));
        down(&Trick::LosesReplyOnce(verb));
    }
    for at in [0, 1, SIZE / 2, SIZE - 1, SIZE] {
        down(&Trick::BreaksOnce { at });
    }
}

/// Fault 20, for a file that goes.
#[test]
fn a_file_that_is_sent_survives_an_end_in_every_phase() {
    for verb in ["CWD", "MLST", "EPSV", "STOR", "SITE", "MFMT", "RNFR", "RNTO"] {
        up(&Trick::HangsUpOnce(verb));
        up(&Trick::LosesReplyOnce(verb));
    }
}

/// A server that has said that it gives a file up need not close the connection the file comes by: nobody waits for that.
#[test]
fn a_file_that_is_given_up_is_waited_for_no_longer() {
    let began = Instant::now();
    down(&Trick::GivesUpOnce { at: SIZE / 2, say: "426 that is enough for now" });
    assert!(began.elapsed() < NO_TIME_OUT, "{:?}", began.elapsed());
}

/// An upload that stops several times is gone on with, and not begun again each time: else it would never end. What a
/// server that has given up does not take any more is not waited for.
#[test]
fn a_file_that_is_sent_goes_on_where_it_stopped() {
    const LARGE: usize = 20 << 20;
    let content: Vec<u8> = (0..LARGE).map(|at| (at >> 9) as u8 ^ at as u8).collect();
    let evil = EvilFtp::start(|world| {
        world.features(&["MLST type*;size*;modify*;", "MFMT", "SIZE", "REST STREAM"]);
        world.trick(Trick::Stop { at: 12 << 20, say: "426 that is enough for now" });
    });
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("file"), &content).unwrap();
    let began = Instant::now();
    let said = copy(&evil, folder.path(), true);
    assert_eq!(said.status, 0, "{said:?}");
    assert!(began.elapsed() < NO_TIME_OUT, "{:?}", began.elapsed());
    let world = evil.world();
    assert!(world.content("/srv/file") == Some(content));
    assert_eq!(world.paths(), ["/srv/file"], "a part was left");
    let seen = world.seen();
    let stores = seen.iter().filter(|line| line.starts_with("STOR")).count();
    let rests = seen.iter().filter(|line| line.starts_with("REST")).count();
    assert!(stores >= 3 && rests >= stores - 1, "{seen:?}");
}

/// Fault 17: of a part that is no longer than what may be missing at its end nothing is kept. It is begun again, and not
/// gone on with at its beginning, which no FTP server does.
#[test]
fn a_file_of_which_nothing_may_be_kept_is_begun_again() {
    let content: Vec<u8> = (0..4 << 20).map(|at: usize| (at >> 9) as u8 ^ at as u8).collect();
    let evil = EvilFtp::start(|world| {
        world.features(&["MLST type*;size*;modify*;", "MFMT", "SIZE", "REST STREAM"]);
        world.trick(Trick::StopsOnce { at: 2 << 20, say: "426 that is enough for now" });
    });
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("file"), &content).unwrap();
    let began = Instant::now();
    let said = copy(&evil, folder.path(), true);
    assert_eq!(said.status, 0, "{said:?}");
    assert!(began.elapsed() < NO_TIME_OUT, "{:?}", began.elapsed());
    let world = evil.world();
    assert!(!world.has_tricks(), "it never stopped");
    assert!(world.content("/srv/file") == Some(content));
    assert_eq!(world.paths(), ["/srv/file"], "a part was left");
    let seen = world.seen();
    let count = |verb: &str| seen.iter().filter(|line| line.starts_with(verb)).count();
    assert_eq!((count("STOR"), count("REST")), (2, 0), "{seen:?}");
}

/// What the two above are about is what a copy consists of.
#[test]
fn no_phase_is_left_out() {
    let evil = EvilFtp::start(|world| {
        world.features(&["MLST type*;size*;modify*;", "MFMT", "SIZE", "REST STREAM"]);
    });
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("file"), content()).unwrap();
    assert_eq!(copy(&evil, folder.path(), true).status, 0);
    fs::remove_file(folder.path().join("file")).unwrap();
    assert_eq!(copy(&evil, folder.path(), false).status, 0);
    let seen = evil.world().seen();
    let verbs: BTreeSet<&str> = seen.iter().filter_map(|line| line.split(' ').next()).collect();
    let login = ["USER", "PASS", "FEAT", "TYPE", "PWD", "OPTS", "QUIT", "NOOP"];
    let phases: Vec<&str> = verbs.into_iter().filter(|verb| !login.contains(verb)).collect();
    assert_eq!(phases, ["CWD", "EPSV", "MFMT", "MLST", "RETR", "RNFR", "RNTO", "SITE", "STOR"]);
}
