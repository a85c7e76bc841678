//! Nothing is said to a server before it is known to be the right one, and nobody else is talked to.

use std::{
    net::{Ipv4Addr, TcpListener},
    time::Duration,
};

use tokio::time::timeout;
use wharf::domain::{ftp::TlsRule, question::Question, site::Protocol};

use super::*;
use crate::{
    headless::{self, Said},
    servers::{
        certificates::{Certificate, Flaw},
        evil_ftp::Trick,
        ftp_server::Tls,
    },
};

const SOON: Duration = Duration::from_secs(20);

fn yes() -> Arc<Person> {
    Person::who_says(|| Answer::Yes)
}

fn sound() -> Certificate {
    Certificate::make(Flaw::SelfSigned)
}

/// Connecting fails with such a sentence, and nothing of the login was sent.
async fn stops_before_the_login(evil: &EvilFtp, protocol: Protocol, says: &str) {
    let error = timeout(SOON, try_connect(evil, protocol, &yes())).await.unwrap().err().unwrap();
    assert!(error.to_string().contains(says), "{error}");
    let world = evil.world();
    for verb in ["USER", "PASS", "ACCT"] {
        assert!(!world.was_asked(verb), "{verb} was sent: {:?}", world.seen());
    }
    assert!(!world.seen().concat().contains(CANARY));
}

/// Fault 35.
#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_refuses_tls_is_told_no_name() {
    for refusal in ["502 what?", "530 log in first", "230 you are in", "220 hello again"] {
        let evil = EvilFtp::with(Tls::Explicit, sound(), |world| {
            world.trick(Trick::Says("AUTH", refusal));
        });
        stops_before_the_login(&evil, Protocol::FtpExplicitTls, "does not offer TLS").await;
    }
    // One that lets in before TLS is up is asked for TLS all the same.
    let evil = EvilFtp::with(Tls::None, sound(), |world| world.greeting("230 you are in"));
    stops_before_the_login(&evil, Protocol::FtpExplicitTls, "does not offer TLS").await;
}

/// A host that TLS is required of is not even connected to without.
#[tokio::test(flavor = "multi_thread")]
async fn where_tls_is_required_plain_ftp_sends_nothing() {
    let evil = EvilFtp::start(|_| ());
    let ftp = FtpWays { tls: Some(TlsRule::Required), ..FtpWays::default() };
    let terms = Terms { ftp, ..Terms::default() };
    let dialer = dialer().under(Arc::new(move |_| terms.clone()));
    let dialled = dialer.dial(&endpoint(Protocol::Ftp, evil.port()), yes()).await;
    let error = dialled.err().expect("plain FTP was spoken");
    assert_eq!(error.kind(), ErrorKind::Invalid);
    assert!(error.to_string().contains("TLS is required"), "{error}");
    assert!(!error.kind().is_worth_a_retry());
    assert_eq!(evil.connections(), 0, "{:?}", evil.world().seen());
    let evil = EvilFtp::with(Tls::Explicit, sound(), |_| ());
    dialer.dial(&endpoint(Protocol::FtpExplicitTls, evil.port()), yes()).await.unwrap();
}

/// Fault 35.
#[tokio::test(flavor = "multi_thread")]
async fn lines_slipped_in_before_tls_are_not_taken_for_the_servers() {
    let evil = EvilFtp::with(Tls::Explicit, sound(), |world| {
        world.trick(Trick::Pipelined("331 password please\r\n230 welcome"));
    });
    stops_before_the_login(&evil, Protocol::FtpExplicitTls, "TLS").await;
}

