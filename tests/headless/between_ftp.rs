//! Copies from and to FTP servers that let in only so many connections, and between two places of one server.

use std::{fs, path::Path, process::Stdio, time::Duration};

use super::{Said, no_server, wharf};
use crate::{
    servers::ftp_server::{FtpServer, Make, PASSWORD},
    support::wait_until,
};

/// Longer than all that stands still is waited for.
const PATIENCE: Duration = Duration::from_secs(40);
const SMALL: usize = 60;
/// Goes in ranges, where it can.
const LARGE: usize = 20 << 20;

fn lay_out(folder: &Path) {
    let many = folder.join("many");
    fs::create_dir(&many).unwrap();
    for number in 0..SMALL {
        fs::write(many.join(number.to_string()), format!("content of {number}")).unwrap();
    }
    let large: Vec<u8> = (0..LARGE).map(|at| ((at * 31) >> 7) as u8).collect();
    fs::write(many.join("large"), large).unwrap();
}

#[track_caller]
fn hold_the_same(one: &Path, other: &Path) {
    let names = |folder: &Path| {
        let mut names: Vec<_> =
            fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        names.sort();
        names
    };
    assert_eq!(names(one), names(other));
    for name in names(one) {
        assert!(fs::read(one.join(&name)).unwrap() == fs::read(other.join(&name)).unwrap());
    }
}

/// Copies with the real binary, which has to end.
fn copy(words: &[&str]) -> Said {
    let client = no_server().write();
    let mut command = wharf(&client, Path::new("/"), &[&["cp", "-r", "--json"], words].concat());
    command.env("WHARF_PASSWORD", PASSWORD);
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    wait_until("the copy ends", PATIENCE, || child.try_wait().unwrap().is_some());
    Said::of(child.wait_with_output().unwrap())
}

#[track_caller]
fn went_well(said: &Said) {
    assert_eq!(said.status, 0, "{:?} {}", said.events("failed"), said.errors);
}

fn place(server: &FtpServer, path: &str) -> String {
    format!("ftp://{}@127.0.0.1:{}/~/{path}", server.user(), server.port())
}

fn there_between_and_back(server: &FtpServer) {
    let here = tempfile::tempdir().unwrap();
    lay_out(here.path());
    let many = here.path().join("many");
    let there = copy(&[many.to_str().unwrap(), &place(server, "")]);
    went_well(&there);
    hold_the_same(&many, &server.files().join("many"));

    let between = copy(&[&place(server, "many"), &place(server, "copied")]);
    went_well(&between);
    hold_the_same(&many, &server.files().join("copied"));

    let back = here.path().join("back");
    let returned = copy(&[&place(server, "copied"), back.to_str().unwrap()]);
    went_well(&returned);
    hold_the_same(&many, &back);
}

#[test]
fn between_two_folders_of_one_server() {
    for make in [Make::ProFtpd, Make::Vsftpd, Make::PureFtpd] {
        let Some(server) = FtpServer::options(make).start() else { continue };
        there_between_and_back(&server);
    }
}

#[test]
fn a_server_that_lets_in_few() {
    for most in [3, 4] {
        let options = FtpServer::options(Make::ProFtpd).line(format!("MaxClientsPerHost {most}"));
        let Some(server) = options.start() else { return };
        there_between_and_back(&server);
    }
}

#[test]
fn a_server_that_lets_in_one() {
    let Some(server) = FtpServer::options(Make::ProFtpd).line("MaxClientsPerHost 1").start() else {
        return;
    };
    let here = tempfile::tempdir().unwrap();
    lay_out(here.path());
    let many = here.path().join("many");
    let there = copy(&[many.to_str().unwrap(), &place(&server, "")]);
    went_well(&there);
    hold_the_same(&many, &server.files().join("many"));
    let back = here.path().join("back");
    let returned = copy(&[&place(&server, "many"), back.to_str().unwrap()]);
    went_well(&returned);
    hold_the_same(&many, &back);
    // Reading and writing on one connection: what is read has to be set aside.
    let between = copy(&[&place(&server, "many"), &place(&server, "copied")]);
    went_well(&between);
    hold_the_same(&many, &server.files().join("copied"));
}
