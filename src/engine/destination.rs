//! Where a job's copies go: found out once, before the first of them.

use std::collections::HashMap;

use tokio::{join, time::Instant};

use super::{
    message::Destination,
    part::Place,
    step::{At, End, Fail, Known},
};
use crate::{
    domain::{
        entry::{Attributes, Kind},
        error::{Error, ErrorKind},
        path::{Name, StoragePath},
        place::Location,
    },
    storage::Storage,
};

/// A destination that exists, or may come to be.
#[derive(Debug)]
pub(super) enum Resolved {
    /// A directory, and what is known of what it holds.
    Into(StoragePath, Held),
    /// Exactly this path.
    Exactly(StoragePath),
}

/// What a directory holds, by name.
pub(super) type Contents = HashMap<Name, Attributes>;

/// What is known of what a directory holds.
#[derive(Debug)]
pub(super) enum Held {
    /// All of it.
    All(Contents),
    /// Nothing stood under this name at this time.
    NotThis(Name, Instant),
    Unknown,
}

impl Resolved {
    /// Where a source goes; `None` if it has no name.
    pub(super) fn place_of(&self, source: &StoragePath) -> Option<(StoragePath, Known)> {
        match self {
            Resolved::Into(directory, held) => {
                let name = source.name()?;
                let known = match held {
                    Held::All(contents) => known(Some(contents), &name),
                    Held::NotThis(free, at) if *free == name => Known::FreeAt(*at),
                    Held::NotThis(..) | Held::Unknown => Known::Unknown,
                };
                Some((directory.join(&name), known))
            }
            Resolved::Exactly(path) => Some((path.clone(), Known::Unknown)),
        }
    }
}

/// What is known of a name in a directory.
pub(super) fn known(contents: Option<&Contents>, name: &Name) -> Known {
    match contents {
        None => Known::Unknown,
        Some(contents) => contents.get(name).map_or(Known::Absent, |found| Known::Present(*found)),
    }
}

/// From this many sources on, the directory is listed once rather than asked about each.
const WORTH_A_LISTING: usize = 8;

/// Makes the destination absolute, and the directory it names, where one is missing.
pub(super) async fn resolve(
    wanted: &Destination,
    target: &Place,
    sources: &[StoragePath],
) -> Result<Resolved, Fail> {
    let storage = &*target.storage;
    let (Destination::Into(location)
    | Destination::Exactly(location)
    | Destination::AsCp(location)) = wanted;
    let path = absolute(storage, &location.path).await.at(End::Target)?;
    match wanted {
        Destination::Into(_) => {
            let made = make_directories(storage, &path);
            let (made, only) = join!(made, look_for_only(storage, &path, sources));
            into(storage, path, made.at(End::Target)?, sources, only).await
        }
        Destination::Exactly(_) => {
            let parent = stat_parent(storage, &path).await;
            exactly(location, path, parent, sources.len())
        }
        Destination::AsCp(_) => {
            let (stands, parent, only) = join!(
                storage.stat_followed(&path),
                stat_parent(storage, &path),
                look_for_only(storage, &path, sources)
            );
            match stands {
                Ok(found) if found.kind == Kind::Directory => {
                    into(storage, path, false, sources, only).await
                }
                Ok(_) => exactly(location, path, parent, sources.len()),
                Err(error) if error.kind() == ErrorKind::NotFound => {
                    exactly(location, path, parent, sources.len())
                }
                Err(error) => Err(error).at(End::Target),
            }
        }
    }
}

/// Into a directory that stands, or was `made`; `only` is what is known of the only name that is to go there.
async fn into(
    storage: &dyn Storage,
    directory: StoragePath,
    made: bool,
    sources: &[StoragePath],
    only: Held,
) -> Result<Resolved, Fail> {
    let held = if made {
        Held::All(Contents::new())
    } else if sources.len() >= WORTH_A_LISTING {
        contents(storage, &directory).await.at(End::Target)?.map_or(Held::Unknown, Held::All)
    } else {
        only
    };
    Ok(Resolved::Into(directory, held))
}

/// Whether the name of an only source is free there: looked at while it is found out whether there is such a directory,
/// and good for the step that follows right behind.
async fn look_for_only(
    storage: &dyn Storage,
    directory: &StoragePath,
    sources: &[StoragePath],
) -> Held {
    let [source] = sources else { return Held::Unknown };
    let Some(name) = source.name() else { return Held::Unknown };
    let at = Instant::now();
    match storage.stat_in_doubt(&directory.join(&name)).await {
        Err(error) if error.kind() == ErrorKind::NotFound => Held::NotThis(name, at),
        _ => Held::Unknown,
    }
}

