//! The site manager: the book of sites as lines to move over, and a search.

use std::collections::BTreeSet;

use tui_input::Input;

use crate::{
    domain::{
        book::{Book, RecentPlace, SshHost},
        place::Endpoint,
        saved::SavedSite,
    },
    engine::message::Ticket,
};

use super::{Side, layout::Area, start::StartCard};

/// All that the screen knows of sites.
#[derive(Debug, Default)]
pub(crate) struct Desk {
    pub(crate) book: Book,
    /// The manager, while it is open.
    pub(crate) panel: Option<SitesPanel>,
    /// What an empty start shows.
    pub(crate) start: Option<StartCard>,
    /// Endpoints whose opening was noted in this run.
    pub(super) noted: BTreeSet<Endpoint>,
    /// The site whose connection is being tested.
    pub(super) testing: Option<(Ticket, String)>,
    /// Troubles of the file that were told.
    pub(super) told: Vec<String>,
}

/// The manager's own state.
#[derive(Debug)]
pub(crate) struct SitesPanel {
    /// The pane sites are opened in.
    pub(crate) side: Side,
    /// The line under the cursor, counted over all lines.
    pub(crate) cursor: usize,
    /// The first line shown.
    pub(crate) top: usize,
    /// Rows seen.
    pub(crate) height: usize,
    /// What is searched for; empty for everything.
    pub(crate) search: Input,
    /// Whether characters go into the search.
    pub(crate) searching: bool,
}

/// A line of the manager.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum SiteLine<'a> {
    /// A heading; the cursor passes over it.
    Folder(&'a str),
    Saved(&'a SavedSite),
    Host(&'a SshHost),
}

/// The list, and beside it, where there is room, what is known of one site.
pub(crate) fn parts(body: Area) -> (Area, Option<Area>) {
    if body.width < 76 || body.height < 8 {
        return (body, None);
    }
    let list = Area { width: body.width * 3 / 5, ..body };
    let details = Area { x: body.x + list.width, width: body.width - list.width, ..body };
    (list, Some(details))
}

/// The heading of the hosts of the ssh config.
pub(crate) const SSH_HOSTS: &str = "ssh config (read only)";

/// All lines that fit the search: sites without a folder, then the folders, then the hosts of the ssh config.
pub(crate) fn lines<'a>(book: &'a Book, search: &str) -> Vec<SiteLine<'a>> {
    let words: Vec<String> = search.split_whitespace().map(str::to_lowercase).collect();
    let mut sites: Vec<&SavedSite> =
        book.sites.iter().filter(|site| fits(&words, &parts_of(site))).collect();
    sites.sort_by_cached_key(|site| (site.folder.to_lowercase(), site.name.to_lowercase()));
    let mut lines = Vec::with_capacity(sites.len() + book.hosts.len());
    let mut folder = "";
    for site in sites {
        if site.folder != folder {
            folder = &site.folder;
            lines.push(SiteLine::Folder(folder));
        }
        lines.push(SiteLine::Saved(site));
    }
    let mut hosts = book
        .hosts
        .iter()
        .filter(|host| fits(&words, &[&host.name, &host.host_name, &host.user]))
        .peekable();
    if hosts.peek().is_some() {
        lines.push(SiteLine::Folder(SSH_HOSTS));
    }
    lines.extend(hosts.map(SiteLine::Host));
    lines
}

fn parts_of(site: &SavedSite) -> Vec<&str> {
    let mut parts = vec![
        site.name.as_str(),
        &site.folder,
        site.site.host(),
        site.site.user().unwrap_or_default(),
        &site.note,
    ];
    parts.extend(site.tags.iter().map(String::as_str));
    parts
}

/// Whether each word is somewhere in the parts.
fn fits(words: &[String], parts: &[&str]) -> bool {
    words.iter().all(|word| parts.iter().any(|part| part.to_lowercase().contains(word)))
}

impl SitesPanel {
    pub(crate) fn new(side: Side) -> Self {
        Self { side, cursor: 0, top: 0, height: 0, search: Input::default(), searching: false }
    }

