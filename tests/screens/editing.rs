//! Editing and renaming as the model sees it: what is asked of whom, in which order, and what becomes of the copy.

use wharf::{
    domain::{
        entry::{Attributes, Kind, Timestamp},
        path::StoragePath,
    },
    engine::message::{
        Act, Answered, Command, Counts, Destination, Event, Inquiry, JobId, JobSummary, Told, Work,
    },
    model::{Back, Changed, Message, Outside},
};

use super::stage::{Sent, Stage};

fn attributes(seconds: i64) -> Attributes {
    Attributes {
        size: Some(512),
        modified: Some(Timestamp::from_seconds(seconds)),
        ..Attributes::of_kind(Kind::File)
    }
}

/// A stage on which `readme.txt` of the server is about to be edited.
fn editing() -> Stage {
    let mut stage = Stage::new((100, 24));
    stage.keys("Tab j j j");
    stage.inquiries.clear();
    stage.take_sent();
    stage.keys("F4");
    stage
}

/// Answers the look at the server's file.
fn look(stage: &mut Stage, seconds: i64) {
    let (ticket, inquiry) = stage.inquiries.pop().expect("the file is looked at");
    assert!(matches!(inquiry, Inquiry::Look(_)), "{inquiry:?}");
    let told = Ok(Told::Look(attributes(seconds)));
    stage.event(Event::Answered(Answered { ticket, told }));
}

fn end_job(stage: &mut Stage, job: JobId, failed: u64) {
    let counts = Counts { files: 1 - failed, done: 1 - failed, failed, ..Counts::default() };
    stage.event(Event::JobEnded(JobSummary { job, cancelled: false, counts, seconds: 1.0 }));
}

/// Up to the editor, which then ends so.
fn edited(changed: Result<Changed, String>) -> Stage {
    let mut stage = editing();
    look(&mut stage, 5);
    let ticket = stage.rooms.pop().expect("room for the copy");
    stage.message(Message::Room(ticket, Ok(StoragePath::new("/state/edits/1"))));
    let (job, request) = stage.take_job();
    assert!(matches!(
        &request.work,
        Work::Copy(Destination::Into(to)) if to.to_string() == "/state/edits/1"
    ));
    assert!(stage.outside.is_empty(), "not before the copy is whole");
    end_job(&mut stage, job, 0);
    let outside = stage.outside.pop().expect("the editor");
    assert!(matches!(
        &outside,
        Outside::EditFile { path, .. } if path.as_bytes() == b"/state/edits/1/readme.txt"
    ));
    stage.message(Message::CameBack(outside, Back::File(changed)));
    stage
}

#[test]
fn a_changed_copy_goes_back_and_is_removed_once_it_has_arrived() {
    let mut stage = edited(Ok(Changed::Yes));
    look(&mut stage, 5);
    let (job, request) = stage.take_job();
    assert!(matches!(
        &request.work,
        Work::Copy(Destination::Exactly(to)) if to.to_string() == "files.example:/srv/in/readme.txt"
    ));
    assert!(stage.cleared.is_empty(), "kept until it is verified");
    end_job(&mut stage, job, 0);
    stage.shows("Sent back and verified");
    assert_eq!(stage.cleared, [StoragePath::new("/state/edits/1")]);
}

#[test]
fn a_copy_that_could_not_be_sent_stays() {
    let mut stage = edited(Ok(Changed::Yes));
    look(&mut stage, 5);
    let (job, _) = stage.take_job();
    end_job(&mut stage, job, 1);
    stage.shows("the copy stays at");
    assert!(stage.cleared.is_empty());
}

#[test]
fn another_change_on_the_server_is_asked_about() {
    let mut stage = edited(Ok(Changed::Yes));
    look(&mut stage, 6);
    stage.shows("It was changed on the server meanwhile.");
    insta::assert_snapshot!(stage.picture());
    stage.take_sent();
    stage.keys("Esc");
    stage.shows("the copy stays at");
    let adds = |sent: &Sent| matches!(sent, Sent::Other(Command::Add(..)));
    assert!(!stage.take_sent().iter().any(adds), "nothing is sent");
    assert!(stage.cleared.is_empty());
}

#[test]
fn an_unchanged_copy_is_removed_and_a_doubtful_one_kept() {
    let stage = edited(Ok(Changed::No));
    assert_eq!(stage.cleared.len(), 1);
    for doubtful in [Ok(Changed::LeftAtOnce), Err("The editor ended with signal 9.".to_owned())] {
        let stage = edited(doubtful);
        assert!(stage.cleared.is_empty());
        stage.shows("the copy stays at");
    }
}

#[test]
fn one_file_is_edited_once() {
    let mut stage = editing();
    stage.keys("F4");
    stage.shows("being edited already");
    stage.keys("k k F4");
    stage.shows("Only files can be edited");
}

#[test]
fn names_are_previewed_before_anything_is_done() {
    let mut stage = Stage::new((100, 30));
    stage.keys("j j j j j Space Space B");
    let Some(Outside::EditText { text, .. }) = stage.outside.last() else { panic!("an editor") };
    assert_eq!(text, "manifest-2.csv\nmanifest-10.csv\n");
    let back = |stage: &mut Stage, text: &str| {
        let outside = stage.outside.pop().unwrap();
        stage.message(Message::CameBack(outside, Back::Text(Ok(text.to_owned()))));
    };
    back(&mut stage, "manifest-10.csv\nmanifest-2.csv\n");
    insta::assert_snapshot!(stage.picture());
    stage.take_sent();
    stage.keys("Enter");
    let steps = stage.take_sent().into_iter().find_map(|sent| match sent {
        Sent::Other(Command::Perform { act: Act::RenameMany { steps, .. }, .. }) => Some(steps),
        _ => None,
    });
    assert_eq!(steps.unwrap().len(), 3);
    stage.keys("g j j j j j Space Space");
    for (typed, said) in [
        ("manifest.csv\nb\n", "Something is called manifest.csv already."),
        (".hidden\nb\n", "Something is called .hidden already."),
        ("b\nb\n", "More than one would be called b."),
        ("b\n", "There are 1 lines for 2 names"),
        ("manifest-2.csv\nmanifest-10.csv\n", "No name was changed."),
    ] {
        stage.keys("B");
        back(&mut stage, typed);
        stage.shows(said);
        stage.keys("Esc");
    }
}
