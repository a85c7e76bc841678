//! A disk of this machine that refuses at the last moment (FAULTS.md 27): never `done`, and what stood there stands.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use super::{Said, crash::dies_at, no_server, run, wharf};
use crate::servers::{
    client::{Client, HOST},
    programs,
    sshd::Sshd,
};

/// Stands before the system's own calls: the one that `WHARF_DISK_FAILS` names fails for parts, with EIO, after it was
/// noted in the file that `WHARF_DISK_MET` names. A file that cannot be closed is closed all the same.
const SHIM: &str = r#"
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

static int fails(const char *call, int fd) {
    const char *wanted = getenv("WHARF_DISK_FAILS"), *met = getenv("WHARF_DISK_MET");
    char link[64], path[4096];
    if (!wanted || !met || strcmp(wanted, call) != 0) return 0;
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t length = readlink(link, path, sizeof path);
    if (length < 5 || memcmp(path + length - 5, ".part", 5) != 0) return 0;
    int noted = open(met, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
    if (noted >= 0) syscall(SYS_close, noted);
    return 1;
}

int fsync(int fd) {
    if (fails("fsync", fd)) { errno = EIO; return -1; }
    return (int)syscall(SYS_fsync, fd);
}

int close(int fd) {
    int failed = fails("close", fd);
    int result = (int)syscall(SYS_close, fd);
    if (failed) { errno = EIO; return -1; }
    return result;
}
"#;

/// The shim as a library; `None` where there is no compiler.
fn shim(folder: &Path) -> Option<PathBuf> {
    let (source, library) = (folder.join("shim.c"), folder.join("shim.so"));
    fs::write(&source, SHIM).unwrap();
    let mut compiler = Command::new(programs::find("cc")?);
    let output = compiler.args(["-shared", "-fPIC", "-o"]).args([&library, &source]).output();
    let output = output.unwrap();
    assert!(output.status.success(), "{output:?}");
    Some(library)
}

/// The same command on a disk where this call fails; `None`, and this is told, where that cannot be played.
fn on_a_disk_that_fails(mut command: Command, call: &str) -> Option<Said> {
    let tools = tempfile::tempdir().unwrap();
    let library = if cfg!(target_os = "linux") { shim(tools.path()) } else { None };
    let Some(library) = library else {
        programs::skip_here("needs Linux and a C compiler");
        return None;
    };
    let met = tools.path().join("met");
    command.env("LD_PRELOAD", library).env("WHARF_DISK_FAILS", call).env("WHARF_DISK_MET", &met);
    let said = Said::of(command.output().unwrap());
    assert!(met.exists(), "nothing of the sort was called, so this shows nothing: {said:?}");
    Some(said)
}

#[test]
fn a_close_that_fails_here_is_never_done() {
    let client = no_server().write();
    let here = tempfile::tempdir().unwrap();
    fs::write(here.path().join("a"), "new").unwrap();
    fs::write(here.path().join("b"), "what stood there").unwrap();
    let words = ["cp", "--json", "--on-conflict", "overwrite", "a", "b"];
    let command = wharf(&client, here.path(), &words);
    let Some(said) = on_a_disk_that_fails(command, "close") else { return };
    assert_eq!(said.status, 1, "{said:?}");
    let [failed] = &said.events("failed")[..] else { panic!("{said:?}") };
    let why = failed["error"].as_str().unwrap();
    assert!(why.starts_with("Could not finish writing ") && why.ends_with("error."), "{why}");
    assert!(said.events("file").is_empty(), "{said:?}");
    assert_eq!(fs::read(here.path().join("b")).unwrap(), b"what stood there");
    assert_eq!(fs::read_dir(here.path()).unwrap().count(), 2, "a part was left");
    let rows = run(&client, here.path(), &["log", "--json"]).objects();
    assert!(rows.iter().all(|row| row["ending"] == "failed") && !rows.is_empty(), "{rows:?}");
}

/// A move of `a` on a server to `b` here, where something stands, that is written down and not begun.
struct Move {
    sshd: Sshd,
    client: Client,
    here: tempfile::TempDir,
}

impl Move {
    fn new() -> Option<Self> {
        let sshd = Sshd::options().start()?;
        let client = sshd.client().known().write();
        let here = tempfile::tempdir().unwrap();
        fs::write(sshd.files().join("a"), "new").unwrap();
        fs::write(here.path().join("b"), "what stood there").unwrap();
        // Written down as a copy and made a move, as the screen would have asked for one.
        let words = ["cp", "-q", "--on-conflict", "overwrite", &format!("{HOST}:a"), "b"];
        let died = dies_at(wharf(&client, here.path(), &words), "Written:0");
        assert!(died, "it was not written down");
        let journal = client.state_dir().join("journal.sqlite");
        let connection = rusqlite::Connection::open(journal).unwrap();
        assert_eq!(connection.execute("UPDATE job SET work = 'move'", []).unwrap(), 1);
        Some(Self { sshd, client, here })
    }

    fn resume(&self) -> Command {
        wharf(&self.client, self.here.path(), &["queue", "resume", "--json"])
    }

    /// It has failed while this was done, and the source stands; what is here holds this, and no part lies beside it.
    #[track_caller]
    fn has_failed(&self, said: &Said, doing: &str, here: &[u8]) {
        assert_eq!(said.status, 1, "{said:?}");
        let [failed] = &said.events("failed")[..] else { panic!("{said:?}") };
        let why = failed["error"].as_str().unwrap();
        assert!(
            why.starts_with(&format!("Could not {doing} ")) && why.ends_with("error."),
            "{why}"
        );
        assert!(said.events("file").is_empty(), "{said:?}");
        assert_eq!(fs::read(self.sshd.files().join("a")).unwrap(), b"new", "the source is gone");
        assert_eq!(fs::read(self.here.path().join("b")).unwrap(), here);
        assert_eq!(fs::read_dir(self.here.path()).unwrap().count(), 1, "a part was left");
        let rows = run(&self.client, self.here.path(), &["log", "--json"]).objects();
        assert!(rows.iter().all(|row| row["ending"] == "failed") && !rows.is_empty(), "{rows:?}");
    }
}

/// Only of a move, whose copy will be the only one, it is asked that it be on the disk; and then it has to be.
#[test]
fn a_sync_that_fails_here_is_never_done_and_its_source_stays() {
    let Some(moves) = Move::new() else { return };
    let Some(said) = on_a_disk_that_fails(moves.resume(), "fsync") else { return };
    moves.has_failed(&said, "finish writing", b"what stood there");
}

/// The name is on the disk no sooner than its folder is.
#[test]
fn a_folder_that_will_not_sync_here_keeps_the_source() {
    let Some(moves) = Move::new() else { return };
    let folder = moves.here.path().canonicalize().unwrap();
    let folder = folder.to_str().unwrap();
    let which = ["-P", folder, "-e", "trace=fsync", "-e", "inject=fsync:error=EIO"];
    let Some(said) = traced(&moves.resume(), &which) else { return };
    moves.has_failed(&said, "rename", b"new");
}

/// The same command with some of its calls failing; `None`, and this is told, where nothing can be traced.
fn traced(inner: &Command, which: &[&str]) -> Option<Said> {
    let Some(strace) = programs::find("strace") else {
        programs::skip_here("needs strace");
        return None;
    };
    let mut command = Command::new(strace);
    command.args(["-f", "-qq", "-o", "/dev/null"]).args(which);
    command.arg(inner.get_program()).args(inner.get_args());
    if let Some(folder) = inner.get_current_dir() {
        command.current_dir(folder);
    }
    command.env_clear().envs(inner.get_envs().filter_map(|(name, value)| Some((name, value?))));
    let said = Said::of(command.output().unwrap());
    if said.errors.contains("ptrace") {
        programs::skip_here("nothing may be traced here");
        return None;
    }
    Some(said)
}

#[test]
fn a_rename_that_fails_here_is_never_done() {
    let client = no_server().write();
    let here = tempfile::tempdir().unwrap();
    fs::write(here.path().join("a"), "new").unwrap();
    fs::write(here.path().join("b"), "what stood there").unwrap();
    let inner =
        wharf(&client, here.path(), &["cp", "--json", "--on-conflict", "overwrite", "a", "b"]);
    let which = ["-e", "trace=/^rename", "-e", "inject=/^rename:error=EIO"];
    let Some(said) = traced(&inner, &which) else { return };
    assert_eq!(said.status, 1, "{said:?}");
    assert!(said.output.contains("\"failed\"") && said.output.contains("error"), "{said:?}");
    let names: Vec<_> =
        fs::read_dir(here.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(names.len(), 2, "{names:?}");
    assert_eq!(fs::read(here.path().join("b")).unwrap(), b"what stood there");
    let rows = run(&client, here.path(), &["log", "--json"]).objects();
    assert!(rows.iter().all(|row| row["ending"] == "failed") && !rows.is_empty(), "{rows:?}");
}
