//! A saved site: an address under a name, with how to log in and where to begin. Never a secret.

use super::{
    digest::VerifyLevel,
    ftp::FtpWays,
    rate::Limit,
    site::{BadSite, Protocol, Site},
};

/// A site a person keeps.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SavedSite {
    /// What it is opened by; see [`check_name`].
    pub name: String,
    /// The folder it is filed in, `a/b` for one within another; empty for none.
    pub folder: String,
    /// Where it is.
    pub site: Site,
    /// How to log in.
    pub login: LoginWay,
    /// Hosts to go through, see [`jumps::read`](super::jumps::read); `None` for what the ssh config says.
    pub jump: Option<String>,
    /// The folder opened there; `None` for the login folder.
    pub start: Option<String>,
    /// The folder opened on this machine, in the other pane.
    pub start_here: Option<String>,
    /// What copies from and to it are checked by, unless the dialog says otherwise.
    pub verify: Option<VerifyLevel>,
    /// At most so many connections; `None` for what the configuration says.
    pub connections: Option<u8>,
    /// At most so many requests without an answer on one lane; `None` for what the configuration says.
    pub requests: Option<u16>,
    /// How to talk to it, where it is an FTP server.
    pub ftp: FtpWays,
    /// What is carried from and to it at most, all jobs together.
    pub limit: Limit,
    /// A colour that tells it from others.
    pub colour: Option<Colour>,
    /// Words to find it by.
    pub tags: Vec<String>,
    /// A line for oneself.
    pub note: String,
    /// Folders there to come back to.
    pub bookmarks: Vec<String>,
}

impl SavedSite {
    /// One with nothing but a name and an address.
    pub fn new(name: impl Into<String>, site: Site) -> Self {
        Self {
            name: name.into(),
            folder: String::new(),
            site,
            login: LoginWay::Auto,
            jump: None,
            start: None,
            start_here: None,
            verify: None,
            connections: None,
            requests: None,
            limit: Limit::default(),
            ftp: FtpWays::default(),
            colour: None,
            tags: Vec::new(),
            note: String::new(),
            bookmarks: Vec::new(),
        }
    }

    /// What connecting to it hangs on beside the address.
    pub fn terms(&self) -> Terms {
        Terms {
            login: self.login.clone(),
            jump: self.jump.clone(),
            connections: self.connections,
            requests: self.requests,
            ftp: self.ftp,
        }
    }
}

/// How to log in to a saved site.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum LoginWay {
    /// As for any other address: keys, then a password from the keyring or from the person.
    #[default]
    Auto,
    /// With the agent's keys only.
    Agent,
    /// With this key only; `~/` is the home directory.
    Key(String),
    /// With a password, from the keyring once it was kept there.
    Password,
    /// With a password that is never kept.
    Ask,
    /// With the first line that this command writes. It is split into words as a shell would, and run without one.
    Command(String),
}

impl LoginWay {
    /// The words used in `sites.toml`, in the order of the form.
    pub const WORDS: [&'static str; 6] = ["auto", "agent", "key", "password", "ask", "command"];

    /// Its word.
    pub fn word(&self) -> &'static str {
        match self {
            LoginWay::Auto => "auto",
            LoginWay::Agent => "agent",
            LoginWay::Key(_) => "key",
            LoginWay::Password => "password",
            LoginWay::Ask => "ask",
            LoginWay::Command(_) => "command",
        }
    }

    /// From its word and what belongs to it.
    pub fn read(word: &str, key: &str, command: &str) -> Result<Self, &'static str> {
        Ok(match word {
            "auto" => LoginWay::Auto,
            "agent" => LoginWay::Agent,
            "key" if key.is_empty() => return Err("a login by key needs the key's file"),
            "key" => LoginWay::Key(key.to_owned()),
            "password" => LoginWay::Password,
            "ask" => LoginWay::Ask,
            "command" if command.trim().is_empty() => {
                return Err("a login by command needs the command that writes the password");
            }
            "command" => LoginWay::Command(command.to_owned()),
            _ => return Err("not one of auto, agent, key, password, ask, command"),
        })
    }
}

/// What connecting hangs on beside the address.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Terms {
    /// How to log in.
    pub login: LoginWay,
    /// Hosts to go through.
    pub jump: Option<String>,
    /// At most so many connections.
    pub connections: Option<u8>,
    /// At most so many requests without an answer on one lane.
    pub requests: Option<u16>,
    /// How to talk to an FTP server.
    pub ftp: FtpWays,
}

/// A colour that tells a site from others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Colour {
    /// For what one should touch with care.
    Red,
    /// Yellow.
    Yellow,
    /// Green.
    Green,
    /// Blue.
    Blue,
    /// Magenta.
    Magenta,
}

impl Colour {
    /// All of them, in the order of the form.
    pub const ALL: [Self; 5] = [Self::Red, Self::Yellow, Self::Green, Self::Blue, Self::Magenta];

    /// Its word.
    pub fn word(self) -> &'static str {
        match self {
            Colour::Red => "red",
            Colour::Yellow => "yellow",
            Colour::Green => "green",
            Colour::Blue => "blue",
            Colour::Magenta => "magenta",
        }
    }

    /// From its word.
    pub fn read(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|colour| colour.word() == word)
    }
}

