//! Drives the real engine over the real dialer from a test that is not async: commands, events with a deadline.

use std::{
    fs,
    path::Path,
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use async_trait::async_trait;
use secrecy::SecretString;
use tokio::runtime::Runtime;
use wharf::{
    domain::{
        entry::{Entry, RefusedName},
        error::{Error, Result},
        path::StoragePath,
        place::{Endpoint, Location},
        question::{Answer, ConflictChoice, Question},
        secret::Vault,
        site::{Bounds, Protocol, Site},
    },
    engine::{
        self, Handles,
        message::{
            Command, Destination, Event, JobId, JobOptions, JobRequest, JobSummary, StepDone,
            StepEnding, Target, Ticket, Work,
        },
    },
    settings::ssh_config::{Resolver, SshOptions},
    storage::{Ask, Dial, Storage, dial::Dialer, memory::MemoryStorage},
};

use crate::{
    servers::client::{Client, HOST},
    support::wait_until,
};

/// Longer than anything takes, so that what hangs fails in words.
pub(super) const LONG: Duration = Duration::from_secs(60);

/// A password for every site until it is to be forgotten, or none.
struct OnePassword(Mutex<Option<SecretString>>);

#[async_trait]
impl Vault for OnePassword {
    async fn find(&self, _site: &Site) -> Result<Option<SecretString>> {
        Ok(self.0.lock().unwrap().clone())
    }
    async fn keep(&self, _site: &Site, _password: &SecretString) -> Result<()> {
        Ok(())
    }
    async fn forget(&self, _site: &Site) -> Result<()> {
        *self.0.lock().unwrap() = None;
        Ok(())
    }
}

/// This machine's disk is another; servers are reached as ever.
struct WithDisk {
    disk: MemoryStorage,
    servers: Arc<dyn Dial>,
}

#[async_trait]
impl Dial for WithDisk {
    async fn dial(&self, endpoint: &Endpoint, ask: Arc<dyn Ask>) -> Result<Arc<dyn Storage>> {
        match endpoint {
            Endpoint::Local => Ok(Arc::new(self.disk.clone())),
            server => self.servers.dial(server, ask).await,
        }
    }
}

/// What a test answers to a question; `None` leaves it open.
type Answers = Box<dyn FnMut(&Question) -> Option<Answer>>;

/// A running engine that knows one remote site, [`HOST`].
pub(super) struct Crossing {
    // First, so that the engine's tasks end while the runtime still runs.
    handles: Option<Handles>,
    runtime: Option<Runtime>,
    /// Its files are read again at each login.
    _client: Client,
    answers: Answers,
    /// How jobs are to be done: all of a directory, and what stands there gives way.
    pub(super) options: JobOptions,
    events: Vec<Event>,
    next: u64,
}

impl Crossing {
    /// Over a client's configuration.
    pub(super) fn new(client: &Client, password: Option<&str>) -> Self {
        Self::within(client, password, Bounds::default())
    }

    /// Over no more connections and requests than these.
    pub(super) fn within(client: &Client, password: Option<&str>, bounds: Bounds) -> Self {
        Self::over(client, password, bounds, |servers| servers)
    }

    /// With this in the place of the machine's own disk.
    pub(super) fn with_disk(client: &Client, disk: MemoryStorage) -> Self {
        Self::over(client, None, Bounds::default(), |servers| Arc::new(WithDisk { disk, servers }))
    }

    fn over(
        client: &Client,
        password: Option<&str>,
        bounds: Bounds,
        dial: impl FnOnce(Arc<dyn Dial>) -> Arc<dyn Dial>,
    ) -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()
            .unwrap();
        let options = SshOptions { config: Some(client.config()), ..SshOptions::default() };
        let resolver = Resolver::new(options);
        let resolve = Arc::new(move |site: &Site| resolver.resolve(site));
        let vault = Arc::new(OnePassword(Mutex::new(password.map(SecretString::from))));
        let dialer = Arc::new(Dialer::new(resolve, vault).within(bounds));
        let handles = {
            let _inside = runtime.enter();
            engine::start(dial(dialer))
        };
        Self {
            handles: Some(handles),
            runtime: Some(runtime),
            _client: client.clone(),
            answers: Box::new(|_| Some(Answer::No)),
            options: JobOptions {
                recursive: true,
                on_conflict: Some(ConflictChoice::Overwrite),
                ..JobOptions::default()
            },
            events: Vec::new(),
            next: 0,
        }
    }

    /// Answers questions so; without it all are refused.
    pub(super) fn answering(
        mut self,
        answers: impl FnMut(&Question) -> Option<Answer> + 'static,
    ) -> Self {
        self.answers = Box::new(answers);
        self
    }

    pub(super) fn send(&self, command: Command) {
        self.handles.as_ref().unwrap().commands.send(command).unwrap();
    }

    fn number(&mut self) -> u64 {
        self.next += 1;
        self.next
    }

    /// Queues a job.
    pub(super) fn add(&mut self, work: Work, sources: &[Location]) -> JobId {
        let job = JobId(self.number());
        let request = JobRequest {
            work,
            from: sources[0].endpoint.clone(),
            sources: sources.iter().map(|source| source.path.clone()).collect(),
            options: self.options,
        };
        self.send(Command::Add(job, request));
        job
    }

    /// Copies into a directory.
    pub(super) fn copy(&mut self, from: &Location, into: &Location) -> JobId {
        self.add(Work::Copy(Destination::Into(into.clone())), std::slice::from_ref(from))
    }

    /// The next event that `wanted` holds for; earlier ones are kept and looked at no more.
    #[track_caller]
    pub(super) fn wait(
        &mut self,
        what: &str,
        deadline: Duration,
        wanted: impl Fn(&Event) -> bool,
    ) -> &Event {
        let end = Instant::now() + deadline;
        loop {
            let Some(event) = self.next_event(end) else {
                panic!("waited {deadline:?} in vain for {what}; so far: {:#?}", self.events);
            };
            let found = wanted(&event);
            self.events.push(event);
            if found {
                return self.events.last().unwrap();
            }
        }
    }

    fn next_event(&mut self, end: Instant) -> Option<Event> {
        let handles = self.handles.as_mut()?;
        let next = async { tokio::time::timeout_at(end.into(), handles.events.recv()).await };
        let event = self.runtime.as_ref()?.block_on(next).ok()??;
        if let Event::Asked { id, question, .. } = &event
            && let Some(answer) = (self.answers)(question)
        {
            let answered = Command::Answer(*id, answer);
            self.handles.as_ref()?.commands.send(answered).ok()?;
        }
        Some(event)
    }

    /// Copies under exactly this path.
    pub(super) fn copy_to(&mut self, from: &Location, to: &Location) -> JobId {
        self.add(Work::Copy(Destination::Exactly(to.clone())), std::slice::from_ref(from))
    }

    /// Waits for a job's end.
    #[track_caller]
    pub(super) fn ended(&mut self, job: JobId, deadline: Duration) -> JobSummary {
        let is_its_end =
            |event: &Event| matches!(event, Event::JobEnded(summary) if summary.job == job);
        match self.wait("the job's end", deadline, is_its_end) {
            Event::JobEnded(summary) => summary.clone(),
            _ => unreachable!(),
        }
    }

    /// Waits for a job's end; it must have gone well, all of it.
    #[track_caller]
    pub(super) fn arrives(&mut self, job: JobId, deadline: Duration) -> JobSummary {
        let summary = self.ended(job, deadline);
        let failures = self.failures(job);
        assert!(failures.is_empty() && summary.counts.failed == 0, "{failures:#?}");
        summary
    }

    /// Waits for a job's end; it must have failed, and each failure is a sentence. The sentences.
    #[track_caller]
    pub(super) fn fails(&mut self, job: JobId, deadline: Duration) -> String {
        let summary = self.ended(job, deadline);
        assert!(summary.counts.failed > 0, "{summary:?} {:#?}", self.events);
        let failures = self.failures(job);
        assert!(!failures.is_empty(), "a failure without a word: {:#?}", self.events);
        for failure in &failures {
            is_a_sentence(failure);
        }
        failures.iter().map(|failure| format!("{failure}\n")).collect()
    }

    /// Steps of a job that failed for good, so far.
    pub(super) fn failures(&self, job: JobId) -> Vec<Error> {
        let failed = |event: &Event| match event {
            Event::StepEnded { job: its, ending: StepEnding::Failed { error, .. }, .. }
                if *its == job =>
            {
                Some(error.clone())
            }
            _ => None,
        };
        self.events.iter().filter_map(failed).collect()
    }

    /// Steps of a job that are done, so far.
    pub(super) fn done(&self, job: JobId) -> Vec<StepDone> {
        let done = |event: &Event| match event {
            Event::StepDone(done) if done.job == job => Some(done.clone()),
            _ => None,
        };
        self.events.iter().filter_map(done).collect()
    }

    /// Cancels all, and how long it took until the job had ended.
    pub(super) fn cancel(&mut self, job: JobId) -> Duration {
        let start = Instant::now();
        self.send(Command::Cancel(Target::Job(job)));
        let summary = self.ended(job, LONG);
        assert!(summary.cancelled);
        start.elapsed()
    }

    /// Bytes that a job has carried so far, files under way included.
    pub(super) fn carried(&self, job: JobId) -> u64 {
        let snapshot = self.handles.as_ref().unwrap().progress.borrow().clone();
        let progress = snapshot.jobs.iter().find(|progress| progress.id == job);
        progress.map_or(0, |progress| progress.carried_bytes)
    }

    /// Waits until a job has carried so much; it must not end before.
    #[track_caller]
    pub(super) fn carries(&mut self, job: JobId, bytes: u64) {
        let end = Instant::now() + LONG;
        while self.carried(job) < bytes {
            assert!(Instant::now() < end, "too little was carried; so far: {:#?}", self.events);
            if let Some(event) = self.next_event(Instant::now() + Duration::from_millis(5)) {
                let over = matches!(&event, Event::JobEnded(summary) if summary.job == job);
                self.events.push(event);
                assert!(!over, "it ended before enough was carried: {:#?}", self.events);
            }
        }
    }

    /// Why the next attempt is waited for, if it is.
    pub(super) fn retrying(&self, job: JobId) -> Option<Error> {
        let snapshot = self.handles.as_ref().unwrap().progress.borrow().clone();
        let progress = snapshot.jobs.iter().find(|progress| progress.id == job)?;
        progress.retry.as_ref().map(|retry| retry.why.clone())
    }

    /// Lists a directory.
    pub(super) fn list(&mut self, location: &Location) -> Result<(Vec<Entry>, Vec<RefusedName>)> {
        let ticket = Ticket(self.number());
        self.send(Command::Open { ticket, location: location.clone() });
        let mut rows = (Vec::new(), Vec::new());
        let end = Instant::now() + LONG;
        loop {
            match self.next_event(end).expect("the listing hangs") {
                Event::Rows { ticket: its, entries, refused } if its == ticket => {
                    rows.0.extend(entries);
                    rows.1.extend(refused);
                }
                Event::Listed(its) if its == ticket => return Ok(rows),
                Event::OpenFailed(its, error) if its == ticket => return Err(error),
                other => self.events.push(other),
            }
        }
    }

    /// Opens a directory and keeps its ticket: answered by events.
    pub(super) fn open(&mut self, location: &Location) -> Ticket {
        let ticket = Ticket(self.number());
        self.send(Command::Open { ticket, location: location.clone() });
        ticket
    }

    /// The rows told of a ticket so far.
    pub(super) fn rows_of(&self, ticket: Ticket) -> Vec<&Entry> {
        let mut rows = Vec::new();
        for event in &self.events {
            if let Event::Rows { ticket: its, entries, .. } = event
                && *its == ticket
            {
                rows.extend(entries);
            }
        }
        rows
    }

    /// The questions asked so far.
    pub(super) fn questions(&self) -> Vec<&Question> {
        let mut questions = Vec::new();
        for event in &self.events {
            if let Event::Asked { question, .. } = event {
                questions.push(question);
            }
        }
        questions
    }
}

