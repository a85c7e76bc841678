//! Certificates a person let in, one for a site: `host:port AB:CD:…` a line, for this user's eyes only.

use std::{
    fs,
    io::{self, Write as _},
    path::{Path, PathBuf},
    sync::{Mutex, PoisonError},
};

use super::tls::Fingerprint;
use crate::domain::{display::escape, site::Site};

/// The file, and what was let in since the start.
#[derive(Debug, Default)]
pub(crate) struct Pins {
    file: Option<PathBuf>,
    /// Also what could not be written: it holds until the end of the process.
    accepted: Mutex<Vec<(String, String)>>,
}

impl Pins {
    /// Kept in `file`; in memory only where there is none.
    pub(crate) fn new(file: Option<PathBuf>) -> Self {
        Self { file, accepted: Mutex::default() }
    }

    /// What a site's certificate is kept under.
    pub(super) fn known_as(site: &Site) -> String {
        let port = site.port().unwrap_or(site.protocol().default_port());
        match site.host().contains(':') {
            true => format!("[{}]:{port}", site.host()),
            false => format!("{}:{port}", site.host()),
        }
    }

    /// The one let in for a site. May block.
    pub(super) fn of(&self, site: &Site) -> Option<Fingerprint> {
        let name = Self::known_as(site);
        let accepted = self.accepted.lock().unwrap_or_else(PoisonError::into_inner);
        let remembered = accepted.iter().rev().find(|(known, _)| *known == name);
        if let Some((_, fingerprint)) = remembered {
            return Some(Fingerprint(fingerprint.clone()));
        }
        let file = self.file.as_deref()?;
        match fs::read_to_string(file) {
            Ok(text) => {
                let mut pins = text.lines().filter_map(split);
                pins.rfind(|(known, _)| *known == name)
                    .map(|(_, fingerprint)| Fingerprint(fingerprint.to_owned()))
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            Err(error) => {
                tracing::warn!(file = %shown(file), %error, "could not read the pinned certificates");
                None
            }
        }
    }

    /// Lets one in from now on, in the place of any other. A file that cannot be written means a question next time.
    pub(super) fn keep(&self, site: &Site, fingerprint: &Fingerprint) {
        let name = Self::known_as(site);
        let mut accepted = self.accepted.lock().unwrap_or_else(PoisonError::into_inner);
        accepted.push((name.clone(), fingerprint.0.clone()));
        let Some(file) = self.file.as_deref() else { return };
        if let Err(error) = rewrite(file, &name, &fingerprint.0) {
            tracing::warn!(file = %shown(file), %error, "could not keep the certificate");
        }
    }
}

fn split(line: &str) -> Option<(&str, &str)> {
    let (name, fingerprint) = line.trim().split_once(' ')?;
    let fingerprint = fingerprint.trim();
    (!name.starts_with('#') && fingerprint.contains(':')).then_some((name, fingerprint))
}

/// Writes the file anew beside the old one, and puts it in its place.
fn rewrite(file: &Path, name: &str, fingerprint: &str) -> io::Result<()> {
    let old = match fs::read_to_string(file) {
        Ok(old) => old,
        Err(error) if error.kind() == io::ErrorKind::NotFound => String::new(),
        Err(error) => return Err(error),
    };
    let kept = old.lines().filter(|line| split(line).is_none_or(|(known, _)| known != name));
    let mut text: String = kept.map(|line| format!("{line}\n")).collect();
    text.push_str(&format!("{name} {fingerprint}\n"));
    if let Some(parent) = file.parent() {
        let mut builder = fs::DirBuilder::new();
        builder.recursive(true);
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        builder.create(parent)?;
    }
    let fresh = file.with_extension(format!("{:08x}", fastrand::u32(..)));
    let mut options = fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let written = options.open(&fresh).and_then(|mut opened| {
        opened.write_all(text.as_bytes())?;
        opened.sync_all()?;
        fs::rename(&fresh, file)
    });
    if written.is_err() {
        let _ = fs::remove_file(&fresh);
    }
    written
}

fn shown(file: &Path) -> String {
    escape(file.as_os_str().as_encoded_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::site::Protocol;

    fn site(host: &str, port: Option<u16>) -> Site {
        Site::new(Protocol::FtpExplicitTls, Some("anna"), host, port).unwrap()
    }

    fn fingerprint(word: &str) -> Fingerprint {
        Fingerprint(format!("AB:{word}"))
    }

    #[test]
    fn one_for_a_site_and_the_latest_counts() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("made/certificates");
        let pins = Pins::new(Some(file.clone()));
        assert_eq!(pins.of(&site("files", None)), None);
        pins.keep(&site("files", None), &fingerprint("one"));
        pins.keep(&site("files", Some(2121)), &fingerprint("two"));
        pins.keep(&site("::1", None), &fingerprint("three"));
        pins.keep(&site("files", None), &fingerprint("four"));
        for pins in [pins, Pins::new(Some(file.clone()))] {
            assert_eq!(pins.of(&site("files", None)), Some(fingerprint("four")));
            assert_eq!(pins.of(&site("files", Some(21))), Some(fingerprint("four")));
            assert_eq!(pins.of(&site("files", Some(2121))), Some(fingerprint("two")));
            assert_eq!(pins.of(&site("::1", None)), Some(fingerprint("three")));
            assert_eq!(pins.of(&site("other", None)), None);
        }
        let text = fs::read_to_string(&file).unwrap();
        assert_eq!(text.lines().count(), 3, "{text}");
    }

    #[cfg(unix)]
    #[test]
    fn the_file_is_private_and_what_others_wrote_stays() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("certificates");
        fs::write(&file, "# mine\nother:21 AB:x\nnonsense\n").unwrap();
        Pins::new(Some(file.clone())).keep(&site("files", None), &fingerprint("one"));
        let text = fs::read_to_string(&file).unwrap();
        assert_eq!(text, "# mine\nother:21 AB:x\nnonsense\nfiles:21 AB:one\n");
        assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    }

    #[test]
    fn without_a_file_it_holds_for_the_process() {
        let pins = Pins::default();
        pins.keep(&site("files", None), &fingerprint("one"));
        assert_eq!(pins.of(&site("files", None)), Some(fingerprint("one")));
    }
}
