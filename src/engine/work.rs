//! The central task's dealings with jobs: steps started, ended, retried, asked about, cancelled.

use std::{collections::HashMap, sync::Arc};

use tokio::{sync::watch, time::Instant};

use super::{
    central::{Central, Ending, Role, vanished},
    errand::{Announcement, Announcer, Errand, Live},
    gate::Gate,
    job::Running,
    journal::{self, Entry, Note, Transition},
    message::{Event, JobId, JobSummary, StepDone, StepEnding, StepId, StepState, Work},
    part::Litter,
    progress,
    queue::{Class, class_of},
    retry::{self, Next},
    schedule::{self, Limits, Offer},
    sites::Availability,
    step::{Arrived, End, Fail, Found, Known, Left, Outcome, Stage, Step, Task},
};
use crate::domain::{
    display,
    error::{Error, ErrorKind},
    place::{Endpoint, Location},
};

/// How a step ended for good.
pub(super) enum StepEnd {
    Done(Arrived),
    Failed(Error),
    Skipped,
    Cancelled,
}

impl StepEnd {
    /// How the ledger has it.
    fn entry(&self, step: &Step) -> Entry {
        match self {
            StepEnd::Done(arrived) => Entry::of(step, journal::Ending::Done).arrived(arrived),
            StepEnd::Failed(error) => {
                Entry { why: Some(error.to_string()), ..Entry::of(step, journal::Ending::Failed) }
            }
            StepEnd::Skipped => Entry::of(step, journal::Ending::Skipped),
            StepEnd::Cancelled => Entry::of(step, journal::Ending::Cancelled),
        }
    }
}

impl Central {
    /// Takes what a directory step found into the plan.
    pub(super) fn announced(&mut self, announcement: Announcement) {
        self.mark_changed();
        let Announcement { job: id, parent, found, refused, room } = announcement;
        let Some(job) = self.jobs.iter_mut().find(|job| job.id == id) else { return };
        if !job.running.contains_key(&parent) {
            return;
        }
        for mut found in found {
            if !job.is_open(&mut found, Some(parent)) {
                continue;
            }
            let step = job.plan(found, Some(parent));
            self.journal.record(id, Transition::Planned { bytes: step.planned_bytes() });
            job.queue.push(step);
        }
        job.held.push(room);
        job.grant_room();
        for refused in refused {
            self.refuse_name(id, parent, &refused.bytes, &refused.why.to_string());
        }
    }

    /// A name that may not be used counts as a step that failed: it was to be carried, and is not.
    fn refuse_name(&mut self, id: JobId, parent: StepId, name: &[u8], why: &str) {
        let Some(job) = self.job(id) else { return };
        let Some(running) = job.running.get(&parent) else { return };
        let directory = running.step.from.clone();
        let place = Location { endpoint: job.request.from.clone(), path: directory.clone() };
        let verb = verb(&job.request.work);
        let doing = format!("{verb} \"{}\" in {place}", display::escape(name));
        let error = Error::new(ErrorKind::InvalidName, doing, why);
        let step = job.plan(Found::unknown(directory, Task::Refuse(error.clone())), Some(parent));
        self.journal.record(id, Transition::Planned { bytes: 0 });
        self.end_step(id, step, StepEnd::Failed(error), 0);
    }

