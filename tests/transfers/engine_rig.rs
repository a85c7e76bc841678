//! An engine between storages in memory, driven through its messages like the screen does.

use std::{
    collections::HashMap,
    path::Path,
    sync::{Arc, Mutex},
    time::Duration,
};

use async_trait::async_trait;
use tokio::time::timeout;
use wharf::{
    domain::{
        digest::VerifyLevel,
        error::{Error, Result},
        journal::Retention,
        path::StoragePath,
        place::{Endpoint, Location},
        question::{Answer, ConflictChoice, Question},
        site::{Protocol, Site},
    },
    engine::{
        self, Handles,
        journal::Options,
        message::{
            Command, Destination, Event, JobId, JobNumber, JobOptions, JobProgress, JobRequest,
            JobSummary, LeftJob, QuestionId, Snapshot, StepDone, StepEnding, Ticket, Work,
        },
    },
    storage::{Ask, Dial, Storage, memory::MemoryStorage},
};

/// Longer than anything may take, so that what hangs fails in words. With paused time, in which minutes of patience pass
/// in a moment, it is longer.
fn deadline() -> Duration {
    let (shown, real) = (tokio::time::Instant::now(), std::time::Instant::now());
    while real.elapsed().is_zero() {}
    let stands_still = tokio::time::Instant::now() == shown;
    Duration::from_secs(if stands_still { 600 } else { 60 })
}

/// What a dial gives, by its number (from 1).
type Answering = dyn Fn(u32) -> Result<Arc<dyn Storage>> + Send + Sync;

#[derive(Default)]
pub(super) struct Dials {
    places: Mutex<HashMap<Endpoint, Arc<Answering>>>,
    counts: Mutex<HashMap<Endpoint, u32>>,
    /// Asked before every dial to a site.
    pub(super) question: Mutex<Option<Question>>,
    pub(super) answers: Mutex<Vec<Answer>>,
}

#[async_trait]
impl Dial for Dials {
    async fn dial(&self, endpoint: &Endpoint, ask: Arc<dyn Ask>) -> Result<Arc<dyn Storage>> {
        let place = self.places.lock().unwrap().get(endpoint).cloned();
        let number = {
            let mut counts = self.counts.lock().unwrap();
            let count = counts.entry(endpoint.clone()).or_default();
            *count += 1;
            *count
        };
        let question = self.question.lock().unwrap().clone();
        if let Some(question) = question {
            let answer = ask.ask(question).await;
            self.answers.lock().unwrap().push(answer);
        }
        place.expect("an endpoint nobody set up")(number)
    }
}

/// A running engine, this machine in memory, and a server in memory.
pub(super) struct Rig {
    pub(super) here: MemoryStorage,
    pub(super) there: MemoryStorage,
    pub(super) dials: Arc<Dials>,
    pub(super) handles: Handles,
    jobs: u64,
}

/// All that was told of a job until its end.
#[derive(Debug)]
pub(super) struct Report {
    pub(super) summary: JobSummary,
    pub(super) done: Vec<StepDone>,
    pub(super) endings: Vec<(Option<Location>, StepEnding)>,
}

impl Report {
    /// The error of the only step that failed.
    #[track_caller]
    pub(super) fn only_failure(&self) -> (&Error, u32) {
        let failures: Vec<_> = self.failures();
        assert_eq!(failures.len(), 1, "{self:#?}");
        failures[0]
    }

    pub(super) fn failures(&self) -> Vec<(&Error, u32)> {
        let failed = self.endings.iter().filter_map(|(_, ending)| match ending {
            StepEnding::Failed { error, attempts } => Some((error, *attempts)),
            _ => None,
        });
        failed.collect()
    }
}

pub(super) fn server() -> Endpoint {
    named_server("files.example")
}

pub(super) fn named_server(host: &str) -> Endpoint {
    Endpoint::Remote(Arc::new(Site::new(Protocol::Sftp, None, host, None).unwrap()))
}

pub(super) fn at(endpoint: Endpoint, path: &str) -> Location {
    Location { endpoint, path: StoragePath::new(path) }
}

