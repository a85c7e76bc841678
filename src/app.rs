//! The one loop: input, engine events, frames. Owns nothing but the wiring.

mod edits;
mod gallery;
mod input;
mod outside;
mod pace;
mod painter;
mod shelf;
mod shell;

use std::{
    io,
    path::PathBuf,
    sync::Arc,
    thread,
    time::{Duration, Instant},
};

use crossterm::event::{Event as Input, KeyEventKind};
use tokio::{sync::mpsc::UnboundedReceiver, time};

use edits::EditsThread;
use gallery::Gallery;
use input::{is_unseen, mouse};
use pace::Pace;
use painter::Painter;
use shelf::ShelfThread;

use crate::{
    domain::{
        book::{Book, Shelf},
        columns::Columns,
        display,
        journal::WhenLeft,
        path::StoragePath,
        place::Location,
        question::ConflictChoice,
        session::Session,
        signals::Signals,
        trash::Trash,
    },
    engine::{Handles, message::Command},
    keymap::{self, Keymap, Meaning, Pending},
    model::{Action, Beginning, Effect, Message, Model, Outside, Remaining, update},
    terminal::{self, Keyboard, Notification, Screen},
    view::{Kinds, Look, Theme, view},
};

/// What to open.
#[derive(Clone)]
pub struct Start {
    /// The left pane's place; `None` for `here`.
    pub left: Option<Location>,
    /// The right pane's place; `None` for `here`.
    pub right: Option<Location>,
    /// The working directory.
    pub here: StoragePath,
    /// What becomes of jobs that were interrupted.
    pub when_left: WhenLeft,
    /// What becomes of a name that is taken; `None` asks.
    pub on_conflict: Option<ConflictChoice>,
    /// Where removal puts things into the trash.
    pub trash: Trash,
    /// Where copies that are edited lie, for this user's eyes only.
    pub edits: PathBuf,
    /// The keys.
    pub keys: Keymap,
    /// The colours.
    pub theme: Theme,
    /// How kinds of files look.
    pub kinds: Kinds,
    /// The columns of panes.
    pub columns: Columns,
    /// How the person is told beside the screen.
    pub signals: Signals,
    /// What is wrong with the settings, each a sentence.
    pub troubles: Vec<String>,
    /// What is worth a word about them, but nothing wrong.
    pub note: Option<String>,
    /// What is known of sites.
    pub book: Book,
    /// What was shown the last time, where that is to be shown again.
    pub session: Option<Session>,
    /// Who keeps it.
    pub shelf: Arc<dyn Shelf>,
}

/// How often a countdown is drawn anew.
const TICK: Duration = Duration::from_millis(250);
/// How long messages are taken in before a frame is drawn though more wait.
const DRAIN: Duration = Duration::from_millis(8);
/// How long a sequence of keys that has begun waits for the next.
const SEQUENCE: Duration = Duration::from_secs(3);
/// How long the engine may take to end.
const ENGINE_END: Duration = Duration::from_secs(1);

/// Shows the screen until the person leaves, then ends the engine. What was shown last.
///
/// # Errors
/// [`terminal::NoScreen`] where there can be none; else what the terminal said.
pub async fn run(mut handles: Handles, start: Start) -> anyhow::Result<Session> {
    terminal::check()?;
    let (model, effects) = Model::new(Beginning {
        left: start.left,
        right: start.right,
        here: start.here,
        help_lines: keymap::help_lines(),
        when_left: start.when_left,
        on_conflict: start.on_conflict,
        trash: start.trash,
        commands: start.keys.commands(),
        book: start.book,
        session: start.session,
        note: start.note,
    });
    let (screen, notifications) = Screen::enter()?;
    let look = Look {
        colours: terminal::has_colours(),
        zone: jiff::tz::TimeZone::system(),
        keys: Arc::new(start.keys),
        theme: start.theme,
        kinds: start.kinds,
        columns: start.columns,
        picture: None,
    };
    let app = App {
        model,
        look,
        signals: start.signals,
        screen,
        notifications,
        keyboard: Keyboard::open()?,
        edits: EditsThread::begin(start.edits.clone())?,
        room: start.edits,
        is_lent: false,
        going_outside: Vec::new(),
        pending: Pending::default(),
        forgets_at: None,
        shelf: ShelfThread::begin(start.shelf)?,
        painter: Painter::begin()?,
        gallery: Gallery::begin()?,
        troubles: start.troubles,
        engine_is_there: true,
        pace: Pace::default(),
        dirty: true,
        owes_an_answer: false,
        leaving: false,
        remaining: Remaining::Left,
    };
    // The screen is given back first: a slow engine does not hold the shell's window.
    let (remaining, session, result) = app.run(&mut handles, effects).await;
    let _ = handles.commands.send(match remaining {
        Remaining::Cancelled => Command::Shutdown,
        Remaining::Left => Command::Suspend,
    });
    let _ =
        time::timeout(ENGINE_END, async { while handles.events.recv().await.is_some() {} }).await;
    result?;
    Ok(session)
}

