//! A shell on the server, in a folder, for a terminal of the person's: on a connection of its own, with the login there is.

use std::{
    io::Write as _,
    net::Shutdown,
    os::{
        fd::{AsFd as _, BorrowedFd},
        unix::net::UnixStream,
    },
    sync::{Arc, Mutex, PoisonError, mpsc},
    thread,
    time::Duration,
};

use ssh2::{Channel, ErrorCode};
use tokio::sync::oneshot;

use super::{bridge::Bridge, connections::Silence, login::LoggedIn, login::Login};
use crate::domain::{
    display::escape_text,
    error::{Error, ErrorKind, Result},
    path::StoragePath,
    shell::{Ended, RemoteShell, Shell, Window},
};

/// How long the server may take over each of the three steps to a shell.
const LIMIT: Duration = Duration::from_secs(20);

/// The longest wait for the word of how a shell ended, once it has said all it had to say.
const LAST_WORD: Duration = Duration::from_secs(2);

/// Begins one. What was answered at the first login is answered again by itself; nobody is asked.
pub(super) async fn begin(
    login: &Login,
    host: &str,
    folder: &StoragePath,
    window: Window,
) -> Result<Shell> {
    let doing = format!("open a shell on {}", escape_text(host));
    let logged_in = login.open_further(Arc::new(Silence)).await.map_err(|error| {
        let why =
            format!("it needs one connection more, and that was not to be had: {}", error.why());
        Error::new(error.kind(), doing.as_str(), why)
    })?;
    let (command, words) = (command_in(folder), doing.clone());
    let (reply, begun) = oneshot::channel();
    thread::Builder::new()
        .name("shell".into())
        .spawn(move || {
            let socket = logged_in.socket.try_clone();
            match start(logged_in, &command, window, &words) {
                Ok((bridge, shell, ending)) => {
                    // Nobody waits any more: its end of the stream is dropped, and the bridge ends by that.
                    let _ = reply.send(Ok(shell));
                    let _ = ending.send(bridge.run());
                }
                Err(error) => {
                    if let Ok(socket) = socket {
                        let _ = socket.shutdown(Shutdown::Both);
                    }
                    let _ = reply.send(Err(error));
                }
            }
        })
        .map_err(|error| Error::from_io(doing.as_str(), error))?;
    let broke_off = |_| Error::new(ErrorKind::Failed, doing.as_str(), "its thread broke off");
    begun.await.map_err(broke_off)?
}

type Started = (Bridge, Shell, mpsc::Sender<Option<Ended>>);

fn start(logged_in: LoggedIn, command: &str, window: Window, doing: &str) -> Result<Started> {
    let LoggedIn { session, socket } = logged_in;
    session.set_timeout(u32::try_from(LIMIT.as_millis()).unwrap_or(u32::MAX));
    let failed = |what: &str| {
        let what = what.to_owned();
        move |error: ssh2::Error| {
            let (kind, why) = match error.code() {
                ErrorCode::Session(-21 | -22) => {
                    (ErrorKind::Unsupported, format!("the server gives this login no {what}"))
                }
                ErrorCode::Session(-9 | -30) => {
                    (ErrorKind::TimedOut, "the server did not answer".to_owned())
                }
                _ => (ErrorKind::ConnectionLost, escape_text(error.message())),
            };
            Error::new(kind, doing, why)
        }
    };
    let mut channel: Channel = session.channel_session().map_err(failed("further session"))?;
    // What the local terminal is, programs there have to know; one that tells nothing understands the least.
    let term = std::env::var("TERM").unwrap_or_else(|_| "vt100".to_owned());
    let size = (u32::from(window.width), u32::from(window.height), 0, 0);
    channel.request_pty(&term, None, Some(size)).map_err(failed("terminal"))?;
    channel.exec(command).map_err(failed("shell"))?;
    let ends = || -> std::io::Result<_> {
        let ((near, far), (tells, sizes)) = (UnixStream::pair()?, UnixStream::pair()?);
        for end in [&near, &far, &tells, &sizes] {
            end.set_nonblocking(true)?;
        }
        socket.set_nonblocking(true)?;
        Ok((near, far, tells, sizes))
    };
    let (near, far, tells, sizes) = ends().map_err(|error| Error::from_io(doing, error))?;
    session.set_blocking(false);
    let (ending, ended) = mpsc::channel();
    let shell = Shell(Arc::new(Line { near, tells, ended: Mutex::new(ended) }));
    Ok((Bridge { session, socket, channel, far, sizes: Some(sizes) }, shell, ending))
}

/// The person's end.
struct Line {
    near: UnixStream,
    tells: UnixStream,
    ended: Mutex<mpsc::Receiver<Option<Ended>>>,
}

impl RemoteShell for Line {
    fn stream(&self) -> BorrowedFd<'_> {
        self.near.as_fd()
    }

    fn resized(&self, window: Window) {
        let [[a, b], [c, d]] = [window.width, window.height].map(u16::to_be_bytes);
        // A size that finds no room is followed by another, or belongs to a shell that has ended.
        let _ = (&self.tells).write(&[a, b, c, d]);
    }

    fn ending(&self) -> Option<Ended> {
        let ended = self.ended.lock().unwrap_or_else(PoisonError::into_inner);
        ended.recv_timeout(LAST_WORD).ok().flatten()
    }
}

/// A command that goes to the folder and becomes the login's own shell. Where the folder cannot be entered, the shell
/// begins where the login does, and `cd` has said why.
///
/// It runs in whatever shell the login has, so it is one quoted word without anything that one of them could take
/// apart; the folder's bytes are spelt in octal, for `printf` to put together again.
fn command_in(folder: &StoragePath) -> String {
    let octal: String = folder.as_bytes().iter().map(|byte| format!("\\{byte:03o}")).collect();
    format!(
        "exec sh -c 'd=$(printf \"{octal}x\"); cd \"${{d%x}}\"; exec \"${{SHELL:-/bin/sh}}\" -l'"
    )
}

#[cfg(test)]
mod tests {
    use std::{ffi::OsStr, fs, os::unix::ffi::OsStrExt as _, process::Command};

    use super::*;

    /// The command is run for real, in this machine's `sh`: a folder's name is data to it, whatever it holds.
    #[test]
    fn the_shell_begins_in_the_folder_whatever_its_name() {
        let names: [&[u8]; 9] = [
            b"plain",
            b"with space ",
            b"-rf",
            b"; touch x",
            b"$(touch x)",
            b"quo'te\"s `touch x`",
            b"back\\slash\\057 %s %n",
            b"latin\xe9\x1b[31m",
            b"two\nlines\n",
        ];
        let folder = tempfile::tempdir().unwrap();
        let shell = folder.path().join("shell");
        fs::write(&shell, "#!/bin/sh\ntest \"$1\" = -l && pwd -P\n").unwrap();
        fs::set_permissions(&shell, std::os::unix::fs::PermissionsExt::from_mode(0o700)).unwrap();
        for name in names {
            let inside = folder.path().canonicalize().unwrap().join(OsStr::from_bytes(name));
            fs::create_dir(&inside).unwrap();
            let bytes = inside.as_os_str().as_bytes();
            let command = command_in(&StoragePath::new(bytes));
            assert!(!command.contains('!'), "csh replaces these");
            let said = Command::new("sh")
                .args(["-c", &command])
                .env("SHELL", &shell)
                .current_dir(folder.path())
                .output()
                .unwrap();
            assert_eq!(said.stdout, [bytes, b"\n"].concat(), "{said:?}");
        }
        assert!(!folder.path().join("x").exists());
    }
}
