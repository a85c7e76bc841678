//! The client's side of a test server: an ssh_config and a known_hosts of the test's own, so that no test touches
//! the person's home, agent or known hosts.

use std::{
    fs,
    path::{Path, PathBuf},
    sync::Arc,
};

use tempfile::TempDir;

use super::sshd::{KeyType, Sshd};

/// The Host that test configurations name.
pub(crate) const HOST: &str = "files.example";

/// How the configuration is to be.
#[derive(Debug, Clone)]
pub(crate) struct ClientOptions {
    port: u16,
    user: String,
    identities: Vec<PathBuf>,
    host_keys: Vec<String>,
    known: Vec<String>,
    lines: Vec<String>,
}

impl ClientOptions {
    /// For a server on 127.0.0.1 with these host keys (`TYPE BASE64`), none of them known yet.
    pub(crate) fn new(port: u16, user: String, identity: PathBuf, host_keys: Vec<String>) -> Self {
        let identities = vec![identity];
        Self { port, user, identities, host_keys, known: Vec::new(), lines: Vec::new() }
    }

    /// Leads to another port, such as a relay's.
    pub(crate) fn port(mut self, port: u16) -> Self {
        self.port = port;
        self
    }

    /// Logs in as somebody else.
    pub(crate) fn user(mut self, user: &str) -> Self {
        self.user = user.into();
        self
    }

    /// Offers these keys and no others.
    pub(crate) fn identities(mut self, identities: &[PathBuf]) -> Self {
        self.identities = identities.to_vec();
        self
    }

    /// The server's host keys are known already.
    pub(crate) fn known(mut self) -> Self {
        self.known.clone_from(&self.host_keys);
        self
    }

    /// These host keys are known, `TYPE BASE64` each, whatever the server has.
    pub(crate) fn knows(mut self, keys: &[String]) -> Self {
        self.known = keys.to_vec();
        self
    }

    /// A line for the Host's block, before the fixture's own, so that it wins.
    pub(crate) fn line(mut self, line: impl Into<String>) -> Self {
        self.lines.push(line.into());
        self
    }

    /// Writes the files.
    pub(crate) fn write(self) -> Client {
        let folder = tempfile::Builder::new().prefix("wharf-client-").tempdir().unwrap();
        let known_hosts = folder.path().join("known_hosts");
        let known: String =
            self.known.iter().map(|key| format!("[127.0.0.1]:{} {key}\n", self.port)).collect();
        fs::write(&known_hosts, known).unwrap();
        let mut config = vec![format!("Host {HOST}")];
        config.extend(self.lines);
        config.push("HostName 127.0.0.1".into());
        config.push(format!("Port {}", self.port));
        config.push(format!("User {}", self.user));
        for identity in &self.identities {
            config.push(format!("IdentityFile {}", identity.display()));
        }
        config.push("IdentitiesOnly yes".into());
        config.push("IdentityAgent none".into());
        config.push(format!("UserKnownHostsFile {}", known_hosts.display()));
        config.push("GlobalKnownHostsFile /dev/null".into());
        fs::write(folder.path().join("ssh_config"), config.join("\n    ") + "\n").unwrap();
        for name in ["home", "config", "state"] {
            fs::create_dir(folder.path().join(name)).unwrap();
        }
        Client { folder: Arc::new(folder) }
    }
}

/// A client's files, in a temporary folder that goes away with the last clone.
#[derive(Clone)]
pub(crate) struct Client {
    folder: Arc<TempDir>,
}

impl Client {
    /// For `-F`.
    pub(crate) fn config(&self) -> PathBuf {
        self.folder.path().join("ssh_config")
    }

    /// Where accepted host keys go.
    pub(crate) fn known_hosts(&self) -> PathBuf {
        self.folder.path().join("known_hosts")
    }

    /// Adds another host under a name, as one to go through; its key is not known.
    pub(crate) fn add_host(&self, name: &str, sshd: &Sshd) {
        let lines = [
            format!("Host {name}"),
            "HostName 127.0.0.1".into(),
            format!("Port {}", sshd.port()),
            format!("User {}", sshd.user()),
            format!("IdentityFile {}", sshd.key().display()),
            "IdentitiesOnly yes".into(),
            "IdentityAgent none".into(),
            format!("UserKnownHostsFile {}", self.known_hosts().display()),
            "GlobalKnownHostsFile /dev/null".into(),
        ];
        let before = fs::read_to_string(self.config()).unwrap();
        fs::write(self.config(), before + &lines.join("\n    ") + "\n").unwrap();
    }

    /// Adds a host's key to those that are known.
    pub(crate) fn add_known(&self, sshd: &Sshd) {
        let line = format!("[127.0.0.1]:{} {}\n", sshd.port(), sshd.host_key(KeyType::Ed25519));
        let before = fs::read_to_string(self.known_hosts()).unwrap();
        fs::write(self.known_hosts(), before + &line).unwrap();
    }

    /// An empty folder to be `HOME`.
    pub(crate) fn home(&self) -> PathBuf {
        self.folder.path().join("home")
    }

    /// For `--config-dir`.
    pub(crate) fn config_dir(&self) -> PathBuf {
        self.folder.path().join("config")
    }

    /// For `--state-dir`.
    pub(crate) fn state_dir(&self) -> PathBuf {
        self.folder.path().join("state")
    }

    /// The folder all of these are in.
    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }
}
