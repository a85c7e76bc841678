//! The queue panel: a cursor over jobs, or over the steps of one.

use crate::{
    domain::error::Error,
    engine::message::{JobId, StepId, StepProgress, StepState},
};

use super::transfers::Transfers;

/// Where one is in the queue panel.
#[derive(Debug, Default)]
pub(crate) struct QueuePanel {
    /// The job under the cursor; kept by id while jobs come and go.
    pub(crate) job: Option<JobId>,
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
    /// The line of the job under the cursor; the last job while none was chosen.
    pub(crate) fn line(&self, transfers: &Transfers) -> usize {
        let jobs = transfers.jobs();
        let chosen = self.job.and_then(|id| jobs.iter().position(|job| job.id == id));
        chosen.unwrap_or(jobs.len().saturating_sub(1))
    }

    /// The job under the cursor.
    pub(crate) fn current(&self, transfers: &Transfers) -> Option<JobId> {
        transfers.jobs().get(self.line(transfers)).map(|job| job.id)
    }

    /// Why the job or step under the cursor failed, or failed for now.
    pub(crate) fn failure_under_cursor<'a>(&self, transfers: &'a Transfers) -> Option<&'a Error> {
        let Some(list) = &self.steps else {
            let job = transfers.jobs().get(self.line(transfers))?;
            return job.last_failure.as_ref().or(job.retry.as_ref().map(|retry| &retry.why));
        };
        match &list.steps(transfers).get(list.line(transfers))?.state {
            StepState::Failed(error) => Some(error),
            StepState::Retrying(retry) => Some(&retry.why),
            _ => None,
        }
    }

    pub(crate) fn move_to(&mut self, line: usize, transfers: &Transfers) {
        let last = transfers.jobs().len().saturating_sub(1);
        self.job = transfers.jobs().get(line.min(last)).map(|job| job.id);
        self.settle(transfers);
    }

    pub(crate) fn settle(&mut self, transfers: &Transfers) {
        let line = self.line(transfers);
        self.top = window(self.top, line, transfers.jobs().len(), self.height);
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
