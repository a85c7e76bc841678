//! What the engine tells.

use crate::{
    domain::place::Endpoint,
    engine::message::{Act, ConnectionState, Event, JobSummary, StepDone, StepEnding, Ticket},
};

use super::super::{
    Effect, Layer, Model, Outcome, Side,
    purpose::Purpose,
    text,
    transfers::{job_words, verdict_words},
};

impl Model {
    pub(super) fn event(&mut self, event: Event) -> Vec<Effect> {
        if let Some(effects) = self.event_of_test(&event) {
            return effects;
        }
        match event {
            Event::Connection { endpoint, state } => self.connection(endpoint, state),
            Event::Opened { ticket, location } => {
                for pane in &mut self.panes {
                    pane.opened(ticket, location.clone());
                }
                return self.note_opened(&location).into_iter().collect();
            }
            Event::Rows { ticket, entries, refused } => {
                return self.take_rows(ticket, entries, refused);
            }
            Event::Listed(ticket) => {
                let sides = [Side::Left, Side::Right];
                let listed = sides.into_iter().find(|side| self.pane_mut(*side).listed(ticket));
                listed.into_iter().for_each(|side| self.tell_stale(side));
                return listed.map(|side| self.ask_space(side)).into_iter().collect();
            }
            Event::Answered(answered) => return self.answered(&answered),
            Event::History(ticket, page) => {
                if let Some(panel) = &mut self.ledger {
                    panel.take(ticket, page);
                }
            }
            Event::Shell { ticket, shell } => return self.shell_begun(ticket, shell),
            Event::OpenFailed(ticket, error) => return self.open_failed(ticket, error),
            Event::Performed { ticket, act, result } => {
                return self.performed(ticket, &act, result);
            }
            Event::StepDone(done) => self.step_done(&done),
            Event::StepEnded { job, ending: StepEnding::Failed { error, .. }, .. } => {
                self.half_way.note(job, &error);
                self.say_lasting(Outcome::Bad, error.to_string());
            }
            Event::StepEnded { .. } => {}
            Event::JobEnded(summary) => return self.job_ended(&summary),
            Event::Asked { id, job, question } => self.questions.ask(id, job, question),
            Event::Withdrawn(id) => {
                self.questions.remove(id);
                self.layers.retain(|layer| match layer {
                    Layer::Dialog(dialog) => {
                        !matches!(&dialog.purpose, Purpose::Question(own, _) if *own == id)
                    }
                    Layer::Reader(_)
                    | Layer::Palette(_)
                    | Layer::Edits(_)
                    | Layer::Bookmarks(_) => true,
                });
            }
            Event::Left(jobs) => return self.found_left(jobs),
            Event::Stale(stale) => self.found_stale(stale),
            Event::NotResumed(_, job, error) => {
                self.transfers.end(job);
                self.tell(error.to_string());
            }
            Event::Notice(words) => self.say_lasting(Outcome::Plain, words),
        }
        Vec::new()
    }

    pub(super) fn step_done(&mut self, done: &StepDone) {
        self.sent_of_edit(done);
        if let Some(digest) = done.digest {
            self.transfers.keep_digest(done.job, done.step, digest);
        }
    }

    fn connection(&mut self, endpoint: Endpoint, state: ConnectionState) {
        self.connections.insert(endpoint, state);
    }

    fn performed(
        &mut self,
        ticket: Ticket,
        act: &Act,
        result: Result<(), crate::domain::error::Error>,
    ) -> Vec<Effect> {
        let Some(performing) = self.performing.remove(&ticket) else { return Vec::new() };
        if let Act::RenameMany { within, steps } = act {
            self.note_renamed(within, steps, result.is_ok());
        }
        if let Err(error) = result {
            self.tell(error.to_string());
            // Of many renames some may have been done.
            return match act {
                Act::RenameMany { within, .. } => self.reread_shown(std::slice::from_ref(within)),
                _ => Vec::new(),
            };
        }
        self.say(match act {
            Act::MakeDirectory(directory) => format!("Made {directory}."),
            Act::MakeLink { at, .. } => format!("Made the link {at}."),
            Act::RenameMany { steps, .. } => {
                format!("Renamed {}.", text::entries(steps.len() as u64))
            }
            Act::Rename { from, to } => format!("Renamed to {}.", from.with_path(to.clone())),
        });
        let side = performing.side;
        let mut effects = Vec::new();
        if self.pane(side).location == performing.directory {
            effects.extend(self.reread(side, true, performing.cursor));
        }
        if self.pane(side.other()).location == performing.directory {
            effects.extend(self.reread(side.other(), true, None));
        }
        effects
    }

    fn job_ended(&mut self, summary: &JobSummary) -> Vec<Effect> {
        let shown = self.transfers.job(summary.job).map(|job| job_words(&job.request));
        // One may end before the engine has shown it.
        let begun = || self.transfers.words(summary.job).map(str::to_owned);
        let what = shown.or_else(begun).unwrap_or_else(|| "job".to_owned());
        let counts = &summary.counts;
        let request = self.transfers.job(summary.job).map(|job| job.request.as_ref());
        let why = self.half_way.only_failure(summary.job, counts).map(str::to_owned);
        for words in self.half_way.ended(summary.job, request, counts) {
            self.tell(words);
        }
        let verdicts: Vec<String> =
            verdict_words(counts).into_iter().map(|(_, words)| words).collect();
        let verdicts =
            if verdicts.is_empty() { "nothing to do".to_owned() } else { verdicts.join(" · ") };
        let time = text::duration(summary.seconds);
        let outcome = if counts.failed > 0 { Outcome::Bad } else { Outcome::Good };
        let word = match (summary.cancelled, counts.failed) {
            (true, _) => "Cancelled",
            (_, 0) => "Done",
            _ => "Ended with failures",
        };
        let told = format!("{word}: {what} · {verdicts} · {time}");
        self.say_lasting(
            outcome,
            match why {
                Some(why) => why,
                None if counts.failed > 0 => format!("{told} · w shows why"),
                None => told.clone(),
            },
        );
        let directories = self.transfers.end(summary.job);
        let mut effects = self.reread_shown(&directories);
        effects.extend(self.job_of_edit_ended(summary));
        effects.extend(self.quit_if_done());
        effects.push(Effect::Notify(told));
        effects
    }
}
