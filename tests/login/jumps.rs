//! Through other hosts to the goal, over real OpenSSH servers: each host's key is checked, each has a login of its own.

use std::{fs, time::Duration};

use wharf::domain::{error::ErrorKind, path::StoragePath, question::Question};

use super::{Person, Say, Wharf};
use crate::{
    servers::{
        client::{Client, ClientOptions, HOST},
        sshd::{KeyType, Sshd, free_port},
    },
    support::wait_until,
};

/// The goal, and two hosts on the way to it.
struct Way {
    goal: Sshd,
    outer: Sshd,
    inner: Sshd,
}

impl Way {
    fn new() -> Option<Self> {
        Self::with(Sshd::options().start()?)
    }

    fn with(outer: Sshd) -> Option<Self> {
        let inner = Sshd::options().start()?;
        Some(Self { goal: Sshd::options().start()?, outer, inner })
    }

    /// A configuration that knows the hosts on the way by their names.
    fn client(&self, options: ClientOptions) -> Client {
        let client = options.write();
        client.add_host("outer", &self.outer);
        client.add_host("inner", &self.inner);
        client
    }

    fn through(&self, jump: &str) -> Client {
        self.client(self.goal.client().line(format!("ProxyJump {jump}")))
    }

    fn know_all(&self, client: &Client) {
        for sshd in [&self.goal, &self.outer, &self.inner] {
            client.add_known(sshd);
        }
    }
}

fn connections(sshd: &Sshd) -> usize {
    // The first is the one that waited for the server to be there.
    sshd.log().matches("Connection from ").count() - 1
}

#[tokio::test]
async fn every_host_on_the_way_shows_its_key_and_has_its_own_login() {
    let Some(way) = Way::new() else { return };
    let client = way.through("outer,inner");
    let person = Person::who_says(&[Say::Yes, Say::Yes, Say::Yes]);
    let wharf = Wharf::new(client.config());
    let storage = wharf.connect(&person).await.unwrap();
    let asked = person.asked();
    let about: Vec<_> = asked
        .iter()
        .map(|question| match question {
            Question::HostKey { site, fingerprint, .. } => (site.to_string(), fingerprint.clone()),
            other => panic!("asked: {other:?}"),
        })
        .collect();
    let key = |sshd: &Sshd| sshd.fingerprint(KeyType::Ed25519);
    assert_eq!(
        about,
        [
            ("outer".to_owned(), key(&way.outer)),
            ("inner".to_owned(), key(&way.inner)),
            (HOST.to_owned(), key(&way.goal)),
        ]
    );
    fs::write(way.goal.files().join("there"), "it is").unwrap();
    let there = storage.stat(&StoragePath::new("there")).await.unwrap();
    assert_eq!(there.size, Some(5));
    assert_eq!([&way.outer, &way.inner].map(connections), [1, 1]);
    // What was accepted is known: to this process, and to the next.
    wharf.connect_in_peace().await;
    Wharf::new(client.config()).connect_in_peace().await;
    // The way is the only way: without its first host there is none.
    drop(storage);
    let port = way.outer.port();
    drop(way.outer);
    let error = wharf.connect(&Person::in_peace()).await.err().unwrap();
    assert_eq!(error.kind(), ErrorKind::Unreachable);
    assert!(error.to_string().starts_with("Could not connect to outer: "), "{error}");
    assert!(error.why().contains(&format!(":{port}")), "{error}");
}

#[tokio::test]
async fn a_host_on_the_way_that_is_not_trusted_leads_nowhere() {
    let Some(way) = Way::new() else { return };
    let client = way.through("outer");
    let error = Wharf::new(client.config()).connect(&Person::in_peace()).await.err().unwrap();
    assert_eq!(error.kind(), ErrorKind::HostKeyRefused);
    assert!(error.to_string().starts_with("Could not connect to outer: "), "{error}");
    assert_eq!(connections(&way.goal), 0);
    // A key that has changed is not even asked about, whether on the way or at the goal.
    way.know_all(&client);
    let wharf = Wharf::new(client.config());
    wharf.connect_in_peace().await;
    way.outer.change_host_key(KeyType::Ed25519);
    let before = connections(&way.goal);
    for wharf in [wharf, Wharf::new(client.config())] {
        let person = Person::who_says(&[Say::Yes, Say::Yes]);
        let error = wharf.connect(&person).await.err().unwrap();
        assert_eq!(error.kind(), ErrorKind::HostKeyRefused);
        assert!(error.why().contains("HAS CHANGED"), "{error}");
        assert!(person.asked().is_empty());
    }
    assert_eq!(connections(&way.goal), before);
}

#[tokio::test]
async fn a_host_that_lets_nobody_through_or_finds_nobody_says_so() {
    let Some(closed) = Sshd::options().line("AllowTcpForwarding no").start() else { return };
    let Some(way) = Way::with(closed) else { return };
    let client = way.through("outer");
    way.know_all(&client);
    let error = Wharf::new(client.config()).connect(&Person::in_peace()).await.err().unwrap();
    assert_eq!(error.kind(), ErrorKind::PermissionDenied);
    assert!(error.why().contains("outer was asked to connect to 127.0.0.1:"), "{error}");
    assert!(error.why().ends_with("it lets nobody through to there"), "{error}");

    let port = free_port();
    let client = way.client(way.goal.client().port(port).line("ProxyJump inner"));
    way.know_all(&client);
    let error = Wharf::new(client.config()).connect(&Person::in_peace()).await.err().unwrap();
    assert_eq!(error.kind(), ErrorKind::Unreachable);
    let words = format!("inner was asked to connect to 127.0.0.1:{port}: it could not connect");
    assert!(error.why().contains(&words), "{error}");
}

#[tokio::test]
async fn the_end_of_a_host_on_the_way_is_the_end_of_the_connection() {
    let Some(way) = Way::new() else { return };
    let client = way.through("outer,inner");
    way.know_all(&client);
    let wharf = Wharf::new(client.config());
    let storage = wharf.connect_in_peace().await;
    way.inner.kill_sessions();
    let home = StoragePath::new(".");
    let error = tokio::time::timeout(Duration::from_secs(20), storage.stat(&home)).await;
    assert!(error.unwrap().unwrap_err().kind().ends_the_connection());
    // The session before it is not left open for nobody.
    wait_until("the outer session ends", Duration::from_secs(20), || {
        way.outer.sessions().is_empty()
    });
    // And the way can be gone again.
    let storage = wharf.connect_in_peace().await;
    storage.stat(&home).await.unwrap();
    storage.disconnect();
    wait_until("all sessions end", Duration::from_secs(20), || {
        [&way.outer, &way.inner, &way.goal].iter().all(|sshd| sshd.sessions().is_empty())
    });
}
