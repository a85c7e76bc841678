//! A connection: the handle everyone holds, and the one thread that owns the session behind it.

use std::{
    collections::VecDeque,
    net::{Shutdown, TcpStream},
    sync::{Arc, mpsc},
    thread,
    time::{Duration, Instant},
};

use mio::{Events, Interest, Poll, Token};
use ssh2::Session;
use tokio::sync::oneshot;

use super::{
    extensions::Extensions,
    habits::Habits,
    lane::{Broken, Lane, Purpose},
    login::LoggedIn,
    mail::{Command, Envelope, ExecOrder, Fault, Inbox, LaneChoice, Manner},
    packet::{Greeting, Request},
    stall::Stall,
    turn::{LaneId, Turn},
};
use crate::domain::{error::ErrorKind, site::Bounds};

const SOCKET: Token = Token(0);
const BELL: Token = Token(1);

/// The receive window of a program's channel: what libssh2 opens with is plenty.
const EXEC_WINDOW: u64 = 2 * 1024 * 1024;

/// So many files may go through the channel for questions while the first for data is being opened.
const EARLY_FILES: usize = 64;

/// What may be told to a connection about pace and bounds.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Tuning {
    /// How long an answer may be overdue before the connection counts as dead. A whole SSH packet of 32 KiB has to
    /// pass within it: at 1 KB/s that takes 33 s.
    pub(crate) stall: Duration,
    /// After how much quiet a sign of life is asked for.
    pub(crate) ping: Duration,
    /// At most so many channels for the data of files on one connection.
    pub(crate) bulk_lanes: usize,
    /// What the person allows.
    pub(crate) bounds: Bounds,
    /// The receive window of such a channel.
    pub(crate) bulk_window: u64,
    /// The receive window of the channel for listings and small questions.
    pub(crate) browse_window: u64,
}

impl Default for Tuning {
    fn default() -> Self {
        Self {
            stall: Duration::from_secs(45),
            ping: Duration::from_secs(15),
            bulk_lanes: 6,
            bounds: Bounds::default(),
            bulk_window: 16 * 1024 * 1024,
            browse_window: 6 * 1024 * 1024,
        }
    }
}

/// A live connection. Cheap to clone; the last one dropped ends it.
#[derive(Debug, Clone)]
pub(crate) struct Connection {
    inbox: Arc<Inbox>,
    _ends_when_dropped: Arc<Lifeline>,
}

#[derive(Debug)]
struct Lifeline(Arc<Inbox>);

impl Drop for Lifeline {
    fn drop(&mut self) {
        self.0.put(Command::Shutdown(Fault::lost("the connection was closed")));
    }
}

impl Connection {
    /// Takes a session that is logged in, and opens the first lane on it.
    pub(crate) async fn start(
        logged_in: LoggedIn,
        habits: Arc<Habits>,
        tuning: Tuning,
    ) -> Result<(Self, Greeting), Fault> {
        let (greeted, greeting) = oneshot::channel();
        let (thread, inbox) = Thread::new(logged_in, habits, tuning, greeted).map_err(|error| {
            Fault::new(ErrorKind::Failed, format!("no event queue could be made: {error}"))
        })?;
        let connection =
            Self { inbox: Arc::clone(&inbox), _ends_when_dropped: Arc::new(Lifeline(inbox)) };
        thread::Builder::new().name(String::from("sftp")).spawn(move || thread.run()).map_err(
            |error| Fault::new(ErrorKind::Failed, format!("no thread could be started: {error}")),
        )?;
        match greeting.await {
            Ok(greeting) => Ok((connection, greeting)),
            Err(_) => Err(connection.inbox.epitaph()),
        }
    }

    /// The way in.
    pub(crate) fn inbox(&self) -> &Arc<Inbox> {
        &self.inbox
    }

    /// Over how many channels the data of files is to be spread from now on.
    pub(crate) fn want_lanes(&self, lanes: usize) {
        self.inbox.want_lanes(lanes);
    }

    /// So many streams are about to be opened: channels for them are opened meanwhile, within what is wanted.
    pub(crate) fn expect_streams(&self, streams: usize) {
        self.inbox.put(Command::Expect(streams));
    }

    /// Whether its thread is gone.
    pub(crate) fn has_ended(&self) -> bool {
        self.inbox.has_ended()
    }

    /// Ends it, whoever still holds it.
    pub(crate) fn disconnect(&self) {
        self.inbox.put(Command::Shutdown(Fault::lost("the connection was closed")));
    }
}

