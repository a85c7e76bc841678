//! One channel of a connection: opened step by step, fed, drained, closed. Only the connection's thread touches it.

mod broken;
mod outgoing;
mod stages;
mod traffic;

use std::{
    collections::{HashMap, VecDeque},
    sync::Arc,
    time::{Duration, Instant},
};

use bytes::Bytes;
use ssh2::{Channel, Session};
use tokio::sync::oneshot;

pub(crate) use self::broken::Broken;
use self::{
    broken::{EAGAIN, broken, cause},
    outgoing::Outgoing,
};
use super::{
    frames::Frames,
    mail::{Envelope, ExecOrder, Fault, Inbox, Manner, Outcome},
    packet::Greeting,
    stall::Stall,
    turn::{LaneId, Turn},
};

/// When all that is open on a lane has been idle for so long while more is to be opened, each may be waiting for the
/// other: a tree that is walked holds directories open until its files have been opened and closed.
const JAM: Duration = Duration::from_secs(5);

/// What libssh2 opens a channel with.
const FIRST_WINDOW: u64 = 2 * 1024 * 1024;

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

#[derive(Debug)]
struct Pending {
    reply: Option<oneshot::Sender<Outcome>>,
    manner: Manner,
}

/// One channel.
pub(crate) struct Lane {
    id: LaneId,
    purpose: Purpose,
    stage: Stage,
    channel: Option<Channel>,
    window: u64,
    consumed: u64,
    topping_up: Option<u64>,
    out: Outgoing,
    doomed: bool,
    /// INIT is on its way.
    greets: bool,
    frames: Frames,
    pending: HashMap<u32, Pending>,
    /// At most so many of them.
    most_pending: usize,
    /// Requests that may not go out before what is under way was answered.
    held: VecDeque<Envelope>,
    /// Files and directories to be opened once one that is open was closed. Apart, for that must not wait for them.
    shut: VecDeque<Envelope>,
    /// The request under way is to have no company.
    alone: bool,
    prompt: usize,
    slow: usize,
    files: usize,
    stderr: Vec<u8>,
    greeting: Option<Greeting>,
    stall: Stall,
    jam: Stall,
    inbox: Arc<Inbox>,
}

