//! What is done to a file once it is written, and asked about it, in one go: its rights and its time, what came of them, and
//! whether the name it is to have next is free.

use super::{
    attributes::{chmod, time_by},
    fault::Fault,
    features::has,
    server::Server,
    wire::{Command, Reply},
};
use crate::domain::{
    entry::{Attributes, SetAttributes, Timestamp},
    path::StoragePath,
};

/// The commands, and what their answers have to say.
pub(super) struct Settling {
    set: Vec<Command>,
    look: Vec<Command>,
    /// The time that was set, and has to be told.
    modified: Option<Timestamp>,
    /// The name it is to have next, and what tells whether that is free.
    next: Option<(StoragePath, Vec<Command>)>,
}

impl Settling {
    /// `None` where it cannot be done in one go with a file of this name.
    pub(super) fn of(
        server: &Server,
        path: &StoragePath,
        attributes: &SetAttributes,
    ) -> Result<Option<Self>, Fault> {
        let habits = &server.login().habits;
        let mut set = Vec::new();
        if let Some(bits) = attributes.permissions.filter(|_| !has(&habits.no_chmod)) {
            let Ok(chmod) = chmod(server, path, bits) else { return Ok(None) };
            set.push(chmod);
        }
        let way = habits.ways_to_set_time(&server.features).into_iter().next();
        let timed = attributes.modified.zip(way);
        if let Some((modified, way)) = timed {
            let Ok(command) = time_by(server, path, modified, way) else { return Ok(None) };
            set.push(command);
        }
        let next = match server.next_names.of(path) {
            Some(next) => server.ask_whether_free(&next).map(|asked| (next, asked)).ok(),
            None => None,
        };
        let (look, modified) = (server.look_at_file(path)?, timed.map(|(modified, _)| modified));
        Ok(Some(Self { set, look, modified, next }))
    }

    /// All that is to be said, in its order.
    pub(super) fn commands(&self) -> Vec<Command> {
        let next = self.next.iter().flat_map(|(_, asked)| asked);
        self.set.iter().chain(&self.look).chain(next).cloned().collect()
    }

    /// What stands there now; `None` where the server did not do as it was told, and one thing is to be done after another.
    pub(super) fn outcome(self, server: &Server, replies: &[Reply]) -> Option<Attributes> {
        let (set, rest) = replies.split_at_checked(self.set.len())?;
        let (looked, free) = rest.split_at_checked(self.look.len())?;
        if let Some((next, _)) = self.next
            && server.tells_it_is_free(free)
        {
            server.next_names.note_free(next);
        }
        // What only tells a time answers 213 as well, but then the look shows another one.
        let is_done = set.iter().all(Reply::is_done);
        let there = server.file_in(looked).filter(|_| is_done);
        let has_time = |there: &Attributes| match self.modified {
            Some(wanted) => there.modified.is_some_and(|told| told.seconds == wanted.seconds),
            None => true,
        };
        there.filter(has_time)
    }
}
