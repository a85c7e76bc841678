//! Where nothing changes nothing is drawn, and nobody wakes up.

use std::{
    fs,
    path::Path,
    time::{Duration, Instant},
};

use super::driver::{LONG, Start, Terminal, key};
use crate::{
    servers::{client::ClientOptions, sshd::free_port},
    support::wait_until,
};

const A_WHILE: Duration = Duration::from_millis(1500);
/// A clock that ticked four times a second would wake six times in it.
const MOST_WAKEUPS: u64 = 3;

#[test]
fn an_idle_wharf_writes_nothing_and_sleeps() {
    let here = tempfile::tempdir().unwrap();
    let (left, right) = (here.path().join("left"), here.path().join("right"));
    fs::create_dir_all(&right).unwrap();
    fs::create_dir_all(left.join("0-cargo")).unwrap();
    fs::write(left.join("0-cargo/apples"), "apples").unwrap();
    for number in 0..3_000 {
        fs::write(left.join(format!("row-{number}")), "").unwrap();
    }
    let client = ClientOptions::new(free_port(), "anna".into(), "/none".into(), vec![]).write();
    let mut terminal = Start::new(&client, here.path(), &["left", "right"]).run();
    terminal.shows("3,001 entries");
    stays_idle(&terminal);

    terminal.keys(key::DOWN);
    terminal.keys(key::F5);
    terminal.shows("If taken");
    terminal.keys(key::ENTER);
    terminal.shows("all done");
    terminal.keys("w");
    terminal.shows("Queue");
    stays_idle(&terminal);

    let shows_help = |screen: &vt100::Screen| screen.contents().contains("copy to the other pane");
    assert!(terminal.time_to_frame("?", shows_help).is_some());
    stays_idle(&terminal);
}

/// Sooner or later all has come to rest, and then it stays so.
#[track_caller]
fn stays_idle(terminal: &Terminal) {
    let spent = || (terminal.written(), wakeups(terminal.process()));
    let mut now = spent();
    let mut since = Instant::now();
    wait_until("nothing is written for a while", LONG, || {
        let (written, woken) = spent();
        if written != now.0 || woken > now.1 + MOST_WAKEUPS {
            (now, since) = (spent(), Instant::now());
        }
        since.elapsed() > A_WHILE
    });
}

/// How often the process's threads have gone to sleep so far (proc_pid_status(5)); 0 where it cannot be known.
fn wakeups(process: u32) -> u64 {
    let Ok(threads) = fs::read_dir(format!("/proc/{process}/task")) else { return 0 };
    let of = |thread: &Path| {
        let status = fs::read_to_string(thread.join("status")).unwrap_or_default();
        let line = status.lines().find_map(|line| line.strip_prefix("voluntary_ctxt_switches:"));
        line.and_then(|number| number.trim().parse::<u64>().ok()).unwrap_or(0)
    };
    threads.filter_map(|thread| Some(of(&thread.ok()?.path()))).sum()
}
