//! A path that is completed while it is typed: the directories that are there, and what they have in common.

use crate::{
    domain::{
        display,
        entry::Entry,
        place::{Endpoint, Location},
    },
    engine::message::Ticket,
};

use super::{place_text, sort::is_directory, text};

/// More names than this are not offered.
const MOST_NAMES: usize = 10_000;
/// So many are shown.
const SHOWN: usize = 6;

/// What is known of the directory whose names are offered.
#[derive(Debug)]
pub(crate) struct Completion {
    /// Relative paths are seen from here.
    base: Location,
    listed: Option<(Location, Ticket)>,
    names: Vec<String>,
}

impl Completion {
    pub(crate) fn new(base: Location) -> Self {
        Self { base, listed: None, names: Vec::new() }
    }

    pub(crate) fn base(&self) -> &Location {
        &self.base
    }

    /// The directory whose names fit what is typed, and the beginning of a name that stands behind it.
    pub(crate) fn wanted<'a>(&self, typed: &'a str) -> Option<(Location, &'a str)> {
        let Some(slash) = typed.rfind('/') else {
            return (!typed.contains(':')).then(|| (self.base.clone(), typed));
        };
        let (directory, begun) = typed.split_at(slash + 1);
        Some((place_text::read_path(directory, &self.base).ok()?, begun))
    }

    /// Whether this directory's names are here, or on their way.
    pub(crate) fn has(&self, directory: &Location) -> bool {
        self.listed.as_ref().is_some_and(|(listed, _)| listed == directory)
    }

    /// Whether a host's names may be looked up while they are typed: nobody is connected with, and asked, for that.
    pub(crate) fn may_look(&self, directory: &Location) -> bool {
        directory.endpoint == Endpoint::Local || directory.endpoint == self.base.endpoint
    }

    /// Another directory's names are on their way. What they were asked for before is not needed any more.
    pub(crate) fn look_up(&mut self, directory: Location, ticket: Ticket) -> Option<Ticket> {
        self.names.clear();
        self.listed.replace((directory, ticket)).map(|(_, earlier)| earlier)
    }

    pub(crate) fn ticket(&self) -> Option<Ticket> {
        self.listed.as_ref().map(|(_, ticket)| *ticket)
    }

    /// Names came. Only directories whose names can be typed are offered.
    pub(crate) fn take(&mut self, entries: &[Entry]) {
        for entry in entries.iter().filter(|entry| is_directory(entry)) {
            let shown = display::escape(entry.name.as_bytes());
            if shown.as_bytes() == entry.name.as_bytes() && self.names.len() < MOST_NAMES {
                let at = self.names.partition_point(|name| *name < shown);
                self.names.insert(at, shown);
            }
        }
    }

    fn candidates<'a>(&'a self, begun: &'a str) -> impl Iterator<Item = &'a str> {
        let shows_hidden = begun.starts_with('.');
        self.names
            .iter()
            .map(String::as_str)
            .filter(move |name| name.starts_with(begun) && (shows_hidden || !name.starts_with('.')))
    }

    /// What is typed, with all added that is certain; with a slash where only one name is left.
    pub(crate) fn complete(&self, typed: &str) -> Option<String> {
        let (directory, begun) = self.wanted(typed)?;
        if !self.has(&directory) {
            return None;
        }
        let mut candidates = self.candidates(begun);
        let mut common = candidates.next()?.to_owned();
        let mut is_only = true;
        for name in candidates {
            is_only = false;
            let same = common.char_indices().zip(name.chars());
            let end = same.take_while(|((_, a), b)| a == b).last();
            common.truncate(end.map_or(0, |((at, c), _)| at + c.len_utf8()));
        }
        let head = &typed[..typed.len() - begun.len()];
        Some(format!("{head}{common}{}", if is_only { "/" } else { "" }))
    }

    /// The line that offers names.
    pub(crate) fn words(&self, typed: &str) -> String {
        let Some((directory, begun)) = self.wanted(typed) else { return String::new() };
        if !self.has(&directory) {
            return String::new();
        }
        let count = self.candidates(begun).count();
        let shown: Vec<String> = self
            .candidates(begun)
            .take(SHOWN)
            .map(|name| format!("{}/", text::cut_name(name, 20)))
            .collect();
        let more = count.saturating_sub(SHOWN);
        let more = if more > 0 {
            format!("  and {} more", text::grouped(more as u64))
        } else {
            String::new()
        };
        format!("{}{more}", shown.join("  "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{
        entry::{Attributes, Kind},
        path::{Name, StoragePath},
    };

    fn known(names: &[&str]) -> Completion {
        let base = Location::local(StoragePath::new("/srv"));
        let mut completion = Completion::new(base.clone());
        completion.look_up(base, Ticket(1));
        let entry = |name: &&str| Entry {
            name: Name::new(name).unwrap(),
            attributes: Attributes::of_kind(Kind::Directory),
            leads_to: None,
        };
        completion.take(&names.iter().map(entry).collect::<Vec<_>>());
        completion
    }

    #[test]
    fn what_is_certain_is_added() {
        let completion = known(&["incoming", "invoices", "outgoing", ".in", "a\u{1b}b"]);
        assert_eq!(completion.complete("/srv/o").as_deref(), Some("/srv/outgoing/"));
        assert_eq!(completion.complete("i").as_deref(), Some("in"));
        assert_eq!(completion.complete("inv").as_deref(), Some("invoices/"));
        assert_eq!(completion.complete(".").as_deref(), Some(".in/"));
        assert_eq!(completion.complete("x"), None);
        assert_eq!(completion.complete("/etc/"), None, "its names are not here");
        assert_eq!(completion.complete("a"), None, "what cannot be typed is not offered");
        assert_eq!(completion.words("i"), "incoming/  invoices/");
    }

    #[test]
    fn names_with_wide_letters_are_cut_between_letters() {
        let completion = known(&["測定甲", "測定乙"]);
        assert_eq!(completion.complete("測").as_deref(), Some("測定"));
    }
}
