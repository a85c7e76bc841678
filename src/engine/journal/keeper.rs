//! The thread that owns the file and writes to it, a batch at a time; what it is told waits in memory meanwhile.

use std::{
    mem,
    sync::mpsc::{self, Receiver, Sender},
    thread::{self, Thread},
    time::{Duration, Instant},
};

use jiff::Timestamp;
use tokio::sync::mpsc::UnboundedSender;

use super::{
    Options, Query, Reply, Then,
    file::{self, Opened, PATIENCE},
    lease::{self, Lease},
    left,
    notes::{Jobs, Note},
    retention, stale,
};
use crate::{domain::error::Error, engine::message::Event};

/// How long notes are gathered, unless somebody waits for one of them.
const GATHER: Duration = Duration::from_millis(20);
/// Notes in one transaction, at most: others may want to write as well.
const MOST_AT_ONCE: usize = 4096;
/// Notes that wait for a file that cannot be written to, at most; beyond that they are lost, and it is said.
const MOST_WAITING: usize = 200_000;
/// How long a write may wait for another process where the one before could not be done, or nothing depends on it.
const LITTLE_PATIENCE: Duration = Duration::from_millis(50);
/// How often what could not be written is tried again.
const TRY_AGAIN: Duration = Duration::from_secs(2);
/// After so many notes the ledger is looked through for old rows again.
const NOTES_BETWEEN_CLEARINGS: usize = 20_000;

/// The end that takes notes.
#[derive(Clone)]
pub(super) struct Keeper {
    letters: Sender<Letter>,
    thread: Thread,
}

#[expect(clippy::large_enum_variant, reason = "most are notes")]
enum Letter {
    /// What is to be written, and what is to be done once it is.
    Note(Note, Option<Then>),
    Query(Query),
}

impl Keeper {
    /// Starts the thread. The file is made when there is something to write.
    pub(super) fn start(
        options: Options,
        process: String,
        events: UnboundedSender<Event>,
        replies: UnboundedSender<Reply>,
    ) -> Option<Self> {
        let (letters, inbox) = mpsc::channel();
        let desk = Desk {
            options,
            events: events.clone(),
            replies,
            book: Book::Closed,
            lease: None,
            jobs: Jobs::new(process),
            waiting: Vec::new(),
            lost: 0,
            failed: None,
            since_clearing: NOTES_BETWEEN_CLEARINGS,
        };
        let started = thread::Builder::new().name("journal".to_owned()).spawn(|| desk.run(inbox));
        match started {
            Ok(thread) => Some(Self { letters, thread: thread.thread().clone() }),
            Err(error) => {
                let error = Error::from_io("start the journal's thread", error);
                let _ = events.send(Event::Notice(without(&error)));
                None
            }
        }
    }

    /// Hands a note over; gives back what was to be done then if nobody takes it any more.
    pub(super) fn send(&self, note: Note, then: Option<Then>) -> Option<Then> {
        let urgent = is_urgent(&note, then.as_ref());
        if let Err(unsent) = self.letters.send(Letter::Note(note, then)) {
            return match unsent.0 {
                Letter::Note(_, then) => then,
                Letter::Query(_) => None,
            };
        }
        // Others wait until the thread looks by itself: waking it for each would cost more than writing it.
        if urgent {
            self.thread.unpark();
        }
        None
    }

    /// Asks something; the reply comes where replies go. Gives the query back if nobody takes it any more.
    pub(super) fn ask(&self, query: Query) -> Option<Query> {
        match self.letters.send(Letter::Query(query)) {
            Ok(()) => {
                self.thread.unpark();
                None
            }
            Err(unsent) => match unsent.0 {
                Letter::Query(query) => Some(query),
                Letter::Note(..) => None,
            },
        }
    }
}

/// Whether somebody waits for it to be written.
fn is_urgent(note: &Note, then: Option<&Then>) -> bool {
    note.is_urgent() || matches!(then, Some(Then::Wake(_)))
}

/// Where the notes go.
enum Book {
    /// Nothing was to be written yet.
    Closed,
    Open(Box<Opened>),
    /// It is not to be had, and that was said.
    None,
}

struct Desk {
    options: Options,
    events: UnboundedSender<Event>,
    replies: UnboundedSender<Reply>,
    book: Book,
    /// Held from before the first job is written until the process ends.
    lease: Option<Lease>,
    jobs: Jobs,
    /// What could not be written yet.
    waiting: Vec<Note>,
    lost: usize,
    /// When it last could not be written.
    failed: Option<Instant>,
    since_clearing: usize,
}

