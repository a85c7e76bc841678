//! Further connections that are refused, die, or would need a person: a large file goes on with what there is, and the
//! server is left in peace (FAULTS.md 18, 20, 24, for the connections beyond the first).

use std::{
    fs,
    net::TcpStream,
    path::PathBuf,
    time::{Duration, Instant},
};

use secrecy::SecretString;
use tempfile::TempDir;
use wharf::domain::{
    digest::Verdict,
    question::{Answer, Question},
    site::Bounds,
};

use super::crossing::{Crossing, LONG, content, files_below, local, remote};
use crate::{
    servers::{
        embedded::{Prompt, Ways},
        evil_sftp::{Evil, PASSWORD},
        relay::Relay,
        sshd::{Sshd, SshdOptions},
    },
    support::wait_until,
};

/// Sixteen ranges: more than are begun before there is a second connection.
const LENGTH: usize = 128 << 20;
/// Bytes a second on each connection: so slow that one more would pay, and that three seconds are left to ask again.
const RATE: u64 = 40_000_000;

/// So narrow that what is under way is felt.
const NARROW: u64 = 4_000_000;

/// A site behind a relay whose line is narrow, and the same file at both ends.
struct Scene {
    crossing: Crossing,
    relay: Relay,
    sshd: Sshd,
    here: TempDir,
    content: Vec<u8>,
}

fn scene(options: SshdOptions) -> Option<Scene> {
    scene_within(options, Bounds::default())
}

fn scene_within(options: SshdOptions, bounds: Bounds) -> Option<Scene> {
    let sshd = options.start()?;
    let relay = Relay::to(sshd.port());
    relay.up().rate(RATE);
    relay.down().rate(RATE);
    let client = sshd.client().port(relay.port()).known().write();
    let mut crossing = Crossing::within(&client, None, bounds);
    let (here, content) = (tempfile::tempdir().unwrap(), content(LENGTH));
    fs::create_dir(here.path().join("got")).unwrap();
    fs::create_dir(sshd.files().join("put")).unwrap();
    for folder in [here.path(), &sshd.files()] {
        fs::write(folder.join("a"), &content).unwrap();
    }
    // The first connection stands before anything is made difficult.
    crossing.list(&remote(".")).unwrap();
    assert_eq!(relay.accepted(), 1);
    Some(Scene { crossing, relay, sshd, here, content })
}

#[derive(Debug, Clone, Copy)]
enum Way {
    Get,
    Put,
}

impl Scene {
    /// Copies the file while trouble is made: it arrives whole and verified, in one attempt.
    #[track_caller]
    fn survives(&mut self, way: Way, trouble: impl FnOnce(&Relay)) {
        let (from, to, folder): (_, _, PathBuf) = match way {
            Way::Get => {
                let got = self.here.path().join("got");
                (remote("a"), local(&got), got)
            }
            Way::Put => {
                (local(&self.here.path().join("a")), remote("put"), self.sshd.files().join("put"))
            }
        };
        let job = self.crossing.copy(&from, &to);
        trouble(&self.relay);
        self.crossing.arrives(job, LONG);
        let done = &self.crossing.done(job)[0];
        assert_eq!((done.attempts, done.verdict), (1, Some(Verdict::Hash)), "{way:?}");
        assert!(fs::read(folder.join("a")).unwrap() == self.content, "{way:?}");
        assert_eq!(files_below(&folder), ["a"]);
    }
}

#[test]
fn a_server_that_turns_further_connections_away_is_left_in_peace() {
    let Some(mut scene) = scene(Sshd::options()) else { return };
    scene.relay.turn_away(true);
    scene.survives(Way::Get, |_| {});
    let asked = scene.relay.accepted() - 1;
    assert!((1..=2).contains(&asked), "asked for a further connection {asked} times");
    scene.survives(Way::Put, |_| {});
    let asked = scene.relay.accepted() - 1;
    assert!((1..=3).contains(&asked), "asked for a further connection {asked} times");
}

