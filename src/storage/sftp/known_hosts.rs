//! What OpenSSH's known_hosts files say of a host's key: pure, bytes in, answer out.
//!
//! The format is sshd(8), SSH_KNOWN_HOSTS FILE FORMAT. A line that cannot be read is passed over, as ssh does.

use std::path::{Path, PathBuf};

use base64::{
    Engine as _, alphabet,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig, general_purpose::STANDARD},
};
use hmac::{Hmac, KeyInit, Mac};
use sha1::Sha1;

/// People edit these files by hand: padding may be missing, and ssh reads on.
const LENIENT: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// The name OpenSSH keeps a host's key under: the alias as it is, else `host`, or `[host]:port` off port 22.
pub(crate) fn known_as(host: &str, port: u16, alias: Option<&str>) -> String {
    match (alias, port) {
        (Some(alias), _) => alias.to_lowercase(),
        (None, 22) => host.to_lowercase(),
        (None, port) => format!("[{}]:{port}", host.to_lowercase()),
    }
}

/// A line of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Spot {
    /// The file.
    pub file: PathBuf,
    /// The line, counted from 1.
    pub line: usize,
}

/// What the files say of a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Standing {
    /// It is there.
    Known,
    /// The host is not there at all.
    Unknown,
    /// The host is there, with other keys only. A key of another type counts: so does ssh, for else whoever sits
    /// in between would only have to offer a type nobody has seen yet.
    Changed(Spot),
    /// It is marked `@revoked`.
    Revoked(Spot),
}

/// The lines of all files that speak of one host.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct HostLines {
    keys: Vec<KeyLine>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct KeyLine {
    revoked: bool,
    key_type: String,
    blob: Vec<u8>,
    spot: Spot,
}

impl HostLines {
    /// Adds what `content`, read from `file`, says of `known_as`.
    pub(crate) fn read(&mut self, file: &Path, content: &[u8], known_as: &str) {
        for (index, line) in content.split(|&byte| byte == b'\n').enumerate() {
            let Some((revoked, key_type, blob)) = parse_line(line, known_as) else { continue };
            let spot = Spot { file: file.to_owned(), line: index + 1 };
            self.keys.push(KeyLine { revoked, key_type, blob, spot });
        }
    }

    /// What the lines say of a key.
    pub(crate) fn standing(&self, blob: &[u8]) -> Standing {
        if let Some(line) = self.keys.iter().find(|line| line.revoked && line.blob == blob) {
            return Standing::Revoked(line.spot.clone());
        }
        let mut kept = self.keys.iter().filter(|line| !line.revoked).peekable();
        let Some(first) = kept.peek().map(|line| line.spot.clone()) else {
            return Standing::Unknown;
        };
        let own_type = key_type_of(blob);
        let mut offending = None;
        for line in kept {
            if line.blob == blob {
                return Standing::Known;
            }
            if offending.is_none() && Some(line.key_type.as_str()) == own_type {
                offending = Some(line.spot.clone());
            }
        }
        Standing::Changed(offending.unwrap_or(first))
    }

    /// The key types known for the host, in the order of the lines, each once.
    pub(crate) fn key_types(&self) -> Vec<&str> {
        let mut types: Vec<&str> = Vec::new();
        for line in self.keys.iter().filter(|line| !line.revoked) {
            if !types.contains(&line.key_type.as_str()) {
                types.push(&line.key_type);
            }
        }
        types
    }
}

/// The type a key says it has: the first string of its blob (RFC 4253 §6.6).
pub(crate) fn key_type_of(blob: &[u8]) -> Option<&str> {
    let (length, rest) = blob.split_first_chunk::<4>()?;
    let length = usize::try_from(u32::from_be_bytes(*length)).ok()?;
    std::str::from_utf8(rest.get(..length)?).ok().filter(|name| {
        !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_graphic() && byte != b',')
    })
}

/// The line that makes a key known, without a newline; `salt` hashes the name.
pub(crate) fn line_for(known_as: &str, blob: &[u8], salt: Option<&[u8; 20]>) -> Option<String> {
    let key_type = key_type_of(blob)?;
    let name = match salt {
        Some(salt) => hashed_name(known_as, salt)?,
        None => known_as.to_owned(),
    };
    Some(format!("{name} {key_type} {}", STANDARD.encode(blob)))
}

fn hashed_name(known_as: &str, salt: &[u8; 20]) -> Option<String> {
    let mut mac = Hmac::<Sha1>::new_from_slice(salt).ok()?;
    mac.update(known_as.as_bytes());
    let hash = mac.finalize().into_bytes();
    Some(format!("|1|{}|{}", STANDARD.encode(salt), STANDARD.encode(hash)))
}

