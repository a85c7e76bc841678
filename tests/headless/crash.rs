//! The real binary killed at named and at random moments, and gone on with: every final name holds the old or the new
//! content whole, every `done` in the ledger is true, and nothing is lost from the queue (FAULTS.md 28).

use std::{
    collections::BTreeMap,
    fs,
    io::Write as _,
    os::unix::process::ExitStatusExt as _,
    path::{Path, PathBuf},
    process::Command,
    time::{Duration, Instant},
};

use sha2::{Digest as _, Sha256};

use super::{no_server, run, wharf};
use crate::{
    servers::{
        client::{Client, HOST},
        sshd::Sshd,
    },
    support::wait_until,
};

/// What is done to the tree.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Work {
    Copy,
    Move,
}

/// A tree to copy, or to move, over an older one: on this disk, or to a real server.
struct Ground {
    client: Client,
    here: tempfile::TempDir,
    work: Work,
    /// Where it goes, as it is typed, and where that is on this disk.
    destination: String,
    there: PathBuf,
    _server: Option<Sshd>,
    new: BTreeMap<String, Vec<u8>>,
    old: BTreeMap<String, Vec<u8>>,
}

const SMALL: usize = 40;
const LARGE: usize = 3 << 20;

fn content(random: &mut fastrand::Rng, length: usize) -> Vec<u8> {
    std::iter::repeat_with(|| random.u8(..)).take(length).collect()
}

impl Ground {
    fn new(random: &mut fastrand::Rng) -> Self {
        let here = tempfile::tempdir().unwrap();
        let there = here.path().join("to");
        Self::with(random, Work::Copy, no_server().write(), here, "to".to_owned(), there, None)
    }

    /// Within this disk a move is a rename, file by file where there is an older tree.
    fn of_move(random: &mut fastrand::Rng) -> Self {
        Self { work: Work::Move, ..Self::new(random) }
    }

    /// The same with a real SFTP server at the other end; `None` where there is none.
    fn to_server(random: &mut fastrand::Rng, work: Work) -> Option<Self> {
        let sshd = Sshd::options().start()?;
        let client = sshd.client().known().write();
        let here = tempfile::tempdir().unwrap();
        let (to, there) = (format!("{HOST}:to"), sshd.files().join("to"));
        Some(Self::with(random, work, client, here, to, there, Some(sshd)))
    }

    fn with(
        random: &mut fastrand::Rng,
        work: Work,
        client: Client,
        here: tempfile::TempDir,
        destination: String,
        there: PathBuf,
        server: Option<Sshd>,
    ) -> Self {
        let (mut new, mut old) = (BTreeMap::new(), BTreeMap::new());
        for number in 0..SMALL {
            let name = format!("{}/{number}", if number % 3 == 0 { "in" } else { "." });
            let length = random.usize(0..20_000);
            new.insert(name.clone(), content(random, length));
            if number % 2 == 0 {
                old.insert(name, content(random, 500));
            }
        }
        for name in ["./large", "in/large"] {
            new.insert(name.to_owned(), content(random, LARGE));
        }
        for (tree, files) in [(here.path().join("from"), &new), (there.join("from"), &old)] {
            fs::create_dir_all(tree.join("in")).unwrap();
            for (name, content) in files {
                fs::write(tree.join(name), content).unwrap();
            }
        }
        Self { client, here, work, destination, there, _server: server, new, old }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.there.join("from").join(name)
    }

    fn begin(&self) -> Command {
        self.begin_with("overwrite")
    }

    fn begin_with(&self, on_conflict: &str) -> Command {
        let to = &self.destination;
        let words = ["cp", "-q", "-r", "--on-conflict", on_conflict, "from", to];
        wharf(&self.client, self.here.path(), &words)
    }

    /// Has the job written down and nothing done of it; then it is a move, as the screen would have asked for one.
    fn begin_as_move(&self) {
        assert!(dies_at(self.begin(), "Written:0"), "the job was not written down");
        let journal = self.client.state_dir().join("journal.sqlite");
        let connection = rusqlite::Connection::open(journal).unwrap();
        assert_eq!(connection.execute("UPDATE job SET work = 'move'", []).unwrap(), 1);
    }

