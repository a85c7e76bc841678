//! What leads out of Wharf for a while, and back: commands, shells, editors.

use crate::{
    domain::{
        error::Error,
        place::{Endpoint, Location},
        shell::{Shell, Window},
        site::Protocol,
    },
    engine::message::{Command, Ticket},
};

use super::super::{Back, Effect, Model, Outside, forms};

impl Model {
    /// Asks for a command to be run where the pane is.
    pub(super) fn ask_command(&mut self) {
        let pane = self.focused();
        if pane.location.endpoint != Endpoint::Local {
            self.say(match &pane.location.endpoint {
                Endpoint::Remote(site) if site.protocol() == Protocol::Sftp => {
                    "Commands run on this machine; $ opens a shell on the server that this pane shows."
                }
                _ => "Commands run on this machine; this pane shows a server.",
            });
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
}