struct App {
    model: Model,
    look: Look,
    signals: Signals,
    screen: Screen,
    notifications: UnboundedReceiver<Notification>,
    keyboard: Keyboard,
    edits: EditsThread,
    /// Where texts that are edited lie for a while.
    room: PathBuf,
    /// Another program has the terminal: nothing is written to it.
    is_lent: bool,
    /// What the terminal is to be given away for.
    going_outside: Vec<Outside>,
    pending: Pending,
    /// When keys that began a sequence are forgotten.
    forgets_at: Option<Instant>,
    shelf: ShelfThread,
    painter: Painter,
    gallery: Gallery,
    /// What is wrong with the settings, until it is told.
    troubles: Vec<String>,
    engine_is_there: bool,
    pace: Pace,
    /// Something changed that is not on the screen.
    dirty: bool,
    /// What changed is what the person did.
    owes_an_answer: bool,
    leaving: bool,
    /// What is not decided by the person is left: the window that is closed, the signal.
    remaining: Remaining,
}

impl App {
    /// Until the person leaves; what becomes of jobs then, and what was shown.
    async fn run(
        mut self,
        handles: &mut Handles,
        effects: Vec<Effect>,
    ) -> (Remaining, Session, io::Result<()>) {
        let result = self.until_left(handles, effects).await;
        let session = self.model.session();
        let App { remaining, screen, shelf, edits, .. } = self;
        drop(screen);
        tokio::join!(shelf.end(), edits.end());
        (remaining, session, result)
    }

    async fn until_left(&mut self, handles: &mut Handles, effects: Vec<Effect>) -> io::Result<()> {
        self.take(Message::Clock(Instant::now()), handles)?;
        self.carry_out(effects, handles)?;
        for trouble in std::mem::take(&mut self.troubles) {
            self.take(Message::Trouble(trouble), handles)?;
        }
        self.resized(handles)?;
        while !self.leaving {
            self.drain(handles)?;
            if self.leaving {
                break;
            }
            if !self.going_outside.is_empty() {
                self.go_outside(handles).await?;
                continue;
            }
            let now = Instant::now();
            if self.dirty && self.pace.is_due(now, self.owes_an_answer) {
                self.draw(handles)?;
                self.pace.drawn(now);
                continue;
            }
            self.wait(handles).await?;
        }
        Ok(())
    }

