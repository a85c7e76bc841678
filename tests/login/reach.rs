//! Servers that are not there, say nothing, or break off; and a person who goes away.

use std::{
    fs,
    io::{Read as _, Write as _},
    net::{Ipv4Addr, TcpListener},
    path::Path,
    sync::Arc,
    thread,
    time::{Duration, Instant},
};

use async_trait::async_trait;
use wharf::{
    domain::{
        error::ErrorKind,
        question::{Answer, Question},
    },
    storage::Ask,
};

use super::{Person, Say, Wharf};
use crate::{
    servers::{
        client::{Client, ClientOptions},
        sshd::{Sshd, free_port},
    },
    support::wait_until,
};

fn client(port: u16, line: &str) -> Client {
    let none = Path::new("none").to_owned();
    ClientOptions::new(port, "anna".into(), none, Vec::new()).line(line).write()
}

fn listener() -> (TcpListener, u16) {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    (listener, port)
}

async fn failure(client: &Client) -> wharf::domain::error::Error {
    Wharf::new(client.config()).connect(&Person::in_peace()).await.err().unwrap()
}

#[tokio::test]
async fn a_closed_port_is_unreachable() {
    let port = free_port();
    let error = failure(&client(port, "LogLevel QUIET")).await;
    assert_eq!(error.kind(), ErrorKind::Unreachable);
    assert_eq!(
        error.to_string(),
        format!("Could not connect to files.example: 127.0.0.1:{port}: connection refused.")
    );
}

#[tokio::test]
async fn a_host_that_does_not_exist_is_named() {
    // No resolver anywhere takes an empty label for a name: nothing is asked on the network.
    let error = failure(&client(22, "HostName no..where")).await;
    assert_eq!(error.kind(), ErrorKind::HostNotFound);
    assert!(error.why().starts_with("the host name no..where was not found"), "{error}");
}

#[tokio::test]
async fn silence_ends_when_the_time_is_up() {
    let (_listener, port) = listener();
    let began = Instant::now();
    let error = failure(&client(port, "ConnectTimeout 1")).await;
    assert_eq!(error.kind(), ErrorKind::TimedOut);
    assert_eq!(error.why(), "connected, but the server did not finish its greeting within 1 s");
    assert!(began.elapsed() >= Duration::from_secs(1));
}

#[tokio::test]
async fn a_server_that_hangs_up_is_worth_a_retry() {
    let (listener, port) = listener();
    let server = thread::spawn(move || drop(listener.accept()));
    let error = failure(&client(port, "ConnectTimeout 20")).await;
    assert_eq!(error.kind(), ErrorKind::ConnectionLost, "{error}");
    server.join().unwrap();
}

#[tokio::test]
async fn a_server_that_speaks_something_else_is_told_apart() {
    let (listener, port) = listener();
    let server = thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        // A binary packet that claims 4 GB, where the key exchange should begin.
        stream.write_all(b"SSH-2.0-evil\r\n\xff\xff\xff\xff\x04\x14").unwrap();
        stream.write_all(&[0x1b; 4096]).unwrap();
        let mut rest = Vec::new();
        let _ = stream.read_to_end(&mut rest);
    });
    let error = failure(&client(port, "ConnectTimeout 20")).await;
    assert!(
        matches!(
            error.kind(),
            ErrorKind::Protocol | ErrorKind::Unsupported | ErrorKind::ConnectionLost
        ),
        "{error:?}"
    );
    assert!(!error.to_string().contains('\x1b'));
    server.join().unwrap();
}

#[tokio::test]
async fn giving_up_on_a_silent_server_ends_the_connection() {
    let (listener, port) = listener();
    let server = thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut said = Vec::new();
        // Ends only when the other end does.
        stream.read_to_end(&mut said).unwrap_or_default()
    });
    let client = client(port, "ConnectTimeout 100");
    let wharf = Wharf::new(client.config());
    let person = Person::in_peace();
    let gave_up = tokio::time::timeout(Duration::from_millis(500), wharf.connect(&person)).await;
    assert!(gave_up.is_err());
    wait_until("the connection ends", Duration::from_secs(20), || server.is_finished());
}

#[tokio::test]
async fn going_away_while_asked_ends_the_connection() {
    let Some(sshd) = Sshd::options().start() else { return };
    let client = sshd.client().write();
    let wharf = Wharf::new(client.config());
    let person = Person::who_says(&[Say::Nothing]);
    let mut connecting = Box::pin(wharf.connect(&person));
    while person.asked().is_empty() {
        let slice = Duration::from_millis(20);
        assert!(tokio::time::timeout(slice, &mut connecting).await.is_err());
    }
    assert!(!sshd.sessions().is_empty());
    drop(connecting);
    wait_until("sshd is left alone", Duration::from_secs(20), || sshd.sessions().is_empty());
    assert_eq!(fs::read_to_string(client.known_hosts()).unwrap(), "");
    // It can be tried again.
    wharf.connect(&Person::who_says(&[Say::Yes])).await.unwrap();
}

/// Takes longer over every answer than the whole time-out.
struct Thoughtful(Arc<Person>);

#[async_trait]
impl Ask for Thoughtful {
    async fn ask(&self, question: Question) -> Answer {
        tokio::time::sleep(Duration::from_millis(1300)).await;
        self.0.ask(question).await
    }
}

#[tokio::test]
async fn the_clock_stands_while_a_person_thinks() {
    let Some(sshd) = Sshd::options().start() else { return };
    let client = sshd.client().line("ConnectTimeout 1").write();
    let person = Person::who_says(&[Say::Yes]);
    Wharf::new(client.config()).connect_with(Arc::new(Thoughtful(person.clone()))).await.unwrap();
    assert_eq!(person.asked().len(), 1);
}

#[tokio::test]
async fn an_old_server_is_told_to_be_old() {
    let line = "KexAlgorithms diffie-hellman-group14-sha1";
    let Some(sshd) = Sshd::options().line(line).start() else { return };
    let client = sshd.client().known().write();
    let error = failure(&client).await;
    assert_eq!(error.kind(), ErrorKind::Unsupported);
    assert_eq!(
        error.why(),
        "no common key exchange: the server offers only diffie-hellman-group14-sha1, \
         which rests on SHA-1 and is not safe any more; the server needs an update"
    );
}
