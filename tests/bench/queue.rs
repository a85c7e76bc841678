//! How long it takes to open a queue of a million steps, and what memory: listed, and gone on with to its end.

use std::{fmt::Write as _, fs, path::Path, process::Command, time::Duration};

use anyhow::{Context as _, ensure};

use crate::{
    ground::Ground,
    peers::Program,
    run::{End, Ran, timed},
    table::median,
};

pub(crate) const NAME: &str = "queue of 1,000,000 steps";
const STEPS: u64 = 1_000_000;
/// Longer than any of it takes.
const LIMIT: Duration = Duration::from_secs(120);
/// What is to be reached.
const SECONDS: f64 = 1.0;
const MEGABYTES: f64 = 150.0;

/// Steps that are done, of a job that has not ended: some of them failed, in folders of a thousand.
const FILL: &str = "UPDATE job SET ended = NULL, process = 'nobody';
    WITH RECURSIVE n(i) AS (SELECT 10 UNION ALL SELECT i + 1 FROM n WHERE i < ?1 + 9)
    INSERT INTO ledger (job, step, ending, kind, from_path, to_path, size, verdict, method, digest, attempts, began, ended)
    SELECT 1, i, 'done', 'file',
           CAST('/home/anna/measurements/2026/folder-' || (i / 1000) || '/file-' || i || '.dat' AS BLOB),
           CAST('/srv/in/measurements/2026/folder-' || (i / 1000) || '/file-' || i || '.dat' AS BLOB),
           1000, 'hash', 'sha256', randomblob(32), 1, ?2, ?2 FROM n";

/// Medians of both.
pub(crate) fn measure(ground: &Ground, rounds: u32) -> anyhow::Result<String> {
    let folder = tempfile::Builder::new().prefix("wharf-bench-").tempdir()?;
    let (from, whole) = (folder.path().join("from"), folder.path().join("whole"));
    fs::create_dir(&from)?;
    fs::write(from.join("a"), "x")?;
    let output = ground.here().join("output");
    let state = folder.path().join("state");
    done(&timed(wharf(folder.path(), &["cp", "-q", "-r", "from", "to"])?, LIMIT, &output)?)?;
    let file = state.join("journal.sqlite");
    let journal = rusqlite::Connection::open(&file)?;
    let now = jiff::Timestamp::now().as_millisecond();
    let (job, rows) = FILL.split_once(';').context("two statements")?;
    journal.execute(job, [])?;
    journal.execute(rows, (STEPS.cast_signed(), now))?;
    journal.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))?;
    drop(journal);
    fs::copy(&file, &whole)?;
    let mut told = format!("\n{NAME}: medians\n");
    for words in [&["queue"][..], &["queue", "resume", "-q"]] {
        let mut ran = Vec::new();
        for _ in 0..rounds {
            for helper in ["-wal", "-shm"] {
                let _ = fs::remove_file(state.join(format!("journal.sqlite{helper}")));
            }
            fs::copy(&whole, &file)?;
            let one = timed(wharf(folder.path(), words)?, LIMIT, &output)?;
            done(&one)?;
            let listed = fs::read_to_string(&output)?;
            ensure!(words.len() > 1 || listed.contains("steps done"), "it lists: {listed}");
            ran.push(one);
        }
        let of =
            |figure: fn(&Ran) -> f64| median(ran.iter().map(figure).collect()).context("no round");
        let wall = of(|ran| ran.wall.as_secs_f64())?;
        let processor = of(|ran| ran.processor.as_secs_f64())?;
        let peak = of(|ran| ran.peak as f64 / 1e6)?;
        let met = if wall < SECONDS && peak < MEGABYTES { "met" } else { "not met" };
        let _ = writeln!(
            told,
            "  wharf {:16} {wall:.2} s, {processor:.2} s of a processor, {peak:.0} MB; goal < {SECONDS} s, \
             < {MEGABYTES} MB: {met}",
            words.join(" ")
        );
    }
    Ok(told)
}

fn wharf(folder: &Path, words: &[&str]) -> anyhow::Result<Command> {
    let mut command = Command::new(Program::Wharf.find().context("there is no wharf")?);
    command.args(words).current_dir(folder).env_clear().env("HOME", folder);
    command.arg("--state-dir").arg(folder.join("state"));
    command.arg("--config-dir").arg(folder.join("config"));
    Ok(command)
}

fn done(ran: &Ran) -> anyhow::Result<()> {
    ensure!(ran.end == End::Done, "{:?}", ran.end);
    Ok(())
}
