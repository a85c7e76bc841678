//! Two names that are one to a destination, which folds case or writes letters its own way: what a job has put there under
//! the one is not replaced by what it carries under the other, whatever it was told to do about names that are taken.

use super::{
    destination::{self, Contents},
    errand::Errand,
    step::{At, End, Fail},
};
use crate::domain::{
    display::escape,
    entry::{Attributes, Kind},
    error::ErrorKind,
    path::{Name, StoragePath},
};

/// So many sources, at most, are not looked up in a listing of the destination.
const FEW: usize = 8;

/// Whether what stands at the destination may have come there after it was looked at.
pub(super) fn may_stand(errand: &Errand) -> bool {
    let sources = &errand.request.sources;
    let is_alike = |source: &StoragePath| match (source.name(), errand.step.from.name()) {
        (Some(other), Some(own)) => other != own && alike(&other, &own),
        _ => false,
    };
    errand.step.history.attempts > 1
        || errand.step.depth == 0 && sources.len() <= FEW && sources.iter().any(is_alike)
}

/// Refuses to go on where `stands`, which was found under this name, bears another one that is, or was, in the source.
pub(super) async fn refuse(errand: &Errand, stands: Attributes) -> Result<(), Fail> {
    let (to, from) = (errand.to()?, &errand.step.from);
    let (Some(own), Some(into), Some(out_of)) = (to.name(), to.parent(), from.parent()) else {
        return Ok(());
    };
    let Some(there) = destination::contents(errand.target(), &into).await.at(End::Target)? else {
        return Ok(());
    };
    if there.contains_key(&own) {
        return Ok(());
    }
    let mut others: Vec<Name> = bearers(&there, stands).filter(|name| alike(name, &own)).collect();
    if others.is_empty() {
        return Ok(());
    }
    // In a move the other one may be gone from there by now, and what stands may be all there is of it.
    if !errand.is_move() {
        let beside = destination::contents(&*errand.source, &out_of).await.at(End::Source)?;
        others.retain(|name| beside.as_ref().is_some_and(|beside| beside.contains_key(name)));
    }
    match others.first() {
        None => Ok(()),
        Some(other) => {
            let why = "is the same name there, and may come from the same place; the one does not replace the other";
            let other = escape(other.as_bytes());
            Err(errand.fail(ErrorKind::AlreadyExists, format!("{other} {why}")))
        }
    }
}

/// Names under which the same thing may stand.
fn bearers(there: &Contents, stands: Attributes) -> impl Iterator<Item = Name> {
    let is_it = move |found: &Attributes| {
        found.kind == stands.kind && (found.kind == Kind::Directory || found.size == stands.size)
    };
    there.iter().filter(move |(_, found)| is_it(found)).map(|(name, _)| name.clone())
}

/// Whether two names may be one somewhere. How letters beyond ASCII are written there is nobody's to know here.
fn alike(one: &Name, other: &Name) -> bool {
    let (one, other) = (one.as_bytes(), other.as_bytes());
    let folded = |name| String::from_utf8_lossy(name).to_lowercase();
    folded(one) == folded(other) || !one.is_ascii() && !other.is_ascii()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_some_take_for_one_are_alike() {
        let alike =
            |one: &str, other: &str| alike(&Name::new(one).unwrap(), &Name::new(other).unwrap());
        assert!(alike("a.csv", "A.CSV") && alike("\u{c9}", "\u{e9}"));
        assert!(alike("caf\u{e9}", "cafe\u{301}"));
        assert!(!alike("a", "b") && !alike("cafe", "caf\u{e9}"));
    }
}
