//! What is denied says so, and stays as it was.

use std::{
    fs::{self, Permissions},
    os::unix::fs::PermissionsExt as _,
    sync::Arc,
};

use wharf::{
    domain::{error::ErrorKind, path::StoragePath},
    storage::{Replace, WriteOptions},
};

use super::place::{Behind, Kind, Place, fails, run};

/// A file that may not be opened, and a folder that may be neither read nor entered.
struct Denied {
    file: StoragePath,
    folder: StoragePath,
}

async fn deny(place: &Place) -> Denied {
    if place.kind == Kind::Embedded {
        // Everything outside its folder is denied, whoever the tests run as.
        let folder = place.folder.parent().unwrap();
        return Denied { file: folder.join_typed("file"), folder };
    }
    place.put("file", b"secret").await;
    place.storage.make_directory(&place.at("folder"), None).await.unwrap();
    place.put("folder/inside", b"secret").await;
    match &place.behind {
        Behind::Memory(memory) => {
            memory.deny(place.at("file").as_bytes(), true).unwrap();
            memory.deny(place.at("folder").as_bytes(), true).unwrap();
        }
        Behind::Disk(folder) => {
            // Past the storage: ProFTPD takes no permissions at all for none to be set.
            for name in ["file", "folder"] {
                fs::set_permissions(folder.join(name), Permissions::from_mode(0o000)).unwrap();
            }
        }
    }
    Denied { file: place.at("file"), folder: place.at("folder") }
}

#[test]
fn memory() {
    run(Kind::Memory, what_is_denied_says_so);
}

#[test]
fn local() {
    if !super::ordinary::elsewhere("conformance::permissions::local") {
        run(Kind::Local, what_is_denied_says_so);
    }
}

#[test]
fn embedded() {
    run(Kind::Embedded, what_is_denied_says_so);
}

#[test]
fn openssh() {
    run(Kind::OpenSshOrdinary, what_is_denied_says_so);
}

#[test]
fn proftpd_sftp() {
    run(Kind::ProFtpdSftpOrdinary, what_is_denied_says_so);
}

async fn what_is_denied_says_so(place: Arc<Place>) {
    let denied = deny(&place).await;
    let no = [ErrorKind::PermissionDenied];
    let (storage, inside) = (&place.storage, denied.folder.join_typed("inside"));
    fails(storage.read(&denied.file, 0, None).await, &no);
    let options = WriteOptions { create_new: false, ..WriteOptions::new_private() };
    fails(storage.write(&denied.file, options).await, &no);
    let listed = async { storage.list(&denied.folder).await?.collect().await };
    fails(listed.await, &no);
    fails(storage.stat(&inside).await, &no);
    fails(storage.read(&inside, 0, None).await, &no);
    let new = denied.folder.join_typed("new");
    fails(storage.write(&new, WriteOptions::new_private()).await, &no);
    fails(storage.make_directory(&new, None).await, &no);
    fails(storage.make_link(&new, b"x").await, &no);
    fails(storage.remove_file(&inside).await, &no);
    place.put("mine", b"mine").await;
    for replace in [Replace::Never, Replace::Allowed] {
        fails(storage.rename(&place.at("mine"), &new, replace).await, &no);
    }
    assert_eq!(place.get("mine").await.unwrap(), b"mine");
}
