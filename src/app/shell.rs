//! The terminal given to a shell on a server: what is typed goes there byte for byte, what comes from there is shown.

use std::{
    io::{self, Write as _},
    os::{fd::AsFd as _, unix::net::UnixStream},
};

use crossterm::terminal;
use rustix::{
    event::{PollFd, PollFlags, poll},
    io::{Errno, read, write},
};
use signal_hook::{SigId, consts::SIGWINCH, low_level};

use crate::domain::{
    display::escape_text,
    shell::{Ended, Shell, Window},
};

/// How much is carried at once.
const PORTION: usize = 64 * 1024;

/// Gives it the terminal until it has ended. What is to be said then, or why it went wrong, in a sentence.
pub(super) fn give(shell: &Shell, place: &str) -> Result<String, String> {
    let raw =
        Raw::enter(place).map_err(|error| format!("Could not open the terminal: {error}."))?;
    let carried = carry(shell, &raw);
    drop(raw);
    match carried {
        Ok(End::There) => Ok(match shell.0.ending() {
            Some(Ended::WithStatus(0)) => format!("The shell on {place} has ended."),
            Some(Ended::WithStatus(status)) => {
                format!("The shell on {place} has ended with status {status}.")
            }
            Some(Ended::BySignal(signal)) => {
                let signal = escape_text(&signal);
                format!("The shell on {place} was ended by the signal {signal}.")
            }
            None => return Err(format!("The shell on {place} broke off: its connection ended.")),
        }),
        Ok(End::Left) => Ok(format!("The shell on {place} was left; what it ran there has ended.")),
        Err(error) => Err(format!("The shell on {place} was left: {error}.")),
    }
}

/// How a shell came to its end.
enum End {
    /// By itself.
    There,
    /// The person does not want to wait for it.
    Left,
}

/// The terminal passes on every key as it is; dropped, it is as before.
struct Raw {
    /// Readable when the terminal has another size.
    sizes: UnixStream,
    watch: SigId,
}

impl Raw {
    fn enter(place: &str) -> io::Result<Self> {
        let mut out = io::stdout().lock();
        writeln!(
            out,
            "A shell on {place}. exit leads back to Wharf; where it hangs, Enter ~ . does."
        )?;
        out.flush()?;
        let (sizes, tells) = UnixStream::pair()?;
        sizes.set_nonblocking(true)?;
        let watch = low_level::pipe::register(SIGWINCH, tells)?;
        let raw = Self { sizes, watch };
        terminal::enable_raw_mode()?;
        Ok(raw)
    }

    /// Whether the size has changed since this was last asked.
    fn has_changed(&self) -> bool {
        let mut told = [0; 64];
        let mut changed = false;
        while matches!(read(&self.sizes, &mut told), Ok(count) if count > 0) {
            changed = true;
        }
        changed
    }
}

impl Drop for Raw {
    fn drop(&mut self) {
        let _ = terminal::disable_raw_mode();
        low_level::unregister(self.watch);
        // What the shell drew last may have left the cursor anywhere, and a colour on.
        let _ = io::stdout().write_all(b"\x1b[0m\r\n").and_then(|()| io::stdout().flush());
    }
}

fn carry(shell: &Shell, raw: &Raw) -> io::Result<End> {
    let tell_size = || {
        if let Ok((width, height)) = terminal::size() {
            shell.0.resized(Window { width, height });
        }
    };
    // It may have changed while the shell was begun.
    tell_size();
    let (stdin, stream) = (io::stdin(), shell.0.stream());
    let mut portion = vec![0; PORTION];
    let mut typed: Vec<u8> = Vec::new();
    let mut farewell = Farewell::default();
    loop {
        let listens = if typed.is_empty() { PollFlags::IN } else { PollFlags::empty() };
        let speaks = if typed.is_empty() { PollFlags::IN } else { PollFlags::IN | PollFlags::OUT };
        let mut watched = [
            PollFd::from_borrowed_fd(stdin.as_fd(), listens),
            PollFd::from_borrowed_fd(stream, speaks),
            PollFd::from_borrowed_fd(raw.sizes.as_fd(), PollFlags::IN),
        ];
        match poll(&mut watched, None) {
            Ok(_) => {}
            Err(Errno::INTR) => continue,
            Err(error) => return Err(error.into()),
        }
        let [keys, line, size] = watched.map(|fd| fd.revents());
        if !size.is_empty() && raw.has_changed() {
            tell_size();
        }
        if line.intersects(PollFlags::IN | PollFlags::HUP | PollFlags::ERR) {
            match read(stream, &mut portion) {
                Ok(0) => return Ok(End::There),
                Ok(count) => {
                    let mut out = io::stdout().lock();
                    out.write_all(&portion[..count])?;
                    out.flush()?;
                }
                Err(Errno::WOULDBLOCK | Errno::INTR) => {}
                Err(Errno::CONNRESET | Errno::PIPE) => return Ok(End::There),
                Err(error) => return Err(error.into()),
            }
        }
        if keys.intersects(PollFlags::IN | PollFlags::HUP | PollFlags::ERR) && typed.is_empty() {
            match read(&stdin, &mut portion) {
                // The terminal is gone.
                Ok(0) => return Ok(End::Left),
                Ok(count) if farewell.is_said(&portion[..count]) => return Ok(End::Left),
                Ok(count) => typed.extend_from_slice(&portion[..count]),
                Err(Errno::WOULDBLOCK | Errno::INTR) => {}
                Err(error) => return Err(error.into()),
            }
        }
        if !typed.is_empty() {
            match write(stream, &typed) {
                Ok(count) => drop(typed.drain(..count)),
                Err(Errno::WOULDBLOCK | Errno::INTR) => {}
                // What it said last is still to be read.
                Err(Errno::PIPE | Errno::CONNRESET) => typed.clear(),
                Err(error) => return Err(error.into()),
            }
        }
    }
}

/// Enter, a tilde and a dot, as with ssh: the way out of a shell whose connection hangs.
#[derive(Default)]
struct Farewell {
    /// How much of it was typed.
    said: usize,
}

impl Farewell {
    fn is_said(&mut self, typed: &[u8]) -> bool {
        for &byte in typed {
            self.said = match (self.said, byte) {
                (_, b'\r' | b'\n') => 1,
                (1, b'~') => 2,
                (2, b'.') => return true,
                _ => 0,
            };
        }
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_way_out_is_known_however_it_is_cut() {
        for typed in [&["\r~."][..], &["ls\r", "~", "."], &["\r\r~", "."], &["\n~."]] {
            let mut farewell = Farewell::default();
            let said: Vec<bool> =
                typed.iter().map(|part| farewell.is_said(part.as_bytes())).collect();
            assert!(said.last() == Some(&true) && !said[..said.len() - 1].contains(&true));
        }
        for typed in ["~.", "ls ~.", "\r~/.x", "\r.~"] {
            assert!(!Farewell::default().is_said(typed.as_bytes()), "{typed}");
        }
    }
}