pub(super) fn path(path: &str) -> StoragePath {
    StoragePath::new(path)
}

/// What a job without further wishes is asked for with.
pub(super) fn options() -> JobOptions {
    JobOptions { recursive: true, ..JobOptions::default() }
}

pub(super) fn on_conflict(choice: ConflictChoice) -> JobOptions {
    JobOptions { on_conflict: Some(choice), ..options() }
}

pub(super) fn verify(verify: VerifyLevel) -> JobOptions {
    JobOptions { verify, ..options() }
}

pub(super) fn copy(from: Endpoint, sources: &[&str], to: Location) -> JobRequest {
    JobRequest {
        work: Work::Copy(Destination::Into(to)),
        from,
        sources: sources.iter().map(|source| path(source)).collect(),
        options: options(),
    }
}

/// Copies to the server.
pub(super) fn put(sources: &[&str], into: &str) -> JobRequest {
    copy(Endpoint::Local, sources, at(server(), into))
}

/// Copies from the server.
pub(super) fn get(sources: &[&str], into: &str) -> JobRequest {
    copy(server(), sources, at(Endpoint::Local, into))
}

pub(super) fn with(request: JobRequest, options: JobOptions) -> JobRequest {
    JobRequest { options, ..request }
}

impl Rig {
    pub(super) fn new() -> Self {
        let (here, there) = (MemoryStorage::new(), MemoryStorage::on_host("files.example"));
        here.put_directory("/here").unwrap();
        there.put_directory("/there").unwrap();
        let dials = Arc::new(Dials::default());
        let handles = engine::start(dials.clone());
        Self { here, there, dials, handles, jobs: 0 }.serving()
    }

    /// The same machine and server, and an engine that keeps a journal in this directory.
    pub(super) fn recorded(here: &MemoryStorage, there: &MemoryStorage, journal: &Path) -> Self {
        let (here, there) = (here.clone(), there.clone());
        let dials = Arc::new(Dials::default());
        let options = Options { directory: journal.to_owned(), retention: Retention::default() };
        let handles = engine::start_with_journal(dials.clone(), options);
        Self { here, there, dials, handles, jobs: 0 }.serving()
    }

    fn serving(self) -> Self {
        self.serve(Endpoint::Local, self.here.clone());
        self.serve(server(), self.there.clone());
        self
    }

    /// The engine leaves its jobs to be gone on with, and ends.
    pub(super) async fn leave(mut self) {
        self.tell(Command::Suspend);
        let ended = async { while self.handles.events.recv().await.is_some() {} };
        timeout(deadline(), ended).await.expect("the engine does not end");
    }

    /// Jobs that the journal has as not ended.
    pub(super) async fn left(&mut self) -> Vec<LeftJob> {
        self.tell(Command::FindLeft);
        self.event_that(|event| match event {
            Event::Left(jobs) => Some(jobs),
            _ => None,
        })
        .await
    }

    /// Goes on with a job that was left.
    pub(super) fn resume(&mut self, number: JobNumber) -> JobId {
        self.jobs += 1;
        let id = JobId(self.jobs);
        self.tell(Command::Resume(number, id));
        id
    }

    /// Every dial to an endpoint leads to this storage, over a new connection.
    pub(super) fn serve(&self, endpoint: Endpoint, storage: MemoryStorage) {
        self.answer_dials(endpoint, move |_| Ok(Arc::new(storage.reconnected())));
    }

    pub(super) fn answer_dials(
        &self,
        endpoint: Endpoint,
        answering: impl Fn(u32) -> Result<Arc<dyn Storage>> + Send + Sync + 'static,
    ) {
        self.dials.places.lock().unwrap().insert(endpoint, Arc::new(answering));
    }

    pub(super) fn dials_to(&self, endpoint: &Endpoint) -> u32 {
        self.dials.counts.lock().unwrap().get(endpoint).copied().unwrap_or(0)
    }

    pub(super) fn tell(&self, command: Command) {
        self.handles.commands.send(command).unwrap();
    }

    pub(super) fn add(&mut self, request: JobRequest) -> JobId {
        self.jobs += 1;
        let id = JobId(self.jobs);
        self.tell(Command::Add(id, request));
        id
    }

