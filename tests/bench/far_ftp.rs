//! FTP at 50 ms, plain, against lftp, rclone and curl: many small files and one large one, down and up, on a vsftpd.
//!
//! The delay holds for data connections as for the control connection: the server's ports stand at another address of
//! this machine once more, behind the relay, and clients are sent to those by EPSV.

use std::{
    env, fmt::Write as _, fs, net::TcpListener, path::Path, process::Command, time::Duration,
};

use anyhow::{Context as _, ensure};

use crate::{
    check,
    ground::{Ground, Relay},
    peers::{Program, on_path},
    relay::FAR,
    run::{End, timed},
    servers::{
        client::{Client, ClientOptions},
        ftp_server::{FtpServer, Make, PASSWORD},
        sshd::free_port,
    },
    table::median,
    works::Load,
};

pub(crate) const NAME: &str = "ftp, 50 ms";

/// Longer than any of it takes.
const LIMIT: Duration = Duration::from_secs(120);
/// Data connections at the same time, with those whose ports are not free again yet.
const DOORS: u16 = 256;
/// What is carried, and Wharf's median over the best peer's, at most.
const LOADS: [(Load, &str, f64); 2] =
    [(Load::Folder, "400 x 4 KiB", 0.5), (Load::Medium, "256 MiB", 0.8)];
/// As many connections as the peers are told to take.
const CONNECTIONS: &str = "8";
/// What it comes to with half as many again: a file takes vsftpd three half round trips before its first byte, and one round
/// trip after its last, for it waits until that is acknowledged; so small ones go by at 150 ms each and connection.
const MORE_CONNECTIONS: &str = "12";

/// Who takes part.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Who {
    Wharf,
    WharfOverMore,
    Lftp,
    Rclone,
    Curl,
}

const ALL: [Who; 5] = [Who::Wharf, Who::WharfOverMore, Who::Lftp, Who::Rclone, Who::Curl];

impl Who {
    fn name(self) -> &'static str {
        match self {
            Who::Wharf => "wharf",
            Who::WharfOverMore => "wharf (12 connections)",
            Who::Lftp => "lftp",
            Who::Rclone => "rclone",
            Who::Curl => "curl",
        }
    }

    fn is_here(self) -> bool {
        match self {
            Who::Wharf | Who::WharfOverMore => true,
            Who::Rclone => Program::Rclone.find().is_some(),
            other => on_path(other.name()).is_some(),
        }
    }

    fn is_wharf(self) -> bool {
        matches!(self, Who::Wharf | Who::WharfOverMore)
    }

    /// curl carries one file; rclone has no several connections for one.
    fn does(self, load: Load) -> bool {
        match self {
            Who::Wharf | Who::Lftp => true,
            Who::Rclone | Who::WharfOverMore => load.is_folder(),
            Who::Curl => !load.is_folder(),
        }
    }
}

/// A server, the way to it, and who goes there.
struct Place {
    server: FtpServer,
    client: Client,
    _relay: Relay,
}

/// Medians, and how they compare.
pub(crate) fn measure(ground: &Ground, rounds: u32) -> anyhow::Result<String> {
    let mut told = String::from("\n");
    for who in ALL.into_iter().filter(|who| !who.is_here()) {
        writeln!(told, "{NAME}: {} is not here, and is left out", who.name())?;
    }
    let Some(place) = Place::make()? else {
        return Ok(format!("{NAME}: there is no vsftpd here (tests/run --servers gets one)\n"));
    };
    if place.server.user() == "anonymous" {
        return Ok(format!("{NAME}: needs root and a mount namespace, and is left out\n"));
    }
    let here = tempfile::Builder::new().prefix("wharf-bench-").tempdir()?;
    let files = place.server.files();
    for (load, words, goal) in LOADS {
        for up in [false, true] {
            let (from, to) = if up { (here.path(), &*files) } else { (&*files, here.path()) };
            load.make(from)?;
            let taking_part: Vec<Who> =
                ALL.into_iter().filter(|who| who.is_here() && who.does(load)).collect();
            let mut walls = vec![Vec::new(); taking_part.len()];
            for _ in 0..rounds {
                for (who, walls) in taking_part.iter().zip(&mut walls) {
                    let arrives = to.join(load.name());
                    clear(&arrives)?;
                    ground.cool_down();
                    let mut command = place.command(*who, load, up)?;
                    command.current_dir(here.path());
                    let ran = timed(command, LIMIT, &place.client.folder().join("output"))?;
                    ensure!(ran.end == End::Done, "{}, {words}: {:?}", who.name(), ran.end);
                    check::same(&from.join(load.name()), &arrives)?;
                    walls.push(ran.wall.as_secs_f64());
                }
            }
            let medians: Vec<f64> =
                walls.into_iter().map(|walls| median(walls).unwrap_or_default()).collect();
            let act = if up { "put" } else { "get" };
            write!(told, "{act} {words}, 50 ms, ftp://:")?;
            for (who, median) in taking_part.iter().zip(&medians) {
                write!(told, " {} {median:.2} s,", who.name())?;
            }
            let (own, peers): (Vec<_>, Vec<_>) =
                taking_part.iter().zip(medians).partition(|(who, _)| who.is_wharf());
            let best = peers.into_iter().map(|(_, median)| median).reduce(f64::min);
            for (who, median) in own {
                match best.map(|best| median / best) {
                    Some(ratio) => {
                        let met = if ratio <= goal { "met" } else { "NOT MET" };
                        write!(
                            told,
                            " {} over the best {ratio:.2} (goal {goal:.1}, {met})",
                            who.name()
                        )?;
                    }
                    None => write!(told, " and nothing to compare with")?,
                }
            }
            writeln!(told)?;
            clear(&from.join(load.name()))?;
            clear(&to.join(load.name()))?;
        }
    }
    Ok(told)
}

