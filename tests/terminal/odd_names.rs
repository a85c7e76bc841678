//! Odd names (FAULTS.md 3 to 6 and 39) in what the screen does with them: looked into, edited, a shell in their folder, tabs,
//! the way back, bookmarks and the history; here, over SFTP and over FTP. Nothing is run, obeyed or mistaken.

use std::{
    ffi::OsStr,
    fs,
    os::unix::{
        ffi::OsStrExt as _,
        fs::{MetadataExt as _, chown},
    },
    path::{Path, PathBuf},
};

use super::{
    driver::{LONG, Start, Terminal, key},
    outside::{F4, Scene, scene},
};
use crate::{
    servers::ftp_server::{FtpServer, Make, PASSWORD},
    support::wait_until,
};

const F3: &str = "\x1bOR";

/// A place with an odd folder in it, and in that an odd file and a folder whose name is no text; beside it one whose name
/// is odd and can be written down.
struct Ground {
    /// As it is given to Wharf.
    place: String,
    disk: PathBuf,
    folder: Vec<u8>,
    file: Vec<u8>,
    is_local: bool,
    has_shell: bool,
}

const NO_TEXT: &[u8] = b"sub \xff\xfe";
const MARKED: &str = "-b $(touch x) `touch x` 'q ;#";

impl Ground {
    /// Names that a terminal or a line of a protocol could obey as well.
    fn new(place: &str, disk: &Path, is_local: bool) -> Self {
        Self {
            place: place.to_owned(),
            disk: disk.to_owned(),
            folder: "-d $(touch x) `touch x` 'q\" \x1b]52;c;eA==\x07\n\u{202e}#"
                .as_bytes()
                .to_vec(),
            file: [b"-rf; touch x\r\x1b[2J\xc2\x9b31m\xe2\x80\x8b 'f\" \xfe".to_vec()].concat(),
            is_local,
            has_shell: true,
        }
    }

    /// Those that FTP can carry.
    fn of_ftp(place: &str, disk: &Path) -> Self {
        Self {
            folder: "-d $(touch x) `touch x` 'q \u{202e}#".as_bytes().to_vec(),
            file: b"-rf; touch x\xe2\x80\x8b 'f \xfe".to_vec(),
            has_shell: false,
            ..Self::new(place, disk, false)
        }
    }

    fn inside(&self) -> PathBuf {
        self.disk.join(OsStr::from_bytes(&self.folder))
    }

    fn odd_file(&self) -> PathBuf {
        self.inside().join(OsStr::from_bytes(&self.file))
    }

    fn plant(&self) {
        let sub = self.inside().join(OsStr::from_bytes(NO_TEXT));
        fs::create_dir_all(&sub).unwrap();
        fs::create_dir(self.disk.join(MARKED)).unwrap();
        fs::write(self.disk.join("z"), "").unwrap();
        fs::write(self.odd_file(), "one\n").unwrap();
        let owner = self.disk.metadata().unwrap();
        for path in [self.inside(), sub, self.odd_file()] {
            if rustix::process::geteuid().is_root() {
                chown(&path, Some(owner.uid()), Some(owner.gid())).unwrap();
            }
        }
    }
}

/// What a terminal that obeyed the names would have been sent.
fn is_sent(terminal: &Terminal, bytes: &[u8]) -> bool {
    terminal.output().windows(bytes.len()).any(|here| here == bytes)
}

