//! Changes to the text of `sites.toml`: what a person wrote beside them, comments and order, stays.

use toml_edit::{Array, ArrayOfTables, DocumentMut, Item, Table, Value, value};

use super::read::{BOOKMARKS, HERE, KEYS, SITE, read};
use crate::domain::saved::{LoginWay, SavedSite};

/// What a new file begins with.
const HEADER: &str = "# Sites saved by Wharf. Comments and order are kept when Wharf changes something here.\n\
                      # Passwords are not kept here: they belong in the keyring, or behind password_command.\n\n";

/// The text with a site added, or in the place of the one called `was`.
pub(super) fn save(text: &str, was: Option<&str>, site: &SavedSite) -> Result<String, String> {
    let mut document = parse(text)?;
    let sites = tables(&mut document)?;
    let taken = position(sites, &site.name).is_some() && was != Some(site.name.as_str());
    if taken {
        return Err(format!("there is a site called “{}” already", site.name));
    }
    match was {
        Some(was) => {
            let at = position(sites, was).ok_or_else(|| gone(was))?;
            if let Some(table) = sites.get_mut(at) {
                write(table, site);
            }
        }
        None => {
            let mut table = Table::new();
            table.decor_mut().set_prefix("\n");
            write(&mut table, site);
            sites.push(table);
        }
    }
    let mut new = document.to_string();
    if text.trim().is_empty() {
        new.insert_str(0, HEADER);
    }
    check(&new, site)?;
    Ok(new)
}

/// The text with these bookmarks of this machine.
pub(super) fn bookmarks_here(text: &str, bookmarks: &[String]) -> Result<String, String> {
    let mut document = parse(text)?;
    let item = document.entry(HERE).or_insert_with(|| {
        let mut table = Table::new();
        table.decor_mut().set_prefix("\n");
        Item::Table(table)
    });
    let table = item.as_table_mut().ok_or_else(|| format!("`{HERE}` is no [{HERE}] table"))?;
    let list = Some(bookmarks).filter(|list| !list.is_empty());
    set(table, BOOKMARKS, list.map(|list| Value::Array(Array::from_iter(list))));
    if table.is_empty() {
        document.remove(HERE);
    }
    let mut new = document.to_string();
    if text.trim().is_empty() {
        new.insert_str(0, HEADER);
    }
    match read(&new)?.bookmarks == bookmarks {
        true => Ok(new),
        false => Err("these bookmarks would not read back as they were meant".to_owned()),
    }
}

/// The text without the site of this name.
pub(super) fn remove(text: &str, name: &str) -> Result<String, String> {
    let mut document = parse(text)?;
    let sites = tables(&mut document)?;
    let at = position(sites, name).ok_or_else(|| gone(name))?;
    sites.remove(at);
    Ok(document.to_string())
}

fn gone(name: &str) -> String {
    format!("the file holds no site called “{name}” any more")
}

fn parse(text: &str) -> Result<DocumentMut, String> {
    // The reader's words, for they name the line.
    read(text)?;
    text.parse::<DocumentMut>().map_err(|error| error.message().to_owned())
}

fn tables(document: &mut DocumentMut) -> Result<&mut ArrayOfTables, String> {
    let item = document.entry(SITE).or_insert_with(|| Item::ArrayOfTables(ArrayOfTables::new()));
    item.as_array_of_tables_mut().ok_or_else(|| format!("`{SITE}` is no list of [[{SITE}]] tables"))
}

fn position(sites: &ArrayOfTables, name: &str) -> Option<usize> {
    sites.iter().position(|table| table.get("name").and_then(Item::as_str) == Some(name))
}

/// What was written must read back as what was meant, or it is not written.
fn check(text: &str, site: &SavedSite) -> Result<(), String> {
    let contents = read(text)?;
    if contents.sites.iter().any(|read| read == site) {
        return Ok(());
    }
    let named = format!("“{}”", site.name);
    let why = contents.troubles.into_iter().find(|trouble| trouble.contains(&named));
    Err(why.unwrap_or_else(|| format!("{named} would not read back as it was meant")))
}