    /// Sleeps until something comes, a frame is due, or time alone changes the screen.
    async fn wait(&mut self, handles: &mut Handles) -> io::Result<()> {
        let wake = match (self.dirty, self.model.counts_down()) {
            (true, _) => self.pace.next(self.owes_an_answer).or_else(|| Some(Instant::now())),
            (false, true) => Some(Instant::now() + TICK),
            (false, false) => None,
        };
        let wake = [wake, self.forgets_at].into_iter().flatten().min();
        let sleep = async {
            match wake {
                Some(at) => time::sleep_until(at.into()).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            biased;
            input = self.keyboard.next() => self.input(input, handles),
            Some(notification) = self.notifications.recv() => self.notification(notification, handles),
            Some(news) = self.edits.news.recv() => self.take(Message::Edits(news), handles),
            Some((ticket, painted)) = self.painter.news.recv() => {
                self.take(Message::Painted(ticket, painted), handles)
            }
            Some((ticket, made)) = self.gallery.news.recv() => {
                let facts = made.as_ref().map(|made| made.facts().to_owned());
                let facts = facts.map_err(Clone::clone);
                self.look.picture = made.ok().map(|made| (ticket, made));
                self.take(Message::Pictured(ticket, facts), handles)
            }
            Some((order, result)) = self.shelf.news.recv() => {
                self.take(Message::Shelved(order, result), handles)
            }
            event = handles.events.recv(), if self.engine_is_there => match event {
                Some(event) => self.take(Message::Event(event), handles),
                None => self.engine_ended(handles),
            },
            Ok(()) = handles.progress.changed(), if self.engine_is_there => self.progress(handles),
            () = sleep => {
                self.dirty = true;
                self.take(Message::Clock(Instant::now()), handles)
            }
        }
    }

    /// Takes in all that waits, but not for ever: what floods in is drawn as it goes. What the person did is not kept
    /// waiting for what the engine has to tell.
    fn drain(&mut self, handles: &mut Handles) -> io::Result<()> {
        let began = Instant::now();
        self.take(Message::Clock(began), handles)?;
        self.take(Message::Today(jiff::Zoned::now()), handles)?;
        if self.forgets_at.is_some_and(|at| began >= at) {
            self.forget_sequence(handles)?;
        }
        while !self.leaving && began.elapsed() < DRAIN {
            if let Some(input) = self.keyboard.waiting().transpose() {
                self.input(input, handles)?;
            } else if self.owes_an_answer && self.pace.is_due(Instant::now(), true) {
                return Ok(());
            } else if let Ok(notification) = self.notifications.try_recv() {
                self.notification(notification, handles)?;
            } else if let Ok(event) = handles.events.try_recv() {
                self.take(Message::Event(event), handles)?;
            } else {
                break;
            }
        }
        if handles.progress.has_changed().unwrap_or(false) {
            self.progress(handles)?;
        }
        Ok(())
    }

    fn progress(&mut self, handles: &mut Handles) -> io::Result<()> {
        let snapshot = handles.progress.borrow_and_update().clone();
        self.take(Message::Progress(snapshot), handles)
    }

    fn engine_ended(&mut self, handles: &Handles) -> io::Result<()> {
        self.engine_is_there = false;
        let words = "The engine has ended by itself, which is a fault in Wharf. Nothing more can be done here; \
                     quit and start again.";
        self.take(Message::Trouble(words.to_owned()), handles)
    }

    fn input(&mut self, input: io::Result<Input>, handles: &Handles) -> io::Result<()> {
        let message = match input {
            // The terminal is gone.
            Err(_) => {
                self.leaving = true;
                return Ok(());
            }
            Ok(Input::Key(key)) if key.kind != KeyEventKind::Release => {
                let context = self.model.context();
                match self.look.keys.press(&mut self.pending, context, key) {
                    Meaning::Action(action) => {
                        self.forget_sequence(handles)?;
                        Some(Message::Act(action))
                    }
                    Meaning::More => {
                        self.forgets_at = Some(Instant::now() + SEQUENCE);
                        Some(Message::Begun(self.look.keys.begun(&self.pending, context)))
                    }
                    Meaning::Nothing => {
                        self.forget_sequence(handles)?;
                        None
                    }
                }
            }
            Ok(Input::Mouse(event)) => {
                let message = mouse(event).map(Message::Mouse);
                if message.is_some() {
                    self.forget_sequence(handles)?;
                }
                message
            }
            Ok(Input::Paste(text)) => {
                self.forget_sequence(handles)?;
                Some(Message::Paste(text))
            }
            // A new size comes as a notification: crossterm loses it where a key comes with it.
            Ok(_) => None,
        };
        match message {
            Some(message) => {
                self.owes_an_answer = true;
                self.take(message, handles)
            }
            None => Ok(()),
        }
    }

    /// A sequence that had begun is over: it came to something, to nothing, or nothing followed in time.
    fn forget_sequence(&mut self, handles: &Handles) -> io::Result<()> {
        self.pending.forget();
        match self.forgets_at.take() {
            Some(_) => self.take(Message::Begun(None), handles),
            None => Ok(()),
        }
    }

    fn notification(&mut self, notification: Notification, handles: &Handles) -> io::Result<()> {
        match notification {
            Notification::Leave => self.leaving = true,
            Notification::Interrupt => self.take(Message::Act(Action::Interrupt), handles)?,
            Notification::Suspend => self.take(Message::Act(Action::Suspend), handles)?,
            Notification::Panicked(words) => {
                self.take(Message::Trouble(display::escape_text(&words)), handles)?;
            }
            Notification::Continued => {
                self.screen.come_back()?;
                self.resized(handles)?;
            }
            Notification::Resized => {
                // Whole: what a smaller size cut off is gone, though by now the size may be what it was.
                self.screen.redraw()?;
                self.owes_an_answer = true;
                self.resized(handles)?;
            }
        }
        Ok(())
    }

    fn resized(&mut self, handles: &Handles) -> io::Result<()> {
        let (width, height) = self.screen.size()?;
        self.take(Message::Resized { width, height }, handles)
    }

    fn take(&mut self, message: Message, handles: &Handles) -> io::Result<()> {
        self.dirty |= !is_unseen(&message);
        let effects = update(&mut self.model, message);
        self.carry_out(effects, handles)
    }

    fn carry_out(&mut self, effects: Vec<Effect>, handles: &Handles) -> io::Result<()> {
        for effect in effects {
            match effect {
                // An engine that has ended takes no more commands; the screen has said so already.
                Effect::Engine(command) => drop(handles.commands.send(command)),
                Effect::Shelf(order) => self.shelf.order(order),
                // The bell of another program's screen is not ours to ring.
                Effect::Notify(_) if self.is_lent => {}
                Effect::Notify(words) => {
                    let bell = if self.signals.bell { "\x07" } else { "" };
                    let told = self.signals.notify.sequence(&words);
                    self.screen.tell(&format!("{told}{bell}"))?;
                }
                Effect::Quit(remaining) => {
                    self.leaving = true;
                    self.remaining = remaining;
                }
                Effect::Redraw => self.screen.redraw()?,
                Effect::Outside(outside) => self.going_outside.push(outside),
                Effect::Edits(order) => self.edits.order(order),
                Effect::Paint(ticket, order) => self.painter.order(ticket, order),
                Effect::Picture(ticket, order) => {
                    self.gallery.order(ticket, order, terminal::canvas());
                }
                // Without a thread to be had it is freed here.
                Effect::Discard(rows) => {
                    let _ =
                        thread::Builder::new().name("discard".to_owned()).spawn(move || drop(rows));
                }
                Effect::Suspend => {
                    if !self.screen.suspend()? {
                        let words =
                            "There is no shell to go back to: Wharf was not started from one.";
                        update(&mut self.model, Message::Trouble(words.to_owned()));
                    }
                    self.dirty = true;
                }
            }
        }
        Ok(())
    }

    /// Another program has the terminal until it ends. What the engine tells meanwhile is taken in, and nothing drawn:
    /// what an editor saves is sent while it is open.
    async fn go_outside(&mut self, handles: &mut Handles) -> io::Result<()> {
        let outside = self.going_outside.remove(0);
        self.keyboard.lend()?;
        self.screen.lend();
        self.is_lent = true;
        let (wanted, room) = (outside.clone(), self.room.clone());
        let mut ended = tokio::task::spawn_blocking(move || outside::go(&wanted, &room));
        let ended = loop {
            tokio::select! {
                biased;
                ended = &mut ended => break ended,
                Some(news) = self.edits.news.recv() => self.take(Message::Edits(news), handles)?,
                event = handles.events.recv(), if self.engine_is_there => match event {
                    Some(event) => self.take(Message::Event(event), handles)?,
                    None => self.engine_ended(handles)?,
                },
                Ok(()) = handles.progress.changed(), if self.engine_is_there => self.progress(handles)?,
            }
        };
        self.is_lent = false;
        self.keyboard.take_back()?;
        self.screen.come_back()?;
        self.resized(handles)?;
        self.owes_an_answer = true;
        match ended {
            Ok(back) => self.take(Message::CameBack(outside, back), handles),
            Err(_) => {
                let words = "What had the terminal broke off, which is a fault in Wharf.";
                self.take(Message::Trouble(words.to_owned()), handles)
            }
        }
    }

    fn draw(&mut self, handles: &Handles) -> io::Result<()> {
        // The size may have changed though its message still waits: what is drawn must fit what is there.
        self.resized(handles)?;
        (self.dirty, self.owes_an_answer) = (false, false);
        self.screen.set_title(&self.model.title())?;
        if self.signals.taskbar.unwrap_or_else(terminal::has_taskbar) {
            self.screen.set_standing(self.model.standing())?;
        }
        let (model, look) = (&self.model, &self.look);
        self.screen.draw(|frame| view(model, look, frame))
    }
}
