//! Saved sites on the screen: the manager, its dialogs, and the card of an empty start.

use insta::assert_snapshot;
use wharf::{
    domain::{
        book::{Book, Recent, RecentPlace, SiteOrder, SshHost},
        digest::VerifyLevel,
        error::{Error, ErrorKind},
        ftp::TlsRule,
        path::StoragePath,
        rate::Limit,
        saved::{Colour, LoginWay, SavedSite},
        site::{Protocol, Site},
    },
    engine::message::{Command, Event},
    model::MouseAct,
};

use super::stage::{MOMENT, Sent, Stage, directory, location};

fn site(name: &str, folder: &str, user: &str, host: &str, port: Option<u16>) -> SavedSite {
    let site = Site::new(Protocol::Sftp, Some(user), host, port).unwrap();
    SavedSite { folder: folder.to_owned(), ..SavedSite::new(name, site) }
}

pub(super) fn book() -> Book {
    let mut bulk = site("bulk", "harbour", "anna", "bulk.example", Some(2222));
    bulk.start = Some("/srv/in".to_owned());
    bulk.start_here = Some("~/cargo".to_owned());
    bulk.colour = Some(Colour::Red);
    bulk.verify = Some(VerifyLevel::Size);
    bulk.connections = Some(2);
    bulk.tags = vec!["nightly".to_owned(), "prod".to_owned()];
    bulk.note = "Quiet after six; ask Berta before deleting anything.".to_owned();
    let mut pier = site("pier 12", "harbour", "anna", "pier12.example", None);
    pier.login = LoginWay::Command("pass show harbour/pier12".to_owned());
    let home = site("home", "", "anna", "home.example", None);
    let hosts = vec![SshHost {
        name: "files.example".to_owned(),
        host_name: "10.0.0.7".to_owned(),
        user: "berta".to_owned(),
    }];
    let recent = vec![
        Recent { what: RecentPlace::Saved("bulk".to_owned()), at: MOMENT },
        Recent {
            what: RecentPlace::Typed("files.example:/srv/in".to_owned()),
            at: MOMENT - 90_000,
        },
        Recent { what: RecentPlace::Saved("gone".to_owned()), at: MOMENT - 99_000 },
    ];
    let home_dir = Some(StoragePath::new("/home/anna"));
    Book { sites: vec![pier, bulk, home], hosts, recent, home: home_dir, ..Book::default() }
}

fn stage(size: (u16, u16)) -> Stage {
    let mut stage =
        Stage::with_book(size, Some("/home/anna"), Some("files.example:/srv/in"), book());
    stage.set_place("anna@bulk.example:2222:/srv/in", vec![directory("2026")]);
    stage.serve();
    stage
}

fn last_order(stage: &Stage) -> &SiteOrder {
    stage.orders.iter().rfind(|order| **order != SiteOrder::Read).expect("an order")
}

fn saved(stage: &Stage) -> (Option<&str>, &SavedSite) {
    match last_order(stage) {
        SiteOrder::Save { was, site } => (was.as_deref(), site),
        other => panic!("{other:?}"),
    }
}

#[test]
fn the_manager() {
    let mut stage = stage((80, 24));
    stage.keys("b j");
    assert_snapshot!(stage.picture());
}

#[test]
fn the_manager_at_120_by_40() {
    let mut stage = stage((120, 40));
    stage.keys("b End");
    assert_snapshot!(stage.picture());
}

#[test]
fn the_manager_in_20_by_5() {
    let mut stage = stage((20, 5));
    stage.keys("b j j");
    assert_snapshot!(stage.picture());
}

#[test]
fn a_site_opens_with_its_folders_in_both_panes() {
    let mut stage = stage((120, 24));
    stage.keys("Tab b j Enter");
    stage.shows("anna@bulk.example:2222:/srv/in");
    stage.shows("/home/anna/cargo");
    stage.shows("crate.bin");
    let noted = SiteOrder::Opened(RecentPlace::Saved("bulk".to_owned()));
    assert_eq!(stage.orders.iter().filter(|order| **order == noted).count(), 1);
    // The level it was saved with is what a copy offers.
    stage.keys("Down F5");
    stage.shows("(•) size");
}

#[test]
fn the_other_pane_is_a_key_away_and_a_place_that_shows_a_server_stays() {
    let mut stage = stage((120, 24));
    // From the right pane, into the left one: the right one shows a server and is left alone.
    stage.keys("Tab b j Tab");
    stage.shows("opens in the left pane");
    stage.keys("Enter");
    stage.shows("anna@bulk.example:2222:/srv/in");
    stage.shows("files.example:/srv/in");
}

