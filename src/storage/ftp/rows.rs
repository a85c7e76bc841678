//! A listing on its way: lines of a data connection to batches of rows.

use std::{
    sync::Arc,
    time::{SystemTime, UNIX_EPOCH},
};

use bytes::BytesMut;

use super::{
    data::{self, Errand, Transfer},
    fault::Fault,
    features::{has, note},
    listing::{self, Line, Style},
    pool::{For, Lease},
    server::Server,
    wire::{Command, Reply},
};
use crate::{
    domain::{
        encoding::Encoding,
        entry::{Attributes, Kind},
        error::ErrorKind,
        path::{Name, StoragePath},
    },
    storage::listing::{Batch, ListingSender},
};

/// Rows in a batch.
const ROWS: usize = 500;
/// Longer than any line that has a name in it.
const LONGEST_LINE: usize = 64 << 10;

/// A listing that has begun.
pub(super) struct Lines {
    lease: Lease,
    transfer: Transfer,
    style: Style,
    names: Encoding,
    buffer: BytesMut,
    ended: bool,
    /// Lines that were no headline.
    pub(super) seen: usize,
}

/// Begins to list a directory, in the best way the server has.
pub(super) async fn begin(server: &Server, path: &StoragePath) -> Result<Lines, Fault> {
    if server.has_facts() {
        let command = server.about("MLSD", path)?;
        match start(server, command, Style::Facts, None).await {
            Err(fault) if fault.kind == ErrorKind::Unsupported => {
                note(&server.login().habits.no_facts)
            }
            begun => return begun,
        }
    }
    begin_list(server, path).await
}

/// The same by LIST.
async fn begin_list(server: &Server, path: &StoragePath) -> Result<Lines, Fault> {
    let style = listed_now();
    let habits = &server.login().habits;
    let all = Command::bare(if has(&habits.no_dash_a) { "LIST" } else { "LIST -a" });
    let mut lines = start(server, all, style, Some(path)).await?;
    if !has(&habits.no_dash_a) {
        // Where `-a` is taken for a name nothing comes at all; else there are at least the directory and the one above.
        if lines.fill().await? {
            return Ok(lines);
        }
        lines.finish().await?;
        let plain = start(server, Command::bare("LIST"), style, Some(path)).await?;
        note(&habits.no_dash_a);
        return Ok(plain);
    }
    Ok(lines)
}

/// As LIST writes rows, which may leave out the year.
fn listed_now() -> Style {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |now| now.as_secs());
    Style::Listed { now: i64::try_from(now).unwrap_or(0) }
}

/// The row of a name in a reply to STAT.
pub(super) fn row_of(told: &Reply, name: &Name, names: Encoding) -> Option<Attributes> {
    told.lines().iter().find_map(|line| match listing::read(line, listed_now(), names) {
        Line::Entry(entry) if entry.name == *name => Some(entry.attributes),
        _ => None,
    })
}

/// Begins on one connection, and on another where the server had lost the first one's session of TLS.
async fn start(
    server: &Server,
    command: Command,
    style: Style,
    inside: Option<&StoragePath>,
) -> Result<Lines, Fault> {
    let lost = || server.login().security.lost();
    let before = lost();
    match start_once(server, command.clone(), style, inside).await {
        Err(fault) if fault.kind == ErrorKind::Interrupted && lost() > before => {
            tracing::debug!(why = %fault.why, "listing on another connection");
            start_once(server, command, style, inside).await
        }
        begun => begun,
    }
}

async fn start_once(
    server: &Server,
    command: Command,
    style: Style,
    inside: Option<&StoragePath>,
) -> Result<Lines, Fault> {
    let lease = server.pool.lease(For::Listing).await?;
    let (habits, patience) = (&server.login().habits, server.patience());
    let mut ready = None;
    if let Some(path) = inside {
        // Not as LIST's argument: servers take it for options and patterns. The data connection comes about meanwhile.
        let (entered, way) = tokio::join!(
            server.ask_on(lease.line(), [server.about("CWD", path)?]),
            data::prepare(lease.line(), habits, patience)
        );
        let [entered] = entered?;
        let refused = match way {
            _ if !entered.is_done() => Some(Fault::of(&entered)),
            Ok(way) => {
                ready = Some(way);
                None
            }
            Err(fault) => Some(fault),
        };
        if let Some(fault) = refused {
            if is_a_refusal(&fault) {
                lease.give_back();
            }
            return Err(fault);
        }
    }
    let begun = data::begin(lease.line(), habits, patience, Errand::new(command, 0), ready).await;
    match begun {
        Ok(transfer) => {
            let buffer = BytesMut::new();
            let names = server.names();
            let mut lines = Lines { lease, transfer, style, names, buffer, ended: false, seen: 0 };
            if lines.transfer.is_in_doubt() && !lines.fill().await? {
                lines.ended = true;
                lines.transfer.dispel_doubt().await?;
            }
            Ok(lines)
        }
        Err(fault) => {
            if is_a_refusal(&fault) {
                lease.give_back();
            }
            Err(fault)
        }
    }
}

/// Whether the server said no, and the connection is as good as before.
pub(super) fn is_a_refusal(fault: &Fault) -> bool {
    !fault.kind.ends_the_connection() && fault.kind != ErrorKind::Interrupted
}

