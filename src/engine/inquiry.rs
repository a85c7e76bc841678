//! Answers questions about what stands somewhere: links, room, sizes, pieces of files.

use std::{collections::VecDeque, sync::Arc};

use futures_util::{StreamExt as _, stream::FuturesUnordered};
use tokio::{
    sync::mpsc,
    time::{Duration, Instant},
};

use super::{
    difference,
    message::{Answered, Event, Inquiry, Sum, Ticket, Told},
    owners, peek, target, trash,
    tree::DEEPEST,
};
use crate::{
    domain::{
        entry::Kind,
        error::{Error, ErrorKind, Result},
        path::StoragePath,
        place::Location,
    },
    storage::Storage,
};

/// Where answers go.
pub(super) struct Teller {
    pub(super) ticket: Ticket,
    pub(super) events: mpsc::UnboundedSender<Event>,
}

impl Teller {
    pub(super) fn tell(&self, told: Told) {
        let answered = Answered { ticket: self.ticket, told: Ok(told) };
        let _ = self.events.send(Event::Answered(answered));
    }
}

/// Answers, and goes on telling how far it has got until it is complete.
pub(super) async fn answer(
    storage: &Arc<dyn Storage>,
    inquiry: &Inquiry,
    teller: &Teller,
) -> Result<()> {
    let path = &inquiry.location().path;
    teller.tell(match inquiry {
        Inquiry::Link(_) => Told::Link(storage.read_link(path).await?),
        Inquiry::Look(_) => Told::Look(storage.stat_followed(path).await?),
        Inquiry::Space(_) => Told::Space(storage.space(path).await?),
        Inquiry::Size(of) => Told::Size(size(storage, of, teller).await?),
        Inquiry::Target(_) => Told::Target(target::find(&**storage, path).await?),
        Inquiry::End(_) => {
            let (end, there) = target::end(&**storage, path).await?;
            Told::End(end, there)
        }
        Inquiry::Trash(_) => Told::Trash(trash::place(&**storage, path).await?),
        Inquiry::Owners { ids, .. } => Told::Owners(owners::names(&**storage, ids).await),
        Inquiry::Piece { offset, length, .. } => {
            peek::piece(&**storage, path, *offset, *length).await?
        }
        Inquiry::Find { from, text, backwards, .. } => {
            let found = match backwards {
                true => peek::find_before(&**storage, path, *from, text, teller).await?,
                false => peek::find_after(&**storage, path, *from, text, teller).await?,
            };
            Told::Found(found)
        }
        Inquiry::Difference { with, .. } => {
            Told::Difference(difference::ask(&**storage, path, with.clone()).await?)
        }
    });
    Ok(())
}

/// Directories listed at once.
const AT_ONCE: usize = 16;
/// So many directories known and not yet listed are a tree without end.
const MOST_WAITING: usize = 2_000_000;
/// How often it is told how much was found.
const TELL_EVERY: Duration = Duration::from_millis(100);

/// Adds up what a directory holds. A directory inside that cannot be read is counted, and the rest goes on.
async fn size(storage: &Arc<dyn Storage>, of: &Location, teller: &Teller) -> Result<Sum> {
    let mut sum = Sum::default();
    let mut waiting = VecDeque::from([(of.path.clone(), 0)]);
    let mut listing = FuturesUnordered::new();
    let mut told = Instant::now();
    loop {
        while listing.len() < AT_ONCE
            && let Some((path, depth)) = waiting.pop_front()
        {
            listing.push(list(&**storage, path, depth));
        }
        let Some(listed) = listing.next().await else { break };
        let Listed { depth, held, below, failure } = listed;
        if let Some(error) = failure {
            // Nothing can be said of what one was asked about, or the connection is gone: that is no sum.
            if depth == 0 && held == Sum::default() || error.kind().ends_the_connection() {
                return Err(error);
            }
            sum.unread += 1;
        }
        sum.bytes = sum.bytes.saturating_add(held.bytes);
        sum.files += held.files;
        sum.directories += held.directories;
        if depth + 1 < DEEPEST && waiting.len() + below.len() <= MOST_WAITING {
            waiting.extend(below.into_iter().map(|path| (path, depth + 1)));
        } else {
            sum.unread += below.len() as u64;
        }
        if told.elapsed() >= TELL_EVERY {
            told = Instant::now();
            teller.tell(Told::Size(sum));
        }
    }
    Ok(Sum { complete: true, ..sum })
}

struct Listed {
    depth: usize,
    held: Sum,
    below: Vec<StoragePath>,
    failure: Option<Error>,
}

async fn list(storage: &dyn Storage, path: StoragePath, depth: usize) -> Listed {
    let mut listed = Listed { depth, held: Sum::default(), below: Vec::new(), failure: None };
    listed.failure = add_up(storage, &path, &mut listed).await.err();
    listed
}

/// A directory that grows while it is listed is read as long as somebody waits, but not into an endless memory.
const MOST_BELOW: usize = 1_000_000;

async fn add_up(storage: &dyn Storage, path: &StoragePath, listed: &mut Listed) -> Result<()> {
    let mut rows = storage.list(path).await?;
    while let Some(batch) = rows.next().await? {
        for entry in batch.entries {
            match entry.attributes.kind {
                Kind::Directory if listed.below.len() >= MOST_BELOW => {
                    let doing = format!("measure {path:?}");
                    let why = format!("it holds more than {MOST_BELOW} directories");
                    return Err(Error::new(ErrorKind::Unsupported, doing, why));
                }
                Kind::Directory => {
                    listed.held.directories += 1;
                    listed.below.push(path.join(&entry.name));
                }
                kind => {
                    listed.held.files += 1;
                    // Beyond what can be: a lie, or a mistake.
                    let size = entry.attributes.size.filter(|&size| i64::try_from(size).is_ok());
                    let bytes = if kind == Kind::File { size.unwrap_or(0) } else { 0 };
                    listed.held.bytes = listed.held.bytes.saturating_add(bytes);
                }
            }
        }
    }
    Ok(())
}
