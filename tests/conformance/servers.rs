//! What only some servers show: no shell, nothing but reading, a small disk.

use std::time::Duration;

use wharf::{
    domain::{entry::SetAttributes, error::ErrorKind},
    storage::{FinishOptions, Replace, WriteOptions},
};

use super::{
    place::{Place, fails},
    remote,
};
use crate::servers::sshd::{Account, Sftp};

/// A server without a shell says so once, and is not asked again.
async fn has_no_digests(place: Place) {
    place.put("file", b"content").await;
    let file = place.at("file");
    fails(place.storage.digest(&file).await, &[ErrorKind::Unsupported]);
    assert!(!place.storage.capabilities().digests, "it was found not to work");
    let again = tokio::time::timeout(Duration::from_secs(5), place.storage.digest(&file));
    fails(again.await.unwrap(), &[ErrorKind::Unsupported]);
    assert_eq!(place.get("file").await.unwrap(), b"content");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_refuses_commands_has_no_digests() {
    has_no_digests(remote::embedded(|options| options.exec = false).await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_answers_commands_with_sftp_has_no_digests() {
    if let Some(place) = remote::openssh(Sftp::InternalOnly, Account::Me).await {
        has_no_digests(place).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_for_reading_only_lets_nothing_be_changed() {
    let Some(place) = remote::openssh(Sftp::ReadOnly, Account::Me).await else { return };
    place.put_behind("file", b"content");
    assert_eq!(place.get("file").await.unwrap(), b"content");
    let storage = &place.storage;
    let (file, new) = (place.at("file"), place.at("new"));
    let no = [ErrorKind::PermissionDenied, ErrorKind::ReadOnly];
    fails(storage.write(&new, WriteOptions::new_private()).await, &no);
    fails(storage.rename(&file, &new, Replace::Never).await, &no);
    fails(storage.rename(&file, &new, Replace::Allowed).await, &no);
    fails(storage.remove_file(&file).await, &no);
    fails(storage.make_directory(&new, None).await, &no);
    fails(storage.make_link(&new, b"file").await, &no);
    let set = SetAttributes { permissions: Some(0o600), modified: None };
    fails(storage.set_attributes(&file, &set).await, &no);
    assert_eq!(place.rows(&place.folder).await.len(), 1);
    assert_eq!(place.seen_behind("file").unwrap(), b"content");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_disk_never_finishes() {
    let Some(place) = remote::openssh_on_small_disk(1024 * 1024).await else { return };
    let options = WriteOptions::new_private();
    let mut stream = place.storage.write(&place.at("large"), options).await.unwrap();
    let written = async {
        for _ in 0..40 {
            stream.write(vec![b'x'; 100_000].into()).await?;
        }
        stream.finish(FinishOptions::default()).await
    };
    // Version 3 of SFTP has no word for it.
    fails(written.await, &[ErrorKind::NoSpace, ErrorKind::Failed]);
    place.storage.remove_file(&place.at("large")).await.unwrap();
    place.put("small", b"fits").await;
    assert_eq!(place.get("small").await.unwrap(), b"fits");
}
