//! Transfers: a data connection for one command, from its beginning to the server's last word (RFC 959 §3.3).

use std::time::{Duration, Instant};

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    time,
};

use super::{
    fault::Fault,
    features::{Habits, has, note},
    line::{Line, Pending},
    patience::Patience,
    stream::Stream,
    tls::{Tls, may_want_a_session},
    way::{Offset, Way, accept, find_way},
    wire::{Command, Manner, Reply},
};
use crate::domain::error::ErrorKind;

/// How long a server that has given up a transfer may take to say why.
const FOR_A_REASON: Duration = Duration::from_secs(5);
/// How long what it had sent before may still be on its way.
const FOR_THE_REST: Duration = Duration::from_secs(1);
/// A peer that was told the end may take as long to agree.
const FOR_A_CLOSE: Duration = Duration::from_secs(1);
/// The slowest disk that is waited for after the last byte was sent.
const SLOWEST_DISK: u64 = 1 << 20;
/// What the system takes at once of a file that is sent, however slowly it gets through: so much,
const TAKEN_AT_ONCE: u64 = 64 << 10;
/// and the slowest link that is waited for.
const SLOWEST_LINK: u64 = 1 << 10;

/// A transfer that has begun.
pub(super) struct Transfer {
    stream: Stream,
    pending: Pending,
    patience: Patience,
    moved: u64,
    began: Instant,
    /// The server has said that it begins, or that it has ended.
    is_agreed: bool,
    /// Its data connection resumed no session of this.
    unresumed: Option<Tls>,
}

/// What a transfer is about.
pub(super) struct Errand {
    pub(super) command: Command,
    /// Where in the file it begins.
    pub(super) offset: u64,
    /// Bytes to send are at hand: the server's word that it takes them is not waited for where they may go ahead of it.
    /// Until it has come there is no telling a refusal from a break.
    pub(super) sends_ahead: bool,
    /// It changes nothing there: should the server begin elsewhere than it was told, nothing is lost but the connection, and
    /// its word on where it begins is not waited for before the command.
    pub(super) reads: bool,
}

impl Errand {
    /// One that begins at `offset`.
    pub(super) fn new(command: Command, offset: u64) -> Self {
        Self { command, offset, sends_ahead: false, reads: false }
    }

    /// One that reads a file from `offset` on.
    pub(super) fn reading(command: Command, offset: u64) -> Self {
        Self { reads: true, ..Self::new(command, offset) }
    }
}

/// A data connection for what comes next on this line, from the beginning of a file.
pub(super) async fn prepare(
    line: &Line,
    habits: &Habits,
    patience: Patience,
) -> Result<Way, Fault> {
    let _beginning = line.beginning.lock().await;
    find_way(line, habits, patience, &mut Offset::new(0)).await
}

/// Begins a transfer, on a data connection that is `ready` or else made for it.
pub(super) async fn begin(
    line: &Line,
    habits: &Habits,
    patience: Patience,
    Errand { command, offset, sends_ahead, reads }: Errand,
    ready: Option<Way>,
) -> Result<Transfer, Fault> {
    let _beginning = line.beginning.lock().await;
    let mut from = Offset::new(offset);
    let way = match ready {
        Some(way) => way,
        None => find_way(line, habits, patience, &mut from).await.inspect_err(|_| {
            if from.was_said() {
                // Whatever came next on it would begin there.
                line.end(Fault::lost("the connection was given up"));
            }
        })?,
    };
    from.say_at_last(line);
    if !reads {
        from.agreed(patience).await?;
    }
    let mut pending = line.send_one(command.in_manner(Manner::Transfer));
    if matches!(way, Way::Passive(_)) && !has(&habits.no_epsv) {
        line.ask_for_port_ahead();
    }
    if reads {
        // What comes is the file from its beginning.
        let ends =
            |_: &Fault| line.end(Fault::lost("a transfer that began elsewhere was given up"));
        from.agreed(patience).await.inspect_err(ends)?;
    }
    let begun = |stream: Stream, pending, is_agreed| {
        let began = Instant::now();
        let unresumed = line.tls.clone().filter(|_| stream.resumes_nothing());
        Transfer { stream, pending, patience, moved: 0, began, is_agreed, unresumed }
    };
    let (stream, refused) = match way {
        Way::Passive(socket) if sends_ahead && line.tls.is_none() => {
            return Ok(begun(Stream::Plain(socket), pending, false));
        }
        Way::Passive(socket) => {
            // Some servers shake hands before they answer, some after: both at once.
            let opening = wrap(line, socket, patience);
            with_reply(line, opening, &mut pending, patience).await?
        }
        Way::Active(listener) => {
            let opening = async {
                let socket = accept(line, &listener, patience).await?;
                wrap(line, socket, patience).await
            };
            let begun = with_reply(line, opening, &mut pending, patience).await?;
            if begun.0.is_some() {
                note(&habits.active);
            }
            begun
        }
    };
    if let Some(fault) = refused {
        return Err(fault);
    }
    let Some(stream) = stream else {
        return Err(Fault::new(ErrorKind::Interrupted, "no data connection came about"));
    };
    Ok(begun(stream, pending, true))
}