/// What a line says of this name, if it does: whether it revokes, the key's type, the key.
fn parse_line(line: &[u8], known_as: &str) -> Option<(bool, String, Vec<u8>)> {
    let line = std::str::from_utf8(line).ok()?;
    let mut words = line.split([' ', '\t', '\r']).filter(|word| !word.is_empty());
    let first = words.next().filter(|word| !word.starts_with('#'))?;
    let (revoked, names) = match first {
        "@revoked" => (true, words.next()?),
        // A certificate authority's key says nothing of a plain key.
        _ if first.starts_with('@') => return None,
        _ => (false, first),
    };
    let key_type = words.next()?;
    let blob = LENIENT.decode(words.next()?).ok()?;
    if key_type_of(&blob)? != key_type || !names_match(names, known_as) {
        return None;
    }
    Some((revoked, key_type.to_owned(), blob))
}

/// Whether the first field of a line means this name: hashed, or patterns with the last word to a negated one.
fn names_match(names: &str, known_as: &str) -> bool {
    if let Some(hashed) = names.strip_prefix("|1|") {
        return hashed_matches(hashed, known_as).unwrap_or(false);
    }
    let mut matched = false;
    for pattern in names.split(',').map(str::to_lowercase) {
        match pattern.strip_prefix('!') {
            Some(negated) if wildcard_matches(negated.as_bytes(), known_as.as_bytes()) => {
                return false;
            }
            Some(_) => {}
            None => matched |= wildcard_matches(pattern.as_bytes(), known_as.as_bytes()),
        }
    }
    matched
}

fn hashed_matches(hashed: &str, known_as: &str) -> Option<bool> {
    let (salt, hash) = hashed.split_once('|')?;
    let mut mac = Hmac::<Sha1>::new_from_slice(&LENIENT.decode(salt).ok()?).ok()?;
    mac.update(known_as.as_bytes());
    Some(mac.verify_slice(&LENIENT.decode(hash).ok()?).is_ok())
}

