//! Logging in to FTP servers: passwords as with SSH, and certificates that a person lets in, or not.

use std::{
    collections::HashMap,
    fs,
    os::unix::fs::PermissionsExt as _,
    path::Path,
    sync::{Arc, Mutex},
};

use wharf::{
    domain::{
        error::{ErrorKind, Result},
        path::StoragePath,
        place::Endpoint,
        question::Question,
        site::{Protocol, Site},
    },
    storage::{Dial, Storage, dial::Dialer},
};

use super::{Person, Say, Shelf};
use crate::servers::{
    certificates::Flaw,
    ftp_server::{FtpServer, Make, PASSWORD, Tls},
};

fn site_of(server: &FtpServer) -> Site {
    let protocol = match server.tls() {
        Tls::None => Protocol::Ftp,
        Tls::Explicit => Protocol::FtpExplicitTls,
        Tls::Implicit => Protocol::FtpImplicitTls,
    };
    Site::new(protocol, Some(server.user()), "127.0.0.1", Some(server.port())).unwrap()
}

/// A process, as it were, that keeps certificates in `file`.
fn wharf(shelf: &Arc<Shelf>, file: &Path) -> Dialer {
    let nobody = Arc::new(|_: &Site| panic!("no ssh_config is asked"));
    Dialer::new(nobody, shelf.clone()).keeping_certificates_in(file.to_owned())
}

async fn connect(
    wharf: &Dialer,
    server: &FtpServer,
    person: &Arc<Person>,
) -> Result<Arc<dyn Storage>> {
    wharf.dial(&Endpoint::Remote(Arc::new(site_of(server))), person.clone()).await
}

