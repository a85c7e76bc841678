//! FTP inside TLS on the screen: a certificate nobody vouches for, a password, and files from an SFTP server and back.

use std::{fs, path::Path};

use super::driver::{Start, Terminal, key};
use crate::servers::{
    client::{Client, HOST},
    ftp_server::{FtpServer, Make, PASSWORD, Tls},
    sshd::Sshd,
};

/// The first pane shows the SFTP server.
fn open(client: &Client, here: &Path, server: &FtpServer) -> Terminal {
    let scheme = if server.tls() == Tls::Implicit { "ftps" } else { "ftpes" };
    let place = format!("{scheme}://{}@127.0.0.1:{}/~/", server.user(), server.port());
    Start::new(client, here, &[&format!("{HOST}:"), &place]).run()
}

/// Copies what lies under the cursor, and waits until it is over.
fn copy(terminal: &mut Terminal, name: &str) {
    terminal.keys(key::F5);
    terminal.shows("If taken");
    terminal.keys(key::ENTER);
    terminal.shows(&format!("Done: copy {name}"));
    terminal.shows("all done");
}

fn there_and_back(make: Make, tls: Tls) {
    let Some(sshd) = Sshd::options().start() else { return };
    let Some(server) = FtpServer::options(make).tls(tls).start() else { return };
    let client = sshd.client().known().write();
    let here = tempfile::tempdir().unwrap();
    fs::write(sshd.files().join("apples.txt"), "apples").unwrap();
    fs::write(server.files().join("pears.txt"), "pears").unwrap();

    let mut terminal = open(&client, here.path(), &server);
    terminal.shows("Untrusted certificate");
    terminal.shows(&server.certificate().fingerprint()[..60]);
    terminal.keys(key::ENTER);
    terminal.shows("was not accepted");
    assert!(!server.logs().contains("USER"), "{}", server.logs());
    terminal.keys("q");
    assert_eq!(terminal.ended().exit_code(), 0);

    let mut terminal = open(&client, here.path(), &server);
    terminal.shows("Untrusted certificate");
    terminal.keys("y\r");
    if server.user() != "anonymous" {
        terminal.shows("Password");
        terminal.keys("wrong\r");
        terminal.shows("refused that password");
        terminal.keys(PASSWORD);
        terminal.keys(key::ENTER);
    }
    terminal.shows("pears.txt");
    terminal.shows("apples.txt");
    assert!(!terminal.text().contains("not encrypted"), "{}", terminal.text());
    terminal.keys(key::DOWN);
    copy(&mut terminal, "apples.txt");
    assert_eq!(fs::read(server.files().join("apples.txt")).unwrap(), b"apples");
    terminal.keys("\t\x1b[F");
    copy(&mut terminal, "pears.txt");
    assert_eq!(fs::read(sshd.files().join("pears.txt")).unwrap(), b"pears");
    terminal.keys("q");
    assert_eq!(terminal.ended().exit_code(), 0);
    terminal.is_restored();

    // The certificate was let in for good.
    let mut terminal = open(&client, here.path(), &server);
    if server.user() == "anonymous" {
        terminal.shows("pears.txt");
    } else {
        terminal.shows("Password");
        terminal.keys(key::ESCAPE);
        terminal.shows("Could not log in");
    }
    assert!(!terminal.text().contains("Untrusted certificate"));
    terminal.keys("q");
    assert_eq!(terminal.ended().exit_code(), 0);
}

#[test]
fn to_a_server_that_is_asked_for_tls_and_back() {
    there_and_back(Make::ProFtpd, Tls::Explicit);
}

#[test]
fn to_a_server_of_tls_from_the_first_byte_and_back() {
    there_and_back(Make::Vsftpd, Tls::Implicit);
}
