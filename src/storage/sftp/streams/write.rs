//! A file written with many requests under way.

use std::{collections::VecDeque, time::Instant};

use async_trait::async_trait;
use bytes::Bytes;

use super::{MOST_UNDER_WAY, OpenFile};
use crate::{
    domain::{
        entry::Attributes,
        error::{Error, ErrorKind, Result},
    },
    storage::{
        FinishOptions, WriteStream,
        sftp::{
            client::{InFlight, Opened, accepted, unexpected},
            mail::{Fault, Manner},
            pace::{self, Pace},
            packet::Reply,
            server::{from_wire, to_wire},
        },
    },
};

/// How many writes are sent before the first is answered.
const FIRST_WRITES: usize = 16;
/// No fewer are under way, however narrow the line: many streams may share it.
const LEAST_WRITES: usize = 2;

/// A WRITE under way; its data is kept until it is answered.
#[derive(Debug)]
struct Sent {
    offset: u64,
    data: Bytes,
    when: pace::Sent,
    reply: InFlight,
}

/// A file being written.
#[derive(Debug)]
pub(crate) struct SftpWriteStream {
    file: OpenFile,
    offset: u64,
    sent: VecDeque<Sent>,
    pace: Pace,
    /// How many writes had to be sent a second time.
    sent_again: u64,
    failed: Option<Error>,
}

/// What is asked of a file when all is written.
struct LastRequests {
    set: Option<InFlight>,
    flushed: Option<InFlight>,
    told: InFlight,
}

impl SftpWriteStream {
    pub(crate) fn new(file: OpenFile, offset: u64) -> Self {
        let chunk = file.opened.lengths.write;
        let mut pace = Pace::new(chunk, LEAST_WRITES, MOST_UNDER_WAY, Instant::now());
        pace.prepare_for(FIRST_WRITES);
        let traffic = &file.opened.berth.traffic;
        pace.others_saw(traffic.round_trip());
        if offset > 0 {
            // The middle of a large file: others before it have found out what the line carries.
            pace.prepare_for(traffic.pace());
        }
        Self { file, offset, sent: VecDeque::new(), pace, sent_again: 0, failed: None }
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
            let Some(answered) = self.sent.pop_front() else { break };
            let accepted = match reply.and_then(accepted) {
                Err(fault) if fault.kind == ErrorKind::Failed => {
                    // Refused twice, the first refusal is told; what else stood in the way counts more.
                    let again = self.write_alone(&answered).await;
                    again.map_err(|why| if why.kind == ErrorKind::Failed { fault } else { why })
                }
                accepted => accepted,
            };
            if let Err(fault) = accepted {
                return Err(self.fail(fault).await);
            }
            let length = answered.data.len() as u64;
            self.pace.answered(length, answered.when, Instant::now());
            self.file.opened.berth.traffic.moved(length, &self.pace);
        }
        Ok(())
    }

    /// A write failed while others were under way: it is sent once more, and nothing else with it.
    async fn write_alone(&mut self, failed: &Sent) -> std::result::Result<(), Fault> {
        let OpenFile { server, opened: Opened { handle, berth, .. }, .. } = &self.file;
        let data = failed.data.clone();
        let again = server.client.write(handle, failed.offset, data, Manner::Alone).await;
        again.and_then(accepted)?;
        berth.habits.failed_in_company();
        self.sent_again += 1;
        Ok(())
    }

    fn ask_last(&self, options: &FinishOptions) -> LastRequests {
        let OpenFile { server, opened: Opened { handle, .. }, .. } = &self.file;
        let client = &server.client;
        let sets = !options.attributes.is_empty() && server.can_set();
        let flushes = options.sync && client.extensions().fsync;
        LastRequests {
            set: sets.then(|| client.set_open(handle, to_wire(&options.attributes))),
            flushed: flushes.then(|| client.flush_to_disk(handle)),
            told: client.fstat(handle),
        }
    }

    async fn fail(&mut self, fault: Fault) -> Error {
        let OpenFile { server, path, opened } = &self.file;
        let fault = server.look_closer_at_writing(opened.berth.reach(fault), path).await;
        let error = fault.into_error(server.doing("write", path));
        self.failed = Some(error.clone());
        self.sent.clear();
        error
    }
}

#[async_trait]
impl WriteStream for SftpWriteStream {
    async fn write(&mut self, mut data: Bytes) -> Result<()> {
        let chunk = self.file.opened.lengths.write as usize;
        while !data.is_empty() {
            let window = self.pace.window();
            self.settle(window.saturating_sub(1)).await?;
            let piece = data.split_to(data.len().min(chunk));
            let OpenFile { server, opened: Opened { handle, .. }, .. } = &self.file;
            let (offset, kept) = (self.offset, piece.clone());
            self.offset += piece.len() as u64;
            let when = self.pace.sent(Instant::now());
            let reply = server.client.write(handle, offset, piece, Manner::Prompt);
            self.sent.push_back(Sent { offset, data: kept, when, reply });
        }
        if let Some(failed) = &self.failed { Err(failed.clone()) } else { Ok(()) }
    }

    async fn finish(mut self: Box<Self>, options: FinishOptions) -> Result<Attributes> {
        if let Some(failed) = &self.failed {
            return Err(failed.clone());
        }
        // Sent at once: requests on one file are worked off in order (§6.1). Nothing is believed before its answer.
        let mut last = self.ask_last(&options);
        let sent_again = self.sent_again;
        self.settle(0).await?;
        if self.sent_again > sent_again {
            // A write came after them: it changed the time again, and has to count in the size and reach the disk.
            last = self.ask_last(&options);
        }
        let LastRequests { set, flushed, told } = last;
        let OpenFile { server, path, opened: Opened { handle, berth, .. } } = self.file;
        let failed = |act: &'static str| {
            let (server, path, berth) = (&server, &path, &berth);
            move |fault| berth.reach(fault).into_error(server.doing(act, path))
        };
        let closed = server.client.close(handle);
        if let Some(set) = set {
            match set.await.and_then(accepted) {
                // Capabilities say so from now on.
                Err(fault) if fault.kind == ErrorKind::Unsupported => server.cannot_set(),
                outcome => outcome.map_err(failed("set the attributes of"))?,
            }
        }
        if let Some(flushed) = flushed {
            flushed.await.and_then(accepted).map_err(failed("flush"))?;
        }
        let attributes = match told.await {
            Ok(Reply::Attributes(attributes)) => from_wire(&attributes),
            Ok(_) => return Err(failed("look at")(unexpected())),
            Err(fault) => return Err(failed("look at")(fault)),
        };
        closed.await.and_then(accepted).map_err(failed("close"))?;
        Ok(attributes)
    }
}
