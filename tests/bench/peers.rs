//! Who takes part, and with which command line each does a work: as its own users would, for speed.

use std::{
    env,
    ffi::OsString,
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use crate::{
    ground::{Ground, Side},
    servers::client::HOST,
    works::{Act, Load, Work},
};

/// All speak the cipher that is fastest here.
const CIPHER: &str = "aes128-gcm@openssh.com";

/// A program that does the works.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Program {
    /// Checks sizes, as the peers do.
    Wharf,
    /// Checks digests where it can, as it does unless told otherwise.
    WharfAuto,
    Sftp,
    Rclone,
    Lftp,
}

/// Those besides Wharf, the quickest first: the time the others get depends on it.
pub(crate) const PEERS: [Program; 3] = [Program::Lftp, Program::Rclone, Program::Sftp];

impl Program {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Program::Wharf => "wharf",
            Program::WharfAuto => "wharf, verified",
            Program::Sftp => "sftp",
            Program::Rclone => "rclone",
            Program::Lftp => "lftp",
        }
    }

    pub(crate) fn is_peer(self) -> bool {
        PEERS.contains(&self)
    }

    /// Where it is, if it is.
    pub(crate) fn find(self) -> Option<PathBuf> {
        match self {
            Program::Wharf | Program::WharfAuto => Some(env!("CARGO_BIN_EXE_wharf").into()),
            Program::Rclone => {
                let told = env::var_os("WHARF_BENCH_RCLONE").filter(|path| !path.is_empty());
                told.map(PathBuf::from).or_else(|| on_path("rclone"))
            }
            // Both go through ssh.
            Program::Sftp | Program::Lftp => on_path("ssh").and(on_path(self.name())),
        }
    }

    /// What it says of its version.
    pub(crate) fn version(self) -> Option<String> {
        let path = self.find()?;
        // sftp has no version of its own.
        let mut command = Command::new(if self == Program::Sftp { on_path("ssh")? } else { path });
        command.arg(match self {
            Program::Sftp => "-V",
            Program::Rclone => "version",
            _ => "--version",
        });
        let said = command.env_remove("HOME").output().ok()?;
        let said = [said.stdout, said.stderr].concat();
        let said = String::from_utf8_lossy(&said).into_owned();
        let mut words = said.split_whitespace();
        let number = |word: &&str| word.contains('.') && word.chars().any(|c| c.is_ascii_digit());
        Some(words.find(number)?.trim_end_matches(',').to_owned())
    }

    /// Whether it takes part in a work.
    pub(crate) fn does(self, work: &Work) -> bool {
        match self {
            Program::Wharf | Program::Sftp => true,
            Program::WharfAuto => work.act != Act::List,
            // On the loopback nothing is quicker than sftp, and it is the one to beat.
            Program::Rclone => work.far && work.act != Act::List,
            Program::Lftp => work.far,
        }
    }

    /// The command; it runs in the local root, where `out` and `in` are.
    pub(crate) fn command(self, work: &Work, ground: &Ground) -> anyhow::Result<Option<Command>> {
        let Some(path) = self.find() else { return Ok(None) };
        let side = ground.side(work);
        let mut command = Command::new(path);
        command.current_dir(ground.here());
        command.env_clear().env("PATH", env::var_os("PATH").unwrap_or_default());
        command.env("HOME", side.client.home()).env("LANG", "C.UTF-8").env("TERM", "dumb");
        command.env("XDG_CONFIG_HOME", side.client.home());
        command.env("XDG_CACHE_HOME", side.client.home());
        command.env("XDG_DATA_HOME", side.client.home());
        match self {
            Program::Wharf => wharf(&mut command, work, side, "size"),
            Program::WharfAuto => wharf(&mut command, work, side, "auto"),
            Program::Sftp => sftp(&mut command, work, side)?,
            Program::Rclone => rclone(&mut command, work, side)?,
            Program::Lftp => lftp(&mut command, work, side),
        }
        Ok(Some(command))
    }
}

