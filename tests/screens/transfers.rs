//! Jobs on the screen: the line, the queue, the steps.

use std::{sync::Arc, time::Duration};

use insta::assert_snapshot;
use wharf::{
    domain::{
        digest::{Sha256, Verdict},
        entry::{Attributes, Kind},
        error::{Error, ErrorKind},
        path::StoragePath,
        place::Endpoint,
        signals::Standing,
    },
    engine::message::{
        Command, Counts, Destination, Event, JobId, JobOptions, JobProgress, JobRequest, JobState,
        JobSummary, Modes, Retrying, Snapshot, StepDone, StepEnding, StepId, StepKind,
        StepProgress, StepState, Target, Turn, Work,
    },
    model::Message,
};

use super::stage::{Sent, Stage, file, location};

fn request(work: Work, sources: &[&str]) -> Arc<JobRequest> {
    Arc::new(JobRequest {
        work,
        from: Endpoint::Local,
        sources: sources.iter().map(StoragePath::new).collect(),
        options: JobOptions::default(),
    })
}

fn copy(sources: &[&str]) -> Arc<JobRequest> {
    request(Work::Copy(Destination::Into(location("files.example:/srv/in"))), sources)
}

fn job(id: u64, request: Arc<JobRequest>, state: JobState) -> JobProgress {
    JobProgress {
        id: JobId(id),
        request,
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

fn running() -> JobProgress {
    let counts =
        Counts { done: 5, files: 5, hash: 4, size: 1, bytes: 90 << 20, ..Counts::default() };
    let request = copy(&["/home/anna/cargo", "/home/anna/papers", "/home/anna/manifest.csv"]);
    JobProgress {
        counts,
        rate: 8.1 * 1024.0 * 1024.0,
        seconds_left: Some(37.0),
        ..job(1, request, JobState::Running)
    }
}

fn retrying(stage: &Stage) -> JobProgress {
    let why = Error::new(ErrorKind::ConnectionLost, "read from files.example", "connection reset");
    let retry = Retrying { at: stage.now + Duration::from_secs(4), attempt: 2, why };
    let request = copy(&["/home/anna/manifest.csv"]);
    JobProgress { retry: Some(retry), ..job(2, request, JobState::Retrying) }
}

fn ended() -> Vec<JobProgress> {
    let counts = Counts { done: 12, files: 12, hash: 12, bytes: 400 << 20, ..Counts::default() };
    let done = JobProgress {
        counts,
        carried_bytes: 400 << 20,
        ..job(3, copy(&["/home/anna/latest"]), JobState::Done)
    };
    let counts = Counts { done: 3, files: 3, size: 3, failed: 1, ..Counts::default() };
    let error = Error::new(ErrorKind::PermissionDenied, "create x", "permission denied");
    let failed = JobProgress {
        counts,
        last_failure: Some(error),
        ..job(4, copy(&["/home/anna/papers"]), JobState::Failed)
    };
    let deleted = JobProgress {
        counts: Counts { done: 7, ..Counts::default() },
        planned_bytes: 0,
        carried_bytes: 0,
        ..job(5, request(Work::Delete, &["/home/anna/old"]), JobState::Done)
    };
    vec![done, failed, deleted]
}

fn all(stage: &Stage) -> Snapshot {
    let asking = job(6, copy(&["/home/anna/a", "/home/anna/b"]), JobState::Asking);
    let mut counting = job(7, copy(&["/home/anna/huge"]), JobState::Running);
    counting.plan_complete = false;
    let waiting = job(8, copy(&["/home/anna/later"]), JobState::Waiting);
    let mut jobs = ended();
    jobs.extend([running(), retrying(stage), asking, counting, waiting]);
    Snapshot { jobs, watched: None, ..Snapshot::default() }
}

#[test]
fn a_line_while_jobs_run() {
    let mut stage = Stage::new((80, 24));
    stage.progress(Snapshot { jobs: vec![running()], watched: None, ..Snapshot::default() });
    assert_snapshot!(stage.picture());
    assert_eq!(stage.model.standing(), Standing::Percent(25));
    assert!(stage.model.title().starts_with("25% /home/anna | files.example:/srv/in"));
}

#[test]
fn the_retry_counts_down() {
    let mut stage = Stage::new((80, 24));
    assert_eq!(stage.model.standing(), Standing::Idle);
    stage.progress(Snapshot { jobs: vec![retrying(&stage)], watched: None, ..Snapshot::default() });
    assert!(matches!(stage.model.standing(), Standing::Held(_)));
    assert!(stage.model.counts_down());
    stage.shows("again in 4 s: connection reset");
    stage.pass(Duration::from_millis(2_100));
    stage.shows("again in 2 s: connection reset");
    stage.pass(Duration::from_secs(60));
    stage.shows("trying again: connection reset");
}

#[test]
fn a_job_that_is_tried_again_shows_its_verdicts_beside_the_reason() {
    let mut stage = Stage::new((80, 24));
    let counts = Counts { done: 61, files: 61, hash: 61, ..Counts::default() };
    let job = JobProgress { counts, ..retrying(&stage) };
    stage.progress(Snapshot { jobs: vec![job], watched: None, ..Snapshot::default() });
    stage.keys("w");
    let screen = stage.text_of_screen();
    let row = screen.lines().find(|line| line.contains("↻")).unwrap();
    assert!(row.contains("again in 4 s: ") && row.contains("…  61 hash│"), "{row}");
    // Where there is room for both nothing is cut.
    stage.message(wharf::model::Message::Resized { width: 140, height: 24 });
    stage.shows("again in 4 s: connection reset  61 hash");
}

#[test]
fn jobs_are_paused_and_go_on() {
    let mut stage = Stage::new((100, 24));
    stage.progress(Snapshot { jobs: vec![running()], ..Snapshot::default() });
    stage.take_sent();
    let mut sent_by = |keys: &str, state: JobState| {
        let job = JobProgress { state, ..running() };
        stage.progress(Snapshot { jobs: vec![job], ..Snapshot::default() });
        stage.keys(keys);
        let sent = format!("{:?}", stage.take_sent());
        (sent, stage.text_of_screen())
    };
    let (sent, _) = sent_by("w p", JobState::Running);
    assert!(sent.contains("Pause(Job("), "{sent}");
    let (sent, screen) = sent_by("p", JobState::Paused);
    assert!(
        sent.contains("Continue(Job(") && screen.contains("paused; p goes on"),
        "{sent}\n{screen}"
    );
    assert!(sent_by("P", JobState::Running).0.contains("Pause(Everything)"));
    assert!(sent_by("P", JobState::Paused).0.contains("Continue(Everything)"));
}

#[test]
fn a_line_when_all_has_ended() {
    let mut stage = Stage::new((80, 24));
    stage.progress(Snapshot { jobs: ended(), watched: None, ..Snapshot::default() });
    assert!(!stage.model.counts_down());
    stage.shows("✗ ended with failures");
    stage.shows("12 hash");
}

#[test]
fn the_queue() {
    let mut stage = Stage::new((80, 24));
    stage.progress(all(&stage));
    stage.keys("w");
    assert_snapshot!(stage.picture());
}

#[test]
fn the_queue_at_120_by_40_and_20_by_5() {
    let mut stage = Stage::new((120, 40));
    stage.progress(all(&stage));
    stage.keys("w k k");
    let large = stage.picture();
    stage.message(Message::Resized { width: 20, height: 5 });
    assert_snapshot!(large + "-----\n" + &stage.picture());
}

#[test]
fn an_empty_queue_says_what_fills_it() {
    let mut stage = Stage::new((80, 24));
    stage.keys("w");
    stage.shows("No jobs.");
    stage.keys("Enter x r Esc");
    stage.shows("F5 copy");
}

fn step(id: u64, name: &str, state: StepState) -> StepProgress {
    let size = if name.is_empty() { None } else { Some(10 << 20) };
    StepProgress {
        id: StepId(id),
        what: StepKind::File,
        from: StoragePath::new(format!("/home/anna/cargo/{name}")),
        to: Some(StoragePath::new(format!("/srv/in/cargo/{name}"))),
        source: Attributes { size, ..Attributes::of_kind(Kind::File) },
        state,
        carried_bytes: 4 << 20,
    }
}

fn with_steps(stage: &Stage) -> Snapshot {
    let why = Error::new(ErrorKind::TimedOut, "write it", "nothing came for 30 s");
    let retry = Retrying { at: stage.now + Duration::from_secs(9), attempt: 3, why };
    let denied = Error::new(
        ErrorKind::PermissionDenied,
        "create /srv/in/cargo/d.bin on files.example",
        "permission denied",
    );
    let steps = vec![
        step(0, "a.bin", StepState::Copying),
        step(1, "b.bin", StepState::Verifying),
        step(2, "c.bin", StepState::Committing),
        step(9, "question.bin", StepState::Asking),
        step(4, "e.bin", StepState::Retrying(retry)),
        step(3, "d.bin", StepState::Failed(denied)),
        step(5, "f.bin", StepState::Done(Some(Verdict::Hash))),
        step(6, "g.bin", StepState::Done(Some(Verdict::Size))),
        step(7, "h.bin", StepState::Skipped),
        step(8, "i.bin", StepState::Cancelled),
        step(10, "j.bin", StepState::Waiting),
    ];
    Snapshot { jobs: vec![running()], watched: Some((JobId(1), steps)), ..Snapshot::default() }
}

#[test]
fn the_steps_of_a_job() {
    let mut stage = Stage::new((80, 24));
    stage.progress(Snapshot { jobs: vec![running()], watched: None, ..Snapshot::default() });
    stage.keys("w Enter");
    assert!(matches!(stage.take_sent().pop(), Some(Sent::Other(Command::Watch(Some(JobId(1)))))));
    stage.shows("No steps yet.");
    stage.event(Event::StepDone(StepDone {
        job: JobId(1),
        step: StepId(5),
        from: location("/home/anna/cargo/f.bin"),
        to: Some(location("files.example:/srv/in/cargo/f.bin")),
        what: StepKind::File,
        bytes: 10 << 20,
        verdict: Some(Verdict::Hash),
        digest: Some(Sha256([0xab; 32])),
        attempts: 1,
        seconds: 1.0,
    }));
    stage.progress(with_steps(&stage));
    stage.keys("j j j j j");
    assert_snapshot!(stage.picture());
    stage.keys("r x");
    let sent = stage.take_sent();
    assert!(matches!(
        sent[..],
        [
            Sent::Other(Command::Retry(Target::Step(JobId(1), StepId(3)))),
            Sent::Other(Command::Cancel(Target::Step(JobId(1), StepId(3))))
        ]
    ));
    stage.keys("Enter");
    stage.shows("Could not create /srv/in/cargo/d.bin on files.example: permission denied.");
    stage.keys("Esc j Enter");
    stage.shows("abababababababababababab");
    stage.keys("Esc Esc");
    assert!(matches!(stage.take_sent().pop(), Some(Sent::Other(Command::Watch(None)))));
    stage.keys("Esc");
    stage.shows("F5 copy");
}

#[test]
fn cancelling_a_job_asks_first() {
    let mut stage = Stage::new((80, 24));
    stage.progress(Snapshot { jobs: vec![running()], watched: None, ..Snapshot::default() });
    stage.keys("w x");
    assert_snapshot!(stage.picture());
    stage.keys("Enter");
    assert!(stage.take_sent().is_empty());
    stage.keys("x y");
    assert!(matches!(
        stage.take_sent().pop(),
        Some(Sent::Other(Command::Cancel(Target::Job(JobId(1)))))
    ));
}

#[test]
fn the_cursor_stays_on_its_job() {
    let mut stage = Stage::new((80, 24));
    stage.progress(all(&stage));
    stage.keys("w g j j j");
    let before = stage.reversed();
    let mut fewer = all(&stage);
    fewer.jobs.drain(..2);
    stage.progress(fewer);
    assert_eq!(stage.reversed()[1], before[1]);
}

#[test]
fn panes_read_again_when_a_job_has_ended() {
    let mut stage = Stage::new((80, 24));
    stage.keys("Tab j Space Tab End F5 Enter");
    let (id, _) = stage.take_job();
    stage.set_place(
        "files.example:/srv/in",
        vec![file("arrived.csv", 5), super::stage::directory("2025")],
    );
    stage.event(Event::JobEnded(JobSummary {
        job: id,
        cancelled: false,
        counts: Counts { done: 1, files: 1, hash: 1, bytes: 5, ..Counts::default() },
        seconds: 2.0,
    }));
    stage.serve();
    assert_eq!(
        stage.told,
        ["Done: copy notes-of-the-harbour-master.txt → files.example:/srv/in · 1 hash · 0:02"],
        "the desktop is told, if it is set"
    );
    stage.shows("arrived.csv");
    stage.shows("● 2025/");
    stage.shows("Done: copy notes-of-the-harbour-master.txt");
}

#[test]
fn a_step_is_held_and_a_job_put_in_order() {
    let mut stage = Stage::new((80, 24));
    stage.progress(with_steps(&stage));
    stage.keys("w K J Alt-Up");
    let turns = stage.take_sent().into_iter().filter_map(|sent| match sent {
        Sent::Other(Command::Reorder(JobId(1), turn)) => Some(turn),
        _ => None,
    });
    assert_eq!(turns.collect::<Vec<_>>(), [Turn::Sooner, Turn::Later, Turn::Sooner]);
    stage.keys("Enter p");
    let step = Target::Step(JobId(1), StepId(0));
    let sent = stage.take_sent().pop();
    assert!(matches!(sent, Some(Sent::Other(Command::Pause(held))) if held == step));
    let mut snapshot = with_steps(&stage);
    let steps = snapshot.watched.as_mut().map(|(_, steps)| steps);
    steps.unwrap()[0].state = StepState::Paused;
    stage.progress(snapshot);
    stage.shows("paused; p goes on");
    stage.keys("p");
    let sent = stage.take_sent().pop();
    assert!(matches!(sent, Some(Sent::Other(Command::Continue(held))) if held == step));
}

#[test]
fn a_change_that_stopped_half_way_tells_what_was_not_done() {
    let mut stage = Stage::new((100, 24));
    let work = Work::SetModes(Modes { files: 0o640, folders: 0o750 });
    let running = job(7, request(work, &["/home/anna/cargo"]), JobState::Running);
    stage.progress(Snapshot { jobs: vec![running.clone()], ..Snapshot::default() });
    for name in ["a\u{1b}[m", "b"] {
        let path = wharf::domain::display::escape(name.as_bytes());
        stage.event(Event::StepEnded {
            job: running.id,
            step: StepId(3),
            from: location("/home/anna/cargo"),
            to: None,
            ending: StepEnding::Failed {
                error: Error::new(
                    ErrorKind::PermissionDenied,
                    format!("set the permissions of /home/anna/cargo/{path}"),
                    "permission denied",
                ),
                attempts: 1,
            },
        });
    }
    let counts = Counts { done: 1_204, failed: 57, skipped: 3, ..Counts::default() };
    stage.event(Event::JobEnded(JobSummary {
        job: running.id,
        cancelled: false,
        counts,
        seconds: 2.0,
    }));
    insta::assert_snapshot!(stage.picture());
    stage.keys("Esc");
    stage.shows("Ended with failures: set permissions of cargo");
}

#[test]
fn one_failure_alone_is_told_below_and_not_over_the_panes() {
    let mut stage = Stage::new((100, 24));
    let work = Work::SetModes(Modes { files: 0o640, folders: 0o750 });
    let running = job(7, request(work, &["/home/anna/cargo"]), JobState::Running);
    stage.progress(Snapshot { jobs: vec![running.clone()], ..Snapshot::default() });
    stage.event(Event::StepEnded {
        job: running.id,
        step: StepId(0),
        from: location("/home/anna/cargo"),
        to: None,
        ending: StepEnding::Failed {
            error: Error::new(ErrorKind::PermissionDenied, "set them", "permission denied"),
            attempts: 1,
        },
    });
    stage.event(Event::JobEnded(JobSummary {
        job: running.id,
        cancelled: false,
        counts: Counts { failed: 1, ..Counts::default() },
        seconds: 2.0,
    }));
    stage.shows_not("half-way");
    stage.shows("Could not set them: permission denied.");
}
