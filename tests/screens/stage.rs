//! A model on a stage: keys go in by their names, a pretended engine answers, the screen comes out as text.

use std::{
    collections::BTreeMap,
    sync::Arc,
    time::{Duration, Instant},
};

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use jiff::tz::TimeZone;
use ratatui::{
    Terminal,
    backend::TestBackend,
    style::{Color, Modifier},
};
use wharf::{
    domain::{
        book::{Book, SiteOrder},
        columns::Columns,
        entry::{Attributes, Entry, Kind, Timestamp},
        error::{Error, ErrorKind},
        ink::PaintOrder,
        journal::WhenLeft,
        path::{Name, StoragePath},
        picture::PictureOrder,
        place::{self, Location},
        session::Session,
        trash::Trash,
    },
    engine::message::{Command, Event, Inquiry, JobId, JobRequest, Snapshot, Ticket},
    keymap::{self, Keymap, Meaning, Pending},
    model::{Beginning, EditOrder, Effect, Message, Model, Mouse, MouseAct, Outside, update},
    view::{Kinds, Look, Shown, Theme, view},
};

/// 2026-11-22 20:13 UTC.
pub(crate) const MOMENT: i64 = 1_795_378_380;

fn today() -> jiff::Zoned {
    jiff::Timestamp::from_second(MOMENT).unwrap().to_zoned(TimeZone::UTC)
}

pub(crate) fn location(typed: &str) -> Location {
    place::parse(typed.as_bytes(), &StoragePath::root()).unwrap()
}

pub(crate) fn file(name: impl AsRef<[u8]>, size: u64) -> Entry {
    let attributes = Attributes {
        kind: Kind::File,
        size: Some(size),
        modified: Some(Timestamp::from_seconds(MOMENT)),
        permissions: Some(0o644),
        owner: Some((1000, 1000)),
    };
    Entry { name: Name::new(name).unwrap(), attributes, leads_to: None }
}

pub(crate) fn directory(name: &str) -> Entry {
    let mut entry = file(name, 4096);
    entry.attributes.kind = Kind::Directory;
    entry.attributes.permissions = Some(0o755);
    entry
}

pub(crate) fn link(name: &str, leads_to: Option<Kind>) -> Entry {
    let mut entry = file(name, 7);
    entry.attributes.kind = Kind::Symlink;
    entry.attributes.permissions = Some(0o777);
    Entry { leads_to, ..entry }
}

/// The trees the pretended engine knows.
fn known_places() -> BTreeMap<String, Vec<Entry>> {
    let mut yesterday = file("notes-of-the-harbour-master.txt", 1_234);
    yesterday.attributes.modified = Some(Timestamp::from_seconds(MOMENT - 86_400));
    BTreeMap::from([
        (
            "/home/anna".to_owned(),
            vec![
                directory("cargo"),
                directory("papers"),
                link("latest", Some(Kind::Directory)),
                file("manifest.csv", 48_211),
                file("manifest-2.csv", 51_300),
                file("manifest-10.csv", 9_999_999),
                file("measurements-of-the-whole-long-november-at-pier-12.tar.gz", 3_221_225_472),
                yesterday,
                file(".hidden", 12),
                link("dangling", None),
            ],
        ),
        ("/home/anna/cargo".to_owned(), vec![file("crate.bin", 1 << 20)]),
        ("/home/anna/papers".to_owned(), Vec::new()),
        ("/home".to_owned(), vec![directory("anna"), directory("berta")]),
        (
            "files.example:/srv/in".to_owned(),
            vec![directory("2025"), directory("2026"), file("readme.txt", 512)],
        ),
    ])
}

/// What was asked of the engine.
#[derive(Debug)]
pub(crate) enum Sent {
    Open(Ticket, Location),
    Other(Command),
}

pub(crate) struct Stage {
    pub(crate) model: Model,
    pub(crate) now: Instant,
    pub(crate) sent: Vec<Sent>,
    pub(crate) inquiries: Vec<(Ticket, Inquiry)>,
    pub(crate) outside: Vec<Outside>,
    /// Pictures that are to be made, and the one that was.
    pub(crate) pictures: Vec<(Ticket, PictureOrder)>,
    pub(crate) picture: Shown,
    /// What is to be coloured.
    pub(crate) paints: Vec<(Ticket, PaintOrder)>,
    /// What was ordered about copies that are edited.
    pub(crate) edits: Vec<EditOrder>,
    /// What the person was told beside the screen.
    pub(crate) told: Vec<String>,
    /// What was ordered of the shelf of sites.
    pub(crate) orders: Vec<SiteOrder>,
    /// What the pretended shelf holds.
    pub(crate) book: Book,
    pub(crate) has_quit: bool,
    pub(crate) colours: bool,
    /// The keys, and what is typed of a sequence.
    pub(crate) keymap: Arc<Keymap>,
    pending: Pending,
    pub(crate) kinds: Kinds,
    pub(crate) columns: Columns,
    size: (u16, u16),
    places: BTreeMap<String, Vec<Entry>>,
}

