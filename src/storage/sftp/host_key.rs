//! Is this the server it claims to be: known_hosts read, the person asked, an accepted key appended.

use std::{
    fs,
    io::{self, Read as _, Seek as _, SeekFrom, Write as _},
    path::Path,
};

use base64::{Engine as _, engine::general_purpose::STANDARD_NO_PAD};
use sha2::{Digest as _, Sha256};

use super::{
    known_hosts::{HostLines, Spot, Standing, key_type_of, known_as, line_for},
    talk::Talk,
};
use crate::domain::{
    display::{escape, escape_text},
    error::{Error, ErrorKind, Result},
    question::{Answer, Question},
    site::{SshLogin, StrictHostKeys},
};

/// `SHA256:` and base64 without padding, as ssh and ssh-keygen show it.
pub(super) fn fingerprint(blob: &[u8]) -> String {
    format!("SHA256:{}", STANDARD_NO_PAD.encode(Sha256::digest(blob)))
}

/// What is known of a site's host, read anew for each connection.
pub(super) struct KnownHost {
    name: String,
    lines: HostLines,
}

impl KnownHost {
    /// Reads all files of known hosts. One that is missing or cannot be read says nothing, as with ssh.
    pub(super) fn read(login: &SshLogin) -> Self {
        let name = known_as(&login.host_name, login.port, login.host_key_alias.as_deref());
        let mut lines = HostLines::default();
        for file in &login.known_hosts {
            match fs::read(file) {
                Ok(content) => lines.read(file, &content, &name),
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(error) => {
                    tracing::warn!(file = %shown(file), %error, "could not read known hosts");
                }
            }
        }
        Self { name, lines }
    }

    /// The host key algorithms to ask for, best first: those of known keys lead, for a host known by one type and
    /// met with another looks like an attack. Certificates are not asked for (known_hosts compares plain keys), nor
    /// what rests on SHA-1.
    pub(super) fn algorithms(&self, supported: &[&str]) -> String {
        let (mut known, mut others) = (Vec::new(), Vec::new());
        let types = self.lines.key_types();
        for algorithm in supported {
            let key_type = match *algorithm {
                "rsa-sha2-512" | "rsa-sha2-256" => "ssh-rsa",
                "ssh-rsa" | "ssh-dss" => continue,
                certificate if certificate.contains("-cert-") => continue,
                plain => plain,
            };
            if types.contains(&key_type) { known.push(*algorithm) } else { others.push(*algorithm) }
        }
        known.append(&mut others);
        known.join(",")
    }

    /// Lets the key pass, or says why not. `accepted` is the key let in earlier in this process.
    pub(super) fn check(
        &self,
        blob: &[u8],
        accepted: Option<&[u8]>,
        login: &SshLogin,
        talk: &Talk,
    ) -> Result<()> {
        let refuse = |why: String| {
            let doing = format!("connect to {}", talk.site());
            Error::new(ErrorKind::HostKeyRefused, doing, why)
        };
        let key_type = key_type_of(blob)
            .map(escape_text)
            .ok_or_else(|| refuse("the server's host key makes no sense".into()))?;
        let fingerprint = fingerprint(blob);
        match self.lines.standing(blob) {
            Standing::Known => return Ok(()),
            Standing::Revoked(spot) => return Err(refuse(words_of_revoked(&fingerprint, &spot))),
            Standing::Changed(spot) => {
                return Err(refuse(self.words_of_changed(&key_type, &fingerprint, &spot)));
            }
            Standing::Unknown => {}
        }
        match accepted {
            Some(accepted) if accepted == blob => return Ok(()),
            Some(_) => {
                return Err(refuse(format!(
                    "the server now shows another host key ({key_type} {fingerprint}) than the one accepted before; \
                     someone may be in between, so nothing was sent; if the change is meant, start Wharf anew"
                )));
            }
            None => {}
        }
        match login.strict_host_keys {
            StrictHostKeys::AcceptNew | StrictHostKeys::No => {}
            StrictHostKeys::Yes => {
                return Err(refuse(format!(
                    "nobody knows its host key ({key_type} {fingerprint}) and the ssh config has \
                     StrictHostKeyChecking yes; add the key to the known hosts first"
                )));
            }
            StrictHostKeys::Ask => {
                let answer = talk.ask(Question::HostKey {
                    site: talk.site().clone(),
                    known_as: escape_text(&self.name),
                    key_type: key_type.clone(),
                    fingerprint: fingerprint.clone(),
                })?;
                if !matches!(answer, Answer::Yes) {
                    return Err(refuse(format!(
                        "its unknown host key ({key_type} {fingerprint}) was not accepted"
                    )));
                }
            }
        }
        self.keep(blob, login);
        Ok(())
    }

