//! How the thread that logs in talks to the async side: questions, the vault, and the socket to cut.

use std::{net::TcpStream, sync::Arc, time::Duration};

use secrecy::SecretString;
use tokio::sync::{mpsc, oneshot};

use crate::domain::{
    error::{Error, ErrorKind, Result},
    question::{Answer, Question},
    site::Site,
};

/// What the login thread wants of the async side.
pub(super) enum Request {
    /// An attempt to reach a host begins: the clock starts, and ends within this long.
    Connecting(Arc<Site>, Duration),
    /// A clone of the socket in use: shutting it down ends whatever the thread waits for.
    Connected(TcpStream),
    /// The server has greeted and shown its key; what follows is the login proper.
    Greeted,
    /// A question for the person.
    Ask(Box<Question>, oneshot::Sender<Answer>),
    /// The password kept for the site.
    Find(Arc<Site>, oneshot::Sender<Result<Option<SecretString>>>),
    /// A password that worked, and is to be kept.
    Keep(Arc<Site>, SecretString, oneshot::Sender<Result<()>>),
    /// The kept password was refused.
    Forget(Arc<Site>, oneshot::Sender<Result<()>>),
}

/// The thread's end. Every call fails once nobody waits for the login any more.
pub(super) struct Talk {
    site: Arc<Site>,
    requests: mpsc::UnboundedSender<Request>,
}

impl Talk {
    /// Both ends.
    pub(super) fn new(site: Arc<Site>) -> (Self, mpsc::UnboundedReceiver<Request>) {
        let (requests, receiver) = mpsc::unbounded_channel();
        (Self { site, requests }, receiver)
    }

    /// Whose login this is.
    pub(super) fn site(&self) -> &Arc<Site> {
        &self.site
    }

    /// The same about a host on the way.
    pub(super) fn about(&self, site: Arc<Site>) -> Self {
        Self { site, requests: self.requests.clone() }
    }

    /// Starts the clock.
    pub(super) fn connecting(&self, limit: Duration) -> Result<()> {
        self.send(Request::Connecting(self.site.clone(), limit))
    }

    /// Hands out a clone of the socket.
    pub(super) fn connected(&self, socket: TcpStream) -> Result<()> {
        self.send(Request::Connected(socket))
    }

    /// Says that the server has greeted.
    pub(super) fn greeted(&self) -> Result<()> {
        self.send(Request::Greeted)
    }

    /// Asks the person.
    pub(super) fn ask(&self, question: Question) -> Result<Answer> {
        self.answer_to(|reply| Request::Ask(Box::new(question), reply))
    }

    /// Asks the vault.
    pub(super) fn find_password(&self) -> Result<Result<Option<SecretString>>> {
        self.answer_to(|reply| Request::Find(self.site.clone(), reply))
    }

    /// Has the vault keep a password.
    pub(super) fn keep_password(&self, password: SecretString) -> Result<Result<()>> {
        self.answer_to(|reply| Request::Keep(self.site.clone(), password, reply))
    }

    /// Has the vault drop a password.
    pub(super) fn forget_password(&self) -> Result<Result<()>> {
        self.answer_to(|reply| Request::Forget(self.site.clone(), reply))
    }

    fn send(&self, request: Request) -> Result<()> {
        self.requests.send(request).map_err(|_| self.nobody_waits())
    }

    fn answer_to<T>(&self, request: impl FnOnce(oneshot::Sender<T>) -> Request) -> Result<T> {
        let (reply, answer) = oneshot::channel();
        self.send(request(reply))?;
        answer.blocking_recv().map_err(|_| self.nobody_waits())
    }

    fn nobody_waits(&self) -> Error {
        Error::new(ErrorKind::Cancelled, format!("log in to {}", self.site), "it was cancelled")
    }
}
