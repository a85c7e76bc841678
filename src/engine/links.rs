//! Steps without content: symbolic links, and moves by renaming.

use std::sync::Arc;

use super::{
    begun::{Begun, Written},
    conflict::{self, Way},
    crash::{self, Moment},
    errand::{Errand, LivePhase},
    final_name::{self, FinalName},
    part::Part,
    step::{Arrived, At, End, Fail, Folder, Found, Known, Outcome, Phase, Stage, Task},
};
use crate::domain::{
    entry::{Attributes, Kind},
    error::ErrorKind,
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
        return finish(errand, FinalName::given(to.clone())).await;
    }
    let name = match conflict::look_before(errand).await? {
        Way::Ends(outcome) => return Ok(*outcome),
        way => FinalName::new(to, &way),
    };
    let part = Part::beside(to, errand.target.clone());
    errand.target().make_link(part.path(), &link).await.at(End::Target)?;
    commit(errand, part, name).await
}

/// Gives the link its name; and, in a move, removes the source.
async fn commit(errand: &Errand, part: Part, name: FinalName) -> Result<Outcome, Fail> {
    errand.live.enter(LivePhase::Committing);
    crash::moment(Moment::BeforeRename);
    let intent = name.keeps_both().then(|| naming(errand, &part, &name));
    match final_name::give(errand, errand.target(), part.path(), name, intent).await {
        Ok(name) => {
            crash::moment(Moment::AfterRename);
            let named = name.keeps_both().then(|| Arc::new(naming(errand, &part, &name)));
            part.keep();
            finish(errand, name).await.map_err(|mut fail| {
                // The next attempt has to know it again.
                fail.resume = named.map(Task::NamedSymlink);
                fail
            })
        }
        Err((error, name)) if error.kind() == ErrorKind::AlreadyExists && name.never_replaces() => {
            conflict::appeared_meanwhile(errand, errand.step.source).await
        }
        Err((error, name)) if error.kind().ends_the_connection() && name.keeps_both() => {
            // Perhaps it was renamed, perhaps not: the next attempt looks.
            let resume = Some(Task::NamedSymlink(Arc::new(naming(errand, &part, &name))));
            part.keep();
            Err(Fail { error, at: Some(End::Target), resume })
        }
        Err((error, _)) => Err(error).at(End::Target),
    }
}

/// What is to be known of a link that is about to get this name.
fn naming(errand: &Errand, part: &Part, name: &FinalName) -> Begun {
    Begun {
        from: errand.step.from.clone(),
        to: name.path.clone(),
        part: part.path().clone(),
        source: errand.step.source,
        written: Written::Naming(Arrived::default()),
    }
}

/// The link was about to get a numbered name: if the part stands, it gets one; if it is gone and what the source says
/// stands under the name, it had got it. Else it is made once more. Of a move the source may be gone as well.
pub(super) async fn named_before(errand: &Errand, begun: &Arc<Begun>) -> Result<Outcome, Fail> {
    let resume = |mut fail: Fail| {
        fail.resume = Some(Task::NamedSymlink(begun.clone()));
        fail
    };
    let stands = async |path| match errand.target().read_link(path).await {
        Ok(found) => Ok(Some(found)),
        Err(error) if error.kind().ends_the_connection() => Err(error).at(End::Target),
        Err(_) => Ok(None),
    };
    let part_stands = stands(&begun.part).await.map_err(resume)?;
    let link = match errand.source.read_link(&errand.step.from).await {
        Err(error)
            if error.kind() == ErrorKind::NotFound
                && errand.is_move()
                && part_stands.is_none()
                && stands(&begun.to).await.map_err(resume)?.is_some() =>
        {
            let name = FinalName::given(begun.to.clone());
            return Ok(Outcome::arrived(errand, name, Arrived::default()));
        }
        read => read.at(End::Source).map_err(resume)?,
    };
    match part_stands {
        Some(found) => {
            let part = Part::at(begun.part.clone(), errand.target.clone());
            if found == link {
                let name = FinalName::new(errand.to()?, &Way::Beside { first: 1 });
                return commit(errand, part, name).await;
            }
        }
        None if stands(&begun.to).await.map_err(resume)?.is_some_and(|found| found == link) => {
            return finish(errand, FinalName::given(begun.to.clone())).await.map_err(resume);
        }
        None => {}
    }
    copy_link(errand).await
}

