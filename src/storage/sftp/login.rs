//! From a site to a logged-in session: the thread that shakes hands, its clock, and what is remembered of it.

use std::{
    collections::HashMap,
    fmt,
    net::{Shutdown, TcpStream},
    path::PathBuf,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    thread,
    time::{Duration, Instant},
};

use secrecy::SecretString;
use ssh2::Session;
use tokio::sync::oneshot;

use super::{
    algorithms::Offer,
    auth::{self, Ending, Progress},
    disagreement,
    habits::Habits,
    host_key::KnownHost,
    jump, reach,
    talk::{Request, Talk},
};
use crate::{
    domain::{
        error::{Error, ErrorKind, Result},
        secret::Vault,
        site::{Site, SshLogin},
    },
    storage::Ask,
};

/// How long the login proper may take from one answer of a person to the next. sshd itself hangs up after two minutes.
const LOGIN_LIMIT: Duration = Duration::from_secs(100);

/// A server that hangs up in the middle of a login (too many keys refused, a person too slow) is tried this often.
const CONNECTIONS: u32 = 3;

/// How to log in to a site, and what a person answered while doing so.
pub(crate) struct Login {
    shared: Arc<Shared>,
    vault: Arc<dyn Vault>,
    /// Held by an `open` until the first one has succeeded, so that two at once do not ask the same twice.
    first: tokio::sync::Mutex<First>,
    habits: Arc<Habits>,
}

/// How the first `open` went.
#[derive(Default)]
struct First {
    succeeded: bool,
    /// When one failed last, and why: who waited for it meanwhile need not put the same questions again.
    failed: Option<(Instant, Error)>,
}

struct Shared {
    site: Arc<Site>,
    login: SshLogin,
    memory: Mutex<Memory>,
    /// The host to be reached first, through which this one is.
    via: Option<Arc<Shared>>,
}

/// What is remembered within the process.
#[derive(Default)]
pub(super) struct Memory {
    /// The host key that was let in.
    pub host_key: Option<Vec<u8>>,
    /// The ways to log in that the server offered at the start of a login that succeeded.
    pub offered: Option<String>,
    /// It is to be asked first what the server offers: to begin with a key did not do.
    pub asks_first: bool,
    /// The public halves of the keys that worked.
    pub keys: Vec<Vec<u8>>,
    /// The password that worked.
    pub password: Option<SecretString>,
    /// Passphrases that opened a key.
    pub passphrases: HashMap<PathBuf, SecretString>,
    /// Answers to the server's prompts that worked and are no one-time codes, by prompt.
    pub answers: HashMap<String, SecretString>,
}

/// A connection ready for use.
pub(crate) struct LoggedIn {
    /// Authenticated, still in blocking mode.
    pub session: Session,
    /// A clone of the session's socket, for readiness and for `shutdown(Both)`.
    pub socket: TcpStream,
}

impl fmt::Debug for LoggedIn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LoggedIn").field("socket", &self.socket).finish_non_exhaustive()
    }
}

impl Login {
    /// Nothing happens until the first [`open`](Self::open).
    pub(crate) fn new(
        site: Arc<Site>,
        login: SshLogin,
        vault: Arc<dyn Vault>,
        via: Option<&Login>,
    ) -> Self {
        let via = via.map(|via| via.shared.clone());
        let shared = Arc::new(Shared { site, login, memory: Mutex::default(), via });
        Self { shared, vault, first: tokio::sync::Mutex::default(), habits: Arc::default() }
    }

    /// Whose login this is.
    pub(crate) fn site(&self) -> &Arc<Site> {
        &self.shared.site
    }

    /// What is known of the server from earlier connections.
    pub(crate) fn habits(&self) -> &Arc<Habits> {
        &self.habits
    }

    /// Connects and logs in. What was answered once is not asked again. Dropping the future ends the attempt.
    pub(crate) async fn open(&self, ask: Arc<dyn Ask>) -> Result<LoggedIn> {
        let came = Instant::now();
        let mut first = self.first.lock().await;
        if first.succeeded {
            drop(first);
            return self.converse(ask, Progress::default()).await;
        }
        if let Some((when, error)) = &first.failed
            && *when >= came
        {
            return Err(error.clone());
        }
        let opened = self.converse(ask, Progress::default()).await;
        match &opened {
            Ok(_) => first.succeeded = true,
            Err(error) => first.failed = Some((Instant::now(), error.clone())),
        }
        opened
    }

    /// One connection more than there is, with what was answered for that one. Many a server wants no second login, so
    /// what it refuses here may still be right: nothing is forgotten, in memory or in the vault.
    pub(crate) async fn open_further(&self, ask: Arc<dyn Ask>) -> Result<LoggedIn> {
        self.converse(ask, Progress::further()).await
    }

