//! Names on servers that write them in another encoding than the house does.

use tokio::time::{Duration, timeout};
use wharf::{
    domain::{encoding::Encoding, ftp::FtpWays},
    storage::WriteOptions,
};

use super::*;

const SOON: Duration = Duration::from_secs(20);

async fn connect_with(evil: &EvilFtp, label: &str) -> Arc<dyn Storage> {
    let encoding = Some(Encoding::read(label).unwrap());
    connect_in_ways(evil, FtpWays { encoding, ..FtpWays::default() }).await
}

async fn names_in(storage: &dyn Storage) -> Vec<Vec<u8>> {
    let listing = storage.list(&StoragePath::new("/srv")).await.unwrap();
    let rows = timeout(SOON, listing.collect()).await.unwrap().unwrap();
    assert!(rows.refused.is_empty(), "{:?}", rows.refused);
    rows.entries.iter().map(|row| row.name.as_bytes().to_vec()).collect()
}

/// Lines of a listing of these names.
fn listing_of(names: &[&[u8]]) -> Vec<u8> {
    let line =
        |name: &&[u8]| [b"type=file;size=7;modify=20240101000000; ", *name, b"\r\n"].concat();
    names.iter().map(line).collect::<Vec<_>>().concat()
}

/// Fault 5, for what is text in the site's encoding: shown as text, typed as text, the server's own bytes on the wire.
#[tokio::test(flavor = "multi_thread")]
async fn names_are_text_here_and_the_servers_own_there() {
    for (label, written, text) in [
        ("windows-1252", &b"caf\xe9"[..], "café"),
        ("koi8-r", b"\xf0\xd2\xc9", "При"),
        ("shift_jis", b"\x93\xfa\x96\x7b", "日本"),
        ("gbk", b"\xd6\xd0", "中"),
    ] {
        let path = [b"/srv/", written].concat();
        let evil = EvilFtp::start(|world| {
            world.file(&path, b"content");
            world.listing(listing_of(&[written]));
        });
        let storage = connect_with(&evil, label).await;
        assert_eq!(names_in(&*storage).await, [text.as_bytes()], "{label}");
        let read = timeout(SOON, read_all(&*storage, &format!("/srv/{text}"))).await.unwrap();
        assert_eq!(read.unwrap(), b"content", "{label}");
        let new = StoragePath::new(format!("/srv/{text}2"));
        let mut stream = storage.write(&new, WriteOptions::new_private()).await.unwrap();
        stream.write(b"new".as_slice().into()).await.unwrap();
        stream.finish(Default::default()).await.unwrap();
        let path = [&path[..], b"2"].concat();
        assert_eq!(evil.world().content(&path).as_deref(), Some(&b"new"[..]), "{label}");
        let seen = evil.world().seen();
        assert!(seen.iter().any(|line| line == "OPTS UTF8 OFF"), "{label}: {seen:?}");
    }
}

/// Fault 5: what is no text in it is still the same file, there and back.
#[tokio::test(flavor = "multi_thread")]
async fn names_that_do_not_keep_to_it_are_found_again() {
    // Half a character; UTF-8 where Shift_JIS is meant; one that Shift_JIS would write otherwise.
    let names: [&[u8]; 4] = [b"half\x93", "é日".as_bytes(), b"\x87\x90", b"\xff"];
    let evil = EvilFtp::start(|world| {
        for name in names {
            world.file([b"/srv/", name].concat(), name);
        }
        world.listing(listing_of(&names));
    });
    let storage = connect_with(&evil, "shift_jis").await;
    let here = names_in(&*storage).await;
    assert_eq!(here.len(), names.len());
    for (here, there) in here.iter().zip(names) {
        let path = StoragePath::new([b"/srv/", &here[..]].concat());
        let mut stream = storage.read(&path, 0, None).await.unwrap();
        let content = timeout(SOON, stream.next()).await.unwrap().unwrap().unwrap();
        stream.finish().await.unwrap();
        assert_eq!(content, there);
    }
}

/// Refused with the reason, and nothing of it reaches the wire.
#[tokio::test(flavor = "multi_thread")]
async fn names_that_cannot_be_written_are_refused() {
    let evil = EvilFtp::start(|world| world.file("/srv/a", b"content"));
    let storage = connect_with(&evil, "windows-1252").await;
    let path = StoragePath::new("/srv/日本");
    let refused = [
        storage.stat(&path).await.err(),
        storage.read(&path, 0, None).await.err(),
        storage.write(&path, WriteOptions::new_private()).await.err(),
        storage.make_directory(&path, None).await.err(),
        storage.remove_file(&path).await.err(),
    ];
    for error in refused {
        let error = error.unwrap();
        assert_eq!(error.kind(), ErrorKind::InvalidName);
        assert!(error.to_string().contains("windows-1252, which has no “日”"), "{error}");
    }
    // The answers to a login's last words are not waited for, nor is a further connection: they may come at any time.
    let of_a_login = ["USER", "PASS", "FEAT", "PWD", "TYPE", "OPTS", "EPSV"];
    let seen = evil.world().seen();
    let verb = |line: &str| line.split(' ').next().map(String::from).unwrap_or_default();
    let others: Vec<&String> =
        seen.iter().filter(|line| !of_a_login.contains(&&*verb(line))).collect();
    assert!(others.is_empty(), "{others:?}");
}

/// One who says UTF-8 is believed, whatever the server announces.
#[tokio::test(flavor = "multi_thread")]
async fn utf8_is_asked_for_where_it_is_to_be_had() {
    for (features, label, said) in [
        (&["SIZE", "UTF8"][..], None, Some("OPTS UTF8 ON")),
        (&["SIZE"], None, None),
        (&["SIZE"], Some("utf-8"), Some("OPTS UTF8 ON")),
        (&["SIZE"], Some("latin1"), None),
    ] {
        let evil = EvilFtp::start(|world| world.features(features));
        let storage = match label {
            Some(label) => connect_with(&evil, label).await,
            None => connect(&evil).await,
        };
        // Its answer is not waited for; what is asked after it comes after it.
        let _ = storage.stat(&StoragePath::new("/anything")).await;
        let seen = evil.world().seen();
        let told = seen.iter().find(|line| line.starts_with("OPTS UTF8"));
        assert_eq!(told.map(String::as_str), said, "{features:?} {label:?}");
    }
}
