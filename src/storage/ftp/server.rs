//! A server one is logged in to: short commands on its first connection, and what a bare refusal meant.

use std::sync::Arc;

use super::{
    fault::Fault,
    features::{Features, has},
    line::{Line, Pending},
    login::Login,
    next_names::NextNames,
    patience::Patience,
    pool::{Pool, hung_up},
    wire::{Command, Reply},
};
use crate::domain::{
    display,
    encoding::{Encoding, Unwritable},
    entry::Kind,
    error::{Error, ErrorKind},
    path::StoragePath,
};

/// What all acts on a server share.
pub(super) struct Server {
    pub(super) pool: Arc<Pool>,
    pub(super) features: Arc<Features>,
    pub(super) home: StoragePath,
    pub(super) next_names: NextNames,
    host: String,
}

impl Server {
    pub(super) fn new(pool: Arc<Pool>, features: Arc<Features>, home: StoragePath) -> Self {
        let host = display::escape_text(pool.login().site().host());
        Self { pool, features, home, next_names: NextNames::default(), host }
    }

    pub(super) fn login(&self) -> &Login {
        self.pool.login()
    }

    pub(super) fn patience(&self) -> Patience {
        self.login().patience
    }

    /// `list /srv/in on files.example`.
    pub(super) fn doing(&self, act: &str, path: &StoragePath) -> String {
        format!("{act} {path:?} on {}", self.host)
    }

    /// `rename /a to /b on files.example`.
    pub(super) fn doing_with(&self, act: &str, path: &StoragePath, other: &StoragePath) -> String {
        format!("{act} {path:?} to {other:?} on {}", self.host)
    }

