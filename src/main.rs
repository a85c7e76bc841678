//! Arguments to the screen, `cp`, `ls`, `log` or `queue`; exit codes; nothing else.

use std::{io::Write as _, os::unix::ffi::OsStrExt as _, process::ExitCode, sync::Arc};

use clap::Parser as _;
use secrecy::SecretString;
use tokio::{
    runtime::{Builder, Runtime},
    signal::unix::{SignalKind, signal},
    sync::mpsc,
};
use wharf::{
    app,
    cli::{
        self, Interrupt, Outcome,
        arguments::{Arguments, Common, Headless},
    },
    domain::{journal::WhenLeft, path::StoragePath, place::Location},
    engine::{self, Handles, journal},
    settings::{
        config,
        paths::Paths,
        secrets::SystemVault,
        ssh_config::{Resolver, SshOptions},
    },
    storage::dial::Dialer,
    terminal,
};

fn main() -> ExitCode {
    let outcome = run(&Arguments::parse()).unwrap_or_else(|error| {
        let _ = writeln!(std::io::stderr(), "wharf: {error:#}");
        Outcome::SomeFailed
    });
    ExitCode::from(outcome as u8)
}

fn run(arguments: &Arguments) -> anyhow::Result<Outcome> {
    let here = StoragePath::new(std::env::current_dir()?.as_os_str().as_bytes());
    match &arguments.headless {
        Some(Headless::Cp(copy)) => {
            let requests = match cli::requests(copy, &here) {
                Ok(requests) => requests,
                Err(why) => return Ok(bad_usage(&why)),
            };
            headless(&arguments.common, Recorded::Yes, async |handles, interrupts| {
                cli::copy(handles, copy, requests, interrupts).await
            })
        }
        Some(Headless::Ls(list)) => {
            let location = match cli::location(&list.place, &here) {
                Ok(location) => location,
                Err(why) => return Ok(bad_usage(&why)),
            };
            headless(&arguments.common, Recorded::No, async |handles, interrupts| {
                cli::list(handles, list, location, interrupts).await
            })
        }
        Some(Headless::Queue(queue)) => {
            headless(&arguments.common, Recorded::Yes, async |handles, interrupts| {
                cli::queue(handles, queue, interrupts).await
            })
        }
        Some(Headless::Log(log)) => Ok(cli::log(log, paths(&arguments.common)?.state_dir())),
        None => screen(arguments, here),
    }
}

fn bad_usage(why: &str) -> Outcome {
    let _ = writeln!(std::io::stderr(), "wharf: {why}");
    Outcome::BadUsage
}

fn screen(arguments: &Arguments, here: StoragePath) -> anyhow::Result<Outcome> {
    let place = |typed: &Option<std::ffi::OsString>| -> Result<Option<Location>, String> {
        typed.as_ref().map(|typed| cli::location(typed, &here)).transpose()
    };
    let (left, right) = match (place(&arguments.left), place(&arguments.right)) {
        (Ok(left), Ok(right)) => (left, right),
        (Err(why), _) | (_, Err(why)) => return Ok(bad_usage(&why)),
    };
    if let Err(why) = terminal::check() {
        return Ok(bad_usage(&why.to_string()));
    }
    let edits = paths(&arguments.common)?.state_dir().join("edits");
    let Foundation { runtime, dialer, journal, when_left } =
        foundation(&arguments.common, after_the_screen)?;
    let handles = {
        let _engine = runtime.enter();
        engine::start_with_journal(Arc::new(dialer), journal)
    };
    // A runtime of the screen's own: its clock must not stand still while the engine's workers are busy.
    let screen = Builder::new_current_thread().enable_all().build()?;
    screen.block_on(app::run(handles, app::Start { left, right, here, when_left, edits }))?;
    // A worker that is stuck in a call to a dead disk or server does not keep the person waiting.
    runtime.shutdown_background();
    Ok(Outcome::Done)
}

/// Whether what is done goes into the journal.
enum Recorded {
    Yes,
    No,
}

fn headless(
    common: &Common,
    recorded: Recorded,
    work: impl AsyncFnOnce(Handles, &mut mpsc::Receiver<Interrupt>) -> Outcome,
) -> anyhow::Result<Outcome> {
    let Foundation { runtime, dialer, journal, .. } = foundation(common, || {})?;
    let outcome = runtime.block_on(async {
        let mut interrupts = interrupts()?;
        let handles = match recorded {
            Recorded::Yes => engine::start_with_journal(Arc::new(dialer), journal),
            Recorded::No => engine::start(Arc::new(dialer)),
        };
        anyhow::Ok(work(handles, &mut interrupts).await)
    });
    runtime.shutdown_background();
    outcome
}

/// What every command with an engine stands on.
struct Foundation {
    runtime: Runtime,
    /// Who connects.
    dialer: Dialer,
    /// Where what is done is recorded.
    journal: journal::Options,
    when_left: WhenLeft,
}

fn paths(common: &Common) -> anyhow::Result<Paths> {
    Ok(Paths::new(common.config_dir.clone(), common.state_dir.clone())?)
}

/// Each of the runtime's threads begins with `begin`.
fn foundation(common: &Common, begin: fn()) -> anyhow::Result<Foundation> {
    let paths = paths(common)?;
    wharf::settings::log::start(&paths)?;
    let config = config::read(paths.config_dir())?;
    let mut bounds = config.bounds;
    if let Some(connections) = common.connections {
        bounds.connections = connections.into();
    }
    let resolver = Resolver::new(SshOptions {
        config: common.ssh_config.clone(),
        identities: common.identities.clone(),
        port: common.port,
    });
    let given = std::env::var("WHARF_PASSWORD").ok().map(SecretString::from);
    let dialer = Dialer::new(
        Arc::new(move |site| resolver.resolve(site)),
        Arc::new(SystemVault::new(given)),
    )
    .within(bounds)
    .keeping_certificates_in(paths.state_dir().join("certificates"));
    let runtime = Builder::new_multi_thread().enable_all().on_thread_start(begin).build()?;
    let directory = paths.state_dir().to_owned();
    let journal = journal::Options { directory, retention: config.retention };
    Ok(Foundation { runtime, dialer, journal, when_left: config.when_left })
}

/// Where processors are short the screen goes first: a frame takes a millisecond of what a transfer takes by the
/// second. Threads that are begun by this one, such as connections, inherit it.
fn after_the_screen() {
    const NICER: i32 = 5;
    // Linux has a priority for every thread; elsewhere this would slow the screen as well.
    #[cfg(target_os = "linux")]
    let _ = rustix::process::getpriority_process(None).and_then(|now| {
        // One who asked for more patience keeps it.
        rustix::process::setpriority_process(None, (now + NICER).min(19))
    });
}

/// A message for each wish of the person or the system that the command end.
fn interrupts() -> anyhow::Result<mpsc::Receiver<Interrupt>> {
    let (sender, receiver) = mpsc::channel(4);
    for (kind, interrupt) in [
        (SignalKind::interrupt(), Interrupt::Cancel),
        (SignalKind::terminate(), Interrupt::Leave),
        (SignalKind::hangup(), Interrupt::Leave),
    ] {
        let mut signals = signal(kind)?;
        let sender = sender.clone();
        tokio::spawn(async move {
            while signals.recv().await.is_some() {
                if sender.send(interrupt).await.is_err() {
                    return;
                }
            }
        });
    }
    Ok(receiver)
}
