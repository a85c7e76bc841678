//! Links followed in the real terminal: here, over SFTP, and over FTP as far as the server tells.

use std::{fs, os::unix::fs::symlink, path::Path};

use super::driver::{Start, key};
use crate::servers::{
    client::HOST,
    ftp_server::{FtpServer, Make, PASSWORD},
    sshd::Sshd,
};

fn plant(at: &Path) {
    fs::create_dir_all(at.join("deep/a b")).unwrap();
    fs::write(at.join("deep/a b/; touch x"), "x").unwrap();
    fs::create_dir(at.join("links")).unwrap();
    symlink("../deep/a b", at.join("links/1-dir")).unwrap();
    symlink("../deep/a b/; touch x", at.join("links/2-file")).unwrap();
    symlink("../gone", at.join("links/3-broken")).unwrap();
}

#[test]
fn here_and_on_an_sftp_server() {
    let Some(sshd) = Sshd::options().start() else { return };
    let client = sshd.client().known().write();
    let here = tempfile::tempdir().unwrap();
    plant(here.path());
    plant(&sshd.files());
    let mut terminal = Start::new(&client, here.path(), &["links", &format!("{HOST}:links")]).run();
    terminal.until("the links", |screen| screen.matches("3 entries").count() == 2);
    for _ in 0..2 {
        terminal.keys(key::DOWN);
        terminal.keys("\r");
        terminal.shows("deep/a b");
        terminal.shows("; touch x");
        terminal.keys("\x7f");
        terminal.until("the links", |screen| screen.matches("3-broken").count() == 2);
        terminal.keys("j>");
        terminal.shows("deep/a b");
        terminal.shows("; touch x");
        terminal.keys("[");
        terminal.until("the links", |screen| screen.matches("3-broken").count() == 2);
        terminal.keys("gjjj>");
        terminal.shows("nowhere: ../gone is not there");
        terminal.keys(key::ESCAPE);
        terminal.hides("../gone is not there");
        terminal.keys("\t");
    }
}

#[test]
fn on_an_ftp_server() {
    let Some(server) = FtpServer::options(Make::ProFtpd).start() else { return };
    let client = crate::headless::no_server().write();
    let here = tempfile::tempdir().unwrap();
    plant(&server.files());
    let place = format!("ftp://{}@127.0.0.1:{}/~/links", server.user(), server.port());
    let mut terminal = Start::new(&client, here.path(), &[&place, "."])
        .environment("WHARF_PASSWORD", PASSWORD)
        .run();
    terminal.shows("2-file");
    terminal.keys("j\r");
    terminal.shows("; touch x");
    terminal.keys("\x7f");
    terminal.shows("2-file");
    terminal.keys("j>");
    terminal.shows("; touch x");
}
