//! Steps without content: symbolic links, and moves by renaming.

use std::sync::Arc;

use super::{
    conflict::{self, Way},
    errand::{Errand, LivePhase},
    part::Part,
    step::{Arrived, At, End, Fail, Folder, Found, Known, Outcome, Phase, Stage, Task},
};
use crate::{
    domain::{
        entry::{Attributes, Kind},
        error::ErrorKind,
    },
    storage::Replace,
};

/// Makes a link that says what the source's link says, whether or not it leads anywhere.
pub(super) async fn copy_link(errand: &Errand) -> Result<Outcome, Fail> {
    let (from, to) = (&errand.step.from, errand.to()?);
    if !errand.target().capabilities().symlinks {
        return Err(errand.fail(ErrorKind::Unsupported, "there are no symbolic links there"));
    }
    let link = errand.source.read_link(from).await.at(End::Source)?;
    // A lost connection, or the end of the process, may have hidden that an earlier attempt had succeeded.
    let is_made = (errand.step.history.attempts > 1 || errand.is_resumed)
        && errand.target().read_link(to).await.is_ok_and(|found| found == link);
    if is_made {
        return finish(errand).await;
    }
    let replace = match conflict::look_before(errand).await? {
        Way::Free => Replace::Never,
        Way::Overwrite => Replace::Allowed,
        Way::Ends(outcome) => return Ok(*outcome),
    };
    let part = Part::beside(to, errand.target.clone());
    errand.target().make_link(part.path(), &link).await.at(End::Target)?;
    errand.live.enter(LivePhase::Committing);
    match errand.target().rename(part.path(), to, replace).await {
        Ok(()) => part.keep(),
        Err(error) if error.kind() == ErrorKind::AlreadyExists && replace == Replace::Never => {
            return conflict::appeared_meanwhile(errand, errand.step.source).await;
        }
        Err(error) => return Err(error).at(End::Target),
    }
    finish(errand).await
}

async fn finish(errand: &Errand) -> Result<Outcome, Fail> {
    if errand.is_move() {
        match errand.source.remove_file(&errand.step.from).await {
            Ok(()) => {}
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            Err(error) => return Err(error).at(End::Source),
        }
    }
    Ok(Outcome::Done(Arrived::default()))
}

/// Moves within one endpoint; turns into a copy where renaming does not reach, and into a walk where
/// a directory of that name stands already.
pub(super) async fn rename(errand: &Errand) -> Result<Outcome, Fail> {
    let (from, to) = (&errand.step.from, errand.to()?);
    let source = errand.step.source;
    if source.kind == Kind::Directory {
        match look(errand).await? {
            Some(target) if target.kind == Kind::Directory => {
                return Ok(turn(errand, source, Folder::default(), Known::Present(target)));
            }
            _ => {}
        }
    }
    let replace = match conflict::look_before(errand).await? {
        Way::Free => Replace::Never,
        Way::Overwrite => Replace::Allowed,
        Way::Ends(outcome) => return Ok(*outcome),
    };
    errand.live.enter(LivePhase::Committing);
    match errand.target().rename(from, to, replace).await {
        Ok(()) => Ok(Outcome::Done(Arrived::default())),
        Err(error) if error.kind() == ErrorKind::AlreadyExists && replace == Replace::Never => {
            conflict::appeared_meanwhile(errand, source).await
        }
        // A lost connection may have hidden the reply: gone here and there now means it was done.
        Err(error)
            if error.kind() == ErrorKind::NotFound
                && errand.step.history.attempts > 1
                && look(errand).await?.is_some() =>
        {
            Ok(Outcome::Done(Arrived::default()))
        }
        // Another file system, or a server that will not: by copying, then.
        Err(error) if matches!(error.kind(), ErrorKind::Failed | ErrorKind::Unsupported) => {
            Ok(turn(errand, source, Folder::moved_by_copy(), errand.step.target))
        }
        Err(error) => Err(error).at(End::Target),
    }
}

async fn look(errand: &Errand) -> Result<Option<Attributes>, Fail> {
    match errand.step.target {
        Known::Absent => Ok(None),
        Known::Present(target) => Ok(Some(target)),
        Known::Unknown => match errand.target().stat(errand.to()?).await {
            Ok(target) => Ok(Some(target)),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error).at(End::Target),
        },
    }
}

fn turn(errand: &Errand, source: Attributes, folder: Folder, target: Known) -> Outcome {
    Outcome::Turned(Found {
        from: errand.step.from.clone(),
        to: errand.step.to.clone(),
        source,
        task: match source.kind {
            Kind::Directory => Task::Directory(Phase::Expand, Arc::new(folder)),
            Kind::Symlink => Task::Symlink,
            _ => Task::File(Stage::Copy),
        },
        target,
    })
}
