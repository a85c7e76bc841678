//! A file read with many requests under way, handed out in order though replies come in any.

use std::{collections::VecDeque, time::Instant};

use async_trait::async_trait;
use bytes::Bytes;

use super::{MOST_UNDER_WAY, OpenFile};
use crate::{
    domain::error::{ErrorKind, Result},
    storage::{
        ReadStream,
        sftp::{
            client::{InFlight, unexpected},
            mail::{Fault, Manner},
            pace::{Pace, Sent},
            packet::Reply,
            status,
        },
    },
};

/// How many reads are sent before anything is known of the file.
const FIRST_READS: usize = 2;
/// How many once its size is known by hearsay.
const EARLY_READS: usize = 16;

/// A READ under way, or its data that came before it was wanted.
#[derive(Debug)]
struct Slot {
    offset: u64,
    length: u32,
    sent: Sent,
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
    file: OpenFile,
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
    /// A read failed while others were under way: it is asked once more, and nothing else with it.
    alone: bool,
    ended: bool,
}

impl SftpReadStream {
    pub(crate) fn new(file: OpenFile, offset: u64, length: Option<u64>) -> Self {
        let now = Instant::now();
        let end = length.map(|length| offset.saturating_add(length));
        let client = &file.server.client;
        let hearsay_asked = end.is_none().then(|| client.fstat(&file.opened.handle));
        let chunk = file.opened.lengths.read;
        let mut pace = Pace::new(chunk, FIRST_READS, MOST_UNDER_WAY, now);
        let traffic = &file.opened.berth.traffic;
        pace.others_saw(traffic.round_trip());
        if end.is_some() {
            // The middle of a large file: others before it have found out what the line carries.
            pace.prepare_for(traffic.pace().max(EARLY_READS));
        }
        let mut stream = Self {
            file,
            slots: VecDeque::new(),
            position: offset,
            asked: offset,
            end,
            hearsay: None,
            hearsay_asked,
            doubtful_gap: None,
            pace,
            alone: false,
            ended: false,
        };
        stream.ask_ahead();
        stream
    }

    fn slot(&self, offset: u64, length: u32) -> Slot {
        let manner = if self.alone { Manner::Alone } else { Manner::Prompt };
        let reply = self.file.server.client.read(&self.file.opened.handle, offset, length, manner);
        Slot {
            offset,
            length,
            sent: self.pace.sent(Instant::now()),
            state: SlotState::Waiting(reply),
        }
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
        let chunk = self.file.opened.lengths.read;
        let window = if self.alone { 1 } else { self.pace.window() };
        while self.slots.len() < window {
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
                SlotState::Waiting(reply) => match reply.await {
                    Ok(Reply::Data(data)) => Some(data),
                    Ok(Reply::Status { code: status::EOF, .. }) => None,
                    Ok(_) => return Err(unexpected()),
                    Err(fault) if fault.kind == ErrorKind::Failed && !self.alone => {
                        self.alone = true;
                        self.slots.clear();
                        self.doubtful_gap = None;
                        self.asked = self.position;
                        continue;
                    }
                    Err(fault) => return Err(fault),
                },
            };
            if std::mem::take(&mut self.alone) {
                self.file.opened.berth.habits.failed_in_company();
            }
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
        self.file.opened.berth.traffic.moved(u64::from(length), &self.pace);
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
                let OpenFile { server, path, opened } = &self.file;
                let fault = server.look_closer(opened.berth.reach(fault), path).await;
                Err(fault.into_error(server.doing("read", path)))
            }
        }
    }

    async fn finish(self: Box<Self>) -> Result<()> {
        // What came has come; the handle is given back without waiting for what the server says to that.
        Ok(())
    }
}
