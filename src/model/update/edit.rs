//! Editing files: here as they are; on a server as a private copy, which goes back by the safe way.

use crate::{
    domain::{
        entry::{Attributes, Kind},
        error::{Error, ErrorKind},
        path::{Name, StoragePath},
        place::{Endpoint, Location},
        question::ConflictChoice,
    },
    engine::message::{
        Command, Destination, Inquiry, JobId, JobOptions, JobRequest, JobSummary, Ticket, Told,
        Work,
    },
};

use super::super::{
    Changed, Effect, Model, Outcome, Outside, forms, rows::Item, sort::is_directory,
};

/// A file that is being edited.
#[derive(Debug)]
pub(crate) struct Edit {
    /// Where it belongs.
    location: Location,
    name: Name,
    /// The folder of the copy, once it is made; `None` for a file of this machine.
    folder: Option<StoragePath>,
    /// What stood on the server when the copy was begun.
    before: Option<Attributes>,
    phase: Phase,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    /// What stands there?
    Looking,
    Fetching(JobId),
    Editing,
    /// Does the same still stand there?
    Comparing,
    Asking,
    Sending(JobId),
}

impl Edit {
    fn copy(&self) -> Option<StoragePath> {
        self.folder.as_ref().map(|folder| folder.join(&self.name))
    }

    fn copy_words(&self) -> String {
        self.copy().map(|copy| Location::local(copy).to_string()).unwrap_or_default()
    }
}

impl Model {
    pub(super) fn edit_file(&mut self) -> Vec<Effect> {
        let pane = self.focused();
        let Some(Item::Entry(row)) = pane.current() else {
            self.say("No file is under the cursor to be edited.");
            return Vec::new();
        };
        let entry = &row.entry;
        if is_directory(entry) || entry.attributes.kind == Kind::Other {
            self.say("Only files can be edited.");
            return Vec::new();
        }
        let name = entry.name.clone();
        let location = pane.location.with_path(pane.location.path.join(&name));
        let taken = self.edits.values().any(|edit| edit.location == location);
        if taken {
            self.say("This file is being edited already.");
            return Vec::new();
        }
        let ticket = self.next_ticket();
        let is_here = location.endpoint == Endpoint::Local;
        let phase = if is_here { Phase::Editing } else { Phase::Looking };
        let edit = Edit { location: location.clone(), name, folder: None, before: None, phase };
        self.edits.insert(ticket, edit);
        if is_here {
            return vec![Effect::Outside(Outside::EditFile { ticket, path: location.path })];
        }
        self.say("Fetching a copy to edit…");
        vec![Effect::Engine(Command::Inquire { ticket, inquiry: Inquiry::Look(location) })]
    }

    /// What stands on the server was told: before the copy, or before it goes back. Whether it was asked for this.
    pub(super) fn looked_for_edit(
        &mut self,
        ticket: Ticket,
        told: &Result<Told, Error>,
    ) -> Option<Vec<Effect>> {
        let edit = self.edits.get_mut(&ticket)?;
        let looked = match told {
            Ok(Told::Look(attributes)) => Ok(*attributes),
            Ok(_) => return Some(Vec::new()),
            Err(error) => Err(error.clone()),
        };
        Some(match (edit.phase, looked) {
            (Phase::Looking, Ok(attributes)) => {
                edit.before = Some(attributes);
                vec![Effect::MakeRoom(ticket)]
            }
            (Phase::Looking, Err(error)) => {
                self.edits.remove(&ticket);
                self.tell(error.to_string());
                Vec::new()
            }
            (_, Ok(now)) if edit.before.is_some_and(|before| is_same(&before, &now)) => {
                self.send_edited(ticket)
            }
            (_, Ok(_)) => self.ask_about_edit(ticket, "It was changed on the server meanwhile."),
            (_, Err(error)) if error.kind() == ErrorKind::NotFound => {
                self.ask_about_edit(ticket, "It is gone from the server meanwhile.")
            }
            (_, Err(error)) => self.keep_copy(ticket, &error.to_string()),
        })
    }

    fn ask_about_edit(&mut self, ticket: Ticket, words: &str) -> Vec<Effect> {
        let Some(edit) = self.edits.get_mut(&ticket) else { return Vec::new() };
        edit.phase = Phase::Asking;
        let dialog = forms::edited_meanwhile(ticket, &edit.location, words, &edit.copy_words());
        self.open_dialog(dialog);
        Vec::new()
    }