    /// Begins, and is killed after so long; whether it was.
    fn begin_and_kill(&self, moment: Duration) -> bool {
        match self.work {
            Work::Copy => killed_after(self.begin(), moment),
            Work::Move => {
                self.begin_as_move();
                killed_after(self.resume(), moment)
            }
        }
    }

    fn resume(&self) -> Command {
        wharf(&self.client, self.here.path(), &["queue", "resume", "-q"])
    }

    /// What holds at every moment.
    fn check(&self, what: &str) {
        for (name, new) in &self.new {
            match fs::read(self.path(name)) {
                Ok(found) => {
                    let is_old = self.old.get(name) == Some(&found);
                    assert!(found == *new || is_old, "{what}: {name} holds neither");
                }
                Err(_) => assert!(!self.old.contains_key(name), "{what}: {name} is gone"),
            }
            let stands = self.here.path().join("from").join(name).exists();
            let has_arrived = || fs::read(self.path(name)).is_ok_and(|found| found == *new);
            let may_be_gone = self.work == Work::Move && has_arrived();
            assert!(stands || may_be_gone, "{what}: {name} is lost");
        }
        let said = run(&self.client, self.here.path(), &["log", "--json"]);
        assert_eq!(said.status, 0, "{what}: {said:?}");
        for row in said.objects() {
            if row["kind"] == "file" {
                assert_eq!(row["ending"], "done", "{what}: {row}");
                let to = row["to"].as_str().unwrap();
                let (_, path) = to.split_once(":/").unwrap_or(("", to.trim_start_matches('/')));
                let found = hex(&fs::read(Path::new("/").join(path)).unwrap());
                assert_eq!(row["sha256"], found, "{what}: {row}");
            }
        }
    }

    /// Jobs in the queue, all of them interrupted.
    fn left(&self) -> usize {
        let said = run(&self.client, self.here.path(), &["queue", "--json"]);
        assert_eq!((said.status, &said.errors[..]), (0, ""), "{said:?}");
        let jobs = said.objects();
        assert!(jobs.iter().all(|job| job["state"] == "interrupted"), "{jobs:?}");
        jobs.len()
    }

    /// Goes on to the end; all has arrived, and each file was done once.
    fn finish(&self, what: &str) {
        let output = self.resume().output().unwrap();
        assert!(output.status.success(), "{what}: {output:?}");
        for (name, new) in &self.new {
            assert!(fs::read(self.path(name)).unwrap() == *new, "{what}: {name}");
            let stands = self.here.path().join("from").join(name).exists();
            assert_eq!(stands, self.work == Work::Copy, "{what}: {name}");
        }
        assert_eq!(self.left(), 0, "{what}");
        self.check(what);
        let said = run(&self.client, self.here.path(), &["log", "--json"]);
        let mut done: BTreeMap<String, usize> = BTreeMap::new();
        let is_file = |row: &serde_json::Value| row["kind"] == "file" || row["kind"] == "rename";
        for row in said.objects().into_iter().filter(is_file) {
            *done.entry(row["to"].as_str().unwrap().to_owned()).or_default() += 1;
        }
        assert_eq!(done.len(), self.new.len(), "{what}: {done:?}");
        assert!(done.values().all(|times| *times == 1), "{what}: {done:?}");
    }
}

