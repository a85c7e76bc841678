//! `config.toml`: what a person has set, each with a default and its bounds.

use std::{collections::HashSet, fmt::Display, fs, io, path::Path};

use serde::Deserialize;
use toml_edit::{Document, Item, Key};

use super::lines::{first_line, line_at};
use crate::domain::{
    columns::Columns,
    display::escape,
    encoding::Encoding,
    error::Error,
    ftp::{DataMode, FtpWays, TlsRule},
    journal::{Retention, WhenLeft},
    question::ConflictChoice,
    rate::Limit,
    signals::{Notify, Signals},
    site::Bounds,
    trash::Trash,
};

/// The file's name within the configuration directory.
const FILE: &str = "config.toml";
/// The section that says how long what was done is kept.
const LEDGER: &str = "ledger";
const FTP: &str = "ftp";

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
    tls: String,
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
            tls: match self.tls.as_str() {
                "" => None,
                word => Some(
                    TlsRule::read(word)
                        .ok_or_else(|| "ftp.tls is not one of optional, required".to_owned())?,
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

/// Reads the file in this directory; the defaults where there is none. What cannot be used of it keeps its default and is
/// told, each with the file, the line and the field: a mistake in a setting stops nobody's work. The file is only read.
pub fn read(config_dir: &Path) -> (Config, Vec<String>) {
    let path = config_dir.join(FILE);
    let named = escape(path.as_os_str().as_encoded_bytes());
    let unread = |text: Option<&str>, why: String| (cautious(text), vec![why]);
    let text = match fs::read_to_string(&path) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Default::default(),
        Err(error) => {
            let error = Error::from_io(format!("read {named}"), error);
            return unread(None, format!("{error} All settings have their defaults."));
        }
    };
    match parse(&text) {
        Ok((config, mistakes)) => {
            let told =
                |why| format!("{named}, {why}. It has its default; the other settings are used.");
            (config, mistakes.into_iter().map(told).collect())
        }
        Err(why) => unread(
            Some(&text),
            format!(
                "{named}, {why}. All settings have their defaults until this is mended; Wharf does not touch the file."
            ),
        ),
    }
}

/// The defaults; but nothing goes from the ledger by them where somebody may have wished to keep it, and nothing is said
/// in plain FTP where somebody may have required TLS.
fn cautious(text: Option<&str>) -> Config {
    let retention = Retention { days: Retention::MOST_DAYS, rows: Retention::MOST_ROWS };
    let speaks_of_tls = text.is_none_or(|text| text.contains("tls"));
    let tls = speaks_of_tls.then_some(TlsRule::Required);
    Config { retention, ftp: FtpWays { tls, ..FtpWays::default() }, ..Config::default() }
}

/// Judges each setting by itself; those that make no sense come back as mistakes, each with its line. An error, with its
/// line, where it is no TOML at all.
fn parse(text: &str) -> std::result::Result<(Config, Vec<String>), String> {
    let said = |at, why: &str| format!("line {}: {}", line_at(text, at), first_line(why));
    let document = Document::parse(text)
        .map_err(|error| said(error.span().map_or(0, |span| span.start), error.message()))?;
    let (mut good, mut mistakes) = (toml::Table::new(), Vec::new());
    let all: toml::Table = toml::from_str(text).map_err(|error| said(0, error.message()))?;
    let (mut mistaken, sections) = (HashSet::new(), document.as_table());
    for (section, value) in all {
        let mut mistake = |key: Option<&Key>, why: &str| {
            mistaken.insert(section.clone());
            mistakes.push(said(key.and_then(Key::span).map_or(0, |span| span.start), why));
        };
        let (heading, settings) = sections.get_key_value(&section).unzip();
        let toml::Value::Table(values) = value else {
            mistake(heading, &format!("{section} means nothing here, outside of a section"));
            continue;
        };
        if config_of(toml::Table::from_iter([(section.clone(), toml::Table::new().into())]))
            .is_err()
        {
            mistake(heading, &format!("there is no section {section}"));
            continue;
        }
        let settings = settings.and_then(Item::as_table_like);
        let kept = good.entry(section.clone()).or_insert_with(|| toml::Table::new().into());
        for (name, value) in values {
            let alone = toml::Table::from_iter([(name.clone(), value.clone())]);
            match config_of(toml::Table::from_iter([(section.clone(), alone.into())])) {
                Ok(_) => {
                    if let toml::Value::Table(kept) = &mut *kept {
                        kept.insert(name, value);
                    }
                }
                Err(why) => {
                    let field = format!("{section}.{name}");
                    let why = if why.starts_with(&field) { why } else { format!("{field}: {why}") };
                    let key = settings.and_then(|settings| settings.get_key_value(&name));
                    mistake(key.map(|(key, _)| key), &why);
                }
            }
        }
    }
    let mut config = config_of(good)?;
    if mistaken.contains(LEDGER) {
        config.retention = cautious(None).retention;
    }
    if mistaken.contains(FTP) {
        config.ftp.tls = cautious(None).ftp.tls;
    }
    Ok((config, mistakes))
}

/// What these settings mean; or, of the first that means nothing, why.
fn config_of(table: toml::Table) -> std::result::Result<Config, String> {
    let File { transfers, delete, ftp, ledger, screen } =
        table.try_into().map_err(|error: toml::de::Error| error.message().to_owned())?;
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
                Bounds::MOST_REQUESTS,
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

    /// The settings, or the first mistake in them.
    fn parse(text: &str) -> std::result::Result<Config, String> {
        let (config, mistakes) = super::parse(text)?;
        mistakes.into_iter().next().map_or(Ok(config), Err)
    }

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
        assert!(why.starts_with("line 2: transfers.limit is \"fast\": neither bytes"), "{why}");
        let keeping = parse("[transfers]\non_conflict = \"keep-both\"\n").unwrap();
        assert_eq!(keeping.on_conflict, Some(ConflictChoice::KeepBoth));
        assert_eq!(parse("[transfers]\non_conflict = \"ask\"\n").unwrap().on_conflict, None);
        let why = parse("[transfers]\non_conflict = \"eat\"\n").unwrap_err();
        assert!(
            why.starts_with(
                "line 2: transfers.on_conflict is \"eat\", and has to be one of ask, overwrite"
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
        assert_eq!(read(folder.path()), (Config::default(), Vec::new()));
    }

    #[test]
    fn mistakes_are_named_with_their_line() {
        let why = parse("[transfers]\nconections = 1\n").unwrap_err();
        assert!(
            why.starts_with("line 2: transfers.conections: unknown field `conections`"),
            "{why}"
        );
        let why = parse("[ledger]\nkeep_days = 0\n").unwrap_err();
        assert_eq!(why, "line 2: ledger.keep_days is 0, and has to be from 1 to 36525");
        let screen = "[screen]\ntheme = \"light\"\nicons = true\nrestore = true\nbell = true\nnotify = \"osc9\"\ntaskbar = false\n";
        let config = parse(screen).unwrap();
        let signals = Signals { bell: true, notify: Notify::Osc9, taskbar: Some(false) };
        assert_eq!((config.theme.as_str(), config.signals), ("light", signals));
        assert!(config.icons && config.restore);
        let why = parse("[screen]\ncolumns = [\"name\", \"colour\"]").unwrap_err();
        assert!(why.starts_with("line 2: screen.columns: colour is no column"), "{why}");
        assert!(
            parse("[screen]\nnotify = \"loud\"").unwrap_err().starts_with("line 2: screen.notify")
        );
        let why = parse("[transfers]\nconnections = 0\n").unwrap_err();
        assert_eq!(why, "line 2: transfers.connections is 0, and has to be from 1 to 16");
        for (wrong, begins) in [
            ("encoding = \"morse\"", "line 2: ftp.encoding is \"morse\""),
            ("mode = \"both\"", "line 2: ftp.mode is not one of"),
            ("keepalive = 0", "line 2: ftp.keepalive is 0, and has to be from 1 to 3600"),
        ] {
            let why = parse(&format!("[ftp]\n{wrong}\n")).unwrap_err();
            assert!(why.starts_with(begins), "{why}");
        }
        assert!(parse("[transfers]\n\nrequests_in_flight = -1").unwrap_err().starts_with("line 3"));
        assert_eq!(parse("[transfers]\nat_once = 3\n").unwrap().at_once, Some(3));
        let why = parse("[transfers]\nat_once = 0\n").unwrap_err();
        assert_eq!(why, "line 2: transfers.at_once is 0, and has to be from 1 to 1024");
        assert!(parse("[transfers").is_err());
    }

    #[test]
    fn one_mistake_costs_one_setting() {
        let text = "top = 1\n[transfers]\nconnections = \"many\"\nat_once = 3\n[nothing]\na = 1\nb = 2\n\n\
                    [screen]\nicons = true\ncolour = \"red\"\n";
        let (config, mistakes) = super::parse(text).unwrap();
        assert_eq!((config.at_once, config.icons), (Some(3), true));
        assert_eq!(config.bounds, Bounds::default());
        assert_eq!(config.retention, Retention::default());
        let mut lines: Vec<&str> =
            mistakes.iter().filter_map(|why| why.split(':').next()).collect();
        lines.sort_unstable();
        assert_eq!(lines, ["line 1", "line 11", "line 3", "line 5"], "{mistakes:?}");
    }

    #[test]
    fn nothing_goes_from_the_ledger_for_a_mistake() {
        let folder = tempfile::tempdir().unwrap();
        for text in ["[ledger]\nkeep_days = 4000\nkeep_rows = 0\n", "[ledger\nkeep_days = 4000\n"] {
            fs::write(folder.path().join(FILE), text).unwrap();
            let (config, told) = read(folder.path());
            assert_eq!(config.retention, cautious(None).retention);
            assert_eq!(config.ftp.tls, None, "nobody spoke of TLS");
            assert!(told[0].contains("config.toml, line "), "{told:?}");
        }
        // What is no text at all is told as well.
        fs::write(folder.path().join(FILE), b"\xff").unwrap();
        let (config, told) = read(folder.path());
        assert_eq!((config, told.len()), (cautious(None), 1));
    }

    #[test]
    fn no_mistake_lets_plain_ftp_through_where_tls_may_have_been_required() {
        let folder = tempfile::tempdir().unwrap();
        for text in [
            "[ftp]\ntls = \"requird\"\n",
            "[ftp]\nTLS = \"required\"\n",
            "[ftp\ntls = \"required\"\n",
        ] {
            fs::write(folder.path().join(FILE), text).unwrap();
            let (config, told) = read(folder.path());
            assert_eq!((config.ftp.tls, told.len()), (Some(TlsRule::Required), 1), "{text}");
        }
    }
}
