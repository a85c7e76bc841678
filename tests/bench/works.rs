//! What is done, with whom it is compared, and what is to be reached.

use std::{
    fs::{self, File},
    io::Write as _,
    path::Path,
};

/// One work.
#[derive(Debug, Clone)]
pub(crate) struct Work {
    pub(crate) name: &'static str,
    pub(crate) act: Act,
    pub(crate) load: Load,
    /// Through the relay.
    pub(crate) far: bool,
    /// Wharf's median over the best peer's, at most.
    pub(crate) goal: f64,
    /// Wharf's memory in bytes, at most.
    pub(crate) memory: Option<u64>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Act {
    Get,
    Put,
    List,
}

/// What is carried or listed; made once, in the folder `out`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Load {
    /// A file of 1 GiB.
    Large,
    /// A file of 256 MiB.
    Medium,
    /// 400 files of 4 KiB.
    Folder,
    /// 5,000 files of 4 KiB in 50 folders.
    Many,
    /// 2,000 files of 4 KiB in 200 folders.
    Tree,
    /// 100,000 empty files.
    Crowd,
}

const MIB: u64 = 1 << 20;
const MB: u64 = 1_000_000;
const FILE: u64 = 4096;

/// All works, in the order in which they are done.
pub(crate) fn all() -> Vec<Work> {
    let copies = [
        ("get 1 GiB", Act::Get, Load::Large, false, 1.0, Some(200 * MB)),
        ("put 1 GiB", Act::Put, Load::Large, false, 1.0, Some(200 * MB)),
        ("get 256 MiB, 50 ms", Act::Get, Load::Medium, true, 0.5, None),
        ("put 256 MiB, 50 ms", Act::Put, Load::Medium, true, 0.5, None),
        ("get 400 x 4 KiB, 50 ms", Act::Get, Load::Folder, true, 0.15, None),
        ("put 400 x 4 KiB, 50 ms", Act::Put, Load::Folder, true, 0.15, None),
        ("list 100,000, 50 ms", Act::List, Load::Crowd, true, 0.35, Some(150 * MB)),
        ("get tree of 2,000 x 4 KiB, 50 ms", Act::Get, Load::Tree, true, 0.15, None),
        ("put tree of 2,000 x 4 KiB, 50 ms", Act::Put, Load::Tree, true, 0.15, None),
    ];
    let work = |(name, act, load, far, goal, memory)| Work { name, act, load, far, goal, memory };
    copies.into_iter().map(work).collect()
}

impl Load {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Load::Large => "large.bin",
            Load::Medium => "medium.bin",
            Load::Folder => "folder",
            Load::Many => "many",
            Load::Tree => "tree",
            Load::Crowd => "crowd",
        }
    }

    pub(crate) fn is_folder(self) -> bool {
        !matches!(self, Load::Large | Load::Medium)
    }

    /// Bytes, all in all.
    pub(crate) fn bytes(self) -> u64 {
        match self {
            Load::Large => 1024 * MIB,
            Load::Medium => 256 * MIB,
            Load::Folder => 400 * FILE,
            Load::Many => 5000 * FILE,
            Load::Tree => 2000 * FILE,
            Load::Crowd => 0,
        }
    }

    /// Makes it in `out`, of random bytes, unless it is there.
    pub(crate) fn make(self, out: &Path) -> anyhow::Result<()> {
        let place = out.join(self.name());
        if place.exists() {
            return Ok(());
        }
        let mut random = fastrand::Rng::new();
        match self {
            Load::Large | Load::Medium => fill(&place, self.bytes(), &mut random)?,
            Load::Folder => fill_folder(&place, 400, &mut random)?,
            Load::Many => {
                for folder in 0..50 {
                    fill_folder(&place.join(format!("folder-{folder:02}")), 100, &mut random)?;
                }
            }
            Load::Tree => {
                for part in 0..20 {
                    for folder in 0..9 {
                        let inner = place.join(format!("part-{part:02}/folder-{folder}"));
                        fill_folder(&inner, 10, &mut random)?;
                    }
                    // With the part itself ten folders of ten files each.
                    fill_folder(&place.join(format!("part-{part:02}")), 10, &mut random)?;
                }
            }
            Load::Crowd => {
                fs::create_dir(&place)?;
                for name in crowd() {
                    File::create(place.join(name))?;
                }
            }
        }
        Ok(())
    }
}

/// The names in the crowd.
pub(crate) fn crowd() -> impl Iterator<Item = String> {
    (0..100_000).map(|number| format!("measurement-{number:06}.txt"))
}

fn fill_folder(folder: &Path, files: u32, random: &mut fastrand::Rng) -> anyhow::Result<()> {
    fs::create_dir_all(folder)?;
    (0..files).try_for_each(|file| fill(&folder.join(format!("file-{file:03}.dat")), FILE, random))
}

fn fill(path: &Path, bytes: u64, random: &mut fastrand::Rng) -> anyhow::Result<()> {
    let mut file = File::create(path)?;
    let mut piece = vec![0; MIB as usize];
    let mut left = bytes;
    while left > 0 {
        let length = left.min(MIB);
        random.fill(&mut piece);
        file.write_all(&piece[..length as usize])?;
        left -= length;
    }
    Ok(())
}
