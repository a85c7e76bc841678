//! All connections to a site: the first for everything, further ones for the data of files, as many as pay.

use std::{
    sync::{
        Arc, PoisonError, RwLock,
        atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use async_trait::async_trait;
use tokio::{sync::Notify, task::AbortHandle, time};

use super::{
    connection::{Connection, Tuning},
    growth::{Bounds, Growth, Order, Seen},
    habits::Habits,
    login::Login,
    mail::Fault,
    pace::Pace,
};
use crate::{
    domain::{
        error::ErrorKind,
        question::{Answer, Question},
    },
    storage::Ask,
};

/// How often the rate is looked at while there is work.
const TICK: Duration = Duration::from_millis(50);
/// A further connection that is not there by then is done without.
const PATIENCE: Duration = Duration::from_secs(20);
/// What opening a file counts for in the rate: a small file is a matter of round trips, not of bytes.
const OPENING: u64 = 32 * 1024;

/// The connections, and what goes over them.
#[derive(Debug)]
pub(crate) struct Connections {
    first: Arc<Member>,
    further: RwLock<Vec<Arc<Member>>>,
    traffic: Arc<Traffic>,
    habits: Arc<Habits>,
}

/// A connection among others.
#[derive(Debug)]
struct Member {
    connection: Connection,
    is_first: bool,
    streams: AtomicUsize,
    /// How long its thread had waited for the server at the last look, in microseconds.
    had_waited: AtomicU64,
}

/// What all streams of a site have moved and seen together.
#[derive(Debug)]
pub(crate) struct Traffic {
    streams: AtomicUsize,
    moved: AtomicU64,
    /// The shortest seen, in microseconds.
    round_trip: AtomicU64,
    /// How many requests the last stream that had found its pace kept under way.
    pace: AtomicUsize,
    lanes: AtomicUsize,
    began: Notify,
    /// All of it was ended, for good.
    over: AtomicBool,
}

impl Traffic {
    /// Bytes of a file were answered for, by a stream that has this pace by now.
    pub(crate) fn moved(&self, bytes: u64, pace: &Pace) {
        self.moved.fetch_add(bytes, Ordering::Relaxed);
        if let Some(round_trip) = pace.round_trip() {
            let micros = u64::try_from(round_trip.as_micros()).unwrap_or(u64::MAX);
            if micros < self.round_trip.load(Ordering::Relaxed) {
                self.round_trip.store(micros, Ordering::Relaxed);
            }
        }
        self.pace.store(pace.window(), Ordering::Relaxed);
    }

    /// The shortest round trip that was seen.
    pub(crate) fn round_trip(&self) -> Option<Duration> {
        let micros = self.round_trip.load(Ordering::Relaxed);
        (micros < u64::MAX).then(|| Duration::from_micros(micros))
    }

    fn seen(&self, busy: bool) -> Seen {
        let round_trip = self.round_trip().unwrap_or_default();
        Seen {
            moved: self.moved.load(Ordering::Relaxed),
            streams: self.streams.load(Ordering::Relaxed),
            round_trip,
            busy,
        }
    }

    /// With how many requests a stream in the middle of a large file may begin.
    pub(crate) fn pace(&self) -> usize {
        self.pace.load(Ordering::Relaxed)
    }
}

/// A stream's place on one of the connections; given back when dropped.
#[derive(Debug)]
pub(crate) struct Berth {
    member: Arc<Member>,
    pub(crate) traffic: Arc<Traffic>,
    pub(crate) habits: Arc<Habits>,
}

impl Berth {
    pub(crate) fn connection(&self) -> &Connection {
        &self.member.connection
    }

    /// What a failure on this connection means for the site: the end of a further one is not the end of all.
    pub(crate) fn reach(&self, fault: Fault) -> Fault {
        let others_stand = !self.traffic.over.load(Ordering::Acquire);
        if !self.member.is_first && others_stand && fault.kind.ends_the_connection() {
            return Fault { kind: ErrorKind::Interrupted, ..fault };
        }
        fault
    }
}

impl Drop for Berth {
    fn drop(&mut self) {
        self.member.streams.fetch_sub(1, Ordering::Relaxed);
        self.traffic.streams.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Connections {
    pub(crate) fn new(first: Connection, habits: Arc<Habits>, tuning: &Tuning) -> Arc<Self> {
        let lanes = Growth::new(bounds(tuning, &habits)).lanes();
        first.want_lanes(lanes);
        let traffic = Traffic {
            streams: AtomicUsize::new(0),
            moved: AtomicU64::new(0),
            round_trip: AtomicU64::new(u64::MAX),
            pace: AtomicUsize::new(0),
            lanes: AtomicUsize::new(lanes),
            began: Notify::new(),
            over: AtomicBool::new(false),
        };
        Arc::new(Self {
            first: Arc::new(Member::new(first, true)),
            further: RwLock::default(),
            traffic: Arc::new(traffic),
            habits,
        })
    }

    /// The first, which carries everything but the data of files.
    pub(crate) fn first(&self) -> &Connection {
        &self.first.connection
    }

    /// How many streams are of use at the moment.
    pub(crate) fn lanes(&self) -> usize {
        self.traffic.lanes.load(Ordering::Relaxed)
    }

    /// A place for one more stream, where the fewest are.
    pub(crate) fn berth(&self) -> Berth {
        let further = self.further.read().unwrap_or_else(PoisonError::into_inner);
        let alive = further.iter().filter(|member| !member.connection.has_ended());
        let member = std::iter::once(&self.first)
            .chain(alive)
            .min_by_key(|member| member.streams.load(Ordering::Relaxed))
            .unwrap_or(&self.first);
        member.streams.fetch_add(1, Ordering::Relaxed);
        self.traffic.streams.fetch_add(1, Ordering::Relaxed);
        self.traffic.moved.fetch_add(OPENING, Ordering::Relaxed);
        self.traffic.began.notify_one();
        Berth {
            member: Arc::clone(member),
            traffic: Arc::clone(&self.traffic),
            habits: Arc::clone(&self.habits),
        }
    }

    /// Ends all of them.
    pub(crate) fn disconnect(&self) {
        self.traffic.over.store(true, Ordering::Release);
        self.first.connection.disconnect();
        for member in self.further.write().unwrap_or_else(PoisonError::into_inner).drain(..) {
            member.connection.disconnect();
        }
    }

    /// Adds and gives up connections as it pays, until aborted.
    pub(crate) fn grow(self: &Arc<Self>, login: Arc<Login>, tuning: Tuning) -> AbortHandle {
        let growing = Arc::clone(self).tend(login, tuning);
        tokio::spawn(growing).abort_handle()
    }

    async fn tend(self: Arc<Self>, login: Arc<Login>, tuning: Tuning) {
        let mut growth = Growth::new(bounds(&tuning, &self.habits));
        let mut connecting = None;
        let mut looked = Instant::now();
        loop {
            if self.traffic.streams.load(Ordering::Relaxed) == 0 {
                self.traffic.began.notified().await;
            }
            time::sleep(TICK).await;
            let now = Instant::now();
            for _ in 0..self.drop_ended() {
                growth.lost_one(now);
            }
            if let Some(task) = connecting.take_if(|task: &mut Connecting| task.0.is_finished()) {
                let connected = (&mut { task }.0).await.ok().flatten();
                self.welcome(connected, &mut growth, now);
            }
            let busy = self.are_busy(now.saturating_duration_since(looked));
            looked = now;
            match growth.observe(now, self.traffic.seen(busy)) {
                Some(Order::Connect) => {
                    let further = further(Arc::clone(&login), Arc::clone(&self.habits), tuning);
                    connecting = Some(Connecting(tokio::spawn(further)));
                }
                // It ends with the last stream on it.
                Some(Order::GiveUpLast) => drop(self.write().pop()),
                None => {}
            }
            self.spread(&growth);
        }
    }

    fn welcome(&self, connected: Option<Connection>, growth: &mut Growth, now: Instant) {
        growth.connected(now, connected.is_some());
        match connected {
            Some(connection) => {
                tracing::info!("one more connection, {} lanes now", growth.lanes_altogether());
                self.write().push(Arc::new(Member::new(connection, false)));
            }
            None if !self.habits.may_take_further_connections() => growth.no_more_connections(),
            None => {}
        }
    }

    /// Whether none of them has waited for the server for as much as a tenth of the time since the last look.
    fn are_busy(&self, since: Duration) -> bool {
        let further = self.further.read().unwrap_or_else(PoisonError::into_inner);
        let members = std::iter::once(&self.first).chain(further.iter());
        // Each is looked at: the next look begins with this one.
        members.filter(|member| member.waited() * 10 >= since).count() == 0
    }

    /// Tells everyone how many lanes there are to be.
    fn spread(&self, growth: &Growth) {
        self.traffic.lanes.store(growth.lanes_altogether(), Ordering::Relaxed);
        self.first.connection.want_lanes(growth.lanes());
        for member in self.further.read().unwrap_or_else(PoisonError::into_inner).iter() {
            member.connection.want_lanes(growth.lanes());
        }
    }

    /// Forgets connections that ended by themselves. How many.
    fn drop_ended(&self) -> usize {
        let mut further = self.write();
        let before = further.len();
        further.retain(|member| !member.connection.has_ended());
        before - further.len()
    }

    fn write(&self) -> std::sync::RwLockWriteGuard<'_, Vec<Arc<Member>>> {
        self.further.write().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Member {
    fn new(connection: Connection, is_first: bool) -> Self {
        Self { connection, is_first, streams: AtomicUsize::new(0), had_waited: AtomicU64::new(0) }
    }

    /// For how long its thread has waited for the server since this was asked last.
    fn waited(&self) -> Duration {
        let all = self.connection.inbox().waited();
        let before = self.had_waited.swap(all, Ordering::Relaxed);
        Duration::from_micros(all.saturating_sub(before))
    }
}

fn bounds(tuning: &Tuning, habits: &Habits) -> Bounds {
    let connections =
        if habits.may_take_further_connections() { tuning.bounds.connections } else { 1 };
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    Bounds { lanes: tuning.bulk_lanes, connections, cores }
}

/// An attempt to connect, ended when nobody waits for it any more.
struct Connecting(tokio::task::JoinHandle<Option<Connection>>);

impl Drop for Connecting {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// One more connection with the same credentials, without a question; `None` if there is none to be had.
async fn further(login: Arc<Login>, habits: Arc<Habits>, tuning: Tuning) -> Option<Connection> {
    let connect = async {
        let logged_in = login.open_further(Arc::new(Silence)).await?;
        let started = Connection::start(logged_in, habits.clone(), tuning).await;
        started.map_err(|fault| fault.into_error("start SFTP on a further connection"))
    };
    match time::timeout(PATIENCE, connect).await {
        Ok(Ok((connection, _))) => Some(connection),
        Ok(Err(error)) => {
            tracing::info!("no further connection: {error}");
            // A server that was busy may have room later; one that says no has said it.
            if !error.kind().is_worth_a_retry() {
                habits.takes_no_further_connections();
            }
            None
        }
        Err(_) => None,
    }
}

/// Nobody is asked anything twice for the sake of speed.
pub(super) struct Silence;

#[async_trait]
impl Ask for Silence {
    async fn ask(&self, _: Question) -> Answer {
        Answer::No
    }
}
