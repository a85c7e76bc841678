//! Permissions, owners and times of trees: files and folders each get their own, links none, and what fails does not stop the rest.

use std::sync::Arc;

use super::{
    errand::Errand,
    message::{StepKind, Traits, Work},
    step::{Arrived, At, End, Fail, Folder, Found, Known, Outcome, Phase, Task},
    tree,
};
use crate::domain::{
    entry::{Attributes, Entry, Kind, SetAttributes},
    error::ErrorKind,
    path::StoragePath,
};

/// The bits without which nobody but a privileged user lists and enters a folder of his own.
const OWN_LISTING: u32 = 0o500;

/// What is to be done to something that was found.
pub(super) fn task_of(errand: &Errand, attributes: &Attributes, recursive: bool) -> Task {
    let kind = match errand.request.work {
        Work::SetTraits(_) => StepKind::Traits,
        _ => StepKind::Mode,
    };
    match attributes.kind {
        Kind::Directory if recursive => {
            Task::SetAll(kind, Phase::Expand, Arc::new(Folder::default()))
        }
        _ => Task::Set(kind),
    }
}

/// Sets what is wanted of something of this kind.
async fn set(errand: &Errand, kind: Kind) -> Result<Outcome, Fail> {
    match errand.request.work {
        Work::SetModes(modes) => {
            let is_folder = kind == Kind::Directory;
            set_mode(errand, if is_folder { modes.folders } else { modes.files }).await
        }
        Work::SetTraits(traits) => set_traits(errand, traits).await,
        _ => Err(errand.fail(ErrorKind::Invalid, "nobody said which")),
    }
}

async fn set_mode(errand: &Errand, mode: u32) -> Result<Outcome, Fail> {
    if !errand.source.capabilities().set_permissions {
        return Err(errand.fail(ErrorKind::Unsupported, "permissions cannot be set there"));
    }
    let attributes = SetAttributes { permissions: Some(mode), ..SetAttributes::default() };
    errand.source.set_attributes(&errand.step.from, &attributes).await.at(End::Source)?;
    Ok(Outcome::Done(Arrived::default()))
}

/// The owner comes last: who gave something away may not set its time any more.
async fn set_traits(errand: &Errand, traits: Traits) -> Result<Outcome, Fail> {
    let can = errand.source.capabilities();
    if traits.modified.is_some() && !can.set_times {
        return Err(errand.fail(ErrorKind::Unsupported, "times cannot be set there"));
    }
    if !traits.owner.is_empty() && !can.set_owner {
        return Err(errand.fail(ErrorKind::Unsupported, "owners cannot be set there"));
    }
    let from = &errand.step.from;
    if traits.modified.is_some() {
        let attributes = SetAttributes { modified: traits.modified, ..SetAttributes::default() };
        errand.source.set_attributes(from, &attributes).await.at(End::Source)?;
    }
    if !traits.owner.is_empty() {
        errand.source.set_owner(from, traits.owner).await.at(End::Source)?;
    }
    Ok(Outcome::Done(Arrived::default()))
}

/// Sets those of one thing. A link has none of its own, and is never followed.
pub(super) async fn set_one(errand: &Errand) -> Result<Outcome, Fail> {
    match errand.step.source.kind {
        Kind::Symlink => Ok(Outcome::Skipped),
        kind => set(errand, kind).await,
    }
}

/// Announces what a folder holds. What is its own comes last, for it may shut it; but first where they open it.
pub(super) async fn open_directory(errand: &Errand, folder: &Arc<Folder>) -> Result<Outcome, Fail> {
    tree::refuse_depth(errand)?;
    tree::refuse_what_became_a_link(errand).await?;
    let from = &errand.step.from;
    let mut listed = errand.source.list(from).await;
    let opens = match errand.request.work {
        Work::SetModes(modes) => modes.folders & OWN_LISTING == OWN_LISTING,
        _ => false,
    };
    if opens && listed.as_ref().is_err_and(|error| error.kind() == ErrorKind::PermissionDenied) {
        set(errand, Kind::Directory).await?;
        listed = errand.source.list(from).await;
    }
    let mut listing = listed.at(End::Source)?;
    while let Some(batch) = listing.next().await.at(End::Source)? {
        tree::announce(errand, folder, batch, |entry| found(errand, from, &entry)).await;
    }
    folder.forget_names();
    Ok(Outcome::Expanded)
}

fn found(errand: &Errand, within: &StoragePath, entry: &Entry) -> Found {
    let task = match entry.attributes.kind {
        // The listing did not say: it may be a directory yet.
        Kind::Other => Task::Look,
        _ => task_of(errand, &entry.attributes, true),
    };
    Found {
        from: within.join(&entry.name),
        to: None,
        source: entry.attributes,
        task,
        target: Known::Unknown,
    }
}

/// Sets those of a folder all of whose entries were seen to, whatever became of them.
pub(super) async fn close_directory(errand: &Errand) -> Result<Outcome, Fail> {
    set(errand, Kind::Directory).await
}
