//! The trash of this machine, as the desktops keep it: the FreeDesktop.org Trash specification, version 1.0.
//!
//! What lies on the disk of the home goes to `$XDG_DATA_HOME/Trash`; what lies on another disk stays there, in
//! `.Trash/UID` of its topmost directory, if an administrator made a safe `.Trash`, else in `.Trash-UID`. For each thing
//! `info/NAME.trashinfo` says where it was. Nothing in there is ever replaced: a taken name gets a number.

use std::{
    ffi::OsStr,
    fs::{self, DirBuilder, OpenOptions},
    io::{self, Write as _},
    os::unix::{
        ffi::OsStrExt as _,
        fs::{DirBuilderExt as _, MetadataExt as _, OpenOptionsExt as _},
    },
    path::{Path, PathBuf},
};

use super::rename;
use crate::{
    domain::{numbered::numbered, path::Name, trash},
    storage::Replace,
};

const SUFFIX: &str = ".trashinfo";
/// Longer names would not leave room for the suffix.
const LONGEST: usize = 255 - SUFFIX.len();
/// With so many of one name in the trash, nobody looks for one more.
const MOST_NUMBERS: u32 = 100_000;
const STICKY: u32 = 0o1000;

/// Whose trash it is.
#[derive(Debug, Clone)]
pub(super) struct Trasher {
    /// Where the home trash lies; `None` where there is no home.
    pub(super) home: Option<PathBuf>,
    pub(super) user: u32,
}

/// A place for things with a place for what is known of them.
#[derive(Debug, PartialEq, Eq)]
struct Bin {
    folder: PathBuf,
    /// Paths are told from here; `None` for whole ones.
    top: Option<PathBuf>,
}

impl Trasher {
    /// The trash of who runs Wharf.
    pub(super) fn of_this_user() -> Self {
        let absolute = |name: &str| {
            std::env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute())
        };
        let data = absolute("XDG_DATA_HOME")
            .or_else(|| absolute("HOME").map(|home| home.join(".local/share")));
        let user = rustix::process::getuid().as_raw();
        Self { home: data.map(|data| data.join("Trash")), user }
    }

    /// Puts what stands there into the trash. Where it lies from then on.
    pub(super) fn take(&self, path: &Path) -> io::Result<PathBuf> {
        let path = &resolved(path)?;
        let device = path.symlink_metadata()?.dev();
        let parent = path.parent().ok_or_else(|| nowhere("that is everything there is"))?;
        if trash::lies_in(&crate::domain::path::StoragePath::new(parent.as_os_str().as_bytes())) {
            return Err(nowhere("it lies in the trash already"));
        }
        if parent.metadata()?.dev() != device {
            return Err(nowhere("another file system begins there"));
        }
        let bin = self.bin(parent, device, true)?.ok_or_else(|| nowhere("there is no trash"))?;
        if bin.folder.starts_with(path) {
            return Err(nowhere("the trash lies in it"));
        }
        bin.take(path)
    }

    /// Where the trash of what lies in a folder lies, if there is any.
    pub(super) fn place(&self, folder: &Path) -> io::Result<Option<PathBuf>> {
        let folder = folder.canonicalize()?;
        let device = folder.metadata()?.dev();
        let files = self.bin(&folder, device, false)?.map(|bin| bin.folder.join("files"));
        Ok(files.filter(|files| files.is_dir()))
    }

    /// The bin of a disk; made where it is missing, if that is wanted.
    fn bin(&self, within: &Path, device: u64, make: bool) -> io::Result<Option<Bin>> {
        if let Some(home) = &self.home
            && device_of(home) == Some(device)
        {
            let bin = Bin { folder: home.clone(), top: None };
            return bin.usable(make, true, self.user);
        }
        let top = topmost(within, device);
        let shared = top.join(".Trash");
        let is_safe = shared
            .symlink_metadata()
            .is_ok_and(|there| there.is_dir() && there.mode() & STICKY != 0);
        if is_safe {
            let bin = Bin { folder: shared.join(self.user.to_string()), top: Some(top.clone()) };
            // Where it cannot be used the next is tried, as the specification has it.
            if let Ok(Some(bin)) = bin.usable(make, false, self.user) {
                return Ok(Some(bin));
            }
        }
        let bin = Bin { folder: top.join(format!(".Trash-{}", self.user)), top: Some(top) };
        bin.usable(make, false, self.user)
    }
}

