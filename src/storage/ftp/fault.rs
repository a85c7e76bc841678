//! What went wrong on the wire, before it is known what was being done.

use suppaftp::Status;

use crate::domain::error::{Error, ErrorKind};

use super::wire::{BadReply, Reply, Unspeakable};

/// A kind, and a reason in a few words, escaped.
#[derive(Debug, Clone)]
pub(super) struct Fault {
    pub(super) kind: ErrorKind,
    pub(super) why: Box<str>,
}

impl Fault {
    pub(super) fn new(kind: ErrorKind, why: impl Into<Box<str>>) -> Self {
        Self { kind, why: why.into() }
    }

    /// The connection is gone.
    pub(super) fn lost(why: impl Into<Box<str>>) -> Self {
        Self::new(ErrorKind::ConnectionLost, why)
    }

    /// The rules were broken.
    pub(super) fn protocol(why: impl Into<Box<str>>) -> Self {
        Self::new(ErrorKind::Protocol, why)
    }

    /// From the system.
    pub(super) fn io(error: std::io::Error) -> Self {
        let error = Error::from_io("", error);
        Self::new(error.kind(), error.why())
    }

    /// A reply that is not what was hoped for.
    pub(super) fn of(reply: &Reply) -> Self {
        let words = reply.words();
        let why = match words.as_str() {
            "" if reply.status() == Status::Unknown => {
                format!("the server answered {}", reply.code)
            }
            "" => format!("the server answered {}: {}", reply.code, reply.status()),
            _ => format!("the server says: {words}"),
        };
        Self::new(kind_of(reply), why)
    }

    /// The same as an error of an act.
    pub(super) fn into_error(self, doing: impl Into<Box<str>>) -> Error {
        Error::new(self.kind, doing, self.why)
    }
}

impl From<Unspeakable> for Fault {
    fn from(_: Unspeakable) -> Self {
        let why = "the name holds a line break or a NUL, which FTP cannot carry";
        Self::new(ErrorKind::InvalidName, why)
    }
}

impl From<BadReply> for Fault {
    fn from(bad: BadReply) -> Self {
        Self::protocol(bad.to_string())
    }
}

/// Whether a reply says that there are enough connections already.
pub(super) fn too_many(reply: &Reply) -> bool {
    let says = reply.lower();
    let counts = ["too many", "maximum", "limit", "connections", "already logged in", "sessions"];
    matches!(reply.status(), Status::NotAvailable | Status::NotLoggedIn | Status::FileUnavailable)
        && counts.iter().any(|word| says.contains(word))
}

/// Codes are coarse (§4.2.2), so the words are looked at where a code stands for several things.
fn kind_of(reply: &Reply) -> ErrorKind {
    /// A directory that is there already (RFC 1639 and habit; no word of the standards).
    const EXISTS: u16 = 521;
    match reply.status() {
        Status::NotAvailable => ErrorKind::ConnectionLost,
        // vsftpd's word for a disk that took no more, which another attempt would not change.
        Status::TransferAborted if reply.lower().contains("local file") => ErrorKind::Failed,
        Status::CannotOpenDataConnection | Status::TransferAborted => ErrorKind::Interrupted,
        Status::RequestedActionNotTaken | Status::ExceededStorage => ErrorKind::NoSpace,
        Status::BadCommand | Status::NotImplemented | Status::NotImplementedParameter => {
            ErrorKind::Unsupported
        }
        Status::NotLoggedIn | Status::StoringNeedAccount => ErrorKind::PermissionDenied,
        Status::RequestFileActionIgnored
        | Status::ActionAborted
        | Status::BadArguments
        | Status::FileUnavailable
        | Status::BadFilename => kind_in_words(&reply.lower()),
        _ if reply.code == EXISTS => kind_in_words(&reply.lower()),
        _ => ErrorKind::Failed,
    }
}

fn kind_in_words(says: &str) -> ErrorKind {
    const WORDS: &[(&str, ErrorKind)] = &[
        ("no such", ErrorKind::NotFound),
        ("not found", ErrorKind::NotFound),
        ("cannot find", ErrorKind::NotFound),
        ("can't find", ErrorKind::NotFound),
        ("not exist", ErrorKind::NotFound),
        // Pure-FTPd's word. Entering what is not there, to find out more, it answers ever more slowly, and hangs up.
        ("can't check for file existence", ErrorKind::NotFound),
        ("n't exist", ErrorKind::NotFound),
        ("already exist", ErrorKind::AlreadyExists),
        ("file exists", ErrorKind::AlreadyExists),
        ("directory exists", ErrorKind::AlreadyExists),
        ("not empty", ErrorKind::NotEmpty),
        ("not a directory", ErrorKind::NotADirectory),
        ("is a directory", ErrorKind::IsADirectory),
        ("not a regular", ErrorKind::IsADirectory),
        ("not a plain file", ErrorKind::IsADirectory),
        ("no space", ErrorKind::NoSpace),
        ("disk full", ErrorKind::NoSpace),
        ("quota", ErrorKind::NoSpace),
        ("read-only", ErrorKind::ReadOnly),
        ("too long", ErrorKind::InvalidName),
        ("illegal", ErrorKind::InvalidName),
        ("permission", ErrorKind::PermissionDenied),
        ("denied", ErrorKind::PermissionDenied),
        ("not permitted", ErrorKind::PermissionDenied),
        ("not allowed", ErrorKind::PermissionDenied),
        ("prohibited", ErrorKind::PermissionDenied),
    ];
    let found = WORDS.iter().find(|(word, _)| says.contains(word));
    found.map_or(ErrorKind::Failed, |(_, kind)| *kind)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::storage::ftp::wire::Decoder;

    fn reply(line: &str) -> Reply {
        let mut decoder = Decoder::default();
        decoder.take(format!("{line}\r\n").as_bytes());
        decoder.next().unwrap().unwrap()
    }

    #[test]
    fn words_say_what_a_code_leaves_open() {
        for (line, kind) in [
            ("550 /a: No such file or directory", ErrorKind::NotFound),
            ("550 The system cannot find the file specified.", ErrorKind::NotFound),
            ("550 Can't check for file existence", ErrorKind::NotFound),
            ("550 x: Permission denied", ErrorKind::PermissionDenied),
            ("550 Can't create directory: File exists", ErrorKind::AlreadyExists),
            ("550 /d: Directory not empty", ErrorKind::NotEmpty),
            ("550 /d: Not a regular file", ErrorKind::IsADirectory),
            ("550 Failed to open file.", ErrorKind::Failed),
            ("451 x: No space left on device", ErrorKind::NoSpace),
            ("552 Exceeded", ErrorKind::NoSpace),
            ("426 Failure writing network stream.", ErrorKind::Interrupted),
            ("426 Failure writing to local file.", ErrorKind::Failed),
            ("421 Timeout.", ErrorKind::ConnectionLost),
            ("502 MLST not implemented.", ErrorKind::Unsupported),
        ] {
            assert_eq!(Fault::of(&reply(line)).kind, kind, "{line}");
        }
    }

    #[test]
    fn a_full_house_is_told_from_a_wrong_password() {
        for line in [
            "421 There are too many connected users, please try later.",
            "530 Sorry, the maximum number of clients (3) from your host are already connected.",
            "421 Too many connections (8) from this IP",
        ] {
            assert!(too_many(&reply(line)), "{line}");
        }
        assert!(!too_many(&reply("530 Login incorrect.")));
        assert!(!too_many(&reply("421 Timeout.")));
    }
}