#[test]
fn searching_narrows_the_list_as_one_types() {
    let mut stage = stage((80, 24));
    stage.keys("b /").text("nightly");
    stage.shows("bulk");
    stage.shows_not("pier 12");
    stage.keys("Ctrl-U").text("berta");
    stage.shows("files.example");
    stage.keys("Ctrl-U").text("zzz");
    stage.shows("Nothing fits.");
    stage.keys("Ctrl-U").text("pier 12");
    assert_snapshot!(stage.picture());
    stage.keys("Esc");
    stage.shows("home");
    stage.keys("Esc");
    stage.shows_not("pier 12");
}

#[test]
fn the_form_of_a_site() {
    let mut stage = stage((80, 24));
    stage.keys("b j e");
    assert_snapshot!(stage.picture());
    stage.keys("Ctrl-U").text("home").keys("Enter");
    stage.shows("There is a site called “home” already.");
    stage.keys("Ctrl-U").text("bulk cargo").keys("Enter");
    let (was, site) = saved(&stage);
    assert_eq!((was, site.name.as_str()), (Some("bulk"), "bulk cargo"));
    assert_eq!(site.tags, ["nightly", "prod"]);
    stage.shows("Saved the site bulk cargo.");
}

#[test]
fn the_form_shows_what_belongs_to_the_protocol_and_to_the_login_that_are_chosen() {
    let mut stage = stage((80, 24));
    stage.keys("b n");
    stage.shows("Jump through");
    stage.shows("Requests");
    for hidden in ["FTP: ", "Key file", "Password command"] {
        stage.shows_not(hidden);
    }
    stage.shows_not(" more ");
    stage.keys("Down Down Right");
    stage.shows("FTP: names in");
    stage.shows_not("Jump through");
    stage.keys("Down Down Down Down").keys("Right Right");
    stage.shows("Key file");
    // With the mouse as well: on `sftp`, then on `command`.
    stage.mouse(MouseAct::Press, 27, 3).shows("Jump through");
    stage.shows_not("FTP: ");
    stage.mouse(MouseAct::Press, 36, 8).shows("Password command");
    stage.shows_not("Key file");
}

#[test]
fn a_form_that_does_not_fit_says_so_and_scrolls_ahead_of_the_focus() {
    let mut stage = stage((80, 16));
    stage.keys("b n");
    stage.shows(" ↓ 8 more ");
    stage.shows_not("↑");
    stage.shows_not("Connections");
    stage.keys(&"Down ".repeat(10));
    // The field with the focus, and what comes behind it.
    stage.shows("Verify by");
    stage.shows("Connections");
    stage.shows("↑");
    stage.keys(&"Down ".repeat(7));
    stage.shows_not("↓");
    stage.shows("[ Save ]");
    stage.keys(&"Up ".repeat(17));
    stage.shows("Name");
    stage.shows_not("↑");
}

#[test]
fn lanes_are_bounded_in_the_form() {
    let mut stage = stage((80, 24));
    stage.keys("b n").text("new").keys("Down Down Down").text("new.example");
    stage.keys(&"Down ".repeat(8)).text("3").keys("Down").text("9999").keys("Enter");
    stage.shows("Requests in flight have to be a number from 1 to 4096.");
    stage.keys("Ctrl-U").text("16").keys("Enter");
    let (_, site) = saved(&stage);
    assert_eq!((site.connections, site.requests), (Some(3), Some(16)));
    stage.shows("up to 16 a lane");
}

#[test]
fn a_site_that_requires_tls_says_so_in_its_form_and_on_its_card() {
    let mut stage = stage((80, 24));
    stage.keys("b n").text("old").keys("Down Down Left Down").text("old.example");
    stage.shows("FTP: TLS");
    stage.keys(&"Down ".repeat(9)).keys("Right Right Enter");
    let (_, site) = saved(&stage);
    assert_eq!(site.site.protocol(), Protocol::Ftp);
    assert_eq!(site.ftp.tls, Some(TlsRule::Required));
    stage.shows("TLS          required");
    // Edited for something else it stays as it is.
    stage.keys("e").text("er").keys("Enter");
    assert_eq!(saved(&stage).1.ftp.tls, Some(TlsRule::Required));
}

#[test]
fn a_place_that_could_not_be_opened_is_there_to_be_mended() {
    let mut stage = stage((80, 24));
    stage.keys("Tab o Ctrl-U").text("files.example:/srv/im").keys("Enter");
    stage.shows("Could not open files.example:/srv/im");
    stage.keys("Esc");
    stage.shows("readme.txt");
    // What is begun elsewhere is not it.
    stage.keys("Tab o");
    stage.shows_not("could not be opened");
    stage.keys("Esc Tab o");
    stage.shows("This could not be opened:");
    stage.shows("Place  files.example:/srv/im");
    stage.keys("Backspace").text("n").keys("Enter");
    stage.shows("readme.txt");
    stage.keys("o");
    stage.shows_not("could not be opened");
}

