//! One file's way across, told top to bottom: `.part`, check, rename.

use std::sync::Arc;

use tokio::{sync::watch, try_join};

use super::{
    arrived,
    begun::{self, Begun, Written},
    carry::{self, Carried, in_bytes},
    conflict::{self, Way},
    crash::{self, Moment},
    errand::{Errand, LivePhase},
    final_name::{self, FinalName},
    opening::{Held, Opened, Road, Streams, go_on, open},
    part::Part,
    ranges::Ranges,
    room,
    step::{Arrived, At, End, Fail, Outcome, Stage, Task},
    take_over,
    verify::{self, Checks, Digests, Passing},
    within,
};
use crate::{
    domain::{
        digest::{Sha256, Verdict, VerifyLevel},
        entry::{Attributes, Kind, SetAttributes},
        error::ErrorKind,
        path::StoragePath,
    },
    storage::{Capabilities, FinishOptions},
};

/// A part that is complete and checked, and all that is known of it.
#[derive(Debug, Clone)]
pub(super) struct Ready {
    pub(super) part: StoragePath,
    /// Its name once it is committed.
    name: FinalName,
    /// The source as it was before it was read.
    source: Attributes,
    arrived: Arrived,
}

impl Ready {
    /// A copy that has its name already.
    fn stands(errand: &Errand, to: &StoragePath, arrived: Arrived) -> Self {
        Self::committed(to.clone(), errand.step.source, arrived)
    }

    /// One that was committed by another process; what its part was called does not matter any more.
    pub(super) fn committed(to: StoragePath, source: Attributes, arrived: Arrived) -> Self {
        Self { part: to.clone(), name: FinalName::given(to), source, arrived }
    }

    /// The same, under this name.
    fn named(&self, name: FinalName) -> Arc<Self> {
        Arc::new(Self { name, ..self.clone() })
    }
}

/// Bits that give a file's reader or runner somebody else's rights are not carried: neither is the owner.
pub(super) const CARRIED_PERMISSIONS: u32 = 0o777;

/// Brings one file across, or goes on where the connection was lost at the very end.
pub(super) async fn cross(errand: &Errand, stage: &Stage) -> Result<Outcome, Fail> {
    match stage {
        Stage::Copy => copy(errand, None).await,
        Stage::GoOn(begun) => copy(errand, Some(begun)).await,
        Stage::Named(begun) => named_before(errand, begun).await,
        Stage::Commit(ready) => commit_once_more(errand, ready).await,
        Stage::RemoveSource(ready) => remove_source_later(errand, ready).await,
    }
}

async fn copy(errand: &Errand, begun: Option<&Arc<Begun>>) -> Result<Outcome, Fail> {
    let mut held = Held::default();
    if let Some(begun) = begun {
        held.part = Some(Part::at(begun.part.clone(), errand.target.clone()).noted());
        held.begun = Some(Begun::clone(begun));
    }
    let mut brought = bring_over(errand, &mut held).await;
    if held.taken_over && matches!(&brought, Err(fail) if shows_other_bytes(fail.error.kind())) {
        return Err(errand.fail(ErrorKind::AlreadyExists, conflict::NO_BEGINNING));
    }
    if held.went_on && matches!(&brought, Err(fail) if shows_other_bytes(fail.error.kind())) {
        // What was kept was not what it seemed: all of it once more.
        held = Held::default();
        errand.live.start_over();
        brought = bring_over(errand, &mut held).await;
    }
    match brought {
        Ok(Brought::Ends(outcome)) => Ok(*outcome),
        Ok(Brought::Checked(part, ready)) => commit(errand, part, ready).await,
        Err(fail) => {
            let mut fail = room::say_what_is_missing(errand, &held, fail).await;
            if let (Some(part), Some(begun)) = (held.part, held.begun)
                && is_worth_going_on(fail.error.kind())
            {
                part.keep();
                fail.resume = Some(Task::File(Stage::GoOn(Arc::new(begun))));
            }
            Err(fail)
        }
    }
}

/// What failed is the way, and not what was on it.
fn is_worth_going_on(kind: ErrorKind) -> bool {
    kind.is_worth_a_retry() && kind != ErrorKind::SourceChanged && !shows_other_bytes(kind)
}

