//! A TCP relay on the loopback that does to a connection what networks do: delays, narrows, stalls, cuts, resets,
//! flips a byte, refuses, turns away. Each direction has its own settings, and they change while it runs.
//!
//! Delay and rate are its trade, so this is one of the two places in the tests that sleep.

use std::{
    net::{Ipv4Addr, SocketAddr},
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{
        TcpListener, TcpSocket, TcpStream,
        tcp::{ReadHalf, WriteHalf},
    },
    runtime::Runtime,
    sync::{mpsc, oneshot, watch},
    time::{Instant, sleep, sleep_until},
};

/// A running relay; dropping it ends all connections.
pub(crate) struct Relay {
    runtime: Option<Runtime>,
    port: u16,
    shared: Arc<Shared>,
}

struct Shared {
    target: u16,
    /// Towards the server.
    up: Direction,
    /// Towards the client.
    down: Direction,
    refusing: watch::Sender<bool>,
    /// Counts up whenever all connections are to end; even numbers politely, odd ones by a reset.
    end: watch::Sender<u64>,
    turning_away: AtomicBool,
    accepted: AtomicU64,
    open: AtomicU64,
    /// Those that stand, the oldest first.
    standing: Mutex<Vec<Standing>>,
}

/// A connection that stands: what passed on it both ways, and how to end it.
struct Standing {
    passed: Arc<AtomicU64>,
    end: oneshot::Sender<()>,
}

/// One direction's settings.
pub(crate) struct Direction {
    settings: watch::Sender<Settings>,
    fault: Mutex<Option<Armed>>,
    passed: AtomicU64,
    struck: AtomicU64,
}

#[derive(Debug, Clone, Copy, Default)]
struct Settings {
    delay: Duration,
    /// Bytes a second; 0 for no limit.
    rate: u64,
    stalled: bool,
}

#[derive(Debug, Clone, Copy)]
struct Armed {
    fault: Fault,
    after: u64,
    repeat: bool,
    passed: u64,
}

/// What happens to a byte on its way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    /// The connection ends before it, as if both sides had closed.
    Cut,
    /// The connection is reset before it.
    Reset,
    /// All its bits are turned.
    Flip,
}

impl Relay {
    /// Relays to a port of this machine.
    pub(crate) fn to(target: u16) -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .thread_name("relay")
            .enable_all()
            .build()
            .unwrap();
        let shared = Arc::new(Shared {
            target,
            up: Direction::new(),
            down: Direction::new(),
            refusing: watch::Sender::new(false),
            end: watch::Sender::new(0),
            turning_away: AtomicBool::new(false),
            accepted: AtomicU64::new(0),
            open: AtomicU64::new(0),
            standing: Mutex::default(),
        });
        let (told, port) = std::sync::mpsc::channel();
        let state = shared.clone();
        runtime.spawn(async move {
            let listener = listen(0);
            let port = listener.local_addr().unwrap().port();
            told.send(port).unwrap();
            accept(listener, port, state).await;
        });
        Self { runtime: Some(runtime), port: port.recv().unwrap(), shared }
    }

    /// Where clients connect, on 127.0.0.1.
    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    /// The way towards the server.
    pub(crate) fn up(&self) -> &Direction {
        &self.shared.up
    }

    /// The way towards the client.
    pub(crate) fn down(&self) -> &Direction {
        &self.shared.down
    }

    /// Both ways take so long.
    pub(crate) fn delay(&self, each_way: Duration) {
        self.up().delay(each_way);
        self.down().delay(each_way);
    }

    /// Nothing passes either way, or does again.
    pub(crate) fn stall(&self, stalled: bool) {
        self.up().stall(stalled);
        self.down().stall(stalled);
    }

    /// Ends all connections as if both sides had closed.
    pub(crate) fn cut(&self) {
        self.shared.end.send_modify(|end| *end = (*end / 2 + 1) * 2);
    }

    /// Resets all connections.
    pub(crate) fn reset(&self) {
        self.shared.end.send_modify(|end| *end = *end / 2 * 2 + 3);
    }

    /// Nobody listens any more, or somebody does again on the same port; connections that stand go on.
    pub(crate) fn refuse(&self, refusing: bool) {
        self.shared.refusing.send_replace(refusing);
        crate::support::wait_until("the relay has heard", Duration::from_secs(5), || {
            std::net::TcpStream::connect((Ipv4Addr::LOCALHOST, self.port)).is_err() == refusing
        });
    }

    /// Further connections are accepted and ended at once, or are served again; those that stand go on.
    pub(crate) fn turn_away(&self, turning_away: bool) {
        self.shared.turning_away.store(turning_away, Ordering::Relaxed);
    }

    /// Ends the connection that was made last, as if both sides had closed.
    pub(crate) fn cut_youngest(&self) {
        if let Some(youngest) = self.shared.standing.lock().unwrap().pop() {
            let _ = youngest.end.send(());
        }
    }

    /// Bytes passed so far, both ways, on the connection that was made last of those that stand.
    pub(crate) fn passed_on_youngest(&self) -> u64 {
        let standing = self.shared.standing.lock().unwrap();
        standing.last().map_or(0, |youngest| youngest.passed.load(Ordering::Relaxed))
    }

    /// Connections accepted so far, those turned away among them.
    pub(crate) fn accepted(&self) -> u64 {
        self.shared.accepted.load(Ordering::Relaxed)
    }

    /// Connections that stand now.
    pub(crate) fn open(&self) -> u64 {
        self.shared.open.load(Ordering::Relaxed)
    }
}

