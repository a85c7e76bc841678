//! Whether what arrived is what was sent: all files, full content, nothing more.

use std::{
    collections::BTreeSet,
    fs::{self, File},
    io::Read as _,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, ensure};

const PIECE: usize = 1 << 20;

/// Both are files with the same bytes, or folders with the same files.
pub(crate) fn same(sent: &Path, arrived: &Path) -> anyhow::Result<()> {
    if sent.is_file() {
        return same_bytes(sent, arrived);
    }
    let (files, came) = (files_below(sent)?, files_below(arrived)?);
    if let Some(missing) = files.difference(&came).next() {
        anyhow::bail!("{} did not arrive", missing.display());
    }
    if let Some(more) = came.difference(&files).next() {
        anyhow::bail!("{} is too much", more.display());
    }
    files.iter().try_for_each(|file| same_bytes(&sent.join(file), &arrived.join(file)))
}

/// A listing holds exactly these names, one a line, with or without their folder before them.
pub(crate) fn lists(output: &Path, names: &BTreeSet<String>) -> anyhow::Result<()> {
    let output = fs::read_to_string(output)?;
    // sftp repeats the commands it is given.
    let lines = output.lines().filter(|line| !line.starts_with("sftp>"));
    let listed: BTreeSet<&str> =
        lines.map(|line| line.trim().rsplit('/').next().unwrap_or_default()).collect();
    ensure!(listed.len() == names.len(), "{} names, not {}", listed.len(), names.len());
    ensure!(names.iter().all(|name| listed.contains(name.as_str())), "other names");
    Ok(())
}

fn files_below(folder: &Path) -> anyhow::Result<BTreeSet<PathBuf>> {
    let mut found = BTreeSet::new();
    let mut open = vec![folder.to_owned()];
    while let Some(next) = open.pop() {
        let entries =
            fs::read_dir(&next).with_context(|| format!("no folder {}", next.display()))?;
        for entry in entries {
            let entry = entry?;
            if entry.file_type()?.is_dir() {
                open.push(entry.path());
            } else {
                found.insert(entry.path().strip_prefix(folder)?.to_owned());
            }
        }
    }
    Ok(found)
}

fn same_bytes(sent: &Path, arrived: &Path) -> anyhow::Result<()> {
    let name = arrived.display();
    let mut one = File::open(sent)?;
    let mut other = File::open(arrived).with_context(|| format!("{name} did not arrive"))?;
    let sizes = (one.metadata()?.len(), other.metadata()?.len());
    ensure!(sizes.0 == sizes.1, "{name}: {} bytes of {}", sizes.1, sizes.0);
    let (mut expected, mut found) = (vec![0; PIECE], vec![0; PIECE]);
    let mut left = sizes.0;
    while left > 0 {
        let length = usize::try_from(left).map_or(PIECE, |left| left.min(PIECE));
        one.read_exact(&mut expected[..length])?;
        other.read_exact(&mut found[..length])?;
        ensure!(expected[..length] == found[..length], "{name}: other bytes than were sent");
        left -= length as u64;
    }
    Ok(())
}
