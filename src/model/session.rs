//! What the panes showed, to be shown again the next time.

use crate::domain::{
    book::Book,
    display,
    path::StoragePath,
    place::Location,
    session::{PaneSession, Session},
};

use super::{
    Model, Pane, Side, place_text,
    sort::{Sort, SortBy},
};

impl Model {
    /// What is shown now.
    pub fn session(&self) -> Session {
        Session {
            panes: [&self.panes[0], &self.panes[1]].map(of_pane),
            right_has_keys: self.focus == Side::Right,
        }
    }

    /// Puts the panes as they were; their places are opened by whoever knows them.
    pub(super) fn take_up(&mut self, session: &Session) {
        for (pane, kept) in self.panes.iter_mut().zip(&session.panes) {
            let by = SortBy::ALL.into_iter().find(|by| by.word() == kept.sorted_by);
            pane.set_sort(Sort { by: by.unwrap_or_default(), reversed: kept.reversed });
            pane.set_show_hidden(kept.shows_hidden);
        }
        if session.right_has_keys {
            self.focus = Side::Right;
        }
    }
}

/// The places of both panes, as far as they make sense.
pub(super) fn places(session: &Session, book: &Book, here: &StoragePath) -> [Option<Location>; 2] {
    let place = |pane: &PaneSession| book.place(pane.place.as_ref()?.as_bytes(), here, false).ok();
    [&session.panes[0], &session.panes[1]].map(place)
}

fn of_pane(pane: &Pane) -> PaneSession {
    let path = pane.location.path.as_bytes();
    // What is shown of other names is not what they are.
    let is_plain = display::escape(path).as_bytes() == path;
    let sort = pane.rows.sort();
    PaneSession {
        place: is_plain.then(|| place_text::as_typed(&pane.location)),
        sorted_by: sort.by.word().to_owned(),
        reversed: sort.reversed,
        shows_hidden: pane.rows.show_hidden(),
    }
}
