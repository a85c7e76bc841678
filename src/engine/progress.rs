//! How everything stands at one moment: counters, a smoothed rate, the time left.

use tokio::time::{Duration, Instant};

use super::{
    errand::LivePhase,
    job::{Job, Running},
    journal::Record,
    message::{JobProgress, JobState, Retrying, StepProgress, StepState},
    step::{Step, Task},
};

/// At most so often a snapshot is made.
pub(super) const PUBLISH_EVERY: Duration = Duration::from_millis(50);
/// A rate forgets what was longer ago than a few times this.
const MEMORY_SECONDS: f64 = 2.0;
/// At most so many steps of the watched job are shown.
const STEPS_SHOWN: usize = 500;
/// Of these, failed ones at most.
const FAILED_SHOWN: usize = 150;

/// Bytes a second, smoothed.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Rate {
    seen: Option<(Instant, u64)>,
    smoothed: Option<f64>,
}

impl Rate {
    /// Takes the bytes moved so far, which never become fewer.
    pub(super) fn take(&mut self, moved: u64, now: Instant, is_moving: bool) {
        if !is_moving {
            *self = Self::default();
            return;
        }
        let Some((then, before)) = self.seen else {
            self.seen = Some((now, moved));
            return;
        };
        let seconds = now.duration_since(then).as_secs_f64();
        if seconds < PUBLISH_EVERY.as_secs_f64() / 2.0 {
            return;
        }
        let current = moved.saturating_sub(before) as f64 / seconds;
        let weight = 1.0 - (-seconds / MEMORY_SECONDS).exp();
        let smoothed =
            self.smoothed.map_or(current, |smoothed| smoothed + weight * (current - smoothed));
        self.seen = Some((now, moved));
        self.smoothed = Some(smoothed);
    }

    pub(super) fn per_second(&self) -> f64 {
        self.smoothed.unwrap_or(0.0)
    }
}

/// What keeps a job that has nothing under way.
pub(super) enum Obstacle {
    /// A login waits for a person.
    Question,
    /// A connection is to be made again.
    Pause(Retrying),
}

impl Job {
    /// Bytes carried, of files under way as well.
    pub(super) fn carried_bytes(&self, record: &Record) -> u64 {
        record.counts.bytes
            + self.running.values().map(|running| running.live.carried()).sum::<u64>()
    }

    /// How the job stands.
    pub(super) fn progress(&self, record: &Record, obstacle: Option<Obstacle>) -> JobProgress {
        let carried_bytes = self.carried_bytes(record);
        let rate = self.rate.per_second();
        let left = record.planned_bytes.saturating_sub(carried_bytes);
        let plan_complete = self.plan_is_complete();
        let mut retry = self
            .retrying
            .values()
            .map(|(_, retrying)| retrying)
            .min_by_key(|retrying| retrying.at)
            .cloned();
        let mut state = self.state(record);
        match obstacle {
            Some(Obstacle::Question) if !state.has_ended() && self.running.is_empty() => {
                state = JobState::Asking;
            }
            Some(Obstacle::Pause(pause)) if !state.has_ended() => {
                if self.running.is_empty() {
                    state = JobState::Retrying;
                }
                if retry.as_ref().is_none_or(|retry| retry.at > pause.at) {
                    retry = Some(pause);
                }
            }
            _ => {}
        }
        JobProgress {
            id: self.id,
            request: self.request.clone(),
            state,
            counts: record.counts,
            planned: record.planned,
            planned_bytes: record.planned_bytes,
            plan_complete,
            carried_bytes,
            rate,
            seconds_left: (plan_complete && rate > 0.0 && !state.has_ended())
                .then(|| left as f64 / rate),
            verifying: self
                .running
                .values()
                .filter(|running| running.live.phase() == LivePhase::Verifying)
                .count() as u64,
            retry,
            last_failure: self.last_failure.clone(),
        }
    }

