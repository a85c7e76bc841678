//! How a data connection comes about: a port that is asked for or offered, to or from the control connection's peer and
//! nobody else (RFC 959 §3.3, RFC 2428).

use std::net::{IpAddr, SocketAddr};

use suppaftp::Status;
use tokio::{
    net::{TcpListener, TcpStream},
    time,
};

use super::{
    fault::Fault,
    features::{Habits, has, note},
    line::{Line, Pending},
    patience::Patience,
    wire::{Command, Reply},
};
use crate::domain::error::ErrorKind;

/// Where the data connection comes from.
pub(super) enum Way {
    Passive(TcpStream),
    Active(TcpListener),
}

/// Where in the file a transfer begins. It has to be the last that is said before the transfer is, and is said as early as
/// that allows: its answer comes while the data connection comes about.
pub(super) struct Offset {
    offset: u64,
    asked: Option<Pending>,
}

impl Offset {
    pub(super) fn new(offset: u64) -> Self {
        Self { offset, asked: None }
    }

    /// Whether it was said, and holds for whatever comes next.
    pub(super) fn was_said(&self) -> bool {
        self.asked.is_some()
    }

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

    /// Says it, if it was not yet.
    pub(super) fn say_at_last(&mut self, line: &Line) {
        if self.asked.is_none() {
            self.say(line);
        }
    }

    /// Waits for the answer: after a refused REST a RETR would begin elsewhere, and a STOR would cut the file.
    pub(super) async fn agreed(&mut self, patience: Patience) -> Result<(), Fault> {
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

/// Finds a way for data, in the manner that works with this server.
pub(super) async fn find_way(
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
pub(super) async fn accept(
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