    /// Starts all that may start.
    pub(super) fn start_steps(&mut self, now: Instant) {
        let mut routes: HashMap<(Endpoint, Endpoint), Vec<Offer>> = HashMap::new();
        for (index, job) in self.jobs.iter().enumerate() {
            if !job.is_written
                || job.is_paused()
                || job.ended.is_some()
                || (job.queue.is_empty() && job.running.is_empty())
            {
                continue;
            }
            let (from, to) = job.route();
            let offer = Offer {
                job: index,
                ready: job.queue.load(),
                running: job.running_load,
                rank: job.rank,
                served: job.served,
                planned_ahead: !job.has_room(),
            };
            routes.entry((from.clone(), to.clone())).or_default().push(offer);
        }
        let mut room = self.room_at_once();
        for ((from, to), mut offers) in routes {
            let (Availability::Connected(source), Availability::Connected(target)) =
                (self.sites.availability(&from, now), self.sites.availability(&to, now))
            else {
                continue;
            };
            let lanes = source.storage.lanes().min(target.storage.lanes());
            let width = self.widths.entry((from.clone(), to.clone())).or_default();
            let mut limits = Limits::new(width.get(), lanes, room);
            let place = self.place(&to, target.storage);
            let generations = (source.generation, target.generation);
            let sites = self.limits.of_route(&from, &to);
            while let Some((index, class)) = schedule::next(&offers, &limits) {
                let job = &mut self.jobs[index];
                let Some(mut step) = job.queue.pop(class) else { break };
                if job.held_steps.holds(step.id) {
                    job.held_steps.keep(step);
                    let offer = offers.iter_mut().find(|offer| offer.job == index);
                    offer.into_iter().for_each(|offer| *offer.ready.of_mut(class) -= 1);
                    continue;
                }
                step.target = step.target.when_it_begins(now);
                room = room.saturating_sub(usize::from(class != Class::Folder));
                limits.room = room;
                self.served += 1;
                job.served = self.served;
                job.began.get_or_insert(now);
                if let Some(offer) = offers.iter_mut().find(|offer| offer.job == index) {
                    *offer.ready.of_mut(class) -= 1;
                    offer.running.add(&step);
                    offer.served = self.served;
                    offer.planned_ahead = !job.has_room();
                }
                step.history.attempts += 1;
                step.history.began.get_or_insert(now);
                let live = Arc::new(Live::of(job.moved.clone()));
                let held = watch::Sender::new(false);
                let errand = Errand {
                    request: job.request.clone(),
                    destination: job.destination.clone(),
                    step: Step {
                        choice: step
                            .choice
                            .or(job.choice_for_all)
                            .or(job.request.options.on_conflict),
                        ..step.clone()
                    },
                    source: source.storage.clone(),
                    target: place.clone(),
                    live: live.clone(),
                    company: job.company.clone(),
                    plan: Announcer {
                        job: job.id,
                        parent: step.id,
                        announcements: self.inlets.announcements.clone(),
                    },
                    journal: self.journal.notebook(),
                    gate: Gate {
                        throttle: self.throttle.clone(),
                        sites: sites.clone(),
                        paused: job.paused.subscribe(),
                        held: held.subscribe(),
                    },
                    is_resumed: job.before.is_some(),
                };
                let task = self.tasks.spawn(async move { Ending::Step(errand.run().await) });
                self.roles.insert(task.id(), Role::Step(job.id, step.id));
                job.run(Running { step, live, task, paused: held, generations });
            }
        }
        for job in &mut self.jobs {
            job.grant_room();
        }
    }

    pub(super) fn step_ended(&mut self, id: JobId, step: StepId, outcome: Outcome) {
        let Some(job) = self.jobs.iter_mut().find(|job| job.id == id) else { return };
        let Some(running) = job.stop_running(step) else { return };
        let carried = running.live.carried();
        let generations = running.generations;
        let mut step = running.step;
        let (from, to) = job.route();
        let (from, to) = (from.clone(), to.clone());
        let is_removal = matches!(job.request.work, Work::Delete | Work::Trash);
        let is_resumed_removal = job.before.is_some() && is_removal;
        if class_of(&step) == Class::Small
            && let Some(width) = self.widths.get_mut(&(from.clone(), to.clone()))
        {
            width.ended(job.running_load.of(Class::Small), Instant::now().into_std());
        }
        if !matches!(outcome, Outcome::Failed(_)) {
            self.sites.was_of_use(&from);
            self.sites.was_of_use(&to);
        }
        match outcome {
            Outcome::Done(arrived) => self.end_step(id, step, StepEnd::Done(arrived), carried),
            Outcome::DoneAs(name, arrived) => {
                step.to = Some(name);
                self.end_step(id, step, StepEnd::Done(arrived), carried);
            }
            Outcome::Skipped => self.end_step(id, step, StepEnd::Skipped, carried),
            Outcome::Turned(mut found) => {
                let from_bytes = step.planned_bytes();
                job.recognize(&mut found);
                job.change(&mut step, |step| {
                    step.history.attempts -= 1;
                    step.history.was_looked_at = matches!(step.task, Task::Look);
                    step.from = found.from;
                    step.to = found.to;
                    step.source = found.source;
                    step.task = found.task;
                    step.target = found.target;
                });
                let to_bytes = step.planned_bytes();
                self.journal.record(id, Transition::Turned { from_bytes, to_bytes });
                job.queue.push_first(step);
            }
            Outcome::Expanded => {
                step.history.attempts -= 1;
                job.expanded(step);
            }
            Outcome::Conflict { source, target } => {
                step.history.attempts -= 1;
                self.ask_about(id, step, source, target);
            }
            Outcome::Failed(fail) => {
                if fail.error.kind().ends_the_connection() {
                    match fail.at {
                        Some(End::Source) => self.lost(&from, generations.0, &fail.error),
                        Some(End::Target) => self.lost(&to, generations.1, &fail.error),
                        None => {}
                    }
                }
                // It was removed, and then the process ended.
                if is_resumed_removal && fail.error.kind() == ErrorKind::NotFound {
                    return self.end_step(id, step, StepEnd::Done(Arrived::default()), carried);
                }
                self.step_failed(id, step, fail, carried);
            }
        }
    }

