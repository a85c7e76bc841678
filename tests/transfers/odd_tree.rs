//! A tree with odd names on a disk, to be changed as a whole.

use std::{
    fs::{self, Metadata},
    os::unix::fs::symlink,
    path::{Path, PathBuf},
};

/// Makes `d`, with three folders and a file in each, and a link out of it to `outside` beside it.
pub(super) fn plant(at: &Path) {
    for name in ["-rf", "$(touch x)", "a b\n'c'"] {
        let folder = at.join("d").join(name);
        fs::create_dir_all(&folder).unwrap();
        fs::write(folder.join(name), name).unwrap();
    }
    fs::write(at.join("outside"), "outside").unwrap();
    symlink("../outside", at.join("d/link")).unwrap();
}

/// What there is from a path on, itself among it; links are left out.
pub(super) fn below(at: &Path) -> Vec<(PathBuf, Metadata)> {
    let mut found = Vec::new();
    let mut waiting = vec![at.to_owned()];
    while let Some(path) = waiting.pop() {
        let there = path.symlink_metadata().unwrap();
        if there.is_symlink() {
            continue;
        }
        if there.is_dir() {
            waiting.extend(fs::read_dir(&path).unwrap().map(|row| row.unwrap().path()));
        }
        found.push((path, there));
    }
    found
}
