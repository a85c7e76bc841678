//! Remakes the pictures in `assets/` from a real run of the demo in a real pty.
//!
//! `cargo build --release --examples && cargo run --release --example screenshot`

#[path = "terminal/picture.rs"]
mod picture;

use std::{
    fs,
    io::{Read as _, Write},
    num::NonZeroU16,
    path::Path,
    sync::{Arc, Mutex, PoisonError},
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context as _, bail};
use portable_pty::{CommandBuilder, PtySize, native_pty_system};

const ROWS: NonZeroU16 = NonZeroU16::new(30).unwrap();
const COLUMNS: NonZeroU16 = NonZeroU16::new(112).unwrap();
const PATIENCE: Duration = Duration::from_secs(20);

const UP: &str = "\x1b[A";
const F5: &str = "\x1b[15~";
const ENTER: &str = "\r";
const ESCAPE: &str = "\x1b";

/// The main button pressed on a cell, and the pointer moved to another; cells are counted from 1 (SGR, mode 1006).
fn dragged(from: (u16, u16), to: (u16, u16)) -> String {
    format!(
        "\x1b[<0;{};{}M\x1b[<32;{};{}M\x1b[<32;{};{}M",
        from.0,
        from.1,
        to.0 - 1,
        to.1,
        to.0,
        to.1
    )
}

fn main() -> anyhow::Result<()> {
    let assets = Path::new(env!("CARGO_MANIFEST_DIR")).join("assets");
    let demo = std::env::current_exe()?.with_file_name("demo");
    let mut screen = Screen::of(&demo)?;

    screen.shows("settlement")?;
    screen.until(|text| text.matches("settlement").count() >= 2)?;
    screen.keys(&dragged((6, 5), (62, 4)))?;
    screen.shows("copy settlement → ")?;
    fs::write(assets.join("drag.svg"), screen.picture())?;
    screen.keys(ESCAPE)?;
    screen.until(|text| !text.contains("copy settlement → "))?;
    for keys in [UP, " ", " ", F5] {
        screen.keys(keys)?;
    }
    screen.shows("If taken")?;
    fs::write(assets.join("copy.svg"), screen.picture())?;
    screen.keys(ENTER)?;
    screen.until(|text| text.contains("✓") && text.contains("/s"))?;
    fs::write(assets.join("screen.svg"), screen.picture())?;
    screen.keys("w")?;
    screen.shows("Queue")?;
    screen.keys(ENTER)?;
    screen.until(|text| text.contains("done · hash") && text.contains("steps"))?;
    fs::write(assets.join("steps.svg"), screen.picture())?;
    screen.keys(ESCAPE)?;
    screen.until(|text| text.contains("up to") && text.contains("hash"))?;
    screen.keys("w")?;
    // The same once more: what is taken is asked about, and can be answered later.
    screen.until(|text| !text.contains("Queue") && text.contains("settlement"))?;
    for keys in [" ", " ", F5] {
        screen.keys(keys)?;
    }
    screen.shows("If taken")?;
    screen.keys(ENTER)?;
    screen.shows("The name is taken")?;
    screen.keys(ESCAPE)?;
    screen.until(|text| !text.contains("The name is taken"))?;
    screen.keys("w")?;
    screen.until(|text| text.contains(" is taken in ") && text.contains("Done  1"))?;
    screen.keys("w")?;
    screen.until(|text| !text.contains("Queue") && text.contains("settlement"))?;
    // The large files into another folder; once some are there the line is cut for a while.
    for keys in [UP, UP, F5] {
        screen.keys(keys)?;
    }
    screen.shows("If taken")?;
    screen.keys(&format!("\x15demo@files.example:again/{ENTER}"))?;
    screen.until(|text| !text.contains("If taken"))?;
    screen.keys("w")?;
    screen.until(|text| {
        let runs = text.lines().find(|line| line.contains("» copy runs"));
        runs.is_some_and(|line| line.contains("/s") && line.contains("hash"))
    })?;
    screen.cut_the_line()?;
    screen.shows("again in")?;
    fs::write(assets.join("queue.svg"), screen.picture())?;
    screen.until(|text| !text.contains("again in") && text.matches('✓').count() >= 2)?;
    screen.keys("w\t\x04")?;
    screen.shows("Save this place as a site")?;
    screen.keys("\x15pier 12\r")?;
    screen.shows("Saved the site pier 12.")?;
    screen.keys("b")?;
    screen.shows("opens in the right pane")?;
    fs::write(assets.join("sites.svg"), screen.picture())?;
    screen.keys("\x03\x03")
}

