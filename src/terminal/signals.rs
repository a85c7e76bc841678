//! Signals, on a thread of their own, and the end of the terminal that no signal tells of.

use std::{
    io,
    sync::{
        Arc, LazyLock, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::Duration,
};

use crossterm::terminal;
use signal_hook::{
    SigId,
    consts::{SIGCONT, SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGTSTP, SIGWINCH},
    flag,
    iterator::Signals,
    low_level::{emulate_default_handler, unregister},
};

use super::{Notification, SCREEN_THREAD, STOPPING, lock, notify};

/// How long the loop may take to leave after a signal before the process is ended without it.
const GRACE: Duration = Duration::from_secs(4);

/// Set while another program has the terminal: what a person interrupts is that program.
static LENT: AtomicBool = AtomicBool::new(false);
/// Set by the handler itself when a person interrupts another program: the thread may see the signal only when the
/// terminal is Wharf's again, and must not take it for its own then.
static MEANT_FOR_ANOTHER: LazyLock<Arc<AtomicBool>> = LazyLock::new(Arc::default);
/// What sets it, while it is to be set.
static HANDLERS: Mutex<Vec<SigId>> = Mutex::new(Vec::new());

/// Another program has the terminal from now on.
pub(super) fn lend() {
    let set_by = |signal| flag::register(signal, MEANT_FOR_ANOTHER.clone());
    LENT.store(true, Ordering::SeqCst);
    lock(&HANDLERS).extend([SIGINT, SIGQUIT].map(set_by).into_iter().flatten());
}

/// It is Wharf's again.
pub(super) fn take_back() {
    for handler in lock(&HANDLERS).drain(..) {
        unregister(handler);
    }
    LENT.store(false, Ordering::SeqCst);
}

/// The terminal is gone, and the loop was told.
static HUNG_UP: AtomicBool = AtomicBool::new(false);

pub(super) fn watch() -> io::Result<()> {
    static WATCHED: AtomicBool = AtomicBool::new(false);
    if WATCHED.swap(true, Ordering::SeqCst) {
        return Ok(());
    }
    let signals = [SIGTERM, SIGHUP, SIGINT, SIGQUIT, SIGTSTP, SIGCONT, SIGWINCH];
    let mut signals = Signals::new(signals)?;
    thread::Builder::new().name("signals".to_owned()).spawn(move || {
        for signal in signals.forever() {
            on_signal(signal);
        }
    })?;
    Ok(())
}

fn on_signal(signal: i32) {
    let is_up = lock(&SCREEN_THREAD).is_some();
    match signal {
        // It goes on by itself: the terminal is not ours to take over.
        SIGCONT if LENT.load(Ordering::SeqCst) => {}
        SIGCONT => notify(Notification::Continued),
        SIGWINCH => notify(Notification::Resized),
        // Forgotten here and not when the process goes on: this thread may see the signal only then.
        SIGTSTP if STOPPING.swap(false, Ordering::SeqCst) => {}
        SIGTSTP if is_up => notify(Notification::Suspend),
        SIGINT | SIGQUIT if is_anothers() => {}
        SIGINT if is_up => notify(Notification::Interrupt),
        SIGTSTP => {
            let _ = emulate_default_handler(signal);
        }
        // The hang-up was noticed before its signal came: it says nothing new.
        SIGHUP if HUNG_UP.load(Ordering::SeqCst) => {}
        // Already on the way out: no more patience.
        _ if !is_up => {
            let _ = emulate_default_handler(signal);
        }
        _ => {
            notify(Notification::Leave);
            end_after_grace(signal);
        }
    }
}

/// Whether what a person interrupted was another program.
fn is_anothers() -> bool {
    MEANT_FOR_ANOTHER.swap(false, Ordering::SeqCst) || LENT.load(Ordering::SeqCst)
}

/// Whoever was told to leave and has not left by then is ended.
fn end_after_grace(signal: i32) {
    let _ = thread::Builder::new().name("grace".to_owned()).spawn(move || {
        thread::sleep(GRACE);
        // The loop hangs, perhaps in a write to a terminal that does not read: only the mode can be restored.
        let _ = terminal::disable_raw_mode();
        let _ = emulate_default_handler(signal);
    });
}

/// Leaves when the terminal is gone though no SIGHUP came: reading it would only spin (crossterm#793).
pub(super) fn watch_for_hangup() {
    use rustix::event::{PollFd, PollFlags, poll};
    let watch = || {
        let stdin = io::stdin();
        let mut fds = [PollFd::new(&stdin, PollFlags::empty())];
        loop {
            match poll(&mut fds, None) {
                Err(rustix::io::Errno::INTR) => {}
                Err(_) => return,
                Ok(_) => {
                    HUNG_UP.store(true, Ordering::SeqCst);
                    notify(Notification::Leave);
                    end_after_grace(SIGHUP);
                    return;
                }
            }
        }
    };
    let _ = thread::Builder::new().name("hangup".to_owned()).spawn(watch);
}
