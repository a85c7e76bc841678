//! Proving who one is, in OpenSSH's order: keys, the server's prompts, a password; one factor or several.

use std::{collections::HashSet, sync::Mutex};

use secrecy::{ExposeSecret as _, SecretString};
use ssh2::{ErrorCode, Session};

use super::{
    keyboard,
    login::{LoggedIn, Memory, lock},
    publickey,
    talk::Talk,
};
use crate::domain::{
    display::escape_text,
    error::{Error, ErrorKind, Result},
    question::{Answer, Question},
    site::{Authentication, SshLogin},
};

/// ssh's NumberOfPasswordPrompts.
pub(super) const ASKED_AT_MOST: u32 = 3;

/// What of a banner is shown.
const BANNER_SHOWN: usize = 600;

/// How an attempt on one connection ended, if not in a failure for good.
pub(super) enum Ending {
    /// The session is authenticated.
    LoggedIn,
    /// The connection ended; what was learnt is in the [`Progress`].
    HungUp(Error),
}

/// What became of one way to log in.
pub(super) enum Outcome {
    /// That was all the server wanted.
    LoggedIn,
    /// Accepted, and the server wants more: what it offers now.
    Partly(String),
    /// Nothing left to try this way.
    Exhausted,
    /// The connection ended.
    HungUp(Error),
}

/// What one `open` has tried so far, over all its connections.
#[derive(Default)]
pub(super) struct Progress {
    /// Keys the server does not want, by their public half.
    pub refused_keys: HashSet<Vec<u8>>,
    /// What was tried, in words.
    pub tried: Vec<String>,
    /// How often the person was asked for the password.
    pub password_asked: u32,
    /// How often the server's prompts were gone through.
    pub prompts_asked: u32,
    /// Typed, but the connection ended before the server had judged it.
    pub unjudged: Option<Typed>,
    /// Why the password or the prompts are asked again.
    pub again_because: String,
    exhausted: Vec<Authentication>,
    memory_used: bool,
    vault_used: bool,
    is_further: bool,
    judged: bool,
}

/// A password from a person.
#[derive(Clone)]
pub(super) struct Typed {
    /// It.
    pub password: SecretString,
    /// Whether to keep it once it has worked.
    pub keep: bool,
}

impl Progress {
    /// For one connection more: with what has worked, and if that is refused nothing is forgotten for it.
    pub(super) fn further() -> Self {
        Self { is_further: true, ..Self::default() }
    }

    /// Whether it is about one connection more.
    pub(super) fn is_further(&self) -> bool {
        self.is_further
    }

    /// A new connection: nothing the server said on the last one binds it.
    pub(super) fn begin_connection(&mut self) {
        self.exhausted.clear();
        self.judged = false;
    }

    /// Whether the last connection brought the login any further, so that another one is worth while.
    pub(super) fn was_judged(&self) -> bool {
        self.judged || self.unjudged.is_some()
    }

    /// The server has said yes or no to something, or a person has answered.
    pub(super) fn note_judgement(&mut self) {
        self.judged = true;
    }

    /// Adds to what was tried, once.
    pub(super) fn note_tried(&mut self, what: impl Into<String>) {
        let what = what.into();
        if !self.tried.contains(&what) {
            self.tried.push(what);
        }
    }

    /// The password the vault holds, asked for once in an `open`.
    pub(super) fn ask_vault(&mut self, talk: &Talk) -> Result<Option<SecretString>> {
        if std::mem::replace(&mut self.vault_used, true) || self.is_further {
            return Ok(None);
        }
        Ok(talk.find_password()?.unwrap_or_else(|error| {
            self.again_because = format!("no kept password: {}", error.why());
            None
        }))
    }
}

/// One connection on its way to be logged in.
pub(super) struct Attempt<'a> {
    pub session: &'a Session,
    pub socket: &'a std::net::TcpStream,
    pub login: &'a SshLogin,
    pub talk: &'a Talk,
    pub memory: &'a Mutex<Memory>,
    pub progress: &'a mut Progress,
}

/// What the server, or libssh2, says to one attempt.
pub(super) enum Reply {
    /// Yes.
    Accepted,
    /// No, or not yet all; `signed`: only after a signature was sent, which it asks for with keys it knows alone.
    Refused { signed: bool },
    /// The key could not be used: the passphrase is wrong, or the agent would not.
    NotSigned,
    /// Nothing was sent: libssh2 cannot do it. Its words, escaped.
    Unusable(String),
    /// The password has to be changed first.
    Expired,
    /// The connection ended.
    HungUp,
}

