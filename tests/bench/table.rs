//! What came out, as a table: medians, ratios, goals.

use std::fmt::Write as _;

use crate::{
    peers::Program,
    run::{End, Ran},
    works::{Act, Work},
};

/// Against Wharf that checks sizes only.
const GOAL_OF_VERIFYING: f64 = 1.25;

/// A program's runs of one work.
#[derive(Debug, Clone)]
pub(crate) struct Runs {
    pub(crate) program: Program,
    pub(crate) runs: Vec<Ran>,
}

/// Everybody's runs of one work.
#[derive(Debug, Clone)]
pub(crate) struct Outcome {
    pub(crate) work: Work,
    pub(crate) all: Vec<Runs>,
    /// What the relay used of a processor while Wharf ran, over the time Wharf ran.
    pub(crate) relay: Option<f64>,
}

impl Runs {
    /// The median in seconds; `None` where a run failed or took too long, or none was made.
    pub(crate) fn median(&self) -> Option<f64> {
        let good = self.runs.iter().all(|run| run.end == End::Done);
        let seconds = self.runs.iter().map(|run| run.wall.as_secs_f64()).collect();
        if good { median(seconds) } else { None }
    }

    fn cell(&self, rounds: usize) -> String {
        match (self.median(), self.runs.last().map(|run| &run.end)) {
            (Some(seconds), _) if self.runs.len() < rounds => format!("{seconds:.2} (1 round)"),
            (Some(seconds), _) => format!("{seconds:.2}"),
            (None, Some(End::TooLong)) => {
                let longest = self.runs.iter().map(|run| run.wall.as_secs()).max();
                format!("> {}", longest.unwrap_or_default())
            }
            (None, Some(_)) => "failed".into(),
            (None, None) => "-".into(),
        }
    }

    fn peak(&self) -> u64 {
        self.runs.iter().map(|run| run.peak).max().unwrap_or_default()
    }
}

/// The middle one, or between the two in the middle.
pub(crate) fn median(mut numbers: Vec<f64>) -> Option<f64> {
    numbers.sort_by(f64::total_cmp);
    let (below, above) = (numbers.len().checked_sub(1)? / 2, numbers.len() / 2);
    Some(f64::midpoint(numbers[below], numbers[above]))
}

impl Outcome {
    fn of(&self, program: Program) -> Option<&Runs> {
        self.all.iter().find(|runs| runs.program == program)
    }

    fn wharf(&self) -> Option<f64> {
        self.of(Program::Wharf)?.median()
    }

    /// The quickest peer, by name and median.
    fn best(&self) -> Option<(&'static str, f64)> {
        let peers = self.all.iter().filter(|runs| runs.program.is_peer());
        let medians = peers.filter_map(|runs| Some((runs.program.name(), runs.median()?)));
        medians.min_by(|one, other| one.1.total_cmp(&other.1))
    }
}

/// Seconds, ratios and goals.
pub(crate) fn speed(outcomes: &[Outcome], rounds: usize) -> String {
    const SHOWN: [Program; 4] = [Program::Wharf, Program::Sftp, Program::Rclone, Program::Lftp];
    let head = ["seconds, median", "wharf", "sftp", "rclone", "lftp", "wharf / best", "goal", ""];
    let mut rows = vec![head.map(String::from).to_vec()];
    for outcome in outcomes {
        let mut row = vec![outcome.work.name.to_owned()];
        row.extend(SHOWN.map(|program| match outcome.of(program) {
            Some(runs) => runs.cell(rounds),
            None => "-".into(),
        }));
        let ratio = outcome.wharf().zip(outcome.best());
        row.extend(match ratio {
            Some((wharf, (name, best))) => {
                let ratio = wharf / best;
                [
                    format!("{ratio:.2} {name}"),
                    goal(outcome.work.goal),
                    met(ratio, outcome.work.goal),
                ]
            }
            None => ["-".into(), goal(outcome.work.goal), "unknown".into()],
        });
        rows.push(row);
        if let Some(verified) = outcome.of(Program::WharfAuto) {
            let ratio = verified.median().zip(outcome.wharf()).map(|(auto, size)| auto / size);
            let mut row = vec!["  with digests".to_owned(), verified.cell(rounds)];
            row.extend(["-", "-", "-"].map(String::from));
            row.extend(match ratio {
                Some(ratio) => [
                    format!("{ratio:.2} wharf"),
                    goal(GOAL_OF_VERIFYING),
                    met(ratio, GOAL_OF_VERIFYING),
                ],
                None => ["-".into(), goal(GOAL_OF_VERIFYING), "unknown".into()],
            });
            rows.push(row);
        }
    }
    aligned(&rows)
}

