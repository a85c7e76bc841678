//! A plain delaying relay in a process of its own, made to carry much for little: every byte takes so long each
//! way, and nothing else happens to it.
//!
//! One thread, large reads, and where much comes it looks only every so often instead of at each packet. A
//! connection costs a handshake as on a real link: the server hears of it after one and a half round trips.

use std::{
    collections::VecDeque,
    io::{self, Read as _, Write as _},
    net::{Ipv4Addr, Shutdown, TcpListener, TcpStream},
    os::fd::{AsFd as _, BorrowedFd},
    time::{Duration, Instant},
};

use rustix::event::{PollFd, PollFlags, Timespec, poll};

/// Bytes under way in one direction of one connection, at most; at 25 ms each way that is 10 GB/s.
const MOST_IN_FLIGHT: usize = 256 << 20;
/// What one read takes.
const READ: usize = 256 << 10;
/// What one connection gets before the next one's turn.
const MOST_AT_ONCE: usize = 1 << 20;
/// Shorter reads are copied out of the buffer, longer ones take it along.
const SMALL: usize = 64 << 10;
/// After so much was moved at once, this long passes before the next look.
const MUCH: usize = 64 << 10;
const PAUSE: Duration = Duration::from_micros(500);

/// Relays to a port of this machine until standard input ends; says its own port first.
pub(crate) fn serve(target: u16, each_way: Duration) -> io::Result<()> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    run(vec![(listener, target)], each_way)
}

/// Another address of this machine, whose ports stand for those of the first.
pub(crate) const FAR: Ipv4Addr = Ipv4Addr::new(127, 0, 0, 2);

/// Relays from these ports of the far address to the same ports of the near one, for protocols that open further
/// connections to the address they know.
pub(crate) fn serve_same(ports: impl Iterator<Item = u16>, each_way: Duration) -> io::Result<()> {
    let doors = ports.map(|port| Ok((TcpListener::bind((FAR, port))?, port)));
    run(doors.collect::<io::Result<_>>()?, each_way)
}

fn run(doors: Vec<(TcpListener, u16)>, each_way: Duration) -> io::Result<()> {
    for (listener, _) in &doors {
        listener.set_nonblocking(true)?;
    }
    let first = doors.first().ok_or(io::ErrorKind::InvalidInput)?;
    writeln!(io::stdout(), "{}", first.0.local_addr()?.port())?;
    io::stdout().flush()?;
    let mut relay = Relay { doors, each_way, links: Vec::new(), spare: Vec::new() };
    while relay.wait()? {
        let moved = relay.carry();
        if moved >= MUCH {
            poll(&mut [], Some(&timespec(PAUSE)))?;
        }
    }
    Ok(())
}

struct Relay {
    /// Where clients knock, each with the port it stands for.
    doors: Vec<(TcpListener, u16)>,
    each_way: Duration,
    links: Vec<Link>,
    spare: Vec<Vec<u8>>,
}

struct Link {
    client: TcpStream,
    target: u16,
    /// From the moment on when a real server would have heard of the connection.
    server: Option<TcpStream>,
    asked: Instant,
    up: Way,
    down: Way,
}

#[derive(Default)]
struct Way {
    queue: VecDeque<Chunk>,
    in_flight: usize,
    /// Nothing more comes.
    ended: bool,
    /// Everything has been passed on, the end too.
    done: bool,
    /// The receiver's buffer is full.
    blocked: bool,
}

/// No bytes: the end.
struct Chunk {
    due: Instant,
    bytes: Vec<u8>,
    length: usize,
    sent: usize,
}

impl Relay {
    /// Waits for something to do; `false` when it is time to leave.
    fn wait(&self) -> io::Result<bool> {
        let input = io::stdin();
        let mut fds = vec![PollFd::from_borrowed_fd(input.as_fd(), PollFlags::IN)];
        for (door, _) in &self.doors {
            fds.push(PollFd::from_borrowed_fd(door.as_fd(), PollFlags::IN));
        }
        let mut due: Option<Instant> = None;
        let mut by = |moment: Instant| due = Some(due.map_or(moment, |due| due.min(moment)));
        for link in &self.links {
            let Some(server) = &link.server else {
                by(link.asked + self.each_way * 3);
                watch(&mut fds, link.client.as_fd(), link.up.may_read(), false);
                continue;
            };
            watch(&mut fds, link.client.as_fd(), link.up.may_read(), link.down.blocked);
            watch(&mut fds, server.as_fd(), link.down.may_read(), link.up.blocked);
            for way in [&link.up, &link.down] {
                if let (Some(chunk), false) = (way.queue.front(), way.blocked) {
                    by(chunk.due);
                }
            }
        }
        let left = due.map(|due| timespec(due.saturating_duration_since(Instant::now())));
        match poll(&mut fds, left.as_ref()) {
            Ok(_) | Err(rustix::io::Errno::INTR) => Ok(fds[0].revents().is_empty()),
            Err(error) => Err(error.into()),
        }
    }

