//! termscp's `bookmarks.toml`.

use toml::{Table, Value};

use super::Foreign;
use crate::domain::display::escape_text;

pub(super) fn read(text: &str) -> Result<Vec<Foreign>, String> {
    let whole: Table = toml::from_str(text).map_err(|error| {
        let why = escape_text(error.message());
        format!("it looks like termscp's bookmarks, and is no TOML: {why}")
    })?;
    let Some(bookmarks) = whole.get("bookmarks").and_then(Value::as_table) else {
        return Ok(Vec::new());
    };
    let tables = bookmarks.iter().filter_map(|(name, value)| Some((name, value.as_table()?)));
    Ok(tables.map(|(name, bookmark)| foreign(name, bookmark)).collect())
}

fn foreign(name: &str, bookmark: &Table) -> Foreign {
    let field = |name: &str| match bookmark.get(name) {
        Some(Value::String(text)) => text.clone(),
        Some(Value::Integer(number)) => number.to_string(),
        _ => String::new(),
    };
    let either = |one: &str, other: &str| {
        Some(field(one)).filter(|text| !text.is_empty()).unwrap_or_else(|| field(other))
    };
    Foreign {
        name: name.to_owned(),
        protocol: match field("protocol").to_ascii_uppercase().as_str() {
            "SFTP" | "SCP" => "sftp".to_owned(),
            "FTP" => "ftp".to_owned(),
            "FTPS" => "ftpes".to_owned(),
            other => escape_text(other),
        },
        host: field("address"),
        port: field("port"),
        user: field("username"),
        start: either("directory", "remote_path"),
        start_here: either("local_path", "local_directory"),
        has_secret: bookmark.contains_key("password"),
        ..Foreign::default()
    }
}

#[cfg(test)]
mod tests {
    use super::super::read;

    const MINE: &[u8] = br#"
[bookmarks.pier]
protocol = "SFTP"
address = "files.example"
port = 2222
username = "anna"
password = "canary"
directory = "/srv/in"
local_path = "/home/anna"

[bookmarks.bucket]
protocol = "S3"

[recents.ISO20201218T181432]
protocol = "SCP"
address = "other.example"
"#;

    #[test]
    fn bookmarks_come_over_and_passwords_do_not() {
        let imported = read(MINE).unwrap();
        assert_eq!((imported.program, imported.secrets), ("termscp", 1));
        let [pier] = imported.sites.as_slice() else { panic!("{imported:?}") };
        assert_eq!(pier.site.to_string(), "anna@files.example:2222");
        assert_eq!(pier.start.as_deref(), Some("/srv/in"));
        assert_eq!(pier.start_here.as_deref(), Some("/home/anna"));
        assert!(imported.left_out[0].starts_with("“bucket”"));
        assert!(!format!("{imported:?}").contains("canary"));
    }
}
