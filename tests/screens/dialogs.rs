//! Every dialog: how it looks, and what comes of it.

use std::sync::Arc;

use insta::assert_snapshot;
use secrecy::ExposeSecret;
use wharf::{
    domain::{
        digest::VerifyLevel,
        entry::{Attributes, Kind, Timestamp},
        error::{Error, ErrorKind},
        path::StoragePath,
        place::{Endpoint, Location},
        question::{Answer, ConflictChoice, Prompt, Question},
        site::Site,
    },
    engine::message::{
        Act, Command, Counts, Destination, Event, JobId, JobNumber, JobOptions, JobRequest,
        JobSummary, LeftJob, QuestionId, Work,
    },
    model::{Message, MouseAct},
};

use super::stage::{MOMENT, Sent, Stage, directory, file, location};

fn site() -> Arc<Site> {
    match location("anna@files.example:").endpoint {
        Endpoint::Remote(site) => site,
        Endpoint::Local => unreachable!(),
    }
}

pub(super) fn ask(stage: &mut Stage, question: Question) {
    stage.event(Event::Asked { id: QuestionId(7), job: Some(JobId(1)), question });
}

pub(super) fn answer(stage: &mut Stage) -> Option<Answer> {
    stage.take_sent().into_iter().find_map(|sent| match sent {
        Sent::Other(Command::Answer(QuestionId(7), answer)) => Some(answer),
        _ => None,
    })
}

fn host_key() -> Question {
    Question::HostKey {
        site: site(),
        known_as: "[files.example]:2222".to_owned(),
        key_type: "ssh-ed25519".to_owned(),
        fingerprint: "SHA256:uNiVztksCsDhcc0u9e8BrHLqvKAmLgb1uqTTxJGFQkM".to_owned(),
    }
}

pub(super) fn conflict() -> Question {
    let attributes = |size, seconds| Attributes {
        size: Some(size),
        modified: Some(Timestamp::from_seconds(seconds)),
        ..Attributes::of_kind(Kind::File)
    };
    Question::Conflict {
        from: location("/home/anna/manifest.csv"),
        source: attributes(48_211, MOMENT),
        to: location("files.example:/srv/in/manifest.csv"),
        target: attributes(12_000, MOMENT - 90_000),
    }
}

#[test]
fn copy() {
    let mut stage = Stage::new((80, 24));
    stage.keys("End Up Space Space Home j Space F5");
    assert_snapshot!(stage.picture());
    stage.keys("Tab Right Right Tab Right Right Enter");
    let (_, request) = stage.take_job();
    assert_eq!(request.work, Work::Copy(Destination::Into(location("files.example:/srv/in"))));
    assert_eq!(request.from, Endpoint::Local);
    assert_eq!(request.sources.len(), 3);
    assert_eq!(request.options.verify, VerifyLevel::Size);
    assert_eq!(request.options.on_conflict, Some(ConflictChoice::Overwrite));
    assert!(request.options.recursive);
    stage.shows_not("marked");
}

/// Where the second rows stand is seen in the picture of `copy`.
#[test]
fn a_click_chooses_an_option_on_whichever_row_it_stands() {
    let mut stage = Stage::new((80, 24));
    stage.keys("End Up Space Space Home j Space F5");
    stage.mouse(MouseAct::Press, 20, 11).shows("(•) overwrite differing");
    stage.mouse(MouseAct::Press, 20, 14).shows("(•) off");
    stage.keys("Enter");
    let (_, request) = stage.take_job();
    assert_eq!(request.options.verify, VerifyLevel::Off);
    assert_eq!(request.options.on_conflict, Some(ConflictChoice::Differs));
}

#[test]
fn copy_at_120_by_40() {
    let mut stage = Stage::new((120, 40));
    stage.keys("j F5");
    assert_snapshot!(stage.picture());
}

#[test]
fn copy_in_20_by_5() {
    let mut stage = Stage::new((20, 5));
    stage.keys("j F5");
    let field = stage.picture();
    stage.keys("Tab Tab Tab");
    assert_snapshot!(field + "-----\n" + &stage.picture());
}

#[test]
fn copy_under_another_name() {
    let mut stage = Stage::new((80, 24));
    stage.keys("End F5 Ctrl-U").text("files.example:/srv/in/other.txt").keys("Enter");
    let (_, request) = stage.take_job();
    let to = location("files.example:/srv/in/other.txt");
    assert_eq!(request.work, Work::Copy(Destination::AsCp(to)));

    stage.keys("End F5 Ctrl-U").text("beside.txt").keys("Enter");
    let (_, request) = stage.take_job();
    let to = location("/home/anna/beside.txt");
    assert_eq!(request.work, Work::Copy(Destination::AsCp(to)), "seen from the source's pane");
}

