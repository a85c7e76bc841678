//! Whatever is pressed, clicked or told, at whatever size: no panic, nothing drawn that a terminal could obey.

use std::{sync::Arc, time::Duration};

use proptest::prelude::*;
use wharf::{
    domain::{
        error::{Error, ErrorKind},
        place::Endpoint,
        question::{Prompt, Question},
    },
    engine::message::{
        ConnectionState, Counts, Event, JobProgress, JobState, JobSummary, QuestionId, Snapshot,
    },
    model::{Message, MouseAct},
};

use super::stage::{Sent, Stage, file, location};

#[derive(Debug, Clone)]
enum Deed {
    Key(&'static str),
    Text(String),
    Paste(String),
    Mouse(MouseAct, u16, u16),
    Size(u16, u16),
    Ask(u8),
    Withdraw,
    Lose,
    Serve,
    EndJobs,
    Pass,
}

const KEYS: &[&str] = &[
    "Up",
    "Down",
    "Left",
    "Right",
    "PgUp",
    "PgDn",
    "Home",
    "End",
    "Enter",
    "Enter",
    "Esc",
    "Tab",
    "BackTab",
    "Space",
    "Ins",
    "Del",
    "Backspace",
    "F1",
    "F2",
    "F5",
    "F6",
    "F7",
    "F8",
    "*",
    "+",
    "-",
    ".",
    "s",
    "S",
    "r",
    "o",
    "w",
    "a",
    "x",
    "X",
    "c",
    "m",
    "n",
    "d",
    "y",
    "j",
    "k",
    "h",
    "l",
    "g",
    "G",
    "?",
    "Ctrl-R",
    "Ctrl-U",
    "Ctrl-W",
    "Ctrl-A",
    "Ctrl-E",
    "Ctrl-L",
];

fn deed() -> impl Strategy<Value = Deed> {
    let mouse = prop_oneof![
        Just(MouseAct::Press),
        Just(MouseAct::Drag),
        Just(MouseAct::Release),
        Just(MouseAct::OtherPress),
        Just(MouseAct::OtherDrag),
        Just(MouseAct::OtherRelease),
        Just(MouseAct::WheelUp),
        Just(MouseAct::WheelDown),
    ];
    prop_oneof![
        20 => proptest::sample::select(KEYS).prop_map(Deed::Key),
        2 => "\\PC{0,12}".prop_map(Deed::Text),
        1 => any::<String>().prop_map(Deed::Paste),
        6 => (mouse, 0u16..130, 0u16..50).prop_map(|(act, x, y)| Deed::Mouse(act, x, y)),
        2 => (1u16..130, 1u16..50).prop_map(|(width, height)| Deed::Size(width, height)),
        2 => (0u8..3).prop_map(Deed::Ask),
        1 => Just(Deed::Withdraw),
        1 => Just(Deed::Lose),
        4 => Just(Deed::Serve),
        1 => Just(Deed::EndJobs),
        1 => Just(Deed::Pass),
    ]
}

fn question(kind: u8) -> Question {
    let Endpoint::Remote(site) = location("anna@files.example:").endpoint else { unreachable!() };
    match kind {
        0 => Question::Password { site, user: "anna".into(), again_because: String::new() },
        1 => Question::Prompts {
            site,
            title: String::new(),
            instruction: "x".repeat(300),
            prompts: vec![Prompt { text: "文".repeat(90), echo: true }; 3],
        },
        _ => Question::Conflict {
            from: location("/a"),
            source: file("a", 1).attributes,
            to: location("files.example:/a"),
            target: file("a", 2).attributes,
        },
    }
}

fn perform(stage: &mut Stage, deed: Deed, jobs: &mut Vec<JobProgress>) {
    match deed {
        Deed::Key(name) => drop(stage.keys(name)),
        Deed::Text(text) => drop(stage.text(&text)),
        Deed::Paste(text) => stage.message(Message::Paste(text)),
        Deed::Mouse(act, x, y) => drop(stage.mouse(act, x, y)),
        Deed::Size(width, height) => stage.message(Message::Resized { width, height }),
        Deed::Ask(kind) => stage.event(Event::Asked {
            id: QuestionId(u64::from(kind)),
            job: None,
            question: question(kind),
        }),
        Deed::Withdraw => stage.event(Event::Withdrawn(QuestionId(0))),
        Deed::Lose => stage.event(Event::Connection {
            endpoint: location("files.example:").endpoint,
            state: ConnectionState::Lost(Error::new(ErrorKind::ConnectionLost, "x", "y")),
        }),
        Deed::Serve => stage.serve(),
        Deed::Pass => stage.pass(Duration::from_millis(300)),
        Deed::EndJobs => {
            for job in jobs.iter_mut() {
                job.state = JobState::Failed;
                stage.event(Event::JobEnded(JobSummary {
                    job: job.id,
                    cancelled: false,
                    counts: Counts { failed: 1, ..Counts::default() },
                    seconds: f64::NAN,
                }));
            }
        }
    }
    for sent in stage.take_sent() {
        match sent {
            Sent::Other(wharf::engine::message::Command::Add(id, request)) => {
                jobs.push(JobProgress {
                    id,
                    request: Arc::new(request),
                    state: JobState::Running,
                    counts: Counts::default(),
                    planned: 3,
                    planned_bytes: u64::MAX,
                    plan_complete: jobs.len().is_multiple_of(2),
                    carried_bytes: u64::MAX,
                    rate: f64::INFINITY,
                    seconds_left: Some(f64::NAN),
                    retry: None,
                    last_failure: None,
                    verifying: 0,
                });
            }
            other => stage.sent.push(other),
        }
    }
    stage.progress(Snapshot { jobs: jobs.clone(), watched: None, ..Snapshot::default() });
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn nothing_makes_it_panic(
        deeds in proptest::collection::vec(deed(), 1..60),
        width in 1u16..130,
        height in 1u16..50,
    ) {
        let mut stage = Stage::new((width, height));
        let mut jobs = Vec::new();
        for deed in deeds {
            perform(&mut stage, deed, &mut jobs);
            let screen = stage.text_of_screen();
            prop_assert!(!screen.chars().any(|c| c.is_control() && c != '\n'), "{screen:?}");
        }
    }
}