    /// The failure of an act on a path, in whole words.
    pub(super) fn failed<'a>(
        &'a self,
        act: &'a str,
        path: &'a StoragePath,
    ) -> impl Fn(Fault) -> Error + 'a {
        move |fault| {
            // Whatever else it looks like, it came of that.
            let fault = if self.pool.is_closed() { hung_up() } else { fault };
            fault.into_error(self.doing(act, path))
        }
    }

    /// The path as the server gets to see it: always from the root, for a connection may be anywhere.
    pub(super) fn absolute(&self, path: &StoragePath) -> StoragePath {
        self.home.join_typed(path.as_bytes())
    }

    /// How the names on the server are written.
    pub(super) fn names(&self) -> Encoding {
        self.login().names
    }

    /// The absolute path in the server's bytes.
    pub(super) fn written(&self, path: &StoragePath) -> Result<Vec<u8>, Fault> {
        let unwritable = |lacking: Unwritable| {
            Fault::new(ErrorKind::InvalidName, format!("{lacking}; nothing was sent"))
        };
        let written = self.names().encode(self.absolute(path).as_bytes()).map_err(unwritable)?;
        if self.features.bends_names && would_be_bent(&written) {
            let why = "the server would take a name that ends in a space or holds control characters for another";
            return Err(Fault::new(ErrorKind::InvalidName, why));
        }
        Ok(written)
    }

    /// A command about a path.
    pub(super) fn about(&self, verb: &str, path: &StoragePath) -> Result<Command, Fault> {
        let command = Command::about(verb, &self.written(path)?)?;
        Ok(if self.features.telnet { command.for_telnet() } else { command })
    }

    /// Sends short commands in one go, and waits for all replies.
    pub(super) async fn ask<const N: usize>(
        &self,
        commands: [Command; N],
    ) -> Result<[Reply; N], Fault> {
        let line = self.pool.first().await?;
        self.ask_on(&line, commands).await
    }

    /// The same on a connection of one's own.
    pub(super) async fn ask_on<const N: usize>(
        &self,
        line: &Line,
        commands: [Command; N],
    ) -> Result<[Reply; N], Fault> {
        let replies = self.ask_all_on(line, commands).await?;
        replies.try_into().map_err(|_| Fault::protocol("replies were lost"))
    }

    /// Sends however many short commands in one go, and waits for all replies, of which there are as many.
    pub(super) async fn ask_all(
        &self,
        commands: impl IntoIterator<Item = Command>,
    ) -> Result<Vec<Reply>, Fault> {
        let line = self.pool.first().await?;
        self.ask_all_on(&line, commands).await
    }

    async fn ask_all_on(
        &self,
        line: &Line,
        commands: impl IntoIterator<Item = Command>,
    ) -> Result<Vec<Reply>, Fault> {
        self.answers_to(line.send(commands)).await
    }

    /// Waits for the answers to all that was asked.
    pub(super) async fn answers_to(&self, asked: Vec<Pending>) -> Result<Vec<Reply>, Fault> {
        let patience = self.patience().reply;
        let mut replies = Vec::new();
        for mut pending in asked {
            replies.push(pending.last(patience).await?);
        }
        self.pool.moved();
        Ok(replies)
    }

    /// A command that has to succeed.
    pub(super) async fn order(&self, command: Command) -> Result<Reply, Fault> {
        let [reply] = self.ask([command]).await?;
        if reply.is_done() { Ok(reply) } else { Err(Fault::of(&reply)) }
    }

    /// Whether MLST and MLSD are to be used.
    pub(super) fn has_facts(&self) -> bool {
        self.features.facts.is_some() && !has(&self.login().habits.no_facts)
    }

    /// What stands there now, to find out what a bare refusal meant; an error where even that cannot be told.
    pub(super) async fn kind_at(&self, path: &StoragePath) -> Option<Result<Kind, ErrorKind>> {
        match self.look(path).await {
            Ok(there) => Some(Ok(there.kind)),
            Err(fault) if fault.kind.ends_the_connection() => None,
            Err(fault) => Some(Err(fault.kind)),
        }
    }

    /// A refusal without a reason, seen closer: is it there, is it what it should be? If so, it was not allowed.
    pub(super) async fn look_closer(
        &self,
        fault: Fault,
        path: &StoragePath,
        wanted: Kind,
    ) -> Fault {
        if !matches!(
            fault.kind,
            ErrorKind::Failed | ErrorKind::PermissionDenied | ErrorKind::NotFound
        ) {
            return fault;
        }
        match self.kind_at(path).await {
            Some(Ok(Kind::Directory)) if wanted == Kind::File => {
                Fault::new(ErrorKind::IsADirectory, "it is a directory")
            }
            Some(Ok(Kind::File | Kind::Other)) if wanted == Kind::Directory => {
                Fault::new(ErrorKind::NotADirectory, "it is not a directory")
            }
            Some(Ok(_)) if fault.kind == ErrorKind::Failed => {
                Fault { kind: ErrorKind::PermissionDenied, ..fault }
            }
            Some(Err(ErrorKind::NotFound)) if fault.kind == ErrorKind::Failed => {
                Fault { kind: ErrorKind::NotFound, ..fault }
            }
            _ => fault,
        }
    }

    /// The same for what was to be made: is the name taken, is there a place for it?
    pub(super) async fn why_not_made(&self, fault: Fault, path: &StoragePath) -> Fault {
        if !matches!(
            fault.kind,
            ErrorKind::Failed | ErrorKind::PermissionDenied | ErrorKind::NotFound
        ) {
            return fault;
        }
        if let Some(Ok(_)) = self.kind_at(path).await {
            return Fault::new(ErrorKind::AlreadyExists, "the name is taken");
        }
        let Some(parent) = self.absolute(path).parent() else { return fault };
        match (self.kind_at(&parent).await, fault.kind) {
            (Some(Err(ErrorKind::NotFound)), _) => {
                Fault::new(ErrorKind::NotFound, "the directory that would hold it does not exist")
            }
            (Some(Ok(Kind::File | Kind::Other)), _) => {
                Fault::new(ErrorKind::NotADirectory, "what would hold it is not a directory")
            }
            (Some(Ok(Kind::Directory)), ErrorKind::Failed) if path_is_long(path) => {
                Fault { kind: ErrorKind::InvalidName, ..fault }
            }
            (Some(Ok(Kind::Directory)), ErrorKind::Failed) => {
                Fault { kind: ErrorKind::PermissionDenied, ..fault }
            }
            _ => fault,
        }
    }
}

/// Longer than most file systems take.
fn path_is_long(path: &StoragePath) -> bool {
    path.name().is_some_and(|name| name.as_bytes().len() > 255)
}

/// Pure-FTPd puts `_` for control characters, and for spaces at the end.
fn would_be_bent(path: &[u8]) -> bool {
    path.last() == Some(&b' ') || path.iter().any(u8::is_ascii_control)
}
