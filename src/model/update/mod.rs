//! The one way the model changes: a message in, effects out.

mod bookmarks;
mod count;
mod dialogs;
mod edit;
mod edit_list;
mod events;
mod extras;
mod find;
mod hand;
mod ledger;
mod left;
mod marks;
mod mouse;
mod names;
mod outside;
mod palette;
mod panes;
mod properties;
mod queue;
mod quick;
mod sites;
mod sites_mouse;
mod stale;
mod tabs;
mod viewer;
mod wander;
mod ways;

use crate::engine::message::{Command, Event};

use super::{
    Action, Context, Discarded, Effect, Layer, Message, Model, Reader, Remaining, Size, forms,
    layout, scrolling,
};

pub(crate) use count::Counting;
pub(crate) use edit::Edit;
pub(crate) use edit_list::Comparing;
pub(crate) use names::Renaming;
pub(crate) use quick::Quick;
pub(super) use sites::changed_limits;
pub(crate) use wander::Together;
pub(crate) use ways::Way;

/// Takes a message in. Returns what is to be done besides.
pub fn update(model: &mut Model, message: Message) -> Vec<Effect> {
    let mut effects = match message {
        Message::Clock(now) => {
            model.now = Some(now);
            return if model.quick_waits() { model.follow_quick() } else { Vec::new() };
        }
        Message::Today(today) => {
            model.today = Some(today);
            return Vec::new();
        }
        Message::Act(action) => model.act(action),
        Message::Begun(begun) => {
            model.begun = begun;
            return Vec::new();
        }
        Message::Paste(text) => {
            if model.context() == Context::Search {
                let line = text.chars().filter(|c| !c.is_control()).take(1_000);
                for c in line {
                    model.act(Action::Type(c));
                }
            } else if let Some(Layer::Dialog(dialog)) = model.layers.last_mut() {
                dialog.paste(&text);
            } else if model.context() == Context::Find {
                model.paste_into_find(&text)
            }
            Vec::new()
        }
        Message::Mouse(mouse) => model.mouse(mouse),
        Message::Resized { width, height } => {
            model.size = Size { width, height };
            Vec::new()
        }
        // Thousands come at once, and all that is seen of them is in the next snapshot.
        Message::Event(Event::StepDone(done)) => {
            model.step_done(&done);
            return Vec::new();
        }
        Message::Event(event) => model.event(event),
        Message::Progress(snapshot) => {
            model.transfers.set_snapshot(snapshot, model.now);
            Vec::new()
        }
        Message::CameBack(outside, back) => model.came_back(outside, back),
        Message::Edits(news) => model.edit_news(news),
        Message::Painted(ticket, painted) => {
            let quick = model.quick.as_mut().and_then(|quick| quick.viewer.as_mut());
            for viewer in model.viewer.as_mut().into_iter().chain(quick) {
                viewer.take_colours(ticket, painted.clone());
            }
            Vec::new()
        }
        Message::Pictured(ticket, made) => {
            let quick = model.quick.as_mut().and_then(|quick| quick.viewer.as_mut());
            for viewer in model.viewer.as_mut().into_iter().chain(quick) {
                viewer.take_picture(ticket, &made);
            }
            Vec::new()
        }
        Message::Shelved(order, result) => model.shelved(order, result),
        Message::Trouble(words) => {
            model.tell(words);
            Vec::new()
        }
    };
    model.show_what_waits();
    layout::fit(model);
    effects.extend(model.look_under_cursor());
    effects.extend(model.settle_viewer());
    effects.extend(model.settle_ledger());
    effects.extend(model.follow_quick());
    for pane in &mut model.panes {
        let idle = pane.take_idle().into_iter();
        effects.extend(idle.map(|ticket| Effect::Engine(Command::Close(ticket))));
        let rows = pane.take_discarded();
        if !rows.is_empty() {
            effects.push(Effect::Discard(Discarded(rows)));
        }
    }
    effects.shrink_to_fit();
    effects
}

