//! Sessions of TLS as the evil server keeps them: in which versions, how many tickets there are, and until when.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
};

use rustls::{
    ServerConfig, SupportedProtocolVersion,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject as _},
    server::StoresServerSessions,
    version::{TLS12, TLS13},
};

use crate::servers::certificates::Certificate;

static NEW: &[&SupportedProtocolVersion] = &[&TLS13];
static BOTH: &[&SupportedProtocolVersion] = &[&TLS12, &TLS13];

/// Which versions of TLS it speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Speaks {
    New,
    Both,
}

/// What of TLS it does and does not.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Manners {
    pub(crate) speaks: Speaks,
    /// Tickets of TLS 1.3 that a control connection is given; data connections are given none.
    pub(crate) tickets: usize,
    /// Sessions of TLS 1.2 are kept to be resumed.
    pub(crate) keeps: bool,
}

impl Default for Manners {
    fn default() -> Self {
        Self { speaks: Speaks::Both, tickets: 2, keeps: true }
    }
}

/// How handshakes are done, and what is remembered of them.
pub(super) struct Handshakes {
    pub(super) of_control: Arc<ServerConfig>,
    pub(super) of_data: Arc<ServerConfig>,
    memory: Arc<Memory>,
}

impl Handshakes {
    pub(super) fn of(manners: Manners, certificate: &Certificate) -> Self {
        let memory = Arc::new(Memory { kept: Mutex::default(), keeps: manners.keeps });
        let with = |tickets| {
            let provider = Arc::new(rustls::crypto::ring::default_provider());
            let chain = vec![CertificateDer::from(certificate.der.clone())];
            let key = PrivateKeyDer::from_pem_slice(certificate.key.as_bytes()).unwrap();
            let versions = match manners.speaks {
                Speaks::New => NEW,
                Speaks::Both => BOTH,
            };
            let mut config = ServerConfig::builder_with_provider(provider)
                .with_protocol_versions(versions)
                .unwrap()
                .with_no_client_auth()
                .with_single_cert(chain, key)
                .unwrap();
            config.send_tls13_tickets = tickets;
            config.session_storage = Arc::clone(&memory) as _;
            Arc::new(config)
        };
        Self { of_control: with(manners.tickets), of_data: with(0), memory }
    }

    /// None of the sessions so far can be resumed any more.
    pub(super) fn forget(&self) {
        self.memory.kept.lock().unwrap().clear();
    }
}

#[derive(Debug)]
struct Memory {
    kept: Mutex<HashMap<Vec<u8>, Vec<u8>>>,
    keeps: bool,
}

impl StoresServerSessions for Memory {
    fn put(&self, key: Vec<u8>, value: Vec<u8>) -> bool {
        self.kept.lock().unwrap().insert(key, value);
        true
    }

    fn get(&self, key: &[u8]) -> Option<Vec<u8>> {
        self.kept.lock().unwrap().get(key).cloned().filter(|_| self.keeps)
    }

    fn take(&self, key: &[u8]) -> Option<Vec<u8>> {
        self.kept.lock().unwrap().remove(key)
    }

    fn can_cache(&self) -> bool {
        true
    }
}
