//! How to talk to FTP servers, as far as a person says: no two of them are alike.

use super::encoding::Encoding;

/// What may be said of an FTP server; what is `None` is left to whoever is asked next, and at last to Wharf.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct FtpWays {
    /// The port, where the address names none.
    pub port: Option<u16>,
    /// How names are written there. Else UTF-8, and what is not is kept as it is.
    pub encoding: Option<Encoding>,
    /// Who opens data connections.
    pub mode: Option<DataMode>,
    /// Whether it may be spoken to without TLS.
    pub tls: Option<TlsRule>,
    /// Seconds after which something is said on a connection that has nothing to do.
    pub keepalive: Option<u16>,
    /// Seconds a connection may take to stand.
    pub connect_timeout: Option<u16>,
    /// Seconds a reply may take.
    pub reply_timeout: Option<u16>,
    /// Seconds in which a file may not move at all.
    pub stall_timeout: Option<u16>,
}

impl FtpWays {
    /// More seconds than this nobody waits.
    pub const MOST_SECONDS: u16 = 3600;

    /// This, and what it leaves open from another.
    #[must_use]
    pub fn or(self, other: Self) -> Self {
        Self {
            port: self.port.or(other.port),
            encoding: self.encoding.or(other.encoding),
            mode: self.mode.or(other.mode),
            tls: self.tls.or(other.tls),
            keepalive: self.keepalive.or(other.keepalive),
            connect_timeout: self.connect_timeout.or(other.connect_timeout),
            reply_timeout: self.reply_timeout.or(other.reply_timeout),
            stall_timeout: self.stall_timeout.or(other.stall_timeout),
        }
    }

    /// What is said of waiting, in words: `stall 60, keepalive 40`; empty where nothing is.
    pub fn waits(mut self) -> String {
        let said = WAITS.iter().filter_map(|(word, of)| Some((word, (*of(&mut self))?)));
        let said: Vec<String> = said.map(|(word, seconds)| format!("{word} {seconds}")).collect();
        said.join(", ")
    }

    /// The same with what such words say of waiting.
    pub fn with_waits(mut self, words: &str) -> Result<Self, String> {
        for said in words.split(',').map(str::trim).filter(|said| !said.is_empty()) {
            let known = said.split_once(' ').and_then(|(word, seconds)| {
                let (_, of) = WAITS.iter().find(|(known, _)| *known == word)?;
                let seconds = seconds.trim().parse::<u16>().ok()?;
                (1..=Self::MOST_SECONDS).contains(&seconds).then_some((of, seconds))
            });
            let Some((of, seconds)) = known else {
                return Err(format!(
                    "waits are seconds from 1 to {}: connect 30, reply 60, stall 60, keepalive 40",
                    Self::MOST_SECONDS
                ));
            };
            *of(&mut self) = Some(seconds);
        }
        Ok(self)
    }

    /// Why a protocol has no use for it.
    pub fn check(self, is_ftp: bool) -> Result<(), &'static str> {
        if is_ftp || self == Self::default() {
            return Ok(());
        }
        Err("encoding, mode, tls, keepalive and time-outs are of FTP, and this site is SFTP")
    }
}

/// A wait and its word.
type Wait = (&'static str, fn(&mut FtpWays) -> &mut Option<u16>);

const WAITS: [Wait; 4] = [
    ("connect", |ways| &mut ways.connect_timeout),
    ("reply", |ways| &mut ways.reply_timeout),
    ("stall", |ways| &mut ways.stall_timeout),
    ("keepalive", |ways| &mut ways.keepalive),
];

/// Who opens data connections.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DataMode {
    /// This end; the server only where that does not work.
    Passive,
    /// The server.
    Active,
}

impl DataMode {
    /// The words used in `sites.toml`, in the order of the form.
    pub const WORDS: [&'static str; 2] = ["passive", "active"];

    /// Its word.
    pub fn word(self) -> &'static str {
        match self {
            DataMode::Passive => "passive",
            DataMode::Active => "active",
        }
    }

    /// From its word.
    pub fn read(word: &str) -> Option<Self> {
        [Self::Passive, Self::Active].into_iter().find(|mode| mode.word() == word)
    }
}

/// Whether plain FTP may be spoken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TlsRule {
    /// As the address says: `ftp://` is readable by everyone in between.
    Optional,
    /// Never: `ftp://` is refused before anything is sent.
    Required,
}

impl TlsRule {
    /// Its word in `sites.toml`.
    pub fn word(self) -> &'static str {
        match self {
            TlsRule::Optional => "optional",
            TlsRule::Required => "required",
        }
    }

    /// From its word.
    pub fn read(word: &str) -> Option<Self> {
        [Self::Optional, Self::Required].into_iter().find(|rule| rule.word() == word)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_said_first_holds() {
        let site = FtpWays { mode: Some(DataMode::Active), ..FtpWays::default() };
        let others =
            FtpWays { mode: Some(DataMode::Passive), stall_timeout: Some(5), ..FtpWays::default() };
        assert_eq!(site.or(others), FtpWays { mode: Some(DataMode::Active), ..others });
        let words = "connect 1, reply 2, stall 3, keepalive 4";
        assert_eq!(FtpWays::default().with_waits(words).unwrap().waits(), words);
        assert_eq!(others.waits(), "stall 5");
        for wrong in ["stall", "stall 0", "stall 3601", "nap 5", "5"] {
            assert!(FtpWays::default().with_waits(wrong).is_err(), "{wrong}");
        }
        assert!(site.check(false).is_err() && site.check(true).is_ok());
        for rule in [TlsRule::Optional, TlsRule::Required] {
            assert_eq!(TlsRule::read(rule.word()), Some(rule));
        }
        assert!(DataMode::WORDS.iter().all(|word| DataMode::read(word).unwrap().word() == *word));
    }
}