#[test]
fn a_server_that_has_no_room_for_a_further_login_is_left_in_peace() {
    let Some(mut scene) = scene(Sshd::options().line("MaxStartups 1:100:1")) else { return };
    // One who has not logged in takes the only place there is for such.
    let _greeted = TcpStream::connect(("127.0.0.1", scene.sshd.port())).unwrap();
    wait_until("the place is taken", LONG, || scene.sshd.sessions().len() >= 2);
    scene.survives(Way::Get, |_| {});
    let asked = scene.relay.accepted() - 1;
    assert!((1..=2).contains(&asked), "asked for a further connection {asked} times");
    assert!(scene.sshd.log().contains("MaxStartups"), "it was never refused");
}

#[test]
fn nobody_listens_any_more_for_a_further_connection() {
    let Some(mut scene) = scene(Sshd::options()) else { return };
    scene.relay.refuse(true);
    scene.survives(Way::Get, |_| {});
    scene.survives(Way::Put, |_| {});
}

#[test]
fn a_further_connection_that_dies_in_use_gives_its_ranges_to_the_others() {
    for way in [Way::Get, Way::Put] {
        let Some(mut scene) = scene(Sshd::options()) else { return };
        scene.survives(way, |relay| {
            let in_use = || relay.open() == 2 && relay.passed_on_youngest() > 2_000_000;
            wait_until("a second connection is in use", LONG, in_use);
            relay.turn_away(true);
            relay.cut_youngest();
        });
        assert!(scene.relay.open() == 1 && scene.relay.accepted() <= 4, "{way:?}");
    }
}

#[test]
fn there_are_as_many_connections_as_were_allowed() {
    let bounds = Bounds { connections: 2, ..Bounds::default() };
    let Some(mut scene) = scene_within(Sshd::options(), bounds) else { return };
    // Each brings as much again, so that many would pay.
    scene.relay.down().rate(RATE / 4);
    scene.survives(Way::Get, |_| {});
    assert_eq!(scene.relay.accepted(), 2);
}

#[test]
fn lanes_join_where_one_more_brings_more() {
    // OpenSSH takes 2 MiB ahead on a channel: so much in a round trip, and no more.
    let bounds = Bounds { connections: 1, ..Bounds::default() };
    let Some(mut scene) = scene_within(Sshd::options(), bounds) else { return };
    scene.relay.up().rate(0);
    scene.relay.delay(Duration::from_millis(150));
    let before = scene.sshd.sftp_servers().len();
    let mut most = before;
    let job = scene.crossing.copy(&local(&scene.here.path().join("a")), &remote("put"));
    wait_until("four lanes are six, beside that for questions", LONG, || {
        most = most.max(scene.sshd.sftp_servers().len());
        most == 7 || scene.crossing.carried(job) == LENGTH as u64
    });
    assert_eq!(most, 7, "lanes on the way");
    assert!(before <= 2, "the others join while it runs: {before}");
    scene.relay.delay(Duration::ZERO);
    scene.crossing.arrives(job, LONG);
    assert!(fs::read(scene.sshd.files().join("put/a")).unwrap() == scene.content);
}

#[test]
fn a_listing_does_not_wait_for_what_fills_the_line() {
    let Some(mut scene) = scene(Sshd::options()) else { return };
    scene.relay.up().rate(NARROW);
    scene.relay.down().rate(NARROW);
    let got = local(&scene.here.path().join("got"));
    let (get, put) = ((remote("a"), got), (local(&scene.here.path().join("a")), remote("put")));
    for (from, to) in [get, put] {
        let job = scene.crossing.copy(&from, &to);
        scene.crossing.carries(job, 4 * NARROW);
        let listing = |_| {
            let start = Instant::now();
            scene.crossing.list(&remote(".")).unwrap();
            start.elapsed()
        };
        let mut took: Vec<Duration> = (0..9).map(listing).collect();
        took.sort();
        eprintln!("listings beside a copy to {to}: {took:?}");
        // As much as streams may have under way would take them many seconds, some of them at the least.
        assert!(took[7] < Duration::from_secs(2), "{to}: {took:?}");
        scene.crossing.cancel(job);
    }
}