impl Desk {
    fn run(mut self, inbox: Receiver<Letter>) {
        while let Ok(first) = inbox.recv() {
            let mut batch = Batch::default();
            batch.take(first);
            let until = Instant::now() + GATHER;
            loop {
                while batch.notes.len() < MOST_AT_ONCE
                    && let Ok(letter) = inbox.try_recv()
                {
                    batch.take(letter);
                }
                let left = until.saturating_duration_since(Instant::now());
                if batch.urgent || left.is_zero() || batch.notes.len() == MOST_AT_ONCE {
                    break;
                }
                thread::park_timeout(left);
            }
            self.keep(batch.notes);
            for then in batch.thens {
                self.carry_out(then);
            }
            for query in batch.queries {
                let reply = self.answer(query);
                let _ = self.replies.send(reply);
            }
            self.clear();
        }
        self.close();
    }

    fn carry_out(&self, then: Then) {
        match then {
            Then::Tell(event) => self.tell(event),
            Then::Reply(reply) => drop(self.replies.send(reply)),
            // Whoever waited may have been cancelled.
            Then::Wake(waiting) => drop(waiting.send(())),
        }
    }

    fn tell(&self, event: Event) {
        // Nobody listens any more only when the program is about to end.
        let _ = self.events.send(event);
    }

    fn keep(&mut self, notes: Vec<Note>) {
        if matches!(self.book, Book::None) || notes.is_empty() {
            return;
        }
        self.since_clearing += notes.len();
        self.waiting.extend(notes);
        let too_soon = self.failed.is_some_and(|then| then.elapsed() < TRY_AGAIN);
        if !too_soon {
            self.write();
        }
        let too_many = self.waiting.len().saturating_sub(MOST_WAITING);
        self.waiting.drain(..too_many);
        self.lost += too_many;
    }

    /// Writes all that waits.
    fn write(&mut self) {
        if let Err(trouble) = self.try_to_write() {
            match trouble {
                Trouble::Hopeless(error) => {
                    self.tell(Event::Notice(without(&error)));
                    self.book = Book::None;
                    self.waiting = Vec::new();
                }
                Trouble::ForNow(error) => {
                    if self.failed.replace(Instant::now()).is_none() {
                        let words = format!(
                            "{error} What is done meanwhile is written when that is over; transfers go on."
                        );
                        self.tell(Event::Notice(words));
                    }
                }
            }
            return;
        }
        self.waiting.clear();
        if self.failed.take().is_some() {
            let words = match mem::take(&mut self.lost) {
                0 => String::from("The journal is written again; nothing is missing."),
                lost => format!("The journal is written again; {lost} notes are missing."),
            };
            self.tell(Event::Notice(words));
        }
    }

    fn try_to_write(&mut self) -> Result<(), Trouble> {
        let directory = self.options.directory.clone();
        let said = |error| file::error(&directory, error);
        let patience = if self.failed.is_some() { LITTLE_PATIENCE } else { PATIENCE };
        let mut damage = None;
        loop {
            let mut opened = match (mem::replace(&mut self.book, Book::Closed), damage.clone()) {
                (Book::Open(opened), _) => opened,
                (_, damage) => Box::new(self.open(damage).map_err(Trouble::Hopeless)?),
            };
            let connection = &mut opened.connection;
            let written = connection
                .busy_timeout(patience)
                .and_then(|()| self.jobs.write(connection, &self.waiting));
            match written {
                // Once more with a fresh file, and then no more.
                Err(error) if file::is_damage(&error) => {
                    self.jobs.start_over();
                    opened.close_damaged();
                    let error = said(error);
                    if damage.is_some() {
                        return Err(Trouble::Hopeless(error));
                    }
                    damage = Some(error);
                }
                written => {
                    self.book = Book::Open(opened);
                    return written.map_err(|error| Trouble::ForNow(said(error)));
                }
            }
        }
    }

    fn open(&mut self, damage: Option<Error>) -> Result<Opened, Error> {
        let directory = &self.options.directory;
        let opened = match damage {
            None => file::open(directory)?,
            Some(damage) => file::open_after_damage(directory, damage)?,
        };
        if let Some(words) = &opened.set_aside {
            self.tell(Event::Notice(words.clone()));
        }
        if self.lease.is_none() {
            lease::sweep(directory);
            self.lease = Some(Lease::take(directory, self.jobs.writer().process)?);
        }
        Ok(opened)
    }

