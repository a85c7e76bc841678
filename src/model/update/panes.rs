//! What keys do in the panes.

use crate::{
    domain::{
        entry::Kind,
        path::Name,
        place::{Endpoint, Location},
        site::Protocol,
    },
    engine::message::Command,
};

use super::super::{
    Action, Effect, Model, Side,
    finder::Hunt,
    forms,
    history::Course,
    modes,
    queue::QueuePanel,
    removing,
    rows::Item,
    scrolling,
    sort::{Sort, is_directory},
};

impl Model {
    pub(super) fn act_in_panes(&mut self, action: Action) -> Vec<Effect> {
        if action != Action::Close {
            self.notice.take_if(|notice| !notice.stays);
        }
        let side = self.focus;
        if let Some(by) = scrolling::lines(action, self.focused().height) {
            self.pane_mut(side).move_by(by);
            return Vec::new();
        }
        match action {
            Action::Enter => return self.enter(),
            Action::Parent => return self.parent(),
            Action::OtherPane => self.focus = side.other(),
            Action::Mark => self.mark(),
            Action::InvertMarks => {
                self.pane_mut(side).rows.mark_by(|row| !row.marked);
            }
            Action::MarkPattern => self.open_dialog(forms::pattern(side, true)),
            Action::UnmarkPattern => self.open_dialog(forms::pattern(side, false)),
            Action::MarkAgainst => self.ask_against(),
            Action::Back => return self.wander(Course::Back),
            Action::Forward => return self.wander(Course::Forward),
            Action::GoTo => return self.ask_path(),
            Action::FindBelow => self.ask_in_place(forms::find_below),
            Action::NewTab => return self.new_tab(),
            Action::CloseTab => return self.close_tab(side),
            Action::NextTab => return self.turn_tabs(1),
            Action::PreviousTab => return self.turn_tabs(-1),
            Action::Tab(number) => return self.show_tab(usize::from(number).saturating_sub(1)),
            Action::Together => self.toggle_together(),
            Action::Modes => {
                let dialog = modes::dialog(self.focused());
                self.open_or_say(dialog);
            }
            Action::Follow => return self.follow(),
            Action::Traits => return self.ask_traits(),
            Action::Edit => return self.edit_file(),
            Action::OpenEdits => self.show_edits(None),
            Action::QuickView => return self.toggle_quick(),
            Action::RenameMany => return self.edit_names(),
            Action::RenameByPattern => self.ask_name_pattern(),
            Action::UndoNames => self.ask_undo_names(),
            Action::Shell => self.ask_command(),
            Action::OpenShell => return self.open_shell(),
            Action::View => return self.view_file(),
            Action::Measure => return self.measure(),
            Action::Filter => self.find(Hunt::Filter),
            Action::Search => self.find(Hunt::Search),
            Action::ToggleHidden => self.toggle_hidden(),
            Action::Sort => self.sort(Sort::next),
            Action::ReverseSort => {
                self.sort(|sort| Sort { reversed: !sort.reversed, ..sort });
            }
            Action::Reread => return self.reread(side, false, None),
            Action::Copy => self.ask_transfer(false),
            Action::Move => self.ask_transfer(true),
            Action::MakeDirectory => self.ask_in_place(forms::make_directory),
            Action::MakeLink => self.ask_link(),
            Action::Rename => {
                let dialog = forms::rename(self.focused(), side);
                self.open_or_say(dialog);
            }
            Action::Delete => return self.ask_delete(self.trash.takes(&self.focused().location)),
            Action::DeleteForGood => return self.ask_delete(false),
            Action::Trash => return self.find_trash(),
            Action::Connect => self.ask_place(side, false),
            Action::Sites => return self.open_sites(),
            Action::ClearParts => return self.clear_parts(),
            Action::History => return self.toggle_history(),
            Action::SavePlace => self.ask_save_place(),
            Action::Bookmark => return self.toggle_bookmark(),
            Action::Bookmarks => return self.open_bookmarks(),
            Action::Queue => return self.toggle_queue(),
            Action::Answer => self.questions.bring_back(),
            Action::Help => self.show_help(),
            Action::Quit | Action::Interrupt => return self.quit(),
            Action::Close => return self.close_in_panes(),
            _ => {}
        }
        Vec::new()
    }

    pub(super) fn toggle_queue(&mut self) -> Vec<Effect> {
        match self.queue.take() {
            Some(_) => vec![Effect::Engine(Command::Watch(None))],
            None => {
                self.queue = Some(QueuePanel::default());
                Vec::new()
            }
        }
    }

    fn close_in_panes(&mut self) -> Vec<Effect> {
        if self.notice.take().is_some() {
            return Vec::new();
        }
        if let Some((ticket, location)) = self.shell.take() {
            self.say(format!("No shell in {location}."));
            return vec![Effect::Engine(Command::Close(ticket))];
        }
        let (stopped, effects) = self.stop_reading(self.focus);
        if stopped {
            self.say("Stopped reading.");
            return effects;
        }
        let stopped = self.stop_measuring(self.focus);
        if !stopped.is_empty() {
            self.say("Stopped adding up.");
            return stopped;
        }
        if self.focused().rows.filter().is_some() {
            self.pane_mut(self.focus).set_filter(None);
        }
        effects
    }

