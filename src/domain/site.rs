//! A site: an address with how to log in; and what the person's ssh config makes of it.

use std::{fmt, path::PathBuf, sync::Arc, time::Duration};

/// How to talk to a site.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Protocol {
    /// SFTP version 3 over SSH.
    Sftp,
    /// Plain FTP (RFC 959): everything can be read on the way, the password too.
    Ftp,
    /// FTP that asks for TLS before anything else (RFC 4217).
    FtpExplicitTls,
    /// FTP inside TLS from the first byte.
    FtpImplicitTls,
}

impl Protocol {
    /// All of them.
    pub const ALL: [Protocol; 4] =
        [Protocol::Sftp, Protocol::Ftp, Protocol::FtpExplicitTls, Protocol::FtpImplicitTls];

    /// The scheme of its places.
    pub fn scheme(self) -> &'static str {
        match self {
            Protocol::Sftp => "sftp",
            Protocol::Ftp => "ftp",
            Protocol::FtpExplicitTls => "ftpes",
            Protocol::FtpImplicitTls => "ftps",
        }
    }

    /// Whether what travels can be read by nobody in between.
    pub fn is_encrypted(self) -> bool {
        self != Protocol::Ftp
    }

    /// The port where none is given.
    pub fn default_port(self) -> u16 {
        match self {
            Protocol::Sftp => 22,
            Protocol::Ftp | Protocol::FtpExplicitTls => 21,
            Protocol::FtpImplicitTls => 990,
        }
    }
}

/// An address as a person gave it. Two sites are the same connection exactly if they are equal.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Site {
    protocol: Protocol,
    user: Option<String>,
    host: String,
    port: Option<u16>,
}

/// Why an address is no address.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadSite {
    /// Nothing before the colon.
    #[error("the host is empty")]
    NoHost,
    /// What a program called with it could take for an option, a command or a second word.
    #[error("the {0} holds a character that no {0} has, or begins with a dash")]
    BadCharacter(&'static str),
    /// Not a number from 1 to 65535.
    #[error("the port is not a number from 1 to 65535")]
    BadPort,
}

impl Site {
    /// Checks each part: hosts and users go to other programs, so none may look like an option or hold
    /// white space, control or shell characters.
    pub fn new(
        protocol: Protocol,
        user: Option<&str>,
        host: &str,
        port: Option<u16>,
    ) -> Result<Self, BadSite> {
        if host.is_empty() {
            return Err(BadSite::NoHost);
        }
        let host_is_fine = host.chars().all(|c| c.is_alphanumeric() || "-._:%[]".contains(c));
        if host.starts_with('-') || !host_is_fine {
            return Err(BadSite::BadCharacter("host"));
        }
        if let Some(user) = user {
            let user_is_fine = user.chars().all(|c| c.is_alphanumeric() || "-._@+\\".contains(c));
            if user.is_empty() || user.starts_with('-') || !user_is_fine {
                return Err(BadSite::BadCharacter("user"));
            }
        }
        if port == Some(0) {
            return Err(BadSite::BadPort);
        }
        Ok(Self { protocol, user: user.map(str::to_owned), host: host.to_owned(), port })
    }

    /// How to talk to it.
    pub fn protocol(&self) -> Protocol {
        self.protocol
    }

    /// The user, where one was given.
    pub fn user(&self) -> Option<&str> {
        self.user.as_deref()
    }

    /// The host, or the Host of the ssh config.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// The port, where one was given.
    pub fn port(&self) -> Option<u16> {
        self.port
    }

    /// The same at this port, where the address names none; `None` where nothing changes.
    pub fn at_port(&self, port: Option<u16>) -> Option<Self> {
        port.filter(|port| self.port.is_none() && *port != 0)
            .map(|port| Self { port: Some(port), ..self.clone() })
    }

    /// What stands before a path on it: `user@host:`, or `ftp://host` and what makes a relative path one.
    pub fn before(&self, path_is_absolute: bool) -> String {
        match self.protocol {
            Protocol::Sftp => format!("{self}:"),
            _ if path_is_absolute => self.to_string(),
            _ => format!("{self}/~/"),
        }
    }

    /// The address with its scheme, as a place begins: `sftp://user@host:port`.
    pub fn url(&self) -> String {
        match self.protocol {
            Protocol::Sftp => format!("sftp://{self}"),
            _ => self.to_string(),
        }
    }
}