impl Reply {
    /// libssh2 uses one code for several outcomes; its words tell them apart (userauth.c, pinned by Cargo.lock).
    pub(super) fn of(result: std::result::Result<(), ssh2::Error>) -> Self {
        let Err(error) = result else { return Self::Accepted };
        let words = error.message();
        match error.code() {
            _ if words.starts_with("Waiting for") || words.starts_with("Unable to send") => {
                Self::HungUp
            }
            ErrorCode::Session(-18) => Self::Refused { signed: false },
            ErrorCode::Session(-19) if words.starts_with("Invalid signature") => {
                Self::Refused { signed: true }
            }
            ErrorCode::Session(-19) => Self::NotSigned,
            ErrorCode::Session(-15) => Self::Expired,
            ErrorCode::Session(-7 | -9 | -13 | -30 | -43) => Self::HungUp,
            _ => Self::Unusable(escape_text(words)),
        }
    }
}

/// Logs in on a connection whose host key was let in.
pub(super) fn log_in(
    connection: &LoggedIn,
    login: &SshLogin,
    talk: &Talk,
    memory: &Mutex<Memory>,
    progress: &mut Progress,
) -> Result<Ending> {
    let (session, socket) = (&connection.session, &connection.socket);
    Attempt { session, socket, login, talk, memory, progress }.run()
}

