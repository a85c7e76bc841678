//! What the screen is about: two panes, dialogs over them, transfers under them. No clock, no I/O, no colours.
//!
//! [`update`] takes a [`Message`] and returns what is to be done besides, as [`Effect`]s.

mod action;
mod begun;
pub(crate) mod bookmarks;
mod compare;
mod completion;
mod connect_form;
mod dialog;
mod edit_forms;
mod editing;
mod edits;
mod extras;
mod finder;
mod forms;
mod half_way;
mod hand;
mod history;
pub(crate) mod layout;
pub(crate) mod ledger;
mod listings;
mod message;
mod modes;
mod outside;
pub(crate) mod palette;
mod pane;
mod place_text;
mod purpose;
mod questions;
pub(crate) mod queue;
pub(crate) mod queue_lines;
mod rate_history;
mod reader;
mod removing;
mod rows;
mod scrolling;
mod session;
mod sieve;
mod site_forms;
pub(crate) mod sites;
mod sort;
pub(crate) mod start;
pub(crate) mod tabs;
pub(crate) mod text;
mod traits;
mod transfers;
mod update;
mod viewer;

use std::{
    collections::{BTreeMap, HashMap},
    time::Instant,
};

use crate::{
    domain::{
        book::Book,
        journal::WhenLeft,
        path::{Name, StoragePath},
        place::{Endpoint, Location},
        question::ConflictChoice,
        renaming::Pair,
        session::Session,
        signals::Standing,
        trash::Trash,
    },
    engine::message::{Command, ConnectionState, JobId, LeftJob, Stale, Ticket},
};

pub use action::{Action, Context};
pub use begun::Begun;
pub use edits::{EditNews, EditOrder, Kept, LeftEdit};
pub use message::{Discarded, Effect, Message, Mouse, MouseAct, Remaining};
pub use outside::{Back, EditorEnd, Outside};
pub use palette::CommandWords;
pub use update::update;

pub(crate) use dialog::{Dialog, Field, Value, Words};
pub(crate) use edits::{EditList, EditRow};
pub(crate) use finder::{Finder, Hunt};
pub(crate) use hand::{Hand, Landing, Load};
pub(crate) use pane::{How, Pane, State};
pub(crate) use reader::{Reader, ReaderKind};
pub(crate) use rows::{Item, Row};
pub(crate) use sort::{SortBy, is_directory};
pub(crate) use transfers::{Outcome, job_words, share, share_of_job, verdict_words};
pub(crate) use update::Quick;
pub(crate) use viewer::{Gathering, Viewer};

/// One of the two panes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Side {
    Left,
    Right,
}

impl Side {
    pub(crate) fn other(self) -> Self {
        match self {
            Side::Left => Side::Right,
            Side::Right => Side::Left,
        }
    }
}

/// The screen's size in cells.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Size {
    pub(crate) width: u16,
    pub(crate) height: u16,
}

/// A line for the person, until something else is to be said.
#[derive(Debug, Clone)]
pub(crate) struct Notice {
    pub(crate) text: String,
    pub(crate) outcome: Outcome,
    /// Stays until it is dismissed; others go with the next key.
    pub(crate) stays: bool,
}

/// Something that lies over the panes; the last takes the keys.
#[derive(Debug)]
pub(crate) enum Layer {
    Dialog(Box<Dialog>),
    Reader(Reader),
    Palette(palette::Palette),
    Edits(EditList),
    Bookmarks(bookmarks::Bookmarks),
}

/// What is to be shown after a small act went well.
#[derive(Debug)]
struct Performing {
    side: Side,
    directory: Location,
    cursor: Option<Name>,
}

/// The last press of the mouse, to know a double click.
#[derive(Debug, Clone, Copy)]
struct LastPress {
    side: Side,
    line: usize,
    at: Instant,
}

