//! What a failure of libssh2 means, and how far it reaches.

use std::io;

use ssh2::{ErrorCode, Session};

use crate::{
    domain::{display, error::ErrorKind},
    storage::sftp::mail::Fault,
};

pub(super) const EAGAIN: ErrorCode = ErrorCode::Session(-37);

/// How far a failure reaches.
#[derive(Debug)]
pub(crate) enum Broken {
    /// This lane alone.
    Lane(Fault),
    /// The whole connection.
    Session(Fault),
}

/// What libssh2 meant, where the ssh2 crate's `io::Error` has lost the code.
pub(super) fn cause(session: &Session, error: &io::Error) -> ssh2::Error {
    if error.kind() == io::ErrorKind::WouldBlock {
        return ssh2::Error::from_errno(EAGAIN);
    }
    ssh2::Error::last_session_error(session).unwrap_or_else(ssh2::Error::unknown)
}

/// Which failures are one channel's own.
pub(super) fn broken(error: &ssh2::Error) -> Broken {
    let message = display::escape_text(error.message());
    match error.code() {
        ErrorCode::Session(-21) => {
            Broken::Lane(Fault::new(ErrorKind::Unsupported, "the server refused a further channel"))
        }
        ErrorCode::Session(-22) => Broken::Lane(Fault::new(
            ErrorKind::Unsupported,
            "the server has no SFTP to offer, or refused to start it",
        )),
        ErrorCode::Session(-23 | -26 | -27) => {
            Broken::Lane(Fault::lost(format!("the server closed the channel ({message})")))
        }
        ErrorCode::Session(-7 | -13 | -43) => {
            Broken::Session(Fault::lost("the connection was cut"))
        }
        _ => Broken::Session(Fault::lost(format!("the connection broke ({message})"))),
    }
}
