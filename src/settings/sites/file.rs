//! Files for the person's eyes only, replaced whole or not at all.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Write as _},
    os::unix::fs::OpenOptionsExt as _,
    path::{Path, PathBuf},
};

use rustix::fs::{FlockOperation, flock};

use crate::domain::{
    display::escape,
    error::{Error, ErrorKind, Result},
};

/// The file's text; empty where there is none.
pub(in crate::settings) fn read(path: &Path) -> Result<String> {
    match fs::read(path) {
        Ok(bytes) => String::from_utf8(bytes).map_err(|_| {
            Error::new(ErrorKind::Invalid, format!("read {}", shown(path)), "it is not UTF-8")
        }),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(String::new()),
        Err(error) => Err(Error::from_io(format!("read {}", shown(path)), error)),
    }
}

/// Changes the file's text as it stands now; two that change it at once take turns. What `change` refuses leaves it
/// untouched.
pub(in crate::settings) fn change(
    path: &Path,
    change: impl FnOnce(&str) -> std::result::Result<String, String>,
) -> Result<()> {
    let doing = || format!("change {}", shown(path));
    let failed = |error| Error::from_io(doing(), error);
    let target = followed(path);
    let folder = target
        .parent()
        .ok_or_else(|| Error::new(ErrorKind::Invalid, doing(), "it is not within a directory"))?;
    let mut builder = fs::DirBuilder::new();
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.recursive(true).create(folder).map_err(failed)?;
    // The directory stands for the file, which is another one after each change. Closing lets it go.
    let lock = File::open(folder).map_err(failed)?;
    flock(&lock, FlockOperation::LockExclusive).map_err(|error| failed(error.into()))?;
    let old = read(&target)?;
    let new = change(&old).map_err(|why| {
        Error::new(ErrorKind::Invalid, doing(), format!("{why}; nothing was changed"))
    })?;
    if new == old {
        return Ok(());
    }
    replace(&target, folder, &new).map_err(failed)
}

/// Where a link leads: the link of one who keeps settings elsewhere is not replaced by a file.
fn followed(path: &Path) -> PathBuf {
    fs::canonicalize(path).unwrap_or_else(|_| path.to_owned())
}

fn replace(path: &Path, folder: &Path, text: &str) -> io::Result<()> {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let draft = folder.join(format!(".{name}.{:08x}.tmp", fastrand::u32(..)));
    let written = (|| {
        let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&draft)?;
        file.write_all(text.as_bytes())?;
        file.sync_all()?;
        fs::rename(&draft, path)
    })();
    if written.is_err() {
        let _ = fs::remove_file(&draft);
    }
    written
}

fn shown(path: &Path) -> String {
    escape(path.as_os_str().as_encoded_bytes())
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[test]
    fn a_change_is_whole_private_and_leaves_nothing_behind() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("made/sites.toml");
        change(&path, |old| Ok(format!("{old}a\n"))).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
        change(&path, |old| Ok(format!("{old}b\n"))).unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "a\nb\n");
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(fs::read_dir(path.parent().unwrap()).unwrap().count(), 1);
    }

    #[test]
    fn a_refused_change_changes_nothing_and_says_so() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("sites.toml");
        fs::write(&path, "mine").unwrap();
        let error = change(&path, |_| Err("line 1: no".to_owned())).unwrap_err();
        assert!(error.to_string().ends_with("line 1: no; nothing was changed."), "{error}");
        assert_eq!(fs::read_to_string(&path).unwrap(), "mine");
    }

    #[test]
    fn a_link_stays_a_link() {
        let folder = tempfile::tempdir().unwrap();
        let (kept, link) = (folder.path().join("kept.toml"), folder.path().join("sites.toml"));
        fs::write(&kept, "a").unwrap();
        std::os::unix::fs::symlink(&kept, &link).unwrap();
        change(&link, |_| Ok("b".to_owned())).unwrap();
        assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
        assert_eq!(fs::read_to_string(&kept).unwrap(), "b");
    }

    #[test]
    fn changes_at_once_take_turns() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("sites.toml");
        std::thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| {
                    for _ in 0..10 {
                        change(&path, |old| Ok(format!("{old}x"))).unwrap();
                    }
                });
            }
        });
        assert_eq!(fs::read_to_string(&path).unwrap().len(), 80);
    }
}