async fn stat_parent(
    storage: &dyn Storage,
    path: &StoragePath,
) -> Option<Result<Attributes, Error>> {
    Some(storage.stat_followed(&path.parent()?).await)
}

/// Exactly there; `parent` is what would hold it, `None` for the root.
fn exactly(
    location: &Location,
    path: StoragePath,
    parent: Option<Result<Attributes, Error>>,
    sources: usize,
) -> Result<Resolved, Fail> {
    let refuse = |kind, why| Err(Fail::new(kind, format!("copy to {location}"), why));
    if sources > 1 {
        return refuse(
            ErrorKind::NotADirectory,
            "it is not a directory that several things could go into",
        );
    }
    match parent {
        None => refuse(ErrorKind::IsADirectory, "that is the root directory"),
        Some(Ok(found)) if found.kind == Kind::Directory => Ok(Resolved::Exactly(path)),
        Some(Ok(_)) => refuse(ErrorKind::NotADirectory, "what would hold it is not a directory"),
        Some(Err(error)) if error.kind() == ErrorKind::NotFound => {
            refuse(ErrorKind::NotFound, "the directory that would hold it does not exist")
        }
        Some(Err(error)) => Err(error).at(End::Target),
    }
}

/// The path without links, as far as it exists; what is missing is appended as it was given.
pub(super) async fn absolute(
    storage: &dyn Storage,
    path: &StoragePath,
) -> Result<StoragePath, Error> {
    let mut missing: Vec<Name> = Vec::new();
    let mut existing = path.clone();
    loop {
        let parent = existing.parent().or_else(|| {
            let is_single = !existing.is_absolute() && existing.as_bytes() != b".";
            is_single.then(|| StoragePath::new("."))
        });
        match (storage.canonical(&existing).await, parent, existing.name()) {
            (Ok(found), ..) => {
                return Ok(missing.iter().rev().fold(found, |path, name| path.join(name)));
            }
            (Err(error), Some(parent), Some(name)) if is_missing(error.kind()) => {
                missing.push(name);
                existing = parent;
            }
            (Err(error), ..) => return Err(error),
        }
    }
}

/// Servers differ in what they call a path that cannot be resolved because it does not exist yet.
fn is_missing(kind: ErrorKind) -> bool {
    matches!(kind, ErrorKind::NotFound | ErrorKind::Failed)
}

/// Makes a directory and its missing parents; whether it had to be made. What stands there may be a link to a
/// directory: this is a place a person named.
pub(super) async fn make_directories(
    storage: &dyn Storage,
    path: &StoragePath,
) -> Result<bool, Error> {
    let mut missing = Vec::new();
    let mut existing = Some(path.clone());
    while let Some(path) = existing {
        match storage.stat_followed(&path).await {
            Ok(found) if found.kind == Kind::Directory => break,
            // What stands in the way makes the next call fail, in the storage's words.
            Ok(_) => {
                missing.push(path);
                break;
            }
            Err(error) if error.kind() == ErrorKind::NotFound => {
                existing = path.parent();
                missing.push(path);
            }
            Err(error) => return Err(error),
        }
    }
    for path in missing.iter().rev() {
        if let Err(error) = storage.make_directory(path, None).await {
            // Another job may have made it in the meantime.
            let stands = storage.stat_followed(path).await;
            if !stands.is_ok_and(|found| found.kind == Kind::Directory) {
                return Err(error);
            }
        }
    }
    Ok(!missing.is_empty())
}

/// More than this is not kept: each name is asked about instead.
const MOST_NAMES: usize = 100_000;

/// What a directory holds; `None` where that is too much, or not to be told.
pub(super) async fn contents(
    storage: &dyn Storage,
    directory: &StoragePath,
) -> Result<Option<Contents>, Error> {
    let listed = async {
        let mut contents = Contents::new();
        let mut listing = storage.list(directory).await?;
        while let Some(batch) = listing.next().await? {
            contents.extend(batch.entries.into_iter().map(|entry| (entry.name, entry.attributes)));
            if contents.len() > MOST_NAMES {
                return Ok(None);
            }
        }
        Ok::<_, Error>(Some(contents))
    };
    match listed.await {
        // A directory one may write to but not list.
        Err(error) if !error.kind().ends_the_connection() => Ok(None),
        listed => listed,
    }
}
