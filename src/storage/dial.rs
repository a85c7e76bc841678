//! From an endpoint to a connected storage: the only file that names the backends.

use std::sync::Arc;

use async_trait::async_trait;

use super::{Ask, Dial, Storage};
use crate::domain::{
    error::{Error, ErrorKind, Result},
    place::Endpoint,
    secret::Vault,
    site::{Site, SshLogin},
};

/// Finds out how to log in to a site, from the person's ssh config. May block; called off the async threads.
pub type Resolve = dyn Fn(&Site) -> Result<SshLogin> + Send + Sync;

/// Connects to this machine and to SFTP servers.
pub struct Dialer {
    resolve: Arc<Resolve>,
    vault: Arc<dyn Vault>,
}

impl Dialer {
    /// A dialer that asks `resolve` how to log in, and `vault` for passwords.
    pub fn new(resolve: Arc<Resolve>, vault: Arc<dyn Vault>) -> Self {
        Self { resolve, vault }
    }
}

#[async_trait]
impl Dial for Dialer {
    async fn dial(&self, endpoint: &Endpoint, _ask: Arc<dyn Ask>) -> Result<Arc<dyn Storage>> {
        let _ = (&self.resolve, &self.vault);
        Err(Error::new(ErrorKind::Unsupported, format!("connect to {endpoint:?}"), "not built yet"))
    }
}
