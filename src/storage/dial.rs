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
    place::Endpoint,
    secret::Vault,
    site::{Bounds, Protocol, Site, SshLogin},
};

/// Finds out how to log in to a site, from the person's ssh config. May block; called off the async threads.
pub type Resolve = dyn Fn(&Site) -> Result<SshLogin> + Send + Sync;

/// Connects to this machine, to SFTP servers and to FTP servers.
pub struct Dialer {
    resolve: Arc<Resolve>,
    vault: Arc<dyn Vault>,
    bounds: Bounds,
    /// One for each site, for as long as the process lives: it remembers the host key and what was answered.
    logins: Mutex<HashMap<Arc<Site>, Arc<Login>>>,
    ftp_logins: Mutex<HashMap<Arc<Site>, Arc<FtpLogin>>>,
    pins: Arc<Pins>,
}

impl Dialer {
    /// A dialer that asks `resolve` how to log in, and `vault` for passwords.
    pub fn new(resolve: Arc<Resolve>, vault: Arc<dyn Vault>) -> Self {
        Self {
            resolve,
            vault,
            bounds: Bounds::default(),
            logins: Mutex::default(),
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

    async fn login(&self, site: &Arc<Site>) -> Result<Arc<Login>> {
        let known = || self.logins.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(login) = known().get(site) {
            return Ok(login.clone());
        }
        let (resolve, asked) = (self.resolve.clone(), site.clone());
        let resolved = tokio::task::spawn_blocking(move || resolve(&asked)).await;
        let login = resolved.map_err(|error| {
            let doing = format!("find out how to log in to {site}");
            Error::new(ErrorKind::Failed, doing, "the search broke off").with_source(error)
        })??;
        // Two may have searched at once: both get the login that came first.
        let made = || Arc::new(Login::new(site.clone(), login, self.vault.clone()));
        Ok(known().entry(site.clone()).or_insert_with(made).clone())
    }

    fn ftp_login(&self, site: &Arc<Site>) -> Arc<FtpLogin> {
        let mut known = self.ftp_logins.lock().unwrap_or_else(PoisonError::into_inner);
        let (vault, pins) = (&self.vault, &self.pins);
        let made = || Arc::new(FtpLogin::new(site.clone(), vault.clone(), pins.clone()));
        known.entry(site.clone()).or_insert_with(made).clone()
    }
}

#[async_trait]
impl Dial for Dialer {
    async fn dial(&self, endpoint: &Endpoint, ask: Arc<dyn Ask>) -> Result<Arc<dyn Storage>> {
        match endpoint {
            Endpoint::Local => Ok(Arc::new(LocalStorage::new())),
            Endpoint::Remote(site) if site.protocol() != Protocol::Sftp => {
                let login = self.ftp_login(site);
                Ok(Arc::new(FtpStorage::connect(login, ask, self.bounds).await?))
            }
            Endpoint::Remote(site) => {
                let login = self.login(site).await?;
                Ok(Arc::new(SftpStorage::connect(login, ask, self.bounds).await?))
            }
        }
    }
}
