//! What is checked of a copy, and what may be claimed of it.

use bytes::Bytes;
use sha2::{Digest as _, Sha256 as Hasher};
use tokio::{sync::mpsc, task::JoinHandle};

use super::{
    errand::Errand,
    step::{At, End, Fail},
};
use crate::{
    domain::{
        digest::{Sha256, Verdict, VerifyLevel},
        error::ErrorKind,
        path::StoragePath,
        sums::{Algorithm, Sum},
    },
    storage::{Capabilities, Storage},
};

/// Which digests are to be had for a copy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Checks {
    /// Hash the bytes while they pass by.
    pub(super) hash_sent: bool,
    /// Ask the source's storage.
    pub(super) ask_source: bool,
    /// Ask the destination's storage, for the part.
    pub(super) ask_target: bool,
}

impl Checks {
    /// The best two ends can do at a level. What is read here from this machine's own disk is the source itself;
    /// what came over a network is not, so a remote source has to say its digest.
    pub(super) fn best(
        level: VerifyLevel,
        source_is_here: bool,
        source: Capabilities,
        target: Capabilities,
    ) -> Self {
        if matches!(level, VerifyLevel::Size | VerifyLevel::Off) {
            return Self { hash_sent: false, ask_source: false, ask_target: false };
        }
        let ask_source = !source_is_here && source.digests && target.digests;
        Self {
            hash_sent: !ask_source,
            ask_source,
            ask_target: target.digests && (source_is_here || ask_source),
        }
    }

    /// Says ahead who will be asked.
    pub(super) fn announce(self, source: &dyn Storage, target: &dyn Storage) {
        if self.ask_source {
            source.expect_digests();
        }
        if self.ask_target {
            target.expect_digests();
        }
    }
}

/// The digests that were to be had.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Digests {
    pub(super) sent: Option<Sha256>,
    pub(super) source: Option<Sha256>,
    pub(super) target: Option<Sha256>,
    /// One of them is of what was read once more.
    pub(super) read_back: bool,
}

/// Two digests that should be one.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Mismatch {
    pub(super) source: Sha256,
    pub(super) target: Sha256,
}

/// What may be claimed; sizes have been compared before.
pub(super) fn judge(
    level: VerifyLevel,
    source_is_here: bool,
    digests: Digests,
) -> Result<(Verdict, Option<Sha256>), Mismatch> {
    match level {
        VerifyLevel::Off => return Ok((Verdict::Off, None)),
        VerifyLevel::Size => return Ok((Verdict::Size, None)),
        VerifyLevel::Auto | VerifyLevel::Digest => {}
    }
    let source = if source_is_here { digests.sent } else { digests.source };
    match (source, digests.target) {
        (Some(source), Some(target)) if source == target => {
            let verdict = if digests.read_back { Verdict::ReadBack } else { Verdict::Hash };
            Ok((verdict, Some(source)))
        }
        (Some(source), Some(target)) => Err(Mismatch { source, target }),
        _ => Ok((Verdict::Size, digests.sent)),
    }
}

/// A storage's digest of a file; `None` where none is to be had.
pub(super) async fn ask(
    wanted: bool,
    storage: &dyn Storage,
    path: &StoragePath,
    end: End,
) -> Result<Option<Sha256>, Fail> {
    if !wanted {
        return Ok(None);
    }
    match storage.digest(path).await {
        Ok(digest) => Ok(Some(digest)),
        Err(error) if tells_nothing(error.kind()) => Ok(None),
        Err(error) => Err(error).at(end),
    }
}

/// A file that may not be read back by whoever wrote it is no sign of wrong bytes.
fn tells_nothing(kind: ErrorKind) -> bool {
    matches!(kind, ErrorKind::Unsupported | ErrorKind::PermissionDenied)
}

/// Where SHA-256 was not to be had at both ends: equal sums of the best other kind that both can take. `None` where
/// there is no such kind.
pub(super) async fn by_other_sums(
    errand: &Errand,
    (source, from): There<'_>,
    (target, to): There<'_>,
) -> Result<Option<Verdict>, Fail> {
    let (here, there) = (source.sums(), target.sums());
    for algorithm in here.into_iter().filter(|algorithm| there.contains(algorithm)) {
        let told = |sum: crate::domain::error::Result<Sum>, end| match sum {
            Ok(sum) => Ok(Some(sum)),
            Err(error) if tells_nothing(error.kind()) => Ok(None),
            Err(error) => Err(error).at(end),
        };
        // One after the other: both may be on one server.
        let Some(there) = told(target.sum(to, algorithm).await, End::Target)? else { continue };
        let Some(here) = told(source.sum(from, algorithm).await, End::Source)? else { continue };
        if here != there {
            let name = algorithm.word();
            let why = format!("its {name} is {here}, but what arrived has {there}");
            return Err(errand.fail(ErrorKind::DigestMismatch, why));
        }
        return Ok(Some(match algorithm {
            Algorithm::Sha256 => Verdict::Hash,
            other => Verdict::Sum(other),
        }));
    }
    Ok(None)
}

/// One end of a copy, to be read once more.
pub(super) type There<'a> = (&'a dyn Storage, &'a StoragePath);

impl Digests {
    /// Fills in what neither end told, by reading it there once more.
    pub(super) async fn or_read_back(
        mut self,
        size: u64,
        source_is_here: bool,
        source: There<'_>,
        target: There<'_>,
    ) -> Result<Self, Fail> {
        if !source_is_here && self.source.is_none() {
            self.source = Some(of_what_is_read(source, size, End::Source).await?);
            self.read_back = true;
        }
        if self.target.is_none() {
            self.target = Some(of_what_is_read(target, size, End::Target).await?);
            self.read_back = true;
        }
        Ok(self)
    }
}

