//! What may be typed after `wharf`.

use std::{ffi::OsString, path::PathBuf};

use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::domain::{
    digest::VerifyLevel,
    encoding::Encoding,
    ftp::{DataMode, FtpWays},
    question::ConflictChoice,
    rate::Limit,
};

/// A two-pane file manager for the terminal that copies, verifies and signs for files on SFTP, FTPS and FTP servers.
///
/// PLACE is a local path, NAME or NAME:path of a saved site, HOST:path (a Host of the ssh config or [user@]host;
/// the path is relative to the login folder, as in scp), or SCHEME://[user@]host[:port]/absolute/path (/~/relative)
/// with sftp, ftpes (FTP with AUTH TLS), ftps (FTP inside TLS) or ftp (not encrypted).
#[derive(Debug, Parser)]
#[command(version, after_help = EXIT_STATUS)]
pub struct Arguments {
    /// Work without the screen.
    #[command(subcommand)]
    pub headless: Option<Headless>,
    /// What the left pane shows.
    #[arg(value_name = "LEFT")]
    pub left: Option<OsString>,
    /// What the right pane shows.
    #[arg(value_name = "RIGHT")]
    pub right: Option<OsString>,
    /// Options of all commands.
    #[command(flatten)]
    pub common: Common,
}

const EXIT_STATUS: &str = "Exit status: 0 all done, 1 some failed, 2 bad usage, 3 could not connect or log in, \
                           130 interrupted.\nA password comes from the keyring, the agent, a prompt on the terminal, \
                           or WHARF_PASSWORD.";

/// Commands without a screen.
#[derive(Debug, Subcommand)]
pub enum Headless {
    /// Copy files; directories need -r.
    Cp(Copy),
    /// List a directory.
    Ls(List),
    /// Show what was done: the ledger, the newest last.
    Log(Log),
    /// List jobs that have not ended; go on with those that were interrupted, or drop them.
    Queue(Queue),
    /// List the saved sites, or bring them in from another program.
    Sites(Sites),
}

/// Options that say how to reach servers and where Wharf keeps its things.
#[derive(Debug, Args, Clone)]
pub struct Common {
    /// Use this ssh config instead of ~/.ssh/config.
    #[arg(short = 'F', value_name = "FILE", global = true)]
    pub ssh_config: Option<PathBuf>,
    /// Try this private key first; may be given several times.
    #[arg(short = 'i', value_name = "IDENTITY", global = true)]
    pub identities: Vec<PathBuf>,
    /// The port of sites that name none.
    #[arg(short = 'P', value_name = "PORT", global = true, value_parser = clap::value_parser!(u16).range(1..))]
    pub port: Option<u16>,
    /// At most so many connections to one site.
    #[arg(long, value_name = "N", global = true, value_parser = clap::value_parser!(u8).range(1..=16))]
    pub connections: Option<u8>,
    /// Carry no more than this a second, all jobs together: 500K, 2M, 1.5G, none.
    #[arg(long, value_name = "RATE", global = true)]
    pub limit: Option<Limit>,
    /// How names are written on FTP servers, whatever is saved of them: windows-1252, shift_jis, koi8-r, utf-8.
    #[arg(long, value_name = "ENCODING", global = true, value_parser = encoding)]
    pub encoding: Option<Encoding>,
    /// Who opens data connections of FTP, whatever is saved: this end (passive) or the server (active).
    #[arg(long, value_name = "MODE", global = true, value_parser = mode)]
    pub ftp_mode: Option<DataMode>,
    /// Where the configuration lives.
    #[arg(long, value_name = "DIR", global = true)]
    pub config_dir: Option<PathBuf>,
    /// Where the journal and the log live.
    #[arg(long, value_name = "DIR", global = true)]
    pub state_dir: Option<PathBuf>,
}

