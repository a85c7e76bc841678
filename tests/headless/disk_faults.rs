//! A disk of this machine that refuses at the last moment (FAULTS.md 27): never `done`, and what stood there stands.

use std::{fs, process::Command};

use super::{Said, no_server, run, wharf};
use crate::servers::programs;

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
