//! Where passwords may be kept; who keeps them is for the settings to say.

use async_trait::async_trait;
use secrecy::SecretString;

use super::{error::Result, site::Site};

/// A keeper of passwords between runs: the keyring of the person's session, or a stand-in.
#[async_trait]
pub trait Vault: Send + Sync {
    /// The password kept for a site. Bounded in time; an error says why the vault cannot be asked.
    async fn find(&self, site: &Site) -> Result<Option<SecretString>>;
    /// Keeps it and reads it back.
    async fn keep(&self, site: &Site, password: &SecretString) -> Result<()>;
    /// Drops it, for it was refused.
    async fn forget(&self, site: &Site) -> Result<()>;
    /// This site is only gone through: a password that was given for the goal is not for it.
    fn is_on_the_way(&self, _site: &Site) {}
}
