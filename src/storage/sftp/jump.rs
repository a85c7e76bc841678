//! Through one host to the next: a channel of the first one's session, behind a socket that looks like a connection.
//!
//! The socket is a pair: one end is given to the next session as if it led to the host itself, the other is owned by a
//! thread that owns the session and the channel as well, and carries bytes between them. Nobody else on this machine
//! can connect to it, as to a port. When either side ends, both do.

use std::{
    net::{Shutdown, TcpStream},
    os::{fd::OwnedFd, unix::net::UnixStream},
    thread,
};

use ssh2::{Channel, ErrorCode, Session};

use super::{bridge::Bridge, login::LoggedIn};
use crate::domain::{
    display::escape_text,
    error::{Error, ErrorKind, Result},
    site::Site,
};

/// A stream to `host:port` as seen from a host one is logged in to. Blocks until that host has connected.
pub(super) fn through(
    opened: LoggedIn,
    via: &Site,
    host: &str,
    port: u16,
    doing: &str,
) -> Result<TcpStream> {
    let LoggedIn { session, socket } = opened;
    let begun = open(&session, via, host, port, doing).and_then(|channel| {
        let pair = UnixStream::pair().and_then(|(near, far)| {
            far.set_nonblocking(true)?;
            socket.set_nonblocking(true)?;
            Ok((TcpStream::from(OwnedFd::from(near)), far, socket.try_clone()?))
        });
        let (near, far, socket) = pair.map_err(|error| Error::from_io(doing, error))?;
        session.set_blocking(false);
        let bridge = Bridge { session: session.clone(), socket, channel, far, sizes: None };
        thread::Builder::new()
            .name("jump".into())
            .spawn(move || bridge.run())
            .map_err(|error| Error::from_io(doing, error))?;
        Ok(near)
    });
    if begun.is_err() {
        // Before the session is dropped: its farewell could wait for a host that is silent.
        let _ = socket.shutdown(Shutdown::Both);
    }
    begun
}

fn open(session: &Session, via: &Site, host: &str, port: u16, doing: &str) -> Result<Channel> {
    session.channel_direct_tcpip(host, port, None).map_err(|error| {
        let (kind, why) = match (error.code(), error.message()) {
            (ErrorCode::Session(-21), words) if words.contains("prohibited") => {
                (ErrorKind::PermissionDenied, "it lets nobody through to there".to_owned())
            }
            (ErrorCode::Session(-21), words) if words.contains("connect failed") => {
                (ErrorKind::Unreachable, "it could not connect to there".to_owned())
            }
            (ErrorCode::Session(-21), words) => (ErrorKind::Unreachable, escape_text(words)),
            (ErrorCode::Session(-9 | -30), _) => {
                (ErrorKind::TimedOut, "it did not answer".to_owned())
            }
            (_, words) => (ErrorKind::ConnectionLost, escape_text(words)),
        };
        let there = escape_text(&format!("{host}:{port}"));
        Error::new(kind, doing, format!("{via} was asked to connect to {there}: {why}"))
    })
}
