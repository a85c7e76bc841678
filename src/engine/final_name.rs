//! The final name of what arrives: the one it was to have or, where both are kept, the first numbered one that is free.

use super::{begun::Begun, conflict::Way, errand::Errand};
use crate::{
    domain::{
        error::{Error, ErrorKind},
        numbered::numbered,
        path::StoragePath,
    },
    storage::{Replace, Storage},
};

/// With so many names taken, nobody looks for one more.
const MOST_NUMBERS: u32 = 1000;

/// Where something is to arrive, and what may happen to what stands there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct FinalName {
    pub(super) path: StoragePath,
    replace: Replace,
    /// Both are kept: the name it was to have, and the number of the one that is tried; 1 is that name itself.
    beside: Option<(StoragePath, u32)>,
}

impl FinalName {
    /// For what was to arrive at `wanted`, as it was decided.
    pub(super) fn new(wanted: &StoragePath, way: &Way) -> Self {
        match way {
            Way::Beside { first } => Self::with_number(wanted.clone(), *first),
            Way::Overwrite | Way::GoesOn(_) => Self::of(wanted.clone(), Replace::Allowed),
            Way::Free | Way::Ends(_) => Self::of(wanted.clone(), Replace::Never),
        }
    }

    /// One that was given already: nothing gives way to it any more.
    pub(super) fn given(path: StoragePath) -> Self {
        Self::of(path, Replace::Never)
    }

    fn of(path: StoragePath, replace: Replace) -> Self {
        Self { path, replace, beside: None }
    }

    fn with_number(wanted: StoragePath, number: u32) -> Self {
        let path = match (wanted.parent(), wanted.name()) {
            (Some(parent), Some(name)) if number > 1 => parent.join(&numbered(&name, number)),
            _ => wanted.clone(),
        };
        Self { path, replace: Replace::Never, beside: Some((wanted, number)) }
    }

    /// The one to try where this one is taken.
    fn next(&self) -> Option<Self> {
        let (wanted, number) = self.beside.as_ref()?;
        (*number < MOST_NUMBERS).then(|| Self::with_number(wanted.clone(), number + 1))
    }

    /// Whether it may become a numbered one.
    pub(super) fn keeps_both(&self) -> bool {
        self.beside.is_some()
    }

    /// Whether a file that stands there is left as it is.
    pub(super) fn never_replaces(&self) -> bool {
        self.replace == Replace::Never
    }
}

/// Renames to it; the name that was given. With an error comes the name it was met at. Where there is an `intent`, each
/// name is in the journal before it is tried: whoever goes on with the job looks whether it was given.
pub(super) async fn give(
    errand: &Errand,
    storage: &dyn Storage,
    from: &StoragePath,
    mut name: FinalName,
    intent: Option<Begun>,
) -> Result<FinalName, (Error, FinalName)> {
    loop {
        if let Some(intent) = &intent {
            errand.note_part(&Begun { to: name.path.clone(), ..intent.clone() }).await;
        }
        match storage.rename(from, &name.path, name.replace).await {
            Ok(()) => return Ok(name),
            Err(error) if error.kind() == ErrorKind::AlreadyExists => match name.next() {
                Some(next) => name = next,
                None => return Err((error, name)),
            },
            Err(error) => return Err((error, name)),
        }
    }
}
