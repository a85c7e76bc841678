//! The bytes of one file: in one stream, or as ranges over all lanes there are.

use std::{sync::atomic::Ordering, time::Duration};

use bytes::Bytes;
use futures_util::{StreamExt as _, stream::FuturesUnordered};
use tokio::{
    sync::{mpsc, watch},
    time, try_join,
};

use super::{
    errand::{Errand, Live},
    part::Part,
    ranges::{Cut, PATIENCE, Piece, Ranges},
    step::{At, End, Fail},
    verify::Passing,
};
use crate::{
    domain::{digest::Sha256, entry::Attributes, error::ErrorKind, path::StoragePath},
    storage::{FinishOptions, ReadStream, Storage, WriteOptions, WriteStream},
};

/// Chunks between reading and writing: bounds memory when one side is slow.
const CHUNKS_WAITING: usize = 8;
/// Two ranges a lane: while one is being opened or ends, the other keeps the lane busy.
const RANGES_A_LANE: usize = 2;
/// At most so many ranges of a site are under way, however many lanes: each holds memory.
const MOST_RANGES: usize = 16;
/// After so many bytes it is written down how far the ranges have come.
const WORTH_A_NOTE: u64 = 8 << 20;
/// How long what was read may take to be written, once reading has failed.
const FOR_THE_REST: Duration = Duration::from_secs(5);
/// How often it is looked whether there are more lanes by now.
const LOOK_AT_LANES: Duration = Duration::from_millis(50);

/// All bytes are over; what is left is to close the part.
pub(super) struct Carried {
    pub(super) bytes: u64,
    /// Of what was sent, where it was hashed while it passed.
    pub(super) digest: Option<Sha256>,
    pub(super) writer: Box<dyn WriteStream>,
}

/// Reads and writes side by side, both from `offset`, until the source has ended where its size said it would.
pub(super) async fn in_one_stream(
    errand: &Errand,
    (mut reader, mut writer): (Box<dyn ReadStream>, Box<dyn WriteStream>),
    before: &Attributes,
    offset: u64,
    mut passing: Passing,
) -> Result<Carried, Fail> {
    let (chunks, mut waiting) = mpsc::channel::<Bytes>(CHUNKS_WAITING);
    let live: &Live = &errand.live;
    let reading = async move {
        let mut bytes = offset;
        while let Some(chunk) = reader.next().await.at(End::Source)? {
            bytes += chunk.len() as u64;
            if before.size.is_some_and(|size| bytes > size) {
                let why = format!("it holds more than the {} its size said", in_bytes(before.size));
                return Err(errand.fail(ErrorKind::SourceChanged, why));
            }
            passing.update(&chunk).await;
            // The writing is gone only when it failed, and then its error is what counts.
            let _ = chunks.send(chunk).await;
        }
        reader.finish().await.at(End::Source)?;
        if before.size.is_some_and(|size| bytes < size) {
            let why = format!("it ended after {bytes} of {}", in_bytes(before.size));
            return Err(errand.fail(ErrorKind::SourceChanged, why));
        }
        Ok((bytes, passing.finish().await))
    };
    let writing = async {
        while let Some(chunk) = waiting.recv().await {
            let length = chunk.len();
            errand.gate.pass(length as u64).await;
            writer.write(chunk).await.at(End::Target)?;
            live.carry(length as u64);
        }
        Ok(())
    };
    let (read, written) = {
        tokio::pin!(reading, writing);
        tokio::select! {
            // What was read before it failed is written even so: the next attempt goes on behind it.
            read = &mut reading => (read, writing.await),
            written = &mut writing => match written {
                Ok(()) => (reading.await, Ok(())),
                Err(fail) => return Err(fail),
            },
        }
    };
    match (read, written) {
        (Ok((bytes, digest)), Ok(())) => Ok(Carried { bytes, digest, writer }),
        (Ok(_), Err(fail)) => Err(fail),
        (Err(fail), Ok(())) if fail.error.kind().is_worth_a_retry() => {
            // Storages gather what they are given.
            let kept = time::timeout(FOR_THE_REST, writer.finish(FinishOptions::default())).await;
            tracing::debug!(kept = matches!(kept, Ok(Ok(_))), "reading broke off");
            Err(fail)
        }
        (Err(fail), _) => Err(fail),
    }
}

