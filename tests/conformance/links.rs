//! Symbolic links: themselves, never by accident what they lead to.

use std::sync::Arc;

use wharf::domain::{entry::Kind, error::ErrorKind};

use super::place::{Place, fails};

pub(super) async fn a_dangling_link(place: Arc<Place>) {
    let link = place.at("link");
    place.link("link", b"nowhere").await;
    fails(place.storage.stat_followed(&link).await, &[ErrorKind::NotFound]);
    if !place.sees_links() {
        // vsftpd says no more than that it cannot be opened; ProFTPD does not even list it.
        let kinds = [ErrorKind::NotFound, ErrorKind::PermissionDenied, ErrorKind::IsADirectory];
        fails(place.get("link").await, &kinds);
        return;
    }
    assert_eq!(place.storage.stat(&link).await.unwrap().kind, Kind::Symlink);
    fails(place.get("link").await, &[ErrorKind::NotFound]);
    assert_eq!(place.rows(&place.folder).await.len(), 1, "it is listed all the same");
}

pub(super) async fn a_link_to_a_folder(place: Arc<Place>) {
    place.storage.make_directory(&place.at("folder"), None).await.unwrap();
    place.put("folder/file", b"inside").await;
    let link = place.at("link");
    place.link("link", b"folder").await;
    if place.sees_links() {
        assert_eq!(place.storage.stat(&link).await.unwrap().kind, Kind::Symlink);
    }
    assert_eq!(place.storage.stat_followed(&link).await.unwrap().kind, Kind::Directory);
    assert_eq!(place.rows(&link).await.len(), 1, "it can be entered");
    assert_eq!(place.get("link/file").await.unwrap(), b"inside");
    // Nobody removes a folder by way of a link to it.
    assert!(place.storage.remove_directory(&link).await.is_err());
    assert_eq!(place.seen_behind("folder/file").unwrap(), b"inside");
}

pub(super) async fn targets_are_kept_literally(place: Arc<Place>) {
    if !place.storage.capabilities().symlinks {
        // What a listing tells; ProFTPD lists no link that leads nowhere.
        place.put("file", b"").await;
        place.link("link", b"file").await;
        assert_eq!(place.storage.read_link(&place.at("link")).await.unwrap(), b"file");
        assert!(place.storage.read_link(&place.at("file")).await.is_err());
        fails(place.storage.read_link(&place.at("absent")).await, &[ErrorKind::NotFound]);
        return;
    }
    let targets: [&[u8]; 7] = [
        b"../up/./x//y",
        b" spaced 'quoted' ",
        b"/absolute/",
        b"-x",
        b"two\nlines",
        b"caf\xe9",
        b".",
    ];
    for (number, target) in targets.into_iter().enumerate() {
        if !place.can_hold(target) {
            continue;
        }
        let link = place.at(format!("{number}"));
        place.storage.make_link(&link, target).await.unwrap();
        if place.tells_links_literally() {
            assert_eq!(place.storage.read_link(&link).await.unwrap(), target);
        }
        assert_eq!(place.link_behind(&format!("{number}")).as_deref().unwrap_or(target), target);
    }
    place.put("file", b"").await;
    assert!(place.storage.read_link(&place.at("file")).await.is_err());
    fails(place.storage.read_link(&place.at("absent")).await, &[ErrorKind::NotFound]);
}

pub(super) async fn a_removed_link_leaves_what_it_led_to(place: Arc<Place>) {
    place.put("file", b"content").await;
    place.storage.make_directory(&place.at("folder"), None).await.unwrap();
    for target in ["file", "folder"] {
        place.link("link", target.as_bytes()).await;
        place.storage.remove_file(&place.at("link")).await.unwrap();
    }
    assert_eq!(place.seen_behind("file").unwrap(), b"content");
    assert_eq!(place.rows(&place.folder).await.len(), 2);
}

pub(super) async fn made_only_under_a_free_name(place: Arc<Place>) {
    place.put("file", b"content").await;
    let made = place.storage.make_link(&place.at("file"), b"nowhere").await;
    // Version 3 of SFTP has no word for it, and FTP makes no links.
    fails(made, &[ErrorKind::AlreadyExists, ErrorKind::Failed, ErrorKind::Unsupported]);
    assert_eq!(place.seen_behind("file").unwrap(), b"content");
}
