//! Editing and renaming as the model sees it: what is asked of whom, in which order, and what becomes of the copy.

use wharf::{
    domain::{
        digest::{Sha256, Verdict},
        entry::{Attributes, Kind, Timestamp},
        path::StoragePath,
    },
    engine::message::{
        Act, Answered, Command, Counts, Destination, Event, Inquiry, JobId, JobSummary, StepDone,
        StepId, StepKind, Ticket, Told, Work,
    },
    model::{Back, EditNews, EditOrder, EditorEnd, Kept, LeftEdit, Message, Outside},
};

use super::stage::{Sent, Stage, location};

fn attributes(seconds: i64) -> Attributes {
    Attributes {
        size: Some(512),
        modified: Some(Timestamp::from_seconds(seconds)),
        ..Attributes::of_kind(Kind::File)
    }
}

/// A stage on which `readme.txt` of the server is about to be edited.
fn editing(size: (u16, u16)) -> Stage {
    let mut stage = Stage::new(size);
    stage.keys("Tab j j j");
    stage.inquiries.clear();
    stage.edits.clear();
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

fn end_well(stage: &mut Stage, job: JobId, digest: Sha256) {
    let place = location("files.example:/srv/in/readme.txt");
    stage.event(Event::StepDone(StepDone {
        job,
        step: StepId(0),
        from: place.clone(),
        to: Some(place),
        what: StepKind::File,
        bytes: 512,
        verdict: Some(Verdict::Hash),
        digest: Some(digest),
        attempts: 1,
        seconds: 0.1,
    }));
    end_job(stage, job, 0);
}

fn news(stage: &mut Stage, news: EditNews) {
    stage.message(Message::Edits(news));
}

fn was_cleared(stage: &Stage) -> bool {
    stage.edits.iter().any(|order| matches!(order, EditOrder::Clear(_)))
}

const SIZE: (u16, u16) = (100, 24);
const FETCHED: Sha256 = Sha256([1; 32]);
const SAVED: Sha256 = Sha256([2; 32]);

/// Up to the open editor.
fn in_editor(size: (u16, u16)) -> (Stage, Ticket) {
    let mut stage = editing(size);
    look(&mut stage, 5);
    let Some(EditOrder::Begin(ticket, kept)) = stage.edits.pop() else { panic!("no room") };
    assert_eq!((kept.before, kept.base), (attributes(5), None));
    news(&mut stage, EditNews::Room(ticket, Ok(StoragePath::new("/state/edits/1"))));
    let (job, request) = stage.take_job();
    assert!(matches!(
        &request.work,
        Work::Copy(Destination::Into(to)) if to.to_string() == "/state/edits/1"
    ));
    assert!(stage.outside.is_empty(), "not before the copy is whole");
    end_job(&mut stage, job, 0);
    assert!(stage.outside.is_empty(), "not before it is watched");
    assert!(matches!(stage.edits.pop(), Some(EditOrder::Watch(own, _)) if own == ticket));
    news(&mut stage, EditNews::Watched(ticket, Ok(FETCHED)));
    let Some(EditOrder::Keep(_, kept)) = stage.edits.pop() else { panic!("no record") };
    assert_eq!(kept.base, Some(FETCHED));
    assert!(matches!(
        stage.outside.last(),
        Some(Outside::EditFile { path, .. }) if path.as_bytes() == b"/state/edits/1/readme.txt"
    ));
    (stage, ticket)
}

fn close_editor(
    stage: &mut Stage,
    ticket: Ticket,
    ended: Result<EditorEnd, String>,
    changed: bool,
) {
    let outside = stage.outside.pop().expect("the editor");
    stage.message(Message::CameBack(outside, Back::File(ended)));
    assert!(matches!(stage.edits.pop(), Some(EditOrder::Check(own)) if own == ticket));
    news(stage, EditNews::Checked(ticket, Ok(changed)));
}

/// Up to the editor, which then ends.
fn edited(size: (u16, u16), changed: bool) -> Stage {
    let (mut stage, ticket) = in_editor(size);
    close_editor(&mut stage, ticket, Ok(EditorEnd::InItsTime), changed);
    stage
}

/// A copy that was changed, and so was the server's file.
pub(super) fn changed_meanwhile(size: (u16, u16)) -> Stage {
    let mut stage = edited(size, true);
    look(&mut stage, 6);
    stage
}

/// What an earlier Wharf left, as it is found.
pub(super) fn left() -> Message {
    let left = |name: &str, is_changed| LeftEdit {
        folder: StoragePath::new(format!("/state/edits/{name}")),
        kept: Kept {
            location: location(&format!("ftp://files.example/in/{name}")),
            before: attributes(5),
            base: Some(FETCHED),
        },
        is_changed,
    };
    let found = vec![left("a.txt", true), left("b.txt", false)];
    Message::Edits(EditNews::Left(found, Vec::new()))
}

#[test]
fn a_changed_copy_goes_back_and_is_removed_once_it_has_arrived() {
    let mut stage = edited(SIZE, true);
    look(&mut stage, 5);
    let (job, request) = stage.take_job();
    assert!(matches!(
        &request.work,
        Work::Copy(Destination::Exactly(to)) if to.to_string() == "files.example:/srv/in/readme.txt"
    ));
    assert!(!was_cleared(&stage), "kept until it is verified");
    end_well(&mut stage, job, SAVED);
    stage.shows("Sent back and verified");
    assert!(was_cleared(&stage));
}

#[test]
fn each_save_goes_back_while_the_editor_is_open() {
    let (mut stage, ticket) = in_editor(SIZE);
    for save in 0..2 {
        news(&mut stage, EditNews::Saved(ticket));
        // What this Wharf put there the last time is no change of somebody else's.
        look(&mut stage, 5 + save);
        let (job, _) = stage.take_job();
        // Saved again while the one before is on its way: not two at a time.
        news(&mut stage, EditNews::Saved(ticket));
        assert!(stage.inquiries.is_empty());
        end_well(&mut stage, job, Sha256([save as u8; 32]));
        look(&mut stage, 6 + save);
        let Some(EditOrder::Keep(_, kept)) = stage.edits.pop() else { panic!("no record") };
        assert_eq!(
            (kept.before, kept.base),
            (attributes(6 + save), Some(Sha256([save as u8; 32])))
        );
        look(&mut stage, 6 + save);
        let (job, _) = stage.take_job();
        end_well(&mut stage, job, SAVED);
        look(&mut stage, 6 + save);
    }
    assert!(!was_cleared(&stage), "the editor is open");
    close_editor(&mut stage, ticket, Ok(EditorEnd::InItsTime), false);
    assert!(was_cleared(&stage));
    stage.shows("Sent back and verified (4 saves): files.example:/srv/in/readme.txt");
}

#[test]
fn what_somebody_else_puts_there_right_after_a_save_is_not_taken_for_ones_own() {
    let (mut stage, edit) = in_editor(SIZE);
    news(&mut stage, EditNews::Saved(edit));
    look(&mut stage, 5);
    let (job, _) = stage.take_job();
    end_well(&mut stage, job, SAVED);
    let theirs = Attributes { size: Some(513), ..attributes(6) };
    let tell = |stage: &mut Stage| {
        let (ticket, _) = stage.inquiries.pop().expect("it is looked at");
        stage.event(Event::Answered(Answered { ticket, told: Ok(Told::Look(theirs)) }));
    };
    tell(&mut stage);
    stage.shows_not("Send back what was edited");
    news(&mut stage, EditNews::Saved(edit));
    tell(&mut stage);
    stage.shows("It was changed on the server meanwhile.");
}

#[test]
fn a_copy_that_could_not_be_sent_stays() {
    let mut stage = edited(SIZE, true);
    look(&mut stage, 5);
    let (job, _) = stage.take_job();
    end_job(&mut stage, job, 1);
    stage.shows("the copy stays at");
    assert!(!was_cleared(&stage));
    stage.keys("Esc E");
    insta::assert_snapshot!(stage.picture());
    stage.keys("s");
    look(&mut stage, 5);
    let (job, _) = stage.take_job();
    end_well(&mut stage, job, SAVED);
    assert!(was_cleared(&stage));
}

#[test]
fn another_change_on_the_server_is_asked_about() {
    let mut stage = changed_meanwhile(SIZE);
    stage.shows("It was changed on the server meanwhile.");
    insta::assert_snapshot!(stage.picture());
    stage.take_sent();
    stage.inquiries.clear();
    stage.keys("d");
    let (ticket, inquiry) = stage.inquiries.pop().expect("the copy is read");
    assert!(matches!(inquiry, Inquiry::Piece { of, .. } if of.endpoint.host().is_none()));
    let piece = Told::Piece { offset: 0, bytes: "mine\n".into(), size: Some(5) };
    stage.event(Event::Answered(Answered { ticket, told: Ok(piece) }));
    let (ticket, inquiry) = stage.inquiries.pop().expect("it is compared");
    assert!(matches!(&inquiry, Inquiry::Difference { with, .. } if with == "mine\n"));
    let lines = ["@ line 1 on the server, 1 in your copy", "-theirs", "+mine"];
    let told = Ok(Told::Difference(lines.map(str::to_owned).to_vec()));
    stage.event(Event::Answered(Answered { ticket, told }));
    insta::assert_snapshot!("the_difference", stage.picture());
    stage.keys("Esc");
    stage.shows("It was changed on the server meanwhile.");
    stage.keys("Esc");
    stage.shows("the copy stays at");
    let adds = |sent: &Sent| matches!(sent, Sent::Other(Command::Add(..)));
    assert!(!stage.take_sent().iter().any(adds), "nothing is sent");
    assert!(!was_cleared(&stage));
}

#[test]
fn an_unchanged_copy_is_removed_and_a_doubtful_one_kept() {
    let stage = edited(SIZE, false);
    assert!(was_cleared(&stage));
    stage.shows("Nothing was changed");
    let failed = || Err("The editor ended with signal 9.".to_owned());
    let (mut stage, ticket) = in_editor(SIZE);
    close_editor(&mut stage, ticket, failed(), true);
    assert!(!was_cleared(&stage));
    stage.shows("the copy stays at");
    let (mut stage, ticket) = in_editor(SIZE);
    close_editor(&mut stage, ticket, failed(), false);
    assert!(was_cleared(&stage));
    stage.shows("Nothing was changed.");
}

#[test]
fn what_an_editor_saves_that_went_on_elsewhere_goes_back_too() {
    let (mut stage, ticket) = in_editor(SIZE);
    close_editor(&mut stage, ticket, Ok(EditorEnd::AtOnce), false);
    assert!(!was_cleared(&stage));
    stage.keys("E");
    stage.shows("open elsewhere; each save is sent");
    news(&mut stage, EditNews::Saved(ticket));
    look(&mut stage, 5);
    let (job, _) = stage.take_job();
    end_well(&mut stage, job, SAVED);
    look(&mut stage, 6);
    assert!(!was_cleared(&stage));
    // Until the person says that it is over.
    stage.keys("x");
    insta::assert_snapshot!(stage.picture());
    stage.keys("y");
    assert!(was_cleared(&stage));
    stage.keys("E");
    stage.shows("No file of a server is being edited");
}

#[test]
fn what_an_earlier_wharf_left_is_offered() {
    let mut stage = Stage::new((100, 24));
    assert!(matches!(stage.edits[..], [EditOrder::FindLeft]));
    stage.message(left());
    insta::assert_snapshot!(stage.picture());
    stage.keys("y");
    insta::assert_snapshot!("the_list_of_what_was_left", stage.picture());
    stage.inquiries.clear();
    stage.keys("s");
    look(&mut stage, 6);
    stage.shows("It was changed on the server meanwhile.");
}

#[test]
fn one_file_is_edited_once() {
    let mut stage = editing(SIZE);
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
