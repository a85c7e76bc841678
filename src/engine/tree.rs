//! Directories of a copy: made and listed before what they hold, closed after the last of it.
//!
//! A tree is walked by running its directory steps: nobody holds more of it than the listings under way.

use std::sync::Arc;

use tokio::try_join;

use super::{
    crash::{self, Moment},
    destination::{self, Contents},
    errand::Errand,
    step::{Arrived, At, End, Fail, Folder, Found, Known, Left, Outcome, Phase, Stage, Task},
    transfer, twin,
};
use crate::{
    domain::{
        entry::{Attributes, Entry, Kind},
        error::ErrorKind,
        path::StoragePath,
    },
    storage::Batch,
};

/// How deep a tree may be: many times what people make, and within what common systems take as a path.
pub(super) const DEEPEST: usize = 500;
/// How many entries are announced at a time.
pub(super) const ANNOUNCED_AT_ONCE: usize = 256;

/// New directories stay open to us while they are filled, and are no more open to others than their source.
const OWN_ACCESS: u32 = 0o700;
/// Of a directory's bits those that say how files in it are treated are carried; no rights hang on them.
const CARRIED_PERMISSIONS: u32 = 0o3777;

/// Makes the directory (or finds it) and announces what the source holds.
pub(super) async fn open_directory(errand: &Errand, folder: &Arc<Folder>) -> Result<Outcome, Fail> {
    refuse_depth(errand)?;
    if errand.is_move() {
        refuse_what_became_a_link(errand).await?;
    }
    let to = errand.to()?;
    let (contents, mut listing) = try_join!(make_or_find(errand, to, folder), async {
        errand.source.list(&errand.step.from).await.at(End::Source)
    })?;
    while let Some(batch) = listing.next().await.at(End::Source)? {
        announce(errand, folder, batch, |entry| {
            let target = destination::known(contents.as_ref(), &entry.name);
            found(errand, folder, entry, to, target)
        })
        .await;
    }
    folder.forget_names();
    Ok(Outcome::Expanded)
}

/// Gives a made directory its times and permissions, and in a move removes the emptied source.
pub(super) async fn close_directory(
    errand: &Errand,
    folder: &Folder,
    left: Left,
) -> Result<Outcome, Fail> {
    let to = errand.to()?;
    if folder.was_made() {
        let capabilities = errand.target().capabilities();
        let attributes =
            transfer::carried_attributes(&errand.step.source, capabilities, CARRIED_PERMISSIONS);
        if !attributes.is_empty() {
            match errand.target().set_attributes(to, &attributes).await {
                // Some servers set them of files only: what the directory holds has arrived even so.
                Err(error) if error.kind() == ErrorKind::Unsupported => {}
                set => set.at(End::Target)?,
            }
        }
    }
    if errand.is_move() {
        match left {
            Left::Nothing => {}
            Left::Skipped => return Ok(Outcome::Skipped),
            Left::Failed => {
                return Err(errand.fail(
                    ErrorKind::NotEmpty,
                    "something in it could not be moved, so it was left where it is",
                ));
            }
        }
        errand.note_emptied().await;
        crash::moment(Moment::BeforeRemoval);
        match errand.source.remove_directory(&errand.step.from).await {
            Ok(()) => {}
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            Err(error) => return Err(error).at(End::Source),
        }
        crash::moment(Moment::AfterRemoval);
    }
    Ok(Outcome::Done(Arrived::default()))
}

/// Announces a batch in bounded portions; names that came before are left out.
pub(super) async fn announce(
    errand: &Errand,
    folder: &Folder,
    batch: Batch,
    find: impl Fn(Entry) -> Found,
) {
    let mut refused = batch.refused;
    let mut found = Vec::new();
    for entry in batch.entries {
        if !folder.is_new(&entry.name) {
            continue;
        }
        found.push(find(entry));
        if found.len() == ANNOUNCED_AT_ONCE {
            let (found, refused) = (std::mem::take(&mut found), std::mem::take(&mut refused));
            errand.plan.announce(found, refused).await;
        }
    }
    errand.plan.announce(found, refused).await;
}