impl Stage {
    /// A stage with given places; the engine has not answered yet.
    pub(crate) fn unanswered(
        (width, height): (u16, u16),
        left: Option<&str>,
        right: Option<&str>,
    ) -> Self {
        Self::with_book((width, height), left, right, Book::default())
    }

    /// One that goes on where the last one was left.
    pub(crate) fn again(size: (u16, u16), session: Session) -> Self {
        Self::begin(size, None, None, Book::default(), Some(session))
    }

    /// The same, with what is known of sites.
    pub(crate) fn with_book(
        (width, height): (u16, u16),
        left: Option<&str>,
        right: Option<&str>,
        book: Book,
    ) -> Self {
        Self::begin((width, height), left, right, book, None)
    }

    fn begin(
        (width, height): (u16, u16),
        left: Option<&str>,
        right: Option<&str>,
        book: Book,
        session: Option<Session>,
    ) -> Self {
        let (model, effects) = Model::new(Beginning {
            left: left.map(location),
            right: right.map(location),
            here: StoragePath::new("/home/anna"),
            help_lines: keymap::help_lines(),
            when_left: WhenLeft::Ask,
            on_conflict: None,
            trash: Trash::default(),
            commands: keymap::Keymap::default().commands(),
            book: book.clone(),
            session,
            note: None,
        });
        let mut stage = Self {
            model,
            now: Instant::now(),
            sent: Vec::new(),
            inquiries: Vec::new(),
            outside: Vec::new(),
            pictures: Vec::new(),
            picture: None,
            paints: Vec::new(),
            edits: Vec::new(),
            told: Vec::new(),
            orders: Vec::new(),
            book,
            has_quit: false,
            colours: true,
            keymap: Arc::default(),
            pending: Pending::default(),
            kinds: Kinds::default(),
            columns: Columns::default(),
            size: (width, height),
            places: known_places(),
        };
        // What it asks at first is not what a test presses a key for.
        let asks_what_is_left = |effect: &Effect| {
            matches!(effect, Effect::Engine(Command::FindLeft | Command::FindStale))
        };
        stage.carry_out(effects.into_iter().filter(|effect| !asks_what_is_left(effect)).collect());
        stage.message(Message::Clock(stage.now));
        stage.message(Message::Today(today()));
        stage.message(Message::Resized { width, height });
        stage
    }

    /// The usual stage: local files left, a server right, both listed.
    pub(crate) fn new(size: (u16, u16)) -> Self {
        let mut stage = Self::unanswered(size, Some("/home/anna"), Some("files.example:/srv/in"));
        stage.serve();
        stage
    }

    pub(crate) fn message(&mut self, message: Message) {
        if let Message::Resized { width, height } = &message {
            self.size = (*width, *height);
        }
        let effects = update(&mut self.model, message);
        self.carry_out(effects);
    }

    fn carry_out(&mut self, effects: Vec<Effect>) {
        for effect in effects {
            match effect {
                Effect::Engine(Command::Open { ticket, location }) => {
                    self.sent.push(Sent::Open(ticket, location));
                }
                // Asked by the way, whenever a listing ends or a link is under the cursor.
                Effect::Engine(Command::Inquire { ticket, inquiry }) => {
                    self.inquiries.push((ticket, inquiry));
                }
                Effect::Engine(command) => self.sent.push(Sent::Other(command)),
                Effect::Quit(_) => self.has_quit = true,
                Effect::Outside(outside) => self.outside.push(outside),
                Effect::Edits(order) => self.edits.push(order),
                Effect::Shelf(order) => self.shelve(order),
                Effect::Notify(words) => self.told.push(words),
                Effect::Paint(ticket, order) => self.paints.push((ticket, order)),
                Effect::Picture(ticket, order) => self.pictures.push((ticket, order)),
                Effect::Suspend | Effect::Redraw | Effect::Discard(_) => {}
            }
        }
    }