impl Lines {
    /// Reads more; `false` at the end.
    async fn fill(&mut self) -> Result<bool, Fault> {
        self.buffer.reserve(32 << 10);
        let length = self.transfer.read(self.lease.line(), &mut self.buffer).await?;
        self.lease.moved();
        Ok(length > 0)
    }

    /// The next line, without its line end.
    pub(super) async fn next(&mut self) -> Result<Option<BytesMut>, Fault> {
        let mut looked_at = 0;
        loop {
            if let Some(end) = self.buffer[looked_at..].iter().position(|&byte| byte == b'\n') {
                let mut line = self.buffer.split_to(looked_at + end + 1);
                let kept = line.strip_suffix(b"\r\n").map_or(line.len() - 1, <[u8]>::len);
                line.truncate(kept);
                return Ok(Some(line));
            }
            looked_at = self.buffer.len();
            if looked_at > LONGEST_LINE {
                return Err(Fault::protocol("a line of the server's listing has no end"));
            }
            if self.ended || !self.fill().await? {
                self.ended = true;
                return Ok((!self.buffer.is_empty()).then(|| self.buffer.split()));
            }
        }
    }

    /// The server's word that this was all.
    pub(super) async fn finish(self) -> Result<(), Fault> {
        let reply = self.transfer.finish_reading().await?;
        self.lease.give_back();
        // Pure-FTPd's word for a directory that has more than it lists.
        if reply.lower().contains("truncated") {
            let why = format!("the server cut its listing short ({})", reply.words());
            return Err(Fault::new(ErrorKind::Failed, why));
        }
        Ok(())
    }

    /// Nobody wants the rest. The connection goes with it: Pure-FTPd would begin its next listing with rows that it
    /// had ready for this one.
    fn stop(self) {
        drop(self);
    }

    /// Reads a line.
    pub(super) fn read(&self, line: &[u8]) -> Line {
        listing::read(line, self.style, self.names)
    }
}

/// The row of a name in a directory.
pub(super) async fn find(
    server: &Server,
    directory: &StoragePath,
    name: &Name,
) -> Result<Option<Attributes>, Fault> {
    // Listings list: a look that needs one must not end in another.
    let mut lines = Box::pin(begin(server, directory)).await?;
    while let Some(line) = lines.next().await? {
        if let Line::Entry(entry) = lines.read(&line)
            && entry.name == *name
        {
            lines.stop();
            return Ok(Some(entry.attributes));
        }
    }
    lines.finish().await?;
    Ok(None)
}

/// What a link holds, as a listing of its directory tells it: MLSD's of some servers does, LIST's of most.
pub(super) async fn target_of(server: &Server, path: &StoragePath) -> Result<Vec<u8>, Fault> {
    let absolute = server.absolute(path);
    let (Some(parent), Some(name)) = (absolute.parent(), absolute.name()) else {
        return Err(Fault::new(ErrorKind::Invalid, "the root is no link"));
    };
    let mut is_there = false;
    for facts in [true, false] {
        if facts && !server.has_facts() {
            continue;
        }
        let mut lines = match facts {
            true => begin(server, &parent).await?,
            false => begin_list(server, &parent).await?,
        };
        let mut found = None;
        while let Some(line) = lines.next().await? {
            match listing::link(&line, lines.style, lines.names) {
                Some((link, target)) if link == name => found = Some(target),
                _ => {}
            }
            if let Line::Entry(entry) = lines.read(&line) {
                is_there |= entry.name == name;
                if entry.name == name
                    && !matches!(entry.attributes.kind, Kind::Symlink | Kind::Other)
                    && !facts
                {
                    lines.stop();
                    return Err(Fault::new(ErrorKind::Invalid, "it is no link"));
                }
            }
        }
        lines.finish().await?;
        if let Some(target) = found {
            return Ok(target);
        }
    }
    match is_there {
        true => {
            Err(Fault::new(ErrorKind::Unsupported, "the server does not tell where links lead"))
        }
        false => Err(Fault::new(ErrorKind::NotFound, "there is no such file or directory")),
    }
}

/// Hands the rows of a listing on until its end.
pub(super) async fn hand_on(
    server: Arc<Server>,
    path: StoragePath,
    mut lines: Lines,
    rows: ListingSender,
) {
    let mut batch = Batch::default();
    let fault = loop {
        let line = match lines.next().await {
            Ok(Some(line)) => line,
            Ok(None) => match lines.finish().await {
                Ok(()) => {
                    if rows.rows(batch).await.is_ok() {
                        rows.end().await;
                    }
                    return;
                }
                Err(fault) => break fault,
            },
            Err(fault) => break fault,
        };
        match lines.read(&line) {
            Line::Entry(entry) => batch.entries.push(*entry),
            Line::Refused(refused) => batch.refused.push(refused),
            Line::Nothing => {}
        }
        // The first rows go out at once.
        let enough = if lines.seen == 0 { ROWS / 10 } else { ROWS };
        if batch.entries.len() + batch.refused.len() >= enough {
            lines.seen += enough;
            if rows.rows(std::mem::take(&mut batch)).await.is_err() {
                return lines.stop();
            }
        }
    };
    let fault = server.look_closer(fault, &path, Kind::Directory).await;
    rows.fail(server.failed("list", &path)(fault)).await;
}
