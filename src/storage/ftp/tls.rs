//! TLS as FTP needs it: certificates checked or pinned, data connections that resume the control connection's session.
//!
//! vsftpd and ProFTPD refuse a data connection that does not resume. With TLS 1.3 ProFTPD gives fewer tickets than
//! uploads take, so 1.2 is offered first, and 1.3 to servers that have nothing else.

use std::{
    fmt, io,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
};

use rustls::{
    AlertDescription, CertificateError, ClientConfig, DigitallySignedStruct, DistinguishedName,
    RootCertStore, SignatureScheme, SupportedProtocolVersion,
    client::{
        Resumption, WebPkiServerVerifier,
        danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
    },
    crypto::{
        CryptoProvider, WebPkiSupportedAlgorithms, ring, verify_tls12_signature,
        verify_tls13_signature,
    },
    pki_types::{CertificateDer, ServerName, UnixTime},
    version::{TLS12, TLS13},
};
use sha2::{Digest as _, Sha256};
use suppaftp::Status;
use tokio::{net::TcpStream, sync::OnceCell};
use tokio_rustls::{TlsConnector, client::TlsStream};

use super::{fault::Fault, tickets::Tickets, wire::Reply};
use crate::domain::{display::escape_text, error::ErrorKind};

/// What a server answers that does not like the TLS of a data connection (draft-fordh-ftp-ssl-firewall, vsftpd).
const BAD_TLS_OF_DATA: u16 = 522;

/// The SHA-256 of a certificate, as it is shown and kept, and as the tools of TLS print it: `AB:CD:…`.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Fingerprint(pub(super) String);

impl Fingerprint {
    fn of(certificate: &CertificateDer<'_>) -> Self {
        let pairs: Vec<String> =
            Sha256::digest(certificate).iter().map(|byte| format!("{byte:02X}")).collect();
        Self(pairs.join(":"))
    }
}

impl fmt::Debug for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A certificate that was not let in, and why in a few words.
#[derive(Debug, Clone)]
pub(super) struct Rejected {
    pub(super) fingerprint: Fingerprint,
    pub(super) why: String,
    /// Another one is pinned for the site.
    pub(super) changed: bool,
}

/// What is known of a site's TLS, for as long as the process lives.
#[derive(Default)]
pub(super) struct Security {
    roots: OnceCell<Option<Arc<WebPkiServerVerifier>>>,
    only_new: AtomicBool,
    /// How often the server was found to have lost sessions.
    lost: Arc<AtomicU64>,
}

impl Security {
    /// For one control connection to `host` and its data connections. `pinned` is the one certificate let in.
    pub(super) async fn begin(
        &self,
        host: &str,
        pinned: Option<Fingerprint>,
    ) -> Result<Tls, Fault> {
        let name = ServerName::try_from(host.to_owned()).map_err(|_| {
            Fault::new(ErrorKind::Invalid, "no certificate can be issued to a host of that name")
        })?;
        let provider = Arc::new(ring::default_provider());
        let load = || async {
            let provider = Arc::clone(&provider);
            tokio::task::spawn_blocking(move || trusted(provider)).await.unwrap_or(None)
        };
        let verifier = Arc::new(Verifier {
            trusted: self.roots.get_or_init(load).await.clone(),
            algorithms: provider.signature_verification_algorithms,
            pinned,
            rejected: Mutex::default(),
        });
        static OLD: &[&SupportedProtocolVersion] = &[&TLS12];
        static NEW: &[&SupportedProtocolVersion] = &[&TLS13];
        let versions = if self.only_new.load(Ordering::Relaxed) { NEW } else { OLD };
        let mut config = ClientConfig::builder_with_provider(provider)
            .with_protocol_versions(versions)
            .map_err(|error| Fault::new(ErrorKind::Failed, error.to_string()))?
            .dangerous()
            .with_custom_certificate_verifier(Arc::clone(&verifier) as _)
            .with_no_client_auth();
        // One store for each control connection: with a shared one ProFTPD refuses what belongs to another.
        let tickets = Arc::new(Tickets::new(Arc::clone(&self.lost)));
        config.resumption = Resumption::store(Arc::clone(&tickets) as _);
        Ok(Tls { connector: TlsConnector::from(Arc::new(config)), name, verifier, tickets })
    }

    /// How often the server was found to have lost sessions.
    pub(super) fn lost(&self) -> u64 {
        self.lost.load(Ordering::Acquire)
    }

    /// After a failed handshake: whether another one with TLS 1.3 may work, from now on.
    pub(super) fn try_new(&self, refused: &Refused) -> bool {
        matches!(refused, Refused::Version) && !self.only_new.swap(true, Ordering::Relaxed)
    }
}

/// The system's roots; `None` where there are none.
fn trusted(provider: Arc<CryptoProvider>) -> Option<Arc<WebPkiServerVerifier>> {
    let loaded = rustls_native_certs::load_native_certs();
    for error in &loaded.errors {
        tracing::warn!(%error, "some of the system's certificates could not be read");
    }
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(loaded.certs);
    WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider).build().ok()
}

/// Why a handshake failed.
#[derive(Debug)]
pub(super) enum Refused {
    /// The server's certificate was not let in.
    Certificate(Rejected),
    /// The server does not speak this version.
    Version,
    /// Anything else.
    Other(Fault),
}

impl Refused {
    pub(super) fn into_fault(self) -> Fault {
        match self {
            Refused::Certificate(rejected) => Fault::new(ErrorKind::HostKeyRefused, rejected.why),
            Refused::Version => {
                Fault::new(ErrorKind::Unsupported, "the server speaks neither TLS 1.2 nor 1.3")
            }
            Refused::Other(fault) => fault,
        }
    }
}

