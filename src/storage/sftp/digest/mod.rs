//! SHA-256 at the server's end: programs on exec channels, fed with names, answering in lines; and a request of
//! SFTP's own for servers that run no programs.
//!
//! Small files go together, many to one run of the tool; large ones go one by one to programs of their own, with
//! the tool that is fastest once it runs. Which file is large, the server says.

mod answers;
mod check_file;
mod crew;
mod program;
mod script;

use std::sync::{
    Arc, OnceLock,
    atomic::{AtomicBool, Ordering},
};

use tokio::sync::{mpsc, oneshot};

use self::{
    check_file::CheckFile,
    crew::{Crew, Job, Order},
};
use super::{mail::Fault, server::Server};
use crate::domain::{digest::Sha256, error::ErrorKind, path::StoragePath};

/// Takes digests for many callers at once.
pub(crate) struct Digester {
    server: Arc<Server>,
    orders: OnceLock<mpsc::UnboundedSender<Order>>,
    /// Whether programs have not been found not to run.
    works: Arc<AtomicBool>,
    check_file: CheckFile,
    expected: Arc<AtomicBool>,
}

impl Digester {
    pub(crate) fn new(server: Arc<Server>) -> Self {
        Self {
            check_file: CheckFile::new(Arc::clone(&server)),
            server,
            orders: OnceLock::new(),
            works: Arc::new(AtomicBool::new(true)),
            expected: Arc::default(),
        }
    }

    /// Whether it has not been found out that it does not work.
    pub(crate) fn is_worth_a_try(&self) -> bool {
        self.runs_programs() || self.check_file.is_worth_a_try()
    }

    fn runs_programs(&self) -> bool {
        self.works.load(Ordering::Relaxed)
    }

    /// Starts the program ahead of the first question, unless it runs or cannot.
    pub(crate) fn start_ahead(&self) {
        if self.runs_programs() && !self.expected.swap(true, Ordering::Relaxed) {
            // A crew that is gone went with its connection: the question itself will be told so.
            let _ = self.orders().send(Order::Expect);
        }
    }

    /// The digest of a file's whole content.
    pub(crate) async fn digest(&self, path: &StoragePath) -> Result<Sha256, Fault> {
        if self.runs_programs() {
            match self.by_program(path).await {
                // That was the question that found it out.
                Err(fault) if fault.kind == ErrorKind::Unsupported && !self.runs_programs() => {}
                outcome => return outcome,
            }
        }
        self.check_file.digest(path).await
    }

    async fn by_program(&self, path: &StoragePath) -> Result<Sha256, Fault> {
        if !path.is_absolute() || path.as_bytes().iter().any(|byte| matches!(byte, b'\n' | 0)) {
            let why = "a name with a line break cannot be sent to the digest program";
            return Err(Fault::new(ErrorKind::Unsupported, why));
        }
        let (reply, digest) = oneshot::channel();
        let epitaph = || self.server.client.connection().inbox().epitaph();
        let order = Order::Take(Job::new(path.clone(), reply));
        self.orders().send(order).map_err(|_| epitaph())?;
        digest.await.unwrap_or_else(|_| Err(epitaph()))
    }

    fn orders(&self) -> &mpsc::UnboundedSender<Order> {
        self.orders.get_or_init(|| {
            let (sender, receiver) = mpsc::unbounded_channel();
            let (server, works) = (Arc::clone(&self.server), Arc::clone(&self.works));
            tokio::spawn(Crew::new(server, works, Arc::clone(&self.expected)).work(receiver));
            sender
        })
    }
}

fn refused() -> Fault {
    Fault::new(ErrorKind::Unsupported, "the server takes no digests")
}
