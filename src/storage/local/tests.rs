//! What only this machine's disks can show; the contract itself is tried by the conformance suite.

use std::{fs, os::unix::fs::PermissionsExt as _};

use super::*;
use crate::storage::FinishOptions;

fn at(folder: &tempfile::TempDir, name: &str) -> StoragePath {
    StoragePath::new(folder.path().join(name).as_os_str().as_bytes())
}

#[test]
fn the_fallback_for_rename_never_replaces_either() {
    let folder = tempfile::tempdir().unwrap();
    let [a, b, c] = ["a", "b", "c"].map(|name| folder.path().join(name));
    fs::write(&a, "a").unwrap();
    fs::write(&b, "b").unwrap();
    let error = rename::link_then_unlink(&a, &b).unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::AlreadyExists);
    assert_eq!((fs::read(&a).unwrap(), fs::read(&b).unwrap()), (b"a".into(), b"b".into()));
    rename::link_then_unlink(&a, &c).unwrap();
    assert_eq!((a.exists(), fs::read(&c).unwrap()), (false, b"a".into()));

    fs::create_dir(&a).unwrap();
    rename::link_then_unlink(&a, &b).unwrap_err();
    rename::link_then_unlink(&a, &folder.path().join("d")).unwrap();
    assert!(!a.exists());
}

#[tokio::test]
async fn a_pipe_is_refused_without_waiting_for_its_other_end() {
    let folder = tempfile::tempdir().unwrap();
    let path = at(&folder, "pipe");
    let mode = rustix::fs::Mode::from_raw_mode(0o600);
    rustix::fs::mknodat(rustix::fs::CWD, as_path(&path), rustix::fs::FileType::Fifo, mode, 0)
        .unwrap();
    let error = LocalStorage::new().read(&path, 0, None).await.err().unwrap();
    assert_eq!(error.why(), "it is a pipe, not a file");
}

#[tokio::test]
async fn what_is_written_is_never_reached_through_a_link() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("target"), "precious").unwrap();
    std::os::unix::fs::symlink("target", folder.path().join("part")).unwrap();
    for create_new in [false, true] {
        let options = WriteOptions { create_new, ..WriteOptions::new_private() };
        let opened = LocalStorage::new().write(&at(&folder, "part"), options).await;
        assert!(opened.is_err(), "create_new: {create_new}");
    }
    assert_eq!(fs::read(folder.path().join("target")).unwrap(), b"precious");
}

#[tokio::test]
async fn a_synced_part_takes_its_directory_along_when_it_is_renamed() {
    let folder = tempfile::tempdir().unwrap();
    let storage = LocalStorage::new();
    let (part, name) = (at(&folder, "part"), at(&folder, "name"));
    let stream = storage.write(&part, WriteOptions::new_private()).await.unwrap();
    stream.finish(FinishOptions { sync: true, ..FinishOptions::default() }).await.unwrap();
    storage.rename(&part, &name, Replace::Never).await.unwrap();
    assert!(!storage.synced.take(&part), "it is known only until it got its name");
}

#[tokio::test]
async fn what_the_umask_takes_is_given_back() {
    let folder = tempfile::tempdir().unwrap();
    let storage = LocalStorage::new();
    // Any common umask takes write permission from others.
    let options = WriteOptions { permissions: 0o666, ..WriteOptions::new_private() };
    storage.write(&at(&folder, "f"), options).await.unwrap();
    storage.make_directory(&at(&folder, "d"), Some(0o777)).await.unwrap();
    for (name, expected) in [("f", 0o666), ("d", 0o777)] {
        let mode = fs::metadata(folder.path().join(name)).unwrap().permissions().mode();
        assert_eq!(mode & 0o7777, expected, "{name}");
    }
}
