//! Carries bytes between a channel and a socket, on a thread that owns the channel's session: when either ends, both do.

use std::{
    io::{self, Read, Write},
    net::{Shutdown, TcpStream},
    os::{fd::AsFd as _, unix::net::UnixStream},
    time::{Duration, Instant},
};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use ssh2::{BlockDirections, Channel, ErrorCode, Session};

use crate::domain::shell::Ended;

/// libssh2's word for a call that would block.
const EAGAIN: ErrorCode = ErrorCode::Session(-37);

/// What is held of each direction at most.
const HELD: usize = 256 * 1024;

/// The longest wait for the status of a program that has said all it had to say.
const LAST_WORD: Duration = Duration::from_secs(1);

/// Owns one host's session, for the sake of one channel to the next.
pub(super) struct Bridge {
    /// Logged in, and not blocking.
    pub(super) session: Session,
    /// The session's, not blocking.
    pub(super) socket: TcpStream,
    /// The one channel there is.
    pub(super) channel: Channel,
    /// This end of the socket pair, not blocking.
    pub(super) far: UnixStream,
    /// Where sizes of a terminal come from, for a channel that has one; not blocking.
    pub(super) sizes: Option<UnixStream>,
}

/// Why a bridge ends: one of its sides has.
struct Over;

impl Bridge {
    /// Until one of the sides has ended. How, where a program at the far end of the channel did.
    pub(super) fn run(mut self) -> Option<Ended> {
        let (mut out, mut back) = (Held::default(), Held::default());
        let mut size = None;
        while self.carry(&mut out, &mut back, &mut size).is_ok() {}
        // What the far end said last is still to be heard, and nothing of it is to be waited for.
        let _ = back.give(&mut self.far);
        let _ = self.far.shutdown(Shutdown::Both);
        let ended = if self.channel.eof() { self.ended() } else { None };
        if out.is_empty() {
            let _ = self.session.disconnect(None, "bye", None);
        }
        // Before the handles are dropped: libssh2 would try to say goodbye on each, and wait for an answer.
        let _ = self.socket.shutdown(Shutdown::Both);
        ended
    }

    /// How the program at the far end ended, which has said all that it had to say. A server may tell it after that, and
    /// closes the channel only once it has. None where the connection ends before it does.
    fn ended(&mut self) -> Option<Ended> {
        let until = Instant::now() + LAST_WORD;
        while let Err(error) = self.channel.wait_close() {
            if error.code() != EAGAIN {
                return None;
            }
            let left = until.saturating_duration_since(Instant::now());
            let mut watched = [PollFd::new(&self.socket, PollFlags::IN)];
            match poll(&mut watched, Timespec::try_from(left).ok().as_ref()) {
                // A server that leaves its channels open is none the worse for it.
                Ok(0) => break,
                Ok(_) | Err(rustix::io::Errno::INTR) => {}
                Err(_) => return None,
            }
        }
        match self.channel.exit_signal().ok().and_then(|told| told.exit_signal) {
            Some(signal) => Some(Ended::BySignal(signal)),
            None => self.channel.exit_status().ok().map(Ended::WithStatus),
        }
    }

    /// Moves what can be moved, then waits until more can be.
    fn carry(
        &mut self,
        out: &mut Held,
        back: &mut Held,
        size: &mut Option<(u16, u16)>,
    ) -> std::result::Result<(), Over> {
        let mut moved = true;
        while moved {
            moved = false;
            // libssh2 wants the very same bytes again when it could send only half of a packet: more are taken in only
            // once all of them are gone.
            if out.is_empty() {
                self.tell_size(size)?;
            }
            // Half a message of the size has to be whole before anything else is sent.
            if size.is_none() {
                if out.is_empty() {
                    moved |= out.take(&mut self.far)?;
                }
                moved |= out.give(&mut self.channel)?;
            }
            if back.is_empty() {
                moved |= back.take(&mut self.channel)?;
            }
            moved |= back.give(&mut self.far)?;
        }
        if self.channel.eof() && back.is_empty() {
            return Err(Over);
        }
        self.wait(out, back)
    }

