//! From a host's name to a TCP connection: every address is tried, and each way to fail has its own words.

use std::{
    io,
    net::{SocketAddr, TcpStream, ToSocketAddrs as _},
    time::{Duration, Instant},
};

use crate::{
    domain::{
        display::escape_text,
        error::{Error, ErrorKind, Result},
    },
    storage::unreached,
};

/// Connects within `limit`, which all addresses share: the first that answers is taken.
pub(super) fn connect(host: &str, port: u16, limit: Duration, doing: &str) -> Result<TcpStream> {
    let end = Instant::now() + limit;
    let addresses = look_up(host, port, doing)?;
    let mut last = None;
    for (index, address) in addresses.iter().enumerate() {
        let left = end.saturating_duration_since(Instant::now());
        let share = left / u32::try_from(addresses.len() - index).unwrap_or(1);
        // Zero is no time-out to the system but an error.
        match TcpStream::connect_timeout(address, share.max(Duration::from_millis(1))) {
            Ok(stream) => {
                stream.set_nodelay(true).map_err(|error| Error::from_io(doing, error))?;
                return Ok(stream);
            }
            Err(error) => last = Some((address, error)),
        }
    }
    Err(match last {
        Some((address, error)) => failed(address, error, limit, doing),
        None => Error::new(ErrorKind::HostNotFound, doing, "the host name has no address"),
    })
}

fn failed(address: &SocketAddr, error: io::Error, limit: Duration, doing: &str) -> Error {
    if error.kind() == io::ErrorKind::TimedOut {
        let why = unreached::silent(*address, doing, limit.as_secs_f64());
        return Error::new(ErrorKind::TimedOut, doing, why).with_source(error);
    }
    let found = Error::from_io(doing, error);
    // Whatever else the system says while connecting, nobody was reached.
    let kind = match found.kind() {
        ErrorKind::TimedOut => ErrorKind::TimedOut,
        _ => ErrorKind::Unreachable,
    };
    Error::new(kind, doing, unreached::refused(*address, doing, found.why())).with_source(found)
}

fn look_up(host: &str, port: u16, doing: &str) -> Result<Vec<SocketAddr>> {
    match (host, port).to_socket_addrs() {
        Ok(addresses) => Ok(addresses.collect()),
        Err(error) => {
            let words = error.to_string();
            let reason = words.rsplit(": ").next().unwrap_or(&words).to_lowercase();
            // The resolver could not be asked: that may pass. Its kind is not told otherwise (EAI_AGAIN).
            let kind = if reason.contains("temporary") || reason.contains("try again") {
                ErrorKind::Unreachable
            } else {
                ErrorKind::HostNotFound
            };
            let why = unreached::unknown(&escape_text(host), doing, &escape_text(&reason));
            Err(Error::new(kind, doing, why).with_source(error))
        }
    }
}
