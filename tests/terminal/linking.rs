//! Symbolic links made in the real terminal, here and on a real server; where there can be none it is said.

use std::fs;

use super::driver::{Start, key};
use crate::servers::{
    client::HOST,
    ftp_server::{FtpServer, Make, PASSWORD},
    sshd::Sshd,
};

#[test]
fn a_link_holds_its_target_as_it_was_typed_and_replaces_nothing() {
    let Some(sshd) = Sshd::options().start() else { return };
    let client = sshd.client().known().write();
    let here = tempfile::tempdir().unwrap();
    for place in [here.path().to_owned(), sshd.files()] {
        fs::write(place.join("; touch x"), "content").unwrap();
    }
    let mut terminal = Start::new(&client, here.path(), &[".", &format!("{HOST}:")]).run();
    terminal.until("the files", |screen| screen.matches("1 entry").count() == 2);
    for place in [here.path().to_owned(), sshd.files()] {
        terminal.keys(key::DOWN);
        terminal.keys("L");
        terminal.shows("Make a link");
        // It leads to what is under the cursor unless something else is typed.
        terminal.keys("to it\r");
        terminal.shows("Made the link");
        let target = |name: &str| fs::read_link(place.join(name)).unwrap();
        assert_eq!(target("to it").to_str(), Some("; touch x"));
        assert_eq!(fs::read_to_string(place.join("to it")).unwrap(), "content");
        terminal.keys("L");
        terminal.shows("Make a link");
        terminal.keys("out\t\x15../no where\r");
        terminal.hides("Make a link");
        terminal.shows("out");
        assert_eq!(target("out").to_str(), Some("../no where"));
        // A name that is taken stays what it is.
        terminal.keys("L");
        terminal.shows("Make a link");
        terminal.keys("; touch x\t\x15elsewhere\r");
        terminal.shows("Could not");
        assert_eq!(fs::read_to_string(place.join("; touch x")).unwrap(), "content");
        terminal.keys(key::ESCAPE);
        terminal.hides("Could not");
        terminal.keys("\t");
    }
    assert!(!here.path().join("x").exists());
}

#[test]
fn ftp_has_no_way_to_make_one() {
    let Some(server) = FtpServer::options(Make::ProFtpd).start() else { return };
    let client = crate::headless::no_server().write();
    let here = tempfile::tempdir().unwrap();
    fs::write(server.files().join("file"), "x").unwrap();
    let place = server.place();
    let mut terminal = Start::new(&client, here.path(), &[&place, "."])
        .environment("WHARF_PASSWORD", PASSWORD)
        .run();
    terminal.shows("1 entry");
    terminal.keys("L");
    terminal.shows("FTP has no command that makes links.");
    terminal.keys("$");
    terminal.shows("FTP servers have no shell");
}