fn walk(scene: &Scene, ground: &Ground) {
    ground.plant();
    let editor = scene.editor("test -f \"$2\"; echo two >>\"$2\"");
    let mut terminal =
        Start::new(&scene.client, scene.here.path(), &[&ground.place, "/proc/self/ns"])
            .size(30, 160)
            .environment("EDITOR", editor)
            .environment("SHELL", "/bin/sh")
            .environment("WHARF_PASSWORD", PASSWORD)
            .run();
    // Into the folder, and look into the file.
    terminal.shows("-d $(touch x)");
    terminal.shows("3 entries");
    terminal.keys("jj\r");
    terminal.shows("-rf; touch x");
    terminal.shows("2 entries");
    terminal.keys("G");
    terminal.keys(F3);
    terminal.shows("text, wrapped");
    terminal.shows("one");
    terminal.keys(key::ESCAPE);
    terminal.shows("2 entries");
    // Beside the cursor.
    terminal.keys("Q");
    terminal.shows("Quick view");
    terminal.shows("one");
    terminal.keys("Q");
    terminal.hides("Quick view");
    // Edited, and sent back under the same name.
    terminal.keys(F4);
    wait_until("it is saved", LONG, || fs::read(ground.odd_file()).unwrap() == b"one\ntwo\n");
    if !ground.is_local {
        terminal.shows("Sent back and verified");
        terminal.keys(key::ESCAPE);
        terminal.hides("Sent back and verified");
    }
    terminal.shows("2 entries");
    // A tab, elsewhere and back; the way back and forward.
    terminal.keys("t");
    terminal.until("the new tab", |text| text.contains(" 1  2 ") && text.contains("2 entries"));
    terminal.keys("h");
    terminal.shows("3 entries");
    terminal.keys("[");
    terminal.shows("2 entries");
    terminal.keys("]");
    terminal.shows("3 entries");
    terminal.keys("{");
    terminal.shows("2 entries");
    // A bookmark, where the name can be written down.
    terminal.keys("\"");
    terminal.shows("and cannot be written down");
    terminal.keys("gj\r");
    terminal.shows("empty");
    terminal.keys("\"");
    terminal.shows("The name of this folder is no text");
    terminal.keys("h");
    terminal.shows("2 entries");
    terminal.keys("h");
    terminal.shows("3 entries");
    terminal.keys("gj\r");
    terminal.shows("empty");
    terminal.keys("\"");
    terminal.shows("ookmark");
    terminal.keys("}");
    terminal.shows("3 entries");
    terminal.keys("'");
    terminal.shows("Bookmarks");
    terminal.shows(MARKED);
    terminal.keys("\r");
    terminal.shows("empty");
    terminal.keys("h");
    terminal.shows("3 entries");
    terminal.keys("gjj\r");
    terminal.shows("2 entries");
    // What was done is in the history.
    if !ground.is_local {
        terminal.keys("H");
        terminal.until("rows", |text| text.contains("History") && text.contains("/state/edits/"));
        terminal.keys("\r");
        terminal.shows("SHA-256");
        terminal.shows("-rf; touch x");
        terminal.keys(key::ESCAPE);
        terminal.hides("SHA-256");
        terminal.keys("H");
        terminal.shows("2 entries");
    }
    // A shell, and a command, in that folder.
    if ground.has_shell {
        terminal.keys("$");
        terminal.shows("exit leads back to Wharf");
        terminal.keys("PS1='go> '; echo made >there; exit\r");
        terminal.shows("3 entries");
        assert!(ground.inside().join("there").exists());
    }
    if ground.is_local {
        terminal.keys("!");
        terminal.shows("Run a command");
        terminal.keys("echo made >here\r");
        terminal.shows("Enter leads back to Wharf");
        terminal.keys("\r");
        terminal.shows("4 entries");
        assert!(ground.inside().join("here").exists());
    }
    terminal.keys("q");
    assert_eq!(terminal.ended().exit_code(), 0);
    terminal.is_restored();
    let obeyed: [&[u8]; 4] =
        [b"\x1b]52;c;eA==", b"\x1b[2J\xc2\x9b31m", "\u{202e}".as_bytes(), "\u{200b}".as_bytes()];
    for bytes in obeyed {
        assert!(!is_sent(&terminal, bytes), "{}", bytes.escape_ascii());
    }
    for folder in [&ground.disk, &ground.inside(), scene.here.path()] {
        assert!(!folder.join("x").exists(), "something was run in {folder:?}");
    }
}

fn knows_site(scene: &Scene, lines: &str) {
    let sites = format!("[[site]]\nname = \"pier\"\n{lines}\n");
    fs::write(scene.client.config_dir().join("sites.toml"), sites).unwrap();
}

#[test]
fn here() {
    let Some(scene) = scene() else { return };
    let folder = tempfile::tempdir().unwrap();
    walk(&scene, &Ground::new(folder.path().to_str().unwrap(), folder.path(), true));
}

#[test]
fn on_an_sftp_server() {
    let Some(scene) = scene() else { return };
    knows_site(&scene, &format!("host = \"{}\"", crate::servers::client::HOST));
    walk(&scene, &Ground::new(&scene.remote(), &scene.sshd.files(), false));
}

#[test]
fn on_an_ftp_server() {
    let Some(scene) = scene() else { return };
    let Some(server) = FtpServer::options(Make::ProFtpd).start() else { return };
    let (user, port) = (server.user(), server.port());
    knows_site(
        &scene,
        &format!("protocol = \"ftp\"\nhost = \"127.0.0.1\"\nport = {port}\nuser = \"{user}\""),
    );
    let place = format!("ftp://{user}@127.0.0.1:{port}/~/");
    walk(&scene, &Ground::of_ftp(&place, &server.files()));
}
