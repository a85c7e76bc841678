//! What the machine by itself makes of a key: how soon a program that gives back what it reads has done so, in a
//! terminal of its own. A key and its frame wait for the processors as often as a byte and its echo do.

use std::{
    io::{Read as _, Write as _},
    sync::mpsc,
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use portable_pty::{CommandBuilder, PtySize, native_pty_system};

/// Gives back each byte as it comes, once it has said that it does.
const PROGRAM: &str = "stty raw -echo; printf r; exec cat";

/// The program, a thread that types to it, and how long each echo took.
pub(crate) struct Echo {
    ended: mpsc::Sender<()>,
    thread: JoinHandle<Vec<Duration>>,
}

impl Echo {
    /// Types a byte, waits for it, rests for this long, and so on.
    pub(crate) fn start(rest: Duration) -> Self {
        let pty = native_pty_system().openpty(PtySize::default()).unwrap();
        let mut command = CommandBuilder::new("/bin/sh");
        command.args(["-c", PROGRAM]);
        let mut program = pty.slave.spawn_command(command).unwrap();
        let mut writer = pty.master.take_writer().unwrap();
        let mut reader = pty.master.try_clone_reader().unwrap();
        let (ended, end) = mpsc::channel();
        let thread = thread::spawn(move || {
            let mut byte = [0];
            reader.read_exact(&mut byte).unwrap();
            let mut times = Vec::new();
            while end.recv_timeout(rest) == Err(mpsc::RecvTimeoutError::Timeout) {
                let start = Instant::now();
                writer.write_all(b"x").unwrap();
                reader.read_exact(&mut byte).unwrap();
                times.push(start.elapsed());
            }
            program.kill().unwrap();
            program.wait().unwrap();
            drop(pty);
            times
        });
        Self { ended, thread }
    }

    /// Stops typing. How long the echoes took.
    pub(crate) fn end(self) -> Vec<Duration> {
        self.ended.send(()).unwrap();
        self.thread.join().unwrap()
    }
}
