//! Times and rights set, in the way a server has for it.

use suppaftp::Status;

use super::{
    fault::Fault,
    features::{SetTime, has, note},
    server::Server,
    time,
    wire::Command,
};
use crate::domain::{
    entry::{Kind, SetAttributes, Timestamp},
    error::ErrorKind,
    path::StoragePath,
};

/// The command that sets rights.
pub(super) fn chmod(server: &Server, path: &StoragePath, bits: u32) -> Result<Command, Fault> {
    about(server, &format!("SITE CHMOD {:03o}", bits & 0o7777), path)
}

/// A command whose path comes behind other words.
fn about(server: &Server, verb: &str, path: &StoragePath) -> Result<Command, Fault> {
    if server.features.joins_words && changes_when_joined(path.as_bytes()) {
        let why = "the server would set them of another file, for the spaces or quotes in the name";
        return Err(Fault::new(ErrorKind::InvalidName, why));
    }
    server.about(verb, path)
}

/// Whether a path taken apart at white space and joined with single spaces is another one. Quotes are taken off on the
/// way.
fn changes_when_joined(path: &[u8]) -> bool {
    let is_space = |byte: &u8| matches!(byte, b' ' | b'\t'..=b'\r');
    path.contains(&b'"')
        || path.last().is_some_and(is_space)
        || path.windows(2).any(|pair| pair.iter().all(is_space))
        || path.iter().any(|byte| is_space(byte) && *byte != b' ')
}

/// Sets what is to be set. [`Unsupported`](ErrorKind::Unsupported) where the server has no way to.
pub(super) async fn set(
    server: &Server,
    path: &StoragePath,
    attributes: &SetAttributes,
) -> Result<(), Fault> {
    let habits = &server.login().habits;
    let mut unsupported = None;
    if let Some(bits) = attributes.permissions {
        match set_rights(server, path, bits).await {
            Err(fault) if fault.kind == ErrorKind::Unsupported => {
                note(&habits.no_chmod);
                unsupported = Some(fault);
            }
            outcome => outcome?,
        }
    }
    if let Some(modified) = attributes.modified {
        match set_time(server, path, modified).await {
            Err(fault) if fault.kind == ErrorKind::Unsupported => unsupported = Some(fault),
            outcome => outcome?,
        }
    }
    unsupported.map_or(Ok(()), Err)
}

async fn set_rights(server: &Server, path: &StoragePath, bits: u32) -> Result<(), Fault> {
    if has(&server.login().habits.no_chmod) {
        return Err(Fault::new(ErrorKind::Unsupported, "the server sets no permissions"));
    }
    server.order(chmod(server, path, bits)?).await.map(drop)
}

async fn set_time(server: &Server, path: &StoragePath, modified: Timestamp) -> Result<(), Fault> {
    let habits = &server.login().habits;
    for way in habits.ways_to_set_time(&server.features) {
        let [reply] = server.ask([time_by(server, path, modified, way)?]).await?;
        let fault = Fault::of(&reply);
        match way {
            _ if reply.is_done() && (way != SetTime::Mdtm || reply.status() == Status::File) => {
                return Ok(());
            }
            // Announced, so that a refusal is about this file.
            SetTime::Mfmt if fault.kind != ErrorKind::Unsupported => return Err(fault),
            _ if fault.kind == ErrorKind::ConnectionLost => return Err(fault),
            // It knows no such command, whatever the file is; MDTM it knows, and means something else by it.
            SetTime::Utime if fault.kind == ErrorKind::Unsupported => {
                habits.cannot_set_time_by(way);
            }
            // A server that only tells times looked for a file of that name; it may also not be there, or not ours.
            _ => match server.look(path).await {
                // vsftpd sets those of files.
                Ok(there) if there.kind == Kind::Directory => {}
                Ok(_) => habits.cannot_set_time_by(way),
                Err(fault) => return Err(fault),
            },
        }
    }
    Err(Fault::new(ErrorKind::Unsupported, "the server does not set its time"))
}

/// The command that sets a time in this way.
pub(super) fn time_by(
    server: &Server,
    path: &StoragePath,
    modified: Timestamp,
    way: SetTime,
) -> Result<Command, Fault> {
    let verb = match way {
        SetTime::Mfmt => "MFMT",
        SetTime::Mdtm => "MDTM",
        SetTime::Utime => "SITE UTIME",
    };
    about(server, &format!("{verb} {}", time::format(modified)), path)
}

/// Whether times can be set, as far as is known.
pub(super) fn can_set_times(server: &Server) -> bool {
    !server.login().habits.ways_to_set_time(&server.features).is_empty()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_would_become_others() {
        for path in ["/a/ ", "/a ", "/a  b", "/a\tb", "/a \u{b}b", "/a \"b\""] {
            assert!(changes_when_joined(path.as_bytes()), "{path:?}");
        }
        for path in ["/a", "/a b", "/ a", "/a b/c d"] {
            assert!(!changes_when_joined(path.as_bytes()), "{path:?}");
        }
    }
}