impl Common {
    /// How to talk to FTP servers.
    pub fn ftp(&self) -> FtpWays {
        let (port, encoding, mode) = (self.port, self.encoding, self.ftp_mode);
        FtpWays { port, encoding, mode, ..FtpWays::default() }
    }
}

fn encoding(label: &str) -> Result<Encoding, &'static str> {
    Encoding::read(label).ok_or("that is no encoding of names")
}

fn mode(word: &str) -> Result<DataMode, &'static str> {
    DataMode::read(word).ok_or("not one of passive, active")
}

/// `wharf cp`.
#[derive(Debug, Args)]
#[command(after_help = EXIT_STATUS)]
pub struct Copy {
    /// What to copy: one or more places; then where to.
    #[arg(value_name = "PLACE", required = true, num_args = 2..)]
    pub places: Vec<OsString>,
    /// Take directories with all they hold.
    #[arg(short, long)]
    pub recursive: bool,
    /// What to check of each file that arrived; auto, unless a saved site says otherwise.
    #[arg(long, value_enum)]
    pub verify: Option<Verify>,
    /// What to do when a name is taken.
    #[arg(long, value_enum, default_value_t = OnConflict::Fail)]
    pub on_conflict: OnConflict,
    /// Write one JSON object a line.
    #[arg(long)]
    pub json: bool,
    /// Write errors only.
    #[arg(short, long)]
    pub quiet: bool,
}

/// `wharf ls`.
#[derive(Debug, Args)]
#[command(after_help = EXIT_STATUS)]
pub struct List {
    /// What to list.
    #[arg(value_name = "PLACE")]
    pub place: OsString,
    /// Permissions, size and time as well.
    #[arg(short, long)]
    pub long: bool,
    /// Names that begin with a dot as well.
    #[arg(short, long)]
    pub all: bool,
    /// Write one JSON object a line; all names, always.
    #[arg(long)]
    pub json: bool,
}

/// `wharf log`.
#[derive(Debug, Args)]
pub struct Log {
    /// Write one JSON object a line.
    #[arg(long)]
    pub json: bool,
    /// Only what ended since then: 2h, 3d, 2026-11-25, or a time of RFC 3339.
    #[arg(long, value_name = "WHEN")]
    pub since: Option<String>,
    /// Only what failed.
    #[arg(long)]
    pub failed: bool,
    /// Only the last N.
    #[arg(short = 'n', value_name = "N")]
    pub last: Option<u32>,
}

/// `wharf queue`.
#[derive(Debug, Args)]
#[command(after_help = EXIT_STATUS)]
pub struct Queue {
    /// What to do, if not to list them.
    #[command(subcommand)]
    pub act: Option<QueueAct>,
    /// Write one JSON object a line.
    #[arg(long, global = true)]
    pub json: bool,
    /// Write errors only.
    #[arg(short, long, global = true)]
    pub quiet: bool,
}

/// What to do with jobs that were interrupted.
#[derive(Debug, Subcommand)]
pub enum QueueAct {
    /// Go on with them: what is done is not done again.
    Resume {
        /// Which, by the numbers of the list; all that were interrupted where none is given.
        #[arg(value_name = "JOB")]
        jobs: Vec<i64>,
    },
    /// Remove parts that interrupted or dropped jobs left, and that nobody will go on with: only those whose names bear
    /// the mark of such a job.
    Clean {
        /// Only list them.
        #[arg(long)]
        dry_run: bool,
    },
    /// End them as they stand: what has arrived stays.
    Drop {
        /// Which, by the numbers of the list.
        #[arg(value_name = "JOB", required = true)]
        jobs: Vec<i64>,
    },
}

/// `wharf sites`.
#[derive(Debug, Args)]
pub struct Sites {
    /// What to do; to list them, nothing.
    #[command(subcommand)]
    pub act: Option<SitesAct>,
    /// Write one JSON object a line.
    #[arg(long)]
    pub json: bool,
}