fn hex(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Runs to its end or is killed after so long; whether it was killed: a process that was faster does not count.
fn killed_after(mut command: Command, moment: Duration) -> bool {
    let mut child = command.spawn().unwrap();
    let start = Instant::now();
    let mut ended = None;
    wait_until("the moment has come", Duration::from_secs(60), || {
        ended = child.try_wait().unwrap();
        ended.is_some() || start.elapsed() >= moment
    });
    if let Some(status) = ended {
        assert!(status.success(), "{status:?}");
        return false;
    }
    child.kill().unwrap();
    let status = child.wait().unwrap();
    assert!(status.success() || status.signal() == Some(9), "{status:?}");
    !status.success()
}

/// Is killed at a named moment; whether it came to that.
pub(super) fn dies_at(mut command: Command, moment: &str) -> bool {
    let output = command.env("WHARF_DIE_AT", moment).output().unwrap();
    output.status.signal() == Some(9)
}

/// How often it is killed, each time for good: of a thousand times in all, so many of each sort.
fn kills(of_a_thousand: usize) -> usize {
    let long = std::env::var_os("WHARF_LONG_TESTS").is_some();
    if long { of_a_thousand } else { of_a_thousand / 40 }
}

#[test]
fn killed_at_every_named_moment() {
    let mut random = fastrand::Rng::with_seed(28);
    for name in ["Written", "BeforeRename", "AfterRename"] {
        for passes in [0, 1, 7, 30] {
            let what = format!("{name}:{passes}");
            let ground = Ground::new(&mut random);
            if dies_at(ground.begin(), &what) {
                // All may have been gathered in the last transaction, the job's end with it: `finish` finds it whole then.
                let may_be_over = name == "Written" && passes > 0;
                assert!(ground.left() == 1 || may_be_over, "{what}: the job is lost");
            } else {
                assert!(name == "Written" && passes > 1, "{what} was not met");
                assert_eq!(ground.left(), 0, "{what}");
            }
            ground.check(&what);
            dies_at(ground.resume(), &format!("{name}:3"));
            ground.check(&what);
            ground.finish(&what);
        }
    }
}

#[test]
fn killed_at_every_named_moment_of_a_copy_and_a_move_to_a_server() {
    let mut random = fastrand::Rng::with_seed(29);
    for (work, names) in [
        (Work::Copy, &["Written", "BeforeRename", "AfterRename"][..]),
        (Work::Move, &["Written", "BeforeRename", "AfterRename", "BeforeRemoval", "AfterRemoval"]),
    ] {
        for name in names {
            let what = format!("{work:?} {name}");
            let Some(ground) = Ground::to_server(&mut random, work) else { return };
            let moment = format!("{name}:2");
            let died = match work {
                Work::Copy => dies_at(ground.begin(), &moment),
                Work::Move => {
                    ground.begin_as_move();
                    dies_at(ground.resume(), &moment)
                }
            };
            assert!(died || *name == "Written", "{what} was not met");
            ground.check(&what);
            dies_at(ground.resume(), &format!("{name}:1"));
            ground.check(&what);
            ground.finish(&what);
        }
    }
}

#[test]
fn killed_at_every_rename_and_removal_of_a_move() {
    let mut random = fastrand::Rng::with_seed(31);
    // Of a move within this disk directories alone are removed; the last of them is what was to be moved.
    let removals = ["BeforeRemoval", "AfterRemoval"].map(|name| (name, [0, 1, 1]));
    let renames = ["BeforeRename", "AfterRename"].map(|name| (name, [0, 7, 30]));
    for (name, all_passes) in removals.into_iter().chain(renames) {
        for passes in all_passes {
            let what = format!("{name}:{passes}");
            let ground = Ground::of_move(&mut random);
            ground.begin_as_move();
            assert!(dies_at(ground.resume(), &what), "{what} was not met");
            ground.check(&what);
            ground.finish(&what);
        }
    }
}

#[test]
fn killed_at_random_moments_again_and_again() {
    again_and_again(kills(600), |random| Some(Ground::new(random)));
}

#[test]
fn killed_at_random_moments_of_a_move() {
    again_and_again(kills(100), |random| Some(Ground::of_move(random)));
}

#[test]
fn killed_at_random_moments_of_a_copy_to_a_server() {
    again_and_again(kills(150), |random| Ground::to_server(random, Work::Copy));
}

#[test]
fn killed_at_random_moments_of_a_move_to_a_server() {
    again_and_again(kills(150), |random| Ground::to_server(random, Work::Move));
}

fn again_and_again(kills: usize, ground: impl Fn(&mut fastrand::Rng) -> Option<Ground>) {
    let seed = fastrand::u64(..);
    let mut random = fastrand::Rng::with_seed(seed);
    let begin = Instant::now();
    let Some(whole) = ground(&mut random) else { return };
    assert!(whole.begin().output().unwrap().status.success());
    let mut took = begin.elapsed().as_micros() as u64;
    let (mut done, mut trees, mut last_was_killed) = (0, 0, true);
    while done < kills {
        assert!(trees < 20 + 10 * kills, "seed {seed}: {done} kills in {trees} trees");
        trees += 1;
        let Some(ground) = ground(&mut random) else { return };
        // Moments are chosen from as long as it takes; how busy the machine is changes meanwhile.
        let mut moment = |was_killed: bool| {
            took = if was_killed { took + took / 16 } else { (took - took / 4).max(4000) };
            Duration::from_micros(random.u64(0..took))
        };
        let mut was_killed = ground.begin_and_kill(moment(last_was_killed));
        last_was_killed = was_killed;
        while was_killed {
            done += 1;
            let what = format!("seed {seed}, kill {done} in tree {trees}");
            ground.check(&what);
            // Killed before it was written down it never was a job.
            if ground.left() == 0 || done >= kills {
                break;
            }
            was_killed = killed_after(ground.resume(), moment(true));
            last_was_killed = was_killed;
        }
        if ground.left() > 0 || ground.path("./large").exists() {
            ground.finish(&format!("seed {seed}, after kill {done} in tree {trees}"));
        }
    }
    let thread = std::thread::current();
    let name = thread.name().unwrap_or_default();
    let _ = writeln!(std::io::stderr(), "{name}: {done} kills in {trees} trees, seed {seed}");
}

/// Where both are kept, what has its name is known again by that name: nothing arrives twice.
#[test]
fn killed_while_both_are_kept_there_is_one_copy_of_each() {
    let mut random = fastrand::Rng::with_seed(30);
    for to_server in [false, true] {
        for moment in
            ["BeforeRename:3", "AfterRename:0", "AfterRename:2", "AfterRename:11", "AfterRename:25"]
        {
            let ground = match to_server {
                false => Ground::new(&mut random),
                true => match Ground::to_server(&mut random, Work::Copy) {
                    Some(ground) => ground,
                    None => return,
                },
            };
            let what = format!("{moment}, to a server: {to_server}");
            assert!(dies_at(ground.begin_with("keep-both"), moment), "{what} was not met");
            // Once more on the way, and then to the end.
            dies_at(ground.resume(), "AfterRename:4");
            let output = ground.resume().output().unwrap();
            assert!(output.status.success(), "{what}: {output:?}");
            let mut expected: BTreeMap<String, &Vec<u8>> = BTreeMap::new();
            for (name, old) in &ground.old {
                expected.insert(name.clone(), old);
                expected.insert(format!("{name} (2)"), &ground.new[name]);
            }
            for (name, new) in &ground.new {
                expected.entry(name.clone()).or_insert(new);
            }
            let mut found: Vec<String> = Vec::new();
            for folder in [".", "in"] {
                for entry in fs::read_dir(ground.path(folder)).unwrap() {
                    let entry = entry.unwrap();
                    let name = entry.file_name().to_string_lossy().into_owned();
                    // Parts of small files are begun anew; what the killed one left is cleared away when asked for.
                    if !entry.path().is_dir() && !name.ends_with(".part") {
                        found.push(format!("{folder}/{name}"));
                    }
                }
            }
            found.sort();
            assert_eq!(found, expected.keys().cloned().collect::<Vec<_>>(), "{what}");
            for (name, content) in expected {
                assert!(fs::read(ground.path(&name)).unwrap() == *content, "{what}: {name}");
            }
            assert_eq!(ground.left(), 0, "{what}");
        }
    }
}

/// What is left beside the files is Wharf's own, and bears its mark.
#[test]
fn what_a_kill_leaves_beside_the_files_is_a_part() {
    let mut random = fastrand::Rng::with_seed(1);
    let ground = Ground::new(&mut random);
    assert!(dies_at(ground.begin(), "BeforeRename:5"));
    let is_part = |path: &Path| {
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        name.starts_with('.') && name.ends_with(".part")
    };
    for folder in [".", "in"] {
        for entry in fs::read_dir(ground.path(folder)).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            let is_known = path.is_dir() || ground.new.contains_key(&format!("{folder}/{name}"));
            assert!(is_known || is_part(&path), "{}", path.display());
        }
    }
    ground.finish("parts");
}