#[test]
fn what_was_opened_lately_is_offered_with_when() {
    let mut stage = stage((80, 24));
    stage.keys("o");
    assert_snapshot!(stage.picture());
    stage.shows_not("gone");
    stage.keys("Down Down");
    stage.shows("Place  files.example:/srv/in");
    stage.keys("Up Up");
    stage.shows("Place  /home/anna");
    let row = stage.text_of_screen().lines().position(|line| line.contains("bulk ")).unwrap();
    stage.mouse(MouseAct::Press, 12, row as u16).shows("Place  bulk");
    stage.shows("› bulk");
    stage.keys("Enter");
    stage.shows("2222:/srv/in");
    // Without any, Down leads to the buttons as in every dialog.
    let mut stage = Stage::new((80, 24));
    stage.keys("o");
    stage.shows_not("opened lately");
    stage.keys("Down");
    assert!(stage.reversed().contains(&"[ Open ]".to_owned()), "{:?}", stage.reversed());
}

#[test]
fn the_form_of_a_site_in_20_by_5() {
    let mut stage = stage((20, 5));
    stage.keys("b j e Down Down");
    assert_snapshot!(stage.picture());
}

#[test]
fn a_new_site_says_what_is_wrong_with_it() {
    let mut stage = stage((80, 24));
    stage.keys("b n Enter");
    stage.shows("A site needs a name.");
    stage.text("new").keys("Enter");
    stage.shows("The host is empty.");
    // What is wrong has the focus.
    stage.text("new.example").keys("Down Down").text("carl");
    stage.keys("Down Right Right Enter");
    stage.shows("A login by key needs the key's file.");
    stage.text("~/.ssh/id_new").keys("Enter");
    let (was, site) = saved(&stage);
    assert_eq!(was, None);
    assert_eq!(site.site.to_string(), "carl@new.example");
    assert_eq!(site.login, LoginWay::Key("~/.ssh/id_new".to_owned()));
    assert!(stage.reversed().iter().any(|row| row.starts_with("new carl@new.example")));
}

#[test]
fn a_site_is_duplicated_and_removed_after_asking() {
    let mut stage = stage((80, 24));
    stage.keys("b c Enter");
    assert_eq!(saved(&stage).1.name, "home copy");
    stage.keys("d");
    assert_snapshot!(stage.picture());
    stage.keys("Enter");
    assert!(stage.book.named("home copy").is_some(), "the harmless button has the focus");
    stage.keys("d y");
    assert_eq!(*last_order(&stage), SiteOrder::Remove("home copy".to_owned()));
    stage.shows("Removed the site home copy.");
    // Hosts of the ssh config are not edited here.
    stage.keys("End e");
    stage.shows("is kept in the ssh config");
    stage.keys("d c");
    assert_eq!(*last_order(&stage), SiteOrder::Remove("home copy".to_owned()));
}

#[test]
fn two_sites_at_one_address_log_in_alike() {
    let mut stage = stage((80, 24));
    stage.keys("b c Down Down Down Down Down Down Right Enter");
    stage.shows("has the same address");
}

#[test]
fn a_connection_is_tested_without_leaving_the_manager() {
    let mut stage = stage((80, 24));
    stage.keys("b j t");
    stage.shows("bulk: logged in, and /srv/in can be listed.");
    let closed = stage.take_sent();
    assert!(closed.iter().any(|sent| matches!(sent, Sent::Other(Command::Close(_)))), "{closed:?}");
    stage.keys("k t");
    stage.shows("Could not open anna@home.example:.");
    stage.keys("Esc");
    stage.shows("Sites");
}

#[test]
fn a_place_that_is_open_becomes_a_site() {
    let mut stage = stage((80, 24));
    stage.keys("Ctrl-D");
    stage.shows("Only a place on a server");
    stage.keys("Tab Ctrl-D");
    stage.shows("Save this place as a site");
    stage.keys("Ctrl-U").text("in").keys("Enter");
    let (_, site) = saved(&stage);
    assert_eq!((site.name.as_str(), site.start.as_deref()), ("in", Some("/srv/in")));
    assert_eq!(site.start_here.as_deref(), Some("/home/anna"));
}

#[test]
fn what_is_wrong_with_the_file_is_told_at_the_start() {
    let trouble = "/c/sites.toml, line 7: port of “bad”: it has to be a number from 1 to 65535.";
    let book = Book { troubles: vec![trouble.to_owned()], ..book() };
    let mut stage = Stage::with_book((80, 24), Some("/home/anna"), Some("/home"), book);
    stage.serve();
    stage.shows("line 7: port of “bad”");
    stage.keys("Esc b");
    stage.shows_not("line 7");
}