    /// The pretended shelf does as it is told.
    fn shelve(&mut self, order: SiteOrder) {
        self.orders.push(order.clone());
        match &order {
            SiteOrder::Save { was, site } => {
                self.book.sites.retain(|known| Some(&known.name) != was.as_ref());
                self.book.sites.push(*site.clone());
            }
            SiteOrder::Bookmarks(list) => self.book.bookmarks.clone_from(list),
            SiteOrder::Remove(name) => self.book.sites.retain(|known| known.name != *name),
            SiteOrder::Read | SiteOrder::Opened(_) => {}
        }
        self.message(Message::Shelved(order, Ok(self.book.clone())));
    }

    pub(crate) fn event(&mut self, event: Event) {
        self.message(Message::Event(event));
    }

    pub(crate) fn progress(&mut self, snapshot: Snapshot) {
        self.message(Message::Progress(Arc::new(snapshot)));
    }

    pub(crate) fn pass(&mut self, time: Duration) {
        self.now += time;
        self.message(Message::Clock(self.now));
    }

    /// Keys by their names, with a space between; `Ctrl-X`, `Alt-Left` and single characters.
    pub(crate) fn keys(&mut self, names: &str) -> &mut Self {
        for name in names.split_whitespace() {
            let (code, modifiers) = match (name.strip_prefix("Ctrl-"), name.strip_prefix("Alt-")) {
                (Some(letter), _) if letter.len() == 1 => {
                    (key_code(&letter.to_lowercase()), KeyModifiers::CONTROL)
                }
                (Some(key), _) => (key_code(key), KeyModifiers::CONTROL),
                (None, Some(key)) => (key_code(key), KeyModifiers::ALT),
                (None, None) => (key_code(name), KeyModifiers::NONE),
            };
            self.press(KeyEvent::new(code, modifiers));
        }
        self
    }

    /// Characters one after the other.
    pub(crate) fn text(&mut self, text: &str) -> &mut Self {
        for c in text.chars() {
            self.press(KeyEvent::new(KeyCode::Char(c), KeyModifiers::NONE));
        }
        self
    }

    pub(crate) fn press(&mut self, key: KeyEvent) {
        let context = self.model.context();
        let meaning = self.keymap.press(&mut self.pending, context, key);
        let begun = self.keymap.begun(&self.pending, context);
        self.message(Message::Begun(begun));
        if let Meaning::Action(action) = meaning {
            self.message(Message::Act(action));
        }
        self.serve();
    }

    pub(crate) fn mouse(&mut self, what: MouseAct, x: u16, y: u16) -> &mut Self {
        self.message(Message::Mouse(Mouse { what, x, y }));
        self.serve();
        self
    }

    /// Takes what was asked for so far.
    pub(crate) fn take_sent(&mut self) -> Vec<Sent> {
        std::mem::take(&mut self.sent)
    }

    /// The job that was added last.
    pub(crate) fn take_job(&mut self) -> (JobId, JobRequest) {
        let sent = self.take_sent();
        let job = sent.into_iter().rev().find_map(|sent| match sent {
            Sent::Other(Command::Add(id, request)) => Some((id, request)),
            _ => None,
        });
        job.expect("a job was added")
    }

    /// Puts a directory in place of another.
    pub(crate) fn set_place(&mut self, place: &str, entries: Vec<Entry>) {
        self.places.insert(place.to_owned(), entries);
    }

    /// Answers every place that waits to be opened.
    pub(crate) fn serve(&mut self) {
        let sent = self.take_sent();
        for one in sent {
            match one {
                Sent::Open(ticket, location) => self.open(ticket, location),
                other => self.sent.push(other),
            }
        }
    }

    fn open(&mut self, ticket: Ticket, location: Location) {
        match self.places.get(&location.to_string()).cloned() {
            Some(entries) => {
                self.event(Event::Opened { ticket, location });
                self.event(Event::Rows { ticket, entries, refused: Vec::new() });
                self.event(Event::Listed(ticket));
            }
            None => {
                let error = Error::new(
                    ErrorKind::NotFound,
                    format!("open {location}"),
                    "no such file or directory",
                );
                self.event(Event::OpenFailed(ticket, error));
            }
        }
    }