impl Drop for Crossing {
    fn drop(&mut self) {
        self.handles = None;
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

/// An error must say what was being done, to what and why, in one line.
#[track_caller]
pub(super) fn is_a_sentence(error: &Error) {
    let text = error.to_string();
    let whole = text.starts_with("Could not ") && text.contains(": ") && text.ends_with('.');
    assert!(whole && !text.ends_with("..") && text.len() < 700, "no clear sentence: {text}");
    assert!(!text.chars().any(char::is_control), "not escaped: {text:?}");
}

/// A path on the remote site.
pub(super) fn remote(path: impl AsRef<[u8]>) -> Location {
    let site = Site::new(Protocol::Sftp, None, HOST, None).unwrap();
    Location { endpoint: Endpoint::Remote(Arc::new(site)), path: StoragePath::new(path) }
}

/// A path on this machine.
pub(super) fn local(path: &Path) -> Location {
    use std::os::unix::ffi::OsStrExt;
    Location::local(StoragePath::new(path.as_os_str().as_bytes()))
}

/// So many bytes that no shift or repetition of a block leaves alike.
pub(super) fn content(length: usize) -> Vec<u8> {
    let mut random = fastrand::Rng::with_seed(length as u64);
    let mut bytes = vec![0; length];
    random.fill(&mut bytes);
    bytes
}

/// Waits until no part is left below a folder (they are cleared away beside the work), and names every file there.
#[track_caller]
pub(super) fn files_below(folder: &Path) -> Vec<String> {
    let is_part = |name: &String| name.ends_with(".part");
    let mut found = Vec::new();
    wait_until("no part is left", Duration::from_secs(10), || {
        found = all_below(folder);
        !found.iter().any(is_part)
    });
    found
}

fn all_below(folder: &Path) -> Vec<String> {
    let mut found = Vec::new();
    let mut open = vec![folder.to_path_buf()];
    while let Some(next) = open.pop() {
        for entry in fs::read_dir(&next).into_iter().flatten() {
            let path = entry.unwrap().path();
            let relative = path.strip_prefix(folder).unwrap();
            if path.is_dir() && !path.is_symlink() {
                open.push(path);
            } else {
                found.push(relative.to_string_lossy().into_owned());
            }
        }
    }
    found.sort();
    found
}