fn clear(place: &Path) -> anyhow::Result<()> {
    if place.is_dir() {
        fs::remove_dir_all(place)?;
    } else if place.exists() {
        fs::remove_file(place)?;
    }
    Ok(())
}

impl Place {
    fn make() -> anyhow::Result<Option<Self>> {
        let first = doors()?;
        let last = first + DOORS - 1;
        let options = FtpServer::options(Make::Vsftpd)
            .line(format!("pasv_min_port={first}"))
            .line(format!("pasv_max_port={last}"));
        let Some(server) = options.start() else { return Ok(None) };
        let ports: Vec<u16> = std::iter::once(server.port()).chain(first..=last).collect();
        let relay = Relay::of_same(&ports)?;
        let client =
            ClientOptions::new(free_port(), "nobody".into(), "/nonexistent".into(), Vec::new());
        Ok(Some(Self { server, client: client.write(), _relay: relay }))
    }

    fn command(&self, who: Who, load: Load, up: bool) -> anyhow::Result<Command> {
        let (port, name, client) = (self.server.port(), load.name(), &self.client);
        let program = match who {
            Who::Wharf | Who::WharfOverMore => Program::Wharf.find(),
            Who::Rclone => Program::Rclone.find(),
            Who::Lftp | Who::Curl => on_path(who.name()),
        };
        let mut command = Command::new(program.context("a program that is here")?);
        command.env_clear().env("PATH", env::var_os("PATH").unwrap_or_default());
        command.env("HOME", client.home()).env("LANG", "C.UTF-8").env("TERM", "dumb");
        let user = self.server.user();
        match who {
            Who::Wharf | Who::WharfOverMore => {
                let most = if who == Who::Wharf { CONNECTIONS } else { MORE_CONNECTIONS };
                let there = format!("ftp://{user}@{FAR}:{port}/~/");
                command.args(["cp", "--quiet", "--verify", "size", "-r"]);
                command.args(["--connections", most, "-F"]).arg(client.config());
                command.arg("--config-dir").arg(client.config_dir());
                command.arg("--state-dir").arg(client.state_dir());
                match up {
                    true => command.args([name.to_owned(), there]),
                    false => command.args([format!("{there}{name}"), ".".to_owned()]),
                };
                command.env("WHARF_PASSWORD", PASSWORD);
            }
            Who::Lftp => {
                let act = match (load.is_folder(), up) {
                    (true, false) => format!("mirror -P {CONNECTIONS} {name} {name}"),
                    (true, true) => format!("mirror -R -P {CONNECTIONS} {name} {name}"),
                    (false, false) => format!("pget -n 4 {name} -o {name}"),
                    (false, true) => format!("put {name} -o {name}"),
                };
                let script = [
                    "set cmd:fail-exit yes".to_owned(),
                    "set net:max-retries 2".to_owned(),
                    "set ftp:prefer-epsv yes".to_owned(),
                    "set ftp:ssl-allow no".to_owned(),
                    format!("open -u '{user},{PASSWORD}' ftp://{FAR}:{port}"),
                    act,
                    "bye".to_owned(),
                ];
                command.args(["--norc", "-c", &script.join("; ")]);
            }
            Who::Rclone => {
                let mut hidden = Command::new(Program::Rclone.find().context("rclone")?);
                let hidden = hidden.args(["obscure", PASSWORD]).output()?.stdout;
                let hidden = String::from_utf8(hidden)?;
                let config = client.folder().join("rclone.conf");
                let lines = format!(
                    "[there]\ntype = ftp\nhost = {FAR}\nport = {port}\nuser = {user}\npass = {}\n",
                    hidden.trim()
                );
                fs::write(&config, lines)?;
                command.arg("--config").arg(config);
                command.args(["copy", "--transfers", CONNECTIONS, "--checkers", CONNECTIONS]);
                match up {
                    true => command.args([name.to_owned(), format!("there:{name}")]),
                    false => command.args([format!("there:{name}"), name.to_owned()]),
                };
            }
            Who::Curl => {
                let there = format!("ftp://{FAR}:{port}/{name}");
                command.args(["--silent", "--show-error", "--user"]);
                command.arg(format!("{user}:{PASSWORD}"));
                match up {
                    true => command.args(["--upload-file", name, &there]),
                    false => command.args(["--output", name, &there]),
                };
            }
        }
        Ok(command)
    }
}

/// The first of a row of ports that are free at the far address.
fn doors() -> anyhow::Result<u16> {
    for _ in 0..50 {
        let first = 20_000 + fastrand::u16(0..10_000);
        let mut ports = first..first + DOORS;
        if ports.all(|port| TcpListener::bind((FAR, port)).is_ok()) {
            return Ok(first);
        }
    }
    anyhow::bail!("there are no ports free")
}