    /// Serves the login thread until it ends, its time is up, or this future is dropped.
    async fn converse(&self, ask: Arc<dyn Ask>, progress: Progress) -> Result<LoggedIn> {
        let (talk, mut requests) = Talk::new(self.site().clone());
        let (result, outcome) = oneshot::channel();
        let shared = self.shared.clone();
        thread::Builder::new()
            .name("login".into())
            .spawn(move || {
                // The other end is gone when the attempt was given up: a session nobody wants is closed here.
                if let Err(Ok(unwanted)) = result.send(shared.run(&talk, progress)) {
                    let _ = unwanted.socket.shutdown(Shutdown::Both);
                }
            })
            .map_err(|error| Error::from_io(self.shared.doing(), error))?;
        let mut cut = CutOnDrop(None);
        let mut clock = Clock::new(self.site().clone(), self.shared.login.connect_timeout);
        loop {
            tokio::select! {
                request = requests.recv() => match request {
                    Some(request) => self.serve(request, &ask, &mut cut, &mut clock).await,
                    None => break,
                },
                () = tokio::time::sleep_until(clock.end.into()) => {
                    return Err(clock.ran_out());
                }
            }
        }
        let opened = outcome.await.unwrap_or_else(|_| {
            let why = "the server sent something that makes no sense";
            Err(Error::new(ErrorKind::Protocol, self.shared.doing(), why))
        })?;
        cut.0 = None;
        Ok(opened)
    }

    async fn serve(
        &self,
        request: Request,
        ask: &Arc<dyn Ask>,
        cut: &mut CutOnDrop,
        clock: &mut Clock,
    ) {
        let began = Instant::now();
        // A thread that no longer waits for its answer has ended, and says why itself.
        match request {
            Request::Connecting(site, limit) => *clock = Clock::new(site, limit),
            Request::Connected(socket) => {
                clock.doing = "greet";
                cut.0 = Some(socket);
            }
            Request::Greeted => *clock = Clock::of_login(clock.site.clone()),
            Request::Ask(question, reply) => {
                let _ = reply.send(ask.ask(*question).await);
                clock.restart_after(began);
            }
            Request::Find(site, reply) => {
                let _ = reply.send(self.vault.find(&site).await);
                clock.restart_after(began);
            }
            Request::Keep(site, password, reply) => {
                let _ = reply.send(self.vault.keep(&site, &password).await);
                clock.restart_after(began);
            }
            Request::Forget(site, reply) => {
                let _ = reply.send(self.vault.forget(&site).await);
                clock.restart_after(began);
            }
        }
    }
}

/// Runs while the server is waited for, and stands while a person is.
struct Clock {
    /// Which of the hosts on the way it runs for.
    site: Arc<Site>,
    limit: Duration,
    end: Instant,
    doing: &'static str,
}

impl Clock {
    fn new(site: Arc<Site>, limit: Duration) -> Self {
        Self { site, limit, end: Instant::now() + limit, doing: "connect" }
    }

    fn of_login(site: Arc<Site>) -> Self {
        Self { doing: "log in", ..Self::new(site, LOGIN_LIMIT) }
    }

    /// What was spent on a question does not count.
    fn restart_after(&mut self, asked: Instant) {
        self.end += asked.elapsed();
    }

    fn ran_out(&self) -> Error {
        let seconds = self.limit.as_secs_f64();
        let why = match self.doing {
            "connect" => format!("no connection within {seconds} s"),
            "greet" => {
                format!("connected, but the server did not finish its greeting within {seconds} s")
            }
            _ => format!("the server did not finish the login within {seconds} s"),
        };
        Error::new(ErrorKind::TimedOut, format!("connect to {}", self.site), why)
    }
}

/// Ends the login thread by ending its connection, unless the login succeeded.
struct CutOnDrop(Option<TcpStream>);

impl Drop for CutOnDrop {
    fn drop(&mut self) {
        if let Some(socket) = &self.0 {
            let _ = socket.shutdown(Shutdown::Both);
        }
    }
}

impl Shared {
    fn doing(&self) -> String {
        format!("connect to {}", self.site)
    }

    /// On the login thread: connects and logs in, from the start again where the server hung up half-way.
    fn run(&self, talk: &Talk, mut progress: Progress) -> Result<LoggedIn> {
        for connection in 1.. {
            let further = progress.is_further();
            let opened = self.shake_hands(talk, further)?;
            talk.greeted()?;
            let cut = opened.socket.try_clone();
            progress.begin_connection();
            match auth::log_in(&opened, &self.login, talk, &self.memory, &mut progress) {
                Ok(Ending::LoggedIn) => return Ok(opened),
                Ok(Ending::HungUp(_)) if connection < CONNECTIONS && progress.was_judged() => {}
                Ok(Ending::HungUp(error)) | Err(error) => {
                    // Before the session is dropped: its farewell could wait for a server that is silent.
                    if let Ok(cut) = cut {
                        let _ = cut.shutdown(Shutdown::Both);
                    }
                    return Err(error);
                }
            }
        }
        Err(Error::new(ErrorKind::LoginRefused, self.doing(), "the server hung up each time"))
    }

