//! Speed side by side with peers: `cargo bench`, or `cargo bench -- --rounds 3 --only '1 GiB'`.
//!
//! The real `wharf` against whichever of OpenSSH's sftp, rclone and lftp are here, each as its own users would call
//! it, on the same sshd, in turns, whole processes from start to end, on cold caches; every copy is compared with
//! its source. `WHARF_BENCH_RCLONE` names an rclone that is not on PATH.

#![allow(clippy::print_stdout, clippy::print_stderr)]

mod check;
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
mod echo;
mod far_ftp;
mod first_rows;
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
mod frames;
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
mod ftp;
mod ground;
mod journal;
mod peers;
mod queue;
mod relay;
#[allow(clippy::expect_used)]
mod render;
mod rounds;
mod run;
mod table;
mod works;

#[path = "../servers"]
#[allow(dead_code, clippy::unwrap_used, clippy::expect_used, clippy::panic)] // The tests need more of them.
mod servers {
    pub(crate) mod certificates;
    pub(crate) mod client;
    pub(crate) mod daemon;
    pub(crate) mod ftp_server;
    pub(crate) mod processes;
    pub(crate) mod proftpd;
    pub(crate) mod programs;
    mod pureftpd;
    pub(crate) mod sshd;
    mod vsftpd;
}
#[path = "../support.rs"]
mod support;

use std::{process::ExitCode, sync::LazyLock};

use anyhow::Context as _;
use clap::Parser;

use ground::Ground;
use peers::{PEERS, Program};
use rounds::Pace;

/// What is no comparison of whole programs: a name, and what measures it and says what came out.
type Section = (&'static str, fn(&Ground, u32) -> anyhow::Result<String>);
/// Further ones go here.
const SECTIONS: &[Section] = &[
    (first_rows::NAME, first_rows::measure),
    (render::NAME, render::measure),
    ("frames under load", frames_under_load),
    (ftp::NAME, ftp::measure),
    (far_ftp::NAME, far_ftp::measure),
    (journal::NAME, journal::measure),
    (queue::NAME, queue::measure),
];

fn frames_under_load(_: &Ground, _: u32) -> anyhow::Result<String> {
    let figures = frames::measure().context("there is no sshd")?;
    Ok(figures.to_string())
}

/// Measures Wharf side by side with other programs.
#[derive(Debug, Parser)]
#[command(name = "cargo bench --")]
struct Options {
    /// How often each program does each work
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..))]
    rounds: u32,
    /// Only works with this in their name; may be given several times
    #[arg(long)]
    only: Vec<String>,
    /// Leave what was read in memory: then the disk does not count
    #[arg(long)]
    warm: bool,
    /// Say what there is to do, and do nothing
    #[arg(long)]
    list: bool,
    /// What cargo says
    #[arg(long, hide = true)]
    bench: bool,
    /// Be the relay to this port
    #[arg(long, hide = true)]
    relay: Option<u16>,
    /// Be the relay of these ports, to the same ports of the near address
    #[arg(long, hide = true, value_delimiter = ',')]
    relay_same: Vec<u16>,
}

fn main() -> ExitCode {
    let options = Options::parse();
    let done = match options.relay {
        None if !options.relay_same.is_empty() => {
            let ports = options.relay_same.iter().copied();
            relay::serve_same(ports, ground::EACH_WAY).map_err(Into::into).map(|()| true)
        }
        Some(target) => relay::serve(target, ground::EACH_WAY).map_err(Into::into).map(|()| true),
        None => measure(&options),
    };
    match done {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("bench: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// Whether Wharf did all it was asked to; goals that are not met are no failure.
fn measure(options: &Options) -> anyhow::Result<bool> {
    table::check();
    let wanted = |name: &str| {
        options.only.is_empty() || options.only.iter().any(|word| name.contains(word.as_str()))
    };
    let works: Vec<_> = works::all().into_iter().filter(|work| wanted(work.name)).collect();
    let sections: Vec<_> = SECTIONS.iter().filter(|(name, _)| wanted(name)).collect();
    if options.list {
        works.iter().for_each(|work| println!("{}", work.name));
        sections.iter().for_each(|(name, _)| println!("{name}"));
        return Ok(true);
    }
    anyhow::ensure!(
        !(works.is_empty() && sections.is_empty()),
        "no work has that in its name; see --list"
    );
    LazyLock::force(&run::INTERRUPTED);
    introduce(options);
    let Some(ground) = Ground::start(!options.warm)? else {
        println!(
            "There is no sshd here, so there is nothing to measure. `tests/run --servers` gets one."
        );
        return Ok(true);
    };
    let mut outcomes = Vec::new();
    for work in &works {
        let pace = Pace::new(&ground, work, options.rounds)?;
        outcomes.push(pace.run().with_context(|| work.name)?);
    }
    let measured: anyhow::Result<Vec<String>> = sections
        .iter()
        .map(|(name, measure)| measure(&ground, options.rounds).context(*name))
        .collect();
    let measured = measured?;

    println!("\n{}\n{}", table::speed(&outcomes, options.rounds as usize), table::cost(&outcomes));
    measured.iter().for_each(|words| print!("{words}"));
    let troubles = table::troubles(&outcomes);
    troubles.iter().for_each(|(_, line)| println!("{line}"));
    Ok(troubles.iter().all(|(program, _)| program.is_peer()))
}

fn introduce(options: &Options) {
    let (rounds, caches) = (options.rounds, if options.warm { "warm" } else { "cold" });
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    println!(
        "rounds: {rounds}, caches: {caches}, {cores} cores, wharf: {}",
        Program::Wharf.version().unwrap_or_default()
    );
    for peer in PEERS {
        match peer.version() {
            Some(version) => println!("{}: {version}", peer.name()),
            None => println!("{} is not here, so there is nothing to compare with it", peer.name()),
        }
    }
    if !options.warm && !ground::drop_caches() {
        println!(
            "caches may not be dropped by this account: only the sources are let go of, file by file"
        );
    }
}
