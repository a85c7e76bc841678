//! Saved sites: `sites.toml` in the configuration directory, and what belongs to it.
//!
//! | room | what it is for |
//! |---|---|
//! | `read`, `edit` | the text and what it says; pure |
//! | `file` | locked, private, replaced whole |
//! | `opened` | what was opened lately |
//! | `login`, `vault` | what a site says of logging in, and of passwords |
//! | `import` | other programs' sites |

mod edit;
pub(super) mod file;
pub mod import;
mod login;
mod opened;
mod read;
mod vault;

use std::{
    path::{Path, PathBuf},
    sync::{Mutex, MutexGuard, PoisonError},
    time::{SystemTime, UNIX_EPOCH},
};

use super::{paths::Paths, ssh_config};
use crate::domain::{
    book::{Book, Recent, RecentPlace, Shelf, SiteOrder, Unread},
    display::escape,
    error::Result,
    ftp::TlsRule,
    path::StoragePath,
    place,
    saved::{SavedSite, Terms},
    site::Site,
};

pub use login::apply;
pub use vault::SiteVault;

/// The file within the configuration directory.
const SITES: &str = "sites.toml";
/// The file within the state directory.
const OPENED: &str = "opened.json";

/// The saved sites of a person, and all who ask for them.
pub struct Sites {
    sites: PathBuf,
    opened: PathBuf,
    ssh_config: Option<PathBuf>,
    book: Mutex<Book>,
}

/// What became of sites that were brought in.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Added {
    /// Names they are saved under.
    pub names: Vec<String>,
    /// How many were there already.
    pub known: usize,
}

impl Sites {
    /// Reads what there is. A file that cannot be read is a trouble in the book, and no reason to stop.
    pub fn open(paths: &Paths, ssh_config: Option<PathBuf>) -> Self {
        Self::in_directories(paths.config_dir(), paths.state_dir(), ssh_config)
    }

    fn in_directories(config: &Path, state: &Path, ssh_config: Option<PathBuf>) -> Self {
        let (sites, opened) = (config.join(SITES), state.join(OPENED));
        let own = Self { sites, opened, ssh_config, book: Mutex::default() };
        own.read();
        own
    }

    /// The book as it was last read.
    pub fn book(&self) -> Book {
        self.lock().clone()
    }

    /// What connecting to an address hangs on beside it. A host that a saved site wants TLS of is not spoken to without
    /// it by another address either.
    pub fn terms(&self, site: &Site) -> Terms {
        let book = self.lock();
        let mut terms = book.at(site).map(SavedSite::terms).unwrap_or_default();
        if book.wants_tls_of(site.host()) {
            terms.ftp.tls = Some(TlsRule::Required);
        }
        terms
    }

    /// Adds sites from elsewhere, all or none. One that is there already, under its name or another, is passed over;
    /// one whose name is taken gets a number.
    pub fn add(&self, sites: &[SavedSite]) -> Result<Added> {
        let mut added = Added::default();
        file::change(&self.sites, |old| {
            let mut text = old.to_owned();
            let mut known = read::read(old)?.sites;
            for site in sites {
                let same = |other: &SavedSite| {
                    other.site == site.site
                        && other.start == site.start
                        && other.login == site.login
                };
                if known.iter().any(same) {
                    added.known += 1;
                    continue;
                }
                let name = free_name(&site.name, &known);
                let mut site = SavedSite { name, ..site.clone() };
                // Two sites at one address log in alike: the one that was there first says how.
                if let Some(other) = known.iter().find(|other| other.site == site.site) {
                    site.login = other.login.clone();
                    site.jump = other.jump.clone();
                    site.connections = other.connections;
                    site.requests = other.requests;
                    site.ftp = other.ftp;
                }
                text = edit::save(&text, None, &site)?;
                added.names.push(site.name.clone());
                known.push(site);
            }
            Ok(text)
        })?;
        self.read();
        Ok(added)
    }

