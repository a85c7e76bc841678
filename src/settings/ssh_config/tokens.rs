//! `~`, `%h` and `${VAR}` in the paths of an ssh config (ssh_config(5), TOKENS and ENVIRONMENT VARIABLES).

use std::path::PathBuf;

/// The person's home directory.
pub(super) fn home() -> Option<PathBuf> {
    directories::BaseDirs::new().map(|directories| directories.home_dir().to_owned())
}

/// What the tokens stand for.
pub(super) struct Tokens<'a> {
    /// `%n`: the host as it was asked for.
    pub asked_host: &'a str,
    /// `%h`: the name connected to.
    pub host: &'a str,
    /// `%p`.
    pub port: u16,
    /// `%r`: the user there.
    pub user: &'a str,
    /// `%k`: the name host keys are kept under.
    pub known_as: &'a str,
    /// `%d`, and `~`.
    pub home: Option<PathBuf>,
    /// What `${…}` looks in.
    pub environment: &'a dyn Fn(&str) -> Option<String>,
}

impl Tokens<'_> {
    /// The path meant; `None` where it holds a token nobody can resolve.
    pub(super) fn expand(&self, path: &str) -> Option<PathBuf> {
        let path = self.replace(path)?;
        match path.strip_prefix("~/") {
            Some(rest) => Some(self.home.as_ref()?.join(rest)),
            None if path == "~" => self.home.clone(),
            None => Some(path.into()),
        }
    }

    fn replace(&self, text: &str) -> Option<String> {
        let mut replaced = String::with_capacity(text.len());
        let mut rest = text;
        while let Some(at) = rest.find(['%', '$']) {
            replaced.push_str(&rest[..at]);
            rest = &rest[at..];
            if let Some(named) = rest.strip_prefix("${") {
                let (name, after) = named.split_once('}')?;
                replaced.push_str(&(self.environment)(name)?);
                rest = after;
            } else if let Some(token) = rest.strip_prefix('%') {
                let letter = token.chars().next()?;
                replaced.push_str(&self.token(letter)?);
                rest = &token[letter.len_utf8()..];
            } else {
                replaced.push('$');
                rest = &rest[1..];
            }
        }
        replaced.push_str(rest);
        Some(replaced)
    }

    fn token(&self, letter: char) -> Option<String> {
        Some(match letter {
            '%' => "%".into(),
            'd' => self.home.as_ref()?.to_str()?.into(),
            'h' => self.host.into(),
            'k' => self.known_as.into(),
            'n' => self.asked_host.into(),
            'p' => self.port.to_string(),
            'r' => self.user.into(),
            'u' => (self.environment)("USER").or_else(|| (self.environment)("LOGNAME"))?,
            #[cfg(unix)]
            'i' => rustix::process::getuid().as_raw().to_string(),
            'l' => this_host()?,
            'L' => this_host()?.split('.').next()?.into(),
            _ => return None,
        })
    }
}

/// This machine's name, where the system shows it as a file.
fn this_host() -> Option<String> {
    let name = std::fs::read_to_string("/proc/sys/kernel/hostname").ok()?;
    Some(name.trim_end().to_owned())
}
