//! Editing files: here as they are; on a server as a private copy, which goes back by the safe way at every save.

use crate::{
    domain::{
        digest::Sha256,
        entry::{Attributes, Kind},
        error::{Error, ErrorKind},
        path::{Name, StoragePath},
        place::{Endpoint, Location},
        question::ConflictChoice,
    },
    engine::message::{
        Command, Destination, Inquiry, JobId, JobOptions, JobRequest, JobSummary, StepDone, Ticket,
        Told, Work,
    },
};

use super::super::{
    EditNews, EditOrder, EditorEnd, Effect, Kept, Model, Outcome, Outside, edit_forms, rows::Item,
    sort::is_directory,
};

/// A file that is being edited.
#[derive(Debug)]
pub(crate) struct Edit {
    /// Where it belongs.
    pub(super) location: Location,
    pub(super) name: Name,
    /// The folder of the copy, once it is made; `None` for a file of this machine.
    pub(super) folder: Option<StoragePath>,
    /// What stands on the server, as far as this Wharf put or found it there.
    pub(super) before: Option<Attributes>,
    /// The digest of the same.
    pub(super) base: Option<Sha256>,
    pub(super) phase: Phase,
    pub(super) hands: Hands,
    /// It was saved, and that was not looked after yet.
    pub(super) unsent: bool,
    /// How often it was sent back.
    pub(super) sent: u32,
    /// How long it was when it was sent last.
    pub(super) sent_bytes: Option<u64>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Phase {
    /// What stands there?
    Looking,
    Fetching(JobId),
    /// The copy is about to be watched, then comes the editor.
    Preparing,
    /// Nothing is to be done until it is saved.
    Editing,
    /// Does the same still stand there?
    Comparing,
    Asking,
    Sending(JobId),
    /// It was sent, and the editor goes on: what stands there now?
    Settling,
    /// It stays here for this reason, until the person decides.
    Held(String),
}

/// Who has the copy in hand.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Hands {
    Nobody,
    Editor,
    /// The editor ended so; it is being looked whether it changed something.
    Ended(Result<EditorEnd, String>),
    /// An editor that was left alone.
    Elsewhere,
}

impl Edit {
    pub(super) fn copy(&self) -> Option<StoragePath> {
        self.folder.as_ref().map(|folder| folder.join(&self.name))
    }

    pub(super) fn copy_words(&self) -> String {
        self.copy().map(|copy| Location::local(copy).to_string()).unwrap_or_default()
    }

    fn keep(&self) -> Option<Effect> {
        let kept = Kept { location: self.location.clone(), before: self.before?, base: self.base };
        let folder = self.folder.clone()?;
        Some(Effect::Edits(EditOrder::Keep(folder, Box::new(kept))))
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
        let is_link = entry.attributes.kind == Kind::Symlink;
        let location = pane.location.with_path(pane.location.path.join(&entry.name));
        let Some(name) = location.path.name() else { return Vec::new() };
        let taken = self.edits.iter().find(|(_, edit)| edit.location == location);
        if let Some((&ticket, edit)) = taken {
            let is_held = matches!(edit.phase, Phase::Held(_));
            if is_held {
                self.show_edits(Some(ticket));
            }
            self.say(match is_held {
                true => "A copy of this file is kept: edit on, send it back, or give it up.",
                false => "This file is being edited already; E lists open edits.",
            });
            return Vec::new();
        }
        let ticket = self.next_ticket();
        let is_here = location.endpoint == Endpoint::Local;
        let phase = if is_here { Phase::Editing } else { Phase::Looking };
        let edit = Edit {
            location: location.clone(),
            name,
            folder: None,
            before: None,
            base: None,
            phase,
            hands: Hands::Nobody,
            unsent: false,
            sent: 0,
            sent_bytes: None,
        };
        self.edits.insert(ticket, edit);
        if is_here {
            return vec![Effect::Outside(Outside::EditFile { ticket, path: location.path })];
        }
        self.say("Fetching a copy to edit…");
        // What is edited is the file at the end of a link, and the link stays what it is.
        let inquiry = if is_link { Inquiry::End(location) } else { Inquiry::Look(location) };
        vec![Effect::Engine(Command::Inquire { ticket, inquiry })]
    }

