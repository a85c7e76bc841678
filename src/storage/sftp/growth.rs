//! How many lanes and connections pay: a pure function of the rates that were seen.
//!
//! One more is tried while all there are have work, and kept only if more came through with it. Lanes cost nothing,
//! so they are doubled first; a connection costs the server a login, so it comes after, one at a time, and after one
//! that did not pay there is a rest that gets longer each time. Where a connection's thread never waits for the
//! server a core is the limit, and only a connection, on another core, can help: then it is tried at once.

use std::time::{Duration, Instant};

/// The rate has to rise by so much for more lanes to be kept.
const LANES_PAY: f64 = 1.10;
/// The same for a connection.
const CONNECTION_PAYS: f64 = 1.05;
/// No span is shorter than this, nor than [`ROUND_TRIPS`], nor longer than [`LONGEST_SPAN`].
const SHORTEST_SPAN: Duration = Duration::from_millis(150);
const LONGEST_SPAN: Duration = Duration::from_secs(2);
const ROUND_TRIPS: u32 = 5;
/// After so many looks in a row at which no connection had waited for its server, a core is the limit.
const BUSY_LOOKS: u32 = 3;
const FIRST_REST: Duration = Duration::from_secs(5);
const LONGEST_REST: Duration = Duration::from_secs(300);
/// With how many lanes it begins.
const FIRST_LANES: usize = 4;

/// How far it may grow.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Bounds {
    /// Lanes on each connection.
    pub(crate) lanes: usize,
    pub(crate) connections: usize,
    /// Beyond so many, connections find no core of their own.
    pub(crate) cores: usize,
}

/// What is seen of the connections at one look.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Seen {
    /// Bytes that have come through so far.
    pub(crate) moved: u64,
    /// How many streams want to: with fewer than there are lanes, a rate says nothing about lanes.
    pub(crate) streams: usize,
    pub(crate) round_trip: Duration,
    /// No connection has waited for its server since the last look.
    pub(crate) busy: bool,
}

/// What is to be done about connections.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Order {
    /// Make one more, and say with [`Growth::connected`] how that went.
    Connect,
    /// Use the last one no longer.
    GiveUpLast,
}

/// What is being tried out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Trial {
    /// So many lanes there were on each connection before.
    Lanes(usize),
    Connecting,
    Connection,
}

/// Tries one change at a time and judges it by the rate.
#[derive(Debug)]
pub(crate) struct Growth {
    bounds: Bounds,
    lanes: usize,
    connections: usize,
    /// More lanes on a connection were found not to pay.
    lanes_suffice: bool,
    trial: Option<Trial>,
    /// The span under way is the first after a change: it is not judged.
    settles: bool,
    span: Option<(Instant, u64)>,
    /// Bytes a second before the trial.
    rate: f64,
    busy_looks: u32,
    rests_until: Option<Instant>,
    rest: Duration,
}

impl Growth {
    pub(crate) fn new(bounds: Bounds) -> Self {
        Self {
            bounds,
            lanes: FIRST_LANES.clamp(1, bounds.lanes.max(1)),
            connections: 1,
            lanes_suffice: false,
            trial: None,
            settles: true,
            span: None,
            rate: 0.0,
            busy_looks: 0,
            rests_until: None,
            rest: FIRST_REST,
        }
    }

    /// Lanes on each connection.
    pub(crate) fn lanes(&self) -> usize {
        self.lanes
    }

    /// Lanes altogether.
    pub(crate) fn lanes_altogether(&self) -> usize {
        self.lanes * self.connections
    }

    /// Takes what is seen now.
    pub(crate) fn observe(&mut self, now: Instant, seen: Seen) -> Option<Order> {
        let enough_work = seen.streams >= self.lanes_altogether();
        self.busy_looks = if enough_work && seen.busy { self.busy_looks + 1 } else { 0 };
        if let Some(order) = self.relieve_the_core(now) {
            return Some(order);
        }
        let (began, before) = match self.span {
            Some(span) if enough_work => span,
            _ => {
                self.span = enough_work.then_some((now, seen.moved));
                self.settles = true;
                return None;
            }
        };
        let took = now.saturating_duration_since(began);
        if took < self.span_length(seen.round_trip) {
            return None;
        }
        self.span = Some((now, seen.moved));
        if std::mem::take(&mut self.settles) {
            return None;
        }
        let rate = seen.moved.saturating_sub(before) as f64 / took.as_secs_f64();
        self.judge(now, rate)
    }

