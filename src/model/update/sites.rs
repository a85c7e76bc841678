//! What keys do in the site manager and on the start card, and what the shelf of sites tells.

use std::sync::Arc;

use crate::{
    domain::{
        book::{Book, RecentPlace, SiteOrder},
        display::escape_text,
        error::Error,
        path::StoragePath,
        place::{Endpoint, Location},
        rate::Limit,
        saved::SavedSite,
        site::{Protocol, Site},
    },
    engine::message::{Command, Event},
};

use super::super::{
    Action, Dialog, Effect, Model, Outcome, Side, connect_form, editing, scrolling, site_forms,
    sites::{SiteLine, SitesPanel, recent_place},
    start::{self, StartRow},
    text,
};

impl Model {
    pub(super) fn open_sites(&mut self) -> Vec<Effect> {
        self.desk.panel = Some(SitesPanel::new(self.focus));
        // Someone may have edited the file meanwhile.
        vec![Effect::Shelf(SiteOrder::Read)]
    }

    pub(super) fn act_in_sites(&mut self, action: Action) -> Vec<Effect> {
        self.notice.take_if(|notice| !notice.stays);
        let Some(panel) = &mut self.desk.panel else { return Vec::new() };
        if let Some(by) = scrolling::lines(action, panel.height) {
            panel.move_by(by, &self.desk.book);
            return Vec::new();
        }
        match action {
            Action::OtherPane => panel.side = panel.side.other(),
            Action::Search => panel.searching = true,
            Action::OpenSite => {
                let side = panel.side;
                return self.open_under_cursor(side);
            }
            Action::OpenSiteOther => {
                let side = panel.side.other();
                return self.open_under_cursor(side);
            }
            Action::NewSite => self.open_dialog(site_forms::edit(None, None)),
            Action::EditSite => self.with_saved(|model, site| {
                let name = site.name.clone();
                model.open_dialog(site_forms::edit(Some(&site), Some(name)));
            }),
            Action::DuplicateSite => self.with_saved(|model, mut site| {
                site.name = format!("{} copy", site.name);
                model.open_dialog(site_forms::edit(Some(&site), None));
            }),
            Action::DeleteSite => {
                self.with_saved(|model, site| model.open_dialog(site_forms::remove(&site)));
            }
            Action::TestSite => return self.test_under_cursor(),
            Action::Answer => self.questions.bring_back(),
            Action::Help => self.show_help(),
            Action::Quit => return self.quit(),
            Action::Interrupt | Action::Sites => self.desk.panel = None,
            Action::Close => {
                if panel.search.value().is_empty() {
                    self.desk.panel = None;
                } else {
                    panel.search.reset();
                    panel.fit(&self.desk.book);
                }
            }
            _ => {}
        }
        Vec::new()
    }

    pub(super) fn act_in_search(&mut self, action: Action) -> Vec<Effect> {
        let Some(panel) = &mut self.desk.panel else { return Vec::new() };
        match action {
            Action::Up => panel.move_by(-1, &self.desk.book),
            Action::Down => panel.move_by(1, &self.desk.book),
            Action::Accept => {
                panel.searching = false;
                let side = panel.side;
                return self.open_under_cursor(side);
            }
            Action::Next => panel.searching = false,
            Action::Close | Action::Interrupt => {
                panel.searching = false;
                panel.search.reset();
            }
            action => {
                if editing::edit(&mut panel.search, action) {
                    panel.cursor = 0;
                }
            }
        }
        if let Some(panel) = &mut self.desk.panel {
            panel.fit(&self.desk.book);
        }
        Vec::new()
    }

    fn with_saved(&mut self, act: impl FnOnce(&mut Self, SavedSite)) {
        let line = self.desk.panel.as_ref().and_then(|panel| panel.current(&self.desk.book));
        match line {
            Some(SiteLine::Saved(site)) => {
                let site = site.clone();
                act(self, site);
            }
            Some(SiteLine::Host(host)) => {
                let words = format!(
                    "{} is kept in the ssh config, and changed there. n makes a site.",
                    host.name
                );
                self.say(words);
            }
            _ => self.say("No site is under the cursor. n makes one."),
        }
    }

    fn open_under_cursor(&mut self, side: Side) -> Vec<Effect> {
        let line = self.desk.panel.as_ref().and_then(|panel| panel.current(&self.desk.book));
        match line {
            Some(SiteLine::Saved(site)) => {
                let site = site.clone();
                self.open_saved(side, &site)
            }
            Some(SiteLine::Host(host)) => match place_of_host(&host.name) {
                Some(place) => self.open_place(side, place),
                None => Vec::new(),
            },
            _ => Vec::new(),
        }
    }

    /// Opens a saved site in a pane; the other one, if it shows this machine, goes where the site begins here.
    pub(super) fn open_saved(&mut self, side: Side, site: &SavedSite) -> Vec<Effect> {
        let mut effects = self.open_place(side, Book::start(site));
        let other = side.other();
        if let Some(here) = self.desk.book.start_here(site)
            && *self.pane(other).endpoint() == Endpoint::Local
        {
            effects.extend(self.go(other, here, None));
        }
        effects
    }

