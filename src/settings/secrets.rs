//! Passwords kept in the person's keyring; never in plain text, and never waited for without end.

use std::{
    collections::HashSet,
    sync::{Arc, Mutex, PoisonError},
    thread,
    time::Duration,
};

use async_trait::async_trait;
use keyring_core::{Entry, Error as KeyringError};
use secrecy::{ExposeSecret as _, SecretString};
use tokio::sync::oneshot;

use crate::domain::{
    display::escape_text,
    error::{Error, ErrorKind, Result},
    secret::Vault,
    site::Site,
};

/// What the entries are filed under.
const SERVICE: &str = "wharf";

/// A locked keyring asks its owner first; one that hangs would do so for ever.
const LIMIT: Duration = Duration::from_secs(20);

type OpenEntry = dyn Fn(&str) -> keyring_core::Result<Entry> + Send + Sync;

/// The keyring of the person's session, behind a password given for this run.
pub struct SystemVault {
    given: Option<SecretString>,
    /// Sites that refused the given one, or for which it is not meant.
    refused: Mutex<HashSet<Site>>,
    open: Arc<OpenEntry>,
    limit: Duration,
    /// Set once the keyring did not answer: it is not waited for again.
    gave_up: Mutex<bool>,
    /// Set once a person was told that no password can be got from it.
    told: Mutex<bool>,
}

impl SystemVault {
    /// `given` (the environment's `WHARF_PASSWORD`) wins over what the keyring holds, until a site refuses it.
    pub fn new(given: Option<SecretString>) -> Self {
        Self::over(given, Arc::new(open_system), LIMIT)
    }

    fn over(given: Option<SecretString>, open: Arc<OpenEntry>, limit: Duration) -> Self {
        Self {
            given,
            refused: Mutex::default(),
            open,
            limit,
            gave_up: Mutex::default(),
            told: Mutex::default(),
        }
    }

    /// Whether a person was told before that the keyring fails. From now on they were.
    fn was_told(&self) -> bool {
        std::mem::replace(&mut *self.told.lock().unwrap_or_else(PoisonError::into_inner), true)
    }

    fn given_for(&self, site: &Site) -> Option<&SecretString> {
        let refused = self.refused.lock().unwrap_or_else(PoisonError::into_inner).contains(site);
        self.given.as_ref().filter(|_| !refused)
    }

    /// Works on a site's entry in a thread of its own, which is left behind if the keyring hangs: a pool's thread
    /// would keep the program from ending.
    async fn with_entry<T: Send + 'static>(
        &self,
        site: &Site,
        doing: String,
        work: impl FnOnce(&Entry) -> keyring_core::Result<T> + Send + 'static,
    ) -> Result<T> {
        let hangs = |doing: String| {
            Error::new(ErrorKind::TimedOut, doing, "the keyring did not answer; is it locked?")
        };
        if *self.gave_up.lock().unwrap_or_else(PoisonError::into_inner) {
            return Err(hangs(doing));
        }
        let (reply, answer) = oneshot::channel();
        let (open, account) = (self.open.clone(), account(site));
        thread::Builder::new()
            .name("keyring".into())
            .spawn(move || {
                // Nobody listens any more once the time is up.
                let _ = reply.send(open(&account).and_then(|entry| work(&entry)));
            })
            .map_err(|error| Error::from_io(doing.clone(), error))?;
        match tokio::time::timeout(self.limit, answer).await {
            Ok(Ok(Ok(result))) => Ok(result),
            Ok(Ok(Err(error))) => Err(failure(doing, &error)),
            Ok(Err(_)) => Err(Error::new(ErrorKind::Failed, doing, "the keyring's code broke off")),
            Err(_) => {
                *self.gave_up.lock().unwrap_or_else(PoisonError::into_inner) = true;
                Err(hangs(doing))
            }
        }
    }
}

