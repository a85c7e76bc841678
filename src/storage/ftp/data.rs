//! Data connections: opened for one command, to or from the control connection's peer and nobody else (RFC 959 §3.3,
//! RFC 2428).

use std::{
    net::{IpAddr, SocketAddr},
    time::{Duration, Instant},
};

use suppaftp::Status;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    time,
};

use super::{
    fault::Fault,
    features::{Habits, has, note},
    line::{Line, Pending},
    patience::Patience,
    stream::Stream,
    wire::{Command, Manner, Reply},
};
use crate::domain::error::ErrorKind;

/// How long a server that has given up a transfer may take to say why.
const FOR_A_REASON: Duration = Duration::from_secs(5);
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
    /// A server may say how it ended before it said that it began.
    early: Option<Reply>,
    patience: Patience,
    moved: u64,
    began: Instant,
}

/// Where the data connection comes from.
enum Way {
    Passive(TcpStream),
    Active(TcpListener),
}

/// Where in the file a transfer begins. It has to be the last that is said before the transfer is, and is said as early as
/// that allows: its answer comes while the data connection comes about.
struct Offset {
    offset: u64,
    asked: Option<Pending>,
}

impl Offset {
    fn command(&self) -> Option<Command> {
        (self.offset > 0).then(|| Command::bare(&format!("REST {}", self.offset)))
    }

    /// Says it, right after whatever was said before.
    fn say(&mut self, line: &Line) {
        self.asked = self.command().map(|command| line.send_one(command));
    }

    /// Asks for a port, and says it right behind.
    fn ask_for_port(&mut self, line: &Line) -> Option<Pending> {
        let mut told = line.send([Command::bare("EPSV")].into_iter().chain(self.command()));
        self.asked = if self.offset > 0 { told.pop() } else { None };
        told.pop()
    }

    /// Waits for the answer: after a refused REST a RETR would begin elsewhere, and a STOR would cut the file.
    async fn agree(&mut self, line: &Line, patience: Patience) -> Result<(), Fault> {
        if self.asked.is_none() {
            self.say(line);
        }
        let Some(mut asked) = self.asked.take() else { return Ok(()) };
        let reply = asked.last(patience.reply).await?;
        if reply.status() != Status::RequestFilePending {
            let why = format!("the server begins no file in its middle ({})", reply.words());
            return Err(Fault::new(ErrorKind::Unsupported, why));
        }
        Ok(())
    }

    /// Something else was said meanwhile: it has to be said again.
    fn forget(&mut self) {
        self.asked = None;
    }
}

