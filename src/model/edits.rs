//! Files of servers that are being edited: what is kept of each on the disk, and the list of them.

use crate::{
    domain::{digest::Sha256, entry::Attributes, path::StoragePath, place::Location},
    engine::message::Ticket,
};

/// What is kept beside a copy, so that it can be gone on with whatever becomes of the process.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kept {
    /// The file on its server.
    pub location: Location,
    /// What stood there when the copy was last the same.
    pub before: Attributes,
    /// The digest of the copy at that time, once it was whole.
    pub base: Option<Sha256>,
}

/// What is to be done with copies, away from the thread that draws.
#[derive(Debug, Clone)]
pub enum EditOrder {
    /// Make a private folder for a copy, and write its record. Told by [`EditNews::Room`].
    Begin(Ticket, Box<Kept>),
    /// Write a record anew.
    Keep(StoragePath, Box<Kept>),
    /// Watch a copy. Told by [`EditNews::Watched`], then by [`EditNews::Saved`] each time its content is another.
    Watch(Ticket, StoragePath),
    /// Look at a watched copy now. Told by [`EditNews::Checked`].
    Check(Ticket),
    /// Watch it no more.
    Unwatch(Ticket),
    /// Remove a folder with all that is in it, and its record.
    Clear(StoragePath),
    /// Look which copies an earlier Wharf left. Told by [`EditNews::Left`].
    FindLeft,
}

/// What came of it; failures in whole sentences.
#[derive(Debug, Clone)]
pub enum EditNews {
    /// The folder for a copy.
    Room(Ticket, Result<StoragePath, String>),
    /// It is watched, and this is its digest.
    Watched(Ticket, Result<Sha256, String>),
    /// It was saved with another content.
    Saved(Ticket),
    /// Whether its content is another than was told last.
    Checked(Ticket, Result<bool, String>),
    /// Something could not be written; the work goes on without.
    Trouble(String),
    /// Copies that were left, and what could not be read of them.
    Left(Vec<LeftEdit>, Vec<String>),
}

/// A copy that an earlier Wharf left.
#[derive(Debug, Clone)]
pub struct LeftEdit {
    /// Its folder.
    pub folder: StoragePath,
    /// Its record.
    pub kept: Kept,
    /// Whether it holds what was not sent back.
    pub is_changed: bool,
}

/// The list of open edits, over the panes.
#[derive(Debug, Default)]
pub(crate) struct EditList {
    /// The one under the cursor; `None` for the first.
    pub(crate) at: Option<Ticket>,
}

/// A line of the list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct EditRow {
    pub(crate) ticket: Ticket,
    pub(crate) place: String,
    pub(crate) state: String,
    /// Something is to be decided.
    pub(crate) waits: bool,
}

impl EditList {
    /// The line under the cursor.
    pub(crate) fn line(&self, rows: &[EditRow]) -> usize {
        rows.iter().position(|row| Some(row.ticket) == self.at).unwrap_or(0)
    }

    /// The edit under the cursor.
    pub(crate) fn current(&self, rows: &[EditRow]) -> Option<Ticket> {
        rows.get(self.line(rows)).map(|row| row.ticket)
    }

    pub(crate) fn step(&mut self, by: isize, rows: &[EditRow]) {
        let last = rows.len().saturating_sub(1);
        let line = self.line(rows).saturating_add_signed(by).min(last);
        self.at = rows.get(line).map(|row| row.ticket);
    }
}
