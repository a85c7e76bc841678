//! What the command line and `sites.toml` say of FTP servers, on real ones.

use std::{
    ffi::OsStr,
    fs::{self, Permissions},
    os::unix::{ffi::OsStrExt as _, fs::PermissionsExt as _},
    path::Path,
};

use super::{Said, no_server, wharf};
use crate::servers::{
    client::Client,
    evil_ftp::{EvilFtp, Trick},
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

/// A host that TLS is required of is told nothing in the open, be it saved or typed.
#[test]
fn plain_ftp_to_a_host_that_wants_tls_is_refused() {
    let evil = EvilFtp::start(|world| world.file("/srv/file", b"content"));
    let site = |protocol: &str, tls: &str| {
        format!(
            "[[site]]\nname = \"strict\"\nprotocol = \"{protocol}\"\nhost = \"127.0.0.1\"\nport = {}\n{tls}",
            evil.port()
        )
    };
    let required = "tls = \"required\"\n";
    let typed = format!("ftp://anna@127.0.0.1:{}/srv/file", evil.port());
    let here = tempfile::tempdir().unwrap();
    let here = here.path().to_str().unwrap();
    for (sites, config, place) in [
        (site("ftpes", required), "", typed.as_str()),
        (site("ftp", required), "", "strict:/srv/file"),
        (site("ftp", ""), "[ftp]\ntls = \"required\"\n", "strict:/srv/file"),
        (String::new(), "[ftp]\ntls = \"required\"\n", typed.as_str()),
    ] {
        let client = no_server().write();
        fs::write(client.config_dir().join("sites.toml"), &sites).unwrap();
        fs::write(client.config_dir().join("config.toml"), config).unwrap();
        let said = run(&client, &["cp", place, here]);
        assert_ne!(said.status, 0, "{said:?}");
        said.complains("TLS is required");
        assert_eq!(evil.connections(), 0, "{sites}{config}: {said:?}");
    }
    // A site that says so for itself is not bound by what the configuration says of all.
    let client = no_server().write();
    fs::write(client.config_dir().join("sites.toml"), site("ftp", "tls = \"optional\"\n")).unwrap();
    fs::write(client.config_dir().join("config.toml"), "[ftp]\ntls = \"required\"\n").unwrap();
    let said = run(&client, &["cp", "strict:/srv/file", here]);
    assert_eq!(said.status, 0, "{said:?}");
}

/// The verdict names what was compared: the best that both ends have.
#[test]
fn verdicts_by_what_a_server_can_take() {
    for (algorithms, verdict) in [
        ("sha512", "sha512"),
        ("sha1", "sha1"),
        ("md5", "md5"),
        ("crc32", "crc32"),
        ("md5 sha256", "hash"),
    ] {
        let options =
            FtpServer::options(Make::ProFtpd).line(format!("DigestAlgorithms {algorithms}"));
        let Some(server) = options.start() else { return };
        let client = no_server().write();
        let here = tempfile::tempdir().unwrap();
        let (file, back) = (here.path().join("two words"), here.path().join("back"));
        fs::write(&file, "content").unwrap();
        let place = format!("ftp://{}@127.0.0.1:{}/~/two words", server.user(), server.port());
        for (from, to) in [(file.to_str().unwrap(), &*place), (&*place, back.to_str().unwrap())] {
            let said = run(&client, &["cp", "--json", from, to]);
            assert_eq!(said.status, 0, "{said:?}");
            assert_eq!(said.events("file")[0]["verdict"], verdict, "{algorithms}: {said:?}");
        }
        assert_eq!(fs::read(&back).unwrap(), b"content");
        let log = run(&client, &["log", "--json"]);
        assert!(log.output.contains(&format!("\"verdict\":\"{verdict}\"")), "{log:?}");
    }
}

/// Fault 21: a bit that turns on the way through plain FTP is found by whatever the server can take, and nothing wrong
/// gets the name.
#[test]
fn a_bit_that_turns_on_the_way_is_found() {
    let evil = EvilFtp::start(|world| {
        world.features(&["MLST type*;size*;modify*;", "SIZE", "MDTM", "XCRC"]);
        // Of abd.
        world.trick(Trick::Says("XCRC", "250 AB40D461"));
    });
    let client = no_server().write();
    let here = tempfile::tempdir().unwrap();
    let file = here.path().join("file");
    fs::write(&file, "abc").unwrap();
    let place = format!("ftp://anna@127.0.0.1:{}/srv/file", evil.port());
    let said = run(&client, &["cp", "--json", file.to_str().unwrap(), &place]);
    assert_eq!(said.status, 1, "{said:?}");
    assert!(
        format!("{said:?}").contains("its crc32 is 352441c2, but what arrived has ab40d461"),
        "{said:?}"
    );
    assert!(evil.world().content("/srv/file").is_none());
}

/// The newer internet, in both manners of opening data connections.
#[test]
fn over_ipv6() {
    for mode in ["passive", "active"] {
        let options = FtpServer::options(Make::ProFtpd)
            .line("UseIPv6 on")
            .line("DefaultAddress 127.0.0.1 ::1");
        let Some(server) = options.start() else { return };
        if std::net::TcpStream::connect(("::1", server.port())).is_err() {
            // No such address here.
            return;
        }
        let client = no_server().write();
        let here = tempfile::tempdir().unwrap();
        let file = here.path().join("file");
        fs::write(&file, "content").unwrap();
        let place = format!("ftp://{}@[::1]:{}/~/", server.user(), server.port());
        let there = ["cp", "--ftp-mode", mode, file.to_str().unwrap(), &place];
        let said = run(&client, &there);
        assert_eq!(said.status, 0, "{mode}: {said:?}");
        assert_eq!(fs::read(server.files().join("file")).unwrap(), b"content");
        let back = here.path().join("back");
        let said = run(
            &client,
            &["cp", "--ftp-mode", mode, &format!("{place}file"), back.to_str().unwrap()],
        );
        assert_eq!(said.status, 0, "{mode}: {said:?}");
        assert_eq!(fs::read(&back).unwrap(), b"content");
    }
}

/// A link in a tree comes over as the link it is.
#[test]
fn links_come_over_as_links() {
    for make in [Make::ProFtpd, Make::Vsftpd, Make::PureFtpd] {
        let Some(server) = FtpServer::options(make).start() else { continue };
        let tree = server.files().join("tree");
        fs::create_dir(&tree).unwrap();
        fs::write(tree.join("file"), "content").unwrap();
        std::os::unix::fs::symlink("file", tree.join("link")).unwrap();
        let client = no_server().write();
        let here = tempfile::tempdir().unwrap();
        let back = here.path().join("back");
        let place = format!("ftp://{}@127.0.0.1:{}/~/tree", server.user(), server.port());
        let said = run(&client, &["cp", "-r", "--json", &place, back.to_str().unwrap()]);
        assert_eq!(said.status, 0, "{make:?} {said:?}");
        assert_eq!(fs::read_link(back.join("link")).unwrap(), Path::new("file"), "{make:?}");
        assert_eq!(fs::read(back.join("link")).unwrap(), b"content");
    }
}

/// ProFTPD tells of a link that is looked at by itself what kind of thing it leads to.
#[test]
fn a_link_named_by_itself_is_told_from_what_it_leads_to() {
    let Some(server) = FtpServer::options(Make::ProFtpd).start() else { return };
    let files = server.files();
    fs::create_dir(files.join("dir")).unwrap();
    fs::write(files.join("file"), "content").unwrap();
    // With the rights that links have.
    for name in ["dir", "file"] {
        fs::set_permissions(files.join(name), Permissions::from_mode(0o777)).unwrap();
        std::os::unix::fs::symlink(name, files.join(format!("to-{name}"))).unwrap();
    }
    let client = no_server().write();
    let here = tempfile::tempdir().unwrap();
    for name in ["dir", "file", "to-dir", "to-file"] {
        let place = format!("{}{name}", server.place());
        let back = here.path().join(name);
        let said = run(&client, &["cp", "-r", &place, back.to_str().unwrap()]);
        assert_eq!(said.status, 0, "{name}: {said:?}");
    }
    let at = |name: &str| here.path().join(name);
    assert!(at("dir").is_dir() && !at("dir").is_symlink());
    assert_eq!(fs::read(at("file")).unwrap(), b"content");
    assert!(!at("file").is_symlink());
    for name in ["dir", "file"] {
        assert_eq!(fs::read_link(at(&format!("to-{name}"))).unwrap(), Path::new(name));
    }
}
