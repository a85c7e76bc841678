//! `wharf cp`: one job for each endpoint copied from, reported until the last has ended.

use std::{
    collections::HashSet,
    ffi::OsString,
    os::unix::ffi::OsStrExt as _,
    time::{Duration, Instant},
};

use tokio::{sync::mpsc, time};

use super::{Interrupt, Outcome, arguments::Copy, console, report::Report};
use crate::{
    domain::{
        book::Book,
        digest::VerifyLevel,
        path::StoragePath,
        place::{BadPlace, Endpoint, Location},
        question::Answer,
    },
    engine::{
        Handles,
        message::{
            Command, ConnectionState, Destination, Event, JobId, JobOptions, JobRequest,
            StepEnding, Target, Work,
        },
    },
};

/// How long an interrupted copy may take to remove its parts and close its connections.
const LEAVE_WITHIN: Duration = Duration::from_secs(2);
/// How often the line of progress is drawn.
const PROGRESS_EVERY: Duration = Duration::from_millis(200);

/// Reads the places; an error is one sentence for the person who typed them.
pub fn requests(copy: &Copy, here: &StoragePath, book: &Book) -> Result<Vec<JobRequest>, String> {
    let Some((to_typed, from_typed)) = copy.places.split_last() else {
        return Err(String::from("nothing to copy"));
    };
    let to = location(to_typed, here, book)?;
    let into = from_typed.len() > 1 || to_typed.as_bytes().ends_with(b"/");
    let destination = if into { Destination::Into(to) } else { Destination::AsCp(to) };
    let saved = |endpoint: &Endpoint| book.of(endpoint).and_then(|saved| saved.verify);
    let at_target = saved(&destination.location().endpoint);
    let options = JobOptions {
        verify: VerifyLevel::default(),
        on_conflict: Some(copy.on_conflict.into()),
        recursive: copy.recursive,
    };
    let mut requests: Vec<JobRequest> = Vec::new();
    for typed in from_typed {
        let Location { endpoint, path } = location(typed, here, book)?;
        match requests.iter_mut().find(|request| request.from == endpoint) {
            Some(request) => request.sources.push(path),
            None => {
                // What was asked for counts before what a site was saved with.
                let verify = copy.verify.map(Into::into).or(at_target).or(saved(&endpoint));
                let verify = verify.unwrap_or_default();
                requests.push(JobRequest {
                    work: Work::Copy(destination.clone()),
                    from: endpoint,
                    sources: vec![path],
                    options: JobOptions { verify, ..options },
                });
            }
        }
    }
    Ok(requests)
}

/// Reads one place, `NAME:path` of a saved site among them; an error is one sentence for the person who typed it.
pub fn location(typed: &OsString, here: &StoragePath, book: &Book) -> Result<Location, String> {
    read(typed, here, book, false)
}

/// The same for the screen, where a saved site's name alone is enough.
pub fn place(typed: &OsString, here: &StoragePath, book: &Book) -> Result<Location, String> {
    read(typed, here, book, true)
}

fn read(typed: &OsString, here: &StoragePath, book: &Book, bare: bool) -> Result<Location, String> {
    book.place(typed.as_bytes(), here, bare).map_err(|why| match why {
        // What was typed holds the password: it is not said again.
        BadPlace::PasswordInPlace => why.to_string(),
        why => format!("{}: {why}", typed.to_string_lossy().escape_debug()),
    })
}

/// Runs the jobs to their end.
pub async fn copy(
    handles: Handles,
    copy: &Copy,
    requests: Vec<JobRequest>,
    interrupts: &mut mpsc::Receiver<Interrupt>,
) -> Outcome {
    let report = Report::new(copy.json, copy.quiet).files_alone(!copy.recursive);
    let mut run = Run::new(report, &handles);
    for (number, request) in (1..).zip(requests) {
        run.begin(Command::Add(JobId(number), request));
    }
    run.until_the_end(handles, interrupts).await
}

/// Ends the engine, taking what it still has to tell, for a bounded time.
async fn leave(mut handles: Handles, run: &mut Run, end: Command) {
    let _ = run.commands.send(end);
    let _ = time::timeout(LEAVE_WITHIN, async {
        while let Some(event) = handles.events.recv().await {
            run.take(event);
        }
    })
    .await;
}

pub(super) struct Run {
    report: Report,
    commands: mpsc::UnboundedSender<Command>,
    open_jobs: usize,
    connected: HashSet<Endpoint>,
    no_connection: bool,
    not_resumed: bool,
}

impl Run {
    pub(super) fn new(report: Report, handles: &Handles) -> Self {
        Self {
            report,
            commands: handles.commands.clone(),
            open_jobs: 0,
            connected: HashSet::new(),
            no_connection: false,
            not_resumed: false,
        }
    }

    /// Begins a job, which will end.
    pub(super) fn begin(&mut self, command: Command) {
        self.open_jobs += 1;
        let _ = self.commands.send(command);
    }

