//! What is counted before it is deleted.

use wharf::engine::message::{Answered, Command, Event, Inquiry, Sum, Told, Work};

use super::stage::{Sent, Stage};

#[test]
fn what_directories_hold_is_counted_before_they_are_deleted() {
    let mut stage = Stage::new((100, 24));
    stage.inquiries.clear();
    stage.keys("j Space Space D");
    stage.shows("counting… 0 files in 1 directory, 0 B so far");
    // A link is deleted, not what it leads to.
    let (ticket, inquiry) = stage.inquiries.pop().unwrap();
    assert!(matches!(inquiry, Inquiry::Size(of) if of.to_string() == "/home/anna/cargo"));
    assert!(stage.inquiries.iter().all(|(_, other)| !matches!(other, Inquiry::Size(_))));
    let tell = |stage: &mut Stage, sum: Sum| {
        stage.event(Event::Answered(Answered { ticket, told: Ok(Told::Size(sum)) }));
    };
    let sum = Sum { bytes: 5 << 30, files: 1_234, directories: 7, unread: 0, complete: false };
    tell(&mut stage, sum);
    stage.shows("counting… 1,234 files in 8 directories, 5.0 GiB so far");
    tell(&mut stage, Sum { complete: true, ..sum });
    insta::assert_snapshot!(stage.picture());
    stage.keys("n");
    // Leaving the dialog stops the counting.
    stage.keys("D");
    let (asked, _) = stage.inquiries.pop().unwrap();
    stage.take_sent();
    stage.keys("Esc");
    let closes = |sent: &Sent| matches!(sent, Sent::Other(Command::Close(own)) if *own == asked);
    assert!(stage.take_sent().iter().any(closes));
    // Some of it could not be read.
    stage.keys("D");
    let (ticket, _) = stage.inquiries.pop().unwrap();
    let told = Ok(Told::Size(Sum { unread: 1, complete: true, ..sum }));
    stage.event(Event::Answered(Answered { ticket, told }));
    stage.shows("at least 1,234 files in 8 directories, 5.0 GiB; not all could be");
    stage.keys("y");
    let (_, request) = stage.take_job();
    assert_eq!(request.sources.len(), 2, "as a job, in the background");
}

#[test]
fn what_is_removed_here_goes_into_the_trash_unless_one_says_otherwise() {
    let mut stage = Stage::new((100, 24));
    stage.keys("j j j j F8");
    insta::assert_snapshot!(stage.picture());
    stage.keys("Enter");
    assert_eq!(stage.take_job().1.work, Work::Trash);
    stage.keys("F8 d Enter");
    assert_eq!(stage.take_job().1.work, Work::Delete);
    stage.keys("F20");
    stage.shows("There is no way back");
    stage.keys("Enter");
    stage.shows_not("There is no way back");
    stage.keys("D y");
    assert_eq!(stage.take_job().1.work, Work::Delete);
    // On servers there is none unless that is set.
    stage.keys("Tab j F8");
    stage.shows("Delete on files.example");
}

#[test]
fn the_trash_is_gone_to_and_what_lies_there_is_deleted() {
    let mut stage = Stage::new((100, 24));
    let trash = "/home/anna/.local/share/Trash/files";
    stage.set_place(trash, vec![super::stage::file("old", 1)]);
    stage.inquiries.clear();
    stage.keys("T");
    let (ticket, inquiry) = stage.inquiries.pop().unwrap();
    assert!(matches!(inquiry, Inquiry::Trash(of) if of.to_string() == "/home/anna"));
    let told = Ok(Told::Trash(Some(wharf::domain::path::StoragePath::new(trash))));
    stage.event(Event::Answered(Answered { ticket, told }));
    stage.serve();
    stage.shows("old");
    stage.keys("j F8");
    stage.shows("There is no way back");
    stage.keys("Esc [ T");
    let (ticket, _) = stage.inquiries.pop().unwrap();
    stage.event(Event::Answered(Answered { ticket, told: Ok(Told::Trash(None)) }));
    stage.shows("There is no trash here yet.");
}
