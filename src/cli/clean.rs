//! `wharf queue clean`: parts that interrupted jobs left are looked for where those jobs carried to, and removed.

use std::{
    collections::{BTreeMap, BTreeSet, HashSet},
    io::{self, Write as _},
};

use tokio::sync::mpsc;

use super::{Interrupt, Outcome, arguments::Queue, complain, console, copy::Run, report::Report};
use crate::{
    domain::{
        entry::Kind,
        error::ErrorKind,
        path::{Name, StoragePath},
        place::{Endpoint, Location},
    },
    engine::{
        Handles,
        message::{Command, Event, JobId, JobNumber, JobOptions, JobRequest, Stale, Ticket, Work},
    },
};

/// What was found: parts by endpoint, jobs nothing is left of, and whether all could be looked at.
#[derive(Default)]
struct Found {
    parts: BTreeMap<Endpoint, BTreeSet<StoragePath>>,
    swept: Vec<JobNumber>,
    incomplete: bool,
}

/// Finds them, and removes them unless they are only to be listed.
pub(super) async fn clean(
    mut handles: Handles,
    queue: &Queue,
    dry_run: bool,
    interrupts: &mut mpsc::Receiver<Interrupt>,
) -> Outcome {
    let found = tokio::select! {
        found = find(&mut handles) => found,
        _ = interrupts.recv() => return Outcome::Interrupted,
    };
    let _ = handles.commands.send(Command::Swept(found.swept));
    let outcome = if dry_run {
        list(&found.parts)
    } else {
        let mut run = Run::new(Report::new(queue.json, queue.quiet), &handles);
        for (id, (from, sources)) in (1..).zip(found.parts) {
            run.begin(Command::Add(
                JobId(id),
                JobRequest {
                    work: Work::Delete,
                    from,
                    sources: sources.into_iter().collect(),
                    options: JobOptions::default(),
                },
            ));
        }
        run.until_the_end(handles, interrupts).await
    };
    match outcome {
        Outcome::Done if found.incomplete => Outcome::SomeFailed,
        outcome => outcome,
    }
}

async fn find(handles: &mut Handles) -> Found {
    let _ = handles.commands.send(Command::FindStale);
    let mut stale = Vec::new();
    while let Some(event) = handles.events.recv().await {
        match event {
            Event::Stale(found) => {
                stale = found;
                break;
            }
            Event::Notice(words) => complain(&words),
            _ => {}
        }
    }
    let mut found = Found::default();
    for (ticket, one) in (1..).zip(&stale) {
        let mut walk = Walk { handles, ticket: Ticket(ticket), stale: one, parts: BTreeSet::new() };
        let is_whole = walk.all().await;
        if is_whole && walk.parts.is_empty() {
            found.swept.push(one.job);
        }
        found.incomplete |= !is_whole;
        if !walk.parts.is_empty() {
            found.parts.entry(one.endpoint.clone()).or_default().append(&mut walk.parts);
        }
    }
    found
}

/// More directories are not looked into for one job.
const MOST_DIRECTORIES: usize = 100_000;

/// A walk through the directories that a job may have put something into.
struct Walk<'a> {
    handles: &'a mut Handles,
    ticket: Ticket,
    stale: &'a Stale,
    parts: BTreeSet<StoragePath>,
}

impl Walk<'_> {
    /// Looks wherever parts may lie; whether all of it could be seen.
    async fn all(&mut self) -> bool {
        let to = &self.stale.to;
        let mut waiting: Vec<StoragePath> = self.stale.directories.clone();
        let mut seen: HashSet<StoragePath> = waiting.iter().cloned().collect();
        let mut is_whole = true;
        // A destination that is a file, or was to become one, has its parts beside it.
        let mut is_directory = true;
        if let (Some(beside), Some(name)) = (to.parent(), to.name()) {
            match self.look(&beside).await {
                Ok(below) => is_directory = below.contains(&name),
                Err(gone) => is_directory = !gone,
            }
        }
        if is_directory {
            match self.look(to).await {
                Ok(below) => {
                    let own = |name: &&Name| self.stale.names.contains(*name);
                    let own: Vec<&Name> = match below.iter().any(|name| own(&name)) {
                        true => below.iter().filter(own).collect(),
                        false => below.iter().collect(),
                    };
                    waiting.extend(own.into_iter().map(|name| to.join(name)));
                }
                Err(gone) => is_whole &= gone,
            }
        }
        seen.extend(waiting.iter().cloned());
        while let Some(directory) = waiting.pop() {
            match self.look(&directory).await {
                Ok(below) => {
                    let below = below.iter().map(|name| directory.join(name));
                    waiting.extend(below.filter(|path| seen.insert(path.clone())));
                }
                Err(gone) => is_whole &= gone,
            }
            if seen.len() > MOST_DIRECTORIES {
                complain(&format!("There are more than {MOST_DIRECTORIES} directories in {to:?}."));
                return false;
            }
        }
        is_whole
    }
}

impl Walk<'_> {
    /// Keeps the parts that lie in a directory, and gives the directories in it; an error says whether there is no such
    /// directory.
    async fn look(&mut self, directory: &StoragePath) -> Result<Vec<Name>, bool> {
        let (stale, ticket, handles) = (self.stale, self.ticket, &mut *self.handles);
        let location = Location { endpoint: stale.endpoint.clone(), path: directory.clone() };
        let _ = handles.commands.send(Command::Open { ticket, location });
        let (mut below, mut path) = (Vec::new(), directory.clone());
        while let Some(event) = handles.events.recv().await {
            match event {
                Event::Opened { ticket: of, location } if of == ticket => path = location.path,
                Event::Rows { ticket: of, entries, .. } if of == ticket => {
                    for entry in entries {
                        match entry.attributes.kind {
                            Kind::Directory => below.push(entry.name),
                            Kind::File if stale.leaves(&stale.endpoint, &path, &entry.name) => {
                                self.parts.insert(path.join(&entry.name));
                            }
                            _ => {}
                        }
                    }
                }
                Event::Listed(of) if of == ticket => return Ok(below),
                Event::OpenFailed(of, error) if of == ticket => {
                    let gone =
                        matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory);
                    if !gone {
                        complain(&error.to_string());
                    }
                    return Err(gone);
                }
                Event::Asked { id, question, .. } => {
                    let (answer, unasked) = tokio::task::block_in_place(|| console::put(&question));
                    if let Some(unasked) = unasked {
                        complain(&unasked);
                    }
                    let _ = handles.commands.send(Command::Answer(id, answer));
                }
                Event::Notice(words) => complain(&words),
                _ => {}
            }
        }
        Err(false)
    }
}

fn list(parts: &BTreeMap<Endpoint, BTreeSet<StoragePath>>) -> Outcome {
    let mut out = io::stdout().lock();
    for (endpoint, paths) in parts {
        for path in paths {
            let location = Location { endpoint: endpoint.clone(), path: path.clone() };
            match writeln!(out, "{location}") {
                Ok(()) => {}
                // A reader that went away (a pager that was left) is no failure.
                Err(error) if error.kind() == io::ErrorKind::BrokenPipe => return Outcome::Done,
                Err(error) => {
                    complain(&format!("Could not write the list out: {error}."));
                    return Outcome::SomeFailed;
                }
            }
        }
    }
    Outcome::Done
}
