//! The first look at a source: what it is, where it goes, and whether that makes sense.

use std::sync::Arc;

use super::{
    destination::{self, Resolved},
    errand::Errand,
    message::{Destination, Work},
    modes,
    step::{At, End, Fail, Folder, Found, Known, Outcome, Phase, Stage, Task},
};
use crate::domain::{
    entry::{Attributes, Kind},
    error::ErrorKind,
    path::StoragePath,
};

/// Turns a source into what it is.
pub(super) async fn look(errand: &Errand) -> Result<Outcome, Fail> {
    let destination = match &errand.request.work {
        Work::Delete | Work::Trash => return look_at_removal(errand).await,
        Work::SetModes(_) | Work::SetTraits(_) => return look_at_modes(errand).await,
        Work::Copy(destination) | Work::Move(destination) => destination,
    };
    // An entry found by walking knows its place; only what it is was not told.
    if let Some(to) = &errand.step.to {
        let source = errand.source.stat(&errand.step.from).await.at(End::Source)?;
        return turn(errand, errand.step.from.clone(), to.clone(), source, errand.step.target);
    }
    let (from, resolved) = tokio::try_join!(source_path(errand), resolve(errand, destination))?;
    let source = errand.source.stat(&from).await.at(End::Source)?;
    let (to, target) = resolved
        .place_of(&from)
        .ok_or_else(|| errand.fail(ErrorKind::InvalidName, "it has no name that could be kept"))?;
    refuse_circles(errand, &from, &to, &source)?;
    turn(errand, from, to, source, target)
}

async fn resolve<'a>(errand: &'a Errand, wanted: &Destination) -> Result<&'a Resolved, Fail> {
    let sources = &errand.request.sources;
    errand
        .destination
        .get_or_try_init(|| destination::resolve(wanted, &errand.target, sources))
        .await
}

/// The source's absolute path. A link named as a source stays that link: only what leads to it is resolved.
async fn source_path(errand: &Errand) -> Result<StoragePath, Fail> {
    let given = &errand.step.from;
    let is_plain = given.is_absolute() && given.name().is_some();
    if is_plain && !errand.is_within_one_endpoint() {
        return Ok(given.clone());
    }
    match (given.parent(), given.name()) {
        (parent, Some(name)) => {
            let parent = parent.unwrap_or_else(|| StoragePath::new("."));
            Ok(errand.source.canonical(&parent).await.at(End::Source)?.join(&name))
        }
        _ => errand.source.canonical(given).await.at(End::Source),
    }
}

/// A copy onto itself would replace the source by a copy of it; one into itself would never end.
fn refuse_circles(
    errand: &Errand,
    from: &StoragePath,
    to: &StoragePath,
    source: &Attributes,
) -> Result<(), Fail> {
    if !errand.is_within_one_endpoint() {
        return Ok(());
    }
    let why = if to == from {
        "source and destination are the same"
    } else if source.kind == Kind::Directory && to.is_within(from) {
        "a directory cannot go into itself"
    } else if from.is_within(to) {
        "the destination holds the source"
    } else {
        return Ok(());
    };
    Err(errand.fail(ErrorKind::Invalid, why))
}

fn turn(
    errand: &Errand,
    from: StoragePath,
    to: StoragePath,
    source: Attributes,
    target: Known,
) -> Result<Outcome, Fail> {
    if source.kind == Kind::Directory && !errand.request.options.recursive {
        return Err(errand.fail(ErrorKind::IsADirectory, "it is a directory"));
    }
    let by_rename = errand.is_move() && errand.is_within_one_endpoint();
    let task = match source.kind {
        Kind::Other => {
            return Err(errand.fail(ErrorKind::Unsupported, "it is a device, a socket or a pipe"));
        }
        _ if by_rename => Task::Rename,
        Kind::Directory => Task::Directory(Phase::Expand, Arc::new(Folder::default())),
        Kind::Symlink => Task::Symlink,
        Kind::File => Task::File(Stage::Copy),
    };
    Ok(Outcome::Turned(Found { from, to: Some(to), source, task, target }))
}

async fn look_at_removal(errand: &Errand) -> Result<Outcome, Fail> {
    let from = source_path(errand).await?;
    if from.is_root() {
        return Err(errand.fail(ErrorKind::Invalid, "that is everything there is"));
    }
    let source = errand.source.stat(&from).await.at(End::Source)?;
    let task = match source.kind {
        _ if errand.request.work == Work::Trash => Task::Trash,
        Kind::Directory if !errand.request.options.recursive => {
            return Err(errand.fail(ErrorKind::IsADirectory, "it is a directory"));
        }
        Kind::Directory => Task::RemoveDirectory(Phase::Expand, Arc::new(Folder::default())),
        _ => Task::RemoveFile,
    };
    Ok(Outcome::Turned(Found { from, to: None, source, task, target: Known::Unknown }))
}

async fn look_at_modes(errand: &Errand) -> Result<Outcome, Fail> {
    let from = source_path(errand).await?;
    let source = errand.source.stat(&from).await.at(End::Source)?;
    let task = modes::task_of(errand, &source, errand.request.options.recursive);
    Ok(Outcome::Turned(Found { from, to: None, source, task, target: Known::Unknown }))
}
