//! A control connection in use: commands go out at once and in order, each reply finds who waits for it.
//!
//! Whoever stops waiting costs nothing: the reply is still taken in, in its turn, and dropped. Only a connection that
//! does not answer, or answers what nobody asked, is ended.

use std::{
    collections::VecDeque,
    fmt,
    net::SocketAddr,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::Duration,
};
use suppaftp::Status;

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _, ReadHalf, WriteHalf},
    sync::{Notify, mpsc, watch},
    task::AbortHandle,
    time::{self, Instant},
};

use super::{
    fault::Fault,
    stream::Stream,
    tls::Tls,
    wire::{Command, Decoder, Manner, Reply},
};
use crate::domain::error::ErrorKind;

/// Servers of which no more may be sent before an answer do not read on in a transfer either.
const READS_AHEAD: usize = 1 << 10;

/// What a server had sent before it hung up may still be on its way through the system.
const FOR_WHAT_CAME: Duration = Duration::from_millis(500);

/// A control connection that is logged in.
pub(super) struct Line {
    shared: Arc<Shared>,
    outgoing: mpsc::UnboundedSender<Command>,
    tasks: [AbortHandle; 2],
    /// Held from the search for a data connection until the transfer has begun: another's search would undo it.
    pub(super) beginning: tokio::sync::Mutex<()>,
    /// Asked for ahead of the next transfer: the port its data will go to.
    port_ahead: Mutex<Option<Pending>>,
    /// The server's end. Data connections go to no other address.
    pub(super) peer: SocketAddr,
    /// This end.
    pub(super) local: SocketAddr,
    /// How data connections are encrypted, if they are.
    pub(super) tls: Option<Tls>,
}

struct Shared {
    /// Who waits for replies, in the order of the commands. Held while commands are handed over, for that order.
    waiting: Mutex<VecDeque<Waiter>>,
    /// Bytes of commands that were sent and not answered.
    unanswered: AtomicUsize,
    /// A command was answered.
    answered: Notify,
    /// Why it ended, once it has.
    ended: watch::Sender<Option<Fault>>,
    /// When something came last.
    heard: Mutex<Instant>,
    /// Between the first and the last reply of a transfer: its end may be long in coming.
    transferring: AtomicBool,
    /// So many bytes of commands may be sent before the first is answered.
    ahead: AtomicUsize,
    /// This end wants no more of it.
    hung_up: AtomicBool,
}

struct Waiter {
    replies: mpsc::UnboundedSender<Reply>,
    /// Of the command, in bytes.
    length: usize,
}

impl Shared {
    fn waiting(&self) -> MutexGuard<'_, VecDeque<Waiter>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn heard(&self) -> MutexGuard<'_, Instant> {
        self.heard.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn end(&self, fault: Fault) {
        self.ended.send_if_modified(|ended| {
            let first = ended.is_none();
            ended.get_or_insert(fault);
            first
        });
        self.waiting().clear();
        self.answered.notify_one();
    }

    fn epitaph(&self) -> Fault {
        self.ended.borrow().clone().unwrap_or_else(|| Fault::lost("the connection ended"))
    }

    /// Gives a reply to whoever waits longest.
    fn hand_on(&self, reply: Reply) -> Result<(), Fault> {
        let preliminary = reply.is_preliminary();
        let closing = reply.status() == Status::NotAvailable;
        let fault = closing.then(|| Fault::of(&reply));
        let mut waiting = self.waiting();
        let Some(first) = waiting.front() else {
            return Err(fault.unwrap_or_else(|| {
                Fault::protocol(format!("the server said something unasked: {}", reply.words()))
            }));
        };
        // Nobody may be waiting any more; the reply was theirs even so.
        let _ = first.replies.send(reply);
        self.transferring.store(preliminary, Ordering::Relaxed);
        if !preliminary {
            self.unanswered.fetch_sub(first.length, Ordering::AcqRel);
            waiting.pop_front();
            self.answered.notify_one();
        }
        fault.map_or(Ok(()), Err)
    }
}

impl Line {
    /// Takes a connection over; `decoder` holds what came and was not yet asked for, and the server may be sent `ahead`
    /// bytes of commands before it has answered the first.
    pub(super) fn start(
        stream: Stream,
        decoder: Decoder,
        (local, peer): (SocketAddr, SocketAddr),
        tls: Option<Tls>,
        ahead: usize,
    ) -> Arc<Self> {
        let shared = Arc::new(Shared {
            waiting: Mutex::default(),
            unanswered: AtomicUsize::new(0),
            answered: Notify::new(),
            ended: watch::Sender::new(None),
            heard: Mutex::new(Instant::now()),
            transferring: AtomicBool::new(false),
            ahead: AtomicUsize::new(ahead),
            hung_up: AtomicBool::new(false),
        });
        let (reading, writing) = tokio::io::split(stream);
        let (outgoing, commands) = mpsc::unbounded_channel();
        let reader = tokio::spawn(read(reading, decoder, Arc::clone(&shared)));
        let writer = tokio::spawn(write(writing, commands, Arc::clone(&shared)));
        let tasks = [reader.abort_handle(), writer.abort_handle()];
        let beginning = tokio::sync::Mutex::default();
        let port_ahead = Mutex::default();
        Arc::new(Self { shared, outgoing, tasks, beginning, port_ahead, peer, local, tls })
    }