    /// A way for bytes to the host: a connection, or a channel of the host before it.
    fn reach(&self, talk: &Talk, further: bool) -> Result<TcpStream> {
        let (host, port, limit) =
            (&self.login.host_name, self.login.port, self.login.connect_timeout);
        let Some(via) = &self.via else {
            talk.connecting(limit)?;
            return reach::connect(host, port, limit, &self.doing());
        };
        let progress = if further { Progress::further() } else { Progress::default() };
        let opened = via.run(&talk.about(via.site.clone()), progress)?;
        talk.connecting(limit)?;
        jump::through(opened, &via.site, host, port, &self.doing())
    }

    fn shake_hands(&self, talk: &Talk, further: bool) -> Result<LoggedIn> {
        let doing = self.doing();
        let known = KnownHost::read(&self.login);
        let stream = self.reach(talk, further)?;
        let clone = || stream.try_clone().map_err(|error| Error::from_io(doing.clone(), error));
        let (socket, cut) = (clone()?, clone()?);
        talk.connected(cut)?;
        let failed = |error: ssh2::Error| handshake_error(&doing, &error);
        let mut session = Session::new().map_err(failed)?;
        let offer = Offer::choose(&session, &known).map_err(failed)?;
        offer.apply(&session).map_err(failed)?;
        let server = stream.peer_addr().ok();
        session.set_tcp_stream(stream);
        let greeted = session.handshake().map_err(|error| {
            if !disagreed(&error) {
                return failed(error);
            }
            // A server that finds nothing in common hangs up as well: whether it does is asked first.
            let explained = server.and_then(|server| disagreement::explain(server, &offer));
            match explained {
                None if has_ended(&socket) => Error::new(
                    ErrorKind::ConnectionLost,
                    doing.as_str(),
                    "the connection ended while keys were being agreed on",
                ),
                explained => disagreement(&doing, explained),
            }
        });
        let checked = greeted.and_then(|()| {
            let blob = session.host_key().map(|(blob, _)| blob.to_vec()).unwrap_or_default();
            let accepted = lock(&self.memory).host_key.clone();
            known.check(&blob, accepted.as_deref(), &self.login, talk)?;
            lock(&self.memory).host_key = Some(blob);
            Ok(())
        });
        if let Err(error) = checked {
            let _ = socket.shutdown(Shutdown::Both);
            return Err(error);
        }
        Ok(LoggedIn { session, socket })
    }
}

/// Nothing that panics runs under the lock; what it guards is whole at any time.
pub(super) fn lock(memory: &Mutex<Memory>) -> MutexGuard<'_, Memory> {
    memory.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Whether the other end is gone: libssh2 tells a connection cut during the key exchange as a failed exchange.
fn has_ended(socket: &TcpStream) -> bool {
    let looked = socket.set_nonblocking(true).and_then(|()| socket.peek(&mut [0]));
    match looked {
        Ok(waiting) => waiting == 0,
        Err(error) => error.kind() != std::io::ErrorKind::WouldBlock,
    }
}

/// Whether the two ends had no algorithms in common, or something else failed while agreeing on keys.
fn disagreed(error: &ssh2::Error) -> bool {
    matches!(error.code(), ssh2::ErrorCode::Session(-5 | -8 | -17))
}

fn disagreement(doing: &str, explained: Option<String>) -> Error {
    let unexplained =
        || "the two ends could not agree on keys, or on algorithms for them".to_owned();
    Error::new(ErrorKind::Unsupported, doing, explained.unwrap_or_else(unexplained))
}

fn handshake_error(doing: &str, error: &ssh2::Error) -> Error {
    let (kind, why) = match error.code() {
        ssh2::ErrorCode::Session(-2 | -13 | -43 | -7) => {
            (ErrorKind::ConnectionLost, "the server hung up before it had greeted".to_owned())
        }
        ssh2::ErrorCode::Session(-9 | -30) => {
            (ErrorKind::TimedOut, "the server did not answer".to_owned())
        }
        _ => (
            ErrorKind::Protocol,
            format!(
                "the server's greeting makes no sense ({})",
                crate::domain::display::escape_text(error.message())
            ),
        ),
    };
    Error::new(kind, doing, why)
}
