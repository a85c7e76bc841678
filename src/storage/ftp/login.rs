//! From a site to a control connection that is logged in; and what a person answered on the way.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use suppaftp::Status;

use secrecy::SecretString;

use super::{
    ahead::Ahead,
    fault::{Fault, too_many},
    features::{Features, Habits, has, note},
    line::Line,
    patience::Patience,
    pins::Pins,
    search::{ANONYMOUS, ANONYMOUS_PASSWORD, Password, Search, Source},
    settle,
    talker::Talker,
    tls::{Refused, Rejected, Security, Tls},
    wire::{Command, Reply},
};
use crate::{
    domain::{
        encoding::Encoding,
        error::{Error, ErrorKind, Result},
        ftp::{DataMode, FtpWays},
        path::StoragePath,
        secret::Vault,
        site::{Protocol, Site},
    },
    storage::Ask,
};

/// How often a server that hangs up after a refusal is connected to again, and one whose certificate or version of TLS
/// had to be settled first.
const CONNECTIONS: u32 = 8;

/// How to log in to a site, and what is remembered of it.
pub(crate) struct Login {
    pub(super) site: Arc<Site>,
    /// The site with the port that is knocked at: what its certificate is kept under.
    pub(super) door: Arc<Site>,
    pub(super) vault: Arc<dyn Vault>,
    pub(super) pins: Arc<Pins>,
    pub(super) patience: Patience,
    /// How names are written there.
    pub(super) names: Encoding,
    /// The person says so; the server need not.
    is_certainly_utf8: bool,
    pub(super) security: Security,
    pub(super) habits: Habits,
    memory: Mutex<Memory>,
    /// The second connection, while the first is let in.
    ahead: Ahead,
    /// Held while a person may be asked, so that two at once do not ask the same twice.
    asking: tokio::sync::Mutex<()>,
}

#[derive(Default)]
pub(super) struct Memory {
    pub(super) password: Option<SecretString>,
    features: Option<Arc<Features>>,
}

/// A connection, and what was found out about the server with the first one.
pub(super) struct LoggedIn {
    pub(super) line: Arc<Line>,
    pub(super) features: Arc<Features>,
    /// Where a login begins.
    pub(super) home: StoragePath,
}

/// Why there is no further connection.
#[derive(Debug)]
pub(super) enum NoFurther {
    /// The server has as many as it wants.
    TooMany,
    /// Anything else.
    Failed(Fault),
}

/// How one attempt ended.
enum Attempt {
    LoggedIn(Box<LoggedIn>),
    /// The password was refused.
    Refused(String),
    /// The certificate was not let in.
    Certificate(Rejected),
    /// To be tried again, with what was learnt.
    Again,
    /// There is a server that one may log in to; without a password that is as far as it goes.
    Reached,
    TooMany(Fault),
}

/// A connection on which somebody may log in.
struct Reached {
    talker: Talker,
    tls: Option<Tls>,
    greeting: Reply,
}

impl Login {
    /// Nothing happens until the first [`open`](Self::open).
    pub(crate) fn new(
        site: Arc<Site>,
        vault: Arc<dyn Vault>,
        pins: Arc<Pins>,
        ways: FtpWays,
    ) -> Self {
        let habits = Habits::default();
        if ways.mode == Some(DataMode::Active) {
            note(&habits.active);
        }
        let door = site.at_port(ways.port).map_or_else(|| Arc::clone(&site), Arc::new);
        Self {
            site,
            door,
            vault,
            pins,
            patience: Patience::of(ways),
            names: ways.encoding.unwrap_or_default(),
            is_certainly_utf8: ways.encoding.is_some_and(Encoding::is_utf8),
            security: Security::default(),
            habits,
            memory: Mutex::default(),
            ahead: Ahead::default(),
            asking: tokio::sync::Mutex::default(),
        }
    }

    /// Whose login this is.
    pub(super) fn site(&self) -> &Arc<Site> {
        &self.site
    }

    /// What is remembered.
    pub(super) fn memory(&self) -> MutexGuard<'_, Memory> {
        self.memory.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// To complete "Could not …".
    pub(super) fn doing(&self) -> String {
        format!("log in to {}", self.site)
    }

    /// Who logs in.
    pub(super) fn user(&self) -> &str {
        self.site.user().unwrap_or(ANONYMOUS)
    }

