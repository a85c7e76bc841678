//! What comes when: jobs put in order by a person, steps held, so many steps at once.

use std::collections::{BTreeMap, HashSet};

use super::{
    central::Central,
    job::Job,
    journal::Note,
    message::{JobId, StepId, Turn},
    queue::Class,
    step::Step,
};

/// Steps of a job that a person holds.
#[derive(Default)]
pub(super) struct HeldSteps {
    /// Which.
    ids: HashSet<StepId>,
    /// Those of them whose turn has come.
    waiting: BTreeMap<StepId, Step>,
}

impl HeldSteps {
    pub(super) fn holds(&self, step: StepId) -> bool {
        self.ids.contains(&step)
    }

    /// Keeps a held step whose turn has come.
    pub(super) fn keep(&mut self, step: Step) {
        self.waiting.insert(step.id, step);
    }

    /// Those whose turn has come.
    pub(super) fn waiting(&self) -> impl Iterator<Item = &Step> {
        self.waiting.values()
    }

    pub(super) fn get(&self, step: StepId) -> Option<&Step> {
        self.waiting.get(&step)
    }

    /// Takes one out for good: it is to end.
    pub(super) fn take(&mut self, step: StepId) -> Option<Step> {
        self.ids.remove(&step);
        self.waiting.remove(&step)
    }

    /// Takes all out for good.
    pub(super) fn take_all(&mut self) -> Vec<Step> {
        self.ids.clear();
        std::mem::take(&mut self.waiting).into_values().collect()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }
}

impl Central {
    /// Carries so many files at once, at most; `None` for as many as do well.
    pub(super) fn carry_at_once(&mut self, most: Option<usize>) {
        self.at_once = most;
    }

    /// How many more files may be begun.
    pub(super) fn room_at_once(&self) -> usize {
        let files =
            |job: &Job| job.running_load.of(Class::Small) + job.running_load.of(Class::Large);
        let running: usize = self.jobs.iter().map(files).sum();
        self.at_once.map_or(usize::MAX, |most| most.saturating_sub(running))
    }

    /// Holds one step where it is, or lets it go on.
    pub(super) fn hold(&mut self, id: JobId, step: StepId, held: bool) {
        let Some(job) = self.job(id).filter(|job| job.ended.is_none()) else { return };
        if let Some(running) = job.running.get(&step) {
            running.paused.send_replace(held);
        }
        match held {
            true => {
                job.held_steps.ids.insert(step);
            }
            false => {
                if let Some(step) = job.held_steps.take(step) {
                    job.queue.push_first(step);
                }
            }
        }
    }

    /// Puts a job before the one before it, or behind the next. From then on jobs are served in their order, and no
    /// longer side by side.
    pub(super) fn reorder(&mut self, id: JobId, turn: Turn) {
        let open: Vec<usize> =
            (0..self.jobs.len()).filter(|at| self.jobs[*at].ended.is_none()).collect();
        let Some(place) = open.iter().position(|at| self.jobs[*at].id == id) else { return };
        let other = match turn {
            Turn::Sooner => place.checked_sub(1),
            Turn::Later => Some(place + 1),
        };
        let Some(other) = other.and_then(|other| open.get(other)) else { return };
        self.jobs.swap(open[place], *other);
        for (rank, at) in (1..).zip(&open) {
            let job = &mut self.jobs[*at];
            if job.rank != rank {
                job.rank = rank;
                self.journal.note(|| Note::Ranked { job: job.id, rank });
            }
        }
    }

    /// The rank of a job that is added: behind all that were put in order.
    pub(super) fn last_rank(&self) -> i64 {
        let open = self.jobs.iter().filter(|job| job.ended.is_none());
        match open.map(|job| job.rank).max() {
            None | Some(0) => 0,
            Some(rank) => rank + 1,
        }
    }
}