/// Waits for the data connection and for the word that the transfer begins. The second of the results is a refusal:
/// with one, the connection is in step, and no longer wanted.
async fn with_reply(
    line: &Line,
    opening: impl Future<Output = Result<Stream, Fault>>,
    pending: &mut Pending,
    patience: Patience,
) -> Result<(Option<Stream>, Option<Fault>), Fault> {
    tokio::pin!(opening);
    let mut stream = None;
    let mut told_so = false;
    while stream.is_none() || !told_so {
        tokio::select! {
            biased;
            told = pending.next(patience.reply), if !told_so => {
                let told = told?;
                if !told.is_preliminary() {
                    if !told.is_done() {
                        // What it was shown last may show why.
                        if stream.is_none() && may_want_a_session(&told) {
                            stream = time::timeout(FOR_THE_REST, &mut opening).await.ok().and_then(Result::ok);
                        }
                        let unresumed = stream.filter(Stream::resumes_nothing).and(line.tls.as_ref());
                        return Ok((None, Some(why_broken_off(unresumed, &told))));
                    }
                    // A server may say how it ended before it said that it began.
                    pending.keep(told);
                }
                told_so = true;
            }
            opened = &mut opening, if stream.is_none() => match opened {
                Ok(opened) => stream = Some(opened),
                Err(fault) => {
                    // The server may know better why: 425, 522.
                    if let Ok(Ok(told)) = time::timeout(FOR_A_REASON, pending.last(patience.reply)).await
                        && !told.is_done()
                    {
                        return Ok((None, Some(Fault::of(&told))));
                    }
                    return Err(fault);
                }
            },
        }
    }
    Ok((stream, None))
}

async fn wrap(line: &Line, socket: TcpStream, patience: Patience) -> Result<Stream, Fault> {
    let Some(tls) = &line.tls else { return Ok(Stream::Plain(socket)) };
    match time::timeout(patience.reply, tls.wrap(socket)).await {
        Ok(Ok(stream)) => {
            let stream = Stream::Tls(Box::new(stream));
            if !stream.resumes_nothing() {
                tls.note_resumed();
            }
            Ok(stream)
        }
        Ok(Err(refused)) => Err(refused.into_fault()),
        Err(_) => Err(Fault::new(ErrorKind::TimedOut, "setting up TLS took too long")),
    }
}

/// Why a server did not carry a transfer to its end. `unresumed` is the TLS of which its data connection resumed nothing.
fn why_broken_off(unresumed: Option<&Tls>, told: &Reply) -> Fault {
    unresumed.map_or_else(|| Fault::of(told), |tls| tls.why_broken_off(told))
}

impl Transfer {
    fn stalled(&self) -> Fault {
        let seconds = self.patience.stall.as_secs();
        Fault::new(ErrorKind::TimedOut, format!("nothing moved for {seconds} seconds"))
    }

