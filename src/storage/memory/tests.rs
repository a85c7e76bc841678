//! The faults do what they say; the contract itself is tried by the conformance suite.

use std::sync::atomic::{AtomicUsize, Ordering};

use super::*;
use crate::{
    domain::error::{Error, Result},
    storage::{FinishOptions, Storage, WriteOptions},
};

fn path(text: &str) -> StoragePath {
    StoragePath::new(text)
}

async fn read_all(storage: &MemoryStorage, at: &str) -> Result<Vec<u8>> {
    let mut stream = storage.read(&path(at), 0, None).await?;
    let mut all = Vec::new();
    while let Some(chunk) = stream.next().await? {
        all.extend_from_slice(&chunk);
    }
    stream.finish().await?;
    Ok(all)
}

#[tokio::test]
async fn reads_end_early_run_over_and_flip_bits_when_told_to() {
    let storage = MemoryStorage::new();
    let content = vec![7; 100_000];
    storage.put("/a/b", &content).unwrap();
    assert_eq!(read_all(&storage, "/a/b").await.unwrap(), content);
    storage.misbehave(|faults| faults.reads = Reads::EndAt(70_000));
    assert_eq!(read_all(&storage, "/a/b").await.unwrap().len(), 70_000);
    storage.misbehave(|faults| faults.reads = Reads::RunOverBy(100_000));
    assert_eq!(read_all(&storage, "/a/b").await.unwrap().len(), 200_000);
    storage.misbehave(|faults| faults.reads = Reads::FlipBitAt(99_999));
    let flipped = read_all(&storage, "/a/b").await.unwrap();
    assert_eq!((flipped.len(), flipped[99_998], flipped[99_999]), (100_000, 7, 6));
}

#[tokio::test]
async fn a_full_disk_keeps_what_fits_and_never_finishes() {
    let storage = MemoryStorage::new();
    storage.misbehave(|faults| faults.space = Some(10));
    let mut stream = storage.write(&path("/f"), WriteOptions::new_private()).await.unwrap();
    stream.write(vec![1; 8].into()).await.unwrap();
    let error = stream.write(vec![1; 8].into()).await.unwrap_err();
    assert_eq!(error.to_string(), "Could not write /f: no space left on device.");
    assert!(stream.finish(FinishOptions::default()).await.is_err());
    assert_eq!(storage.content("/f").unwrap().len(), 10);
    assert_eq!(storage.open_streams(), 0);
}

#[tokio::test]
async fn a_hook_sees_every_call_and_may_fail_it() {
    let storage = MemoryStorage::on_host("files.example");
    storage.put("/f", "x").unwrap();
    let seen = Arc::new(AtomicUsize::new(0));
    let counter = seen.clone();
    storage.before(move |call| {
        counter.fetch_add(1, Ordering::Relaxed);
        async move {
            match call.operation {
                Operation::Rename => Err(Error::new(ErrorKind::ReadOnly, "rename", "no")),
                _ => Ok(()),
            }
        }
    });
    let error = storage.stat(&path("/g")).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "Could not look at /g on files.example: no such file or directory."
    );
    let error = storage.rename(&path("/f"), &path("/g"), crate::storage::Replace::Never).await;
    assert_eq!(error.unwrap_err().kind(), ErrorKind::ReadOnly);
    assert_eq!(seen.load(Ordering::Relaxed), 2);
}

#[tokio::test]
async fn a_hang_ends_with_the_connection_and_a_new_one_sees_the_same_tree() {
    let storage = MemoryStorage::new();
    storage.put("/f", "x").unwrap();
    storage.before(|_| std::future::pending());
    let f = path("/f");
    let (result, ()) = tokio::join!(storage.stat(&f), async { storage.disconnect() });
    assert_eq!(result.unwrap_err().kind(), ErrorKind::ConnectionLost);
    storage.without_hook();
    assert!(storage.stat(&f).await.is_err());
    assert_eq!(read_all(&storage.reconnected(), "/f").await.unwrap(), b"x");
}

#[tokio::test]
async fn what_is_denied_cannot_be_opened_or_entered() {
    let storage = MemoryStorage::new();
    storage.put("/d/f", "x").unwrap();
    storage.deny("/d/f", true).unwrap();
    assert_eq!(read_all(&storage, "/d/f").await.unwrap_err().kind(), ErrorKind::PermissionDenied);
    storage.deny("/d/f", false).unwrap();
    storage.deny("/d", true).unwrap();
    assert_eq!(read_all(&storage, "/d/f").await.unwrap_err().kind(), ErrorKind::PermissionDenied);
    assert_eq!(storage.list(&path("/d")).await.err().unwrap().kind(), ErrorKind::PermissionDenied);
}

#[tokio::test]
async fn strange_names_are_refused_at_the_door() {
    let storage = MemoryStorage::new();
    storage.put("/f", "x").unwrap();
    storage.misbehave(|faults| faults.strange_names = vec![b"../x".into(), b"a\x1bb".into()]);
    let rows = storage.list(&path("/")).await.unwrap().collect().await.unwrap();
    assert_eq!((rows.entries.len(), rows.refused.len()), (2, 1));
}
