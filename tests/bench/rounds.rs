//! One work, done by all in turns, round by round.

use std::time::Duration;

use crate::{
    check,
    ground::Ground,
    peers::{PEERS, Program},
    run::{self, End, Ran},
    table::{Outcome, Runs},
    works::{Act, Work, crowd},
};

/// A peer may take so long, or so many times as long as the best so far.
const LEAST_PATIENCE: Duration = Duration::from_secs(60);
const PATIENCE: u32 = 8;
/// The same for one whom nobody can be compared with yet, and for Wharf.
const FIRST_PATIENCE: Duration = Duration::from_secs(600);
/// A peer that took this many times as long as the best in the first round is not asked again.
const HOPELESS: u32 = 3;

/// A work under way.
pub(crate) struct Pace<'a> {
    ground: &'a Ground,
    work: &'a Work,
    rounds: u32,
    all: Vec<Runs>,
    /// Of the relay's processor time, and of Wharf's time, while Wharf ran.
    relay: (Duration, Duration),
}

impl<'a> Pace<'a> {
    /// Lays out what the work needs.
    pub(crate) fn new(ground: &'a Ground, work: &'a Work, rounds: u32) -> anyhow::Result<Self> {
        ground.lay_out(work)?;
        let programs = [Program::Wharf, Program::WharfAuto].into_iter().chain(PEERS);
        let here = programs.filter(|program| program.does(work) && program.find().is_some());
        let all = here.map(|program| Runs { program, runs: Vec::new() }).collect();
        Ok(Self { ground, work, rounds, all, relay: Default::default() })
    }

    /// All rounds.
    pub(crate) fn run(mut self) -> anyhow::Result<Outcome> {
        for round in 0..self.rounds as usize {
            let count = self.all.len();
            // Who is first changes, once everybody's pace is known.
            for turn in 0..count {
                let at = (turn + round) % count;
                if round == 0 || self.is_asked_again(at) {
                    let ran = self.one(self.all[at].program)?;
                    self.tell(round, at, &ran);
                    self.all[at].runs.push(ran);
                }
            }
        }
        self.ground.prepare(self.work)?;
        self.ground.clear_away(self.work)?;
        let share = self.relay.0.as_secs_f64() / self.relay.1.as_secs_f64();
        Ok(Outcome {
            work: self.work.clone(),
            all: self.all,
            relay: (self.work.far && share.is_finite()).then_some(share),
        })
    }

    fn one(&mut self, program: Program) -> anyhow::Result<Ran> {
        self.ground.prepare(self.work)?;
        // Its own start, too, is from memory.
        let _ = program.version();
        let Some(command) = program.command(self.work, self.ground)? else {
            anyhow::bail!("{} has gone", program.name());
        };
        let limit = match self.best_of_peers() {
            Some(best) if program.is_peer() => LEAST_PATIENCE.max(best * PATIENCE),
            _ => FIRST_PATIENCE,
        };
        let output = self.ground.here().join("output");
        let before = self.ground.relay_time();
        let mut ran = run::timed(command, limit, &output)?;
        if program == Program::Wharf {
            self.relay.0 += self.ground.relay_time().saturating_sub(before);
            self.relay.1 += ran.wall;
        }
        if ran.end == End::Done {
            let (source, target) = self.ground.ends(self.work);
            let checked = match self.work.act {
                Act::List => check::lists(&output, &crowd().collect()),
                Act::Get | Act::Put => check::same(&source, &target),
            };
            if let Err(error) = checked {
                ran.end = End::Failed(format!("{error:#}"));
            }
        }
        Ok(ran)
    }

    /// The quickest good run of any peer so far.
    fn best_of_peers(&self) -> Option<Duration> {
        let peers = self.all.iter().filter(|runs| runs.program.is_peer());
        let good = peers.flat_map(|runs| &runs.runs).filter(|run| run.end == End::Done);
        good.map(|run| run.wall).min()
    }

    fn is_asked_again(&self, at: usize) -> bool {
        let Runs { program, runs } = &self.all[at];
        let Some(first) = runs.first() else { return false };
        let best = self.all.iter().filter(|runs| runs.program.is_peer());
        let best = best.filter_map(|runs| runs.runs.first()).filter(|run| run.end == End::Done);
        let Some(best) = best.map(|run| run.wall).min() else { return !program.is_peer() };
        !program.is_peer() || (first.end == End::Done && first.wall <= best * HOPELESS)
    }

    fn tell(&self, round: usize, at: usize, ran: &Ran) {
        let (work, program) = (self.work.name, self.all[at].program.name());
        let seconds = ran.wall.as_secs_f64();
        let how = match &ran.end {
            End::Done => "",
            End::Failed(why) => why,
            End::TooLong => "killed, it took too long",
        };
        eprintln!("{work}: round {}, {program}: {seconds:.2} s {how}", round + 1);
    }
}