    /// It is known what is to be edited: a copy of it is made, if it is a file and nobody edits it yet.
    fn begin_edit(&mut self, ticket: Ticket, there: Attributes) -> Vec<Effect> {
        let Some(edit) = self.edits.get_mut(&ticket) else { return Vec::new() };
        let location = edit.location.clone();
        let is_another =
            |(other, edit): (&Ticket, &Edit)| *other != ticket && edit.location == location;
        let why = if there.kind != Kind::File {
            "Only files can be edited."
        } else if self.edits.iter().any(is_another) {
            "This file is being edited already; E lists open edits."
        } else {
            let kept = Kept { location, before: there, base: None };
            return vec![Effect::Edits(EditOrder::Begin(ticket, Box::new(kept)))];
        };
        self.edits.remove(&ticket);
        self.say(why);
        Vec::new()
    }

    /// What stands on the server was told: before the copy, before it goes back, or after. Whether it was asked for this.
    pub(super) fn looked_for_edit(
        &mut self,
        ticket: Ticket,
        told: &Result<Told, Error>,
    ) -> Option<Vec<Effect>> {
        let edit = self.edits.get_mut(&ticket)?;
        let looked = match told {
            Ok(Told::Look(attributes)) => Ok(*attributes),
            Ok(Told::End(path, attributes)) => {
                edit.location = edit.location.with_path(path.clone());
                edit.name = path.name().unwrap_or_else(|| edit.name.clone());
                Ok(*attributes)
            }
            Ok(_) => return Some(Vec::new()),
            Err(error) => Err(error.clone()),
        };
        Some(match (&edit.phase, looked) {
            (Phase::Looking, Ok(attributes)) => {
                edit.before = Some(attributes);
                self.begin_edit(ticket, attributes)
            }
            (Phase::Looking, Err(error)) => {
                let folder = self.edits.remove(&ticket).and_then(|edit| {
                    let folder = edit.location.path.parent()?;
                    Some(edit.location.with_path(folder))
                });
                // Nothing is fetched any more; and what is gone is to be seen no more.
                self.notice = None;
                self.tell(error.to_string());
                folder.map_or_else(Vec::new, |folder| self.reread_shown(&[folder]))
            }
            (Phase::Settling, looked) => {
                // Of another length it is somebody else's by now, and the next save asks about it.
                let sent = edit.sent_bytes;
                let is_ours = |now: &Attributes| sent.is_none() || now.size == sent;
                edit.before = looked.ok().filter(is_ours);
                let mut effects: Vec<Effect> = edit.keep().into_iter().collect();
                effects.extend(self.go_on_with_edit(ticket));
                effects
            }
            (Phase::Comparing, Ok(now))
                if edit.before.is_some_and(|before| is_same(&before, &now)) =>
            {
                self.send_edited(ticket)
            }
            (Phase::Comparing, Ok(_)) => {
                self.ask_about_edit(ticket, "It was changed on the server meanwhile.")
            }
            (Phase::Comparing, Err(error)) if error.kind() == ErrorKind::NotFound => {
                self.ask_about_edit(ticket, "It is gone from the server meanwhile.")
            }
            (Phase::Comparing, Err(error)) => self.keep_copy(ticket, &error.to_string()),
            _ => Vec::new(),
        })
    }

    fn ask_about_edit(&mut self, ticket: Ticket, words: &str) -> Vec<Effect> {
        let Some(edit) = self.edits.get_mut(&ticket) else { return Vec::new() };
        edit.phase = Phase::Asking;
        let dialog =
            edit_forms::edited_meanwhile(ticket, &edit.location, words, &edit.copy_words());
        self.open_dialog(dialog);
        Vec::new()
    }

    /// What came of an order about copies.
    pub(super) fn edit_news(&mut self, news: EditNews) -> Vec<Effect> {
        match news {
            EditNews::Room(ticket, folder) => self.has_room(ticket, folder),
            EditNews::Watched(ticket, digest) => self.watched(ticket, digest),
            EditNews::Saved(ticket) => {
                let Some(edit) = self.edits.get_mut(&ticket) else { return Vec::new() };
                edit.unsent = true;
                match edit.phase {
                    Phase::Editing | Phase::Held(_) => self.go_on_with_edit(ticket),
                    // What is under way is ended first.
                    _ => Vec::new(),
                }
            }
            EditNews::Checked(ticket, changed) => self.editor_ended(ticket, changed),
            EditNews::Trouble(words) => {
                self.tell(words);
                Vec::new()
            }
            EditNews::Left(left, troubles) => {
                self.left_edits = left;
                troubles.into_iter().for_each(|words| self.tell(words));
                Vec::new()
            }
        }
    }

