//! The engine on this machine's real disk.

use std::{
    fs,
    os::unix::fs::{PermissionsExt, symlink},
    path::Path,
    sync::Arc,
    time::{Duration, SystemTime},
};

use tempfile::TempDir;
use wharf::{
    domain::{
        digest::Verdict,
        error::ErrorKind,
        path::StoragePath,
        place::{Endpoint, Location},
        question::ConflictChoice,
    },
    engine::message::{JobRequest, Work},
    storage::local::LocalStorage,
};

use super::engine_rig::*;

struct Disk {
    rig: Rig,
    folder: TempDir,
}

impl Disk {
    fn new() -> Self {
        let rig = Rig::new();
        rig.answer_dials(Endpoint::Local, |_| Ok(Arc::new(LocalStorage::new())));
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("from")).unwrap();
        fs::create_dir(folder.path().join("to")).unwrap();
        Self { rig, folder }
    }

    fn path(&self, inside: &str) -> std::path::PathBuf {
        self.folder.path().join(inside)
    }

    fn place(&self, inside: &str) -> Location {
        Location::local(storage_path(&self.path(inside)))
    }

    fn request(&self, source: &str, into: &str) -> JobRequest {
        let sources = vec![storage_path(&self.path(source))];
        JobRequest { sources, ..copy(Endpoint::Local, &[], self.place(into)) }
    }
}

fn storage_path(path: &Path) -> StoragePath {
    StoragePath::new(path.as_os_str().as_encoded_bytes())
}

fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<String> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tree_crosses_on_a_real_disk_with_times_modes_and_links() {
    let mut disk = Disk::new();
    let tree = disk.path("from/tree");
    fs::create_dir_all(tree.join("d/empty")).unwrap();
    fs::write(tree.join("big"), bytes(5_000_000)).unwrap();
    fs::write(tree.join("d/script"), "#!").unwrap();
    fs::set_permissions(tree.join("d/script"), fs::Permissions::from_mode(0o750)).unwrap();
    symlink("../big", tree.join("d/link")).unwrap();
    let old = SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000_000);
    for path in ["big", "d"] {
        fs::File::open(tree.join(path)).unwrap().set_modified(old).unwrap();
    }

    let report = disk.rig.run(disk.request("from/tree", "to")).await;
    assert_eq!(report.summary.counts.failed, 0, "{report:?}");
    assert_eq!(report.summary.counts.hash, 2);
    let there = disk.path("to/tree");
    assert_eq!(fs::read(there.join("big")).unwrap(), bytes(5_000_000));
    assert_eq!(fs::metadata(there.join("big")).unwrap().modified().unwrap(), old);
    assert_eq!(fs::metadata(there.join("d")).unwrap().modified().unwrap(), old);
    let mode = fs::metadata(there.join("d/script")).unwrap().permissions().mode();
    assert_eq!(mode & 0o7777, 0o750);
    assert_eq!(fs::read_link(there.join("d/link")).unwrap(), Path::new("../big"));
    assert_eq!(names(&there.join("d")), ["empty", "link", "script"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_move_on_a_real_disk_renames_and_a_removal_removes() {
    let mut disk = Disk::new();
    fs::create_dir(disk.path("from/d")).unwrap();
    fs::write(disk.path("from/d/a"), "a").unwrap();
    symlink("/", disk.path("from/d/root")).unwrap();
    let mut request = disk.request("from/d", "to");
    if let Work::Copy(destination) = request.work {
        request.work = Work::Move(destination);
    }
    assert_eq!(disk.rig.run(request).await.summary.counts.failed, 0);
    assert_eq!(names(&disk.path("from")), [""; 0]);
    assert_eq!(names(&disk.path("to/d")), ["a", "root"]);

    let request = JobRequest { work: Work::Delete, ..disk.request("to/d", "to") };
    assert_eq!(disk.rig.run(request).await.summary.counts.failed, 0);
    assert_eq!(names(&disk.path("to")), [""; 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn names_of_255_bytes_and_bytes_that_are_no_text_come_through() {
    use std::os::unix::ffi::OsStrExt;
    let mut disk = Disk::new();
    let long = "n".repeat(255);
    let latin = std::ffi::OsStr::from_bytes(b"caf\xe9\n$(x)");
    fs::create_dir(disk.path("from/d")).unwrap();
    fs::write(disk.path("from/d").join(&long), "long").unwrap();
    fs::write(disk.path("from/d").join(latin), "latin").unwrap();
    let report = disk.rig.run(disk.request("from/d", "to")).await;
    assert_eq!(report.summary.counts.failed, 0, "{report:?}");
    assert_eq!(fs::read(disk.path("to/d").join(&long)).unwrap(), b"long");
    assert_eq!(fs::read(disk.path("to/d").join(latin)).unwrap(), b"latin");
}

#[tokio::test(flavor = "multi_thread")]
async fn there_and_back_between_disk_and_server() {
    let mut disk = Disk::new();
    fs::write(disk.path("from/a"), bytes(3_000_000)).unwrap();
    let request =
        JobRequest { sources: vec![storage_path(&disk.path("from/a"))], ..put(&[], "/there") };
    assert_eq!(disk.rig.run(request).await.done[0].verdict, Some(Verdict::Hash));
    let request = copy(server(), &["/there/a"], disk.place("to"));
    assert_eq!(disk.rig.run(request).await.done[0].verdict, Some(Verdict::Hash));
    assert_eq!(fs::read(disk.path("to/a")).unwrap(), bytes(3_000_000));
    assert_eq!(names(&disk.path("to")), ["a"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_directory_where_a_file_is_to_go_and_a_planted_link_stand() {
    let mut disk = Disk::new();
    disk.rig.there.put("/there/d/x", "evil").unwrap();
    fs::create_dir(disk.path("elsewhere")).unwrap();
    symlink(disk.path("elsewhere"), disk.path("to/d")).unwrap();
    let request = copy(server(), &["/there/d"], disk.place("to"));
    let report = disk.rig.run(with(request, on_conflict(ConflictChoice::Overwrite))).await;
    assert_eq!(report.only_failure().0.kind(), ErrorKind::NotADirectory);
    assert_eq!(names(&disk.path("elsewhere")), [""; 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn links_in_a_circle_are_links_like_any_other() {
    let mut disk = Disk::new();
    let tree = disk.path("from/tree");
    fs::create_dir(&tree).unwrap();
    fs::write(tree.join("a"), "alpha").unwrap();
    for (name, target) in [("self", "."), ("up", "../tree"), ("x", "y"), ("y", "x")] {
        symlink(target, tree.join(name)).unwrap();
    }
    let report = disk.rig.run(disk.request("from/tree", "to")).await;
    assert_eq!(report.summary.counts.failed, 0, "{report:?}");
    let there = disk.path("to/tree");
    assert_eq!(names(&there), ["a", "self", "up", "x", "y"]);
    assert_eq!(fs::read_link(there.join("self")).unwrap(), Path::new("."));
    // A circle on the way to a place is an end in words.
    let report = disk.rig.run(disk.request("from/tree/a", "from/tree/x/in")).await;
    let (error, attempts) = report.only_failure();
    assert!(attempts <= 1 && error.to_string().contains("symbolic links"), "{error}");
    let report =
        disk.rig.run(JobRequest { work: Work::Delete, ..disk.request("to/tree", "to") }).await;
    assert_eq!(report.summary.counts.failed, 0, "{report:?}");
    assert!(tree.join("a").exists() && !there.exists());
}

/// A tree so deep that no path leads to its end; taken away level by level.
struct Deep(std::path::PathBuf);

impl Deep {
    const LEVELS: usize = 10_000;

    fn make(top: std::path::PathBuf) -> Self {
        use rustix::fs::{Mode, OFlags, mkdirat, open, openat};
        fs::create_dir(&top).unwrap();
        let flags = OFlags::DIRECTORY | OFlags::RDONLY | OFlags::CLOEXEC;
        let mut here = open(&top, flags, Mode::empty()).unwrap();
        for _ in 0..Self::LEVELS {
            mkdirat(&here, "d", Mode::from(0o755)).unwrap();
            here = openat(&here, "d", flags, Mode::empty()).unwrap();
        }
        Self(top)
    }
}

impl Drop for Deep {
    fn drop(&mut self) {
        let (first, aside) = (self.0.join("d"), self.0.join("aside"));
        while fs::rename(first.join("d"), &aside).is_ok() {
            let _ = fs::remove_dir(&first);
            let _ = fs::rename(&aside, &first);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tree_ten_thousand_deep_is_refused_in_words_and_stands() {
    let mut disk = Disk::new();
    let _deep = Deep::make(disk.path("from/deep"));
    fs::write(disk.path("from/deep/a"), "alpha").unwrap();
    let copy = disk.request("from/deep", "to");
    let delete = JobRequest { work: Work::Delete, ..copy.clone() };
    for request in [copy, delete] {
        let report = disk.rig.run(request).await;
        let failures = report.failures();
        let says = |(error, _): &(&wharf::domain::error::Error, u32)| {
            error.to_string().contains("more than 500 directories deep")
        };
        assert!(failures.iter().any(says), "{failures:?}");
    }
    assert_eq!(fs::read(disk.path("to/deep/a")).unwrap(), b"alpha", "the rest has arrived");
}
