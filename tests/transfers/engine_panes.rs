//! What panes ask beside the queue: listings in portions, small acts, and closing at once.

use std::time::{Duration, Instant};

use wharf::{
    domain::error::{Error, ErrorKind},
    engine::message::{Act, Command, ConnectionState, Event, Ticket},
    storage::memory::Operation,
};

use super::engine_rig::*;

#[tokio::test]
async fn a_place_is_opened_and_listed_in_portions() {
    let mut rig = Rig::new();
    for file in 0..250 {
        rig.there.put(format!("/there/{file:03}"), "x").unwrap();
    }
    rig.there.put_link("/way", "/there").unwrap();
    rig.tell(Command::Open { ticket: Ticket(1), location: at(server(), "way/") });
    let opened = rig
        .event_that(|event| match event {
            Event::Opened { ticket: Ticket(1), location } => Some(location),
            _ => None,
        })
        .await;
    assert_eq!(opened.to_string(), "files.example:/there");
    let (mut portions, mut rows) = (0, 0);
    loop {
        match rig.event().await {
            Event::Rows { ticket: Ticket(1), entries, .. } => {
                portions += 1;
                rows += entries.len();
            }
            Event::Listed(Ticket(1)) => break,
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(rows, 250);
    assert!(portions > 1);
}

#[tokio::test]
async fn what_cannot_be_opened_says_why() {
    let mut rig = Rig::new();
    let error = rig.list(1, at(server(), "/none")).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotFound);
    rig.there.put("/there/file", "x").unwrap();
    assert!(rig.list(2, at(server(), "/there/file")).await.is_err());

    let dead = named_server("dead.example");
    rig.answer_dials(dead.clone(), |_| {
        Err(Error::new(ErrorKind::Unreachable, "connect to dead.example", "connection refused"))
    });
    let error = rig.list(3, at(dead.clone(), ".")).await.unwrap_err();
    assert_eq!(error.to_string(), "Could not connect to dead.example: connection refused.");
    assert_eq!(rig.dials_to(&dead), 1);
}

#[tokio::test]
async fn an_idle_connection_that_ended_is_made_again_unseen() {
    let mut rig = Rig::new();
    rig.there.put("/there/a", "x").unwrap();
    assert_eq!(rig.list(1, at(server(), "/there")).await.unwrap(), ["a"]);
    let cut = std::sync::atomic::AtomicBool::new(true);
    rig.there.before(move |_| {
        let cut = cut.swap(false, std::sync::atomic::Ordering::SeqCst);
        async move {
            if cut {
                return Err(Error::new(ErrorKind::ConnectionLost, "list", "connection reset"));
            }
            Ok(())
        }
    });
    assert_eq!(rig.list(2, at(server(), "/there")).await.unwrap(), ["a"]);
    assert_eq!(rig.dials_to(&server()), 2);
}

#[tokio::test]
async fn panes_do_not_wait_for_jobs_and_closing_is_at_once() {
    let mut rig = Rig::new();
    for file in 0..300 {
        rig.here.put(format!("/here/d/{file}"), bytes(10)).unwrap();
    }
    rig.there.put("/there/x", "x").unwrap();
    rig.there.before(|call| async move {
        if matches!(call.operation, Operation::FinishWrite) || call.path == path("/stuck") {
            std::future::pending::<()>().await;
        }
        Ok(())
    });
    let id = rig.add(put(&["/here/d"], "/there"));
    rig.progress_that(id, |job| job.planned > 200).await;
    let start = Instant::now();
    assert!(rig.list(1, at(server(), "/there")).await.unwrap().contains(&"x".to_owned()));
    assert!(start.elapsed() < Duration::from_secs(1), "{:?}", start.elapsed());

    rig.tell(Command::Open { ticket: Ticket(2), location: at(server(), "/stuck") });
    rig.tell(Command::Close(Ticket(2)));
    rig.tell(Command::Open { ticket: Ticket(3), location: at(server(), "/") });
    loop {
        match rig.event().await {
            Event::Opened { ticket, .. } | Event::OpenFailed(ticket, _) => {
                assert_eq!(ticket, Ticket(3));
                break;
            }
            _ => {}
        }
    }
}

#[tokio::test]
async fn closing_the_only_ticket_ends_the_dial() {
    let mut rig = Rig::new();
    *rig.dials.question.lock().unwrap() = Some(wharf::domain::question::Question::Passphrase {
        key: "id".into(),
        again_because: String::new(),
    });
    rig.tell(Command::Open { ticket: Ticket(1), location: at(server(), ".") });
    let (asked, ..) = rig.question().await;
    rig.tell(Command::Close(Ticket(1)));
    let (mut lost, mut withdrawn) = (false, false);
    while !(lost && withdrawn) {
        match rig.event().await {
            Event::Connection { state: ConnectionState::Lost(_), .. } => lost = true,
            Event::Withdrawn(id) if id == asked => withdrawn = true,
            other => panic!("{other:?}"),
        }
    }
}

#[tokio::test]
async fn small_acts_are_done_and_never_replace() {
    let mut rig = Rig::new();
    rig.there.put("/there/a", "a").unwrap();
    rig.there.put("/there/b", "b").unwrap();
    let rename = |from: &str, to: &str| Act::Rename { from: at(server(), from), to: path(to) };
    let make = |place: &str| Act::MakeDirectory(at(server(), place));
    for (ticket, act, wanted) in [
        (1, make("/there/x/y/z"), None),
        (2, make("/there/x"), Some(ErrorKind::AlreadyExists)),
        (3, rename("/there/a", "/there/c"), None),
        (4, rename("/there/c", "/there/b"), Some(ErrorKind::AlreadyExists)),
        (5, rename("/there/none", "/there/d"), Some(ErrorKind::NotFound)),
        (6, make("/there/b/x"), Some(ErrorKind::NotADirectory)),
    ] {
        rig.tell(Command::Perform { ticket: Ticket(ticket), act });
        let result = rig
            .event_that(|event| match event {
                Event::Performed { ticket: of, result, .. } if of == Ticket(ticket) => Some(result),
                _ => None,
            })
            .await;
        assert_eq!(result.err().map(|error| error.kind()), wanted, "{ticket}");
    }
    assert_eq!(rig.there.content("/there/b").unwrap(), b"b");
    assert_eq!(rig.there.content("/there/c").unwrap(), b"a");
}
