//! Connections that are cut, reset, damaged, stalled, slow (FAULTS.md 18 to 20, 23, 24): a real sshd behind a relay.

use std::{
    fs,
    time::{Duration, Instant},
};

use tempfile::TempDir;
use wharf::{
    engine::message::Command,
    storage::memory::{MemoryStorage, Operation},
};

use super::crossing::{Crossing, LONG, content, files_below, is_a_sentence, local, remote};
use crate::{
    servers::{
        relay::{Fault, Relay},
        sshd::Sshd,
    },
    support::wait_until,
};

/// A server behind a relay, an engine that knows it by the relay's port, and a folder here.
struct Scene {
    crossing: Crossing,
    relay: Relay,
    sshd: Sshd,
    here: TempDir,
}

fn scene() -> Option<Scene> {
    let sshd = Sshd::options().start()?;
    let relay = Relay::to(sshd.port());
    let crossing = Crossing::new(&sshd.client().port(relay.port()).known().write(), None);
    Some(Scene { crossing, relay, sshd, here: tempfile::tempdir().unwrap() })
}

impl Scene {
    fn there(&self, name: &str) -> std::path::PathBuf {
        self.sshd.files().join(name)
    }
}

/// Copies up and down while `trouble` is made; both must arrive whole, with nothing beside them.
#[track_caller]
fn both_ways_survive(length: usize, trouble: impl Fn(&Relay)) {
    let Some(mut scene) = scene() else { return };
    let data = content(length);
    fs::write(scene.here.path().join("up"), &data).unwrap();
    trouble(&scene.relay);
    let there = remote(scene.sshd.files().to_string_lossy().as_bytes());
    let job = scene.crossing.copy(&local(&scene.here.path().join("up")), &there);
    scene.crossing.arrives(job, LONG);
    assert!(fs::read(scene.there("up")).unwrap() == data);

    fs::write(scene.there("down"), &data).unwrap();
    trouble(&scene.relay);
    let job = scene.crossing.copy(&remote("down"), &local(scene.here.path()));
    scene.crossing.arrives(job, LONG);
    assert!(fs::read(scene.here.path().join("down")).unwrap() == data);
    assert_eq!(files_below(&scene.sshd.files()), ["down", "up"]);
    assert_eq!(files_below(scene.here.path()), ["down", "up"]);
}

/// The same trouble after so many bytes each, side by side: most of the time is waiting for the next attempt.
#[track_caller]
fn at_each(places: &[u64], trouble: impl Fn(&Relay, u64) + Sync) {
    std::thread::scope(|scope| {
        for after in places {
            let trouble = &trouble;
            scope.spawn(move || both_ways_survive(1_000_000, |relay| trouble(relay, *after)));
        }
    });
}

#[test]
fn cut_towards_the_server() {
    at_each(&[0, 30, 1500, 3000, 5000, 50_000, 700_000], |relay, after| {
        relay.up().arm(Fault::Cut, after)
    });
}

#[test]
fn cut_towards_the_client() {
    at_each(&[10, 1200, 3000, 5000, 50_000, 700_000], |relay, after| {
        relay.down().arm(Fault::Cut, after)
    });
}

#[test]
fn reset_in_every_phase() {
    at_each(&[20, 2500, 5000, 400_000], |relay, after| {
        relay.up().arm(Fault::Reset, after);
        relay.down().arm(Fault::Reset, after);
    });
}

#[test]
fn a_byte_damaged_on_its_way() {
    at_each(&[20_000, 500_000], |relay, after| {
        relay.up().arm(Fault::Flip, after);
        relay.down().arm(Fault::Flip, after);
    });
}

#[test]
fn a_connection_that_flaps() {
    let Some(mut scene) = scene() else { return };
    let names: Vec<String> = (100..200).map(|number| number.to_string()).collect();
    fs::create_dir(scene.there("many")).unwrap();
    for (name, number) in names.iter().zip(0..) {
        fs::write(scene.there("many").join(name), content(300_000 + number)).unwrap();
    }
    // Between two cuts a few files arrive.
    scene.crossing.send(Command::AtOnce(Some(2)));
    scene.relay.down().arm_again_and_again(Fault::Cut, 1_000_000);
    let job = scene.crossing.copy(&remote("many"), &local(scene.here.path()));
    wait_until("it flapped twenty times", 2 * LONG, || scene.relay.down().struck() >= 20);
    scene.relay.down().disarm();
    scene.crossing.arrives(job, 2 * LONG);
    for (name, number) in names.iter().zip(0..) {
        let arrived = fs::read(scene.here.path().join("many").join(name)).unwrap();
        assert!(arrived == content(300_000 + number), "{name}");
    }
    assert_eq!(files_below(&scene.here.path().join("many")), names);
    let done = scene.crossing.done(job);
    assert_eq!(done.len(), names.len() + 1, "each of them once, and their folder");
    assert!(done.iter().any(|step| step.attempts > 1));
}