async fn of_what_is_read((storage, path): There<'_>, size: u64, end: End) -> Result<Sha256, Fail> {
    let mut reader = storage.read(path, 0, Some(size)).await.at(end)?;
    let mut hasher = Hasher::new();
    while let Some(chunk) = reader.next().await.at(end)? {
        hasher.update(&chunk);
    }
    reader.finish().await.at(end)?;
    Ok(Sha256(hasher.finalize().into()))
}

/// From this size on the hashing has a thread of its own.
const WORTH_A_THREAD: u64 = 1 << 20;
/// Chunks on their way to that thread.
const CHUNKS_WAITING: usize = 8;

/// Hashes what passes by.
pub(super) enum Passing {
    Nothing,
    Here(Box<Hasher>),
    Thread { chunks: mpsc::Sender<Bytes>, digest: JoinHandle<Sha256> },
}

impl Passing {
    pub(super) fn new(wanted: bool, size: Option<u64>) -> Self {
        if !wanted {
            return Passing::Nothing;
        }
        Self::going_on(Hasher::new(), size)
    }

    /// Goes on with what was hashed before.
    pub(super) fn going_on(mut hasher: Hasher, size: Option<u64>) -> Self {
        if size.is_some_and(|size| size < WORTH_A_THREAD) {
            return Passing::Here(Box::new(hasher));
        }
        let (chunks, mut passing) = mpsc::channel::<Bytes>(CHUNKS_WAITING);
        let digest = tokio::task::spawn_blocking(move || {
            while let Some(chunk) = passing.blocking_recv() {
                hasher.update(&chunk);
            }
            Sha256(hasher.finalize().into())
        });
        Passing::Thread { chunks, digest }
    }

    /// Takes the next bytes; waits when the hashing is behind.
    pub(super) async fn update(&mut self, chunk: &Bytes) {
        match self {
            Passing::Nothing => {}
            Passing::Here(hasher) => hasher.update(chunk),
            // A thread that is gone shows in `finish`: there is no digest then.
            Passing::Thread { chunks, .. } => drop(chunks.send(chunk.clone()).await),
        }
    }

    /// The digest of all that passed, if one was wanted.
    pub(super) async fn finish(self) -> Option<Sha256> {
        match self {
            Passing::Nothing => None,
            Passing::Here(hasher) => Some(Sha256(hasher.finalize().into())),
            Passing::Thread { chunks, digest } => {
                drop(chunks);
                digest.await.ok()
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const A: Sha256 = Sha256([1; 32]);
    const B: Sha256 = Sha256([2; 32]);

    fn digests(sent: Option<Sha256>, source: Option<Sha256>, target: Option<Sha256>) -> Digests {
        Digests { sent, source, target, read_back: false }
    }

    #[test]
    fn hash_is_claimed_only_when_both_ends_are_known_and_equal() {
        let auto = VerifyLevel::Auto;
        assert_eq!(
            judge(auto, true, digests(Some(A), None, Some(A))),
            Ok((Verdict::Hash, Some(A)))
        );
        assert_eq!(
            judge(auto, false, digests(None, Some(A), Some(A))),
            Ok((Verdict::Hash, Some(A)))
        );
        for known in [
            digests(Some(A), None, None),
            digests(None, Some(A), None),
            digests(None, None, Some(A)),
        ] {
            assert_eq!(judge(auto, false, known).unwrap().0, Verdict::Size, "{known:?}");
        }
        // What came over the network is what was sent, not what the source holds.
        assert_eq!(
            judge(auto, false, digests(Some(A), None, Some(A))),
            Ok((Verdict::Size, Some(A)))
        );
    }

    #[test]
    fn different_digests_are_a_mismatch() {
        let mismatch = Err(Mismatch { source: A, target: B });
        assert_eq!(judge(VerifyLevel::Auto, true, digests(Some(A), None, Some(B))), mismatch);
        assert_eq!(judge(VerifyLevel::Auto, false, digests(None, Some(A), Some(B))), mismatch);
    }

    #[test]
    fn no_more_is_claimed_than_was_asked_for() {
        let known = digests(Some(A), Some(A), Some(A));
        assert_eq!(judge(VerifyLevel::Size, true, known), Ok((Verdict::Size, None)));
        assert_eq!(judge(VerifyLevel::Off, true, known), Ok((Verdict::Off, None)));
    }

    #[test]
    fn digests_are_asked_for_where_they_can_decide_something() {
        let can = Capabilities { digests: true, ..Capabilities::default() };
        let cannot = Capabilities::default();
        let best = |here, source, target| Checks::best(VerifyLevel::Auto, here, source, target);
        let checks =
            |hash_sent, ask_source, ask_target| Checks { hash_sent, ask_source, ask_target };
        assert_eq!(best(true, can, can), checks(true, false, true));
        assert_eq!(best(true, can, cannot), checks(true, false, false));
        assert_eq!(best(false, can, can), checks(false, true, true));
        assert_eq!(best(false, cannot, can), checks(true, false, false));
        assert_eq!(best(false, can, cannot), checks(true, false, false));
        assert_eq!(Checks::best(VerifyLevel::Size, true, can, can), checks(false, false, false));
    }

    #[tokio::test]
    async fn hashing_in_a_thread_and_here_agree() {
        let mut digests = Vec::new();
        for size in [Some(6), None] {
            let mut passing = Passing::new(true, size);
            passing.update(&Bytes::from_static(b"foo")).await;
            passing.update(&Bytes::from_static(b"bar")).await;
            digests.push(passing.finish().await.unwrap().to_string());
        }
        assert_eq!(digests[0], "c3ab8ff13720e8ad9047dd39466b3c8974e592c2fa383d4a3960714caef0c4f2");
        assert_eq!(digests[0], digests[1]);
    }
}
