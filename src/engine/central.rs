//! The one task that owns the engine's state: it takes commands and outcomes, and tells what happened.

use std::{collections::HashMap, sync::Arc};

use tokio::{
    sync::{mpsc, watch},
    task::{Id, JoinError, JoinHandle, JoinSet},
    time::{self, Duration, Instant},
};

use super::{
    browse::Browses,
    errand::Announcement,
    gate::{SiteLimits, Throttle},
    job::Job,
    journal::{Journal, Query, Reply},
    message::{Command, Event, JobId, Snapshot, StepId, Target, Ticket},
    part::{Janitor, LeftBehind},
    progress::{self, PUBLISH_EVERY},
    questions::{Inquiry, Questions},
    sites::Sites,
    step::Outcome,
    width::Width,
};
use crate::{
    domain::{
        error::{Error, ErrorKind, Result},
        path::StoragePath,
        place::Endpoint,
    },
    storage::{Dial, Storage},
};

/// The engine's state and its inlets.
pub(super) struct Central {
    pub(super) dial: Arc<dyn Dial>,
    pub(super) jobs: Vec<Job>,
    pub(super) journal: Journal,
    pub(super) sites: Sites,
    pub(super) questions: Questions,
    pub(super) browses: Browses,
    /// Parts that could not be removed because the connection had ended.
    pub(super) left_behind: HashMap<Endpoint, Vec<StoragePath>>,
    pub(super) tasks: JoinSet<Ending>,
    /// Who each task is; one that is not named here any more was cancelled.
    pub(super) roles: HashMap<Id, Role>,
    pub(super) events: mpsc::UnboundedSender<Event>,
    pub(super) janitor: Janitor,
    pub(super) inlets: Inlets,
    /// Steps started so far: the clock of fairness.
    pub(super) served: u64,
    /// What all jobs together may carry.
    pub(super) throttle: Arc<Throttle>,
    /// What each site may carry.
    pub(super) limits: SiteLimits,
    /// How many files may be under way at once, if a person said so.
    pub(super) at_once: Option<usize>,
    /// How many small files at once do well on a route.
    pub(super) widths: HashMap<(Endpoint, Endpoint), Width>,
    commands: mpsc::UnboundedReceiver<Command>,
    replies: mpsc::UnboundedReceiver<Reply>,
    outlets: Outlets,
    janitor_work: JoinHandle<()>,
    snapshots: watch::Sender<Arc<Snapshot>>,
    watched: Option<JobId>,
    /// Something changed since the last snapshot.
    changed: bool,
    published: Option<Instant>,
    carried_when_published: u64,
}

/// Where tasks send to while they run.
pub(super) struct Inlets {
    pub(super) announcements: mpsc::UnboundedSender<Announcement>,
    pub(super) inquiries: mpsc::UnboundedSender<Inquiry>,
}

struct Outlets {
    announcements: mpsc::UnboundedReceiver<Announcement>,
    inquiries: mpsc::UnboundedReceiver<Inquiry>,
    left_behind: mpsc::UnboundedReceiver<LeftBehind>,
}

/// What a task is for.
#[derive(Debug, Clone)]
pub(super) enum Role {
    Step(JobId, StepId),
    Dial(Endpoint),
    Browse(Ticket),
}

/// How a task ended.
pub(super) enum Ending {
    Step(Outcome),
    Dial(Result<Arc<dyn Storage>>),
    /// And whether anything was told of it already.
    Browse {
        result: Result<()>,
        told: bool,
    },
}

/// What becomes of jobs that have not ended when the engine does.
#[derive(Debug, Clone, Copy)]
enum Stop {
    Cancel,
    Leave,
}

/// How many messages are taken before the next steps are started.
const TAKEN_AT_ONCE: usize = 256;
/// How long an end waits for parts to be removed.
const LAST_SWEEP: Duration = Duration::from_secs(1);

impl Central {
    pub(super) fn new(
        dial: Arc<dyn Dial>,
        commands: mpsc::UnboundedReceiver<Command>,
        events: mpsc::UnboundedSender<Event>,
        snapshots: watch::Sender<Arc<Snapshot>>,
        (journal, replies): (Journal, mpsc::UnboundedReceiver<Reply>),
    ) -> Self {
        let (announcements, announcements_out) = mpsc::unbounded_channel();
        let (inquiries, inquiries_out) = mpsc::unbounded_channel();
        let (left_behind, left_behind_out) = mpsc::unbounded_channel();
        let (janitor, janitor_work) = Janitor::start(journal.mark(), move |left| {
            let _ = left_behind.send(left);
        });
        Self {
            dial,
            jobs: Vec::new(),
            journal,
            sites: Sites::default(),
            questions: Questions::default(),
            browses: Browses::default(),
            left_behind: HashMap::new(),
            tasks: JoinSet::new(),
            roles: HashMap::new(),
            events,
            janitor,
            inlets: Inlets { announcements, inquiries },
            served: 0,
            throttle: Arc::default(),
            limits: SiteLimits::default(),
            at_once: None,
            widths: HashMap::new(),
            commands,
            replies,
            outlets: Outlets {
                announcements: announcements_out,
                inquiries: inquiries_out,
                left_behind: left_behind_out,
            },
            janitor_work,
            snapshots,
            watched: None,
            changed: false,
            published: None,
            carried_when_published: 0,
        }
    }

