//! The search for a password that is accepted, and for leave to tell it to whom a certificate shows: what is remembered, what
//! is kept, and what a person answers.

use std::sync::Arc;

use secrecy::SecretString;

use super::{login::Login, pins::Pins, tls::Rejected};
use crate::{
    domain::{
        display::escape_text,
        error::{Error, ErrorKind, Result},
        question::{Answer, Question},
    },
    storage::Ask,
};

/// How often a password is asked for.
const ASKED_AT_MOST: u32 = 3;
/// The user where none is given, and its password: whoever may come in, may.
pub(super) const ANONYMOUS: &str = "anonymous";
pub(super) const ANONYMOUS_PASSWORD: &str = "wharf@";

/// A password, and whose word it is.
pub(super) struct Password {
    /// None until it is known that there is somebody to tell it to.
    pub(super) secret: Option<SecretString>,
    pub(super) source: Source,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Source {
    Nobody,
    Memory,
    Vault,
    Person { keep: bool },
}

/// On the way to a password that is accepted.
pub(super) struct Search<'a> {
    login: &'a Login,
    ask: Arc<dyn Ask>,
    again_because: String,
    asked: u32,
    vault_used: bool,
    /// There is a server, and its certificate is let in: a person is not asked for nothing.
    pub(super) reached: bool,
}

impl<'a> Search<'a> {
    pub(super) fn new(login: &'a Login, ask: Arc<dyn Ask>) -> Self {
        let again_because = String::new();
        Self { login, ask, again_because, asked: 0, vault_used: false, reached: false }
    }

    pub(super) async fn next(&mut self) -> Result<Password> {
        let login = self.login;
        if login.site.user().is_none() {
            let secret = Some(SecretString::from(ANONYMOUS_PASSWORD));
            return Ok(Password { secret, source: Source::Nobody });
        }
        let remembered = login.memory().password.clone();
        if remembered.is_some() {
            return Ok(Password { secret: remembered, source: Source::Memory });
        }
        if !std::mem::replace(&mut self.vault_used, true) {
            match login.vault.find(&login.site).await {
                Ok(Some(secret)) => {
                    return Ok(Password { secret: Some(secret), source: Source::Vault });
                }
                Ok(None) => {}
                Err(error) => self.again_because = format!("no kept password: {}", error.why()),
            }
        }
        if !self.reached {
            return Ok(Password { secret: None, source: Source::Nobody });
        }
        let refuse = |why: &str| Error::new(ErrorKind::LoginRefused, login.doing(), why);
        if self.asked == ASKED_AT_MOST {
            return Err(refuse(&self.again_because));
        }
        self.asked += 1;
        let question = Question::Password {
            site: Arc::clone(&login.site),
            user: escape_text(login.user()),
            again_because: self.again_because.clone(),
        };
        match self.ask.ask(question).await {
            Answer::Texts { texts, keep } => match texts.into_iter().next() {
                Some(secret) => {
                    Ok(Password { secret: Some(secret), source: Source::Person { keep } })
                }
                None => Err(refuse("no password was given")),
            },
            _ if self.again_because.is_empty() => Err(refuse("no password was given")),
            _ => Err(refuse(&format!("no password was given ({})", self.again_because))),
        }
    }

    pub(super) async fn refused(&mut self, password: &Password, why: String) -> Result<()> {
        let login = self.login;
        self.again_because = match password.source {
            Source::Nobody => {
                let why = format!("the server lets nobody in without a name: {why}");
                return Err(Error::new(ErrorKind::LoginRefused, login.doing(), why));
            }
            Source::Person { .. } => format!("the server refused that password: {why}"),
            Source::Memory => {
                login.memory().password = None;
                "the server no longer accepts the password it accepted before".into()
            }
            Source::Vault => {
                // That it could not be dropped matters less than that it was refused.
                if let Err(error) = login.vault.forget(&login.site).await {
                    tracing::warn!(%error, "the refused password was not dropped");
                }
                format!("the server refused the kept password: {why}")
            }
        };
        Ok(())
    }

    /// A certificate nobody vouches for: let in for good, or the end.
    pub(super) async fn certificate(&self, rejected: Rejected) -> Result<()> {
        let login = self.login;
        let question = Question::Certificate {
            site: Arc::clone(&login.site),
            known_as: escape_text(&Pins::known_as(&login.door)),
            why: rejected.why.clone(),
            fingerprint: rejected.fingerprint.0.clone(),
            changed: rejected.changed,
        };
        if !matches!(self.ask.ask(question).await, Answer::Yes) {
            let Rejected { fingerprint, why, .. } = rejected;
            let why = format!(
                "its certificate (SHA-256 {}) was not accepted: {why}; nothing was sent",
                fingerprint.0
            );
            let doing = format!("connect to {}", login.site);
            return Err(Error::new(ErrorKind::HostKeyRefused, doing, why));
        }
        let (pins, door) = (Arc::clone(&login.pins), Arc::clone(&login.door));
        // A file that cannot be written was told to the log.
        let _ = tokio::task::spawn_blocking(move || pins.keep(&door, &rejected.fingerprint)).await;
        Ok(())
    }
}
