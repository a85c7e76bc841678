//! What lies below a folder, found while one waits: links not followed, what cannot be read told, ended when told to.

use wharf::{
    domain::{display, entry::Kind, error::Error, wanted::Wanted},
    engine::message::{Command, Event, Ticket},
};

use super::engine_rig::*;

impl Rig {
    /// The ways to all that was found, sorted, and what was told beside.
    async fn find(
        &mut self,
        below: &str,
        wanted: Wanted,
    ) -> Result<(Vec<String>, Vec<String>), Error> {
        let ticket = Ticket(4712);
        self.tell(Command::Find { ticket, location: at(server(), below), wanted });
        let (mut found, mut notices) = (Vec::new(), Vec::new());
        loop {
            match self.event().await {
                Event::Rows { ticket: own, entries, .. } if own == ticket => {
                    found
                        .extend(entries.iter().map(|entry| display::escape(entry.name.as_bytes())));
                }
                Event::Listed(own) if own == ticket => break,
                Event::OpenFailed(own, error) if own == ticket => return Err(error),
                Event::Notice(words) => notices.push(words),
                _ => {}
            }
        }
        found.sort();
        Ok((found, notices))
    }
}

fn named(name: &str) -> Wanted {
    Wanted { name: name.into(), ..Wanted::default() }
}

fn forest() -> Rig {
    let rig = Rig::new();
    for folder in ["/there/d", "/there/d/sub", "/there/d/sub/deep"] {
        rig.there.put_directory(folder).unwrap();
    }
    rig.there.put("/there/d/report.csv", bytes(10)).unwrap();
    rig.there.put("/there/d/sub/Report-2.csv", bytes(5_000)).unwrap();
    rig.there.put("/there/d/sub/deep/other.txt", bytes(50_000)).unwrap();
    // In circles, and out of what is asked about.
    rig.there.put_link("/there/d/sub/round", b"/there/d").unwrap();
    rig.there.put("/there/outside.csv", bytes(1)).unwrap();
    rig
}

#[tokio::test(start_paused = true)]
async fn names_sizes_and_kinds_are_found_and_links_are_not_followed() {
    let mut rig = forest();
    let mut all = async |wanted| rig.find("/there/d", wanted).await.unwrap();
    assert_eq!(all(named("*.csv")).await.0, ["report.csv", "sub/Report-2.csv"]);
    assert_eq!(all(named("report")).await.0, ["report.csv", "sub/Report-2.csv"]);
    assert_eq!(all(named("Report")).await.0, ["sub/Report-2.csv"]);
    let large = Wanted { size: ">1K".into(), ..Wanted::default() };
    assert_eq!(all(large).await.0, ["sub/Report-2.csv", "sub/deep/other.txt"]);
    let folders = Wanted { kind: Some(Kind::Directory), ..Wanted::default() };
    assert_eq!(all(folders).await.0, ["sub", "sub/deep"]);
    let everything = all(Wanted::default()).await;
    let expected =
        ["report.csv", "sub", "sub/Report-2.csv", "sub/deep", "sub/deep/other.txt", "sub/round"];
    assert_eq!(everything, (expected.map(String::from).to_vec(), Vec::new()));
}

#[tokio::test(start_paused = true)]
async fn what_cannot_be_looked_through_is_told_and_the_rest_is_found() {
    let mut rig = forest();
    rig.there.deny("/there/d/sub/deep", true).unwrap();
    let (found, notices) = rig.find("/there/d", named("*")).await.unwrap();
    assert_eq!(found.len(), 5, "{found:?}");
    assert_eq!(notices.len(), 1);
    assert!(notices[0].starts_with("1 folder could not be looked through."), "{notices:?}");
    assert!(notices[0].contains("/there/d/sub/deep"), "{notices:?}");
    let (found, notices) = rig.find("/there/none", named("*")).await.unwrap();
    assert!(found.is_empty() && notices[0].contains("/there/none"), "{notices:?}");
}

#[tokio::test(start_paused = true)]
async fn a_search_that_is_closed_tells_nothing_more() {
    let mut rig = forest();
    let (first, second) = (Ticket(1), Ticket(2));
    let location = || at(server(), "/there/d");
    rig.tell(Command::Find { ticket: first, location: location(), wanted: named("*") });
    rig.tell(Command::Close(first));
    rig.tell(Command::Find { ticket: second, location: location(), wanted: named("*") });
    let ended = rig
        .event_that(|event| match event {
            Event::Listed(ticket) => Some(ticket),
            _ => None,
        })
        .await;
    assert_eq!(ended, second);
}

#[tokio::test(start_paused = true)]
async fn a_tree_without_end_is_left_at_some_depth() {
    let mut rig = Rig::new();
    let mut folder = "/there/d".to_owned();
    for _ in 0..510 {
        rig.there.put_directory(&folder).unwrap();
        folder.push_str("/d");
    }
    let (found, notices) = rig.find("/there", named("d")).await.unwrap();
    assert_eq!(found.len(), 500);
    assert!(notices[0].contains("it lies too deep"), "{notices:?}");
}