/// How long a file is, how much of it is over when the server's processes are killed, and what passes less than if it is
/// gone on with: what was under way at that moment is carried again, and not what was there.
const MOSTLY_OVER: (usize, u64, u64) = (12_000_000, 9_000_000, 18_000_000);

#[test]
fn the_servers_child_killed_in_the_middle_of_a_file() {
    let Some(mut scene) = scene() else { return };
    let data = content(MOSTLY_OVER.0);
    fs::write(scene.there("down"), &data).unwrap();
    scene.relay.down().rate(8_000_000);
    let before = scene.relay.down().passed();
    let job = scene.crossing.copy(&remote("down"), &local(scene.here.path()));
    scene.crossing.carries(job, MOSTLY_OVER.1);
    scene.sshd.kill_sftp();
    wait_until("the retry shows", LONG, || scene.crossing.retrying(job).is_some());
    is_a_sentence(&scene.crossing.retrying(job).unwrap_or_else(|| panic!("it was there")));
    scene.relay.down().rate(0);
    scene.crossing.arrives(job, LONG);
    assert!(fs::read(scene.here.path().join("down")).unwrap() == data);
    let done = scene.crossing.done(job);
    assert!(done.iter().any(|step| step.attempts > 1), "{done:?}");
    let passed = scene.relay.down().passed() - before;
    assert!(passed < MOSTLY_OVER.2, "{passed} bytes passed: it was begun again");
}

#[test]
fn all_sessions_killed_in_the_middle_of_a_file() {
    let Some(mut scene) = scene() else { return };
    let data = content(MOSTLY_OVER.0);
    fs::write(scene.here.path().join("up"), &data).unwrap();
    scene.relay.up().rate(8_000_000);
    let before = scene.relay.up().passed();
    let job = scene.crossing.copy(&local(&scene.here.path().join("up")), &remote("."));
    scene.crossing.carries(job, MOSTLY_OVER.1);
    scene.sshd.kill_sessions();
    scene.relay.up().rate(0);
    scene.crossing.arrives(job, LONG);
    assert!(fs::read(scene.there("up")).unwrap() == data);
    assert_eq!(files_below(&scene.sshd.files()), ["up"]);
    let passed = scene.relay.up().passed() - before;
    assert!(passed < MOSTLY_OVER.2, "{passed} bytes passed: it was begun again");
}

#[test]
fn cancelled_within_a_second_while_the_server_stands_still() {
    let Some(mut scene) = scene() else { return };
    fs::write(scene.there("down"), content(6_000_000)).unwrap();
    scene.relay.down().rate(4_000_000);
    let job = scene.crossing.copy(&remote("down"), &local(scene.here.path()));
    scene.crossing.carries(job, 1_000_000);
    let paused = scene.sshd.pause_sftp();
    // What was under way arrives; then nothing moves.
    scene.relay.down().rate(0);
    let took = scene.crossing.cancel(job);
    assert!(took < Duration::from_secs(1), "{took:?}");
    wait_until("the part is gone", LONG, || files_below(scene.here.path()).is_empty());
    drop(paused);

    // The same with sending, and the whole connection without a sign of life.
    fs::write(scene.here.path().join("up"), content(6_000_000)).unwrap();
    scene.relay.up().rate(4_000_000);
    let job = scene.crossing.copy(&local(&scene.here.path().join("up")), &remote("."));
    scene.crossing.carries(job, 1_000_000);
    scene.relay.stall(true);
    let took = scene.crossing.cancel(job);
    assert!(took < Duration::from_secs(1), "{took:?}");
    assert!(!scene.there("up").exists());
}

#[test]
fn a_stall_is_waited_out() {
    let Some(mut scene) = scene() else { return };
    let data = content(3_000_000);
    fs::write(scene.there("down"), &data).unwrap();
    scene.relay.down().rate(2_000_000);
    let job = scene.crossing.copy(&remote("down"), &local(scene.here.path()));
    scene.crossing.carries(job, 500_000);
    scene.relay.stall(true);
    let start = Instant::now();
    wait_until("two seconds pass", LONG, || start.elapsed() > Duration::from_secs(2));
    scene.relay.stall(false);
    scene.crossing.arrives(job, LONG);
    assert!(fs::read(scene.here.path().join("down")).unwrap() == data);
    assert_eq!(scene.crossing.done(job)[0].attempts, 1);
}