/// `*` and `?` as in ssh_config(5), PATTERNS. Linear in memory and at worst quadratic in time.
fn wildcard_matches(pattern: &[u8], text: &[u8]) -> bool {
    let (mut at, mut shown) = (0, 0);
    let mut star: Option<(usize, usize)> = None;
    while shown < text.len() {
        match pattern.get(at) {
            Some(b'*') => {
                star = Some((at + 1, shown));
                at += 1;
            }
            Some(&byte) if byte == b'?' || byte == text[shown] => {
                at += 1;
                shown += 1;
            }
            _ => match star {
                Some((after, from)) => {
                    star = Some((after, from + 1));
                    at = after;
                    shown = from + 1;
                }
                None => return false,
            },
        }
    }
    pattern[at..].iter().all(|&byte| byte == b'*')
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn blob(key_type: &str, rest: &[u8]) -> Vec<u8> {
        let mut blob = u32::try_from(key_type.len()).unwrap().to_be_bytes().to_vec();
        blob.extend_from_slice(key_type.as_bytes());
        blob.extend_from_slice(rest);
        blob
    }

    fn key(key_type: &str, rest: &[u8]) -> String {
        format!("{key_type} {}", STANDARD.encode(blob(key_type, rest)))
    }

    fn lines(content: &str, known_as: &str) -> HostLines {
        let mut lines = HostLines::default();
        lines.read(Path::new("known"), content.as_bytes(), known_as);
        lines
    }

    fn standing(content: &str, known_as: &str, wanted: &[u8]) -> Standing {
        lines(content, known_as).standing(&blob("ssh-ed25519", wanted))
    }

    fn at_line(line: usize) -> Spot {
        Spot { file: "known".into(), line }
    }

    #[test]
    fn names_are_kept_as_ssh_keeps_them() {
        assert_eq!(known_as("Files.Example", 22, None), "files.example");
        assert_eq!(known_as("files.example", 2222, None), "[files.example]:2222");
        assert_eq!(known_as("files.example", 2222, Some("Store")), "store");
    }

    #[test]
    fn plain_hashed_ported_and_wildcard_names_are_found() {
        let ours = key("ssh-ed25519", b"1");
        // Made by `ssh-keygen -H` for files.example.
        let hashed = "|1|+YGZjpSQUpwkBThYR6p5bB8sczg=|9qhKMHMVu6/d68OiwIfs3FLG6Ys=";
        for (names, name, found) in [
            ("files.example", "files.example", true),
            ("other,FILES.example,third", "files.example", true),
            ("files.example", "[files.example]:2222", false),
            ("[files.example]:2222", "[files.example]:2222", true),
            ("*.example", "files.example", true),
            ("f?les.example", "files.example", true),
            ("*.example,!files.example", "files.example", false),
            ("!files.example,*.example", "files.example", false),
            ("!other.example", "files.example", false),
            ("*", "files.example", true),
            ("files.exampl", "files.example", false),
            (hashed, "files.example", true),
            (hashed, "other.example", false),
        ] {
            let expected = if found { Standing::Known } else { Standing::Unknown };
            assert_eq!(standing(&format!("{names} {ours}\n"), name, b"1"), expected, "{names}");
        }
    }

    #[test]
    fn a_hashed_name_is_found_again() {
        let line =
            line_for("[files.example]:2222", &blob("ssh-ed25519", b"1"), Some(&[7; 20])).unwrap();
        assert!(line.starts_with("|1|BwcHBwcHBwcHBwcHBwcHBwcHBwc=|"), "{line}");
        assert!(!line.contains("files"));
        assert_eq!(standing(&line, "[files.example]:2222", b"1"), Standing::Known);
        assert_eq!(standing(&line, "files.example", b"1"), Standing::Unknown);
    }

    #[test]
    fn another_key_is_a_changed_one_whatever_its_type() {
        let content = format!(
            "# a comment\n\nfiles {}\nfiles {}\n",
            key("ssh-rsa", b"r"),
            key("ssh-ed25519", b"1")
        );
        assert_eq!(standing(&content, "files", b"1"), Standing::Known);
        assert_eq!(standing(&content, "files", b"2"), Standing::Changed(at_line(4)));
        let only_rsa = format!("files {}", key("ssh-rsa", b"r"));
        assert_eq!(standing(&only_rsa, "files", b"1"), Standing::Changed(at_line(1)));
        assert_eq!(lines(&content, "files").key_types(), ["ssh-rsa", "ssh-ed25519"]);
    }

    #[test]
    fn a_revoked_key_is_refused_even_where_it_is_known() {
        let content = format!(
            "files {}\n@revoked * {}\n",
            key("ssh-ed25519", b"1"),
            key("ssh-ed25519", b"1")
        );
        assert_eq!(standing(&content, "files", b"1"), Standing::Revoked(at_line(2)));
        assert_eq!(standing(&content, "files", b"2"), Standing::Changed(at_line(1)));
        let revoked_only = format!("@revoked files {}", key("ssh-ed25519", b"1"));
        assert_eq!(standing(&revoked_only, "files", b"2"), Standing::Unknown);
        assert!(lines(&revoked_only, "files").key_types().is_empty());
    }

    #[test]
    fn what_cannot_be_read_is_passed_over() {
        let good = key("ssh-ed25519", b"1");
        let authority = format!("@cert-authority files {good}\n");
        assert_eq!(standing(&authority, "files", b"1"), Standing::Unknown);
        let content = format!(
            "files\nfiles ssh-ed25519\nfiles ssh-ed25519 !!!\nfiles ssh-rsa {}\n@unheard files {good}\n|1|x files\nfiles {good} the comment\r\n",
            good.split_once(' ').unwrap().1
        );
        assert_eq!(standing(&content, "files", b"1"), Standing::Known);
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_without_harm(content in proptest::collection::vec(any::<u8>(), 0..400), name in ".{0,20}") {
            let mut lines = HostLines::default();
            lines.read(Path::new("known"), &content, &name);
            let _ = lines.standing(&content);
            let _ = key_type_of(&content);
        }

        #[test]
        fn lines_almost_right_are_read_without_harm(content in r"(@revoked |@cert-authority )?[a-z*?!,|1=]{1,12}[ \t]{0,2}(ssh-rsa|ssh-ed25519)? ?[A-Za-z0-9+/=]{0,30}") {
            let _ = standing(&content, "files", b"1");
        }

        #[test]
        fn an_appended_line_is_known(host in "[a-z0-9.-]{1,30}", port in 1u16.., rest in proptest::collection::vec(any::<u8>(), 0..80), salt in proptest::option::of(any::<[u8; 20]>())) {
            let name = known_as(&host, port, None);
            let line = line_for(&name, &blob("ssh-ed25519", &rest), salt.as_ref()).unwrap();
            prop_assert_eq!(standing(&line, &name, &rest), Standing::Known);
        }

        #[test]
        fn a_wildcard_agrees_with_the_plain_definition(pattern in "[ab*?]{0,7}", text in "[ab]{0,7}") {
            fn plain(pattern: &[u8], text: &[u8]) -> bool {
                match (pattern.split_first(), text.split_first()) {
                    (None, None) => true,
                    (Some((b'*', rest)), None) => plain(rest, text),
                    (Some((b'*', rest)), Some((_, shorter))) => plain(rest, text) || plain(pattern, shorter),
                    (Some((&wanted, rest)), Some((&byte, shorter))) => (wanted == b'?' || wanted == byte) && plain(rest, shorter),
                    _ => false,
                }
            }
            prop_assert_eq!(wildcard_matches(pattern.as_bytes(), text.as_bytes()), plain(pattern.as_bytes(), text.as_bytes()));
        }
    }
}
