//! Paths and names as bytes: what a server or a disk holds, before any text is made of it.
//!
//! [`Name::new`] is the one door for names that come from a server (or a disk).

use std::fmt;

/// A `/`-separated path inside one storage, as bytes; absolute unless it has just been typed.
///
/// Holds no `//` and no trailing `/` (except the root itself). `..` is only resolved by the storage.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct StoragePath(Vec<u8>);

impl StoragePath {
    /// Takes bytes as they are, but for doubled and trailing slashes. Empty stands for `.`.
    pub fn new(bytes: impl AsRef<[u8]>) -> Self {
        let bytes = bytes.as_ref();
        let mut clean: Vec<u8> = Vec::with_capacity(bytes.len());
        for &byte in bytes {
            if byte == b'/' && clean.last() == Some(&b'/') {
                continue;
            }
            clean.push(byte);
        }
        if clean.len() > 1 && clean.last() == Some(&b'/') {
            clean.pop();
        }
        if clean.is_empty() {
            clean.push(b'.');
        }
        Self(clean)
    }

    /// `/`.
    pub fn root() -> Self {
        Self(vec![b'/'])
    }

    /// The bytes that go to the storage.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// Whether it begins with `/`.
    pub fn is_absolute(&self) -> bool {
        self.0.first() == Some(&b'/')
    }

    /// Whether it is `/`.
    pub fn is_root(&self) -> bool {
        self.0 == b"/"
    }

    /// The path of `name` inside this directory. A [`Name`] is one component, so this never climbs.
    pub fn join(&self, name: &Name) -> Self {
        let mut joined = self.0.clone();
        if !self.is_root() {
            joined.push(b'/');
        }
        joined.extend_from_slice(name.as_bytes());
        Self(joined)
    }

    /// A path as a person typed it, seen from this directory: absolute replaces, relative appends.
    pub fn join_typed(&self, typed: impl AsRef<[u8]>) -> Self {
        let typed = typed.as_ref();
        if typed.first() == Some(&b'/') {
            return Self::new(typed);
        }
        if typed.is_empty() || typed == b"." {
            return self.clone();
        }
        let mut joined = self.0.clone();
        joined.push(b'/');
        joined.extend_from_slice(typed);
        Self::new(joined)
    }

    /// The directory that holds it; `None` for the root and for a single relative component.
    pub fn parent(&self) -> Option<Self> {
        if self.is_root() {
            return None;
        }
        let slash = self.0.iter().rposition(|&byte| byte == b'/')?;
        Some(if slash == 0 { Self::root() } else { Self(self.0[..slash].to_vec()) })
    }

    /// The last component, where there is one that names an entry (not `/`, `.` or `..`).
    pub fn name(&self) -> Option<Name> {
        let start = self.0.iter().rposition(|&byte| byte == b'/').map_or(0, |slash| slash + 1);
        Name::new(&self.0[start..]).ok()
    }

    /// Whether it is `ancestor` or lies somewhere below it, by components.
    pub fn is_within(&self, ancestor: &StoragePath) -> bool {
        if ancestor.is_root() {
            return self.is_absolute();
        }
        match self.0.strip_prefix(ancestor.as_bytes()) {
            Some(rest) => rest.is_empty() || rest[0] == b'/',
            None => false,
        }
    }
}

impl fmt::Debug for StoragePath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", super::display::escape(&self.0))
    }
}

/// One safe path component: not empty, not `.` or `..`, without `/` and NUL, of a bounded length.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Name(Box<[u8]>);

/// The longest way to what was found.
const LONGEST_WAY: usize = 64 * 1024;

/// The longest name let in. Common file systems hold 255 bytes; some servers hand out more.
pub const LONGEST_NAME: usize = 4096;

