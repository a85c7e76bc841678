//! What a headless copy says: JSON objects, plain lines, or one line of progress that is drawn over.

use std::{
    io::{self, IsTerminal as _, Write as _},
    time::Instant,
};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::{Map, Value, json};

use super::complain;
use crate::{
    domain::{
        digest::Verdict,
        error::ErrorKind,
        figures,
        place::{Endpoint, Location},
    },
    engine::message::{Retrying, Snapshot, StepDone, StepEnding, StepKind},
};

/// How a copy reports.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Style {
    Json,
    /// A line a file on standard output.
    Plain,
    /// One line on standard error, drawn over.
    Progress,
    /// Errors only.
    Quiet,
}

/// Adds up what happened and says it.
pub(super) struct Report {
    style: Style,
    started: Instant,
    files: u64,
    bytes: u64,
    failed: u64,
    skipped: u64,
    hash: u64,
    size: u64,
    told_retry: Option<Instant>,
    line_is_drawn: bool,
    last_error: String,
    /// What was typed leaves directories out.
    files_alone: bool,
}

impl Report {
    pub(super) fn new(json: bool, quiet: bool) -> Self {
        let style = match (json, quiet) {
            (true, _) => Style::Json,
            (_, true) => Style::Quiet,
            _ if io::stderr().is_terminal() && io::stdout().is_terminal() => Style::Progress,
            _ => Style::Plain,
        };
        Self {
            style,
            started: Instant::now(),
            files: 0,
            bytes: 0,
            failed: 0,
            skipped: 0,
            hash: 0,
            size: 0,
            told_retry: None,
            line_is_drawn: false,
            last_error: String::new(),
            files_alone: false,
        }
    }

    /// Says for each directory that was named how to take it along, if that was not asked for.
    pub(super) fn files_alone(self, files_alone: bool) -> Self {
        Self { files_alone, ..self }
    }

    pub(super) fn some_failed(&self) -> bool {
        self.failed > 0
    }

    pub(super) fn done(&mut self, step: &StepDone) {
        if !matches!(step.what, StepKind::File | StepKind::Symlink) {
            return;
        }
        self.files += 1;
        self.bytes += step.bytes;
        match step.verdict {
            Some(Verdict::Hash | Verdict::ReadBack | Verdict::Sum(_)) => self.hash += 1,
            Some(Verdict::Size) => self.size += 1,
            Some(Verdict::Off) | None => {}
        }
        match self.style {
            Style::Json => {
                let mut object = Map::new();
                let event = if step.what == StepKind::Symlink { "link" } else { "file" };
                object.insert("event".into(), event.into());
                insert_location(&mut object, "from", &step.from);
                if let Some(to) = &step.to {
                    insert_location(&mut object, "to", to);
                }
                object.insert("bytes".into(), step.bytes.into());
                object.insert("verdict".into(), step.verdict.map(Verdict::word).into());
                object.insert("sha256".into(), step.digest.map(|digest| digest.to_string()).into());
                object.insert("attempts".into(), step.attempts.into());
                object.insert("seconds".into(), rounded(step.seconds));
                self.json(Value::Object(object));
            }
            Style::Plain => {
                let verdict = step.verdict.map_or("link", Verdict::word);
                let to = step.to.as_ref().map(Location::to_string).unwrap_or_default();
                self.out(&format!(
                    "{} -> {to}  {}  {verdict}",
                    step.from,
                    figures::size_words(step.bytes)
                ));
            }
            Style::Progress | Style::Quiet => {}
        }
    }

    pub(super) fn ended(&mut self, from: &Location, to: Option<&Location>, ending: &StepEnding) {
        match ending {
            StepEnding::Failed { error, attempts } => {
                self.failed += 1;
                // One that was named: below it, and at the destination, it is known where a step leads.
                let needs_r = self.files_alone
                    && to.is_none()
                    && matches!(error.kind(), ErrorKind::IsADirectory);
                let text = match needs_r {
                    true => format!("{error} With -r it is copied with all it holds."),
                    false => error.to_string(),
                };
                if self.style == Style::Json {
                    let mut object = Map::new();
                    object.insert("event".into(), "failed".into());
                    insert_location(&mut object, "from", from);
                    if let Some(to) = to {
                        insert_location(&mut object, "to", to);
                    }
                    object.insert("error".into(), text.into());
                    object.insert("attempts".into(), (*attempts).into());
                    self.json(Value::Object(object));
                } else {
                    self.error(&text);
                }
            }
            StepEnding::Skipped => {
                self.skipped += 1;
                match self.style {
                    Style::Json => {
                        let mut object = Map::new();
                        object.insert("event".into(), "skipped".into());
                        insert_location(&mut object, "from", from);
                        self.json(Value::Object(object));
                    }
                    Style::Plain => self.out(&format!("{from}  skipped: the name is taken")),
                    Style::Progress | Style::Quiet => {}
                }
            }
            StepEnding::Cancelled => {}
        }
    }