    /// Runs until it is told to stop, or nobody is left to tell it anything.
    pub(super) async fn run(mut self) {
        let ending = loop {
            let wake = self.next_wake();
            tokio::select! {
                command = self.commands.recv() => match command {
                    None | Some(Command::Shutdown) => break Stop::Cancel,
                    Some(Command::Suspend) => break Stop::Leave,
                    Some(command) => self.obey(command),
                },
                Some(reply) = self.replies.recv() => self.journal_replied(reply),
                Some(announcement) = self.outlets.announcements.recv() => self.announced(announcement),
                Some(inquiry) = self.outlets.inquiries.recv() => self.inquired(inquiry),
                Some(left) = self.outlets.left_behind.recv() => self.keep_in_mind(left),
                Some(ended) = self.tasks.join_next_with_id(), if !self.tasks.is_empty() => {
                    self.task_ended(ended);
                }
                () = sleep_until(wake) => {}
            }
            self.take_what_waits();
            self.act(Instant::now());
        };
        self.shut_down(ending).await;
    }

    /// Many messages, then one round of decisions.
    fn take_what_waits(&mut self) {
        for _ in 0..TAKEN_AT_ONCE {
            if let Some(ended) = self.tasks.try_join_next_with_id() {
                self.task_ended(ended);
            } else if let Ok(announcement) = self.outlets.announcements.try_recv() {
                self.announced(announcement);
            } else {
                break;
            }
        }
    }

    fn act(&mut self, now: Instant) {
        self.wake_retries(now);
        // What is planned here is begun below: nothing else may come that would bring the loop round again.
        self.plan_waiting_sources();
        self.connect_what_is_needed(now);
        self.start_steps(now);
        self.end_jobs(now);
        self.drop_unneeded_dials();
        self.publish(now);
    }

    fn obey(&mut self, command: Command) {
        self.changed = true;
        match command {
            Command::Open { ticket, location } => self.open(ticket, location),
            Command::Find { ticket, location, wanted } => self.find(ticket, location, wanted),
            Command::Close(ticket) => self.close(ticket),
            Command::Perform { ticket, act } => self.perform(ticket, act),
            Command::Inquire { ticket, inquiry } => self.inquire(ticket, inquiry),
            Command::History { ticket, wanted } => self.history(ticket, wanted),
            Command::OpenShell { ticket, location, window } => {
                self.open_shell(ticket, location, window);
            }
            Command::Add(id, request) => self.add(id, request),
            Command::Cancel(target) => self.cancel(target),
            Command::Pause(target) => self.pause(target, true),
            Command::Continue(target) => self.pause(target, false),
            Command::Reorder(job, turn) => self.reorder(job, turn),
            Command::Limit(limit) => self.throttle.set(limit),
            Command::LimitSite(endpoint, limit) => self.limits.of(&endpoint).set(limit),
            Command::AtOnce(most) => self.carry_at_once(most),
            Command::Retry(target) => self.retry(target),
            Command::Answer(id, answer) => self.answered(id, answer),
            Command::Watch(job) => self.watched = job,
            Command::ClearEnded => self.clear_ended(),
            Command::Disconnect(endpoint) => self.disconnect(&endpoint),
            Command::FindLeft => self.find_left(),
            Command::Resume(number, job) => self.resume(number, job),
            Command::GiveUp(number) => self.give_up(number),
            Command::FindStale => self.journal.ask(Query::Stale),
            Command::Swept(jobs) => self.journal.ask(Query::Swept(jobs)),
            // These end the loop before they get here.
            Command::Suspend | Command::Shutdown => {}
        }
    }

    fn task_ended(&mut self, ended: std::result::Result<(Id, Ending), JoinError>) {
        self.changed = true;
        let id = match &ended {
            Ok((id, _)) => *id,
            Err(error) => error.id(),
        };
        let Some(role) = self.roles.remove(&id) else { return };
        match (role, ended.map(|(_, ending)| ending)) {
            (Role::Step(job, step), Ok(Ending::Step(outcome))) => {
                self.step_ended(job, step, outcome);
            }
            (Role::Dial(endpoint), Ok(Ending::Dial(result))) => self.dialed(&endpoint, result),
            (Role::Browse(ticket), Ok(Ending::Browse { result, told })) => {
                self.browse_ended(ticket, result, told);
            }
            // A worker that ends without saying so has failed.
            (Role::Step(job, step), _) => self.step_vanished(job, step),
            (Role::Dial(endpoint), _) => {
                let error = vanished(format!("connect to {}", host_words(&endpoint)));
                self.dialed(&endpoint, Err(error));
            }
            (Role::Browse(ticket), _) => {
                self.browse_ended(ticket, Err(vanished("finish what was asked")), true);
            }
        }
    }

