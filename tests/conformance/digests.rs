//! Digests computed at the storage's end.

use std::sync::Arc;

use sha2::Digest as _;
use wharf::domain::{digest::Sha256, error::ErrorKind};

use super::place::{Place, fails, pattern};

pub(super) async fn equal_to_what_is_known(place: Arc<Place>) {
    if !place.takes_digests() {
        place.put("file", b"content").await;
        assert!(!place.storage.capabilities().digests);
        fails(place.storage.digest(&place.at("file")).await, &[ErrorKind::Unsupported]);
        return;
    }
    assert!(place.storage.capabilities().digests);
    let names: [&[u8]; 6] =
        [b"plain", b" 'it' is \"odd\" ", b"-rf", b"$(touch x)", b"caf\xe9", b"\\n\\"];
    for (size, name) in [0, 1, 3, 100_000, 3_000_001, 64].into_iter().zip(names) {
        if !place.can_hold(name) {
            continue;
        }
        let content = pattern(size);
        place.put(name, &content).await;
        let digest = place.storage.digest(&place.at(name)).await.unwrap();
        assert_eq!(digest, Sha256(sha2::Sha256::digest(&content).into()), "{size} bytes");
    }
    // The empty file's is known to everyone.
    let empty = place.storage.digest(&place.at("plain")).await.unwrap().to_string();
    assert_eq!(empty, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    assert_eq!(place.seen_behind("x"), None, "a name was taken for a command");
}

pub(super) async fn of_what_cannot_be_read(place: Arc<Place>) {
    if !place.takes_digests() {
        return;
    }
    let kinds = [ErrorKind::NotFound, ErrorKind::Failed];
    fails(place.storage.digest(&place.at("absent")).await, &kinds);
    place.storage.make_directory(&place.at("folder"), None).await.unwrap();
    let kinds = [ErrorKind::IsADirectory, ErrorKind::Failed];
    fails(place.storage.digest(&place.at("folder")).await, &kinds);
    // And the next one works again.
    place.put("file", b"x").await;
    place.storage.digest(&place.at("file")).await.unwrap();
}
