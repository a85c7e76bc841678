//! One file's way across, told top to bottom: `.part`, check, rename.

use std::sync::Arc;

use tokio::{sync::watch, try_join};

use super::{
    carry::{self, Carried, in_bytes},
    conflict::{self, Way},
    errand::{Errand, LivePhase},
    part::Part,
    ranges::{Ranges, WORTH_RANGES},
    step::{Arrived, At, End, Fail, Outcome, Stage, Task},
    verify::{self, Checks, Digests},
};
use crate::{
    domain::{
        digest::{Sha256, VerifyLevel},
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

    let checks = Checks::best(
        errand.request.options.verify,
        errand.source_is_here(),
        source.capabilities(),
        target.capabilities(),
    );
    checks.announce(source, target);

    // A large file goes in ranges, where there are lanes to spread them over.
    let has_lanes = carry::can_take_ranges(errand);
    let large = |file: &Attributes| file.size.filter(|&size| has_lanes && size >= WORTH_RANGES);
    let first_range = |file: &Attributes| large(file).map(Ranges::first_length);

    // Both ends are opened in one round trip. Where a listing tells times only roughly it cannot tell whether the file
    // is still the same: there the look comes first.
    let part = Part::beside(to, errand.target.clone());
    let listed = &errand.step.source;
    let stat = async { source.stat(from).await.at(End::Source) };
    let read = async |length| source.read(from, 0, length).await.at(End::Source);
    let write =
        async { target.write(part.path(), WriteOptions::new_private()).await.at(End::Target) };
    let is_exact = source.capabilities().exact_listings;
    let (before, reader, writer) = if is_exact {
        try_join!(stat, read(first_range(listed)), write)?
    } else {
        let look_and_read = async {
            let before = stat.await?;
            let reader = read(first_range(&before)).await?;
            Ok((before, reader))
        };
        let ((before, reader), writer) = try_join!(look_and_read, write)?;
        (before, reader, writer)
    };
    if before.kind != Kind::File {
        return Err(errand.fail(ErrorKind::SourceChanged, "it is not a file any more"));
    }
    // What it was when it was listed, it was before the first byte was read. If it is not that any more, the first
    // bytes may be older than this look at it: it is opened once more, after the look.
    let reader = match !is_exact || is_same(listed, &before) {
        true => reader,
        false => {
            drop(reader);
            read(first_range(&before)).await?
        }
    };

    // The bytes; and the source's own digest meanwhile, where it has one to give.
    let (carried, source_digest) = try_join!(
        async {
            match large(&before) {
                Some(size) => in_ranges(errand, &part, (reader, writer), size, checks).await,
                None => {
                    let hash = checks.hash_sent;
                    carry::in_one_stream(errand, reader, writer, &before, hash).await.map(Over::of)
                }
            }
        },
        verify::ask(checks.ask_source, source, from, End::Source),
    )?;
    let Over { carried, behind } = carried;

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
            let known = behind.filter(|_| errand.target_is_here());
            let ask = checks.ask_target && known.is_none();
            let digest = verify::ask(ask, target, part.path(), End::Target).await?;
            Ok((arrived, digest.or(known)))
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
    let sent = carried.digest.or(behind);
    let mut digests =
        Digests { sent, source: source_digest, target: target_digest, read_back: false };
    let level = errand.request.options.verify;
    if level == VerifyLevel::Digest {
        let (from, to) = ((source, from), (target, part.path()));
        digests = digests.or_read_back(carried.bytes, errand.source_is_here(), from, to).await?;
    }
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

/// The bytes are over; and the digest of what stands at this machine's end, where it was taken behind them.
struct Over {
    carried: Carried,
    behind: Option<Sha256>,
}

impl Over {
    fn of(carried: Carried) -> Self {
        Self { carried, behind: None }
    }
}

/// Carries ranges, and hashes behind them where that is of use and one of the ends is here.
async fn in_ranges(
    errand: &Errand,
    part: &Part,
    opened: (Box<dyn ReadStream>, Box<dyn WriteStream>),
    size: u64,
    checks: Checks,
) -> Result<Over, Fail> {
    let (front, following) = watch::channel(0);
    let here = if errand.source_is_here() {
        Some((&*errand.source, &errand.step.from, End::Source)).filter(|_| checks.hash_sent)
    } else {
        let wanted = errand.target_is_here() && (checks.hash_sent || checks.ask_target);
        Some((errand.target(), part.path(), End::Target)).filter(|_| wanted)
    };
    let (carried, behind) =
        try_join!(carry::in_ranges(errand, part, size, opened, front), async {
            match here {
                Some(here) => carry::hash_behind(here, size, following).await,
                None => Ok(None),
            }
        })?;
    Ok(Over { carried, behind })
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
    errand.live.carry(ready.arrived.bytes);
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
    errand.live.carry(ready.arrived.bytes);
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