/// The owner of the session. Nobody else ever touches it.
struct Thread {
    session: Session,
    socket: TcpStream,
    watched: mio::net::TcpStream,
    poll: Poll,
    inbox: Arc<Inbox>,
    commands: mpsc::Receiver<Command>,
    tuning: Tuning,
    turn: Turn,
    stall: Stall,
    lanes: Vec<Lane>,
    next_lane: LaneId,
    /// Requests for bulk lanes that are still being opened.
    waiting: VecDeque<Envelope>,
    /// The server wants no further SFTP channels.
    refused_more: bool,
    greeted: Option<oneshot::Sender<Greeting>>,
    last_look_at_stderr: Instant,
}

impl Thread {
    fn new(
        logged_in: LoggedIn,
        habits: Arc<Habits>,
        tuning: Tuning,
        greeted: oneshot::Sender<Greeting>,
    ) -> std::io::Result<(Self, Arc<Inbox>)> {
        let LoggedIn { session, socket } = logged_in;
        session.set_blocking(false);
        socket.set_nonblocking(true)?;
        let poll = Poll::new()?;
        let mut watched = mio::net::TcpStream::from_std(socket.try_clone()?);
        poll.registry().register(&mut watched, SOCKET, Interest::READABLE | Interest::WRITABLE)?;
        let bell = Arc::new(mio::Waker::new(poll.registry(), BELL)?);
        let (inbox, commands) = Inbox::new(bell, habits);
        let now = Instant::now();
        let thread = Self {
            session,
            socket,
            watched,
            poll,
            inbox: Arc::clone(&inbox),
            commands,
            tuning,
            turn: Turn::default(),
            stall: Stall::new(now),
            lanes: Vec::new(),
            next_lane: 0,
            waiting: VecDeque::new(),
            refused_more: false,
            greeted: Some(greeted),
            last_look_at_stderr: now,
        };
        Ok((thread, inbox))
    }

    fn run(mut self) {
        self.add_lane(Purpose::Browse);
        let fault = match self.serve() {
            Ok(()) => Fault::lost("the connection was closed"),
            Err(fault) => fault,
        };
        self.end(&fault);
    }

    /// Until told to end, or until it breaks.
    fn serve(&mut self) -> Result<(), Fault> {
        let mut events = Events::with_capacity(16);
        loop {
            self.inbox.answer_the_bell();
            while let Ok(command) = self.commands.try_recv() {
                self.obey(command)?;
            }
            let now = Instant::now();
            let moved = self.work(now)?;
            let wait = match self.patience(now)? {
                // Something moved, so something more may be ready: only look whether there is news.
                _ if moved => Duration::ZERO,
                wait => wait,
            };
            if moved && self.turn.is_free() {
                continue;
            }
            let began = Instant::now();
            let polled = self.poll.poll(&mut events, Some(wait));
            self.inbox.has_waited(began.elapsed());
            match polled {
                Ok(()) => {}
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
                Err(error) => {
                    return Err(Fault::lost(format!("waiting for the server failed: {error}")));
                }
            }
            if events.iter().any(|event| event.token() == SOCKET && event.is_readable()) {
                self.stall.sign_of_life(Instant::now());
            }
        }
    }

    fn obey(&mut self, command: Command) -> Result<(), Fault> {
        match command {
            Command::Ask(envelope) => self.route(envelope),
            Command::Exec(order) => self.add_lane(Purpose::Exec(order)),
            Command::ExecInput(id, bytes) => {
                if let Some(lane) = self.lane(id) {
                    lane.feed(bytes);
                }
            }
            Command::ExecEnd(id) => {
                if let Some(lane) = self.lane(id) {
                    lane.close(&Fault::new(ErrorKind::Cancelled, "it is not needed any more"));
                }
            }
            Command::Expect(streams) => self.have_lanes_for(streams),
            Command::Shutdown(fault) => return Err(fault),
        }
        Ok(())
    }

    fn lane(&mut self, id: LaneId) -> Option<&mut Lane> {
        self.lanes.iter_mut().find(|lane| lane.id() == id)
    }

    fn add_lane(&mut self, purpose: Purpose) {
        let id = self.next_lane;
        self.next_lane += 1;
        let window = match purpose {
            Purpose::Bulk => self.tuning.bulk_window,
            Purpose::Browse => self.tuning.browse_window,
            Purpose::Exec(_) => EXEC_WINDOW,
        };
        let most = self.tuning.bounds.requests_in_flight;
        let inbox = Arc::clone(&self.inbox);
        self.lanes.push(Lane::new(id, purpose, window, most, inbox, Instant::now()));
    }

