//! Removing: files and links at once, directories after all they hold. Links are never followed.

use std::sync::Arc;

use super::{
    errand::Errand,
    step::{Arrived, At, End, Fail, Folder, Found, Known, Left, Outcome, Phase, Task},
    tree,
};
use crate::domain::{
    entry::Kind,
    error::{Error, ErrorKind},
};

/// Removes a file, a link, a device.
pub(super) async fn remove_file(errand: &Errand) -> Result<Outcome, Fail> {
    gone(errand.source.remove_file(&errand.step.from).await)
}

/// Announces what a directory holds.
pub(super) async fn open_directory(errand: &Errand, folder: &Arc<Folder>) -> Result<Outcome, Fail> {
    tree::refuse_depth(errand)?;
    match tree::refuse_what_became_a_link(errand).await {
        // Closing it finds that out once more.
        Err(fail) if fail.error.kind() == ErrorKind::NotFound => return Ok(Outcome::Expanded),
        looked => looked?,
    }
    let from = &errand.step.from;
    let mut listing = errand.source.list(from).await.at(End::Source)?;
    while let Some(batch) = listing.next().await.at(End::Source)? {
        tree::announce(errand, folder, batch, |entry| Found {
            from: from.join(&entry.name),
            to: None,
            source: entry.attributes,
            task: match entry.attributes.kind {
                Kind::Directory => {
                    Task::RemoveDirectory(Phase::Expand, Arc::new(Folder::default()))
                }
                // The listing did not say: it may be a directory yet.
                Kind::Other => Task::Look,
                Kind::File | Kind::Symlink => Task::RemoveFile,
            },
            target: Known::Unknown,
        })
        .await;
    }
    folder.forget_names();
    Ok(Outcome::Expanded)
}

/// Removes a directory that was emptied.
pub(super) async fn close_directory(errand: &Errand, left: Left) -> Result<Outcome, Fail> {
    match left {
        Left::Nothing => {}
        Left::Skipped => return Ok(Outcome::Skipped),
        Left::Failed => {
            return Err(errand.fail(ErrorKind::NotEmpty, "something in it could not be removed"));
        }
    }
    gone(errand.source.remove_directory(&errand.step.from).await)
}

/// What is gone already needs no removing: it was listed, or looked at, a moment ago.
fn gone(removal: Result<(), Error>) -> Result<Outcome, Fail> {
    match removal {
        Ok(()) => Ok(Outcome::Done(Arrived::default())),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(Outcome::Done(Arrived::default())),
        Err(error) => Err(error).at(End::Source),
    }
}
