//! One channel of a connection: opened step by step, fed, drained, closed. Only the connection's thread touches it.

use std::{
    collections::{HashMap, VecDeque},
    io::{self, Read, Write},
    sync::Arc,
    time::Instant,
};

use bytes::Bytes;
use ssh2::{BlockDirections, Channel, ErrorCode, Session};
use tokio::sync::oneshot;

use super::{
    frames::Frames,
    mail::{Answer, Envelope, ExecEvent, ExecOrder, Fault, Inbox, Manner, Outcome, RemoteHandle},
    packet::{self, Greeting, Malformed, Reply},
    stall::Stall,
    turn::{Act, LaneId, Turn},
};
use crate::domain::{display, error::ErrorKind};

/// What libssh2 opens a channel with.
const FIRST_WINDOW: u64 = 2 * 1024 * 1024;
/// Small requests are put together into blocks of at least this, so that they share SSH packets.
const BLOCK: usize = 128 * 1024;
/// How much one lane may move before the others have their turn.
const SHARE: usize = 1024 * 1024;
/// How much of what a program says on its standard error is kept.
const KEPT_STDERR: usize = 4096;

const EAGAIN: ErrorCode = ErrorCode::Session(-37);

/// What a lane is there for.
#[derive(Debug)]
pub(crate) enum Purpose {
    Browse,
    Bulk,
    Exec(ExecOrder),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    Opening,
    Widening,
    Starting,
    Greeting,
    Ready,
    Closing,
    Closed,
}

/// How far a failure reaches.
#[derive(Debug)]
pub(crate) enum Broken {
    /// This lane alone.
    Lane(Fault),
    /// The whole connection.
    Session(Fault),
}

#[derive(Debug)]
struct Pending {
    reply: Option<oneshot::Sender<Outcome>>,
    manner: Manner,
}

/// Bytes waiting to be sent, put together from requests.
#[derive(Debug, Default)]
struct Outgoing {
    queue: VecDeque<Bytes>,
    block: Vec<u8>,
    sent: usize,
}

impl Outgoing {
    fn push(&mut self, bytes: Bytes) {
        if !bytes.is_empty() {
            self.queue.push_back(bytes);
        }
    }

    /// What is to be sent next. Its front never changes until [`Outgoing::advance`]: libssh2 insists on that.
    fn front(&mut self) -> &[u8] {
        if self.sent == self.block.len() {
            self.block.clear();
            self.sent = 0;
        }
        if self.block.len() - self.sent < BLOCK / 2 {
            if self.sent > 0 {
                self.block.drain(..self.sent);
                self.sent = 0;
            }
            while self.block.len() < BLOCK {
                let Some(next) = self.queue.pop_front() else { break };
                self.block.extend_from_slice(&next);
            }
        }
        &self.block[self.sent..]
    }

    fn advance(&mut self, count: usize) {
        self.sent = (self.sent + count).min(self.block.len());
    }

    fn is_empty(&self) -> bool {
        self.queue.is_empty() && self.sent == self.block.len()
    }
}

/// One channel.
pub(crate) struct Lane {
    id: LaneId,
    purpose: Purpose,
    stage: Stage,
    channel: Option<Channel>,
    window: u64,
    consumed: u64,
    out: Outgoing,
    end_input: bool,
    doomed: bool,
    frames: Frames,
    pending: HashMap<u32, Pending>,
    prompt: usize,
    files: usize,
    stderr: Vec<u8>,
    greeting: Option<Greeting>,
    stall: Stall,
    inbox: Arc<Inbox>,
}

impl Lane {
    pub(crate) fn new(
        id: LaneId,
        purpose: Purpose,
        window: u64,
        stall: Stall,
        inbox: Arc<Inbox>,
    ) -> Self {
        Self {
            id,
            purpose,
            stage: Stage::Opening,
            channel: None,
            window,
            consumed: 0,
            out: Outgoing::default(),
            end_input: false,
            doomed: false,
            frames: Frames::default(),
            pending: HashMap::new(),
            prompt: 0,
            files: 0,
            stderr: Vec::new(),
            greeting: None,
            stall,
            inbox,
        }
    }

    pub(crate) fn id(&self) -> LaneId {
        self.id
    }

    pub(crate) fn is_browse(&self) -> bool {
        matches!(self.purpose, Purpose::Browse)
    }

