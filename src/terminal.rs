//! Enters and leaves the screen; leaves it restored whatever happens.
//!
//! Quitting and errors restore by [`Screen`]'s drop; a panic on the screen's thread by the panic hook, before its
//! words are printed; a panic elsewhere leaves the screen alone and is reported on it. Signals arrive on a thread
//! of their own, which ends the process by itself if the loop cannot.

mod keyboard;
mod knows;
mod signals;

use std::{
    io::{self, IsTerminal, Write},
    panic,
    sync::{
        Arc, Mutex, Once, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    thread::{self, ThreadId},
};

use crossterm::{
    cursor::{Hide, Show},
    event::{DisableBracketedPaste, EnableBracketedPaste},
    queue,
    style::Print,
    terminal::{
        self, BeginSynchronizedUpdate, Clear, ClearType, EndSynchronizedUpdate,
        EnterAlternateScreen, LeaveAlternateScreen, SetTitle,
    },
};
use ratatui::{Frame, Terminal, backend::CrosstermBackend};
use signal_hook::{consts::SIGTSTP, low_level::emulate_default_handler};
use tokio::sync::mpsc::{self, UnboundedReceiver, UnboundedSender};

use crate::domain::signals::Standing;

pub(crate) use keyboard::Keyboard;
pub use knows::{Shade, shade};
pub(crate) use knows::{canvas, has_colours, has_taskbar};

/// Why there can be no screen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NoScreen {
    /// Input or output is a file, a pipe, or nothing.
    #[error(
        "the screen needs a terminal for input and output; `wharf cp` and `wharf ls` work without one"
    )]
    NotATerminal,
    /// `TERM` says that the terminal can do nothing.
    #[error("the terminal (TERM={0}) cannot show a screen; `wharf cp` and `wharf ls` work on it")]
    Dumb(&'static str),
}

/// Whether there can be a screen. To be asked before anything else is begun.
pub fn check() -> Result<(), NoScreen> {
    if !io::stdin().is_terminal() || !io::stdout().is_terminal() {
        return Err(NoScreen::NotATerminal);
    }
    match std::env::var_os("TERM") {
        Some(term) if term == "dumb" => Err(NoScreen::Dumb("dumb")),
        Some(term) if !term.is_empty() => Ok(()),
        _ => Err(NoScreen::Dumb("")),
    }
}

/// What comes from outside of the loop and is not input.
#[derive(Debug)]
pub(crate) enum Notification {
    /// Leave: a signal, or the terminal is gone.
    Leave,
    /// SIGINT: as if Ctrl-C had been pressed.
    Interrupt,
    /// Hand the terminal back to the shell.
    Suspend,
    /// The process goes on after it was stopped.
    Continued,
    /// The terminal has another size.
    Resized,
    /// A thread panicked.
    Panicked(String),
}

/// The thread that draws, while the screen is up.
static SCREEN_THREAD: Mutex<Option<ThreadId>> = Mutex::new(None);
/// Where notifications go, once there is someone to take them.
static NOTIFY: Mutex<Option<UnboundedSender<Notification>>> = Mutex::new(None);
/// Set while the process stops itself: its own SIGTSTP is no second request.
static STOPPING: AtomicBool = AtomicBool::new(false);
/// Set while the taskbar shows progress.
static PROGRESS_SHOWN: AtomicBool = AtomicBool::new(false);

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A frame's bytes, handed to the terminal in one piece: half a frame never follows a restored screen.
///
/// A handle: ratatui's backend holds one, the screen another.
#[derive(Debug, Clone, Default)]
struct FrameBytes(Arc<Mutex<Vec<u8>>>);

impl Write for FrameBytes {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        lock(&self.0).extend_from_slice(bytes);
        Ok(bytes.len())
    }

    /// Does nothing: [`FrameBytes::send`] does.
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl FrameBytes {
    fn discard(&self) -> io::Result<()> {
        lock(&self.0).clear();
        Ok(())
    }

    fn send(&self) -> io::Result<()> {
        let bytes = std::mem::take(&mut *lock(&self.0));
        let mut stdout = io::stdout().lock();
        stdout.write_all(&bytes)?;
        stdout.flush()
    }
}

/// The screen, entered. Dropping it restores the terminal.
pub(crate) struct Screen {
    terminal: Terminal<CrosstermBackend<FrameBytes>>,
    bytes: FrameBytes,
    last_cursor: LastCursor,
    title: String,
    standing: Standing,
}

/// How the last frame left the cursor: told with every frame, though it is no news.
#[derive(Debug, Default)]
struct LastCursor(Vec<u8>);

impl LastCursor {
    fn send_what_is_new(&mut self, bytes: &FrameBytes) -> io::Result<()> {
        if self.is_news(&lock(&bytes.0)) { bytes.send() } else { bytes.discard() }
    }

