//! Files looked into, edited and renamed in the real terminal, by editors that are scripts; and commands.

use std::{
    fs,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use tempfile::TempDir;

use super::driver::{LONG, Start, Terminal, key};
use crate::{
    servers::{
        client::{Client, HOST},
        ftp_server::{FtpServer, Make, PASSWORD},
        sshd::Sshd,
    },
    support::wait_until,
};

const F3: &str = "\x1bOR";
pub(super) const F4: &str = "\x1bOS";

pub(super) struct Scene {
    pub(super) sshd: Sshd,
    pub(super) client: Client,
    pub(super) here: TempDir,
    pub(super) tools: TempDir,
}

pub(super) fn scene() -> Option<Scene> {
    let sshd = Sshd::options().start()?;
    let client = sshd.client().known().write();
    Some(Scene {
        sshd,
        client,
        here: tempfile::tempdir().unwrap(),
        tools: tempfile::tempdir().unwrap(),
    })
}

impl Scene {
    /// An editor of one's own: a script that is given an option and the file's name. Its place holds a blank.
    pub(super) fn editor(&self, script: &str) -> &'static str {
        let path = self.tools.path().join("my editor");
        fs::write(&path, format!("#!/bin/sh\nset -e\ntest \"$1\" = --flag\n{script}\n")).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o700)).unwrap();
        format!("'{}' --flag", path.display()).leak()
    }

    pub(super) fn open(&self, places: &[&str], editor: &'static str) -> Terminal {
        Start::new(&self.client, self.here.path(), places).environment("EDITOR", editor).run()
    }

    pub(super) fn remote(&self) -> String {
        format!("{HOST}:")
    }

    pub(super) fn copies(&self) -> Vec<PathBuf> {
        let edits = self.client.state_dir().join("edits");
        let all = fs::read_dir(edits).into_iter().flatten().map(|entry| entry.unwrap().path());
        all.filter(|path| path.is_dir()).collect()
    }
}

/// What a screen says, without frames and line breaks.
pub(super) fn in_one_line(screen: &str) -> String {
    let words =
        screen.split(|c: char| c.is_whitespace() || c == '│').filter(|word| !word.is_empty());
    words.collect::<Vec<_>>().join(" ")
}

#[test]
fn a_file_here_is_edited_whatever_its_name() {
    let Some(scene) = scene() else { return };
    let name = "-rf $(touch x); 'q'";
    fs::write(scene.here.path().join(name), "one\n").unwrap();
    let editor = scene.editor("echo two >>\"$2\"");
    let mut terminal = scene.open(&[".", "."], editor);
    terminal.shows("$(touch x)");
    terminal.keys(key::DOWN);
    terminal.keys(F4);
    let file = scene.here.path().join(name);
    wait_until("the editor saves", LONG, || fs::read_to_string(&file).unwrap() == "one\ntwo\n");
    terminal.shows("$(touch x)");
    assert!(!scene.here.path().join("x").exists());
    terminal.keys("q");
    assert_eq!(terminal.ended().exit_code(), 0);
    terminal.is_restored();
}

#[test]
fn a_file_on_a_server_goes_back_verified() {
    let Some(scene) = scene() else { return };
    let there = scene.sshd.files().join("notes.txt");
    fs::write(&there, "one\n").unwrap();
    fs::set_permissions(&there, fs::Permissions::from_mode(0o640)).unwrap();
    // Saves by writing anew and renaming, as many do.
    let editor = scene.editor("cp \"$2\" \"$2.new\"; echo two >>\"$2.new\"; mv \"$2.new\" \"$2\"");
    let mut terminal = scene.open(&[&scene.remote(), "."], editor);
    terminal.shows("notes.txt");
    terminal.keys(key::DOWN);
    terminal.keys(F4);
    terminal.shows("Sent back and verified");
    assert_eq!(fs::read_to_string(&there).unwrap(), "one\ntwo\n");
    wait_until("the copy is removed", LONG, || scene.copies().is_empty());
    // Nothing is sent where nothing was changed.
    let modified = fs::metadata(&there).unwrap().modified().unwrap();
    scene.editor("sleep 2.1");
    terminal.keys(key::ESCAPE);
    terminal.hides("Sent back");
    terminal.keys(F4);
    terminal.shows("Nothing was changed");
    assert_eq!(fs::metadata(&there).unwrap().modified().unwrap(), modified);
    wait_until("the copy is removed", LONG, || scene.copies().is_empty());
}