    /// Connects and logs in. What was answered once is not asked again. Dropping the future ends the attempt.
    pub(super) async fn open(&self, ask: Arc<dyn Ask>) -> Result<LoggedIn> {
        let _asking = self.asking.lock().await;
        let mut search = Search::new(self, ask);
        let mut password = search.next().await?;
        for _ in 0..CONNECTIONS {
            match self
                .attempt(password.secret.as_ref())
                .await
                .map_err(|fault| fault.into_error(format!("connect to {}", self.site)))?
            {
                Attempt::LoggedIn(logged_in) => {
                    self.worked(password).await;
                    return Ok(*logged_in);
                }
                Attempt::Refused(why) => {
                    search.reached = true;
                    search.refused(&password, why).await?;
                    password = search.next().await?;
                }
                Attempt::Certificate(rejected) => search.certificate(rejected).await?,
                Attempt::Again => {}
                Attempt::Reached => {
                    search.reached = true;
                    password = search.next().await?;
                }
                Attempt::TooMany(fault) => return Err(fault.into_error(self.doing())),
            }
        }
        Err(Error::new(ErrorKind::LoginRefused, self.doing(), "it did not come to an end"))
    }

    /// One connection more, with what has worked; nobody is asked.
    pub(super) async fn further(&self) -> std::result::Result<Arc<Line>, NoFurther> {
        let remembered = self.memory().password.clone();
        let password = remembered.unwrap_or_else(|| SecretString::from(ANONYMOUS_PASSWORD));
        if let Some(line) = self.further_at_once(&password).await? {
            return Ok(line);
        }
        for _ in 0..2 {
            match self.attempt(Some(&password)).await.map_err(NoFurther::Failed)? {
                Attempt::LoggedIn(logged_in) => return Ok(logged_in.line),
                Attempt::Again | Attempt::Reached => {}
                Attempt::TooMany(_) => return Err(NoFurther::TooMany),
                Attempt::Refused(why) => {
                    let why = format!("the server let nobody in: {why}");
                    return Err(NoFurther::Failed(Fault::new(ErrorKind::Interrupted, why)));
                }
                Attempt::Certificate(rejected) => {
                    let fault = Refused::Certificate(rejected).into_fault();
                    return Err(NoFurther::Failed(fault));
                }
            }
        }
        Err(NoFurther::Failed(Fault::lost("the server did not let TLS come up")))
    }

    /// The same in as few round trips as there can be; `None` where the server has to be asked one thing after another.
    async fn further_at_once(
        &self,
        password: &SecretString,
    ) -> std::result::Result<Option<Arc<Line>>, NoFurther> {
        let known = self.memory().features.clone().filter(|_| !has(&self.habits.one_by_one));
        let Some(features) = known else { return Ok(None) };
        let reached = match self.reach().await.map_err(NoFurther::Failed)? {
            Ok(reached) => reached,
            Err(Attempt::TooMany(_)) => return Err(NoFurther::TooMany),
            Err(_) => return Ok(None),
        };
        let Reached { talker, tls, .. } = reached;
        let whom = (self.user(), password);
        match settle::as_before(talker, tls, &features, self.names(), &self.habits, whom).await {
            Ok(Some(line)) => Ok(Some(line)),
            Ok(None) => Err(NoFurther::TooMany),
            Err(fault) => {
                tracing::info!(site = %self.site, why = %fault.why, "asking one thing after another from now on");
                note(&self.habits.one_by_one);
                Ok(None)
            }
        }
    }

    async fn worked(&self, password: Password) {
        let Some(secret) = password.secret else { return };
        self.memory().password = Some(secret.clone());
        if password.source == (Source::Person { keep: true })
            && let Err(error) = self.vault.keep(&self.site, &secret).await
        {
            tracing::warn!(%error, "the password was not kept");
        }
    }

    /// Connects and logs in with one password; without one, only as far as that goes.
    async fn attempt(
        &self,
        password: Option<&SecretString>,
    ) -> std::result::Result<Attempt, Fault> {
        let Reached { talker, tls, greeting } = match self.reach().await? {
            Ok(reached) => reached,
            Err(ended) => return Ok(ended),
        };
        let Some(password) = password else { return Ok(Attempt::Reached) };
        // A server that once let in no more is asked for one after another.
        if self.memory().features.is_none() && self.habits.crowd().is_none() {
            self.ahead.dial(talker.ends.1, self.patience.connect);
        }
        let attempt = self.introduce(talker, tls, &greeting, password).await;
        if !matches!(attempt, Ok(Attempt::LoggedIn(_))) {
            self.ahead.hang_up();
        }
        attempt
    }

