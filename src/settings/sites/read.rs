//! From the text of `sites.toml` to sites: what cannot be used is named with its line, the rest is used.

use toml_edit::{Document, Item, Table};

use crate::domain::{
    digest::VerifyLevel,
    display::escape_text,
    encoding::Encoding,
    ftp::{DataMode, FtpWays, TlsRule},
    rate::BadLimit,
    saved::{self, Colour, LoginWay, SavedSite},
    site::{Bounds, Protocol},
};
use crate::settings::lines::{first_line, line_at};

/// The key of the sites' tables.
pub(super) const SITE: &str = "site";

/// The table of what belongs to this machine, and its one key.
pub(super) const HERE: &str = "here";
pub(super) const BOOKMARKS: &str = "bookmarks";

/// Keys of one site, in the order they are written.
pub(super) const KEYS: [&str; 28] = [
    "name",
    "folder",
    "protocol",
    "host",
    "port",
    "user",
    "login",
    "key",
    "password_command",
    "jump",
    "start",
    "start_here",
    "verify",
    "connections",
    "requests",
    "limit",
    "encoding",
    "mode",
    "tls",
    "keepalive",
    "connect_timeout",
    "reply_timeout",
    "stall_timeout",
    "colour",
    "tags",
    "note",
    "bookmarks",
    "color",
];

/// What the text holds.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Contents {
    /// Those that can be used.
    pub sites: Vec<SavedSite>,
    /// Bookmarks of this machine.
    pub bookmarks: Vec<String>,
    /// What could not, each with its line and field.
    pub troubles: Vec<String>,
    /// The hosts of those, but for the ones that say plainly that TLS is optional.
    pub unread_hosts: Vec<String>,
}

/// Reads the text. An error, with its line, where it is no TOML at all.
pub(super) fn read(text: &str) -> Result<Contents, String> {
    let document = Document::parse(text).map_err(|error| {
        let line = error.span().map_or(1, |span| line_at(text, span.start));
        format!("line {line}: {}", first_line(error.message()))
    })?;
    let mut contents = Contents::default();
    for (key, item) in document.as_table() {
        match item.as_array_of_tables() {
            Some(tables) if key == SITE => {
                for table in tables {
                    add(&mut contents, text, table);
                }
            }
            None if key == HERE && item.is_table() => {
                let Some(table) = item.as_table() else { continue };
                match (Entry { text, table }).bookmarks_here() {
                    Ok(bookmarks) => contents.bookmarks = bookmarks,
                    Err(trouble) => contents.troubles.push(trouble),
                }
            }
            _ => {
                let line = line_of_key(text, document.as_table(), key);
                let key = escape_text(key);
                contents.troubles.push(format!(
                    "line {line}: {key} means nothing here; each site begins with [[site]]"
                ));
            }
        }
    }
    Ok(contents)
}

fn add(contents: &mut Contents, text: &str, table: &Table) {
    let entry = Entry { text, table };
    let read = entry.read().and_then(|site| {
        if contents.sites.iter().any(|other| other.name == site.name) {
            return Err(entry.trouble("name", "another site has it already"));
        }
        let same = contents.sites.iter().find(|other| other.site == site.site);
        if let Some(other) = same.filter(|other| other.terms() != site.terms()) {
            let why =
                format!("“{}” has the same address; the two have to log in alike", other.name);
            return Err(entry.trouble("login", &why));
        }
        Ok(site)
    });
    match read {
        Ok(site) => contents.sites.push(site),
        Err(trouble) => {
            contents.troubles.push(trouble);
            contents.unread_hosts.extend(entry.host_in_doubt());
        }
    }
}

/// What bookmarks have to be.
const FOLDERS: &str = "it has to be a list of folders: [\"/srv/in\", \"/srv/out\"]";

/// One table being read.
struct Entry<'a> {
    text: &'a str,
    table: &'a Table,
}