    /// Waits for another attempt, or ends it.
    fn step_failed(&mut self, id: JobId, mut step: Step, fail: Fail, carried: u64) {
        let ended = self.journal.of(id).ended();
        let Some(job) = self.job(id) else { return };
        let Fail { error, resume, .. } = fail;
        job.change(&mut step, |step| {
            match (resume, &step.task) {
                (Some(resume), _) => step.task = resume,
                (None, Task::File(_)) => step.task = Task::File(Stage::Copy),
                (None, Task::NamedSymlink(_)) => step.task = Task::Symlink,
                (None, _) => {}
            }
            // Much can have changed; what is known is asked anew.
            step.target = Known::Unknown;
        });
        let history = &mut step.history;
        let got_further = carried > history.furthest || ended > history.others_ended;
        if retry::progress_counts(error.kind()) && got_further {
            history.fruitless = 0;
        }
        history.fruitless += 1;
        history.furthest = history.furthest.max(carried);
        history.others_ended = ended;
        match retry::after_failure(error.kind(), history.fruitless, fastrand::f64()) {
            Next::Wait(wait) => {
                let at = Instant::now() + wait;
                let retrying = progress::retrying(at, history.attempts + 1, error);
                job.retrying.insert(step.id, (step, retrying));
            }
            Next::GiveUp => self.end_step(id, step, StepEnd::Failed(error), carried),
        }
    }

    pub(super) fn step_vanished(&mut self, id: JobId, step: StepId) {
        let Some(job) = self.job(id) else { return };
        let Some(running) = job.stop_running(step) else { return };
        let from = Location { endpoint: job.request.from.clone(), path: running.step.from.clone() };
        let error = vanished(format!("{} {from}", verb(&job.request.work)));
        self.end_step(id, running.step, StepEnd::Failed(error), 0);
    }

    /// Tells of a step's end, and keeps the books.
    pub(super) fn end_step(&mut self, id: JobId, mut step: Step, end: StepEnd, carried: u64) {
        // What failed for want of a connection may be tried again, and gone on with.
        let may_go_on = match &end {
            StepEnd::Failed(error) => error.kind().is_worth_a_retry(),
            StepEnd::Cancelled => false,
            StepEnd::Done(_) | StepEnd::Skipped => true,
        };
        if !may_go_on {
            self.discard_part(id, &mut step);
        }
        let planned_bytes = step.planned_bytes();
        let transition = match &end {
            StepEnd::Done(arrived) => {
                Transition::Done { kind: step.kind(), planned_bytes, arrived: *arrived }
            }
            StepEnd::Failed(_) => Transition::Failed,
            StepEnd::Skipped => Transition::Skipped { planned_bytes },
            StepEnd::Cancelled => Transition::Cancelled,
        };
        self.journal.record(id, transition);
        let entry = end.entry(&step);
        let note = || Note::Step { job: id, entry };
        let Some(job) = self.jobs.iter_mut().find(|job| job.id == id) else { return };
        let (left, shown, shown_bytes) = match &end {
            StepEnd::Done(arrived) => {
                (Left::Nothing, StepState::Done(arrived.verdict), arrived.bytes)
            }
            StepEnd::Failed(error) => (Left::Failed, StepState::Failed(error.clone()), carried),
            StepEnd::Skipped => (Left::Skipped, StepState::Skipped, 0),
            StepEnd::Cancelled => (Left::Skipped, StepState::Cancelled, carried),
        };
        job.end(&step, left, shown, shown_bytes);
        let (from, to) = job.route();
        let target = to.clone();
        let from = Location { endpoint: from.clone(), path: step.from.clone() };
        let to = step.to.clone().map(|path| Location { endpoint: target, path });
        let attempts = step.history.attempts;
        let ending = match end {
            StepEnd::Done(Arrived { bytes, verdict, digest }) => {
                let began = step.history.began.unwrap_or_else(Instant::now);
                let done = Event::StepDone(StepDone {
                    job: id,
                    step: step.id,
                    from,
                    to,
                    what: step.kind(),
                    bytes,
                    verdict,
                    digest,
                    attempts: attempts.max(1),
                    seconds: began.elapsed().as_secs_f64(),
                });
                self.journal.note_and_tell(note, done);
                return;
            }
            StepEnd::Failed(error) => {
                job.last_failure = Some(error.clone());
                job.failed.insert(step.id, (step.clone(), error.clone()));
                StepEnding::Failed { error, attempts }
            }
            StepEnd::Skipped => StepEnding::Skipped,
            StepEnd::Cancelled => StepEnding::Cancelled,
        };
        let ended = Event::StepEnded { job: id, step: step.id, from, to, ending };
        self.journal.note_and_tell(note, ended);
    }