/// Fault 35.
#[tokio::test(flavor = "multi_thread")]
async fn files_are_not_carried_in_the_open() {
    for tls in [Tls::Explicit, Tls::Implicit] {
        let evil = EvilFtp::with(tls, sound(), |world| {
            world.file("/srv/a", b"secret");
            world.trick(Trick::Says("PROT", "534 in the open only"));
        });
        let protocol = match tls {
            Tls::Implicit => Protocol::FtpImplicitTls,
            _ => Protocol::FtpExplicitTls,
        };
        let error = timeout(SOON, try_connect(&evil, protocol, &yes())).await.unwrap();
        let error = error.err().unwrap().to_string();
        assert!(error.contains("does not encrypt files"), "{error}");
        for verb in ["LIST", "MLSD", "RETR", "EPSV", "PASV"] {
            assert!(!evil.world().was_asked(verb), "{verb}");
        }
    }
}

/// Fault 34.
#[tokio::test(flavor = "multi_thread")]
async fn a_certificate_nobody_vouches_for_is_the_persons_decision() {
    let flaws = [
        (Flaw::SelfSigned, "nobody this machine trusts", "no list of whom to trust"),
        (Flaw::Expired, "expired", "no list of whom to trust"),
        (Flaw::WrongName, "another name", "nobody this machine trusts"),
        (Flaw::Authority, "one that signs others", "no list of whom to trust"),
    ];
    for (flaw, reason, or) in flaws {
        for tls in [Tls::Explicit, Tls::Implicit] {
            let evil = EvilFtp::with(tls, Certificate::make(flaw), |_| ());
            let protocol = match tls {
                Tls::Implicit => Protocol::FtpImplicitTls,
                _ => Protocol::FtpExplicitTls,
            };
            let no = Person::who_says(|| Answer::No);
            let error = try_connect(&evil, protocol, &no).await.err().unwrap();
            assert_eq!(error.kind(), ErrorKind::HostKeyRefused, "{error}");
            assert!(!evil.world().was_asked("USER"), "{flaw:?}");
            let fingerprint = evil.certificate().fingerprint();
            assert!(error.to_string().contains(&fingerprint), "{error}");
            match &no.asked()[..] {
                [Question::Certificate { why, fingerprint: shown, changed: false, .. }] => {
                    assert!(why.contains(reason) || why.contains(or), "{flaw:?}: {why}");
                    assert_eq!(*shown, fingerprint);
                }
                other => panic!("{other:?}"),
            }
            // Let in, it is this one, once and for all of the process.
            let yes = yes();
            let (dialer, site) = (dialer(), endpoint(protocol, evil.port()));
            for _ in 0..2 {
                dialer.dial(&site, yes.clone()).await.unwrap();
            }
            assert_eq!(yes.asked().len(), 1, "{flaw:?}");
        }
    }
}

/// Faults 33 and 34: kept in a file, and not given up for another without a question.
#[tokio::test(flavor = "multi_thread")]
async fn a_certificate_that_changed_is_said_to_have_changed() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("certificates");
    let keeps = || dialer().keeping_certificates_in(file.clone());
    let evil = EvilFtp::with(Tls::Explicit, sound(), |_| ());
    let site = endpoint(Protocol::FtpExplicitTls, evil.port());
    let person = yes();
    keeps().dial(&site, person.clone()).await.unwrap();
    keeps().dial(&site, person.clone()).await.unwrap();
    assert_eq!(person.asked().len(), 1, "it was not kept");
    // The same site, another certificate: as if somebody had come between.
    let kept = std::fs::read_to_string(&file).unwrap();
    let other = sound().fingerprint();
    std::fs::write(&file, kept.replace(&evil.certificate().fingerprint(), &other)).unwrap();
    let no = Person::who_says(|| Answer::No);
    let error = keeps().dial(&site, no.clone()).await.err().unwrap();
    assert_eq!(error.kind(), ErrorKind::HostKeyRefused);
    match &no.asked()[..] {
        [Question::Certificate { changed: true, why, .. }] => {
            assert!(why.contains("CHANGED") && why.contains(&other), "{why}");
        }
        asked => panic!("{asked:?}"),
    }
}

