//! Walks: whatever can be opened is left with Esc, and no single key destroys anything.

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use wharf::{
    domain::{
        book::{Book, SiteOrder},
        digest::Sha256,
        entry::{Attributes, Kind, Timestamp},
        path::StoragePath,
        question::{Answer, ConflictChoice, Prompt, Question},
        saved::SavedSite,
    },
    engine::message::{Command, Event, JobId, JobNumber, LeftJob, QuestionId},
    keymap::{Keymap, Meaning, Pending},
    model::{Action, Context, EditNews, EditOrder, Kept, LeftEdit, Message},
};

use super::{
    props::{request, site, with_a_job},
    stage::{Sent, Stage, location},
};

fn book() -> Book {
    let mut saved = SavedSite::new("pier 12", (*site()).clone());
    saved.bookmarks = vec!["/srv/in".to_owned()];
    Book { sites: vec![saved], bookmarks: vec!["/home/anna".to_owned()], ..Book::default() }
}

fn panes() -> Stage {
    let mut stage =
        Stage::with_book((100, 30), Some("/home/anna"), Some("files.example:/srv/in"), book());
    stage.serve();
    stage
}

/// A stage with a job that runs.
fn working() -> Stage {
    let mut stage = panes();
    with_a_job(&mut stage);
    stage
}

fn left_edits() -> EditNews {
    let left = LeftEdit {
        folder: StoragePath::new("/state/edits/1"),
        kept: Kept {
            location: location("files.example:/srv/in/readme.txt"),
            before: Attributes {
                size: Some(512),
                modified: Some(Timestamp::from_seconds(5)),
                ..Attributes::of_kind(Kind::File)
            },
            base: Some(Sha256([1; 32])),
        },
        is_changed: true,
    };
    EditNews::Left(vec![left], Vec::new())
}

