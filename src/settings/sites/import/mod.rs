//! Sites from other programs' files. Secrets in them are counted, and read no further.

mod filezilla;
mod termscp;
mod winscp;

use crate::domain::{
    display::escape_text,
    saved::{self, Colour, LoginWay, SavedSite},
};

/// What a file holds.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Imported {
    /// The program it comes from.
    pub program: &'static str,
    /// Sites that can be used here.
    pub sites: Vec<SavedSite>,
    /// The others, each with why.
    pub left_out: Vec<String>,
    /// How many held a password or the like, which is not taken over.
    pub secrets: usize,
}

/// Reads the file of FileZilla (`sitemanager.xml`), WinSCP (`WinSCP.ini`) or termscp (`bookmarks.toml`): which one it
/// is shows in what it holds. An error is why it is none of them.
pub fn read(bytes: &[u8]) -> Result<Imported, String> {
    let text = text_of(bytes);
    let begins = text.trim_start_matches('\u{feff}').trim_start();
    let (program, found) = if begins.starts_with('<') {
        ("FileZilla", filezilla::read(begins)?)
    } else if text.contains("[Sessions\\") {
        ("WinSCP", winscp::read(&text))
    } else if text.contains("[bookmarks") {
        ("termscp", termscp::read(&text)?)
    } else {
        return Err(
            "it is none of FileZilla's sitemanager.xml, WinSCP.ini and termscp's bookmarks"
                .to_owned(),
        );
    };
    let mut imported = Imported { program, ..Imported::default() };
    for foreign in found {
        imported.secrets += usize::from(foreign.has_secret);
        let named = escape_text(&foreign.name);
        match foreign.into_site() {
            Ok(site) => imported.sites.push(site),
            Err(why) => imported.left_out.push(format!("“{named}”: {why}")),
        }
    }
    Ok(imported)
}

/// A file as text; those of Windows may be UTF-16.
fn text_of(bytes: &[u8]) -> String {
    let units = |from: fn([u8; 2]) -> u16| {
        let pairs = bytes[2..].chunks_exact(2).map(|pair| from([pair[0], pair[1]]));
        String::from_utf16_lossy(&pairs.collect::<Vec<_>>())
    };
    match bytes {
        [0xff, 0xfe, ..] => units(u16::from_le_bytes),
        [0xfe, 0xff, ..] => units(u16::from_be_bytes),
        _ => String::from_utf8_lossy(bytes).into_owned(),
    }
}

/// A site in another program's words.
#[derive(Default)]
struct Foreign {
    name: String,
    folder: String,
    /// In Wharf's words, or in the other's where there is none.
    protocol: String,
    host: String,
    port: String,
    user: String,
    login: LoginWay,
    start: String,
    start_here: String,
    note: String,
    colour: Option<Colour>,
    has_secret: bool,
}

impl Foreign {
    fn into_site(self) -> Result<SavedSite, String> {
        let protocol = saved::protocol(&self.protocol)?;
        // The usual port goes without saying, so that a Port of the ssh config counts.
        let usual = self.port == protocol.default_port().to_string();
        let port = if usual { "" } else { &self.port };
        let site = saved::address(protocol, self.host.trim(), port, &self.user)
            .map_err(|(field, why)| format!("{field}: {why}"))?;
        let name = if self.name.trim().is_empty() { &self.host } else { &self.name };
        let mut saved = SavedSite::new(clean_name(name), site);
        saved::check_name(&saved.name)?;
        saved.folder = clean(&self.folder).trim_matches('/').to_owned();
        saved.login = self.login;
        saved::check_login(protocol, &saved.login)?;
        saved.start = Some(clean(&self.start)).filter(|start| !start.is_empty());
        // A path of another system leads nowhere here.
        saved.start_here = Some(clean(&self.start_here)).filter(|start| start.starts_with('/'));
        saved.note = clean(&self.note);
        saved.colour = self.colour;
        Ok(saved)
    }
}

/// One line, without what a terminal could obey.
fn clean(text: &str) -> String {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if saved::check_line(&line).is_ok() { line } else { escape_text(&line) }
}

fn clean_name(name: &str) -> String {
    let name: String =
        clean(name).chars().map(|c| if "/:@\\".contains(c) { '-' } else { c }).collect();
    name.trim_start_matches(['-', '.', '~', ' ']).trim_end().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_made_fit() {
        assert_eq!(clean_name("anna@files: in/out"), "anna-files- in-out");
        assert_eq!(clean_name("--x\u{1b}[2J"), "x-u{1b}[2J");
    }

    #[test]
    fn what_is_no_such_file_says_so() {
        assert!(read(b"hello").unwrap_err().contains("none of"));
        assert!(read(b"").is_err());
        assert!(read(b"<a><b></a>").unwrap_err().contains("XML"));
    }

    #[test]
    fn a_file_of_windows_is_read() {
        let text = "[Sessions\\a]\r\nHostName=h\r\n";
        let utf16: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
        let bytes = [&[0xff, 0xfe][..], &utf16].concat();
        assert_eq!(read(&bytes).unwrap().sites.len(), 1);
    }
}
