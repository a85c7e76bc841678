//! Runs another program to its end, within a bounded time, and without Wharf's secrets in its environment.

use std::{
    io::{self, Read},
    process::{Command, ExitStatus, Stdio},
    sync::mpsc,
    thread,
    time::{Duration, Instant},
};

/// The most that is read of what a program says.
const MOST: u64 = 1024 * 1024;

/// What a program said.
#[derive(Debug)]
pub(super) struct Said {
    /// How it ended.
    pub status: ExitStatus,
    /// Its standard output.
    pub output: Vec<u8>,
    /// Its standard error.
    pub errors: Vec<u8>,
}

/// Runs a program that is given nothing to read. One that takes longer than `limit` is killed
/// ([`TimedOut`](io::ErrorKind::TimedOut)).
pub(super) fn run(command: &mut Command, limit: Duration) -> io::Result<Said> {
    let end = Instant::now() + limit;
    let mut child = command
        .env_remove("WHARF_PASSWORD")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()?;
    let output = child.stdout.take().map(read_aside).transpose()?;
    let errors = child.stderr.take().map(read_aside).transpose()?;
    // Its pipes end with it, unless it left someone behind who holds them: then the limit is for them as well.
    let wait = |said: Option<mpsc::Receiver<Vec<u8>>>| match said {
        Some(said) => said.recv_timeout(end.saturating_duration_since(Instant::now())).ok(),
        None => Some(Vec::new()),
    };
    match (wait(output), wait(errors)) {
        (Some(output), Some(errors)) => Ok(Said { status: child.wait()?, output, errors }),
        _ => {
            child.kill()?;
            child.wait()?;
            Err(io::ErrorKind::TimedOut.into())
        }
    }
}

fn read_aside(pipe: impl Read + Send + 'static) -> io::Result<mpsc::Receiver<Vec<u8>>> {
    let (said, listener) = mpsc::channel();
    thread::Builder::new().name("child".into()).spawn(move || {
        let mut text = Vec::new();
        // What was read until an error came is what was said.
        let _ = pipe.take(MOST).read_to_end(&mut text);
        let _ = said.send(text);
    })?;
    Ok(listener)
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn what_a_program_says_is_returned() {
        let said = run(
            Command::new("sh").args(["-c", "echo a; echo b >&2; exit 3"]),
            Duration::from_secs(20),
        )
        .unwrap();
        assert_eq!((said.output, said.errors), (b"a\n".to_vec(), b"b\n".to_vec()));
        assert_eq!(said.status.code(), Some(3));
    }

    #[test]
    fn no_secret_is_handed_down() {
        let mut command = Command::new("sh");
        command.args(["-c", "echo \"[$WHARF_PASSWORD]\""]).env("WHARF_PASSWORD", "canary");
        assert_eq!(run(&mut command, Duration::from_secs(20)).unwrap().output, b"[]\n");
    }

    #[test]
    fn a_program_without_end_is_killed() {
        let began = Instant::now();
        let error = run(Command::new("sleep").arg("100"), Duration::from_millis(50)).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::TimedOut);
        assert!(began.elapsed() < Duration::from_secs(20));
    }
}
