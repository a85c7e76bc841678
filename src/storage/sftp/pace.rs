//! How many requests of one stream are kept under way: enough to fill the line, not so many that a question from
//! the panes has to wait behind megabytes.

use std::time::{Duration, Instant};

/// How much line time may be booked ahead where the round trip is short.
const AHEAD: Duration = Duration::from_millis(20);
/// The same for a line of which nobody knows yet how much it carries.
const FURTHEST_AHEAD: Duration = Duration::from_millis(500);
/// The shortest span after which it is judged anew.
const SPAN: Duration = Duration::from_millis(20);
/// No answer is taken to have come sooner: what was already there when it was looked for says nothing of the line.
const SHORTEST_FLIGHT: Duration = Duration::from_millis(1);
/// So many times the shortest ever seen a round trip may be where much is under way,
const BUSY: u32 = 4;
/// or this long.
const BUSY_AT_LEAST: Duration = Duration::from_millis(50);
/// A rate that is so many times the one before rises.
const RISES: f64 = 1.5;

/// What stood when a request went out.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Sent {
    at: Instant,
    /// Bytes that had been answered for by then.
    answered: u64,
}

/// A window that follows the rate: as many bytes under way as came through in two round trips, or in [`AHEAD`]; in
/// the beginning, as long as the rate rises with the window, in four.
///
/// The rate is the most that came through while any one request was under way. A span of time would say too little
/// in the beginning: the first of many answers ends the first round trip, and the others come right behind it.
#[derive(Debug)]
pub(crate) struct Pace {
    chunk: u64,
    least: usize,
    most: usize,
    window: usize,
    round_trip: Option<Duration>,
    answered: u64,
    span_began: Instant,
    /// The highest rate in this span, and in the one before it, in bytes a second.
    rate: f64,
    rate_before: f64,
    /// The window is what holds the rate down; nobody knows yet how much the line carries.
    begins: bool,
}

impl Pace {
    /// Starts with `least` requests, never goes beyond `most_bytes`.
    pub(crate) fn new(chunk: u32, least: usize, most_bytes: u64, now: Instant) -> Self {
        let chunk = u64::from(chunk.max(1));
        let most = usize::try_from(most_bytes / chunk).unwrap_or(usize::MAX).max(least);
        Self {
            chunk,
            least,
            most,
            window: least,
            round_trip: None,
            answered: 0,
            span_began: now,
            rate: 0.0,
            rate_before: 0.0,
            begins: true,
        }
    }

    /// The shortest round trip that others on the same way have seen: whoever begins while they fill the line would take
    /// the time its requests wait behind theirs for the length of the way, book that much again, and so would the next.
    pub(crate) fn others_saw(&mut self, round_trip: Option<Duration>) {
        self.round_trip = round_trip.map(|shortest| (shortest * BUSY).max(BUSY_AT_LEAST));
    }

    /// How many requests may be under way.
    pub(crate) fn window(&self) -> usize {
        self.window
    }

    /// The shortest round trip seen.
    pub(crate) fn round_trip(&self) -> Option<Duration> {
        self.round_trip
    }

    /// There is work for more than was thought: begin with that many.
    pub(crate) fn prepare_for(&mut self, requests: usize) {
        self.window = requests.clamp(self.window, self.most);
    }

    /// To be kept with a request that goes out now.
    pub(crate) fn sent(&self, now: Instant) -> Sent {
        Sent { at: now, answered: self.answered }
    }