impl Entry<'_> {
    fn read(&self) -> Result<SavedSite, String> {
        if let Some((unknown, _)) = self.table.iter().find(|(key, _)| !KEYS.contains(key)) {
            return Err(self.trouble(unknown, "no site has this"));
        }
        let name = self.text("name")?;
        saved::check_name(&name).map_err(|why| self.trouble("name", why))?;
        let word = self.text("protocol")?;
        let word = if word.is_empty() { "sftp" } else { &word };
        let protocol = saved::protocol(word).map_err(|why| self.trouble("protocol", &why))?;
        let port = self.number("port", u16::MAX.into())?.map(|port| port.to_string());
        let address = saved::address(
            protocol,
            &self.text("host")?,
            &port.unwrap_or_default(),
            &self.text("user")?,
        );
        let site = address.map_err(|(field, why)| self.trouble(field, &why))?;
        let mut read = SavedSite::new(name, site);
        read.folder = self.text("folder")?.trim_matches('/').to_owned();
        read.login = self.login()?;
        saved::check_login(protocol, &read.login).map_err(|why| self.trouble("login", why))?;
        read.jump = Some(self.text("jump")?).filter(|jump| !jump.is_empty());
        let jump = read.jump.as_deref().unwrap_or_default();
        saved::check_jump(protocol, jump).map_err(|why| self.trouble("jump", &why))?;
        read.start = Some(self.text("start")?).filter(|start| !start.is_empty());
        read.start_here = Some(self.text("start_here")?).filter(|start| !start.is_empty());
        read.verify = match self.text("verify")?.as_str() {
            "" => None,
            word => Some(
                verify(word)
                    .ok_or_else(|| self.trouble("verify", "not one of auto, digest, size, off"))?,
            ),
        };
        let most = Bounds::MOST_CONNECTIONS as i64;
        read.connections = self.number("connections", most)?.and_then(|n| u8::try_from(n).ok());
        let most = Bounds::MOST_REQUESTS as i64;
        read.requests = self.number("requests", most)?.and_then(|n| u16::try_from(n).ok());
        let requests = saved::check_requests(protocol, read.requests);
        requests.map_err(|why| self.trouble("requests", why))?;
        read.ftp = self.ftp()?;
        let is_ftp = protocol != Protocol::Sftp;
        read.ftp.check(is_ftp).map_err(|why| self.trouble("protocol", why))?;
        read.limit = self
            .text("limit")?
            .parse()
            .map_err(|why: BadLimit| self.trouble("limit", &why.to_string()))?;
        read.colour = self.colour()?;
        read.tags = self.list("tags", "it has to be a list of words: [\"a\", \"b\"]")?;
        read.bookmarks = self.list(BOOKMARKS, FOLDERS)?;
        read.note = self.text("note")?;
        Ok(read)
    }

    /// The host of an entry that is left out, if TLS may have been required of it: a word may be misspelt, or its key.
    fn host_in_doubt(&self) -> Option<String> {
        let word = |key| self.table.get(key).and_then(Item::as_str).map(str::trim);
        let is_optional = word("tls").and_then(TlsRule::read) == Some(TlsRule::Optional);
        let host = word("host")?.trim_matches(['[', ']']);
        (!is_optional).then(|| host.to_owned())
    }

    fn login(&self) -> Result<LoginWay, String> {
        let (key, command) = (self.text("key")?, self.text("password_command")?);
        // A key or a command alone says enough.
        let word = match self.text("login")? {
            word if !word.is_empty() => word,
            _ if !command.is_empty() => "command".to_owned(),
            _ if !key.is_empty() => "key".to_owned(),
            _ => "auto".to_owned(),
        };
        LoginWay::read(&word, &key, &command).map_err(|why| self.trouble("login", why))
    }

    fn ftp(&self) -> Result<FtpWays, String> {
        let encoding = match self.text("encoding")?.as_str() {
            "" => None,
            label => Some(Encoding::read(label).ok_or_else(|| {
                self.trouble("encoding", "no encoding of names, such as windows-1252 or shift_jis")
            })?),
        };
        let mode = match self.text("mode")?.as_str() {
            "" => None,
            word => Some(
                DataMode::read(word)
                    .ok_or_else(|| self.trouble("mode", "not one of passive, active"))?,
            ),
        };
        let tls = match self.text("tls")?.as_str() {
            "" => None,
            word => Some(
                TlsRule::read(word)
                    .ok_or_else(|| self.trouble("tls", "not one of optional, required"))?,
            ),
        };
        let seconds = |key| {
            let number = self.number(key, FtpWays::MOST_SECONDS.into())?;
            Ok::<_, String>(number.and_then(|seconds| u16::try_from(seconds).ok()))
        };
        Ok(FtpWays {
            port: None,
            encoding,
            mode,
            tls,
            keepalive: seconds("keepalive")?,
            connect_timeout: seconds("connect_timeout")?,
            reply_timeout: seconds("reply_timeout")?,
            stall_timeout: seconds("stall_timeout")?,
        })
    }

    fn colour(&self) -> Result<Option<Colour>, String> {
        let key = if self.table.contains_key("colour") { "colour" } else { "color" };
        match self.text(key)?.as_str() {
            "" => Ok(None),
            word => Colour::read(word)
                .map(Some)
                .ok_or_else(|| self.trouble(key, "not one of red, yellow, green, blue, magenta")),
        }
    }

    fn list(&self, key: &str, what: &str) -> Result<Vec<String>, String> {
        let bad = || self.trouble(key, what);
        let Some(item) = self.table.get(key) else { return Ok(Vec::new()) };
        let words = item.as_array().ok_or_else(bad)?.iter();
        let words = words.map(|word| word.as_str().map(str::to_owned).ok_or_else(bad));
        words.map(|word| word.and_then(|word| self.line(key, word))).collect()
    }

    fn bookmarks_here(&self) -> Result<Vec<String>, String> {
        if let Some((unknown, _)) = self.table.iter().find(|(key, _)| *key != BOOKMARKS) {
            return Err(self.trouble(unknown, "this machine has bookmarks alone"));
        }
        self.list(BOOKMARKS, FOLDERS)
    }

    /// A field that holds text; empty where there is none.
    fn text(&self, key: &str) -> Result<String, String> {
        match self.table.get(key).filter(|item| !item.is_none()) {
            None => Ok(String::new()),
            Some(item) => match item.as_str() {
                Some(text) => self.line(key, text.to_owned()),
                None => Err(self.trouble(key, "it has to be text in quotes")),
            },
        }
    }

    fn line(&self, key: &str, text: String) -> Result<String, String> {
        saved::check_line(&text).map_err(|why| self.trouble(key, why))?;
        Ok(text)
    }

    fn number(&self, key: &str, most: i64) -> Result<Option<i64>, String> {
        match self.table.get(key).map(Item::as_integer) {
            None => Ok(None),
            Some(Some(number)) if (1..=most).contains(&number) => Ok(Some(number)),
            _ => Err(self.trouble(key, &format!("it has to be a number from 1 to {most}"))),
        }
    }

    fn trouble(&self, key: &str, why: &str) -> String {
        let line = line_of_key(self.text, self.table, key);
        let name = self.table.get("name").and_then(Item::as_str).map(escape_text);
        let whose =
            name.map_or_else(|| "a site without a name".to_owned(), |name| format!("“{name}”"));
        format!("line {line}: {} of {whose}: {why}", escape_text(key))
    }
}