    /// Answers a query; where there is no file there are no jobs.
    fn answer(&mut self, query: Query) -> Reply {
        match self.open_to_answer() {
            Ok(true) => {}
            Ok(false) => return query.without_a_journal(),
            Err(error) => {
                self.tell(Event::Notice(without(&error)));
                self.book = Book::None;
                return query.without_a_journal();
            }
        }
        let directory = &self.options.directory;
        let said = |error| file::error(directory, error);
        let Book::Open(opened) = &mut self.book else { return query.without_a_journal() };
        let connection = &mut opened.connection;
        match query {
            Query::Left => Reply::Left(left::all(connection, directory).map_err(said)),
            Query::Claim(number, job) => {
                let claimed = left::claim(connection, directory, number, self.jobs.writer());
                if let Ok(Some(claimed)) = &claimed {
                    let (request, added) = (claimed.request.clone(), claimed.added);
                    self.jobs.take_over(job, number, request, added, claimed.before.parts());
                }
                Reply::Claimed(
                    number,
                    job,
                    claimed.map(|claimed| claimed.map(Box::new)).map_err(said),
                )
            }
            Query::Stale => Reply::Stale(stale::all(connection, directory).map_err(said)),
            Query::Swept(jobs) => Reply::Swept(stale::swept(connection, &jobs).map_err(said)),
            Query::GiveUp(number) => {
                Reply::GivenUp(number, left::give_up(connection, directory, number).map_err(said))
            }
        }
    }

    /// Opens the file if there is one; whether it is open now.
    fn open_to_answer(&mut self) -> Result<bool, Error> {
        if matches!(self.book, Book::Closed) && self.options.directory.join(file::NAME).exists() {
            self.book = Book::Open(Box::new(self.open(None)?));
        }
        let Book::Open(opened) = &mut self.book else { return Ok(false) };
        let said = |error| file::error(&self.options.directory, error);
        opened.connection.busy_timeout(PATIENCE).map_err(said)?;
        Ok(true)
    }

    /// Removes what need not be kept any more, now and then.
    fn clear(&mut self) {
        if self.since_clearing >= NOTES_BETWEEN_CLEARINGS
            && self.failed.is_none()
            && let Book::Open(opened) = &mut self.book
        {
            self.since_clearing = 0;
            let connection = &mut opened.connection;
            // Old rows that stay for now do no harm: nobody waits for them longer than that.
            let _ = connection.busy_timeout(LITTLE_PATIENCE).and_then(|()| {
                retention::clear(connection, self.options.retention, Timestamp::now())
            });
        }
    }

    fn close(mut self) {
        if !self.waiting.is_empty() {
            self.write();
        }
        let missing = self.waiting.len() + self.lost;
        if missing > 0 {
            let words = format!("{missing} notes could not be written to the journal.");
            self.tell(Event::Notice(words));
        }
        // The event stream ends before the file is tidied up: nobody has to wait for that, and nothing is lost if
        // the process ends in the middle of it.
        let Self { events, book, lease, .. } = self;
        // By then others may take over what is left.
        drop(lease);
        drop(events);
        drop(book);
    }
}

/// What is done in one go.
#[derive(Default)]
struct Batch {
    notes: Vec<Note>,
    thens: Vec<Then>,
    queries: Vec<Query>,
    urgent: bool,
}

impl Batch {
    fn take(&mut self, letter: Letter) {
        match letter {
            Letter::Note(note, then) => {
                self.urgent |= is_urgent(&note, then.as_ref());
                self.notes.push(note);
                self.thens.extend(then);
            }
            Letter::Query(query) => {
                self.urgent = true;
                self.queries.push(query);
            }
        }
    }
}

/// Why something was not written.
enum Trouble {
    /// It will not get better.
    Hopeless(Error),
    ForNow(Error),
}

fn without(error: &Error) -> String {
    format!("{error} What is done now is not recorded; transfers go on.")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{domain::journal::Retention, engine::message::JobId};

    #[test]
    fn where_there_can_be_no_file_this_is_said_once_and_all_is_told() {
        let in_the_way = tempfile::NamedTempFile::new().unwrap();
        let options =
            Options { directory: in_the_way.path().join("state"), retention: Retention::default() };
        let (outlet, mut events) = tokio::sync::mpsc::unbounded_channel();
        let (replies, _) = tokio::sync::mpsc::unbounded_channel();
        let keeper = Keeper::start(options, lease::name(), outlet, replies).unwrap();
        let mut told = Vec::new();
        for number in 0..3 {
            let then = Then::Tell(Event::Notice(format!("told {number}")));
            let note = Note::Ended { job: JobId(number), at: Timestamp::now() };
            assert!(keeper.send(note, Some(then)).is_none());
            // Each in a batch of its own.
            while told.last() != Some(&format!("told {number}")) {
                let Some(Event::Notice(words)) = events.blocking_recv() else { panic!("{told:?}") };
                told.push(words);
            }
        }
        drop(keeper);
        assert!(events.blocking_recv().is_none(), "nothing is missing that was promised");
        assert!(told[0].ends_with("is not recorded; transfers go on."), "{told:?}");
        assert_eq!(told[1..], ["told 0", "told 1", "told 2"]);
    }
}