#[async_trait]
impl Vault for SystemVault {
    async fn find(&self, site: &Site) -> Result<Option<SecretString>> {
        if let Some(given) = self.given_for(site) {
            return Ok(Some(given.clone()));
        }
        let doing = format!("get the password of {site} from the keyring");
        let found = self.with_entry(site, doing, |entry| match entry.get_password() {
            Ok(password) => Ok(Some(password.into())),
            Err(KeyringError::NoEntry) => Ok(None),
            Err(error) => Err(error),
        });
        match found.await {
            // It is told once; from then on it is as if the keyring held nothing, and the person is asked.
            Err(error) if self.was_told() => {
                tracing::warn!(%error, "asking, for the keyring fails");
                Ok(None)
            }
            found => found,
        }
    }

    async fn keep(&self, site: &Site, password: &SecretString) -> Result<()> {
        let doing = format!("keep the password of {site} in the keyring");
        let password = password.clone();
        let kept = self.with_entry(site, doing.clone(), move |entry| {
            entry.set_password(password.expose_secret())?;
            // Some keyrings say yes and hold nothing.
            let same = entry.get_password().is_ok_and(|held| {
                SecretString::from(held).expose_secret() == password.expose_secret()
            });
            if !same {
                // Better none than a wrong one.
                let _ = entry.delete_credential();
            }
            Ok(same)
        });
        match kept.await? {
            true => Ok(()),
            false => Err(Error::new(
                ErrorKind::Failed,
                doing,
                "the keyring took it, but did not give it back",
            )),
        }
    }

    async fn forget(&self, site: &Site) -> Result<()> {
        if self.given_for(site).is_some() {
            self.refused.lock().unwrap_or_else(PoisonError::into_inner).insert(site.clone());
            return Ok(());
        }
        let doing = format!("remove the password of {site} from the keyring");
        self.with_entry(site, doing, |entry| match entry.delete_credential() {
            Ok(()) | Err(KeyringError::NoEntry) => Ok(()),
            Err(error) => Err(error),
        })
        .await
    }

    fn is_on_the_way(&self, site: &Site) {
        self.refused.lock().unwrap_or_else(PoisonError::into_inner).insert(site.clone());
    }
}

fn account(site: &Site) -> String {
    site.url()
}

fn open_system(account: &str) -> keyring_core::Result<Entry> {
    // Its own constructor would say only that there is no store.
    if let Err(error) = keyring::Entry::store_status() {
        return Err(KeyringError::NoStorageAccess(error.to_string().into()));
    }
    Ok(keyring::Entry::new(SERVICE, account)?.inner)
}

/// The entry's content never shows: the errors that hold some are told without it.
fn failure(doing: String, error: &KeyringError) -> Error {
    let why = match error {
        KeyringError::BadEncoding(_) | KeyringError::BadDataFormat(..) => {
            "what the keyring holds is no password".to_owned()
        }
        KeyringError::Ambiguous(_) => "the keyring holds several".to_owned(),
        KeyringError::NoStorageAccess(why) | KeyringError::PlatformFailure(why) => {
            let why = why.to_string();
            // What lies beneath is of no use to whoever only wants to log in.
            if why.contains("zbus error: Failed to connect") {
                return Error::new(ErrorKind::Failed, doing, "no keyring runs in this session");
            }
            format!("the keyring cannot be used: {}", escape_text(&why))
        }
        other => format!("the keyring cannot be used: {}", escape_text(&other.to_string())),
    };
    Error::new(ErrorKind::Failed, doing, why)
}

#[cfg(test)]
mod tests {
    use keyring_core::{api::CredentialStoreApi as _, mock};

    use super::*;
    use crate::domain::site::Protocol;

    fn site() -> Site {
        Site::new(Protocol::Sftp, Some("anna"), "files.example", None).unwrap()
    }

    fn vault(given: Option<&str>) -> (SystemVault, Arc<mock::Store>) {
        let store = mock::Store::new().unwrap();
        let shelf = store.clone();
        let open = move |account: &str| shelf.build(SERVICE, account, None);
        let given = given.map(SecretString::from);
        (SystemVault::over(given, Arc::new(open), LIMIT), store)
    }

    fn will_fail(store: &mock::Store, error: KeyringError) {
        let entry = store.build(SERVICE, &account(&site()), None).unwrap();
        entry.as_any().downcast_ref::<mock::Cred>().unwrap().set_error(error);
    }

