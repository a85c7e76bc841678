//! Where something is: an endpoint and a path on it; and the places a person types.

use std::{fmt, sync::Arc};

use super::{
    display,
    path::StoragePath,
    site::{BadSite, Protocol, Site},
};

/// One side of a copy: this machine, or a site.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Endpoint {
    /// The disks of this machine.
    Local,
    /// A server.
    Remote(Arc<Site>),
}

impl Endpoint {
    /// What an error calls it: nothing for this machine, the host for a site.
    pub fn host(&self) -> Option<&str> {
        match self {
            Endpoint::Local => None,
            Endpoint::Remote(site) => Some(site.host()),
        }
    }
}

/// A path on an endpoint.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Location {
    /// Where the path means something.
    pub endpoint: Endpoint,
    /// The path there.
    pub path: StoragePath,
}

impl Location {
    /// A path on this machine.
    pub fn local(path: StoragePath) -> Self {
        Self { endpoint: Endpoint::Local, path }
    }

    /// The same endpoint, another path.
    #[must_use]
    pub fn with_path(&self, path: StoragePath) -> Self {
        Self { endpoint: self.endpoint.clone(), path }
    }
}

impl fmt::Display for Location {
    /// `/a/b`, `user@host:/a/b` or `ftp://user@host/a/b`, escaped for a terminal.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Endpoint::Remote(site) = &self.endpoint {
            f.write_str(&site.before(self.path.is_absolute()))?;
        }
        f.write_str(&display::escape(self.path.as_bytes()))
    }
}

/// Why what was typed is no place.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadPlace {
    /// Nothing was typed.
    #[error("the place is empty")]
    Empty,
    /// A scheme nobody here speaks.
    #[error(
        "{0}:// is not spoken here; use sftp://, ftpes://, ftps://, ftp://, HOST:path or a local path"
    )]
    UnknownScheme(String),
    /// A password may not stand in a place: it would be in the shell's history and the process list.
    #[error("a password does not belong into a place; leave it out, it will be asked for")]
    PasswordInPlace,
    /// A `%` without two hexadecimal digits.
    #[error("a % in a URL is followed by two hexadecimal digits")]
    BadEscape,
    /// The address part makes no sense.
    #[error(transparent)]
    Site(#[from] BadSite),
}

/// Reads a place as a person types it: a local path, `[user@]HOST:path` as scp has it (the path relative to the
/// login folder), or `sftp://[user@]host[:port]/absolute/path` (`/~/relative`); `ftp://`, `ftpes://` (FTP that asks for
/// TLS) and `ftps://` (FTP inside TLS) likewise.
///
/// A colon before any slash makes it remote, so `./a:b` is local. Local relative paths are seen from `here`.
pub fn parse(typed: &[u8], here: &StoragePath) -> Result<Location, BadPlace> {
    if typed.is_empty() {
        return Err(BadPlace::Empty);
    }
    if let Some(at) = find(typed, b"://") {
        let scheme = String::from_utf8_lossy(&typed[..at]).to_ascii_lowercase();
        if scheme.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
            let spoken = Protocol::ALL.into_iter().find(|protocol| protocol.scheme() == scheme);
            return match spoken {
                Some(protocol) => parse_url(protocol, &typed[at + 3..]),
                None => Err(BadPlace::UnknownScheme(display::escape_text(&scheme))),
            };
        }
    }
    let bracketed = typed.first() == Some(&b'[') || find(typed, b"@[").is_some();
    let colon = match find(typed, b"]:") {
        Some(bracket) if bracketed => Some(bracket + 1),
        _ => typed.iter().position(|&byte| byte == b':'),
    };
    let slash = typed.iter().position(|&byte| byte == b'/').unwrap_or(typed.len());
    match colon {
        Some(colon) if colon < slash && colon > 0 => {
            let site = parse_address(Protocol::Sftp, &typed[..colon], None)?;
            Ok(Location {
                endpoint: Endpoint::Remote(Arc::new(site)),
                path: StoragePath::new(&typed[colon + 1..]),
            })
        }
        _ => Ok(Location::local(here.join_typed(typed))),
    }
}

fn parse_url(protocol: Protocol, rest: &[u8]) -> Result<Location, BadPlace> {
    let slash = rest.iter().position(|&byte| byte == b'/').unwrap_or(rest.len());
    let (authority, path) = rest.split_at(slash);
    let bracket = authority.iter().rposition(|&byte| byte == b']').unwrap_or(0);
    let port_colon =
        authority[bracket..].iter().rposition(|&byte| byte == b':').map(|at| bracket + at);
    let at_sign = authority.iter().rposition(|&byte| byte == b'@');
    let port_colon = port_colon.filter(|&colon| at_sign.is_none_or(|at_sign| colon > at_sign));
    let (address, port) = match port_colon {
        Some(colon) => {
            let digits =
                std::str::from_utf8(&authority[colon + 1..]).map_err(|_| BadSite::BadPort)?;
            (&authority[..colon], Some(digits.parse::<u16>().map_err(|_| BadSite::BadPort)?))
        }
        None => (authority, None),
    };
    let site = parse_address(protocol, &percent_decode(address)?, port)?;
    let path = percent_decode(path)?;
    let path = match path.as_slice() {
        b"" | b"/~" | b"/~/" => StoragePath::new("."),
        [b'/', b'~', b'/', relative @ ..] => StoragePath::new(relative),
        absolute => StoragePath::new(absolute),
    };
    Ok(Location { endpoint: Endpoint::Remote(Arc::new(site)), path })
}

