//! Files of servers being edited: every save goes back while the editor is open, and nothing is lost by a crash.

use std::{
    fs,
    path::{Path, PathBuf},
};

use super::{
    driver::{LONG, Start, Terminal, key},
    outside::{F4, Scene, in_one_line, scene},
};
use crate::{
    servers::{
        ftp_server::{FtpServer, Make, PASSWORD},
        processes::Signal,
    },
    support::wait_until,
};

/// An editor that saves in place and by renaming, each time the test lets it go on, and then ends.
const SAVES_TWICE: &str = r#"
trap '' HUP
: >"$(dirname "$0")/begun"
wait_for() { until test -e "$(dirname "$0")/$1"; do sleep 0.02; done; }
wait_for first
echo two >>"$2"
wait_for second
cp "$2" "$2.new"; echo three >>"$2.new"; mv "$2.new" "$2"
wait_for end
"#;

fn let_on(scene: &Scene, step: &str) {
    fs::write(scene.tools.path().join(step), "").unwrap();
}

fn open_first(terminal: &mut Terminal) {
    terminal.shows("notes.txt");
    terminal.keys(key::DOWN);
    terminal.keys(F4);
}

#[track_caller]
fn holds(file: &std::path::Path, text: &str) {
    wait_until(&format!("{text:?} arrives"), LONG, || fs::read_to_string(file).unwrap() == text);
}

#[test]
fn every_save_goes_back_while_the_editor_is_open() {
    let Some(scene) = scene() else { return };
    let there = scene.sshd.files().join("notes.txt");
    fs::write(&there, "one\n").unwrap();
    let editor = scene.editor(SAVES_TWICE);
    let mut terminal = scene.open(&[&scene.remote(), "."], editor);
    open_first(&mut terminal);
    wait_until("the editor has the terminal", LONG, || !terminal.has_screen());
    let_on(&scene, "first");
    holds(&there, "one\ntwo\n");
    let written = terminal.written();
    let_on(&scene, "second");
    holds(&there, "one\ntwo\nthree\n");
    assert_eq!(terminal.written(), written, "the terminal is the editor's");
    assert!(!terminal.has_screen());
    assert_eq!(scene.copies().len(), 1, "kept while it is open");
    let_on(&scene, "end");
    terminal.shows("(2 saves)");
    wait_until("the copy is removed", LONG, || scene.copies().is_empty());
}

#[test]
fn a_change_between_two_saves_is_asked_about_with_its_difference() {
    let Some(scene) = scene() else { return };
    let there = scene.sshd.files().join("notes.txt");
    fs::write(&there, "one\n").unwrap();
    let editor = scene.editor(SAVES_TWICE);
    let terminal = scene.open(&[&scene.remote(), "."], editor);
    somebody_else_writes(&scene, &there, terminal);
}

fn somebody_else_writes(scene: &Scene, there: &Path, mut terminal: Terminal) {
    open_first(&mut terminal);
    let_on(scene, "first");
    holds(there, "one\ntwo\n");
    fs::write(there, "one\nsomebody else's\n").unwrap();
    let_on(scene, "second");
    let_on(scene, "end");
    terminal.shows("It was changed on the server meanwhile");
    assert_eq!(fs::read_to_string(there).unwrap(), "one\nsomebody else's\n");
    terminal.keys("d");
    terminal.shows("-somebody else's");
    terminal.shows("+three");
    terminal.keys(key::ESCAPE);
    terminal.hides("+three");
    terminal.shows("It was changed on the server meanwhile");
    terminal.keys("y\r");
    terminal.shows("Sent back and verified (2 saves)");
    assert_eq!(fs::read_to_string(there).unwrap(), "one\ntwo\nthree\n");
}

#[test]
fn what_was_being_edited_when_wharf_was_killed_is_offered_again() {
    let Some(scene) = scene() else { return };
    let there = scene.sshd.files().join("notes.txt");
    fs::write(&there, "one\n").unwrap();
    let editor = scene.editor(SAVES_TWICE);
    let mut terminal = scene.open(&[&scene.remote(), "."], editor);
    open_first(&mut terminal);
    // Not when the terminal is lent: one that was not begun yet saves nothing.
    wait_until("the editor has begun", LONG, || scene.tools.path().join("begun").exists());
    terminal.signal(Signal::KILL);
    terminal.ended();
    // The editor outlives it, and saves.
    for step in ["first", "second", "end"] {
        let_on(&scene, step);
    }
    let copy = scene.copies()[0].join("notes.txt");
    holds(&copy, "one\ntwo\nthree\n");
    drop(terminal);
    let mut terminal = scene.open(&[".", "/proc/self/ns"], editor);
    terminal.shows("1 file was being edited when Wharf ended");
    terminal.shows("changed, not sent back");
    terminal.keys("y");
    terminal.shows("Open edits");
    terminal.keys("s");
    terminal.shows("Sent back and verified");
    assert_eq!(fs::read_to_string(&there).unwrap(), "one\ntwo\nthree\n");
    wait_until("the copy is removed", LONG, || scene.copies().is_empty());
}