    /// A folder for the copy was made, or could not be.
    fn has_room(&mut self, ticket: Ticket, folder: Result<StoragePath, String>) -> Vec<Effect> {
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

    /// Opens the copy in the editor; from before that on, each save is noticed.
    pub(super) fn open_copy(&mut self, ticket: Ticket) -> Vec<Effect> {
        let Some(edit) = self.edits.get_mut(&ticket) else { return Vec::new() };
        let Some(copy) = edit.copy() else { return Vec::new() };
        edit.phase = Phase::Preparing;
        vec![Effect::Edits(EditOrder::Watch(ticket, copy))]
    }

    fn watched(&mut self, ticket: Ticket, digest: Result<Sha256, String>) -> Vec<Effect> {
        let Some(edit) = self.edits.get_mut(&ticket) else { return Vec::new() };
        if edit.phase != Phase::Preparing {
            return Vec::new();
        }
        let digest = match digest {
            Ok(digest) => digest,
            Err(words) => return self.keep_copy(ticket, &words),
        };
        let mut effects = Vec::new();
        if edit.base.is_none() {
            edit.base = Some(digest);
            effects.extend(edit.keep());
        }
        edit.phase = Phase::Editing;
        edit.hands = Hands::Editor;
        let outside = |path| Effect::Outside(Outside::EditFile { ticket, path });
        effects.extend(edit.copy().map(outside));
        effects
    }

    /// The editor has ended: a file of this machine is done with; of a copy it is looked whether it was changed.
    pub(super) fn file_edited(
        &mut self,
        ticket: Ticket,
        ended: Result<EditorEnd, String>,
    ) -> Vec<Effect> {
        let Some(edit) = self.edits.get_mut(&ticket) else { return Vec::new() };
        if edit.folder.is_some() {
            edit.hands = Hands::Ended(ended);
            return vec![Effect::Edits(EditOrder::Check(ticket))];
        }
        let parent = edit.location.path.parent().map(|path| edit.location.with_path(path));
        self.edits.remove(&ticket);
        if let Err(words) = ended {
            self.tell(words);
        }
        self.reread_shown(&parent.into_iter().collect::<Vec<_>>())
    }

    fn editor_ended(&mut self, ticket: Ticket, changed: Result<bool, String>) -> Vec<Effect> {
        let Some(edit) = self.edits.get_mut(&ticket) else { return Vec::new() };
        edit.unsent |= changed.as_ref().is_ok_and(|changed| *changed);
        let ended = match std::mem::replace(&mut edit.hands, Hands::Nobody) {
            Hands::Ended(ended) => ended,
            other => {
                edit.hands = other;
                return Vec::new();
            }
        };
        let was_changed = edit.unsent || edit.sent > 0 || edit.phase != Phase::Editing;
        if ended == Ok(EditorEnd::AtOnce) && !was_changed && changed.is_ok() {
            edit.hands = Hands::Elsewhere;
            let copy = edit.copy_words();
            self.say_lasting(
                Outcome::Plain,
                format!(
                    "The editor ended at once. If it goes on elsewhere, each save of {copy} is sent back; E lists \
                     open edits. Or tell it to wait (such as code --wait)."
                ),
            );
            return Vec::new();
        }
        let mut effects = vec![Effect::Edits(EditOrder::Unwatch(ticket))];
        effects.extend(match (changed, ended) {
            (Err(words), _) => self.keep_copy(ticket, &words),
            (Ok(_), Err(words)) if edit.unsent => self.keep_copy(ticket, &words),
            (Ok(_), Err(words)) if !was_changed => {
                self.tell(format!("{words} Nothing was changed."));
                self.forget_edit(ticket)
            }
            (Ok(_), ended) => {
                let is_idle = matches!(edit.phase, Phase::Editing | Phase::Held(_));
                if let Err(words) = ended {
                    self.tell(words);
                }
                if is_idle { self.go_on_with_edit(ticket) } else { Vec::new() }
            }
        });
        effects
    }

    /// Nothing is under way for it: what was saved goes back, or it is waited, or it is over.
    pub(super) fn go_on_with_edit(&mut self, ticket: Ticket) -> Vec<Effect> {
        let Some(edit) = self.edits.get_mut(&ticket) else { return Vec::new() };
        if edit.unsent {
            edit.unsent = false;
            edit.phase = Phase::Comparing;
            return vec![look(ticket, edit.location.clone())];
        }
        if edit.hands != Hands::Nobody {
            edit.phase = Phase::Editing;
            return Vec::new();
        }
        if edit.sent == 0 {
            self.say("Nothing was changed.");
        }
        self.forget_edit(ticket)
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

    /// The copy stays, and where is said. It remains in the list.
    pub(super) fn keep_copy(&mut self, ticket: Ticket, why: &str) -> Vec<Effect> {
        if let Some(edit) = self.edits.get_mut(&ticket) {
            edit.phase = Phase::Held(why.to_owned());
            edit.unsent = true;
            let (location, copy) = (edit.location.to_string(), edit.copy_words());
            self.tell(format!(
                "{why} {location} was not sent back; the copy stays at {copy}. E lists open edits."
            ));
        }
        Vec::new()
    }

    pub(super) fn forget_edit(&mut self, ticket: Ticket) -> Vec<Effect> {
        let folder = self.edits.remove(&ticket).and_then(|edit| edit.folder);
        let clear = |folder| Effect::Edits(EditOrder::Clear(folder));
        let unwatch = Effect::Edits(EditOrder::Unwatch(ticket));
        folder.map(clear).into_iter().chain([unwatch]).collect()
    }

    /// A file arrived, and this is what it was.
    pub(super) fn sent_of_edit(&mut self, done: &StepDone) {
        let sends = |edit: &&mut Edit| edit.phase == Phase::Sending(done.job);
        if let Some(edit) = self.edits.values_mut().find(sends) {
            edit.base = done.digest.or(edit.base);
            edit.sent_bytes = Some(done.bytes);
        }
    }

    /// A job ended that fetched a copy, or sent one back.
    pub(super) fn job_of_edit_ended(&mut self, summary: &JobSummary) -> Vec<Effect> {
        let of = |phase: &Phase| match phase {
            Phase::Fetching(job) | Phase::Sending(job) => *job == summary.job,
            _ => false,
        };
        let found = self.edits.iter_mut().find(|(_, edit)| of(&edit.phase));
        let Some((&ticket, edit)) = found else { return Vec::new() };
        let went_well = summary.counts.files == 1 && summary.counts.failed == 0;
        let is_unsent = edit.unsent;
        match (&edit.phase, went_well) {
            (Phase::Fetching(_), true) => self.open_copy(ticket),
            (Phase::Fetching(_), false) => self.forget_edit(ticket),
            (_, true) => {
                edit.sent += 1;
                let saves = match edit.sent {
                    1 => String::new(),
                    saves => format!(" ({saves} saves)"),
                };
                let words = format!("Sent back and verified{saves}: {}.", edit.location);
                let goes_on = edit.unsent || edit.hands != Hands::Nobody;
                if goes_on {
                    edit.phase = Phase::Settling;
                }
                let location = edit.location.clone();
                self.say_lasting(Outcome::Good, words);
                if goes_on { vec![look(ticket, location)] } else { self.forget_edit(ticket) }
            }
            // It was saved once more while it was read.
            (_, false) if is_unsent => self.go_on_with_edit(ticket),
            (_, false) => self.keep_copy(ticket, "The edited file could not be sent back."),
        }
    }
}

fn look(ticket: Ticket, location: Location) -> Effect {
    Effect::Engine(Command::Inquire { ticket, inquiry: Inquiry::Look(location) })
}

/// Whether, as far as attributes tell, the same file stands there.
fn is_same(before: &Attributes, now: &Attributes) -> bool {
    before.kind == now.kind && before.size == now.size && before.modified == now.modified
}
