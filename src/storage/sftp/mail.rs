//! What travels between the async side and the thread that owns a connection: requests in, replies out.

use std::{
    sync::{
        Arc, OnceLock,
        atomic::{AtomicBool, AtomicU32, AtomicU64, AtomicUsize, Ordering},
        mpsc,
    },
    time::Duration,
};

use bytes::Bytes;
use tokio::sync::{mpsc as tokio_mpsc, oneshot};

use super::{
    habits::Habits,
    packet::{Reply, Request},
    turn::LaneId,
};
use crate::domain::error::{Error, ErrorKind};

/// Why a request has no reply, as far as the connection knows.
#[derive(Debug, Clone)]
pub(crate) struct Fault {
    pub(crate) kind: ErrorKind,
    pub(crate) why: Arc<str>,
}

impl Fault {
    pub(crate) fn new(kind: ErrorKind, why: impl Into<Arc<str>>) -> Self {
        Self { kind, why: why.into() }
    }

    pub(crate) fn lost(why: impl Into<Arc<str>>) -> Self {
        Self::new(ErrorKind::ConnectionLost, why)
    }

    /// One lane ended, and others go on.
    pub(crate) fn interrupted(why: impl Into<Arc<str>>) -> Self {
        Self::new(ErrorKind::Interrupted, why)
    }

    pub(crate) fn protocol(why: impl std::fmt::Display) -> Self {
        Self::new(ErrorKind::Protocol, why.to_string())
    }

    /// The whole sentence.
    pub(crate) fn into_error(self, doing: impl Into<Box<str>>) -> Error {
        Error::new(self.kind, doing, self.why.as_ref())
    }
}

/// A reply, or something that has to be given back.
#[derive(Debug)]
pub(crate) enum Answer {
    Reply(Reply),
    Opened(RemoteHandle),
}

pub(crate) type Outcome = Result<Answer, Fault>;

/// Which channel a request goes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum LaneChoice {
    /// Listings and small questions.
    Browse,
    /// The bulk lane with the fewest open files.
    Bulk,
    /// The same, but one that is on its way is waited for rather than one shared: the server says how much may be sent
    /// ahead on a channel, and that is often less than a long line holds.
    Unshared,
    /// The one that gave the handle.
    Exact(LaneId),
}

/// A request on its way in.
#[derive(Debug)]
pub(crate) struct Envelope {
    pub(crate) lane: LaneChoice,
    pub(crate) id: u32,
    pub(crate) head: Bytes,
    /// The data of a WRITE.
    pub(crate) body: Bytes,
    pub(crate) manner: Manner,
    /// Nobody need listen.
    pub(crate) reply: Option<oneshot::Sender<Outcome>>,
}

/// What the lane has to know of a request beyond its bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Manner {
    /// A reply is due soon.
    Prompt,
    /// The server may take its time (flushing to disk): silence is no stall.
    Slow,
    /// The same, and nothing else may be under way on its lane meanwhile.
    Alone,
    /// The reply is a handle.
    Opens,
    /// Gives a handle back.
    Closes,
}

/// A program started on the server, as the thread sees it.
#[derive(Debug)]
pub(crate) struct ExecOrder {
    pub(crate) command: String,
    pub(crate) started: oneshot::Sender<Result<LaneId, Fault>>,
    pub(crate) output: tokio_mpsc::UnboundedSender<ExecEvent>,
}

/// What a program on the server did.
#[derive(Debug)]
pub(crate) enum ExecEvent {
    Output(Bytes),
    Ended { status: i32, stderr: String },
}

/// What the thread is told.
#[derive(Debug)]
pub(crate) enum Command {
    Ask(Envelope),
    Exec(ExecOrder),
    ExecInput(LaneId, Bytes),
    ExecEnd(LaneId),
    /// So many streams are about to be opened.
    Expect(usize),
    Shutdown(Fault),
}

/// The way in: a queue, and a bell that is rung once for many letters.
#[derive(Debug)]
pub(crate) struct Inbox {
    queue: mpsc::Sender<Command>,
    bell: Arc<mio::Waker>,
    rung: AtomicBool,
    next_id: AtomicU32,
    epitaph: OnceLock<Fault>,
    lanes_wanted: AtomicUsize,
    /// For how long the thread has waited for the server or for work, in microseconds.
    waited: AtomicU64,
    habits: Arc<Habits>,
}