#[test]
fn a_copy_onto_itself_is_refused_in_the_dialog() {
    let mut stage = Stage::new((80, 24));
    stage.keys("j F5 Ctrl-U").text("/home/anna/").keys("Enter");
    stage.shows("They are already there.");
    stage.keys("Ctrl-U").text("/home/anna/cargo/deeper").keys("Enter");
    stage.shows("A directory cannot go into itself.");
    stage.keys("Ctrl-U").text("gopher://x/").keys("Enter");
    stage.shows("gopher:// is not spoken here");
    assert!(stage.take_sent().is_empty());
    stage.keys("Esc");
    stage.shows("F5 copy");
}

#[test]
fn move_asks_like_copy() {
    let mut stage = Stage::new((80, 24));
    stage.keys("End m");
    stage.shows("┌ Move ");
    stage.keys("Enter");
    let (_, request) = stage.take_job();
    assert_eq!(request.work, Work::Move(Destination::Into(location("files.example:/srv/in"))));
}

#[test]
fn delete_names_the_host_and_defaults_to_no() {
    let mut stage = Stage::new((80, 24));
    stage.keys("Tab * F8");
    assert_snapshot!(stage.picture());
    stage.keys("Enter");
    let adds = |sent: &Sent| matches!(sent, Sent::Other(Command::Add(..)));
    assert!(!stage.take_sent().iter().any(adds), "Enter is No");
    stage.keys("d y");
    let (_, request) = stage.take_job();
    assert_eq!(request.work, Work::Delete);
    assert_eq!(request.from, location("files.example:").endpoint);
    assert_eq!(request.sources.len(), 3);
}

#[test]
fn make_a_directory() {
    let mut stage = Stage::new((80, 24));
    stage.keys("F7");
    assert_snapshot!(stage.picture());
    stage.keys("Enter");
    stage.shows("A directory needs a name.");
    stage.text("new/deeper").keys("Enter");
    let Some(Sent::Other(Command::Perform { ticket, act })) = stage.take_sent().pop() else {
        panic!("a directory is made")
    };
    let Act::MakeDirectory(made) = &act else { panic!("{act:?}") };
    assert_eq!(*made, location("/home/anna/new/deeper"));
    stage.set_place("/home/anna", vec![file("a", 1), directory("new")]);
    stage.event(Event::Performed { ticket, act, result: Ok(()) });
    stage.serve();
    assert!(stage.reversed().iter().any(|run| run.starts_with("new/")), "the cursor is on it");
}

#[test]
fn rename() {
    let mut stage = Stage::new((80, 24));
    stage.keys("End F2");
    assert_snapshot!(stage.picture());
    stage.keys("Ctrl-U").text("a/b").keys("Enter");
    stage.shows("The name contains a slash.");
    stage.keys("Ctrl-U").text("log.txt").keys("Enter");
    let Some(Sent::Other(Command::Perform { ticket, act })) = stage.take_sent().pop() else {
        panic!("it is renamed")
    };
    let Act::Rename { from, to } = &act else { panic!("{act:?}") };
    assert_eq!(*from, location("/home/anna/notes-of-the-harbour-master.txt"));
    assert_eq!(*to, StoragePath::new("/home/anna/log.txt"));
    let error = Error::new(ErrorKind::PermissionDenied, "rename it", "permission denied");
    stage.event(Event::Performed { ticket, act, result: Err(error) });
    stage.shows("Could not rename it: permission denied.");
    stage.keys("j j x Tab");
    stage.shows("Could not rename it: permission denied.");
    stage.keys("Esc");
    stage.shows_not("Could not rename it");
}

#[test]
fn the_dialog_to_connect() {
    let mut stage = Stage::unanswered((80, 24), None, None);
    stage.serve();
    stage.keys("o");
    assert_snapshot!(stage.picture());
    stage.text("sftp://anna:secret@files.example/").keys("Enter");
    stage.shows("A password does not belong into a place");
    stage.keys("Ctrl-U").text("files.example:/srv/in").keys("Enter");
    stage.shows("readme.txt");
}

#[test]
fn opening_what_cannot_be_opened_keeps_what_is_there() {
    let mut stage = Stage::new((80, 24));
    stage.keys("o Ctrl-U").text("/nowhere").keys("Enter");
    stage.shows("Could not open /nowhere: no such file or directory.");
    stage.keys("Esc");
    stage.shows("manifest.csv");
}

#[test]
fn mark_by_pattern() {
    let mut stage = Stage::new((80, 24));
    stage.keys("+");
    assert_snapshot!(stage.picture());
    stage.keys("Ctrl-U").text("[").keys("Enter");
    stage.shows("┌ Mark by pattern");
    stage.keys("Ctrl-U").text("manifest*.{csv,txt}").keys("Enter");
    stage.shows("3 marked");
    stage.keys("- Ctrl-U").text("*-??.csv").keys("Enter");
    stage.shows("2 marked");
    stage.keys("*");
    stage.shows("7 marked");
}