/// What ends a frame (mode 2026): what is seen before it may be half of one and half of another.
const END_OF_FRAME: &[u8] = b"\x1b[?2026l";

struct Screen {
    demo: u32,
    parser: Arc<Mutex<Seen>>,
    writer: Box<dyn Write + Send>,
}

/// The screen, and whether the frame on it is whole.
struct Seen {
    parser: vt100::Parser,
    is_whole: bool,
}

impl Screen {
    fn of(program: &Path) -> anyhow::Result<Self> {
        let size =
            PtySize { rows: ROWS.get(), cols: COLUMNS.get(), pixel_width: 0, pixel_height: 0 };
        let pty = native_pty_system().openpty(size)?;
        let mut command = CommandBuilder::new(program);
        command.env("TERM", "xterm-256color");
        command.env("TZ", "UTC");
        let child = pty.slave.spawn_command(command).with_context(|| {
            format!("{} is not built; build the examples first", program.display())
        })?;
        let demo = child.process_id().context("the demo has ended already")?;
        let parser = vt100::Parser::new(ROWS, COLUMNS, 0);
        let parser = Arc::new(Mutex::new(Seen { parser, is_whole: false }));
        let mut reader = pty.master.try_clone_reader()?;
        let writer = pty.master.take_writer()?;
        let fed = parser.clone();
        thread::spawn(move || {
            // The terminal lives as long as it is read.
            let _pty = pty;
            let mut buffer = [0; 65536];
            while let Ok(length @ 1..) = reader.read(&mut buffer) {
                let mut seen = fed.lock().unwrap_or_else(PoisonError::into_inner);
                seen.parser.process(&buffer[..length]);
                seen.is_whole = buffer[..length].ends_with(END_OF_FRAME);
            }
        });
        Ok(Self { demo, parser, writer })
    }

    fn keys(&mut self, keys: &str) -> anyhow::Result<()> {
        self.writer.write_all(keys.as_bytes())?;
        Ok(self.writer.flush()?)
    }

    /// Tells the demo to do so.
    fn cut_the_line(&self) -> anyhow::Result<()> {
        let demo = rustix::process::Pid::from_raw(i32::try_from(self.demo)?);
        let demo = demo.context("the demo has no number")?;
        Ok(rustix::process::kill_process(demo, rustix::process::Signal::USR1)?)
    }

    fn shows(&self, wanted: &str) -> anyhow::Result<()> {
        self.until(|text| text.contains(wanted)).with_context(|| format!("waiting for “{wanted}”"))
    }

    fn until(&self, holds: impl Fn(&str) -> bool) -> anyhow::Result<()> {
        let end = Instant::now() + PATIENCE;
        loop {
            let seen = self.parser.lock().unwrap_or_else(PoisonError::into_inner);
            let text = seen.parser.screen().contents();
            if seen.is_whole && holds(&text) {
                return Ok(());
            }
            drop(seen);
            if Instant::now() > end {
                bail!("the screen shows\n{text}");
            }
            thread::yield_now();
        }
    }

    fn picture(&self) -> String {
        let seen = self.parser.lock().unwrap_or_else(PoisonError::into_inner);
        picture::svg(seen.parser.screen())
    }
}