#[test]
fn a_shelf_that_fails_is_told() {
    let mut stage = stage((80, 24));
    stage.keys("b");
    let error = Error::new(ErrorKind::NoSpace, "change /c/sites.toml", "no space left on device");
    let order = SiteOrder::Remove("home".to_owned());
    stage.message(wharf::model::Message::Shelved(order, Err(error)));
    stage.shows("Could not change /c/sites.toml: no space left on device.");
}

#[test]
fn the_mouse_chooses_and_opens_a_site() {
    let mut stage = stage((120, 24));
    stage.keys("Tab b");
    let row = stage.text_of_screen().lines().position(|line| line.contains("bulk ")).unwrap();
    stage.mouse(MouseAct::Press, 6, row as u16);
    assert!(stage.reversed().iter().any(|row| row.starts_with("● bulk")), "{:?}", stage.reversed());
    stage.mouse(MouseAct::Press, 6, row as u16);
    stage.shows("anna@bulk.example:2222:/srv/in");
}

#[test]
fn an_empty_start_explains_itself_and_offers_recent_places() {
    let mut stage = Stage::with_book((80, 24), None, None, book());
    stage.set_place("anna@bulk.example:2222:/srv/in", vec![directory("2026")]);
    stage.serve();
    assert_snapshot!(stage.picture());
    stage.keys("Enter");
    stage.shows("2026/");
    stage.shows("crate.bin");
}

#[test]
fn an_empty_start_at_120_by_40_and_20_by_5() {
    for size in [(120, 40), (20, 5)] {
        let mut stage = Stage::with_book(size, None, None, book());
        stage.serve();
        assert_snapshot!(format!("an_empty_start_at_{}_by_{}", size.0, size.1), stage.picture());
    }
}

#[test]
fn the_very_first_start() {
    let mut stage = Stage::with_book((80, 24), None, None, Book::default());
    stage.serve();
    assert_snapshot!(stage.picture());
    let row =
        stage.text_of_screen().lines().position(|line| line.contains("Just the two")).unwrap();
    stage.mouse(MouseAct::Press, 30, row as u16);
    stage.shows("manifest.csv");
}

#[test]
fn from_the_start_a_place_is_typed_or_another_recent_one_chosen() {
    let mut stage = Stage::with_book((80, 24), None, None, book());
    stage.serve();
    stage.keys("o");
    stage.shows("Open in the right pane");
    stage.keys("Esc");
    stage.shows("Opened lately");
    stage.keys("Down Enter");
    stage.shows("readme.txt");
    let mut stage = Stage::with_book((80, 24), None, None, book());
    stage.serve();
    stage.keys("b");
    stage.shows("opens in the right pane");
    stage.keys("Esc Esc");
    stage.shows("manifest.csv");
}

#[test]
fn a_saved_name_is_a_place_wherever_one_is_typed() {
    let mut stage = stage((120, 24));
    stage.keys("Tab o Ctrl-U").text("bulk").keys("Enter");
    stage.shows("anna@bulk.example:2222:/srv/in");
    let wanted = location("sftp://anna@bulk.example:2222/elsewhere");
    stage.keys("o Ctrl-U").text("bulk:/elsewhere").keys("Enter");
    stage.shows(&format!("Could not open {wanted}"));
}

#[test]
fn rows_of_a_test_are_nobodys_rows() {
    let mut stage = stage((80, 24));
    stage.keys("b j t Esc");
    stage.shows("readme.txt");
    stage.event(Event::Notice("still here".to_owned()));
    stage.shows("still here");
}

#[test]
fn a_sites_limit_is_told_to_the_engine_as_soon_as_it_is_saved() {
    let mut stage = stage((80, 24));
    stage.keys("b n").text("new").keys("Down Down Down").text("new.example");
    stage.keys(&"Down ".repeat(10)).text("2M");
    stage.take_sent();
    stage.keys("Enter");
    assert_eq!(saved(&stage).1.limit, Limit(Some(2 << 20)));
    let limits: Vec<Limit> = stage
        .take_sent()
        .into_iter()
        .filter_map(|sent| match sent {
            Sent::Other(Command::LimitSite(_, limit)) => Some(limit),
            _ => None,
        })
        .collect();
    assert_eq!(limits, [Limit(Some(2 << 20))], "and of no other site anything");
    stage.keys("d y");
    let lifted = stage
        .take_sent()
        .into_iter()
        .any(|sent| matches!(sent, Sent::Other(Command::LimitSite(_, Limit(None)))));
    assert!(lifted, "a site that is gone has no limit");
}