    /// Whether a frame changes anything. Cells, clearing and the title are all led by more than attributes and modes,
    /// which is all that a frame without news consists of before the cursor is hidden or shown and put somewhere.
    fn is_news(&mut self, frame: &[u8]) -> bool {
        const CURSOR: &[u8] = b"\x1b[?25";
        let cursor = frame.windows(CURSOR.len()).rposition(|here| here == CURSOR);
        let (cells, cursor) = frame.split_at(cursor.unwrap_or(frame.len()));
        let only_attributes = cells.split(|&byte| byte == 0x1b).skip(1).all(|sequence| {
            let [b'[', numbers @ .., b'm' | b'h'] = sequence else { return false };
            numbers.iter().all(|byte| matches!(byte, b'0'..=b'?'))
        });
        let is_news = !only_attributes || cursor != self.0.as_slice();
        if is_news {
            self.0 = cursor.to_vec();
        }
        is_news
    }
}

impl Screen {
    /// Takes the terminal over, and starts to watch for signals and panics.
    pub(crate) fn enter() -> io::Result<(Self, UnboundedReceiver<Notification>)> {
        let (sender, notifications) = mpsc::unbounded_channel();
        *lock(&NOTIFY) = Some(sender);
        watch_panics();
        signals::watch()?;
        take_over()?;
        let bytes = FrameBytes::default();
        let backend = CrosstermBackend::new(bytes.clone());
        let terminal = match Terminal::new(backend) {
            Ok(terminal) => terminal,
            Err(error) => {
                give_back();
                return Err(error);
            }
        };
        signals::watch_for_hangup();
        let last_cursor = LastCursor::default();
        Ok((
            Self { terminal, bytes, last_cursor, title: String::new(), standing: Standing::Idle },
            notifications,
        ))
    }

    /// Draws one frame, shown all at once; writes nothing where it is the one that is there.
    pub(crate) fn draw(&mut self, draw: impl FnOnce(&mut Frame<'_>)) -> io::Result<()> {
        queue!(self.bytes, BeginSynchronizedUpdate)?;
        self.terminal.draw(draw)?;
        queue!(self.bytes, EndSynchronizedUpdate)?;
        self.last_cursor.send_what_is_new(&self.bytes)
    }

    /// The size in columns and rows.
    pub(crate) fn size(&self) -> io::Result<(u16, u16)> {
        terminal::size()
    }

    /// Sets the terminal's title; the text must be free of control characters.
    pub(crate) fn set_title(&mut self, title: &str) -> io::Result<()> {
        const LONGEST: usize = 200;
        if title == self.title {
            return Ok(());
        }
        self.title = title.to_owned();
        let shown: String = title.chars().take(LONGEST).collect();
        queue!(self.bytes, SetTitle(shown))
    }

    /// Shows in the taskbar how the jobs stand; writes nothing where that is what it shows.
    pub(crate) fn set_standing(&mut self, standing: Standing) -> io::Result<()> {
        if standing == self.standing {
            return Ok(());
        }
        self.standing = standing;
        PROGRESS_SHOWN.store(standing != Standing::Idle, Ordering::SeqCst);
        self.tell(&standing.sequence())
    }

    /// Tells the terminal something beside the screen; the text must be whole sequences.
    pub(crate) fn tell(&mut self, sequence: &str) -> io::Result<()> {
        let mut bytes = FrameBytes::default();
        bytes.write_all(sequence.as_bytes())?;
        bytes.send()
    }

    /// Draws every cell anew with the next frame.
    pub(crate) fn redraw(&mut self) -> io::Result<()> {
        self.title.clear();
        // Not `Terminal::clear`: it asks the terminal where its cursor is, and waits for the answer.
        // Part of the frame: a screen emptied before its frame begins would flicker.
        queue!(self.bytes, BeginSynchronizedUpdate, Clear(ClearType::All))?;
        self.terminal = Terminal::new(CrosstermBackend::new(self.bytes.clone()))?;
        Ok(())
    }

    /// Stops the process as Ctrl-Z does, and comes back when it goes on. Whether there was a shell to go to.
    pub(crate) fn suspend(&mut self) -> io::Result<bool> {
        // In a group of its own a shell put the process there and can bring it back; stopped in the group that
        // leads the session, nobody would.
        let has_shell = rustix::process::getsid(None)? != rustix::process::getpgrp();
        if !has_shell {
            return Ok(false);
        }
        give_back();
        STOPPING.store(true, Ordering::SeqCst);
        // The whole group, as the terminal does it: a parent such as cargo must stop as well.
        let group = rustix::process::kill_current_process_group(rustix::process::Signal::TSTP);
        if group.is_err() {
            STOPPING.store(false, Ordering::SeqCst);
        }
        let stopped = emulate_default_handler(SIGTSTP);
        group?;
        stopped?;
        self.come_back()?;
        Ok(true)
    }

    /// Gives the terminal to another program, until [`Screen::come_back`].
    pub(crate) fn lend(&mut self) {
        signals::lend();
        give_back();
    }

    /// Takes the terminal over again after the process was stopped, however that came.
    pub(crate) fn come_back(&mut self) -> io::Result<()> {
        signals::take_back();
        terminal::disable_raw_mode()?;
        take_over()?;
        self.redraw()
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        give_back();
        report_late_panics();
    }
}

fn take_over() -> io::Result<()> {
    *lock(&SCREEN_THREAD) = Some(thread::current().id());
    terminal::enable_raw_mode()?;
    let mut bytes = FrameBytes::default();
    queue!(
        bytes,
        // Keeps the title (XTWINOPS 22), for there is no asking what it was.
        Print("\x1b[22;0t"),
        EnterAlternateScreen,
        // Buttons, drags and the wheel with SGR coordinates; not every movement, which would wake an idle screen.
        Print("\x1b[?1000h\x1b[?1002h\x1b[?1006h"),
        EnableBracketedPaste,
        Hide,
    )?;
    bytes.send().inspect_err(|_| give_back())
}

/// Restores the terminal. Does nothing when it is not taken; never fails, for there is nobody to tell.
fn give_back() {
    if lock(&SCREEN_THREAD).take().is_none() {
        return;
    }
    let mut bytes = FrameBytes::default();
    let queued = queue!(
        bytes,
        EndSynchronizedUpdate,
        DisableBracketedPaste,
        Print("\x1b[?1006l\x1b[?1002l\x1b[?1000l"),
        LeaveAlternateScreen,
        Show,
        Print("\x1b[23;0t"),
    );
    let queued = queued.and_then(|()| {
        // What was shown in the taskbar does not outlive the screen.
        let has_progress = PROGRESS_SHOWN.swap(false, Ordering::SeqCst);
        if has_progress { bytes.write_all(Standing::Idle.sequence().as_bytes()) } else { Ok(()) }
    });
    let _ = queued.and_then(|()| bytes.send());
    let _ = terminal::disable_raw_mode();
}

fn notify(notification: Notification) {
    if let Some(sender) = lock(&NOTIFY).as_ref() {
        let _ = sender.send(notification);
    }
}

/// Panics that came when nobody could show them any more.
static LATE_PANICS: Mutex<Vec<String>> = Mutex::new(Vec::new());

fn watch_panics() {
    static WATCHED: Once = Once::new();
    WATCHED.call_once(|| {
        let usual = panic::take_hook();
        panic::set_hook(Box::new(move |panic| {
            let screen_thread = *lock(&SCREEN_THREAD);
            match screen_thread {
                Some(screen) if screen != thread::current().id() => {
                    let words = words_of(panic);
                    lock(&LATE_PANICS).push(words.clone());
                    notify(Notification::Panicked(words));
                }
                _ => {
                    give_back();
                    usual(panic);
                }
            }
        }));
    });
}

/// What a panic said and where, without what a terminal could obey.
fn words_of(panic: &panic::PanicHookInfo<'_>) -> String {
    let said = panic.payload_as_str().unwrap_or("no words");
    let place = panic.location().map_or_else(String::new, |place| format!(" at {place}"));
    let thread = thread::current();
    let thread = thread.name().unwrap_or("a thread");
    let words = format!("{thread} panicked{place}: {said}");
    let words = words.replace(char::is_control, "\u{fffd}");
    format!("This is a fault in Wharf: {words}")
}

/// The screen shows panics while it is there; afterwards they stand in the shell's window for the report.
fn report_late_panics() {
    for words in lock(&LATE_PANICS).drain(..) {
        let _ = writeln!(io::stderr(), "wharf: {words}");
    }
}

#[cfg(test)]
mod tests {
    use ratatui::{TerminalOptions, Viewport, layout::Rect};

