//! Renames: to a free name, over a file, and never over what must not be lost.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use wharf::{
    domain::{entry::Kind, error::ErrorKind},
    storage::Replace,
};

use super::place::{Place, fails};

const BOTH: [Replace; 2] = [Replace::Never, Replace::Allowed];
/// How a refusal to replace a folder may be put.
const NOT_OVER_A_FOLDER: [ErrorKind; 3] =
    [ErrorKind::AlreadyExists, ErrorKind::IsADirectory, ErrorKind::Failed];

pub(super) async fn to_a_free_name(place: Arc<Place>) {
    for replace in BOTH {
        place.put("old", b"content").await;
        place.storage.rename(&place.at("old"), &place.at("new"), replace).await.unwrap();
        assert_eq!(place.seen_behind("old"), None);
        assert_eq!(place.seen_behind("new").unwrap(), b"content");
        place.storage.remove_file(&place.at("new")).await.unwrap();
    }
}

pub(super) async fn never_over_anything(place: Arc<Place>) {
    place.put("old", b"old").await;
    place.put("file", b"file").await;
    place.storage.make_directory(&place.at("folder"), None).await.unwrap();
    place.link("link", b"nowhere").await;
    let taken = ["file", "folder", "link"];
    for taken in &taken[..if place.sees_links() { 3 } else { 2 }] {
        let renamed =
            place.storage.rename(&place.at("old"), &place.at(taken), Replace::Never).await;
        fails(renamed, &[ErrorKind::AlreadyExists]);
    }
    assert_eq!(place.seen_behind("old").unwrap(), b"old");
    assert_eq!(place.seen_behind("file").unwrap(), b"file");
    assert_eq!(place.link_behind("link").as_deref().unwrap_or(b"nowhere"), b"nowhere");
}

pub(super) async fn over_a_file_when_allowed(place: Arc<Place>) {
    place.put("new", b"new content").await;
    place.put("file", b"file").await;
    place.storage.rename(&place.at("new"), &place.at("file"), Replace::Allowed).await.unwrap();
    assert_eq!(place.seen_behind("file").unwrap(), b"new content");
    assert_eq!(place.rows(&place.folder).await.len(), 1, "nothing is left over");

    place.link("link", b"file").await;
    place.put("new", b"newer").await;
    place.storage.rename(&place.at("new"), &place.at("link"), Replace::Allowed).await.unwrap();
    assert_eq!(place.seen_behind("link").unwrap(), b"newer", "the link gives way");
    assert_eq!(place.seen_behind("file").unwrap(), b"new content", "what it led to does not");
}

pub(super) async fn over_a_folder_is_refused(place: Arc<Place>) {
    place.put("file", b"file").await;
    place.storage.make_directory(&place.at("folder"), None).await.unwrap();
    for replace in BOTH {
        let renamed = place.storage.rename(&place.at("file"), &place.at("folder"), replace).await;
        fails(renamed, &NOT_OVER_A_FOLDER);
    }
    place.put("folder/inside", b"inside").await;
    let renamed =
        place.storage.rename(&place.at("file"), &place.at("folder"), Replace::Allowed).await;
    fails(renamed, &NOT_OVER_A_FOLDER);
    assert_eq!(place.seen_behind("file").unwrap(), b"file");
    assert_eq!(place.seen_behind("folder/inside").unwrap(), b"inside");
}

pub(super) async fn a_replaced_file_is_never_gone(place: Arc<Place>) {
    if !place.storage.capabilities().atomic_replace {
        return;
    }
    place.put("file", b"content").await;
    let looks = Arc::new(AtomicUsize::new(0));
    let (watched, counter) = (place.clone(), looks.clone());
    let watcher = tokio::spawn(async move {
        loop {
            watched.storage.stat(&watched.at("file")).await.expect("there was a moment without it");
            counter.fetch_add(1, Ordering::Relaxed);
            tokio::task::yield_now().await;
        }
    });
    let mut rounds = 0;
    while rounds < 50 || looks.load(Ordering::Relaxed) < 50 && !watcher.is_finished() {
        place.put("new", b"content").await;
        place.storage.rename(&place.at("new"), &place.at("file"), Replace::Allowed).await.unwrap();
        rounds += 1;
    }
    watcher.abort();
    assert!(watcher.await.unwrap_err().is_cancelled(), "there was a moment without it");
}

