//! The control connections of a site that carry files: as many as are wanted, as long as the server lets them in.

mod berths;

use std::{
    sync::{
        Arc, Mutex, MutexGuard, PoisonError, Weak,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::Duration,
};
use suppaftp::Status;

use tokio::{
    sync::{oneshot, watch},
    time::{self, Instant},
};

pub(super) use berths::For;
use berths::{Berths, Grant};

use super::{
    fault::Fault,
    line::{Line, Pending},
    login::{Login, NoFurther},
    wire::{Command, Manner, Reply},
};
use crate::domain::error::ErrorKind;

/// When nothing at all has moved on any connection for so long, those who wait for one may be waiting for each other.
const STANDSTILL: Duration = Duration::from_secs(45);
/// A server that lets in no more may have had connections that were just about to end.
const ASK_AGAIN: Duration = Duration::from_secs(5);
/// How long a second connection is asked for before it is believed that there is only one.
const LONELY: Duration = Duration::from_secs(8);
const BETWEEN_TRIES: Duration = Duration::from_millis(400);
/// How long a server may take to notice that a transfer was broken off.
const FOR_A_BREAK: Duration = Duration::from_secs(10);

/// The connections.
pub(super) struct Pool {
    login: Arc<Login>,
    /// The first connection: short commands go there, and everything where the server lets in no other.
    first: Mutex<Arc<Line>>,
    berths: Mutex<Berths<Arc<Line>, oneshot::Sender<Leave>>>,
    /// All that were opened, to hang up.
    opened: Mutex<Vec<Weak<Line>>>,
    /// Counts whatever moves.
    moves: AtomicUsize,
    asked_again: Mutex<Instant>,
    /// One that is being opened before anybody asked: whoever asks first waits for it instead of opening another.
    on_its_way: Mutex<Option<oneshot::Receiver<()>>>,
    /// How many transfers share the first connection.
    lent: AtomicUsize,
    /// Counts who wants the first connection while it is lent.
    wanted: watch::Sender<u64>,
    /// Since when no second connection is let in.
    lonely: Mutex<Option<Instant>>,
    /// The server lets in the first connection and no other.
    alone: AtomicBool,
    closed: AtomicBool,
}

/// One that was opened before somebody needs it.
fn ready(opened: Result<Option<Lease>, Fault>) {
    match opened {
        Ok(Some(lease)) => lease.give_back(),
        Ok(None) => {}
        // Whoever needs one tries again, and is told.
        Err(fault) => tracing::debug!(why = %fault.why, "no further connection yet"),
    }
}

/// A place in the books, given back when dropped.
struct Leave {
    pool: Arc<Pool>,
    wanted: For,
    line: Option<Arc<Line>>,
    gone: bool,
    opening: bool,
    shared: bool,
}

impl Drop for Leave {
    fn drop(&mut self) {
        let line = self.line.take().filter(|line| line.is_alive());
        let mut berths = lock(&self.pool.berths);
        if self.opening {
            berths.not_opened();
        }
        berths.leave(self.wanted, line, self.gone);
        drop(berths);
        self.pool.serve();
    }
}

/// A connection for one transfer. Dropped without [`give_back`](Self::give_back) it is hung up.
pub(super) struct Lease {
    line: Arc<Line>,
    leave: Leave,
    /// The first connection, lent for want of another.
    shared: bool,
    in_step: bool,
}

impl Pool {
    pub(super) fn new(login: Arc<Login>, first: Arc<Line>, bound: usize) -> Arc<Self> {
        let berths = Berths::new(bound).within(login.habits.crowd());
        Arc::new(Self {
            login,
            opened: Mutex::new(vec![Arc::downgrade(&first)]),
            first: Mutex::new(first),
            berths: Mutex::new(berths),
            moves: AtomicUsize::new(0),
            asked_again: Mutex::new(Instant::now()),
            on_its_way: Mutex::default(),
            lent: AtomicUsize::new(0),
            wanted: watch::Sender::new(0),
            lonely: Mutex::default(),
            alone: AtomicBool::new(false),
            closed: AtomicBool::new(false),
        })
    }

    pub(super) fn login(&self) -> &Arc<Login> {
        &self.login
    }

    /// How many files may be on their way at once.
    pub(super) fn lanes(&self) -> usize {
        lock(&self.berths).lanes()
    }

    /// Something moved.
    pub(super) fn moved(&self) {
        self.moves.fetch_add(1, Ordering::Relaxed);
    }

    /// The connection for short commands; another where it broke.
    pub(super) async fn first(&self) -> Result<Arc<Line>, Fault> {
        if self.has_lent_first() {
            self.wanted.send_modify(|times| *times += 1);
        }
        let known = Arc::clone(&lock(&self.first));
        if known.is_alive() || self.closed.load(Ordering::Acquire) {
            return Ok(known);
        }
        lock(&self.berths).discard(|line| !line.is_alive());
        let idle = lock(&self.berths).take_idle();
        let line = match idle {
            Some(line) => line,
            None => self.open_one().await.map_err(|no| match no {
                NoFurther::TooMany => Fault::lost("the server lets nobody in any more"),
                NoFurther::Failed(fault) => fault,
            })?,
        };
        let mut first = lock(&self.first);
        // Another call may have been faster.
        if !first.is_alive() {
            *first = line;
        }
        Ok(Arc::clone(&first))
    }

    /// A connection of one's own, as soon as there is one.
    pub(super) async fn lease(self: &Arc<Self>, wanted: For) -> Result<Lease, Fault> {
        self.wait_for_what_comes().await;
        loop {
            let leave = self.turn(wanted).await?;
            if let Some(lease) = self.try_lease(leave).await? {
                return Ok(lease);
            }
        }
    }

    /// Opens another while nobody waits for it yet: what comes next is a listing or a file, and needs one.
    pub(super) fn make_ready(self: &Arc<Self>) {
        let (opening, on_its_way) = oneshot::channel();
        *lock(&self.on_its_way) = Some(on_its_way);
        let pool = Arc::clone(self);
        tokio::spawn(async move {
            ready(pool.take_at_once(For::Listing).await);
            drop(opening);
        });
    }

    /// Opens so many that a file can be read over as many at once.
    pub(super) fn open_ahead(self: &Arc<Self>, many: usize) {
        if self.alone.load(Ordering::Relaxed) {
            return;
        }
        let leaves = lock(&self.berths).open_ahead(For::Reading, many);
        for _ in 0..leaves {
            let leave = self.leave(For::Reading, Grant::Open);
            let pool = Arc::clone(self);
            tokio::spawn(async move { ready(pool.try_lease(leave).await) });
        }
    }

    async fn wait_for_what_comes(&self) {
        let coming = lock(&self.on_its_way).take();
        if let Some(coming) = coming {
            // However it ends, there is no waiting for it any more.
            let _ = coming.await;
        }
    }

    /// The same, but only if nobody has to be waited for.
    pub(super) async fn lease_at_once(
        self: &Arc<Self>,
        wanted: For,
    ) -> Result<Option<Lease>, Fault> {
        self.wait_for_what_comes().await;
        self.take_at_once(wanted).await
    }

    async fn take_at_once(self: &Arc<Self>, wanted: For) -> Result<Option<Lease>, Fault> {
        let Some(grant) = lock(&self.berths).at_once(wanted) else { return Ok(None) };
        self.try_lease(self.leave(wanted, grant)).await
    }

    /// Makes use of a place in the books; `None` where that is to be asked for anew.
    async fn try_lease(self: &Arc<Self>, mut leave: Leave) -> Result<Option<Lease>, Fault> {
        if self.closed.load(Ordering::Acquire) {
            return Err(hung_up());
        }
        if let Some(line) = leave.line.take() {
            leave.gone = !line.can_carry();
            return Ok((!leave.gone).then(|| self.lend(line, leave)));
        }
        if leave.shared || self.alone.load(Ordering::Relaxed) {
            let line = self.first().await?;
            self.lent.fetch_add(1, Ordering::AcqRel);
            return Ok(Some(Lease { line, leave, shared: true, in_step: false }));
        }
        match self.open_one().await {
            Ok(line) => {
                lock(&self.berths).opened();
                leave.opening = false;
                Ok(Some(self.lend(line, leave)))
            }
            Err(NoFurther::Failed(fault)) => Err(fault),
            Err(NoFurther::TooMany) => {
                leave.opening = false;
                let alone = lock(&self.berths).turned_away();
                if alone && self.is_lonely_for_a_moment_only() {
                    // More likely than a server for one is one that has not let go of somebody's last connections yet.
                    time::sleep(BETWEEN_TRIES).await;
                    lock(&self.berths).begin_anew();
                    return Ok(None);
                }
                self.alone.store(alone, Ordering::Relaxed);
                if let Some(crowd) = lock(&self.berths).crowd() {
                    self.login.habits.remember(crowd);
                }
                let lanes = self.lanes();
                tracing::info!(site = %self.login.site(), lanes, "the server lets no more connections in");
                Ok(None)
            }
        }
    }

    fn is_lonely_for_a_moment_only(&self) -> bool {
        lock(&self.lonely).get_or_insert_with(Instant::now).elapsed() < LONELY
    }

    fn leave(self: &Arc<Self>, wanted: For, grant: Grant<Arc<Line>>) -> Leave {
        let (opening, shared) = (matches!(grant, Grant::Open), matches!(grant, Grant::Shared));
        let line = match grant {
            Grant::Ready(line) => Some(line),
            Grant::Open | Grant::Shared => None,
        };
        Leave { pool: Arc::clone(self), wanted, line, gone: false, opening, shared }
    }

    fn lend(&self, line: Arc<Line>, leave: Leave) -> Lease {
        self.moved();
        Lease { line, leave, shared: false, in_step: false }
    }

    /// Waits for one's turn.
    async fn turn(self: &Arc<Self>, wanted: For) -> Result<Leave, Fault> {
        let (sender, mut turn) = oneshot::channel();
        lock(&self.berths).wait(wanted, sender);
        self.serve();
        let (mut moves, mut since) = (self.moves.load(Ordering::Relaxed), Instant::now());
        loop {
            match time::timeout(ASK_AGAIN, &mut turn).await {
                Ok(turn) => return turn.map_err(|_| hung_up()),
                Err(_) => {
                    let now = self.moves.load(Ordering::Relaxed);
                    if now != moves {
                        (moves, since) = (now, Instant::now());
                    } else if since.elapsed() >= STANDSTILL {
                        let why = "all connections stand still";
                        return Err(Fault::new(ErrorKind::Interrupted, why));
                    }
                    self.ask_again();
                }
            }
        }
    }

    /// The server let in no more, but that was a while ago: one more may be asked for.
    fn ask_again(self: &Arc<Self>) {
        {
            let mut asked = lock(&self.asked_again);
            // On a connection that is shared nothing could be asked while a file is under way.
            if asked.elapsed() < ASK_AGAIN || self.alone.load(Ordering::Relaxed) {
                return;
            }
            *asked = Instant::now();
        }
        lock(&self.berths).turned_away_long_ago();
        self.serve();
    }

    /// Serves whoever can be.
    fn serve(self: &Arc<Self>) {
        loop {
            // Not while the books are held: who has gone meanwhile gives the place back at once.
            let Some((wanted, waiter, grant)) = lock(&self.berths).next() else { return };
            let _ = waiter.send(self.leave(wanted, grant));
        }
    }

    async fn open_one(&self) -> Result<Arc<Line>, NoFurther> {
        let line = self.login.further().await?;
        let mut opened = lock(&self.opened);
        opened.retain(|line| line.strong_count() > 0);
        opened.push(Arc::downgrade(&line));
        drop(opened);
        if self.closed.load(Ordering::Acquire) {
            line.end(hung_up());
        }
        Ok(line)
    }

    /// Whether it was hung up for good.
    pub(super) fn is_closed(&self) -> bool {
        self.closed.load(Ordering::Acquire)
    }

    /// Whether a file is under way on the connection for short commands, and they have to wait for its end.
    pub(super) fn has_lent_first(&self) -> bool {
        self.lent.load(Ordering::Acquire) > 0
    }

    /// Whether nobody waits for an answer on the connection for short commands.
    pub(super) fn is_quiet(&self) -> bool {
        lock(&self.first).is_quiet()
    }

    /// Whether the connection for short commands stands, and with it the server.
    pub(super) fn is_connected(&self) -> bool {
        lock(&self.first).is_alive()
    }

    /// Says something now and then on connections that have nothing to do, so that neither the server nor a firewall
    /// takes them for forgotten. Ends with the pool.
    pub(super) fn keep_awake(self: &Arc<Self>) {
        let silence = self.login.patience.silence;
        let pool = Arc::downgrade(self);
        tokio::spawn(async move {
            loop {
                time::sleep(silence / 2).await;
                let Some(pool) = pool.upgrade() else { return };
                if pool.closed.load(Ordering::Acquire) {
                    return;
                }
                let patience = pool.login.patience.reply;
                for line in pool.idle() {
                    if line.is_idle_since(silence) {
                        // One that does not answer is ended by whoever waits for the answer.
                        tokio::spawn(
                            async move { line.ask(Command::bare("NOOP"), patience).await },
                        );
                    }
                }
            }
        });
    }

    fn idle(&self) -> Vec<Arc<Line>> {
        let mut idle = lock(&self.berths).idle().to_vec();
        idle.push(Arc::clone(&lock(&self.first)));
        idle
    }

    /// Ends all of them, for good.
    pub(super) fn hang_up(&self) {
        self.closed.store(true, Ordering::Release);
        lock(&self.first).end(hung_up());
        let opened: Vec<_> = lock(&self.opened).iter().filter_map(Weak::upgrade).collect();
        for line in opened {
            line.end(hung_up());
        }
        lock(&self.berths).clear();
    }
}

pub(super) fn hung_up() -> Fault {
    Fault::lost("the connection was closed")
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Lease {
    pub(super) fn line(&self) -> &Arc<Line> {
        &self.line
    }

    /// Something moved on it.
    pub(super) fn moved(&self) {
        self.leave.pool.moved();
    }

    /// Tells when somebody else wants the connection, where it is the only one.
    pub(super) fn wanted(&self) -> Option<watch::Receiver<u64>> {
        self.shared.then(|| self.leave.pool.wanted.subscribe())
    }

    /// It is in step and may be used again.
    pub(super) fn give_back(mut self) {
        // One that is of no more use for transfers makes room for another.
        self.in_step = self.shared || self.line.can_carry();
        self.leave.pool.moved();
    }

    /// A transfer on it was broken off: it is used again once the server has said so, and is still in step.
    pub(super) fn recover(self, mut pending: Pending) {
        // Without a runtime there is nobody to wait: it is hung up.
        let Ok(runtime) = tokio::runtime::Handle::try_current() else { return };
        // On one that others use as well there is no telling which reply is whose.
        if self.shared {
            return;
        }
        runtime.spawn(async move {
            if self.is_in_step_again(&mut pending).await {
                self.give_back();
            }
        });
    }

    /// Waits until the server has said how the transfer ended. What comes next has to be the answer to a NOOP.
    async fn is_in_step_again(&self, pending: &mut Pending) -> bool {
        let is_answer = |reply: &Reply| reply.status() == Status::CommandOk;
        let Some(told) = pending.within(FOR_A_BREAK).await else { return false };
        let noop = Command::bare("NOOP").in_manner(Manner::Urgent);
        let mut noop = self.line.send_one(noop);
        if told.is_preliminary() {
            // Pure-FTPd's word for the end of a broken transfer is one more 150, and no other.
            match pending.within(FOR_A_BREAK).await {
                Some(told) if is_answer(&told) => {
                    self.line.expect_one_less();
                    return true;
                }
                Some(told) if !told.is_preliminary() => {}
                _ => return false,
            }
        }
        noop.within(FOR_A_BREAK).await.is_some_and(|reply| is_answer(&reply))
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        if !self.in_step {
            self.line.end(Fault::lost("the connection was given up"));
        }
        if self.shared {
            self.leave.pool.lent.fetch_sub(1, Ordering::AcqRel);
        } else {
            self.leave.gone = !self.line.is_alive();
            self.leave.line = Some(Arc::clone(&self.line));
        }
    }
}
