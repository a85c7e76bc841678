//! The book of sites: those saved, those of the ssh config, those opened lately; and who keeps it.

use std::{collections::BTreeMap, sync::Arc};

use super::{
    error::Result,
    ftp::TlsRule,
    path::StoragePath,
    place::{self, BadPlace, Endpoint, Location},
    rate::Limit,
    saved::SavedSite,
    site::Site,
};

/// What is known of sites at one moment.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Book {
    /// In the order of the file.
    pub sites: Vec<SavedSite>,
    /// Hosts of the ssh config, to be opened but not edited here.
    pub hosts: Vec<SshHost>,
    /// Places opened lately, the latest first.
    pub recent: Vec<Recent>,
    /// Entries of the file that could not be used, each a sentence.
    pub troubles: Vec<String>,
    /// Whose entries those are: nobody knows whether TLS was required of them.
    pub unread: Unread,
    /// Folders of this machine to come back to, as they are written.
    pub bookmarks: Vec<String>,
    /// What `~` stands for in folders of this machine.
    pub home: Option<StoragePath>,
}

/// Hosts of which something is said that could not be read.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Unread {
    /// All was read.
    #[default]
    None,
    /// These.
    Hosts(Vec<String>),
    /// It may be any.
    Any,
}

impl Unread {
    /// Whether this host may be one of them.
    pub fn may_be(&self, host: &str) -> bool {
        match self {
            Unread::None => false,
            Unread::Hosts(hosts) => hosts.iter().any(|unread| unread.eq_ignore_ascii_case(host)),
            Unread::Any => true,
        }
    }
}

impl Book {
    /// What is carried from and to each saved site at most; where two have one address the lower counts.
    pub fn limits(&self) -> BTreeMap<Endpoint, Limit> {
        let mut limits: BTreeMap<Endpoint, Limit> = BTreeMap::new();
        for saved in &self.sites {
            let endpoint = Endpoint::Remote(Arc::new(saved.site.clone()));
            let limit = limits.entry(endpoint).or_default();
            *limit = limit.lower(saved.limit);
        }
        limits
    }
}

/// A Host of the ssh config.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SshHost {
    /// As it stands behind `Host`.
    pub name: String,
    /// HostName, where the same section has one; for the eye only.
    pub host_name: String,
    /// User, likewise.
    pub user: String,
}

/// A place that was opened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recent {
    /// Which.
    pub what: RecentPlace,
    /// When, in seconds since 1970.
    pub at: i64,
}

/// Which place was opened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RecentPlace {
    /// A saved site, by its name.
    Saved(String),
    /// Another place, as a person would type it.
    Typed(String),
}

/// What is to be done with the book.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SiteOrder {
    /// Read everything anew.
    Read,
    /// Add a site, or put it in the place of the one called `was`.
    Save {
        /// The name of the one it replaces.
        was: Option<String>,
        /// The site.
        site: Box<SavedSite>,
    },
    /// These are the bookmarks of this machine.
    Bookmarks(Vec<String>),
    /// Remove the site of this name.
    Remove(String),
    /// Note that a place was opened now.
    Opened(RecentPlace),
}

/// Who keeps the book: the files of the person, or a stand-in.
pub trait Shelf: Send + Sync {
    /// Does it, and tells the book as it then stands. May block.
    fn carry_out(&self, order: SiteOrder) -> Result<Book>;
}

impl Book {
    /// The saved site of this name.
    pub fn named(&self, name: &str) -> Option<&SavedSite> {
        self.sites.iter().find(|site| site.name == name)
    }

    /// The saved site at this address.
    pub fn at(&self, site: &Site) -> Option<&SavedSite> {
        self.sites.iter().find(|saved| saved.site == *site)
    }

    /// Whether a saved site says that this host is spoken to inside TLS alone, or may have meant to.
    pub fn wants_tls_of(&self, host: &str) -> bool {
        let wants = |site: &SavedSite| site.ftp.tls == Some(TlsRule::Required);
        self.unread.may_be(host)
            || self
                .sites
                .iter()
                .any(|site| wants(site) && site.site.host().eq_ignore_ascii_case(host))
    }

