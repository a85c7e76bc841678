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

/// Everyone takes turns of so many bytes: by whole chunks, who has large ones would have more of the limit than who has
/// small ones.
const TURN: u64 = 32 * 1024;
/// Who wakes up late for a turn has not lost it, up to so much.
const LATE: Duration = Duration::from_millis(20);

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
        let mut left = bytes;
        while left > 0 {
            let changed = self.changed.notified();
            let Some(turn) = self.turn(left.min(TURN)) else { return };
            left = left.saturating_sub(TURN);
            tokio::select! {
                () = time::sleep_until(turn) => {}
                // By what holds now it may be too early, by one turn.
                () = changed => {}
            }
        }
    }

    /// When the turn of these bytes comes; `None` where there is no limit.
    fn turn(&self, bytes: u64) -> Option<Instant> {
        let mut state = self.state();
        let limit = state.limit.0?;
        let now = Instant::now();
        let earliest = now.checked_sub(LATE).unwrap_or(now);
        let turn = state.paid.map_or(now, |paid| paid.max(earliest));
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
        throttle.pass(TURN).await;
        tokio::join!(throttle.pass(1), async {
            time::sleep(Duration::from_millis(1)).await;
            throttle.set(Limit(None));
        });
        assert!(start.elapsed() < Duration::from_secs(2), "{:?}", start.elapsed());
    }

    /// How many bytes each stream gets through in ten seconds, of which it passes so many at a time.
    async fn shares(limit: u64, chunks: &[u64]) -> Vec<u64> {
        let throttle = Throttle::default();
        throttle.set(Limit(Some(limit)));
        let end = Instant::now() + Duration::from_secs(10);
        let stream = async |chunk: &u64| {
            let mut passed = 0;
            while time::timeout_at(end, throttle.pass(*chunk)).await.is_ok() {
                passed += chunk;
            }
            passed
        };
        futures_util::future::join_all(chunks.iter().map(stream)).await
    }

    #[tokio::test(start_paused = true)]
    async fn small_chunks_have_the_same_share_as_large_ones() {
        let shares = shares(8_000_000, &[32_768, 262_144, 1_000_000]).await;
        for share in &shares {
            assert!((24_000_000..29_000_000).contains(share), "{shares:?}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_clock_that_counts_milliseconds_costs_nothing_of_the_limit() {
        for limit in [1_000_000, 50_000_000, 1_000_000_000] {
            let passed = shares(limit, &[32_768]).await[0];
            assert!(
                passed >= limit * 10 / 100 * 98 && passed <= limit * 10 / 100 * 101,
                "{passed}"
            );
        }
    }
}
