//! An ssh config's options for one host, and the login they make.

use std::{collections::HashMap, path::PathBuf, time::Duration};

use super::{
    Asked,
    tokens::{Tokens, home},
};
use crate::domain::{
    display::escape_text,
    error::{Error, ErrorKind, Result},
    jumps,
    site::{Agent, Authentication, Site, SshLogin, StrictHostKeys},
};

/// ConnectTimeout where the config names none: the system's own takes minutes.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(20);

/// Options by their name in lower case; some may be given several times.
#[derive(Debug, Default)]
pub(super) struct Options(HashMap<String, Vec<String>>);

impl Options {
    /// Reads lines `name value`, as `ssh -G` writes them.
    pub(super) fn from_lines(text: &str) -> Self {
        let mut options = Self::default();
        for line in text.lines() {
            if let Some((name, value)) = line.split_once(' ') {
                options.add(name, value);
            }
        }
        options
    }

    pub(super) fn add(&mut self, name: &str, value: &str) {
        let values = self.0.entry(name.to_ascii_lowercase()).or_default();
        if !value.is_empty() && !values.iter().any(|known| known == value) {
            values.push(value.to_owned());
        }
    }

    pub(super) fn set(&mut self, name: &str, value: &str) {
        self.0.remove(&name.to_ascii_lowercase());
        self.add(name, value);
    }

    pub(super) fn set_if_new(&mut self, name: &str, value: &str) {
        if self.first(&name.to_ascii_lowercase()).is_none() {
            self.add(name, value);
        }
    }

    pub(super) fn put_first(&mut self, name: &str, mut values: Vec<String>) {
        let others = self.0.entry(name.to_owned()).or_default();
        others.retain(|other| !values.contains(other));
        values.append(others);
        *others = values;
    }

    /// The value that counts.
    pub(super) fn first(&self, name: &str) -> Option<&str> {
        self.0.get(name)?.first().map(String::as_str)
    }

    fn all(&self, name: &str) -> impl Iterator<Item = &str> {
        self.0.get(name).into_iter().flatten().map(String::as_str)
    }

    fn says(&self, name: &str, words: [&str; 2]) -> bool {
        self.first(name).is_some_and(|value| words.contains(&value.to_ascii_lowercase().as_str()))
    }

    /// Makes a login of them.
    pub(super) fn into_login(self, asked: &Asked<'_>) -> Result<SshLogin> {
        self.refuse_commands(asked)?;
        let host_name = self.first("hostname").unwrap_or(asked.site.host()).to_owned();
        let port = match self.first("port") {
            Some(port) => port.parse().ok().filter(|&port| port != 0).ok_or_else(|| {
                asked.failed(format!("the port {} is no port", escape_text(port)))
            })?,
            None => 22,
        };
        let user = self.first("user").unwrap_or_default().to_owned();
        if user.is_empty() {
            return Err(asked.failed("nobody says which user to log in as; write user@host"));
        }
        let host_key_alias = self.first("hostkeyalias").map(str::to_owned);
        let environment = |name: &str| std::env::var(name).ok();
        let tokens = Tokens {
            asked_host: asked.site.host(),
            host: &host_name,
            port,
            user: &user,
            known_as: host_key_alias.as_deref().unwrap_or(asked.site.host()),
            home: home(),
            environment: &environment,
        };
        let identity_files = self
            .all("identityfile")
            .filter(|file| *file != "none")
            .filter_map(|file| tokens.expand(file));
        Ok(SshLogin {
            identity_files: identity_files.collect(),
            identities_only: self.says("identitiesonly", ["yes", "true"]),
            agent: self.agent(&tokens),
            known_hosts: self.known_hosts(&tokens),
            hash_known_hosts: self.says("hashknownhosts", ["yes", "true"]),
            strict_host_keys: self.strict_host_keys(),
            connect_timeout: self.connect_timeout(),
            authentications: self.authentications(),
            jumps: Vec::new(),
            host_name,
            port,
            user,
            host_key_alias,
        })
    }

