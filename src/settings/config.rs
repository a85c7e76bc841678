//! `config.toml`: what a person has set, each with a default and its bounds.

use std::{fmt::Display, fs, io, path::Path};

use serde::Deserialize;

use crate::domain::{
    columns::Columns,
    display::escape,
    encoding::Encoding,
    error::{Error, ErrorKind, Result},
    ftp::{DataMode, FtpWays},
    journal::{Retention, WhenLeft},
    question::ConflictChoice,
    rate::Limit,
    signals::{Notify, Signals},
    site::Bounds,
    trash::Trash,
};

/// The file's name within the configuration directory.
const FILE: &str = "config.toml";

/// All that can be set.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Config {
    /// `[transfers]`.
    pub bounds: Bounds,
    /// Its `resume`.
    pub when_left: WhenLeft,
    /// Its `on_conflict`: what the screen does with a name that is taken; `None` asks.
    pub on_conflict: Option<ConflictChoice>,
    /// `[delete]`: where removal puts things into the trash.
    pub trash: Trash,
    /// `[transfers]`, `at_once`: so many files at once, at most.
    pub at_once: Option<usize>,
    /// Its `limit`.
    pub limit: Limit,
    /// `[ftp]`: what holds for servers of which nothing else is said.
    pub ftp: FtpWays,
    /// `[ledger]`.
    pub retention: Retention,
    /// `[screen]`: the theme's name, empty for one that suits the terminal.
    pub theme: String,
    /// `[screen]`: icons in front of names.
    pub icons: bool,
    /// `[screen]`: the columns of panes.
    pub columns: Columns,
    /// `[screen]`: the panes are shown again as they were left.
    pub restore: bool,
    /// `[screen]`: what tells beside it.
    pub signals: Signals,
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
struct File {
    transfers: Transfers,
    delete: Delete,
    ftp: Ftp,
    ledger: Ledger,
    screen: Screen,
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
struct Delete {
    trash: Option<String>,
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
struct Screen {
    theme: String,
    icons: bool,
    columns: Option<Vec<String>>,
    restore: bool,
    bell: bool,
    notify: String,
    taskbar: Option<bool>,
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
struct Ftp {
    encoding: String,
    mode: String,
    keepalive: Option<u16>,
    connect_timeout: Option<u16>,
    reply_timeout: Option<u16>,
    stall_timeout: Option<u16>,
}

impl Ftp {
    fn read(self) -> std::result::Result<FtpWays, String> {
        let seconds = |name, said: Option<u16>| {
            said.map(|said| within(name, said, FtpWays::MOST_SECONDS)).transpose()
        };
        Ok(FtpWays {
            port: None,
            encoding: match self.encoding.as_str() {
                "" => None,
                label => Some(Encoding::read(label).ok_or_else(|| {
                    let label = escape(label.as_bytes());
                    format!("ftp.encoding is \"{label}\", and that is no encoding of names")
                })?),
            },
            mode: match self.mode.as_str() {
                "" => None,
                word => Some(
                    DataMode::read(word)
                        .ok_or_else(|| "ftp.mode is not one of passive, active".to_owned())?,
                ),
            },
            keepalive: seconds("ftp.keepalive", self.keepalive)?,
            connect_timeout: seconds("ftp.connect_timeout", self.connect_timeout)?,
            reply_timeout: seconds("ftp.reply_timeout", self.reply_timeout)?,
            stall_timeout: seconds("ftp.stall_timeout", self.stall_timeout)?,
        })
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Transfers {
    connections: usize,
    requests_in_flight: usize,
    resume: Resume,
    on_conflict: String,
    at_once: Option<u16>,
    limit: String,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "lowercase")]
enum Resume {
    #[default]
    Ask,
    Always,
    Never,
}

impl Default for Transfers {
    fn default() -> Self {
        let Bounds { connections, requests_in_flight } = Bounds::default();
        Self {
            connections,
            requests_in_flight,
            resume: Resume::Ask,
            on_conflict: String::new(),
            at_once: None,
            limit: String::new(),
        }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Ledger {
    keep_days: u32,
    keep_rows: u32,
}

impl Default for Ledger {
    fn default() -> Self {
        let Retention { days, rows } = Retention::default();
        Self { keep_days: days, keep_rows: rows }
    }
}

/// Reads the file in this directory; the defaults where there is none.
pub fn read(config_dir: &Path) -> Result<Config> {
    let path = config_dir.join(FILE);
    let doing = || format!("read {}", escape(path.as_os_str().as_encoded_bytes()));
    match fs::read_to_string(&path) {
        Ok(text) => parse(&text).map_err(|why| Error::new(ErrorKind::Invalid, doing(), why)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Config::default()),
        Err(error) => Err(Error::from_io(doing(), error)),
    }
}

fn parse(text: &str) -> std::result::Result<Config, String> {
    let File { transfers, delete, ftp, ledger, screen } =
        toml::from_str(text).map_err(|error| {
            let before = |span: std::ops::Range<usize>| text[..span.start].matches('\n').count();
            let line = 1 + error.span().map_or(0, before);
            format!("line {line}: {}", error.message())
        })?;
    let notify = match screen.notify.as_str() {
        "" => Notify::Off,
        word => Notify::read(word)
            .ok_or_else(|| "screen.notify is not one of off, osc9, osc777".to_owned())?,
    };
    Ok(Config {
        theme: screen.theme,
        icons: screen.icons,
        columns: match &screen.columns {
            Some(words) => Columns::read(words.iter().map(String::as_str))
                .map_err(|why| format!("screen.columns: {why}"))?,
            None => Columns::default(),
        },
        restore: screen.restore,
        signals: Signals { bell: screen.bell, notify, taskbar: screen.taskbar },
        bounds: Bounds {
            connections: within(
                "transfers.connections",
                transfers.connections,
                Bounds::MOST_CONNECTIONS,
            )?,
            requests_in_flight: within(
                "transfers.requests_in_flight",
                transfers.requests_in_flight,
                4096,
            )?,
        },
        ftp: ftp.read()?,
        at_once: transfers
            .at_once
            .map(|most| within("transfers.at_once", most, 1024).map(usize::from))
            .transpose()?,
        limit: transfers.limit.parse().map_err(|why| {
            format!("transfers.limit is \"{}\": {why}", escape(transfers.limit.as_bytes()))
        })?,
        when_left: match transfers.resume {
            Resume::Ask => WhenLeft::Ask,
            Resume::Always => WhenLeft::Always,
            Resume::Never => WhenLeft::Never,
        },
        on_conflict: on_conflict(&transfers.on_conflict)?,
        trash: match &delete.trash {
            None => Trash::default(),
            Some(word) => Trash::read(word)
                .ok_or_else(|| "delete.trash is not one of local, everywhere, never".to_owned())?,
        },
        retention: Retention {
            days: within("ledger.keep_days", ledger.keep_days, Retention::MOST_DAYS)?,
            rows: within("ledger.keep_rows", ledger.keep_rows, Retention::MOST_ROWS)?,
        },
    })
}

/// What is to be done with a name that is taken; nothing, or `ask`, asks.
fn on_conflict(word: &str) -> std::result::Result<Option<ConflictChoice>, String> {
    if matches!(word, "" | "ask") {
        return Ok(None);
    }
    let known = ConflictChoice::ALL.into_iter().find(|choice| choice.word() == word);
    known.map(Some).ok_or_else(|| {
        let words = ConflictChoice::ALL.map(ConflictChoice::word).join(", ");
        let word = escape(word.as_bytes());
        format!("transfers.on_conflict is \"{word}\", and has to be one of ask, {words}")
    })
}

fn within<T: PartialOrd + Display + From<u8>>(
    name: &str,
    value: T,
    most: T,
) -> std::result::Result<T, String> {
    if value >= T::from(1) && value <= most {
        return Ok(value);
    }
    Err(format!("{name} is {value}, and has to be from 1 to {most}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_set_keeps_its_default() {
        assert_eq!(parse("").unwrap(), Config::default());
        let config = parse("# few\n[transfers]\nconnections = 1\n").unwrap();
        assert_eq!(config.bounds, Bounds { connections: 1, ..Bounds::default() });
        let config = parse("[transfers]\nresume = \"never\"\n").unwrap();
        assert_eq!(config, Config { when_left: WhenLeft::Never, ..Config::default() });
        assert!(parse("[transfers]\nresume = \"perhaps\"\n").unwrap_err().starts_with("line 2"));
        assert_eq!(parse("[transfers]\nlimit = \"2M\"\n").unwrap().limit, Limit(Some(2 << 20)));
        let why = parse("[transfers]\nlimit = \"fast\"\n").unwrap_err();
        assert!(why.starts_with("transfers.limit is \"fast\": neither bytes"), "{why}");
        let keeping = parse("[transfers]\non_conflict = \"keep-both\"\n").unwrap();
        assert_eq!(keeping.on_conflict, Some(ConflictChoice::KeepBoth));
        assert_eq!(parse("[transfers]\non_conflict = \"ask\"\n").unwrap().on_conflict, None);
        let why = parse("[transfers]\non_conflict = \"eat\"\n").unwrap_err();
        assert!(
            why.starts_with(
                "transfers.on_conflict is \"eat\", and has to be one of ask, overwrite"
            ),
            "{why}"
        );
        let ftp = parse("[ftp]\nencoding = \"latin1\"\nmode = \"active\"\nstall_timeout = 9\n");
        let ways = FtpWays {
            encoding: Encoding::read("latin1"),
            mode: Some(DataMode::Active),
            stall_timeout: Some(9),
            ..FtpWays::default()
        };
        assert_eq!(ftp.unwrap().ftp, ways);
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(read(folder.path()).unwrap(), Config::default());
    }

    #[test]
    fn mistakes_are_named_with_their_line() {
        let why = parse("[transfers]\nconections = 1\n").unwrap_err();
        assert!(why.starts_with("line 2: unknown field `conections`"), "{why}");
        let why = parse("[ledger]\nkeep_days = 0\n").unwrap_err();
        assert_eq!(why, "ledger.keep_days is 0, and has to be from 1 to 36525");
        let screen = "[screen]\ntheme = \"light\"\nicons = true\nrestore = true\nbell = true\nnotify = \"osc9\"\ntaskbar = false\n";
        let config = parse(screen).unwrap();
        let signals = Signals { bell: true, notify: Notify::Osc9, taskbar: Some(false) };
        assert_eq!((config.theme.as_str(), config.signals), ("light", signals));
        assert!(config.icons && config.restore);
        let why = parse("[screen]\ncolumns = [\"name\", \"colour\"]").unwrap_err();
        assert!(why.starts_with("screen.columns: colour is no column"), "{why}");
        assert!(parse("[screen]\nnotify = \"loud\"").unwrap_err().starts_with("screen.notify"));
        let why = parse("[transfers]\nconnections = 0\n").unwrap_err();
        assert_eq!(why, "transfers.connections is 0, and has to be from 1 to 16");
        for (wrong, begins) in [
            ("encoding = \"morse\"", "ftp.encoding is \"morse\""),
            ("mode = \"both\"", "ftp.mode is not one of"),
            ("keepalive = 0", "ftp.keepalive is 0, and has to be from 1 to 3600"),
        ] {
            let why = parse(&format!("[ftp]\n{wrong}\n")).unwrap_err();
            assert!(why.starts_with(begins), "{why}");
        }
        assert!(parse("[transfers]\n\nrequests_in_flight = -1").unwrap_err().starts_with("line 3"));
        assert_eq!(parse("[transfers]\nat_once = 3\n").unwrap().at_once, Some(3));
        let why = parse("[transfers]\nat_once = 0\n").unwrap_err();
        assert_eq!(why, "transfers.at_once is 0, and has to be from 1 to 1024");
        assert!(parse("[transfers").is_err());
    }
}
