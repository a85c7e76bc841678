//! What keys do about bookmarks: setting them, and going where they lead.

use crate::domain::{book::SiteOrder, display, place::Endpoint};

use super::super::{
    Action, Effect, Layer, Model,
    bookmarks::{self, Bookmarks},
    scrolling,
};

impl Model {
    /// The folder shown becomes a bookmark, or is one no more.
    pub(super) fn toggle_bookmark(&mut self) -> Vec<Effect> {
        let pane = self.focused();
        if !pane.shows_a_place() {
            self.say("There is nothing to come back to yet.");
            return Vec::new();
        }
        let Ok(path) = String::from_utf8(pane.location.path.as_bytes().to_vec()) else {
            self.say("The name of this folder is no text, and cannot be written down.");
            return Vec::new();
        };
        // What is in that file is there to be read.
        if display::escape(path.as_bytes()) != path {
            self.say("The name of this folder holds what no line of text shows, and cannot be written down.");
            return Vec::new();
        }
        let book = &self.desk.book;
        match pane.endpoint() {
            Endpoint::Local => {
                vec![Effect::Shelf(SiteOrder::Bookmarks(bookmarks::toggled(
                    &book.bookmarks,
                    &path,
                )))]
            }
            remote => match book.of(remote) {
                Some(site) => {
                    let mut site = site.clone();
                    site.bookmarks = bookmarks::toggled(&site.bookmarks, &path);
                    let was = Some(site.name.clone());
                    vec![Effect::Shelf(SiteOrder::Save { was, site: Box::new(site) })]
                }
                None => {
                    self.say("Bookmarks belong to a saved site: Ctrl-D saves this place as one.");
                    Vec::new()
                }
            },
        }
    }

    pub(super) fn open_bookmarks(&mut self) -> Vec<Effect> {
        self.layers.push(Layer::Bookmarks(Bookmarks::new(self.focus)));
        // Someone may have edited the file meanwhile.
        vec![Effect::Shelf(SiteOrder::Read)]
    }

    pub(super) fn act_in_bookmarks(&mut self, action: Action) -> Vec<Effect> {
        let height = usize::from(self.size.height);
        let Some(Layer::Bookmarks(list)) = self.layers.last_mut() else { return Vec::new() };
        let endpoint = self.panes[list.side as usize].endpoint().clone();
        let book = &self.desk.book;
        let marks = bookmarks::marks(book, &endpoint);
        let last = marks.len().saturating_sub(1);
        if let Some(by) = scrolling::lines(action, height) {
            list.cursor = list.cursor.saturating_add_signed(by).min(last);
            return Vec::new();
        }
        let chosen = marks.get(list.cursor.min(last));
        match action {
            Action::Choose => {
                let side = list.side;
                let location = chosen.and_then(|mark| mark.location(book));
                self.layers.pop();
                match location {
                    Some(location) => self.go(side, location, None),
                    None => {
                        self.say("This bookmark is no folder of this machine: it has to begin with / or ~/.");
                        Vec::new()
                    }
                }
            }
            Action::RemoveBookmark => match chosen {
                Some(mark) => match mark.site {
                    Some(site) => {
                        let mut site = site.clone();
                        site.bookmarks = bookmarks::toggled(&site.bookmarks, mark.path);
                        let was = Some(site.name.clone());
                        vec![Effect::Shelf(SiteOrder::Save { was, site: Box::new(site) })]
                    }
                    None => {
                        let left = bookmarks::toggled(&book.bookmarks, mark.path);
                        vec![Effect::Shelf(SiteOrder::Bookmarks(left))]
                    }
                },
                None => Vec::new(),
            },
            Action::Close | Action::Interrupt | Action::Bookmarks => {
                self.layers.pop();
                Vec::new()
            }
            _ => Vec::new(),
        }
    }

    /// The cursor of an open list stays on a line there is.
    pub(super) fn fit_bookmarks(&mut self) {
        let Some(Layer::Bookmarks(list)) = self.layers.last_mut() else { return };
        let endpoint = self.panes[list.side as usize].endpoint();
        let last = bookmarks::marks(&self.desk.book, endpoint).len().saturating_sub(1);
        list.cursor = list.cursor.min(last);
    }
}
