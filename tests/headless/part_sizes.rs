//! Parts that are found shorter, longer or other than they were left: gone on with or begun again, and what arrives is what
//! the source holds (FAULTS.md 16, 17), to and from a real server.

use std::{
    fs,
    os::unix::{fs::FileExt as _, process::ExitStatusExt as _},
    path::{Path, PathBuf},
};

use super::{run, wharf};
use crate::servers::{
    client::{Client, HOST},
    sshd::Sshd,
};

/// Several times what is worth going on with.
const SIZE: u64 = 5 << 20;

/// A server, a folder here, and a file on either side.
struct Ground {
    sshd: Sshd,
    client: Client,
    here: tempfile::TempDir,
    content: Vec<u8>,
}

#[derive(Debug, Clone, Copy)]
enum Way {
    Up,
    Down,
}

impl Ground {
    fn new() -> Option<Self> {
        let sshd = Sshd::options().start()?;
        let client = sshd.client().known().write();
        let here = tempfile::tempdir().unwrap();
        let mut content = vec![0; SIZE as usize];
        fastrand::Rng::with_seed(17).fill(&mut content);
        fs::write(sshd.files().join("down"), &content).unwrap();
        fs::write(here.path().join("up"), &content).unwrap();
        Some(Self { sshd, client, here, content })
    }

    /// Killed when its part is complete, and before it has its name; then the part is as `change` makes it. What the
    /// next one brings is looked at.
    fn goes_on(&self, way: Way, name: &str, change: impl FnOnce(&Path)) {
        let what = format!("{way:?} {name}");
        let (from, to, folder) = match way {
            Way::Up => ("up".to_owned(), format!("{HOST}:{name}"), self.sshd.files()),
            Way::Down => (format!("{HOST}:down"), name.to_owned(), self.here.path().to_owned()),
        };
        let mut begins = wharf(&self.client, self.here.path(), &["cp", "-q", &from, &to]);
        let status = begins.env("WHARF_DIE_AT", "BeforeRename:0").output().unwrap().status;
        assert_eq!(status.signal(), Some(9), "{what}");
        let parts = parts(&folder);
        assert_eq!(parts.len(), 1, "{what}: {parts:?}");
        assert!(!folder.join(name).exists(), "{what}");
        change(&parts[0]);
        let said = run(&self.client, self.here.path(), &["queue", "resume", "--json"]);
        assert_eq!(said.status, 0, "{what}: {said:?}");
        assert_eq!(said.events("file")[0]["verdict"], "hash", "{what}: {said:?}");
        assert!(fs::read(folder.join(name)).unwrap() == self.content, "{what}: it is another");
        assert!(self::parts(&folder).is_empty(), "{what}");
        fs::remove_file(folder.join(name)).unwrap();
    }
}

fn parts(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries.filter(|path| path.to_string_lossy().ends_with(".part")).collect()
}

#[test]
fn parts_of_any_size_become_the_file() {
    let Some(ground) = Ground::new() else { return };
    for way in [Way::Up, Way::Down] {
        for size in [0, 1, 1 << 10, 1 << 20, SIZE - 1, SIZE, SIZE + 1, 2 * SIZE] {
            ground.goes_on(way, &format!("of-{size}"), |part| {
                let file = fs::OpenOptions::new().write(true).open(part).unwrap();
                file.set_len(size).unwrap();
            });
        }
    }
}

#[test]
fn parts_that_hold_something_else_are_begun_again() {
    let Some(ground) = Ground::new() else { return };
    for way in [Way::Up, Way::Down] {
        // At the front, where one kept range ends, in the middle, and at the very end.
        for at in [0, (1 << 20) - 1, SIZE / 2, SIZE - 1] {
            ground.goes_on(way, &format!("other-at-{at}"), |part| {
                let file = fs::OpenOptions::new().read(true).write(true).open(part).unwrap();
                let mut byte = [0];
                file.read_exact_at(&mut byte, at).unwrap();
                file.write_all_at(&[byte[0] ^ 1], at).unwrap();
            });
        }
        ground.goes_on(way, "gone", |part| fs::remove_file(part).unwrap());
    }
}
