//! A part that is worth going on with: what the journal keeps of it, and whether it may be believed.

use std::ops::Range;

use sha2::{Digest as _, Sha256 as Hasher};

use super::{
    carry,
    errand::Errand,
    step::{Arrived, At, End, Fail},
    verify,
};
use crate::{
    domain::{
        digest::Sha256,
        entry::{Attributes, Kind},
        error::ErrorKind,
        path::StoragePath,
    },
    storage::Storage,
};

/// From this size on a file is gone on with rather than begun again.
pub(super) const WORTH_GOING_ON: u64 = 1 << 20;
/// So much is compared at the end of what is to be kept.
const COMPARED: u64 = 1 << 20;
/// The same for each of several ranges, of which the last bytes given to a writer are not kept anyway.
const COMPARED_OF_MANY: u64 = 128 << 10;
/// Of a part on a server that no digest proves, so much at its end is carried again: of the writes that were under way
/// some may have arrived and some before them not.
const IN_DOUBT: u64 = 8 << 20;
/// The same for a disk of this machine, where writes are gathered before they are made: what was not made of them is
/// missing at the end, and found when that is compared.
const IN_DOUBT_HERE: u64 = 2 << 20;

/// A file whose part was begun.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Begun {
    pub(super) from: StoragePath,
    pub(super) to: StoragePath,
    pub(super) part: StoragePath,
    /// The source as it was before it was read.
    pub(super) source: Attributes,
    pub(super) written: Written,
}

/// What is known to be in the part.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Written {
    /// It was written from its front to its back: as far as it reaches.
    InOrder,
    /// These ranges, and nothing else.
    Ranges(Vec<Range<u64>>),
    /// All of it, and it was checked; it is about to get this numbered name, and nobody else would know it again.
    Naming(Arrived),
    /// It has its final name, and in a move the source is to go.
    Committed(Arrived),
    /// There is no part: the source itself is about to be renamed.
    Moving,
}

impl Begun {
    /// Whether the source is still what the part was begun from.
    pub(super) fn is_of(&self, source: &Attributes) -> bool {
        self.source.kind == source.kind
            && self.source.size == source.size
            && self.source.modified == source.modified
    }
}

/// What of a part may be kept.
pub(super) enum Kept {
    Ranges(Vec<Range<u64>>),
    /// All up to there; and the digest of it under way, where it was taken.
    UpTo(u64, Option<Hasher>),
}

/// What of a part may be kept; `None` where it has to be begun again: the source is another by now, the
/// part is gone or cannot be of this source, or what stands in it is not what the source holds.
pub(super) async fn prove(
    errand: &Errand,
    begun: &Begun,
    before: &Attributes,
) -> Result<Option<Kept>, Fail> {
    let target = errand.target();
    let (true, Some(size)) = (begun.is_of(before), before.size) else { return Ok(None) };
    let can = target.capabilities();
    let goes_on = match begun.written {
        Written::Ranges(_) => can.write_at_offset,
        Written::InOrder => can.write_at_offset || can.goes_on,
        Written::Naming(_) | Written::Committed(_) | Written::Moving => false,
    };
    if !goes_on || errand.to()? != &begun.to {
        return Ok(None);
    }
    let part = match target.stat(&begun.part).await {
        Ok(part) => part,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error).at(End::Target),
    };
    let stands = part.size.unwrap_or(0);
    if part.kind != Kind::File || stands > size {
        return Ok(None);
    }
    match &begun.written {
        Written::Naming(_) | Written::Committed(_) | Written::Moving => Ok(None),
        Written::Ranges(ranges) => {
            let kept = joined(ranges.clone());
            let compared = if kept.len() > 1 { COMPARED_OF_MANY } else { COMPARED };
            for range in &kept {
                if range.end > stands || !ends_alike(errand, begun, range, compared).await? {
                    return Ok(None);
                }
            }
            Ok(Some(kept).filter(|kept| !kept.is_empty()).map(Kept::Ranges))
        }
        Written::InOrder => {
            if let Some(proved) = prove_by_digest(errand, begun, stands).await? {
                return Ok(proved.map(|hasher| Kept::UpTo(stands, Some(hasher))));
            }
            // What a file here reaches to was written.
            let in_doubt = if errand.target_is_here() { 0 } else { IN_DOUBT };
            let end = stands.saturating_sub(in_doubt);
            if end == 0 || !ends_alike(errand, begun, &(0..end), COMPARED).await? {
                return Ok(None);
            }
            let hashes = errand.source_is_here();
            let hasher = if hashes { hash_of_source(errand, end).await? } else { None };
            Ok(Some(Kept::UpTo(end, hasher)))
        }
    }
}

