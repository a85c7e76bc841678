//! Names that a shell, a terminal or a careless program would trip over are names like any other.

use std::{collections::BTreeSet, sync::Arc};

use wharf::{
    domain::{error::ErrorKind, path::Name},
    storage::{Replace, WriteOptions},
};

use crate::servers::ftp_server::Make;

use super::place::{Kind, Place, fails};

fn odd_names(place: &Place) -> Vec<Name> {
    let odd: [&[u8]; 24] = [
        b" ",
        b" leading and trailing ",
        b"it's",
        b"\"quoted\"",
        b"`touch x`",
        b"$(touch x)",
        b"; touch x",
        b"-rf",
        b"--",
        b"two\nlines",
        b"\r",
        b"tab\tbed",
        b"back\\slash",
        b"*?[a]{b,c}~",
        b"...",
        b".hidden",
        b"#!%&|<>",
        b"\x01\x1b[31mred\x07",
        "naïve 文件 🗎".as_bytes(),
        "right\u{202e}to left".as_bytes(),
        b"latin-1 caf\xe9",
        b"\xff\xfe",
        b"cut off \xe6\x96",
        b"a:b=c,d@e",
    ];
    odd.into_iter()
        .filter(|name| place.can_hold(name))
        .map(|name| Name::new(name).unwrap())
        .collect()
}

pub(super) async fn odd_names_there_and_back(place: Arc<Place>) {
    let names = odd_names(&place);
    for name in &names {
        place.put(name.as_bytes(), name.as_bytes()).await;
    }
    let rows = place.rows(&place.folder).await;
    let expected: BTreeSet<Name> = names.iter().cloned().collect();
    assert_eq!(rows.into_keys().collect::<BTreeSet<_>>(), expected);
    for name in &names {
        assert_eq!(place.get(name.as_bytes()).await.unwrap(), name.as_bytes(), "{name:?}");
        place.storage.stat(&place.named(name)).await.unwrap();
    }
}

pub(super) async fn odd_names_are_renamed_and_removed(place: Arc<Place>) {
    // ProFTPD makes no directories whose names look like patterns.
    let proftpd = matches!(place.kind, Kind::Ftp(Make::ProFtpd, _));
    let takes = |name: &Name| !proftpd || !name.as_bytes().contains(&b'*');
    for name in odd_names(&place).into_iter().filter(takes) {
        let path = place.named(&name);
        let nested = path.join(&name);
        place.storage.make_directory(&path, None).await.unwrap();
        let stream = place.storage.write(&nested, WriteOptions::new_private()).await.unwrap();
        stream.finish(Default::default()).await.unwrap();
        let moved = place.at("moved");
        place.storage.rename(&nested, &moved, Replace::Never).await.unwrap();
        place.storage.rename(&moved, &nested, Replace::Allowed).await.unwrap();
        place.storage.remove_file(&nested).await.unwrap();
        place.storage.remove_directory(&path).await.unwrap();
    }
    assert!(place.rows(&place.folder).await.is_empty());
}

pub(super) async fn the_longest_name_works_and_a_longer_one_is_refused(place: Arc<Place>) {
    let longest = vec![b'n'; 255];
    place.put(&longest, b"x").await;
    assert_eq!(place.get(&longest).await.unwrap(), b"x");
    if place.kind == super::place::Kind::Memory {
        // It has no limit of its own.
        return;
    }
    let longer = place.at(vec![b'n'; 256]);
    let refused = place.storage.write(&longer, WriteOptions::new_private()).await;
    fails(refused, &[ErrorKind::InvalidName, ErrorKind::Failed]);
}
