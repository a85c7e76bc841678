//! Going places otherwise than by rows: back and forward, by a typed path, and both panes together.

use crate::{
    domain::{
        entry::Entry,
        path::{Name, StoragePath},
        place::Location,
    },
    engine::message::{Command, ConnectionState, Ticket},
};

use super::super::{
    Action, Effect, Layer, Model, Side,
    dialog::{Dialog, Value, Words},
    forms,
    history::Course,
    purpose::Purpose,
};

/// Two directories that stand for each other while both panes go together.
#[derive(Debug, Clone)]
pub(crate) struct Together {
    /// Left and right.
    bases: [Location; 2],
}

impl Model {
    /// Back to where the pane was, or forward again.
    pub(super) fn wander(&mut self, course: Course) -> Vec<Effect> {
        let side = self.focus;
        let Some(target) = self.pane(side).history.target(course).cloned() else {
            let words = match course {
                Course::Forward => "There is nothing to go forward to.",
                _ => "There is nothing to go back to.",
            };
            self.say(words);
            return Vec::new();
        };
        self.go_by(side, target, None, course)
    }

    /// From now on the other pane goes along, or no more.
    pub(super) fn toggle_together(&mut self) {
        if self.together.take().is_some() {
            self.say("The panes go apart again.");
            return;
        }
        let shown = self.panes.iter().all(super::super::Pane::shows_a_place);
        if !shown {
            self.say("Both panes have to show a place first.");
            return;
        }
        let bases = [Side::Left, Side::Right].map(|side| self.pane(side).location.clone());
        self.together = Some(Together { bases });
        self.say("Both panes go together now; y lets them go apart.");
    }

    /// The other pane goes where this one goes, seen from where they began together.
    pub(super) fn go_along(&mut self, side: Side, to: &Location) -> Vec<Effect> {
        let Some(together) = &mut self.together else { return Vec::new() };
        let other = side.other();
        let (here, there) = (side as usize, other as usize);
        if together.bases[here].endpoint != to.endpoint {
            return Vec::new();
        }
        while !to.path.is_within(&together.bases[here].path) {
            let parents = together.bases.each_ref().map(|base| base.path.parent());
            let [Some(left), Some(right)] = parents else {
                self.say("The other pane has no directory above: it stays.");
                return Vec::new();
            };
            let [left_base, right_base] = &mut together.bases;
            (left_base.path, right_base.path) = (left, right);
        }
        let below = names_below(&to.path, &together.bases[here].path);
        let base = &together.bases[there];
        let path = below.iter().fold(base.path.clone(), |path, name| path.join(name));
        let target = base.with_path(path);
        let pane = self.pane(other);
        let is_there = match &pane.opening {
            Some(opening) => opening.location == target,
            None => pane.location == target,
        };
        if is_there { Vec::new() } else { self.go_by(other, target, None, Course::Along) }
    }

    pub(super) fn ask_path(&mut self) -> Vec<Effect> {
        let dialog = forms::go_to(self.focused(), self.focus);
        self.open_dialog(dialog);
        self.offer_names()
    }

    /// Tab in a path: adds what is certain. Whether it is one.
    pub(super) fn completes(&mut self, action: Action) -> bool {
        let Some(Layer::Dialog(dialog)) = self.layers.last_mut() else { return false };
        let Purpose::GoTo { completion, .. } = &dialog.purpose else { return false };
        if action != Action::Next || dialog.focus != 0 {
            return false;
        }
        if let Some(completed) = completion.complete(dialog.text(0)) {
            dialog.fields[0].value = Value::Text(completed.into());
        }
        true
    }

    /// Looks up the names that fit what is typed, and offers them.
    pub(super) fn offer_names(&mut self) -> Vec<Effect> {
        let Some(Layer::Dialog(dialog)) = self.layers.last_mut() else { return Vec::new() };
        let typed = dialog.text(0).to_owned();
        let Purpose::GoTo { completion, .. } = &mut dialog.purpose else { return Vec::new() };
        let mut effects = Vec::new();
        if let Some((directory, _)) = completion.wanted(&typed)
            && !completion.has(&directory)
        {
            let connected = matches!(
                self.connections.get(&directory.endpoint),
                Some(ConnectionState::Connected)
            );
            if connected || completion.may_look(&directory) {
                self.last_number += 1;
                let ticket = Ticket(self.last_number);
                let earlier = completion.look_up(directory.clone(), ticket);
                effects.extend(earlier.map(|earlier| Effect::Engine(Command::Close(earlier))));
                effects.push(Effect::Engine(Command::Open { ticket, location: directory }));
            }
        }
        show_offer(dialog);
        effects
    }

    /// Names came that are to be offered.
    pub(in crate::model) fn take_names(&mut self, ticket: Ticket, entries: &[Entry]) {
        for layer in &mut self.layers {
            let Layer::Dialog(dialog) = layer else { continue };
            let Purpose::GoTo { completion, .. } = &mut dialog.purpose else { continue };
            if completion.ticket() == Some(ticket) {
                completion.take(entries);
                show_offer(dialog);
            }
        }
    }
}

fn show_offer(dialog: &mut Dialog) {
    let Purpose::GoTo { completion, .. } = &dialog.purpose else { return };
    let offer = completion.words(dialog.text(0));
    if let Some(last) = dialog.words.last_mut() {
        *last = if offer.is_empty() { Words::Blank } else { Words::Soft(offer) };
    }
}

/// The components of a path below a directory.
fn names_below(path: &StoragePath, base: &StoragePath) -> Vec<Name> {
    let mut names = Vec::new();
    let mut path = path.clone();
    while path != *base
        && let (Some(name), Some(parent)) = (path.name(), path.parent())
    {
        names.push(name);
        path = parent;
    }
    names.reverse();
    names
}
