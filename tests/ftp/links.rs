//! Links as listings tell of them: by MLSD in the manner of some servers, by LIST in that of most.

use wharf::domain::entry::Kind;

use super::*;

const LISTED: &str = "lrwxrwxrwx 1 a b 8 Jan  1  2024 by list -> /srv/a b\r\n\
                      -rw-r--r-- 1 a b 7 Jan  1  2024 file\r\n";

async fn server(features: &[&'static str], listing: &str) -> (EvilFtp, Arc<dyn Storage>) {
    let evil = EvilFtp::start(|world| {
        world.features(features);
        world.listing(listing);
        world.file("/srv/file", b"content");
    });
    let storage = connect(&evil).await;
    (evil, storage)
}

#[tokio::test(flavor = "multi_thread")]
async fn where_they_lead_is_told_as_it_is_listed() {
    let facts = "type=OS.unix=slink:/srv/target;modify=20240101000000; by facts\r\n\
                 type=OS.unix=symlink;modify=20240101000000; untold\r\n\
                 type=file;size=7;modify=20240101000000; file\r\n";
    let (evil, storage) = server(&["MLST type*;size*;modify*;", "SIZE"], facts).await;
    let listing = storage.list(&StoragePath::new("/srv")).await.unwrap();
    let rows = listing.collect().await.unwrap();
    let links = rows.entries.iter().filter(|row| row.attributes.kind == Kind::Symlink);
    assert_eq!(links.count(), 2);
    let target = async |name: &str| storage.read_link(&StoragePath::new(name)).await;
    assert_eq!(target("/srv/by facts").await.unwrap(), b"/srv/target");
    // Where MLSD says no more than that it is a link, LIST may: it is asked in a second breath.
    evil.world().listing(LISTED);
    assert!(target("/srv/untold").await.is_err());
    let seen = evil.world().seen();
    assert!(seen.iter().any(|line| line.starts_with("LIST")), "{seen:?}");

    let (_evil, storage) = server(&["SIZE", "MDTM"], LISTED).await;
    let target = async |name: &str| storage.read_link(&StoragePath::new(name)).await;
    assert_eq!(target("/srv/by list").await.unwrap(), b"/srv/a b");
    assert_eq!(target("/srv/file").await.unwrap_err().kind(), ErrorKind::Invalid);
    assert_eq!(target("/srv/absent").await.unwrap_err().kind(), ErrorKind::NotFound);
}
