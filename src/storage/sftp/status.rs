//! What a STATUS reply means, in the words and kinds of the house (draft-ietf-secsh-filexfer-02 §7).

use bytes::Bytes;

use super::mail::Fault;
use crate::domain::{display, error::ErrorKind};

pub(crate) const OK: u32 = 0;
pub(crate) const EOF: u32 = 1;

/// How much of a server's message is shown.
const LONGEST_MESSAGE: usize = 200;

/// The failure a STATUS speaks of. Most servers say `Failure` for everything: the message is all there is, then.
pub(crate) fn fault(code: u32, message: &Bytes) -> Fault {
    let shown = display::escape(message[..message.len().min(LONGEST_MESSAGE)].trim_ascii());
    let kind = match code {
        2 | 10 => ErrorKind::NotFound,
        3 => ErrorKind::PermissionDenied,
        5 => ErrorKind::InvalidName,
        6 | 7 => ErrorKind::ConnectionLost,
        // ProFTPD's word for EINVAL.
        8 if shown.starts_with("Invalid ") => ErrorKind::Invalid,
        8 => ErrorKind::Unsupported,
        11 => ErrorKind::AlreadyExists,
        12 => ErrorKind::ReadOnly,
        14 | 15 => ErrorKind::NoSpace,
        18 => ErrorKind::NotEmpty,
        19 => ErrorKind::NotADirectory,
        20 => ErrorKind::InvalidName,
        24 => ErrorKind::IsADirectory,
        _ => kind_of_message(&shown),
    };
    let says_nothing = shown.is_empty() || matches!(shown.as_str(), "Failure" | "Bad message");
    let why = match kind {
        ErrorKind::NotFound => String::from("there is no such file"),
        ErrorKind::PermissionDenied => String::from("permission denied"),
        ErrorKind::AlreadyExists => String::from("the name is taken"),
        ErrorKind::NotEmpty => String::from("the directory is not empty"),
        ErrorKind::NotADirectory => String::from("it is not a directory"),
        ErrorKind::IsADirectory => String::from("it is a directory"),
        ErrorKind::ReadOnly => String::from("the file system is read-only"),
        ErrorKind::NoSpace if says_nothing => String::from("no space is left there"),
        ErrorKind::InvalidName => String::from("the server cannot use that name or value"),
        ErrorKind::Unsupported => String::from("the server does not support it"),
        ErrorKind::ConnectionLost => String::from("the server lost its connection"),
        _ if says_nothing => String::from("the server refused without a reason"),
        _ => format!("the server says: {}", shown.trim_end_matches('.')),
    };
    Fault::new(kind, why)
}

fn kind_of_message(message: &str) -> ErrorKind {
    let message = message.to_ascii_lowercase();
    let says = |words: &[&str]| words.iter().any(|word| message.contains(word));
    if says(&["file exists", "already exists"]) {
        ErrorKind::AlreadyExists
    } else if says(&["no space", "quota", "disk full", "file too large"]) {
        ErrorKind::NoSpace
    } else if says(&["not empty"]) {
        ErrorKind::NotEmpty
    } else if says(&["read-only", "read only"]) {
        ErrorKind::ReadOnly
    } else if says(&["not a directory"]) {
        ErrorKind::NotADirectory
    } else if says(&["is a directory"]) {
        ErrorKind::IsADirectory
    } else if says(&["no such file", "not found"]) {
        ErrorKind::NotFound
    } else if says(&["permission denied", "access denied"]) {
        ErrorKind::PermissionDenied
    } else {
        ErrorKind::Failed
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statuses_become_kinds_and_words() {
        for (code, message, kind, why) in [
            (2, "No such file", ErrorKind::NotFound, "there is no such file"),
            (3, "", ErrorKind::PermissionDenied, "permission denied"),
            (4, "Failure", ErrorKind::Failed, "the server refused without a reason"),
            (4, "Disk quota exceeded", ErrorKind::NoSpace, "the server says: Disk quota exceeded"),
            (4, "File exists", ErrorKind::AlreadyExists, "the name is taken"),
            (4, "odd\x1b[2J.", ErrorKind::Failed, "the server says: odd\\u{1b}[2J"),
            (8, "Invalid parameter", ErrorKind::Invalid, "the server says: Invalid parameter"),
            (8, "Operation unsupported", ErrorKind::Unsupported, "the server does not support it"),
            (14, "", ErrorKind::NoSpace, "no space is left there"),
        ] {
            let fault = fault(code, &Bytes::from(message));
            assert_eq!((fault.kind, fault.why.as_ref()), (kind, why));
        }
    }
}
