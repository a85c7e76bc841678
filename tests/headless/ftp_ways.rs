//! What the command line and `sites.toml` say of FTP servers, on real ones.

use std::{ffi::OsStr, fs, os::unix::ffi::OsStrExt as _, path::Path};

use super::{Said, no_server, wharf};
use crate::servers::{
    client::Client,
    ftp_server::{FtpServer, Make, PASSWORD},
};

fn run(client: &Client, words: &[&str]) -> Said {
    let mut command = wharf(client, Path::new("/"), words);
    Said::of(command.env("WHARF_PASSWORD", PASSWORD).output().unwrap())
}

/// There and back, with the server's own bytes on its disk and text here.
#[test]
fn names_in_the_servers_own_encoding() {
    for make in [Make::ProFtpd, Make::Vsftpd, Make::PureFtpd] {
        let Some(server) = FtpServer::options(make).start() else { continue };
        let client = no_server().write();
        let here = tempfile::tempdir().unwrap();
        let tree = here.path().join("Straße");
        fs::create_dir(&tree).unwrap();
        fs::write(tree.join("Ärger.txt"), "content").unwrap();
        let place =
            |path: &str| format!("ftp://{}@127.0.0.1:{}/~/{path}", server.user(), server.port());
        let copy = |from: &str, to: &str| {
            run(&client, &["cp", "-r", "--json", "--encoding", "windows-1252", from, to])
        };
        let there = copy(tree.to_str().unwrap(), &place(""));
        assert_eq!(there.status, 0, "{make:?} {there:?}");
        let written = |name: &[u8]| server.files().join(OsStr::from_bytes(name));
        let file = written(b"Stra\xdfe/\xc4rger.txt");
        assert_eq!(fs::read(&file).unwrap(), b"content", "{make:?}");

        let listed = run(&client, &["ls", "--encoding", "latin1", &place("Straße")]);
        assert_eq!(listed.output, "Ärger.txt\n", "{make:?} {listed:?}");
        let back = here.path().join("back");
        let returned = copy(&place("Straße"), back.to_str().unwrap());
        assert_eq!(returned.status, 0, "{make:?} {returned:?}");
        assert_eq!(fs::read(back.join("Ärger.txt")).unwrap(), b"content");

        let refused = copy(tree.to_str().unwrap(), &place("日本"));
        assert_eq!(refused.status, 1, "{refused:?}");
        assert!(format!("{refused:?}").contains("has no “日”"), "{refused:?}");
    }
}

/// A saved site says it all, and the server opens every data connection.
#[test]
fn a_site_in_active_mode_at_a_port_of_the_command_line() {
    let options = FtpServer::options(Make::Vsftpd).line("connect_from_port_20=NO");
    let Some(server) = options.start() else { return };
    let client = no_server().write();
    let site = format!(
        "[[site]]\nname = \"old\"\nprotocol = \"ftp\"\nhost = \"127.0.0.1\"\nuser = \"{}\"\nmode = \"active\"\nencoding = \"koi8-r\"\n",
        server.user()
    );
    fs::write(client.config_dir().join("sites.toml"), site).unwrap();
    fs::write(server.files().join(OsStr::from_bytes(b"\xf0\xd2\xc9")), "content").unwrap();
    let port = server.port().to_string();
    let here = tempfile::tempdir().unwrap();
    let copied = run(&client, &["cp", "-P", &port, "old:При", here.path().to_str().unwrap()]);
    assert_eq!(copied.status, 0, "{copied:?}");
    assert_eq!(fs::read(here.path().join("При")).unwrap(), b"content");
    let logs = server.logs();
    assert!(logs.contains("PORT ") || logs.contains("EPRT "), "{logs}");
    assert!(!logs.contains("\"EPSV") && !logs.contains("\"PASV"), "{logs}");
}
