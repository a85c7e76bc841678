//! Names of many changed in the real terminal, here, over SFTP and over FTP: in the editor with a collision, in a circle, by
//! a pattern, and back.

use std::{fs, path::Path};

use super::{
    driver::{LONG, Start, Terminal, key},
    outside::{Scene, scene},
};
use crate::{
    servers::ftp_server::{FtpServer, Make, PASSWORD},
    support::wait_until,
};

const NAMES: [&str; 3] = ["-rf", "$(touch x)", "b; c 'd'"];

fn plant(folder: &Path) {
    for name in NAMES {
        fs::write(folder.join(name), name).unwrap();
    }
}

/// Which of the planted is under which name now.
fn names(folder: &Path) -> Vec<(String, String)> {
    let rows = fs::read_dir(folder).unwrap().map(|row| row.unwrap().path());
    let text = |path: &Path| path.file_name().unwrap().to_str().unwrap().to_owned();
    let mut names: Vec<_> =
        rows.map(|path| (text(&path), fs::read_to_string(&path).unwrap())).collect();
    names.sort();
    names
}

#[track_caller]
fn are_called(folder: &Path, expected: [(&str, &str); 3]) {
    let mut expected = expected.map(|(name, content)| (name.to_owned(), content.to_owned()));
    expected.sort();
    wait_until(&format!("{expected:?}"), LONG, || names(folder) == expected);
}

fn change_and_undo(scene: &Scene, mut terminal: Terminal, folder: &Path) {
    let [a, b, c] = NAMES;
    terminal.shows("3 entries");
    // Two that would be called alike.
    scene.editor("printf 'x\\nx\\ny\\n' >\"$2\"");
    terminal.keys("*B");
    terminal.shows("More than one would be called x. Nothing was renamed.");
    terminal.keys(key::ESCAPE);
    terminal.hides("Nothing was renamed");
    are_called(folder, [(a, a), (b, b), (c, c)]);
    // Round in a circle, and back.
    scene.editor("{ tail -n 2 \"$2\"; head -n 1 \"$2\"; } >\"$2.new\"; mv \"$2.new\" \"$2\"");
    terminal.keys("B");
    terminal.shows("4 renames, in this order");
    terminal.keys(key::ENTER);
    terminal.shows("Renamed 4 entries");
    let now = names(folder);
    assert!(now.len() == 3 && now.iter().all(|(name, content)| name != content), "{now:?}");
    terminal.keys("U");
    terminal.shows("Undo the last renaming");
    terminal.keys(key::ENTER);
    terminal.hides("Undo the last renaming");
    are_called(folder, [(a, a), (b, b), (c, c)]);
    // By a pattern, to what is taken first.
    terminal.keys("*N");
    terminal.shows("Rename by a pattern");
    terminal.keys("?*\tb; c 'd'\r");
    terminal.shows("More than one would be called b; c 'd'.");
    terminal.keys("\x15#*$(touch y)\r");
    terminal.shows("3 renames, in this order");
    terminal.keys(key::ENTER);
    terminal.shows("Renamed 3 entries");
    let now = names(folder);
    assert!(
        now.iter().all(|(name, was)| name[1..] == format!("{}$(touch y)", &was[..1])),
        "{now:?}"
    );
    terminal.keys("U");
    terminal.shows("Undo the last renaming");
    terminal.keys(key::ENTER);
    terminal.hides("Undo the last renaming");
    are_called(folder, [(a, a), (b, b), (c, c)]);
    terminal.keys("q");
    assert_eq!(terminal.ended().exit_code(), 0);
    assert!(!scene.here.path().join("x").exists() && !scene.here.path().join("y").exists());
}

#[test]
fn here_and_on_an_sftp_server() {
    let Some(scene) = scene() else { return };
    let here = tempfile::tempdir().unwrap();
    for (place, folder) in [
        (here.path().to_str().unwrap().to_owned(), here.path().to_owned()),
        (scene.remote(), scene.sshd.files()),
    ] {
        plant(&folder);
        let terminal = scene.open(&[&place, "/proc/self/ns"], scene.editor("true"));
        change_and_undo(&scene, terminal, &folder);
    }
}

#[test]
fn on_an_ftp_server() {
    let Some(scene) = scene() else { return };
    let Some(server) = FtpServer::options(Make::ProFtpd).start() else { return };
    plant(&server.files());
    let place = server.place();
    let terminal = Start::new(&scene.client, scene.here.path(), &[&place, "/proc/self/ns"])
        .environment("EDITOR", scene.editor("true"))
        .environment("WHARF_PASSWORD", PASSWORD)
        .run();
    change_and_undo(&scene, terminal, &server.files());
}
