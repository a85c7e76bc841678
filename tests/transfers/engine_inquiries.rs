//! What is found out beside the queue: links, room, sizes of trees, and looks into files.

use bytes::Bytes;
use wharf::{
    domain::{
        error::{ErrorKind, Result},
        path::Name,
        place::Location,
    },
    engine::message::{Command, Event, Inquiry, Sum, Ticket, Told, ledger::PageWanted},
    storage::{Storage as _, memory::Operation},
};

use super::engine_rig::*;

impl Rig {
    /// All that is told until it is complete.
    async fn ask(&mut self, inquiry: Inquiry) -> Result<Vec<Told>> {
        let ticket = Ticket(4711);
        self.tell(Command::Inquire { ticket, inquiry });
        let mut all = Vec::new();
        loop {
            let told = self
                .event_that(|event| match event {
                    Event::Answered(answered) if answered.ticket == ticket => Some(answered.told),
                    _ => None,
                })
                .await?;
            let goes_on =
                matches!(told, Told::Searched(_) | Told::Size(Sum { complete: false, .. }));
            all.push(told);
            if !goes_on {
                return Ok(all);
            }
        }
    }

    async fn only(&mut self, inquiry: Inquiry) -> Told {
        self.ask(inquiry).await.unwrap().pop().unwrap()
    }
}

fn there(path: &str) -> Location {
    at(server(), path)
}

#[tokio::test(start_paused = true)]
async fn a_link_is_told_as_it_is_written() {
    let mut rig = Rig::new();
    rig.there.put_link("/there/l", b"../else\xff").unwrap();
    let told = rig.only(Inquiry::Link(there("/there/l"))).await;
    assert_eq!(told, Told::Link(b"../else\xff".to_vec()));
}

#[tokio::test(start_paused = true)]
async fn links_are_followed_to_their_end() {
    let mut rig = Rig::new();
    rig.there.put("/there/d/f", bytes(7)).unwrap();
    for (link, target) in [("l1", "l2"), ("l2", "d/../d/f"), ("dir", "d"), ("a", "b"), ("b", "a")] {
        rig.there.put_link(format!("/there/{link}"), target).unwrap();
    }
    rig.there.put_link("/there/lost", "nowhere").unwrap();
    for (from, to) in [("l1", "d/f"), ("l2", "d/f"), ("dir", "d")] {
        let told = rig.only(Inquiry::End(there(&format!("/there/{from}")))).await;
        let end = format!("/there/{to}");
        let there = rig.there.attributes(&end).unwrap();
        assert_eq!(told, Told::End(path(&end), there), "{from}");
    }
    for (from, why) in [("a", "it leads round in circles"), ("lost", "it leads nowhere")] {
        let error = rig.ask(Inquiry::End(there(&format!("/there/{from}")))).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::NotFound);
        assert!(error.to_string().contains(why), "{error}");
    }
}

#[tokio::test(start_paused = true)]
async fn room_is_not_told_by_everyone() {
    let mut rig = Rig::new();
    let error = rig.ask(Inquiry::Space(there("/there"))).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unsupported);
    assert!(error.to_string().contains("/there"), "{error}");
}

#[tokio::test(start_paused = true)]
async fn a_tree_is_added_up_without_its_links() {
    let mut rig = Rig::new();
    for number in 0..40 {
        rig.there.put_directory(format!("/there/d/{number}")).unwrap();
        rig.there.put(format!("/there/d/{number}/a"), bytes(1_000)).unwrap();
    }
    rig.there.put("/there/d/b", bytes(7)).unwrap();
    rig.there.put_link("/there/d/l", b"/there").unwrap();
    let told = rig.only(Inquiry::Size(there("/there/d"))).await;
    let sum = Sum { bytes: 40_007, files: 42, directories: 40, unread: 0, complete: true };
    assert_eq!(told, Told::Size(sum));
}

#[tokio::test(start_paused = true)]
async fn what_cannot_be_read_is_counted_and_the_rest_goes_on() {
    let mut rig = Rig::new();
    rig.there.put_directory("/there/d/closed").unwrap();
    rig.there.put("/there/d/a", bytes(5)).unwrap();
    rig.there.deny("/there/d/closed", true).unwrap();
    let told = rig.only(Inquiry::Size(there("/there/d"))).await;
    let sum = Sum { bytes: 5, files: 1, directories: 1, unread: 1, complete: true };
    assert_eq!(told, Told::Size(sum));
    let gone = rig.ask(Inquiry::Size(there("/there/none"))).await.unwrap_err();
    assert_eq!(gone.kind(), ErrorKind::NotFound);
}

