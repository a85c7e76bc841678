//! One file's way across, told top to bottom: `.part`, check, rename.

use std::sync::Arc;

use bytes::Bytes;
use tokio::{sync::mpsc, try_join};

use super::{
    conflict::{self, Way},
    errand::{Errand, Live, LivePhase},
    part::Part,
    step::{Arrived, At, End, Fail, Outcome, Stage, Task},
    verify::{self, Checks, Digests, Passing},
};
use crate::{
    domain::{
        digest::Sha256,
        entry::{Attributes, Kind, SetAttributes},
        error::ErrorKind,
        path::StoragePath,
    },
    storage::{Capabilities, FinishOptions, ReadStream, Replace, WriteOptions, WriteStream},
};

/// A part that is complete and checked, and all that is known of it.
#[derive(Debug, Clone)]
pub(super) struct Ready {
    pub(super) part: StoragePath,
    replace: Replace,
    /// The source as it was before it was read.
    source: Attributes,
    arrived: Arrived,
}

/// Chunks between reading and writing: bounds memory when one side is slow.
const CHUNKS_WAITING: usize = 8;
/// Bits that give a file's reader or runner somebody else's rights are not carried: neither is the owner.
const CARRIED_PERMISSIONS: u32 = 0o777;

/// Brings one file across, or goes on where the connection was lost at the very end.
pub(super) async fn cross(errand: &Errand, stage: &Stage) -> Result<Outcome, Fail> {
    match stage {
        Stage::Copy => copy(errand).await,
        Stage::Commit(ready) => commit_once_more(errand, ready).await,
        Stage::RemoveSource(ready) => remove_source_later(errand, ready).await,
    }
}

async fn copy(errand: &Errand) -> Result<Outcome, Fail> {
    let (from, to) = (&errand.step.from, errand.to()?);
    let (source, target) = (&*errand.source, errand.target());

    // What stands there?
    let replace = match conflict::look_before(errand).await? {
        Way::Free => Replace::Never,
        Way::Overwrite => Replace::Allowed,
        Way::Ends(outcome) => return Ok(*outcome),
    };

    // Both ends are opened in one round trip.
    let part = Part::beside(to, errand.target.clone());
    let (before, reader, writer) = try_join!(
        async { source.stat(from).await.at(End::Source) },
        async { source.read(from, 0, None).await.at(End::Source) },
        async { target.write(part.path(), WriteOptions::new_private()).await.at(End::Target) },
    )?;
    if before.kind != Kind::File {
        return Err(errand.fail(ErrorKind::SourceChanged, "it is not a file any more"));
    }
    // What it was when it was listed, it was before the first byte was read. If it is not that any more, the first
    // bytes may be older than this look at it: it is opened once more, after the look.
    let reader = match is_same(&errand.step.source, &before) {
        true => reader,
        false => source.read(from, 0, None).await.at(End::Source)?,
    };

    // The bytes; and the source's own digest meanwhile, where it has one to give.
    let checks = Checks::best(
        errand.request.options.verify,
        errand.source_is_here(),
        source.capabilities(),
        target.capabilities(),
    );
    let (carried, source_digest) = try_join!(
        carry(errand, reader, writer, &before, checks.hash_sent),
        verify::ask(checks.ask_source, source, from, End::Source),
    )?;

    // Closed, with its attributes; the source looked at once more; the digest of what arrived.
    errand.live.enter(LivePhase::Verifying);
    let finish = FinishOptions {
        attributes: carried_attributes(&before, target.capabilities(), CARRIED_PERMISSIONS),
        // Once the source is removed this is the only copy.
        sync: errand.is_move(),
    };
    let ((arrived, target_digest), after) = try_join!(
        async {
            let arrived = carried.writer.finish(finish).await.at(End::Target)?;
            let digest = verify::ask(checks.ask_target, target, part.path(), End::Target).await?;
            Ok((arrived, digest))
        },
        async { source.stat(from).await.at(End::Source) },
    )?;
    if !is_same(&before, &after) {
        return Err(errand.fail(ErrorKind::SourceChanged, "it changed while it was read"));
    }
    if arrived.size != Some(carried.bytes) {
        return Err(errand.fail(
            ErrorKind::SizeMismatch,
            format!("{} arrived of {} bytes sent", in_bytes(arrived.size), carried.bytes),
        ));
    }
    let digests = Digests { sent: carried.digest, source: source_digest, target: target_digest };
    let level = errand.request.options.verify;
    let (verdict, digest) =
        verify::judge(level, errand.source_is_here(), digests).map_err(|mismatch| {
            errand.fail(
                ErrorKind::DigestMismatch,
                format!(
                    "its SHA-256 is {}, but what arrived has {}",
                    mismatch.source, mismatch.target
                ),
            )
        })?;

    // Under its own name at last.
    errand.live.enter(LivePhase::Committing);
    let ready = Arc::new(Ready {
        part: part.path().clone(),
        replace,
        source: before,
        arrived: Arrived { bytes: carried.bytes, verdict: Some(verdict), digest },
    });
    commit(errand, part, ready).await
}

struct Carried {
    bytes: u64,
    digest: Option<Sha256>,
    writer: Box<dyn WriteStream>,
}