    /// It is known by now how far ahead the server reads.
    pub(super) fn send_ahead(&self, ahead: usize) {
        self.shared.ahead.store(ahead, Ordering::Release);
        self.shared.answered.notify_one();
    }

    /// Sends commands, none of another's between them. Returns at once.
    pub(super) fn send(&self, commands: impl IntoIterator<Item = Command>) -> Vec<Pending> {
        // Held over all of them: the order in which replies are waited for is that of the commands.
        let mut waiting = self.shared.waiting();
        commands.into_iter().map(|command| self.hand_over(command, &mut waiting)).collect()
    }

    /// Sends one command.
    pub(super) fn send_one(&self, command: Command) -> Pending {
        self.hand_over(command, &mut self.shared.waiting())
    }

    fn hand_over(&self, command: Command, waiting: &mut VecDeque<Waiter>) -> Pending {
        let (sender, replies) = mpsc::unbounded_channel();
        if self.shared.ended.borrow().is_none() {
            tracing::trace!(?command, "to the server");
            waiting.push_back(Waiter { replies: sender, length: command.as_bytes().len() });
            // The writer is gone only when the line has ended, and then whoever waits is told.
            let _ = self.outgoing.send(command);
        }
        let (shared, sent) = (Arc::clone(&self.shared), Instant::now());
        Pending { replies, kept: None, has_begun: false, shared, sent }
    }

    /// Sends one command and waits for what it comes to.
    pub(super) async fn ask(&self, command: Command, patience: Duration) -> Result<Reply, Fault> {
        self.send_one(command).last(patience).await
    }

    /// Asks for the port of the next transfer while this one is under way: that is a round trip less between two files.
    pub(super) fn ask_for_port_ahead(&self) {
        if self.reads_on() {
            self.keep_port_ahead(self.send_one(Command::bare("EPSV").in_manner(Manner::Urgent)));
        }
    }

    /// Whether what is said while a transfer is under way is answered after it, in its order.
    pub(super) fn reads_on(&self) -> bool {
        self.shared.ahead.load(Ordering::Acquire) > READS_AHEAD
    }

    /// Keeps what was asked for the next transfer.
    pub(super) fn keep_port_ahead(&self, asked: Pending) {
        *self.port_ahead.lock().unwrap_or_else(PoisonError::into_inner) = Some(asked);
    }

