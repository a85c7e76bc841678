//! Folders one comes back to: those of the site that is shown, those of this machine, those of the other sites.

use std::sync::Arc;

use crate::domain::{
    book::Book,
    path::StoragePath,
    place::{Endpoint, Location},
    saved::SavedSite,
};

use super::Side;

/// The list while it is open.
#[derive(Debug)]
pub(crate) struct Bookmarks {
    /// The pane it was opened for.
    pub(super) side: Side,
    /// The line under the cursor.
    pub(crate) cursor: usize,
}

/// One folder.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Mark<'a> {
    /// Whose it is; `None` for this machine's.
    pub(crate) site: Option<&'a SavedSite>,
    /// As it is written.
    pub(crate) path: &'a str,
}

impl Bookmarks {
    pub(super) fn new(side: Side) -> Self {
        Self { side, cursor: 0 }
    }

    /// The pane they are opened in.
    pub(crate) fn side(&self) -> Side {
        self.side
    }
}

impl Mark<'_> {
    /// Where it leads; `None` for a folder of this machine that is none.
    pub(super) fn location(&self, book: &Book) -> Option<Location> {
        match self.site {
            Some(site) => {
                let endpoint = Endpoint::Remote(Arc::new(site.site.clone()));
                Some(Location { endpoint, path: StoragePath::new(self.path) })
            }
            None => book.folder_here(self.path),
        }
    }
}

/// All of them: first those of the place that is shown.
pub(crate) fn marks<'a>(book: &'a Book, shown: &Endpoint) -> Vec<Mark<'a>> {
    let of = |site: &'a SavedSite| {
        site.bookmarks.iter().map(move |path| Mark { site: Some(site), path })
    };
    let here = book.bookmarks.iter().map(|path| Mark { site: None, path });
    let is_shown = |site: &&SavedSite| matches!(shown, Endpoint::Remote(own) if **own == site.site);
    let (own, others): (Vec<_>, Vec<_>) = book.sites.iter().partition(is_shown);
    own.into_iter().flat_map(of).chain(here).chain(others.into_iter().flat_map(of)).collect()
}

/// The list with a folder added, or taken out if it is there.
pub(super) fn toggled(list: &[String], path: &str) -> Vec<String> {
    let mut list = list.to_vec();
    let before = list.len();
    list.retain(|known| known != path);
    if list.len() == before {
        list.push(path.to_owned());
    }
    list
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::site::{Protocol, Site};

    #[test]
    fn those_of_the_place_that_is_shown_come_first() {
        let site = |name: &str, host: &str, bookmarks: &[&str]| {
            let address = Site::new(Protocol::Sftp, None, host, None).unwrap();
            let mut site = SavedSite::new(name, address);
            site.bookmarks = bookmarks.iter().map(|path| (*path).to_owned()).collect();
            site
        };
        let book = Book {
            sites: vec![site("a", "a.example", &["/a"]), site("b", "b.example", &["/b1", "b2"])],
            bookmarks: vec!["~/work".to_owned(), "relative".to_owned()],
            home: Some(StoragePath::new("/home/anna")),
            ..Book::default()
        };
        let shown = Endpoint::Remote(Arc::new(book.sites[1].site.clone()));
        let paths =
            |shown: &Endpoint| marks(&book, shown).iter().map(|mark| mark.path).collect::<Vec<_>>();
        assert_eq!(paths(&shown), ["/b1", "b2", "~/work", "relative", "/a"]);
        assert_eq!(paths(&Endpoint::Local), ["~/work", "relative", "/a", "/b1", "b2"]);
        let leads = |number: usize| {
            marks(&book, &shown)[number].location(&book).map(|location| location.to_string())
        };
        assert_eq!(leads(1).as_deref(), Some("b.example:b2"));
        assert_eq!(leads(2).as_deref(), Some("/home/anna/work"));
        assert_eq!(leads(3), None);
    }

    #[test]
    fn a_bookmark_is_set_and_taken_out_again() {
        let list = toggled(&["/a".to_owned()], "/b");
        assert_eq!(list, ["/a", "/b"]);
        assert_eq!(toggled(&list, "/a"), ["/b"]);
    }
}