    /// A connection is judged over a longer span: whether it is kept decides about all the rest of a large file.
    fn span_length(&self, round_trip: Duration) -> Duration {
        let spans = if self.trial == Some(Trial::Connection) && !self.settles { 2 } else { 1 };
        (round_trip * ROUND_TRIPS).clamp(SHORTEST_SPAN, LONGEST_SPAN) * spans
    }

    /// Lanes are of no use to a thread that has no time left: a trial of lanes ends, a connection is made.
    fn relieve_the_core(&mut self, now: Instant) -> Option<Order> {
        let tries_something = matches!(self.trial, Some(Trial::Connecting | Trial::Connection));
        let most = self.bounds.connections.min(self.bounds.cores);
        if self.busy_looks < BUSY_LOOKS
            || tries_something
            || self.rests(now)
            || self.connections >= most
        {
            return None;
        }
        self.busy_looks = 0;
        self.trial = Some(Trial::Connecting);
        Some(Order::Connect)
    }

    fn rests(&self, now: Instant) -> bool {
        self.rests_until.is_some_and(|until| now < until)
    }

    fn judge(&mut self, now: Instant, rate: f64) -> Option<Order> {
        tracing::debug!(
            "{:.1} MB/s with {} lanes on each of {} connections",
            rate / 1e6,
            self.lanes,
            self.connections
        );
        match self.trial {
            Some(Trial::Connecting) => {
                self.rate = rate;
                return None;
            }
            Some(Trial::Lanes(before)) if rate < self.rate * LANES_PAY => {
                self.lanes = before;
                self.lanes_suffice = true;
            }
            Some(Trial::Connection) if rate < self.rate * CONNECTION_PAYS => {
                self.connections -= 1;
                self.trial = None;
                self.change();
                self.rest_from(now);
                return Some(Order::GiveUpLast);
            }
            Some(Trial::Lanes(_)) | Some(Trial::Connection) => {
                self.rate = rate;
                self.rest = FIRST_REST;
            }
            None => self.rate = rate,
        }
        self.trial = None;
        self.try_next(now)
    }

    fn try_next(&mut self, now: Instant) -> Option<Order> {
        if self.rests(now) {
            return None;
        }
        if !self.lanes_suffice && self.lanes < self.bounds.lanes {
            self.trial = Some(Trial::Lanes(self.lanes));
            self.lanes = (self.lanes * 2).min(self.bounds.lanes);
            self.change();
            return None;
        }
        if self.connections < self.bounds.connections {
            self.trial = Some(Trial::Connecting);
            return Some(Order::Connect);
        }
        None
    }

    /// How the attempt to connect went.
    pub(crate) fn connected(&mut self, now: Instant, succeeded: bool) {
        self.trial = None;
        if succeeded {
            self.connections += 1;
            self.trial = Some(Trial::Connection);
            self.change();
        } else {
            self.rest_from(now);
        }
    }

    /// A connection ended by itself.
    pub(crate) fn lost_one(&mut self, now: Instant) {
        self.connections = self.connections.saturating_sub(1).max(1);
        if self.trial == Some(Trial::Connection) {
            self.trial = None;
        }
        self.change();
        self.rest_from(now);
    }

    /// No further connection, ever.
    pub(crate) fn no_more_connections(&mut self) {
        self.bounds.connections = self.connections;
    }

    /// What was measured before says nothing any more.
    fn change(&mut self) {
        self.span = None;
        self.settles = true;
    }

