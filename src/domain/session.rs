//! What the screen showed when it was left, to be shown again.

/// Both panes, and which of them had the keys.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Session {
    /// Left and right.
    pub panes: [PaneSession; 2],
    /// The right one had the keys.
    pub right_has_keys: bool,
}

/// One pane.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct PaneSession {
    /// Its place, as a person would type it; `None` where that cannot be written down.
    pub place: Option<String>,
    /// The word of the column it was sorted by.
    pub sorted_by: String,
    /// The order was turned round.
    pub reversed: bool,
    /// Hidden names were shown.
    pub shows_hidden: bool,
}
