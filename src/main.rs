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
    domain::{
        book::Book,
        columns::Columns,
        display::escape,
        error::Error,
        journal::WhenLeft,
        path::StoragePath,
        place::{Endpoint, Location},
        question::ConflictChoice,
        rate::Limit,
        saved::Terms,
        signals::Signals,
        trash::Trash,
    },
    engine::{self, Handles, journal, message::Command},
    keymap::Keymap,
    settings::{
        config,
        paths::Paths,
        secrets::SystemVault,
        session,
        sites::{self, SiteVault, Sites},
        ssh_config::{Resolver, SshOptions},
    },
    storage::dial::Dialer,
    terminal::{self, Shade},
    view::{Kinds, Theme},
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
            let book = sites(&arguments.common)?.book();
            let requests = match cli::requests(copy, &here, &book) {
                Ok(requests) => requests,
                Err(why) => return Ok(bad_usage(&why)),
            };
            headless(&arguments.common, Recorded::Yes, async |handles, interrupts| {
                cli::copy(handles, copy, requests, interrupts).await
            })
        }
        Some(Headless::Ls(list)) => {
            let book = sites(&arguments.common)?.book();
            let location = match cli::location(&list.place, &here, &book) {
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
        Some(Headless::Sites(what)) => Ok(cli::sites(what, &sites(&arguments.common)?)),
        Some(Headless::Log(log)) => Ok(cli::log(log, paths(&arguments.common)?.state_dir())),
        None => screen(arguments, here),
    }
}

fn bad_usage(why: &str) -> Outcome {
    let _ = writeln!(std::io::stderr(), "wharf: {why}");
    Outcome::BadUsage
}

fn screen(arguments: &Arguments, here: StoragePath) -> anyhow::Result<Outcome> {
    let sites = Arc::new(sites(&arguments.common)?);
    let book = sites.book();
    let (left, right) = match first_places(arguments, &here, &book) {
        Ok(places) => places,
        Err(why) => return Ok(bad_usage(&why)),
    };
    if let Err(why) = terminal::check() {
        return Ok(bad_usage(&why.to_string()));
    }
    let state_dir = paths(&arguments.common)?.state_dir().to_owned();
    let edits = state_dir.join("edits");
    let Foundation {
        runtime,
        dialer,
        journal,
        when_left,
        on_conflict,
        trash,
        at_once,
        limit,
        theme: theme_name,
        icons,
        columns,
        restore,
        signals,
        mut troubles,
    } = foundation(&arguments.common, sites.clone(), after_the_screen)?;
    let handles = {
        let _engine = runtime.enter();
        engine::start_with_journal(Arc::new(dialer), journal)
    };
    let _ = handles.commands.send(Command::Limit(limit));
    let _ = handles.commands.send(Command::AtOnce(at_once));
    // A runtime of the screen's own: its clock must not stand still while the engine's workers are busy.
    let screen = Builder::new_current_thread().enable_all().build()?;
    let (keys, own, note) = keymap(arguments)?;
    troubles.extend(own);
    let theme = theme(arguments, &theme_name).unwrap_or_else(|trouble| {
        troubles.push(trouble);
        Theme::default()
    });
    let start = app::Start {
        left,
        right,
        here,
        when_left,
        on_conflict,
        trash,
        edits,
        keys,
        theme,
        columns,
        kinds: Kinds::new(&std::env::var("LS_COLORS").unwrap_or_default(), icons),
        signals,
        troubles,
        note,
        book,
        session: if restore { session::read(&state_dir) } else { None },
        shelf: sites,
    };
    let session = screen.block_on(app::run(handles, start))?;
    if restore && let Err(error) = session::keep(&state_dir, &session) {
        let _ = writeln!(std::io::stderr(), "wharf: {error}");
    }
    // A worker that is stuck in a call to a dead disk or server does not keep the person waiting.
    runtime.shutdown_background();
    Ok(Outcome::Done)
}

/// The keys, with the person's own, what is wrong with those, and what came of them that was perhaps not meant.
fn keymap(arguments: &Arguments) -> anyhow::Result<(Keymap, Vec<String>, Option<String>)> {
    let path = paths(&arguments.common)?.config_dir().join("keymap.toml");
    let named = escape(path.as_os_str().as_bytes());
    match std::fs::read_to_string(&path) {
        Ok(text) => {
            let (keys, troubles) = Keymap::with(&text);
            let troubles = troubles.into_iter().map(|why| format!("{named}, {why}.")).collect();
            let note = keys.without_keys().map(|words| format!("keymap.toml, {words}."));
            Ok((keys, troubles, note))
        }
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            Ok((Keymap::default(), Vec::new(), None))
        }
        Err(error) => {
            let error = Error::from_io(format!("read {named}"), error);
            Ok((Keymap::default(), vec![error.to_string()], None))
        }
    }
}