#[test]
fn silence_without_end_is_noticed_and_survived() {
    let Some(mut scene) = scene() else { return };
    let data = content(3_000_000);
    fs::write(scene.there("down"), &data).unwrap();
    scene.relay.down().rate(2_000_000);
    let job = scene.crossing.copy(&remote("down"), &local(scene.here.path()));
    scene.crossing.carries(job, 500_000);
    scene.relay.stall(true);
    let patience = Duration::from_secs(100);
    wait_until("the silence is noticed", patience, || scene.crossing.retrying(job).is_some());
    scene.relay.stall(false);
    scene.relay.down().rate(0);
    scene.crossing.arrives(job, LONG);
    assert!(fs::read(scene.here.path().join("down")).unwrap() == data);
}

/// More than the ranges under way may hold, far less than the file.
const MOST_AHEAD: u64 = 100_000_000;

#[test]
fn a_disk_that_takes_nothing_stops_the_line() {
    let Some(sshd) = Sshd::options().start() else { return };
    let relay = Relay::to(sshd.port());
    fs::File::create(sshd.files().join("down")).unwrap().set_len(1 << 30).unwrap();
    let disk = MemoryStorage::new();
    disk.before(|call| async move {
        if call.operation == Operation::Write {
            std::future::pending::<()>().await;
        }
        Ok(())
    });
    let client = sshd.client().port(relay.port()).known().write();
    let mut crossing = Crossing::with_disk(&client, disk);
    let job = crossing.copy(&remote("down"), &local(std::path::Path::new("/")));
    let passed = || relay.down().passed();
    wait_until("it comes", LONG, || passed() > 1_000_000);
    let mut last = (passed(), Instant::now());
    wait_until("no more comes", LONG, || {
        if passed() != last.0 {
            last = (passed(), Instant::now());
        }
        last.1.elapsed() > Duration::from_secs(1)
    });
    assert!(last.0 < MOST_AHEAD, "{} bytes came that nobody takes", last.0);
    eprintln!("fetched for a disk that takes nothing: {} bytes", last.0);
    let took = crossing.cancel(job);
    assert!(took < Duration::from_secs(1), "{took:?}");
}

#[test]
fn a_slow_link_is_no_dead_link() {
    let Some(mut scene) = scene() else { return };
    // All of it takes longer than a server may be silent.
    let data = content(96_000);
    fs::write(scene.there("down"), &data).unwrap();
    scene.relay.up().rate(2000);
    scene.relay.down().rate(2000);
    let job = scene.crossing.copy(&remote("down"), &local(scene.here.path()));
    scene.crossing.arrives(job, 4 * LONG);
    assert!(fs::read(scene.here.path().join("down")).unwrap() == data);
    assert_eq!(scene.crossing.done(job)[0].attempts, 1);
}

#[test]
fn a_server_that_is_away_for_a_while() {
    let Some(mut scene) = scene() else { return };
    let data = content(6_000_000);
    fs::write(scene.here.path().join("up"), &data).unwrap();
    scene.relay.up().rate(4_000_000);
    let job = scene.crossing.copy(&local(&scene.here.path().join("up")), &remote("."));
    scene.crossing.carries(job, 1_000_000);
    scene.relay.refuse(true);
    scene.relay.reset();
    let away = |crossing: &Crossing| {
        crossing.retrying(job).is_some_and(|why| why.to_string().contains("refused"))
    };
    wait_until("the refusal shows", LONG, || away(&scene.crossing));
    scene.relay.refuse(false);
    scene.relay.up().rate(0);
    scene.crossing.arrives(job, LONG);
    assert!(fs::read(scene.there("up")).unwrap() == data);
    assert_eq!(files_below(&scene.sshd.files()), ["up"]);
}

#[test]
fn a_source_here_that_grows_while_it_is_sent() {
    let Some(mut scene) = scene() else { return };
    let up = scene.here.path().join("up");
    let mut data = content(6_000_000);
    fs::write(&up, &data).unwrap();
    scene.relay.up().rate(4_000_000);
    let job = scene.crossing.copy(&local(&up), &remote("."));
    scene.crossing.carries(job, 1_000_000);
    data.extend(b"more");
    let grown = fs::OpenOptions::new().append(true).open(&up);
    std::io::Write::write_all(&mut grown.unwrap(), b"more").unwrap();
    scene.relay.up().rate(0);
    // The change is noticed, and a further attempt carries what stands there then.
    scene.crossing.arrives(job, LONG);
    assert!(scene.crossing.done(job)[0].attempts > 1);
    assert!(fs::read(scene.there("up")).unwrap() == data);
}

#[test]
fn a_stalled_listing_does_not_stop_another() {
    let Some(mut scene) = scene() else { return };
    scene.crossing.list(&remote(".")).unwrap();
    let paused = scene.sshd.pause_sftp();
    scene.crossing.open(&remote("."));
    let start = Instant::now();
    scene.crossing.list(&local(scene.here.path())).unwrap();
    assert!(start.elapsed() < Duration::from_secs(1));
    drop(paused);
}
