//! What to do when something stands where a copy is to go.

use tokio::try_join;

use super::{
    errand::Errand,
    step::{At, End, Fail, Known, Outcome},
    verify,
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
    decide(errand, errand.step.source, target).await
}

/// Something was not there at first, and is when the rename is to be done.
pub(super) async fn appeared_meanwhile(
    errand: &Errand,
    source: Attributes,
) -> Result<Outcome, Fail> {
    let target = errand.target().stat(errand.to()?).await.at(End::Target)?;
    match decide(errand, source, target).await? {
        Way::Ends(outcome) => Ok(*outcome),
        // The job's answer is to replace. What was carried is gone, so it is carried once more.
        Way::Free | Way::Overwrite => {
            Err(errand.fail(ErrorKind::SourceChanged, "a file appeared under its name meanwhile"))
        }
    }
}

async fn decide(errand: &Errand, source: Attributes, target: Attributes) -> Result<Way, Fail> {
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
    let replaces = match errand.step.choice {
        None => return Ok(Way::Ends(Box::new(Outcome::Conflict { source, target }))),
        Some(ConflictChoice::Overwrite) => true,
        Some(ConflictChoice::Skip) => false,
        Some(ConflictChoice::Newer) => match (whole_seconds(source), whole_seconds(target)) {
            (Some(source), Some(target)) => source > target,
            _ => {
                let why = "the name is taken, and which of the two is newer is not told";
                return Err(errand.fail(ErrorKind::AlreadyExists, why));
            }
        },
        Some(ConflictChoice::Differs) => differ(errand, source, target).await?,
        Some(ConflictChoice::Fail) => {
            return Err(errand.fail(ErrorKind::AlreadyExists, "the name is taken"));
        }
    };
    Ok(if replaces { Way::Overwrite } else { Way::Ends(Box::new(Outcome::Skipped)) })
}

/// Fractions are not kept everywhere: a copy that lost its own is not older for that.
fn whole_seconds(file: Attributes) -> Option<i64> {
    file.modified.map(|time| time.seconds)
}

/// Whether two files are not known to hold the same.
async fn differ(errand: &Errand, source: Attributes, target: Attributes) -> Result<bool, Fail> {
    let are_files = source.kind == Kind::File && target.kind == Kind::File;
    if !are_files || source.size.is_none() || source.size != target.size {
        return Ok(true);
    }
    let (from, to) = (&*errand.source, errand.target());
    let can_be_had = from.capabilities().digests && to.capabilities().digests;
    let (source_digest, target_digest) = try_join!(
        verify::ask(can_be_had, from, &errand.step.from, End::Source),
        verify::ask(can_be_had, to, errand.to()?, End::Target),
    )?;
    Ok(match (source_digest, target_digest) {
        (Some(source), Some(target)) => source != target,
        _ => source.modified.is_none() || whole_seconds(source) != whole_seconds(target),
    })
}
