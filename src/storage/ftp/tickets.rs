//! Sessions of TLS kept for one control connection and its data connections, and whether any are left.
//!
//! With TLS 1.3 each ticket resumes once. A server that gives none on data connections and refuses those that do not
//! resume, as ProFTPD does with uploads, is done with a control connection when its tickets are spent.

use std::sync::atomic::{AtomicUsize, Ordering};

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
}

impl Tickets {
    pub(super) fn new() -> Self {
        let kept = ClientSessionMemoryCache::new(SESSIONS);
        Self { kept, given: AtomicUsize::new(0), used: AtomicUsize::new(0) }
    }

    /// Whether there were tickets, and none is left.
    pub(super) fn are_spent(&self) -> bool {
        let given = self.given.load(Ordering::Acquire);
        given > 0 && self.used.load(Ordering::Acquire) >= given
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