#[test]
fn what_changed_on_the_server_meanwhile_is_not_replaced_unasked() {
    let Some(scene) = scene() else { return };
    let there = scene.sshd.files().join("notes.txt");
    fs::write(&there, "one\n").unwrap();
    let editor =
        scene.editor(&format!("echo mine >\"$2\"; echo theirs, longer >'{}'", there.display()));
    let mut terminal = scene.open(&[&scene.remote(), "."], editor);
    terminal.shows("notes.txt");
    terminal.keys(key::DOWN);
    terminal.keys(F4);
    terminal.shows("It was changed on the server meanwhile");
    assert_eq!(fs::read_to_string(&there).unwrap(), "theirs, longer\n");
    terminal.keys(key::ENTER);
    terminal.shows("the copy stays at");
    assert_eq!(fs::read_to_string(&there).unwrap(), "theirs, longer\n");
    let copies = scene.copies();
    assert_eq!(fs::read_to_string(copies[0].join("notes.txt")).unwrap(), "mine\n");
    assert_eq!(fs::metadata(&copies[0]).unwrap().permissions().mode() & 0o777, 0o700);
    // The same once more, and this time it is to be replaced.
    terminal.keys(key::ESCAPE);
    terminal.hides("the copy stays at");
    scene.editor(&format!("echo mine >\"$2\"; echo theirs, even longer >'{}'", there.display()));
    terminal.keys(F4);
    terminal.shows("A copy of this file is kept");
    terminal.keys("x");
    terminal.shows("Remove the copy?");
    terminal.keys("y");
    terminal.shows("given up");
    terminal.keys(F4);
    terminal.shows("It was changed on the server meanwhile");
    terminal.keys("y\r");
    terminal.shows("Sent back and verified");
    assert_eq!(fs::read_to_string(&there).unwrap(), "mine\n");
}

#[test]
fn an_editor_that_is_not_there_or_fails_is_named() {
    let Some(scene) = scene() else { return };
    fs::write(scene.sshd.files().join("notes.txt"), "one\n").unwrap();
    let mut terminal = scene.open(&[&scene.remote(), "."], "/nonexistent/editor");
    terminal.shows("notes.txt");
    terminal.keys(key::DOWN);
    terminal.keys(F4);
    terminal.shows("Could not run $EDITOR (/nonexistent/editor)");
    terminal.until("what to do", |screen| {
        in_one_line(screen).contains("Set $EDITOR to one that is there.")
    });
    terminal.keys(key::ESCAPE);
    drop(terminal);
    let failed = [
        ("exit 3", "exit status: 3. Nothing was changed."),
        ("exit 0", "The editor ended at once."),
        ("echo x >\"$2\"; exit 3", "exit status: 3. files.example:/"),
    ];
    for (script, said) in failed {
        let editor = scene.editor(script);
        let mut terminal = scene.open(&[&scene.remote(), "."], editor);
        terminal.shows("notes.txt");
        terminal.keys(key::DOWN);
        terminal.keys(F4);
        terminal.until(said, |screen| in_one_line(screen).contains(said));
        // Not offered to the next of them.
        scene.copies().iter().for_each(|copy| fs::remove_dir_all(copy).unwrap());
        assert_eq!(fs::read_to_string(scene.sshd.files().join("notes.txt")).unwrap(), "one\n");
    }
}