impl Drop for Relay {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

impl Direction {
    fn new() -> Self {
        let settings = watch::Sender::new(Settings::default());
        Self {
            settings,
            fault: Mutex::new(None),
            passed: AtomicU64::new(0),
            struck: AtomicU64::new(0),
        }
    }

    /// Every byte takes so long.
    pub(crate) fn delay(&self, delay: Duration) {
        self.settings.send_modify(|settings| settings.delay = delay);
    }

    /// At most so many bytes a second pass; 0 lifts the limit.
    pub(crate) fn rate(&self, bytes_a_second: u64) {
        self.settings.send_modify(|settings| settings.rate = bytes_a_second);
    }

    /// Nothing passes, or does again.
    pub(crate) fn stall(&self, stalled: bool) {
        self.settings.send_modify(|settings| settings.stalled = stalled);
    }

    /// Once `after` more bytes have passed, the next meets the fault. Once.
    pub(crate) fn arm(&self, fault: Fault, after: u64) {
        *self.fault.lock().unwrap() = Some(Armed { fault, after, repeat: false, passed: 0 });
    }

    /// The same again and again, each time after so many bytes.
    pub(crate) fn arm_again_and_again(&self, fault: Fault, after: u64) {
        *self.fault.lock().unwrap() = Some(Armed { fault, after, repeat: true, passed: 0 });
    }

    /// No fault any more.
    pub(crate) fn disarm(&self) {
        *self.fault.lock().unwrap() = None;
    }

    /// Whether a fault still waits to happen.
    pub(crate) fn is_armed(&self) -> bool {
        self.fault.lock().unwrap().is_some()
    }

    /// Bytes passed so far, in all connections.
    pub(crate) fn passed(&self) -> u64 {
        self.passed.load(Ordering::Relaxed)
    }

    /// How many faults have happened so far.
    pub(crate) fn struck(&self) -> u64 {
        self.struck.load(Ordering::Relaxed)
    }

