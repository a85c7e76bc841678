//! Where a file did not fit: how much room it lacked, as far as the storage tells what there is.

use super::{
    begun::Written,
    errand::Errand,
    opening::Held,
    step::{End, Fail},
};
use crate::domain::{
    error::{Error, ErrorKind},
    figures,
};

/// The same failure, with how much is missing. What of the file is there already has its room.
pub(super) async fn say_what_is_missing(errand: &Errand, held: &Held, fail: Fail) -> Fail {
    if fail.error.kind() != ErrorKind::NoSpace || fail.at != Some(End::Target) {
        return fail;
    }
    let target = errand.target();
    let parent = errand.step.to.as_ref().and_then(|to| to.parent());
    let (Some(size), Some(folder)) = (errand.step.source.size, parent) else { return fail };
    let Ok(room) = target.space(&folder).await else { return fail };
    let stands = match &held.part {
        Some(part) => target.stat(part.path()).await.ok().and_then(|found| found.size),
        None => None,
    };
    let there = match held.begun.as_ref().map(|begun| &begun.written) {
        // It has holes in it.
        Some(Written::Ranges(_)) => errand.live.carried(),
        _ => stands.unwrap_or(0),
    };
    let missing = size.saturating_sub(there).saturating_sub(room.available);
    if missing == 0 {
        // A quota, or room that was made meanwhile.
        return fail;
    }
    let Fail { error, at, resume } = fail;
    let why = format!("{}; about {} more is needed", error.why(), figures::size_words(missing));
    Fail { error: Error::new(error.kind(), error.doing(), why).with_source(error), at, resume }
}
