//! Private key files as ssh-keygen writes them: what can be known of one without its passphrase.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use secrecy::{ExposeSecret as _, SecretString};

use super::known_hosts::key_type_of;

/// Nobody's key is larger; what is, is no key.
const LARGEST: u64 = 1024 * 1024;

/// An identity as the ssh config names it.
pub(super) struct Identity {
    /// The file.
    pub path: PathBuf,
    /// The public half, where it can be had without a passphrase.
    pub public: Option<Vec<u8>>,
    /// The private half, where the file holds it.
    pub private: Option<PrivateKey>,
}

/// The private half.
pub(super) struct PrivateKey {
    /// The whole file.
    pub text: SecretString,
    /// Whether a passphrase is needed.
    pub encrypted: bool,
}

impl Identity {
    /// Reads a key file and, where that tells no public half, the `.pub` file beside it.
    /// `None` where neither exists.
    pub(super) fn read(path: &Path) -> io::Result<Option<Self>> {
        let text = match read_private(path) {
            Ok(text) => Some(text),
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            Err(error) => return Err(error),
        };
        let mut identity = Self { path: path.to_owned(), public: None, private: None };
        if let Some(text) = text {
            if let Some(public) = public_line(text.expose_secret()) {
                // IdentityFile may name a public key: the agent then holds the private one.
                identity.public = Some(public);
            } else {
                let (public, encrypted) = glance(text.expose_secret());
                identity.public = public;
                identity.private = Some(PrivateKey { text, encrypted });
            }
        }
        if identity.public.is_none() {
            let mut beside = path.as_os_str().to_owned();
            beside.push(".pub");
            identity.public = fs::read_to_string(beside).ok().and_then(|text| public_line(&text));
        }
        Ok((identity.public.is_some() || identity.private.is_some()).then_some(identity))
    }

    /// The public half as a line of text, as libssh2 wants it.
    pub(super) fn public_text(&self) -> Option<String> {
        let public = self.public.as_deref()?;
        Some(format!("{} {}", key_type_of(public)?, STANDARD.encode(public)))
    }

    /// Whether the private half is a security key, which only an agent can talk to.
    pub(super) fn is_security_key(&self) -> bool {
        self.public.as_deref().and_then(key_type_of).is_some_and(|name| name.starts_with("sk-"))
    }
}

fn read_private(path: &Path) -> io::Result<SecretString> {
    let metadata = fs::metadata(path)?;
    if !metadata.is_file() || metadata.len() > LARGEST {
        return Err(io::Error::new(io::ErrorKind::InvalidData, "this is no key file"));
    }
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt as _;
        let own = metadata.uid() == rustix::process::geteuid().as_raw();
        let text = fs::read_to_string(path)?;
        // As ssh: a private key that others may read is none.
        if own && metadata.mode() & 0o077 != 0 && public_line(&text).is_none() {
            return Err(io::Error::new(
                io::ErrorKind::PermissionDenied,
                "others may read it (chmod 600 would mend that)",
            ));
        }
        Ok(text.into())
    }
    #[cfg(not(unix))]
    Ok(fs::read_to_string(path)?.into())
}

/// The key of a line as in a `.pub` file.
fn public_line(text: &str) -> Option<Vec<u8>> {
    let mut words = text.split_ascii_whitespace();
    let (name, key) = (words.next()?, words.next()?);
    let blob = STANDARD.decode(key).ok()?;
    (key_type_of(&blob)? == name).then_some(blob)
}

/// The public half, if the file shows it, and whether the private one is encrypted.
fn glance(text: &str) -> (Option<Vec<u8>>, bool) {
    let body = text
        .split_once("-----BEGIN OPENSSH PRIVATE KEY-----")
        .and_then(|(_, rest)| rest.split_once("-----END OPENSSH PRIVATE KEY-----"));
    match body {
        Some((body, _)) => {
            let packed: String = body.split_ascii_whitespace().collect();
            let decoded = STANDARD.decode(packed).unwrap_or_default();
            glance_openssh(&decoded)
                .map_or((None, false), |(public, encrypted)| (Some(public), encrypted))
        }
        // PEM and PKCS#8 say so in their headers.
        None => (None, text.contains("ENCRYPTED")),
    }
}

/// OpenSSH's PROTOCOL.key: magic, cipher, kdf, kdf options, number of keys, public key, …
fn glance_openssh(bytes: &[u8]) -> Option<(Vec<u8>, bool)> {
    let rest = bytes.strip_prefix(b"openssh-key-v1\0")?;
    let (cipher, rest) = string(rest)?;
    let (_kdf, rest) = string(rest)?;
    let (_options, rest) = string(rest)?;
    let (_count, rest) = rest.split_first_chunk::<4>()?;
    let (public, _) = string(rest)?;
    Some((public.to_vec(), cipher != b"none"))
}

fn string(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (length, rest) = bytes.split_first_chunk::<4>()?;
    rest.split_at_checked(usize::try_from(u32::from_be_bytes(*length)).ok()?)
}