    /// Gives a request to a lane, or keeps it until one is there.
    fn route(&mut self, envelope: Envelope) {
        let chosen = match envelope.lane {
            LaneChoice::Exact(id) => {
                self.lanes.iter().position(|lane| lane.id() == id && lane.is_ready())
            }
            LaneChoice::Browse => self.browse_lane(),
            LaneChoice::Bulk | LaneChoice::Unshared => {
                self.consider_another_lane();
                let idlest = self.idlest_bulk_lane();
                let shares = idlest.is_none_or(|index| {
                    envelope.lane == LaneChoice::Unshared && self.lanes[index].files() > 0
                });
                // A transfer that begins with the connection does not wait for a channel of its own.
                let most = if envelope.lane == LaneChoice::Unshared { 1 } else { EARLY_FILES };
                let idle = idlest.is_none().then(|| self.idle_browse_lane(most)).flatten();
                let coming = |lane: &Lane| lane.is_bulk() && lane.is_on_its_way();
                if shares && idle.is_none() && self.lanes.iter().any(coming) {
                    self.waiting.push_back(envelope);
                    return;
                }
                idle.or(idlest).or_else(|| self.browse_lane())
            }
        };
        match chosen {
            Some(index) => self.lanes[index].ask(envelope),
            None => {
                if let Some(reply) = envelope.reply {
                    let _ =
                        reply.send(Err(Fault::interrupted("the channel it belonged to has ended")));
                }
            }
        }
    }

    fn browse_lane(&self) -> Option<usize> {
        let ready = |lane: &Lane| lane.is_ready() && !lane.is_exec();
        self.lanes
            .iter()
            .position(|lane| ready(lane) && lane.is_browse())
            .or_else(|| self.lanes.iter().position(ready))
    }

    /// It may carry the data of a few files, for what the panes ask then waits for what those have under way.
    fn idle_browse_lane(&self, most: usize) -> Option<usize> {
        self.browse_lane().filter(|index| self.lanes[*index].files() < most)
    }

    fn idlest_bulk_lane(&self) -> Option<usize> {
        self.lanes
            .iter()
            .enumerate()
            .filter(|(_, lane)| lane.is_bulk() && lane.is_ready())
            .take(self.lanes_wanted())
            .min_by_key(|(_, lane)| lane.files())
            .map(|(index, _)| index)
    }

    fn bulk_lanes(&self) -> impl Iterator<Item = &Lane> {
        self.lanes.iter().filter(|lane| lane.is_bulk() && !lane.is_closed())
    }

    /// Opens one more bulk lane in the background when there are more files than lanes.
    fn consider_another_lane(&mut self) {
        let files = self.bulk_lanes().map(Lane::files).sum::<usize>() + self.waiting.len();
        self.have_lanes_for((files + 1).min(self.bulk_lanes().count() + 1));
    }

    /// Opens bulk lanes in the background until each of so many files has one, or there are as many as are wanted.
    fn have_lanes_for(&mut self, files: usize) {
        let wanted = if self.refused_more { 0 } else { files.min(self.lanes_wanted()) };
        for _ in self.bulk_lanes().count()..wanted {
            self.add_lane(Purpose::Bulk);
        }
    }

    fn lanes_wanted(&self) -> usize {
        self.inbox.lanes_wanted().clamp(1, self.tuning.bulk_lanes)
    }

    /// One round over the lanes. Says whether anything moved.
    fn work(&mut self, now: Instant) -> Result<bool, Fault> {
        let mut moved = false;
        // Who was cut short goes first, else nobody could send.
        if let Some(owner) = self.turn.owner()
            && let Some(index) = self.lanes.iter().position(|lane| lane.id() == owner)
        {
            moved |= self.work_on(index, now)?;
        }
        let opening = self.lanes.iter().position(Lane::holds_the_door);
        for index in 0..self.lanes.len() {
            if self.lanes[index].holds_the_door() && opening != Some(index) {
                continue;
            }
            moved |= self.work_on(index, now)?;
        }
        if !moved && now.duration_since(self.last_look_at_stderr) > Duration::from_secs(1) {
            self.last_look_at_stderr = now;
            for index in 0..self.lanes.len() {
                let looked = self.lanes[index].drain_stderr(&self.session, &mut self.turn);
                self.cope(index, looked.map(|()| false))?;
            }
        }
        self.lanes.retain(|lane| !lane.is_closed());
        Ok(moved)
    }