    /// Passes the latest size on, if there is a new one.
    fn tell_size(&mut self, size: &mut Option<(u16, u16)>) -> std::result::Result<(), Over> {
        if size.is_none() {
            let mut told = [0; 4];
            let Some(sizes) = &mut self.sizes else { return Ok(()) };
            while matches!(sizes.read(&mut told), Ok(4)) {
                let [a, b, c, d] = told;
                *size = Some((u16::from_be_bytes([a, b]), u16::from_be_bytes([c, d])));
            }
        }
        let Some((width, height)) = *size else { return Ok(()) };
        match self.channel.request_pty_size(width.into(), height.into(), None, None) {
            Err(error) if error.code() == EAGAIN => {}
            // A server that knows no sizes is none the worse for it.
            _ => *size = None,
        }
        Ok(())
    }

    fn wait(&self, out: &Held, back: &Held) -> std::result::Result<(), Over> {
        let mut near = PollFlags::empty();
        near.set(PollFlags::IN, out.is_empty());
        near.set(PollFlags::OUT, !back.is_empty());
        let sends = matches!(
            self.session.block_directions(),
            BlockDirections::Outbound | BlockDirections::Both
        );
        let mut there = PollFlags::empty();
        // What comes in is also what makes room to send: a bridge whose near end is full listens on nonetheless while
        // it has something to send.
        there.set(PollFlags::IN, back.is_empty() || !out.is_empty());
        there.set(PollFlags::OUT, sends);
        let mut watched = vec![
            PollFd::from_borrowed_fd(self.far.as_fd(), near),
            PollFd::from_borrowed_fd(self.socket.as_fd(), there),
        ];
        if let Some(sizes) = &self.sizes {
            watched.push(PollFd::from_borrowed_fd(sizes.as_fd(), PollFlags::IN));
        }
        match poll(&mut watched, None) {
            Ok(_) | Err(rustix::io::Errno::INTR) => {}
            Err(_) => return Err(Over),
        }
        // With nothing wanted of an end, its hanging up is all that it can tell.
        let hung = |fd: &PollFd<'_>| fd.revents().intersects(PollFlags::HUP | PollFlags::ERR);
        if hung(&watched[0]) && !near.contains(PollFlags::IN) {
            return Err(Over);
        }
        if hung(&watched[1]) && !there.contains(PollFlags::IN) && back.is_empty() {
            return Err(Over);
        }
        Ok(())
    }
}

/// Bytes taken from one side and not yet given to the other.
struct Held {
    bytes: Box<[u8]>,
    from: usize,
    to: usize,
}

impl Default for Held {
    fn default() -> Self {
        Self { bytes: vec![0; HELD].into_boxed_slice(), from: 0, to: 0 }
    }
}

impl Held {
    fn is_empty(&self) -> bool {
        self.from == self.to
    }

    /// Whether anything came.
    fn take(&mut self, side: &mut impl Read) -> std::result::Result<bool, Over> {
        match side.read(&mut self.bytes) {
            Ok(0) => Err(Over),
            Ok(count) => {
                (self.from, self.to) = (0, count);
                Ok(true)
            }
            Err(error) => later(&error),
        }
    }

    /// Whether anything went.
    fn give(&mut self, side: &mut impl Write) -> std::result::Result<bool, Over> {
        if self.is_empty() {
            return Ok(false);
        }
        match side.write(&self.bytes[self.from..self.to]) {
            Ok(0) => Ok(false),
            Ok(count) => {
                self.from += count;
                Ok(true)
            }
            Err(error) => later(&error),
        }
    }
}

fn later(error: &io::Error) -> std::result::Result<bool, Over> {
    match error.kind() {
        io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted => Ok(false),
        _ => Err(Over),
    }
}
