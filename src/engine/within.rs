//! A copy within one server, made by the server itself: no byte of it crosses the line.

use super::{
    carry,
    errand::{Errand, LivePhase},
    part::Part,
    step::{At, End, Fail},
    transfer::{CARRIED_PERMISSIONS, carried_attributes, is_same},
    verify::{self, Checks, Digests},
};
use crate::{
    domain::{
        entry::{Attributes, Kind},
        error::ErrorKind,
    },
    storage::{FinishOptions, Within},
};

/// A part that the server has made, and what is known of it.
pub(super) struct Made {
    pub(super) part: Part,
    /// The source before it was read.
    pub(super) before: Attributes,
    pub(super) bytes: u64,
    pub(super) digests: Digests,
}

/// Has the server make the part. `None` where it cannot, or would not: then the bytes go through here.
pub(super) async fn copy(errand: &Errand) -> Result<Option<Made>, Fail> {
    let storage = errand.target();
    if !errand.is_within_one_endpoint() || !storage.capabilities().copies {
        return Ok(None);
    }
    let from = &errand.step.from;
    let before = errand.source.stat(from).await.at(End::Source)?;
    let (Kind::File, Some(bytes)) = (before.kind, before.size) else { return Ok(None) };
    let part = Part::beside(errand.to()?, errand.target.clone());
    let capabilities = storage.capabilities();
    let finish = FinishOptions {
        attributes: carried_attributes(&before, capabilities, CARRIED_PERMISSIONS),
        sync: errand.is_move(),
    };
    let within = Within { from, to: part.path(), size: bytes, finish };
    let arrived = match storage.copy_within(&within, &|bytes| errand.live.carry(bytes)).await {
        Ok(arrived) => arrived,
        Err(error) if error.kind().ends_the_connection() => return Err(error).at(End::Target),
        // What stands against it may stand against every way; the other way tells it better.
        Err(_) => {
            errand.live.start_over();
            return Ok(None);
        }
    };
    errand.live.enter(LivePhase::Verifying);
    // Both are asked of the server: what passed by here was nothing.
    let level = errand.request.options.verify;
    let checks = Checks::best(level, false, capabilities, capabilities);
    let source = verify::ask(checks.ask_source, storage, from, End::Source).await?;
    let target = verify::ask(checks.ask_target, storage, part.path(), End::Target).await?;
    let after = errand.source.stat(from).await.at(End::Source)?;
    if !is_same(&before, &after) {
        return Err(errand.fail(ErrorKind::SourceChanged, "it changed while it was copied"));
    }
    if arrived.size != Some(bytes) {
        let why = format!("{} were made of {bytes} bytes", carry::in_bytes(arrived.size));
        return Err(errand.fail(ErrorKind::SizeMismatch, why));
    }
    let digests = Digests { sent: None, source, target, read_back: false };
    Ok(Some(Made { part, before, bytes, digests }))
}
