//! `wharf queue`: jobs that have not ended, and what is to become of those that were interrupted.

use std::io::{self, Write as _};

use serde_json::{Map, Value};
use tokio::sync::mpsc;

use super::{
    Interrupt, Outcome,
    arguments::{Queue, QueueAct},
    clean, complain,
    copy::Run,
    report::{Report, insert_location},
};
use crate::{
    domain::place::Location,
    engine::{
        Handles,
        message::{Command, Event, JobId, JobNumber, JobRequest, LeftJob, Work},
    },
};

/// Lists jobs, goes on with them, or drops them.
pub async fn queue(
    mut handles: Handles,
    queue: &Queue,
    interrupts: &mut mpsc::Receiver<Interrupt>,
) -> Outcome {
    if let Some(QueueAct::Clean { dry_run }) = queue.act {
        return clean::clean(handles, queue, dry_run, interrupts).await;
    }
    let jobs = tokio::select! {
        jobs = find(&mut handles) => jobs,
        _ = interrupts.recv() => return Outcome::Interrupted,
    };
    match &queue.act {
        None | Some(QueueAct::Clean { .. }) => list(&jobs, queue.json),
        Some(QueueAct::Drop { jobs: chosen }) => drop_jobs(&mut handles, &jobs, chosen).await,
        Some(QueueAct::Resume { jobs: chosen }) => {
            let Some(numbers) = choose(&jobs, chosen) else { return Outcome::SomeFailed };
            let mut run = Run::new(Report::new(queue.json, queue.quiet), &handles);
            for (id, number) in (1..).zip(numbers) {
                run.begin(Command::Resume(number, JobId(id)));
            }
            run.until_the_end(handles, interrupts).await
        }
    }
}

/// Jobs that have not ended; what else is told meanwhile is for the person.
async fn find(handles: &mut Handles) -> Vec<LeftJob> {
    let _ = handles.commands.send(Command::FindLeft);
    loop {
        match handles.events.recv().await {
            Some(Event::Left(jobs)) => return jobs,
            Some(Event::Notice(words)) => complain(&words),
            Some(_) => {}
            None => return Vec::new(),
        }
    }
}

/// Those that were interrupted, or of these the chosen ones; `None` where one of them is none, which is said.
fn choose(jobs: &[LeftJob], chosen: &[i64]) -> Option<Vec<JobNumber>> {
    let interrupted = jobs.iter().filter(|job| job.runs_in.is_none());
    if chosen.is_empty() {
        return Some(interrupted.map(|job| job.number).collect());
    }
    let mut all_good = true;
    for number in chosen {
        match jobs.iter().find(|job| job.number.0 == *number).map(|job| job.runs_in) {
            Some(None) => continue,
            Some(Some(pid)) => complain(&format!("The job {number} is run by the process {pid}.")),
            None => complain(&format!("There is no job {number} that has not ended.")),
        }
        all_good = false;
    }
    all_good.then(|| chosen.iter().copied().map(JobNumber).collect())
}

async fn drop_jobs(handles: &mut Handles, jobs: &[LeftJob], chosen: &[i64]) -> Outcome {
    let Some(numbers) = choose(jobs, chosen) else { return Outcome::SomeFailed };
    for number in &numbers {
        let _ = handles.commands.send(Command::GiveUp(*number));
    }
    // Answered in order: what is left then is left.
    let left = find(handles).await;
    let is_left = |number: &JobNumber| left.iter().any(|job| job.number == *number);
    if numbers.iter().any(is_left) { Outcome::SomeFailed } else { Outcome::Done }
}

fn list(jobs: &[LeftJob], json: bool) -> Outcome {
    let mut out = io::stdout().lock();
    for job in jobs {
        let line = if json { as_json(job).to_string() } else { as_text(job) };
        match writeln!(out, "{line}") {
            Ok(()) => {}
            // A reader that went away (a pager that was left) is no failure.
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => break,
            Err(error) => {
                complain(&format!("Could not write the list out: {error}."));
                return Outcome::SomeFailed;
            }
        }
    }
    Outcome::Done
}

fn verb(work: &Work) -> &'static str {
    match work {
        Work::Copy(_) => "copy",
        Work::Move(_) => "move",
        Work::Delete => "delete",
        Work::Trash => "put into the trash",
        Work::SetModes(_) => "set the permissions of",
        Work::SetTraits(_) => "set the owner or time of",
    }
}

fn source(request: &JobRequest, place: usize) -> Option<Location> {
    let path = request.sources.get(place)?.clone();
    Some(Location { endpoint: request.from.clone(), path })
}

/// One line: its number, how it stands, what it is, and how much of it is done.
fn as_text(job: &LeftJob) -> String {
    let state = match job.runs_in {
        Some(pid) => format!("running in {pid}"),
        None => String::from("interrupted"),
    };
    let mut line = format!("{:>4}  {state:<16}  {}", job.number.0, verb(&job.request.work));
    if let Some(first) = source(&job.request, 0) {
        line.push_str(&format!(" {first}"));
    }
    match job.request.sources.len() {
        0 | 1 => {}
        several => line.push_str(&format!(" and {} more", several - 1)),
    }
    if let Some(to) = job.request.work.destination() {
        line.push_str(&format!(" -> {to}"));
    }
    line.push_str(&format!("  ({} steps done)", job.steps_ended));
    line
}

fn as_json(job: &LeftJob) -> Value {
    let mut object = Map::new();
    object.insert("job".into(), job.number.0.into());
    object.insert("added".into(), job.added.to_string().into());
    object.insert("work".into(), verb(&job.request.work).into());
    let state = if job.runs_in.is_some() { "running" } else { "interrupted" };
    object.insert("state".into(), state.into());
    object.insert("pid".into(), job.runs_in.into());
    object.insert("sources".into(), job.request.sources.len().into());
    if let Some(first) = source(&job.request, 0) {
        insert_location(&mut object, "from", &first);
    }
    if let Some(to) = job.request.work.destination() {
        insert_location(&mut object, "to", to);
    }
    object.insert("steps_ended".into(), job.steps_ended.into());
    Value::Object(object)
}
