//! What an interrupted job may have done without having it in the journal: a copy that got its name in the last moment.

use tokio::try_join;

use super::{
    errand::Errand,
    step::{Arrived, At, End, Fail, Known},
    verify,
};
use crate::domain::{
    digest::{Verdict, VerifyLevel},
    entry::{Attributes, Kind},
    error::ErrorKind,
};

/// What is known of a copy that stands there already, in a job that is gone on with: it has the source's size and
/// time, and where both ends can tell, its digest. Where they cannot, a move takes it for somebody else's: the source
/// is not removed for the sake of a size.
pub(super) async fn before(errand: &Errand) -> Result<Option<Arrived>, Fail> {
    if !errand.is_resumed {
        return Ok(None);
    }
    let target = match errand.step.target {
        Known::Absent => return Ok(None),
        Known::Present(target) => target,
        Known::Unknown | Known::FreeAt(_) => match errand.target().stat(errand.to()?).await {
            Ok(target) => target,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error).at(End::Target),
        },
    };
    let source = errand.step.source;
    if !looks_alike(&source, &target) {
        return Ok(None);
    }
    let (from, to) = (&*errand.source, errand.target());
    let asks = !matches!(errand.request.options.verify, VerifyLevel::Size | VerifyLevel::Off);
    let can_tell = asks && from.capabilities().digests && to.capabilities().digests;
    let (here, there) = try_join!(
        verify::ask(can_tell, from, &errand.step.from, End::Source),
        verify::ask(can_tell, to, errand.to()?, End::Target),
    )?;
    let bytes = source.size.unwrap_or(0);
    Ok(match (here, there) {
        (Some(here), Some(there)) => (here == there).then_some(Arrived {
            bytes,
            verdict: Some(Verdict::Hash),
            digest: Some(here),
        }),
        _ if errand.is_move() => None,
        _ => Some(Arrived { bytes, verdict: Some(Verdict::Size), digest: None }),
    })
}

/// Whole seconds: fractions are not kept everywhere.
fn looks_alike(source: &Attributes, target: &Attributes) -> bool {
    let seconds = |file: &Attributes| file.modified.map(|time| time.seconds);
    source.kind == Kind::File
        && target.kind == Kind::File
        && source.size.is_some()
        && source.size == target.size
        && source.modified.is_some()
        && seconds(source) == seconds(target)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::entry::Timestamp;

    #[test]
    fn size_and_time_have_to_be_known_and_equal() {
        let file = |size, seconds| Attributes {
            size,
            modified: Option::map(seconds, Timestamp::from_seconds),
            ..Attributes::of_kind(Kind::File)
        };
        let known = file(Some(1), Some(5));
        assert!(looks_alike(&known, &known));
        for other in [
            file(Some(2), Some(5)),
            file(Some(1), Some(6)),
            file(None, Some(5)),
            file(Some(1), None),
        ] {
            assert!(!looks_alike(&known, &other) && !looks_alike(&other, &known));
        }
        assert!(!looks_alike(&file(None, Some(5)), &file(None, Some(5))));
        assert!(!looks_alike(&file(Some(1), None), &file(Some(1), None)));
        let link = Attributes { kind: Kind::Symlink, ..known };
        assert!(!looks_alike(&known, &link));
    }
}