/// What `wharf sites` can do besides listing.
#[derive(Debug, Subcommand)]
pub enum SitesAct {
    /// Bring in the sites of FileZilla (sitemanager.xml), WinSCP (WinSCP.ini) or termscp (bookmarks.toml). Passwords
    /// are not taken over.
    Import {
        /// The file.
        #[arg(value_name = "FILE")]
        file: PathBuf,
    },
}

/// `--verify`.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub enum Verify {
    /// SHA-256 at both ends where possible, else sizes.
    Auto,
    /// SHA-256 at both ends, or the copy fails: what an end cannot hash itself is read there once more.
    Digest,
    /// Sizes only.
    Size,
    /// Nothing.
    Off,
}

impl From<Verify> for VerifyLevel {
    fn from(verify: Verify) -> Self {
        match verify {
            Verify::Auto => VerifyLevel::Auto,
            Verify::Digest => VerifyLevel::Digest,
            Verify::Size => VerifyLevel::Size,
            Verify::Off => VerifyLevel::Off,
        }
    }
}

/// `--on-conflict`.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub enum OnConflict {
    /// Replace it, once the new content is complete and checked.
    Overwrite,
    /// Leave it, and do not copy.
    Skip,
    /// Replace it if it is older, else leave it.
    Newer,
    /// Replace it if its size or its digest differs (its time, where no digest is to be had), else leave it.
    Differs,
    /// Leave it, and let the copy arrive beside it under a numbered name: `a (2).csv`.
    KeepBoth,
    /// Replace it if it is a shorter beginning of what comes (not carried again where it is on this machine), else fail.
    Resume,
    /// Leave it, and count the file as failed.
    Fail,
}

impl From<OnConflict> for ConflictChoice {
    fn from(on_conflict: OnConflict) -> Self {
        match on_conflict {
            OnConflict::Overwrite => ConflictChoice::Overwrite,
            OnConflict::Skip => ConflictChoice::Skip,
            OnConflict::Newer => ConflictChoice::Newer,
            OnConflict::Differs => ConflictChoice::Differs,
            OnConflict::KeepBoth => ConflictChoice::KeepBoth,
            OnConflict::Resume => ConflictChoice::Resume,
            OnConflict::Fail => ConflictChoice::Fail,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory as _;

    #[test]
    fn the_grammar_is_sound() {
        Arguments::command().debug_assert();
    }

    #[test]
    fn places_commands_and_options_are_told_apart() {
        let screen = Arguments::parse_from(["wharf", "-F", "config", "files:in", "."]);
        assert!(screen.headless.is_none());
        assert_eq!(screen.left.unwrap(), "files:in");
        assert_eq!(screen.common.ssh_config.unwrap().to_str(), Some("config"));

        let copy = Arguments::parse_from([
            "wharf", "-P", "2222", "cp", "-r", "-F", "x", "a", "b", "files:",
        ]);
        assert!(
            copy.common.ssh_config.is_some(),
            "options may stand before and behind the command"
        );
        assert_eq!(copy.common.port, Some(2222));
        let Some(Headless::Cp(copy)) = copy.headless else { panic!("cp") };
        assert!(copy.recursive);
        assert_eq!(copy.places, ["a", "b", "files:"]);

        let ftp = [
            "wharf",
            "ls",
            "-P",
            "2121",
            "--encoding",
            "latin1",
            "--ftp-mode",
            "active",
            "ftp://h/",
        ];
        let ways = Arguments::parse_from(ftp).common.ftp();
        assert_eq!(ways.encoding.map(Encoding::name).as_deref(), Some("windows-1252"));
        assert_eq!((ways.mode, ways.port), (Some(DataMode::Active), Some(2121)));

        let morse = &["wharf", "--encoding", "morse"][..];
        for bad in
            [morse, &["wharf", "cp", "only-one"][..], &["wharf", "-P", "0"], &["wharf", "ls"]]
        {
            assert!(Arguments::try_parse_from(bad).is_err(), "{bad:?}");
        }
    }
}
