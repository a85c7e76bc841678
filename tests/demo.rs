//! The embedded demo: two panes, one of them an SFTP server that lives in this process; an FTP server is a saved site.
//!
//! `cargo run --release --example demo`. A thin launcher: the screen, the engine and the SFTP client are the
//! product's own, and speak to the server over TCP. Everything is in one temporary folder that goes away at the
//! end; the host key and the password are fresh each time and known beforehand, so that no question is asked.
//! SIGUSR1 cuts the line to the server for a while.

#[path = "servers/embedded/mod.rs"]
#[expect(dead_code, unused_imports, reason = "tests need more of the server than the demo does")]
mod embedded;
#[path = "demo/folder.rs"]
mod folder;
#[path = "demo/ftp_site.rs"]
mod ftp_site;
#[path = "demo/line.rs"]
mod line;
#[path = "demo/sample.rs"]
mod sample;

use std::{
    fs,
    io::{self, Read as _},
    os::unix::ffi::OsStrExt as _,
    path::Path,
    process::ExitCode,
    sync::Arc,
    time::Duration,
};

use anyhow::Context as _;
use async_trait::async_trait;
use secrecy::SecretString;
use wharf::{
    app::{self, Start},
    domain::{
        error::{Error, ErrorKind, Result},
        journal::WhenLeft,
        path::StoragePath,
        place::{Endpoint, Location},
        secret::Vault,
        signals::Signals,
        site::{Agent, Authentication, Protocol, Site, SshLogin, StrictHostKeys},
        trash::Trash,
    },
    engine,
    keymap::Keymap,
    settings::{paths::Paths, sites::Sites},
    storage::dial::{Dialer, Resolve},
    terminal,
    view::{Kinds, Theme},
};

use embedded::{EmbeddedServer, Options};
use folder::DemoFolder;

#[expect(clippy::print_stderr, reason = "there is no screen then")]
fn main() -> ExitCode {
    match show() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("demo: {error:#}");
            ExitCode::from(if error.is::<terminal::NoScreen>() { 2 } else { 1 })
        }
    }
}

fn show() -> anyhow::Result<()> {
    terminal::check()?;
    let folder = DemoFolder::make().context("could not make a temporary folder")?;
    let here = folder.path().join("here");
    let there = folder.path().join("there");
    let archive = folder.path().join("archive");
    sample::fill(&here, &there, &archive).context("could not fill the temporary folder")?;

    let password = fresh_password()?;
    let server = EmbeddedServer::start(Options::directory(&there, &password))?;
    let known_hosts = folder.path().join("known_hosts");
    fs::write(&known_hosts, server.known_hosts_line()?)?;

    let site = Arc::new(Site::new(Protocol::Sftp, Some("demo"), "files.example", None)?);
    let known_as = format!("[127.0.0.1]:{}", server.port());
    let login = SshLogin {
        host_key_alias: Some(known_as),
        ..login(line::to(server.port())?, &known_hosts)
    };
    let dialer = Dialer::new(only_here(&site, login), Arc::new(Pocket(password.into())));
    // Sites that are saved here go away with the rest.
    let paths = Paths::new(Some(folder.path().join("config")), Some(folder.path().join("state")))?;
    fs::create_dir_all(paths.config_dir())?;
    fs::write(paths.config_dir().join("sites.toml"), saved_sites(ftp_site::serve(&archive)?))?;
    let sites = Arc::new(Sites::open(&paths, Some(folder.path().join("no-ssh-config"))));
    let start = Start {
        left: Some(Location::local(path_of(&here))),
        right: Some(Location { endpoint: Endpoint::Remote(site), path: StoragePath::new(".") }),
        here: path_of(&here),
        when_left: WhenLeft::Never,
        on_conflict: None,
        // Nothing of the demo is left on this machine.
        trash: Trash::Never,
        edits: folder.path().join("edits"),
        keys: Keymap::default(),
        theme: Theme::default(),
        kinds: Kinds::default(),
        columns: Default::default(),
        signals: Signals::default(),
        troubles: Vec::new(),
        note: None,
        book: sites.book(),
        session: None,
        shelf: sites,
    };

    folder.screen_is_up();
    let runtime = tokio::runtime::Runtime::new()?;
    let ended = runtime.block_on(async { app::run(engine::start(Arc::new(dialer)), start).await });
    runtime.shutdown_timeout(Duration::from_secs(1));
    ended.map(drop)
}

/// The two sites by their names.
fn saved_sites(ftp_port: u16) -> String {
    format!(
        "[[site]]\nname = \"files\"\nhost = \"files.example\"\nuser = \"demo\"\n\n\
         [[site]]\nname = \"archive\"\nprotocol = \"ftp\"\nhost = \"127.0.0.1\"\nport = {ftp_port}\nuser = \"demo\"\n"
    )
}

fn path_of(path: &Path) -> StoragePath {
    StoragePath::new(path.as_os_str().as_bytes())
}

fn fresh_password() -> io::Result<String> {
    let mut bytes = [0; 24];
    fs::File::open("/dev/urandom")?.read_exact(&mut bytes)?;
    Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}

fn login(port: u16, known_hosts: &Path) -> SshLogin {
    SshLogin {
        host_name: String::from("127.0.0.1"),
        port,
        user: String::from("demo"),
        identity_files: Vec::new(),
        identities_only: true,
        agent: Agent::None,
        known_hosts: vec![known_hosts.to_owned()],
        hash_known_hosts: false,
        host_key_alias: None,
        strict_host_keys: StrictHostKeys::Yes,
        connect_timeout: Duration::from_secs(10),
        authentications: vec![Authentication::Password],
        jumps: Vec::new(),
    }
}

/// Leads to the demo's own server and nowhere else: the person's ssh config, keys and agent are none of its business.
fn only_here(site: &Arc<Site>, login: SshLogin) -> Arc<Resolve> {
    let site = site.clone();
    Arc::new(move |asked| {
        if *asked == *site {
            return Ok(login.clone());
        }
        let why = "the demo knows only its own server, demo@files.example; run wharf for others";
        Err(Error::new(ErrorKind::Invalid, format!("connect to {asked}"), why))
    })
}

/// Keeps the demo's password in memory, where the product asks the keyring.
struct Pocket(SecretString);

#[async_trait]
impl Vault for Pocket {
    async fn find(&self, _: &Site) -> Result<Option<SecretString>> {
        Ok(Some(self.0.clone()))
    }

    async fn keep(&self, _: &Site, _: &SecretString) -> Result<()> {
        Ok(())
    }

    async fn forget(&self, _: &Site) -> Result<()> {
        Ok(())
    }
}
