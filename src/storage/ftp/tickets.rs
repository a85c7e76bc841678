//! Sessions of TLS kept for one control connection and its data connections, and whether any are left.
//!
//! With TLS 1.3 each ticket resumes once. A server that gives none on data connections and refuses those that do not
//! resume, as ProFTPD does with uploads, is done with a control connection when its tickets are spent.

use std::sync::{
    Arc,
    atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering},
};

use rustls::{
    NamedGroup,
    client::{
        ClientSessionMemoryCache, ClientSessionStore, Tls12ClientSessionValue,
        Tls13ClientSessionValue,
    },
    pki_types::ServerName,
};

/// Sessions kept: one is in use, the others are tickets of TLS 1.3.
const SESSIONS: usize = 16;

/// The sessions of one control connection.
#[derive(Debug)]
pub(super) struct Tickets {
    kept: ClientSessionMemoryCache,
    given: AtomicUsize,
    used: AtomicUsize,
    /// A data connection has resumed what is kept here.
    resumed: AtomicBool,
    /// When they began, among what was lost at the site.
    age: u64,
    lost: Arc<AtomicU64>,
}

impl Tickets {
    /// `lost` is how often the site's server was found to have lost sessions.
    pub(super) fn new(lost: Arc<AtomicU64>) -> Self {
        Self {
            kept: ClientSessionMemoryCache::new(SESSIONS),
            given: AtomicUsize::new(0),
            used: AtomicUsize::new(0),
            resumed: AtomicBool::new(false),
            age: lost.load(Ordering::Acquire),
            lost,
        }
    }

    /// Whether there were tickets, and none is left; or the server has lost sessions as old as these.
    pub(super) fn are_spent(&self) -> bool {
        let given = self.given.load(Ordering::Acquire);
        let are_used = given > 0 && self.used.load(Ordering::Acquire) >= given;
        are_used || self.lost.load(Ordering::Acquire) > self.age
    }

    /// A data connection resumed one.
    pub(super) fn note_resumed(&self) {
        self.resumed.store(true, Ordering::Release);
    }

    /// Whether the server lets its sessions be resumed.
    pub(super) fn were_resumed(&self) -> bool {
        self.resumed.load(Ordering::Acquire)
    }

    /// The server no longer knows them, nor, most likely, any that are as old.
    pub(super) fn note_lost(&self) {
        self.lost.fetch_max(self.age + 1, Ordering::AcqRel);
    }
}

impl ClientSessionStore for Tickets {
    fn set_kx_hint(&self, server_name: ServerName<'static>, group: NamedGroup) {
        self.kept.set_kx_hint(server_name, group);
    }

    fn kx_hint(&self, server_name: &ServerName<'_>) -> Option<NamedGroup> {
        self.kept.kx_hint(server_name)
    }

    fn set_tls12_session(&self, server_name: ServerName<'static>, value: Tls12ClientSessionValue) {
        self.kept.set_tls12_session(server_name, value);
    }

    fn tls12_session(&self, server_name: &ServerName<'_>) -> Option<Tls12ClientSessionValue> {
        self.kept.tls12_session(server_name)
    }

    fn remove_tls12_session(&self, server_name: &ServerName<'static>) {
        self.kept.remove_tls12_session(server_name);
    }

    fn insert_tls13_ticket(
        &self,
        server_name: ServerName<'static>,
        value: Tls13ClientSessionValue,
    ) {
        self.kept.insert_tls13_ticket(server_name, value);
        self.given.fetch_add(1, Ordering::AcqRel);
    }

    fn take_tls13_ticket(
        &self,
        server_name: &ServerName<'static>,
    ) -> Option<Tls13ClientSessionValue> {
        let ticket = self.kept.take_tls13_ticket(server_name);
        match ticket {
            Some(_) => self.used.fetch_add(1, Ordering::AcqRel),
            // Those that did not fit were dropped: none is left, whatever was given.
            None => self.used.fetch_max(self.given.load(Ordering::Acquire), Ordering::AcqRel),
        };
        ticket
    }
}
