//! `wharf ls`: one directory, sorted by name.

use std::io::{self, IsTerminal as _, Write as _};

use jiff::{Timestamp as Moment, tz::TimeZone};
use serde_json::{Map, Value};
use tokio::sync::mpsc;

use super::{Interrupt, Outcome, arguments::List, complain, console};
use crate::{
    domain::{
        display,
        entry::{Attributes, Entry, Kind, RefusedName, Timestamp},
        error::{Error, ErrorKind},
        figures,
        path::{Name, StoragePath},
        place::Location,
    },
    engine::{
        Handles,
        message::{Command, ConnectionState, Event, Ticket},
    },
};

/// Lists a place to standard output.
pub async fn list(
    mut handles: Handles,
    list: &List,
    location: Location,
    interrupts: &mut mpsc::Receiver<Interrupt>,
) -> Outcome {
    let listing = tokio::select! {
        listing = take_all(&mut handles, location) => listing,
        _ = interrupts.recv() => return Outcome::Interrupted,
    };
    match listing {
        Ok((mut entries, refused)) => {
            entries.sort_by(|a, b| a.name.cmp(&b.name));
            for name in &refused {
                complain(&format!(
                    "refused the name “{}” of the server: {}",
                    display::escape(&name.bytes),
                    name.why
                ));
            }
            let written = print(list, &entries);
            // A reader that went away (a pager that was left) is no failure.
            if written.is_ok() && refused.is_empty() { Outcome::Done } else { Outcome::SomeFailed }
        }
        Err((error, connected)) => {
            complain(&error.to_string());
            if connected { Outcome::SomeFailed } else { Outcome::NoConnection }
        }
    }
}

type Rows = (Vec<Entry>, Vec<RefusedName>);

/// All rows of the directory; or the one row of a file, which its directory tells.
async fn take_all(handles: &mut Handles, location: Location) -> Result<Rows, (Error, bool)> {
    let failed = match open(handles, Ticket(1), location.clone()).await {
        Err((error, true))
            if matches!(error.kind(), ErrorKind::NotADirectory | ErrorKind::NotFound) =>
        {
            error
        }
        other => return other,
    };
    let (Some(parent), Some(name)) = (parent_of(&location.path), location.path.name()) else {
        return Err((failed, true));
    };
    match open(handles, Ticket(2), location.with_path(parent)).await {
        Ok((entries, _)) => match entries.into_iter().find(|entry| entry.name == name) {
            Some(entry) if entry.attributes.kind != Kind::Directory => {
                Ok((vec![entry], Vec::new()))
            }
            _ => Err((failed, true)),
        },
        Err(_) => Err((failed, true)),
    }
}

fn parent_of(path: &StoragePath) -> Option<StoragePath> {
    path.parent().or_else(|| (!path.is_absolute()).then(|| StoragePath::new(".")))
}

/// Opens a ticket and takes its rows. An error says whether a connection stood by then.
async fn open(
    handles: &mut Handles,
    ticket: Ticket,
    location: Location,
) -> Result<Rows, (Error, bool)> {
    let gone = || Error::new(ErrorKind::Failed, format!("list {location}"), "the engine stopped");
    let _ = handles.commands.send(Command::Open { ticket, location: location.clone() });
    let mut rows = (Vec::new(), Vec::new());
    let mut connected = ticket != Ticket(1);
    loop {
        match handles.events.recv().await.ok_or_else(|| (gone(), connected))? {
            Event::Rows { ticket: whose, mut entries, mut refused } if whose == ticket => {
                rows.0.append(&mut entries);
                rows.1.append(&mut refused);
            }
            Event::Listed(whose) if whose == ticket => return Ok(rows),
            Event::OpenFailed(whose, error) if whose == ticket => return Err((error, connected)),
            Event::Connection { state: ConnectionState::Connected, .. } | Event::Opened { .. } => {
                connected = true
            }
            Event::Asked { id, question, .. } => {
                let (answer, unasked) = tokio::task::block_in_place(|| console::put(&question));
                if let Some(unasked) = unasked {
                    complain(&unasked);
                }
                let _ = handles.commands.send(Command::Answer(id, answer));
            }
            Event::Notice(text) => complain(&text),
            _ => {}
        }
    }
}

fn print(list: &List, entries: &[Entry]) -> io::Result<()> {
    let to_terminal = io::stdout().is_terminal();
    let mut out = io::BufWriter::new(io::stdout().lock());
    let zone = TimeZone::system();
    for entry in entries {
        if list.json {
            writeln!(out, "{}", as_json(entry))?;
            continue;
        }
        if entry.name.is_hidden() && !list.all {
            continue;
        }
        if list.long {
            write!(out, "{}", long(&entry.attributes, &zone))?;
        }
        // A pipe gets the bytes as they are, as from ls; a terminal nothing it could obey.
        if to_terminal {
            out.write_all(display::escape(entry.name.as_bytes()).as_bytes())?;
        } else {
            out.write_all(entry.name.as_bytes())?;
        }
        out.write_all(b"\n")?;
    }
    out.flush()
}

fn long(attributes: &Attributes, zone: &TimeZone) -> String {
    let size = attributes.size.map_or_else(|| String::from("?"), |size| size.to_string());
    let time = attributes.modified.and_then(moment).map_or_else(
        || String::from("?"),
        |moment| moment.to_zoned(zone.clone()).strftime("%Y-%m-%d %H:%M").to_string(),
    );
    format!("{} {size:>14} {time:>16}  ", figures::mode(attributes))
}

fn moment(time: Timestamp) -> Option<Moment> {
    Moment::new(time.seconds, i32::try_from(time.nanoseconds).ok()?).ok()
}

fn as_json(entry: &Entry) -> Value {
    let attributes = &entry.attributes;
    let mut object = Map::new();
    object.insert("name".into(), String::from_utf8_lossy(entry.name.as_bytes()).into());
    insert_base64(&mut object, &entry.name);
    let kind = match attributes.kind {
        Kind::File => "file",
        Kind::Directory => "directory",
        Kind::Symlink => "symlink",
        Kind::Other => "other",
    };
    object.insert("kind".into(), kind.into());
    object.insert("size".into(), attributes.size.into());
    object.insert(
        "modified".into(),
        attributes.modified.and_then(moment).map(|moment| moment.to_string()).into(),
    );
    object.insert(
        "permissions".into(),
        attributes.permissions.map(|mode| format!("{mode:04o}")).into(),
    );
    Value::Object(object)
}

fn insert_base64(object: &mut Map<String, Value>, name: &Name) {
    use base64::{Engine as _, engine::general_purpose::STANDARD};
    if std::str::from_utf8(name.as_bytes()).is_err() {
        object.insert("name_base64".into(), STANDARD.encode(name.as_bytes()).into());
    }
}
