//! The one error of storages and engine: what was being done, to what, why it failed.

use std::{error, fmt, sync::Arc};

/// What went wrong, as far as a decision hangs on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ErrorKind {
    /// Nothing stands there.
    NotFound,
    /// The server or system says no.
    PermissionDenied,
    /// The name is taken.
    AlreadyExists,
    /// A directory was expected.
    NotADirectory,
    /// A file was expected.
    IsADirectory,
    /// A directory still holds something.
    NotEmpty,
    /// No space or quota left, or the file is too large for the file system.
    NoSpace,
    /// The file system is read-only.
    ReadOnly,
    /// A name that may not or cannot be used there.
    InvalidName,
    /// The other end cannot do this at all.
    Unsupported,
    /// The host name leads nowhere.
    HostNotFound,
    /// Nobody listens there, or no route leads there.
    Unreachable,
    /// The host key is not the known one, is revoked, or was not accepted.
    HostKeyRefused,
    /// None of the ways to log in was accepted.
    LoginRefused,
    /// The connection ended.
    ConnectionLost,
    /// One of several ways to the same place ended under it; the others go on.
    Interrupted,
    /// Nothing came for too long.
    TimedOut,
    /// The other end broke the rules of the protocol.
    Protocol,
    /// The source was not the same before and after it was read, or ended early.
    SourceChanged,
    /// What arrived has another size than what was sent.
    SizeMismatch,
    /// What arrived has another digest than what was sent.
    DigestMismatch,
    /// A person, or the end of the program, stopped it.
    Cancelled,
    /// The settings, the configuration or the request make no sense.
    Invalid,
    /// Anything else the other end or the system reports.
    Failed,
}

impl ErrorKind {
    /// Whether the same attempt may succeed a little later without anyone doing anything.
    pub fn is_worth_a_retry(self) -> bool {
        matches!(
            self,
            ErrorKind::ConnectionLost
                | ErrorKind::Interrupted
                | ErrorKind::TimedOut
                | ErrorKind::Unreachable
                | ErrorKind::SourceChanged
                | ErrorKind::SizeMismatch
                | ErrorKind::DigestMismatch
        )
    }

    /// Whether the connection it happened on is of no more use.
    pub fn ends_the_connection(self) -> bool {
        matches!(self, ErrorKind::ConnectionLost | ErrorKind::TimedOut | ErrorKind::Protocol)
    }
}

/// A failure in whole words. Cheap to clone: it travels in events.
///
/// `doing` completes "Could not …" and names the object and, for a server, the host:
/// `rename .a.part to a.csv on files.example`. `why` is the reason in a few words, without a full stop.
/// Both are already escaped for a terminal.
#[derive(Clone)]
pub struct Error {
    kind: ErrorKind,
    doing: Box<str>,
    why: Box<str>,
    source: Option<Arc<dyn error::Error + Send + Sync>>,
}

/// A result of storages and engine.
pub type Result<T> = std::result::Result<T, Error>;

impl Error {
    /// A failure of a kind while doing something.
    pub fn new(kind: ErrorKind, doing: impl Into<Box<str>>, why: impl Into<Box<str>>) -> Self {
        Self { kind, doing: doing.into(), why: why.into(), source: None }
    }

    /// Keeps what caused it.
    #[must_use]
    pub fn with_source(mut self, source: impl error::Error + Send + Sync + 'static) -> Self {
        self.source = Some(Arc::new(source));
        self
    }

    /// The same failure seen from a larger act.
    #[must_use]
    pub fn while_doing(mut self, doing: impl Into<Box<str>>) -> Self {
        self.doing = doing.into();
        self
    }

    /// A system error while doing something local.
    pub fn from_io(doing: impl Into<Box<str>>, source: std::io::Error) -> Self {
        let kind = kind_of_io(source.kind());
        let why = words_of_io(&source);
        Self::new(kind, doing, why).with_source(source)
    }

    /// What it is.
    pub fn kind(&self) -> ErrorKind {
        self.kind
    }

    /// What was being done, completing "Could not …".
    pub fn doing(&self) -> &str {
        &self.doing
    }

    /// Why it failed.
    pub fn why(&self) -> &str {
        &self.why
    }
}

/// A system error's reason in lower case, without the number.
fn words_of_io(source: &std::io::Error) -> String {
    let text = source.to_string();
    let text = text.split(" (os error").next().unwrap_or(&text);
    let mut letters = text.chars();
    match letters.next() {
        Some(first) => {
            super::display::escape_text(&format!("{}{}", first.to_lowercase(), letters.as_str()))
        }
        None => String::from("unknown reason"),
    }
}

fn kind_of_io(kind: std::io::ErrorKind) -> ErrorKind {
    use std::io::ErrorKind as Io;
    match kind {
        Io::NotFound => ErrorKind::NotFound,
        Io::PermissionDenied => ErrorKind::PermissionDenied,
        Io::AlreadyExists => ErrorKind::AlreadyExists,
        Io::NotADirectory => ErrorKind::NotADirectory,
        Io::IsADirectory => ErrorKind::IsADirectory,
        Io::DirectoryNotEmpty => ErrorKind::NotEmpty,
        Io::StorageFull | Io::QuotaExceeded | Io::FileTooLarge => ErrorKind::NoSpace,
        Io::ReadOnlyFilesystem => ErrorKind::ReadOnly,
        Io::InvalidFilename => ErrorKind::InvalidName,
        Io::Unsupported => ErrorKind::Unsupported,
        Io::TimedOut => ErrorKind::TimedOut,
        Io::ConnectionRefused | Io::HostUnreachable | Io::NetworkUnreachable => {
            ErrorKind::Unreachable
        }
        Io::ConnectionReset | Io::ConnectionAborted | Io::BrokenPipe | Io::UnexpectedEof => {
            ErrorKind::ConnectionLost
        }
        _ => ErrorKind::Failed,
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // What a server said may be a sentence of its own.
        write!(f, "Could not {}: {}.", self.doing, self.why.trim_end_matches('.'))
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}: {self}", self.kind)
    }
}

impl error::Error for Error {
    fn source(&self) -> Option<&(dyn error::Error + 'static)> {
        self.source.as_deref().map(|source| source as _)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_is_a_sentence() {
        let error = Error::from_io("read /etc/shadow", std::io::Error::from_raw_os_error(13));
        assert_eq!(error.to_string(), "Could not read /etc/shadow: permission denied.");
        assert_eq!(error.kind(), ErrorKind::PermissionDenied);
        assert!(!error.kind().is_worth_a_retry());
        assert!(ErrorKind::ConnectionLost.is_worth_a_retry());
        let told = Error::new(ErrorKind::Failed, "log in", "the server says: Go away.");
        assert_eq!(told.to_string(), "Could not log in: the server says: Go away.");
    }
}
