//! Jobs that outlive the screen: those that were interrupted before, and those that have not ended when it is left.

use crate::{
    domain::journal::WhenLeft,
    engine::message::{Command, LeftJob},
};

use super::super::{Effect, Model, Remaining, dialog::Press, forms};

impl Model {
    /// The engine tells which jobs have not ended; those of processes that run are theirs.
    pub(super) fn found_left(&mut self, jobs: Vec<LeftJob>) -> Vec<Effect> {
        let interrupted: Vec<LeftJob> =
            jobs.into_iter().filter(|job| job.runs_in.is_none()).collect();
        match self.when_left {
            WhenLeft::Always => return self.resume(&interrupted),
            WhenLeft::Ask => self.left = interrupted,
            WhenLeft::Never => {}
        }
        Vec::new()
    }

    pub(super) fn accept_left(&mut self, jobs: &[LeftJob], press: Press) -> Vec<Effect> {
        match press {
            Press::Accept => self.resume(jobs),
            Press::Pick(_) => {
                let give_up = |job: &LeftJob| Effect::Engine(Command::GiveUp(job.number));
                self.say("They are given up; what has arrived stays.");
                let look = Effect::Engine(Command::FindStale);
                jobs.iter().map(give_up).chain([look]).collect()
            }
            Press::Leave => Vec::new(),
        }
    }

    fn resume(&mut self, jobs: &[LeftJob]) -> Vec<Effect> {
        let mut effects = Vec::new();
        for job in jobs {
            let id = self.next_job();
            self.transfers.begin(id, &job.request);
            effects.push(Effect::Engine(Command::Resume(job.number, id)));
        }
        effects
    }

    pub(super) fn accept_quit(&mut self, press: Press) -> Vec<Effect> {
        match press {
            Press::Accept => vec![Effect::Quit(Remaining::Left)],
            Press::Pick(forms::QUIT_WHEN_DONE) => {
                self.quits_when_done = true;
                self.say("Wharf quits when the last job has ended; q asks again.");
                self.quit_if_done()
            }
            Press::Pick(_) => vec![Effect::Quit(Remaining::Cancelled)],
            Press::Leave => Vec::new(),
        }
    }

    /// Leaves where that waited for the last job.
    pub(super) fn quit_if_done(&mut self) -> Vec<Effect> {
        if !self.quits_when_done || self.transfers.open_count() > 0 {
            return Vec::new();
        }
        vec![Effect::Quit(Remaining::Cancelled)]
    }
}
