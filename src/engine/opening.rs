//! Both ends of a file opened: a part that is begun, or one that is gone on with.

use sha2::Sha256 as Hasher;
use tokio::try_join;

use super::{
    begun::{self, Begun, Kept, WORTH_GOING_ON, Written},
    carry,
    errand::Errand,
    part::Part,
    ranges::{Ranges, WORTH_RANGES},
    step::{At, End, Fail},
    transfer::is_same,
};
use crate::{
    domain::{
        entry::{Attributes, Kind},
        error::ErrorKind,
    },
    storage::{ReadStream, WriteOptions, WriteStream},
};

/// A part on its way, and what of it could be gone on with.
#[derive(Default)]
pub(super) struct Held {
    pub(super) part: Option<Part>,
    pub(super) begun: Option<Begun>,
    /// Something in the part was there before.
    pub(super) went_on: bool,
    /// It comes from what stands under the final name.
    pub(super) taken_over: bool,
}

/// What is open before the first byte is carried.
pub(super) struct Opened {
    pub(super) before: Attributes,
    pub(super) way: Road,
    pub(super) streams: Option<Streams>,
}

/// How the bytes go.
pub(super) enum Road {
    Ranges(Ranges),
    /// From there on, in one stream; and the digest of what is before it, where it was taken.
    Stream {
        offset: u64,
        hashed: Option<Hasher>,
    },
}

pub(super) type Streams = (Box<dyn ReadStream>, Box<dyn WriteStream>);

/// Takes up what an earlier attempt, or an earlier process, left; `None` where that is of no use.
pub(super) async fn go_on(errand: &Errand, held: &mut Held) -> Result<Option<Opened>, Fail> {
    let Some(begun) = &mut held.begun else { return Ok(None) };
    let before = errand.source.stat(&errand.step.from).await.at(End::Source)?;
    let Some(kept) = begun::prove(errand, begun, &before).await? else {
        // Nothing of it can be believed.
        (held.part, held.begun) = (None, None);
        return Ok(None);
    };
    held.went_on = true;
    match kept {
        Kept::Ranges(kept) => {
            let ranges = Ranges::with(before.size.unwrap_or(0), carry::cut(errand), &kept);
            begun.written = Written::Ranges(kept);
            errand.note_progress(begun.clone());
            errand.live.find(ranges.bytes());
            Ok(Some(Opened { before, way: Road::Ranges(ranges), streams: None }))
        }
        Kept::UpTo(offset, hashed) => {
            let Some(part) = &held.part else { return Ok(None) };
            let read =
                async { errand.source.read(&errand.step.from, offset, None).await.at(End::Source) };
            let write = carry::open_part(errand, part, offset);
            let (reader, writer) = carry::both(errand, read, write).await?;
            errand.note_progress(begun.clone());
            errand.live.find(offset);
            let way = Road::Stream { offset, hashed };
            Ok(Some(Opened { before, way, streams: Some((reader, writer)) }))
        }
    }
}

/// Opens both ends of a file that is begun, in one round trip. Where a listing tells times only roughly it cannot tell
/// whether the file is still the same: there the look comes first.
pub(super) async fn open(errand: &Errand, held: &mut Held) -> Result<Opened, Fail> {
    let (from, to) = (&errand.step.from, errand.to()?);
    let (source, target) = (&*errand.source, errand.target());
    // A large file goes in ranges, where there are lanes to spread them over.
    let has_lanes = carry::can_take_ranges(errand);
    let large = |file: &Attributes| file.size.filter(|&size| has_lanes && size >= WORTH_RANGES);
    let cut = carry::cut(errand);
    let first_range = |file: &Attributes| large(file).map(|size| cut.first(size));

    let listed = &errand.step.source;
    let mut part = Part::beside(to, errand.target.clone());
    let begin = |source: &Attributes| {
        source.size.filter(|&size| size >= WORTH_GOING_ON)?;
        let written = match large(source) {
            Some(_) => Written::Ranges(Vec::new()),
            None => Written::InOrder,
        };
        let (from, to, part) = (from.clone(), to.clone(), part.path().clone());
        Some(Begun { from, to, part, source: *source, written })
    };
    held.begun = begin(listed);
    if let Some(size) = large(listed) {
        carry::expect(errand, size);
    }
    let stat = async { source.stat(from).await.at(End::Source) };
    let read = async |length| source.read(from, 0, length).await.at(End::Source);
    let begun = held.begun.as_ref();
    let write = async {
        // It is written down before it is there.
        if let Some(begun) = begun {
            errand.note_part(begun).await;
        }
        let options = WriteOptions { at_once: true, ..WriteOptions::new_private() };
        target.write(part.path(), options).await.at(End::Target)
    };
    let is_exact = source.capabilities().exact_listings || errand.step.history.was_looked_at;
    let look_first = carry::in_turn(errand) || !is_exact;
    let (before, reader, writer) = if look_first {
        let before = stat.await?;
        let (reader, writer) = carry::both(errand, read(first_range(&before)), write).await?;
        (before, reader, writer)
    } else {
        try_join!(stat, read(first_range(listed)), write)?
    };
    if before.kind != Kind::File {
        return Err(errand.fail(ErrorKind::SourceChanged, "it is not a file any more"));
    }
    // What it was when it was listed, it was before the first byte was read. If it is not that any more, the first
    // bytes may be older than this look at it: it is opened once more, after the look.
    let reader = match look_first || is_same(listed, &before) {
        true => reader,
        false => {
            drop(reader);
            read(first_range(&before)).await?
        }
    };
    if !is_same(listed, &before) {
        held.begun = begin(&before);
        if let Some(begun) = &held.begun {
            errand.note_part(begun).await;
        }
    }
    let one_stream = Road::Stream { offset: 0, hashed: None };
    let way = large(&before).map_or(one_stream, |size| Road::Ranges(Ranges::new(size, cut)));
    if held.begun.is_some() {
        part.set_noted();
    }
    held.part = Some(part);
    Ok(Opened { before, way, streams: Some((reader, writer)) })
}
