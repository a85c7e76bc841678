//! The queue panel as an inbox: groups, questions, how it flows.

use std::{sync::Arc, time::Duration};

use insta::assert_snapshot;
use wharf::{
    domain::{
        entry::{Attributes, Kind},
        path::StoragePath,
        place::Endpoint,
        question::{Answer, ConflictChoice, Question},
    },
    engine::message::{
        Command, Counts, Destination, Event, JobId, JobOptions, JobProgress, JobRequest, JobState,
        LanesInUse, QuestionId, Snapshot, Work,
    },
    model::{Context, Message},
};

use super::stage::{Sent, Stage, location};

fn job(id: u64, source: &str, state: JobState) -> JobProgress {
    let request = JobRequest {
        work: Work::Copy(Destination::Into(location("files.example:/srv/in"))),
        from: Endpoint::Local,
        sources: vec![StoragePath::new(source)],
        options: JobOptions::default(),
    };
    JobProgress {
        id: JobId(id),
        request: Arc::new(request),
        state,
        counts: Counts::default(),
        planned: 20,
        planned_bytes: 400 << 20,
        plan_complete: true,
        carried_bytes: 100 << 20,
        rate: 0.0,
        seconds_left: None,
        retry: None,
        last_failure: None,
        verifying: 0,
    }
}

fn taken(name: &str) -> Question {
    let attributes = Attributes { size: Some(7), ..Attributes::of_kind(Kind::File) };
    Question::Conflict {
        from: location(&format!("/home/anna/{name}")),
        source: attributes,
        to: location(&format!("files.example:/srv/in/{name}")),
        target: attributes,
    }
}

fn busy(stage: &mut Stage) {
    let jobs = vec![
        job(1, "/home/anna/done", JobState::Done),
        job(2, "/home/anna/runs", JobState::Running),
        job(3, "/home/anna/asks", JobState::Running),
        job(4, "/home/anna/waits", JobState::Waiting),
    ];
    stage.progress(Snapshot { jobs, ..Snapshot::default() });
    for (id, name) in [(1, "grain.csv"), (2, "coal.csv")] {
        let question = taken(name);
        stage.event(Event::Asked { id: QuestionId(id), job: Some(JobId(3)), question });
        stage.keys("Esc");
    }
}

#[test]
fn jobs_stand_in_groups_and_what_is_asked_stands_under_who_asks() {
    let mut stage = Stage::new((80, 24));
    busy(&mut stage);
    stage.keys("w");
    assert_snapshot!(stage.picture());
}

#[test]
fn the_cursor_passes_over_headings() {
    let mut stage = Stage::new((80, 24));
    busy(&mut stage);
    stage.keys("w");
    let mut seen = Vec::new();
    for keys in ["", "j", "j", "j", "j", "j", "j", "k", "k", "G", "g", "k"] {
        stage.keys(keys);
        let row = stage.reversed().into_iter().nth(1).unwrap();
        seen.push(row.split_whitespace().nth(2).unwrap_or_default().to_owned());
    }
    let down = ["asks", "is", "is", "runs", "waits", "done", "done"];
    assert_eq!(seen[..7], down);
    assert_eq!(seen[7..], ["waits", "runs", "done", "asks", "asks"]);
}

#[test]
fn a_question_is_answered_when_one_likes() {
    let mut stage = Stage::new((80, 24));
    busy(&mut stage);
    stage.keys("w j j Enter");
    stage.shows("coal.csv");
    stage.shows("The name is taken");
    stage.keys("Esc");
    assert_eq!(stage.model.context(), Context::Queue);
    stage.take_sent();
    stage.keys("Enter o Enter");
    let sent = stage.take_sent();
    let answered = sent.iter().any(|sent| {
        let choice = Answer::Conflict { choice: ConflictChoice::Overwrite, for_all: false };
        matches!(sent, Sent::Other(Command::Answer(QuestionId(2), answer))
            if format!("{answer:?}") == format!("{choice:?}"))
    });
    assert!(answered, "{sent:?}");
    stage.shows("grain.csv is taken");
    stage.shows_not("coal.csv is taken");
}

#[test]
fn a_cancel_on_a_question_is_one_of_its_job() {
    let mut stage = Stage::new((80, 24));
    busy(&mut stage);
    stage.keys("w j x");
    stage.shows("copy asks");
    stage.keys("y");
    let sent = format!("{:?}", stage.take_sent());
    assert!(sent.contains("Cancel(Job(JobId(3)))"), "{sent}");
}

#[test]
fn what_a_login_asks_stands_there_without_a_job() {
    let mut stage = Stage::new((80, 24));
    stage.event(Event::Asked { id: QuestionId(1), job: None, question: taken("grain.csv") });
    stage.keys("Esc w");
    stage.shows("Needs you");
    stage.shows("grain.csv is taken in files.example:/srv/in");
    stage.message(Message::Event(Event::Withdrawn(QuestionId(1))));
    stage.shows_not("grain.csv is taken");
}

#[test]
fn how_it_flows_is_drawn_in_the_lower_edge() {
    let mut stage = Stage::new((100, 20));
    stage.keys("w");
    let lanes = vec![LanesInUse {
        endpoint: location("files.example:/").endpoint,
        steps: 12,
        lanes: Some(8),
    }];
    for rate in [1.0, 4.0, 8.0, 6.0, 0.0, 2.0] {
        let running = JobProgress { rate: rate * 1e6, ..job(1, "/home/anna/x", JobState::Running) };
        let (jobs, lanes) = (vec![running], lanes.clone());
        stage.progress(Snapshot { jobs, lanes, ..Snapshot::default() });
        stage.pass(Duration::from_secs(1));
    }
    stage.shows("▁▄█▆ ▂ up to 7.6 MiB/s");
    stage.shows("files.example: 12 steps on 8 lanes");
    stage.message(Message::Resized { width: 40, height: 8 });
    stage.shows_not("up to");
}

#[test]
fn ten_thousand_jobs_are_listed() {
    let mut stage = Stage::new((80, 24));
    let jobs = (0..10_000).map(|id| job(id, "/home/anna/x", JobState::Asking)).collect();
    stage.progress(Snapshot { jobs, ..Snapshot::default() });
    let question = taken("grain.csv");
    stage.event(Event::Asked { id: QuestionId(1), job: Some(JobId(9_999)), question });
    stage.keys("Esc w G");
    let row = stage.reversed().into_iter().nth(1).unwrap();
    assert!(row.contains("grain.csv is taken"), "{row}");
}

#[test]
fn whoever_puts_one_conflict_aside_is_not_asked_about_the_others() {
    let mut stage = Stage::new((80, 24));
    busy(&mut stage);
    stage.event(Event::Asked {
        id: QuestionId(3),
        job: Some(JobId(3)),
        question: taken("iron.csv"),
    });
    assert_eq!(stage.model.context(), Context::Panes);
    stage.shows("3 questions wait; a answers");
    // Another job has its own.
    stage.event(Event::Asked {
        id: QuestionId(4),
        job: Some(JobId(2)),
        question: taken("copper.csv"),
    });
    stage.shows("copper.csv");
    stage.keys("Esc");
    assert_eq!(stage.model.context(), Context::Panes);
    stage.keys("a");
    stage.shows("The name is taken");
    stage.shows("grain.csv");
}
