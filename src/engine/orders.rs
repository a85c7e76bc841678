//! What a person orders of jobs: add, cancel, retry, answer, forget.

use std::sync::Arc;

use tokio::time::Instant;

use super::{
    central::Central,
    job::Job,
    journal::{self, Answered, Note, Reply, Transition},
    message::{Event, JobId, JobRequest, QuestionId, StepId, Target},
    questions::Waiting,
    step::{Known, Step},
    work::StepEnd,
};
use crate::domain::{
    entry::Attributes,
    path::Name,
    place::Location,
    question::{Answer, ConflictChoice, Question},
};

impl Central {
    pub(super) fn add(&mut self, id: JobId, request: JobRequest) {
        if self.job(id).is_some() {
            let words = format!("The job {} was added twice; the second was left out.", id.0);
            self.tell(Event::Notice(words));
            return;
        }
        self.journal.record(id, Transition::Added);
        let mut job = Job::new(id, Arc::new(request), Instant::now());
        job.rank = self.last_rank();
        let request = job.request.clone();
        let (note, rank) = (|| Note::Added { job: id, request, at: journal::now() }, job.rank);
        self.journal.note_and_reply(note, Reply::Written(id));
        if rank != 0 {
            self.journal.note(|| Note::Ranked { job: id, rank });
        }
        self.jobs.push(job);
        self.plan_waiting_sources();
    }

    /// Has a person asked what to do about a name that is taken.
    pub(super) fn ask_about(
        &mut self,
        id: JobId,
        step: Step,
        source: Attributes,
        target: Attributes,
    ) {
        let question_id = self.questions.open_for_step(id, step.id);
        let Some(job) = self.jobs.iter_mut().find(|job| job.id == id) else { return };
        // The answer for all may have come while this one was on its way.
        if job.choice_for_all.is_some() {
            self.questions.close(question_id);
            job.queue.push_first(step);
            return;
        }
        let (from, to) = job.route();
        let question = Question::Conflict {
            from: Location { endpoint: from.clone(), path: step.from.clone() },
            source,
            to: Location {
                endpoint: to.clone(),
                path: step.to.clone().unwrap_or_else(|| step.from.clone()),
            },
            target,
        };
        job.asking.insert(step.id, (step, question_id));
        self.tell(Event::Asked { id: question_id, job: Some(id), question });
    }

    pub(super) fn answered(&mut self, id: QuestionId, answer: Answer) {
        let (job, step) = match self.questions.close(id) {
            None => return,
            Some(Waiting::Login(reply)) => {
                // Whoever asked may have given up in this very moment.
                let _ = reply.send(answer);
                return;
            }
            Some(Waiting::Step(job, step)) => (job, step),
        };
        let (choice, for_all) = match answer {
            Answer::Conflict { choice, for_all } => (choice, for_all),
            Answer::Rename(name) => return self.rename(job, step, &name),
            Answer::Yes => (ConflictChoice::Overwrite, false),
            Answer::No | Answer::Texts { .. } => (ConflictChoice::Fail, false),
        };
        let Some(job) = self.jobs.iter_mut().find(|candidate| candidate.id == job) else { return };
        let mut answered: Vec<(Step, QuestionId)> = job.asking.remove(&step).into_iter().collect();
        if for_all {
            job.choice_for_all = Some(choice);
            self.journal.note(|| Note::AnsweredForAll { job: job.id, choice });
            answered.extend(std::mem::take(&mut job.asking).into_values());
        }
        let mut withdrawn = Vec::new();
        for (mut step, question) in answered {
            step.choice = Some(choice);
            if !for_all && choice != ConflictChoice::Fail {
                let (from, to) = (step.from.clone(), None);
                let answered = Answered { from, choice: Some(choice), to };
                self.journal.note(|| Note::Answered { job: job.id, answered });
            }
            job.queue.push_first(step);
            if question != id {
                withdrawn.push(question);
            }
        }
        self.withdraw(withdrawn);
    }

    /// It goes on towards another name; asked again where that is taken as well.
    fn rename(&mut self, job: JobId, step: StepId, name: &Name) {
        let Some(job) = self.jobs.iter_mut().find(|candidate| candidate.id == job) else { return };
        let Some((mut step, _)) = job.asking.remove(&step) else { return };
        let to = step.to.as_ref().and_then(|to| to.parent()).map(|parent| parent.join(name));
        if let Some(to) = &to {
            let answered = Answered { from: step.from.clone(), choice: None, to: Some(to.clone()) };
            self.journal.note(|| Note::Answered { job: job.id, answered });
        }
        (step.to, step.target, step.choice) = (to.or(step.to), Known::Unknown, None);
        job.queue.push_first(step);
    }