    /// Reads what there is into `buffer`; 0 at the end of the connection, which is not yet the end of the file.
    pub(super) async fn read(
        &mut self,
        line: &Line,
        buffer: &mut bytes::BytesMut,
    ) -> Result<usize, Fault> {
        let stall = self.patience.stall;
        let stream = &mut self.stream;
        let reading = async {
            match time::timeout(stall, stream.read_buf(buffer)).await {
                Ok(Ok(length)) => Ok(Some(length)),
                // Closed without TLS's word for it: the server's last reply has to say what it was.
                Ok(Err(error)) if error.kind() == std::io::ErrorKind::UnexpectedEof => Ok(Some(0)),
                Ok(Err(error)) => Err(Fault::new(ErrorKind::Interrupted, Fault::io(error).why)),
                Err(_) => Ok(None),
            }
        };
        let reading =
            unless_given_up(&mut self.pending, self.unresumed.as_ref(), FOR_THE_REST, reading);
        let read = line.unless_ended(reading).await?;
        let length = read.ok_or_else(|| self.stalled())?;
        self.moved += length as u64;
        Ok(length)
    }

    /// Whether the server has said by now that it takes the file.
    pub(super) fn is_agreed(&mut self) -> bool {
        self.is_agreed = self.is_agreed || self.pending.has_begun();
        self.is_agreed
    }

    /// How many bytes may be sent: before the server has said that it takes them, no more than the system takes at once.
    pub(super) fn room(&mut self) -> u64 {
        if self.is_agreed() { u64::MAX } else { TAKEN_AT_ONCE.saturating_sub(self.moved) }
    }

    /// Waits for the server's word that it takes the file.
    pub(super) async fn agree(&mut self) -> Result<(), Fault> {
        if !self.is_agreed() {
            let told = self.pending.next(self.patience.reply).await?;
            if !told.is_preliminary() {
                if !told.is_done() {
                    return Err(Fault::of(&told));
                }
                self.pending.keep(told);
            }
            self.is_agreed = true;
        }
        Ok(())
    }

    /// Writes all of `bytes`.
    pub(super) async fn write(&mut self, line: &Line, bytes: &[u8]) -> Result<(), Fault> {
        let stall = self.patience.stall;
        let stream = &mut self.stream;
        let writing = async {
            let mut rest = bytes;
            while !rest.is_empty() {
                match time::timeout(stall, stream.write(rest)).await {
                    Ok(Ok(0)) => return Err(Fault::lost("the data connection was closed")),
                    Ok(Ok(length)) => rest = &rest[length..],
                    Ok(Err(error)) => {
                        return Err(Fault::new(ErrorKind::Interrupted, Fault::io(error).why));
                    }
                    Err(_) => return Ok(false),
                }
            }
            Ok(true)
        };
        let writing =
            unless_given_up(&mut self.pending, self.unresumed.as_ref(), Duration::ZERO, writing);
        match line.unless_ended(writing).await {
            Ok(true) => {
                self.moved += bytes.len() as u64;
                Ok(())
            }
            Ok(false) => Err(self.stalled()),
            Err(fault) => Err(self.reason().await.unwrap_or(fault)),
        }
    }

    /// Why the server broke a transfer off, where it says so.
    async fn reason(&mut self) -> Option<Fault> {
        if let Err(fault) = time::timeout(FOR_A_REASON, self.agree()).await.ok()? {
            return Some(fault);
        }
        let told = time::timeout(FOR_A_REASON, self.pending.last(FOR_A_REASON)).await.ok()?.ok();
        told.filter(|told| !told.is_done())
            .map(|told| why_broken_off(self.unresumed.as_ref(), &told))
    }

    /// Says that nothing more is to be written, all the way down.
    async fn close(&mut self, line: &Line) -> Result<(), Fault> {
        let stall = self.patience.stall;
        let stream = &mut self.stream;
        let closing = async {
            match time::timeout(stall, stream.shutdown()).await {
                Ok(Ok(())) => Ok(true),
                Ok(Err(error)) => Err(Fault::new(ErrorKind::Interrupted, Fault::io(error).why)),
                Err(_) => Ok(false),
            }
        };
        let closing =
            unless_given_up(&mut self.pending, self.unresumed.as_ref(), Duration::ZERO, closing);
        match line.unless_ended(closing).await {
            Ok(true) => {}
            Ok(false) => return Err(self.stalled()),
            Err(fault) => return Err(self.reason().await.unwrap_or(fault)),
        }
        if self.stream.is_encrypted() {
            // What is left unread in the socket would make the system reset the connection, with our last bytes in it.
            let mut rest = [0; 512];
            let drained = async { while matches!(self.stream.read(&mut rest).await, Ok(1..)) {} };
            let _ = time::timeout(FOR_A_CLOSE, drained).await;
        }
        Ok(())
    }

