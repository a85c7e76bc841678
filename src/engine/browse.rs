//! What a person looks at and does at once, beside the queue: listings for panes, small acts.

use std::{collections::HashMap, path::Path, sync::Arc};

use tokio::{sync::mpsc, task::AbortHandle, time::Instant};

use super::{
    central::{Central, Ending, Role, vanished},
    destination, find,
    inquiry::{self, Teller},
    journal::pages,
    message::{
        Act, Answered, Event, Inquiry, Ticket,
        ledger::{Page, PageWanted},
    },
    sites::Availability,
};
use crate::{
    domain::{
        entry::Entry,
        error::{Error, ErrorKind, Result},
        path::Name,
        place::{Endpoint, Location},
        shell::Window,
        wanted::Wanted,
    },
    storage::{Batch, Replace, Storage},
};

/// Tickets that have not been answered to the end.
#[derive(Default)]
pub(super) struct Browses {
    open: HashMap<Ticket, Browse>,
}

struct Browse {
    request: Request,
    state: State,
    /// An idle connection that had ended unnoticed is made once more, unseen.
    may_try_again: bool,
}

#[derive(Clone)]
enum Request {
    Open(Location),
    Perform(Act),
    Inquire(Inquiry),
    Shell(Location, Window),
    Find(Location, Wanted),
}

enum State {
    WaitingForConnection,
    Running { task: AbortHandle, generation: u64 },
}

impl Request {
    fn endpoint(&self) -> &Endpoint {
        match self {
            Request::Inquire(inquiry) => &inquiry.location().endpoint,
            Request::Open(location)
            | Request::Shell(location, _)
            | Request::Find(location, _)
            | Request::Perform(
                Act::MakeDirectory(location)
                | Act::MakeLink { at: location, .. }
                | Act::Rename { from: location, .. }
                | Act::RenameMany { within: location, .. },
            ) => &location.endpoint,
        }
    }
}

impl Browses {
    /// Endpoints somebody waits to be connected with.
    pub(super) fn waiting_for(&self) -> impl Iterator<Item = &Endpoint> {
        self.open
            .values()
            .filter(|browse| matches!(browse.state, State::WaitingForConnection))
            .map(|browse| browse.request.endpoint())
    }

    fn waiting_tickets(&self, endpoint: &Endpoint) -> Vec<Ticket> {
        let waits = |browse: &Browse| {
            matches!(browse.state, State::WaitingForConnection)
                && browse.request.endpoint() == endpoint
        };
        self.open.iter().filter(|(_, browse)| waits(browse)).map(|(ticket, _)| *ticket).collect()
    }
}

impl Central {
    pub(super) fn open(&mut self, ticket: Ticket, location: Location) {
        self.browse(ticket, Request::Open(location));
    }

    pub(super) fn perform(&mut self, ticket: Ticket, act: Act) {
        self.browse(ticket, Request::Perform(act));
    }

    pub(super) fn inquire(&mut self, ticket: Ticket, inquiry: Inquiry) {
        self.browse(ticket, Request::Inquire(inquiry));
    }

    /// Reads a page of the ledger, on a thread that may wait for the disk.
    pub(super) fn history(&mut self, ticket: Ticket, wanted: PageWanted) {
        let Some(directory) = self.journal.directory().map(Path::to_owned) else {
            return self.tell(Event::History(ticket, Ok(Page::default())));
        };
        let events = self.events.clone();
        // It has no role: nothing waits for its end but who asked.
        self.tasks.spawn(async move {
            let read = tokio::task::spawn_blocking(move || pages::page(&directory, &wanted));
            let page = read.await.unwrap_or_else(|_| Err(vanished("read the ledger")));
            let _ = events.send(Event::History(ticket, page));
            Ending::Browse { result: Ok(()), told: true }
        });
    }

    pub(super) fn find(&mut self, ticket: Ticket, location: Location, wanted: Wanted) {
        self.browse(ticket, Request::Find(location, wanted));
    }

    pub(super) fn open_shell(&mut self, ticket: Ticket, location: Location, window: Window) {
        self.browse(ticket, Request::Shell(location, window));
    }

    fn browse(&mut self, ticket: Ticket, request: Request) {
        self.close(ticket);
        let endpoint = request.endpoint().clone();
        let browse = Browse {
            may_try_again: !matches!(request, Request::Perform(_)),
            request,
            state: State::WaitingForConnection,
        };
        self.browses.open.insert(ticket, browse);
        // A person waits: no need to wait out a pause.
        self.sites.hurry(&endpoint);
        self.serve_browses(&endpoint);
    }

    /// Starts what waited for this connection, if there is one.
    pub(super) fn serve_browses(&mut self, endpoint: &Endpoint) {
        let Availability::Connected(connection) = self.sites.availability(endpoint, Instant::now())
        else {
            return;
        };
        for ticket in self.browses.waiting_tickets(endpoint) {
            let Some(browse) = self.browses.open.get_mut(&ticket) else { continue };
            let (storage, request) = (connection.storage.clone(), browse.request.clone());
            let events = self.events.clone();
            let task = self.tasks.spawn(async move {
                match request {
                    Request::Open(location) => {
                        let mut told = false;
                        let listed = list(&storage, ticket, &location, &events, &mut told).await;
                        Ending::Browse { result: listed, told }
                    }
                    Request::Inquire(inquiry) => {
                        let teller = Teller { ticket, events };
                        let result = inquiry::answer(&storage, &inquiry, &teller).await;
                        Ending::Browse { result, told: false }
                    }
                    Request::Find(location, wanted) => {
                        let mut told = false;
                        let found =
                            find::find(&storage, ticket, &location, &wanted, &events, &mut told);
                        Ending::Browse { result: found.await, told }
                    }
                    Request::Shell(location, window) => {
                        let begun = storage.shell(&location.path, window).await;
                        let result = begun.map(|shell| {
                            let _ = events.send(Event::Shell { ticket, shell: Ok(shell) });
                        });
                        Ending::Browse { result, told: false }
                    }
                    Request::Perform(act) => {
                        Ending::Browse { result: perform(&storage, &act).await, told: false }
                    }
                }
            });
            self.roles.insert(task.id(), Role::Browse(ticket));
            browse.state = State::Running { task, generation: connection.generation };
        }
    }