fn parse_address(protocol: Protocol, address: &[u8], port: Option<u16>) -> Result<Site, BadPlace> {
    let address = std::str::from_utf8(address).map_err(|_| BadSite::BadCharacter("host"))?;
    let (user, host) = match address.rsplit_once('@') {
        Some((user, host)) => (Some(user), host),
        None => (None, address),
    };
    if user.is_some_and(|user| user.contains(':')) {
        return Err(BadPlace::PasswordInPlace);
    }
    let host = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
    Ok(Site::new(protocol, user, host, port)?)
}

fn percent_decode(text: &[u8]) -> Result<Vec<u8>, BadPlace> {
    let mut decoded = Vec::with_capacity(text.len());
    let mut rest = text.iter();
    while let Some(&byte) = rest.next() {
        if byte != b'%' {
            decoded.push(byte);
            continue;
        }
        let mut digit = || {
            rest.next().and_then(|&digit| char::from(digit).to_digit(16)).ok_or(BadPlace::BadEscape)
        };
        let value = digit()? * 16 + digit()?;
        decoded.push(value as u8);
    }
    Ok(decoded)
}

fn find(haystack: &[u8], needle: &[u8]) -> Option<usize> {
    haystack.windows(needle.len()).position(|window| window == needle)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn parsed(typed: &str) -> Result<String, BadPlace> {
        parse(typed.as_bytes(), &StoragePath::new("/here")).map(|location| {
            match &location.endpoint {
                Endpoint::Local => format!("local {:?}", location.path),
                Endpoint::Remote(site) => format!(
                    "{:?} {} {:?} {:?}",
                    site.user(),
                    site.host(),
                    site.port(),
                    location.path
                ),
            }
        })
    }

    #[test]
    fn places_as_people_type_them() {
        for (typed, meant) in [
            ("a/b", "local /here/a/b"),
            ("/a/b", "local /a/b"),
            ("./a:b", "local /here/./a:b"),
            (".", "local /here"),
            ("files:in/today", "None files None in/today"),
            ("anna@files:/srv", "Some(\"anna\") files None /srv"),
            ("files:", "None files None ."),
            ("[::1]:x", "None ::1 None x"),
            (
                "sftp://anna@files.example:2222/srv/in",
                "Some(\"anna\") files.example Some(2222) /srv/in",
            ),
            ("sftp://files/~/in%20box", "None files None in box"),
            ("sftp://[::1]:2222", "None ::1 Some(2222) ."),
            ("SFTP://files/", "None files None /"),
            ("ftp://files/a", "None files None /a"),
            ("ftps://anna@files:990", "Some(\"anna\") files Some(990) ."),
        ] {
            assert_eq!(parsed(typed).as_deref(), Ok(meant), "{typed}");
        }
    }

    #[test]
    fn the_scheme_says_the_protocol() {
        for protocol in Protocol::ALL {
            let typed = format!("{}://files/in/a", protocol.scheme());
            let location = parse(typed.as_bytes(), &StoragePath::new("/here")).unwrap();
            let Endpoint::Remote(site) = &location.endpoint else { panic!("local") };
            assert_eq!(site.protocol(), protocol);
            if protocol != Protocol::Sftp {
                assert_eq!(location.to_string(), typed);
            }
        }
    }

    #[test]
    fn places_that_make_no_sense_say_why() {
        assert_eq!(parsed(""), Err(BadPlace::Empty));
        assert_eq!(parsed("gopher://x/"), Err(BadPlace::UnknownScheme("gopher".into())));
        assert_eq!(parsed("sftp://anna:secret@files/"), Err(BadPlace::PasswordInPlace));
        assert_eq!(parsed("-oProxyCommand=x:y"), Err(BadSite::BadCharacter("host").into()));
        assert_eq!(parsed("$(x)@files:y"), Err(BadSite::BadCharacter("user").into()));
        assert_eq!(parsed("sftp://files:99999/"), Err(BadSite::BadPort.into()));
        assert_eq!(parsed("sftp://files/%zz"), Err(BadPlace::BadEscape));
    }

    proptest! {
        #[test]
        fn any_bytes_are_a_place_or_a_reason(typed in proptest::collection::vec(any::<u8>(), 0..60)) {
            let _ = parse(&typed, &StoragePath::new("/here"));
        }
    }
}