    use super::*;

    #[test]
    fn a_frame_that_changes_nothing_is_no_news() {
        let bytes = FrameBytes::default();
        let options = TerminalOptions { viewport: Viewport::Fixed(Rect::new(0, 0, 9, 2)) };
        let mut terminal =
            Terminal::with_options(CrosstermBackend::new(bytes.clone()), options).unwrap();
        let mut last_cursor = LastCursor::default();
        let mut is_news = |text: &'static str, cursor: Option<(u16, u16)>| {
            let mut bytes = bytes.clone();
            queue!(bytes, BeginSynchronizedUpdate).unwrap();
            let draw = |frame: &mut Frame<'_>| {
                frame.render_widget(text, frame.area());
                cursor.into_iter().for_each(|cursor| frame.set_cursor_position(cursor));
            };
            terminal.draw(draw).unwrap();
            queue!(bytes, EndSynchronizedUpdate).unwrap();
            let is_news = last_cursor.is_news(&lock(&bytes.0));
            bytes.discard().unwrap();
            is_news
        };
        for (text, cursor, expected) in [
            ("hm", None, true),
            ("hm", None, false),
            ("hm", None, false),
            ("mh", None, true),
            ("mh", None, false),
            ("mh", Some((1, 1)), true),
            ("mh", Some((1, 1)), false),
            ("mh", Some((2, 1)), true),
            ("m", Some((2, 1)), true),
            ("m", Some((2, 1)), false),
            ("m", None, true),
        ] {
            assert_eq!(is_news(text, cursor), expected, "{text} {cursor:?}");
        }
    }
}