    pub(super) fn browse_ended(&mut self, ticket: Ticket, result: Result<()>, told: bool) {
        let Some(mut browse) = self.browses.open.remove(&ticket) else { return };
        let endpoint = browse.request.endpoint().clone();
        if let Err(error) = &result
            && error.kind().ends_the_connection()
            && let State::Running { generation, .. } = browse.state
        {
            self.lost(&endpoint, generation, error);
            if browse.may_try_again && !told {
                browse.may_try_again = false;
                browse.state = State::WaitingForConnection;
                self.browses.open.insert(ticket, browse);
                self.sites.hurry(&endpoint);
                self.serve_browses(&endpoint);
                return;
            }
        }
        if result.is_ok() {
            self.sites.was_of_use(&endpoint);
        }
        self.tell(match (browse.request, result) {
            // The answer was told already.
            (Request::Inquire(_) | Request::Shell(..), Ok(())) => return,
            (Request::Shell(..), Err(error)) => Event::Shell { ticket, shell: Err(error) },
            (Request::Inquire(_), Err(error)) => {
                Event::Answered(Answered { ticket, told: Err(error) })
            }
            (Request::Open(_) | Request::Find(..), Ok(())) => Event::Listed(ticket),
            (Request::Open(_) | Request::Find(..), Err(error)) => Event::OpenFailed(ticket, error),
            (Request::Perform(act), result) => Event::Performed { ticket, act, result },
        });
    }

    /// The connection cannot be had.
    pub(super) fn fail_browses(&mut self, endpoint: &Endpoint, error: &Error) {
        for ticket in self.browses.waiting_tickets(endpoint) {
            if let Some(browse) = self.browses.open.get_mut(&ticket) {
                browse.may_try_again = false;
            }
            self.browse_ended(ticket, Err(error.clone()), false);
        }
    }

    /// Nothing more is told of a ticket.
    pub(super) fn close(&mut self, ticket: Ticket) {
        if let Some(Browse { state: State::Running { task, .. }, .. }) =
            self.browses.open.remove(&ticket)
        {
            task.abort();
            self.roles.remove(&task.id());
        }
    }

    pub(super) fn close_all_browses(&mut self) {
        let tickets: Vec<Ticket> = self.browses.open.keys().copied().collect();
        for ticket in tickets {
            self.close(ticket);
        }
    }
}

/// Rows are told in portions of at most so many.
const ROWS_AT_ONCE: usize = 1000;
/// A listing that goes on after so many rows is taken for one without end.
const MOST_ROWS: usize = 2_000_000;

async fn list(
    storage: &Arc<dyn Storage>,
    ticket: Ticket,
    location: &Location,
    events: &mpsc::UnboundedSender<Event>,
    told: &mut bool,
) -> Result<()> {
    let path = storage.canonical(&location.path).await?;
    let mut listing = storage.list(&path).await?;
    let location = location.with_path(path);
    let doing = format!("list {location}");
    *told = true;
    let _ = events.send(Event::Opened { ticket, location });
    let mut rows = 0;
    while let Some(Batch { mut entries, refused }) = listing.next().await? {
        rows += entries.len() + refused.len();
        if rows > MOST_ROWS {
            let why = format!("it holds more than {MOST_ROWS} entries");
            return Err(Error::new(ErrorKind::Unsupported, doing, why));
        }
        let mut refused = Some(refused);
        loop {
            let rest: Vec<Entry> = entries.split_off(entries.len().min(ROWS_AT_ONCE));
            let refused = refused.take().unwrap_or_default();
            let _ = events.send(Event::Rows { ticket, entries, refused });
            entries = rest;
            if entries.is_empty() {
                break;
            }
        }
    }
    Ok(())
}

async fn perform(storage: &Arc<dyn Storage>, act: &Act) -> Result<()> {
    match act {
        Act::MakeDirectory(location) => {
            let path = destination::absolute(&**storage, &location.path).await?;
            if let Some(parent) = path.parent() {
                destination::make_directories(&**storage, &parent).await?;
            }
            storage.make_directory(&path, None).await
        }
        Act::MakeLink { at, target } => storage.make_link(&at.path, target).await,
        Act::Rename { from, to } => storage.rename(&from.path, to, Replace::Never).await,
        Act::RenameMany { within, steps } => rename_many(&**storage, within, steps).await,
    }
}

/// One after the other: the next may need the name the one before gave up.
async fn rename_many(
    storage: &dyn Storage,
    within: &Location,
    steps: &[(Name, Name)],
) -> Result<()> {
    for (number, (from, to)) in steps.iter().enumerate() {
        let (from, to) = (within.path.join(from), within.path.join(to));
        storage.rename(&from, &to, Replace::Never).await.map_err(|error| {
            let why = format!("{}; {number} of {} renames were done", error.why(), steps.len());
            Error::new(error.kind(), error.doing(), why)
        })?;
    }
    Ok(())
}
