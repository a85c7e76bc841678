//! What leads out of Wharf for a while, and back: commands, names edited together.

use crate::{
    domain::{
        error::Error,
        path::Name,
        place::{Endpoint, Location},
        renaming::{self, Pair},
        shell::{Shell, Window},
        site::Protocol,
    },
    engine::message::{Act, Command, Ticket},
};

use super::super::{Back, Effect, Model, Outside, Performing, Side, forms, purpose::Purpose};

/// Names that are being edited.
#[derive(Debug)]
pub(crate) struct Renaming {
    side: Side,
    directory: Location,
    names: Vec<Name>,
}

impl Model {
    /// Asks for a command to be run where the pane is.
    pub(super) fn ask_command(&mut self) {
        let pane = self.focused();
        if pane.location.endpoint != Endpoint::Local {
            self.say("Commands run on this machine; this pane shows a server.");
        } else if pane.shows_a_place() {
            let dialog = forms::command(&pane.location);
            self.open_dialog(dialog);
        }
    }

    /// Begins a shell where the pane is.
    pub(super) fn open_shell(&mut self) -> Vec<Effect> {
        let pane = self.focused();
        let location = pane.location.clone();
        if !pane.shows_a_place() {
            self.say("The pane shows no place yet.");
            return Vec::new();
        }
        match &location.endpoint {
            Endpoint::Local => {
                return vec![Effect::Outside(Outside::OwnShell { directory: location.path })];
            }
            Endpoint::Remote(site) if site.protocol() != Protocol::Sftp => {
                self.say("FTP servers have no shell; it takes SFTP.");
                return Vec::new();
            }
            Endpoint::Remote(_) => {}
        }
        let mut effects = Vec::new();
        let ticket = self.next_ticket();
        self.say(format!("Opening a shell in {location}…"));
        if let Some((earlier, _)) = self.shell.replace((ticket, location.clone())) {
            effects.push(Effect::Engine(Command::Close(earlier)));
        }
        let window = Window { width: self.size.width, height: self.size.height };
        effects.push(Effect::Engine(Command::OpenShell { ticket, location, window }));
        effects
    }

    /// It has begun, or could not. One that nobody waits for any more ends by being dropped.
    pub(super) fn shell_begun(
        &mut self,
        ticket: Ticket,
        shell: Result<Shell, Error>,
    ) -> Vec<Effect> {
        let Some((_, location)) = self.shell.take_if(|(own, _)| *own == ticket) else {
            return Vec::new();
        };
        self.notice = None;
        match shell {
            Ok(shell) => vec![Effect::Outside(Outside::Shell { shell, location })],
            Err(error) => {
                self.tell(error.to_string());
                Vec::new()
            }
        }
    }

    /// Has the chosen names edited, all at once.
    pub(super) fn edit_names(&mut self) -> Vec<Effect> {
        let side = self.focus;
        let pane = self.pane(side);
        if pane.found.is_some() {
            self.say("What was found lies in many folders; names are edited in one.");
            return Vec::new();
        }
        let names: Vec<Name> = pane.chosen().iter().map(|entry| entry.name.clone()).collect();
        if names.is_empty() {
            self.say("Nothing is chosen to be renamed.");
            return Vec::new();
        }
        let text = renaming::as_text(&names);
        let directory = pane.location.clone();
        let ticket = self.next_ticket();
        self.renamings.insert(ticket, Renaming { side, directory, names });
        vec![Effect::Outside(Outside::EditText { ticket, text })]
    }

    /// The terminal is ours again.
    pub(super) fn came_back(&mut self, outside: Outside, back: Back) -> Vec<Effect> {
        match (outside, back) {
            (Outside::EditText { ticket, .. }, Back::Text(edited)) => {
                self.names_edited(ticket, edited);
                Vec::new()
            }
            (Outside::EditFile { ticket, .. }, Back::File(ended)) => {
                self.file_edited(ticket, ended)
            }
            (
                Outside::Run { directory, .. } | Outside::OwnShell { directory },
                Back::Ran(ended),
            ) => self.ran(ended, Location::local(directory)),
            (Outside::Shell { location, .. }, Back::Ran(ended)) => self.ran(ended, location),
            _ => Vec::new(),
        }
    }

