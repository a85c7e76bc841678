//! The demo's temporary folder, which goes away however the demo ends.

use std::{
    fs, io,
    os::unix::fs::PermissionsExt as _,
    path::Path,
    process,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
        mpsc,
    },
    thread,
    time::Duration,
};

use signal_hook::{
    consts::{SIGHUP, SIGINT, SIGTERM},
    iterator::Signals,
    low_level::emulate_default_handler,
};
use tempfile::TempDir;

/// How long the screen gets to leave by itself after a signal.
const GRACE: Duration = Duration::from_secs(3);

/// Removed when dropped, and when a signal ends the demo.
pub(crate) struct DemoFolder {
    folder: TempDir,
    screen_is_up: Arc<AtomicBool>,
    /// Never sent to: its end tells the watcher that the folder is gone.
    _still_there: mpsc::Sender<()>,
}

impl DemoFolder {
    pub(crate) fn make() -> io::Result<Self> {
        let private = fs::Permissions::from_mode(0o700);
        let folder =
            tempfile::Builder::new().prefix("wharf-demo-").permissions(private).tempdir()?;
        let screen_is_up = Arc::new(AtomicBool::new(false));
        let signals = Signals::new([SIGHUP, SIGINT, SIGTERM])?;
        let (still_there, gone) = mpsc::channel();
        let (path, is_up) = (folder.path().to_owned(), screen_is_up.clone());
        thread::spawn(move || watch(signals, &path, &is_up, &gone));
        Ok(Self { folder, screen_is_up, _still_there: still_there })
    }

    pub(crate) fn path(&self) -> &Path {
        self.folder.path()
    }

    /// From now on the screen hears signals as well, and leaves in order.
    pub(crate) fn screen_is_up(&self) {
        self.screen_is_up.store(true, Ordering::Relaxed);
    }
}

impl Drop for DemoFolder {
    fn drop(&mut self) {
        remove(self.folder.path());
    }
}

/// A copy under way may still put a file in while the folder is emptied: then it is emptied again.
fn remove(folder: &Path) {
    for _ in 0..100 {
        if fs::remove_dir_all(folder).is_ok() || !folder.exists() {
            return;
        }
        thread::park_timeout(Duration::from_millis(20));
    }
}

fn watch(
    mut signals: Signals,
    folder: &Path,
    screen_is_up: &AtomicBool,
    gone: &mpsc::Receiver<()>,
) {
    for signal in signals.forever() {
        let is_up = screen_is_up.load(Ordering::Relaxed);
        match signal {
            // A key like any other while the screen is up.
            SIGINT if is_up => continue,
            // Usually the screen leaves before this is over, and the folder goes with it.
            _ if is_up => drop(gone.recv_timeout(GRACE)),
            _ => {}
        }
        remove(folder);
        if !is_up {
            let _ = emulate_default_handler(signal);
            process::exit(128 + signal);
        }
    }
}
