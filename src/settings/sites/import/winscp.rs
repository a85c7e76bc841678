//! `WinSCP.ini`: a section a session, names and values percent-encoded.

use super::Foreign;
use crate::domain::saved::LoginWay;

pub(super) fn read(text: &str) -> Vec<Foreign> {
    let mut found = Vec::new();
    let mut section: Option<(String, Vec<(String, String)>)> = None;
    for line in text.lines().map(str::trim) {
        if let Some(header) = line.strip_prefix('[').and_then(|line| line.strip_suffix(']')) {
            found.extend(section.take().and_then(session));
            section = header.strip_prefix("Sessions\\").map(|name| (name.to_owned(), Vec::new()));
        } else if let (Some((_, values)), Some((key, value))) = (&mut section, line.split_once('='))
        {
            values.push((key.to_owned(), decode(value)));
        }
    }
    found.extend(section.and_then(session));
    found
}

fn session((path, values): (String, Vec<(String, String)>)) -> Option<Foreign> {
    let field = |name: &str| {
        let found = values.iter().find(|(key, _)| key == name);
        found.map(|(_, value)| value.clone()).unwrap_or_default()
    };
    let (folder, name) = path.rsplit_once('/').unwrap_or(("", &path));
    let name = decode(name);
    // What new sessions begin with, and windows left open, are no sites.
    if name == "Default Settings" || field("IsWorkspace") == "1" {
        return None;
    }
    let key = field("PublicKeyFile");
    let folders: Vec<String> = folder.split('/').map(decode).collect();
    Some(Foreign {
        name,
        folder: folders.join("/"),
        protocol: match (field("FSProtocol").as_str(), field("Ftps").as_str()) {
            // A server that is reached by SCP speaks SFTP as well, but for the oldest.
            ("" | "0" | "1" | "2", _) => "sftp".to_owned(),
            ("5", "" | "0") => "ftp".to_owned(),
            ("5", "1") => "ftps".to_owned(),
            ("5", _) => "ftpes".to_owned(),
            ("6", _) => "WebDAV".to_owned(),
            ("7", _) => "S3".to_owned(),
            (other, _) => format!("protocol {}", crate::domain::display::escape_text(other)),
        },
        host: field("HostName"),
        port: field("PortNumber"),
        user: field("UserName"),
        // Keys in PuTTY's format, and paths of another system, cannot be used as they are.
        login: match key.starts_with('/') && !key.ends_with(".ppk") {
            true => LoginWay::Key(key),
            false => LoginWay::Auto,
        },
        start: field("RemoteDirectory"),
        start_here: field("LocalDirectory"),
        has_secret: ["Password", "PasswordPlain", "Passphrase", "TunnelPassword"]
            .iter()
            .any(|key| !field(key).is_empty()),
        ..Foreign::default()
    })
}

/// Undoes `%2F`; what is no such thing stays. Text that is marked as UTF-8 loses the mark.
fn decode(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&first, after)) = rest.split_first() {
        let digits = (first == b'%').then(|| after.get(..2)).flatten();
        let value = digits.and_then(|digits| std::str::from_utf8(digits).ok());
        match value.and_then(|value| u8::from_str_radix(value, 16).ok()) {
            Some(byte) => {
                bytes.push(byte);
                rest = &after[2..];
            }
            None => {
                bytes.push(first);
                rest = after;
            }
        }
    }
    String::from_utf8_lossy(&bytes).trim_start_matches('\u{feff}').to_owned()
}

#[cfg(test)]
mod tests {
    use super::{super::read, *};

    const MINE: &[u8] = b"[Configuration\\Interface]\r\nTheme=1\r\n\
[Sessions\\Default%20Settings]\r\nHostName=\r\n\
[Sessions\\Work%20A/Pier%2012]\r\nHostName=files.example\r\nPortNumber=2222\r\nUserName=anna\r\n\
Password=A35C41\r\nRemoteDirectory=%2Fsrv%2F%EF%BB%BFin\r\nLocalDirectory=C:%5CWork\r\nFSProtocol=2\r\n\
[Sessions\\Store]\r\nHostName=s3.example\r\nFSProtocol=7\r\n\
[Sessions\\100%]\r\nHostName=h\r\nPublicKeyFile=C:%5Cmine.ppk\r\n";

    #[test]
    fn sessions_come_over_and_passwords_do_not() {
        let imported = read(MINE).unwrap();
        assert_eq!((imported.program, imported.secrets), ("WinSCP", 1));
        let [pier, percent] = imported.sites.as_slice() else { panic!("{imported:?}") };
        assert_eq!((pier.name.as_str(), pier.folder.as_str()), ("Pier 12", "Work A"));
        assert_eq!(pier.site.to_string(), "anna@files.example:2222");
        assert!(pier.start.as_deref().unwrap().starts_with("/srv/"));
        assert_eq!(pier.start_here, None, "a path of Windows leads nowhere here");
        assert_eq!((percent.name.as_str(), &percent.login), ("100%", &LoginWay::Auto));
        assert!(imported.left_out[0].starts_with("“Store”: not one of sftp"));
        assert!(!format!("{imported:?}").contains("A35C41"));
    }
}