impl Name {
    /// The one door: turns bytes from a listing into a component, or says why it may not be used.
    pub fn new(bytes: impl AsRef<[u8]>) -> Result<Self, UnsafeName> {
        let bytes = bytes.as_ref();
        match bytes {
            b"" => Err(UnsafeName::Empty),
            b"." | b".." => Err(UnsafeName::Dots),
            _ if bytes.contains(&b'/') => Err(UnsafeName::Slash),
            _ if bytes.contains(&0) => Err(UnsafeName::Nul),
            _ if bytes.len() > LONGEST_NAME => Err(UnsafeName::TooLong),
            _ => Ok(Self(bytes.into())),
        }
    }

    /// The way from a folder to something below it, in place of a name: for lists of what was found there, and nowhere
    /// else. Each step has passed the door, so the way never climbs either. `None` where it is too long to be shown.
    pub fn below(&self, name: &Name) -> Option<Self> {
        let way = [&self.0[..], b"/", &name.0[..]].concat();
        (way.len() <= LONGEST_WAY).then(|| Self(way.into()))
    }

    /// The bytes the storage knows it by.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// Whether Unix hides it.
    pub fn is_hidden(&self) -> bool {
        self.0.first() == Some(&b'.')
    }
}

impl fmt::Debug for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", super::display::escape(&self.0))
    }
}

/// Why a name from a server may not be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum UnsafeName {
    /// No bytes at all.
    #[error("the name is empty")]
    Empty,
    /// `.` or `..`.
    #[error("the name is a relative directory")]
    Dots,
    /// It would reach into another directory.
    #[error("the name contains a slash")]
    Slash,
    /// No system call can carry it.
    #[error("the name contains a NUL byte")]
    Nul,
    /// Longer than [`LONGEST_NAME`].
    #[error("the name is longer than {LONGEST_NAME} bytes")]
    TooLong,
    /// The row it may have stood in makes no sense.
    #[error("the server's listing has a line that cannot be read")]
    Unreadable,
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn unsafe_names_are_refused_with_their_reason() {
        for (bytes, why) in [
            (&b""[..], UnsafeName::Empty),
            (b".", UnsafeName::Dots),
            (b"..", UnsafeName::Dots),
            (b"a/b", UnsafeName::Slash),
            (b"/etc/passwd", UnsafeName::Slash),
            (b"../x", UnsafeName::Slash),
            (b"a\0b", UnsafeName::Nul),
            (&[b'a'; LONGEST_NAME + 1], UnsafeName::TooLong),
        ] {
            assert_eq!(Name::new(bytes), Err(why));
        }
        assert!(Name::new(b"\x1b]52;c;x\x07").is_ok(), "odd but a legal name: escaped when shown");
    }

    #[test]
    fn parents_and_names() {
        let path = StoragePath::new("/srv//in/");
        assert_eq!(path.as_bytes(), b"/srv/in");
        assert_eq!(path.parent(), Some(StoragePath::new("/srv")));
        assert_eq!(StoragePath::new("/srv").parent(), Some(StoragePath::root()));
        assert_eq!(StoragePath::root().parent(), None);
        assert_eq!(path.name().unwrap().as_bytes(), b"in");
        assert!(path.is_within(&StoragePath::new("/srv")));
        assert!(!StoragePath::new("/srv2").is_within(&StoragePath::new("/srv")));
        assert_eq!(path.join_typed("../x").as_bytes(), b"/srv/in/../x");
        assert_eq!(path.join_typed("/y").as_bytes(), b"/y");
    }

    proptest! {
        #[test]
        fn any_name_that_passes_the_door_stays_inside(bytes in proptest::collection::vec(any::<u8>(), 0..40)) {
            let directory = StoragePath::new("/a/b");
            if let Ok(name) = Name::new(&bytes) {
                let path = directory.join(&name);
                prop_assert_eq!(path.parent(), Some(directory.clone()));
                prop_assert!(path.is_within(&directory) && path != directory);
                prop_assert_eq!(path.name(), Some(name));
            }
        }
    }
}