    fn draw(&self) -> Terminal<TestBackend> {
        let look = Look {
            colours: self.colours,
            zone: TimeZone::UTC,
            keys: self.keymap.clone(),
            theme: Theme::default(),
            kinds: self.kinds.clone(),
            columns: self.columns.clone(),
            picture: self.picture.clone(),
        };
        let (width, height) = self.size;
        let mut terminal = Terminal::new(TestBackend::new(width, height)).unwrap();
        terminal.draw(|frame| view(&self.model, &look, frame)).unwrap();
        terminal
    }

    /// The colour of a text's first character, where it stands first.
    pub(crate) fn colour_of(&self, text: &str) -> Color {
        let terminal = self.draw();
        let buffer = terminal.backend().buffer();
        let width = usize::from(buffer.area.width);
        let symbols: Vec<&str> = buffer.content.iter().map(ratatui::buffer::Cell::symbol).collect();
        let wanted: Vec<String> = text.chars().map(String::from).collect();
        let at = (0..symbols.len())
            .find(|&at| symbols[at..].iter().zip(&wanted).all(|(one, other)| one == other))
            .unwrap_or_else(|| panic!("`{text}` is not on the screen"));
        buffer[((at % width) as u16, (at / width) as u16)].fg
    }

    /// The screen's text.
    pub(crate) fn text_of_screen(&self) -> String {
        let terminal = self.draw();
        let buffer = terminal.backend().buffer();
        let mut shown = String::new();
        for y in 0..buffer.area.height {
            let mut line = String::new();
            let mut covered = 0;
            for x in 0..buffer.area.width {
                let symbol = buffer[(x, y)].symbol();
                if covered == 0 {
                    line.push_str(symbol);
                    covered = unicode_width::UnicodeWidthStr::width(symbol).max(1);
                }
                covered -= 1;
            }
            shown.push_str(line.trim_end());
            shown.push('\n');
        }
        shown
    }

    /// What is drawn reversed: cursor rows, titles, buttons.
    pub(crate) fn reversed(&self) -> Vec<String> {
        let terminal = self.draw();
        let buffer = terminal.backend().buffer();
        let mut found = Vec::new();
        for y in 0..buffer.area.height {
            let mut run = String::new();
            let mut covered = 0;
            for x in 0..buffer.area.width {
                let cell = &buffer[(x, y)];
                if covered > 0 {
                    covered -= 1;
                    continue;
                }
                covered = unicode_width::UnicodeWidthStr::width(cell.symbol()).max(1) - 1;
                if cell.modifier.contains(Modifier::REVERSED) {
                    run.push_str(cell.symbol());
                } else if !run.is_empty() {
                    found.push(std::mem::take(&mut run));
                }
            }
            found.extend((!run.is_empty()).then_some(run));
        }
        found.iter().map(|run| run.split_whitespace().collect::<Vec<_>>().join(" ")).collect()
    }

    /// The screen for a snapshot: its text, then what is reversed.
    pub(crate) fn picture(&self) -> String {
        let mut picture = self.text_of_screen();
        for run in self.reversed() {
            picture.push_str(&format!("reversed: {run}\n"));
        }
        picture
    }

    #[track_caller]
    pub(crate) fn shows(&self, text: &str) {
        let screen = self.text_of_screen();
        assert!(screen.contains(text), "`{text}` is not on the screen:\n{screen}");
    }

    #[track_caller]
    pub(crate) fn shows_not(&self, text: &str) {
        let screen = self.text_of_screen();
        assert!(!screen.contains(text), "`{text}` is on the screen:\n{screen}");
    }
}

fn key_code(name: &str) -> KeyCode {
    let mut characters = name.chars();
    if let (Some(c), None) = (characters.next(), characters.next()) {
        return KeyCode::Char(c);
    }
    match name {
        "Enter" => KeyCode::Enter,
        "Esc" => KeyCode::Esc,
        "Tab" => KeyCode::Tab,
        "BackTab" => KeyCode::BackTab,
        "Space" => KeyCode::Char(' '),
        "Up" => KeyCode::Up,
        "Down" => KeyCode::Down,
        "Left" => KeyCode::Left,
        "Right" => KeyCode::Right,
        "PgUp" => KeyCode::PageUp,
        "PgDn" => KeyCode::PageDown,
        "Home" => KeyCode::Home,
        "End" => KeyCode::End,
        "Ins" => KeyCode::Insert,
        "Del" => KeyCode::Delete,
        "Backspace" => KeyCode::Backspace,
        other => KeyCode::F(other.trim_start_matches('F').parse().expect("a key's name")),
    }
}