    /// A request was answered, for `bytes`.
    pub(crate) fn answered(&mut self, bytes: u64, sent: Sent, now: Instant) {
        let took = now.saturating_duration_since(sent.at);
        let round_trip = self.round_trip.map_or(took, |shortest| shortest.min(took));
        self.round_trip = Some(round_trip);
        self.answered += bytes;
        let meanwhile = (self.answered - sent.answered) as f64;
        self.rate = self.rate.max(meanwhile / took.max(SHORTEST_FLIGHT).as_secs_f64());
        let span_is_over = now.saturating_duration_since(self.span_began) >= SPAN.max(round_trip);
        if span_is_over {
            self.begins &= self.rate >= self.rate_before * RISES;
        }
        let ahead = if self.begins { FURTHEST_AHEAD.min(4 * round_trip) } else { AHEAD };
        let booked = self.rate * ahead.max(AHEAD).max(2 * round_trip).as_secs_f64();
        let wanted = (booked / self.chunk as f64) as usize + 1;
        // More as soon as it is known; less only once a whole round trip has said so.
        if span_is_over {
            self.window = wanted.max(self.window / 2);
            (self.rate_before, self.rate) = (self.rate, 0.0);
            self.span_began = now;
        } else {
            self.window = self.window.max(wanted);
        }
        self.window = self.window.clamp(self.least, self.most);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A line that carries `rate` bytes a second with a round trip of `delay`; what window settles?
    fn settle(first: usize, rate: f64, delay: Duration) -> (usize, Duration) {
        settle_beside(first, rate, delay, None)
    }

    /// The same where others have seen this round trip.
    fn settle_beside(
        first: usize,
        rate: f64,
        delay: Duration,
        seen: Option<Duration>,
    ) -> (usize, Duration) {
        let mut now = Instant::now();
        let mut pace = Pace::new(32_768, first, 8 << 20, now);
        pace.others_saw(seen);
        let each = Duration::from_secs_f64(32_768.0 / rate);
        let mut line_free = now;
        let mut under_way = std::collections::VecDeque::new();
        let start = now;
        let mut when_wide = Duration::MAX;
        while now - start < Duration::from_secs(20) {
            while under_way.len() < pace.window() {
                line_free = line_free.max(now) + each;
                under_way.push_back((pace.sent(now), line_free + delay));
            }
            let Some((sent, answer)) = under_way.pop_front() else { break };
            now = now.max(answer);
            pace.answered(32_768, sent, now);
            if pace.window() as f64 * 32_768.0 >= rate * delay.as_secs_f64() {
                when_wide = when_wide.min(now - start);
            }
        }
        (pace.window(), when_wide)
    }

    #[test]
    fn a_long_fast_line_gets_a_wide_window_soon() {
        let (window, when_wide) = settle(2, 100e6, Duration::from_millis(50));
        assert!(window >= 153, "5 MB are under way in a round trip: {window}");
        // From 2 requests to 153 in fours, not in twos.
        assert!(when_wide < Duration::from_millis(400), "{when_wide:?}");
    }

    #[test]
    fn many_requests_at_once_are_believed_when_all_of_them_are_answered() {
        let start = Instant::now();
        let mut pace = Pace::new(32_768, 16, 8 << 20, start);
        let sent = pace.sent(start);
        let answers = (0..16).map(|answer| start + Duration::from_millis(50) + answer * SPAN / 100);
        answers.for_each(|now| pace.answered(32_768, sent, now));
        assert!(
            pace.window() >= 60,
            "four times as many as came in the first round trip: {pace:?}"
        );
    }

    #[test]
    fn what_waits_behind_others_is_not_booked_again() {
        let (queue, rate) = (Duration::from_secs(1), 0.5e6);
        let (window, _) = settle(2, rate, queue);
        assert!(window >= 30, "a way of a second holds as much as a queue of one: {window}");
        let (window, _) = settle_beside(2, rate, queue, Some(Duration::from_millis(1)));
        assert!(window <= 4, "{window}");
        // A long way is one, and twice as long when it is busy.
        let seen = Some(Duration::from_millis(50));
        let (window, _) = settle_beside(2, 100e6, Duration::from_millis(100), seen);
        assert!(window >= 256, "8 MB: {window}");
    }

    #[test]
    fn a_slow_line_is_not_booked_for_seconds() {
        let (window, _) = settle(2, 1e6, Duration::from_millis(50));
        assert!((2..=16).contains(&window), "at most half a second of 1 MB/s: {window}");
        let (window, _) = settle(2, 1e3, Duration::from_millis(50));
        assert!(window <= 4, "{window}");
    }
}
