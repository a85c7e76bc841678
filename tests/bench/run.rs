//! One timed run of a program: how long, how much processor, how much memory, how it ended.

use std::{
    fs::{self, File},
    io,
    path::Path,
    process::{Command, ExitStatus, Stdio},
    sync::{
        Arc, LazyLock,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use anyhow::{Context as _, ensure};
use rustix::{
    event::{PollFd, PollFlags, Timespec, poll},
    process::{Pid, PidfdFlags, WaitId, WaitIdOptions, pidfd_open, waitid},
};

use crate::servers::processes::kill_tree;

/// Whether the person wants to stop: then everything is put away in order, a gigabyte of files too.
pub(crate) static INTERRUPTED: LazyLock<Arc<AtomicBool>> = LazyLock::new(|| {
    let flag = Arc::new(AtomicBool::new(false));
    for signal in [signal_hook::consts::SIGINT, signal_hook::consts::SIGTERM] {
        let _ = signal_hook::flag::register(signal, flag.clone());
    }
    flag
});

/// How often the memory of a running program is looked at.
const LOOK: Timespec = Timespec { tv_sec: 0, tv_nsec: 20_000_000 };

/// What a run took.
#[derive(Debug, Clone)]
pub(crate) struct Ran {
    pub(crate) wall: Duration,
    /// Of the program and the programs it waited for, user and system.
    pub(crate) processor: Duration,
    /// The most of its own memory that was resident, in bytes.
    pub(crate) peak: u64,
    pub(crate) end: End,
}

/// How a run ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum End {
    Done,
    /// In words.
    Failed(String),
    /// Killed after its time was up.
    TooLong,
}

/// Runs it to its end, or until `limit`; its output goes to `output`, and what it says of errors is kept beside it.
pub(crate) fn timed(mut command: Command, limit: Duration, output: &Path) -> anyhow::Result<Ran> {
    let errors = output.with_extension("errors");
    command.stdin(Stdio::null()).stdout(File::create(output)?).stderr(File::create(&errors)?);
    let began = Instant::now();
    let mut child = command.spawn().with_context(|| format!("could not start {command:?}"))?;
    let id = i32::try_from(child.id()).ok().and_then(Pid::from_raw).context("no process id")?;
    let ended = pidfd_open(id, PidfdFlags::empty())?;
    let mut peak = 0;
    while began.elapsed() < limit && !INTERRUPTED.load(Ordering::Relaxed) {
        let mut fds = [PollFd::new(&ended, PollFlags::IN)];
        match poll(&mut fds, Some(&LOOK)) {
            Ok(0) | Err(rustix::io::Errno::INTR) => peak = peak.max(resident_peak(id)),
            Ok(_) => break,
            Err(error) => return Err(error.into()),
        }
    }
    let wall = began.elapsed();
    let interrupted = INTERRUPTED.load(Ordering::Relaxed);
    let exited = WaitIdOptions::EXITED | WaitIdOptions::NOHANG | WaitIdOptions::NOWAIT;
    if waitid(WaitId::Pid(id), exited)?.is_none() {
        kill_tree(&mut child);
        ensure!(!interrupted, "interrupted");
        return Ok(Ran { wall, processor: Duration::ZERO, peak, end: End::TooLong });
    }
    // It has ended, but stands in the system's books until it is waited for.
    let processor = processor_time(id.as_raw_nonzero().get().unsigned_abs()).unwrap_or_default();
    let end = how_it_ended(child.wait()?, &errors);
    ensure!(!interrupted, "interrupted");
    Ok(Ran { wall, processor, peak, end })
}

fn how_it_ended(status: ExitStatus, errors: &Path) -> End {
    if status.success() {
        return End::Done;
    }
    let said = fs::read(errors).unwrap_or_default();
    let said = String::from_utf8_lossy(&said);
    let last = said.lines().rev().find(|line| !line.trim().is_empty()).unwrap_or("without a word");
    End::Failed(format!("{status}: {last}"))
}

/// `VmHWM` of proc(5), which only a living process has.
fn resident_peak(id: Pid) -> u64 {
    let path = format!("/proc/{}/status", id.as_raw_nonzero());
    let status = fs::read_to_string(path).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kibibytes = line.and_then(|line| line.trim().strip_suffix(" kB"));
    kibibytes.and_then(|number| number.trim().parse::<u64>().ok()).unwrap_or(0) * 1024
}

/// User and system time of a process and of the children it waited for, as proc(5) has it.
pub(crate) fn processor_time(id: u32) -> io::Result<Duration> {
    let stat = fs::read_to_string(format!("/proc/{id}/stat"))?;
    let fields = stat.rsplit_once(')').map_or("", |(_, fields)| fields);
    // utime, stime, cutime, cstime are the 14th to the 17th; the first two are gone already.
    let ticks = fields.split_whitespace().skip(11).take(4);
    let ticks: u64 = ticks.filter_map(|field| field.parse::<u64>().ok()).sum();
    // The kernel tells user space of hundredths, whatever it counts in itself.
    Ok(Duration::from_millis(ticks * 10))
}
