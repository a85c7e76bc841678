//! Finds what lies below a folder: many folders are listed at once, links are not followed, and what fits is told at once.

use std::sync::Arc;

use futures_util::{StreamExt as _, stream::FuturesUnordered};
use jiff::{Timestamp, tz::TimeZone};
use tokio::sync::mpsc;

use super::{
    message::{Event, Ticket},
    tree::DEEPEST,
};
use crate::{
    domain::{
        entry::{Entry, Kind},
        error::{Error, ErrorKind, Result},
        figures,
        path::{Name, StoragePath},
        place::Location,
        wanted::{Test, Wanted},
    },
    storage::Storage,
};

/// Folders listed at once.
const AT_ONCE: usize = 16;
/// So many folders known and not yet listed are a tree without end.
const MOST_WAITING: usize = 500_000;
/// More than this is no result but a list of everything.
const MOST_FOUND: usize = 200_000;

/// A folder to be looked through: its path, and the way to it from where the search began.
struct Folder {
    path: StoragePath,
    way: Option<Name>,
    depth: usize,
}

/// What became of one.
struct Looked {
    below: Vec<Folder>,
    found: usize,
    failure: Option<Error>,
}

/// Looks through all that lies below a place, and tells it like the rows of a listing. What could not be read is told at
/// the end, and does not stop the rest.
pub(super) async fn find(
    storage: &Arc<dyn Storage>,
    ticket: Ticket,
    location: &Location,
    wanted: &Wanted,
    events: &mpsc::UnboundedSender<Event>,
    told: &mut bool,
) -> Result<()> {
    let begin = location.with_path(storage.canonical(&location.path).await?);
    let doing =
        format!("find {} below {begin}", crate::domain::display::escape_text(&wanted.words()));
    let test = wanted
        .test(Timestamp::now(), &TimeZone::system())
        .map_err(|(_, why)| Error::new(ErrorKind::Invalid, doing.as_str(), why))?;
    *told = true;
    let _ = events.send(Event::Opened { ticket, location: begin.clone() });
    // The deepest first: so few folders wait, however wide the tree is.
    let mut waiting = vec![Folder { path: begin.path, way: None, depth: 0 }];
    let mut looking = FuturesUnordered::new();
    let (mut found, mut unread, mut first_failure) = (0, 0u64, None);
    loop {
        while looking.len() < AT_ONCE
            && let Some(folder) = waiting.pop()
        {
            looking.push(look(&**storage, folder, &test, ticket, events));
        }
        let Some(looked) = looking.next().await else { break };
        if let Some(error) = looked.failure {
            if error.kind().ends_the_connection() {
                return Err(error);
            }
            unread += 1;
            first_failure.get_or_insert(error);
        }
        found += looked.found;
        if found > MOST_FOUND {
            let most = figures::grouped(MOST_FOUND as u64);
            let why = format!("more than {most} fit; ask for something more particular");
            return Err(Error::new(ErrorKind::Unsupported, doing, why));
        }
        let room = MOST_WAITING.saturating_sub(waiting.len());
        unread += looked.below.len().saturating_sub(room) as u64;
        waiting.extend(looked.below.into_iter().take(room));
    }
    if unread > 0 {
        let count = figures::counted(unread, "folder", "folders");
        let first = first_failure.map_or_else(String::new, |error| format!(" {error}"));
        let words = format!("{count} could not be looked through.{first}");
        let _ = events.send(Event::Notice(words));
    }
    Ok(())
}

async fn look(
    storage: &dyn Storage,
    folder: Folder,
    test: &Test,
    ticket: Ticket,
    events: &mpsc::UnboundedSender<Event>,
) -> Looked {
    let mut looked = Looked { below: Vec::new(), found: 0, failure: None };
    looked.failure = look_through(storage, &folder, test, ticket, events, &mut looked).await.err();
    looked
}

async fn look_through(
    storage: &dyn Storage,
    folder: &Folder,
    test: &Test,
    ticket: Ticket,
    events: &mpsc::UnboundedSender<Event>,
    looked: &mut Looked,
) -> Result<()> {
    let too_much = |why: &str| {
        let path = crate::domain::display::escape(folder.path.as_bytes());
        Error::new(ErrorKind::Unsupported, format!("look through {path}"), why)
    };
    if folder.depth >= DEEPEST {
        return Err(too_much("it lies too deep"));
    }
    let mut rows = storage.list(&folder.path).await?;
    while let Some(batch) = rows.next().await? {
        let mut hits: Vec<Entry> = Vec::new();
        for entry in batch.entries {
            let way = match &folder.way {
                None => Some(entry.name.clone()),
                Some(way) => way.below(&entry.name),
            };
            let Some(way) = way else { return Err(too_much("the way there is too long")) };
            // A link may lead in circles, or out of what was asked about.
            if entry.attributes.kind == Kind::Directory {
                if looked.below.len() >= MOST_WAITING {
                    return Err(too_much("it holds too many folders"));
                }
                let path = folder.path.join(&entry.name);
                let depth = folder.depth + 1;
                looked.below.push(Folder { path, way: Some(way.clone()), depth });
            }
            if test.fits(&entry) {
                hits.push(Entry { name: way, ..entry });
            }
        }
        looked.found += hits.len();
        if looked.found > MOST_FOUND {
            return Ok(());
        }
        if !hits.is_empty() {
            let _ = events.send(Event::Rows { ticket, entries: hits, refused: batch.refused });
        }
    }
    Ok(())
}
