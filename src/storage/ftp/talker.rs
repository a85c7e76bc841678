//! A control connection before it is logged in: one command, one reply, each within its time.

use std::{net::SocketAddr, time::Duration};

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpStream, lookup_host},
    time,
};

use super::{
    fault::Fault,
    stream::Stream,
    tls::{Refused, Tls},
    wire::{Command, Decoder, Reply},
};
use crate::{
    domain::{display::escape_text, error::ErrorKind},
    storage::unreached,
};

/// One command at a time.
pub(super) struct Talker {
    pub(super) stream: Stream,
    pub(super) decoder: Decoder,
    pub(super) ends: (SocketAddr, SocketAddr),
    pub(super) patience: Duration,
}

impl Talker {
    /// Connects to the first address of a host that answers. `named` is the site as the person names it.
    pub(super) async fn connect(
        host: &str,
        port: u16,
        named: &str,
        connecting: Duration,
        patience: Duration,
    ) -> Result<Self, Fault> {
        let found = time::timeout(connecting, lookup_host((host, port))).await;
        let not_found = |why: String| Fault::new(ErrorKind::HostNotFound, why);
        let addresses = match found {
            Ok(Ok(addresses)) => addresses,
            Ok(Err(error)) => {
                let words = Fault::io(error).why;
                let why = words.rsplit(": ").next().unwrap_or(&words);
                return Err(not_found(unreached::unknown(&escape_text(host), named, why)));
            }
            Err(_) => return Err(not_found("looking for the host took too long".into())),
        };
        let mut last = not_found("the host has no address".into());
        for address in addresses {
            match time::timeout(connecting, TcpStream::connect(address)).await {
                Ok(Ok(socket)) => return Self::on(socket, patience).map_err(Fault::io),
                Ok(Err(error)) => {
                    let fault = Fault::io(error);
                    let why = unreached::refused(address, named, &fault.why);
                    last = Fault::new(ErrorKind::Unreachable, why);
                }
                Err(_) => {
                    let why = unreached::silent(address, named, connecting.as_secs_f64());
                    last = Fault::new(ErrorKind::TimedOut, why);
                }
            }
        }
        Err(last)
    }

    /// On a connection that stands.
    pub(super) fn on(socket: TcpStream, patience: Duration) -> std::io::Result<Self> {
        let ends = (socket.local_addr()?, socket.peer_addr()?);
        // Commands are short and waited for.
        socket.set_nodelay(true)?;
        Ok(Self { stream: Stream::Plain(socket), decoder: Decoder::default(), ends, patience })
    }

    /// The next reply that is not preliminary.
    pub(super) async fn reply(&mut self) -> Result<Reply, Fault> {
        let mut buffer = vec![0; 4 << 10];
        loop {
            while let Some(reply) = self.decoder.next()? {
                if !reply.is_preliminary() {
                    return Ok(reply);
                }
            }
            let read = time::timeout(self.patience, self.stream.read(&mut buffer)).await;
            match read {
                Ok(Ok(0)) => return Err(Fault::lost("the server closed the connection")),
                Ok(Ok(length)) => self.decoder.take(&buffer[..length]),
                Ok(Err(error)) => return Err(Fault::lost(Fault::io(error).why)),
                Err(_) => {
                    let seconds = self.patience.as_secs();
                    let why = format!("the server did not answer for {seconds} seconds");
                    return Err(Fault::new(ErrorKind::TimedOut, why));
                }
            }
        }
    }

    /// Sends a command and waits for its reply.
    pub(super) async fn say(&mut self, command: Command) -> Result<Reply, Fault> {
        tracing::trace!(?command, "to the server");
        let written = async {
            self.stream.write_all(command.as_bytes()).await?;
            self.stream.flush().await
        };
        match time::timeout(self.patience, written).await {
            Ok(Ok(())) => self.reply().await,
            // What the server said before it hung up says more.
            Ok(Err(error)) => self.reply().await.map_err(|_| Fault::lost(Fault::io(error).why)),
            Err(_) => Err(Fault::new(ErrorKind::TimedOut, "the server takes no more commands")),
        }
    }

    /// Goes on inside TLS. What came before the handshake was said by nobody in particular: there must be nothing.
    pub(super) async fn encrypt(self, tls: &Tls) -> Result<Self, Refused> {
        if !self.decoder.is_empty() {
            let why = "something was said before TLS was up; someone may be in between";
            return Err(Refused::Other(Fault::protocol(why)));
        }
        let Stream::Plain(socket) = self.stream else {
            return Err(Refused::Other(Fault::protocol("it is encrypted already")));
        };
        let shaken = time::timeout(self.patience, tls.wrap(socket)).await.unwrap_or_else(|_| {
            Err(Refused::Other(Fault::new(ErrorKind::TimedOut, "setting up TLS took too long")))
        });
        let (ends, patience) = (self.ends, self.patience);
        let stream = Stream::Tls(Box::new(shaken?));
        Ok(Self { stream, decoder: Decoder::default(), ends, patience })
    }
}