    fn lock(&self) -> MutexGuard<'_, Book> {
        self.book.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn read(&self) {
        let mut book = Book {
            hosts: ssh_config::hosts(self.ssh_config.as_deref()),
            // Whatever is wrong with it, it is only a convenience.
            recent: opened::read(&file::read(&self.opened).unwrap_or_default()),
            home: directories::BaseDirs::new()
                .map(|own| StoragePath::new(own.home_dir().as_os_str().as_encoded_bytes())),
            ..Book::default()
        };
        let named = escape(self.sites.as_os_str().as_encoded_bytes());
        let text = file::read(&self.sites);
        let may_require_tls =
            text.as_ref().map_or(true, |text| text.to_lowercase().contains("tls"));
        let contents = text.map(|text| read::read(&text));
        let was_read = matches!(contents, Ok(Ok(_)));
        match contents {
            Ok(Ok(contents)) => {
                book.sites = contents.sites;
                book.bookmarks = contents.bookmarks;
                if !contents.unread_hosts.is_empty() {
                    book.unread = Unread::Hosts(contents.unread_hosts);
                }
                let left_out = |why| format!("{named}, {why}. This entry is left out; the others are used.");
                book.troubles = contents.troubles.into_iter().map(left_out).collect();
            }
            Ok(Err(why)) => book.troubles.push(format!(
                "{named}, {why}. No saved site can be used until this is mended; Wharf does not touch the file."
            )),
            Err(error) => book.troubles.push(error.to_string()),
        }
        if may_require_tls && !was_read {
            book.unread = Unread::Any;
        }
        name_recent(&mut book);
        *self.lock() = book;
    }
}

impl Shelf for Sites {
    fn carry_out(&self, order: SiteOrder) -> Result<Book> {
        match order {
            SiteOrder::Read => {}
            SiteOrder::Save { was, site } => {
                file::change(&self.sites, |old| edit::save(old, was.as_deref(), &site))?;
                if let Some(was) = was.filter(|was| *was != site.name) {
                    self.renamed(&was, &site.name);
                }
            }
            SiteOrder::Bookmarks(list) => {
                file::change(&self.sites, |old| edit::bookmarks_here(old, &list))?;
            }
            SiteOrder::Remove(name) => file::change(&self.sites, |old| edit::remove(old, &name))?,
            SiteOrder::Opened(what) => {
                file::change(&self.opened, |old| Ok(opened::note(old, what, now())))?;
            }
        }
        self.read();
        Ok(self.book())
    }
}

impl Sites {
    /// What was opened under the old name was opened under the new one. Not worth a failure.
    fn renamed(&self, was: &str, name: &str) {
        let at = self.lock().last_opened(was);
        if let Some(at) = at {
            let what = RecentPlace::Saved(name.to_owned());
            let _ = file::change(&self.opened, |old| Ok(opened::note(old, what, at)));
        }
    }
}

/// A place that was typed, and whose address was saved since, is that site.
fn name_recent(book: &mut Book) {
    let mut named: Vec<Recent> = Vec::with_capacity(book.recent.len());
    for mut recent in std::mem::take(&mut book.recent) {
        if let RecentPlace::Typed(typed) = &recent.what
            && let Ok(place) = place::parse(typed.as_bytes(), &StoragePath::root())
            && let Some(saved) = book.of(&place.endpoint)
        {
            recent.what = RecentPlace::Saved(saved.name.clone());
        }
        if !named.iter().any(|known| known.what == recent.what) {
            named.push(recent);
        }
    }
    book.recent = named;
}

fn free_name(name: &str, known: &[SavedSite]) -> String {
    let is_free = |name: &str| !known.iter().any(|other| other.name == name);
    if is_free(name) {
        return name.to_owned();
    }
    let numbered = (2..).map(|number| format!("{name} {number}")).find(|name| is_free(name));
    numbered.unwrap_or_else(|| name.to_owned())
}

