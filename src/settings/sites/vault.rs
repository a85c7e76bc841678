//! Where the password of a saved site comes from: the keyring, a command, or each time the person.

use std::{io, process::Command, sync::Arc, time::Duration};

use async_trait::async_trait;
use secrecy::{SecretString, zeroize::Zeroizing};

use super::Sites;
use crate::{
    domain::{
        display::escape_text,
        error::{Error, ErrorKind, Result},
        saved::LoginWay,
        secret::Vault,
        site::Site,
    },
    settings::child,
};

/// A password manager may have to ask its owner first.
const LIMIT: Duration = Duration::from_secs(60);

/// A vault that heeds what the saved sites say.
pub struct SiteVault {
    sites: Arc<Sites>,
    behind: Arc<dyn Vault>,
    /// A password was given for this run: it goes before what the sites say.
    given: bool,
}

impl SiteVault {
    /// Before the keyring; `given` says that it holds a password given for this run.
    pub fn new(sites: Arc<Sites>, behind: Arc<dyn Vault>, given: bool) -> Self {
        Self { sites, behind, given }
    }

    fn way(&self, site: &Site) -> LoginWay {
        self.sites.terms(site).login
    }
}

#[async_trait]
impl Vault for SiteVault {
    async fn find(&self, site: &Site) -> Result<Option<SecretString>> {
        match self.way(site) {
            _ if self.given => self.behind.find(site).await,
            LoginWay::Ask => Ok(None),
            LoginWay::Command(command) => ask_command(command, site).await.map(Some),
            _ => self.behind.find(site).await,
        }
    }

    async fn keep(&self, site: &Site, password: &SecretString) -> Result<()> {
        let why = match self.way(site) {
            LoginWay::Ask => "this site is saved with “ask each time”",
            LoginWay::Command(_) => "this site's password comes from a command",
            _ => return self.behind.keep(site, password).await,
        };
        let doing = format!("keep the password of {site} in the keyring");
        Err(Error::new(ErrorKind::Unsupported, doing, why))
    }

    async fn forget(&self, site: &Site) -> Result<()> {
        match self.way(site) {
            LoginWay::Ask | LoginWay::Command(_) if !self.given => Ok(()),
            _ => self.behind.forget(site).await,
        }
    }

    fn is_on_the_way(&self, site: &Site) {
        self.behind.is_on_the_way(site);
    }
}

async fn ask_command(command: String, site: &Site) -> Result<SecretString> {
    let doing = format!("get the password of {site} from its password_command");
    let failed = doing.clone();
    let asked = tokio::task::spawn_blocking(move || run(&command, doing)).await;
    asked.map_err(|error| {
        Error::new(ErrorKind::Failed, failed, "the command broke off").with_source(error)
    })?
}

