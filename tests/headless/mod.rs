//! `wharf cp`, `ls`, `log`, `queue` and `sites` as scripts call them: the real binary, its output and its exit status.

mod between_ftp;
mod clean;
mod copying;
mod crash;
mod crash_links;
mod disk_faults;
mod ftp_ways;
mod journal;
mod jumping;
mod listing;
mod log;
mod memory;
mod part_sizes;
mod queue;
mod refusals;
mod sites;
mod within_sftp;

use std::{
    path::Path,
    process::{Command, Output, Stdio},
};

use serde_json::Value;

use crate::servers::{
    client::{Client, ClientOptions},
    sshd::free_port,
};

/// A client whose server does not answer: for what needs none.
pub(crate) fn no_server() -> ClientOptions {
    ClientOptions::new(free_port(), "anna".into(), "/nonexistent".into(), Vec::new())
}

/// `wharf WORDS… -F CONFIG`, without a terminal and without the person's environment.
pub(crate) fn wharf(client: &Client, folder: &Path, words: &[&str]) -> Command {
    // A session of its own: a test must not ask on the terminal that it was started from.
    let mut command = match crate::servers::programs::find("setsid") {
        Some(setsid) => {
            let mut command = Command::new(setsid);
            command.arg(env!("CARGO_BIN_EXE_wharf"));
            command
        }
        None => Command::new(env!("CARGO_BIN_EXE_wharf")),
    };
    command.args(words).arg("-F").arg(client.config());
    command.arg("--config-dir").arg(client.config_dir());
    command.arg("--state-dir").arg(client.state_dir());
    command.current_dir(folder).env_clear().stdin(Stdio::null());
    command.env("PATH", std::env::var_os("PATH").unwrap_or_default());
    command.env("HOME", client.home()).env("LANG", "C.UTF-8").env("TZ", "UTC");
    command
}

/// What it said, and how it ended.
#[derive(Debug)]
pub(crate) struct Said {
    pub(crate) status: i32,
    pub(crate) output: String,
    pub(crate) errors: String,
}

impl Said {
    pub(crate) fn of(output: Output) -> Self {
        let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
        Self {
            status: output.status.code().unwrap_or(-1),
            output: text(output.stdout),
            errors: text(output.stderr),
        }
    }

    /// The objects of `--json`, one a line.
    pub(super) fn objects(&self) -> Vec<Value> {
        self.output.lines().map(|line| serde_json::from_str(line).expect(line)).collect()
    }

    /// The objects of one sort.
    pub(super) fn events(&self, sort: &str) -> Vec<Value> {
        self.objects().into_iter().filter(|object| object["event"] == sort).collect()
    }

    /// Errors must be lines for people: each says what could not be done.
    #[track_caller]
    pub(super) fn complains(&self, of: &str) {
        assert!(self.errors.contains(of), "{self:?}");
        for line in self.errors.lines() {
            assert!(line.starts_with("wharf: "), "{line}");
            assert!(!line.chars().any(char::is_control), "{line:?}");
        }
    }
}

/// The same command under `umask 000`.
pub(super) fn with_open_umask(inner: &Command) -> Command {
    let mut command = Command::new("sh");
    command.args(["-c", "umask 000; exec \"$@\"", "sh"]);
    command.arg(inner.get_program()).args(inner.get_args());
    if let Some(folder) = inner.get_current_dir() {
        command.current_dir(folder);
    }
    command.env_clear().envs(inner.get_envs().filter_map(|(name, value)| Some((name, value?))));
    command.stdin(Stdio::null());
    command
}

pub(super) fn run(client: &Client, folder: &Path, words: &[&str]) -> Said {
    Said::of(wharf(client, folder, words).output().unwrap())
}