impl Attempt<'_> {
    fn run(mut self) -> Result<Ending> {
        let begun = publickey::unasked(&mut self);
        let was_asked = begun.is_none();
        let mut offered = match begun.unwrap_or_else(|| self.first_offered()) {
            Outcome::LoggedIn => return Ok(Ending::LoggedIn),
            Outcome::Partly(offered) => offered,
            Outcome::HungUp(error) => return Ok(Ending::HungUp(error)),
            Outcome::Exhausted => String::new(),
        };
        let first = was_asked.then(|| offered.clone());
        loop {
            let next = self
                .login
                .authentications
                .iter()
                .copied()
                .find(|way| !self.progress.exhausted.contains(way) && offers(&offered, *way));
            let outcome = match next {
                Some(Authentication::PublicKey) => publickey::log_in(&mut self, &offered)?,
                Some(Authentication::KeyboardInteractive) => keyboard::log_in(&mut self, &offered)?,
                Some(Authentication::Password) => self.password(&offered)?,
                None => return Err(self.refused(&offered)),
            };
            match outcome {
                Outcome::LoggedIn => {
                    if first.is_some() {
                        lock(self.memory).offered = first;
                    }
                    return Ok(Ending::LoggedIn);
                }
                Outcome::HungUp(error) => return Ok(Ending::HungUp(error)),
                Outcome::Partly(more) => offered = more,
                Outcome::Exhausted => self.progress.exhausted.extend(next),
            }
        }
    }

    fn doing(&self) -> String {
        format!("log in to {}", self.talk.site())
    }

    /// The connection ended while logging in.
    pub(super) fn hung_up(&self) -> Outcome {
        let why = "the server hung up during the login";
        Outcome::HungUp(Error::new(ErrorKind::ConnectionLost, self.doing(), why))
    }

    /// What the server offers to one who has just come. For a further connection that is known, and a round trip saved.
    fn first_offered(&self) -> Outcome {
        let known = lock(self.memory).offered.clone();
        known.filter(|_| self.progress.is_further).map_or_else(|| self.offered(), Outcome::Partly)
    }

    /// What the server offers now. libssh2 does not tell a refusal from partial success (RFC 4252 §5.1), but what is
    /// offered then differs.
    pub(super) fn offered(&self) -> Outcome {
        match self.session.auth_methods(&self.login.user).map(str::to_owned) {
            _ if self.session.authenticated() => Outcome::LoggedIn,
            Ok(offered) => Outcome::Partly(offered),
            Err(_) => self.hung_up(),
        }
    }

    /// After a refusal: was it one, or does the server want a further factor? `None`: it was one.
    pub(super) fn partly(&self, offered: &str) -> Option<Outcome> {
        match self.offered() {
            Outcome::Partly(now) if now == offered => None,
            other => Some(other),
        }
    }

    fn password(&mut self, offered: &str) -> Result<Outcome> {
        while let Some((password, keep, source)) = self.next_password()? {
            self.progress.note_tried("a password");
            let sent = self.session.userauth_password(&self.login.user, password.expose_secret());
            let reply = Reply::of(sent);
            if matches!(reply, Reply::HungUp) {
                self.progress.unjudged =
                    matches!(source, Source::Person).then_some(Typed { password, keep });
                return Ok(self.hung_up());
            }
            self.progress.note_judgement();
            let outcome = match reply {
                Reply::Accepted => Some(Outcome::LoggedIn),
                Reply::Refused { .. } => match self.partly(offered) {
                    Some(Outcome::HungUp(_)) | None => None,
                    partly => partly,
                },
                Reply::Expired => {
                    let why = "the password has expired; change it with ssh first";
                    return Err(Error::new(ErrorKind::LoginRefused, self.doing(), why));
                }
                _ => None,
            };
            if let Some(outcome) = outcome {
                lock(self.memory).password = Some(password.clone());
                if keep {
                    self.keep(password)?;
                }
                return Ok(outcome);
            }
            self.drop_refused(source)?;
        }
        Ok(Outcome::Exhausted)
    }

    fn next_password(&mut self) -> Result<Option<(SecretString, bool, Source)>> {
        if let Some(Typed { password, keep }) = self.progress.unjudged.take() {
            return Ok(Some((password, keep, Source::Person)));
        }
        if !std::mem::replace(&mut self.progress.memory_used, true)
            && let Some(password) = lock(self.memory).password.clone()
        {
            return Ok(Some((password, false, Source::Memory)));
        }
        if let Some(password) = self.progress.ask_vault(self.talk)? {
            return Ok(Some((password, false, Source::Vault)));
        }
        if self.progress.password_asked == ASKED_AT_MOST {
            return Ok(None);
        }
        self.progress.password_asked += 1;
        let answer = self.talk.ask(Question::Password {
            site: self.talk.site().clone(),
            user: escape_text(&self.login.user),
            again_because: self.with_banner(&self.progress.again_because),
        })?;
        match answer {
            Answer::Texts { texts, keep } if !texts.is_empty() => {
                Ok(texts.into_iter().next().map(|password| (password, keep, Source::Person)))
            }
            _ => {
                let why = format!("no password was given{}", self.tried_before());
                Err(Error::new(ErrorKind::LoginRefused, self.doing(), why))
            }
        }
    }

    /// What was tried before a person gave up, in words.
    pub(super) fn tried_before(&self) -> String {
        match self.progress.tried.as_slice() {
            [] => String::new(),
            tried => format!(" (tried before: {})", tried.join(", ")),
        }
    }

    fn drop_refused(&mut self, source: Source) -> Result<()> {
        if self.progress.is_further {
            return Ok(());
        }
        self.progress.again_because = match source {
            Source::Person => "the server refused that password".into(),
            Source::Memory => {
                lock(self.memory).password = None;
                "the server no longer accepts the password it accepted before".into()
            }
            Source::Vault => {
                // That it could not be dropped matters less than that it was refused.
                let _ = self.talk.forget_password()?;
                "the server refused the kept password".into()
            }
        };
        Ok(())
    }

    /// Gives a password to the vault. Where that fails the login stands, and the password is asked for next time.
    pub(super) fn keep(&mut self, password: SecretString) -> Result<()> {
        if let Err(error) = self.talk.keep_password(password)? {
            tracing::warn!(%error, "the password was not kept");
        }
        Ok(())
    }

    /// Some words for a question, and what the server says before any login.
    pub(super) fn with_banner(&self, words: &str) -> String {
        let banner = self.session.userauth_banner().ok().flatten().unwrap_or_default();
        let banner = banner.split_whitespace().collect::<Vec<_>>().join(" ");
        if banner.is_empty() {
            return words.to_owned();
        }
        let shown: String = banner.chars().take(BANNER_SHOWN).collect();
        let shown = format!("the server says: {}", escape_text(&shown));
        if words.is_empty() { shown } else { format!("{words}; {shown}") }
    }

    fn refused(&self, offered: &str) -> Error {
        let tried = match self.progress.tried.as_slice() {
            [] => "nothing could be tried".to_owned(),
            tried => format!("the server refused what was tried ({})", tried.join(", ")),
        };
        let offers = match offered {
            "" => "it offers no way to log in".to_owned(),
            offered => format!("it offers {}", escape_text(offered).replace(',', ", ")),
        };
        let why = self.with_banner(&format!("{tried}; {offers}"));
        Error::new(ErrorKind::LoginRefused, self.doing(), why)
    }
}

/// Where a password comes from.
#[derive(Clone, Copy)]
enum Source {
    Person,
    Memory,
    Vault,
}

/// Whether what a server offers has this among it.
pub(super) fn offers(offered: &str, way: Authentication) -> bool {
    offered.split(',').any(|offer| offer == name_of(way))
}

fn name_of(way: Authentication) -> &'static str {
    match way {
        Authentication::PublicKey => "publickey",
        Authentication::KeyboardInteractive => "keyboard-interactive",
        Authentication::Password => "password",
    }
}
