//! Panes going places: what is opened, read again, left, and what becomes of it.

use crate::{
    domain::{
        entry::{Entry, RefusedName},
        error::{Error, ErrorKind},
        path::Name,
        place::Location,
        wanted::Wanted,
    },
    engine::message::{Command, Ticket},
};

use super::{
    Effect, Model, Side,
    history::Course,
    pane::{How, Opening, State},
    rows::MOST_ROWS,
};

impl Model {
    /// Opens a place in a pane; what the pane shows stays until the place is open.
    pub(super) fn go(
        &mut self,
        side: Side,
        location: Location,
        cursor: Option<Name>,
    ) -> Vec<Effect> {
        self.go_by(side, location, cursor, Course::New)
    }

    /// The same, and what it means for where the pane has been.
    pub(super) fn go_by(
        &mut self,
        side: Side,
        location: Location,
        cursor: Option<Name>,
        course: Course,
    ) -> Vec<Effect> {
        let mut effects = self.leave_opening(side);
        let ticket = self.next_ticket();
        if let State::Streaming(old) = self.pane(side).state {
            effects.push(Effect::Engine(Command::Close(old)));
            self.pane_mut(side).state = State::Complete;
        }
        let pane = self.pane_mut(side);
        pane.typed = None;
        pane.opening =
            Some(Opening { ticket, location: location.clone(), how: How::Go(cursor), course });
        effects.push(Effect::Engine(Command::Open { ticket, location }));
        effects
    }

    /// Looks for something below a place; what the pane shows stays until the search has begun.
    pub(super) fn find_below(
        &mut self,
        side: Side,
        location: Location,
        wanted: Wanted,
    ) -> Vec<Effect> {
        let mut effects = self.leave_opening(side);
        let ticket = self.next_ticket();
        if let State::Streaming(old) = self.pane(side).state {
            effects.push(Effect::Engine(Command::Close(old)));
            self.pane_mut(side).state = State::Complete;
        }
        let how = How::Find(wanted.clone());
        let course = Course::New;
        let opening = Opening { ticket, location: location.clone(), how, course };
        self.pane_mut(side).opening = Some(opening);
        effects.push(Effect::Engine(Command::Find { ticket, location, wanted }));
        effects
    }

    /// Reads a pane's place again.
    pub(super) fn reread(&mut self, side: Side, quiet: bool, cursor: Option<Name>) -> Vec<Effect> {
        let pane = self.pane(side);
        if let Some(found) = &pane.found {
            let (location, wanted) = (pane.location.clone(), found.wanted.clone());
            return self.find_below(side, location, wanted);
        }
        if quiet
            && (pane.opening.is_some()
                && !matches!(
                    pane.opening,
                    Some(Opening { how: How::Reread { quiet: true, .. }, .. })
                ))
        {
            return Vec::new();
        }
        if !pane.shows_a_place() || matches!(pane.state, State::Broken(_)) {
            let location = pane.location.clone();
            return if quiet { Vec::new() } else { self.go(side, location, None) };
        }
        let mut effects = self.leave_opening(side);
        let ticket = self.next_ticket();
        let pane = self.pane_mut(side);
        if let State::Streaming(old) = pane.state {
            effects.push(Effect::Engine(Command::Close(old)));
            pane.state = State::Complete;
        }
        let location = pane.location.clone();
        let how = How::Reread { fresh: pane.fresh_rows(), quiet, cursor };
        let course = Course::New;
        pane.opening = Some(Opening { ticket, location: location.clone(), how, course });
        effects.push(Effect::Engine(Command::Open { ticket, location }));
        effects
    }

    /// Stops what a pane is opening.
    pub(super) fn leave_opening(&mut self, side: Side) -> Vec<Effect> {
        let opening = self.pane_mut(side).opening.take();
        opening.map(|opening| Effect::Engine(Command::Close(opening.ticket))).into_iter().collect()
    }

    /// Esc in a pane: stops opening, or the rest of a long listing. Whether there was anything to stop.
    pub(super) fn stop_reading(&mut self, side: Side) -> (bool, Vec<Effect>) {
        let mut effects = self.leave_opening(side);
        if let State::Streaming(ticket) = self.pane(side).state {
            effects.push(Effect::Engine(Command::Close(ticket)));
            let why = Error::new(ErrorKind::Cancelled, "read all of it", "stopped");
            self.pane_mut(side).state = State::Broken(why);
        } else if !effects.is_empty() && matches!(self.pane(side).state, State::Blank) {
            let place = self.pane(side).location.to_string();
            let why = Error::new(ErrorKind::Cancelled, format!("open {place}"), "stopped");
            self.pane_mut(side).state = State::Failed(why);
        }
        (!effects.is_empty(), effects)
    }

