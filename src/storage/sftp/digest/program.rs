//! One running program on the server: started, fed, listened to, ended when dropped.

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use tokio::{
    sync::{mpsc, oneshot},
    time::timeout,
};

use super::refused;
use crate::{
    domain::{error::ErrorKind, path::StoragePath},
    storage::sftp::{
        connection::exec,
        mail::{Command, ExecEvent, ExecOrder, Fault},
        server::Server,
        turn::LaneId,
    },
};

/// How long the program may take to say that it is there.
const STARTING: Duration = Duration::from_secs(15);
/// How much may come before the program has said that it is there (a login script's chatter).
const MOST_CHATTER: usize = 64 * 1024;
/// No answer is longer: a digest, and a path with all of it escaped.
const LONGEST_LINE: usize = 16 * 1024;

/// What is to be done with the names of a batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Wish {
    /// Hash what is not large.
    Small,
    /// Hash it, large or not.
    Whole,
}

pub(super) struct Program {
    server: Arc<Server>,
    lane: LaneId,
    output: mpsc::UnboundedReceiver<ExecEvent>,
    unread: Vec<u8>,
}

impl Drop for Program {
    fn drop(&mut self) {
        self.put(Command::ExecEnd(self.lane));
    }
}

impl Program {
    /// Starts it, and waits until it has said that it is there.
    pub(super) async fn start(server: &Arc<Server>, script: &str) -> Result<Self, Fault> {
        let too_slow =
            |_| Fault::new(ErrorKind::Unsupported, "the server did not start the digest program");
        timeout(STARTING, Self::start_untimed(server, script)).await.map_err(too_slow)?
    }

    async fn start_untimed(server: &Arc<Server>, script: &str) -> Result<Self, Fault> {
        let connection = server.client.connection();
        let (started, lane) = oneshot::channel();
        let (output, events) = mpsc::unbounded_channel();
        exec(connection, ExecOrder { command: script.to_owned(), started, output });
        let lane = lane.await.unwrap_or_else(|_| Err(connection.inbox().epitaph()))?;
        let mut program =
            Self { server: Arc::clone(server), lane, output: events, unread: Vec::new() };
        let mut chatter = 0;
        loop {
            let line = program.line().await.map_err(|fault| match fault.kind {
                ErrorKind::Failed => refused(),
                _ => fault,
            })?;
            match line.as_slice() {
                b"wharf-digest ready" => return Ok(program),
                b"wharf-digest none" => return Err(refused()),
                _ => chatter += line.len() + 1,
            }
            if chatter > MOST_CHATTER {
                return Err(refused());
            }
        }
    }

    fn put(&self, command: Command) {
        self.server.client.connection().inbox().put(command);
    }

    /// Asks for a batch. No name holds a line break.
    pub(super) fn ask<'a>(&self, wish: Wish, names: impl Iterator<Item = &'a StoragePath>) {
        let mut lines = Vec::new();
        for name in names {
            lines.extend_from_slice(name.as_bytes());
            lines.push(b'\n');
        }
        lines.extend_from_slice(match wish {
            Wish::Small => b"s\n",
            Wish::Whole => b"l\n",
        });
        self.put(Command::ExecInput(self.lane, Bytes::from(lines)));
    }

    /// Says that all answers have arrived: the program lets go of the tool it ran, whose number may be another's soon.
    pub(super) fn rest(&self) {
        self.put(Command::ExecInput(self.lane, Bytes::from_static(b"e\n")));
    }

    /// The next line. May be dropped and called again. `Failed`: the program has ended.
    pub(super) async fn line(&mut self) -> Result<Vec<u8>, Fault> {
        loop {
            if let Some(end) = self.unread.iter().position(|&byte| byte == b'\n') {
                let mut line: Vec<u8> = self.unread.drain(..=end).collect();
                line.pop();
                return Ok(line);
            }
            if self.unread.len() > LONGEST_LINE {
                return Err(Fault::protocol("the digest program sends lines without an end"));
            }
            match self.output.recv().await {
                Some(ExecEvent::Output(bytes)) => self.unread.extend_from_slice(&bytes),
                Some(ExecEvent::Ended { status, stderr }) => {
                    let why = format!("the digest program ended (exit status {status}) {stderr}");
                    return Err(Fault::new(ErrorKind::Failed, why.trim_end()));
                }
                None => return Err(self.server.client.connection().inbox().epitaph()),
            }
        }
    }
}