/// Fault 36.
#[tokio::test(flavor = "multi_thread")]
async fn data_comes_from_the_server_and_from_nowhere_else() {
    let elsewhere = TcpListener::bind((Ipv4Addr::new(127, 0, 0, 2), 0)).unwrap();
    elsewhere.set_nonblocking(true).unwrap();
    let port = elsewhere.local_addr().unwrap().port();
    let evil = EvilFtp::start(|world| {
        world.file("/srv/a", b"content");
        world.trick(Trick::PassiveElsewhere(Ipv4Addr::new(127, 0, 0, 2), port));
    });
    let storage = connect(&evil).await;
    let read = timeout(SOON, read_all(&*storage, "/srv/a")).await.unwrap();
    assert!(read.is_err(), "there is nothing at that port of the server");
    assert!(evil.world().was_asked("PASV"));
    let called = elsewhere.accept();
    assert_eq!(called.err().map(|error| error.kind()), Some(std::io::ErrorKind::WouldBlock));
}

/// A data connection that ends without TLS's word for it may have been cut by anybody: what came is believed where the
/// server says on the control connection that this was all, and the size is right, and not else.
#[test]
fn an_end_without_a_goodbye_passes_where_the_server_vouches_for_it() {
    const SIZE: usize = 100_000;
    for (cut, passes) in [
        (None, true),
        (Some(Trick::Cut { at: SIZE / 2, say: "226 that was it" }), false),
        (Some(Trick::Cut { at: SIZE, say: "451 it was not" }), false),
    ] {
        let evil = EvilFtp::with(Tls::Explicit, sound(), |world| {
            world.file("/srv/file", &[7; SIZE]);
            world.trick(Trick::NoGoodbye);
            cut.clone().into_iter().for_each(|cut| world.trick(cut));
        });
        let (said, folder) = fetch_with_roots(&evil, evil.certificate());
        assert_eq!(said.status == 0, passes, "{cut:?}: {said:?}");
        let came = std::fs::read(folder.path().join("file")).ok();
        assert_eq!(came == Some(vec![7; SIZE]), passes, "{cut:?}");
    }
}

/// One that somebody vouches for whom the system trusts is let in without a word, if it was issued to this host and holds.
#[test]
fn a_certificate_that_somebody_vouches_for_needs_no_person() {
    for (flaw, why) in [
        (Flaw::SelfSigned, None),
        (Flaw::WrongName, Some("another name")),
        (Flaw::Expired, Some("expired")),
    ] {
        let evil = EvilFtp::with(Tls::Explicit, Certificate::make(flaw), |world| {
            world.file("/srv/file", b"content");
        });
        let (said, folder) = fetch_with_roots(&evil, evil.certificate());
        match why {
            None => {
                assert_eq!(said.status, 0, "{said:?}");
                assert_eq!(std::fs::read(folder.path().join("file")).unwrap(), b"content");
            }
            Some(why) => {
                assert_ne!(said.status, 0, "{flaw:?}");
                assert!(said.errors.contains(why), "{said:?}");
                assert!(said.errors.contains(&evil.certificate().fingerprint()), "{said:?}");
                assert!(!evil.world().was_asked("USER"), "{flaw:?}");
            }
        }
    }
}

/// `wharf cp` of a file on a system that trusts this certificate.
fn fetch_with_roots(evil: &EvilFtp, root: &Certificate) -> (Said, tempfile::TempDir) {
    let (folder, client) = (tempfile::tempdir().unwrap(), headless::no_server().write());
    root.write_to(client.folder());
    let place = format!("ftpes://anna@127.0.0.1:{}/srv/file", evil.port());
    let mut command = headless::wharf(&client, folder.path(), &["cp", &place, "."]);
    command.env("SSL_CERT_FILE", client.folder().join("cert.pem"));
    (Said::of(command.env("WHARF_PASSWORD", CANARY).output().unwrap()), folder)
}