    /// What was asked ahead, once.
    pub(super) fn port_ahead(&self) -> Option<Pending> {
        self.port_ahead.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    /// Whether it can be used.
    pub(super) fn is_alive(&self) -> bool {
        self.shared.ended.borrow().is_none()
    }

    /// Whether files can be carried on it: it can be used, and data connections can resume its session of TLS.
    pub(super) fn can_carry(&self) -> bool {
        self.is_alive() && !self.tls.as_ref().is_some_and(Tls::is_spent)
    }

    /// Whether nobody waits for anything.
    pub(super) fn is_quiet(&self) -> bool {
        self.shared.waiting().is_empty()
    }

    /// Whether nothing was said for so long, and nobody waits for anything.
    pub(super) fn is_idle_since(&self, span: Duration) -> bool {
        self.shared.heard().elapsed() >= span && self.is_quiet()
    }

    /// The next command in line has had its answer, which another took for its own.
    pub(super) fn expect_one_less(&self) {
        if let Some(answered) = self.shared.waiting().pop_front() {
            self.shared.unanswered.fetch_sub(answered.length, Ordering::AcqRel);
            self.shared.answered.notify_one();
        }
    }

    /// Ends it. Whoever waits is told `fault`.
    pub(super) fn end(&self, fault: Fault) {
        self.shared.hung_up.store(true, Ordering::Release);
        self.shared.end(fault);
        self.tasks.iter().for_each(AbortHandle::abort);
    }

    /// Does `work` on a data connection, but no longer than the line lasts. What a server had sent before it hung up
    /// still counts.
    pub(super) async fn unless_ended<T>(
        &self,
        work: impl Future<Output = Result<T, Fault>>,
    ) -> Result<T, Fault> {
        if self.shared.hung_up.load(Ordering::Acquire) {
            return Err(self.shared.epitaph());
        }
        let mut ended = self.shared.ended.subscribe();
        tokio::pin!(work);
        tokio::select! {
            biased;
            result = &mut work => return result,
            _ = ended.wait_for(Option::is_some) => {}
        }
        let came = match self.shared.hung_up.load(Ordering::Acquire) {
            true => None,
            false => time::timeout(FOR_WHAT_CAME, work).await.ok(),
        };
        came.unwrap_or_else(|| Err(self.shared.epitaph()))
    }
}

impl Drop for Line {
    fn drop(&mut self) {
        self.end(Fault::lost("the connection was closed"));
    }
}

impl fmt::Debug for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Line").field("peer", &self.peer).finish_non_exhaustive()
    }
}

async fn read(mut stream: ReadHalf<Stream>, mut decoder: Decoder, shared: Arc<Shared>) {
    let mut buffer = vec![0; 16 << 10];
    let fault = loop {
        match decoder.next() {
            Ok(Some(reply)) => match shared.hand_on(reply) {
                Ok(()) => continue,
                Err(fault) => break fault,
            },
            Ok(None) => {}
            Err(bad) => break bad.into(),
        }
        match stream.read(&mut buffer).await {
            Ok(0) => break Fault::lost("the server closed the connection"),
            Ok(length) => {
                *shared.heard() = Instant::now();
                decoder.take(&buffer[..length]);
            }
            Err(error) => {
                let fault = Fault::io(error);
                break Fault::lost(fault.why);
            }
        }
    };
    shared.end(fault);
}

async fn write(
    mut stream: WriteHalf<Stream>,
    mut commands: mpsc::UnboundedReceiver<Command>,
    shared: Arc<Shared>,
) {
    // All that is there and may go, in one packet.
    let mut bytes = Vec::new();
    let mut in_transfer = false;
    loop {
        let command = match commands.try_recv() {
            Ok(command) => command,
            Err(_) => {
                if let Err(fault) = put(&mut stream, &mut bytes).await {
                    return shared.end(fault);
                }
                let Some(command) = commands.recv().await else { return };
                command
            }
        };
        let length = command.as_bytes().len();
        let may_go = || match (command.manner, shared.unanswered.load(Ordering::Acquire)) {
            (Manner::Urgent, _) | (_, 0) => true,
            (_, unanswered) => {
                !in_transfer && unanswered + length <= shared.ahead.load(Ordering::Acquire)
            }
        };
        if !may_go() {
            if let Err(fault) = put(&mut stream, &mut bytes).await {
                return shared.end(fault);
            }
            while !may_go() {
                if shared.ended.borrow().is_some() {
                    return;
                }
                shared.answered.notified().await;
            }
        }
        in_transfer = command.manner == Manner::Transfer;
        shared.unanswered.fetch_add(length, Ordering::AcqRel);
        bytes.extend_from_slice(command.as_bytes());
    }
}

