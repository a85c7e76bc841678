//! What the mouse holds between press and release: rows on their way to another folder, or a mark drawn over rows.

use crate::domain::{
    path::{Name, StoragePath},
    place::Location,
};

use super::{Model, Side, forms, layout, pane::Pane, rows::Item, sort::is_directory};

/// What the mouse holds.
#[derive(Debug, Default)]
pub(crate) enum Hand {
    #[default]
    Empty,
    /// The main button is down on an entry, and has not moved.
    Pressed { entry: Location, x: u16, y: u16 },
    /// Rows are carried.
    Carries(Load),
    /// The other button is down, and marks or unmarks what it passes over.
    Marks { side: Side, marks: bool },
}

/// Rows that are carried.
#[derive(Debug)]
pub(crate) struct Load {
    /// The pane they come from, and the directory they lie in.
    pub(crate) side: Side,
    pub(crate) from: Location,
    pub(crate) sources: Vec<StoragePath>,
    /// What they are called: `report.csv`, `3 entries`.
    pub(crate) words: String,
    /// They are all that is marked there.
    pub(crate) are_marked: bool,
    pub(crate) moves: bool,
    /// Where the pointer is.
    pub(crate) x: u16,
    pub(crate) y: u16,
    /// Where they would go, or why not. What was shown is what is done, though rows may come in meanwhile.
    pub(crate) landing: Result<Landing, &'static str>,
}

/// Where rows that are carried would go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Landing {
    pub(crate) side: Side,
    /// The folder among the pane's rows; `None` for the pane's own place.
    pub(crate) folder: Option<Name>,
    pub(crate) into: Location,
}

impl Load {
    /// What is under a pane's cursor: with all that is marked, if it is.
    pub(crate) fn of(pane: &Pane, side: Side, x: u16, y: u16) -> Option<Self> {
        let Some(Item::Entry(row)) = pane.current() else { return None };
        let carried =
            if row.marked { pane.rows.marked_entries().collect() } else { vec![&row.entry] };
        Some(Self {
            side,
            from: pane.location.clone(),
            sources: forms::paths(pane, &carried),
            words: forms::named(&carried),
            are_marked: row.marked,
            moves: false,
            x,
            y,
            landing: Err("There is nowhere to put it."),
        })
    }
}

impl Model {
    /// What is carried, if anything is.
    pub(crate) fn load(&self) -> Option<&Load> {
        match &self.hand {
            Hand::Carries(load) => Some(load),
            _ => None,
        }
    }

    /// Where a load would go if it were let go of at the pointer.
    pub(super) fn landing(&self, load: &Load) -> Result<Landing, &'static str> {
        let Some((side, area)) = layout::pane_at(self, load.x, load.y) else {
            return Err("There is nowhere to put it.");
        };
        let pane = self.pane(side);
        if !pane.shows_a_place() {
            return Err("That pane shows no place to put it.");
        }
        let line = layout::line_at(pane, area, load.x, load.y);
        let landing = match line.and_then(|line| pane.rows.item(line)) {
            Some(Item::Parent) => return Err("Not on the way up; a folder or the pane takes it."),
            Some(Item::Entry(row)) if is_directory(&row.entry) => Landing {
                side,
                folder: Some(row.entry.name.clone()),
                into: pane.location.with_path(pane.location.path.join(&row.entry.name)),
            },
            _ => Landing { side, folder: None, into: pane.location.clone() },
        };
        match obstacle(&load.from, &load.sources, &landing.into, true) {
            Some(why) => Err(why),
            None => Ok(landing),
        }
    }
}

/// Why sources cannot go there, as far as their paths tell. `into`: they keep their names within it.
pub(super) fn obstacle(
    from: &Location,
    sources: &[StoragePath],
    to: &Location,
    into: bool,
) -> Option<&'static str> {
    if to.endpoint != from.endpoint {
        return None;
    }
    if into && to.path == from.path {
        return Some("They are already there.");
    }
    sources.iter().find_map(|source| match () {
        () if to.path == *source && !into => Some("Source and destination are the same."),
        () if to.path.is_within(source) => Some("A directory cannot go into itself."),
        () => None,
    })
}