/// Everything the screen shows.
#[derive(Debug)]
pub struct Model {
    pub(crate) size: Size,
    pub(crate) panes: [Pane; 2],
    /// What waits behind them.
    pub(crate) tabs: [tabs::Tabs; 2],
    pub(crate) focus: Side,
    pub(crate) layers: Vec<Layer>,
    pub(crate) queue: Option<queue::QueuePanel>,
    /// The history, over all of these.
    pub(crate) ledger: Option<ledger::LedgerPanel>,
    pub(crate) transfers: transfers::Transfers,
    pub(crate) questions: questions::Questions,
    /// Saved sites, and what is open of them.
    pub(crate) desk: sites::Desk,
    pub(crate) connections: BTreeMap<Endpoint, ConnectionState>,
    /// A file that is looked into, over the panes.
    pub(crate) viewer: Option<Box<Viewer>>,
    /// The other pane shows the file under the cursor.
    pub(crate) quick: Option<update::Quick>,
    /// Someone types what to look for in a pane.
    pub(crate) finder: Option<finder::Finder>,
    pub(crate) notice: Option<Notice>,
    /// Keys that may become a sequence.
    pub(crate) begun: Option<Begun>,
    /// The time last told.
    pub(crate) now: Option<Instant>,
    /// The same as calendars have it.
    pub(crate) today: Option<jiff::Zoned>,
    /// Lines the help has; only the key table knows.
    pub(crate) help_lines: usize,
    /// What can be done by name; only the key table knows.
    pub(crate) commands: Vec<CommandWords>,
    /// What jobs did not do, until they end.
    half_way: half_way::HalfWay,
    /// Messages that wait until nothing else lies over the panes.
    unread: Vec<String>,
    when_left: WhenLeft,
    /// What new jobs do with a name that is taken, unless the person says otherwise.
    on_conflict: Option<ConflictChoice>,
    /// Where removal puts things into the trash.
    trash: Trash,
    /// Where a link or the trash is, is asked for.
    way: Option<update::Way>,
    /// Jobs that were interrupted, until the person was asked about them.
    left: Vec<LeftJob>,
    /// What jobs that did not end in peace may have left.
    stale: Vec<Stale>,
    /// Where that was told last.
    told_stale: Option<Location>,
    /// Quit when the last job has ended.
    quits_when_done: bool,
    /// Where relative local places are seen from.
    here: StoragePath,
    last_number: u64,
    performing: HashMap<Ticket, Performing>,
    last_press: Option<LastPress>,
    pub(crate) hand: Hand,
    /// Names that are being edited.
    renamings: HashMap<Ticket, update::Renaming>,
    /// What undoes the last renaming of many: where, and from which name to which.
    undoes_names: Option<(Location, Vec<Pair>)>,
    /// Files that are being edited.
    edits: BTreeMap<Ticket, update::Edit>,
    /// Those of an earlier Wharf, until the person was asked about them.
    left_edits: Vec<LeftEdit>,
    /// What a dialog asks to delete is being counted.
    counting: Option<update::Counting>,
    /// Copies that are being compared with what the server has.
    comparing: HashMap<Ticket, update::Comparing>,
    /// A shell that is about to begin.
    shell: Option<(Ticket, Location)>,
    /// Both panes go together.
    pub(crate) together: Option<update::Together>,
}

/// What the panes show at first.
#[derive(Debug, Clone)]
pub struct Beginning {
    /// The left pane's place; `None` for `here`.
    pub left: Option<Location>,
    /// The right pane's place; `None` for `here`.
    pub right: Option<Location>,
    /// The working directory.
    pub here: StoragePath,
    /// Lines the help has.
    pub help_lines: usize,
    /// What becomes of jobs that were interrupted.
    pub when_left: WhenLeft,
    /// What becomes of a name that is taken; `None` asks.
    pub on_conflict: Option<ConflictChoice>,
    /// Where removal puts things into the trash.
    pub trash: Trash,
    /// What can be done by name.
    pub commands: Vec<CommandWords>,
    /// What is known of sites.
    pub book: Book,
    /// What was shown the last time, where that is to be shown again.
    pub session: Option<Session>,
    /// What is worth a word, but nothing wrong.
    pub note: Option<String>,
}

impl Model {
    /// A model whose panes are about to open their places. With neither given, a card offers where to go.
    pub fn new(beginning: Beginning) -> (Self, Vec<Effect>) {
        let Beginning {
            left,
            right,
            here,
            help_lines,
            when_left,
            on_conflict,
            trash,
            commands,
            book,
            session,
            note,
        } = beginning;
        let names_none = left.is_none() && right.is_none();
        let session = session.filter(|_| names_none);
        let [left, right] = match &session {
            Some(session) => session::places(session, &book, &here),
            None => [left, right],
        };
        let asks_where = names_none && session.is_none();
        let place =
            |given: Option<Location>| given.unwrap_or_else(|| Location::local(here.clone()));
        let (left, right) = (place(left), place(right));
        let mut model = Self {
            size: Size::default(),
            panes: [Pane::new(left.clone()), Pane::new(right.clone())],
            tabs: Default::default(),
            focus: Side::Left,
            layers: Vec::new(),
            queue: None,
            ledger: None,
            transfers: transfers::Transfers::default(),
            questions: questions::Questions::default(),
            desk: sites::Desk {
                book,
                start: asks_where.then(start::StartCard::default),
                ..sites::Desk::default()
            },
            connections: BTreeMap::new(),
            viewer: None,
            quick: None,
            finder: None,
            notice: None,
            begun: None,
            now: None,
            today: None,
            help_lines,
            commands,
            half_way: half_way::HalfWay::default(),
            unread: Vec::new(),
            when_left,
            on_conflict,
            trash,
            way: None,
            left: Vec::new(),
            stale: Vec::new(),
            told_stale: None,
            quits_when_done: false,
            here,
            last_number: 0,
            performing: HashMap::new(),
            last_press: None,
            hand: Hand::default(),
            renamings: HashMap::new(),
            undoes_names: None,
            edits: BTreeMap::new(),
            left_edits: Vec::new(),
            counting: None,
            comparing: HashMap::new(),
            shell: None,
            together: None,
        };
        if let Some(session) = &session {
            model.take_up(session);
        }
        let mut effects = model.go(Side::Left, left, None);
        effects.extend(model.go(Side::Right, right, None));
        effects.extend(update::changed_limits(&Book::default(), &model.desk.book));
        effects.push(Effect::Engine(Command::FindStale));
        if when_left != WhenLeft::Never {
            effects.push(Effect::Engine(Command::FindLeft));
        }
        effects.push(Effect::Edits(EditOrder::FindLeft));
        model.tell_troubles();
        if let Some(note) = note {
            model.say_lasting(Outcome::Plain, note);
        }
        (model, effects)
    }

