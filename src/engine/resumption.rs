//! The central task's dealings with jobs that outlived their process: found, gone on with, given up; and left.

use std::sync::Arc;

use tokio::time::Instant;

use super::{
    before::{Before, Fate},
    begun::{Begun, Written},
    central::Central,
    job::Job,
    journal::{Answered, Claimed, Query, Reply, Transition},
    message::{Event, JobId, JobNumber, StepId},
    step::{Found, Known, Left, Stage, Task},
    transfer::Ready,
};
use crate::domain::{
    entry::Kind,
    error::{Error, ErrorKind},
    path::StoragePath,
};

impl Central {
    pub(super) fn find_left(&self) {
        self.journal.ask(Query::Left);
    }

    pub(super) fn resume(&mut self, number: JobNumber, id: JobId) {
        if self.job(id).is_none() {
            self.journal.ask(Query::Claim(number, id));
        }
    }

    pub(super) fn give_up(&self, number: JobNumber) {
        self.journal.ask(Query::GiveUp(number));
    }

    pub(super) fn journal_replied(&mut self, reply: Reply) {
        self.mark_changed();
        match reply {
            Reply::Written(id) => {
                if let Some(job) = self.job(id) {
                    job.is_written = true;
                }
            }
            Reply::Left(Ok(jobs)) => self.tell(Event::Left(jobs)),
            Reply::Left(Err(error)) => {
                self.tell(Event::Notice(error.to_string()));
                self.tell(Event::Left(Vec::new()));
            }
            Reply::Claimed(_, id, Ok(Some(claimed))) => self.go_on_with(id, *claimed),
            Reply::Claimed(number, id, Ok(None)) => {
                let doing = format!("go on with the job {}", number.0);
                let why = "it has ended, or another Wharf works on it";
                let error = Error::new(ErrorKind::NotFound, doing, why);
                self.tell(Event::NotResumed(number, id, error));
            }
            Reply::Claimed(number, id, Err(error)) => {
                self.tell(Event::NotResumed(number, id, error));
            }
            Reply::Stale(Ok(stale)) => self.tell(Event::Stale(stale)),
            Reply::Stale(Err(error)) => {
                self.tell(Event::Notice(error.to_string()));
                self.tell(Event::Stale(Vec::new()));
            }
            Reply::Swept(Ok(())) => {}
            Reply::GivenUp(_, Ok(true)) => {}
            Reply::GivenUp(number, Ok(false)) => {
                let words = format!(
                    "The job {} was not given up: it has ended, or another Wharf works on it.",
                    number.0
                );
                self.tell(Event::Notice(words));
            }
            Reply::GivenUp(_, Err(error)) | Reply::Swept(Err(error)) => {
                self.tell(Event::Notice(error.to_string()))
            }
        }
    }

    /// A job begins in the middle: what was done of it counts, and is not planned again.
    fn go_on_with(&mut self, id: JobId, claimed: Claimed) {
        let Claimed { request, rank, mut before, record, .. } = claimed;
        self.journal.begin_with(id, record);
        let mut job = Job::new(id, request, Instant::now());
        job.is_written = true;
        job.rank = rank;
        job.number_on(before.next_step());
        for begun in before.take_committed() {
            self.plan_removal(&mut job, begun);
        }
        for begun in before.take_moving() {
            self.plan_rename(&mut job, begun);
        }
        job.before = Some(before);
        // Sources are looked at when those removals are over: a directory is not empty before.
        job.sources_wait = true;
        self.jobs.push(job);
        // Those that were put in order before stand in it again.
        self.jobs.sort_by_key(|job| job.rank);
    }

    /// Plans the sources of jobs that waited with them.
    pub(super) fn plan_waiting_sources(&mut self) {
        for index in 0..self.jobs.len() {
            let job = &mut self.jobs[index];
            if !job.sources_wait || !job.is_empty() || job.cancelled {
                continue;
            }
            job.sources_wait = false;
            let (id, sources) = (job.id, job.request.clone());
            for (place, source) in (0..).map(StepId).zip(&sources.sources) {
                if job.is_done_before(place, source) {
                    continue;
                }
                let step = job.plan_source(place, source.clone());
                self.journal.record(id, Transition::Planned { bytes: step.planned_bytes() });
                job.queue.push(step);
            }
        }
    }

    /// A file of a move has its final name: what is left of it to do is its source.
    fn plan_removal(&mut self, job: &mut Job, begun: Begun) {
        let Begun { from, to, source, written, .. } = begun;
        let Written::Committed(arrived) = written else { return };
        let ready = Arc::new(Ready::committed(to.clone(), source, arrived));
        let task = Task::File(Stage::RemoveSource(ready));
        let found = Found { from, to: Some(to), source, task, target: Known::Unknown };
        let step = job.plan(found, None);
        self.journal.record(job.id, Transition::Planned { bytes: step.planned_bytes() });
        job.queue.push(step);
    }

    /// Something was about to be renamed: it is looked whether it was.
    fn plan_rename(&mut self, job: &mut Job, begun: Begun) {
        let Begun { from, to, source, .. } = begun;
        let (task, target) = (Task::RenameAgain, Known::Unknown);
        let step = job.plan(Found { from, to: Some(to), source, task, target }, None);
        self.journal.record(job.id, Transition::Planned { bytes: step.planned_bytes() });
        job.queue.push(step);
    }

    /// Parts of the job that no step went on with are of no use to anybody.
    pub(super) fn clear_unused_parts(&mut self, id: JobId) {
        let Some(job) = self.job(id) else { return };
        let endpoint = job.route().1.clone();
        let parts = job.before.as_mut().map(Before::unused_parts).unwrap_or_default();
        for begun in parts {
            self.throw_away(&endpoint, begun.part);
        }
    }
}

impl Job {
    /// Whether a source was done by another process.
    fn is_done_before(&self, place: StepId, source: &StoragePath) -> bool {
        let before = self.before.as_ref();
        before.is_some_and(|before| before.has_ended(place) || before.is_done(source))
    }

    /// What is known of something found from before: a directory the job made is its own still, a name that was typed
    /// for it counts, and a part that was begun is gone on with.
    pub(super) fn recognize(&mut self, found: &mut Found) {
        let Some(before) = &mut self.before else { return };
        before.recognize(found);
        if found.to.is_some()
            && let Some(Answered { to: Some(to), .. }) = before.answer_about(&found.from)
        {
            (found.to, found.target) = (Some(to.clone()), Known::Unknown);
        }
        let kind = match &found.task {
            Task::File(Stage::Copy) => Kind::File,
            Task::Symlink => Kind::Symlink,
            _ => return,
        };
        if let Some(begun) = before.part_of(&found.from, kind).map(Arc::new) {
            found.task = match (kind, &begun.written) {
                (Kind::Symlink, _) => Task::NamedSymlink(begun),
                (_, Written::Naming(_)) => Task::File(Stage::Named(begun)),
                _ => Task::File(Stage::GoOn(begun)),
            };
        }
    }

    /// Whether something found is to be done; what it leaves in its directory if not.
    pub(super) fn is_open(&mut self, found: &mut Found, parent: Option<StepId>) -> bool {
        let Some(before) = &self.before else { return true };
        let left = match before.fate_of(found) {
            Fate::Open => {
                self.recognize(found);
                return true;
            }
            Fate::Done => Left::Nothing,
            Fate::LeftOut => Left::Skipped,
        };
        if let Some(parent) = parent {
            let folder = self.folders.entry(parent).or_default();
            folder.left = folder.left.max(left);
        }
        false
    }
}
