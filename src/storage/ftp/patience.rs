//! How long a server is waited for.

use std::time::Duration;

use crate::domain::ftp::FtpWays;

/// How long is waited.
#[derive(Debug, Clone, Copy)]
pub(super) struct Patience {
    /// For a connection to stand.
    pub(super) connect: Duration,
    /// For a reply.
    pub(super) reply: Duration,
    /// For the next byte of a file.
    pub(super) stall: Duration,
    /// With nothing said on a connection, until something is.
    pub(super) silence: Duration,
}

impl Patience {
    /// As the person says, else what suits most servers.
    pub(super) fn of(ways: FtpWays) -> Self {
        let seconds = |said: Option<u16>, ours| Duration::from_secs(said.unwrap_or(ours).into());
        Self {
            connect: seconds(ways.connect_timeout, 30),
            reply: seconds(ways.reply_timeout, 60),
            stall: seconds(ways.stall_timeout, 60),
            // The shortest silence that servers and firewalls commonly end a connection for is a minute.
            silence: seconds(ways.keepalive, 40),
        }
    }
}