    pub(super) fn enter(&mut self) -> Vec<Effect> {
        let side = self.focus;
        if self.pane(side).found.is_some() {
            return self.go_to_found();
        }
        let pane = self.pane(side);
        let target = match pane.current() {
            Some(Item::Parent) => return self.parent(),
            Some(Item::Entry(row)) => {
                let entry = &row.entry;
                let may_lead = entry.attributes.kind == Kind::Symlink && entry.leads_to.is_none();
                if is_directory(entry) || may_lead {
                    Ok(pane.location.with_path(pane.location.path.join(&entry.name)))
                } else {
                    Err(match entry.attributes.kind {
                        Kind::Symlink => "Enter opens directories; > goes where this link leads.",
                        _ => "Enter opens directories. F5 copies this file to the other pane.",
                    })
                }
            }
            Some(Item::Refused(_)) => {
                Err("This name is not safe to use; the server would have to rename it.")
            }
            None => return Vec::new(),
        };
        match target {
            Ok(location) => {
                let is_link = pane
                    .current_entry()
                    .is_some_and(|entry| entry.attributes.kind == Kind::Symlink);
                let effects = self.go_with_both(side, location.clone(), None);
                self.pane_mut(side).entering = is_link.then_some(location);
                effects
            }
            Err(words) => {
                self.say(words);
                Vec::new()
            }
        }
    }

    /// To where what was found lies, with the cursor on it; the way up leads back to where the search began.
    fn go_to_found(&mut self) -> Vec<Effect> {
        let pane = self.focused();
        let begun = pane.location.clone();
        let (place, name) = match pane.current_location() {
            Some(found) => match (found.path.parent(), found.path.name()) {
                (Some(parent), name) => (found.with_path(parent), name),
                (None, _) => (begun, None),
            },
            None => (begun, None),
        };
        self.go(self.focus, place, name)
    }

    fn parent(&mut self) -> Vec<Effect> {
        let location = self.focused().location.clone();
        if self.focused().found.is_some() {
            return self.go(self.focus, location, None);
        }
        // Out of where a link led, back to the link.
        let location = self.focused().entered_by().unwrap_or(location);
        match location.path.parent() {
            Some(parent) => {
                let name = location.path.name();
                self.go_with_both(self.focus, location.with_path(parent), name)
            }
            None => Vec::new(),
        }
    }

    /// Goes there, and the other pane along if they go together.
    fn go_with_both(
        &mut self,
        side: Side,
        location: Location,
        cursor: Option<Name>,
    ) -> Vec<Effect> {
        let along = self.go_along(side, &location);
        let mut effects = self.go(side, location, cursor);
        effects.extend(along);
        effects
    }

    fn ask_against(&mut self) {
        if self.panes.iter().all(super::super::Pane::shows_a_place) {
            self.open_dialog(forms::against(self.focus));
        } else {
            self.say("There is nothing in the other pane to compare with.");
        }
    }

    fn mark(&mut self) {
        let pane = self.pane_mut(self.focus);
        if !pane.shows_a_place() {
            return;
        }
        pane.rows.toggle_mark(pane.cursor);
        pane.move_by(1);
    }

    fn toggle_hidden(&mut self) {
        let pane = self.pane_mut(self.focus);
        let show = !pane.rows.show_hidden();
        pane.set_show_hidden(show);
        self.say(if show { "Hidden names are shown." } else { "Hidden names are hidden." });
    }

    fn sort(&mut self, change: impl FnOnce(Sort) -> Sort) {
        let pane = self.pane_mut(self.focus);
        let sort = change(pane.rows.sort());
        pane.set_sort(sort);
        self.say(format!("Sorted {}.", sort.words()));
    }

    fn ask_transfer(&mut self, moves: bool) {
        if !self.pane(self.focus.other()).shows_a_place() {
            self.say("The other pane shows no place to put it.");
            return;
        }
        let (here, there) = (self.focused(), self.pane(self.focus.other()));
        let mut dialog = forms::transfer(here, there, moves, self.on_conflict);
        let saved = self.desk.book.of(here.endpoint()).or(self.desk.book.of(there.endpoint()));
        if let (Some(level), Some(dialog)) = (saved.and_then(|site| site.verify), &mut dialog) {
            forms::set_verify(dialog, level);
        }
        self.open_or_say(dialog);
    }

    fn ask_link(&mut self) {
        match &self.focused().location.endpoint {
            Endpoint::Remote(site) if site.protocol() != Protocol::Sftp => {
                self.say("FTP has no command that makes links.");
            }
            _ => self.ask_in_place(forms::make_link),
        }
    }

    fn ask_delete(&mut self, trash: bool) -> Vec<Effect> {
        let dialog = removing::dialog(self.focused(), trash);
        self.open_or_say(dialog);
        self.count_chosen()
    }

    fn ask_in_place(
        &mut self,
        form: impl FnOnce(&super::super::Pane, Side) -> super::super::Dialog,
    ) {
        let dialog = self.focused().shows_a_place().then(|| form(self.focused(), self.focus));
        self.open_or_say(dialog);
    }

    fn open_or_say(&mut self, dialog: Option<super::super::Dialog>) {
        match dialog {
            Some(dialog) => self.open_dialog(dialog),
            None => self.say("Nothing is under the cursor to do this with."),
        }
    }
}
