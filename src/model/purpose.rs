//! What a dialog is for, with what it needs when it is accepted.

use crate::{
    domain::{
        path::StoragePath,
        place::{Endpoint, Location},
        question::Question,
        renaming::Pair,
    },
    engine::message::{LeftJob, QuestionId, Target, Ticket},
};

use super::{Side, completion::Completion, place_text::Prefilled, traits::Owned, update::Renaming};

/// What a dialog is for.
#[derive(Debug)]
pub(crate) enum Purpose {
    /// Copy or move.
    Transfer {
        moves: bool,
        /// The directory the sources lie in.
        from: Location,
        sources: Vec<StoragePath>,
        to: Prefilled,
    },
    MakeDirectory {
        side: Side,
        within: Location,
    },
    MakeLink {
        side: Side,
        within: Location,
    },
    Rename {
        side: Side,
        from: Location,
        shown: String,
    },
    /// Delete, or put into the trash.
    Delete {
        from: Endpoint,
        sources: Vec<StoragePath>,
        trash: bool,
    },
    /// Remove what interrupted jobs left.
    ClearParts {
        from: Endpoint,
        sources: Vec<StoragePath>,
    },
    /// Open a place in a pane.
    Connect {
        side: Side,
        /// What stood in the field at first.
        begun: String,
    },
    /// Mark (or unmark) by pattern.
    Pattern {
        side: Side,
        mark: bool,
    },
    /// Go to a path that is completed while it is typed.
    GoTo {
        side: Side,
        completion: Completion,
    },
    /// Find what lies below a place.
    FindBelow {
        side: Side,
        location: Location,
    },
    /// Mark by comparing with the other pane.
    Against {
        side: Side,
    },
    /// Run a command on this machine.
    Shell {
        directory: StoragePath,
    },
    /// Rename what was chosen by a pattern.
    NamePattern(Renaming),
    /// Rename as the preview says.
    RenameMany {
        side: Side,
        directory: Location,
        steps: Vec<Pair>,
    },
    /// What was edited was changed on the server as well.
    EditedMeanwhile(Ticket),
    /// Give a copy up that was edited.
    DiscardEdit(Ticket),
    /// An earlier Wharf left copies that were edited.
    LeftEdits,
    /// Set permissions.
    Modes {
        from: Endpoint,
        sources: Vec<StoragePath>,
    },
    /// Set owner, group or time.
    Traits {
        from: Endpoint,
        sources: Vec<StoragePath>,
        owned: Owned,
    },
    /// Save a site, in the place of the one of this name.
    SaveSite {
        was: Option<String>,
    },
    /// Remove the site of this name.
    RemoveSite(String),
    Cancel(Target),
    Quit,
    /// Another limit on what is carried.
    Limit,
    /// Jobs were interrupted.
    Left(Vec<LeftJob>),
    /// The engine asks.
    Question(QuestionId, Question),
}
