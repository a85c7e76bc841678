//! What goes out and comes in on a lane that is open.

use std::{
    io::{Read, Write},
    sync::Arc,
    time::Instant,
};

use ssh2::Session;

use super::{Broken, Lane, Pending, Purpose, Stage, cause};
use crate::{
    domain::{display, error::ErrorKind},
    storage::sftp::{
        mail::{Answer, ExecEvent, Fault, Manner, RemoteHandle},
        packet::{self, Malformed, Reply},
        turn::{Act, Turn},
    },
};

/// How much one lane may move before the others have their turn.
const SHARE: usize = 1024 * 1024;
/// How much of what a program says on its standard error is kept.
const KEPT_STDERR: usize = 4096;

impl Lane {
    pub(super) fn send(&mut self, session: &Session, turn: &mut Turn) -> Result<bool, Broken> {
        let Some(channel) = &mut self.channel else { return Ok(false) };
        let mut moved = 0;
        while moved < SHARE && !self.out.is_empty() {
            let block = self.out.front();
            let call = || channel.write(block).map_err(|error| cause(session, &error));
            match Self::attempt(self.id, Act::Write, session, turn, call)? {
                Some(count) if count > 0 => {
                    self.out.advance(count);
                    moved += count;
                }
                _ => return Ok(moved > 0),
            }
        }
        Ok(moved > 0)
    }

    pub(super) fn receive(
        &mut self,
        session: &Session,
        turn: &mut Turn,
        now: Instant,
    ) -> Result<bool, Broken> {
        let mut moved = 0;
        while moved < SHARE {
            let Some(channel) = &mut self.channel else { break };
            let room = self.frames.room();
            let call = || channel.read(room).map_err(|error| cause(session, &error));
            let Some(count) = Self::attempt(self.id, Act::Read, session, turn, call)? else {
                break;
            };
            if count == 0 {
                // The end shows only once the other stream was read as well.
                self.drain_stderr(session, turn)?;
                if self.channel.as_ref().is_some_and(ssh2::Channel::eof) {
                    return Err(Broken::Lane(self.ending()));
                }
                break;
            }
            moved += count;
            self.frames.received(count);
            self.consumed += count as u64;
            self.stall.sign_of_life(now);
            if let Purpose::Exec(order) = &self.purpose {
                // Nobody listens any more: the lane is closed by whoever gave the order.
                let _ = order.output.send(ExecEvent::Output(self.frames.take_raw()));
            } else {
                self.packets()?;
            }
        }
        if self.consumed >= self.window / 2 {
            self.top_up(session, turn)?;
        }
        Ok(moved > 0)
    }

    pub(super) fn packets(&mut self) -> Result<(), Broken> {
        loop {
            let packet = match self.frames.next() {
                Ok(Some(packet)) => packet,
                Ok(None) => return Ok(()),
                Err(malformed) => return Err(self.not_sftp(malformed)),
            };
            if self.stage == Stage::Greeting {
                let greeting = match packet::decode_greeting(packet) {
                    Ok(greeting) => greeting,
                    Err(malformed) => return Err(self.not_sftp(malformed)),
                };
                if greeting.version < packet::VERSION {
                    let why =
                        format!("the server speaks only version {} of SFTP", greeting.version);
                    return Err(Broken::Lane(Fault::new(ErrorKind::Unsupported, why)));
                }
                self.greeting = Some(greeting);
                self.stage = Stage::Ready;
                continue;
            }
            let (id, reply) = packet::decode(packet)
                .map_err(|malformed| Broken::Session(Fault::protocol(malformed)))?;
            let Some(pending) = self.pending.remove(&id) else {
                let why = "the server answered a question that nobody asked";
                return Err(Broken::Session(Fault::protocol(why)));
            };
            self.deliver(pending, reply);
        }
    }

    pub(super) fn deliver(&mut self, pending: Pending, reply: Reply) {
        let due = if pending.manner == Manner::Slow { &mut self.slow } else { &mut self.prompt };
        *due = due.saturating_sub(1);
        let answer = match (pending.manner, reply) {
            (Manner::Opens, Reply::Handle(bytes)) => {
                Answer::Opened(RemoteHandle::new(Arc::clone(&self.inbox), self.id, bytes))
            }
            (manner, reply) => {
                if manner == Manner::Opens {
                    self.files = self.files.saturating_sub(1);
                }
                Answer::Reply(reply)
            }
        };
        if let Some(sender) = pending.reply {
            // Whoever asked may have gone. A handle then drops here, and gives itself back.
            let _ = sender.send(Ok(answer));
        }
        if !self.held.is_empty() || !self.shut.is_empty() || self.alone {
            self.alone = false;
            self.send_what_may_go();
        }
    }

    /// Reads what the program says on its standard error, and keeps the beginning of it.
    pub(crate) fn drain_stderr(
        &mut self,
        session: &Session,
        turn: &mut Turn,
    ) -> Result<(), Broken> {
        let Some(channel) = &mut self.channel else { return Ok(()) };
        if !matches!(self.stage, Stage::Greeting | Stage::Ready) {
            return Ok(());
        }
        let mut scratch = [0; 4096];
        for _ in 0..64 {
            let call =
                || channel.stderr().read(&mut scratch).map_err(|error| cause(session, &error));
            match Self::attempt(self.id, Act::Read, session, turn, call)? {
                Some(count) if count > 0 => {
                    self.consumed += count as u64;
                    let room = KEPT_STDERR.saturating_sub(self.stderr.len());
                    self.stderr.extend_from_slice(&scratch[..count.min(room)]);
                }
                _ => break,
            }
        }
        Ok(())
    }

    /// The server has ended this channel: why, as far as it can be known.
    pub(super) fn ending(&mut self) -> Fault {
        let status =
            self.channel.as_ref().and_then(|channel| channel.exit_status().ok()).unwrap_or(-1);
        if let Some(channel) = &mut self.channel {
            let mut rest = vec![0; KEPT_STDERR.saturating_sub(self.stderr.len())];
            if let Ok(count) = channel.stderr().read(&mut rest) {
                self.stderr.extend_from_slice(&rest[..count]);
            }
        }
        let said = display::escape(self.stderr.trim_ascii());
        if let Purpose::Exec(order) = &self.purpose {
            let _ = order.output.send(ExecEvent::Ended { status, stderr: said.clone() });
        }
        let mut why = String::from("the server ended its SFTP program");
        if status > 0 {
            why.push_str(&format!(" with exit status {status}"));
        }
        if !said.is_empty() {
            why.push_str(&format!(": {said}"));
        }
        if self.stage == Stage::Greeting {
            return Fault::new(ErrorKind::Unsupported, format!("{why} before it greeted"));
        }
        Fault::lost(why)
    }

    /// What came is no packet. Where the greeting should be there is often the output of a login script.
    fn not_sftp(&self, malformed: Malformed) -> Broken {
        if self.stage != Stage::Greeting {
            return Broken::Session(Fault::protocol(malformed));
        }
        let unfinished = self.frames.unfinished();
        let shown = &unfinished[..unfinished.len().min(80)];
        let is_text = |byte: &u8| byte.is_ascii_graphic() || byte.is_ascii_whitespace();
        if shown.len() < 4 || !shown.iter().all(is_text) {
            return Broken::Lane(Fault::protocol(malformed));
        }
        let text = display::escape(shown.trim_ascii());
        Broken::Lane(Fault::protocol(format!(
            "the server sent text where SFTP should begin: {text}"
        )))
    }
}
