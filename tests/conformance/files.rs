//! Content of files: whole, by ranges, into the middle, and where there is no file.

use std::sync::Arc;

use wharf::{
    domain::error::ErrorKind,
    storage::{FinishOptions, WriteOptions},
};

use super::place::{Kind, Place, fails, pattern};

pub(super) async fn sizes_around_every_edge(place: Arc<Place>) {
    // Around nothing, a request, a chunk and a trip.
    for size in [0, 1, 32_767, 32_768, 32_769, 65_536, 262_144, 262_145, 1_048_576, 1_048_579] {
        let name = format!("{size}");
        let content = pattern(size);
        let told = place.put(&name, &content).await;
        assert_eq!(told.size, Some(size as u64));
        assert!(place.seen_behind(&name).as_ref() == Some(&content), "{size} bytes written");
        assert!(place.get(&name).await.unwrap() == content, "{size} bytes read");
    }
}

pub(super) async fn ranges(place: Arc<Place>) {
    const SIZE: u64 = 300_000;
    let content = pattern(SIZE as usize);
    place.put_behind("f", &content);
    for (offset, length) in [
        (0, Some(0)),
        (0, Some(1)),
        (1, Some(32_768)),
        (32_767, Some(2)),
        (100_000, None),
        (100_000, Some(150_001)),
        (SIZE - 1, None),
        (SIZE - 1, Some(10)),
        (SIZE, None),
        (SIZE, Some(1)),
        (SIZE + 70_000, None),
        (0, Some(u64::MAX)),
        (7, Some(u64::MAX)),
    ] {
        let end = length.map_or(SIZE, |length| offset.saturating_add(length).min(SIZE));
        let expected = content.get(offset as usize..end as usize).unwrap_or_default();
        let read = place.range("f", offset, length).await.unwrap();
        assert!(read == expected, "{length:?} bytes from {offset} came as {}", read.len());
    }
}

pub(super) async fn a_write_in_the_middle_keeps_the_rest(place: Arc<Place>) {
    if !place.writes_in_the_middle() {
        return assert!(!place.storage.capabilities().write_at_offset);
    }
    assert!(place.storage.capabilities().write_at_offset);
    let mut expected = pattern(200_000);
    place.put("f", &expected).await;
    for (offset, length) in [(0, 3), (70_000, 50_000), (199_999, 1), (200_000, 10), (300_000, 5)] {
        if offset == 0 && matches!(place.kind, Kind::Ftp(..)) {
            // STOR without REST begins with an empty file: that is refused, not done.
            let options = WriteOptions { create_new: false, ..WriteOptions::new_private() };
            fails(place.storage.write(&place.at("f"), options).await, &[ErrorKind::Interrupted]);
            assert!(place.seen_behind("f").unwrap() == expected);
            continue;
        }
        let options = WriteOptions { offset, create_new: false, ..WriteOptions::new_private() };
        let mut stream = place.storage.write(&place.at("f"), options).await.unwrap();
        stream.write(vec![b'!'; length].into()).await.unwrap();
        let told = stream.finish(FinishOptions::default()).await.unwrap();
        let end = offset as usize + length;
        expected.resize(expected.len().max(end), 0);
        expected[offset as usize..end].fill(b'!');
        assert_eq!(told.size, Some(expected.len() as u64));
        assert!(place.seen_behind("f").unwrap() == expected, "{length} bytes at {offset}");
    }
}

pub(super) async fn a_new_file_never_takes_a_taken_name(place: Arc<Place>) {
    place.put("file", b"first").await;
    place.storage.make_directory(&place.at("folder"), None).await.unwrap();
    place.link("link", b"nowhere").await;
    let taken = ["file", "folder", "link"];
    // FTP shows no link that leads nowhere, and has no word for "only if it is not there".
    for name in &taken[..if place.sees_links() { 3 } else { 2 }] {
        let written = place.storage.write(&place.at(name), WriteOptions::new_private()).await;
        fails(written, &[ErrorKind::AlreadyExists]);
    }
    assert_eq!(place.seen_behind("file").unwrap(), b"first");
    assert_eq!(place.seen_behind("nowhere"), None, "written through the link");
}

pub(super) async fn an_existing_file_is_only_opened_where_it_stands(place: Arc<Place>) {
    let options = WriteOptions { create_new: false, ..WriteOptions::new_private() };
    fails(place.storage.write(&place.at("absent"), options).await, &[ErrorKind::NotFound]);
    let below_absent = place.at("absent/file");
    fails(
        place.storage.write(&below_absent, WriteOptions::new_private()).await,
        &[ErrorKind::NotFound],
    );
    assert!(place.rows(&place.folder).await.is_empty());
}

pub(super) async fn what_is_no_file_cannot_be_read(place: Arc<Place>) {
    fails(place.get("absent").await, &[ErrorKind::NotFound]);
    place.storage.make_directory(&place.at("folder"), None).await.unwrap();
    fails(place.get("folder").await, &[ErrorKind::IsADirectory, ErrorKind::Failed]);
    fails(
        place
            .storage
            .write(
                &place.at("folder"),
                WriteOptions { create_new: false, ..WriteOptions::new_private() },
            )
            .await,
        &[ErrorKind::IsADirectory, ErrorKind::Failed],
    );
}

pub(super) async fn several_windows_there_and_back(place: Arc<Place>) {
    let content = bytes::Bytes::from(pattern(20_000_003));
    let mut stream =
        place.storage.write(&place.at("f"), WriteOptions::new_private()).await.unwrap();
    // Chunks of every size, none of them a nice one.
    let (mut at, mut step) = (0, 1);
    while at < content.len() {
        let end = content.len().min(at + step);
        stream.write(content.slice(at..end)).await.unwrap();
        at = end;
        step = (step * 3 + 7) % 900_001;
    }
    let told =
        stream.finish(FinishOptions { sync: true, ..FinishOptions::default() }).await.unwrap();
    assert_eq!(told.size, Some(content.len() as u64));
    assert!(place.seen_behind("f").unwrap() == content, "written");
    assert!(place.get("f").await.unwrap() == content, "read");
}