/// What Wharf took of the machine.
pub(crate) fn cost(outcomes: &[Outcome]) -> String {
    let head = ["wharf's own", "peak MB", "limit", "", "CPU s", "CPU s/GiB", "relay's CPU"];
    let mut rows = vec![head.map(String::from).to_vec()];
    for outcome in outcomes {
        for runs in &outcome.all {
            if runs.program.is_peer() || runs.runs.is_empty() {
                continue;
            }
            let verified = runs.program == Program::WharfAuto;
            let name = if verified { "  with digests" } else { outcome.work.name };
            let processor = runs.runs.iter().map(|run| run.processor.as_secs_f64()).collect();
            let processor = median(processor).unwrap_or_default();
            let gibibytes = outcome.work.load.bytes() as f64 / f64::from(1 << 30);
            let carries = outcome.work.act != Act::List && gibibytes >= 0.2;
            let limit = outcome.work.memory;
            rows.push(vec![
                name.to_owned(),
                format!("{:.0}", runs.peak() as f64 / 1e6),
                limit.map_or("-".into(), |limit| format!("{}", limit / 1_000_000)),
                limit.map_or(String::new(), |limit| met(runs.peak() as f64, limit as f64)),
                format!("{processor:.2}"),
                if carries { format!("{:.2}", processor / gibibytes) } else { "-".into() },
                match outcome.relay {
                    Some(share) if !verified => format!("{:.0} %", share * 100.0),
                    _ => "-".into(),
                },
            ]);
        }
    }
    aligned(&rows)
}

/// What went wrong: with whom, and in words.
pub(crate) fn troubles(outcomes: &[Outcome]) -> Vec<(Program, String)> {
    let mut lines = Vec::new();
    for outcome in outcomes {
        for runs in &outcome.all {
            for (round, run) in runs.runs.iter().enumerate() {
                let why = match &run.end {
                    End::Done => continue,
                    End::Failed(why) => why,
                    End::TooLong => "killed, it took too long",
                };
                let (work, program, round) = (outcome.work.name, runs.program, round + 1);
                lines.push((program, format!("{work}, {}, round {round}: {why}", program.name())));
            }
        }
    }
    lines
}

fn goal(most: f64) -> String {
    format!("<= {most:.2}")
}

fn met(value: f64, most: f64) -> String {
    if value <= most { "met".into() } else { "not met".into() }
}

/// The first column to the left, the others to the right.
fn aligned(rows: &[Vec<String>]) -> String {
    let columns = rows.iter().map(Vec::len).max().unwrap_or_default();
    let width = |column: usize| {
        let cells = rows.iter().filter_map(|row| row.get(column));
        cells.map(|cell| cell.chars().count()).max().unwrap_or_default()
    };
    let widths: Vec<usize> = (0..columns).map(width).collect();
    let mut text = String::new();
    for row in rows {
        let mut line = String::new();
        for (column, (cell, width)) in row.iter().zip(&widths).enumerate() {
            let _ = match column {
                0 => write!(line, "{cell:<width$}"),
                _ => write!(line, "  {cell:>width$}"),
            };
        }
        text += &(line.trim_end().to_owned() + "\n");
    }
    text
}

/// A table that errs would be worse than none: it is tried before it is believed.
pub(crate) fn check() {
    assert_eq!(median(vec![]), None);
    assert_eq!(median(vec![3.0, 1.0, 2.0]), Some(2.0));
    assert_eq!(median(vec![4.0, 1.0, 2.0, 3.0]), Some(2.5));
    assert_eq!(met(1.0, 1.0), "met");
    assert_eq!(met(1.01, 1.0), "not met");
    assert_eq!(
        aligned(&[vec!["a".into(), "bb".into()], vec!["aaa".into(), "b".into()]]),
        "a    bb\naaa   b\n"
    );
}
