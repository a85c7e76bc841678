//! What keys do while someone looks into a file.

use crate::{
    domain::entry::Kind,
    engine::message::{Command, Ticket},
};

use super::super::{
    Action, Effect, Model, editing, layout,
    rows::Item,
    scrolling,
    sort::is_directory,
    viewer::{Move, Viewer},
};

impl Model {
    /// Looks into the file under the cursor.
    pub(super) fn view_file(&mut self) -> Vec<Effect> {
        let pane = self.focused();
        let Some(Item::Entry(row)) = pane.current() else {
            self.say("No file is under the cursor to look into.");
            return Vec::new();
        };
        let entry = &row.entry;
        if is_directory(entry) {
            self.say("This is a directory; Enter goes into it.");
            return Vec::new();
        }
        if entry.attributes.kind == Kind::Other {
            self.say("This is a device, a socket or a pipe: there is no end to what it holds.");
            return Vec::new();
        }
        let location = pane.location.with_path(pane.location.path.join(&entry.name));
        self.viewer = Some(Box::new(Viewer::new(location)));
        Vec::new()
    }

    pub(super) fn act_in_viewer(&mut self, action: Action) -> Vec<Effect> {
        let ticket = self.next_ticket();
        let Some(viewer) = &mut self.viewer else { return Vec::new() };
        viewer.words = None;
        match (action, scrolling::lines(action, viewer.height())) {
            (Action::First, _) => viewer.go(Move::To(0)),
            (Action::Last, _) => viewer.go(Move::End),
            (_, Some(by)) if by < 0 => viewer.go(Move::Up(by.unsigned_abs())),
            (_, Some(by)) => viewer.go(Move::Down(by.unsigned_abs())),
            _ => return self.act_on_viewer(action, ticket),
        }
        Vec::new()
    }

    fn act_on_viewer(&mut self, action: Action, ticket: Ticket) -> Vec<Effect> {
        let Some(viewer) = &mut self.viewer else { return Vec::new() };
        match action {
            Action::Left => viewer.sideways(-8),
            Action::Right => viewer.sideways(8),
            Action::Wrap => viewer.toggle_wrap(),
            Action::Hex => viewer.toggle_hex(),
            Action::Encoding => viewer.next_encoding(),
            Action::Reread => viewer.reread(),
            Action::Search => viewer.input = Some(tui_input::Input::default()),
            Action::SearchOn | Action::SearchBack => {
                return self.seek(ticket, action == Action::SearchBack);
            }
            Action::Help => self.show_help(),
            Action::Close | Action::Interrupt => {
                if let Some(ticket) = viewer.stop_seeking() {
                    viewer.words = Some("stopped searching");
                    return vec![Effect::Engine(Command::Close(ticket))];
                }
                return self.close_viewer();
            }
            Action::Quit => return self.close_viewer(),
            _ => {}
        }
        Vec::new()
    }

    /// Keys while what to search for in the file is typed.
    pub(super) fn type_in_viewer(&mut self, action: Action) -> Vec<Effect> {
        let ticket = self.next_ticket();
        let Some(viewer) = &mut self.viewer else { return Vec::new() };
        match action {
            Action::Accept => return self.seek(ticket, false),
            Action::Close | Action::Interrupt => viewer.input = None,
            action => {
                if let Some(line) = &mut viewer.input {
                    editing::edit(line, action);
                }
            }
        }
        Vec::new()
    }

    fn seek(&mut self, ticket: Ticket, backwards: bool) -> Vec<Effect> {
        let Some(viewer) = &mut self.viewer else { return Vec::new() };
        let stopped = viewer.stop_seeking();
        let mut effects: Vec<Effect> =
            stopped.map(|ticket| Effect::Engine(Command::Close(ticket))).into_iter().collect();
        if let Some(inquiry) = viewer.seek(ticket, backwards) {
            effects.push(Effect::Engine(Command::Inquire { ticket, inquiry }));
        }
        effects
    }

    fn close_viewer(&mut self) -> Vec<Effect> {
        let Some(viewer) = self.viewer.take() else { return Vec::new() };
        if let Some(quick) = &mut self.quick {
            // One picture is kept at a time: what the quick view showed is made anew.
            quick.viewer = None;
        }
        let close = |ticket| Effect::Engine(Command::Close(ticket));
        viewer.tickets().into_iter().map(close).collect()
    }

    /// Tells the viewer how much room it has, and asks for what it needs.
    pub(super) fn settle_viewer(&mut self) -> Vec<Effect> {
        let Some(mut viewer) = self.viewer.take() else { return Vec::new() };
        let body = layout::viewer_parts(self.size).body;
        viewer.resize(usize::from(body.width), usize::from(body.height));
        let effects = self.settle(&mut viewer);
        self.viewer = Some(viewer);
        effects
    }

    /// Asks for what a viewer needs.
    pub(super) fn settle(&mut self, viewer: &mut Viewer) -> Vec<Effect> {
        let mut effects = Vec::new();
        for piece in viewer.settle() {
            let ticket = self.next_ticket();
            let inquiry = viewer.ask(ticket, piece);
            effects.push(Effect::Engine(Command::Inquire { ticket, inquiry }));
        }
        let ticket = self.next_ticket();
        if let Some(inquiry) = viewer.want_picture_bytes(ticket) {
            effects.push(Effect::Engine(Command::Inquire { ticket, inquiry }));
        }
        let ticket = self.next_ticket();
        let order = viewer.want_picture(ticket);
        effects.extend(order.map(|order| Effect::Picture(ticket, order)));
        let ticket = self.next_ticket();
        let order = viewer.want_colours(ticket);
        effects.extend(order.map(|order| Effect::Paint(ticket, order)));
        effects
    }
}
