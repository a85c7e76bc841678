//! How many frames there are in a second.

use std::time::{Duration, Instant};

/// At most 60 frames a second, over a few of them.
const FRAME: Duration = Duration::from_micros(16_667);

/// When the next frame may be drawn.
#[derive(Debug, Default)]
pub(super) struct Pace {
    /// When it is due at a steady 60 a second.
    due: Option<Instant>,
}

impl Pace {
    /// From when on a frame may be drawn. One that answers the person need not wait until the one before it, which
    /// showed some progress, is old enough; many of them take turns with the others.
    pub(super) fn next(&self, answers: bool) -> Option<Instant> {
        let ahead = if answers { FRAME } else { Duration::ZERO };
        self.due.and_then(|due| due.checked_sub(ahead))
    }

    /// Whether one may be drawn now.
    pub(super) fn is_due(&self, now: Instant, answers: bool) -> bool {
        self.next(answers).is_none_or(|next| now >= next)
    }

    /// One was drawn.
    pub(super) fn drawn(&mut self, now: Instant) {
        self.due = Some(self.due.map_or(now, |due| due.max(now)) + FRAME);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Frames drawn in a second in which something changes every millisecond.
    fn frames_in_a_second(answers: impl Fn(u64) -> bool) -> usize {
        let (start, mut pace, mut owes) = (Instant::now(), Pace::default(), false);
        let mut draws = |millisecond: &u64| {
            let now = start + Duration::from_millis(*millisecond);
            owes |= answers(*millisecond);
            let due = pace.is_due(now, owes);
            if due {
                pace.drawn(now);
                owes = false;
            }
            due
        };
        (0..1000).filter(&mut draws).count()
    }

    #[test]
    fn whatever_floods_in_there_are_at_most_sixty_frames_a_second() {
        for frames in [frames_in_a_second(|_| false), frames_in_a_second(|_| true)] {
            assert!((55..=62).contains(&frames), "{frames}");
        }
    }

    #[test]
    fn an_answer_does_not_wait_for_the_frame_before_it_to_grow_old() {
        let mut pace = Pace::default();
        let now = Instant::now();
        assert!(pace.is_due(now, false));
        pace.drawn(now);
        assert!(!pace.is_due(now, false));
        assert!(pace.is_due(now, true));
        pace.drawn(now);
        assert!(!pace.is_due(now, true), "but the second answer does");
        assert!(pace.is_due(now + FRAME, true));
        assert!(!pace.is_due(now + FRAME, false), "and progress makes up for it");
    }
}