    pub(crate) fn is_bulk(&self) -> bool {
        matches!(self.purpose, Purpose::Bulk)
    }

    pub(crate) fn is_exec(&self) -> bool {
        matches!(self.purpose, Purpose::Exec(_))
    }

    pub(crate) fn is_ready(&self) -> bool {
        self.stage == Stage::Ready
    }

    pub(crate) fn is_closed(&self) -> bool {
        self.stage == Stage::Closed
    }

    /// Whether it may still become ready.
    pub(crate) fn is_on_its_way(&self) -> bool {
        matches!(self.stage, Stage::Opening | Stage::Widening | Stage::Starting | Stage::Greeting)
    }

    /// libssh2 opens one channel at a time.
    pub(crate) fn holds_the_door(&self) -> bool {
        self.stage == Stage::Opening
    }

    pub(crate) fn files(&self) -> usize {
        self.files
    }

    /// What the server greeted with; told once.
    pub(crate) fn take_greeting(&mut self) -> Option<Greeting> {
        self.greeting.take()
    }

    /// Whether an answer is due that has no business taking long.
    pub(crate) fn waits(&self) -> bool {
        match self.purpose {
            Purpose::Exec(_) => false,
            _ => self.is_on_its_way() || self.prompt > 0,
        }
    }

    /// Whether an answer is due that may take its time.
    pub(crate) fn waits_patiently(&self) -> bool {
        match self.purpose {
            Purpose::Exec(_) => !matches!(self.stage, Stage::Closing | Stage::Closed),
            _ => !self.pending.is_empty(),
        }
    }

    /// This lane's own clock, for a server whose other lanes are alive.
    pub(crate) fn stall_deadline(&mut self, now: Instant) -> Option<Instant> {
        let waits = self.waits();
        self.stall.waiting(waits, now);
        self.stall.deadline()
    }

    /// When anything last came on it.
    pub(crate) fn last_heard(&self) -> Instant {
        self.stall.last_sign()
    }

    /// Takes a request. The lane is not closing.
    pub(crate) fn ask(&mut self, envelope: Envelope) {
        match envelope.manner {
            Manner::Opens => self.files += 1,
            Manner::Closes => self.files = self.files.saturating_sub(1),
            Manner::Prompt | Manner::Slow => {}
        }
        if envelope.manner != Manner::Slow {
            self.prompt += 1;
        }
        self.pending
            .insert(envelope.id, Pending { reply: envelope.reply, manner: envelope.manner });
        self.out.push(envelope.head);
        self.out.push(envelope.body);
    }

    /// Input for the program of an exec lane.
    pub(crate) fn feed(&mut self, bytes: Bytes) {
        self.out.push(bytes);
    }

    /// The program's input ends after what was fed.
    pub(crate) fn end_input(&mut self) {
        self.end_input = true;
    }

    /// Fails all that waits here.
    pub(crate) fn fail(&mut self, fault: &Fault) {
        for (_, pending) in self.pending.drain() {
            if let Some(reply) = pending.reply {
                let _ = reply.send(Err(fault.clone()));
            }
        }
        self.prompt = 0;
    }

    /// Ends the lane in good order, while others go on.
    pub(crate) fn close(&mut self, fault: &Fault) {
        self.fail(fault);
        match self.stage {
            // The session is in the middle of opening it, and has to come to the end of that first.
            Stage::Opening => self.doomed = true,
            Stage::Closed => {}
            _ => self.stage = Stage::Closing,
        }
    }

    /// The channel could not be opened: there is nothing to close.
    pub(crate) fn never_opened(&mut self, fault: &Fault) {
        self.fail(fault);
        self.stage = Stage::Closed;
    }

    /// Everything that can be done now without waiting. Says whether anything moved.
    pub(crate) fn work(
        &mut self,
        session: &Session,
        turn: &mut Turn,
        now: Instant,
    ) -> Result<bool, Broken> {
        let mut moved = false;
        loop {
            let stage = self.stage;
            match stage {
                Stage::Opening => self.open(session, turn)?,
                Stage::Widening => {
                    self.widen(session, turn, self.window.saturating_sub(FIRST_WINDOW))?
                }
                Stage::Starting => self.start(session, turn)?,
                Stage::Ready if self.is_forgotten() => self.stage = Stage::Closing,
                Stage::Greeting | Stage::Ready => {
                    moved |= self.send(session, turn)?;
                    moved |= self.receive(session, turn, now)?;
                }
                Stage::Closing => self.finish_closing(session, turn, now)?,
                Stage::Closed => {}
            }
            if self.stage == stage {
                return Ok(moved);
            }
            moved = true;
        }
    }