    /// Appends the key to the first file. As with ssh, a file that cannot be written only means a question next time.
    fn keep(&self, blob: &[u8], login: &SshLogin) {
        let Some(file) = login.known_hosts.first() else { return };
        let salt = login.hash_known_hosts.then(|| {
            let mut salt = [0; 20];
            fastrand::fill(&mut salt);
            salt
        });
        let Some(line) = line_for(&self.name, blob, salt.as_ref()) else { return };
        if let Err(error) = append_line(file, &line) {
            tracing::warn!(file = %shown(file), %error, "could not keep the host key");
        }
    }

    fn words_of_changed(&self, key_type: &str, fingerprint: &str, spot: &Spot) -> String {
        format!(
            "its host key HAS CHANGED: the server shows {key_type} {fingerprint}, but {file}, line {line}, holds another \
             key; someone may be in between, or the server was set up anew; nothing was sent; only if the server's \
             administrator confirms the new key, remove the old one with: ssh-keygen -f \"{file}\" -R \"{name}\"",
            file = shown(&spot.file),
            line = spot.line,
            name = escape_text(&self.name),
        )
    }
}

fn words_of_revoked(fingerprint: &str, spot: &Spot) -> String {
    format!(
        "its host key {fingerprint} is marked @revoked in {file}, line {line}; nothing was sent; \
         the server needs a new key, ask its administrator",
        file = shown(&spot.file),
        line = spot.line,
    )
}

fn shown(file: &Path) -> String {
    escape(file.as_os_str().as_encoded_bytes())
}

/// Appends a line in one write; nothing that stands in the file is touched.
fn append_line(file: &Path, line: &str) -> io::Result<()> {
    if let Some(parent) = file.parent().filter(|parent| !parent.as_os_str().is_empty()) {
        let mut builder = fs::DirBuilder::new();
        builder.recursive(true);
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        builder.create(parent)?;
    }
    let mut options = fs::OpenOptions::new();
    options.read(true).append(true).create(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut opened = options.open(file)?;
    let mut text = String::new();
    if ends_in_mid_line(&mut opened)? {
        text.push('\n');
    }
    text.push_str(line);
    text.push('\n');
    opened.write_all(text.as_bytes())
}

fn ends_in_mid_line(file: &mut fs::File) -> io::Result<bool> {
    if !file.metadata()?.is_file() || file.metadata()?.len() == 0 {
        return Ok(false);
    }
    file.seek(SeekFrom::End(-1))?;
    let mut last = [0];
    file.read_exact(&mut last)?;
    Ok(last != *b"\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_appended_after_whatever_stands_there() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("home/.ssh/known_hosts");
        append_line(&file, "first").unwrap();
        assert_eq!(fs::read_to_string(&file).unwrap(), "first\n");
        fs::write(&file, "# mine\nhalf a line").unwrap();
        append_line(&file, "second").unwrap();
        assert_eq!(fs::read_to_string(&file).unwrap(), "# mine\nhalf a line\nsecond\n");
    }

    #[cfg(unix)]
    #[test]
    fn what_is_made_is_private() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("made/known_hosts");
        append_line(&file, "first").unwrap();
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o7777;
        assert_eq!((mode(file.parent().unwrap()), mode(&file)), (0o700, 0o600));
    }

    #[test]
    fn known_types_lead_and_certificates_and_sha1_are_left_out() {
        let supported = [
            "ecdsa-sha2-nistp256",
            "ssh-ed25519",
            "ssh-ed25519-cert-v01@openssh.com",
            "rsa-sha2-512",
            "rsa-sha2-256",
            "ssh-rsa",
        ];
        let mut lines = HostLines::default();
        lines.read(Path::new("known"), b"files ssh-rsa AAAAB3NzaC1yc2EAAAADAQAB", "files");
        let host = KnownHost { name: "files".into(), lines };
        assert_eq!(
            host.algorithms(&supported),
            "rsa-sha2-512,rsa-sha2-256,ecdsa-sha2-nistp256,ssh-ed25519"
        );
    }
}