fn write(table: &mut Table, site: &SavedSite) {
    let text = |text: &str| Some(text).filter(|text| !text.is_empty()).map(Value::from);
    let seconds = |said: Option<u16>| said.map(|seconds| Value::from(i64::from(seconds)));
    for key in KEYS {
        let new = match key {
            "name" => text(&site.name),
            "folder" => text(&site.folder),
            "protocol" => text(site.site.protocol().scheme()),
            "host" => text(site.site.host()),
            "port" => site.site.port().map(|port| Value::from(i64::from(port))),
            "user" => text(site.site.user().unwrap_or_default()),
            "login" => {
                Some(Value::from(site.login.word())).filter(|_| site.login != LoginWay::Auto)
            }
            "key" => match &site.login {
                LoginWay::Key(key) => text(key),
                _ => None,
            },
            "password_command" => match &site.login {
                LoginWay::Command(command) => text(command),
                _ => None,
            },
            "jump" => text(site.jump.as_deref().unwrap_or_default()),
            "start" => text(site.start.as_deref().unwrap_or_default()),
            "start_here" => text(site.start_here.as_deref().unwrap_or_default()),
            "verify" => site.verify.map(|level| Value::from(level.word())),
            "connections" => site.connections.map(|most| Value::from(i64::from(most))),
            "requests" => site.requests.map(|most| Value::from(i64::from(most))),
            "encoding" => site.ftp.encoding.map(|encoding| Value::from(encoding.name())),
            "mode" => site.ftp.mode.map(|mode| Value::from(mode.word())),
            "tls" => site.ftp.tls.map(|rule| Value::from(rule.word())),
            "keepalive" => seconds(site.ftp.keepalive),
            "connect_timeout" => seconds(site.ftp.connect_timeout),
            "reply_timeout" => seconds(site.ftp.reply_timeout),
            "stall_timeout" => seconds(site.ftp.stall_timeout),
            "limit" => text(&site.limit.typed()),
            "colour" => site.colour.map(|colour| Value::from(colour.word())),
            BOOKMARKS if site.bookmarks.is_empty() => None,
            BOOKMARKS => Some(Value::Array(Array::from_iter(&site.bookmarks))),
            "tags" if site.tags.is_empty() => None,
            "tags" => Some(Value::Array(Array::from_iter(&site.tags))),
            "note" => text(&site.note),
            // The other spelling of colour is read, and written as colour.
            _ => None,
        };
        set(table, key, new);
    }
}

/// Sets a key, or takes it away. A value that says the same stays as it was written, and so does what stands beside it.
fn set(table: &mut Table, key: &str, new: Option<Value>) {
    let Some(mut new) = new else {
        table.remove(key);
        return;
    };
    match table.get_mut(key) {
        Some(Item::Value(old)) => {
            if !says_the_same(old, &new) {
                *new.decor_mut() = old.decor().clone();
                *old = new;
            }
        }
        _ => {
            table.insert(key, value(new));
        }
    }
}