    /// What becomes of a chunk: flips in it, or says at which byte the connection ends and how.
    fn meet(&self, chunk: &mut [u8]) -> Option<(usize, Fault)> {
        let mut fault = self.fault.lock().unwrap();
        let armed = fault.as_mut()?;
        let left = armed.after - armed.passed;
        let Some(at) = usize::try_from(left).ok().filter(|at| *at < chunk.len()) else {
            armed.passed += chunk.len() as u64;
            return None;
        };
        let met = armed.fault;
        self.struck.fetch_add(1, Ordering::Relaxed);
        armed.passed = 0;
        if !armed.repeat {
            *fault = None;
        }
        if met == Fault::Flip {
            chunk[at] = !chunk[at];
            return None;
        }
        Some((at, met))
    }
}

fn listen(port: u16) -> TcpListener {
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_reuseaddr(true).unwrap();
    socket.bind(SocketAddr::from((Ipv4Addr::LOCALHOST, port))).unwrap();
    socket.listen(128).unwrap()
}

async fn accept(listener: TcpListener, port: u16, shared: Arc<Shared>) {
    let mut refusing = shared.refusing.subscribe();
    let mut listener = Some(listener);
    loop {
        let Some(open) = &listener else {
            if refusing.wait_for(|refusing| !refusing).await.is_err() {
                return;
            }
            listener = Some(listen(port));
            continue;
        };
        tokio::select! {
            accepted = open.accept() => {
                let Ok((client, _)) = accepted else { continue };
                shared.accepted.fetch_add(1, Ordering::Relaxed);
                if shared.turning_away.load(Ordering::Relaxed) {
                    continue;
                }
                tokio::spawn(connection(client, shared.clone()));
            }
            changed = refusing.wait_for(|refusing| *refusing) => {
                if changed.is_err() {
                    return;
                }
                drop(changed);
                listener = None;
            }
        }
    }
}

/// How a connection ended before its time.
enum Broken {
    Politely,
    ByReset,
}

async fn connection(mut client: TcpStream, shared: Arc<Shared>) {
    let Ok(mut server) = TcpStream::connect((Ipv4Addr::LOCALHOST, shared.target)).await else {
        return;
    };
    shared.open.fetch_add(1, Ordering::Relaxed);
    let passed = Arc::default();
    let (cut, mut is_cut) = oneshot::channel();
    let standing = Standing { passed: Arc::clone(&passed), end: cut };
    shared.standing.lock().unwrap().push(standing);
    let _ = (client.set_nodelay(true), server.set_nodelay(true));
    let mut end = shared.end.subscribe();
    let began = *end.borrow();
    let broken = {
        let (from_client, to_client) = client.split();
        let (from_server, to_server) = server.split();
        let both = async {
            tokio::try_join!(
                carry(from_client, to_server, &shared.up, &passed),
                carry(from_server, to_client, &shared.down, &passed),
            )
        };
        tokio::select! {
            ended = both => ended.err(),
            _ = &mut is_cut => Some(Broken::Politely),
            told = end.wait_for(|end| *end != began) => match told {
                Ok(end) if *end % 2 == 1 => Some(Broken::ByReset),
                _ => Some(Broken::Politely),
            },
        }
    };
    if matches!(broken, Some(Broken::ByReset)) {
        let _ = (client.set_zero_linger(), server.set_zero_linger());
    }
    drop((client, server, is_cut));
    shared.standing.lock().unwrap().retain(|standing| !standing.end.is_closed());
    shared.open.fetch_sub(1, Ordering::Relaxed);
}

/// Carries one direction of a connection to its end.
async fn carry(
    mut from: ReadHalf<'_>,
    mut to: WriteHalf<'_>,
    direction: &Direction,
    passed: &AtomicU64,
) -> Result<(), Broken> {
    // Bytes under way: at 64 KiB a chunk enough for 64 MiB in the air.
    let (queue, mut queued) = mpsc::channel::<(Instant, Vec<u8>)>(1024);
    let read = async move {
        let mut buffer = vec![0; 64 * 1024];
        while let Ok(length @ 1..) = from.read(&mut buffer).await {
            if queue.send((Instant::now(), buffer[..length].to_vec())).await.is_err() {
                break;
            }
        }
        Ok(())
    };
    let write = async {
        while let Some((arrived, chunk)) = queued.recv().await {
            deliver(arrived, chunk, &mut to, direction, passed).await?;
        }
        let _ = to.shutdown().await;
        Ok(())
    };
    tokio::try_join!(read, write).map(|_| ())
}

async fn deliver(
    arrived: Instant,
    mut chunk: Vec<u8>,
    to: &mut WriteHalf<'_>,
    direction: &Direction,
    passed: &AtomicU64,
) -> Result<(), Broken> {
    let mut settings = direction.settings.subscribe();
    let delay = settings.borrow().delay;
    if !delay.is_zero() {
        sleep_until(arrived + delay).await;
    }
    let met = direction.meet(&mut chunk);
    let length = met.map_or(chunk.len(), |(at, _)| at);
    let mut rest = &chunk[..length];
    while !rest.is_empty() {
        let Ok(now) = settings.wait_for(|settings| !settings.stalled).await.map(|now| *now) else {
            return Err(Broken::Politely);
        };
        // In twentieths of a second, so that a slow link trickles.
        let most = if now.rate == 0 { rest.len() } else { (now.rate / 20).max(1) as usize };
        let (piece, later) = rest.split_at(rest.len().min(most));
        if now.rate > 0 {
            sleep(Duration::from_secs_f64(piece.len() as f64 / now.rate as f64)).await;
        }
        if to.write_all(piece).await.is_err() {
            return Err(Broken::Politely);
        }
        direction.passed.fetch_add(piece.len() as u64, Ordering::Relaxed);
        passed.fetch_add(piece.len() as u64, Ordering::Relaxed);
        rest = later;
    }
    match met {
        None => Ok(()),
        Some((_, Fault::Reset)) => Err(Broken::ByReset),
        Some(_) => Err(Broken::Politely),
    }
}