/// The level of a word.
pub(super) fn verify(word: &str) -> Option<VerifyLevel> {
    [VerifyLevel::Auto, VerifyLevel::Digest, VerifyLevel::Size, VerifyLevel::Off]
        .into_iter()
        .find(|level| level.word() == word)
}

/// The line a key stands on, else the one its table begins on.
fn line_of_key(text: &str, table: &Table, key: &str) -> usize {
    let key = table.get_key_value(key).and_then(|(key, _)| key.span());
    let span = key.or_else(|| table.span());
    span.map_or(1, |span| line_at(text, span.start))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::rate::Limit;

    const WHOLE: &str = r#"
[[site]]
name = "pier 12"
folder = "harbour/north"
protocol = "sftp"
host = "files.example"
port = 2222
user = "anna"
login = "command"
password_command = "pass show 'pier 12'"
jump = "anna@gate.example:2200,inner"
start = "/srv/in"
start_here = "~/work"
verify = "size"
connections = 2
requests = 64
limit = "2M"
colour = "red"
tags = ["prod", "nightly"]
note = "ask Berta first"
bookmarks = ["/srv/in", "out"]

[[site]]
name = "plain"
host = "::1"

[[site]]
name = "old"
protocol = "ftp"
host = "old.example"
encoding = "latin1"
mode = "active"
keepalive = 20
connect_timeout = 5
reply_timeout = 6
stall_timeout = 7
[here]
bookmarks = ["~/work"]
"#;

    #[test]
    fn every_field_is_read() {
        let contents = read(WHOLE).unwrap();
        assert_eq!(contents.troubles, Vec::<String>::new());
        let [whole, plain, old] = contents.sites.as_slice() else { panic!("three sites") };
        assert_eq!(whole.site.to_string(), "anna@files.example:2222");
        assert_eq!(whole.login, LoginWay::Command("pass show 'pier 12'".to_owned()));
        assert_eq!(whole.jump.as_deref(), Some("anna@gate.example:2200,inner"));
        assert_eq!(whole.start_here.as_deref(), Some("~/work"));
        assert_eq!((whole.verify, whole.connections), (Some(VerifyLevel::Size), Some(2)));
        assert_eq!((whole.requests, plain.requests), (Some(64), None));
        assert_eq!((whole.limit, plain.limit), (Limit(Some(2 << 20)), Limit(None)));
        assert_eq!(whole.tags, ["prod", "nightly"]);
        assert_eq!(whole.bookmarks, ["/srv/in", "out"]);
        assert_eq!(contents.bookmarks, ["~/work"]);
        assert_eq!(plain.site.to_string(), "[::1]");
        assert_eq!(plain.login, LoginWay::Auto);
        let ways = FtpWays {
            port: None,
            encoding: Encoding::read("windows-1252"),
            mode: Some(DataMode::Active),
            tls: None,
            keepalive: Some(20),
            connect_timeout: Some(5),
            reply_timeout: Some(6),
            stall_timeout: Some(7),
        };
        assert_eq!(old.ftp, ways);
    }

    #[test]
    fn what_cannot_be_used_is_named_with_its_line_and_the_rest_is_used() {
        for (line, named) in [
            ("port = 99999", "line 5: port of “bad”: it has to be a number from 1 to 65535"),
            ("port = \"22\"", "line 5: port of “bad”"),
            ("user = \"$(x)\"", "line 5: user of “bad”"),
            ("protocol = \"gopher\"", "line 5: protocol of “bad”: not one of sftp"),
            ("login = \"key\"", "line 5: login of “bad”: a login by key needs"),
            ("jump = \"a,-oX\"", "line 5: jump of “bad”: the host holds a character"),
            ("verify = \"md5\"", "line 5: verify of “bad”"),
            ("tls = \"always\"", "line 5: tls of “bad”"),
            ("connections = 17", "line 5: connections of “bad”"),
            ("requests = 4097", "line 5: requests of “bad”: it has to be a number from 1 to 4096"),
            ("requests = 8\nprotocol = \"ftp\"", "line 5: requests of “bad”: only SFTP"),
            ("encoding = \"morse\"", "line 5: encoding of “bad”: no encoding of names"),
            ("mode = \"both\"", "line 5: mode of “bad”: not one of passive, active"),
            ("stall_timeout = 0", "line 5: stall_timeout of “bad”: it has to be a number from 1"),
            ("keepalive = 10", "line 2: protocol of “bad”: encoding, mode, tls, keepalive"),
            ("colour = \"octarine\"", "line 5: colour of “bad”"),
            ("tags = \"prod\"", "line 5: tags of “bad”"),
            ("bookmarks = \"/srv\"", "line 5: bookmarks of “bad”: it has to be a list of folders"),
            ("passwort = \"x\"", "line 5: passwort of “bad”: no site has this"),
            ("note = \"\\u001b[2J\"", "line 5: note of “bad”: it holds control characters"),
        ] {
            let text = format!(
                "# mine\n[[site]]\nname = \"bad\"\nhost = \"h\"\n{line}\n\n[[site]]\nname = \"good\"\nhost = \"g\"\n"
            );
            let contents = read(&text).unwrap();
            assert_eq!(contents.sites.len(), 1, "{line}: {:?}", contents.sites);
            assert_eq!(contents.sites[0].name, "good");
            assert!(contents.troubles[0].starts_with(named), "{line}: {:?}", contents.troubles);
        }
    }

    #[test]
    fn two_sites_of_one_name_or_one_address_with_two_logins_are_told() {
        let twice = "[[site]]\nname = \"a\"\nhost = \"h\"\n[[site]]\nname = \"a\"\nhost = \"g\"\n";
        assert!(read(twice).unwrap().troubles[0].starts_with("line 5: name of “a”"));
        let alike = "[[site]]\nname = \"a\"\nhost = \"h\"\n[[site]]\nname = \"b\"\nhost = \"h\"\n";
        assert_eq!(read(alike).unwrap().sites.len(), 2);
        let unlike = format!("{alike}login = \"ask\"\n");
        assert!(read(&unlike).unwrap().troubles[0].starts_with("line 7: login of “b”"));
    }

    #[test]
    fn what_is_no_toml_says_where() {
        assert!(read("[[site]]\nname = \n").unwrap_err().starts_with("line 2: "));
        let other = read("x = 1\n[[site]]\nname = \"a\"\nhost = \"h\"\n").unwrap();
        assert!(other.troubles[0].starts_with("line 1: x means nothing here"));
        assert_eq!(other.sites.len(), 1);
    }
}
