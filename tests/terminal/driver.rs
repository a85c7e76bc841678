//! A person at a terminal: the real binary in a real pty, keys in, screen out.

use std::{
    fs::File,
    io::{Read, Write},
    num::NonZeroU16,
    sync::{
        Arc, Condvar, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use portable_pty::{
    Child, CommandBuilder, ExitStatus, MasterPty, PtySize, SlavePty, native_pty_system,
};
use rustix::termios::{LocalModes, Termios, tcgetattr};

use crate::{
    servers::{
        client::Client,
        processes::{self, Signal},
    },
    support::wait_until,
};

/// Longer than anything takes.
pub(super) const LONG: Duration = Duration::from_secs(30);

/// What every frame ends with.
const END_OF_FRAME: &[u8] = b"\x1b[?2026l";

/// Keys that are no characters.
pub(super) mod key {
    pub(crate) const ENTER: &str = "\r";
    pub(crate) const ESCAPE: &str = "\x1b";
    pub(crate) const DOWN: &str = "\x1b[B";
    pub(crate) const INSERT: &str = "\x1b[2~";
    pub(crate) const F5: &str = "\x1b[15~";
    pub(crate) const F10: &str = "\x1b[21~";
    pub(crate) const F12: &str = "\x1b[24~";
    pub(crate) const CONTROL_Z: &str = "\x1a";
}

/// How the program is started.
pub(super) struct Start {
    pub(super) arguments: Vec<String>,
    pub(super) rows: u16,
    pub(super) columns: u16,
    pub(super) environment: Vec<(&'static str, &'static str)>,
    pub(super) folder: std::path::PathBuf,
    pub(super) shell: bool,
    /// What the terminal says its ground is, when it is asked.
    pub(super) ground: Option<&'static str>,
}

/// Runs a program as a job, stays when it is stopped, and continues it when Enter is pressed.
const SHELL: &str = r#"set -m
"$@"
echo THE SHELL AGAIN
read line
fg >/dev/null
echo "IT ENDED WITH $?""#;

impl Start {
    /// `wharf -F CONFIG … PLACES` in a folder, on a screen of 24 × 100.
    pub(super) fn new(client: &Client, folder: &std::path::Path, places: &[&str]) -> Self {
        let text = |path: std::path::PathBuf| path.to_string_lossy().into_owned();
        let mut arguments = vec!["-F".into(), text(client.config())];
        arguments.extend(["--config-dir".into(), text(client.config_dir())]);
        arguments.extend(["--state-dir".into(), text(client.state_dir())]);
        arguments.extend(places.iter().map(|place| (*place).to_owned()));
        Self {
            arguments,
            rows: 24,
            columns: 100,
            environment: vec![("TERM", "xterm-256color")],
            folder: folder.into(),
            shell: false,
            ground: None,
        }
    }

    pub(super) fn size(mut self, rows: u16, columns: u16) -> Self {
        (self.rows, self.columns) = (rows, columns);
        self
    }

    /// Sets one variable of the environment, in place of what was set before.
    pub(super) fn environment(mut self, name: &'static str, value: &'static str) -> Self {
        self.environment.push((name, value));
        self
    }

    /// Has the terminal answer what its ground is (`rgb:` of X), as most do.
    pub(super) fn on_ground(mut self, ground: &'static str) -> Self {
        self.ground = Some(ground);
        self
    }

    /// Has a shell between the terminal and the program, as a person has.
    pub(super) fn under_a_shell(mut self) -> Self {
        self.shell = true;
        self
    }

    /// Starts it.
    pub(super) fn run(self) -> Terminal {
        let size = PtySize { rows: self.rows, cols: self.columns, pixel_width: 0, pixel_height: 0 };
        let pty = native_pty_system().openpty(size).unwrap();
        let program = env!("CARGO_BIN_EXE_wharf");
        let mut command = CommandBuilder::new(if self.shell { "/bin/sh" } else { program });
        if self.shell {
            command.args(["-c", SHELL, "sh", program]);
        }
        command.args(&self.arguments);
        command.cwd(&self.folder);
        command.env_clear();
        command.env("PATH", std::env::var_os("PATH").unwrap_or_default());
        command.env("HOME", &self.folder);
        command.env("LANG", "C.UTF-8");
        command.env("TZ", "UTC");
        for (name, value) in &self.environment {
            command.env(name, value);
        }
        let tty =
            File::options().read(true).write(true).open(pty.master.tty_name().unwrap()).unwrap();
        let before = tcgetattr(&tty).unwrap();
        let child = pty.slave.spawn_command(command).unwrap();
        let parser =
            Arc::new(Mutex::new(vt100::Parser::new(number(self.rows), number(self.columns), 0)));
        let output = Arc::new(Mutex::new(Vec::new()));
        let arrival = Arc::new((Mutex::new(Instant::now()), Condvar::new()));
        let mut reader = pty.master.try_clone_reader().unwrap();
        let (screen, all, last) = (parser.clone(), output.clone(), arrival.clone());
        let closing = Arc::new(AtomicBool::new(false));
        let closed = closing.clone();
        let writer: Writer = Arc::new(Mutex::new(pty.master.take_writer().unwrap()));
        let (answers, mut ground) = (writer.clone(), self.ground);
        let reads = thread::spawn(move || {
            let mut buffer = [0; 65536];
            while let Ok(length @ 1..) = reader.read(&mut buffer) {
                if closed.load(Ordering::Relaxed) {
                    return;
                }
                let now = Instant::now();
                screen.lock().unwrap().process(&buffer[..length]);
                all.lock().unwrap().extend_from_slice(&buffer[..length]);
                // Only until it is answered: to look through all of it at every read would keep the next frame waiting.
                if ground.is_some()
                    && is_question(&all.lock().unwrap())
                    && let Some(ground) = ground.take()
                {
                    let letters = "8080/8080/8080";
                    let answer =
                        format!("\x1b]10;rgb:{letters}\x07\x1b]11;rgb:{ground}\x07\x1b[?62c");
                    answers.lock().unwrap().write_all(answer.as_bytes()).unwrap();
                }
                *last.0.lock().unwrap() = now;
                last.1.notify_all();
            }
        });
        Terminal {
            master: Some(pty.master),
            slave: Some(pty.slave),
            writer: Some(writer),
            tty,
            before,
            child,
            parser,
            output,
            arrival,
            closing,
            reads: Some(reads),
        }
    }
}

/// Where what is typed goes.
type Writer = Arc<Mutex<Box<dyn Write + Send>>>;

/// Whether the terminal was asked for its ground, and for what it is, which ends the question.
fn is_question(output: &[u8]) -> bool {
    const QUESTION: &[u8] = b"\x1b]11;?\x07\x1b[c";
    output.windows(QUESTION.len()).any(|here| here == QUESTION)
}

fn number(number: u16) -> NonZeroU16 {
    NonZeroU16::new(number).unwrap()
}

/// The running program and its screen.
pub(super) struct Terminal {
    master: Option<Box<dyn MasterPty + Send>>,
    // Held so that the terminal outlives the program, as a person's does.
    slave: Option<Box<dyn SlavePty + Send>>,
    writer: Option<Writer>,
    tty: File,
    before: Termios,
    child: Box<dyn Child + Send + Sync>,
    parser: Arc<Mutex<vt100::Parser>>,
    output: Arc<Mutex<Vec<u8>>>,
    /// When something was written last; told to whoever waits for more.
    arrival: Arc<(Mutex<Instant>, Condvar)>,
    closing: Arc<AtomicBool>,
    reads: Option<JoinHandle<()>>,
}

impl Terminal {
    /// Types.
    pub(super) fn keys(&mut self, keys: &str) {
        let mut writer = self.writer.as_ref().unwrap().lock().unwrap();
        writer.write_all(keys.as_bytes()).unwrap();
        writer.flush().unwrap();
    }

    /// The screen's text, a line a row.
    pub(super) fn text(&self) -> String {
        self.look(vt100::Screen::contents)
    }

    /// All that was ever written to the terminal.
    pub(super) fn output(&self) -> Vec<u8> {
        self.output.lock().unwrap().clone()
    }

    /// Waits until the screen shows this.
    #[track_caller]
    pub(super) fn shows(&self, text: &str) {
        self.until(text, |screen| screen.contains(text));
    }

    /// Waits until the screen does not show this any more.
    #[track_caller]
    pub(super) fn hides(&self, text: &str) {
        self.until(&format!("no {text}"), |screen| !screen.contains(text));
    }

    /// Waits until something holds of the screen; says what it shows if it never does.
    #[track_caller]
    pub(super) fn until(&self, what: &str, holds: impl Fn(&str) -> bool) {
        let end = Instant::now() + LONG;
        let in_time = || Instant::now() < end;
        wait_until("the screen settles", 2 * LONG, || holds(&self.text()) || !in_time());
        let text = self.text();
        let up = self.has_screen();
        assert!(holds(&text), "the screen (up: {up}) never showed {what:?}:\n{text}\n");
    }

    /// How long it takes from the keys to the screen showing this.
    pub(super) fn reaction(&mut self, keys: &str, shown: impl Fn(&str) -> bool) -> Duration {
        assert!(!shown(&self.text()), "shown already:\n{}", self.text());
        let start = Instant::now();
        self.keys(keys);
        while !shown(&self.text()) {
            assert!(start.elapsed() < LONG, "no reaction to {keys:?}:\n{}", self.text());
            thread::yield_now();
        }
        start.elapsed()
    }

    /// How long it takes from the keys to the last byte of a frame of which this holds; `None` if it never comes.
    /// Looks only when something was written, so that looking takes no time from the program.
    pub(super) fn time_to_frame(
        &mut self,
        keys: &str,
        holds: impl Fn(&vt100::Screen) -> bool,
    ) -> Option<Duration> {
        let start = Instant::now();
        self.keys(keys);
        let (arrival, more) = &*self.arrival;
        let mut last = arrival.lock().unwrap();
        loop {
            let is_whole = self.output.lock().unwrap().ends_with(END_OF_FRAME);
            if *last > start && is_whole && holds(self.parser.lock().unwrap().screen()) {
                return Some(*last - start);
            }
            let left = LONG.checked_sub(start.elapsed())?;
            last = more.wait_timeout(last, left).unwrap().0;
        }
    }

    /// Looks at the screen.
    pub(super) fn look<T>(&self, look: impl FnOnce(&vt100::Screen) -> T) -> T {
        look(self.parser.lock().unwrap().screen())
    }

    /// Bytes written to the terminal so far.
    pub(super) fn written(&self) -> usize {
        self.output.lock().unwrap().len()
    }

    /// The program's process.
    pub(super) fn process(&self) -> u32 {
        self.child.process_id().unwrap()
    }

    /// Gives the terminal another size.
    pub(super) fn resize(&mut self, rows: u16, columns: u16) {
        let size = PtySize { rows, cols: columns, pixel_width: 0, pixel_height: 0 };
        self.parser.lock().unwrap().screen_mut().set_size(number(rows), number(columns));
        self.master.as_ref().unwrap().resize(size).unwrap();
    }

    /// Sends a signal to the program.
    pub(super) fn signal(&self, signal: Signal) {
        processes::signal(self.child.process_id().unwrap(), signal);
    }

    /// Closes the terminal's window.
    pub(super) fn hang_up(&mut self) {
        // Every handle of the terminal's end has to go, for the program to be told. The reader's too: it is woken.
        self.closing.store(true, Ordering::Relaxed);
        self.tty.write_all(b"x").unwrap();
        self.reads.take().unwrap().join().unwrap();
        self.writer = None;
        self.slave = None;
        self.master = None;
    }

    /// Waits for the program's end.
    #[track_caller]
    pub(super) fn ended(&mut self) -> ExitStatus {
        let mut status = None;
        wait_until("the program ends", LONG, || {
            status = self.child.try_wait().unwrap();
            status.is_some()
        });
        status.unwrap()
    }

    /// The terminal must be as it was before: no alternate screen, cursor shown, lines edited by the system.
    #[track_caller]
    pub(super) fn is_restored(&self) {
        let holds = || {
            let parser = self.parser.lock().unwrap();
            let screen = parser.screen();
            !screen.alternate_screen()
                && !screen.hide_cursor()
                && !screen.bracketed_paste()
                && screen.mouse_protocol_mode() == vt100::MouseProtocolMode::None
        };
        wait_until("the screen is given back", LONG, holds);
        let now = tcgetattr(&self.tty).unwrap();
        assert!(now.local_modes.contains(LocalModes::ICANON | LocalModes::ECHO | LocalModes::ISIG));
        assert_eq!(now.local_modes, self.before.local_modes);
        assert_eq!(now.input_modes, self.before.input_modes);
        assert_eq!(now.output_modes, self.before.output_modes);
    }

    /// Whether the program has the screen now.
    pub(super) fn has_screen(&self) -> bool {
        self.look(vt100::Screen::alternate_screen)
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        if thread::panicking() {
            println!("--- the last screen\n{}\n---", self.text());
        }
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