/// Whether the source has to be opened before the destination.
pub(super) fn in_turn(errand: &Errand) -> bool {
    let source = errand.source.capabilities();
    source.one_file_a_connection && errand.target().capabilities().one_file_a_connection
}

/// Does something at both ends: side by side, or at the source first.
pub(super) async fn both<R, W>(
    errand: &Errand,
    source: impl Future<Output = Result<R, Fail>>,
    target: impl Future<Output = Result<W, Fail>>,
) -> Result<(R, W), Fail> {
    if in_turn(errand) {
        let source = source.await?;
        return Ok((source, target.await?));
    }
    try_join!(source, target)
}

/// How many ranges of this file may be under way now. Files under way together share the lanes.
fn crew(errand: &Errand) -> usize {
    let lanes = errand.source.lanes().min(errand.target().lanes());
    let ranges = lanes.saturating_mul(RANGES_A_LANE).min(MOST_RANGES);
    (ranges / errand.company()).max(1)
}

/// How a file is cut in ranges here.
pub(super) fn cut(errand: &Errand) -> Cut {
    let is_dear = |storage: &dyn Storage| storage.capabilities().one_file_a_connection;
    if is_dear(&*errand.source) || is_dear(errand.target()) { Cut::DEAR } else { Cut::CHEAP }
}

/// Lets the source know over how many streams a file of this size is about to be read.
pub(super) fn expect(errand: &Errand, size: u64) {
    let ranges = usize::try_from(cut(errand).count(size)).unwrap_or(usize::MAX);
    errand.source.expect_streams(crew(errand).min(ranges));
}

/// Whether a storage at one end has lanes to spread ranges over, and the other can take them.
pub(super) fn can_take_ranges(errand: &Errand) -> bool {
    let has_lanes = |storage: &dyn Storage| (2..usize::MAX).contains(&storage.lanes());
    let target = errand.target().capabilities();
    target.write_at_offset
        && !target.one_writer_a_file
        && (has_lanes(&*errand.source) || has_lanes(errand.target()))
}

/// Carries a file of `size` bytes as ranges. Where the first streams are open already the reader is for the first range.
/// `front` is told up to where all has arrived; `ranges` says what has, however this ends.
pub(super) async fn in_ranges(
    errand: &Errand,
    part: &Part,
    size: u64,
    ranges: &mut Ranges,
    first: Option<(Box<dyn ReadStream>, Box<dyn WriteStream>)>,
    front: watch::Sender<u64>,
    note: impl Fn(&Ranges),
) -> Result<Carried, Fail> {
    let mut under_way = FuturesUnordered::new();
    let mut opened = first;
    let mut look = time::interval(LOOK_AT_LANES);
    let mut noted = errand.live.carried();
    while !ranges.is_whole() {
        while under_way.len() < crew(errand) {
            let Some(piece) = ranges.next() else { break };
            under_way.push(one_range(errand, part, piece, opened.take()));
        }
        tokio::select! {
            ended = under_way.next(), if !under_way.is_empty() => match ended {
                Some((piece, Ok(()))) => {
                    ranges.arrived(piece);
                    front.send_replace(ranges.front());
                    note(ranges);
                }
                Some((piece, Err(fail))) => {
                    let lane_ended = fail.error.kind() == ErrorKind::Interrupted;
                    if !lane_ended || !ranges.interrupted(piece) {
                        return Err(fail);
                    }
                }
                None => {}
            },
            _ = look.tick() => {
                let carried = errand.live.carried();
                if carried >= noted.saturating_add(WORTH_A_NOTE) {
                    noted = carried;
                    note(ranges);
                }
            }
        }
    }
    let writer = open_to_close(errand, part, size).await?;
    Ok(Carried { bytes: size, digest: None, writer })
}