/// TLS for one control connection and its data connections.
#[derive(Clone)]
pub(super) struct Tls {
    connector: TlsConnector,
    name: ServerName<'static>,
    verifier: Arc<Verifier>,
    tickets: Arc<Tickets>,
}

impl Tls {
    /// Whether a further data connection could not resume the session.
    pub(super) fn is_spent(&self) -> bool {
        self.tickets.are_spent()
    }

    /// A data connection resumed the session.
    pub(super) fn note_resumed(&self) {
        self.tickets.note_resumed();
    }

    /// Why the server broke a transfer off whose data connection resumed nothing. Many servers insist on that, some
    /// without saying so. Where they once let it be resumed, they do so on another control connection.
    pub(super) fn why_broken_off(&self, told: &Reply) -> Fault {
        let fault = Fault::of(told);
        if !may_want_a_session(told) {
            return fault;
        }
        let (kind, why) = match self.tickets.were_resumed() {
            true => {
                self.tickets.note_lost();
                (ErrorKind::Interrupted, "it no longer knew the connection's TLS session")
            }
            // However often it is tried.
            false if wants_a_session(told) => {
                (ErrorKind::Unsupported, "and it let no TLS session be resumed")
            }
            false => (fault.kind, "perhaps for want of a TLS session, which it let nobody resume"),
        };
        Fault::new(kind, format!("{} ({why})", fault.why))
    }

    /// Shakes hands.
    pub(super) async fn wrap(&self, socket: TcpStream) -> Result<TlsStream<TcpStream>, Refused> {
        match self.connector.connect(self.name.clone(), socket).await {
            Ok(stream) => Ok(stream),
            Err(error) => Err(self.why(error)),
        }
    }

    fn why(&self, error: io::Error) -> Refused {
        let mut rejected = self.verifier.rejected.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(rejected) = rejected.take() {
            return Refused::Certificate(rejected);
        }
        match error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>()) {
            Some(rustls::Error::AlertReceived(
                AlertDescription::ProtocolVersion | AlertDescription::HandshakeFailure,
            )) => Refused::Version,
            Some(inner) => {
                let why = format!("TLS failed: {}", escape_text(&inner.to_string()));
                Refused::Other(Fault::new(ErrorKind::Failed, why))
            }
            None => {
                let fault = Fault::io(error);
                let why = format!("the connection ended while TLS was set up ({})", fault.why);
                Refused::Other(Fault::new(ErrorKind::ConnectionLost, why))
            }
        }
    }
}

/// Whether a refusal of a data connection says that it had to resume the control connection's session.
fn wants_a_session(told: &Reply) -> bool {
    let words = told.lower();
    told.code == BAD_TLS_OF_DATA || ["reuse", "resum"].into_iter().any(|word| words.contains(word))
}

/// The same, or it may mean that: ProFTPD's word for it is that the data connection cannot be built.
pub(super) fn may_want_a_session(told: &Reply) -> bool {
    told.status() == Status::CannotOpenDataConnection || wants_a_session(told)
}

/// Lets in what the system trusts, or exactly one certificate.
#[derive(Debug)]
struct Verifier {
    trusted: Option<Arc<WebPkiServerVerifier>>,
    algorithms: WebPkiSupportedAlgorithms,
    pinned: Option<Fingerprint>,
    rejected: Mutex<Option<Rejected>>,
}

impl Verifier {
    fn reject(&self, fingerprint: Fingerprint, why: String, changed: bool) {
        let mut rejected = self.rejected.lock().unwrap_or_else(PoisonError::into_inner);
        *rejected = Some(Rejected { fingerprint, why, changed });
    }
}

impl ServerCertVerifier for Verifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        let fingerprint = Fingerprint::of(end_entity);
        if let Some(pinned) = &self.pinned {
            if *pinned == fingerprint {
                return Ok(ServerCertVerified::assertion());
            }
            // Not even one that the system trusts takes the place of a pinned one without a word.
            let why = format!("IT HAS CHANGED: {} was accepted for this site before", pinned.0);
            self.reject(fingerprint, why, true);
            return Err(CertificateError::ApplicationVerificationFailure.into());
        }
        let checked = match &self.trusted {
            Some(trusted) => trusted.verify_server_cert(
                end_entity,
                intermediates,
                server_name,
                ocsp_response,
                now,
            ),
            None => Err(CertificateError::UnknownIssuer.into()),
        };
        checked.inspect_err(|error| {
            self.reject(fingerprint, words_of(error, self.trusted.is_some()), false);
        })
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls12_signature(message, cert, dss, &self.algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls13_signature(message, cert, dss, &self.algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.algorithms.supported_schemes()
    }

    fn root_hint_subjects(&self) -> Option<&[DistinguishedName]> {
        None
    }
}

/// Why a certificate was not let in.
fn words_of(error: &rustls::Error, has_roots: bool) -> String {
    let rustls::Error::InvalidCertificate(why) = error else {
        return escape_text(&error.to_string());
    };
    match why {
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => {
            "it has expired".into()
        }
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
            "it is not valid yet".into()
        }
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
            "it was issued to another name".into()
        }
        CertificateError::Revoked => "it was revoked".into(),
        CertificateError::UnknownIssuer if has_roots => {
            "nobody this machine trusts has signed it (perhaps it signed itself)".into()
        }
        CertificateError::UnknownIssuer => {
            "this machine has no list of whom to trust, so nobody can vouch for it".into()
        }
        // webpki's word for it, handed through.
        CertificateError::Other(other) if format!("{other:?}").contains("CaUsedAsEndEntity") => {
            "it is one that signs others, used as a server's own (perhaps it signed itself)".into()
        }
        other => format!("it does not hold: {}", escape_text(&format!("{other:?}"))),
    }
}
