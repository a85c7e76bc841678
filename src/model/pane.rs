//! One pane: a place, its rows, a cursor that stays where the eye is.

use std::collections::HashMap;

use crate::{
    domain::{
        entry::{Entry, RefusedName},
        error::Error,
        path::Name,
        place::{Endpoint, Location},
        wanted::Wanted,
    },
    engine::message::Ticket,
};

use super::{
    extras::Extras,
    history::{Course, History},
    rows::{Item, Rows, Tally},
    sieve::Sieve,
    sort::Sort,
};

/// Rows fewer than these are freed in no time.
const FREED_AT_ONCE: usize = 10_000;
/// How many directories a pane remembers the cursor of.
const REMEMBERED: usize = 512;

/// A place that is being opened, or read again.
#[derive(Debug)]
pub(crate) struct Opening {
    pub(crate) ticket: Ticket,
    pub(crate) location: Location,
    pub(crate) how: How,
    pub(crate) course: Course,
}

/// What an opening is for.
#[derive(Debug)]
pub(crate) enum How {
    /// To go there, and put the cursor on this name.
    Go(Option<Name>),
    /// To find what lies below.
    Find(Wanted),
    /// To see what has changed here. The old rows stay until the new ones are complete.
    Reread {
        fresh: Rows,
        /// Nobody asked for it: a failure is not worth a word.
        quiet: bool,
        cursor: Option<Name>,
    },
}

/// What was looked for.
#[derive(Debug)]
pub(crate) struct Found {
    pub(crate) wanted: Wanted,
    /// Whether hidden names were shown before: what is found is shown in any case.
    show_hidden: bool,
}

/// What the pane can show.
#[derive(Debug)]
pub(crate) enum State {
    /// Nothing was ever opened.
    Blank,
    /// Rows are still coming.
    Streaming(Ticket),
    /// All rows are there.
    Complete,
    /// There are rows, but not all.
    Broken(Error),
    /// The first place could not be opened.
    Failed(Error),
}

/// One pane.
#[derive(Debug)]
pub(crate) struct Pane {
    pub(crate) location: Location,
    pub(crate) rows: Rows,
    pub(crate) state: State,
    pub(crate) opening: Option<Opening>,
    /// What was typed for the place that is being opened, or could not be.
    pub(crate) typed: Option<String>,
    /// The line under the cursor.
    pub(crate) cursor: usize,
    /// The first line on the screen.
    pub(crate) top: usize,
    pub(crate) history: History,
    pub(crate) extras: Extras,
    /// What was looked for below the place, where that is what the rows are.
    pub(crate) found: Option<Found>,
    /// Lines on the screen; 0 until it is known.
    pub(crate) height: usize,
    /// Directories that were entered through links, each with its link.
    through: Vec<(Location, Location)>,
    /// The link that is about to be entered.
    pub(crate) entering: Option<Location>,
    /// A name the cursor goes to once it arrives, unless it is moved before.
    wanted: Option<Name>,
    moved: bool,
    remembered: HashMap<Location, Name>,
    /// Rows that are not shown any more.
    discarded: Vec<Rows>,
    /// What was asked about places that are not shown any more.
    idle: Vec<Ticket>,
}

impl Pane {
    /// A pane that will show a place once it is opened.
    pub(crate) fn new(location: Location) -> Self {
        Self {
            location,
            rows: Rows::default(),
            state: State::Blank,
            opening: None,
            typed: None,
            cursor: 0,
            top: 0,
            history: History::default(),
            extras: Extras::default(),
            found: None,
            height: 0,
            through: Vec::new(),
            entering: None,
            wanted: None,
            moved: false,
            remembered: HashMap::new(),
            discarded: Vec::new(),
            idle: Vec::new(),
        }
    }

    /// A pane that will show the same place in the same order.
    pub(crate) fn beside(other: &Pane) -> Self {
        let mut pane = Self::new(other.location.clone());
        pane.rows = Rows::new(other.rows.sort(), other.rows.show_hidden(), false);
        pane.height = other.height;
        pane
    }

    /// Its rows are to be freed, for it is not shown again.
    pub(crate) fn give_up_rows(&mut self) {
        self.put_in_place(Rows::default());
        self.idle.extend(std::mem::take(&mut self.extras).tickets());
    }

    /// What is left to be done for a pane in whose place this one is shown.
    pub(crate) fn inherit(&mut self, gone: &mut Pane) {
        self.take_over(gone);
        self.height = gone.height;
    }

    /// What is left to be done for a pane that is gone.
    pub(crate) fn take_over(&mut self, gone: &mut Pane) {
        self.discarded.append(&mut gone.discarded);
        self.idle.append(&mut gone.idle);
    }

    pub(crate) fn endpoint(&self) -> &Endpoint {
        &self.location.endpoint
    }