#[tokio::test(start_paused = true)]
async fn a_folder_that_grows_while_it_is_added_up_has_an_end() {
    let mut rig = Rig::new();
    rig.there.put("/there/d/a", bytes(5)).unwrap();
    // Each directory that is listed gets one more below it, before it is.
    let memory = rig.there.clone();
    rig.there.before(move |call| {
        let (memory, more) = (memory.reconnected(), call.path.join(&Name::new("more").unwrap()));
        async move {
            match call.operation == Operation::List && call.path.is_within(&path("/there/d")) {
                true => memory.make_directory(&more, None).await,
                false => Ok(()),
            }
        }
    });
    let all = rig.ask(Inquiry::Size(there("/there/d"))).await.unwrap();
    let Some(Told::Size(sum)) = all.last() else { panic!("{all:?}") };
    assert!(sum.complete && sum.unread == 1, "{sum:?}");
    // As deep as a tree may be.
    assert_eq!((sum.files, sum.bytes, sum.directories), (1, 5, 500));
}

#[tokio::test(start_paused = true)]
async fn pieces_of_a_file() {
    let mut rig = Rig::new();
    let content = bytes(300_000);
    rig.there.put("/there/f", &content).unwrap();
    let piece = |offset, length| Inquiry::Piece { of: there("/there/f"), offset, length };
    for (offset, length) in [(0, 10), (299_990, 100), (123_456, 70_000), (300_000, 5)] {
        let Told::Piece { offset: told, bytes, size } = rig.only(piece(offset, length)).await
        else {
            panic!("a piece is told")
        };
        let start = offset as usize;
        let end = (start + length as usize).min(content.len());
        assert_eq!((told, size), (offset, Some(300_000)));
        assert!(bytes == content[start..end], "{offset}");
    }
}

#[tokio::test(start_paused = true)]
async fn texts_are_found_over_the_seams() {
    let mut rig = Rig::new();
    let mut content = vec![b'.'; 3 << 20];
    for place in [5, (1 << 20) - 3, (2 << 20) - 1, (3 << 20) - 6] {
        content[place..place + 6].copy_from_slice(b"Needle");
    }
    rig.there.put("/there/f", &content).unwrap();
    let find = |from, backwards| Inquiry::Find {
        of: there("/there/f"),
        from,
        text: Bytes::from_static(b"needle"),
        backwards,
    };
    for (from, backwards, found) in [
        (0, false, Some(5)),
        (6, false, Some((1 << 20) - 3)),
        (1 << 20, false, Some((2 << 20) - 1)),
        (2 << 20, false, Some((3 << 20) - 6)),
        ((3 << 20) - 5, false, None),
        (3 << 20, true, Some((3 << 20) - 6)),
        ((3 << 20) - 6, true, Some((2 << 20) - 1)),
        ((2 << 20) - 1, true, Some((1 << 20) - 3)),
        (6, true, Some(5)),
        (5, true, None),
    ] {
        let told = rig.only(find(from, backwards)).await;
        assert_eq!(told, Told::Found(found), "from {from}, backwards: {backwards}");
    }
}

#[tokio::test(start_paused = true)]
async fn nothing_more_is_told_once_it_was_closed() {
    let mut rig = Rig::new();
    rig.there.put_directory("/there/d").unwrap();
    let ticket = Ticket(1);
    rig.tell(Command::Inquire { ticket, inquiry: Inquiry::Size(there("/there/d")) });
    rig.tell(Command::Close(ticket));
    rig.tell(Command::Inquire { ticket: Ticket(2), inquiry: Inquiry::Size(there("/there/d")) });
    let first = rig
        .event_that(|event| match event {
            Event::Answered(answered) => Some(answered.ticket),
            _ => None,
        })
        .await;
    assert_eq!(first, Ticket(2));
}

#[tokio::test]
async fn the_history_is_read_a_page_at_a_time_beside_the_queue() {
    let folder = tempfile::tempdir().unwrap();
    let Rig { here, there, .. } = Rig::new();
    for name in ["a", "b", "c"] {
        here.put(format!("/here/{name}"), name).unwrap();
    }
    let mut rig = Rig::recorded(&here, &there, folder.path());
    rig.run(put(&["/here/a", "/here/b", "/here/c"], "/there")).await;
    let (mut names, mut before) = (Vec::new(), None);
    for ticket in (1..).map(Ticket) {
        let words = vec!["HASH".to_owned(), "/there/".to_owned()];
        rig.tell(Command::History { ticket, wanted: PageWanted { words, before, rows: 2 } });
        let page = rig.event_that(|event| match event {
            Event::History(of, page) if of == ticket => Some(page.unwrap()),
            _ => None,
        });
        let page = page.await;
        assert!(page.rows.len() <= 2, "{page:?}");
        names.extend(page.rows.iter().map(|row| row.from.to_string()));
        before = page.next;
        if before.is_none() {
            break;
        }
    }
    names.sort();
    assert_eq!(names, ["/here/a", "/here/b", "/here/c"]);
    // Without a journal there is no history, and nothing hangs.
    let mut rig = Rig::new();
    let wanted = PageWanted::default();
    rig.tell(Command::History { ticket: Ticket(1), wanted });
    let page = rig.event_that(|event| match event {
        Event::History(_, page) => Some(page.unwrap()),
        _ => None,
    });
    assert!(page.await.rows.is_empty());
}