    /// Where keys are read now.
    pub fn context(&self) -> Context {
        match self.layers.last() {
            Some(Layer::Dialog(dialog)) if dialog.takes_text() => Context::Field,
            Some(Layer::Dialog(_)) => Context::Choice,
            Some(Layer::Reader(_)) => Context::Reader,
            Some(Layer::Palette(_)) => Context::Search,
            Some(Layer::Edits(_)) => Context::Edits,
            Some(Layer::Bookmarks(_)) => Context::Bookmarks,
            None if let Some(viewer) = &self.viewer => match viewer.input {
                Some(_) => Context::Find,
                None => Context::Viewer,
            },
            None if let Some(ledger) = &self.ledger => match ledger.searching {
                true => Context::Search,
                false => Context::History,
            },
            None => match &self.queue {
                Some(queue) if queue.steps.is_some() => Context::Steps,
                Some(_) => Context::Queue,
                None => match &self.desk {
                    sites::Desk { panel: Some(panel), .. } if panel.searching => Context::Search,
                    sites::Desk { panel: Some(_), .. } => Context::Sites,
                    sites::Desk { start: Some(_), .. } => Context::Start,
                    _ if self.finder.is_some() => Context::Find,
                    _ => Context::Panes,
                },
            },
        }
    }

    /// Whether the passing of time alone changes what is shown.
    pub fn counts_down(&self) -> bool {
        self.transfers.counts_down() || self.quick_waits()
    }

    /// What the terminal's title says: both places, escaped.
    pub fn title(&self) -> String {
        let [left, right] = &self.panes;
        let standing = self.standing().words();
        format!("{standing}{} | {} - wharf", left.location, right.location)
    }

    /// How all jobs together stand.
    pub fn standing(&self) -> Standing {
        let all = self.transfers.overall();
        if all.open == 0 {
            return Standing::Idle;
        }
        let part = share(all.carried_bytes, all.planned_bytes, all.plan_complete);
        let percent = part.map(|part| (part * 100.0) as u8);
        match (percent, all.asking || all.retry.is_some()) {
            (percent, true) => Standing::Held(percent.unwrap_or(0)),
            (Some(percent), false) => Standing::Percent(percent),
            (None, false) => Standing::Counting,
        }
    }

    pub(crate) fn pane(&self, side: Side) -> &Pane {
        &self.panes[side as usize]
    }

    pub(crate) fn pane_mut(&mut self, side: Side) -> &mut Pane {
        &mut self.panes[side as usize]
    }

    pub(crate) fn focused(&self) -> &Pane {
        self.pane(self.focus)
    }

    fn next_ticket(&mut self) -> Ticket {
        self.last_number += 1;
        Ticket(self.last_number)
    }

    fn next_job(&mut self) -> JobId {
        self.last_number += 1;
        JobId(self.last_number)
    }

    fn open_dialog(&mut self, dialog: Dialog) {
        self.layers.push(Layer::Dialog(Box::new(dialog)));
    }

    /// Says something until the next key.
    fn say(&mut self, text: impl Into<String>) {
        self.notice = Some(Notice { text: text.into(), outcome: Outcome::Plain, stays: false });
    }

    /// Says something that stays until it is dismissed.
    fn say_lasting(&mut self, outcome: Outcome, text: impl Into<String>) {
        self.notice = Some(Notice { text: text.into(), outcome, stays: true });
    }

    /// Keeps a failure to be read, over the panes, as soon as nothing else is there.
    fn tell(&mut self, message: impl Into<String>) {
        self.unread.push(message.into());
    }
}
