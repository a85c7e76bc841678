//! What a person types and does with the mouse, read on the thread that draws: no other one has to be woken in between,
//! which takes long where processors are short.
//!
//! crossterm reads standard input, and waits there for the rest of a sequence that came in halves. So while Wharf has
//! the terminal, standard input is the terminal opened once more, in a way that never waits. Nobody else notices: how a
//! file was opened is shared only with those who have it from there.

use std::{
    fs::File,
    io,
    os::{
        fd::{AsFd, OwnedFd},
        unix::fs::OpenOptionsExt as _,
    },
    time::Duration,
};

use crossterm::event::{self, Event};
use rustix::{
    event::{PollFd, PollFlags, Timespec, poll},
    fs::OFlags,
    io::{Errno, ioctl_fionread},
    stdio::dup2_stdin,
    termios::{OptionalActions, tcgetattr, tcsetattr},
};
use tokio::io::{Interest, unix::AsyncFd};

/// The keyboard and the mouse.
pub(crate) struct Keyboard {
    terminal: AsyncFd<OwnedFd>,
    /// What standard input is for others.
    shared: OwnedFd,
}

impl Keyboard {
    /// Takes it over, until it is lent or dropped. To be called within a runtime.
    pub(crate) fn open() -> io::Result<Self> {
        let shared = io::stdin().as_fd().try_clone_to_owned()?;
        let terminal = match open_once_more() {
            Ok(terminal) => terminal.into(),
            // Of one that cannot be opened half a sequence is waited for.
            Err(_) => shared.try_clone()?,
        };
        // Sound here: what it is about owns its descriptor, which does not change.
        #[allow(deprecated)]
        let terminal = AsyncFd::with_interest(terminal, Interest::READABLE)?;
        let keyboard = Self { terminal, shared };
        keyboard.take_back()?;
        Ok(keyboard)
    }

    /// Leaves standard input to another program, which finds it as it was.
    pub(crate) fn lend(&self) -> io::Result<()> {
        Ok(dup2_stdin(&self.shared)?)
    }

    /// The other program has ended.
    pub(crate) fn take_back(&self) -> io::Result<()> {
        Ok(dup2_stdin(self.terminal.get_ref())?)
    }

    /// The next of what the person does. An error: the terminal is gone.
    pub(crate) async fn next(&self) -> io::Result<Event> {
        loop {
            if let Some(event) = self.waiting()? {
                return Ok(event);
            }
            self.terminal.readable().await?.clear_ready();
        }
    }

    /// What the person has done already.
    pub(crate) fn waiting(&self) -> io::Result<Option<Event>> {
        let terminal = self.terminal.get_ref();
        if has_hung_up(terminal)? {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        if event::poll(Duration::ZERO)? {
            return event::read().map(Some);
        }
        if ioctl_fionread(terminal)? == 0 {
            return Ok(None);
        }
        // crossterm reads a kilobyte at a time, and hears of what it left only when more comes. A terminal whose modes
        // are set, be it to what they are, says once more that there is something to read.
        tcsetattr(terminal, OptionalActions::Now, &tcgetattr(terminal)?)?;
        if event::poll(Duration::ZERO)? { event::read().map(Some) } else { Ok(None) }
    }
}

impl Drop for Keyboard {
    fn drop(&mut self) {
        // The process is about to end.
        let _ = self.lend();
    }
}

fn open_once_more() -> io::Result<File> {
    let flags = (OFlags::NONBLOCK | OFlags::NOCTTY).bits();
    let open = |path| File::options().read(true).write(true).custom_flags(flags as i32).open(path);
    open("/dev/tty").or_else(|_| open("/proc/self/fd/0"))
}

/// Reading one that is gone would never end (crossterm#793).
fn has_hung_up(terminal: &OwnedFd) -> io::Result<bool> {
    let mut watched = [PollFd::new(terminal, PollFlags::empty())];
    match poll(&mut watched, Some(&Timespec::default())) {
        Ok(_) => Ok(!watched[0].revents().is_empty()),
        // By a signal.
        Err(Errno::INTR) => Ok(false),
        Err(error) => Err(error.into()),
    }
}