    /// Connects, as far as the greeting, and TLS where that comes before the login.
    async fn reach(&self) -> std::result::Result<std::result::Result<Reached, Attempt>, Fault> {
        let site = &self.site;
        let port = self.door.port().unwrap_or(site.protocol().default_port());
        let Patience { connect, reply, .. } = self.patience;
        let mut talker = match self.ahead.take().await {
            Some(socket) => Talker::on(socket, reply).map_err(Fault::io)?,
            None => Talker::connect(site.host(), port, &site.to_string(), connect, reply).await?,
        };
        let tls = match site.protocol().is_encrypted() {
            true => Some(self.begin_tls().await?),
            false => None,
        };
        if let Some(tls) = tls.as_ref().filter(|_| site.protocol() == Protocol::FtpImplicitTls) {
            talker = match talker.encrypt(tls).await {
                Ok(talker) => talker,
                Err(refused) => return self.without_tls(refused).map(Err),
            };
        }
        let greeting = talker.reply().await?;
        if too_many(&greeting) {
            return Ok(Err(Attempt::TooMany(Fault::of(&greeting))));
        }
        if !greeting.is_done() {
            return Err(Fault::lost(Fault::of(&greeting).why));
        }
        if let Some(tls) = tls.as_ref().filter(|_| site.protocol() == Protocol::FtpExplicitTls) {
            let agreed = talker.say(Command::bare("AUTH TLS")).await?;
            if agreed.status() != Status::AuthOk {
                let why = format!(
                    "the server does not offer TLS (it says: {}); nothing was sent; \
                     ftp:// would connect without",
                    agreed.words()
                );
                return Err(Fault::new(ErrorKind::Unsupported, why));
            }
            talker = match talker.encrypt(tls).await {
                Ok(talker) => talker,
                Err(refused) => return self.without_tls(refused).map(Err),
            };
        }
        Ok(Ok(Reached { talker, tls, greeting }))
    }

    async fn begin_tls(&self) -> std::result::Result<Tls, Fault> {
        let (pins, door) = (Arc::clone(&self.pins), Arc::clone(&self.door));
        let pinned = tokio::task::spawn_blocking(move || pins.of(&door)).await.unwrap_or(None);
        self.security.begin(self.site.host(), pinned).await
    }

    fn without_tls(&self, refused: Refused) -> std::result::Result<Attempt, Fault> {
        if self.security.try_new(&refused) {
            return Ok(Attempt::Again);
        }
        match refused {
            Refused::Certificate(rejected) => Ok(Attempt::Certificate(rejected)),
            refused => Err(refused.into_fault()),
        }
    }

    /// USER and PASS, each as it is asked for, and what has to be settled once a connection.
    async fn introduce(
        &self,
        mut talker: Talker,
        tls: Option<Tls>,
        greeting: &Reply,
        password: &SecretString,
    ) -> std::result::Result<Attempt, Fault> {
        let user = Command::about("USER", self.user().as_bytes())?;
        let mut reply = talker.say(user).await?;
        let mut unsaid = None;
        if reply.status() == Status::NeedPassword {
            let password = settle::pass(password)?;
            match settle::reads_on(greeting) {
                true => unsaid = Some(password),
                false => reply = talker.say(password).await?,
            }
        }
        if unsaid.is_none() && !reply.is_done() {
            return not_let_in(&reply);
        }
        let done = settle::for_the_first_time(talker, tls, greeting, self.names(), unsaid).await?;
        let done = match done {
            Ok(done) => done,
            Err(reply) => return not_let_in(&reply),
        };
        self.memory().features.get_or_insert_with(|| Arc::clone(&done.features));
        Ok(Attempt::LoggedIn(Box::new(done)))
    }

    /// How names are written there.
    fn names(&self) -> settle::Names {
        settle::Names { encoding: self.names, is_certain: self.is_certainly_utf8 }
    }
}

/// What came of USER or PASS, where that was not yes.
fn not_let_in(reply: &Reply) -> std::result::Result<Attempt, Fault> {
    if too_many(reply) {
        return Ok(Attempt::TooMany(Fault::of(reply)));
    }
    match reply.status() {
        Status::LoginNeedAccount => {
            let why = "the server asks for an account as well, which Wharf has no answer to";
            Err(Fault::new(ErrorKind::LoginRefused, why))
        }
        Status::NotAvailable => Err(Fault::of(reply)),
        _ => Ok(Attempt::Refused(reply.words())),
    }
}