impl fmt::Display for Site {
    /// `user@host:port`, as far as given; with the scheme unless it is the one that scp's form stands for.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.protocol != Protocol::Sftp {
            write!(f, "{}://", self.protocol.scheme())?;
        }
        if let Some(user) = &self.user {
            write!(f, "{user}@")?;
        }
        if self.host.contains(':') && !self.host.starts_with('[') {
            write!(f, "[{}]", self.host)?;
        } else {
            f.write_str(&self.host)?;
        }
        if let Some(port) = self.port {
            write!(f, ":{port}")?;
        }
        Ok(())
    }
}

/// Everything an SSH connection needs to know, after the person's ssh config was asked.
#[derive(Debug, Clone)]
pub struct SshLogin {
    /// The name or address to connect to.
    pub host_name: String,
    /// The port.
    pub port: u16,
    /// The user to log in as.
    pub user: String,
    /// Private keys to try, in order; those that do not exist are passed over.
    pub identity_files: Vec<PathBuf>,
    /// Whether the agent may be asked only for those keys (IdentitiesOnly).
    pub identities_only: bool,
    /// Which agent to ask.
    pub agent: Agent,
    /// Files of known host keys; accepted keys are appended to the first.
    pub known_hosts: Vec<PathBuf>,
    /// Whether host names are hashed when a key is appended (HashKnownHosts).
    pub hash_known_hosts: bool,
    /// The name host keys are kept under, where it is not the host's own.
    pub host_key_alias: Option<String>,
    /// What to do about a host key nobody knows.
    pub strict_host_keys: StrictHostKeys,
    /// How long connecting may take until the server has greeted.
    pub connect_timeout: Duration,
    /// Which ways to log in are allowed, in order of preference.
    pub authentications: Vec<Authentication>,
    /// Hosts gone through on the way (ProxyJump), the nearest first; theirs are empty.
    pub jumps: Vec<Jump>,
}

/// A host on the way to another.
#[derive(Debug, Clone)]
pub struct Jump {
    /// Its address as it was given.
    pub site: Arc<Site>,
    /// How to log in there; what is sent to the host behind it passes unread.
    pub login: SshLogin,
}

/// How much of a server may be taken at once; within that, it is measured what pays.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bounds {
    /// Connections to one site.
    pub connections: usize,
    /// Requests without an answer yet, on one lane.
    pub requests_in_flight: usize,
}

impl Bounds {
    /// More connections than this are an attack, not a copy.
    pub const MOST_CONNECTIONS: usize = 16;
    /// More requests than this wait in the server's memory, not on the way.
    pub const MOST_REQUESTS: usize = 4096;
}

impl Default for Bounds {
    fn default() -> Self {
        Self { connections: 4, requests_in_flight: 512 }
    }
}

/// Which agent holds keys.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Agent {
    /// None is to be asked.
    None,
    /// The one `SSH_AUTH_SOCK` names.
    Environment,
    /// The one at this socket.
    Socket(PathBuf),
}

/// ssh_config's StrictHostKeyChecking.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StrictHostKeys {
    /// An unknown key is refused.
    Yes,
    /// An unknown key is asked about.
    Ask,
    /// An unknown key is kept without a question; a changed one is refused.
    AcceptNew,
    /// An unknown key is kept; a changed one is told and, with no password sent, let through by ssh.
    /// Wharf refuses changed keys even so.
    No,
}

/// One way to prove who one is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Authentication {
    /// Keys, from the agent or from files.
    PublicKey,
    /// Prompts of the server.
    KeyboardInteractive,
    /// A password.
    Password,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_that_look_like_options_or_commands_are_refused() {
        for host in ["-oProxyCommand=x", "a b", "a;b", "$(x)", "a\nb", "a`b`", ""] {
            assert!(Site::new(Protocol::Sftp, None, host, None).is_err(), "{host}");
        }
        for user in ["$(x)", "-l", "a b", "", "a\x1b"] {
            assert!(Site::new(Protocol::Sftp, Some(user), "host", None).is_err(), "{user}");
        }
        let site = Site::new(Protocol::Sftp, Some("anna"), "files.example", Some(2222)).unwrap();
        assert_eq!(site.to_string(), "anna@files.example:2222");
        assert_eq!(
            Site::new(Protocol::Sftp, None, "::1", Some(22)).unwrap().to_string(),
            "[::1]:22"
        );
        let site = Site::new(Protocol::FtpExplicitTls, None, "files", None).unwrap();
        assert_eq!((site.to_string(), site.url()), ("ftpes://files".into(), site.to_string()));
    }
}
