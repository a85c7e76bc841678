//! What a copy takes of memory when one end takes less than the other gives.

use std::{
    fs,
    process::{Child, Stdio},
    time::Duration,
};

use super::wharf;
use crate::{
    servers::{client::HOST, processes::kill_tree, relay::Relay, sshd::Sshd},
    support::wait_until,
};

const LONG: Duration = Duration::from_secs(60);
/// More than memory may hold, on a disk that gives it at once.
const SIZE: u64 = 1 << 30;
/// In KiB.
const MOST_MEMORY: u64 = 200 << 10;

/// Ends with the test.
struct Running(Child);

impl Running {
    /// The most memory it took so far, in KiB.
    fn peak(&self) -> u64 {
        let status =
            fs::read_to_string(format!("/proc/{}/status", self.0.id())).unwrap_or_default();
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        line.and_then(|line| line.split_whitespace().next()?.parse().ok()).unwrap_or(0)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        kill_tree(&mut self.0);
    }
}

#[test]
fn a_line_that_takes_little_fills_no_memory() {
    if !cfg!(target_os = "linux") {
        return;
    }
    let Some(sshd) = Sshd::options().start() else { return };
    let relay = Relay::to(sshd.port());
    let client = sshd.client().port(relay.port()).known().write();
    let here = tempfile::tempdir().unwrap();
    fs::File::create(here.path().join("up")).unwrap().set_len(SIZE).unwrap();
    relay.up().rate(1_000_000);
    let mut command = wharf(&client, here.path(), &["cp", "-q", "up", &format!("{HOST}:")]);
    let running = Running(command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap());
    // The disk gives all that may be read ahead, and much more, in a fraction of these five seconds.
    wait_until("some of it has gone over", LONG, || relay.up().passed() > 5_000_000);
    let peak = running.peak();
    assert!(peak > 0 && peak < MOST_MEMORY, "{peak} KiB");
    eprintln!("sending a gigabyte over a narrow line: {peak} KiB at most");
}
