//! What to do when something stands where a copy is to go.

use tokio::try_join;

use super::{
    begun,
    errand::Errand,
    step::{At, End, Fail, Known, Outcome},
    twin, verify,
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
    /// Both are kept: it gets a name that is free, its own or a numbered one, beginning with this number.
    Beside { first: u32 },
    /// What stands there is a beginning of so many bytes; the whole may replace it.
    GoesOn(u64),
    /// The attempt ends before anything was touched.
    Ends(Box<Outcome>),
}

/// Looks at the destination before a file, a link or a rename goes there.
pub(super) async fn look_before(errand: &Errand) -> Result<Way, Fail> {
    let free = || match errand.step.choice {
        Some(ConflictChoice::KeepBoth) => Way::Beside { first: 1 },
        _ => Way::Free,
    };
    let target = match errand.step.target {
        Known::Absent => return Ok(free()),
        Known::Present(target) => target,
        Known::Unknown | Known::FreeAt(_) => {
            match errand.target().stat_in_doubt(errand.to()?).await {
                Ok(target) => target,
                Err(error) if error.kind() == ErrorKind::NotFound => return Ok(free()),
                Err(error) => return Err(error).at(End::Target),
            }
        }
    };
    let way = decide(errand, errand.step.source, target).await?;
    let replaces = matches!(way, Way::Overwrite | Way::GoesOn(_));
    if replaces && errand.step.target == Known::Unknown && twin::may_stand(errand) {
        twin::refuse(errand, target).await?;
    }
    Ok(way)
}

/// Something was not there at first, and is when the rename is to be done.
pub(super) async fn appeared_meanwhile(
    errand: &Errand,
    source: Attributes,
) -> Result<Outcome, Fail> {
    let target = errand.target().stat(errand.to()?).await.at(End::Target)?;
    match decide(errand, source, target).await? {
        Way::Ends(outcome) => Ok(*outcome),
        Way::Beside { .. } => {
            let why = "the name is taken, and so are all numbered ones that were tried";
            Err(errand.fail(ErrorKind::AlreadyExists, why))
        }
        // The job's answer is to replace. What was carried is gone, so it is carried once more.
        Way::Free | Way::Overwrite | Way::GoesOn(_) => {
            twin::refuse(errand, target).await?;
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
        // Whatever it is that stands there, it stays.
        _ if errand.step.choice == Some(ConflictChoice::KeepBoth) => {
            return Ok(Way::Beside { first: 2 });
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
        Some(ConflictChoice::KeepBoth) => return Ok(Way::Beside { first: 2 }),
        Some(ConflictChoice::Resume) => return resume(errand, source, target).await,
        Some(ConflictChoice::Fail) => {
            return Err(errand.fail(ErrorKind::AlreadyExists, "the name is taken"));
        }
    };
    Ok(if replaces { Way::Overwrite } else { Way::Ends(Box::new(Outcome::Skipped)) })
}

/// Goes on with what stands there, if it is the beginning of the source; nothing is to be done where it is all of it.
async fn resume(errand: &Errand, source: Attributes, target: Attributes) -> Result<Way, Fail> {
    let are_files = source.kind == Kind::File && target.kind == Kind::File;
    if let (true, Some(all), Some(stands)) = (are_files, source.size, target.size) {
        if stands == all && !differ(errand, source, target).await? {
            return Ok(Way::Ends(Box::new(Outcome::Skipped)));
        }
        if stands < all && begun::is_beginning(errand, stands).await? {
            return Ok(Way::GoesOn(stands));
        }
    }
    Err(errand.fail(ErrorKind::AlreadyExists, NO_BEGINNING))
}

/// Why there is nothing to go on with.
pub(super) const NO_BEGINNING: &str = "what stands there is not a shorter beginning of it";

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
