//! What the journal costs: the same copies by engines in this process, in turns with a journal and without one.
//!
//! Measured from the command to the event that tells the job's end, connecting included: with a journal that event is told
//! when it is written, so all of it counts.

use std::{
    fmt::Write as _,
    path::Path,
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::{Context as _, ensure};
use wharf::{
    domain::{
        digest::VerifyLevel,
        journal::Retention,
        path::StoragePath,
        place::{Endpoint, Location},
        site::{Protocol, Site},
    },
    engine::{
        self,
        journal::Options,
        message::{Command, Destination, Event, JobId, JobOptions, JobRequest, Work as Job},
    },
    settings::ssh_config::{Resolver, SshOptions},
    storage::dial::Dialer,
};

use crate::{
    check,
    first_rows::Nothing,
    ground::Ground,
    run::processor_time,
    servers::client::HOST,
    table::median,
    works::{Act, Load, Work},
};

pub(crate) const NAME: &str = "journal";
/// With a journal over without one.
const GOAL: f64 = 1.05;
/// Of large files nothing is to be measured: what differs from one half of the runs to the other is more.
const GOAL_OF_LARGE: f64 = 1.02;
/// Longer than any of it takes.
const LIMIT: Duration = Duration::from_secs(600);

/// From where to where.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    Here,
    Get,
    Put,
}

/// What runs took: by the clock, and of a processor in this process.
#[derive(Default)]
struct Times {
    wall: Vec<f64>,
    processor: Vec<f64>,
}

impl Times {
    fn medians(self) -> anyhow::Result<(f64, f64)> {
        Ok((median(self.wall).context("no round")?, median(self.processor).context("no round")?))
    }
}

/// Medians with and without, and how they compare.
pub(crate) fn measure(ground: &Ground, rounds: u32) -> anyhow::Result<String> {
    let mut told = format!("\n{NAME}: medians of seconds with and without one\n");
    let runtime = tokio::runtime::Runtime::new()?;
    for load in [Load::Folder, Load::Many, Load::Large] {
        // One run of few small files is too short to be told from the next.
        let rounds = if load == Load::Large { rounds } else { rounds * 4 };
        let goal = if load == Load::Large { GOAL_OF_LARGE } else { GOAL };
        for way in [Way::Here, Way::Get, Way::Put] {
            let act = if way == Way::Get { Act::Get } else { Act::Put };
            let work = Work { name: NAME, act, load, far: false, goal, memory: None };
            ground.lay_out(&work)?;
            let (mut with, mut without) = (Times::default(), Times::default());
            // The journal is there already, as it is for everybody but on the first day.
            runtime.block_on(once(ground, &work, way, true))?;
            for round in 0..rounds {
                // Who is first changes.
                for turn in 0..2 {
                    let recorded = (turn + round) % 2 == 0;
                    let took = runtime.block_on(once(ground, &work, way, recorded))?;
                    let times = if recorded { &mut with } else { &mut without };
                    times.wall.push(took.0.as_secs_f64());
                    times.processor.push(took.1.as_secs_f64());
                }
            }
            let (with, without) = (with.medians()?, without.medians()?);
            let ratio = with.0 / without.0;
            let met = if ratio <= goal { "met" } else { "not met" };
            let _ = writeln!(
                told,
                "  {:10} {way:?}: {:.3} {:.3}, ratio {ratio:.3}, goal <= {goal}: {met}; of a processor {:.2} {:.2}",
                load.name(),
                with.0,
                without.0,
                with.1,
                without.1,
            );
            eprintln!("{NAME}: {} {way:?}: {ratio:.3}", load.name());
            ground.clear_away(&work)?;
        }
    }
    Ok(told)
}

/// One copy by an engine of its own; how long it took, and how much of a processor.
async fn once(
    ground: &Ground,
    work: &Work,
    way: Way,
    recorded: bool,
) -> anyhow::Result<(Duration, Duration)> {
    ground.prepare(work)?;
    let (source, arrives) = ground.ends(work);
    let arrives =
        if way == Way::Here { ground.here().join("in").join(work.load.name()) } else { arrives };
    let site = Endpoint::Remote(Arc::new(Site::new(Protocol::Sftp, None, HOST, None)?));
    let (from, to) = match way {
        Way::Here => (Endpoint::Local, Endpoint::Local),
        Way::Get => (site, Endpoint::Local),
        Way::Put => (Endpoint::Local, site),
    };
    let options =
        SshOptions { config: Some(ground.side(work).client.config()), ..SshOptions::default() };
    let resolver = Resolver::new(options);
    let dialer =
        Arc::new(Dialer::new(Arc::new(move |site| resolver.resolve(site)), Arc::new(Nothing)));
    let directory = ground.here().join("state");
    let processor = || processor_time(std::process::id());
    let (began, used) = (Instant::now(), processor()?);
    let mut handles = match recorded {
        true => engine::start_with_journal(
            dialer,
            Options { directory, retention: Retention::default() },
        ),
        false => engine::start(dialer),
    };
    let path = |path: &Path| StoragePath::new(path.as_os_str().as_encoded_bytes());
    let request = JobRequest {
        work: Job::Copy(Destination::Exactly(Location { endpoint: to, path: path(&arrives) })),
        from,
        sources: vec![path(&source)],
        options: JobOptions { verify: VerifyLevel::Size, recursive: true, ..JobOptions::default() },
    };
    handles.commands.send(Command::Add(JobId(1), request))?;
    let ended = async {
        while let Some(event) = handles.events.recv().await {
            match event {
                Event::JobEnded(summary) => return Some(summary),
                Event::Notice(words) => eprintln!("{NAME}: {words}"),
                _ => {}
            }
        }
        None
    };
    let summary = tokio::time::timeout(LIMIT, ended).await?.context("the engine has gone")?;
    let took = (began.elapsed(), processor()?.saturating_sub(used));
    ensure!(summary.counts.failed == 0, "{summary:?}");
    drop(handles.commands);
    while handles.events.recv().await.is_some() {}
    check::same(&source, &arrives)?;
    Ok(took)
}
