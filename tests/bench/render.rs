//! How long a frame takes to be made, without a terminal: 100,000 entries in each pane, 10,000 lines in the queue.

use std::{
    fmt::Write as _,
    sync::Arc,
    time::{Duration, Instant},
};

use jiff::tz::TimeZone;
use ratatui::{Terminal, backend::TestBackend};
use wharf::{
    domain::{
        book::Book,
        columns::Columns,
        entry::{Attributes, Entry, Kind, Timestamp},
        journal::WhenLeft,
        path::{Name, StoragePath},
        place::{Endpoint, Location},
        trash::Trash,
    },
    engine::message::{
        Command, Counts, Destination, Event, JobId, JobOptions, JobProgress, JobRequest, JobState,
        Snapshot, Work,
    },
    keymap::{self, Keymap},
    model::{Action, Beginning, Effect, Message, Model, update},
    view::{Kinds, Look, Theme, view},
};

use super::ground::Ground;

pub(crate) const NAME: &str = "render";

const ENTRIES: usize = 100_000;
const JOBS: u64 = 10_000;
const FRAMES: usize = 500;
const SIZE: (u16, u16) = (120, 40);

/// Keys pressed one after the other, each with its frame.
const KEYS: [Action; 8] = [
    Action::Down,
    Action::PageDown,
    Action::Last,
    Action::Up,
    Action::PageUp,
    Action::First,
    Action::Down,
    Action::PageDown,
];

pub(crate) fn measure(_: &Ground, _: u32) -> anyhow::Result<String> {
    let mut stage = Stage::new();
    let mut words = String::new();
    writeln!(words, "two panes of {ENTRIES} entries: {}", stage.frames(&KEYS))?;
    let typed = typed();
    for (hunt, name) in [(Action::Filter, "filter"), (Action::Search, "search")] {
        for sort in ["name", "size", "time"] {
            stage.take(Message::Act(hunt));
            let frames = stage.frames(&typed);
            writeln!(words, "a {name} of {ENTRIES} entries sorted by {sort}: {frames}")?;
            stage.take(Message::Act(Action::Close));
            stage.take(Message::Act(Action::Sort));
        }
        // By extension, and by name again.
        stage.take(Message::Act(Action::Sort));
    }
    stage.take(Message::Progress(Arc::new(queue())));
    stage.take(Message::Act(Action::Queue));
    writeln!(words, "a queue of {JOBS} jobs: {}", stage.frames(&KEYS))?;
    Ok(words)
}

/// Letters that fit all, many, few and none of the names, and what takes them back: each changes what is shown.
fn typed() -> Vec<Action> {
    let mut keys = Vec::new();
    for word in ["m", "csv", "tgz", "0417", "M7", "é", "^meas 9$"] {
        keys.extend(word.chars().map(Action::Type));
        keys.extend(word.chars().map(|_| Action::DeleteBack));
    }
    keys
}

struct Stage {
    model: Model,
    look: Look,
    terminal: Terminal<TestBackend>,
}

impl Stage {
    fn new() -> Self {
        let here = StoragePath::new("/srv");
        let place = || Some(Location::local(here.clone()));
        let (model, effects) = Model::new(Beginning {
            left: place(),
            right: place(),
            here: here.clone(),
            help_lines: keymap::help_lines(),
            when_left: WhenLeft::Never,
            on_conflict: None,
            trash: Trash::default(),
            commands: Keymap::default().commands(),
            book: Book::default(),
            session: None,
            note: None,
        });
        let look = Look {
            colours: true,
            zone: TimeZone::UTC,
            keys: Arc::default(),
            theme: Theme::default(),
            kinds: Kinds::new("di=01;34:ex=00;32:*.csv=33:*.gz=31", true),
            picture: None,
            columns: Columns::default(),
        };
        let terminal = Terminal::new(TestBackend::new(SIZE.0, SIZE.1)).expect("no I/O");
        let mut stage = Self { model, look, terminal };
        stage.take(Message::Clock(Instant::now()));
        stage.take(Message::Resized { width: SIZE.0, height: SIZE.1 });
        for effect in effects {
            if let Effect::Engine(Command::Open { ticket, location }) = effect {
                stage.take(Message::Event(Event::Opened { ticket, location }));
                let (entries, refused) = (entries(), Vec::new());
                stage.take(Message::Event(Event::Rows { ticket, entries, refused }));
                stage.take(Message::Event(Event::Listed(ticket)));
            }
        }
        stage
    }

    fn take(&mut self, message: Message) {
        drop(update(&mut self.model, message));
    }

    /// Times from a key to its frame.
    fn frames(&mut self, keys: &[Action]) -> String {
        let mut times: Vec<Duration> = (0..FRAMES)
            .map(|number| {
                let start = Instant::now();
                self.take(Message::Act(keys[number % keys.len()]));
                let (model, look) = (&self.model, &self.look);
                self.terminal.draw(|frame| view(model, look, frame)).expect("no I/O");
                start.elapsed()
            })
            .collect();
        times.sort_unstable();
        let part = |part: f64| times[((times.len() - 1) as f64 * part) as usize];
        let [half, most, all] = [0.5, 0.99, 1.0].map(part);
        format!("{FRAMES} frames: p50 {half:.2?}, p99 {most:.2?}, max {all:.2?}")
    }
}

fn entries() -> Vec<Entry> {
    let endings = ["csv", "tar.gz", "txt", "rs"];
    let entry = |number: usize| {
        let name = format!("measurement-{number:06}.{}", endings[number % endings.len()]);
        let attributes = Attributes {
            kind: if number.is_multiple_of(10) { Kind::Directory } else { Kind::File },
            size: Some(number as u64 * 1_000),
            modified: Some(Timestamp::from_seconds(1_795_378_380 - number as i64)),
            permissions: Some(0o644),
            owner: Some((1000, 1000)),
        };
        Entry { name: Name::new(name).expect("a name"), attributes, leads_to: None }
    };
    (0..ENTRIES).map(entry).collect()
}

fn queue() -> Snapshot {
    let request = Arc::new(JobRequest {
        work: Work::Copy(Destination::Into(Location::local(StoragePath::new("/srv/in")))),
        from: Endpoint::Local,
        sources: vec![StoragePath::new("/srv/out/manifest.csv")],
        options: JobOptions::default(),
    });
    let states =
        [JobState::Done, JobState::Running, JobState::Waiting, JobState::Asking, JobState::Failed];
    let job = |id: u64| JobProgress {
        id: JobId(id),
        request: request.clone(),
        state: states[id as usize % states.len()],
        counts: Counts { done: 4, files: 4, hash: 4, ..Counts::default() },
        planned: 20,
        planned_bytes: 400 << 20,
        plan_complete: true,
        carried_bytes: 100 << 20,
        rate: 1e6,
        seconds_left: Some(300.0),
        verifying: 0,
        retry: None,
        last_failure: None,
    };
    Snapshot { jobs: (0..JOBS).map(job).collect(), ..Snapshot::default() }
}