fn nowhere(why: &str) -> io::Error {
    let why = format!("{why}: it can only be deleted for good");
    io::Error::new(io::ErrorKind::Unsupported, why)
}

/// The same with every link but the last name followed.
fn resolved(path: &Path) -> io::Result<PathBuf> {
    match (path.parent(), path.file_name()) {
        (Some(parent), Some(name)) => Ok(parent.canonicalize()?.join(name)),
        _ => Err(nowhere("it has no name")),
    }
}

/// The disk that a directory is on, or will be.
fn device_of(path: &Path) -> Option<u64> {
    path.ancestors().find_map(|path| path.metadata().ok()).map(|there| there.dev())
}

/// The directory a file system is mounted at.
fn topmost(within: &Path, device: u64) -> PathBuf {
    let is_same = |path: &&Path| path.metadata().is_ok_and(|there| there.dev() == device);
    within.ancestors().take_while(is_same).last().unwrap_or(within).to_owned()
}

impl Bin {
    /// Itself, if it can be used. A link in its place, or one of another user, is not.
    fn usable(self, make: bool, with_parents: bool, user: u32) -> io::Result<Option<Self>> {
        if make {
            for folder in [&self.folder, &self.folder.join("files"), &self.folder.join("info")] {
                let made = DirBuilder::new().recursive(with_parents).mode(0o700).create(folder);
                match made {
                    Err(error) if error.kind() != io::ErrorKind::AlreadyExists => {
                        let why = format!("there is no trash, and none could be made ({error})");
                        return Err(io::Error::new(error.kind(), why));
                    }
                    _ => {}
                }
            }
        }
        let is_usable = [&self.folder, &self.folder.join("files"), &self.folder.join("info")]
            .into_iter()
            .enumerate()
            // A person may have laid his home trash elsewhere.
            .all(|(at, folder)| match folder.symlink_metadata() {
                Ok(there) if there.is_dir() => there.uid() == user,
                Ok(there) if at == 0 && self.top.is_none() => there.is_symlink() && folder.is_dir(),
                _ => false,
            });
        match is_usable {
            true => Ok(Some(self)),
            false if make => Err(nowhere("the trash there is a link, or another user's")),
            false => Ok(None),
        }
    }

    fn take(&self, path: &Path) -> io::Result<PathBuf> {
        let name = path.file_name().unwrap_or_default().as_bytes();
        let name = Name::new(&name[..name.len().min(LONGEST)])
            .map_err(|why| io::Error::new(io::ErrorKind::InvalidInput, why.to_string()))?;
        for number in 1..=MOST_NUMBERS {
            let name = if number == 1 { name.clone() } else { short(&numbered(&name, number)) };
            let name = OsStr::from_bytes(name.as_bytes());
            let mut info = self.folder.join("info").join(name).into_os_string();
            info.push(SUFFIX);
            let info = PathBuf::from(info);
            // The info is made first and alone: who has it has the name.
            match write_new(&info, &self.info(path)) {
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => continue,
                written => written?,
            }
            let to = self.folder.join("files").join(name);
            match rename::rename(path, &to, Replace::Never) {
                Ok(()) => return Ok(to),
                Err(error) => {
                    let _ = fs::remove_file(&info);
                    // Something without an info lies there.
                    if error.kind() != io::ErrorKind::AlreadyExists {
                        return Err(error);
                    }
                }
            }
        }
        Err(nowhere("too many of that name are in the trash"))
    }

    fn info(&self, path: &Path) -> Vec<u8> {
        let told = self.top.as_ref().and_then(|top| path.strip_prefix(top).ok()).unwrap_or(path);
        let now = jiff::Zoned::now().strftime("%Y-%m-%dT%H:%M:%S").to_string();
        let path = encoded(told.as_os_str().as_bytes());
        format!("[Trash Info]\nPath={path}\nDeletionDate={now}\n").into_bytes()
    }
}