fn now() -> i64 {
    let passed = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(passed.as_secs()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::site::Protocol;

    fn site(name: &str, host: &str) -> SavedSite {
        SavedSite::new(name, Site::new(Protocol::Sftp, None, host, None).unwrap())
    }

    fn save(name: &str, host: &str) -> SiteOrder {
        SiteOrder::Save { was: None, site: Box::new(site(name, host)) }
    }

    #[test]
    fn a_site_is_saved_opened_renamed_and_removed() {
        let folder = tempfile::tempdir().unwrap();
        let sites = Sites::in_directories(&folder.path().join("c"), &folder.path().join("s"), None);
        sites.carry_out(save("files", "h")).unwrap();
        let what = RecentPlace::Saved("files".to_owned());
        let book = sites.carry_out(SiteOrder::Opened(what)).unwrap();
        let opened = book.last_opened("files").unwrap();
        assert!(opened > 1_700_000_000, "{opened}");
        assert_eq!(sites.terms(&book.sites[0].site), Terms::default());
        let renamed = Box::new(site("bulk", "h"));
        let book = sites
            .carry_out(SiteOrder::Save { was: Some("files".to_owned()), site: renamed })
            .unwrap();
        assert_eq!(book.last_opened("bulk"), Some(opened));
        let again = Sites::in_directories(&folder.path().join("c"), &folder.path().join("s"), None);
        assert_eq!(again.book().sites, book.sites);
        let book = sites.carry_out(SiteOrder::Remove("bulk".to_owned())).unwrap();
        assert_eq!(book.sites, []);
    }

    #[test]
    fn a_host_that_wants_tls_has_it_by_every_address() {
        let folder = tempfile::tempdir().unwrap();
        let sites = Sites::in_directories(folder.path(), folder.path(), None);
        let at = |protocol, host, port| Site::new(protocol, Some("anna"), host, port).unwrap();
        let mut strict = SavedSite::new("s", at(Protocol::FtpExplicitTls, "Files.example", None));
        strict.ftp.tls = Some(TlsRule::Required);
        sites.carry_out(SiteOrder::Save { was: None, site: Box::new(strict) }).unwrap();
        let said = |host, port| sites.terms(&at(Protocol::Ftp, host, port)).ftp.tls;
        assert_eq!(said("files.example", None), Some(TlsRule::Required));
        assert_eq!(said("files.example", Some(2121)), Some(TlsRule::Required));
        assert_eq!(said("other.example", None), None);
    }

    #[test]
    fn no_mistake_lets_plain_ftp_through_where_tls_may_have_been_required() {
        let folder = tempfile::tempdir().unwrap();
        let said = |text: &str, host| {
            std::fs::write(folder.path().join(SITES), text).unwrap();
            let sites = Sites::in_directories(folder.path(), folder.path(), None);
            assert_eq!(sites.book().troubles.len(), 1, "{text}");
            let site = Site::new(Protocol::Ftp, Some("anna"), host, Some(2121)).unwrap();
            sites.terms(&site).ftp.tls
        };
        let required = Some(TlsRule::Required);
        for mistake in [
            "tls = \"requird\"",
            "tls = true",
            "TLS = \"required\"",
            "tsl = \"required\"",
            "port = 0",
        ] {
            let text = format!(
                "[[site]]\nname = \"a\"\nprotocol = \"ftpes\"\nhost = \"Files.example\"\n{mistake}\n"
            );
            assert_eq!(said(&text, "files.example"), required, "{mistake}");
            assert_eq!(said(&text, "other.example"), None, "{mistake}");
            let plainly = format!("{text}tls = \"optional\"\n");
            if !mistake.starts_with("tls") {
                assert_eq!(said(&plainly, "files.example"), None, "{mistake}");
            }
        }
        assert_eq!(said("[[site]\ntls = \"required\"\n", "other.example"), required);
        assert_eq!(said("[[site]\nname = \"a\"\n", "other.example"), None);
    }

    #[test]
    fn a_place_that_was_opened_before_it_was_saved_is_the_site() {
        let folder = tempfile::tempdir().unwrap();
        let sites = Sites::in_directories(folder.path(), folder.path(), None);
        for typed in ["h:/srv", "other:x"] {
            let what = RecentPlace::Typed(typed.to_owned());
            sites.carry_out(SiteOrder::Opened(what)).unwrap();
        }
        let book = sites.carry_out(save("files", "h")).unwrap();
        let recent: Vec<_> = book.recent.into_iter().map(|recent| recent.what).collect();
        let (typed, saved) =
            (RecentPlace::Typed("other:x".into()), RecentPlace::Saved("files".into()));
        assert_eq!(recent, [typed, saved]);
    }

    #[test]
    fn a_file_that_is_no_toml_is_told_and_never_written() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(SITES);
        std::fs::write(&path, "[[site]\nname = \"a\"\n").unwrap();
        let sites = Sites::in_directories(folder.path(), folder.path(), None);
        let told = sites.book().troubles;
        assert!(told[0].contains("sites.toml, line 1: "), "{told:?}");
        let error = sites.carry_out(save("b", "h")).unwrap_err();
        assert!(error.to_string().contains("line 1"), "{error}");
        assert!(sites.add(&[site("b", "h")]).is_err());
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "[[site]\nname = \"a\"\n");
    }

    #[test]
    fn sites_from_elsewhere_get_a_free_name_and_come_once() {
        let folder = tempfile::tempdir().unwrap();
        let sites = Sites::in_directories(folder.path(), folder.path(), None);
        sites.carry_out(save("files", "h")).unwrap();
        let more = [site("files", "g"), site("other", "h"), site("new", "n")];
        let added = sites.add(&more).unwrap();
        assert_eq!(added, Added { names: vec!["files 2".into(), "new".into()], known: 1 });
        assert_eq!(sites.add(&more).unwrap(), Added { names: Vec::new(), known: 3 });
    }
}