    pub(super) fn tell(&self, event: Event) {
        // Nobody listens any more only when the program is about to end.
        let _ = self.events.send(event);
    }

    pub(super) fn job(&mut self, id: JobId) -> Option<&mut Job> {
        self.jobs.iter_mut().find(|job| job.id == id)
    }

    pub(super) fn mark_changed(&mut self) {
        self.changed = true;
    }

    /// The next moment at which something is to be done without a message.
    fn next_wake(&self) -> Option<Instant> {
        let publish = (self.changed || self.something_moves())
            .then(|| self.published.map_or_else(Instant::now, |then| then + PUBLISH_EVERY));
        [publish, self.next_retry(), self.next_dial()].into_iter().flatten().min()
    }

    fn something_moves(&self) -> bool {
        self.jobs.iter().any(|job| !job.running.is_empty() || job.rate.per_second() > 0.0)
    }

    /// Publishes a snapshot if there is something new to see, and not more often than is of use.
    fn publish(&mut self, now: Instant) {
        let due = self.published.is_none_or(|then| now >= then + PUBLISH_EVERY);
        if !due || !(self.changed || self.something_moves()) {
            return;
        }
        self.published = Some(now);
        let mut carried_by_all = 0u64;
        let mut rates_changed = false;
        for job in &mut self.jobs {
            let record = self.journal.of(job.id);
            let carried = job.carried_bytes(&record);
            let before = job.rate.per_second();
            job.rate.take(job.moved.bytes(), now, !job.running.is_empty());
            // A rate that has all but faded is none.
            rates_changed |= (job.rate.per_second() - before).abs() > 1.0;
            carried_by_all = carried_by_all.wrapping_add(carried);
        }
        if !self.changed && !rates_changed && carried_by_all == self.carried_when_published {
            return;
        }
        self.changed = false;
        self.carried_when_published = carried_by_all;
        let _ = self.snapshots.send(Arc::new(self.snapshot(now)));
    }

    fn snapshot(&self, now: Instant) -> Snapshot {
        let jobs = self
            .jobs
            .iter()
            .map(|job| job.progress(&self.journal.of(job.id), self.obstacle(job, now)))
            .collect();
        let watched = self.watched.and_then(|id| {
            let job = self.jobs.iter().find(|job| job.id == id)?;
            Some((id, job.steps_shown()))
        });
        let lanes = self.lanes_in_use(now);
        Snapshot { jobs, watched, limit: self.throttle.limit(), lanes }
    }

    /// Stops everything, clears away what can be cleared away in a moment, and ends the event stream.
    async fn shut_down(mut self, stop: Stop) {
        let now = Instant::now();
        match stop {
            Stop::Cancel => {
                self.cancel(Target::Everything);
                let jobs: Vec<JobId> = self.jobs.iter().map(|job| job.id).collect();
                jobs.into_iter().for_each(|job| self.discard_failed_parts(job));
            }
            // Nothing more is told or written of them: the journal has them as they are.
            Stop::Leave => {
                self.janitor.leave_parts();
                self.jobs.clear();
            }
        }
        self.close_all_browses();
        self.end_jobs(now);
        self.changed = true;
        self.published = None;
        self.publish(now);
        self.roles.clear();
        self.tasks.shutdown().await;
        let Self { janitor, janitor_work, mut sites, outlets, .. } = self;
        drop((janitor, outlets));
        let _ = time::timeout(LAST_SWEEP, janitor_work).await;
        for storage in sites.disconnect_all() {
            storage.disconnect();
        }
    }
}

async fn sleep_until(wake: Option<Instant>) {
    match wake {
        Some(wake) => time::sleep_until(wake).await,
        None => std::future::pending().await,
    }
}

/// What an error calls an endpoint.
pub(super) fn host_words(endpoint: &Endpoint) -> String {
    match endpoint {
        Endpoint::Local => String::from("this machine"),
        Endpoint::Remote(site) => site.to_string(),
    }
}

pub(super) fn vanished(doing: impl Into<Box<str>>) -> Error {
    Error::new(ErrorKind::Failed, doing, "what worked on it stopped without a word; this is a bug")
}

/// A failure as it is to be told when a connection is waited for.
pub(super) fn pause_words(pause: &super::sites::Pause) -> super::message::Retrying {
    progress::retrying(pause.until, pause.attempt, pause.why.clone())
}
