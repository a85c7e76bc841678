//! What to do when something stands where a copy is to go.

use super::{
    errand::Errand,
    step::{At, End, Fail, Known, Outcome},
};
use crate::domain::{
    entry::{Attributes, Kind},
    error::ErrorKind,
    question::ConflictChoice,
};

/// Whether a copy may go on.
pub(super) enum Way {
    /// Nothing stands there; nothing may be replaced, should that change.
    Free,
    /// What stands there may be replaced.
    Overwrite,
    /// The attempt ends before anything was touched.
    Ends(Box<Outcome>),
}

/// Looks at the destination before a file, a link or a rename goes there.
pub(super) async fn look_before(errand: &Errand) -> Result<Way, Fail> {
    let target = match errand.step.target {
        Known::Absent => return Ok(Way::Free),
        Known::Present(target) => target,
        Known::Unknown => match errand.target().stat(errand.to()?).await {
            Ok(target) => target,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Way::Free),
            Err(error) => return Err(error).at(End::Target),
        },
    };
    decide(errand, errand.step.source, target)
}

/// Something was not there at first, and is when the rename is to be done.
pub(super) async fn appeared_meanwhile(
    errand: &Errand,
    source: Attributes,
) -> Result<Outcome, Fail> {
    let target = errand.target().stat(errand.to()?).await.at(End::Target)?;
    match decide(errand, source, target)? {
        Way::Ends(outcome) => Ok(*outcome),
        // The job's answer is to replace. What was carried is gone, so it is carried once more.
        Way::Free | Way::Overwrite => {
            Err(errand.fail(ErrorKind::SourceChanged, "a file appeared under its name meanwhile"))
        }
    }
}

fn decide(errand: &Errand, source: Attributes, target: Attributes) -> Result<Way, Fail> {
    match (source.kind, target.kind) {
        (Kind::Directory, _) => {
            return Err(errand
                .fail(ErrorKind::NotADirectory, "something that is no directory stands there"));
        }
        (_, Kind::Directory) => {
            return Err(errand.fail(ErrorKind::IsADirectory, "a directory stands there"));
        }
        (_, Kind::Other) => {
            return Err(errand.fail(
                ErrorKind::AlreadyExists,
                "something that is neither file nor link stands there",
            ));
        }
        (_, Kind::File | Kind::Symlink) => {}
    }
    Ok(match errand.step.choice {
        None => Way::Ends(Box::new(Outcome::Conflict { source, target })),
        Some(ConflictChoice::Overwrite) => Way::Overwrite,
        Some(ConflictChoice::Skip) => Way::Ends(Box::new(Outcome::Skipped)),
        Some(ConflictChoice::Fail) => {
            return Err(errand.fail(ErrorKind::AlreadyExists, "the name is taken"));
        }
    })
}
