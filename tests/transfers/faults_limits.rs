//! Servers that say how long a request may be and how much they keep open, and mean it (limits@openssh.com).

use std::fs;

use tempfile::TempDir;
use wharf::domain::digest::Verdict;

use super::crossing::{Crossing, LONG, content, files_below, local, remote};
use crate::servers::evil_sftp::{Evil, PASSWORD, Trick};

/// Three ranges, the last a short one.
const LARGE: usize = 20_000_003;
/// Of each of the small ones: more than one request, and an odd rest.
const SMALL: usize = 20_011;

/// A large file and thirty small ones, the same at both ends.
struct Scene {
    evil: Evil,
    crossing: Crossing,
    folder: TempDir,
    files: Vec<(String, Vec<u8>)>,
}

fn scene(limits: Trick, large: usize, small: usize) -> Scene {
    let mut files = vec![(String::from("large"), content(large))];
    files.extend((0..30).map(|n| (format!("deep/{}/small{n}", n % 5), content(small + n))));
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("got")).unwrap();
    let evil = Evil::start(|world| {
        world.directory("/srv/put");
        world.directory("/srv/all");
        world.directory("/srv/all/deep");
        for n in 0..5 {
            world.directory(&format!("/srv/all/deep/{n}"));
            fs::create_dir_all(folder.path().join(format!("all/deep/{n}"))).unwrap();
        }
        for (name, content) in &files {
            world.file(format!("/srv/all/{name}"), content);
            fs::write(folder.path().join("all").join(name), content).unwrap();
        }
        world.trick(limits);
    });
    let crossing = Crossing::new(&evil.client().write(), Some(PASSWORD));
    Scene { evil, crossing, folder, files }
}

impl Scene {
    /// All of it both ways, whole and verified. In how many attempts each?
    #[track_caller]
    fn crosses(&mut self) -> Vec<u32> {
        let got = self.folder.path().join("got");
        let job = self.crossing.copy(&remote("/srv/all"), &local(&got));
        self.crossing.arrives(job, LONG);
        let mut names: Vec<_> = self.files.iter().map(|(name, _)| format!("all/{name}")).collect();
        names.sort();
        assert_eq!(files_below(&got), names);
        let back = self.crossing.copy(&local(&self.folder.path().join("all")), &remote("/srv/put"));
        self.crossing.arrives(back, LONG);
        for (name, content) in &self.files {
            assert!(fs::read(got.join("all").join(name)).unwrap() == *content, "got {name}");
            let world = self.evil.world();
            assert!(world.content(format!("/srv/put/all/{name}")).unwrap() == content, "{name}");
        }
        let mut attempts = Vec::new();
        for job in [job, back] {
            let done = self.crossing.done(job);
            let verified = done.iter().filter(|step| step.verdict == Some(Verdict::Size));
            assert_eq!(verified.count(), self.files.len(), "{done:#?}");
            attempts.extend(done.iter().map(|step| step.attempts));
        }
        attempts
    }
}

#[test]
fn requests_are_no_longer_than_the_server_takes() {
    let limits = Trick::Limits { read: 8192, write: 5000, handles: 0 };
    let mut scene = scene(limits, LARGE, SMALL);
    let attempts = scene.crosses();
    assert!(attempts.iter().all(|&attempts| attempts == 1), "{attempts:?}");
    let most = scene.evil.world().demands();
    assert_eq!((most.read, most.write), (8192, 5000), "as long as they may be, and no longer");
}

#[test]
fn no_more_is_open_than_the_server_keeps() {
    let limits = Trick::Limits { read: 8192, write: 8192, handles: 3 };
    let mut scene = scene(limits, LARGE, SMALL);
    let attempts = scene.crosses();
    assert!(attempts.iter().all(|&attempts| attempts == 1), "{attempts:?}");
    let most = scene.evil.world().demands();
    assert!(most.handles <= 3, "{most:?}");
}

#[test]
fn a_copy_within_a_server_that_keeps_few_files_open_comes_to_its_end() {
    // Each file is open twice there, and neither may wait for the other for ever.
    let limits = Trick::Limits { read: 0, write: 0, handles: 2 };
    let mut scene = scene(limits, LARGE, SMALL);
    let job = scene.crossing.copy(&remote("/srv/all"), &remote("/srv/put"));
    scene.crossing.arrives(job, LONG);
    for (name, content) in &scene.files {
        let world = scene.evil.world();
        assert!(world.content(format!("/srv/put/all/{name}")).unwrap() == content, "{name}");
    }
    assert!(scene.evil.world().demands().handles <= 2);
}

#[test]
fn a_limit_of_none_or_of_everything_is_none() {
    for limit in [0, u64::MAX, 1 << 32] {
        let limits = Trick::Limits { read: limit, write: limit, handles: limit };
        let mut scene = scene(limits, 300_000, SMALL);
        let attempts = scene.crosses();
        assert!(attempts.iter().all(|&attempts| attempts == 1), "{limit}: {attempts:?}");
        let most = scene.evil.world().demands();
        assert_eq!((most.read, most.write), (32_768, 32_768), "{limit}");
    }
}

#[test]
fn a_byte_a_request_and_a_file_a_channel_is_slow_and_no_more() {
    let limits = Trick::Limits { read: 1, write: 1, handles: 1 };
    let mut scene = scene(limits, 3000, 30);
    scene.crosses();
    let most = scene.evil.world().demands();
    assert_eq!((most.read, most.write), (1, 1));
}