    fn ran(&mut self, ended: Result<String, String>, location: Location) -> Vec<Effect> {
        match ended {
            Ok(words) => self.say(words),
            Err(words) => self.tell(words),
        }
        self.reread_shown(&[location])
    }

    fn names_edited(&mut self, ticket: Ticket, edited: Result<String, String>) {
        let Some(renaming) = self.renamings.remove(&ticket) else { return };
        let text = match edited {
            Ok(text) => text,
            Err(words) => return self.tell(format!("{words} Nothing was renamed.")),
        };
        let steps = match self.planned(&renaming, &text) {
            Ok(steps) => steps,
            Err(words) => return self.tell(format!("{words} Nothing was renamed.")),
        };
        if steps.is_empty() {
            return self.say("No name was changed.");
        }
        let Renaming { side, directory, .. } = renaming;
        let dialog = forms::rename_many(side, directory, steps);
        self.open_dialog(dialog);
    }

    /// What is to be renamed, in an order in which it goes well.
    fn planned(&self, renaming: &Renaming, text: &str) -> Result<Vec<renaming::Pair>, String> {
        let pairs = renaming::read_text(&renaming.names, text)?;
        let rows = &self.pane(renaming.side).rows;
        let is_here = self.pane(renaming.side).location == renaming.directory;
        let is_taken = |name: &Name| is_here && rows.knows(name);
        let spare = |name: &Name| {
            // A name that was not there a moment ago, and tells where it comes from.
            let mut number = 0;
            loop {
                let mut bytes = b".".to_vec();
                bytes.extend(name.as_bytes().iter().take(200));
                bytes.extend(format!(".renaming{number}").as_bytes());
                match Name::new(bytes) {
                    Ok(aside) if !is_taken(&aside) => return aside,
                    Ok(_) => number += 1,
                    Err(_) => return name.clone(),
                }
            }
        };
        renaming::in_order(&pairs, is_taken, spare).map_err(|problems| {
            let more = problems.len().saturating_sub(5);
            let mut words = problems.into_iter().take(5).collect::<Vec<_>>().join(" ");
            if more > 0 {
                words.push_str(&format!(" And {more} more."));
            }
            words
        })
    }

    /// Many names were changed, or some of them: what would give them back.
    pub(super) fn note_renamed(&mut self, within: &Location, steps: &[Pair], all: bool) {
        // Backwards, for a name may have been needed twice on the way. Where only some were changed nobody knows which.
        let back = steps.iter().rev().map(|(from, to)| (to.clone(), from.clone()));
        self.undoes_names = all.then(|| (within.clone(), back.collect()));
    }

    /// Shows what would give the names back that were changed last.
    pub(super) fn ask_undo_names(&mut self) {
        let Some((directory, steps)) = self.undoes_names.clone() else {
            return self.say("There is no renaming of many that could be undone.");
        };
        let shows = |side: &Side| self.pane(*side).location == directory;
        let side = [self.focus, self.focus.other()].into_iter().find(shows).unwrap_or(self.focus);
        let mut dialog = forms::rename_many(side, directory, steps);
        dialog.title = "Undo the last renaming".to_owned();
        self.open_dialog(dialog);
    }

    /// Has the names changed, once the preview was seen.
    pub(super) fn accept_names(&mut self, purpose: &Purpose) -> Vec<Effect> {
        let Purpose::RenameMany { side, directory, steps } = purpose else { return Vec::new() };
        let ticket = self.next_ticket();
        let cursor = steps.last().map(|(_, to)| to.clone());
        let performing = Performing { side: *side, directory: directory.clone(), cursor };
        self.performing.insert(ticket, performing);
        // Marks are kept by name, and these names will mean others.
        self.pane_mut(*side).rows.mark_by(|_| false);
        let act = Act::RenameMany { within: directory.clone(), steps: steps.clone() };
        vec![Effect::Engine(Command::Perform { ticket, act })]
    }
}