    /// Whether rows of a place can be seen.
    pub(crate) fn shows_a_place(&self) -> bool {
        !matches!(self.state, State::Blank | State::Failed(_))
    }

    pub(crate) fn is_streaming(&self) -> bool {
        matches!(self.state, State::Streaming(_))
    }

    pub(crate) fn current(&self) -> Option<Item<'_>> {
        self.rows.item(self.cursor).filter(|_| self.shows_a_place())
    }

    pub(crate) fn current_entry(&self) -> Option<&Entry> {
        match self.current() {
            Some(Item::Entry(row)) => Some(&row.entry),
            _ => None,
        }
    }

    /// Where the entry under the cursor lies.
    pub(crate) fn current_location(&self) -> Option<Location> {
        let entry = self.current_entry()?;
        Some(self.location.with_path(self.location.path.join(&entry.name)))
    }

    /// What an action is about: the marked entries, else the one under the cursor.
    pub(crate) fn chosen(&self) -> Vec<&Entry> {
        if self.rows.marked().count > 0 {
            return self.rows.marked_entries().collect();
        }
        self.current_entry().into_iter().collect()
    }

    /// How much that is.
    pub(crate) fn chosen_tally(&self) -> Tally {
        let mut tally = Tally::default();
        self.chosen().into_iter().for_each(|entry| tally.add(entry));
        tally
    }

    // The cursor.

    pub(crate) fn move_to(&mut self, line: usize) {
        self.moved = true;
        self.cursor = line;
        self.settle();
    }

    pub(crate) fn move_by(&mut self, lines: isize) {
        self.move_to(self.cursor.saturating_add_signed(lines));
    }

    pub(crate) fn scroll_by(&mut self, lines: isize) {
        let last_top = self.rows.len().saturating_sub(self.height.max(1));
        self.top = self.top.saturating_add_signed(lines).min(last_top);
        let bottom = self.top + self.height.max(1) - 1;
        self.moved = true;
        self.cursor = self.cursor.clamp(self.top, bottom);
        self.settle();
    }

    /// Puts cursor and scrolling within bounds.
    pub(crate) fn settle(&mut self) {
        let height = self.height.max(1);
        self.cursor = self.cursor.min(self.rows.len().saturating_sub(1));
        let last_top = self.rows.len().saturating_sub(height);
        self.top =
            self.top.min(self.cursor).min(last_top).max((self.cursor + 1).saturating_sub(height));
    }

    fn put_cursor_on(&mut self, name: &Name) -> bool {
        let Some(line) = self.rows.line_of(name) else { return false };
        if line < self.top || line >= self.top + self.height.max(1) {
            self.top = line.saturating_sub(self.height / 2);
        }
        self.cursor = line;
        self.settle();
        true
    }

    fn remember_cursor(&mut self) {
        if let Some(name) = self.current_entry().map(|entry| entry.name.clone()) {
            if self.remembered.len() >= REMEMBERED {
                self.remembered.clear();
            }
            self.remembered.insert(self.location.clone(), name);
        }
    }

    // Order and filter: the cursor stays on its entry.

    pub(crate) fn set_sort(&mut self, sort: Sort) {
        self.keeping_cursor(|rows, cursor| rows.set_sort(sort, cursor));
    }

    pub(crate) fn set_show_hidden(&mut self, show: bool) {
        self.keeping_cursor(|rows, cursor| rows.set_show_hidden(show, cursor));
    }

    /// Shows only names that pass. Where the cursor's entry does not, it goes to the first.
    pub(crate) fn set_filter(&mut self, filter: Option<Box<Sieve>>) {
        self.moved = true;
        self.keeping_cursor(|rows, cursor| rows.set_filter(filter, cursor));
    }

    fn keeping_cursor(&mut self, change: impl FnOnce(&mut Rows, usize) -> usize) {
        let on_screen = self.cursor.saturating_sub(self.top);
        self.cursor = change(&mut self.rows, self.cursor);
        self.top = self.cursor.saturating_sub(on_screen);
        self.settle();
    }

    // What the engine tells.

    /// The ticket's place is open: its rows begin.
    pub(crate) fn opened(&mut self, ticket: Ticket, location: Location) {
        let going = match &self.opening {
            Some(opening) => {
                opening.ticket == ticket && matches!(opening.how, How::Go(_) | How::Find(_))
            }
            None => false,
        };
        let Some(opening) = self.opening.take_if(|_| going) else { return };
        self.typed = None;
        if self.shows_a_place() && self.found.is_none() {
            self.remember_cursor();
            if location != self.location {
                self.history.left(self.location.clone(), opening.course);
            }
        }
        self.note_link(&opening.location, &location);
        self.idle.extend(std::mem::take(&mut self.extras).tickets());
        let remembered = self.remembered.get(&location).cloned();
        let hidden_before = self.found.take().map(|found| found.show_hidden);
        let show_hidden = hidden_before.unwrap_or(self.rows.show_hidden());
        let is_search = matches!(opening.how, How::Find(_));
        self.wanted = match opening.how {
            How::Go(Some(name)) => Some(name),
            How::Find(wanted) => {
                self.found = Some(Found { wanted, show_hidden });
                None
            }
            _ => remembered,
        };
        let has_parent = location.path.parent().is_some() || is_search;
        let rows = Rows::new(self.rows.sort(), show_hidden || is_search, has_parent);
        self.put_in_place(rows);
        self.location = location;
        self.state = State::Streaming(ticket);
        (self.cursor, self.top, self.moved) = (0, 0, false);
    }

    /// A place is open: it may have been entered through a link, and others are left with all below them.
    fn note_link(&mut self, asked: &Location, opened: &Location) {
        let entering = self.entering.take().filter(|link| link == asked && link != opened);
        let lies_in = |target: &Location| {
            target.endpoint == opened.endpoint && opened.path.is_within(&target.path)
        };
        self.through.retain(|(target, _)| lies_in(target));
        if let Some(link) = entering {
            self.through.retain(|(target, _)| target != opened);
            self.through.push((opened.clone(), link));
        }
    }

    /// The link through which the directory shown was entered, if it was.
    pub(crate) fn entered_by(&self) -> Option<Location> {
        let entered = self.through.iter().rfind(|(target, _)| *target == self.location);
        entered.map(|(_, link)| link.clone())
    }

    /// Whether rows with this ticket are for this pane.
    pub(crate) fn reads(&self, ticket: Ticket) -> bool {
        let rereads = |opening: &Opening| {
            opening.ticket == ticket && matches!(opening.how, How::Reread { .. })
        };
        self.opening.as_ref().is_some_and(rereads)
            || matches!(self.state, State::Streaming(own) if own == ticket)
    }

    /// Rows came that are for this pane. The cursor stays on its entry, and the entry on its line.
    pub(crate) fn take_rows(&mut self, entries: Vec<Entry>, refused: Vec<RefusedName>) {
        if let Some(Opening { how: How::Reread { fresh, .. }, .. }) = &mut self.opening {
            fresh.insert_unseen(entries);
            fresh.insert_refused(refused);
            return;
        }
        let arrives = match &self.wanted {
            Some(wanted) => !self.moved && entries.iter().any(|entry| entry.name == *wanted),
            None => false,
        };
        let cursor = self.rows.insert(entries, self.cursor);
        self.rows.insert_refused(refused);
        if self.moved {
            self.top += cursor.saturating_sub(self.cursor);
            self.cursor = cursor;
        }
        self.settle();
        if arrives && let Some(wanted) = self.wanted.take() {
            self.put_cursor_on(&wanted);
            self.moved = true;
        }
    }

    /// All rows came. Whether they are this pane's.
    pub(crate) fn listed(&mut self, ticket: Ticket) -> bool {
        if matches!(self.state, State::Streaming(own) if own == ticket) {
            self.state = State::Complete;
            return true;
        }
        if let Some(opening) = self.opening.take_if(|opening| opening.ticket == ticket)
            && let How::Reread { fresh, cursor, .. } = opening.how
        {
            self.replace_rows(fresh, cursor);
            return true;
        }
        false
    }

    fn replace_rows(&mut self, mut fresh: Rows, wanted: Option<Name>) {
        let name = self.current_entry().map(|entry| entry.name.clone());
        let on_screen = self.cursor.saturating_sub(self.top);
        fresh.arrange_like(&self.rows);
        fresh.keep_marks_of(&self.rows);
        self.put_in_place(fresh);
        self.state = State::Complete;
        if wanted.is_some_and(|wanted| self.put_cursor_on(&wanted)) {
            return;
        }
        if let Some(line) = name.and_then(|name| self.rows.line_of(&name)) {
            self.cursor = line;
            self.top = line.saturating_sub(on_screen);
        }
        self.settle();
    }

    fn put_in_place(&mut self, rows: Rows) {
        let old = std::mem::replace(&mut self.rows, rows);
        if old.known() > FREED_AT_ONCE {
            self.discarded.push(old);
        }
    }

    /// Rows that are to be freed elsewhere: a hundred thousand of them take longer than a frame may.
    pub(crate) fn take_discarded(&mut self) -> Vec<Rows> {
        std::mem::take(&mut self.discarded)
    }

    /// What nobody waits for any more.
    pub(crate) fn take_idle(&mut self) -> Vec<Ticket> {
        std::mem::take(&mut self.idle)
    }

    /// Empty rows for reading the same place again.
    pub(crate) fn fresh_rows(&self) -> Rows {
        Rows::new(self.rows.sort(), self.rows.show_hidden(), self.location.path.parent().is_some())
    }
}
