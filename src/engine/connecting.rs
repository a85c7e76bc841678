//! The central task's dealings with connections: dialling, losing, questions of logins, parts left behind.

use std::{collections::BTreeMap, sync::Arc};

use tokio::time::Instant;

use super::{
    central::{Central, Ending, Role, host_words, pause_words},
    job::Job,
    message::{ConnectionState, Event, JobId, LanesInUse},
    part::{Janitor, LeftBehind, Litter, Place},
    progress::Obstacle,
    questions::Inquiry,
    sites::{AfterFailure, Availability},
};
use crate::{
    domain::{
        error::{Error, ErrorKind, Result},
        place::Endpoint,
    },
    storage::Storage,
};

/// Parts left behind are remembered up to this many an endpoint.
const MOST_LEFT_BEHIND: usize = 10_000;

impl Central {
    /// Dials what waiting steps and panes need.
    pub(super) fn connect_what_is_needed(&mut self, now: Instant) {
        let mut needed: Vec<Endpoint> = self.browses.waiting_for().cloned().collect();
        for job in self.jobs.iter().filter(|job| !job.queue.is_empty() && !job.is_paused()) {
            let (from, to) = job.route();
            needed.extend([from.clone(), to.clone()]);
        }
        needed.sort();
        needed.dedup();
        for endpoint in needed {
            if let Availability::Dial = self.sites.availability(&endpoint, now) {
                self.begin_dial(&endpoint);
            }
        }
    }

    fn begin_dial(&mut self, endpoint: &Endpoint) {
        let dial = self.dial.clone();
        let ask = self.questions.asker(endpoint.clone(), self.inlets.inquiries.clone());
        let whom = endpoint.clone();
        let task = self.tasks.spawn(async move { Ending::Dial(dial.dial(&whom, ask).await) });
        self.roles.insert(task.id(), Role::Dial(endpoint.clone()));
        self.sites.dialing(endpoint, task);
        self.tell_connection(endpoint, ConnectionState::Connecting);
    }

    /// Ends dials that nobody waits for any more, and with them their questions.
    pub(super) fn drop_unneeded_dials(&mut self) {
        for endpoint in self.sites.dials() {
            let needed = self.browses.waiting_for().any(|waiting| *waiting == endpoint)
                || self.jobs.iter().any(|job| job.ended.is_none() && job.needs(&endpoint));
            if !needed {
                self.disconnect(&endpoint);
            }
        }
    }

    pub(super) fn dialed(&mut self, endpoint: &Endpoint, result: Result<Arc<dyn Storage>>) {
        let error = match result {
            Ok(storage) => {
                self.clear_away(endpoint, &storage);
                self.sites.connected(endpoint, storage);
                self.tell_connection(endpoint, ConnectionState::Connected);
                self.serve_browses(endpoint);
                return;
            }
            Err(error) => error,
        };
        self.tell_connection(endpoint, ConnectionState::Lost(error.clone()));
        let now = Instant::now();
        // A person waits before a screen: they are told at once, and may try again themselves.
        self.fail_browses(endpoint, &error);
        match self.sites.failed(endpoint, &error, now, fastrand::f64()) {
            AfterFailure::Waiting => {}
            AfterFailure::GivenUp => {
                let needing = |job: &&Job| job.ended.is_none() && job.needs(endpoint);
                let jobs: Vec<JobId> = self.jobs.iter().filter(needing).map(|job| job.id).collect();
                for job in jobs {
                    self.fail_all_waiting(job, &error);
                }
            }
        }
    }

    /// A connection ended under somebody's hands.
    pub(super) fn lost(&mut self, endpoint: &Endpoint, generation: u64, why: &Error) {
        let now = Instant::now();
        if let Some(storage) = self.sites.lost(endpoint, generation, why, now, fastrand::f64()) {
            storage.disconnect();
            self.tell_connection(endpoint, ConnectionState::Lost(why.clone()));
        }
    }

    /// Ends a connection, or the attempt to make one, because a person says so or nobody needs it.
    pub(super) fn disconnect(&mut self, endpoint: &Endpoint) {
        let was_dialing = self.sites.is_dialing(endpoint);
        let storage = self.sites.disconnect(endpoint);
        if was_dialing || storage.is_some() {
            let words = format!("stay connected to {}", host_words(endpoint));
            let why = Error::new(ErrorKind::Cancelled, words, "it was not wanted any more");
            if was_dialing {
                self.roles.retain(|_, role| !matches!(role, Role::Dial(of) if of == endpoint));
                self.fail_browses(endpoint, &why);
            }
            self.tell_connection(endpoint, ConnectionState::Lost(why));
        }
        if let Some(storage) = storage {
            storage.disconnect();
        }
    }