async fn works(storage: &Arc<dyn Storage>) {
    storage.list(&StoragePath::new(".")).await.unwrap().collect().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_password_is_asked_for_until_it_is_right_and_kept_if_wished() {
    let Some(server) = FtpServer::options(Make::ProFtpd).start() else { return };
    let folder = tempfile::tempdir().unwrap();
    let (shelf, file) = (Arc::new(Shelf::default()), folder.path().join("certificates"));
    let person = Person::who_says(&[Say::Type(&["wrong"]), Say::Keep(&[PASSWORD])]);
    let first = wharf(&shelf, &file);
    works(&connect(&first, &server, &person).await.unwrap()).await;
    let asked = person.asked();
    let [
        Question::Password { user, again_because, .. },
        Question::Password { again_because: then, .. },
    ] = asked.as_slice()
    else {
        panic!("{asked:?}")
    };
    assert_eq!((user.as_str(), again_because.as_str()), (server.user(), ""));
    assert!(then.starts_with("the server refused that password"), "{then}");
    // The same process remembers, another finds it in the keyring.
    let nobody = Person::in_peace();
    works(&connect(&first, &server, &nobody).await.unwrap()).await;
    works(&connect(&wharf(&shelf, &file), &server, &nobody).await.unwrap()).await;
    assert!(nobody.asked().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_kept_password_that_is_refused_is_dropped() {
    let Some(server) = FtpServer::options(Make::ProFtpd).start() else { return };
    let folder = tempfile::tempdir().unwrap();
    let site = site_of(&server);
    let held = Mutex::new(HashMap::from([(site.clone(), "stale".to_owned())]));
    let shelf = Arc::new(Shelf(held, false));
    let person = Person::who_says(&[Say::No]);
    let refused = connect(&wharf(&shelf, &folder.path().join("c")), &server, &person).await;
    assert_eq!(refused.err().map(|error| error.kind()), Some(ErrorKind::LoginRefused));
    assert_eq!(person.asked().len(), 1);
    assert!(shelf.0.lock().unwrap().is_empty());
}

/// The one question about a certificate: why, its fingerprint, whether another was let in before.
fn about_the_certificate(person: &Person) -> (String, String, bool) {
    let asked = person.asked();
    let [Question::Certificate { why, fingerprint, changed, .. }] = asked.as_slice() else {
        panic!("{asked:?}")
    };
    (why.clone(), fingerprint.clone(), *changed)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_certificate_is_let_in_by_a_person_or_nothing_is_sent() {
    for (flaw, reason) in [
        (Flaw::SelfSigned, "nobody this machine trusts"),
        (Flaw::Expired, "expired"),
        (Flaw::WrongName, "trusts has signed it"),
        (Flaw::Authority, "signs others"),
    ] {
        let options = FtpServer::options(Make::Vsftpd).tls(Tls::Explicit).flaw(flaw);
        let Some(server) = options.start() else { return };
        let folder = tempfile::tempdir().unwrap();
        let (shelf, file) = (Shelf::holding_for(site_of(&server)), folder.path().join("pins"));
        let first = wharf(&shelf, &file);

        let person = Person::who_says(&[Say::No]);
        let refused = connect(&first, &server, &person).await.err().unwrap();
        assert_eq!(refused.kind(), ErrorKind::HostKeyRefused, "{refused}");
        let (why, fingerprint, changed) = about_the_certificate(&person);
        assert!(refused.to_string().contains(&fingerprint), "{refused}");
        assert_eq!((fingerprint, changed), (server.certificate().fingerprint(), false));
        assert!(
            why.contains(reason) || why.contains("no list of whom to trust"),
            "{flaw:?}: {why}"
        );
        let logs = server.logs();
        assert!(logs.contains("AUTH TLS") && !logs.contains("USER"), "{logs}");
        assert!(!file.exists(), "a no was kept");

        let person = Person::who_says(&[Say::Yes]);
        works(&connect(&first, &server, &person).await.unwrap()).await;
        let kept = fs::read_to_string(&file).unwrap();
        assert!(kept.contains(&server.certificate().fingerprint()), "{kept}");
        assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
        let nobody = Person::in_peace();
        works(&connect(&wharf(&shelf, &file), &server, &nobody).await.unwrap()).await;
        assert!(nobody.asked().is_empty());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_changed_certificate_is_said_to_have_changed() {
    for tls in [Tls::Explicit, Tls::Implicit] {
        let Some(server) = FtpServer::options(Make::ProFtpd).tls(tls).start() else { return };
        let folder = tempfile::tempdir().unwrap();
        let (shelf, file) = (Shelf::holding_for(site_of(&server)), folder.path().join("pins"));
        let other = format!("127.0.0.1:{} AA:BB\n", server.port());
        fs::write(&file, &other).unwrap();
        let wharf = wharf(&shelf, &file);

        let person = Person::who_says(&[Say::No]);
        let refused = connect(&wharf, &server, &person).await.err().unwrap();
        assert_eq!(refused.kind(), ErrorKind::HostKeyRefused, "{refused}");
        let (why, _, changed) = about_the_certificate(&person);
        assert!(changed && why.contains("HAS CHANGED") && why.contains("AA:BB"), "{why}");
        assert_eq!(fs::read_to_string(&file).unwrap(), other);

        let person = Person::who_says(&[Say::Yes]);
        works(&connect(&wharf, &server, &person).await.unwrap()).await;
        let kept = fs::read_to_string(&file).unwrap();
        assert!(kept.contains(&server.certificate().fingerprint()) && !kept.contains("AA:BB"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_without_tls_is_told_nothing() {
    let Some(server) = FtpServer::options(Make::Vsftpd).start() else { return };
    let site = Site::new(Protocol::FtpExplicitTls, Some("anna"), "127.0.0.1", Some(server.port()));
    let folder = tempfile::tempdir().unwrap();
    let wharf = wharf(&Arc::default(), &folder.path().join("pins"));
    let endpoint = Endpoint::Remote(Arc::new(site.unwrap()));
    let person = Person::who_says(&[Say::Type(&["canary"])]);
    let refused = wharf.dial(&endpoint, person.clone()).await.err().unwrap();
    assert!(person.asked().is_empty(), "asked for a password that nobody wants");
    assert_eq!(refused.kind(), ErrorKind::Unsupported, "{refused}");
    let logs = server.logs();
    assert!(logs.contains("\"AUTH TLS\""), "{logs}");
    assert!(!logs.contains("\"USER ") && !logs.contains("canary"), "{logs}");
}
