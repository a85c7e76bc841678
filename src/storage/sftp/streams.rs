//! Files read and written with many requests under way.

use std::{collections::VecDeque, sync::Arc, time::Instant};

use async_trait::async_trait;
use bytes::Bytes;

use super::{
    client::{InFlight, accepted, unexpected},
    mail::{Fault, RemoteHandle},
    pace::Pace,
    packet::Reply,
    server::{Server, from_wire, to_wire},
    status,
};
use crate::{
    domain::{
        entry::Attributes,
        error::{Error, ErrorKind, Result},
        path::StoragePath,
    },
    storage::{FinishOptions, ReadStream, WriteStream},
};

/// At most so many bytes of one stream are under way.
const MOST_UNDER_WAY: u64 = 8 * 1024 * 1024;
/// How many reads are sent before anything is known of the file.
const FIRST_READS: usize = 2;
/// How many once its size is known by hearsay.
const EARLY_READS: usize = 16;
/// How many writes are sent before the first is answered.
const FIRST_WRITES: usize = 16;

/// A READ under way, or its data that came before it was wanted.
#[derive(Debug)]
struct Slot {
    offset: u64,
    length: u32,
    sent: Instant,
    state: SlotState,
}

#[derive(Debug)]
enum SlotState {
    Waiting(InFlight),
    Came(Bytes),
}

/// A file being read, in order, though replies come in any.
#[derive(Debug)]
pub(crate) struct SftpReadStream {
    server: Arc<Server>,
    path: StoragePath,
    handle: RemoteHandle,
    slots: VecDeque<Slot>,
    /// All before it was handed out.
    position: u64,
    /// All before it was asked for.
    asked: u64,
    /// Where the range ends.
    end: Option<u64>,
    /// What FSTAT says of the size: decides only how much is asked ahead.
    hearsay: Option<u64>,
    hearsay_asked: Option<InFlight>,
    /// A short answer ended where the file ends by hearsay: its gap is asked for only if more comes after it.
    doubtful_gap: Option<(u64, u32)>,
    pace: Pace,
    ended: bool,
}

impl SftpReadStream {
    pub(crate) fn new(
        server: Arc<Server>,
        path: StoragePath,
        handle: RemoteHandle,
        offset: u64,
        length: Option<u64>,
    ) -> Self {
        let now = Instant::now();
        let end = length.map(|length| offset.saturating_add(length));
        let hearsay_asked = end.is_none().then(|| server.client.fstat(&handle));
        let chunk = server.client.extensions().longest_read;
        let mut pace = Pace::new(chunk, FIRST_READS, MOST_UNDER_WAY, now);
        if end.is_some() {
            pace.prepare_for(EARLY_READS);
        }
        let mut stream = Self {
            server,
            path,
            handle,
            slots: VecDeque::new(),
            position: offset,
            asked: offset,
            end,
            hearsay: None,
            hearsay_asked,
            doubtful_gap: None,
            pace,
            ended: false,
        };
        stream.ask_ahead();
        stream
    }

    fn slot(&self, offset: u64, length: u32) -> Slot {
        let reply = self.server.client.read(&self.handle, offset, length);
        Slot { offset, length, sent: Instant::now(), state: SlotState::Waiting(reply) }
    }

    fn ask_ahead(&mut self) {
        if let Some(asked) = &mut self.hearsay_asked
            && let Some(told) = asked.arrived()
        {
            self.hearsay_asked = None;
            if let Ok(Reply::Attributes(attributes)) = told {
                self.hearsay = attributes.size;
                self.pace.prepare_for(EARLY_READS);
            }
        }
        let chunk = self.server.client.extensions().longest_read;
        while self.slots.len() < self.pace.window() {
            let left = self.end.map_or(u64::from(chunk), |end| end.saturating_sub(self.asked));
            let length = u32::try_from(left).unwrap_or(chunk).min(chunk);
            // One read at or after the end by hearsay finds out whether it is the end.
            let enough = self.hearsay.is_some_and(|size| {
                self.slots.back().is_some_and(|last| last.offset >= size && self.position <= size)
            });
            if length == 0 || enough {
                return;
            }
            let slot = self.slot(self.asked, length);
            self.slots.push_back(slot);
            self.asked = self.asked.saturating_add(u64::from(length));
        }
    }

    /// The data at `position`, `None` at the end.
    async fn in_order(&mut self) -> std::result::Result<Option<Bytes>, Fault> {
        loop {
            if self.ended {
                return Ok(None);
            }
            if self.doubtful_gap.is_none() {
                self.ask_ahead();
            }
            let Some(front) = self.slots.front_mut() else {
                if let Some((offset, length)) = self.doubtful_gap.take() {
                    let slot = self.slot(offset, length);
                    self.slots.push_front(slot);
                    continue;
                }
                self.ended = true;
                continue;
            };
            // Awaited in place: should this call be dropped, nothing is lost.
            let came = match &mut front.state {
                SlotState::Came(data) => Some(std::mem::take(data)),
                SlotState::Waiting(reply) => match reply.await? {
                    Reply::Data(data) => Some(data),
                    Reply::Status { code: status::EOF, .. } => None,
                    _ => return Err(unexpected()),
                },
            };
            let Some(data) = came else {
                // The end, whether at `position` or, after a doubtful gap, where hearsay has it too.
                self.ended = true;
                self.slots.clear();
                continue;
            };
            if let Some((offset, length)) = self.doubtful_gap.take() {
                front.state = SlotState::Came(data);
                let slot = self.slot(offset, length);
                self.slots.push_front(slot);
                continue;
            }
            let Some(slot) = self.slots.pop_front() else { continue };
            return self.take(&slot, data).map(Some);
        }
    }