    /// The saved site an endpoint belongs to.
    pub fn of(&self, endpoint: &Endpoint) -> Option<&SavedSite> {
        match endpoint {
            Endpoint::Local => None,
            Endpoint::Remote(site) => self.at(site),
        }
    }

    /// When a site was last opened.
    pub fn last_opened(&self, name: &str) -> Option<i64> {
        let found = self.recent.iter().find(|recent| match &recent.what {
            RecentPlace::Saved(known) => known == name,
            RecentPlace::Typed(_) => false,
        });
        found.map(|recent| recent.at)
    }

    /// Where a saved site begins.
    pub fn start(saved: &SavedSite) -> Location {
        let path = StoragePath::new(saved.start.as_deref().unwrap_or("."));
        Location { endpoint: Endpoint::Remote(Arc::new(saved.site.clone())), path }
    }

    /// Where it begins on this machine, if it says so.
    pub fn start_here(&self, saved: &SavedSite) -> Option<Location> {
        self.folder_here(saved.start_here.as_deref()?)
    }

    /// A folder of this machine as it is written, `~` and all; `None` where it is none.
    pub fn folder_here(&self, typed: &str) -> Option<Location> {
        let path = match (typed.strip_prefix('~'), &self.home) {
            (Some(""), Some(home)) => home.clone(),
            (Some(rest), Some(home)) if rest.starts_with('/') => {
                home.join_typed(rest.trim_start_matches('/'))
            }
            _ => StoragePath::new(typed),
        };
        path.is_absolute().then(|| Location::local(path))
    }

    /// Reads a place as a person types it: `NAME` (where `bare` names are taken) and `NAME:path` of a saved site
    /// first, then what [`place::parse`] reads.
    pub fn place(
        &self,
        typed: &[u8],
        here: &StoragePath,
        bare: bool,
    ) -> std::result::Result<Location, BadPlace> {
        if let Ok(text) = std::str::from_utf8(typed) {
            if bare && let Some(saved) = self.named(text) {
                return Ok(Self::start(saved));
            }
            if let Some((name, path)) = text.split_once(':')
                && let Some(saved) = self.named(name)
                && !path.starts_with("//")
            {
                let start = Self::start(saved);
                return Ok(if path.is_empty() {
                    start
                } else {
                    start.with_path(StoragePath::new(path))
                });
            }
        }
        place::parse(typed, here)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::site::Protocol;

    fn book() -> Book {
        let site = Site::new(Protocol::Sftp, Some("anna"), "files.example", Some(2222)).unwrap();
        let mut saved = SavedSite::new("pier 12", site);
        saved.start = Some("/srv/in".to_owned());
        saved.start_here = Some("~/work".to_owned());
        let host = Site::new(Protocol::Sftp, None, "elsewhere.example", None).unwrap();
        let sites = vec![saved, SavedSite::new("files", host)];
        Book { sites, home: Some(StoragePath::new("/home/anna")), ..Book::default() }
    }

    #[test]
    fn a_sites_name_goes_before_a_host_and_a_path() {
        let here = StoragePath::new("/here");
        let read = |typed: &str, bare| {
            book().place(typed.as_bytes(), &here, bare).map(|location| location.to_string())
        };
        assert_eq!(read("pier 12", true).unwrap(), "anna@files.example:2222:/srv/in");
        assert_eq!(read("pier 12", false).unwrap(), "/here/pier 12");
        assert_eq!(read("pier 12:", false).unwrap(), "anna@files.example:2222:/srv/in");
        assert_eq!(read("pier 12:a/b", false).unwrap(), "anna@files.example:2222:a/b");
        assert_eq!(read("files:x", false).unwrap(), "elsewhere.example:x");
        assert_eq!(read("files", true).unwrap(), "elsewhere.example:.");
        assert_eq!(read("other:x", true).unwrap(), "other:x");
        assert_eq!(read("./files", true).unwrap(), "/here/./files");
    }

    #[test]
    fn folders_of_this_machine_know_the_home() {
        let book = book();
        let start = book.start_here(&book.sites[0]).unwrap();
        assert_eq!(start, Location::local(StoragePath::new("/home/anna/work")));
        let mut relative = book.sites[0].clone();
        relative.start_here = Some("work".to_owned());
        assert_eq!(book.start_here(&relative), None);
    }
}
