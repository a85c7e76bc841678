//! Looks into a file: a piece of it, or where a text stands in it, in bounded memory whatever its length.

use bytes::Bytes;
use tokio::time::{Duration, Instant};

use super::{inquiry::Teller, message::Told};
use crate::{
    domain::{error::Result, path::StoragePath},
    storage::Storage,
};

/// The longest piece that is fetched at a time.
pub(super) const LONGEST_PIECE: u32 = 1 << 20;
/// How much of a file is looked through at a time on the way back.
const BACKWARDS_BY: u64 = 1 << 20;
/// How often it is told how far a search has got.
const TELL_EVERY: Duration = Duration::from_millis(200);

/// Some bytes of a file; fewer at its end, none beyond it.
pub(super) async fn piece(
    storage: &dyn Storage,
    path: &StoragePath,
    offset: u64,
    length: u32,
) -> Result<Told> {
    let length = length.min(LONGEST_PIECE);
    let (size, bytes) =
        tokio::join!(storage.stat_followed(path), read(storage, path, offset, length.into()));
    let size = size.ok().and_then(|attributes| attributes.size);
    Ok(Told::Piece { offset, bytes: bytes?, size })
}

pub(super) async fn read(
    storage: &dyn Storage,
    path: &StoragePath,
    offset: u64,
    length: u64,
) -> Result<Bytes> {
    let mut stream = storage.read(path, offset, Some(length)).await?;
    let mut bytes = Vec::new();
    while let Some(chunk) = stream.next().await? {
        bytes.extend_from_slice(&chunk);
    }
    // Whether the whole file was read well is not the question: it may grow while it is looked at.
    Ok(bytes.into())
}

/// Where the text begins at or after `from`.
pub(super) async fn find_after(
    storage: &dyn Storage,
    path: &StoragePath,
    from: u64,
    text: &[u8],
    teller: &Teller,
) -> Result<Option<u64>> {
    let mut stream = storage.read(path, from, None).await?;
    let mut tail: Vec<u8> = Vec::new();
    let mut told = Instant::now();
    // Where `tail` begins.
    let mut at = from;
    while let Some(chunk) = stream.next().await? {
        tail.extend_from_slice(&chunk);
        if let Some(found) = first(&tail, text) {
            return Ok(Some(at + found as u64));
        }
        let kept = text.len().saturating_sub(1).min(tail.len());
        at += (tail.len() - kept) as u64;
        tail.drain(..tail.len() - kept);
        if told.elapsed() >= TELL_EVERY {
            told = Instant::now();
            teller.tell(Told::Searched(at));
            tokio::task::yield_now().await;
        }
    }
    Ok(None)
}

/// Where the last such text begins before `from`.
pub(super) async fn find_before(
    storage: &dyn Storage,
    path: &StoragePath,
    from: u64,
    text: &[u8],
    teller: &Teller,
) -> Result<Option<u64>> {
    let mut end = from;
    let mut told = Instant::now();
    while end > 0 {
        let start = end.saturating_sub(BACKWARDS_BY);
        // A text that begins before the end may reach beyond it.
        let length = end - start + text.len().saturating_sub(1) as u64;
        let bytes = read(storage, path, start, length).await?;
        if let Some(found) = last(&bytes, text).filter(|&found| start + (found as u64) < end) {
            return Ok(Some(start + found as u64));
        }
        end = start;
        if told.elapsed() >= TELL_EVERY {
            told = Instant::now();
            teller.tell(Told::Searched(end));
        }
    }
    Ok(None)
}

fn first(bytes: &[u8], text: &[u8]) -> Option<usize> {
    occurrences(bytes, text).next()
}

fn last(bytes: &[u8], text: &[u8]) -> Option<usize> {
    occurrences(bytes, text).last()
}

/// All places at which a text begins, the case of ASCII letters left out of account.
fn occurrences<'a>(bytes: &'a [u8], text: &'a [u8]) -> impl Iterator<Item = usize> + 'a {
    let (low, high) = match text.first() {
        Some(first) => (first.to_ascii_lowercase(), first.to_ascii_uppercase()),
        None => (0, 0),
    };
    let candidates = memchr::memchr2_iter(low, high, bytes);
    let fits = move |&at: &usize| {
        let there = bytes.get(at..at + text.len());
        !text.is_empty() && there.is_some_and(|there| there.eq_ignore_ascii_case(text))
    };
    candidates.filter(fits)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_found_whatever_their_case() {
        let bytes = b"one Two three tWO";
        assert_eq!(first(bytes, b"two"), Some(4));
        assert_eq!(last(bytes, b"two"), Some(14));
        assert_eq!(first(bytes, b"four"), None);
        assert_eq!(first(bytes, b""), None);
        assert_eq!(first(b"aaab", b"aab"), Some(1));
    }
}