/// Begins a transfer with `command`, at `offset` of the file.
pub(super) async fn begin(
    line: &Line,
    habits: &Habits,
    patience: Patience,
    offset: u64,
    command: Command,
) -> Result<Transfer, Fault> {
    let _beginning = line.beginning.lock().await;
    let mut from = Offset { offset, asked: None };
    let way = find_way(line, habits, patience, &mut from).await.inspect_err(|_| {
        if from.asked.is_some() {
            // Whatever came next on it would begin there.
            line.end(Fault::lost("the connection was given up"));
        }
    })?;
    from.agree(line, patience).await?;
    let mut pending = line.send_one(command.in_manner(Manner::Transfer));
    if matches!(way, Way::Passive(_)) && !has(&habits.no_epsv) {
        line.ask_for_port_ahead();
    }
    let mut early = None;
    let (stream, refused) = match way {
        Way::Passive(socket) => {
            // Some servers shake hands before they answer, some after: both at once.
            let opening = wrap(line, socket, patience);
            with_reply(opening, &mut pending, &mut early, patience).await?
        }
        Way::Active(listener) => {
            let opening = async {
                let socket = accept(line, &listener, patience).await?;
                wrap(line, socket, patience).await
            };
            let begun = with_reply(opening, &mut pending, &mut early, patience).await?;
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
    Ok(Transfer { stream, pending, early, patience, moved: 0, began: Instant::now() })
}

/// Waits for the data connection and for the word that the transfer begins. The second of the results is a refusal:
/// with one, the connection is in step, and no longer wanted.
async fn with_reply(
    opening: impl Future<Output = Result<Stream, Fault>>,
    pending: &mut Pending,
    early: &mut Option<Reply>,
    patience: Patience,
) -> Result<(Option<Stream>, Option<Fault>), Fault> {
    tokio::pin!(opening);
    let mut stream = None;
    let mut reply = None;
    while stream.is_none() || reply.is_none() {
        tokio::select! {
            biased;
            told = pending.next(patience.reply), if reply.is_none() => {
                let told = told?;
                if !told.is_preliminary() {
                    if !told.is_done() {
                        return Ok((None, Some(Fault::of(&told))));
                    }
                    *early = Some(told.clone());
                }
                reply = Some(told);
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
        Ok(Ok(stream)) => Ok(Stream::Tls(Box::new(stream))),
        Ok(Err(refused)) => Err(refused.into_fault()),
        Err(_) => Err(Fault::new(ErrorKind::TimedOut, "setting up TLS took too long")),
    }
}

async fn find_way(
    line: &Line,
    habits: &Habits,
    patience: Patience,
    from: &mut Offset,
) -> Result<Way, Fault> {
    if has(&habits.active) {
        return listen(line, patience).await;
    }
    if let Some(mut asked) = line.port_ahead() {
        from.say(line);
        let reply = asked.last(patience.reply).await?;
        if let Some(port) = port_of_epsv(reply.last()).filter(|_| is_port(&reply)) {
            let address = SocketAddr::new(line.peer.ip(), port);
            // One that has been waiting for too long: another is asked for.
            if let Ok(Ok(socket)) =
                time::timeout(patience.connect, TcpStream::connect(address)).await
            {
                return Ok(Way::Passive(socket));
            }
        }
    }
    let port = passive_port(line, habits, patience, from).await?;
    // Whatever address a reply names: the data comes from whom the commands go to.
    let address = SocketAddr::new(line.peer.ip(), port);
    let why = match time::timeout(patience.connect, TcpStream::connect(address)).await {
        Ok(Ok(socket)) => return Ok(Way::Passive(socket)),
        Ok(Err(error)) => Fault::io(error).why,
        Err(_) => "it did not answer".into(),
    };
    // A firewall in front of the server; perhaps there is none in front of this machine.
    tracing::debug!(%address, %why, "no passive data connection, trying an active one");
    from.forget();
    listen(line, patience).await.map_err(|_| {
        let why = format!("no data connection to port {port} came about: {why}");
        Fault::new(ErrorKind::Interrupted, why)
    })
}

async fn passive_port(
    line: &Line,
    habits: &Habits,
    patience: Patience,
    from: &mut Offset,
) -> Result<u16, Fault> {
    let no_sense = || Fault::protocol("the server names no port for a data connection");
    if !has(&habits.no_epsv)
        && let Some(mut asked) = from.ask_for_port(line)
    {
        let reply = asked.last(patience.reply).await?;
        if is_port(&reply) {
            return port_of_epsv(reply.last()).ok_or_else(no_sense);
        }
        if line.peer.is_ipv6() || !matches!(reply.code, 500..=599) {
            return Err(Fault::of(&reply));
        }
        note(&habits.no_epsv);
    }
    from.forget();
    let reply = line.ask(Command::bare("PASV"), patience.reply).await?;
    if reply.status() != Status::PassiveMode {
        return Err(Fault::of(&reply));
    }
    port_of_pasv(reply.last()).ok_or_else(no_sense)
}

fn is_port(reply: &Reply) -> bool {
    reply.status() == Status::ExtendedPassiveMode
}

/// `Entering Extended Passive Mode (|||6446|)`.
fn port_of_epsv(text: &[u8]) -> Option<u16> {
    let open = text.iter().position(|&byte| byte == b'(')?;
    let inside = &text[open + 1..];
    let mark = *inside.first()?;
    let mut parts = inside.split(|&byte| byte == mark);
    let port = parts.nth(3)?;
    let port: u16 = std::str::from_utf8(port).ok()?.parse().ok()?;
    (port != 0).then_some(port)
}

/// `Entering Passive Mode (h1,h2,h3,h4,p1,p2)`, with or without brackets. The address is not looked at.
fn port_of_pasv(text: &[u8]) -> Option<u16> {
    let text = std::str::from_utf8(text).ok()?;
    let parts: Vec<&str> = text.rsplitn(6, ',').collect();
    let [low, high, ..] = parts[..] else { return None };
    if parts.len() < 6 {
        return None;
    }
    let digits = |text: &str| -> Option<u16> {
        let end = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
        text[..end].parse::<u8>().ok().map(u16::from)
    };
    let port = digits(high.trim())? * 256 + digits(low.trim())?;
    (port != 0).then_some(port)
}

async fn listen(line: &Line, patience: Patience) -> Result<Way, Fault> {
    let listener =
        TcpListener::bind(SocketAddr::new(line.local.ip(), 0)).await.map_err(Fault::io)?;
    let port = listener.local_addr().map_err(Fault::io)?.port();
    let command = match line.local.ip().to_canonical() {
        IpAddr::V4(address) => {
            let [a, b, c, d] = address.octets();
            format!("PORT {a},{b},{c},{d},{},{}", port >> 8, port & 0xff)
        }
        IpAddr::V6(address) => format!("EPRT |2|{address}|{port}|"),
    };
    let reply = line.ask(Command::bare(&command), patience.reply).await?;
    if !reply.is_done() {
        return Err(Fault::of(&reply));
    }
    Ok(Way::Active(listener))
}

/// The server's connection; others that come first are turned away.
async fn accept(
    line: &Line,
    listener: &TcpListener,
    patience: Patience,
) -> Result<TcpStream, Fault> {
    let coming = async {
        loop {
            let (socket, from) = listener.accept().await.map_err(Fault::io)?;
            if from.ip().to_canonical() == line.peer.ip().to_canonical() {
                return Ok(socket);
            }
            tracing::warn!(%from, "a stranger came to a data connection, and was turned away");
        }
    };
    time::timeout(patience.connect, coming).await.unwrap_or_else(|_| {
        Err(Fault::new(ErrorKind::Interrupted, "the server made no data connection"))
    })
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
        let reading = async {
            match time::timeout(stall, self.stream.read_buf(buffer)).await {
                Ok(Ok(length)) => Ok(Some(length)),
                // Closed without TLS's word for it: the server's last reply has to say what it was.
                Ok(Err(error)) if error.kind() == std::io::ErrorKind::UnexpectedEof => Ok(Some(0)),
                Ok(Err(error)) => Err(Fault::new(ErrorKind::Interrupted, Fault::io(error).why)),
                Err(_) => Ok(None),
            }
        };
        let read = line.unless_ended(reading).await?;
        let length = read.ok_or_else(|| self.stalled())?;
        self.moved += length as u64;
        Ok(length)
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
        let told = match self.early.take() {
            Some(early) => Some(early),
            None => time::timeout(FOR_A_REASON, self.pending.last(FOR_A_REASON)).await.ok()?.ok(),
        };
        told.filter(|told| !told.is_done()).map(|told| Fault::of(&told))
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

    /// After all was written: the end, and the server's word that it has everything.
    pub(super) async fn finish_writing(mut self, line: &Line) -> Result<Reply, Fault> {
        self.close(line).await?;
        self.outcome().await
    }

    /// After the end of the connection: the server's word that this was the end of what was to come.
    pub(super) async fn finish_reading(self) -> Result<Reply, Fault> {
        let Self { stream, pending, early, patience, moved, .. } = self;
        // Some servers wait for both directions to be closed.
        drop(stream);
        // The longer the file, the longer its disk may take.
        let wait = patience.reply + Duration::from_secs(moved / SLOWEST_DISK);
        outcome_of(pending, early, wait).await
    }

    async fn outcome(self) -> Result<Reply, Fault> {
        let Self { stream, pending, early, patience, moved, began } = self;
        // What is written is not yet sent: on a slow link the last of it takes its time, at most as long as what came
        // before.
        let sending = moved.min(TAKEN_AT_ONCE) / SLOWEST_LINK + moved / SLOWEST_DISK;
        let wait = patience.reply + Duration::from_secs(sending) + began.elapsed();
        let outcome = outcome_of(pending, early, wait).await;
        drop(stream);
        outcome
    }

    /// Breaks it off: what was written so far must not look like a whole file to the server.
    pub(super) fn break_off(self) -> Pending {
        let _ = self.stream.socket().set_zero_linger();
        self.pending
    }
}

async fn outcome_of(
    mut pending: Pending,
    early: Option<Reply>,
    wait: Duration,
) -> Result<Reply, Fault> {
    let reply = match early {
        Some(early) => early,
        None => pending.end_of_transfer(wait).await?,
    };
    if reply.is_done() { Ok(reply) } else { Err(Fault::of(&reply)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ports_out_of_replies() {
        assert_eq!(port_of_epsv(b"Entering Extended Passive Mode (|||6446|)"), Some(6446));
        assert_eq!(port_of_epsv(b"ok (!!!21!)."), Some(21));
        for wrong in [&b"Entering"[..], b"(|||0|)", b"(|||70000|)", b"(||||)", b"(", b""] {
            assert_eq!(port_of_epsv(wrong), None);
        }
        assert_eq!(port_of_pasv(b"Entering Passive Mode (127,0,0,1,25,46)"), Some(25 * 256 + 46));
        assert_eq!(port_of_pasv(b"Entering Passive Mode. 10,0,0,1,0,21."), Some(21));
        for wrong in [&b"Entering"[..], b"(1,2,3,4,300,1)", b"(1,2,3,4,0,0)", b"25,46", b""] {
            assert_eq!(port_of_pasv(wrong), None);
        }
    }
}