impl Inbox {
    pub(crate) fn new(
        bell: Arc<mio::Waker>,
        habits: Arc<Habits>,
    ) -> (Arc<Self>, mpsc::Receiver<Command>) {
        let (queue, receiver) = mpsc::channel();
        let inbox = Self {
            queue,
            bell,
            rung: AtomicBool::new(false),
            next_id: AtomicU32::new(1),
            epitaph: OnceLock::new(),
            lanes_wanted: AtomicUsize::new(1),
            waited: AtomicU64::new(0),
            habits,
        };
        (Arc::new(inbox), receiver)
    }

    /// Puts a command in. What it carried is dropped when the thread has ended: its reply then never comes.
    pub(crate) fn put(&self, command: Command) {
        if self.queue.send(command).is_ok() && !self.rung.swap(true, Ordering::AcqRel) {
            // A bell that cannot be rung means that the thread's poll is gone, and with it the thread.
            let _ = self.bell.wake();
        }
    }

    /// Called by the thread before it empties the queue.
    pub(crate) fn answer_the_bell(&self) {
        // A swap, not a store: it has to see what was queued before a bell that was not rung again.
        self.rung.swap(false, Ordering::AcqRel);
    }

    pub(crate) fn next_id(&self) -> u32 {
        self.next_id.fetch_add(1, Ordering::Relaxed)
    }

    /// Sends a request; the reply comes on the receiver.
    pub(crate) fn ask(
        &self,
        lane: LaneChoice,
        request: &Request<'_>,
        body: Bytes,
        manner: Manner,
    ) -> oneshot::Receiver<Outcome> {
        let (reply, receiver) = oneshot::channel();
        let id = self.next_id();
        let head = request.encode(id);
        self.put(Command::Ask(Envelope { lane, id, head, body, manner, reply: Some(reply) }));
        receiver
    }

    /// Why the thread ended; said once.
    pub(crate) fn engrave(&self, fault: Fault) {
        let _ = self.epitaph.set(fault);
    }

    /// Whether a lane may have only one request under way.
    pub(crate) fn takes_one_at_a_time(&self) -> bool {
        self.habits.takes_one_at_a_time()
    }

    /// How many files and directories may be open on a lane.
    pub(crate) fn most_open(&self) -> usize {
        self.habits.most_open()
    }

    /// Whether the thread has ended.
    pub(crate) fn has_ended(&self) -> bool {
        self.epitaph.get().is_some()
    }

    /// Over how many channels the data of files is to be spread.
    pub(crate) fn want_lanes(&self, lanes: usize) {
        self.lanes_wanted.store(lanes, Ordering::Relaxed);
    }

    pub(crate) fn lanes_wanted(&self) -> usize {
        self.lanes_wanted.load(Ordering::Relaxed)
    }

    /// The thread had nothing to do for so long.
    pub(crate) fn has_waited(&self, long: Duration) {
        let micros = u64::try_from(long.as_micros()).unwrap_or(u64::MAX);
        self.waited.fetch_add(micros, Ordering::Relaxed);
    }

    /// For how long the thread has had nothing to do, in microseconds.
    pub(crate) fn waited(&self) -> u64 {
        self.waited.load(Ordering::Relaxed)
    }

    /// Why there will be no reply any more.
    pub(crate) fn epitaph(&self) -> Fault {
        self.epitaph.get().cloned().unwrap_or_else(|| Fault::lost("the connection ended"))
    }
}

/// A handle of the server; given back when dropped, whoever drops it.
#[derive(Debug)]
pub(crate) struct RemoteHandle {
    inbox: Arc<Inbox>,
    lane: LaneId,
    bytes: Bytes,
    given_back: bool,
}

impl RemoteHandle {
    pub(crate) fn new(inbox: Arc<Inbox>, lane: LaneId, bytes: Bytes) -> Self {
        Self { inbox, lane, bytes, given_back: false }
    }

    pub(crate) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The way to the connection that gave it.
    pub(crate) fn inbox(&self) -> &Arc<Inbox> {
        &self.inbox
    }

    pub(crate) fn lane(&self) -> LaneChoice {
        LaneChoice::Exact(self.lane)
    }

    /// Closes it, and lets the caller see what the server says to that.
    pub(crate) fn close(mut self) -> oneshot::Receiver<Outcome> {
        self.given_back = true;
        let request = Request::Close { handle: &self.bytes };
        self.inbox.ask(self.lane(), &request, Bytes::new(), Manner::Closes)
    }
}

impl Drop for RemoteHandle {
    fn drop(&mut self) {
        if !self.given_back {
            let id = self.inbox.next_id();
            let head = Request::Close { handle: &self.bytes }.encode(id);
            self.inbox.put(Command::Ask(Envelope {
                lane: self.lane(),
                id,
                head,
                body: Bytes::new(),
                manner: Manner::Closes,
                reply: None,
            }));
        }
    }
}