    async fn found(vault: &SystemVault) -> Option<String> {
        let found = vault.find(&site()).await.unwrap();
        found.map(|password| password.expose_secret().to_owned())
    }

    #[tokio::test]
    async fn a_password_is_kept_found_and_forgotten() {
        let (vault, store) = vault(None);
        assert_eq!(found(&vault).await, None);
        vault.keep(&site(), &"right horse".into()).await.unwrap();
        assert_eq!(found(&vault).await.as_deref(), Some("right horse"));
        let entry = store.build(SERVICE, "sftp://anna@files.example", None).unwrap();
        assert_eq!(entry.get_password().unwrap(), "right horse");
        vault.forget(&site()).await.unwrap();
        vault.forget(&site()).await.unwrap();
        assert_eq!(found(&vault).await, None);
    }

    #[tokio::test]
    async fn a_given_password_wins_until_it_is_refused() {
        let (vault, _store) = vault(Some("given"));
        vault.keep(&site(), &"kept".into()).await.unwrap();
        assert_eq!(found(&vault).await.as_deref(), Some("given"));
        vault.forget(&site()).await.unwrap();
        assert_eq!(found(&vault).await.as_deref(), Some("kept"));
    }

    #[tokio::test]
    async fn a_given_password_is_not_for_a_host_on_the_way() {
        let (vault, _store) = vault(Some("given"));
        vault.is_on_the_way(&site());
        assert_eq!(found(&vault).await, None);
    }

    #[tokio::test]
    async fn a_keyring_that_fails_says_why() {
        let (vault, store) = vault(None);
        will_fail(&store, KeyringError::NoStorageAccess("no session bus\u{1b}".into()));
        assert_eq!(
            vault.find(&site()).await.unwrap_err().to_string(),
            "Could not get the password of anna@files.example from the keyring: \
             the keyring cannot be used: no session bus\\u{1b}."
        );
        // Where none runs, the words of what lies beneath tell nothing to whoever wants to log in.
        let (vault, store) = self::vault(None);
        let beneath = "Platform failure: zbus error: Failed to connect to address `unix:path=/x`";
        will_fail(&store, KeyringError::NoStorageAccess(beneath.into()));
        let error = vault.find(&site()).await.unwrap_err();
        assert_eq!(error.why(), "no keyring runs in this session");
        // Another run: each is told once.
        let (vault, store) = self::vault(None);
        will_fail(&store, KeyringError::BadEncoding(b"right horse\xff".to_vec()));
        let words = format!("{:?}", vault.find(&site()).await.unwrap_err());
        assert!(!words.contains("horse"), "{words}");
    }

    #[tokio::test]
    async fn a_keyring_that_fails_is_told_once_and_then_the_person_is_asked() {
        let (vault, store) = vault(None);
        for told in [true, false, false] {
            will_fail(&store, KeyringError::NoStorageAccess("no session bus".into()));
            let found = vault.find(&site()).await;
            assert_eq!(found.is_err(), told, "{found:?}");
            assert!(found.ok().flatten().is_none());
        }
        // What a person asks for is told each time.
        for _ in 0..2 {
            will_fail(&store, KeyringError::NoStorageAccess("no session bus".into()));
            assert!(vault.keep(&site(), &"right horse".into()).await.is_err());
        }
        // Once it works again, it is used again.
        vault.keep(&site(), &"right horse".into()).await.unwrap();
        assert_eq!(found(&vault).await.as_deref(), Some("right horse"));
    }

    #[tokio::test]
    async fn a_keyring_that_hangs_is_waited_for_once() {
        let (hold, held) = std::sync::mpsc::channel::<()>();
        let held = Mutex::new(held);
        let open = move |_: &str| {
            let _ = held.lock().unwrap().recv();
            Err(KeyringError::NoEntry)
        };
        let vault = SystemVault::over(None, Arc::new(open), Duration::from_millis(30));
        let error = vault.find(&site()).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::TimedOut);
        let error = vault.keep(&site(), &"right horse".into()).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::TimedOut);
        drop(hold);
    }
}