fn shows_other_bytes(kind: ErrorKind) -> bool {
    matches!(kind, ErrorKind::SizeMismatch | ErrorKind::DigestMismatch)
}

/// How bringing a file over came out.
enum Brought {
    /// There was nothing to bring.
    Ends(Box<Outcome>),
    /// The part is complete and checked.
    Checked(Part, Arc<Ready>),
}

async fn bring_over(errand: &Errand, held: &mut Held) -> Result<Brought, Fail> {
    let from = &errand.step.from;
    let (source, target) = (&*errand.source, errand.target());

    if let Some(arrived) = arrived::before(errand).await? {
        let ready = Arc::new(Ready::stands(errand, errand.to()?, arrived));
        return Ok(Brought::Ends(Box::new(finish_move(errand, ready).await?)));
    }

    // What stands there?
    let way = match conflict::look_before(errand).await? {
        Way::Ends(outcome) => return Ok(Brought::Ends(outcome)),
        way => way,
    };
    let name = FinalName::new(errand.to()?, &way);
    if let Way::GoesOn(length) = way {
        take_over::take_over(errand, held, length).await?;
    }

    let checks = Checks::best(
        errand.request.options.verify,
        errand.source_is_here(),
        source.capabilities(),
        target.capabilities(),
    );
    checks.announce(source, target);

    // A server that can copies within itself; what it made is checked like everything that arrived.
    if held.begun.is_none()
        && let Some(made) = within::copy(errand).await?
    {
        let arrived = judge(errand, made.part.path(), made.bytes, made.digests).await?;
        let ready = Ready { part: made.part.path().clone(), name, source: made.before, arrived };
        return Ok(Brought::Checked(made.part, Arc::new(ready)));
    }

    let Opened { before, way, mut streams } = match go_on(errand, held).await? {
        Some(opened) => opened,
        None => open(errand, held).await?,
    };
    let Held { part: Some(part), begun, .. } = held else {
        return Err(errand.fail(ErrorKind::Failed, "it has no part; this is a bug"));
    };
    let part = &*part;

    // The bytes; and the source's own digest meanwhile, where it has one to give.
    let (carried, source_digest) = try_join!(
        async {
            match (way, streams.take()) {
                (Road::Stream { offset, hashed }, Some(streams)) => {
                    let passing = match (checks.hash_sent, offset, hashed) {
                        (true, _, Some(hasher)) => Passing::going_on(hasher, before.size),
                        (wanted, offset, _) => Passing::new(wanted && offset == 0, before.size),
                    };
                    carry::in_one_stream(errand, streams, &before, offset, passing)
                        .await
                        .map(Over::of)
                }
                (Road::Stream { .. }, None) => {
                    Err(errand.fail(ErrorKind::Failed, "nothing is open; this is a bug"))
                }
                (Road::Ranges(mut ranges), streams) => {
                    let size = before.size.unwrap_or(0);
                    in_ranges(errand, part, begun, &mut ranges, streams, size, checks).await
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
    target.expect_rename(part.path(), &name.path);
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
    let digests = Digests { sent, source: source_digest, target: target_digest, read_back: false };
    let arrived = judge(errand, part.path(), carried.bytes, digests).await?;

    // Under its own name at last.
    let ready = Arc::new(Ready { part: part.path().clone(), name, source: before, arrived });
    held.begun = None;
    let Some(part) = held.part.take() else {
        return Err(errand.fail(ErrorKind::Failed, "it has no part; this is a bug"));
    };
    Ok(Brought::Checked(part, ready))
}

/// What may be claimed of a part, sizes being equal; digests that are lacking are got where that was asked for.
async fn judge(
    errand: &Errand,
    part: &StoragePath,
    bytes: u64,
    mut digests: Digests,
) -> Result<Arrived, Fail> {
    let level = errand.request.options.verify;
    if level == VerifyLevel::Digest {
        let from = (&*errand.source, &errand.step.from);
        let to = (errand.target(), part);
        digests = digests.or_read_back(bytes, errand.source_is_here(), from, to).await?;
    }
    let (mut verdict, digest) =
        verify::judge(level, errand.source_is_here(), digests).map_err(|mismatch| {
            errand.fail(
                ErrorKind::DigestMismatch,
                format!(
                    "its SHA-256 is {}, but what arrived has {}",
                    mismatch.source, mismatch.target
                ),
            )
        })?;
    if (level, verdict) == (VerifyLevel::Auto, Verdict::Size) {
        let from = (&*errand.source, &errand.step.from);
        let to = (errand.target(), part);
        verdict = verify::by_other_sums(errand, from, to).await?.unwrap_or(verdict);
    }
    Ok(Arrived { bytes, verdict: Some(verdict), digest })
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

/// Carries ranges, and hashes behind them where that is of use and one of the ends is here. What has arrived is written
/// down, so that it need not be carried again.
async fn in_ranges(
    errand: &Errand,
    part: &Part,
    begun: &mut Option<Begun>,
    ranges: &mut Ranges,
    opened: Option<Streams>,
    size: u64,
    checks: Checks,
) -> Result<Over, Fail> {
    let (front, following) = watch::channel(ranges.front());
    let here = if errand.source_is_here() {
        Some((&*errand.source, &errand.step.from, End::Source)).filter(|_| checks.hash_sent)
    } else {
        let wanted = errand.target_is_here() && (checks.hash_sent || checks.ask_target);
        Some((errand.target(), part.path(), End::Target)).filter(|_| wanted)
    };
    let note = |ranges: &Ranges| {
        if let Some(begun) = begun.as_ref() {
            let written = Written::Ranges(ranges.standing(begun::in_doubt(errand)));
            errand.note_progress(Begun { written, ..begun.clone() });
        }
    };
    let over =
        try_join!(carry::in_ranges(errand, part, size, ranges, opened, front, note), async {
            match here {
                Some(here) => carry::hash_behind(here, size, following).await,
                None => Ok(None),
            }
        });
    if let Some(begun) = begun {
        begun.written = Written::Ranges(ranges.standing(begun::in_doubt(errand)));
    }
    let (carried, behind) = over?;
    Ok(Over { carried, behind })
}

/// Gives the checked part its name; and, in a move, removes the source.
async fn commit(errand: &Errand, part: Part, ready: Arc<Ready>) -> Result<Outcome, Fail> {
    errand.live.enter(LivePhase::Committing);
    crash::moment(Moment::BeforeRename);
    let intent = ready.name.keeps_both().then(|| Begun {
        from: errand.step.from.clone(),
        to: ready.name.path.clone(),
        part: part.path().clone(),
        source: ready.source,
        written: Written::Naming(ready.arrived),
    });
    let (target, name) = (errand.target(), ready.name.clone());
    match final_name::give(errand, target, part.path(), name, intent).await {
        Ok(name) => {
            crash::moment(Moment::AfterRename);
            part.keep();
            finish_move(errand, ready.named(name)).await
        }
        Err((error, name)) if error.kind() == ErrorKind::AlreadyExists && name.never_replaces() => {
            conflict::appeared_meanwhile(errand, ready.source).await
        }
        Err((error, name)) if error.kind().ends_the_connection() => {
            // Perhaps it was renamed, perhaps not: the next attempt looks.
            part.keep();
            let resume = Some(Task::File(Stage::Commit(ready.named(name))));
            Err(Fail { error, at: Some(End::Target), resume })
        }
        Err((error, _)) => Err(error).at(End::Target),
    }
}

/// Another process was about to give the part a numbered name: if the part stands, it gets one; if it is gone and its
/// content stands under the name, it had got it. Else all of it is done once more.
async fn named_before(errand: &Errand, begun: &Arc<Begun>) -> Result<Outcome, Fail> {
    let Written::Naming(arrived) = begun.written else { return copy(errand, None).await };
    errand.live.enter(LivePhase::Committing);
    let (target, Begun { part, to, source, .. }) = (errand.target(), &**begun);
    let resume = |mut fail: Fail| {
        fail.resume = Some(Task::File(Stage::Named(begun.clone())));
        fail
    };
    let stands = |path: StoragePath| async move {
        match target.stat(&path).await {
            Ok(found) => Ok(Some(found)),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error).at(End::Target),
        }
    };
    let is_whole =
        |found: &Attributes| found.kind == Kind::File && found.size == Some(arrived.bytes);
    match stands(part.clone()).await.map_err(resume)? {
        Some(found) if is_whole(&found) && begun.is_of(&errand.step.source) => {
            errand.live.find(arrived.bytes);
            let name = FinalName::new(errand.to()?, &Way::Beside { first: 1 });
            let ready = Ready { part: part.clone(), name, source: *source, arrived };
            let part = Part::at(part.clone(), errand.target.clone()).noted();
            return commit(errand, part, Arc::new(ready)).await;
        }
        Some(_) => drop(Part::at(part.clone(), errand.target.clone())),
        None => {
            let found = stands(to.clone()).await.map_err(resume)?;
            if found.is_some_and(|found| is_whole(&found))
                && holds(errand, to, arrived).await.map_err(resume)?
            {
                let ready = Arc::new(Ready::committed(to.clone(), *source, arrived));
                if errand.is_move() {
                    return remove_source_later(errand, &ready).await;
                }
                errand.live.find(arrived.bytes);
                return finish_move(errand, ready).await;
            }
        }
    }
    copy(errand, None).await
}

/// Whether a file holds what arrived, as far as that can be told.
async fn holds(errand: &Errand, path: &StoragePath, arrived: Arrived) -> Result<bool, Fail> {
    let can_tell = arrived.digest.is_some() && errand.target().capabilities().digests;
    let found = verify::ask(can_tell, errand.target(), path, End::Target).await?;
    Ok(found.is_none() || found == arrived.digest)
}

async fn commit_once_more(errand: &Errand, ready: &Arc<Ready>) -> Result<Outcome, Fail> {
    errand.live.enter(LivePhase::Committing);
    errand.live.find(ready.arrived.bytes);
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
            match errand.target().stat(&ready.name.path).await {
                // The part is gone and its content stands under the final name: the rename had been done.
                Ok(found) if is_whole(&found) => return finish_move(errand, ready.clone()).await,
                Ok(_) => {}
                Err(error) if error.kind() == ErrorKind::NotFound => {}
                Err(error) => return Err(error).at(End::Target).map_err(resume),
            }
        }
        Err(error) => return Err(error).at(End::Target).map_err(resume),
    }
    copy(errand, None).await
}

async fn finish_move(errand: &Errand, ready: Arc<Ready>) -> Result<Outcome, Fail> {
    let (arrived, name) = (ready.arrived, ready.name.clone());
    if errand.is_move() {
        // The journal has the commit before the source goes: whoever goes on with the job knows that it was moved.
        errand.note_committed(&ready.name.path, ready.source, arrived).await;
        crash::moment(Moment::BeforeRemoval);
        errand.source.remove_file(&errand.step.from).await.at(End::Source).map_err(
            |mut fail| {
                fail.resume = Some(Task::File(Stage::RemoveSource(ready)));
                fail
            },
        )?;
        crash::moment(Moment::AfterRemoval);
    }
    Ok(Outcome::arrived(errand, name, arrived))
}

/// The copy stands, the source could not be removed at the time.
async fn remove_source_later(errand: &Errand, ready: &Arc<Ready>) -> Result<Outcome, Fail> {
    errand.live.enter(LivePhase::Committing);
    errand.live.find(ready.arrived.bytes);
    let resume = |mut fail: Fail| {
        fail.resume = Some(Task::File(Stage::RemoveSource(ready.clone())));
        fail
    };
    match errand.source.stat(&errand.step.from).await {
        Ok(now) if is_same(&ready.source, &now) => finish_move(errand, ready.clone()).await,
        Ok(_) => Err(errand
            .fail(ErrorKind::Failed, "it changed after it was copied, so it was left where it is")),
        Err(error) if error.kind() == ErrorKind::NotFound => {
            Ok(Outcome::arrived(errand, ready.name.clone(), ready.arrived))
        }
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
pub(super) fn is_same(before: &Attributes, after: &Attributes) -> bool {
    before.kind == after.kind && before.size == after.size && before.modified == after.modified
}