    /// Reports until the last job has ended, or there is a reason not to wait for that.
    pub(super) async fn until_the_end(
        mut self,
        mut handles: Handles,
        interrupts: &mut mpsc::Receiver<Interrupt>,
    ) -> Outcome {
        let mut redraw = time::interval(PROGRESS_EVERY);
        redraw.set_missed_tick_behavior(time::MissedTickBehavior::Skip);
        while self.open_jobs > 0 {
            tokio::select! {
                event = handles.events.recv() => match event {
                    Some(event) => self.take(event),
                    None => {
                        self.report.error("The engine stopped before the work was complete.");
                        return Outcome::SomeFailed;
                    }
                },
                _ = redraw.tick() => {
                    let snapshot = handles.progress.borrow_and_update().clone();
                    self.report.progress(&snapshot, Instant::now());
                }
                interrupt = interrupts.recv() => {
                    if interrupt == Some(Interrupt::Leave) {
                        leave(handles, &mut self, Command::Suspend).await;
                        self.report.error("Interrupted; wharf queue resume goes on with it.");
                    } else {
                        let _ = self.commands.send(Command::Cancel(Target::Everything));
                        leave(handles, &mut self, Command::Shutdown).await;
                    }
                    self.report.summary();
                    return Outcome::Interrupted;
                }
            }
        }
        leave(handles, &mut self, Command::Shutdown).await;
        self.report.summary();
        match (self.no_connection, self.report.some_failed() || self.not_resumed) {
            (true, _) => Outcome::NoConnection,
            (_, true) => Outcome::SomeFailed,
            _ => Outcome::Done,
        }
    }

    fn take(&mut self, event: Event) {
        match event {
            Event::StepDone(step) => self.report.done(&step),
            Event::StepEnded { ending: StepEnding::Cancelled, .. } if self.no_connection => {}
            Event::StepEnded { from, to, ending, .. } => {
                self.report.ended(&from, to.as_ref(), &ending)
            }
            Event::JobEnded(_) => self.open_jobs = self.open_jobs.saturating_sub(1),
            Event::Connection { endpoint, state: ConnectionState::Connected } => {
                self.connected.insert(endpoint);
            }
            // A server that was never reached is not worth waiting for: whoever typed the command is told at once.
            Event::Connection { endpoint, state: ConnectionState::Lost(error) }
                if !self.connected.contains(&endpoint) && !self.no_connection =>
            {
                self.no_connection = true;
                self.report.error(&error.to_string());
                let _ = self.commands.send(Command::Cancel(Target::Everything));
            }
            Event::Asked { id, question, .. } => {
                let (answer, unasked) = tokio::task::block_in_place(|| console::put(&question));
                if let Some(unasked) = unasked {
                    self.report.error(&unasked);
                }
                debug_assert!(!matches!(answer, Answer::Conflict { .. }));
                let _ = self.commands.send(Command::Answer(id, answer));
            }
            Event::NotResumed(_, _, error) => {
                self.not_resumed = true;
                self.open_jobs = self.open_jobs.saturating_sub(1);
                self.report.error(&error.to_string());
            }
            Event::Notice(text) => self.report.error(&text),
            Event::Connection { .. }
            | Event::Opened { .. }
            | Event::Rows { .. }
            | Event::Listed(_)
            | Event::OpenFailed(..)
            | Event::Answered(_)
            | Event::Stale(_)
            | Event::History(..)
            | Event::Shell { .. }
            | Event::Performed { .. }
            | Event::Withdrawn(_)
            | Event::Left(_) => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::arguments::{Arguments, Headless};
    use clap::Parser as _;

    fn requested(arguments: &[&str]) -> Result<Vec<JobRequest>, String> {
        let parsed = Arguments::parse_from([&["wharf", "cp"], arguments].concat());
        let Some(Headless::Cp(copy)) = parsed.headless else { panic!("cp") };
        requests(&copy, &StoragePath::new("/here"), &Book::default())
    }

    #[test]
    fn one_job_an_endpoint_and_cp_s_idea_of_the_destination() {
        let requests = requested(&["a", "files:b", "c", "out"]).unwrap();
        assert_eq!(requests.len(), 2);
        assert_eq!(requests[0].sources, [StoragePath::new("/here/a"), StoragePath::new("/here/c")]);
        assert!(
            matches!(&requests[0].work, Work::Copy(Destination::Into(to)) if to.path == StoragePath::new("/here/out"))
        );
        assert!(matches!(
            &requested(&["a", "b"]).unwrap()[0].work,
            Work::Copy(Destination::AsCp(_))
        ));
        assert!(matches!(
            &requested(&["a", "b/"]).unwrap()[0].work,
            Work::Copy(Destination::Into(_))
        ));
        assert!(requested(&["--", "-oProxyCommand=x:a", "b"]).is_err());
    }

    #[test]
    fn a_place_that_is_none_is_named() {
        let why = requested(&["gopher://x/y", "b"]).unwrap_err();
        assert!(why.starts_with("gopher://x/y: gopher:// is not spoken here"), "{why}");
    }
}
