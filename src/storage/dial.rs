//! From an endpoint to a connected storage: the only file that names the backends.

use std::{
    collections::HashMap,
    path::PathBuf,
    sync::{Arc, Mutex, PoisonError},
};

use async_trait::async_trait;

use super::{
    Ask, Dial, Storage,
    ftp::{login::Login as FtpLogin, pins::Pins, storage::FtpStorage},
    local::LocalStorage,
    sftp::{login::Login, storage::SftpStorage},
};
use crate::domain::{
    error::{Error, ErrorKind, Result},
    ftp::TlsRule,
    place::Endpoint,
    saved::Terms,
    secret::Vault,
    site::{Bounds, Jump, Protocol, Site, SshLogin},
};

/// Finds out how to log in to a site, from the person's ssh config. May block; called off the async threads.
pub type Resolve = dyn Fn(&Site) -> Result<SshLogin> + Send + Sync;

/// What was saved with a site's address. Answers at once.
pub type TermsOf = dyn Fn(&Site) -> Terms + Send + Sync;

/// Connects to this machine, to SFTP servers and to FTP servers.
pub struct Dialer {
    resolve: Arc<Resolve>,
    vault: Arc<dyn Vault>,
    bounds: Bounds,
    terms: Arc<TermsOf>,
    /// One for each site, for as long as the process lives and its terms are the same: it remembers the host key and
    /// what was answered.
    logins: Mutex<Logins>,
    /// Logins to hosts on the way, by the way there with the host itself at its end.
    jumps: Mutex<Jumps>,
    ftp_logins: Mutex<FtpLogins>,
    pins: Arc<Pins>,
}

/// Each login with the terms it was made under.
type Logins = HashMap<Arc<Site>, (Terms, Arc<Login>)>;
type Jumps = HashMap<Vec<Arc<Site>>, (Terms, Arc<Login>)>;
type FtpLogins = HashMap<Arc<Site>, (Terms, Arc<FtpLogin>)>;

impl Dialer {
    /// A dialer that asks `resolve` how to log in, and `vault` for passwords.
    pub fn new(resolve: Arc<Resolve>, vault: Arc<dyn Vault>) -> Self {
        Self {
            resolve,
            vault,
            bounds: Bounds::default(),
            terms: Arc::new(|_: &Site| Terms::default()),
            logins: Mutex::default(),
            jumps: Mutex::default(),
            ftp_logins: Mutex::default(),
            pins: Arc::default(),
        }
    }

    /// The same, which keeps the certificates a person let in in this file; else they hold for the process.
    #[must_use]
    pub fn keeping_certificates_in(self, file: PathBuf) -> Self {
        Self { pins: Arc::new(Pins::new(Some(file))), ..self }
    }

    /// The same within these bounds.
    #[must_use]
    pub fn within(self, bounds: Bounds) -> Self {
        Self { bounds, ..self }
    }

    /// The same, heeding what was saved with an address.
    #[must_use]
    pub fn under(self, terms: Arc<TermsOf>) -> Self {
        Self { terms, ..self }
    }

    async fn login(&self, site: &Arc<Site>, terms: &Terms) -> Result<Arc<Login>> {
        let known = || self.logins.lock().unwrap_or_else(PoisonError::into_inner);
        let fitting = |known: &Logins| {
            known.get(site).filter(|(made, _)| made == terms).map(|(_, login)| login.clone())
        };
        if let Some(login) = fitting(&known()) {
            return Ok(login);
        }
        let (resolve, asked) = (self.resolve.clone(), site.clone());
        let resolved = tokio::task::spawn_blocking(move || resolve(&asked)).await;
        let login = resolved.map_err(|error| {
            let doing = format!("find out how to log in to {site}");
            Error::new(ErrorKind::Failed, doing, "the search broke off").with_source(error)
        })??;
        // Two may have searched at once: both get the login that came first.
        let mut known = known();
        if let Some(login) = fitting(&known) {
            return Ok(login);
        }
        let via = self.through(&login.jumps);
        let login = Arc::new(Login::new(site.clone(), login, self.vault.clone(), via.as_deref()));
        known.insert(site.clone(), (terms.clone(), login.clone()));
        Ok(login)
    }

    /// The login to the last of these hosts, reached through those before it. All who go the same way share it, so
    /// that each host asks once.
    fn through(&self, jumps: &[Jump]) -> Option<Arc<Login>> {
        let mut known = self.jumps.lock().unwrap_or_else(PoisonError::into_inner);
        let mut via: Option<Arc<Login>> = None;
        for (index, jump) in jumps.iter().enumerate() {
            let way: Vec<_> = jumps[..=index].iter().map(|jump| jump.site.clone()).collect();
            let terms = (self.terms)(&jump.site);
            via = match known.get(&way).filter(|(made, _)| *made == terms) {
                Some((_, login)) => Some(login.clone()),
                None => {
                    self.vault.is_on_the_way(&jump.site);
                    let (site, login) = (jump.site.clone(), jump.login.clone());
                    let login = Login::new(site, login, self.vault.clone(), via.as_deref());
                    let login = Arc::new(login);
                    known.insert(way, (terms, login.clone()));
                    Some(login)
                }
            };
        }
        via
    }

    fn ftp_login(&self, site: &Arc<Site>, terms: &Terms) -> Arc<FtpLogin> {
        let mut known = self.ftp_logins.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, login)) = known.get(site).filter(|(made, _)| made == terms) {
            return login.clone();
        }
        let (vault, pins) = (self.vault.clone(), self.pins.clone());
        let login = Arc::new(FtpLogin::new(site.clone(), vault, pins, terms.ftp));
        known.insert(site.clone(), (terms.clone(), login.clone()));
        login
    }
}

#[async_trait]
impl Dial for Dialer {
    async fn dial(&self, endpoint: &Endpoint, ask: Arc<dyn Ask>) -> Result<Arc<dyn Storage>> {
        let Endpoint::Remote(site) = endpoint else { return Ok(Arc::new(LocalStorage::new())) };
        let terms = (self.terms)(site);
        let connections = terms.connections.map_or(self.bounds.connections, usize::from);
        let requests_in_flight = terms.requests.map_or(self.bounds.requests_in_flight, usize::from);
        let bounds = Bounds { connections, requests_in_flight };
        match site.protocol() {
            Protocol::Sftp => {
                let login = self.login(site, &terms).await?;
                Ok(Arc::new(SftpStorage::connect(login, ask, bounds).await?))
            }
            Protocol::Ftp if terms.ftp.tls == Some(TlsRule::Required) => {
                let doing = format!("connect to {site}");
                let why = "TLS is required of it (tls = \"required\" in sites.toml or config.toml, or something there that \
                           could not be read), and ftp:// has none; nothing was sent; ftpes:// or ftps:// connect inside TLS";
                Err(Error::new(ErrorKind::Invalid, doing, why))
            }
            Protocol::Ftp | Protocol::FtpExplicitTls | Protocol::FtpImplicitTls => {
                let login = self.ftp_login(site, &terms);
                Ok(Arc::new(FtpStorage::connect(login, ask, bounds).await?))
            }
        }
    }
}