impl Lane {
    pub(crate) fn new(
        id: LaneId,
        purpose: Purpose,
        window: u64,
        most_pending: usize,
        inbox: Arc<Inbox>,
        now: Instant,
    ) -> Self {
        Self {
            id,
            purpose,
            stage: Stage::Opening,
            channel: None,
            window,
            consumed: 0,
            topping_up: None,
            out: Outgoing::default(),
            doomed: false,
            greets: false,
            frames: Frames::default(),
            pending: HashMap::new(),
            most_pending,
            held: VecDeque::new(),
            shut: VecDeque::new(),
            alone: false,
            prompt: 0,
            slow: 0,
            files: 0,
            stderr: Vec::new(),
            greeting: None,
            stall: Stall::new(now),
            jam: Stall::new(now),
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

    /// Whether an answer is due that has no business taking long. What was asked after something slow waits for that.
    pub(crate) fn waits(&self) -> bool {
        match self.purpose {
            Purpose::Exec(_) => false,
            _ => self.is_on_its_way() || (self.prompt > 0 && self.slow == 0),
        }
    }

    /// Whether an answer is due that may take its time.
    pub(crate) fn waits_patiently(&self) -> bool {
        match self.purpose {
            Purpose::Exec(_) => !matches!(self.stage, Stage::Closing | Stage::Closed),
            _ => !self.pending.is_empty(),
        }
    }

    /// This lane's own clock, for a server whose other lanes are alive: when its patience ends, and how long that is.
    ///
    /// On a slow link the lanes take turns in one stream, and a lane may be silent while the others have theirs;
    /// flushing a large file to a slow disk takes minutes.
    pub(crate) fn stall_deadline(
        &mut self,
        limit: Duration,
        now: Instant,
    ) -> Option<(Instant, Duration)> {
        let limit = if self.slow > 0 { limit * 20 } else { limit * 4 };
        let waits = !self.is_exec() && (self.is_on_its_way() || !self.pending.is_empty());
        self.stall.waiting(waits, now);
        let stalls = self.stall.deadline(limit).map(|deadline| (deadline, limit));
        // Its end is not missed either: `work` clears it then, so it is never found to be over here.
        stalls.into_iter().chain(self.jam.deadline(JAM).map(|deadline| (deadline, JAM))).min()
    }

    /// Turns one away that waits to be opened, where nothing that is open will ever be closed before it.
    fn clear_the_jam(&mut self, now: Instant) {
        self.jam.waiting(!self.shut.is_empty() && self.pending.is_empty(), now);
        if self.jam.deadline(JAM).is_none_or(|deadline| now < deadline) {
            return;
        }
        self.jam.sign_of_life(now);
        if let Some(reply) = self.shut.pop_front().and_then(|envelope| envelope.reply) {
            let _ = reply.send(Err(self.no_more_open()));
        }
    }

    /// To be tried again once others are done.
    fn no_more_open(&self) -> Fault {
        let most = self.inbox.most_open();
        Fault::interrupted(format!("no more than {most} files are kept open on a channel at once"))
    }

    /// When anything last came on it.
    pub(crate) fn last_heard(&self) -> Instant {
        self.stall.last_sign()
    }

    /// Takes a request. The lane is not closing.
    pub(crate) fn ask(&mut self, envelope: Envelope) {
        self.held.push_back(envelope);
        self.send_what_may_go();
    }

    fn send_what_may_go(&mut self) {
        loop {
            let may_open = self.files < self.inbox.most_open();
            let opens = may_open && !self.shut.is_empty();
            let queue = if opens { &mut self.shut } else { &mut self.held };
            let Some(next) = queue.front() else { return };
            if next.manner == Manner::Opens && !may_open {
                self.shut.extend(self.held.pop_front());
                continue;
            }
            let wants_silence = next.manner == Manner::Alone || self.inbox.takes_one_at_a_time();
            let is_full = self.pending.len() >= self.most_pending;
            if self.alone || is_full || wants_silence && !self.pending.is_empty() {
                return;
            }
            self.alone = wants_silence;
            if let Some(envelope) = queue.pop_front() {
                self.enqueue(envelope);
            }
        }
    }

    fn enqueue(&mut self, envelope: Envelope) {
        match envelope.manner {
            Manner::Opens => self.files += 1,
            Manner::Closes => self.files = self.files.saturating_sub(1),
            Manner::Prompt | Manner::Alone | Manner::Slow => {}
        }
        match envelope.manner {
            Manner::Slow => self.slow += 1,
            _ => self.prompt += 1,
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

    /// Fails all that waits here.
    pub(crate) fn fail(&mut self, fault: &Fault) {
        for (_, pending) in self.pending.drain() {
            if let Some(reply) = pending.reply {
                let _ = reply.send(Err(fault.clone()));
            }
        }
        for envelope in self.held.drain(..).chain(self.shut.drain(..)) {
            if let Some(reply) = envelope.reply {
                let _ = reply.send(Err(fault.clone()));
            }
        }
        (self.prompt, self.slow, self.alone) = (0, 0, false);
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
        self.clear_the_jam(now);
        loop {
            let stage = self.stage;
            match stage {
                Stage::Opening => self.open(session, turn)?,
                Stage::Widening => self.widen(session, turn)?,
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

    /// An exec order that has just been started, or failed.
    pub(crate) fn exec_started(&mut self, result: Result<(), Fault>) {
        if let Purpose::Exec(order) = &mut self.purpose {
            let (unheard, _) = oneshot::channel();
            let started = std::mem::replace(&mut order.started, unheard);
            let _ = started.send(result.map(|()| self.id));
        }
    }
}
