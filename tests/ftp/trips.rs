//! Round trips that are saved: what is said together, what goes ahead of an answer, and what has to wait for one.

use std::{fs, os::unix::fs::PermissionsExt as _, time::Duration};

use wharf::storage::{FinishOptions, WriteOptions};

use super::*;
use crate::{
    headless::{self, Said},
    servers::{
        evil_ftp::Trick,
        ftp_server::{FtpServer, Make},
    },
    support::wait_until,
};

const SOON: Duration = Duration::from_secs(20);
const SERVER: [&str; 4] = ["MLST type*;size*;modify*;", "MFMT", "SIZE", "REST STREAM"];

/// `wharf cp` between the server and this folder.
fn copy(port: u16, folder: &std::path::Path, words: &[&str]) -> Said {
    let client = headless::no_server().write();
    let site = format!("ftp://anna@127.0.0.1:{port}");
    let words: Vec<String> = words.iter().map(|word| word.replace("SITE", &site)).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let mut command = headless::wharf(&client, folder, &words);
    Said::of(command.env("WHARF_PASSWORD", CANARY).output().unwrap())
}

/// The first bytes of a file go ahead of the server's word that it takes them; what makes the file private does not, for
/// it would be about a file that is not there yet.
#[test]
fn bytes_go_ahead_and_rights_do_not() {
    for size in [0, 1, 4096, 200_000] {
        let evil = EvilFtp::start(|world| {
            world.features(&SERVER);
            world.trick(Trick::TakesLate);
        });
        let folder = tempfile::tempdir().unwrap();
        let (file, content) = (folder.path().join("file"), vec![7; size]);
        fs::write(&file, &content).unwrap();
        fs::set_permissions(&file, fs::Permissions::from_mode(0o640)).unwrap();
        let said = copy(evil.port(), folder.path(), &["cp", "file", "SITE/srv/file"]);
        assert_eq!(said.status, 0, "{size}: {said:?}");
        let world = evil.world();
        assert!(world.content("/srv/file") == Some(content), "{size}");
        assert_eq!(world.mode("/srv/file").as_deref(), Some("640"), "{size}");
        let (seen, of) = (world.seen(), |verb: &str, seen: &[String]| {
            seen.iter().position(|line| line.starts_with(verb))
        });
        assert!(of("SITE CHMOD 600", &seen) > of("STOR", &seen), "{size}: {seen:?}");
        assert_eq!(world.paths(), ["/srv/file"], "{size}: a part was left");
    }
}

/// A refusal that comes after bytes were sent is told in the server's words, and costs no connection.
#[test]
fn a_refusal_finds_the_bytes_that_went_ahead() {
    for say in ["553 not in this house: permission denied", "550 Permission denied"] {
        let evil = EvilFtp::start(|world| {
            world.features(&SERVER);
            world.trick(Trick::Says("STOR", say));
        });
        let folder = tempfile::tempdir().unwrap();
        let names = ["a", "b", "c", "d", "e", "f", "g", "h"];
        names.iter().for_each(|name| fs::write(folder.path().join(name), "content").unwrap());
        let mut words = vec!["cp", "--connections", "2"];
        words.extend(names);
        words.push("SITE/srv/");
        let said = copy(evil.port(), folder.path(), &words);
        assert_eq!(said.status, 1, "{said:?}");
        assert!(said.errors.contains("ermission denied"), "{said:?}");
        assert!(evil.sessions().most <= 4, "{:?}", evil.sessions());
        let logins = evil.world().seen().iter().filter(|line| line.starts_with("USER")).count();
        assert!(logins <= 4, "{logins} logins for {} refusals", names.len());
    }
}

/// A large file comes in ranges over several connections where a transfer may begin in the middle, and else in one.
#[test]
fn a_large_file_comes_over_several_connections() {
    const SIZE: usize = 48 << 20;
    let content: Vec<u8> = (0..SIZE).map(|at| (at >> 9) as u8 ^ at as u8).collect();
    for (features, in_ranges) in [(&SERVER[..], true), (&SERVER[..3], false)] {
        let evil = EvilFtp::start(|world| {
            world.features(features);
            world.file("/srv/file", &content);
        });
        let folder = tempfile::tempdir().unwrap();
        let said = copy(evil.port(), folder.path(), &["cp", "SITE/srv/file", "."]);
        assert_eq!(said.status, 0, "{said:?}");
        assert!(fs::read(folder.path().join("file")).unwrap() == content);
        let seen = evil.world().seen();
        let rests = seen.iter().filter(|line| line.starts_with("REST ")).count();
        let logins = seen.iter().filter(|line| line.starts_with("USER ")).count();
        assert_eq!(rests > 0 && logins > 2, in_ranges, "{seen:?}");
    }
}

