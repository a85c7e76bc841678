//! `wharf log`: what was done, a line a step, the newest last.

use std::{
    io::{self, Write as _},
    path::Path,
};

use jiff::{Timestamp, tz::TimeZone};
use serde_json::{Map, Value};

use super::{Outcome, arguments::Log, complain, report::insert_location};
use crate::{
    domain::{digest::Verdict, display, figures, moment},
    engine::journal::ledger::{self, Ending, Row, Wanted},
};

/// Shows the ledger in this directory.
pub fn log(log: &Log, state_dir: &Path) -> Outcome {
    let zone = TimeZone::system();
    let since = match log.since.as_deref().map(|typed| since(typed, &zone)) {
        None => None,
        Some(Ok(since)) => Some(since),
        Some(Err(why)) => {
            complain(&why);
            return Outcome::BadUsage;
        }
    };
    let wanted = Wanted { since, failed: log.failed, last: log.last };
    let mut out = io::BufWriter::new(io::stdout().lock());
    let mut written = Ok(());
    let read = ledger::read(state_dir, wanted, |row| {
        let line = if log.json { as_json(&row).to_string() } else { as_text(&row, &zone) };
        written = writeln!(out, "{line}");
        written.is_ok()
    });
    let written = written.and_then(|()| out.flush());
    match (read, written) {
        (Err(error), _) => {
            complain(&error.to_string());
            Outcome::SomeFailed
        }
        // A reader that went away (a pager that was left) is no failure.
        (Ok(()), Err(error)) if error.kind() != io::ErrorKind::BrokenPipe => {
            complain(&format!("Could not write the ledger out: {error}."));
            Outcome::SomeFailed
        }
        _ => Outcome::Done,
    }
}

/// What was typed behind `--since`.
fn since(typed: &str, zone: &TimeZone) -> Result<Timestamp, String> {
    moment::read(typed, Timestamp::now(), zone).ok_or_else(|| {
        format!(
            "--since {}: neither so long ago (2h, 3d), nor a day (2026-11-25), nor a time (2026-11-25T08:00:00Z)",
            display::escape_text(typed)
        )
    })
}

/// One line: when it ended, how, what it was, what is known of it, how large, from where to where, and why not.
fn as_text(row: &Row, zone: &TimeZone) -> String {
    let when = row.ended.to_zoned(zone.clone()).strftime("%Y-%m-%d %H:%M:%S").to_string();
    let size = row.size.map_or_else(String::new, |size| figures::size_short(Some(size)));
    let mut line = format!(
        "{when}  {:<9}  {:<9}  {:<4}  {size:>5}  {}",
        row.ending.word(),
        row.kind.word(),
        row.verdict.map_or("", Verdict::word),
        row.from,
    );
    if let Some(to) = &row.to {
        line.push_str(&format!(" -> {to}"));
    }
    if let Some(why) = &row.why {
        line.push_str(&format!("  {}", display::escape_text(why)));
    }
    line
}

fn as_json(row: &Row) -> Value {
    let mut object = Map::new();
    object.insert("ended".into(), row.ended.to_string().into());
    object.insert("began".into(), row.began.to_string().into());
    object.insert("ending".into(), row.ending.word().into());
    object.insert("kind".into(), row.kind.word().into());
    insert_location(&mut object, "from", &row.from);
    if let Some(to) = &row.to {
        insert_location(&mut object, "to", to);
    }
    object.insert("bytes".into(), row.size.into());
    object.insert("verdict".into(), row.verdict.map(Verdict::word).into());
    object.insert("method".into(), row.method.clone().into());
    object.insert("sha256".into(), row.digest.map(|digest| digest.to_string()).into());
    object.insert("attempts".into(), row.attempts.into());
    object.insert("job".into(), row.job.into());
    object.insert("step".into(), row.step.into());
    if row.ending == Ending::Failed {
        object.insert("why".into(), row.why.clone().into());
    }
    Value::Object(object)
}