/// The stream through which a whole part is closed: a lane that ends meanwhile is not the end of what all others did.
async fn open_to_close(
    errand: &Errand,
    part: &Part,
    size: u64,
) -> Result<Box<dyn WriteStream>, Fail> {
    for _ in 0..PATIENCE {
        match open_part(errand, part, size).await {
            Err(fail) if fail.error.kind() == ErrorKind::Interrupted => {}
            opened => return opened,
        }
    }
    open_part(errand, part, size).await
}

pub(super) async fn open_part(
    errand: &Errand,
    part: &Part,
    offset: u64,
) -> Result<Box<dyn WriteStream>, Fail> {
    let options = WriteOptions { offset, create_new: false, ..WriteOptions::new_private() };
    errand.target().write(part.path(), options).await.at(End::Target)
}

/// Carries one range, and gives it back with how that went.
async fn one_range(
    errand: &Errand,
    part: &Part,
    piece: Piece,
    opened: Option<(Box<dyn ReadStream>, Box<dyn WriteStream>)>,
) -> (Piece, Result<(), Fail>) {
    let mut carried = 0;
    let result = carry_range(errand, part, &piece, opened, &mut carried).await;
    if result.is_err() {
        errand.live.take_back(carried);
    }
    (piece, result)
}

async fn carry_range(
    errand: &Errand,
    part: &Part,
    piece: &Piece,
    opened: Option<(Box<dyn ReadStream>, Box<dyn WriteStream>)>,
    carried: &mut u64,
) -> Result<(), Fail> {
    let length = piece.range.end - piece.range.start;
    let (mut reader, mut writer) = match opened {
        Some(opened) => opened,
        None => {
            let from = &errand.step.from;
            let read = errand.source.read(from, piece.range.start, Some(length));
            let read = async { read.await.at(End::Source) };
            both(errand, read, open_part(errand, part, piece.range.start)).await?
        }
    };
    while let Some(chunk) = reader.next().await.at(End::Source)? {
        let count = chunk.len() as u64;
        if *carried + count > length {
            let why = "more came of a range of it than was asked for";
            return Err(errand.fail(ErrorKind::Protocol, why));
        }
        errand.gate.pass(count).await;
        writer.write(chunk).await.at(End::Target)?;
        *carried += count;
        piece.carried.store(*carried, Ordering::Relaxed);
        errand.live.carry(count);
    }
    reader.finish().await.at(End::Source)?;
    if *carried < length {
        let end = piece.range.start + *carried;
        return Err(errand.fail(ErrorKind::SourceChanged, format!("it ended after {end} bytes")));
    }
    writer.finish(FinishOptions::default()).await.at(End::Target)?;
    Ok(())
}

/// Hashes what stands at this machine's end, following close behind the ranges that arrive: what is read here is still
/// in the system's memory, and no time is spent on it once the last one has arrived. `None` where the carrying failed.
pub(super) async fn hash_behind(
    (storage, path, end): (&dyn Storage, &StoragePath, End),
    size: u64,
    mut front: watch::Receiver<u64>,
) -> Result<Option<Sha256>, Fail> {
    let mut passing = Passing::new(true, Some(size));
    let mut at = 0;
    while at < size {
        let arrived = *front.borrow_and_update();
        if arrived == at {
            // The carrying is gone only when it failed, and then its error is what counts.
            if front.changed().await.is_err() {
                return Ok(None);
            }
            continue;
        }
        let mut reader = storage.read(path, at, Some(arrived - at)).await.at(end)?;
        while let Some(chunk) = reader.next().await.at(end)? {
            at += chunk.len() as u64;
            passing.update(&chunk).await;
        }
        reader.finish().await.at(end)?;
        if at != arrived {
            return Ok(None);
        }
    }
    Ok(passing.finish().await)
}

pub(super) fn in_bytes(size: Option<u64>) -> String {
    size.map_or_else(|| "an unknown number of bytes".into(), |size| format!("{size} bytes"))
}