    /// Asks which place a pane is to open; with what it shows to begin with, unless it is `empty`.
    pub(super) fn ask_place(&mut self, side: Side, empty: bool) {
        let pane = self.pane(side);
        let in_vain = pane.typed.as_deref().filter(|_| pane.opening.is_none());
        let shown = (!empty).then_some(pane);
        let dialog = connect_form::connect(side, shown, in_vain, &self.desk.book);
        self.open_dialog(dialog);
    }

    fn open_place(&mut self, side: Side, place: Location) -> Vec<Effect> {
        (self.desk.panel, self.desk.start) = (None, None);
        self.focus = side;
        self.go(side, place, None)
    }

    fn test_under_cursor(&mut self) -> Vec<Effect> {
        let line = self.desk.panel.as_ref().and_then(|panel| panel.current(&self.desk.book));
        let (name, location) = match line {
            Some(SiteLine::Saved(site)) => (site.name.clone(), Book::start(site)),
            Some(SiteLine::Host(host)) => match place_of_host(&host.name) {
                Some(place) => (host.name.clone(), place),
                None => return Vec::new(),
            },
            _ => return Vec::new(),
        };
        let mut effects: Vec<Effect> = self.stop_testing().into_iter().collect();
        let ticket = self.next_ticket();
        self.say(format!("Testing {name}…"));
        self.desk.testing = Some((ticket, name));
        effects.push(Effect::Engine(Command::Open { ticket, location }));
        effects
    }

    fn stop_testing(&mut self) -> Option<Effect> {
        self.desk.testing.take().map(|(ticket, _)| Effect::Engine(Command::Close(ticket)))
    }

    /// Takes what the engine tells of a connection that is tested; `None` for what is for others.
    pub(super) fn event_of_test(&mut self, event: &Event) -> Option<Vec<Effect>> {
        let (own, name) = self.desk.testing.as_ref()?;
        match event {
            Event::Opened { ticket, location } if ticket == own => {
                let path = crate::domain::display::escape(location.path.as_bytes());
                let words = format!("{name}: logged in, and {path} can be listed.");
                self.say_lasting(Outcome::Good, words);
                Some(self.stop_testing().into_iter().collect())
            }
            Event::OpenFailed(ticket, error) if ticket == own => {
                self.desk.testing = None;
                self.notice = None;
                self.tell(error.to_string());
                Some(Vec::new())
            }
            _ => None,
        }
    }

    /// A place was opened in a pane: it is remembered, once in a run.
    pub(super) fn note_opened(&mut self, location: &Location) -> Option<Effect> {
        if location.endpoint == Endpoint::Local
            || !self.desk.noted.insert(location.endpoint.clone())
        {
            return None;
        }
        Some(Effect::Shelf(SiteOrder::Opened(recent_place(&self.desk.book, location))))
    }

    /// The form of a site was accepted.
    pub(super) fn accept_site(
        &mut self,
        dialog: &Dialog,
        was: Option<&str>,
    ) -> Result<Vec<Effect>, String> {
        let mut site = site_forms::read(dialog).map_err(|(_, why)| why)?;
        let known = was.and_then(|was| self.desk.book.named(was));
        site.bookmarks = known.map(|known| known.bookmarks.clone()).unwrap_or_default();
        if was != Some(site.name.as_str()) && self.desk.book.named(&site.name).is_some() {
            return Err(format!("There is a site called “{}” already.", site.name));
        }
        let other = self
            .desk
            .book
            .sites
            .iter()
            .find(|other| other.site == site.site && Some(other.name.as_str()) != was);
        if let Some(other) = other.filter(|other| other.terms() != site.terms()) {
            return Err(format!(
                "“{}” has the same address: the two have to log in alike, with as many connections.",
                other.name
            ));
        }
        let was = was.map(str::to_owned);
        Ok(vec![Effect::Shelf(SiteOrder::Save { was, site: Box::new(site) })])
    }

    pub(super) fn ask_save_place(&mut self) {
        let (pane, other) = (self.focused(), self.pane(self.focus.other()));
        let known = self.desk.book.of(&pane.location.endpoint);
        match site_forms::from_place(&pane.location, &other.location, known) {
            Some(dialog) if pane.shows_a_place() => self.open_dialog(dialog),
            _ => self.say("Only a place on a server is saved as a site. o opens one."),
        }
    }

    /// What an order to the shelf came to.
    pub(super) fn shelved(&mut self, order: SiteOrder, result: Result<Book, Error>) -> Vec<Effect> {
        let mut effects = Vec::new();
        match result {
            Ok(book) => {
                effects = changed_limits(&self.desk.book, &book);
                let before = std::mem::replace(&mut self.desk.book, book);
                self.tell_troubles();
                self.fit_bookmarks();
                match order {
                    SiteOrder::Save { site, .. } => {
                        let known = before.named(&site.name);
                        let words = match known.map(|known| (&known.bookmarks, &site.bookmarks)) {
                            Some((old, new)) if old != new => bookmark_words(old, new),
                            _ => format!("Saved the site {}.", site.name),
                        };
                        self.say(words);
                        if let Some(panel) = &mut self.desk.panel {
                            panel.find(&site.name, &self.desk.book);
                        }
                    }
                    SiteOrder::Bookmarks(new) => {
                        self.say(bookmark_words(&before.bookmarks, &new));
                    }
                    SiteOrder::Remove(name) => self.say(format!("Removed the site {name}.")),
                    SiteOrder::Read | SiteOrder::Opened(_) => {}
                }
            }
            // What was opened lately is a convenience, not worth a word.
            Err(_) if matches!(order, SiteOrder::Opened(_)) => {}
            Err(error) => self.tell(error.to_string()),
        }
        if let Some(panel) = &mut self.desk.panel {
            panel.fit(&self.desk.book);
        }
        effects
    }