    /// A program whose output nobody takes any more.
    fn is_forgotten(&self) -> bool {
        matches!(&self.purpose, Purpose::Exec(order) if order.output.is_closed())
    }

    /// Makes one call of libssh2 if it is its turn. `None`: it would block.
    fn attempt<T>(
        id: LaneId,
        act: Act,
        session: &Session,
        turn: &mut Turn,
        call: impl FnOnce() -> Result<T, ssh2::Error>,
    ) -> Result<Option<T>, Broken> {
        if !turn.allows(id, act) {
            return Ok(None);
        }
        match call() {
            Ok(value) => {
                turn.note(id, act, false);
                Ok(Some(value))
            }
            Err(error) if error.code() == EAGAIN => {
                let waits_to_send = matches!(
                    session.block_directions(),
                    BlockDirections::Outbound | BlockDirections::Both
                );
                turn.note(id, act, waits_to_send);
                Ok(None)
            }
            Err(error) => {
                turn.note(id, act, false);
                Err(broken(&error))
            }
        }
    }

    fn open(&mut self, session: &Session, turn: &mut Turn) -> Result<(), Broken> {
        if let Some(channel) =
            Self::attempt(self.id, Act::Open, session, turn, || session.channel_session())?
        {
            self.channel = Some(channel);
            self.stage = if self.doomed {
                Stage::Closing
            } else if self.window > FIRST_WINDOW {
                Stage::Widening
            } else {
                Stage::Starting
            };
        }
        Ok(())
    }

    fn widen(&mut self, session: &Session, turn: &mut Turn, by: u64) -> Result<(), Broken> {
        let Some(channel) = &mut self.channel else { return Ok(()) };
        let call = || channel.adjust_receive_window(by, true);
        if Self::attempt(self.id, Act::Widen, session, turn, call)?.is_some() {
            if self.stage == Stage::Widening {
                self.stage = Stage::Starting;
            } else {
                self.consumed = self.consumed.saturating_sub(by);
            }
        }
        Ok(())
    }

    fn start(&mut self, session: &Session, turn: &mut Turn) -> Result<(), Broken> {
        let Some(channel) = &mut self.channel else { return Ok(()) };
        let purpose = &self.purpose;
        let call = || match purpose {
            Purpose::Exec(order) => channel.exec(&order.command),
            Purpose::Browse | Purpose::Bulk => channel.subsystem("sftp"),
        };
        if Self::attempt(self.id, Act::Start, session, turn, call)?.is_none() {
            return Ok(());
        }
        if let Purpose::Exec(_) = self.purpose {
            self.stage = Stage::Ready;
            self.exec_started(Ok(()));
        } else {
            self.out.push(packet::encode_init());
            self.stage = Stage::Greeting;
        }
        Ok(())
    }

    fn send(&mut self, session: &Session, turn: &mut Turn) -> Result<bool, Broken> {
        let Some(channel) = &mut self.channel else { return Ok(false) };
        let mut moved = 0;
        while moved < SHARE && !self.out.is_empty() {
            let block = self.out.front();
            let call = || channel.write(block).map_err(|error| cause(session, &error));
            match Self::attempt(self.id, Act::Write, session, turn, call)? {
                Some(count) if count > 0 => {
                    self.out.advance(count);
                    moved += count;
                }
                _ => return Ok(moved > 0),
            }
        }
        if self.end_input && self.out.is_empty() {
            let call = || channel.send_eof();
            if Self::attempt(self.id, Act::EndInput, session, turn, call)?.is_some() {
                self.end_input = false;
            }
        }
        Ok(moved > 0)
    }