    fn rest_from(&mut self, now: Instant) {
        self.rests_until = Some(now + self.rest);
        self.rest = (self.rest * 2).min(LONGEST_REST);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BOUNDS: Bounds = Bounds { lanes: 8, connections: 4, cores: 2 };
    const ROUND_TRIP: Duration = Duration::from_millis(50);

    fn seen(moved: u64, streams: usize) -> Seen {
        Seen { moved, streams, round_trip: ROUND_TRIP, busy: false }
    }

    /// Runs for a while on a line of which `rate` tells what comes through with so many lanes and connections.
    /// Gives the lanes and connections used at the end, and how often one was connected.
    fn run(seconds: u64, rate: impl Fn(usize, usize) -> f64) -> (usize, usize, usize) {
        let mut growth = Growth::new(BOUNDS);
        let (mut now, mut moved, mut connections, mut dialled) = (Instant::now(), 0.0, 1, 0);
        let tick = Duration::from_millis(50);
        for _ in 0..seconds * 20 {
            now += tick;
            moved += rate(growth.lanes(), connections) * tick.as_secs_f64();
            match growth.observe(now, seen(moved as u64, 100)) {
                Some(Order::Connect) => {
                    dialled += 1;
                    connections += 1;
                    growth.connected(now, true);
                }
                Some(Order::GiveUpLast) => connections -= 1,
                None => {}
            }
        }
        assert_eq!(growth.lanes_altogether(), growth.lanes() * connections);
        (growth.lanes(), connections, dialled)
    }

    #[test]
    fn windows_that_are_too_small_for_the_distance_get_more_lanes() {
        let (lanes, ..) = run(10, |lanes, _| 40e6 * lanes as f64);
        assert_eq!(lanes, 8);
    }

    #[test]
    fn a_line_that_is_full_keeps_what_it_has_and_is_left_in_peace() {
        let (lanes, connections, dialled) = run(60, |_, _| 100e6);
        assert_eq!((lanes, connections), (4, 1));
        assert!(dialled <= 4, "after 5, 10, 20 s: {dialled}");
    }

    #[test]
    fn where_one_core_is_the_limit_a_second_connection_is_kept_and_a_third_is_not() {
        let (_, connections, _) = run(4, |_, connections| 200e6 * connections.min(2) as f64);
        assert_eq!(connections, 2);
    }

    #[test]
    fn a_core_that_is_the_limit_is_relieved_before_a_rate_is_known() {
        let mut growth = Growth::new(BOUNDS);
        let (mut now, mut ordered) = (Instant::now(), Vec::new());
        for look in 0..6u64 {
            now += Duration::from_millis(50);
            let order =
                growth.observe(now, Seen { busy: look > 0, ..seen(look * 15_000_000, 100) });
            ordered.extend(order.map(|order| (look, order)));
        }
        assert_eq!(ordered, [(3, Order::Connect)], "after three busy looks, and once");
        growth.connected(now, true);
        for look in 6..12u64 {
            now += Duration::from_millis(50);
            let order = growth.observe(now, Seen { busy: true, ..seen(look * 15_000_000, 100) });
            assert_eq!(order, None, "there is no third core");
        }
    }

    #[test]
    fn where_one_tcp_stream_is_the_limit_connections_are_added_to_the_bound() {
        let (_, connections, dialled) = run(20, |_, connections| 50e6 * connections as f64);
        assert_eq!((connections, dialled), (4, 3));
    }

    #[test]
    fn too_little_work_decides_nothing() {
        let mut growth = Growth::new(BOUNDS);
        let mut now = Instant::now();
        for turn in 0..1000u64 {
            now += Duration::from_millis(50);
            assert_eq!(growth.observe(now, seen(turn * 1_000_000, 3)), None);
        }
        assert_eq!(growth.lanes_altogether(), 4);
    }

    #[test]
    fn a_refused_connection_is_not_asked_for_again_at_once() {
        let mut growth = Growth::new(BOUNDS);
        let (mut now, mut asked) = (Instant::now(), 0);
        for turn in 0..400u64 {
            now += Duration::from_millis(50);
            if growth.observe(now, seen(turn * 1_000_000, 100)) == Some(Order::Connect) {
                asked += 1;
                growth.connected(now, false);
            }
        }
        assert!((1..=3).contains(&asked), "{asked} times in 20 s");
        growth.no_more_connections();
        for turn in 400..4000u64 {
            now += Duration::from_millis(50);
            assert_eq!(growth.observe(now, seen(turn * 1_000_000, 100)), None);
        }
    }

    #[test]
    fn a_connection_that_is_lost_is_one_less() {
        let mut growth = Growth::new(BOUNDS);
        let now = Instant::now();
        growth.connected(now, true);
        assert_eq!(growth.lanes_altogether(), 8);
        growth.lost_one(now);
        assert_eq!(growth.lanes_altogether(), 4);
        growth.lost_one(now);
        assert_eq!(growth.lanes_altogether(), 4);
    }
}