    /// A folder for the copy was made, or could not be.
    pub(super) fn has_room(
        &mut self,
        ticket: Ticket,
        folder: Result<StoragePath, String>,
    ) -> Vec<Effect> {
        let job = self.next_job();
        let Some(edit) = self.edits.get_mut(&ticket) else { return Vec::new() };
        let folder = match folder {
            Ok(folder) => folder,
            Err(words) => {
                self.edits.remove(&ticket);
                self.tell(words);
                return Vec::new();
            }
        };
        edit.folder = Some(folder.clone());
        edit.phase = Phase::Fetching(job);
        let request = JobRequest {
            work: Work::Copy(Destination::Into(Location::local(folder))),
            from: edit.location.endpoint.clone(),
            sources: vec![edit.location.path.clone()],
            options: JobOptions::default(),
        };
        self.transfers.begin(job, &request);
        vec![Effect::Engine(Command::Add(job, request))]
    }

    /// The editor has ended.
    pub(super) fn file_edited(
        &mut self,
        ticket: Ticket,
        changed: Result<Changed, String>,
    ) -> Vec<Effect> {
        let Some(edit) = self.edits.get_mut(&ticket) else { return Vec::new() };
        if edit.folder.is_none() {
            let parent = edit.location.path.parent().map(|path| edit.location.with_path(path));
            self.edits.remove(&ticket);
            if let Err(words) = changed {
                self.tell(words);
            }
            return self.reread_shown(&parent.into_iter().collect::<Vec<_>>());
        }
        match changed {
            Ok(Changed::Yes) => {
                edit.phase = Phase::Comparing;
                let inquiry = Inquiry::Look(edit.location.clone());
                vec![Effect::Engine(Command::Inquire { ticket, inquiry })]
            }
            Ok(Changed::No) => {
                self.say("Nothing was changed.");
                self.forget_edit(ticket)
            }
            Ok(Changed::LeftAtOnce) => self.keep_copy(
                ticket,
                "The editor ended at once and changed nothing. If it goes on elsewhere, tell it to wait \
                 (such as code --wait).",
            ),
            Err(words) => self.keep_copy(ticket, &words),
        }
    }

    /// Sends the copy back by the way every copy goes: beside, checked, renamed.
    pub(super) fn send_edited(&mut self, ticket: Ticket) -> Vec<Effect> {
        let job = self.next_job();
        let Some(edit) = self.edits.get_mut(&ticket) else { return Vec::new() };
        let Some(copy) = edit.copy() else { return Vec::new() };
        edit.phase = Phase::Sending(job);
        let request = JobRequest {
            work: Work::Copy(Destination::Exactly(edit.location.clone())),
            from: Endpoint::Local,
            sources: vec![copy],
            options: JobOptions {
                on_conflict: Some(ConflictChoice::Overwrite),
                ..JobOptions::default()
            },
        };
        self.transfers.begin(job, &request);
        vec![Effect::Engine(Command::Add(job, request))]
    }

    /// The copy stays, and where is said.
    pub(super) fn keep_copy(&mut self, ticket: Ticket, why: &str) -> Vec<Effect> {
        if let Some(edit) = self.edits.remove(&ticket) {
            let copy = edit.copy_words();
            self.tell(format!(
                "{why} {} was not sent back; the copy stays at {copy}.",
                edit.location
            ));
        }
        Vec::new()
    }

    fn forget_edit(&mut self, ticket: Ticket) -> Vec<Effect> {
        let folder = self.edits.remove(&ticket).and_then(|edit| edit.folder);
        folder.map(Effect::ClearRoom).into_iter().collect()
    }

    /// A job ended that fetched a copy, or sent one back.
    pub(super) fn job_of_edit_ended(&mut self, summary: &JobSummary) -> Vec<Effect> {
        let of = |phase: Phase| match phase {
            Phase::Fetching(job) | Phase::Sending(job) => job == summary.job,
            _ => false,
        };
        let found = self.edits.iter_mut().find(|(_, edit)| of(edit.phase));
        let Some((&ticket, edit)) = found else { return Vec::new() };
        let went_well = summary.counts.files == 1 && summary.counts.failed == 0;
        match (edit.phase, went_well) {
            (Phase::Fetching(_), true) => {
                edit.phase = Phase::Editing;
                let copy = edit.copy();
                let outside = |path| Effect::Outside(Outside::EditFile { ticket, path });
                copy.map(outside).into_iter().collect()
            }
            (Phase::Fetching(_), false) => self.forget_edit(ticket),
            (_, true) => {
                let words = format!("Sent back and verified: {}.", edit.location);
                self.say_lasting(Outcome::Good, words);
                self.forget_edit(ticket)
            }
            (_, false) => self.keep_copy(ticket, "The edited file could not be sent back."),
        }
    }
}

/// Whether, as far as attributes tell, the same file stands there.
fn is_same(before: &Attributes, now: &Attributes) -> bool {
    before.kind == now.kind && before.size == now.size && before.modified == now.modified
}