    fn work_on(&mut self, index: usize, now: Instant) -> Result<bool, Fault> {
        let worked = self.lanes[index].work(&self.session, &mut self.turn, now);
        self.stall.sign_of_life(self.lanes[index].last_heard());
        let moved = self.cope(index, worked)?;
        if let Some(greeting) = self.lanes[index].take_greeting() {
            // One channel has to do; what goes side by side goes over further connections.
            self.refused_more |= Extensions::of(&greeting).mixes_channels;
            if let Some(greeted) = self.greeted.take() {
                let _ = greeted.send(greeting);
                // The first lane for data is opened ahead: by the time it is wanted it is there.
                self.consider_another_lane();
            } else {
                for envelope in std::mem::take(&mut self.waiting) {
                    self.route(envelope);
                }
            }
        }
        Ok(moved)
    }

    /// A failure of a lane stays with that lane as long as another can speak SFTP.
    fn cope(&mut self, index: usize, worked: Result<bool, Broken>) -> Result<bool, Fault> {
        let fault = match worked {
            Ok(moved) => return Ok(moved),
            Err(Broken::Session(fault)) => return Err(fault),
            Err(Broken::Lane(fault)) => fault,
        };
        let lane = &mut self.lanes[index];
        let was_coming = lane.is_on_its_way();
        if lane.is_exec() && was_coming {
            let refused =
                Fault::new(ErrorKind::Unsupported, "the server runs no programs for this login");
            lane.exec_started(Err(refused));
        }
        self.refused_more |= was_coming && lane.is_bulk();
        let (is_exec, id) = (lane.is_exec(), lane.id());
        let speaks = |lane: &Lane| !lane.is_exec() && lane.is_ready() && lane.id() != id;
        if !is_exec && !self.lanes.iter().any(speaks) {
            return Err(fault);
        }
        let fault = Fault::interrupted(fault.why);
        let lane = &mut self.lanes[index];
        if lane.holds_the_door() {
            lane.never_opened(&fault)
        } else {
            lane.close(&fault)
        }
        for envelope in std::mem::take(&mut self.waiting) {
            self.route(envelope);
        }
        Ok(true)
    }

    /// How long to wait for the server; or that it has been silent for too long.
    fn patience(&mut self, now: Instant) -> Result<Duration, Fault> {
        let waits = self.lanes.iter().any(Lane::waits);
        self.stall.waiting(waits, now);
        let mut until = now + self.tuning.ping;
        let limit = self.tuning.stall;
        let whole = self.stall.deadline(limit).map(|deadline| (deadline, limit));
        let single = self.lanes.iter_mut().filter_map(|lane| lane.stall_deadline(limit, now)).min();
        for (deadline, limit) in whole.into_iter().chain(single) {
            if deadline <= now {
                let why = format!("the server has not answered for {} s", limit.as_secs());
                return Err(Fault::new(ErrorKind::TimedOut, why));
            }
            until = until.min(deadline);
        }
        if !waits {
            let patiently = self.lanes.iter().any(Lane::waits_patiently);
            let due = if patiently { self.tuning.ping } else { self.tuning.ping * 2 };
            if self.stall.silence(now) >= due {
                self.ping();
                return Ok(Duration::ZERO);
            }
        }
        Ok(until.saturating_duration_since(now).max(Duration::from_millis(1)))
    }

    /// A small question whose answer nobody needs: it keeps the connection open, and finds out when it is dead.
    /// libssh2's own keepalive is not used: cut short, it would block all other sends for good.
    fn ping(&mut self) {
        let id = self.inbox.next_id();
        let head = Request::RealPath { path: b"." }.encode(id);
        self.route(Envelope {
            lane: LaneChoice::Browse,
            id,
            head,
            body: bytes::Bytes::new(),
            manner: Manner::Prompt,
            reply: None,
        });
    }

    /// Fails everything that waits, and lets go of the session without ever blocking on it.
    fn end(mut self, fault: &Fault) {
        self.inbox.engrave(fault.clone());
        drop(self.greeted.take());
        for envelope in self.waiting.drain(..) {
            if let Some(reply) = envelope.reply {
                let _ = reply.send(Err(fault.clone()));
            }
        }
        for lane in &mut self.lanes {
            lane.fail(fault);
            lane.exec_started(Err(fault.clone()));
        }
        if self.turn.is_free() {
            let _ = self.session.disconnect(None, "bye", None);
        }
        let _ = self.poll.registry().deregister(&mut self.watched);
        // Before the handles are dropped: libssh2 would try to say goodbye on each, and wait for an answer.
        let _ = self.socket.shutdown(Shutdown::Both);
        self.lanes.clear();
    }
}

/// Starts a program on the server.
pub(crate) fn exec(connection: &Connection, order: ExecOrder) {
    connection.inbox.put(Command::Exec(order));
}