pub(super) async fn of_a_folder_and_into_another(place: Arc<Place>) {
    place.storage.make_directory(&place.at("a"), None).await.unwrap();
    place.storage.make_directory(&place.at("b"), None).await.unwrap();
    place.put("a/f", b"inside").await;
    place.storage.rename(&place.at("a"), &place.at("b/c"), Replace::Never).await.unwrap();
    assert_eq!(place.seen_behind("b/c/f").unwrap(), b"inside");
    let into_itself =
        place.storage.rename(&place.at("b"), &place.at("b/c/d"), Replace::Allowed).await;
    // OpenSSH says "bad message", which is as much as that the name will not do.
    fails(into_itself, &[ErrorKind::Invalid, ErrorKind::InvalidName, ErrorKind::Failed]);
    assert_eq!(place.seen_behind("b/c/f").unwrap(), b"inside");
}

pub(super) async fn of_nothing_says_so(place: Arc<Place>) {
    for replace in BOTH {
        let renamed = place.storage.rename(&place.at("absent"), &place.at("new"), replace).await;
        fails(renamed, &[ErrorKind::NotFound]);
    }
    place.put("old", b"").await;
    for replace in BOTH {
        let renamed = place.storage.rename(&place.at("old"), &place.at("no/new"), replace).await;
        fails(renamed, &[ErrorKind::NotFound]);
    }
}

pub(super) async fn of_a_link_leaves_what_it_leads_to(place: Arc<Place>) {
    place.put("file", b"content").await;
    place.storage.make_directory(&place.at("folder"), None).await.unwrap();
    for (target, replace) in [("file", Replace::Never), ("folder", Replace::Allowed)] {
        place.link("link", target.as_bytes()).await;
        let renamed = place.storage.rename(&place.at("link"), &place.at("moved"), replace).await;
        let stands = if place.renames_links() {
            renamed.unwrap();
            "moved"
        } else {
            fails(renamed, &[ErrorKind::Unsupported]);
            "link"
        };
        let link = place.at(stands);
        if place.sees_links() {
            assert_eq!(place.storage.stat(&link).await.unwrap().kind, Kind::Symlink);
        }
        place.storage.remove_file(&link).await.unwrap();
        assert_eq!(place.rows(&place.folder).await.len(), 2, "{target}");
    }
    assert_eq!(place.seen_behind("file").unwrap(), b"content");
    place.put("folder/inside", b"it stands where it stood").await;
}

pub(super) async fn of_a_link_moves_the_link(place: Arc<Place>) {
    for replace in BOTH {
        place.link("link", b"nowhere").await;
        let renamed = place.storage.rename(&place.at("link"), &place.at("moved"), replace).await;
        if !place.sees_links() && renamed.is_err() {
            // vsftpd takes it for nothing.
            fails(renamed, &[ErrorKind::NotFound, ErrorKind::PermissionDenied]);
            assert_eq!(place.link_behind("link").unwrap(), b"nowhere");
            place.storage.remove_file(&place.at("link")).await.unwrap();
            continue;
        }
        renamed.unwrap();
        if place.storage.capabilities().symlinks && place.tells_links_literally() {
            assert_eq!(place.storage.read_link(&place.at("moved")).await.unwrap(), b"nowhere");
        }
        assert_eq!(place.link_behind("moved").as_deref().unwrap_or(b"nowhere"), b"nowhere");
        place.storage.remove_file(&place.at("moved")).await.unwrap();
    }
}
