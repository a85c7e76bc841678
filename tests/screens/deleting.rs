//! What is counted before it is deleted.

use wharf::engine::message::{Answered, Command, Event, Inquiry, Sum, Told};

use super::stage::{Sent, Stage};

#[test]
fn what_directories_hold_is_counted_before_they_are_deleted() {
    let mut stage = Stage::new((100, 24));
    stage.inquiries.clear();
    stage.keys("j Space Space F8");
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
    stage.keys("F8");
    let (asked, _) = stage.inquiries.pop().unwrap();
    stage.take_sent();
    stage.keys("Esc");
    let closes = |sent: &Sent| matches!(sent, Sent::Other(Command::Close(own)) if *own == asked);
    assert!(stage.take_sent().iter().any(closes));
    // Some of it could not be read.
    stage.keys("F8");
    let (ticket, _) = stage.inquiries.pop().unwrap();
    let told = Ok(Told::Size(Sum { unread: 1, complete: true, ..sum }));
    stage.event(Event::Answered(Answered { ticket, told }));
    stage.shows("at least 1,234 files in 8 directories, 5.0 GiB; not all could be");
    stage.keys("y");
    let (_, request) = stage.take_job();
    assert_eq!(request.sources.len(), 2, "as a job, in the background");
}