    /// Reads all there is and passes on all that is due; how much that was.
    fn carry(&mut self) -> usize {
        for (door, target) in &self.doors {
            while let Ok((client, _)) = door.accept() {
                if client.set_nonblocking(true).and(client.set_nodelay(true)).is_ok() {
                    let (asked, target) = (Instant::now(), *target);
                    let (up, down) = Default::default();
                    self.links.push(Link { client, target, server: None, asked, up, down });
                }
            }
        }
        let (delay, spare) = (self.each_way, &mut self.spare);
        let mut moved = 0;
        self.links.retain_mut(|link| match link.carry(delay, spare) {
            Ok(more) => {
                moved += more;
                !(link.up.done && link.down.done)
            }
            Err(_) => false,
        });
        moved
    }
}

impl Link {
    fn carry(&mut self, delay: Duration, spare: &mut Vec<Vec<u8>>) -> io::Result<usize> {
        // A client may speak as soon as it is connected, that is one round trip after it asked.
        let arrives = Instant::now().max(self.asked + delay * 2) + delay;
        let mut moved = self.up.take(&self.client, arrives, spare)?;
        if self.server.is_none() && self.asked + delay * 3 <= Instant::now() {
            let server = TcpStream::connect((Ipv4Addr::LOCALHOST, self.target))?;
            server.set_nonblocking(true)?;
            server.set_nodelay(true)?;
            self.server = Some(server);
        }
        let Some(server) = &self.server else { return Ok(moved) };
        moved += self.up.give(server, spare)?;
        moved += self.down.take(server, Instant::now() + delay, spare)?;
        moved += self.down.give(&self.client, spare)?;
        Ok(moved)
    }
}

impl Way {
    fn may_read(&self) -> bool {
        !self.ended && self.in_flight < MOST_IN_FLIGHT
    }

    fn take(
        &mut self,
        mut from: &TcpStream,
        due: Instant,
        spare: &mut Vec<Vec<u8>>,
    ) -> io::Result<usize> {
        let mut moved = 0;
        while self.may_read() && moved < MOST_AT_ONCE {
            let mut bytes = spare.pop().unwrap_or_else(|| vec![0; READ]);
            let length = match from.read(&mut bytes) {
                Ok(length) => length,
                Err(error) => {
                    spare.push(bytes);
                    match error.kind() {
                        io::ErrorKind::WouldBlock => return Ok(moved),
                        io::ErrorKind::Interrupted => continue,
                        _ => return Err(error),
                    }
                }
            };
            self.ended = length == 0;
            self.in_flight += length;
            moved += length;
            let bytes = if length < SMALL {
                let few = bytes[..length].to_vec();
                spare.push(bytes);
                few
            } else {
                bytes
            };
            self.queue.push_back(Chunk { due, bytes, length, sent: 0 });
        }
        Ok(moved)
    }

    fn give(&mut self, mut to: &TcpStream, spare: &mut Vec<Vec<u8>>) -> io::Result<usize> {
        let (mut moved, now) = (0, Instant::now());
        self.blocked = false;
        while let Some(chunk) = self.queue.front_mut().filter(|chunk| chunk.due <= now) {
            if chunk.length == 0 {
                to.shutdown(Shutdown::Write)?;
                self.done = true;
            }
            while chunk.sent < chunk.length {
                match to.write(&chunk.bytes[chunk.sent..chunk.length]) {
                    Ok(length) => {
                        chunk.sent += length;
                        self.in_flight -= length;
                        moved += length;
                    }
                    Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                        self.blocked = true;
                        return Ok(moved);
                    }
                    Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                    Err(error) => return Err(error),
                }
            }
            let given = self.queue.pop_front();
            spare.extend(given.map(|chunk| chunk.bytes).filter(|bytes| bytes.len() == READ));
        }
        Ok(moved)
    }
}

fn watch<'a>(fds: &mut Vec<PollFd<'a>>, fd: BorrowedFd<'a>, reads: bool, writes: bool) {
    let mut flags = PollFlags::empty();
    flags.set(PollFlags::IN, reads);
    flags.set(PollFlags::OUT, writes);
    if !flags.is_empty() {
        fds.push(PollFd::from_borrowed_fd(fd, flags));
    }
}

fn timespec(duration: Duration) -> Timespec {
    Timespec { tv_sec: duration.as_secs() as i64, tv_nsec: i64::from(duration.subsec_nanos()) }
}
