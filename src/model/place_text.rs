//! A place as it stands in a field, and back: what was not touched keeps its bytes.

use crate::domain::{
    display,
    path::StoragePath,
    place::{self, BadPlace, Endpoint, Location},
    site::Protocol,
};

/// A place put into a field for editing.
#[derive(Debug, Clone)]
pub(crate) struct Prefilled {
    pub(crate) text: String,
    location: Location,
}

impl Prefilled {
    /// A directory; its text ends with a slash, which says "into it".
    pub(crate) fn directory(location: &Location) -> Self {
        let mut text = as_typed(location);
        if !text.ends_with('/') {
            text.push('/');
        }
        Self { text, location: location.clone() }
    }

    /// What the field says now. Relative text without a host is seen from `base`.
    pub(crate) fn read(&self, typed: &str, base: &Location) -> Result<Location, BadPlace> {
        if typed == self.text {
            return Ok(self.location.clone());
        }
        read(typed, base)
    }
}

/// What a field says. Relative text without a host is seen from `base`.
pub(crate) fn read(typed: &str, base: &Location) -> Result<Location, BadPlace> {
    let local_marker = StoragePath::root();
    let expanded = place::parse(typed.as_bytes(), &local_marker)?;
    let is_relative = expanded.endpoint == Endpoint::Local && !typed.starts_with('/');
    if is_relative {
        return Ok(base.with_path(base.path.join_typed(typed)));
    }
    Ok(expanded)
}

/// What a path says that is seen from `base`, wherever that is: an absolute one means the same machine.
pub(crate) fn read_path(typed: &str, base: &Location) -> Result<Location, BadPlace> {
    if typed.starts_with('/') {
        return Ok(base.with_path(StoragePath::new(typed)));
    }
    read(typed, base)
}

/// A location in the form [`place::parse`] reads: a port needs the URL form.
pub(crate) fn as_typed(location: &Location) -> String {
    let path = display::escape(location.path.as_bytes());
    let Endpoint::Remote(site) = &location.endpoint else { return path };
    if site.port().is_none() && site.protocol() == Protocol::Sftp {
        return format!("{site}:{path}");
    }
    let path = path.replace('%', "%25");
    match path.strip_prefix('/') {
        Some(absolute) => format!("{}/{absolute}", site.url()),
        None => format!("{}/~/{path}", site.url()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_survive_a_field() {
        let here = Location::local(StoragePath::new("/here"));
        for typed in [
            "/a/b",
            "anna@files:/srv/in",
            "files:in",
            "sftp://anna@files:2222/srv/100%25",
            "ftpes://anna@files/srv/in",
            "ftp://files:2121/~/in",
        ] {
            let location = read(typed, &here).unwrap();
            assert_eq!(as_typed(&location), typed);
            let prefilled = Prefilled::directory(&location);
            assert_eq!(read(&prefilled.text, &here).unwrap(), location);
        }
    }

    #[test]
    fn untouched_text_keeps_its_bytes() {
        let odd = Location::local(StoragePath::new(b"/caf\xe9\x1b"));
        let prefilled = Prefilled::directory(&odd);
        assert_eq!(prefilled.text, "/caf\\xe9\\u{1b}/");
        assert_eq!(prefilled.read(&prefilled.text, &odd).unwrap(), odd);
    }

    #[test]
    fn relative_text_is_seen_from_the_pane() {
        let files = read("files:/srv", &Location::local(StoragePath::root())).unwrap();
        assert_eq!(read("in/x", &files).unwrap(), read("files:/srv/in/x", &files).unwrap());
        assert_eq!(read("/etc", &files).unwrap().to_string(), "/etc", "a place is a place");
        for (typed, meant) in [("/etc", "files:/etc"), ("in", "files:/srv/in"), ("o:x", "o:x")] {
            assert_eq!(read_path(typed, &files).unwrap().to_string(), meant);
        }
    }
}