    /// The line under the cursor.
    pub(crate) fn current<'a>(&self, book: &'a Book) -> Option<SiteLine<'a>> {
        lines(book, self.search.value()).get(self.cursor).copied()
    }

    /// Moves by lines, over headings; `isize::MIN` and `MAX` lead to the ends.
    pub(crate) fn move_by(&mut self, by: isize, book: &Book) {
        let lines = lines(book, self.search.value());
        let wanted = self.cursor.saturating_add_signed(by).min(lines.len().saturating_sub(1));
        let is_site = |at: &usize| !matches!(lines.get(*at), Some(SiteLine::Folder(_)) | None);
        let below = (wanted..lines.len()).find(is_site);
        let above = (0..wanted).rev().find(is_site);
        let found = if by < 0 { above_or(wanted, above, below, is_site) } else { below.or(above) };
        self.cursor = found.unwrap_or(0);
        self.settle(lines.len());
    }

    /// Puts the cursor on a line, if it is one of a site.
    pub(crate) fn move_to(&mut self, line: usize, book: &Book) {
        if let Some(SiteLine::Saved(_) | SiteLine::Host(_)) =
            lines(book, self.search.value()).get(line)
        {
            self.cursor = line;
        }
    }

    /// Puts the cursor on the saved site of a name.
    pub(crate) fn find(&mut self, name: &str, book: &Book) {
        let named =
            |line: &SiteLine<'_>| matches!(line, SiteLine::Saved(site) if site.name == name);
        if let Some(line) = lines(book, self.search.value()).iter().position(named) {
            self.cursor = line;
        }
    }

    /// Puts the scrolling right, and the cursor on a line there is.
    pub(crate) fn fit(&mut self, book: &Book) {
        self.move_by(0, book);
    }

    fn settle(&mut self, lines: usize) {
        let height = self.height.max(1);
        self.top = self.top.min(self.cursor).max((self.cursor + 1).saturating_sub(height));
        self.top = self.top.min(lines.saturating_sub(height));
        // The heading above the first site is seen with it.
        if self.cursor == 1 && height > 1 {
            self.top = 0;
        }
    }
}

fn above_or(
    wanted: usize,
    above: Option<usize>,
    below: Option<usize>,
    is_site: impl Fn(&usize) -> bool,
) -> Option<usize> {
    if is_site(&wanted) { Some(wanted) } else { above.or(below) }
}

/// What is remembered of an endpoint that was opened.
pub(crate) fn recent_place(book: &Book, location: &crate::domain::place::Location) -> RecentPlace {
    match book.of(&location.endpoint) {
        Some(saved) => RecentPlace::Saved(saved.name.clone()),
        None => RecentPlace::Typed(super::place_text::as_typed(location)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::site::{Protocol, Site};

    fn book() -> Book {
        let site = |name: &str, folder: &str| {
            let address = Site::new(Protocol::Sftp, None, "h.example", None).unwrap();
            SavedSite { folder: folder.to_owned(), ..SavedSite::new(name, address) }
        };
        let host = SshHost {
            name: "bastion".to_owned(),
            host_name: "b.example".to_owned(),
            user: "anna".to_owned(),
        };
        let sites = vec![site("zebra", "work"), site("alpha", "work"), site("home", "")];
        Book { sites, hosts: vec![host], ..Book::default() }
    }

    fn names(search: &str) -> Vec<String> {
        let book = book();
        lines(&book, search)
            .iter()
            .map(|line| match line {
                SiteLine::Folder(folder) => format!("[{folder}]"),
                SiteLine::Saved(site) => site.name.clone(),
                SiteLine::Host(host) => host.name.clone(),
            })
            .collect()
    }

    #[test]
    fn sites_stand_in_folders_and_hosts_at_the_end() {
        let all = ["home", "[work]", "alpha", "zebra", "[ssh config (read only)]", "bastion"];
        assert_eq!(names(""), all);
        assert_eq!(names("WORK alp"), ["[work]", "alpha"]);
        assert_eq!(names("anna"), ["[ssh config (read only)]", "bastion"]);
        assert_eq!(names("nothing"), Vec::<String>::new());
    }

    #[test]
    fn the_cursor_passes_over_headings() {
        let (book, mut panel) = (book(), SitesPanel::new(Side::Left));
        panel.height = 3;
        let mut seen = vec![panel.cursor];
        for by in [1, 1, 1, 1, -1, -1, -1, -1, isize::MAX, isize::MIN] {
            panel.move_by(by, &book);
            seen.push(panel.cursor);
        }
        assert_eq!(seen, [0, 2, 3, 5, 5, 3, 2, 0, 0, 5, 0]);
        panel.find("zebra", &book);
        assert_eq!(panel.cursor, 3);
        panel.search = Input::from("bastion");
        panel.fit(&book);
        assert_eq!(panel.current(&book), Some(SiteLine::Host(&book.hosts[0])));
    }
}
