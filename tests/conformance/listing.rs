//! Listings: complete, once each, and with what the rows tell.

use std::{collections::BTreeSet, sync::Arc, time::Duration};

use wharf::domain::{entry::Kind, error::ErrorKind, path::Name};

use super::place::{Place, fails};

pub(super) async fn an_empty_folder_has_no_rows(place: Arc<Place>) {
    assert!(place.rows(&place.folder).await.is_empty());
}

pub(super) async fn ten_thousand_rows_arrive_once_each(place: Arc<Place>) {
    let names: BTreeSet<Name> =
        (0..10_000).map(|number| Name::new(format!("row {number}")).unwrap()).collect();
    for name in &names {
        place.put_behind(std::str::from_utf8(name.as_bytes()).unwrap(), b"");
    }
    let rows = place.rows(&place.folder).await;
    assert_eq!(rows.into_keys().collect::<BTreeSet<_>>(), names);
}

pub(super) async fn a_listing_nobody_listens_to_ends(place: Arc<Place>) {
    for number in 0..2_000 {
        place.put_behind(&number.to_string(), b"");
    }
    for _ in 0..20 {
        let mut listing = place.storage.list(&place.folder).await.unwrap();
        assert!(listing.next().await.unwrap().is_some());
    }
    // Nothing is left of them: the storage answers as before.
    let answer = tokio::time::timeout(Duration::from_secs(10), place.rows(&place.folder)).await;
    assert_eq!(answer.expect("a dropped listing is in the way").len(), 2_000);
}

pub(super) async fn rows_tell_kind_size_and_time(place: Arc<Place>) {
    place.put("file", b"twelve bytes").await;
    place.storage.make_directory(&place.at("folder"), None).await.unwrap();
    place.link("link", b"folder").await;
    let rows = place.rows(&place.folder).await;
    let row = |name: &str| rows[&Name::new(name).unwrap()].clone();
    assert_eq!(rows.len(), 3);
    assert_eq!(row("file").attributes.kind, Kind::File);
    assert_eq!(row("file").attributes.size, Some(12));
    assert_eq!(row("folder").attributes.kind, Kind::Directory);
    assert_eq!(row("link").attributes.kind, Kind::Symlink);
    assert!(matches!(row("link").leads_to, None | Some(Kind::Directory)));
    for name in ["file", "folder"] {
        assert_eq!(row(name).leads_to, None);
        let stat = place.storage.stat(&place.at(name)).await.unwrap();
        if !place.tells_permissions() {
            // The size and time of a file come by themselves; the rest in lines for people, to the minute.
            let row = row(name).attributes;
            assert_eq!(row.kind, stat.kind);
            assert!(row.permissions.is_some() && row.modified.is_some());
            assert!(
                stat.kind == Kind::Directory
                    || (row.size, stat.modified.is_some()) == (stat.size, true)
            );
            continue;
        }
        assert_eq!(row(name).attributes, stat, "{name}: a row tells what stat tells");
        assert!(stat.modified.is_some() && stat.permissions.is_some() && stat.owner.is_some());
    }
}

pub(super) async fn what_is_no_folder_cannot_be_listed(place: Arc<Place>) {
    place.put("file", b"x").await;
    let listed = |name: &'static str| {
        let place = place.clone();
        async move { place.storage.list(&place.at(name)).await?.collect().await }
    };
    fails(listed("absent").await, &[ErrorKind::NotFound]);
    // A server may say no more than that there is no such folder.
    fails(
        listed("file").await,
        &[ErrorKind::NotADirectory, ErrorKind::NotFound, ErrorKind::Failed],
    );
}