/// The first line of what the command writes. What it writes is told nowhere; what it complains of is.
fn run(command: &str, doing: String) -> Result<SecretString> {
    let failed = |kind, why: String| Err(Error::new(kind, doing.clone(), why));
    let Some(words) = shlex::split(command) else {
        return failed(ErrorKind::Invalid, "its quotes do not match".to_owned());
    };
    let Some((program, arguments)) = words.split_first() else {
        return failed(ErrorKind::Invalid, "it is empty".to_owned());
    };
    let program_shown = escape_text(program);
    let said = match child::run(Command::new(program).args(arguments), LIMIT) {
        Ok(said) => said,
        Err(error) if error.kind() == io::ErrorKind::TimedOut => {
            let why = format!("{program_shown} did not end within {} s", LIMIT.as_secs());
            return failed(ErrorKind::TimedOut, why);
        }
        Err(error) => {
            let why =
                format!("{program_shown} cannot be run ({})", escape_text(&error.to_string()));
            return failed(ErrorKind::Failed, why);
        }
    };
    let output = Zeroizing::new(said.output);
    if !said.status.success() {
        let complaint = String::from_utf8_lossy(&said.errors);
        let complaint = complaint.lines().find(|line| !line.trim().is_empty()).unwrap_or_default();
        let complaint = match complaint.trim() {
            "" => String::new(),
            line => format!(": {}", escape_text(line)),
        };
        return failed(
            ErrorKind::Failed,
            format!("{program_shown} failed ({}){complaint}", said.status),
        );
    }
    let line = output.split(|byte| *byte == b'\n').next().unwrap_or_default();
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    match std::str::from_utf8(line) {
        Ok("") => failed(ErrorKind::Failed, format!("{program_shown} wrote nothing")),
        Ok(line) => Ok(SecretString::from(line)),
        Err(_) => failed(ErrorKind::Failed, format!("what {program_shown} wrote is not UTF-8")),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use secrecy::ExposeSecret as _;

    use super::*;
    use crate::domain::{
        book::{Shelf as _, SiteOrder},
        saved::SavedSite,
        site::Protocol,
    };

    #[derive(Default)]
    struct Keyring(Mutex<Vec<&'static str>>);

    #[async_trait]
    impl Vault for Keyring {
        async fn find(&self, _: &Site) -> Result<Option<SecretString>> {
            self.0.lock().unwrap().push("find");
            Ok(Some("kept".into()))
        }

        async fn keep(&self, _: &Site, _: &SecretString) -> Result<()> {
            self.0.lock().unwrap().push("keep");
            Ok(())
        }

        async fn forget(&self, _: &Site) -> Result<()> {
            self.0.lock().unwrap().push("forget");
            Ok(())
        }
    }

    struct Ground {
        _folder: tempfile::TempDir,
        behind: Arc<Keyring>,
        vault: SiteVault,
        site: Site,
    }

    fn ground(login: LoginWay, given: bool) -> Ground {
        let folder = tempfile::tempdir().unwrap();
        let sites = Arc::new(Sites::in_directories(folder.path(), folder.path(), None));
        let site = Site::new(Protocol::Sftp, Some("anna"), "files.example", None).unwrap();
        let mut saved = SavedSite::new("files", site.clone());
        saved.login = login;
        sites.carry_out(SiteOrder::Save { was: None, site: Box::new(saved) }).unwrap();
        let behind = Arc::new(Keyring::default());
        let vault = SiteVault::new(sites, behind.clone(), given);
        Ground { _folder: folder, behind, vault, site }
    }

    async fn found(ground: &Ground) -> Option<String> {
        let found = ground.vault.find(&ground.site).await.unwrap();
        found.map(|password| password.expose_secret().to_owned())
    }

    #[tokio::test]
    async fn a_command_is_split_like_a_shell_would_and_run_without_one() {
        let ground = ground(LoginWay::Command("printf '%s\\nsecond' 'a $HOME; b'".into()), false);
        assert_eq!(found(&ground).await.as_deref(), Some("a $HOME; b"));
        ground.vault.forget(&ground.site).await.unwrap();
        assert!(ground.vault.keep(&ground.site, &"x".into()).await.is_err());
        assert!(ground.behind.0.lock().unwrap().is_empty(), "the keyring is left alone");
    }

    #[tokio::test]
    async fn a_command_that_fails_says_why_and_shows_nothing_it_wrote() {
        let why = async |command: &str| {
            let ground = ground(LoginWay::Command(command.into()), false);
            let error = ground.vault.find(&ground.site).await.unwrap_err();
            format!("{error} {error:?}")
        };
        let failed = why("sh -c 'echo canary; echo no such entry >&2; exit 1'").await;
        assert!(failed.contains("no such entry") && !failed.contains("canary"), "{failed}");
        assert!(why("no-such-program-here x").await.contains("cannot be run"));
        assert!(why("true").await.contains("wrote nothing"));
        assert!(why("pass 'x").await.contains("quotes do not match"));
    }

    #[tokio::test]
    async fn ask_each_time_never_touches_the_keyring() {
        let ground = ground(LoginWay::Ask, false);
        assert_eq!(found(&ground).await, None);
        let why = ground.vault.keep(&ground.site, &"x".into()).await.unwrap_err().to_string();
        assert!(why.contains("ask each time"), "{why}");
        assert!(ground.behind.0.lock().unwrap().is_empty());
    }

    #[tokio::test]
    async fn other_sites_and_a_given_password_go_to_the_keyring() {
        let plain = ground(LoginWay::Auto, false);
        assert_eq!(found(&plain).await.as_deref(), Some("kept"));
        let given = ground(LoginWay::Ask, true);
        assert_eq!(found(&given).await.as_deref(), Some("kept"));
    }
}
