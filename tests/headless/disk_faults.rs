//! A disk of this machine that refuses at the last moment (FAULTS.md 27): never `done`, and what stood there stands.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use super::{Said, crash::dies_at, no_server, run, wharf};
use crate::servers::{client::HOST, programs, sshd::Sshd};

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

/// Only of a move, whose copy will be the only one, it is asked that it be on the disk; and then it has to be.
#[test]
fn a_sync_that_fails_here_is_never_done_and_its_source_stays() {
    let Some(sshd) = Sshd::options().start() else { return };
    let client = sshd.client().known().write();
    let here = tempfile::tempdir().unwrap();
    fs::write(sshd.files().join("a"), "new").unwrap();
    fs::write(here.path().join("b"), "what stood there").unwrap();
    // Written down as a copy and made a move, as the screen would have asked for one.
    let words = ["cp", "-q", "--on-conflict", "overwrite", &format!("{HOST}:a"), "b"];
    assert!(dies_at(wharf(&client, here.path(), &words), "Written:0"), "it is not written down");
    let journal = rusqlite::Connection::open(client.state_dir().join("journal.sqlite")).unwrap();
    assert_eq!(journal.execute("UPDATE job SET work = 'move'", []).unwrap(), 1);
    drop(journal);
    let resume = || wharf(&client, here.path(), &["queue", "resume", "--json"]);
    let Some(said) = on_a_disk_that_fails(resume(), "fsync") else { return };
    assert_eq!(said.status, 1, "{said:?}");
    let [failed] = &said.events("failed")[..] else { panic!("{said:?}") };
    let why = failed["error"].as_str().unwrap();
    assert!(why.starts_with("Could not finish writing ") && why.ends_with("error."), "{why}");
    assert!(said.events("file").is_empty(), "{said:?}");
    assert_eq!(fs::read(here.path().join("b")).unwrap(), b"what stood there");
    assert_eq!(fs::read_dir(here.path()).unwrap().count(), 1, "a part was left");
    assert_eq!(fs::read(sshd.files().join("a")).unwrap(), b"new", "there is no other copy");
    let rows = run(&client, here.path(), &["log", "--json"]).objects();
    assert!(rows.iter().all(|row| row["ending"] == "failed") && !rows.is_empty(), "{rows:?}");
}

#[test]
fn a_rename_that_fails_here_is_never_done() {
    let Some(strace) = programs::find("strace") else {
        programs::skip_here("needs strace");
        return;
    };
    let client = no_server().write();
    let here = tempfile::tempdir().unwrap();
    fs::write(here.path().join("a"), "new").unwrap();
    fs::write(here.path().join("b"), "what stood there").unwrap();
    let inner =
        wharf(&client, here.path(), &["cp", "--json", "--on-conflict", "overwrite", "a", "b"]);
    let mut command = Command::new(strace);
    command.args(["-f", "-qq", "-o", "/dev/null", "-e", "trace=/^rename"]);
    command.args(["-e", "inject=/^rename:error=EIO"]);
    command.arg(inner.get_program()).args(inner.get_args()).current_dir(here.path());
    command.env_clear().envs(inner.get_envs().filter_map(|(name, value)| Some((name, value?))));
    let said = Said::of(command.output().unwrap());
    if said.errors.contains("ptrace") {
        programs::skip_here("nothing may be traced here");
        return;
    }
    assert_eq!(said.status, 1, "{said:?}");
    assert!(said.output.contains("\"failed\"") && said.output.contains("error"), "{said:?}");
    let names: Vec<_> =
        fs::read_dir(here.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(names.len(), 2, "{names:?}");
    assert_eq!(fs::read(here.path().join("b")).unwrap(), b"what stood there");
    let rows = run(&client, here.path(), &["log", "--json"]).objects();
    assert!(rows.iter().all(|row| row["ending"] == "failed") && !rows.is_empty(), "{rows:?}");
}
