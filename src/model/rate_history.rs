//! How fast it was in the last minutes, a sample a second, for a small graph.

use std::{collections::VecDeque, time::Instant};

/// Samples kept: as many seconds as the widest graph shows.
const KEPT: usize = 120;

/// Bytes a second, second by second.
#[derive(Debug, Default)]
pub(crate) struct RateHistory {
    began: Option<Instant>,
    /// The second of the last sample, counted from the beginning.
    second: u64,
    samples: VecDeque<f64>,
}

impl RateHistory {
    /// Notes the rate of a moment. The last of a second counts; a second of which nothing was told had none.
    pub(crate) fn note(&mut self, now: Instant, rate: f64) {
        let began = *self.began.get_or_insert(now);
        let second = now.saturating_duration_since(began).as_secs();
        if self.samples.is_empty() {
            self.samples.push_back(rate);
        }
        let passed = second.saturating_sub(self.second);
        for _ in 0..passed.min(KEPT as u64) {
            self.samples.push_back(0.0);
        }
        self.second = self.second.max(second);
        if let Some(last) = self.samples.back_mut() {
            *last = rate;
        }
        let surplus = self.samples.len().saturating_sub(KEPT);
        self.samples.drain(..surplus);
    }

    /// The fastest that is kept.
    pub(crate) fn peak(&self) -> f64 {
        self.samples.iter().copied().fold(0.0, f64::max)
    }

    /// The last so many seconds as bars, the latest at the end: each a part of the fastest, from 0 to 8.
    pub(crate) fn bars(&self, width: usize) -> Vec<u8> {
        let peak = self.peak();
        // It begins where something moved: what was before says nothing.
        let idle = self.samples.iter().take_while(|rate| **rate < 1.0).count();
        let first = self.samples.len().saturating_sub(width).max(idle);
        let bar = |rate: &f64| match peak >= 1.0 {
            // Anything is seen.
            true => ((rate / peak * 8.0).round() as u8).clamp(u8::from(*rate >= 1.0), 8),
            false => 0,
        };
        self.samples.iter().skip(first).map(bar).collect()
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_second_is_a_bar_and_a_gap_is_seen() {
        let (start, mut history) = (Instant::now(), RateHistory::default());
        assert_eq!((history.bars(9), history.peak()), (Vec::new(), 0.0));
        for (milliseconds, rate) in [(0, 100.0), (900, 400.0), (1_000, 800.0), (4_100, 8.0)] {
            history.note(start + Duration::from_millis(milliseconds), rate);
        }
        assert_eq!(history.bars(9), [4, 8, 0, 0, 1]);
        assert_eq!(history.bars(2), [0, 1]);
        assert_eq!(history.peak(), 800.0);
        let mut late = RateHistory::default();
        for (second, rate) in [(0, 0.0), (5, 0.0), (6, 7.0), (8, 7.0)] {
            late.note(start + Duration::from_secs(second), rate);
        }
        assert_eq!(late.bars(9), [8, 0, 8], "it begins where something moved");
    }

    #[test]
    fn what_is_long_ago_is_forgotten() {
        let (start, mut history) = (Instant::now(), RateHistory::default());
        history.note(start, 1e9);
        for second in 1..=KEPT as u64 {
            history.note(start + Duration::from_secs(second), 10.0);
        }
        assert_eq!((history.bars(1_000).len(), history.peak()), (KEPT, 10.0));
        history.note(start + Duration::from_secs(1_000_000), 5.0);
        assert_eq!((history.bars(1_000), history.peak()), (vec![8], 5.0));
    }
}