    fn state(&self, record: &Record) -> JobState {
        if self.ended.is_some() {
            return match (self.cancelled, record.counts.failed) {
                (true, _) => JobState::Cancelled,
                (false, 0) => JobState::Done,
                (false, _) => JobState::Failed,
            };
        }
        if self.is_paused() {
            JobState::Paused
        } else if !self.running.is_empty() || (!self.queue.is_empty() && self.began.is_some()) {
            JobState::Running
        } else if !self.retrying.is_empty() {
            JobState::Retrying
        } else if !self.asking.is_empty() {
            JobState::Asking
        } else if !self.held_steps.is_empty() {
            JobState::Paused
        } else {
            JobState::Waiting
        }
    }

    /// Steps to be shown: under way, waiting for something, failed, ended last, and as many to come as fit.
    pub(super) fn steps_shown(&self) -> Vec<StepProgress> {
        let mut running: Vec<&Running> = self.running.values().collect();
        running.sort_by_key(|running| running.step.id);
        let closing = self.folders.values().filter_map(|folder| folder.step.as_ref());
        let mut shown: Vec<StepProgress> = running
            .into_iter()
            .map(|running| shown(&running.step, running_state(running), running.live.carried()))
            .chain(
                self.retrying
                    .values()
                    .map(|(step, retrying)| shown(step, StepState::Retrying(retrying.clone()), 0)),
            )
            .chain(self.asking.values().map(|(step, _)| shown(step, StepState::Asking, 0)))
            .chain(self.held_steps.waiting().map(|step| shown(step, StepState::Paused, 0)))
            .chain(
                self.failed
                    .values()
                    .rev()
                    .take(FAILED_SHOWN)
                    .map(|(step, error)| shown(step, StepState::Failed(error.clone()), 0)),
            )
            .take(STEPS_SHOWN)
            .collect();
        shown.extend(self.recent.iter().take(STEPS_SHOWN - shown.len()).cloned());
        let room = STEPS_SHOWN - shown.len();
        shown.extend(self.queue.iter().chain(closing).take(room).map(|step| {
            match self.held_steps.holds(step.id) {
                true => self::shown(step, StepState::Paused, 0),
                false => self::shown(step, StepState::Waiting, 0),
            }
        }));
        shown
    }
}

fn running_state(running: &Running) -> StepState {
    match (&running.step.task, running.live.phase()) {
        (Task::Look, _) => StepState::Waiting,
        (_, LivePhase::Copying) if *running.paused.borrow() => StepState::Paused,
        (_, LivePhase::Copying) => StepState::Copying,
        (_, LivePhase::Verifying) => StepState::Verifying,
        (_, LivePhase::Committing) => StepState::Committing,
    }
}

fn shown(step: &Step, state: StepState, carried_bytes: u64) -> StepProgress {
    StepProgress {
        id: step.id,
        what: step.kind(),
        from: step.from.clone(),
        to: step.to.clone(),
        source: step.source,
        state,
        carried_bytes,
    }
}

/// A wait for the next attempt, as it is told.
pub(super) fn retrying(at: Instant, attempt: u32, why: crate::domain::error::Error) -> Retrying {
    Retrying { at: at.into_std(), attempt, why }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::errand::{Live, Moved};

    #[tokio::test(start_paused = true)]
    async fn a_steady_flow_has_a_steady_rate_and_a_stop_is_seen() {
        let mut rate = Rate::default();
        for tick in 0..100u64 {
            rate.take(tick * 1000, Instant::now(), true);
            tokio::time::advance(Duration::from_millis(100)).await;
        }
        assert!((rate.per_second() - 10_000.0).abs() < 1.0, "{rate:?}");
        for _ in 0..100 {
            rate.take(99_000, Instant::now(), true);
            tokio::time::advance(Duration::from_millis(100)).await;
        }
        assert!(rate.per_second() < 100.0, "{rate:?}");
        rate.take(99_000, Instant::now(), false);
        assert_eq!(rate.per_second(), 0.0);
    }

    #[test]
    fn what_an_attempt_finds_or_takes_back_is_no_rate() {
        let moved = Moved::default();
        let first = Live::of(moved.clone());
        first.find(1_000);
        first.carry(70);
        first.take_back(20);
        assert_eq!((first.carried(), moved.bytes()), (1_050, 70));
        first.start_over();
        let second = Live::of(moved.clone());
        second.carry(5);
        assert_eq!((first.carried(), second.carried(), moved.bytes()), (0, 5, 75));
    }
}
