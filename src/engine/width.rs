//! How many small files at once: more as long as more get done in a second, a pure function of when they ended.

use std::time::{Duration, Instant};

/// With how many it begins.
const FIRST: usize = 256;
/// Each has a file open at both ends, and systems allow a process about a thousand.
const MOST: usize = 384;
/// More get done by this much, or the last step up was one too many.
const PAYS: f64 = 1.1;
/// Once it is found, it is looked at anew after so many times its own number have ended.
const LASTS: usize = 32;
/// The shortest time a rate is taken over.
const SPAN: Duration = Duration::from_millis(100);

/// The width of one route.
#[derive(Debug)]
pub(super) struct Width {
    width: usize,
    most: usize,
    /// Steps a second with half the width.
    before: f64,
    began: Option<Instant>,
    ended: usize,
    found: bool,
}

impl Default for Width {
    fn default() -> Self {
        Self::new(MOST)
    }
}

impl Width {
    pub(super) fn new(most: usize) -> Self {
        let most = most.max(1);
        Self { width: FIRST.min(most), most, before: 0.0, began: None, ended: 0, found: false }
    }

    /// How many may be under way.
    pub(super) fn get(&self) -> usize {
        self.width
    }

    /// One ended; `under_way` are left. Fewer than the width say nothing about the width.
    pub(super) fn ended(&mut self, under_way: usize, now: Instant) {
        if under_way * 2 < self.width {
            (self.began, self.ended) = (None, 0);
            return;
        }
        let Some(began) = self.began else {
            self.began = Some(now);
            return;
        };
        self.ended += 1;
        let generation = if self.found { self.width * LASTS } else { self.width };
        let took = now.saturating_duration_since(began);
        if self.ended < generation || took < SPAN {
            return;
        }
        let rate = self.ended as f64 / took.as_secs_f64();
        (self.began, self.ended) = (Some(now), 0);
        if self.found || rate >= self.before * PAYS {
            self.before = rate;
            self.found = self.width == self.most;
            self.width = (self.width * 2).min(self.most);
        } else {
            self.width = (self.width / 2).max(1);
            self.found = true;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Ends steps for a while at a rate that depends on how many are under way.
    fn settle(most: usize, rate: impl Fn(usize) -> f64) -> usize {
        let mut width = Width::new(most);
        let mut now = Instant::now();
        for _ in 0..20_000 {
            now += Duration::from_secs_f64(1.0 / rate(width.get()));
            width.ended(width.get() - 1, now);
        }
        width.get()
    }

    #[test]
    fn a_long_line_takes_all_there_may_be() {
        let round_trip = 0.150;
        assert_eq!(settle(512, |width| width as f64 / round_trip), 512);
        assert_eq!(settle(100, |width| width as f64 / round_trip), 100);
    }

    #[test]
    fn a_busy_processor_is_not_made_busier() {
        assert_eq!(settle(2048, |_| 3000.0), FIRST);
        assert_eq!(settle(2048, |width| width.min(512) as f64 / 0.1), 512);
    }

    #[test]
    fn the_last_few_of_a_job_say_nothing() {
        let mut width = Width::new(512);
        let mut now = Instant::now();
        for left in (0..20).cycle().take(5000) {
            now += Duration::from_millis(1);
            width.ended(left, now);
        }
        assert_eq!(width.get(), FIRST);
    }
}