    pub(super) fn inquired(&mut self, inquiry: Inquiry) {
        self.mark_changed();
        match inquiry {
            Inquiry::Ask { id, endpoint, question, reply } => {
                let job = self
                    .jobs
                    .iter()
                    .find(|job| job.ended.is_none() && job.needs(&endpoint))
                    .map(|job| job.id);
                self.questions.open_for_login(id, endpoint, reply);
                self.tell(Event::Asked { id, job, question: *question });
            }
            Inquiry::Withdraw(id) => {
                if self.questions.close(id).is_some() {
                    self.tell(Event::Withdrawn(id));
                }
            }
        }
    }

    /// What keeps a job's steps from starting.
    pub(super) fn obstacle(&self, job: &Job, now: Instant) -> Option<Obstacle> {
        if job.ended.is_some() || job.is_paused() || job.queue.is_empty() {
            return None;
        }
        let (from, to) = job.route();
        if [from, to].into_iter().any(|endpoint| self.questions.is_asking_for(endpoint)) {
            return Some(Obstacle::Question);
        }
        [from, to].into_iter().find_map(|endpoint| match self.sites.availability(endpoint, now) {
            Availability::Waiting(pause) => Some(Obstacle::Pause(pause_words(&pause))),
            _ => None,
        })
    }

    /// How busy the connections are, in the order of their servers.
    pub(super) fn lanes_in_use(&self, now: Instant) -> Vec<LanesInUse> {
        let mut steps: BTreeMap<&Endpoint, usize> = BTreeMap::new();
        for job in self.jobs.iter().filter(|job| !job.running.is_empty()) {
            let (from, to) = job.route();
            *steps.entry(from).or_default() += job.running.len();
            if from != to {
                *steps.entry(to).or_default() += job.running.len();
            }
        }
        let remote = steps.into_iter().filter(|(endpoint, _)| **endpoint != Endpoint::Local);
        let in_use =
            remote.filter_map(|(endpoint, steps)| match self.sites.availability(endpoint, now) {
                Availability::Connected(connection) => {
                    let lanes =
                        Some(connection.storage.lanes()).filter(|lanes| *lanes < usize::MAX);
                    Some(LanesInUse { endpoint: endpoint.clone(), steps, lanes })
                }
                _ => None,
            });
        in_use.collect()
    }

    /// When the next dial is due that somebody waits for.
    pub(super) fn next_dial(&self) -> Option<Instant> {
        let now = Instant::now();
        let waiting_jobs = self.jobs.iter().filter(|job| !job.queue.is_empty() && !job.is_paused());
        waiting_jobs
            .flat_map(|job| <[&Endpoint; 2]>::from(job.route()))
            .chain(self.browses.waiting_for())
            .filter_map(|endpoint| match self.sites.availability(endpoint, now) {
                Availability::Waiting(pause) => Some(pause.until),
                _ => None,
            })
            .min()
    }

    fn tell_connection(&mut self, endpoint: &Endpoint, state: ConnectionState) {
        self.mark_changed();
        self.tell(Event::Connection { endpoint: endpoint.clone(), state });
    }

    pub(super) fn keep_in_mind(&mut self, left: LeftBehind) {
        let LeftBehind { endpoint, storage, path } = left;
        // It may have been connected anew meanwhile.
        if let Availability::Connected(connection) =
            self.sites.availability(&endpoint, Instant::now())
            && !std::ptr::addr_eq(Arc::as_ptr(&storage), Arc::as_ptr(&connection.storage))
        {
            let place = self.place(&endpoint, connection.storage);
            Litter::new(place, path).throw_away();
            return;
        }
        let left = self.left_behind.entry(endpoint).or_default();
        if left.len() < MOST_LEFT_BEHIND {
            left.push(path);
        }
    }

    fn clear_away(&mut self, endpoint: &Endpoint, storage: &Arc<dyn Storage>) {
        for path in self.left_behind.remove(endpoint).unwrap_or_default() {
            Litter::new(self.place(endpoint, storage.clone()), path).throw_away();
        }
    }

    pub(super) fn place(&self, endpoint: &Endpoint, storage: Arc<dyn Storage>) -> Place {
        let janitor: Janitor = self.janitor.clone();
        Place { endpoint: endpoint.clone(), storage, janitor }
    }
}