/// An embedded server behind a narrow line; what it is asked for comes from a person.
fn personal(ways: Ways, vault: Option<&str>) -> (Evil, Relay, Crossing, Vec<u8>) {
    let content = content(64 << 20);
    let evil = Evil::letting_in(ways, |world| world.file("/srv/a", &content));
    let relay = Relay::to(evil.port());
    relay.down().rate(RATE);
    let crossing = Crossing::new(&evil.client().port(relay.port()).write(), vault);
    (evil, relay, crossing, content)
}

/// Fetches the file into a folder of its own.
#[track_caller]
fn gets(crossing: &mut Crossing, content: &[u8]) {
    let here = tempfile::tempdir().unwrap();
    let job = crossing.copy(&remote("/srv/a"), &local(here.path()));
    crossing.arrives(job, LONG);
    assert_eq!(crossing.done(job)[0].attempts, 1);
    assert!(fs::read(here.path().join("a")).unwrap() == *content);
}

/// Ends the first connection, and waits until the engine has found out.
#[track_caller]
fn lose(evil: &Evil, crossing: &mut Crossing) {
    evil.cut();
    // A listing on a connection that has ended fails, or is the first thing on the next one.
    let _ = crossing.list(&remote("/srv"));
}

#[test]
fn a_further_login_knows_what_ways_there_are() {
    let ways = Ways { password: Some(PASSWORD.into()), ..Ways::default() };
    let (evil, _relay, mut crossing, content) = personal(ways, Some(PASSWORD));
    gets(&mut crossing, &content);
    assert!(evil.connections() > 1, "no further connection was made");
    assert_eq!(evil.asked_for_ways(), 1);
}

#[test]
fn a_login_that_is_refused_the_second_time_is_not_tried_again_and_forgets_nothing() {
    let only_one = Ways { only_one: true, ..Ways::default() };
    let by_password = Ways { password: Some(PASSWORD.into()), ..only_one.clone() };
    let prompt = Prompt { text: "Password: ".into(), echo: false, answer: PASSWORD.into() };
    let by_prompt = Ways { prompts: vec![vec![prompt]], ..only_one };
    for (ways, vault) in [(&by_password, Some(PASSWORD)), (&by_password, None), (&by_prompt, None)]
    {
        let (evil, _relay, crossing, content) = personal(ways.clone(), vault);
        let mut crossing = crossing.answering(|question| match question {
            Question::Password { .. } | Question::Prompts { .. } => {
                Some(Answer::Texts { texts: vec![SecretString::from(PASSWORD)], keep: false })
            }
            _ => Some(Answer::No),
        });
        gets(&mut crossing, &content);
        let asked = (evil.connections(), evil.refused());
        assert_eq!(asked, (2, 1), "one further connection was asked for, once");
        gets(&mut crossing, &content);
        assert_eq!(evil.connections(), 2, "and not another");
        lose(&evil, &mut crossing);
        gets(&mut crossing, &content);
        assert_eq!(evil.connections(), 3, "nor by the connection after that");
        let asked = usize::from(vault.is_none());
        assert_eq!(crossing.questions().len(), asked, "{:?}", crossing.questions());
    }
}

#[test]
fn a_code_that_is_good_once_is_asked_for_once_a_connection_of_the_persons() {
    let code = Prompt { text: "Verification code: ".into(), echo: false, answer: "code".into() };
    let ways = Ways { prompts: vec![vec![code]], one_time: true, ..Ways::default() };
    let (evil, _relay, crossing, content) = personal(ways, None);
    let mut asked = 0;
    let mut crossing = crossing.answering(move |_| {
        asked += 1;
        let code = SecretString::from(format!("code {asked}"));
        Some(Answer::Texts { texts: vec![code], keep: false })
    });
    gets(&mut crossing, &content);
    assert_eq!(evil.connections(), 2, "one further connection was asked for");
    assert_eq!(crossing.questions().len(), 1, "{:?}", crossing.questions());
    gets(&mut crossing, &content);
    assert_eq!((evil.connections(), crossing.questions().len()), (2, 1), "never again");
    // Once the connection is lost the person is needed; that a further one is none to be had is still known.
    lose(&evil, &mut crossing);
    gets(&mut crossing, &content);
    assert_eq!((evil.connections(), crossing.questions().len()), (3, 2));
    assert_eq!(evil.refused(), 0, "a code was used twice");
}