async fn finish(errand: &Errand, name: FinalName) -> Result<Outcome, Fail> {
    if errand.is_move() {
        match errand.source.remove_file(&errand.step.from).await {
            Ok(()) => {}
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            Err(error) => return Err(error).at(End::Source),
        }
    }
    Ok(Outcome::arrived(errand, name, Arrived::default()))
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
    let way = conflict::look_before(errand).await?;
    let keeps_both = matches!(way, Way::Beside { .. });
    let name = match way {
        Way::Ends(outcome) => return Ok(*outcome),
        way => FinalName::new(to, &way),
    };
    errand.live.enter(LivePhase::Committing);
    // The source will be gone then: the journal knows before, where to.
    let intent = Begun {
        from: from.clone(),
        to: to.clone(),
        part: to.clone(),
        source,
        written: Written::Moving,
    };
    crash::moment(Moment::BeforeRename);
    let given = final_name::give(errand, errand.target(), from, name, Some(intent)).await;
    let (error, name) = match given {
        Ok(name) => {
            crash::moment(Moment::AfterRename);
            return Ok(Outcome::arrived(errand, name, Arrived::default()));
        }
        Err(met) => met,
    };
    match error.kind() {
        ErrorKind::AlreadyExists if name.never_replaces() => {
            conflict::appeared_meanwhile(errand, source).await
        }
        // A lost connection may have hidden the reply: gone here and there now means it was done. Where both are kept
        // something stood there before, which tells nothing.
        ErrorKind::NotFound
            if errand.step.history.attempts > 1 && !keeps_both && look(errand).await?.is_some() =>
        {
            Ok(Outcome::Done(Arrived::default()))
        }
        // Another file system, or a server that will not: by copying, then.
        ErrorKind::Failed | ErrorKind::Unsupported => {
            errand.note_part_gone();
            Ok(turn(errand, source, Folder::moved_by_copy(), errand.step.target))
        }
        _ => Err(error).at(End::Target),
    }
}

/// Finds out whether another process, that was about to rename, did so; renames where it did not.
pub(super) async fn rename_again(errand: &Errand) -> Result<Outcome, Fail> {
    let step = &errand.step;
    match errand.source.stat(&step.from).await {
        Ok(source) => Ok(Outcome::Turned(Found {
            from: step.from.clone(),
            to: step.to.clone(),
            source,
            task: match source.kind {
                Kind::Directory if !errand.is_within_one_endpoint() => {
                    Task::Directory(Phase::Expand, Arc::new(Folder::default()))
                }
                _ => Task::Rename,
            },
            target: Known::Unknown,
        })),
        Err(error) if error.kind() == ErrorKind::NotFound => match look(errand).await? {
            Some(found) if is_moved(&step.source, &found) => Ok(Outcome::Done(Arrived::default())),
            _ => Err(error).at(End::Source),
        },
        Err(error) => Err(error).at(End::Source),
    }
}

/// Whether what stands at the destination may be what stood at the source: a rename changes neither size nor time. Of a
/// directory that was moved entry by entry no time is known.
fn is_moved(source: &Attributes, found: &Attributes) -> bool {
    let seconds = |file: &Attributes| file.modified.map(|time| time.seconds);
    source.kind == found.kind
        && match source.kind {
            Kind::Directory => source.modified.is_none() || seconds(source) == seconds(found),
            _ => source.size == found.size && seconds(source) == seconds(found),
        }
}

async fn look(errand: &Errand) -> Result<Option<Attributes>, Fail> {
    match errand.step.target {
        Known::Absent => Ok(None),
        Known::Present(target) => Ok(Some(target)),
        Known::Unknown | Known::FreeAt(_) => match errand.target().stat(errand.to()?).await {
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