#[test]
fn names_are_edited_together_in_circles_too() {
    let Some(scene) = scene() else { return };
    for place in [scene.here.path().to_owned(), scene.sshd.files()] {
        for name in ["a", "b", "c"] {
            fs::write(place.join(name), name).unwrap();
        }
    }
    let contents = |place: &Path| {
        ["a", "b", "d"].map(|name| fs::read_to_string(place.join(name)).unwrap_or_default())
    };
    let editor = scene.editor("printf 'b\\na\\nd\\n' >\"$2\"");
    let mut terminal = scene.open(&[".", &scene.remote()], editor);
    for place in [scene.here.path().to_owned(), scene.sshd.files()] {
        terminal.until("the files", |screen| screen.matches("3 entries").count() == 2);
        terminal.keys("*B");
        terminal.shows("4 renames, in this order");
        terminal.shows("a → .a.renaming0");
        assert_eq!(contents(&place), ["a", "b", ""], "nothing is done before it was seen");
        terminal.keys(key::ENTER);
        terminal.shows("Renamed 4 entries");
        assert_eq!(contents(&place), ["b", "a", "c"]);
        // Undone, and done again.
        terminal.keys("U");
        terminal.shows("Undo the last renaming");
        terminal.shows("d → c");
        terminal.keys(key::ENTER);
        wait_until("the names are back", LONG, || contents(&place) == ["a", "b", ""]);
        assert!(place.join("c").exists());
        terminal.hides("Undo the last renaming");
        terminal.shows("Renamed 4 entries");
        terminal.keys("U");
        terminal.shows("c → d");
        terminal.keys(key::ENTER);
        wait_until("they are changed again", LONG, || contents(&place) == ["b", "a", "c"]);
        terminal.hides("Undo the last renaming");
        terminal.keys("\t");
    }
    // What collides is told, and nothing is done.
    scene.editor("printf 'x\\nx\\nd\\n' >\"$2\"");
    terminal.keys("*B");
    terminal.shows("More than one would be called x. Nothing was renamed.");
    assert_eq!(contents(scene.here.path()), ["b", "a", "c"]);
}

#[test]
fn a_command_runs_where_the_pane_is_and_leads_back() {
    let Some(scene) = scene() else { return };
    let mut terminal = Start::new(&scene.client, scene.here.path(), &[".", &scene.remote()])
        .environment("WHARF_PASSWORD", "canary")
        .run();
    terminal.shows("empty");
    terminal.keys("!");
    terminal.shows("Run a command");
    terminal.keys("touch 'made here'; echo \"it says [$WHARF_PASSWORD]\"; sleep 100");
    terminal.keys(key::ENTER);
    terminal.until("the command runs", |screen| {
        screen.contains("it says []") && !screen.contains("Name")
    });
    assert!(!terminal.has_screen());
    // Ctrl-C is the command's.
    terminal.keys("\x03");
    terminal.shows("Enter leads back to Wharf");
    terminal.keys(key::ENTER);
    terminal.shows("1 entry");
    assert!(terminal.has_screen());
    assert!(scene.here.path().join("made here").exists());
    terminal.keys("\t!");
    terminal.shows("Commands run on this machine");
    terminal.keys("q");
    assert_eq!(terminal.ended().exit_code(), 0);
    terminal.is_restored();
}

/// The most memory a process ever had, in bytes.
fn peak_memory(process: u32) -> u64 {
    let status = fs::read_to_string(format!("/proc/{process}/status")).unwrap();
    let line = status.lines().find(|line| line.starts_with("VmHWM:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse::<u64>().unwrap() * 1024
}

#[test]
fn twenty_gigabytes_are_looked_into_at_their_end() {
    let Some(scene) = scene() else { return };
    let ftp = FtpServer::options(Make::ProFtpd).start();
    let mut sides = vec![
        (String::from("."), scene.here.path().to_owned()),
        (scene.remote(), scene.sshd.files()),
    ];
    sides.extend(ftp.as_ref().map(|server| {
        let place = server.place();
        (place, server.files())
    }));
    for (side, folder) in sides {
        let file = fs::File::create(folder.join("log")).unwrap();
        file.set_len(20 << 30).unwrap();
        use std::os::unix::fs::FileExt as _;
        file.write_all_at(b"first line\n", 0).unwrap();
        file.write_all_at(b"\nthe last line\n", (20 << 30) - 15).unwrap();
        let mut terminal = Start::new(&scene.client, scene.here.path(), &[&side, "/proc/self/ns"])
            .environment("WHARF_PASSWORD", PASSWORD)
            .run();
        terminal.shows("log");
        terminal.shows("1 entry");
        terminal.keys(key::DOWN);
        terminal.keys(F3);
        terminal.shows("66 69 72 73 74 20");
        let began = Instant::now();
        terminal.keys("G");
        terminal.shows("the last line");
        let took = began.elapsed();
        assert!(took < Duration::from_secs(5), "{took:?}");
        terminal.keys("x");
        terminal.shows("text, wrapped");
        terminal.shows("the last line");
        let peak = peak_memory(terminal.process());
        eprintln!("at the end of 20 GiB in {side}: {took:?}, peak {} MB", peak / 1_000_000);
        assert!(peak < 60_000_000, "{peak} bytes");
        terminal.keys(key::ESCAPE);
        terminal.shows("Name");
    }
}
