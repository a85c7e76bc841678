//! The connection's own clock: who waits for an answer must see a sign of life in time.

use std::time::{Duration, Instant};

/// Measures silence, but only while an answer is due.
#[derive(Debug)]
pub(crate) struct Stall {
    last_sign: Instant,
    waiting_since: Option<Instant>,
}

impl Stall {
    pub(crate) fn new(now: Instant) -> Self {
        Self { last_sign: now, waiting_since: None }
    }

    /// Something came.
    pub(crate) fn sign_of_life(&mut self, now: Instant) {
        self.last_sign = self.last_sign.max(now);
    }

    /// When the last thing came.
    pub(crate) fn last_sign(&self) -> Instant {
        self.last_sign
    }

    /// Whether an answer is due. The clock starts when the first question is asked after a time without any.
    pub(crate) fn waiting(&mut self, is_waiting: bool, now: Instant) {
        match (is_waiting, self.waiting_since) {
            (true, None) => self.waiting_since = Some(now),
            (false, Some(_)) => self.waiting_since = None,
            _ => {}
        }
    }

    /// When patience ends, which lasts for `limit`; `None` while nothing is due.
    pub(crate) fn deadline(&self, limit: Duration) -> Option<Instant> {
        self.waiting_since.map(|since| since.max(self.last_sign) + limit)
    }

    /// How long nothing has come.
    pub(crate) fn silence(&self, now: Instant) -> Duration {
        now.saturating_duration_since(self.last_sign)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn silence_counts_only_while_an_answer_is_due() {
        let second = Duration::from_secs(1);
        let start = Instant::now();
        let mut stall = Stall::new(start);
        assert_eq!(stall.deadline(10 * second), None);
        stall.waiting(true, start + 100 * second);
        assert_eq!(
            stall.deadline(10 * second),
            Some(start + 110 * second),
            "an idle hour is no stall"
        );
        stall.waiting(true, start + 105 * second);
        assert_eq!(
            stall.deadline(10 * second),
            Some(start + 110 * second),
            "asking more does not buy time"
        );
        stall.sign_of_life(start + 107 * second);
        assert_eq!(stall.deadline(10 * second), Some(start + 117 * second));
        stall.waiting(false, start + 108 * second);
        assert_eq!(stall.deadline(10 * second), None);
        assert_eq!(stall.silence(start + 109 * second), 2 * second);
    }
}
