//! A real server as a child process: started on a free port, waited for, ended with all it started, its logs shown
//! when the test fails.

use std::{
    fs::{self, File},
    io::Read as _,
    net::{Ipv4Addr, TcpStream},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::Duration,
};

use tempfile::TempDir;

use super::{
    processes::{self, kill_tree},
    sshd::free_port,
};
use crate::support::wait_until;

/// How a server shows that it is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Greeting {
    /// The first bytes it says of its own accord.
    Says(&'static str),
    /// It lets one connect, and waits for TLS.
    Listens,
}

/// A running server and the folder with its files.
pub(crate) struct Daemon {
    name: &'static str,
    process: Child,
    port: u16,
    folder: TempDir,
}

impl Daemon {
    /// Starts what `command` makes for a port; its output goes to `log` in the folder, as may all `*.log`.
    pub(crate) fn start(
        name: &'static str,
        folder: TempDir,
        greeting: Greeting,
        command: impl Fn(u16) -> Command,
    ) -> Self {
        for _ in 0..5 {
            let port = free_port();
            let log = File::create(folder.path().join("output.log")).unwrap();
            let mut command = command(port);
            command.stdin(Stdio::null()).stdout(log.try_clone().unwrap()).stderr(log);
            let mut process = command.spawn().unwrap();
            let mut ended = false;
            wait_until(&format!("{name} greets"), Duration::from_secs(20), || {
                ended = process.try_wait().unwrap().is_some();
                ended || greets(port, greeting)
            });
            // One that ended at once found its port taken meanwhile.
            if !ended {
                return Self { name, process, port, folder };
            }
        }
        panic!("{name} would not start:\n{}", logs(folder.path()));
    }

    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    /// A file or folder of the server's.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Every process below the listening one.
    pub(crate) fn sessions(&self) -> Vec<u32> {
        processes::descendants(self.process.id()).into_iter().map(|process| process.id).collect()
    }

    /// Ends all sessions, not the listener (SIGKILL).
    pub(crate) fn kill_sessions(&self) {
        for id in self.sessions() {
            processes::signal(id, processes::Signal::KILL);
        }
    }

    /// Stops all sessions where they stand (SIGSTOP); they go on when the guard is dropped.
    pub(crate) fn pause_sessions(&self) -> processes::Paused {
        let sessions = self.sessions();
        assert!(!sessions.is_empty(), "{} has no session to pause", self.name);
        processes::Paused::new(sessions)
    }

    /// What the server logged so far.
    pub(crate) fn logs(&self) -> String {
        logs(self.folder.path())
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        kill_tree(&mut self.process);
        if std::thread::panicking() {
            println!("--- the last lines of {}'s logs\n{}\n---", self.name, self.logs());
        }
    }
}

fn greets(port: u16, greeting: Greeting) -> bool {
    let Ok(mut stream) = TcpStream::connect((Ipv4Addr::LOCALHOST, port)) else { return false };
    let Greeting::Says(words) = greeting else { return true };
    stream.set_read_timeout(Some(Duration::from_secs(5))).unwrap();
    let mut said = vec![0; words.len()];
    stream.read_exact(&mut said).is_ok() && said == words.as_bytes()
}

/// The last lines of each log in a folder.
fn logs(folder: &Path) -> String {
    let mut told = String::new();
    let mut files: Vec<_> = fs::read_dir(folder).unwrap().flatten().map(|e| e.path()).collect();
    files.sort();
    for file in files.iter().filter(|file| file.extension().is_some_and(|end| end == "log")) {
        let text = String::from_utf8_lossy(&fs::read(file).unwrap_or_default()).into_owned();
        let lines: Vec<&str> = text.lines().collect();
        told += &format!("{}:\n", file.file_name().unwrap_or_default().display());
        for line in &lines[lines.len().saturating_sub(40)..] {
            told += &format!("  {line}\n");
        }
    }
    told
}
