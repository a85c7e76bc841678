//! What keys do in the queue panel.

use crate::{
    domain::display,
    engine::message::{Command, JobId, JobProgress, JobState, StepState, Target, Turn},
};

use super::super::{
    Action, Effect, Layer, Model, Reader, forms, queue::StepList, queue_lines::Chosen, scrolling,
    transfers::job_words,
};

impl Model {
    pub(super) fn act_in_queue(&mut self, action: Action) -> Vec<Effect> {
        self.notice.take_if(|notice| !notice.stays);
        let Some(queue) = &mut self.queue else { return Vec::new() };
        if let Some(by) = scrolling::lines(action, queue.height) {
            queue.move_by(by, &self.transfers, &self.questions);
            return Vec::new();
        }
        let line = queue.current(&self.transfers, &self.questions);
        let chosen = line.and_then(|line| line.chosen());
        let current = line.and_then(|line| line.job());
        if let (Action::Steps | Action::Answer, Some(Chosen::Question(id))) = (action, chosen) {
            if let Some(dialog) = self.questions.dialog_of(id) {
                self.open_dialog(dialog);
            }
            return Vec::new();
        }
        match action {
            Action::Steps => {
                if let Some(job) = current {
                    queue.chosen = Some(Chosen::Job(job));
                    queue.steps = Some(StepList::new(job));
                    return vec![Effect::Engine(Command::Watch(Some(job)))];
                }
            }
            Action::Sooner | Action::Later => {
                queue.chosen = current.map(Chosen::Job);
                let turn = if action == Action::Sooner { Turn::Sooner } else { Turn::Later };
                let reorder = |job| Effect::Engine(Command::Reorder(job, turn));
                return current.map(reorder).into_iter().collect();
            }
            Action::Cancel => self.ask_cancel_job(current),
            Action::Retry => return current.map(retry).into_iter().collect(),
            other => return self.act_in_either(other),
        }
        Vec::new()
    }

    pub(super) fn act_in_steps(&mut self, action: Action) -> Vec<Effect> {
        self.notice.take_if(|notice| !notice.stays);
        let Some(steps) = self.queue.as_mut().and_then(|queue| queue.steps.as_mut()) else {
            return Vec::new();
        };
        let line = steps.line(&self.transfers);
        let current = steps.current(&self.transfers).map(|step| Target::Step(steps.job, step));
        if let Some(by) = scrolling::lines(action, steps.height) {
            steps.move_to(line.saturating_add_signed(by), &self.transfers);
            return Vec::new();
        }
        match action {
            Action::Cancel => {
                let cancel = |target| Effect::Engine(Command::Cancel(target));
                return current.map(cancel).into_iter().collect();
            }
            Action::Retry => {
                let retry = |target| Effect::Engine(Command::Retry(target));
                return current.map(retry).into_iter().collect();
            }
            Action::Pause => {
                let is_paused = steps.is_paused(&self.transfers);
                let pause = |target| match is_paused {
                    true => Effect::Engine(Command::Continue(target)),
                    false => Effect::Engine(Command::Pause(target)),
                };
                return current.map(pause).into_iter().collect();
            }
            Action::Details => self.tell_details(),
            Action::Close => {
                if let Some(queue) = &mut self.queue {
                    queue.steps = None;
                }
                return vec![Effect::Engine(Command::Watch(None))];
            }
            other => return self.act_in_either(other),
        }
        Vec::new()
    }

    /// All that is known of the step under the cursor, to be read.
    fn tell_details(&mut self) {
        let Some(list) = self.queue.as_ref().and_then(|queue| queue.steps.as_ref()) else { return };
        let steps = list.steps(&self.transfers);
        let Some(step) = steps.get(list.line(&self.transfers)) else { return };
        let mut facts = vec![format!("From {}", display::escape(step.from.as_bytes()))];
        facts.extend(step.to.as_ref().map(|to| format!("To   {}", display::escape(to.as_bytes()))));
        facts.extend(match &step.state {
            StepState::Failed(error) => Some(error.to_string()),
            StepState::Retrying(retry) => {
                Some(format!("Attempt {} follows. {}", retry.attempt, retry.why))
            }
            StepState::Done(Some(verdict)) => Some(format!("Verified by {}.", verdict.word())),
            _ => None,
        });
        let digest = self.transfers.digest(list.job, step.id);
        facts.extend(digest.map(|digest| format!("SHA-256 {digest}")));
        self.layers.push(Layer::Reader(Reader::details(facts)));
    }

    fn act_in_either(&mut self, action: Action) -> Vec<Effect> {
        match action {
            Action::Close | Action::Queue => return self.toggle_queue(),
            Action::CancelEverything if self.transfers.open_count() > 0 => {
                let jobs = self.transfers.open_count() as u64;
                let words = super::super::text::counted(jobs, "job", "jobs");
                self.open_dialog(forms::cancel(Target::Everything, words));
            }
            Action::Pause => {
                let queue = self.queue.as_ref();
                let of_steps = queue.and_then(|queue| queue.steps.as_ref()).map(|list| list.job);
                let job = of_steps
                    .or(queue
                        .and_then(|queue| queue.current(&self.transfers, &self.questions)?.job()));
                let job = job.and_then(|id| self.transfers.job(id));
                return job.map(pause_or_go_on).into_iter().collect();
            }
            Action::PauseEverything => {
                let mut open = self.transfers.jobs().iter().filter(|job| !job.state.has_ended());
                let command = match open.any(|job| job.state != JobState::Paused) {
                    true => Command::Pause(Target::Everything),
                    false => Command::Continue(Target::Everything),
                };
                return vec![Effect::Engine(command)];
            }
            Action::Limit => {
                self.open_dialog(forms::limit(self.transfers.snapshot().limit));
            }
            Action::History => return self.toggle_history(),
            Action::ClearEnded => return vec![Effect::Engine(Command::ClearEnded)],
            Action::Answer => self.questions.bring_back(),
            Action::Help => self.show_help(),
            Action::Quit | Action::Interrupt => return self.quit(),
            _ => {}
        }
        Vec::new()
    }

    fn ask_cancel_job(&mut self, job: Option<JobId>) {
        let job = job.and_then(|id| self.transfers.job(id));
        match job {
            Some(job) if !job.state.has_ended() => {
                let (id, words) = (job.id, job_words(&job.request));
                self.open_dialog(forms::cancel(Target::Job(id), words));
            }
            Some(_) => self.say("This job has ended; c clears it away."),
            None => {}
        }
    }
}

fn pause_or_go_on(job: &JobProgress) -> Effect {
    let target = Target::Job(job.id);
    Effect::Engine(match job.state {
        JobState::Paused => Command::Continue(target),
        _ => Command::Pause(target),
    })
}

fn retry(job: JobId) -> Effect {
    Effect::Engine(Command::Retry(Target::Job(job)))
}
