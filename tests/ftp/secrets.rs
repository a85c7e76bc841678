//! The password is told to the server it is for, and to nobody and nothing else.

use std::{fs, os::unix::fs::PermissionsExt as _, path::Path};

use super::*;
use crate::{
    headless::{self, Said},
    servers::{client::Client, evil_ftp::Trick},
};

/// Every file below a folder that holds the canary.
fn who_tells(folder: &Path) -> Vec<std::path::PathBuf> {
    let mut open = vec![folder.to_path_buf()];
    let mut tell = Vec::new();
    while let Some(folder) = open.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                open.push(path);
            } else if String::from_utf8_lossy(&fs::read(&path).unwrap()).contains(CANARY) {
                tell.push(path);
            }
        }
    }
    tell
}

/// `wharf cp` of a file from a saved site, with all of the log.
fn fetch(client: &Client, folder: &Path, more: &[(&str, &str)]) -> Said {
    let words = ["cp", "--on-conflict", "overwrite", "pier:/srv/file", "."];
    let mut command = headless::wharf(client, folder, &words);
    command.env("WHARF_LOG", "trace").envs(more.iter().copied());
    Said::of(command.output().unwrap())
}

/// Fault 37: in no argv, environment of a child, log, journal, configuration or word of the program, whether the login
/// works, is refused, or ends under it.
#[test]
fn the_password_is_told_to_the_server_alone() {
    for (trick, statuses) in [
        (None, [0, 0]),
        (Some(Trick::Says("PASS", "530 no")), [3, 3]),
        (Some(Trick::HangsUpOnce("PASS")), [3, 0]),
        (Some(Trick::LosesReplyOnce("PASS")), [3, 0]),
    ] {
        let evil = EvilFtp::start(|world| {
            world.file("/srv/file", b"content");
            if let Some(trick) = &trick {
                world.trick(trick.clone());
            }
        });
        let client = headless::no_server().write();
        // What a child is told: its own arguments and environment, and the arguments of who started it.
        let spied = tempfile::tempdir().unwrap();
        let (spy, told) = (spied.path().join("spy"), spied.path().join("told"));
        let script = format!(
            "#!/bin/sh\n(env; echo \"$@\"; tr '\\0' ' ' < /proc/$PPID/cmdline) >> '{}'\necho canary-7f3\"a\"\n",
            told.display()
        );
        fs::write(&spy, script).unwrap();
        fs::set_permissions(&spy, fs::Permissions::from_mode(0o755)).unwrap();
        let site = |more: &str| {
            let text = format!(
                "[[site]]\nname = \"pier\"\nprotocol = \"ftp\"\nhost = \"127.0.0.1\"\nport = {}\nuser = \"anna\"\n{more}",
                evil.port()
            );
            fs::write(client.config_dir().join("sites.toml"), text).unwrap();
        };
        let here = tempfile::tempdir().unwrap();
        site(&format!("password_command = \"'{}'\"\n", spy.display()));
        let by_command = fetch(&client, here.path(), &[]);
        assert_eq!(by_command.status, statuses[0], "{trick:?}: {by_command:?}");
        let told = fs::read_to_string(told).unwrap();
        assert!(told.contains("pier:/srv/file"), "the spy saw nothing: {told}");
        assert!(!told.contains(CANARY), "{told}");
        site("");
        let by_environment = fetch(&client, here.path(), &[("WHARF_PASSWORD", CANARY)]);
        assert_eq!(by_environment.status, statuses[1], "{trick:?}: {by_environment:?}");
        assert!(evil.world().seen().concat().contains(CANARY), "the server was not told");
        for said in [by_command, by_environment] {
            assert!(!format!("{said:?}").contains(CANARY), "{said:?}");
        }
        assert!(client.state_dir().join("journal.sqlite").exists(), "no journal was looked at");
        let log = fs::read_to_string(client.state_dir().join("wharf.log")).unwrap();
        assert!(log.contains("PASS"), "the log does not tell of the login, and shows nothing");
        assert_eq!(who_tells(client.folder()), [] as [std::path::PathBuf; 0]);
        assert_eq!(who_tells(here.path()), [] as [std::path::PathBuf; 0]);
    }
}
