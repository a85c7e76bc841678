//! The trash: this machine has its own; elsewhere it is a folder beside what is removed, and nothing there is replaced.

use super::{
    errand::Errand,
    step::{Arrived, At, End, Fail, Outcome},
};
use crate::{
    domain::{
        entry::Kind,
        error::{Error, ErrorKind, Result},
        numbered::numbered,
        path::{Name, StoragePath},
        trash::{BESIDE, lies_in},
    },
    storage::{Replace, Storage},
};

/// With so many of one name in the trash, nobody looks for one more.
const MOST_NUMBERS: u32 = 1000;

/// Puts one thing there, with all it holds.
pub(super) async fn take(errand: &Errand) -> std::result::Result<Outcome, Fail> {
    let from = &errand.step.from;
    let taken = match errand.source.capabilities().trash {
        true => errand.source.trash(from).await,
        false => put_beside(&*errand.source, from).await,
    };
    match taken {
        Ok(there) => Ok(Outcome::DoneAs(there, Arrived::default())),
        // A lost connection may have hidden that an earlier attempt had succeeded.
        Err(error) if error.kind() == ErrorKind::NotFound && errand.step.history.attempts > 1 => {
            Ok(Outcome::Done(Arrived::default()))
        }
        Err(error) => Err(error).at(End::Source),
    }
}

/// Where the trash of a folder lies, if there is any.
pub(super) async fn place(
    storage: &dyn Storage,
    folder: &StoragePath,
) -> Result<Option<StoragePath>> {
    if storage.capabilities().trash {
        return storage.trash_of(folder).await;
    }
    let Ok(name) = Name::new(BESIDE) else { return Ok(None) };
    let bin = folder.join(&name);
    match storage.stat(&bin).await {
        Ok(there) => Ok((there.kind == Kind::Directory).then_some(bin)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

async fn put_beside(storage: &dyn Storage, from: &StoragePath) -> Result<StoragePath> {
    let refuse = |why: &str| {
        let why = format!("{why}: it can only be deleted for good");
        Error::new(ErrorKind::Invalid, format!("put {from:?} into the trash"), why)
    };
    let (Some(folder), Some(name), Ok(bin_name)) = (from.parent(), from.name(), Name::new(BESIDE))
    else {
        return Err(refuse("it has no folder that could hold a trash"));
    };
    if lies_in(&folder) || name == bin_name {
        return Err(refuse("it lies in the trash already, or is the trash"));
    }
    let bin = folder.join(&bin_name);
    match make(storage, &bin).await? {
        Kind::Directory => {}
        // Whoever put a link there would get what is thrown away.
        _ => return Err(refuse("what is called .Trash-wharf there is no folder")),
    }
    for number in 1..=MOST_NUMBERS {
        let name = if number == 1 { name.clone() } else { numbered(&name, number) };
        let there = bin.join(&name);
        match storage.rename(from, &there, Replace::Never).await {
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
            renamed => return renamed.map(|()| there),
        }
    }
    Err(refuse("too many of that name are in the trash"))
}

/// Makes the folder where it is missing; what stands there.
async fn make(storage: &dyn Storage, bin: &StoragePath) -> Result<Kind> {
    match storage.stat(bin).await {
        Err(error) if error.kind() == ErrorKind::NotFound => {}
        there => return Ok(there?.kind),
    }
    match storage.make_directory(bin, Some(0o700)).await {
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
        made => made?,
    }
    Ok(storage.stat(bin).await?.kind)
}
