//! Many small files: each takes what is about itself, and nothing that was asked for the others as well.

use std::{collections::BTreeMap, fs};

use super::*;
use crate::{
    headless::{self, Said},
    servers::ftp_server::Make,
};

const FILES: usize = 40;

fn name(number: usize) -> String {
    format!("file-{number:02}")
}

fn content(number: usize) -> Vec<u8> {
    name(number).repeat(40).into_bytes()
}

fn copy(folder: &std::path::Path, password: &str, words: &[String]) {
    let client = headless::no_server().write();
    let words: Vec<&str> = ["cp", "-r", "--connections", "4"]
        .into_iter()
        .chain(words.iter().map(String::as_str))
        .collect();
    let mut command = headless::wharf(&client, folder, &words);
    let said = Said::of(command.env("WHARF_PASSWORD", password).output().unwrap());
    assert_eq!(said.status, 0, "{said:?}");
}

/// How often each command came, by its first word.
fn counts<'a>(seen: impl Iterator<Item = &'a str>) -> impl Fn(&str) -> usize {
    let mut counts = BTreeMap::new();
    for line in seen {
        *counts.entry(line.split(' ').next().unwrap_or_default().to_owned()).or_insert(0) += 1;
    }
    move |verb: &str| counts.get(verb).copied().unwrap_or(0)
}

fn are_few(of: impl Fn(&str) -> usize, transfers: &str) {
    assert_eq!(of(transfers), FILES, "{transfers}");
    let logins = of("PASS");
    assert!(logins > 1, "all went over one connection");
    assert_eq!(of("TYPE"), logins, "once a connection");
    assert!(of("LIST") + of("MLSD") <= 1, "of the folder, at most");
}

fn folder_of_files(folder: &std::path::Path) {
    fs::create_dir_all(folder).unwrap();
    (0..FILES).for_each(|number| fs::write(folder.join(name(number)), content(number)).unwrap());
}

/// On a server with facts.
#[test]
fn small_files_take_no_listing_and_no_folder_each() {
    let here = tempfile::tempdir().unwrap();
    let evil = EvilFtp::start(|world| {
        let mut listing = String::new();
        for number in 0..FILES {
            let (name, content) = (name(number), content(number));
            world.file(format!("/srv/there/{name}"), &content);
            let size = content.len();
            listing += &format!("type=file;size={size};modify=20240101000000; {name}\r\n");
        }
        world.listing(listing);
    });
    let site = format!("ftp://anna@127.0.0.1:{}", evil.port());
    copy(here.path(), CANARY, &[format!("{site}/srv/there"), ".".into()]);
    for number in 0..FILES {
        assert_eq!(
            fs::read(here.path().join("there").join(name(number))).unwrap(),
            content(number)
        );
    }
    let seen = evil.world().seen();
    let of = counts(seen.iter().map(String::as_str));
    assert!(of("CWD") <= 1, "where it is, at most: {seen:?}");
    are_few(of, "RETR");

    let evil = EvilFtp::start(|_| {});
    let site = format!("ftp://anna@127.0.0.1:{}/srv/", evil.port());
    folder_of_files(&here.path().join("all"));
    let files = (0..FILES).map(|number| format!("all/{}", name(number)));
    copy(here.path(), CANARY, &files.chain([site]).collect::<Vec<_>>());
    let world = evil.world();
    for number in 0..FILES {
        assert_eq!(world.content(format!("/srv/{}", name(number))), Some(content(number)));
    }
    let seen = world.seen();
    let of = counts(seen.iter().map(String::as_str));
    assert!(of("CWD") <= 1, "where it is, at most: {seen:?}");
    are_few(of, "STOR");
}

/// On vsftpd, which has none, and writes down all it is told: there what stands under a name is asked by trying to enter it as
/// well.
#[test]
fn small_files_take_no_listing_each_without_facts() {
    let started = || FtpServer::options(Make::Vsftpd).start();
    let (Some(server), Some(other)) = (started(), started()) else { return };
    let here = tempfile::tempdir().unwrap();
    folder_of_files(&server.files().join("there"));
    copy(here.path(), PASSWORD, &[format!("{}there", server.place()), ".".into()]);
    let logged = fs::read_to_string(server.daemon().path("vsftpd.log")).unwrap();
    are_few(counts(logged.lines().filter_map(command_in)), "RETR");

    copy(here.path(), PASSWORD, &["there".into(), other.place()]);
    for number in 0..FILES {
        let arrived = other.files().join("there").join(name(number));
        assert_eq!(fs::read(arrived).unwrap(), content(number));
    }
    let logged = fs::read_to_string(other.daemon().path("vsftpd.log")).unwrap();
    are_few(counts(logged.lines().filter_map(command_in)), "STOR");
}

/// `… FTP command: Client "127.0.0.1", "RETR /there/file-01"`.
fn command_in(line: &str) -> Option<&str> {
    line.split_once("FTP command: ")?.1.split_once(", \"")?.1.strip_suffix('"')
}
