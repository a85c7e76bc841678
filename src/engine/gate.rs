//! What lets bytes pass: a limit for all of them together, and a pause for those of a job.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use tokio::{
    sync::{Notify, watch},
    time::{self, Duration, Instant},
};

use crate::domain::{place::Endpoint, rate::Limit};

/// The limit all transfers share. It may change at any time.
#[derive(Default)]
pub(super) struct Throttle {
    state: Mutex<State>,
    changed: Notify,
}

#[derive(Default)]
struct State {
    limit: Limit,
    /// When what was let pass so far is paid for.
    paid: Option<Instant>,
}

impl Throttle {
    pub(super) fn limit(&self) -> Limit {
        self.state().limit
    }

    pub(super) fn set(&self, limit: Limit) {
        *self.state() = State { limit, paid: None };
        self.changed.notify_waiters();
    }

    /// Waits until so many bytes more may pass. Whoever comes first goes first.
    async fn pass(&self, bytes: u64) {
        let changed = self.changed.notified();
        let Some(turn) = self.turn(bytes) else { return };
        tokio::select! {
            () = time::sleep_until(turn) => {}
            // By what holds now it may be too early, by one chunk.
            () = changed => {}
        }
    }

    /// When the turn of these bytes comes; `None` where there is no limit.
    fn turn(&self, bytes: u64) -> Option<Instant> {
        let mut state = self.state();
        let limit = state.limit.0?;
        let now = Instant::now();
        let turn = state.paid.map_or(now, |paid| paid.max(now));
        state.paid = Some(turn + Duration::from_secs_f64(bytes as f64 / limit as f64));
        Some(turn)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The limits of sites; of those nothing is said of there is none.
#[derive(Default)]
pub(super) struct SiteLimits(HashMap<Endpoint, Arc<Throttle>>);

impl SiteLimits {
    /// Of one site. What passes it feels every later change.
    pub(super) fn of(&mut self, endpoint: &Endpoint) -> Arc<Throttle> {
        self.0.entry(endpoint.clone()).or_default().clone()
    }

    /// Of both ends of a route: within one site there is one.
    pub(super) fn of_route(&mut self, from: &Endpoint, to: &Endpoint) -> Vec<Arc<Throttle>> {
        let ends = [from, to].into_iter().filter(|end| **end != Endpoint::Local);
        let mut ends: Vec<&Endpoint> = ends.collect();
        ends.dedup();
        ends.into_iter().map(|end| self.of(end)).collect()
    }
}

/// What the bytes of one step go through.
#[derive(Clone)]
pub(super) struct Gate {
    pub(super) throttle: Arc<Throttle>,
    /// Those of the sites at both ends.
    pub(super) sites: Vec<Arc<Throttle>>,
    pub(super) paused: watch::Receiver<bool>,
    /// The same of the step alone.
    pub(super) held: watch::Receiver<bool>,
}

impl Gate {
    /// Waits until so many bytes more may pass.
    pub(super) async fn pass(&self, bytes: u64) {
        for pause in [&self.paused, &self.held] {
            if *pause.borrow() {
                // Whoever could end the pause is gone only together with the step.
                let _ = pause.clone().wait_for(|paused| !paused).await;
            }
        }
        for site in &self.sites {
            site.pass(bytes).await;
        }
        self.throttle.pass(bytes).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn what_passes_keeps_to_the_limit_and_a_change_is_felt_at_once() {
        let throttle = Throttle::default();
        let start = Instant::now();
        throttle.pass(u64::MAX).await;
        assert_eq!(start.elapsed(), Duration::ZERO, "without a limit nothing waits");
        throttle.set(Limit(Some(1000)));
        for _ in 0..11 {
            throttle.pass(100).await;
        }
        assert_eq!(start.elapsed().as_millis(), 1000);
        throttle.pass(1_000_000).await;
        tokio::join!(throttle.pass(1), async {
            time::sleep(Duration::from_millis(1)).await;
            throttle.set(Limit(None));
        });
        assert!(start.elapsed() < Duration::from_secs(2), "{:?}", start.elapsed());
    }
}