/// A way to come to a context.
type Way = (&'static str, fn() -> Stage);

/// One for each place where keys mean something of their own, the panes with a directory, a file and several marked.
const WAYS: [Way; 14] = [
    ("panes, above", panes),
    ("panes, a directory", || after(panes(), "j")),
    ("panes, a file", || after(panes(), "End")),
    ("panes, marked", || after(panes(), "j Space Space End")),
    ("panes, a server", || after(panes(), "Tab End")),
    ("panes, a job runs", working),
    ("queue", || after(working(), "w")),
    ("steps", || after(working(), "w Enter")),
    ("history", || after(panes(), "H")),
    ("sites", || after(panes(), "b")),
    ("viewer", || after(panes(), "End F3")),
    ("bookmarks", || after(panes(), "'")),
    ("start", || {
        let mut stage = Stage::with_book((100, 30), None, None, book());
        stage.serve();
        stage
    }),
    ("edits", || {
        let mut stage = panes();
        stage.message(Message::Edits(left_edits()));
        after(stage, "y")
    }),
];

fn after(mut stage: Stage, keys: &str) -> Stage {
    stage.keys(keys);
    stage
}

/// Questions, and whatever else comes up by itself, under the fingers of someone who types.
fn that_come_up() -> Vec<(String, Stage)> {
    let fingerprint = "SHA256:uNiVztksCsDhcc0u9e8BrHLqvKAmLgb1uqTTxJGFQkM".to_owned();
    let attributes = Attributes { size: Some(48_211), ..Attributes::of_kind(Kind::File) };
    let questions = [
        Question::HostKey {
            site: site(),
            known_as: "[files.example]:2222".to_owned(),
            key_type: "ssh-ed25519".to_owned(),
            fingerprint: fingerprint.clone(),
        },
        Question::Certificate {
            site: site(),
            known_as: "files.example:990".to_owned(),
            why: "it has expired".to_owned(),
            fingerprint,
            changed: true,
        },
        Question::Password { site: site(), user: "anna".to_owned(), again_because: String::new() },
        Question::Passphrase { key: "/k".to_owned(), again_because: String::new() },
        Question::Prompts {
            site: site(),
            title: String::new(),
            instruction: String::new(),
            prompts: vec![Prompt { text: "Code: ".to_owned(), echo: true }],
        },
        Question::Conflict {
            from: location("/home/anna/manifest.csv"),
            source: attributes,
            to: location("files.example:/srv/in/manifest.csv"),
            target: Attributes { size: Some(12), ..attributes },
        },
    ];
    let mut all: Vec<(String, Stage)> = Vec::new();
    for question in questions {
        let mut stage = panes();
        let name = format!("{question:?}").split_whitespace().next().unwrap_or_default().to_owned();
        stage.event(Event::Asked { id: QuestionId(7), job: Some(JobId(1)), question });
        all.push((name, stage));
    }
    let mut stage = panes();
    stage.event(Event::Left(vec![LeftJob {
        number: JobNumber(3),
        request: request(),
        added: jiff::Timestamp::UNIX_EPOCH,
        steps_ended: 12,
        runs_in: None,
    }]));
    all.push(("interrupted jobs".to_owned(), stage));
    let mut stage = panes();
    stage.message(Message::Edits(left_edits()));
    all.push(("open edits".to_owned(), stage));
    let mut stage = panes();
    stage.message(Message::Trouble("Something went wrong.".to_owned()));
    all.push(("a message".to_owned(), stage));
    all
}

/// What cannot be taken back, among all that was asked for.
fn harm(stage: &Stage) -> Vec<String> {
    let sent = stage.sent.iter().filter_map(|sent| match sent {
        Sent::Other(Command::Answer(_, answer)) => {
            let spares = match answer {
                Answer::No | Answer::Rename(_) => true,
                Answer::Conflict { choice, .. } => {
                    matches!(choice, ConflictChoice::Skip | ConflictChoice::KeepBoth)
                }
                Answer::Texts { .. } | Answer::Yes => false,
            };
            (!spares).then(|| format!("{answer:?}"))
        }
        Sent::Other(
            command @ (Command::Add(..)
            | Command::Perform { .. }
            | Command::Cancel(_)
            | Command::GiveUp(_)),
        ) => Some(format!("{command:?}")),
        _ => None,
    });
    let removes = |order: &&SiteOrder| matches!(order, SiteOrder::Remove(_));
    let orders = stage.orders.iter().filter(removes).map(|order| format!("{order:?}"));
    let clears = |order: &&EditOrder| matches!(order, EditOrder::Clear(_));
    let edits = stage.edits.iter().filter(clears).map(|_| "a copy is removed".to_owned());
    sent.chain(orders).chain(edits).collect()
}

/// Every key that means something in a context. Where what is typed goes into a field one letter stands for all.
fn keys_of(context: Context) -> Vec<KeyEvent> {
    let means_something = |key: &KeyEvent| {
        let meaning = Keymap::default().press(&mut Pending::default(), context, *key);
        let is_typed = matches!(meaning, Meaning::Action(Action::Type(c)) if c != 'y');
        meaning != Meaning::Nothing && !(context == Context::Field && is_typed)
    };
    every_key().into_iter().filter(means_something).collect()
}

fn every_key() -> Vec<KeyEvent> {
    let plain = (' '..='~').map(KeyCode::Char).chain((1..=12).map(KeyCode::F)).chain([
        KeyCode::Enter,
        KeyCode::Tab,
        KeyCode::BackTab,
        KeyCode::Esc,
        KeyCode::Backspace,
        KeyCode::Delete,
        KeyCode::Insert,
        KeyCode::Up,
        KeyCode::Down,
        KeyCode::Left,
        KeyCode::Right,
        KeyCode::Home,
        KeyCode::End,
        KeyCode::PageUp,
        KeyCode::PageDown,
    ]);
    let held = [KeyModifiers::NONE, KeyModifiers::CONTROL, KeyModifiers::ALT];
    let with = |code| held.map(|held| KeyEvent::new(code, held));
    plain.flat_map(with).collect()
}

/// Takes a stage away from all that the way to it asked for.
fn at_rest(mut stage: Stage) -> Stage {
    stage.take_sent();
    stage.orders.clear();
    stage.edits.clear();
    stage
}

#[test]
fn nothing_destructive_is_one_key_away() {
    for (name, come) in WAYS {
        for key in keys_of(come().model.context()) {
            let mut stage = at_rest(come());
            stage.press(key);
            assert_eq!(harm(&stage), Vec::<String>::new(), "{name}: {key:?}");
            assert!(!stage.has_quit || !name.contains("a job runs"), "{name}: {key:?}");
        }
    }
}

#[test]
fn what_comes_up_by_itself_is_not_agreed_to_by_a_key_that_was_meant_for_something_else() {
    let count = that_come_up().len();
    for number in 0..count {
        let context = that_come_up()[number].1.model.context();
        for key in keys_of(context) {
            let (name, stage) = that_come_up().swap_remove(number);
            let mut stage = at_rest(stage);
            // Into a field of secrets goes whatever is typed; Enter sends it, and an empty one unlocks nothing.
            let sends_nothing = key.code == KeyCode::Enter
                && ["Password", "Passphrase", "Prompts"].contains(&name.as_str());
            stage.press(key);
            if !sends_nothing {
                assert_eq!(harm(&stage), Vec::<String>::new(), "{name}: {key:?}");
            }
        }
    }
}

#[test]
fn whatever_can_be_opened_is_left_with_esc_and_nothing_is_done() {
    let commands = Keymap::default().commands();
    let mut opened = 0;
    for (name, come) in WAYS {
        let context = come().model.context();
        for command in commands.iter().filter(|command| command.contexts.contains(&context)) {
            let mut stage = at_rest(come());
            stage.message(Message::Act(command.action));
            stage.serve();
            opened += usize::from(stage.model.context() != context);
            let what = format!("{name}: {}", command.name);
            assert_eq!(harm(&stage), Vec::<String>::new(), "{what}");
            leave(&mut stage, &what);
        }
    }
    assert!(opened > 60, "{opened} opened something");
    for (name, stage) in that_come_up() {
        leave(&mut at_rest(stage), &name);
    }
}

/// Esc leads back to the panes, however deep one is, and does no harm on the way.
fn leave(stage: &mut Stage, what: &str) {
    for _ in 0..4 {
        if stage.has_quit {
            return;
        }
        stage.keys("Esc");
    }
    assert_eq!(stage.model.context(), Context::Panes, "{what}\n{}", stage.text_of_screen());
    assert_eq!(harm(stage), Vec::<String>::new(), "{what}");
}