fn wharf(command: &mut Command, work: &Work, side: &Side, verify: &str) {
    let name = work.load.name();
    if work.act == Act::List {
        command.arg("ls");
    } else {
        command.args(["cp", "--quiet", "--verify", verify]);
        if work.load.is_folder() {
            command.arg("--recursive");
        }
    }
    command.arg("-F").arg(side.client.config());
    command.arg("--config-dir").arg(side.client.config_dir());
    command.arg("--state-dir").arg(side.client.state_dir());
    match work.act {
        Act::Get => command.args([format!("{HOST}:out/{name}"), "in/".into()]),
        Act::Put => command.args([format!("out/{name}"), format!("{HOST}:in/")]),
        Act::List => command.arg(format!("{HOST}:out/{name}")),
    };
}

fn sftp(command: &mut Command, work: &Work, side: &Side) -> anyhow::Result<()> {
    let name = work.load.name();
    let recursive = if work.load.is_folder() { "-r " } else { "" };
    let line = match work.act {
        Act::Get => format!("get {recursive}out/{name} in\n"),
        Act::Put => format!("put {recursive}out/{name} in\n"),
        Act::List => format!("ls -1 out/{name}\n"),
    };
    let batch = side.client.folder().join("batch");
    fs::write(&batch, line)?;
    command.arg("-F").arg(side.client.config()).args(["-q", "-c", CIPHER, "-b"]);
    command.arg(batch).arg(HOST);
    Ok(())
}

fn rclone(command: &mut Command, work: &Work, side: &Side) -> anyhow::Result<()> {
    let name = work.load.name();
    let config = side.client.folder().join("rclone.conf");
    let lines = [
        "[there]".into(),
        "type = sftp".into(),
        "host = 127.0.0.1".into(),
        format!("user = {}", side.user),
        format!("port = {}", side.port),
        format!("key_file = {}", side.key.display()),
        format!("known_hosts_file = {}", side.client.known_hosts().display()),
        format!("ciphers = {CIPHER}"),
        // It would read every file once more for a digest.
        "shell_type = none".into(),
        "disable_hashcheck = true".into(),
    ];
    fs::write(&config, lines.join("\n") + "\n")?;
    command.arg("--config").arg(config);
    command.arg(if work.load.is_folder() { "copy" } else { "copyto" });
    match work.act {
        Act::Get => command.args([format!("there:out/{name}"), format!("in/{name}")]),
        Act::Put => command.args([format!("out/{name}"), format!("there:in/{name}")]),
        Act::List => unreachable!("rclone has no listing here"),
    };
    if work.load.is_folder() {
        command.args(["--transfers", "32", "--checkers", "32"]);
    }
    Ok(())
}

fn lftp(command: &mut Command, work: &Work, side: &Side) {
    let name = work.load.name();
    let config = side.client.config();
    let act = match (work.act, work.load) {
        (Act::List, _) => format!("cls -1 out/{name}"),
        (Act::Get, Load::Large | Load::Medium) => format!("pget -n 4 out/{name} -o in/{name}"),
        (Act::Put, Load::Large | Load::Medium) => format!("put out/{name} -o in/{name}"),
        (Act::Get, _) => format!("mirror -P 8 out/{name} in/{name}"),
        (Act::Put, _) => format!("mirror -R -P 8 out/{name} in/{name}"),
    };
    let script = [
        "set cmd:fail-exit yes".into(),
        "set net:max-retries 2".into(),
        format!("set sftp:connect-program 'ssh -a -x -F {} -c {CIPHER}'", config.display()),
        // ssh has the key; a password is never asked for.
        format!("open -u {},none sftp://{HOST}", side.user),
        act,
        "bye".into(),
    ];
    command.args(["--norc", "-c", &script.join("; ")]);
}

/// A program by its name, as a shell finds it.
pub(crate) fn on_path(name: &str) -> Option<PathBuf> {
    let path: OsString = env::var_os("PATH")?;
    let found = env::split_paths(&path).map(|folder| folder.join(name)).find(|p| p.is_file());
    found.filter(|found: &PathBuf| Path::is_absolute(found))
}