fn says_the_same(old: &Value, new: &Value) -> bool {
    match (old, new) {
        (Value::String(old), Value::String(new)) => old.value() == new.value(),
        (Value::Integer(old), Value::Integer(new)) => old.value() == new.value(),
        (Value::Array(old), Value::Array(new)) => {
            old.len() == new.len() && old.iter().zip(new).all(|(old, new)| says_the_same(old, new))
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{
        encoding::Encoding,
        ftp::{DataMode, FtpWays, TlsRule},
        site::{Protocol, Site},
    };

    const MINE: &str = r#"# my sites

[[site]]
name = "files"   # the big one
host = 'files.example'
user = "anna"

# the old one; do not touch
[[site]]
name = "old"
host = "old.example"
port = 99999

# the end
"#;

    fn site(name: &str, host: &str) -> SavedSite {
        SavedSite::new(name, Site::new(Protocol::Sftp, Some("anna"), host, None).unwrap())
    }

    #[test]
    fn comments_order_and_what_did_not_change_stay() {
        let mut changed = site("files", "files.example");
        changed.note = "quiet after six".to_owned();
        let text = save(MINE, Some("files"), &changed).unwrap();
        let added = "protocol = \"sftp\"\nnote = \"quiet after six\"\n";
        let expected = MINE.replacen("user = \"anna\"\n", &format!("user = \"anna\"\n{added}"), 1);
        assert_eq!(text, expected);
        changed.note.clear();
        changed.name = "bulk".to_owned();
        let text = save(&text, Some("files"), &changed).unwrap();
        assert!(text.contains("name = \"bulk\"   # the big one"), "{text}");
        assert!(!text.contains("note"), "{text}");
    }

    #[test]
    fn an_entry_that_cannot_be_read_survives_the_edit_of_another() {
        let text = save(MINE, None, &site("new", "new.example")).unwrap();
        assert!(text.contains("# the old one; do not touch\n[[site]]\nname = \"old\""), "{text}");
        assert!(text.contains("port = 99999"), "{text}");
        assert_eq!(read(&text).unwrap().sites.len(), 2, "{text}");
        let text = remove(&text, "files").unwrap();
        assert!(text.contains("port = 99999") && !text.contains("the big one"), "{text}");
    }

    #[test]
    fn ways_of_ftp_read_back() {
        let address = Site::new(Protocol::Ftp, None, "h", None).unwrap();
        let mut old = SavedSite::new("old", address);
        old.ftp = FtpWays {
            port: None,
            encoding: Encoding::read("koi8-r"),
            mode: Some(DataMode::Passive),
            tls: Some(TlsRule::Required),
            keepalive: Some(1),
            connect_timeout: Some(2),
            reply_timeout: Some(3),
            stall_timeout: Some(4),
        };
        let text = save("", None, &old).unwrap();
        assert!(
            text.contains("encoding = \"koi8-r\"\nmode = \"passive\"\ntls = \"required\"\n"),
            "{text}"
        );
        assert_eq!(read(&text).unwrap().sites, [old]);
    }

    #[test]
    fn bookmarks_come_and_go_and_what_stands_beside_them_stays() {
        let list = |paths: &[&str]| paths.iter().map(|path| (*path).to_owned()).collect::<Vec<_>>();
        let text = bookmarks_here(MINE, &list(&["/home/anna/work"])).unwrap();
        assert!(text.starts_with(MINE.trim_end_matches("\n# the end\n")), "{text}");
        assert!(text.contains("# the end") && text.contains("[here]\nbookmarks = ["), "{text}");
        let commented = text.replace("[here]", "# mine\n[here]");
        let text = bookmarks_here(&commented, &list(&["/a", "/b"])).unwrap();
        assert!(text.contains("# mine\n[here]\nbookmarks = [\"/a\", \"/b\"]"), "{text}");
        let mut changed = site("files", "files.example");
        changed.bookmarks = list(&["/srv/in"]);
        let text = save(&text, Some("files"), &changed).unwrap();
        assert!(
            text.contains("bookmarks = [\"/srv/in\"]") && text.contains("# the big one"),
            "{text}"
        );
        assert_eq!(read(&text).unwrap().bookmarks, ["/a", "/b"]);
        let text = bookmarks_here(&text, &[]).unwrap();
        assert!(!text.contains("[here]"), "{text}");
        assert!(bookmarks_here(MINE, &list(&["/a\u{1b}"])).is_err());
    }

    #[test]
    fn a_new_file_explains_itself() {
        let text = save("", None, &site("a", "h")).unwrap();
        assert!(text.starts_with("# Sites saved by Wharf."), "{text}");
        assert_eq!(read(&text).unwrap().sites, [site("a", "h")]);
    }

    #[test]
    fn names_that_are_taken_or_gone_are_told() {
        assert!(save(MINE, None, &site("old", "h")).unwrap_err().contains("already"));
        assert!(save(MINE, Some("files"), &site("old", "h")).unwrap_err().contains("already"));
        assert!(save(MINE, Some("gone"), &site("x", "h")).unwrap_err().contains("any more"));
        assert!(remove(MINE, "gone").unwrap_err().contains("any more"));
    }

    #[test]
    fn a_file_that_is_no_toml_is_not_edited() {
        let broken = "[[site]\nname = \"a\"\n";
        assert!(save(broken, None, &site("b", "h")).unwrap_err().starts_with("line 1"));
        assert!(remove(broken, "a").unwrap_err().starts_with("line 1"));
    }

    #[test]
    fn what_would_not_read_back_is_not_written() {
        let mut twin = site("twin", "files.example");
        twin.login = LoginWay::Ask;
        let why = save(MINE, None, &twin).unwrap_err();
        assert!(why.contains("“files” has the same address"), "{why}");
    }
}