/// A tree without end is a mistake, or malice.
pub(super) fn refuse_depth(errand: &Errand) -> Result<(), Fail> {
    if errand.step.depth < DEEPEST {
        return Ok(());
    }
    Err(errand
        .fail(ErrorKind::Unsupported, format!("it lies more than {DEEPEST} directories deep")))
}

/// What was listed as a directory may be a link by now: what is removed or changed below it must not be what the link leads
/// to. Where a look is dear, what the listing said has to do.
pub(super) async fn refuse_what_became_a_link(errand: &Errand) -> Result<(), Fail> {
    if !errand.source.capabilities().sees_links {
        return Ok(());
    }
    let now = errand.source.stat(&errand.step.from).await.at(End::Source)?;
    match now.kind {
        Kind::Directory => Ok(()),
        _ => Err(errand.fail(ErrorKind::NotADirectory, "it is not a directory any more")),
    }
}

/// What the directory held before, where that is known; nothing if it was made just now.
async fn make_or_find(
    errand: &Errand,
    to: &StoragePath,
    folder: &Folder,
) -> Result<Option<Contents>, Fail> {
    let target = errand.target();
    let stands = match errand.step.target {
        Known::Present(stands) => stands,
        Known::Absent | Known::Unknown | Known::FreeAt(_) => {
            let permissions = errand.step.source.permissions.map(|bits| bits & 0o777 | OWN_ACCESS);
            match target.make_directory(to, permissions).await {
                Ok(()) => {
                    folder.set_made();
                    errand.note_made(to);
                    return Ok(Some(Contents::new()));
                }
                Err(error) if error.kind().ends_the_connection() => {
                    return Err(error).at(End::Target);
                }
                // Servers say no more than "failure" of a name that is taken, so one has to look.
                Err(refusal) => match target.stat(to).await {
                    Ok(stands) => {
                        if errand.step.target == Known::Absent || twin::may_stand(errand) {
                            twin::refuse(errand, stands).await?;
                        }
                        stands
                    }
                    Err(error) if error.kind() == ErrorKind::NotFound => {
                        return Err(refusal).at(End::Target);
                    }
                    Err(error) => return Err(error).at(End::Target),
                },
            }
        }
    };
    refuse_detours(errand, &stands)?;
    destination::contents(target, to).await.at(End::Target)
}

/// Only a directory proper is written into: a link could have been put there to lead the copy elsewhere.
fn refuse_detours(errand: &Errand, stands: &Attributes) -> Result<(), Fail> {
    let why = match stands.kind {
        Kind::Directory => return Ok(()),
        Kind::Symlink => "a symbolic link stands there, and copies are not written through links",
        Kind::File => "a file stands there",
        Kind::Other => "something that is no directory stands there",
    };
    Err(errand.fail(ErrorKind::NotADirectory, why))
}

fn found(
    errand: &Errand,
    folder: &Arc<Folder>,
    entry: Entry,
    to: &StoragePath,
    target: Known,
) -> Found {
    let by_rename = errand.is_move() && errand.is_within_one_endpoint() && !folder.by_copy;
    let task = match entry.attributes.kind {
        // The listing did not say, or it is nothing that can be copied.
        Kind::Other => Task::Look,
        _ if by_rename => Task::Rename,
        Kind::Directory => {
            let inner = Folder::inside(folder);
            Task::Directory(Phase::Expand, Arc::new(inner))
        }
        Kind::Symlink => Task::Symlink,
        Kind::File => Task::File(Stage::Copy),
    };
    Found {
        from: errand.step.from.join(&entry.name),
        to: Some(to.join(&entry.name)),
        source: entry.attributes,
        task,
        target,
    }
}
