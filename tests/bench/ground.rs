//! The ground: a real sshd, the relay before it, the files on both sides, and caches as cold as can be had.

use std::{
    fs,
    io::{BufRead as _, BufReader},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::Duration,
};

use anyhow::Context as _;
use rustix::fs::{Advice, fadvise, sync};
use tempfile::TempDir;

use crate::{
    peers::on_path,
    run::processor_time,
    servers::{
        client::{Client, HOST},
        sshd::Sshd,
    },
    works::{Act, Work},
};

/// What the relay adds each way: 50 ms the round trip.
pub(crate) const EACH_WAY: Duration = Duration::from_millis(25);

/// Where the programs work, and with whom.
pub(crate) struct Ground {
    sshd: Sshd,
    relay: Relay,
    near: Side,
    far: Side,
    here: TempDir,
    cold: bool,
}

/// One way to the server.
pub(crate) struct Side {
    pub(crate) client: Client,
    pub(crate) port: u16,
    pub(crate) user: String,
    pub(crate) key: PathBuf,
}

impl Ground {
    /// Starts the server and the relay. `None` without an sshd; that has been said then.
    pub(crate) fn start(cold: bool) -> anyhow::Result<Option<Self>> {
        let Some(sshd) = Sshd::options().start() else { return Ok(None) };
        let relay = Relay::to(sshd.port())?;
        let here = tempfile::Builder::new().prefix("wharf-bench-").tempdir()?;
        for root in [here.path(), &sshd.files()] {
            fs::create_dir(root.join("out"))?;
            fs::create_dir(root.join("in"))?;
        }
        let side = |port| Side {
            client: sshd.client().port(port).known().line("BatchMode yes").write(),
            port,
            user: sshd.user(),
            key: sshd.key(),
        };
        let (near, far) = (side(sshd.port()), side(relay.port));
        Ok(Some(Self { sshd, relay, near, far, here, cold }))
    }

    /// The local root.
    pub(crate) fn here(&self) -> &Path {
        self.here.path()
    }

    /// The way a work takes.
    pub(crate) fn side(&self, work: &Work) -> &Side {
        if work.far { &self.far } else { &self.near }
    }

    /// What a work reads, and where it is to arrive.
    pub(crate) fn ends(&self, work: &Work) -> (PathBuf, PathBuf) {
        let (from, to) = match work.act {
            Act::Get | Act::List => (self.sshd.files(), self.here().to_owned()),
            Act::Put => (self.here().to_owned(), self.sshd.files()),
        };
        (from.join("out").join(work.load.name()), to.join("in").join(work.load.name()))
    }

    /// Makes what the work reads.
    pub(crate) fn lay_out(&self, work: &Work) -> anyhow::Result<()> {
        let (source, _) = self.ends(work);
        work.load.make(source.parent().context("a source has a folder")?)
    }

    /// Takes away what no further work reads.
    pub(crate) fn clear_away(&self, work: &Work) -> anyhow::Result<()> {
        let (source, _) = self.ends(work);
        if work.load.is_folder() {
            fs::remove_dir_all(source)?
        } else {
            fs::remove_file(source)?
        }
        Ok(())
    }

    /// Nothing has arrived yet, nothing waits to be written, and the sources are not in memory (unless they are
    /// to be); the programs are.
    pub(crate) fn prepare(&self, work: &Work) -> anyhow::Result<()> {
        for root in [self.here().to_owned(), self.sshd.files()] {
            let arrivals = root.join("in");
            fs::remove_dir_all(&arrivals)?;
            fs::create_dir(&arrivals)?;
        }
        sync();
        if self.cold && !drop_caches() {
            forget(&self.ends(work).0)?;
        }
        self.warm();
        Ok(())
    }

    /// Logs in the way all do and starts what they start: whose turn is next must not read programs from the disk.
    fn warm(&self) {
        let Some(ssh) = on_path("ssh") else { return };
        let login = |words: &[&str]| {
            let mut command = Command::new(&ssh);
            command.arg("-F").arg(self.near.client.config()).args(words);
            let _ = command.stdin(Stdio::null()).output();
        };
        login(&[HOST, "sha256sum </dev/null"]);
        login(&["-s", HOST, "sftp"]);
    }

    /// Lets go of what was read and waits for what is to be written, unless the sources are to be in memory.
    pub(crate) fn cool_down(&self) {
        sync();
        if self.cold {
            drop_caches();
        }
    }

    /// What the relay has used of a processor so far.
    pub(crate) fn relay_time(&self) -> Duration {
        processor_time(self.relay.process.id()).unwrap_or_default()
    }
}

/// Whether the system let go of all it had read; root may ask it to.
pub(crate) fn drop_caches() -> bool {
    fs::write("/proc/sys/vm/drop_caches", "3\n").is_ok()
}

/// Asks the system to forget what it has read of these files.
fn forget(place: &Path) -> anyhow::Result<()> {
    if place.is_file() {
        fadvise(fs::File::open(place)?, 0, None, Advice::DontNeed)?;
        return Ok(());
    }
    fs::read_dir(place)?.try_for_each(|entry| forget(&entry?.path()))
}

/// The relay's process; dropping it ends it.
pub(crate) struct Relay {
    process: Child,
    port: u16,
}

impl Relay {
    fn to(target: u16) -> anyhow::Result<Self> {
        Self::start(&["--relay", &target.to_string()])
    }

    /// From these ports of the far address to the same ports of the near one.
    pub(crate) fn of_same(ports: &[u16]) -> anyhow::Result<Self> {
        let ports: Vec<String> = ports.iter().map(u16::to_string).collect();
        Self::start(&["--relay-same", &ports.join(",")])
    }

    fn start(words: &[&str]) -> anyhow::Result<Self> {
        let mut command = Command::new(std::env::current_exe()?);
        command.arg("--bench").args(words);
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut process = command.spawn().context("could not start the relay")?;
        let mut line = String::new();
        let output = process.stdout.take().context("the relay's output")?;
        BufReader::new(output).read_line(&mut line)?;
        let port = line.trim().parse().context("the relay did not say its port")?;
        Ok(Self { process, port })
    }
}

impl Drop for Relay {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