/// The protocol of a word.
pub fn protocol(word: &str) -> Result<Protocol, String> {
    Protocol::ALL.into_iter().find(|known| known.scheme() == word).ok_or_else(|| {
        let words: Vec<&str> = Protocol::ALL.iter().map(|known| known.scheme()).collect();
        format!("not one of {}", words.join(", "))
    })
}

/// Why a protocol cannot log in this way.
pub fn check_login(protocol: Protocol, login: &LoginWay) -> Result<(), &'static str> {
    match login {
        LoginWay::Agent | LoginWay::Key(_) if protocol != Protocol::Sftp => {
            Err("only SFTP logs in with a key; FTP takes auto, password, ask or command")
        }
        _ => Ok(()),
    }
}

/// Why a protocol has no such bound.
pub fn check_requests(protocol: Protocol, requests: Option<u16>) -> Result<(), &'static str> {
    match requests {
        Some(_) if protocol != Protocol::Sftp => {
            Err("only SFTP has requests in flight; connections bound FTP")
        }
        _ => Ok(()),
    }
}

/// Why a protocol cannot go this way.
pub fn check_jump(protocol: Protocol, jump: &str) -> Result<(), String> {
    if jump.trim().is_empty() {
        return Ok(());
    }
    if protocol != Protocol::Sftp {
        return Err("only SFTP goes through other hosts".to_owned());
    }
    super::jumps::read(jump).map(|_| ())
}

/// The address of its parts as a person writes them; empty for what is left out. What is wrong, and with which part.
pub fn address(
    protocol: Protocol,
    host: &str,
    port: &str,
    user: &str,
) -> Result<Site, (&'static str, String)> {
    let port = match port {
        "" => None,
        port => Some(port.parse().map_err(|_| ("port", BadSite::BadPort.to_string()))?),
    };
    let host = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
    let user = Some(user).filter(|user| !user.is_empty());
    Site::new(protocol, user, host, port).map_err(|bad| {
        let field = match bad {
            BadSite::BadPort => "port",
            BadSite::BadCharacter("user") => "user",
            BadSite::NoHost | BadSite::BadCharacter(_) => "host",
        };
        (field, bad.to_string())
    })
}

/// Why a name cannot be a site's: it must be told from a path, an option and `HOST:path` where it is typed.
pub fn check_name(name: &str) -> Result<(), &'static str> {
    if name.trim().is_empty() {
        return Err("a site needs a name");
    }
    if name.trim() != name {
        return Err("a name does not begin or end with a space");
    }
    if name.contains(['/', ':', '@']) || name.starts_with(['-', '.', '~']) {
        return Err("a name holds no / : @ and does not begin with - . or ~");
    }
    if is_unprintable(name) {
        return Err("a name holds no control characters");
    }
    Ok(())
}

/// Why a line (a note, a folder, a path) cannot be kept.
pub fn check_line(line: &str) -> Result<(), &'static str> {
    if is_unprintable(line) { Err("it holds control characters") } else { Ok(()) }
}

/// Whether it holds what a terminal could obey or an eye mistake.
fn is_unprintable(text: &str) -> bool {
    super::display::escape_text(text) != text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_told_from_paths_options_and_hosts() {
        for fine in ["files", "pier 12", "prüfstand", "a.b-c_d"] {
            assert_eq!(check_name(fine), Ok(()), "{fine}");
        }
        for bad in ["", " ", "a/b", "a:b", "-x", ".", "~", "a@b", " a", "a\u{1b}[2J", "a\u{202e}b"]
        {
            assert!(check_name(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn what_is_wrong_with_an_address_is_told_by_field() {
        let field = |host, port, user| address(Protocol::Sftp, host, port, user).unwrap_err().0;
        assert_eq!(field("", "", ""), "host");
        assert_eq!(field("a b", "", ""), "host");
        assert_eq!(field("a", "0", ""), "port");
        assert_eq!(field("a", "x", ""), "port");
        assert_eq!(field("a", "", "$(x)"), "user");
        let site = address(Protocol::Sftp, "[::1]", "2222", "anna").unwrap();
        assert_eq!(site.to_string(), "anna@[::1]:2222");
    }

    #[test]
    fn a_protocol_is_known_by_its_scheme_and_ftp_has_no_keys() {
        assert_eq!(protocol("ftpes"), Ok(Protocol::FtpExplicitTls));
        assert!(protocol("gopher").unwrap_err().starts_with("not one of sftp"));
        for protocol in Protocol::ALL {
            let keys = check_login(protocol, &LoginWay::Agent).is_ok();
            assert_eq!(keys, protocol == Protocol::Sftp);
            assert!(check_login(protocol, &LoginWay::Ask).is_ok());
        }
    }

    #[test]
    fn ways_to_log_in_survive_their_words() {
        for word in LoginWay::WORDS {
            assert_eq!(LoginWay::read(word, "~/.ssh/id", "pass show x").unwrap().word(), word);
        }
        assert!(LoginWay::read("key", "", "").is_err());
        assert!(LoginWay::read("command", "", " ").is_err());
    }
}