    fn withdraw(&mut self, questions: Vec<QuestionId>) {
        for question in questions {
            self.questions.close(question);
            self.tell(Event::Withdrawn(question));
        }
    }

    pub(super) fn cancel(&mut self, target: Target) {
        match target {
            Target::Step(job, step) => self.cancel_steps(job, Some(step)),
            Target::Job(job) => self.cancel_steps(job, None),
            Target::Everything => {
                let jobs: Vec<JobId> = self.jobs.iter().map(|job| job.id).collect();
                for job in jobs {
                    self.cancel_steps(job, None);
                }
            }
        }
    }

    /// Stops a step with all below it, or all steps, without waiting for anyone.
    fn cancel_steps(&mut self, id: JobId, only: Option<StepId>) {
        let Some(job) = self.jobs.iter_mut().find(|job| job.id == id && job.ended.is_none()) else {
            return;
        };
        let steps = job.steps_alive(only);
        let waiting = job.queue.take(|id, _| steps.contains(&id));
        let mut withdrawn = Vec::new();
        let mut cancelled = Vec::new();
        for step in steps {
            if let Some(running) = job.stop_running(step) {
                running.task.abort();
                self.roles.remove(&running.task.id());
                cancelled.push((running.step, running.live.carried()));
            } else if let Some(step) = job.held_steps.take(step) {
                cancelled.push((step, 0));
            } else if let Some((step, _)) = job.retrying.remove(&step) {
                cancelled.push((step, 0));
            } else if let Some((step, question)) = job.asking.remove(&step) {
                withdrawn.push(question);
                cancelled.push((step, 0));
            } else if let Some(step) =
                job.folders.get_mut(&step).and_then(|folder| folder.step.take())
            {
                cancelled.push((step, 0));
            }
        }
        cancelled.extend(waiting.into_iter().map(|step| (step, 0)));
        if only.is_none() {
            job.cancelled = true;
            job.held.clear();
        }
        self.withdraw(withdrawn);
        for (step, carried) in cancelled {
            self.end_step(id, step, StepEnd::Cancelled, carried);
        }
    }

    /// Holds jobs or a step where they are, or lets them go on.
    pub(super) fn pause(&mut self, target: Target, paused: bool) {
        if let Target::Step(job, step) = target {
            return self.hold(job, step, paused);
        }
        for job in self.jobs.iter_mut().filter(|job| job.ended.is_none()) {
            let is_meant = match target {
                Target::Everything => true,
                Target::Job(id) => id == job.id,
                Target::Step(..) => false,
            };
            if is_meant {
                job.paused.send_replace(paused);
            }
        }
    }

    pub(super) fn retry(&mut self, target: Target) {
        let (id, only) = match target {
            Target::Step(job, step) => (job, Some(step)),
            Target::Job(job) => (job, None),
            Target::Everything => {
                let jobs: Vec<JobId> = self.jobs.iter().map(|job| job.id).collect();
                for job in jobs {
                    self.retry(Target::Job(job));
                }
                return;
            }
        };
        let Some(job) = self.jobs.iter_mut().find(|job| job.id == id) else { return };
        let waiting: Vec<StepId> = match only {
            Some(step) => vec![step],
            None => job.retrying.keys().copied().collect(),
        };
        for step in waiting {
            if let Some((step, _)) = job.retrying.remove(&step) {
                job.queue.push_first(step);
            }
        }
        let had_ended = job.ended.is_some();
        for _ in 0..job.revive(only) {
            self.journal.record(id, Transition::Revived);
        }
        if had_ended && job.ended.is_none() {
            self.journal.note(|| Note::Revived { job: id });
        }
        let (from, to) = job.route();
        self.sites.hurry(from);
        self.sites.hurry(to);
    }

    pub(super) fn clear_ended(&mut self) {
        let ended = |job: &&Job| job.ended.is_some();
        let ended: Vec<JobId> = self.jobs.iter().filter(ended).map(|job| job.id).collect();
        for job in ended {
            self.discard_failed_parts(job);
            self.journal.record(job, Transition::Forgotten);
            self.journal.note(|| Note::Forgotten { job });
        }
        self.jobs.retain(|job| job.ended.is_none());
    }
}
