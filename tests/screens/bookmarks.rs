//! Bookmarks: set, shown, gone to, taken out.

use insta::assert_snapshot;
use wharf::{
    domain::{
        book::{Book, SiteOrder},
        saved::SavedSite,
        site::{Protocol, Site},
    },
    model::Context,
};

use super::stage::Stage;

fn book() -> Book {
    let site = |name: &str, host: &str, bookmarks: &[&str]| {
        let mut site = SavedSite::new(name, Site::new(Protocol::Sftp, None, host, None).unwrap());
        site.bookmarks = bookmarks.iter().map(|path| (*path).to_owned()).collect();
        site
    };
    Book {
        sites: vec![
            site("pier 12", "files.example", &["/srv/in", "/srv/out"]),
            site("bulk", "bulk.example", &["/data/a-very-long-way-down/to/the/place/where/it/is"]),
        ],
        bookmarks: vec!["/home/anna/cargo".to_owned()],
        ..Book::default()
    }
}

fn stage(size: (u16, u16)) -> Stage {
    let mut stage =
        Stage::with_book(size, Some("/home/anna"), Some("files.example:/srv/in"), book());
    stage.serve();
    stage
}

#[test]
fn the_list() {
    let mut stage = stage((80, 24));
    stage.keys("Tab '");
    assert_snapshot!(stage.picture());
}

#[test]
fn the_list_at_120_by_40_and_20_by_5() {
    let mut large = stage((120, 40));
    large.keys("'");
    let mut small = stage((20, 5));
    small.keys("' j");
    assert_snapshot!(large.picture() + "-----\n" + &small.picture());
}

#[test]
fn without_any_it_says_how_to_set_one() {
    let mut stage = Stage::new((80, 24));
    stage.keys("'");
    stage.shows("No bookmarks yet");
    stage.keys("Enter");
    assert_eq!(stage.model.context(), Context::Panes);
}

#[test]
fn one_is_gone_to() {
    let mut stage = stage((80, 24));
    stage.keys("' Enter");
    stage.shows("crate.bin");
    assert_eq!(stage.model.context(), Context::Panes);
    stage.keys("' j j Enter");
    stage.shows("Could not open files.example:/srv/out");
}

#[test]
fn the_folder_shown_becomes_one_and_is_none_again() {
    let mut stage = stage((80, 24));
    stage.keys("\"");
    stage.shows("Bookmarked /home/anna;");
    assert_eq!(stage.book.bookmarks, ["/home/anna/cargo", "/home/anna"]);
    stage.keys("\"");
    stage.shows("/home/anna is no bookmark any more.");
    assert_eq!(stage.book.bookmarks, ["/home/anna/cargo"]);
    stage.keys("Tab").keys(":").text("bookmark").keys("Enter");
    stage.shows("/srv/in is no bookmark any more.");
    assert_eq!(stage.book.named("pier 12").unwrap().bookmarks, ["/srv/out"]);
}

#[test]
fn a_place_that_is_no_saved_site_says_what_to_do() {
    let mut stage = Stage::new((80, 24));
    stage.keys("Tab \"");
    stage.shows("Ctrl-D saves this place as one");
}

#[test]
fn one_is_taken_out_of_the_list() {
    let mut stage = stage((80, 24));
    stage.keys("Tab ' j d");
    assert_eq!(stage.book.named("pier 12").unwrap().bookmarks, ["/srv/in"]);
    assert_eq!(stage.model.context(), Context::Bookmarks);
    stage.keys("G d d d d");
    assert!(matches!(stage.orders.last(), Some(SiteOrder::Save { .. })), "{:?}", stage.orders);
    stage.shows("No bookmarks yet");
    stage.keys("q");
    assert_eq!(stage.model.context(), Context::Panes);
}

#[test]
fn the_form_of_a_site_keeps_them() {
    let mut stage = stage((80, 24));
    stage.keys("b j e Ctrl-U").text("pier 13").keys("Enter");
    assert_eq!(stage.book.named("pier 13").unwrap().bookmarks, ["/srv/in", "/srv/out"]);
}