    /// Something that belongs to no file: a notice, or why a server could not be reached.
    ///
    /// What is the same for a thousand files in a row (a server that cannot be reached) is said once.
    pub(super) fn error(&mut self, text: &str) {
        if self.last_error == text {
            return;
        }
        text.clone_into(&mut self.last_error);
        self.clear_line();
        complain(text);
    }

    /// Draws the line of progress, and tells each wait for another attempt once.
    pub(super) fn progress(&mut self, snapshot: &Snapshot, now: Instant) {
        let retry =
            snapshot.jobs.iter().filter_map(|job| job.retry.as_ref()).min_by_key(|retry| retry.at);
        if let Some(retry) = retry
            && self.told_retry != Some(retry.at)
            && self.style != Style::Quiet
        {
            self.told_retry = Some(retry.at);
            self.tell_retry(retry, now);
        }
        if self.style == Style::Progress {
            self.draw_line(snapshot);
        }
    }

    fn tell_retry(&mut self, retry: &Retrying, now: Instant) {
        let seconds = retry.at.saturating_duration_since(now).as_secs_f64();
        self.error(&format!(
            "{} Attempt {} follows in {}.",
            retry.why,
            retry.attempt,
            figures::duration(seconds)
        ));
    }

    fn draw_line(&mut self, snapshot: &Snapshot) {
        let carried: u64 = snapshot.jobs.iter().map(|job| job.carried_bytes).sum();
        let planned: u64 = snapshot.jobs.iter().map(|job| job.planned_bytes).sum();
        let files: u64 = snapshot.jobs.iter().map(|job| job.planned).sum();
        let ended: u64 = snapshot
            .jobs
            .iter()
            .map(|job| {
                job.counts.done + job.counts.failed + job.counts.skipped + job.counts.cancelled
            })
            .sum();
        let rate: f64 = snapshot.jobs.iter().map(|job| job.rate).sum();
        let more = if snapshot.jobs.iter().all(|job| job.plan_complete) { "" } else { "+" };
        let left = snapshot.jobs.iter().filter_map(|job| job.seconds_left).reduce(f64::max);
        let left =
            left.map(|left| format!(" · {} left", figures::duration(left))).unwrap_or_default();
        let line = format!(
            "{ended} of {files}{more} · {} of {}{more} · {}/s{left}",
            figures::size_words(carried),
            figures::size_words(planned),
            figures::size_words(rate as u64),
        );
        let _ = write!(io::stderr(), "\r\x1b[2K{line}");
        let _ = io::stderr().flush();
        self.line_is_drawn = true;
    }

    fn clear_line(&mut self) {
        if std::mem::take(&mut self.line_is_drawn) {
            let _ = write!(io::stderr(), "\r\x1b[2K");
        }
    }

    /// The sum, at the very end.
    pub(super) fn summary(&mut self) {
        let seconds = self.started.elapsed().as_secs_f64();
        if self.style == Style::Json {
            self.json(json!({
                "event": "summary",
                "files": self.files,
                "bytes": self.bytes,
                "failed": self.failed,
                "skipped": self.skipped,
                "seconds": rounded(seconds),
            }));
            return;
        }
        self.clear_line();
        if self.style == Style::Quiet {
            return;
        }
        let mut parts =
            vec![format!("{} {}", self.files, if self.files == 1 { "file" } else { "files" })];
        parts.push(figures::size_words(self.bytes));
        for (count, word) in [(self.hash, "hash"), (self.size, "size")] {
            if count > 0 {
                parts.push(format!("{count} verified by {word}"));
            }
        }
        for (count, word) in [(self.skipped, "skipped"), (self.failed, "failed")] {
            if count > 0 {
                parts.push(format!("{count} {word}"));
            }
        }
        let rate = figures::size_words((self.bytes as f64 / seconds.max(0.001)) as u64);
        self.out(&format!("{} in {seconds:.1} s ({rate}/s)", parts.join(", ")));
    }

    fn json(&mut self, object: Value) {
        self.out(&object.to_string());
    }

    fn out(&mut self, line: &str) {
        self.clear_line();
        // A reader that went away ends the output, not the copy.
        let _ = writeln!(io::stdout(), "{line}");
    }
}

/// A place as JSON has it: the text, and the bytes of the path in base64 where they are not UTF-8.
pub(super) fn insert_location(object: &mut Map<String, Value>, key: &str, location: &Location) {
    let path = location.path.as_bytes();
    let prefix = match &location.endpoint {
        Endpoint::Local => String::new(),
        Endpoint::Remote(site) => site.before(location.path.is_absolute()),
    };
    object.insert(key.into(), format!("{prefix}{}", String::from_utf8_lossy(path)).into());
    if std::str::from_utf8(path).is_err() {
        object.insert(format!("{key}_base64"), STANDARD.encode(path).into());
    }
}

fn rounded(seconds: f64) -> Value {
    json!((seconds * 1000.0).round() / 1000.0)
}
