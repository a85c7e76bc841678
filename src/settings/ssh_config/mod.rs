//! What the person's ssh config says of a host: asked of ssh itself, or read where there is no ssh.

mod ask_ssh;
mod hosts;
mod jumps;
mod options;
mod read_file;
mod tokens;

use std::path::{Path, PathBuf};

use crate::domain::{
    display::{escape, escape_text},
    error::{Error, ErrorKind, Result},
    site::{Site, SshLogin},
};

use options::Options;

pub use hosts::hosts;

/// What the command line says about ssh.
#[derive(Debug, Clone, Default)]
pub struct SshOptions {
    /// `-F`: another config file than the person's own.
    pub config: Option<PathBuf>,
    /// `-i`: keys to try before those of the config.
    pub identities: Vec<PathBuf>,
    /// `-P`: the port, where the place names none.
    pub port: Option<u16>,
}

/// Finds out how to log in to a site.
#[derive(Debug, Clone)]
pub struct Resolver {
    options: SshOptions,
    /// The program to ask; `None` reads the config file without it.
    ssh: Option<PathBuf>,
}

impl Resolver {
    /// A resolver that asks the `ssh` on the path.
    pub fn new(options: SshOptions) -> Self {
        Self { options, ssh: Some("ssh".into()) }
    }

    /// The site's own user and port win, then the command line's, then the config's. Blocks for some milliseconds,
    /// for seconds where the config runs programs (`Match exec`).
    pub fn resolve(&self, site: &Site) -> Result<SshLogin> {
        self.resolve_through(site, None)
    }

    /// The same, by way of the hosts in `jump` where it is given (see [`crate::domain::jumps`]), else of the config's.
    pub fn resolve_through(&self, site: &Site, jump: Option<&str>) -> Result<SshLogin> {
        let asked = Asked { site, port: site.port().or(self.options.port), options: &self.options };
        asked.check_identities()?;
        let found = self.look_up(&asked)?;
        let jumps = match jump {
            Some(list) => crate::domain::jumps::read(list)
                .map_err(|why| asked.failed(format!("jump {}: {why}", escape_text(list))))?,
            None => found.jumps(&asked)?,
        };
        let mut login = found.into_login(&asked)?;
        login.jumps = self.way(&asked, jumps)?;
        Ok(login)
    }

    fn look_up(&self, asked: &Asked<'_>) -> Result<Options> {
        let found = match &self.ssh {
            Some(ssh) => ask_ssh::ask(ssh, asked)?,
            None => None,
        };
        match found {
            Some(found) => Ok(found),
            None => read_file::read(asked),
        }
    }
}

/// One question to the config.
struct Asked<'a> {
    site: &'a Site,
    port: Option<u16>,
    options: &'a SshOptions,
}

impl Asked<'_> {
    fn doing(&self) -> String {
        format!("read the ssh config for {}", self.site)
    }

    fn failed(&self, why: impl Into<Box<str>>) -> Error {
        Error::new(ErrorKind::Invalid, self.doing(), why)
    }

    /// A key that was asked for by name and is not there is a slip of the pen, not something to pass over.
    fn check_identities(&self) -> Result<()> {
        match self.options.identities.iter().find(|identity| !identity.is_file()) {
            Some(missing) => Err(self.failed(format!("there is no key file {}", shown(missing)))),
            None => Ok(()),
        }
    }
}

fn shown(path: &Path) -> String {
    escape(path.as_os_str().as_encoded_bytes())
}

#[cfg(test)]
mod tests;