/// A connection that is on its way already is waited for: one file takes no third.
#[test]
fn one_file_takes_two_connections() {
    let evil = EvilFtp::start(|world| {
        world.features(&SERVER);
        world.file("/srv/file", b"content");
    });
    let folder = tempfile::tempdir().unwrap();
    let said = copy(evil.port(), folder.path(), &["cp", "SITE/srv/file", "."]);
    assert_eq!(said.status, 0, "{said:?}");
    let seen = evil.world().seen();
    assert_eq!(seen.iter().filter(|line| line.starts_with("USER")).count(), 2, "{seen:?}");
}

/// The connections over which a large file is read are made while the first of them asks for it.
#[test]
fn a_large_file_has_its_connections_at_once() {
    let evil = EvilFtp::start(|world| {
        world.features(&SERVER);
        world.file("/srv/file", &vec![7; 32 << 20]);
        world.trick(Trick::Silent("RETR"));
    });
    let folder = tempfile::tempdir().unwrap();
    let client = headless::no_server().write();
    let from = format!("ftp://anna@127.0.0.1:{}/srv/file", evil.port());
    let words = ["cp", "--quiet", "--connections", "4", &from, "."];
    let mut command = headless::wharf(&client, folder.path(), &words);
    let mut cp = command.env("WHARF_PASSWORD", CANARY).spawn().unwrap();
    wait_until("four beside the first", SOON, || evil.sessions().most == 5);
    cp.kill().unwrap();
    cp.wait().unwrap();
}

/// Where a server lets in one connection, what is done beside it elsewhere ends it no more than it is done there.
#[tokio::test(flavor = "multi_thread")]
async fn the_only_connection_is_not_given_up() {
    let evil = EvilFtp::start(|world| {
        world.features(&SERVER);
        world.trick(Trick::Crowded { most: 1, after: "", say: "421 too many connections" });
    });
    let storage = connect(&evil).await;
    for name in ["a", "b", "c"] {
        let path = StoragePath::new(format!("/srv/{name}"));
        let mut stream = storage.write(&path, WriteOptions::new_private()).await.unwrap();
        stream.write(name.into()).await.unwrap();
        stream.finish(FinishOptions::default()).await.unwrap();
    }
    assert_eq!(evil.world().paths(), ["/srv/a", "/srv/b", "/srv/c"]);
    let seen = evil.world().seen();
    assert_eq!(seen.iter().filter(|line| line.starts_with("USER")).count(), 1, "{seen:?}");
}

/// What is to be asked once somebody is let in goes along with the password where the server is known to read on; others
/// are told nothing before they have let anybody in.
#[tokio::test(flavor = "multi_thread")]
async fn questions_go_along_with_the_password_where_they_are_read() {
    for (greeting, goes_along) in
        [("220 evil", false), ("220 (vsFTPd 3.0.3)", true), ("220 ProFTPD Server ready", true)]
    {
        let evil = EvilFtp::start(|world| {
            world.greeting(greeting);
            world.trick(Trick::Silent("PASS"));
        });
        let nobody = Person::who_says(|| Answer::No);
        let (port, person) = (evil.port(), Arc::clone(&nobody) as Arc<dyn Ask>);
        let connecting = tokio::spawn(async move {
            dialer().dial(&endpoint(Protocol::Ftp, port), person).await.map(drop)
        });
        let last = if goes_along { "TYPE" } else { "PASS" };
        wait_until("all is said", SOON, || evil.world().was_asked(last));
        connecting.abort();
        assert_eq!(evil.world().was_asked("FEAT"), goes_along, "{greeting}");
    }
}

/// vsftpd tells of a name that is free without a listing, however many names there are, and of names that might be
/// patterns with one.
#[tokio::test(flavor = "multi_thread")]
async fn a_free_name_takes_no_listing() {
    let Some(server) = FtpServer::options(Make::Vsftpd).start() else { return };
    let folder = server.files();
    fs::write(folder.join("[ab]"), "").unwrap();
    let storage = connect_to_real(&server).await;
    let home = storage.canonical(&StoragePath::new(".")).await.unwrap();
    let at = |name: &str| home.join_typed(name.as_bytes());
    let log = || server.logs();
    for name in ["free", "a free one", ".free"] {
        let error = storage.stat(&at(name)).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::NotFound, "{name}");
    }
    assert!(log().contains("\"STAT -a ") && !log().contains("\"LIST"), "{}", log());
    let error = storage.stat(&at("[bc]")).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotFound);
    assert!(log().contains("\"LIST -a\""), "{}", log());
}
