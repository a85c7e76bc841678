//! Permissions of trees: files and folders each get their own, links none, and what fails does not stop the rest.

use std::sync::Arc;

use super::{
    errand::Errand,
    message::{Modes, Work},
    step::{Arrived, At, End, Fail, Folder, Found, Known, Outcome, Phase, Task},
    tree,
};
use crate::domain::{
    entry::{Attributes, Kind, SetAttributes},
    error::ErrorKind,
    path::StoragePath,
};

/// The bits without which nobody but a privileged user lists and enters a folder of his own.
const OWN_LISTING: u32 = 0o500;

/// What is to be done to something that was found.
pub(super) fn task_of(attributes: &Attributes, recursive: bool) -> Task {
    match attributes.kind {
        Kind::Directory if recursive => Task::SetModes(Phase::Expand, Arc::new(Folder::default())),
        _ => Task::SetMode,
    }
}

fn wanted(errand: &Errand) -> Result<Modes, Fail> {
    match errand.request.work {
        Work::SetModes(modes) => Ok(modes),
        _ => Err(errand.fail(ErrorKind::Invalid, "nobody said which")),
    }
}

async fn set(errand: &Errand, mode: u32) -> Result<Outcome, Fail> {
    if !errand.source.capabilities().set_permissions {
        return Err(errand.fail(ErrorKind::Unsupported, "permissions cannot be set there"));
    }
    let attributes = SetAttributes { permissions: Some(mode), modified: None };
    errand.source.set_attributes(&errand.step.from, &attributes).await.at(End::Source)?;
    Ok(Outcome::Done(Arrived::default()))
}

/// Sets those of one thing. A link has none of its own, and is never followed.
pub(super) async fn set_one(errand: &Errand) -> Result<Outcome, Fail> {
    let modes = wanted(errand)?;
    match errand.step.source.kind {
        Kind::Symlink => Ok(Outcome::Skipped),
        Kind::Directory => set(errand, modes.folders).await,
        Kind::File | Kind::Other => set(errand, modes.files).await,
    }
}

/// Announces what a folder holds. Its own permissions come last, for they may shut it; but first where they open it.
pub(super) async fn open_directory(errand: &Errand, folder: &Arc<Folder>) -> Result<Outcome, Fail> {
    tree::refuse_depth(errand)?;
    let modes = wanted(errand)?;
    let from = &errand.step.from;
    let mut listed = errand.source.list(from).await;
    let opens = modes.folders & OWN_LISTING == OWN_LISTING;
    if opens && listed.as_ref().is_err_and(|error| error.kind() == ErrorKind::PermissionDenied) {
        set(errand, modes.folders).await?;
        listed = errand.source.list(from).await;
    }
    let mut listing = listed.at(End::Source)?;
    while let Some(batch) = listing.next().await.at(End::Source)? {
        tree::announce(errand, folder, batch, |entry| found(from, &entry)).await;
    }
    folder.forget_names();
    Ok(Outcome::Expanded)
}

fn found(within: &StoragePath, entry: &crate::domain::entry::Entry) -> Found {
    let task = match entry.attributes.kind {
        // The listing did not say: it may be a directory yet.
        Kind::Other => Task::Look,
        _ => task_of(&entry.attributes, true),
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
    set(errand, wanted(errand)?.folders).await
}
