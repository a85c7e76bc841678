//! Processes of the real servers: found below a parent, stopped, continued, killed.

use std::{
    collections::HashMap,
    fs,
    process::{Child, Command, Stdio},
    sync::OnceLock,
};

pub(crate) use rustix::process::Signal;

/// A process below another.
#[derive(Debug, Clone)]
pub(crate) struct Process {
    pub(crate) id: u32,
    /// The program's name as the system shortens it.
    pub(crate) name: String,
}

/// All processes below `ancestor`, children before their own children. Empty where there is no `/proc`.
pub(crate) fn descendants(ancestor: u32) -> Vec<Process> {
    let mut children: HashMap<u32, Vec<Process>> = HashMap::new();
    for entry in fs::read_dir("/proc").into_iter().flatten().flatten() {
        let Ok(id) = entry.file_name().to_string_lossy().parse::<u32>() else { continue };
        let Ok(stat) = fs::read_to_string(entry.path().join("stat")) else { continue };
        // proc(5): id (name) state parent …; the name may hold anything, brackets and spaces too.
        let (Some(open), Some(close)) = (stat.find('('), stat.rfind(')')) else { continue };
        let Some(parent) = stat[close + 1..].split_whitespace().nth(1) else { continue };
        let Ok(parent) = parent.parse::<u32>() else { continue };
        let process = Process { id, name: stat[open + 1..close].to_owned() };
        children.entry(parent).or_default().push(process);
    }
    let mut found = Vec::new();
    let mut open = vec![ancestor];
    while let Some(parent) = open.pop() {
        for process in children.remove(&parent).unwrap_or_default() {
            open.push(process.id);
            found.push(process);
        }
    }
    found
}

/// Sends a signal; one that has ended already is no matter.
pub(crate) fn signal(id: u32, signal: Signal) {
    let Some(id) = i32::try_from(id).ok().and_then(rustix::process::Pid::from_raw) else { return };
    let _ = rustix::process::kill_process(id, signal);
}

/// Kills a child with all its descendants, stopped ones too, and takes its exit.
pub(crate) fn kill_tree(child: &mut Child) {
    // The child first: it must not answer the end of its children by starting new ones.
    let below = descendants(child.id());
    let _ = child.kill();
    for process in below {
        signal(process.id, Signal::KILL);
    }
    let _ = child.wait();
}

/// Kills what a server on this port started and left behind when its connection ended (a digest of a huge file).
pub(crate) fn kill_left_behind(port: u16) {
    let mark = format!(" {port}");
    for entry in fs::read_dir("/proc").into_iter().flatten().flatten() {
        let Ok(id) = entry.file_name().to_string_lossy().parse::<u32>() else { continue };
        let Ok(environment) = fs::read(entry.path().join("environ")) else { continue };
        // sshd(8): client address and port, server address and port.
        let served = environment.split(|byte| *byte == 0).any(|variable| {
            variable.starts_with(b"SSH_CONNECTION=127.0.0.1 ")
                && variable.ends_with(mark.as_bytes())
        });
        if served {
            signal(id, Signal::KILL);
        }
    }
}

/// Processes that stand still (SIGSTOP) for as long as this lives.
pub(crate) struct Paused(Vec<u32>);

impl Paused {
    pub(crate) fn new(ids: Vec<u32>) -> Self {
        ids.iter().for_each(|id| signal(*id, Signal::STOP));
        Self(ids)
    }
}

impl Drop for Paused {
    fn drop(&mut self) {
        self.0.iter().for_each(|id| signal(*id, Signal::CONT));
    }
}

/// Whether this account may make a mount namespace and mount in it.
pub(crate) fn can_have_mount_namespace() -> bool {
    static CAN: OnceLock<bool> = OnceLock::new();
    *CAN.get_or_init(|| {
        let script = "mount -t tmpfs tmpfs /run";
        let tried = Command::new("unshare")
            .args(["--mount", "--propagation", "slave", "sh", "-euc", script])
            .stdin(Stdio::null())
            .output();
        tried.is_ok_and(|output| output.status.success())
    })
}