    /// After all was written: says so, and waits for the word that it is taken at all, where that has not come yet.
    pub(super) async fn end_writing(&mut self, line: &Line) -> Result<(), Fault> {
        self.close(line).await?;
        self.agree().await
    }

    /// Whether the server may not have said yet that it wants its session of TLS resumed.
    pub(super) fn is_in_doubt(&self) -> bool {
        self.unresumed.is_some() && self.pending.kept().is_none()
    }

    /// At the end of the connection, of which nothing came: whether that was because the server refused it. Its last word
    /// is kept.
    pub(super) async fn dispel_doubt(&mut self) -> Result<(), Fault> {
        // Some servers wait for both directions to be closed.
        let _ = time::timeout(FOR_A_CLOSE, self.stream.shutdown()).await;
        let told = self.pending.end_of_transfer(self.patience.reply).await?;
        if !told.is_done() {
            return Err(why_broken_off(self.unresumed.as_ref(), &told));
        }
        self.pending.keep(told);
        Ok(())
    }

    /// After the end of the connection: the server's word that this was the end of what was to come.
    pub(super) async fn finish_reading(self) -> Result<Reply, Fault> {
        let Self { stream, pending, patience, moved, unresumed, .. } = self;
        // Some servers wait for both directions to be closed.
        drop(stream);
        // The longer the file, the longer its disk may take.
        let wait = patience.reply + Duration::from_secs(moved / SLOWEST_DISK);
        outcome_of(pending, unresumed.as_ref(), wait).await
    }

    /// After all was written: the server's word that it has everything.
    pub(super) async fn finish_writing(self) -> Result<Reply, Fault> {
        let Self { stream, pending, patience, moved, began, unresumed, .. } = self;
        // What is written is not yet sent: on a slow link the last of it takes its time, at most as long as what came
        // before.
        let sending = moved.min(TAKEN_AT_ONCE) / SLOWEST_LINK + moved / SLOWEST_DISK;
        let wait = patience.reply + Duration::from_secs(sending) + began.elapsed();
        let outcome = outcome_of(pending, unresumed.as_ref(), wait).await;
        drop(stream);
        outcome
    }

    /// Breaks it off: what was written so far must not look like a whole file to the server.
    pub(super) fn break_off(self) -> Pending {
        let _ = self.stream.socket().set_zero_linger();
        self.pending
    }
}

/// Does `work` on a data connection until the server says, before its time, that it has given the transfer up: such a
/// server need neither take what is sent nor close the connection. What had come before may take until `rest`.
async fn unless_given_up<T>(
    pending: &mut Pending,
    unresumed: Option<&Tls>,
    rest: Duration,
    work: impl Future<Output = Result<T, Fault>>,
) -> Result<T, Fault> {
    tokio::pin!(work);
    if pending.kept().is_none() {
        tokio::select! {
            biased;
            done = &mut work => return done,
            () = pending.until_last() => {}
        }
    }
    match pending.kept().filter(|told| !told.is_done()) {
        Some(told) if rest.is_zero() => Err(why_broken_off(unresumed, told)),
        Some(told) => {
            time::timeout(rest, work).await.unwrap_or_else(|_| Err(why_broken_off(unresumed, told)))
        }
        None => work.await,
    }
}

async fn outcome_of(
    mut pending: Pending,
    unresumed: Option<&Tls>,
    wait: Duration,
) -> Result<Reply, Fault> {
    let reply = pending.end_of_transfer(wait).await?;
    if reply.is_done() { Ok(reply) } else { Err(why_broken_off(unresumed, &reply)) }
}
