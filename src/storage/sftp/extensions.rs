//! What a server can do beyond version 3, from its greeting and from limits@openssh.com.

use bytes::Bytes;

use super::packet::{Fields, Greeting};

/// No server need take more than this, and some break when asked for more; it is also the fastest with libssh2.
const USUAL_LENGTH: u32 = 32 * 1024;

/// The extensions Wharf uses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Extensions {
    pub(crate) posix_rename: bool,
    pub(crate) fsync: bool,
    pub(crate) statvfs: bool,
    pub(crate) lsetstat: bool,
    pub(crate) limits: bool,
    pub(crate) check_file: bool,
    pub(crate) copy_data: bool,
    pub(crate) owner_names: bool,
    /// Links may be followed where the protocol says that they are not.
    pub(crate) follows_links: bool,
    /// Two SFTP channels of one connection disturb each other.
    pub(crate) mixes_channels: bool,
}

/// How long requests for the data of files may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Lengths {
    /// The longest READ to ask for.
    pub(crate) read: u32,
    /// The longest WRITE to send.
    pub(crate) write: u32,
}

impl Extensions {
    pub(crate) fn of(greeting: &Greeting) -> Self {
        let announced = |name: &[u8], version: &[u8]| {
            greeting
                .extensions
                .iter()
                .any(|(its_name, its_version)| its_name == name && its_version == version)
        };
        let named = |name: &[u8]| greeting.extensions.iter().any(|(its_name, _)| its_name == name);
        Self {
            posix_rename: announced(b"posix-rename@openssh.com", b"1"),
            fsync: announced(b"fsync@openssh.com", b"1"),
            statvfs: announced(b"statvfs@openssh.com", b"2"),
            lsetstat: announced(b"lsetstat@openssh.com", b"1"),
            limits: announced(b"limits@openssh.com", b"1"),
            copy_data: announced(b"copy-data", b"1"),
            owner_names: announced(b"users-groups-by-id@openssh.com", b"1"),
            // ProFTPD, of those known: it looks at, renames and removes what a link leads to, and keeps the part of a
            // request that has arrived where the next channel's part comes to lie as well.
            follows_links: named(b"versions"),
            mixes_channels: named(b"versions"),
            // Who tells which newer versions it speaks knows this from them (ProFTPD), and does not announce it in
            // this one. Others are not asked: not every server survives a question it does not know.
            check_file: named(b"check-file") || named(b"check-file-name") || named(b"versions"),
        }
    }
}

impl Lengths {
    pub(crate) const USUAL: Self = Self { read: USUAL_LENGTH, write: USUAL_LENGTH };

    /// Takes the server's own limits into account; 0 means that it has none. They only ever make requests shorter.
    ///
    /// Beside them, how many handles the server says it keeps open on a channel; 0 where it does not say.
    pub(crate) fn within(limits: Bytes) -> (Self, u64) {
        let mut fields = Fields(limits);
        let mut next = || fields.long().ok();
        let (Some(_packet), Some(read), Some(write)) = (next(), next(), next()) else {
            return (Self::USUAL, 0);
        };
        let handles = next().unwrap_or(0);
        let shorter = |limit: u64| match u32::try_from(limit) {
            Ok(limit) if limit > 0 => limit.min(USUAL_LENGTH),
            _ => USUAL_LENGTH,
        };
        (Self { read: shorter(read), write: shorter(write) }, handles)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn extensions_count_in_the_version_that_is_known() {
        let greeting = Greeting {
            version: 3,
            extensions: vec![
                (Bytes::from("posix-rename@openssh.com"), Bytes::from("1")),
                (Bytes::from("statvfs@openssh.com"), Bytes::from("9")),
            ],
        };
        let extensions = Extensions::of(&greeting);
        assert!(extensions.posix_rename && !extensions.statvfs && !extensions.fsync);
        assert!(!extensions.check_file);
    }

    #[test]
    fn digests_are_asked_of_who_announces_them_or_speaks_newer_versions() {
        for name in ["check-file", "check-file-name", "versions"] {
            let extensions = vec![(Bytes::from(name), Bytes::from("3,4,5,6"))];
            assert!(Extensions::of(&Greeting { version: 3, extensions }).check_file, "{name}");
        }
    }

    #[test]
    fn limits_shorten_requests_and_never_lengthen_them() {
        let limits = |read: u64, write: u64| {
            let words = [262_144, read, write, 7].map(u64::to_be_bytes).concat();
            let (limited, handles) = Lengths::within(Bytes::from(words));
            assert_eq!(handles, 7);
            (limited.read, limited.write)
        };
        assert_eq!(limits(261_120, 4096), (32_768, 4096));
        assert_eq!(limits(0, u64::MAX), (32_768, 32_768));
        assert_eq!(Lengths::within(Bytes::from_static(b"short")), (Lengths::USUAL, 0));
    }
}