    /// Panes that show one of these directories read it again, without a word.
    pub(super) fn reread_shown(&mut self, directories: &[Location]) -> Vec<Effect> {
        let mut effects = Vec::new();
        for side in [Side::Left, Side::Right] {
            let pane = self.pane(side);
            let lies_below = |place: &Location| {
                let here = &pane.location;
                place.endpoint == here.endpoint && place.path.is_within(&here.path)
            };
            let is_meant = match pane.found {
                Some(_) => directories.iter().any(lies_below),
                None => directories.contains(&pane.location),
            };
            if is_meant {
                effects.extend(self.reread(side, true, None));
            }
        }
        effects
    }

    pub(super) fn take_rows(
        &mut self,
        ticket: Ticket,
        entries: Vec<Entry>,
        refused: Vec<RefusedName>,
    ) -> Vec<Effect> {
        let sides = [Side::Left, Side::Right];
        let Some(side) = sides.into_iter().find(|side| self.pane(*side).reads(ticket)) else {
            self.take_names(ticket, &entries);
            return Vec::new();
        };
        let pane = self.pane_mut(side);
        pane.take_rows(entries, refused);
        if pane.rows.known() < MOST_ROWS || !pane.is_streaming() {
            return Vec::new();
        }
        let why = Error::new(
            ErrorKind::Unsupported,
            format!("show all of {}", pane.location),
            format!("it has more than {} entries", super::text::grouped(MOST_ROWS as u64)),
        );
        pane.state = State::Broken(why.clone());
        self.tell(why.to_string());
        vec![Effect::Engine(Command::Close(ticket))]
    }

    /// A place could not be opened, or its listing broke off.
    pub(super) fn open_failed(&mut self, ticket: Ticket, error: Error) -> Vec<Effect> {
        for side in [Side::Left, Side::Right] {
            let pane = self.pane_mut(side);
            if matches!(pane.state, State::Streaming(own) if own == ticket) {
                pane.state = State::Broken(error.clone());
                self.tell_unless_cancelled(&error);
                return Vec::new();
            }
            let Some(opening) = pane.opening.take_if(|opening| opening.ticket == ticket) else {
                continue;
            };
            return match opening.how {
                How::Go(_) | How::Find(_) => {
                    if !pane.shows_a_place() {
                        pane.location = opening.location;
                        // The pane itself says it, and goes on saying it.
                        pane.state = State::Failed(error);
                        return Vec::new();
                    }
                    if opening.course == Course::Along && error.kind() == ErrorKind::NotFound {
                        self.say("The other pane has no such directory: it stays.");
                        return Vec::new();
                    }
                    if error.kind() == ErrorKind::NotFound
                        && let Some(words) = self.leads_nowhere(side, &opening.location)
                    {
                        self.tell(words);
                        return Vec::new();
                    }
                    let is_typed = self.pane(side).typed.is_some();
                    match error.kind() {
                        ErrorKind::Cancelled => self.say(error.to_string()),
                        _ if is_typed => self.tell(format!("{error} o offers it to be mended.")),
                        _ => self.tell(error.to_string()),
                    }
                    Vec::new()
                }
                How::Reread { quiet, .. } => self.reread_failed(side, quiet, &error),
            };
        }
        Vec::new()
    }

    /// What is to be said where what could not be entered is a link whose target is not there.
    fn leads_nowhere(&mut self, side: Side, entered: &Location) -> Option<String> {
        let pane = self.pane_mut(side);
        pane.entering.take_if(|link| link == entered)?;
        let to = entered.path.name().and_then(|name| pane.extras.link(&name).map(str::to_owned));
        let to = to.map_or_else(|| "what it names".to_owned(), |to| format!("“{to}”"));
        Some(format!("The link {entered} leads nowhere: {to} is not there."))
    }

    fn reread_failed(&mut self, side: Side, quiet: bool, error: &Error) -> Vec<Effect> {
        let here = self.pane(side).location.clone();
        if error.kind() == ErrorKind::NotFound
            && let Some(parent) = here.path.parent()
        {
            self.say(format!("{here} is gone."));
            return self.go(side, here.with_path(parent), None);
        }
        if !quiet {
            self.tell_unless_cancelled(error);
        }
        Vec::new()
    }

    fn tell_unless_cancelled(&mut self, error: &Error) {
        match error.kind() {
            ErrorKind::Cancelled => self.say(error.to_string()),
            _ => self.tell(error.to_string()),
        }
    }
}