    /// Entries that cannot be used are named, each time they change.
    pub(in super::super) fn tell_troubles(&mut self) {
        let troubles = self.desk.book.troubles.clone();
        for trouble in troubles.iter().filter(|trouble| !self.desk.told.contains(trouble)) {
            self.unread.push(trouble.clone());
        }
        self.desk.told = troubles;
    }

    pub(super) fn act_in_start(&mut self, action: Action) -> Vec<Effect> {
        let rows = start::rows(&self.desk.book).len();
        let Some(card) = &mut self.desk.start else { return Vec::new() };
        let last = rows.saturating_sub(1);
        if let Some(by) = scrolling::lines(action, rows) {
            card.cursor = card.cursor.saturating_add_signed(by).min(last);
            return Vec::new();
        }
        match action {
            Action::Choose => return self.choose_in_start(),
            Action::Connect => self.ask_where(),
            Action::Sites => return self.open_sites_from_start(),
            Action::NewSite => self.open_dialog(site_forms::edit(None, None)),
            Action::Help => self.show_help(),
            Action::Quit | Action::Interrupt => return self.quit(),
            Action::Close | Action::OtherPane => self.desk.start = None,
            _ => {}
        }
        Vec::new()
    }

    fn open_sites_from_start(&mut self) -> Vec<Effect> {
        let effects = self.open_sites();
        if let Some(panel) = &mut self.desk.panel {
            panel.side = Side::Right;
        }
        effects
    }

    fn ask_where(&mut self) {
        self.ask_place(Side::Right, true);
    }

    pub(super) fn choose_in_start(&mut self) -> Vec<Effect> {
        let rows = start::rows(&self.desk.book);
        let cursor = self.desk.start.as_ref().map_or(0, |card| card.cursor);
        match rows.get(cursor) {
            Some(StartRow::Recent(recent)) => {
                let what = recent.what.clone();
                self.open_recent(&what)
            }
            Some(StartRow::Open) => {
                self.ask_where();
                Vec::new()
            }
            Some(StartRow::Sites) => self.open_sites_from_start(),
            Some(StartRow::New) => {
                self.open_dialog(site_forms::edit(None, None));
                Vec::new()
            }
            Some(StartRow::Panes) | None => {
                self.desk.start = None;
                Vec::new()
            }
        }
    }

    fn open_recent(&mut self, what: &RecentPlace) -> Vec<Effect> {
        match what {
            RecentPlace::Saved(name) => match self.desk.book.named(name).cloned() {
                Some(site) => self.open_saved(Side::Right, &site),
                None => Vec::new(),
            },
            RecentPlace::Typed(typed) => {
                match self.desk.book.place(typed.as_bytes(), &self.here, false) {
                    Ok(place) => self.open_place(Side::Right, place),
                    Err(bad) => {
                        self.say(text::sentence(&bad.to_string()));
                        Vec::new()
                    }
                }
            }
        }
    }
}

/// What became of the bookmarks.
fn bookmark_words(old: &[String], new: &[String]) -> String {
    let only_in = |one: &[String], other: &[String]| {
        one.iter().find(|path| !other.contains(path)).map(|path| escape_text(path))
    };
    match (only_in(new, old), only_in(old, new)) {
        (Some(set), _) => format!("Bookmarked {set}; ' shows all."),
        (None, Some(gone)) => format!("{gone} is no bookmark any more."),
        (None, None) => "The bookmarks are as they were.".to_owned(),
    }
}

fn place_of_host(name: &str) -> Option<Location> {
    let site = Site::new(Protocol::Sftp, None, name, None).ok()?;
    Some(Location { endpoint: Endpoint::Remote(Arc::new(site)), path: StoragePath::new(".") })
}

/// What is to be said of limits of sites: those that changed, and those that are none any more.
pub(in super::super) fn changed_limits(old: &Book, new: &Book) -> Vec<Effect> {
    let (old, new) = (old.limits(), new.limits());
    let gone = old.keys().filter(|endpoint| !new.contains_key(*endpoint));
    let lifted = gone.map(|endpoint| (endpoint.clone(), Limit::default()));
    let lifted: Vec<_> = lifted.collect();
    let changed = new
        .into_iter()
        .filter(|(endpoint, limit)| old.get(endpoint).copied().unwrap_or_default() != *limit);
    let all = changed.chain(lifted);
    all.map(|(endpoint, limit)| Effect::Engine(Command::LimitSite(endpoint, limit))).collect()
}