    /// The hosts that the config goes through, as ProxyJump has them.
    pub(super) fn jumps(&self, asked: &Asked<'_>) -> Result<Vec<Site>> {
        let list = self.first("proxyjump").unwrap_or_default();
        jumps::read(list)
            .map_err(|why| asked.failed(format!("ProxyJump {}: {why}", escape_text(list))))
    }

    /// Going round a proxy would show the person's address, or fail in a puzzling way.
    fn refuse_commands(&self, asked: &Asked<'_>) -> Result<()> {
        // Of the two, ssh takes what its config has first, and tells only that.
        let Some(value) = self.first("proxycommand").filter(|value| *value != "none") else {
            return Ok(());
        };
        let why = format!(
            "the ssh config has ProxyCommand {}, and Wharf runs no program to connect; where the program is an ssh, \
             ProxyJump does the same",
            escape_text(value)
        );
        Err(Error::new(ErrorKind::Unsupported, format!("connect to {}", asked.site), why))
    }

    fn agent(&self, tokens: &Tokens<'_>) -> Agent {
        match self.first("identityagent") {
            None | Some("SSH_AUTH_SOCK") => Agent::Environment,
            Some("none") => Agent::None,
            Some(value) => {
                let path = match value.strip_prefix('$').filter(|name| !name.starts_with('{')) {
                    Some(name) => (tokens.environment)(name).map(PathBuf::from),
                    None => tokens.expand(value),
                };
                path.map_or(Agent::None, Agent::Socket)
            }
        }
    }

    /// The person's files, then the system's. With `UserKnownHostsFile none` accepted keys go nowhere.
    fn known_hosts(&self, tokens: &Tokens<'_>) -> Vec<PathBuf> {
        let files = |name| {
            let list = self.first(name).unwrap_or_default();
            let files = split_paths(list).into_iter().filter(|file| file != "none");
            files.filter_map(|file| tokens.expand(&file)).collect::<Vec<_>>()
        };
        let mut own = files("userknownhostsfile");
        if own.is_empty() {
            own.push("/dev/null".into());
        }
        own.extend(files("globalknownhostsfile"));
        own
    }

    fn strict_host_keys(&self) -> StrictHostKeys {
        match self.first("stricthostkeychecking").map(str::to_ascii_lowercase).as_deref() {
            Some("yes" | "true") => StrictHostKeys::Yes,
            Some("accept-new") => StrictHostKeys::AcceptNew,
            Some("no" | "off" | "false") => StrictHostKeys::No,
            _ => StrictHostKeys::Ask,
        }
    }

    fn connect_timeout(&self) -> Duration {
        match self.first("connecttimeout").and_then(|seconds| seconds.parse().ok()) {
            None | Some(0) => CONNECT_TIMEOUT,
            Some(seconds) => Duration::from_secs(seconds),
        }
    }

    fn authentications(&self) -> Vec<Authentication> {
        let preferred = self.first("preferredauthentications");
        let preferred = preferred.unwrap_or("publickey,keyboard-interactive,password");
        let mut allowed = Vec::new();
        for name in preferred.split(',') {
            let (way, option) = match name.trim() {
                "publickey" => (Authentication::PublicKey, "pubkeyauthentication"),
                "keyboard-interactive" => {
                    (Authentication::KeyboardInteractive, "kbdinteractiveauthentication")
                }
                "password" => (Authentication::Password, "passwordauthentication"),
                _ => continue,
            };
            if !self.says(option, ["no", "false"]) && !allowed.contains(&way) {
                allowed.push(way);
            }
        }
        allowed
    }
}

/// `ssh -G` prints lists of paths without their quotes: a word that begins no path belongs to the one before.
fn split_paths(list: &str) -> Vec<String> {
    let mut paths: Vec<String> = Vec::new();
    for word in list.split(' ') {
        match paths.last_mut() {
            Some(last) if !word.starts_with(['/', '~', '%', '$', '.']) && word != "none" => {
                last.push(' ');
                last.push_str(word);
            }
            _ => paths.push(word.to_owned()),
        }
    }
    paths.retain(|path| !path.is_empty());
    paths
}
