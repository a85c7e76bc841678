//! The queue panel: a cursor over jobs and questions, or over the steps of one job.

use crate::{
    domain::error::Error,
    engine::message::{JobId, StepId, StepProgress, StepState},
};

use super::{
    questions::Questions,
    queue_lines::{self, Chosen, QueueLine},
    transfers::Transfers,
};

/// Where one is in the queue panel.
#[derive(Debug, Default)]
pub(crate) struct QueuePanel {
    /// What is under the cursor; the first line while nothing was chosen.
    pub(crate) chosen: Option<Chosen>,
    pub(crate) top: usize,
    pub(crate) height: usize,
    pub(crate) steps: Option<StepList>,
}

/// The steps of one job.
#[derive(Debug)]
pub(crate) struct StepList {
    pub(crate) job: JobId,
    /// The step under the cursor; `None` follows the first line.
    pub(crate) step: Option<StepId>,
    pub(crate) top: usize,
    pub(crate) height: usize,
}

impl QueuePanel {
    /// What is listed.
    pub(crate) fn lines<'a>(
        &self,
        transfers: &'a Transfers,
        questions: &'a Questions,
    ) -> Vec<QueueLine<'a>> {
        queue_lines::lines(transfers, questions, self.height)
    }

    /// The number of the line under the cursor.
    pub(crate) fn line(&self, lines: &[QueueLine<'_>]) -> usize {
        let is_chosen =
            |line: &QueueLine<'_>| line.chosen().is_some_and(|own| Some(own) == self.chosen);
        let first = || lines.iter().position(|line| line.chosen().is_some());
        lines.iter().position(is_chosen).or_else(first).unwrap_or(0)
    }

    /// What is under the cursor.
    pub(crate) fn current<'a>(
        &self,
        transfers: &'a Transfers,
        questions: &'a Questions,
    ) -> Option<QueueLine<'a>> {
        let lines = self.lines(transfers, questions);
        lines.get(self.line(&lines)).copied().filter(|line| line.chosen().is_some())
    }

    /// Why the job or step under the cursor failed, or failed for now.
    pub(crate) fn failure_under_cursor<'a>(
        &self,
        transfers: &'a Transfers,
        questions: &'a Questions,
    ) -> Option<&'a Error> {
        let Some(list) = &self.steps else {
            let Some(QueueLine::Job(job)) = self.current(transfers, questions) else { return None };
            return job.last_failure.as_ref().or(job.retry.as_ref().map(|retry| &retry.why));
        };
        match &list.steps(transfers).get(list.line(transfers))?.state {
            StepState::Failed(error) => Some(error),
            StepState::Retrying(retry) => Some(&retry.why),
            _ => None,
        }
    }

    /// Moves by lines; `isize::MIN` and `MAX` lead to the ends.
    pub(crate) fn move_by(&mut self, by: isize, transfers: &Transfers, questions: &Questions) {
        let lines = self.lines(transfers, questions);
        let line = self.line(&lines).saturating_add_signed(by);
        self.choose(line, by < 0, &lines);
    }

    /// Puts the cursor on a line, or on the one below if that is a heading.
    pub(crate) fn move_to(&mut self, line: usize, transfers: &Transfers, questions: &Questions) {
        let lines = self.lines(transfers, questions);
        self.choose(line, false, &lines);
    }

    fn choose(&mut self, line: usize, upwards: bool, lines: &[QueueLine<'_>]) {
        let line = line.min(lines.len().saturating_sub(1));
        let (above, below) = lines.split_at(line);
        let chosen = |line: &QueueLine<'_>| line.chosen();
        let above = above.iter().rev().find_map(chosen);
        let below = below.iter().find_map(chosen);
        let is_heading = lines.get(line).is_some_and(|line| line.chosen().is_none());
        self.chosen = match upwards && is_heading {
            true => above.or(below),
            false => below.or(above),
        };
        self.settle_on(lines);
    }

    fn settle_on(&mut self, lines: &[QueueLine<'_>]) {
        let line = self.line(lines);
        self.top = window(self.top, line, lines.len(), self.height);
        // The heading above the first line is seen with it.
        if line == 1 && self.height > 1 {
            self.top = 0;
        }
    }

    pub(crate) fn settle(&mut self, transfers: &Transfers, questions: &Questions) {
        let lines = self.lines(transfers, questions);
        self.settle_on(&lines);
        if let Some(steps) = &mut self.steps {
            let line = steps.line(transfers);
            steps.top = window(steps.top, line, steps.len(transfers), steps.height);
        }
    }
}

impl StepList {
    pub(crate) fn new(job: JobId) -> Self {
        Self { job, step: None, top: 0, height: 0 }
    }

    pub(crate) fn len(&self, transfers: &Transfers) -> usize {
        self.steps(transfers).len()
    }

    pub(crate) fn steps<'a>(&self, transfers: &'a Transfers) -> &'a [StepProgress] {
        match &transfers.snapshot().watched {
            Some((job, steps)) if *job == self.job => steps,
            _ => &[],
        }
    }

    pub(crate) fn line(&self, transfers: &Transfers) -> usize {
        let steps = self.steps(transfers);
        self.step.and_then(|id| steps.iter().position(|step| step.id == id)).unwrap_or(0)
    }

    pub(crate) fn current(&self, transfers: &Transfers) -> Option<StepId> {
        self.steps(transfers).get(self.line(transfers)).map(|step| step.id)
    }

    /// Whether the step under the cursor is held.
    pub(crate) fn is_paused(&self, transfers: &Transfers) -> bool {
        let step = self.steps(transfers).get(self.line(transfers));
        step.is_some_and(|step| matches!(step.state, StepState::Paused))
    }

    pub(crate) fn move_to(&mut self, line: usize, transfers: &Transfers) {
        let steps = self.steps(transfers);
        self.step = steps.get(line.min(steps.len().saturating_sub(1))).map(|step| step.id);
        let line = self.line(transfers);
        self.top = window(self.top, line, self.len(transfers), self.height);
    }
}

/// The first line to show so that `line` of `lines` is among the `height` seen.
fn window(top: usize, line: usize, lines: usize, height: usize) -> usize {
    let height = height.max(1);
    top.min(line).min(lines.saturating_sub(height)).max((line + 1).saturating_sub(height))
}