#[test]
fn unknown_host_key() {
    let mut stage = Stage::new((80, 24));
    ask(&mut stage, host_key());
    assert_snapshot!(stage.picture());
    stage.keys("Enter");
    assert!(matches!(answer(&mut stage), Some(Answer::No)), "Enter is No");
    ask(&mut stage, host_key());
    stage.keys("y");
    assert!(answer(&mut stage).is_none(), "a letter alone trusts nobody");
    stage.keys("Enter");
    assert!(matches!(answer(&mut stage), Some(Answer::Yes)));
    ask(&mut stage, host_key());
    stage.keys("Esc");
    assert!(matches!(answer(&mut stage), Some(Answer::No)));
}

#[test]
fn host_key_in_20_by_5() {
    let mut stage = Stage::new((20, 5));
    ask(&mut stage, host_key());
    let at_rest = stage.picture();
    stage.keys("PgUp PgUp PgUp PgUp PgUp PgUp PgUp");
    assert_snapshot!(at_rest + "-----\n" + &stage.picture());
    stage.keys("Enter");
    assert!(matches!(answer(&mut stage), Some(Answer::No)));
}

#[test]
fn password_is_masked() {
    let mut stage = Stage::new((80, 24));
    let question = |again: &str| Question::Password {
        site: site(),
        user: "anna".to_owned(),
        again_because: again.to_owned(),
    };
    ask(&mut stage, question("the server refused that password"));
    stage.text("hunter2q");
    stage.shows_not("hunter2");
    assert_snapshot!(stage.picture());
    assert!(!format!("{:?}", stage.model).contains("hunter2"), "nor in a debug print");
    stage.keys("Backspace Tab Space Enter");
    match answer(&mut stage) {
        Some(Answer::Texts { texts, keep: true }) => {
            assert_eq!(texts[0].expose_secret(), "hunter2");
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn passphrase() {
    let mut stage = Stage::new((80, 24));
    let key = "/home/anna/.ssh/id_ed25519".to_owned();
    ask(&mut stage, Question::Passphrase { key, again_because: String::new() });
    stage.message(Message::Paste("open sesame\n".to_owned()));
    assert_snapshot!(stage.picture());
    stage.keys("Enter");
    match answer(&mut stage) {
        Some(Answer::Texts { texts, keep: false }) => {
            assert_eq!(texts[0].expose_secret(), "open sesame");
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn prompts_of_a_server() {
    let mut stage = Stage::new((80, 24));
    let prompt = |text: &str, echo| Prompt { text: text.to_owned(), echo };
    ask(
        &mut stage,
        Question::Prompts {
            site: site(),
            title: "Second factor".to_owned(),
            instruction: "Look at your token.".to_owned(),
            prompts: vec![prompt("Code: ", true), prompt("PIN: ", false)],
        },
    );
    stage.text("123 456").keys("Tab").text("0000");
    assert_snapshot!(stage.picture());
    stage.keys("Enter");
    match answer(&mut stage) {
        Some(Answer::Texts { texts, .. }) => {
            assert_eq!(texts[0].expose_secret(), "123 456");
            assert_eq!(texts[1].expose_secret(), "0000");
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_taken_name() {
    let mut stage = Stage::new((80, 24));
    ask(&mut stage, conflict());
    assert_snapshot!(stage.picture());
    stage.keys("o");
    assert!(answer(&mut stage).is_none(), "a letter alone overwrites nothing");
    stage.keys("Enter");
    let overwritten = answer(&mut stage);
    assert!(matches!(
        overwritten,
        Some(Answer::Conflict { choice: ConflictChoice::Overwrite, for_all: false })
    ));
    ask(&mut stage, conflict());
    stage.keys("Enter");
    let skipped = answer(&mut stage);
    assert!(matches!(
        skipped,
        Some(Answer::Conflict { choice: ConflictChoice::Skip, for_all: false })
    ));
    ask(&mut stage, conflict());
    stage.keys("Esc");
    assert!(answer(&mut stage).is_none(), "put aside");
    stage.shows("The question waits");
    stage.keys("j");
    stage.shows("1 question waits; a answers");
    stage.keys("a v Enter");
    let for_all = answer(&mut stage);
    assert!(matches!(
        for_all,
        Some(Answer::Conflict { choice: ConflictChoice::Overwrite, for_all: true })
    ));
}

#[test]
fn questions_never_take_keys_from_a_dialog() {
    let mut stage = Stage::new((80, 24));
    stage.keys("F7").text("ne");
    ask(&mut stage, host_key());
    stage.text("yy");
    stage.shows("Make a directory");
    stage.shows("neyy");
    stage.keys("Esc");
    stage.shows("Unknown host key");
    stage.event(Event::Withdrawn(QuestionId(7)));
    stage.shows_not("Unknown host key");
}

#[test]
fn buttons_take_the_mouse() {
    let mut stage = Stage::new((80, 24));
    ask(&mut stage, host_key());
    let screen = stage.text_of_screen();
    let (y, line) =
        screen.lines().enumerate().find(|(_, line)| line.contains("[ Trust it ]")).unwrap();
    let x = line.chars().position(|c| c == '[').unwrap();
    stage.mouse(MouseAct::Press, x as u16 + 3, y as u16);
    assert!(matches!(answer(&mut stage), Some(Answer::Yes)));
}

#[test]
fn quitting_asks_while_jobs_run() {
    let mut stage = Stage::new((80, 24));
    stage.keys("End F5 Enter Ctrl-C");
    assert_snapshot!(stage.picture());
    stage.keys("Enter");
    assert!(!stage.has_quit, "Enter stays");
    stage.keys("q y");
    assert!(stage.has_quit);
}

#[test]
fn the_limit_is_asked_for_in_the_queue() {
    let mut stage = Stage::new((80, 24));
    stage.take_sent();
    stage.keys("w b");
    stage.keys("f a s t Enter");
    assert!(stage.take_sent().is_empty(), "that is no limit");
    assert!(stage.text_of_screen().contains("neither bytes a second"));
    stage.keys("Ctrl-U 2 M Enter");
    let sent = stage.take_sent();
    let [Sent::Other(Command::Limit(limit))] = &sent[..] else { panic!("{sent:?}") };
    assert_eq!(limit.0, Some(2 << 20));
}

#[test]
fn quitting_can_wait_for_the_last_job() {
    let mut stage = Stage::new((80, 24));
    stage.keys("End F5 Enter q w");
    assert!(!stage.has_quit);
    let job = stage.take_sent().into_iter().find_map(|sent| match sent {
        Sent::Other(Command::Add(job, _)) => Some(job),
        _ => None,
    });
    stage.event(Event::JobEnded(JobSummary {
        job: job.unwrap(),
        cancelled: false,
        counts: Counts::default(),
        seconds: 1.0,
    }));
    assert!(stage.has_quit);
}

fn left(number: i64, runs_in: Option<u32>) -> LeftJob {
    let to = Location::local(StoragePath::new("/srv/in"));
    let request = JobRequest {
        work: Work::Copy(Destination::Into(to)),
        from: Endpoint::Local,
        sources: vec![StoragePath::new("/home/anna/report.csv")],
        options: JobOptions::default(),
    };
    LeftJob {
        number: JobNumber(number),
        request: request.into(),
        added: jiff::Timestamp::UNIX_EPOCH,
        steps_ended: 12,
        runs_in,
    }
}

#[test]
fn jobs_that_were_interrupted_are_offered_once() {
    let mut stage = Stage::new((80, 24));
    stage.take_sent();
    stage.event(Event::Left(vec![left(3, None), left(4, Some(77))]));
    assert_snapshot!(stage.picture());
    stage.keys("Enter");
    let sent = stage.take_sent();
    let [Sent::Other(Command::Resume(number, _))] = &sent[..] else { panic!("{sent:?}") };
    assert_eq!(*number, JobNumber(3), "those of a Wharf that runs are its own");
    stage.keys("q");
    assert!(!stage.has_quit, "it is a job like others now");

    let mut stage = Stage::new((80, 24));
    stage.take_sent();
    stage.event(Event::Left(vec![left(3, None)]));
    stage.keys("Esc");
    assert!(stage.take_sent().is_empty(), "later");
    stage.event(Event::Left(vec![left(3, None)]));
    stage.keys("g Enter");
    let sent = stage.take_sent();
    assert!(matches!(&sent[0], Sent::Other(Command::GiveUp(JobNumber(3)))), "{sent:?}");
}

#[test]
fn quitting_without_jobs_is_one_key() {
    let mut stage = Stage::new((80, 24));
    stage.keys("q");
    assert!(stage.has_quit);
}

#[test]
fn troubles_are_read_and_dismissed() {
    let mut stage = Stage::new((80, 24));
    for trouble in [
        "One thing went wrong.",
        "And another, with a longer sentence that says what was \
                     being done, to what, why it failed, and what happens next.",
    ] {
        stage.message(Message::Trouble(trouble.to_owned()));
    }
    assert_snapshot!(stage.picture());
    stage.keys("Esc");
    stage.shows_not("went wrong");
}