/// Whether the first bytes of the source are what stands under the final name, `stands` bytes of it: by digest where it
/// can be had, else by what is at both ends of it.
pub(super) async fn is_beginning(errand: &Errand, stands: u64) -> Result<bool, Fail> {
    let (from, to) = (errand.step.from.clone(), errand.to()?.clone());
    let (part, written) = (to.clone(), Written::InOrder);
    let begun = Begun { from, to, part, source: errand.step.source, written };
    match prove_by_digest(errand, &begun, stands).await? {
        Some(proved) => Ok(proved.is_some()),
        None => Ok(ends_alike(errand, &begun, &(0..stands.min(COMPARED)), COMPARED).await?
            && ends_alike(errand, &begun, &(0..stands), COMPARED).await?),
    }
}

/// The digest, under way, of all of the part if it is what the source begins with, `Some(None)` if it is not; `None`
/// where that cannot be told without carrying it.
async fn prove_by_digest(
    errand: &Errand,
    begun: &Begun,
    stands: u64,
) -> Result<Option<Option<Hasher>>, Fail> {
    let target = errand.target();
    if !errand.source_is_here() || !target.capabilities().digests || stands == 0 {
        return Ok(None);
    }
    let Some(there) = verify::ask(true, target, &begun.part, End::Target).await? else {
        return Ok(None);
    };
    let here = hash_of_source(errand, stands).await?;
    Ok(Some(here.filter(|hasher| Sha256(hasher.clone().finalize().into()) == there)))
}

/// The digest, under way, of the source's first bytes; `None` where it holds fewer.
async fn hash_of_source(errand: &Errand, length: u64) -> Result<Option<Hasher>, Fail> {
    let mut reader =
        errand.source.read(&errand.step.from, 0, Some(length)).await.at(End::Source)?;
    let (mut hasher, mut read) = (Hasher::new(), 0);
    while let Some(chunk) = reader.next().await.at(End::Source)? {
        read += chunk.len() as u64;
        hasher.update(&chunk);
    }
    reader.finish().await.at(End::Source)?;
    Ok((read == length).then_some(hasher))
}

/// How many of the last bytes given to a writer may not have arrived.
pub(super) fn in_doubt(errand: &Errand) -> u64 {
    if errand.target_is_here() { IN_DOUBT_HERE } else { IN_DOUBT }
}

/// Whether source and part hold the same at the end of a range, in so many bytes.
async fn ends_alike(
    errand: &Errand,
    begun: &Begun,
    range: &Range<u64>,
    compared: u64,
) -> Result<bool, Fail> {
    let start = range.end.saturating_sub(compared).max(range.start);
    let length = range.end - start;
    let (here, there) = carry::both(
        errand,
        all_of(&*errand.source, &errand.step.from, start, length, End::Source),
        all_of(errand.target(), &begun.part, start, length, End::Target),
    )
    .await?;
    Ok(here.len() as u64 == length && here == there)
}

async fn all_of(
    storage: &dyn Storage,
    path: &StoragePath,
    start: u64,
    length: u64,
    end: End,
) -> Result<Vec<u8>, Fail> {
    let mut reader = storage.read(path, start, Some(length)).await.at(end)?;
    let mut bytes = Vec::new();
    while let Some(chunk) = reader.next().await.at(end)? {
        bytes.extend_from_slice(&chunk);
        if bytes.len() as u64 > length {
            break;
        }
    }
    reader.finish().await.at(end)?;
    Ok(bytes)
}

/// Ranges in order, those that touch made one; what is no range is left out.
fn joined(mut ranges: Vec<Range<u64>>) -> Vec<Range<u64>> {
    ranges.retain(|range| !range.is_empty());
    ranges.sort_by_key(|range| range.start);
    let mut joined: Vec<Range<u64>> = Vec::new();
    for range in ranges {
        match joined.last_mut() {
            Some(last) if last.end >= range.start => last.end = last.end.max(range.end),
            _ => joined.push(range),
        }
    }
    joined
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_that_touch_are_one() {
        assert_eq!(joined(vec![8..12, 0..4, 4..8, 20..21]), [0..12, 20..21]);
        assert_eq!(joined(vec![0..10, 2..4, 20..21]), [0..10, 20..21]);
        assert!(joined(Vec::from([Range { start: 3, end: 3 }])).is_empty());
    }
}