    fn take(&mut self, slot: &Slot, data: Bytes) -> std::result::Result<Bytes, Fault> {
        let length = u32::try_from(data.len()).unwrap_or(u32::MAX);
        if length > slot.length {
            return Err(Fault::protocol("the server sent more data than it was asked for"));
        }
        if length == 0 {
            return Err(Fault::protocol("the server answered a read with no data and no end"));
        }
        self.pace.answered(u64::from(length), slot.sent, Instant::now());
        self.position = slot.offset + u64::from(length);
        if length < slot.length {
            let gap = (self.position, slot.length - length);
            if self.hearsay == Some(self.position) {
                self.doubtful_gap = Some(gap);
            } else {
                let slot = self.slot(gap.0, gap.1);
                self.slots.push_front(slot);
            }
        }
        Ok(data)
    }
}

#[async_trait]
impl ReadStream for SftpReadStream {
    async fn next(&mut self) -> Result<Option<Bytes>> {
        match self.in_order().await {
            Ok(data) => Ok(data),
            Err(fault) => {
                self.ended = true;
                self.slots.clear();
                let fault = self.server.look_closer(fault, &self.path).await;
                Err(fault.into_error(self.server.doing("read", &self.path)))
            }
        }
    }

    async fn finish(self: Box<Self>) -> Result<()> {
        // What came has come; the handle is given back without waiting for what the server says to that.
        Ok(())
    }
}

/// A WRITE under way.
#[derive(Debug)]
struct Sent {
    length: u64,
    when: Instant,
    reply: InFlight,
}

/// A file being written.
#[derive(Debug)]
pub(crate) struct SftpWriteStream {
    server: Arc<Server>,
    path: StoragePath,
    handle: RemoteHandle,
    offset: u64,
    sent: VecDeque<Sent>,
    pace: Pace,
    failed: Option<Error>,
}

impl SftpWriteStream {
    pub(crate) fn new(
        server: Arc<Server>,
        path: StoragePath,
        handle: RemoteHandle,
        offset: u64,
    ) -> Self {
        let chunk = server.client.extensions().longest_write;
        let pace = Pace::new(chunk, FIRST_WRITES, MOST_UNDER_WAY, Instant::now());
        Self { server, path, handle, offset, sent: VecDeque::new(), pace, failed: None }
    }

    /// Takes answers in until at most `leave` are due.
    async fn settle(&mut self, leave: usize) -> Result<()> {
        if let Some(failed) = &self.failed {
            return Err(failed.clone());
        }
        while let Some(first) = self.sent.front_mut() {
            let reply = match first.reply.arrived() {
                Some(reply) => reply,
                None if self.sent.len() <= leave => break,
                // Still at the front should this call be dropped.
                None => match self.sent.front_mut() {
                    Some(first) => (&mut first.reply).await,
                    None => break,
                },
            };
            let answered = self.sent.pop_front();
            if let Err(fault) = reply.and_then(accepted) {
                return Err(self.fail(fault).await);
            }
            if let Some(answered) = answered {
                self.pace.answered(answered.length, answered.when, Instant::now());
            }
        }
        Ok(())
    }

    async fn fail(&mut self, fault: Fault) -> Error {
        let fault = self.server.look_closer_at_writing(fault, &self.path).await;
        let error = fault.into_error(self.server.doing("write", &self.path));
        self.failed = Some(error.clone());
        self.sent.clear();
        error
    }
}

#[async_trait]
impl WriteStream for SftpWriteStream {
    async fn write(&mut self, mut data: Bytes) -> Result<()> {
        let chunk = self.server.client.extensions().longest_write as usize;
        while !data.is_empty() {
            let window = self.pace.window();
            self.settle(window.saturating_sub(1)).await?;
            let piece = data.split_to(data.len().min(chunk));
            let length = piece.len() as u64;
            let reply = self.server.client.write(&self.handle, self.offset, piece);
            self.sent.push_back(Sent { length, when: Instant::now(), reply });
            self.offset += length;
        }
        if let Some(failed) = &self.failed { Err(failed.clone()) } else { Ok(()) }
    }

    async fn finish(mut self: Box<Self>, options: FinishOptions) -> Result<Attributes> {
        if let Some(failed) = &self.failed {
            return Err(failed.clone());
        }
        // Sent at once: requests on one file are worked off in order (§6.1). Nothing is believed before its answer.
        let client = &self.server.client;
        let wire = to_wire(&options.attributes);
        let wanted = (!options.attributes.is_empty() && self.server.can_set()).then_some(wire);
        let set = wanted.map(|wire| client.set_open(&self.handle, wire));
        let flushed =
            (options.sync && client.extensions().fsync).then(|| client.flush_to_disk(&self.handle));
        let told = client.fstat(&self.handle);
        self.settle(0).await?;
        let Self { server, path, handle, .. } = *self;
        let doing = |act: &str| server.doing(act, &path);
        let closed = server.client.close(handle);
        if let Some(set) = set {
            match set.await.and_then(accepted) {
                // Capabilities say so from now on.
                Err(fault) if fault.kind == ErrorKind::Unsupported => server.cannot_set(),
                outcome => {
                    outcome.map_err(|fault| fault.into_error(doing("set the attributes of")))?
                }
            }
        }
        if let Some(flushed) = flushed {
            flushed.await.and_then(accepted).map_err(|fault| fault.into_error(doing("flush")))?;
        }
        let attributes = match told.await {
            Ok(Reply::Attributes(attributes)) => from_wire(&attributes),
            Ok(_) => return Err(unexpected().into_error(doing("look at"))),
            Err(fault) => return Err(fault.into_error(doing("look at"))),
        };
        closed.await.and_then(accepted).map_err(|fault| fault.into_error(doing("close")))?;
        Ok(attributes)
    }
}