impl Model {
    fn act(&mut self, action: Action) -> Vec<Effect> {
        match action {
            Action::Suspend => return vec![Effect::Suspend],
            Action::Redraw => return vec![Effect::Redraw],
            // A key puts down what is carried; the one that closes does no more than that.
            _ if self.put_down() && matches!(action, Action::Close | Action::Interrupt) => {
                return Vec::new();
            }
            Action::Commands => {
                // From the help: what was read there is looked for where it was opened.
                if matches!(self.layers.last(), Some(Layer::Reader(_))) {
                    self.layers.pop();
                }
                self.open_palette();
                return Vec::new();
            }
            _ => {}
        }
        match self.context() {
            Context::Field | Context::Choice => self.act_in_dialog(action),
            Context::Reader => self.act_in_reader(action),
            Context::Edits => self.act_in_edits(action),
            Context::Queue => self.act_in_queue(action),
            Context::Steps => self.act_in_steps(action),
            Context::Find if self.viewer.is_some() => self.type_in_viewer(action),
            Context::Find => self.act_in_find(action),
            Context::Viewer => self.act_in_viewer(action),
            Context::History => self.act_in_ledger(action),
            Context::Sites => self.act_in_sites(action),
            Context::Search if !self.layers.is_empty() => self.act_in_palette(action),
            Context::Search if self.ledger.is_some() => self.type_in_ledger(action),
            Context::Search => self.act_in_search(action),
            Context::Bookmarks => self.act_in_bookmarks(action),
            Context::Start => self.act_in_start(action),
            Context::Panes => self.act_in_panes(action),
        }
    }

    /// Messages and questions come up when nothing else lies over the panes: they never take keys from a dialog, nor what
    /// is carried out of the hand.
    fn show_what_waits(&mut self) {
        if self.load().is_some() {
            return;
        }
        if !self.unread.is_empty() {
            let unread = std::mem::take(&mut self.unread);
            match self.layers.last_mut() {
                None => self.layers.push(Layer::Reader(Reader::messages(unread))),
                Some(Layer::Reader(reader)) => self.unread = reader.add(unread),
                Some(
                    Layer::Dialog(_) | Layer::Palette(_) | Layer::Edits(_) | Layer::Bookmarks(_),
                ) => {
                    self.unread = unread;
                }
            }
        }
        if self.layers.is_empty() && !self.left.is_empty() {
            let jobs = std::mem::take(&mut self.left);
            self.open_dialog(forms::left(jobs));
        }
        if self.layers.is_empty() && !self.left_edits.is_empty() {
            let left = std::mem::take(&mut self.left_edits);
            self.offer_left_edits(left);
        }
        if self.layers.is_empty()
            && let Some(dialog) = self.questions.next_dialog()
        {
            self.open_dialog(dialog);
        }
    }

    fn act_in_reader(&mut self, action: Action) -> Vec<Effect> {
        let Some(Layer::Reader(reader)) = self.layers.last() else { return Vec::new() };
        let (_, inner) = layout::reader_parts(self, reader);
        let lines = layout::reader_lines(self, reader, inner.width);
        let height = usize::from(inner.height);
        let Some(Layer::Reader(reader)) = self.layers.last_mut() else { return Vec::new() };
        if let Some(by) = scrolling::lines(action, height) {
            reader.scroll(by, lines, height);
        } else if matches!(action, Action::Close | Action::Accept | Action::Interrupt) {
            self.layers.pop();
        }
        Vec::new()
    }

    /// Leaves, or asks first where jobs have not ended.
    fn quit(&mut self) -> Vec<Effect> {
        match self.transfers.open_count() {
            0 => vec![Effect::Quit(Remaining::Cancelled)],
            jobs => {
                self.open_dialog(forms::quit(jobs));
                Vec::new()
            }
        }
    }

    fn show_help(&mut self) {
        self.layers.push(Layer::Reader(Reader::help()));
    }
}