/// Numbers make a name longer; what is cut off then is of its end, and of no use but to tell it apart.
fn short(name: &Name) -> Name {
    let bytes = name.as_bytes();
    match bytes.len().checked_sub(LONGEST) {
        None | Some(0) => name.clone(),
        Some(over) => Name::new(&bytes[over..]).unwrap_or_else(|_| name.clone()),
    }
}

fn write_new(path: &Path, content: &[u8]) -> io::Result<()> {
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
    let written = file.write_all(content);
    if written.is_err() {
        let _ = fs::remove_file(path);
    }
    written
}

/// As URLs have it (RFC 2396 §2), slashes kept.
fn encoded(path: &[u8]) -> String {
    let mut encoded = String::new();
    for &byte in path {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' | b'/' => {
                encoded.push(char::from(byte));
            }
            other => encoded.push_str(&format!("%{other:02X}")),
        }
    }
    encoded
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::{PermissionsExt as _, symlink};

    use super::*;

    fn me() -> u32 {
        rustix::process::getuid().as_raw()
    }

    struct Ground {
        folder: tempfile::TempDir,
        trasher: Trasher,
    }

    fn ground() -> Ground {
        let folder = tempfile::tempdir().unwrap();
        let home = folder.path().canonicalize().unwrap().join("data/Trash");
        Ground { trasher: Trasher { home: Some(home), user: me() }, folder }
    }

    impl Ground {
        fn put(&self, name: impl AsRef<OsStr>, content: &str) -> PathBuf {
            let path = self.folder.path().canonicalize().unwrap().join(name.as_ref());
            fs::write(&path, content).unwrap();
            path
        }

        fn infos(&self) -> Vec<String> {
            let info = self.trasher.home.clone().unwrap().join("info");
            let rows = fs::read_dir(info).into_iter().flatten().map(|row| row.unwrap().path());
            rows.map(|path| fs::read_to_string(path).unwrap()).collect()
        }
    }

    #[test]
    fn what_is_taken_lies_in_the_trash_with_its_old_place() {
        let ground = ground();
        let path = ground.put("a b\nü%", "x");
        let there = ground.trasher.take(&path).unwrap();
        assert!(!path.exists());
        assert_eq!(there, ground.trasher.home.clone().unwrap().join("files/a b\nü%"));
        assert_eq!(fs::read_to_string(&there).unwrap(), "x");
        let infos = ground.infos();
        let [info] = &infos[..] else { panic!("{infos:?}") };
        let lines: Vec<&str> = info.lines().collect();
        assert_eq!(lines[0], "[Trash Info]");
        assert!(lines[1].ends_with("/a%20b%0A%C3%BC%25") && lines[1].starts_with("Path=/"));
        let date = lines[2].strip_prefix("DeletionDate=").unwrap();
        assert!(date.parse::<jiff::civil::DateTime>().is_ok(), "{date}");
        for (path, mode) in [("", 0o700), ("files", 0o700), ("info", 0o700)] {
            let there = ground.trasher.home.clone().unwrap().join(path);
            assert_eq!(fs::metadata(there).unwrap().permissions().mode() & 0o777, mode, "{path}");
        }
    }

    #[test]
    fn nothing_in_the_trash_is_replaced() {
        let ground = ground();
        let files = ground.trasher.home.clone().unwrap().join("files");
        fs::create_dir_all(&files).unwrap();
        // One that has no info, which others may have left.
        fs::write(files.join("a.txt"), "an orphan").unwrap();
        for content in ["first", "second"] {
            ground.trasher.take(&ground.put("a.txt", content)).unwrap();
        }
        let content = |name: &str| fs::read_to_string(files.join(name)).unwrap();
        assert_eq!(content("a.txt"), "an orphan");
        assert_eq!((content("a (2).txt"), content("a (3).txt")), ("first".into(), "second".into()));
        assert_eq!(ground.infos().len(), 2, "what could not be kept left no info");
    }

    #[test]
    fn links_go_themselves_and_folders_with_what_they_hold() {
        let ground = ground();
        let kept = ground.put("kept", "x");
        let link = kept.with_file_name("link");
        symlink(&kept, &link).unwrap();
        let there = ground.trasher.take(&link).unwrap();
        assert!(there.is_symlink() && kept.exists());
        let folder = kept.with_file_name("d");
        fs::create_dir_all(folder.join("e")).unwrap();
        fs::write(folder.join("e/f"), "f").unwrap();
        let there = ground.trasher.take(&folder).unwrap();
        assert_eq!(fs::read_to_string(there.join("e/f")).unwrap(), "f");
    }

    #[test]
    fn names_of_any_length_go_in_more_than_once() {
        let ground = ground();
        let name = "n".repeat(255);
        let mut lie = Vec::new();
        for content in ["1", "2", "3"] {
            lie.push(ground.trasher.take(&ground.put(&name, content)).unwrap());
        }
        lie.dedup();
        let contents = lie.iter().map(|path| fs::read_to_string(path).unwrap());
        assert_eq!(contents.collect::<String>(), "123");
    }

    #[test]
    fn what_cannot_go_in_stays_where_it_is() {
        let ground = ground();
        let path = ground.put("a", "x");
        let there = ground.trasher.take(&path).unwrap();
        for refused in [&there, &ground.trasher.home.clone().unwrap(), Path::new("/")] {
            assert!(ground.trasher.take(refused).is_err(), "{refused:?}");
        }
        assert!(there.exists());
        let missing = ground.trasher.take(&path).unwrap_err();
        assert_eq!(missing.kind(), io::ErrorKind::NotFound);
        assert_eq!(ground.infos().len(), 1);
    }

    #[test]
    fn another_disk_has_its_own_and_no_link_is_taken_for_it() {
        let ground = ground();
        let top = ground.folder.path().canonicalize().unwrap().join("disk");
        fs::create_dir(&top).unwrap();
        let own = Bin { folder: top.join(format!(".Trash-{}", me())), top: Some(top.clone()) };
        let bin = own.usable(true, false, me()).unwrap().unwrap();
        fs::write(top.join("a"), "x").unwrap();
        bin.take(&top.join("a")).unwrap();
        let info = fs::read_to_string(bin.folder.join("info/a.trashinfo")).unwrap();
        assert!(info.contains("\nPath=a\n"), "seen from the top: {info}");

        let elsewhere = top.join("elsewhere");
        fs::create_dir_all(elsewhere.join("files")).unwrap();
        fs::create_dir_all(elsewhere.join("info")).unwrap();
        let link = top.join("link");
        symlink(&elsewhere, &link).unwrap();
        let planted = Bin { folder: link, top: Some(top.clone()) };
        assert!(planted.usable(true, false, me()).is_err());
        let others = Bin { folder: elsewhere, top: Some(top) };
        assert!(others.usable(true, false, me() + 1).is_err());
    }

    #[test]
    fn a_shared_trash_is_used_where_it_is_safe() {
        let shm = Path::new("/dev/shm");
        let ground = ground();
        let other = shm
            .metadata()
            .ok()
            .filter(|there| there.dev() != ground.folder.path().metadata().unwrap().dev());
        let Some(device) = other.map(|there| there.dev()) else {
            println!("left out: there is no second file system");
            return;
        };
        assert_eq!(topmost(shm, device), shm);
        let disk = tempfile::tempdir_in(shm).unwrap();
        let path = disk.path().join("a");
        fs::write(&path, "x").unwrap();
        let there = ground.trasher.take(&path).unwrap();
        let own = shm.join(format!(".Trash-{}", me()));
        assert!(there.starts_with(&own), "{there:?}");
        let name = there.file_name().unwrap().to_owned();
        let mut info = own.join("info").join(name).into_os_string();
        info.push(SUFFIX);
        let told = fs::read_to_string(&info).unwrap();
        let within = path.strip_prefix(shm).unwrap().to_str().unwrap();
        assert!(told.contains(&format!("\nPath={within}\n")), "{told}");
        assert_eq!(ground.trasher.place(disk.path()).unwrap(), Some(own.join("files")));
        fs::remove_file(there).unwrap();
        fs::remove_file(info).unwrap();
        for folder in [own.join("files"), own.join("info"), own] {
            // Another's things may lie there.
            let _ = fs::remove_dir(folder);
        }
    }
}
