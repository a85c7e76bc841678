//! Names from the server and to the server: one door each way.

use tokio::time::{Duration, timeout};
use wharf::storage::{Replace, WriteOptions};

use super::*;
use crate::{
    headless::{self, Said},
    servers::evil_ftp::Trick,
};

const SOON: Duration = Duration::from_secs(20);

/// Fault 2: one command on the wire, or none.
#[tokio::test(flavor = "multi_thread")]
async fn line_ends_never_reach_the_wire() {
    let evil = EvilFtp::start(|world| world.file("/srv/victim", b"content"));
    let storage = connect(&evil).await;
    let before = evil.world().seen().len();
    for odd in [&b"a\r\nDELE /srv/victim"[..], b"a\nDELE victim", b"a\rb", b"a\0b"] {
        let path = StoragePath::new([b"/srv/", odd].concat());
        let fine = StoragePath::new("/srv/fine");
        let write = WriteOptions::new_private();
        let kinds = [
            storage.stat(&path).await.err(),
            storage.read(&path, 0, None).await.err(),
            storage.write(&path, write).await.err(),
            storage.remove_file(&path).await.err(),
            storage.remove_directory(&path).await.err(),
            storage.make_directory(&path, None).await.err(),
            storage.rename(&path, &fine, Replace::Allowed).await.err(),
            storage.rename(&fine, &path, Replace::Allowed).await.err(),
        ]
        .map(|error| error.map(|error| error.kind()));
        for (call, kind) in kinds.into_iter().enumerate() {
            let refused = [Some(ErrorKind::InvalidName), Some(ErrorKind::NotFound)];
            assert!(refused.contains(&kind), "call {call} of {odd:?}: {kind:?}");
        }
    }
    assert_eq!(evil.world().content("/srv/victim").unwrap(), b"content");
    let seen = evil.world().seen();
    assert!(!seen[before..].iter().any(|line| line.starts_with("DELE")), "{seen:?}");
}

/// Faults 1, 3 and 4: what is no name of one thing is refused and said; what is odd is kept byte by byte.
#[tokio::test(flavor = "multi_thread")]
async fn names_that_are_none_are_refused() {
    for features in [&["MLST type*;size*;modify*;"][..], &["SIZE"]] {
        let evil = EvilFtp::start(|world| {
            world.features(features);
            let names: [&[u8]; 7] =
                [b"..", b".", b"a/b", b"/etc/passwd", b"nul\0", b"\x1b[31mred", b"caf\xe9"];
            let line = |name: &&[u8]| match features[0].starts_with("MLST") {
                true => [b"type=file;size=1;modify=20240101000000; ", *name, b"\r\n"].concat(),
                false => [b"-rw-r--r-- 1 a b 1 Jan  1  2024 ", *name, b"\r\n"].concat(),
            };
            world.listing(names.iter().map(line).collect::<Vec<_>>().concat());
        });
        let storage = connect(&evil).await;
        let listing = storage.list(&StoragePath::new("/srv")).await.unwrap();
        let rows = timeout(SOON, listing.collect()).await.unwrap().unwrap();
        let mut names: Vec<&[u8]> = rows.entries.iter().map(|row| row.name.as_bytes()).collect();
        names.sort_unstable();
        assert_eq!(names, [&b"\x1b[31mred"[..], b"caf\xe9"], "{features:?}");
        assert!(!rows.refused.is_empty(), "what was left out is said");
        for refused in &rows.refused {
            assert!(!format!("{refused:?}").contains('\x1b'));
        }
    }
}

/// Fault 3: in greetings, refusals and last words of transfers, on the screen as in the log.
#[test]
fn what_a_terminal_would_obey_is_escaped_in_every_word_of_the_server() {
    type SetUp = fn(&mut crate::servers::evil_ftp::World);
    let scenes: [(SetUp, &str); 4] = [
        (|world| world.greeting("500 \x1b]52;c;ZXZpbA==\x07 \u{9b}31m red \u{202e}"), "52;c;"),
        (|world| world.trick(Trick::Says("PASS", "530 \x1b]52;c;ZXZpbA==\x07 no")), "52;c;"),
        (|world| world.trick(Trick::Says("RETR", "550 \x1b[2J\u{9b}31m no")), "[2J"),
        (|world| world.trick(Trick::Cut { at: 3, say: "451 \x1b[2J\u{202e} broken" }), "[2J"),
    ];
    for (set_up, shown) in scenes {
        let evil = EvilFtp::start(|world| {
            world.file("/srv/file", b"content");
            set_up(world);
        });
        let client = headless::no_server().write();
        let here = tempfile::tempdir().unwrap();
        let place = format!("ftp://anna@127.0.0.1:{}/srv/file", evil.port());
        let mut command = headless::wharf(&client, here.path(), &["cp", &place, "."]);
        command.env("WHARF_PASSWORD", CANARY).env("WHARF_LOG", "trace");
        let said = Said::of(command.output().unwrap());
        assert_ne!(said.status, 0, "{said:?}");
        assert!(said.errors.contains(shown), "the server's words are not shown: {said:?}");
        let log = std::fs::read_to_string(client.state_dir().join("wharf.log")).unwrap();
        for told in [&said.errors, &said.output, &log] {
            let obeyed = told.chars().find(|&c| c != '\n' && (c.is_control() || c == '\u{202e}'));
            assert_eq!(obeyed, None, "{told:?}");
        }
    }
}