/// Reads and writes side by side until the source has ended where its size said it would.
async fn carry(
    errand: &Errand,
    mut reader: Box<dyn ReadStream>,
    mut writer: Box<dyn WriteStream>,
    before: &Attributes,
    hash: bool,
) -> Result<Carried, Fail> {
    let (chunks, mut waiting) = mpsc::channel::<Bytes>(CHUNKS_WAITING);
    let live: &Live = &errand.live;
    let reading = async move {
        let mut passing = Passing::new(hash, before.size);
        let mut bytes = 0u64;
        while let Some(chunk) = reader.next().await.at(End::Source)? {
            bytes += chunk.len() as u64;
            if before.size.is_some_and(|size| bytes > size) {
                let why = format!("it holds more than the {} its size said", in_bytes(before.size));
                return Err(errand.fail(ErrorKind::SourceChanged, why));
            }
            passing.update(&chunk).await;
            // The writing is gone only when it failed, and then its error is what counts.
            let _ = chunks.send(chunk).await;
        }
        reader.finish().await.at(End::Source)?;
        if before.size.is_some_and(|size| bytes < size) {
            let why = format!("it ended after {bytes} of {}", in_bytes(before.size));
            return Err(errand.fail(ErrorKind::SourceChanged, why));
        }
        Ok((bytes, passing.finish().await))
    };
    let writing = async {
        while let Some(chunk) = waiting.recv().await {
            let length = chunk.len();
            writer.write(chunk).await.at(End::Target)?;
            live.carry(length);
        }
        Ok(())
    };
    let ((bytes, digest), ()) = try_join!(reading, writing)?;
    Ok(Carried { bytes, digest, writer })
}

/// Gives the checked part its name; and, in a move, removes the source.
async fn commit(errand: &Errand, part: Part, ready: Arc<Ready>) -> Result<Outcome, Fail> {
    let to = errand.to()?;
    match errand.target().rename(part.path(), to, ready.replace).await {
        Ok(()) => part.keep(),
        Err(error)
            if error.kind() == ErrorKind::AlreadyExists && ready.replace == Replace::Never =>
        {
            return conflict::appeared_meanwhile(errand, ready.source).await;
        }
        Err(error) if error.kind().ends_the_connection() => {
            // Perhaps it was renamed, perhaps not: the next attempt looks.
            part.keep();
            let resume = Some(Task::File(Stage::Commit(ready)));
            return Err(Fail { error, at: Some(End::Target), resume });
        }
        Err(error) => return Err(error).at(End::Target),
    }
    finish_move(errand, ready).await
}

async fn commit_once_more(errand: &Errand, ready: &Arc<Ready>) -> Result<Outcome, Fail> {
    errand.live.enter(LivePhase::Committing);
    errand.live.carry(usize::try_from(ready.arrived.bytes).unwrap_or(usize::MAX));
    let resume = |mut fail: Fail| {
        fail.resume = Some(Task::File(Stage::Commit(ready.clone())));
        fail
    };
    let is_whole =
        |found: &Attributes| found.kind == Kind::File && found.size == Some(ready.arrived.bytes);
    match errand.target().stat(&ready.part).await {
        Ok(found) if is_whole(&found) => {
            let part = Part::at(ready.part.clone(), errand.target.clone());
            return commit(errand, part, ready.clone()).await;
        }
        Ok(_) => drop(Part::at(ready.part.clone(), errand.target.clone())),
        Err(error) if error.kind() == ErrorKind::NotFound => {
            match errand.target().stat(errand.to()?).await {
                // The part is gone and its content stands under the final name: the rename had been done.
                Ok(found) if is_whole(&found) => return finish_move(errand, ready.clone()).await,
                Ok(_) => {}
                Err(error) if error.kind() == ErrorKind::NotFound => {}
                Err(error) => return Err(error).at(End::Target).map_err(resume),
            }
        }
        Err(error) => return Err(error).at(End::Target).map_err(resume),
    }
    copy(errand).await
}

async fn finish_move(errand: &Errand, ready: Arc<Ready>) -> Result<Outcome, Fail> {
    let arrived = ready.arrived;
    if errand.is_move() {
        errand.source.remove_file(&errand.step.from).await.at(End::Source).map_err(
            |mut fail| {
                fail.resume = Some(Task::File(Stage::RemoveSource(ready)));
                fail
            },
        )?;
    }
    Ok(Outcome::Done(arrived))
}

/// The copy stands, the source could not be removed at the time.
async fn remove_source_later(errand: &Errand, ready: &Arc<Ready>) -> Result<Outcome, Fail> {
    errand.live.enter(LivePhase::Committing);
    errand.live.carry(usize::try_from(ready.arrived.bytes).unwrap_or(usize::MAX));
    let resume = |mut fail: Fail| {
        fail.resume = Some(Task::File(Stage::RemoveSource(ready.clone())));
        fail
    };
    match errand.source.stat(&errand.step.from).await {
        Ok(now) if is_same(&ready.source, &now) => finish_move(errand, ready.clone()).await,
        Ok(_) => Err(errand
            .fail(ErrorKind::Failed, "it changed after it was copied, so it was left where it is")),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(Outcome::Done(ready.arrived)),
        Err(error) => Err(error).at(End::Source).map_err(resume),
    }
}

/// Permissions and times as far as the destination can hold them.
pub(super) fn carried_attributes(
    source: &Attributes,
    target: Capabilities,
    permissions: u32,
) -> SetAttributes {
    SetAttributes {
        permissions: source
            .permissions
            .map(|bits| bits & permissions)
            .filter(|_| target.set_permissions),
        modified: source.modified.filter(|_| target.set_times),
    }
}

/// Whether a file is still what it was, as far as its storage tells.
fn is_same(before: &Attributes, after: &Attributes) -> bool {
    before.kind == after.kind && before.size == after.size && before.modified == after.modified
}

fn in_bytes(size: Option<u64>) -> String {
    size.map_or_else(|| "an unknown number of bytes".into(), |size| format!("{size} bytes"))
}
