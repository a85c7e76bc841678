//! One connection an endpoint, shared by all who need it: a state machine without I/O.

use std::{collections::HashMap, sync::Arc, time::Duration};

use tokio::{task::AbortHandle, time::Instant};

use super::retry::{self, Next};
use crate::{
    domain::{
        error::{Error, ErrorKind},
        place::Endpoint,
    },
    storage::Storage,
};

/// All endpoints that were ever needed.
#[derive(Default)]
pub(super) struct Sites {
    sites: HashMap<Endpoint, Site>,
    generations: u64,
}

#[derive(Default)]
struct Site {
    state: State,
    connected_before: bool,
    /// Failures to connect in a row, or connections that ended before anything was done with them.
    failures: u32,
    /// A person did not wait this one out. Their attempt takes nothing from the patience of jobs.
    cut_short: Option<Pause>,
}

#[derive(Default)]
enum State {
    #[default]
    Idle,
    Dialing(AbortHandle),
    Connected(Connection),
    /// Until then nobody knocks again.
    Waiting(Pause),
}

/// A connected storage; the generation tells it from those before and after it.
#[derive(Clone)]
pub(super) struct Connection {
    pub(super) storage: Arc<dyn Storage>,
    pub(super) generation: u64,
}

/// A wait for the next attempt to connect.
#[derive(Clone)]
pub(super) struct Pause {
    pub(super) until: Instant,
    /// The number of the attempt to come.
    pub(super) attempt: u32,
    pub(super) why: Error,
}

/// What there is for someone who needs an endpoint.
pub(super) enum Availability {
    Connected(Connection),
    /// Somebody has to dial: whoever was told this.
    Dial,
    Dialing,
    Waiting(Pause),
}

/// What follows from a failure to connect.
pub(super) enum AfterFailure {
    Waiting,
    /// Whoever waits is told why.
    GivenUp,
}

impl Sites {
    /// What there is. A wait that is over counts as [`Availability::Dial`].
    pub(super) fn availability(&self, endpoint: &Endpoint, now: Instant) -> Availability {
        match self.sites.get(endpoint).map(|site| &site.state) {
            None | Some(State::Idle) => Availability::Dial,
            Some(State::Dialing(_)) => Availability::Dialing,
            Some(State::Connected(connection)) => Availability::Connected(connection.clone()),
            Some(State::Waiting(pause)) if pause.until <= now => Availability::Dial,
            Some(State::Waiting(pause)) => Availability::Waiting(pause.clone()),
        }
    }

    /// Whether a dial is under way.
    pub(super) fn is_dialing(&self, endpoint: &Endpoint) -> bool {
        matches!(self.sites.get(endpoint), Some(Site { state: State::Dialing(_), .. }))
    }

    /// Ends a wait now: a person asks for it.
    pub(super) fn hurry(&mut self, endpoint: &Endpoint) {
        if let Some(site) = self.sites.get_mut(endpoint)
            && let State::Waiting(pause) = &site.state
        {
            site.cut_short = Some(pause.clone());
            site.state = State::Idle;
        }
    }

    /// A dial was begun.
    pub(super) fn dialing(&mut self, endpoint: &Endpoint, dial: AbortHandle) {
        self.sites.entry(endpoint.clone()).or_default().state = State::Dialing(dial);
    }

    /// It succeeded.
    pub(super) fn connected(&mut self, endpoint: &Endpoint, storage: Arc<dyn Storage>) {
        self.generations += 1;
        let generation = self.generations;
        let site = self.sites.entry(endpoint.clone()).or_default();
        site.state = State::Connected(Connection { storage, generation });
        site.cut_short = None;
        site.connected_before = true;
    }

    /// Something was done over a connection: it is of use.
    pub(super) fn was_of_use(&mut self, endpoint: &Endpoint) {
        if let Some(site) = self.sites.get_mut(endpoint) {
            site.failures = 0;
        }
    }

    /// The dial failed.
    pub(super) fn failed(
        &mut self,
        endpoint: &Endpoint,
        why: &Error,
        now: Instant,
        random: f64,
    ) -> AfterFailure {
        let site = self.sites.entry(endpoint.clone()).or_default();
        let cut_short = site.cut_short.take().filter(|pause| now < pause.until);
        if let Some(pause) = cut_short
            && why.kind().is_worth_a_retry()
        {
            site.state = State::Waiting(Pause { why: why.clone(), ..pause });
            return AfterFailure::Waiting;
        }
        site.failures += 1;
        match retry::after_failed_dial(why.kind(), site.failures, site.connected_before, random) {
            Next::Wait(wait) => {
                site.wait(now + wait, why);
                AfterFailure::Waiting
            }
            Next::GiveUp => {
                site.state = State::Idle;
                site.failures = 0;
                AfterFailure::GivenUp
            }
        }
    }

    /// A connection ended. Its storage is handed back to be closed; `None` if it was known already.
    ///
    /// The first loss is followed by a new dial at once; those that follow without anything having been done in
    /// between wait longer and longer, so that a server that drops everybody is not hammered.
    pub(super) fn lost(
        &mut self,
        endpoint: &Endpoint,
        generation: u64,
        why: &Error,
        now: Instant,
        random: f64,
    ) -> Option<Arc<dyn Storage>> {
        let site = self.sites.get_mut(endpoint)?;
        match &site.state {
            State::Connected(connection) if connection.generation == generation => {
                let storage = connection.storage.clone();
                site.failures += 1;
                let failures = site.failures - 1;
                if failures == 0 {
                    site.state = State::Idle;
                } else {
                    match retry::after_failed_dial(LOST, failures, true, random) {
                        Next::Wait(wait) => site.wait(now + wait, why),
                        Next::GiveUp => site.wait(now + LONGEST_WAIT, why),
                    }
                }
                Some(storage)
            }
            _ => None,
        }
    }

    /// Ends whatever there is: a dial, a connection, a wait. The storage is handed back to be closed.
    pub(super) fn disconnect(&mut self, endpoint: &Endpoint) -> Option<Arc<dyn Storage>> {
        let site = self.sites.get_mut(endpoint)?;
        site.cut_short = None;
        match std::mem::take(&mut site.state) {
            State::Dialing(dial) => {
                dial.abort();
                None
            }
            State::Connected(connection) => Some(connection.storage),
            State::Idle | State::Waiting(_) => None,
        }
    }

    /// Ends everything.
    pub(super) fn disconnect_all(&mut self) -> Vec<Arc<dyn Storage>> {
        let endpoints: Vec<Endpoint> = self.sites.keys().cloned().collect();
        endpoints.iter().filter_map(|endpoint| self.disconnect(endpoint)).collect()
    }

    /// Endpoints with a dial under way.
    pub(super) fn dials(&self) -> Vec<Endpoint> {
        let dialing = |(endpoint, site): (&Endpoint, &Site)| {
            matches!(site.state, State::Dialing(_)).then(|| endpoint.clone())
        };
        self.sites.iter().filter_map(dialing).collect()
    }
}

const LONGEST_WAIT: Duration = Duration::from_secs(60);
/// However it ended, it is made again at the pace of a lost connection.
const LOST: ErrorKind = ErrorKind::ConnectionLost;

impl Site {
    fn wait(&mut self, until: Instant, why: &Error) {
        let attempt = self.failures + 1;
        self.state = State::Waiting(Pause { until, attempt, why: why.clone() });
    }
}