    /// Adds a job and waits for its end.
    pub(super) async fn run(&mut self, request: JobRequest) -> Report {
        let id = self.add(request);
        self.end_of(id).await
    }

    /// Takes events until this job has ended; those of others are dropped.
    pub(super) async fn end_of(&mut self, id: JobId) -> Report {
        let (mut done, mut endings) = (Vec::new(), Vec::new());
        loop {
            match self.event().await {
                Event::StepDone(step) if step.job == id => done.push(step),
                Event::StepEnded { job, to, ending, .. } if job == id => endings.push((to, ending)),
                Event::JobEnded(summary) if summary.job == id => {
                    return Report { summary, done, endings };
                }
                _ => {}
            }
        }
    }

    pub(super) async fn event(&mut self) -> Event {
        timeout(deadline(), self.handles.events.recv())
            .await
            .expect("no event in time")
            .expect("the engine ended")
    }

    /// The first event that `wanted` makes something of.
    pub(super) async fn event_that<T>(&mut self, mut wanted: impl FnMut(Event) -> Option<T>) -> T {
        loop {
            if let Some(found) = wanted(self.event().await) {
                return found;
            }
        }
    }

    pub(super) async fn question(&mut self) -> (QuestionId, Option<JobId>, Question) {
        self.event_that(|event| match event {
            Event::Asked { id, job, question } => Some((id, job, question)),
            _ => None,
        })
        .await
    }

    pub(super) fn answer(&self, id: QuestionId, choice: ConflictChoice, for_all: bool) {
        self.tell(Command::Answer(id, Answer::Conflict { choice, for_all }));
    }

    /// The first snapshot in which a job is as wanted.
    pub(super) async fn progress_that(
        &mut self,
        id: JobId,
        mut wanted: impl FnMut(&JobProgress) -> bool,
    ) -> Arc<Snapshot> {
        self.snapshot_that(|all| all.jobs.iter().any(|job| job.id == id && wanted(job))).await
    }

    /// The first snapshot that is as wanted.
    pub(super) async fn snapshot_that(
        &mut self,
        mut wanted: impl FnMut(&Snapshot) -> bool,
    ) -> Arc<Snapshot> {
        let found = self.handles.progress.wait_for(|snapshot| wanted(snapshot));
        timeout(deadline(), found).await.expect("never in time").expect("the engine ended").clone()
    }

    /// Lists a place as a pane does: its names, sorted.
    pub(super) async fn list(&mut self, ticket: u64, location: Location) -> Result<Vec<String>> {
        let ticket = Ticket(ticket);
        self.tell(Command::Open { ticket, location });
        let mut names = Vec::new();
        loop {
            match self.event().await {
                Event::Rows { ticket: of, entries, .. } if of == ticket => {
                    names.extend(entries.iter().map(|entry| format!("{:?}", entry.name)));
                }
                Event::Listed(of) if of == ticket => {
                    names.sort();
                    return Ok(names);
                }
                Event::OpenFailed(of, error) if of == ticket => return Err(error),
                _ => {}
            }
        }
    }
}

/// No part was left, and nothing is still open.
#[track_caller]
pub(super) fn assert_tidy(storage: &MemoryStorage) {
    let parts = parts(storage);
    assert!(parts.is_empty(), "{parts:?}");
    assert_eq!(storage.open_streams(), 0);
}

pub(super) fn parts(storage: &MemoryStorage) -> Vec<StoragePath> {
    let mut paths = storage.paths();
    paths.retain(|path| path.as_bytes().ends_with(b".part"));
    paths
}

/// Waits until the engine has cleared its parts away.
pub(super) async fn until_tidy(storage: &MemoryStorage) {
    let tidied = async {
        while !parts(storage).is_empty() || storage.open_streams() > 0 {
            tokio::task::yield_now().await;
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    };
    timeout(deadline(), tidied).await.expect("parts are left");
}

pub(super) fn bytes(length: usize) -> Vec<u8> {
    (0..length).map(|index| (index * 7 + index / 251) as u8).collect()
}
