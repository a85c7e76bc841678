//! Permissions and times of trees in the real terminal, on real servers, also where not all of them can be set.

use std::{
    fs::{self, Permissions},
    os::unix::fs::{MetadataExt as _, PermissionsExt as _, chown},
    path::Path,
};

use super::driver::{Start, Terminal, key};
use crate::servers::{
    client::HOST,
    ftp_server::{FtpServer, Make, PASSWORD},
    sshd::{Account, Sshd},
};

fn mode(path: &Path) -> u32 {
    path.metadata().unwrap().mode() & 0o7777
}

/// Makes a tree with one file of another user in it.
fn plant(folder: &Path, of: &Path) {
    let owner = of.metadata().unwrap();
    fs::create_dir_all(folder.join("d/inner")).unwrap();
    for name in ["d/a", "d/; touch x", "d/inner/$(touch x)"] {
        fs::write(folder.join(name), "x").unwrap();
        fs::set_permissions(folder.join(name), Permissions::from_mode(0o644)).unwrap();
    }
    for name in ["d", "d/inner", "d/; touch x", "d/inner/$(touch x)"] {
        chown(folder.join(name), Some(owner.uid()), Some(owner.gid())).unwrap();
    }
}

#[test]
fn what_may_not_be_changed_is_told_and_the_rest_is_changed() {
    let Some(sshd) = Sshd::options().account(Account::Ordinary).start() else { return };
    let files = sshd.files();
    plant(&files, &files);
    if files.join("d/a").metadata().unwrap().uid() == files.metadata().unwrap().uid() {
        println!("left out: only root makes a file of another user");
        return;
    }
    let client = sshd.client().known().write();
    let here = tempfile::tempdir().unwrap();
    let mut terminal = Start::new(&client, here.path(), &[&format!("{HOST}:"), "."]).run();
    set_all(&mut terminal);
    is_told_half_way(&mut terminal);
    are_set(&files, 0o644);
    assert!(!here.path().join("x").exists());
}

/// 600 for files, all inside too, 700 for folders.
fn set_all(terminal: &mut Terminal) {
    terminal.shows("1 entry");
    terminal.keys(key::DOWN);
    terminal.keys("A");
    terminal.shows("Permissions");
    terminal.keys("\x15600");
    terminal.keys("\x1b[Z\x1b[Z\x1b[Z\x15700");
    terminal.keys("\x1b[Z \r");
}

fn is_told_half_way(terminal: &mut Terminal) {
    terminal.shows("Permissions set half-way: 4 done, 1 not done");
    terminal.shows("/d/a");
    // Each server in its words.
    terminal.until("why", |text| {
        ["permission denied", "not permitted"].iter().any(|why| text.contains(why))
    });
    terminal.keys(key::ESCAPE);
    terminal.shows("Ended with failures");
}

/// What [`set_all`] makes of what was planted; the file of another user has this mode.
fn are_set(files: &Path, of_the_other: u32) {
    assert_eq!(mode(&files.join("d/a")), of_the_other);
    assert_eq!(mode(&files.join("d")), 0o700);
    assert_eq!(mode(&files.join("d/inner")), 0o700);
    assert_eq!(mode(&files.join("d/; touch x")), 0o600);
    assert_eq!(mode(&files.join("d/inner/$(touch x)")), 0o600);
    assert!(!files.join("x").exists());
}

#[test]
fn permissions_of_a_tree_here_and_on_an_ftp_server() {
    let client = crate::headless::no_server().write();
    let here = tempfile::tempdir().unwrap();
    plant(here.path(), here.path());
    let mut terminal = Start::new(&client, here.path(), &[".", "/proc/self/ns"]).run();
    set_all(&mut terminal);
    terminal.shows("Done: set permissions of d");
    are_set(here.path(), 0o600);
    drop(terminal);

    let Some(server) = FtpServer::options(Make::ProFtpd).start() else { return };
    let files = server.files();
    plant(&files, &files);
    let place = server.place();
    let mut terminal = Start::new(&client, here.path(), &[&place, "/proc/self/ns"])
        .environment("WHARF_PASSWORD", PASSWORD)
        .run();
    set_all(&mut terminal);
    if files.join("d/a").metadata().unwrap().uid() == files.metadata().unwrap().uid() {
        terminal.shows("Done: set permissions of d");
        return are_set(&files, 0o600);
    }
    is_told_half_way(&mut terminal);
    are_set(&files, 0o644);
}

#[test]
fn times_are_set_on_an_ftp_server_and_owners_are_not_offered() {
    let Some(server) = FtpServer::options(Make::ProFtpd).start() else { return };
    let client = crate::headless::no_server().write();
    let here = tempfile::tempdir().unwrap();
    fs::write(server.files().join("file"), "x").unwrap();
    let owner = server.files().metadata().unwrap();
    chown(server.files().join("file"), Some(owner.uid()), Some(owner.gid())).unwrap();
    let place = server.place();
    let mut terminal = Start::new(&client, here.path(), &[&place, "."])
        .environment("WHARF_PASSWORD", PASSWORD)
        .run();
    terminal.shows("1 entry");
    terminal.keys(key::DOWN);
    terminal.keys("O");
    terminal.shows("FTP has no command that sets owners and groups.");
    terminal.keys("2026-11-01 13:05\r");
    terminal.shows("Done: set time of file");
    assert_eq!(server.files().join("file").metadata().unwrap().mtime(), 1_793_538_300);
}

#[test]
fn owners_are_set_by_name_on_an_sftp_server() {
    let Some(sshd) = Sshd::options().start() else { return };
    if !rustix::process::geteuid().is_root() {
        println!("left out: only root gives files away");
        return;
    }
    let client = sshd.client().known().write();
    let here = tempfile::tempdir().unwrap();
    let file = sshd.files().join("-rf");
    fs::write(&file, "x").unwrap();
    let mut terminal = Start::new(&client, here.path(), &[&format!("{HOST}:"), "."]).run();
    terminal.shows("1 entry");
    terminal.keys(key::DOWN);
    terminal.keys("O");
    terminal.shows("owner root (0), group root (0)");
    terminal.keys("daemon\tbin\r");
    terminal.shows("Done: set owner and group of -rf");
    let daemon = file.metadata().unwrap();
    assert_eq!((daemon.uid(), daemon.gid()), (1, 2));
}