async fn put(stream: &mut WriteHalf<Stream>, bytes: &mut Vec<u8>) -> Result<(), Fault> {
    let written = async {
        stream.write_all(bytes).await?;
        stream.flush().await
    };
    match written.await {
        Ok(()) => {
            bytes.clear();
            Ok(())
        }
        Err(error) => {
            // Perhaps the server has said why before it hung up: the reader gets to see it.
            tracing::debug!(%error, "a command could not be sent");
            time::sleep(Duration::from_millis(200)).await;
            Err(Fault::lost(Fault::io(error).why))
        }
    }
}

/// The replies to one command.
pub(super) struct Pending {
    replies: mpsc::UnboundedReceiver<Reply>,
    /// The last of them, which came before it was asked for.
    kept: Option<Reply>,
    /// A preliminary one came before it was asked for.
    has_begun: bool,
    shared: Arc<Shared>,
    sent: Instant,
}

impl Pending {
    /// The next reply. A server that says nothing at all for `patience` ends the line.
    pub(super) async fn next(&mut self, patience: Duration) -> Result<Reply, Fault> {
        if let Some(kept) = self.kept.take() {
            return Ok(kept);
        }
        loop {
            let last = (*self.shared.heard()).max(self.sent);
            match time::timeout_at(last + patience, self.replies.recv()).await {
                Ok(Some(reply)) => return Ok(reply),
                Ok(None) => return Err(self.shared.epitaph()),
                Err(_) if *self.shared.heard() > last => {}
                // Somebody's file is on its way: the replies to what was asked since come after it.
                Err(_) if self.shared.transferring.load(Ordering::Relaxed) => {
                    self.sent = Instant::now();
                }
                Err(_) => {
                    let seconds = patience.as_secs();
                    let why = format!("the server did not answer for {seconds} seconds");
                    self.shared.end(Fault::new(ErrorKind::TimedOut, why));
                    return Err(self.shared.epitaph());
                }
            }
        }
    }

    /// The reply that ends it.
    pub(super) async fn last(&mut self, patience: Duration) -> Result<Reply, Fault> {
        loop {
            let reply = self.next(patience).await?;
            if !reply.is_preliminary() {
                return Ok(reply);
            }
        }
    }

    /// Keeps the reply that ends it for whoever asks next.
    pub(super) fn keep(&mut self, last: Reply) {
        self.kept = Some(last);
    }

    /// What was kept.
    pub(super) fn kept(&self) -> Option<&Reply> {
        self.kept.as_ref()
    }

    /// Comes to an end once the last reply has come, which is kept; never where the line ends before that.
    pub(super) async fn until_last(&mut self) {
        while self.kept.is_none() {
            match self.replies.recv().await {
                Some(reply) => self.take_note(reply),
                None => std::future::pending().await,
            }
        }
    }

    /// Whether a preliminary reply has come by now.
    pub(super) fn has_begun(&mut self) -> bool {
        while self.kept.is_none()
            && let Ok(reply) = self.replies.try_recv()
        {
            self.take_note(reply);
        }
        self.has_begun
    }

    /// Whether the last reply has come by now.
    pub(super) fn is_answered(&mut self) -> bool {
        self.has_begun();
        self.kept.is_some()
    }

    fn take_note(&mut self, reply: Reply) {
        match reply.is_preliminary() {
            true => self.has_begun = true,
            false => self.kept = Some(reply),
        }
    }

    /// The next reply, if one comes within `patience`. The line goes on without.
    pub(super) async fn within(&mut self, patience: Duration) -> Option<Reply> {
        if let Some(kept) = self.kept.take() {
            return Some(kept);
        }
        time::timeout(patience, self.replies.recv()).await.ok().flatten()
    }

    /// The reply that ends a transfer, within `patience` whatever else is heard.
    pub(super) async fn end_of_transfer(&mut self, patience: Duration) -> Result<Reply, Fault> {
        if let Some(kept) = self.kept.take() {
            return Ok(kept);
        }
        let end = async {
            while let Some(reply) = self.replies.recv().await {
                if !reply.is_preliminary() {
                    return Ok(reply);
                }
            }
            Err(self.shared.epitaph())
        };
        time::timeout(patience, end).await.unwrap_or_else(|_| {
            let why = "the server did not say how the transfer ended";
            self.shared.end(Fault::new(ErrorKind::TimedOut, why));
            Err(self.shared.epitaph())
        })
    }
}