#[test]
fn an_editor_that_goes_on_elsewhere_is_followed() {
    let Some(scene) = scene() else { return };
    let there = scene.sshd.files().join("notes.txt");
    fs::write(&there, "one\n").unwrap();
    let editor = scene.editor(
        r#"(until test -e "$(dirname "$0")/first"; do sleep 0.02; done; echo two >>"$2") >/dev/null 2>&1 </dev/null &"#,
    );
    let mut terminal = scene.open(&[&scene.remote(), "."], editor);
    open_first(&mut terminal);
    terminal.until("it is said", |screen| in_one_line(screen).contains("The editor ended at once"));
    let_on(&scene, "first");
    holds(&there, "one\ntwo\n");
    terminal.shows("Sent back and verified");
    assert_eq!(scene.copies().len(), 1, "it may be saved again");
}

/// A file on an FTP server, and a Wharf that shows it.
fn on_ftp(scene: &Scene, server: &FtpServer) -> (PathBuf, Terminal) {
    let there = server.files().join("notes.txt");
    fs::write(&there, "one\n").unwrap();
    fs::set_permissions(&there, std::os::unix::fs::PermissionsExt::from_mode(0o666)).unwrap();
    let place = server.place();
    let terminal = Start::new(&scene.client, scene.here.path(), &[&place, "/proc/self/ns"])
        .environment("EDITOR", scene.editor(SAVES_TWICE))
        .environment("WHARF_PASSWORD", PASSWORD)
        .run();
    (there, terminal)
}

#[test]
fn a_change_on_an_ftp_server_is_asked_about_as_well() {
    for make in [Make::ProFtpd, Make::Vsftpd] {
        let Some(scene) = scene() else { return };
        let Some(server) = FtpServer::options(make).start() else { continue };
        let (there, terminal) = on_ftp(&scene, &server);
        somebody_else_writes(&scene, &there, terminal);
    }
}

#[test]
fn a_file_on_an_ftp_server_is_edited_the_same_way() {
    let Some(scene) = scene() else { return };
    let Some(server) = FtpServer::options(Make::Vsftpd).start() else { return };
    let (there, mut terminal) = on_ftp(&scene, &server);
    open_first(&mut terminal);
    let_on(&scene, "first");
    holds(&there, "one\ntwo\n");
    let_on(&scene, "second");
    holds(&there, "one\ntwo\nthree\n");
    let_on(&scene, "end");
    terminal.shows("(2 saves)");
}

/// `notes.txt` is a link to a link; saving writes the file at their end, and links stay links.
fn edits_through_links(scene: &Scene, folder: &Path, place: &str) {
    use std::os::unix::fs::symlink;
    let real = folder.join("kept/real.txt");
    fs::create_dir(folder.join("kept")).unwrap();
    fs::write(&real, "one\n").unwrap();
    let owner = folder.metadata().unwrap();
    for path in [&folder.join("kept"), &real] {
        use std::os::unix::fs::{MetadataExt as _, chown};
        chown(path, Some(owner.uid()), Some(owner.gid())).unwrap();
    }
    symlink("kept", folder.join("a-folder")).unwrap();
    symlink("kept/real.txt", folder.join("first")).unwrap();
    symlink("first", folder.join("notes.txt")).unwrap();
    let editor = scene.editor("echo two >>\"$2\"");
    let mut terminal = Start::new(&scene.client, scene.here.path(), &[place, "/proc/self/ns"])
        .environment("EDITOR", editor)
        .environment("WHARF_PASSWORD", PASSWORD)
        .run();
    terminal.shows("notes.txt");
    terminal.keys("G");
    terminal.keys(F4);
    terminal.shows("Sent back and verified");
    assert_eq!(fs::read_to_string(&real).unwrap(), "one\ntwo\n");
    for (link, target) in [("notes.txt", "first"), ("first", "kept/real.txt")] {
        assert_eq!(fs::read_link(folder.join(link)).unwrap(), Path::new(target));
    }
    // One that leads to a directory is none that can be edited.
    terminal.keys(key::ESCAPE);
    terminal.hides("Sent back and verified");
    terminal.keys("g/a-f\r");
    terminal.keys(F4);
    terminal.shows("Only files can be edited.");
    wait_until("no copy is left", LONG, || scene.copies().is_empty());
}

#[test]
fn a_link_is_edited_at_its_end() {
    let Some(scene) = scene() else { return };
    edits_through_links(&scene, &scene.sshd.files(), &scene.remote());
    for make in [Make::ProFtpd, Make::Vsftpd] {
        let Some(server) = FtpServer::options(make).start() else { continue };
        edits_through_links(&scene, &server.files(), &server.place());
    }
}
