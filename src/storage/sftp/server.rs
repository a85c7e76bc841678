//! What all calls on one server share: the client, the words for errors, what was found out on the way.

use std::sync::atomic::{AtomicBool, Ordering};

use super::{client::Client, mail::Fault, packet::WireAttributes};
use crate::domain::{
    display,
    entry::{Attributes, Kind, SetAttributes, Timestamp},
    error::ErrorKind,
    path::StoragePath,
};

/// A server one is logged in to.
#[derive(Debug)]
pub(crate) struct Server {
    pub(crate) client: Client,
    host: String,
    refuses_attributes: AtomicBool,
}

impl Server {
    pub(crate) fn new(client: Client, host: &str) -> Self {
        Self {
            client,
            host: display::escape_text(host),
            refuses_attributes: AtomicBool::new(false),
        }
    }

    /// Its name, escaped.
    pub(crate) fn host(&self) -> &str {
        &self.host
    }

    /// `read /a/b on files.example`, completing "Could not …".
    pub(crate) fn doing(&self, act: &str, path: &StoragePath) -> String {
        format!("{act} {} on {}", display::escape(path.as_bytes()), self.host)
    }

    /// The same for an act on two names.
    pub(crate) fn doing_with(
        &self,
        act: &str,
        from: &StoragePath,
        word: &str,
        to: &StoragePath,
    ) -> String {
        let [from, to] = [from, to].map(|path| display::escape(path.as_bytes()));
        format!("{act} {from} {word} {to} on {}", self.host)
    }

    /// The absolute path, as the server tells it.
    pub(crate) async fn real_path(&self, path: &StoragePath) -> Result<StoragePath, Fault> {
        let told = self.client.real_path(path.as_bytes()).await?;
        if told.first() != Some(&b'/') || told.contains(&0) {
            return Err(Fault::protocol("the server gave a path that is none"));
        }
        Ok(StoragePath::new(told))
    }

    /// Whether the server has never said that it cannot set attributes.
    pub(crate) fn can_set(&self) -> bool {
        !self.refuses_attributes.load(Ordering::Relaxed)
    }

    pub(crate) fn cannot_set(&self) {
        self.refuses_attributes.store(true, Ordering::Relaxed);
    }

    /// A bare `Failure` on reading is often a directory, and so is ProFTPD's `Permission denied`, unless it is a link
    /// that leads nowhere.
    pub(crate) async fn look_closer(&self, fault: Fault, path: &StoragePath) -> Fault {
        if !matches!(fault.kind, ErrorKind::Failed | ErrorKind::PermissionDenied) {
            return fault;
        }
        match self.client.stat(path.as_bytes()).await {
            Err(missing) if missing.kind == ErrorKind::NotFound => missing,
            Ok(there) if from_wire(&there).kind == Kind::Directory => {
                Fault::new(ErrorKind::IsADirectory, "it is a directory")
            }
            _ => fault,
        }
    }

    /// A bare `Failure` on writing is often a full disk, or one that is read-only.
    pub(crate) async fn look_closer_at_writing(&self, fault: Fault, path: &StoragePath) -> Fault {
        if !matches!(fault.kind, ErrorKind::Failed | ErrorKind::NoSpace) {
            return fault;
        }
        let parent = path.parent().unwrap_or_else(|| StoragePath::new("."));
        let Some(there) = self.client.file_system(parent.as_bytes()).await else { return fault };
        if there.read_only {
            return Fault::new(ErrorKind::ReadOnly, "the file system is read-only");
        }
        if fault.kind == ErrorKind::NoSpace || there.available < NEARLY_FULL {
            let why = format!("no space is left there ({} bytes free)", there.available);
            return Fault::new(ErrorKind::NoSpace, why);
        }
        self.look_closer(fault, path).await
    }
}

/// With less than this free, a write that failed without a reason failed for want of space.
const NEARLY_FULL: u64 = 1024 * 1024;

const TYPE_MASK: u32 = 0o170_000;

/// The house's attributes from those of the wire. All hearsay.
pub(crate) fn from_wire(wire: &WireAttributes) -> Attributes {
    let kind = match wire.permissions.map(|mode| mode & TYPE_MASK) {
        Some(0o100_000) => Kind::File,
        Some(0o040_000) => Kind::Directory,
        Some(0o120_000) => Kind::Symlink,
        _ => Kind::Other,
    };
    Attributes {
        kind,
        size: wire.size,
        modified: wire.times.map(|(_, modified)| Timestamp::from_seconds(i64::from(modified))),
        permissions: wire.permissions.map(|mode| mode & 0o7777),
        owner: wire.owner,
    }
}

/// The same, with the first letter of the `ls -l` line where the server sends no type.
pub(crate) fn from_row(wire: &WireAttributes, long_name: &[u8]) -> Attributes {
    let mut attributes = from_wire(wire);
    if wire.permissions.is_none_or(|mode| mode & TYPE_MASK == 0) {
        attributes.kind = match long_name.first() {
            Some(b'-') => Kind::File,
            Some(b'd') => Kind::Directory,
            Some(b'l') => Kind::Symlink,
            _ => Kind::Other,
        };
    }
    attributes
}

/// What is to be set, as it travels. Version 3 knows seconds from 1970 to 2106, and only both times together.
pub(crate) fn to_wire(attributes: &SetAttributes) -> WireAttributes {
    let seconds =
        attributes.modified.map(|time| u32::try_from(time.seconds.max(0)).unwrap_or(u32::MAX));
    WireAttributes {
        permissions: attributes.permissions.map(|mode| mode & 0o7777),
        times: seconds.map(|seconds| (seconds, seconds)),
        ..WireAttributes::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn attributes_keep_what_was_told_and_invent_nothing() {
        let wire = WireAttributes {
            size: Some(u64::MAX),
            permissions: Some(0o104_755),
            times: Some((0, u32::MAX)),
            owner: None,
        };
        let attributes = from_wire(&wire);
        assert_eq!((attributes.kind, attributes.permissions), (Kind::File, Some(0o4755)));
        assert_eq!(attributes.modified, Some(Timestamp::from_seconds(i64::from(u32::MAX))));
        let silent = from_row(&WireAttributes::default(), b"drwxr-xr-x 2 a b");
        assert_eq!((silent.kind, silent.size, silent.permissions), (Kind::Directory, None, None));
    }

    #[test]
    fn times_out_of_reach_are_brought_to_the_nearest_there_is() {
        let at = |seconds| {
            to_wire(&SetAttributes {
                permissions: None,
                modified: Some(Timestamp::from_seconds(seconds)),
            })
            .times
        };
        assert_eq!(at(-5), Some((0, 0)));
        assert_eq!(at(253_402_300_800), Some((u32::MAX, u32::MAX)));
        assert_eq!(at(1_700_000_000), Some((1_700_000_000, 1_700_000_000)));
    }
}