/// The theme of a name: the person's own goes before one that comes along.
fn theme(arguments: &Arguments, name: &str) -> Result<Theme, String> {
    let name = if matches!(name, "" | "auto") { suitable_theme() } else { name };
    let shown = escape(name.as_bytes());
    let own = paths(&arguments.common).map(|paths| paths.config_dir().join("themes"));
    // A name is no path.
    let own = own.ok().filter(|_| !name.contains('/')).map(|own| own.join(format!("{name}.toml")));
    if let Some(text) = own.and_then(|own| std::fs::read_to_string(own).ok()) {
        return Theme::read(&text)
            .map_err(|why| format!("The theme {shown} cannot be used: {why}. The default is."));
    }
    Theme::embedded(name).ok_or_else(|| {
        let names: Vec<&str> = Theme::names().collect();
        format!(
            "There is no theme {shown}; there are {}, and those in the folder themes of the configuration. The \
             default is used.",
            names.join(", ")
        )
    })
}

/// The theme for the terminal's own ground. Where that is not known, the terminal's own colours suit it best.
fn suitable_theme() -> &'static str {
    match terminal::shade() {
        Some(Shade::Light) => "light",
        Some(Shade::Dark) => "dark",
        None => "default",
    }
}

/// What the panes show at first: a server alone goes to the right, beside where one begins on this machine.
fn first_places(
    arguments: &Arguments,
    here: &StoragePath,
    book: &Book,
) -> Result<(Option<Location>, Option<Location>), String> {
    let place = |typed: &Option<std::ffi::OsString>| {
        typed.as_ref().map(|typed| cli::place(typed, here, book)).transpose()
    };
    let (left, right) = (place(&arguments.left)?, place(&arguments.right)?);
    match (left, right) {
        (Some(only), None) if only.endpoint != Endpoint::Local => {
            let begins = book.of(&only.endpoint).and_then(|saved| book.start_here(saved));
            Ok((begins.or_else(|| Some(Location::local(here.clone()))), Some(only)))
        }
        places => Ok(places),
    }
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
    let sites = Arc::new(sites(common)?);
    let limits = sites.book().limits();
    let Foundation { runtime, dialer, journal, at_once, limit, troubles, .. } =
        foundation(common, sites, || {})?;
    for trouble in troubles {
        let _ = writeln!(std::io::stderr(), "wharf: {trouble}");
    }
    let outcome = runtime.block_on(async {
        let mut interrupts = interrupts()?;
        let handles = match recorded {
            Recorded::Yes => engine::start_with_journal(Arc::new(dialer), journal),
            Recorded::No => engine::start(Arc::new(dialer)),
        };
        let _ = handles.commands.send(Command::Limit(limit));
        let _ = handles.commands.send(Command::AtOnce(at_once));
        for (site, limit) in limits {
            let _ = handles.commands.send(Command::LimitSite(site, limit));
        }
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
    on_conflict: Option<ConflictChoice>,
    trash: Trash,
    at_once: Option<usize>,
    limit: Limit,
    /// The name of the colours.
    theme: String,
    /// Icons in front of names.
    icons: bool,
    /// The columns of panes.
    columns: Columns,
    /// The panes are shown again as they were left.
    restore: bool,
    /// How the person is told beside the screen.
    signals: Signals,
    /// What is wrong with the person's settings.
    troubles: Vec<String>,
}

fn paths(common: &Common) -> anyhow::Result<Paths> {
    Ok(Paths::new(common.config_dir.clone(), common.state_dir.clone())?)
}

/// The person's saved sites.
fn sites(common: &Common) -> anyhow::Result<Sites> {
    Ok(Sites::open(&paths(common)?, common.ssh_config.clone()))
}

/// Each of the runtime's threads begins with `begin`.
fn foundation(common: &Common, sites: Arc<Sites>, begin: fn()) -> anyhow::Result<Foundation> {
    let paths = paths(common)?;
    wharf::settings::log::start(&paths)?;
    let (config, troubles) = config::read(paths.config_dir());
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
    let is_given = given.is_some();
    let kept = Arc::new(SystemVault::new(given));
    let (ways, terms) = (sites.clone(), sites.clone());
    let (said, kept_ways) = (common.ftp(), config.ftp);
    let dialer = Dialer::new(
        Arc::new(move |site| {
            let terms = ways.terms(site);
            let mut login = resolver.resolve_through(site, terms.jump.as_deref())?;
            for jump in &mut login.jumps {
                jump.login = sites::apply(&ways.terms(&jump.site).login, jump.login.clone());
            }
            Ok(sites::apply(&terms.login, login))
        }),
        Arc::new(SiteVault::new(sites, kept, is_given)),
    )
    .within(bounds)
    .keeping_certificates_in(paths.state_dir().join("certificates"))
    .under(Arc::new(move |site| {
        let saved = terms.terms(site);
        Terms { ftp: said.or(saved.ftp).or(kept_ways), ..saved }
    }));
    let runtime = Builder::new_multi_thread().enable_all().on_thread_start(begin).build()?;
    let directory = paths.state_dir().to_owned();
    let journal = journal::Options { directory, retention: config.retention };
    Ok(Foundation {
        runtime,
        dialer,
        journal,
        when_left: config.when_left,
        on_conflict: config.on_conflict,
        trash: config.trash,
        at_once: config.at_once,
        limit: common.limit.unwrap_or(config.limit),
        theme: config.theme,
        icons: config.icons,
        columns: config.columns,
        restore: config.restore,
        signals: config.signals,
        troubles,
    })
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
