//! A shell on a real server in the real terminal: begun in the pane's folder, left by exit, and the screen comes back.

use std::fs;

use super::driver::{LONG, Start, Terminal, key};
use crate::{
    servers::{
        client::{Client, HOST},
        sshd::Sshd,
    },
    support::wait_until,
};

struct Scene {
    sshd: Sshd,
    client: Client,
    here: tempfile::TempDir,
}

fn scene() -> Option<Scene> {
    let sshd = Sshd::options().start()?;
    let client = sshd.client().known().write();
    Some(Scene { sshd, client, here: tempfile::tempdir().unwrap() })
}

impl Scene {
    fn open(&self, right: &str) -> Terminal {
        let places = [".", right];
        Start::new(&self.client, self.here.path(), &places).environment("SHELL", "/bin/sh").run()
    }
}

#[test]
fn a_shell_begins_in_the_panes_folder_and_leads_back() {
    let Some(scene) = scene() else { return };
    let name = "a; $(touch x) 'b'";
    let folder = scene.sshd.files().join(name);
    fs::create_dir(&folder).unwrap();
    let mut terminal = scene.open(&format!("{HOST}:{name}"));
    terminal.shows("a; $(touch x)");
    terminal.until("both places", |screen| screen.matches("empty").count() == 2);
    terminal.keys("\t$");
    terminal.shows("exit leads back to Wharf");
    assert!(!terminal.has_screen());
    terminal.keys("PS1='go> '; touch 'made there'; stty size\r");
    terminal.shows("24 100");
    assert!(folder.join("made there").exists());
    assert!(!scene.sshd.files().join("x").exists());
    // Another size is told; Ctrl-C is for what runs there.
    terminal.resize(30, 80);
    // Once it has spoken it has the terminal: one that comes while a shell is about to begin it may be lost on both.
    terminal.keys("sh -c 'echo star\"\"ted; exec sleep 1000'\r");
    terminal.shows("started");
    terminal.keys("\x03");
    let sizes = |terminal: &mut Terminal| {
        terminal.keys("stty size\r");
        terminal.text().contains("30 80")
    };
    wait_until("the size is known there", LONG, || sizes(&mut terminal));
    // More than pipes and sockets on the way hold, to the last line of it.
    terminal.keys("clear; seq 300000 | tail -c 600000; echo th''at is all\r");
    terminal.shows("that is all");
    terminal.shows("300000");
    terminal.keys("exit 3\r");
    terminal.shows("has ended with status 3");
    wait_until("the screen is back", LONG, || terminal.has_screen());
    terminal.shows("made there");
    // Keys are Wharf's again.
    terminal.keys("q");
    assert_eq!(terminal.ended().exit_code(), 0);
    terminal.is_restored();
}

#[test]
fn a_status_that_is_told_after_the_last_byte_is_heard() {
    let Some(scene) = scene() else { return };
    let mut terminal = scene.open(&format!("{HOST}:"));
    terminal.until("both places", |screen| screen.matches("empty").count() == 2);
    terminal.keys("\t$");
    terminal.shows("exit leads back to Wharf");
    // What still holds the terminal is let go of before the program ends.
    terminal.keys("exec sh -c 'exec </dev/null >/dev/null 2>&1; sleep 0.3; exit 3'\r");
    terminal.shows("has ended with status 3");
    terminal.keys("$");
    terminal.until("a shell", |screen| {
        screen.contains("exit leads back") && !screen.contains("with status")
    });
    terminal.keys("kill -TERM $$; kill -KILL $$\r");
    terminal.shows("was ended by the signal KILL");
}

#[test]
fn a_shell_that_hangs_or_breaks_off_leads_back_too() {
    let Some(scene) = scene() else { return };
    let mut terminal = scene.open(&format!("{HOST}:"));
    terminal.until("both places", |screen| screen.matches("empty").count() == 2);
    terminal.keys("\t$");
    terminal.shows("exit leads back to Wharf");
    terminal.keys("trap '' HUP INT; echo rea''dy; while :; do read x; done\r");
    terminal.shows("ready");
    terminal.keys("\r~.");
    terminal.shows("was left");
    wait_until("the screen is back", LONG, || terminal.has_screen());
    terminal.keys("$");
    // What the first one left is on that screen still.
    terminal
        .until("a shell", |screen| screen.contains("exit leads back") && !screen.contains("Name"));
    terminal.keys("echo ready aga''in\r");
    terminal.shows("ready again");
    scene.sshd.kill_sessions();
    terminal.shows("broke off");
    wait_until("the screen is back", LONG, || terminal.has_screen());
    terminal.keys(key::ESCAPE);
    // Browsing goes on over a new connection.
    fs::write(scene.sshd.files().join("news"), "x").unwrap();
    terminal.keys("r");
    terminal.shows("news");
}

#[test]
fn where_there_is_no_shell_it_is_said() {
    let Some(sshd) = Sshd::options().sftp(crate::servers::sshd::Sftp::InternalOnly).start() else {
        return;
    };
    let client = sshd.client().known().write();
    let here = tempfile::tempdir().unwrap();
    let places = [".", &format!("{HOST}:")];
    let mut terminal =
        Start::new(&client, here.path(), &places).environment("SHELL", "/bin/sh").run();
    terminal.shows("empty");
    // Here, it is the person's own.
    terminal.keys("$");
    terminal.shows("exit leads back to Wharf");
    terminal.keys("touch 'made here'; exit\r");
    terminal
        .until("the panes again", |screen| screen.contains("Name") && screen.contains("made here"));
    assert!(terminal.has_screen());
    terminal.keys("q");
    assert_eq!(terminal.ended().exit_code(), 0);
    terminal.is_restored();
}
