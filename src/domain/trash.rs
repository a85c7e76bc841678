//! What becomes of what is removed: the trash, or nothing.

use super::{
    path::StoragePath,
    place::{Endpoint, Location},
};

/// Where removal puts things into the trash, and does not delete them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Trash {
    /// On this machine. A server's disk is often small, shared or watched: nothing is left there unasked.
    #[default]
    Local,
    /// On servers as well.
    Everywhere,
    /// Nowhere.
    Never,
}

/// On servers it is a folder beside what is removed: the same disk, and the same rights.
pub const BESIDE: &str = ".Trash-wharf";

impl Trash {
    /// The words of the configuration.
    pub const WORDS: [(&'static str, Self); 3] =
        [("local", Self::Local), ("everywhere", Self::Everywhere), ("never", Self::Never)];

    /// Reads such a word.
    pub fn read(word: &str) -> Option<Self> {
        Self::WORDS.iter().find(|(known, _)| *known == word).map(|(_, trash)| *trash)
    }

    /// Whether what is removed from this folder goes into the trash. What lies in one is deleted.
    pub fn takes(self, folder: &Location) -> bool {
        let wanted = match self {
            Trash::Local => folder.endpoint == Endpoint::Local,
            Trash::Everywhere => true,
            Trash::Never => false,
        };
        wanted && !lies_in(&folder.path)
    }
}

/// Whether a folder is one where trash lies, or is within one.
pub fn lies_in(folder: &StoragePath) -> bool {
    let parts: Vec<&[u8]> = folder.as_bytes().split(|&byte| byte == b'/').collect();
    let is_bin =
        |name: &[u8]| name == b"Trash" || name == b".Trash" || name.starts_with(b".Trash-");
    // `.Trash/UID/files` has the user between.
    parts.iter().enumerate().any(|(at, part)| {
        *part == BESIDE.as_bytes()
            || is_bin(part)
                && parts[at + 1..].iter().take(2).any(|next| *next == b"files" || *next == b"info")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_lies_in_the_trash_is_known_by_its_place() {
        for (path, lies) in [
            ("/home/a/.local/share/Trash/files", true),
            ("/home/a/.local/share/Trash/files/x/y", true),
            ("/home/a/.local/share/Trash/info", true),
            ("/mnt/.Trash-1000/files", true),
            ("/mnt/.Trash/1000/files/d", true),
            ("/srv/in/.Trash-wharf", true),
            ("/srv/in/.Trash-wharf/d", true),
            ("/home/a/Trash", false),
            ("/home/a/files", false),
            ("/home/a/Trash/a/b/files", false),
            ("/srv/.Trash-wharf-not", false),
            ("/", false),
        ] {
            assert_eq!(lies_in(&StoragePath::new(path)), lies, "{path}");
        }
    }

    #[test]
    fn the_setting_says_where() {
        let here = Location::local(StoragePath::new("/home/a"));
        let bin = Location::local(StoragePath::new("/home/a/.local/share/Trash/files"));
        let takes = |word: &str, folder: &Location| Trash::read(word).unwrap().takes(folder);
        assert!(takes("local", &here) && takes("everywhere", &here) && !takes("never", &here));
        assert!(!takes("local", &bin) && !takes("everywhere", &bin));
        assert_eq!(Trash::read("sometimes"), None);
    }
}