    /// Clears away what a step has brought over so far: if it is tried again, it begins anew.
    pub(super) fn discard_part(&mut self, id: JobId, step: &mut Step) {
        let Some(job) = self.job(id) else { return };
        let endpoint = job.route().1.clone();
        let (part, anew) = match &step.task {
            Task::File(Stage::Commit(ready)) => (ready.part.clone(), Task::File(Stage::Copy)),
            Task::File(Stage::GoOn(begun) | Stage::Named(begun)) => {
                (begun.part.clone(), Task::File(Stage::Copy))
            }
            // It may have its name, and only its source still stand: that is looked at again.
            Task::NamedSymlink(begun) => (begun.part.clone(), step.task.clone()),
            _ => return,
        };
        step.task = anew;
        self.journal.note(|| Note::PartGone { job: id, from: step.from.clone() });
        self.throw_away(&endpoint, part);
    }

    /// The same for all that failed in a job nobody will try again.
    pub(super) fn discard_failed_parts(&mut self, id: JobId) {
        let Some(job) = self.job(id) else { return };
        for (mut step, _) in std::mem::take(&mut job.failed).into_values() {
            self.discard_part(id, &mut step);
        }
    }

    /// Clears away a part that no attempt will go on with, now or with the next connection.
    pub(super) fn throw_away(
        &mut self,
        endpoint: &Endpoint,
        part: crate::domain::path::StoragePath,
    ) {
        match self.sites.availability(endpoint, Instant::now()) {
            Availability::Connected(connection) => {
                Litter::new(self.place(endpoint, connection.storage), part).throw_away();
            }
            _ => self.left_behind.entry(endpoint.clone()).or_default().push(part),
        }
    }

    /// Puts back into the queue what has waited long enough.
    pub(super) fn wake_retries(&mut self, now: Instant) {
        let mut woken = false;
        for job in &mut self.jobs {
            let due = |(_, (_, retrying)): &(&StepId, &(Step, super::message::Retrying))| {
                Instant::from_std(retrying.at) <= now
            };
            let due: Vec<StepId> = job.retrying.iter().filter(due).map(|(id, _)| *id).collect();
            for id in due {
                if let Some((step, _)) = job.retrying.remove(&id) {
                    job.queue.push_first(step);
                    woken = true;
                }
            }
        }
        if woken {
            self.mark_changed();
        }
    }

    pub(super) fn next_retry(&self) -> Option<Instant> {
        let waits = self.jobs.iter().flat_map(|job| job.retrying.values());
        waits.map(|(_, retrying)| Instant::from_std(retrying.at)).min()
    }

    /// A connection cannot be had: all that waits for it fails at once, for the same reason.
    pub(super) fn fail_all_waiting(&mut self, id: JobId, error: &Error) {
        loop {
            let Some(job) = self.job(id) else { return };
            let mut waiting = job.queue.take(|_, _| true);
            waiting.extend(std::mem::take(&mut job.retrying).into_values().map(|(step, _)| step));
            waiting.extend(job.held_steps.take_all());
            // The end of a directory's last entry puts the directory itself into the queue.
            if waiting.is_empty() {
                return;
            }
            for step in waiting {
                self.end_step(id, step, StepEnd::Failed(error.clone()), 0);
            }
        }
    }

    /// Tells of jobs that have nothing left to do.
    pub(super) fn end_jobs(&mut self, now: Instant) {
        for index in 0..self.jobs.len() {
            let job = &mut self.jobs[index];
            if job.ended.is_some() || !job.is_empty() {
                continue;
            }
            job.ended = Some(now);
            let summary = JobSummary {
                job: job.id,
                cancelled: job.cancelled,
                counts: self.journal.of(job.id).counts,
                seconds: now.duration_since(job.began.unwrap_or(job.added)).as_secs_f64(),
            };
            self.mark_changed();
            self.clear_unused_parts(summary.job);
            let note = || Note::Ended { job: summary.job, at: journal::now() };
            self.journal.note_and_tell(note, Event::JobEnded(summary.clone()));
        }
    }
}

fn verb(work: &Work) -> &'static str {
    match work {
        Work::Copy(_) => "copy",
        Work::Move(_) => "move",
        Work::Delete => "remove",
        Work::Trash => "put into the trash",
        Work::SetModes(_) => "set the permissions of",
        Work::SetTraits(_) => "set the owner or time of",
    }
}