    fn receive(
        &mut self,
        session: &Session,
        turn: &mut Turn,
        now: Instant,
    ) -> Result<bool, Broken> {
        let mut moved = 0;
        while moved < SHARE {
            let Some(channel) = &mut self.channel else { break };
            let room = self.frames.room();
            let call = || channel.read(room).map_err(|error| cause(session, &error));
            let Some(count) = Self::attempt(self.id, Act::Read, session, turn, call)? else {
                break;
            };
            if count == 0 {
                if channel.eof() {
                    return Err(Broken::Lane(self.ending()));
                }
                break;
            }
            moved += count;
            self.frames.received(count);
            self.consumed += count as u64;
            self.stall.sign_of_life(now);
            if let Purpose::Exec(order) = &self.purpose {
                // Nobody listens any more: the lane is closed by whoever gave the order.
                let _ = order.output.send(ExecEvent::Output(self.frames.take_raw()));
            } else {
                self.packets()?;
            }
        }
        if self.consumed >= self.window / 2 && turn.is_free() {
            self.widen(session, turn, self.consumed)?;
        }
        Ok(moved > 0)
    }

    fn packets(&mut self) -> Result<(), Broken> {
        loop {
            let packet = match self.frames.next() {
                Ok(Some(packet)) => packet,
                Ok(None) => return Ok(()),
                Err(malformed) => return Err(Broken::Session(self.not_sftp(malformed))),
            };
            if self.stage == Stage::Greeting {
                let greeting = packet::decode_greeting(packet)
                    .map_err(|malformed| Broken::Session(self.not_sftp(malformed)))?;
                if greeting.version < packet::VERSION {
                    let why =
                        format!("the server speaks only version {} of SFTP", greeting.version);
                    return Err(Broken::Session(Fault::new(ErrorKind::Unsupported, why)));
                }
                self.greeting = Some(greeting);
                self.stage = Stage::Ready;
                continue;
            }
            let (id, reply) = packet::decode(packet)
                .map_err(|malformed| Broken::Session(Fault::protocol(malformed)))?;
            let Some(pending) = self.pending.remove(&id) else {
                let why = "the server answered a question that nobody asked";
                return Err(Broken::Session(Fault::protocol(why)));
            };
            self.deliver(pending, reply);
        }
    }

    fn deliver(&mut self, pending: Pending, reply: Reply) {
        if pending.manner != Manner::Slow {
            self.prompt = self.prompt.saturating_sub(1);
        }
        let answer = match (pending.manner, reply) {
            (Manner::Opens, Reply::Handle(bytes)) => {
                Answer::Opened(RemoteHandle::new(Arc::clone(&self.inbox), self.id, bytes))
            }
            (manner, reply) => {
                if manner == Manner::Opens {
                    self.files = self.files.saturating_sub(1);
                }
                Answer::Reply(reply)
            }
        };
        if let Some(sender) = pending.reply {
            // Whoever asked may have gone. A handle then drops here, and gives itself back.
            let _ = sender.send(Ok(answer));
        }
    }

    /// Reads what the program says on its standard error, and keeps the beginning of it.
    pub(crate) fn drain_stderr(
        &mut self,
        session: &Session,
        turn: &mut Turn,
    ) -> Result<(), Broken> {
        let Some(channel) = &mut self.channel else { return Ok(()) };
        if !matches!(self.stage, Stage::Greeting | Stage::Ready) {
            return Ok(());
        }
        let mut scratch = [0; 4096];
        for _ in 0..64 {
            let call =
                || channel.stderr().read(&mut scratch).map_err(|error| cause(session, &error));
            match Self::attempt(self.id, Act::Read, session, turn, call)? {
                Some(count) if count > 0 => {
                    self.consumed += count as u64;
                    let room = KEPT_STDERR.saturating_sub(self.stderr.len());
                    self.stderr.extend_from_slice(&scratch[..count.min(room)]);
                }
                _ => break,
            }
        }
        Ok(())
    }

    fn finish_closing(
        &mut self,
        session: &Session,
        turn: &mut Turn,
        now: Instant,
    ) -> Result<(), Broken> {
        // A send that was cut short has to come through first, or nobody could ever send again.
        let cut_short = match turn.act_of(self.id) {
            Some(Act::Write | Act::EndInput) => self.send(session, turn).map(|_| ()),
            Some(Act::Widen) => self.widen(session, turn, self.consumed),
            Some(Act::Start) => self.start_again(session, turn),
            Some(Act::Read) => self.receive(session, turn, now).map(|_| ()),
            Some(Act::Open | Act::Close) | None => Ok(()),
        };
        if let Err(Broken::Session(fault)) = cut_short {
            return Err(Broken::Session(fault));
        }
        if turn.act_of(self.id).is_some_and(|act| act != Act::Close) {
            return Ok(());
        }
        let Some(channel) = &mut self.channel else { return Ok(()) };
        match Self::attempt(self.id, Act::Close, session, turn, || channel.close()) {
            Ok(None) => Ok(()),
            // Only now may the channel be dropped: dropping one that is half closed would wedge the session.
            Ok(Some(())) | Err(Broken::Lane(_)) => {
                self.channel = None;
                self.out = Outgoing::default();
                self.frames = Frames::default();
                self.stage = Stage::Closed;
                Ok(())
            }
            Err(session_broken) => Err(session_broken),
        }
    }

    fn start_again(&mut self, session: &Session, turn: &mut Turn) -> Result<(), Broken> {
        let started = self.start(session, turn);
        self.stage = Stage::Closing;
        started
    }

    /// The server has ended this channel: why, as far as it can be known.
    fn ending(&mut self) -> Fault {
        let status =
            self.channel.as_ref().and_then(|channel| channel.exit_status().ok()).unwrap_or(-1);
        if let Some(channel) = &mut self.channel {
            let mut rest = vec![0; KEPT_STDERR.saturating_sub(self.stderr.len())];
            if let Ok(count) = channel.stderr().read(&mut rest) {
                self.stderr.extend_from_slice(&rest[..count]);
            }
        }
        let said = display::escape(self.stderr.trim_ascii());
        if let Purpose::Exec(order) = &self.purpose {
            let _ = order.output.send(ExecEvent::Ended { status, stderr: said.clone() });
        }
        let mut why = String::from("the server ended its SFTP program");
        if status > 0 {
            why.push_str(&format!(" with exit status {status}"));
        }
        if !said.is_empty() {
            why.push_str(&format!(": {said}"));
        }
        if self.stage == Stage::Greeting {
            return Fault::new(ErrorKind::Unsupported, format!("{why} before it greeted"));
        }
        Fault::lost(why)
    }

    /// Where the greeting should be there is often the output of a login script.
    fn not_sftp(&self, malformed: Malformed) -> Fault {
        let shown = &self.frames.unfinished()[..self.frames.unfinished().len().min(80)];
        let is_text = shown.len() >= 4
            && shown.iter().all(|&byte| byte.is_ascii_graphic() || byte.is_ascii_whitespace());
        if self.stage == Stage::Greeting && is_text {
            let text = display::escape(shown.trim_ascii());
            return Fault::protocol(format!(
                "the server sent text where SFTP should begin: {text}"
            ));
        }
        Fault::protocol(malformed)
    }

    /// An exec order that has just been started, or failed.
    pub(crate) fn exec_started(&mut self, result: Result<(), Fault>) {
        if let Purpose::Exec(order) = &mut self.purpose {
            let (unheard, _) = oneshot::channel();
            let started = std::mem::replace(&mut order.started, unheard);
            let _ = started.send(result.map(|()| self.id));
        }
    }
}

/// What libssh2 meant, where the ssh2 crate's `io::Error` has lost the code.
fn cause(session: &Session, error: &io::Error) -> ssh2::Error {
    if error.kind() == io::ErrorKind::WouldBlock {
        return ssh2::Error::from_errno(EAGAIN);
    }
    ssh2::Error::last_session_error(session).unwrap_or_else(ssh2::Error::unknown)
}

/// Which failures are one channel's own.
fn broken(error: &ssh2::Error) -> Broken {
    let message = display::escape_text(error.message());
    match error.code() {
        ErrorCode::Session(-21) => {
            Broken::Lane(Fault::new(ErrorKind::Unsupported, "the server refused a further channel"))
        }
        ErrorCode::Session(-22) => Broken::Lane(Fault::new(
            ErrorKind::Unsupported,
            "the server has no SFTP to offer, or refused to start it",
        )),
        ErrorCode::Session(-23 | -26 | -27) => {
            Broken::Lane(Fault::lost(format!("the server closed the channel ({message})")))
        }
        ErrorCode::Session(-7 | -13 | -43) => {
            Broken::Session(Fault::lost("the connection was cut"))
        }
        _ => Broken::Session(Fault::lost(format!("the connection broke ({message})"))),
    }
}
