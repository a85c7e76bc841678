//! What only some servers show: no shell, nothing but reading, a small disk, TLS from the first byte, sessions that have
//! to be resumed.

use std::{
    io::{BufRead as _, BufReader, Write as _},
    net::TcpStream,
    sync::Arc,
    time::{Duration, Instant},
};

use futures_util::stream::{self, StreamExt as _, TryStreamExt as _};

use wharf::{
    domain::{entry::SetAttributes, error::ErrorKind},
    storage::{FinishOptions, Replace, WriteOptions},
};

use super::{
    place::{Kind, Place, fails, pattern},
    remote,
};
use crate::servers::{
    ftp_server::{FtpServer, Make, Tls},
    sshd::{Account, Sftp},
};

/// A server without a shell says so once, and is not asked again.
async fn has_no_digests(place: Place) {
    place.put("file", b"content").await;
    let file = place.at("file");
    fails(place.storage.digest(&file).await, &[ErrorKind::Unsupported]);
    assert!(!place.storage.capabilities().digests, "it was found not to work");
    let again = tokio::time::timeout(Duration::from_secs(5), place.storage.digest(&file));
    fails(again.await.unwrap(), &[ErrorKind::Unsupported]);
    assert_eq!(place.get("file").await.unwrap(), b"content");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_refuses_commands_has_no_digests() {
    has_no_digests(remote::embedded(|options| options.exec = false).await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_answers_commands_with_sftp_has_no_digests() {
    if let Some(place) = remote::openssh(Sftp::InternalOnly, Account::Me).await {
        has_no_digests(place).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_for_reading_only_lets_nothing_be_changed() {
    let Some(place) = remote::openssh(Sftp::ReadOnly, Account::Me).await else { return };
    place.put_behind("file", b"content");
    assert_eq!(place.get("file").await.unwrap(), b"content");
    let storage = &place.storage;
    let (file, new) = (place.at("file"), place.at("new"));
    let no = [ErrorKind::PermissionDenied, ErrorKind::ReadOnly];
    fails(storage.write(&new, WriteOptions::new_private()).await, &no);
    fails(storage.rename(&file, &new, Replace::Never).await, &no);
    fails(storage.rename(&file, &new, Replace::Allowed).await, &no);
    fails(storage.remove_file(&file).await, &no);
    fails(storage.make_directory(&new, None).await, &no);
    fails(storage.make_link(&new, b"file").await, &no);
    let set = SetAttributes { permissions: Some(0o600), modified: None };
    fails(storage.set_attributes(&file, &set).await, &no);
    assert_eq!(place.rows(&place.folder).await.len(), 1);
    assert_eq!(place.seen_behind("file").unwrap(), b"content");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_disk_never_finishes() {
    if let Some(place) = remote::openssh_on_small_disk(1024 * 1024).await {
        never_finishes(place).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_disk_never_finishes_over_ftp() {
    for tls in [Tls::None, Tls::Explicit] {
        let options = FtpServer::options(Make::Vsftpd).tls(tls).small_disk(1024 * 1024);
        if let Some(place) = remote::ftp_on(options, Kind::Ftp(Make::Vsftpd, tls)).await {
            never_finishes(place).await;
        }
    }
}

async fn never_finishes(place: Place) {
    let options = WriteOptions::new_private();
    let mut stream = place.storage.write(&place.at("large"), options).await.unwrap();
    let written = async {
        for _ in 0..40 {
            stream.write(vec![b'x'; 100_000].into()).await?;
        }
        stream.finish(FinishOptions::default()).await
    };
    // Version 3 of SFTP has no word for it, and vsftpd says no more than that it could not write.
    fails(written.await, &[ErrorKind::NoSpace, ErrorKind::Failed]);
    place.storage.remove_file(&place.at("large")).await.unwrap();
    // vsftpd closes what it could not write only after it has said so, and another connection may be quicker.
    let end = Instant::now() + Duration::from_secs(20);
    while let Err(error) = place.try_to_put("small", b"fits").await {
        assert!(Instant::now() < end, "the room was never given back: {error}");
        place.storage.remove_file(&place.at("small")).await.unwrap();
    }
    assert_eq!(place.get("small").await.unwrap(), b"fits");
}

/// Writes, lists, reads and removes.
async fn is_of_use(place: Place) {
    let content = pattern(300_000);
    place.put("file", &content).await;
    assert!(place.seen_behind("file").unwrap() == content);
    assert!(place.get("file").await.unwrap() == content);
    assert_eq!(place.rows(&place.folder).await.len(), 1);
    place.storage.remove_file(&place.at("file")).await.unwrap();
    assert!(place.rows(&place.folder).await.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn tls_from_the_first_byte() {
    for make in [Make::Vsftpd, Make::ProFtpd] {
        let Some(place) = remote::ftp(make, Tls::Implicit).await else { continue };
        is_of_use(place).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_comes_in_without_a_name() {
    for tls in [Tls::None, Tls::Explicit] {
        let Some(place) = remote::ftp(Make::VsftpdAnonymous, tls).await else { continue };
        is_of_use(place).await;
    }
}

/// Two hundred files up and as many down, several at once.
async fn hundreds_of_files(place: Arc<Place>) {
    const FILES: usize = 200;
    const SIDE_BY_SIDE: usize = 8;
    let content = |number: usize| pattern(1000 + 97 * number);
    let each = |up: bool| {
        let numbers = stream::iter(0..FILES).map(Ok::<_, std::convert::Infallible>);
        let place = place.clone();
        numbers.try_for_each_concurrent(SIDE_BY_SIDE, move |number| {
            let place = place.clone();
            async move {
                let name = format!("{number}");
                if up {
                    place.put(&name, &content(number)).await;
                } else {
                    assert!(place.get(&name).await.unwrap() == content(number), "{number}");
                }
                Ok(())
            }
        })
    };
    each(true).await.unwrap();
    for number in 0..FILES {
        assert!(place.seen_behind(&format!("{number}")).unwrap() == content(number), "{number}");
    }
    each(false).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn sessions_are_resumed_for_hundreds_of_transfers() {
    for make in [Make::Vsftpd, Make::ProFtpd, Make::PureFtpd] {
        for tls in [Tls::Explicit, Tls::Implicit] {
            if (make, tls) == (Make::PureFtpd, Tls::Implicit) {
                continue;
            }
            let Some(place) = remote::ftp(make, tls).await else { continue };
            hundreds_of_files(Arc::new(place)).await;
        }
    }
}

/// The servers choose 1.3 of themselves; here they have no more than 1.2.
#[tokio::test(flavor = "multi_thread")]
async fn sessions_are_resumed_in_the_older_tls_too() {
    let options = FtpServer::options(Make::ProFtpd).tls(Tls::Explicit).line("TLSProtocol TLSv1.2");
    let kind = Kind::Ftp(Make::ProFtpd, Tls::Explicit);
    if let Some(place) = remote::ftp_on(options, kind).await {
        hundreds_of_files(Arc::new(place)).await;
    }
}

/// Servers that have nothing but the newest TLS: tickets resume once there, and not every server gives enough of them.
#[tokio::test(flavor = "multi_thread")]
async fn the_newest_tls_alone() {
    for make in [Make::Vsftpd, Make::ProFtpd, Make::PureFtpd] {
        let options = FtpServer::options(make).tls(Tls::Explicit);
        let options = match make {
            Make::ProFtpd => options.line("TLSProtocol TLSv1.3"),
            _ => options.only_newest_tls(),
        };
        let Some(server) = options.start() else { continue };
        assert!(refuses_older_tls(server.port()), "{make:?} speaks TLS 1.2");
        let place = remote::ftp_at(server, Kind::Ftp(make, Tls::Explicit)).await;
        hundreds_of_files(Arc::new(place)).await;
    }
}

/// Whether a server turns away who speaks TLS 1.2, before it is a matter of certificates.
fn refuses_older_tls(port: u16) -> bool {
    let mut socket = TcpStream::connect(("127.0.0.1", port)).unwrap();
    socket.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    let mut replies = BufReader::new(socket.try_clone().unwrap());
    let mut line = String::new();
    while !line.starts_with("220 ") {
        line.clear();
        assert!(replies.read_line(&mut line).unwrap() > 0, "it hung up");
    }
    socket.write_all(b"AUTH TLS\r\n").unwrap();
    line.clear();
    replies.read_line(&mut line).unwrap();
    assert!(line.starts_with("234"), "{line}");
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ClientConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&rustls::version::TLS12])
        .unwrap()
        .with_root_certificates(rustls::RootCertStore::empty())
        .with_no_client_auth();
    let name = "127.0.0.1".try_into().unwrap();
    let mut client = rustls::ClientConnection::new(Arc::new(config), name).unwrap();
    let error = client.complete_io(&mut socket).expect_err("it vouched for itself");
    let told = error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>());
    matches!(told, Some(rustls::Error::AlertReceived(rustls::AlertDescription::ProtocolVersion)))
}

/// An upload that was broken off is gone on with, whatever a server makes of what stood behind.
#[tokio::test(flavor = "multi_thread")]
async fn a_write_goes_on_where_another_stopped() {
    for make in [Make::Vsftpd, Make::ProFtpd, Make::PureFtpd] {
        let Some(place) = remote::ftp(make, Tls::None).await else { continue };
        assert!(place.storage.capabilities().goes_on, "{make:?}");
        let content = pattern(300_000);
        for from in [1, 150_000, 200_000] {
            let name = format!("{from}");
            place.put(&name, &content[..200_000]).await;
            let options =
                WriteOptions { offset: from, create_new: false, ..WriteOptions::new_private() };
            let mut stream = place.storage.write(&place.at(&name), options).await.unwrap();
            let rest = content[usize::try_from(from).unwrap()..].to_vec();
            stream.write(rest.into()).await.unwrap();
            stream.finish(FinishOptions::default()).await.unwrap();
            assert!(place.seen_behind(&name).unwrap() == content, "{make:?} from {from}");
        }
    }
}

/// Pure-FTPd writes `_` for such characters: the copy would stand under another name, or in the place of another file.
#[tokio::test(flavor = "multi_thread")]
async fn names_a_server_would_change_are_refused() {
    let Some(place) = remote::ftp(Make::PureFtpd, Tls::None).await else { return };
    place.put_behind("a_", b"another");
    place.put("old", b"content").await;
    for name in ["a ", "a\t", "\u{1}"] {
        let path = place.at(name);
        fails(
            place.storage.write(&path, WriteOptions::new_private()).await,
            &[ErrorKind::InvalidName],
        );
        fails(place.storage.make_directory(&path, None).await, &[ErrorKind::InvalidName]);
        let renamed = place.storage.rename(&place.at("old"), &path, Replace::Allowed).await;
        fails(renamed, &[ErrorKind::InvalidName]);
    }
    assert_eq!(place.seen_behind("a_").unwrap(), b"another");
    assert_eq!(place.rows(&place.folder).await.len(), 2);
}

/// ProFTPD takes such a name apart and puts it together as another one's.
#[tokio::test(flavor = "multi_thread")]
async fn rights_are_set_of_no_other_file_than_was_meant() {
    let Some(place) = remote::ftp(Make::ProFtpd, Tls::None).await else { return };
    place.put("a b", b"another").await;
    let before = place.storage.stat(&place.at("a b")).await.unwrap();
    place.put("a  b", b"content").await;
    let set = SetAttributes { permissions: Some(0o777), modified: None };
    fails(place.storage.set_attributes(&place.at("a  b"), &set).await, &[ErrorKind::InvalidName]);
    assert_eq!(place.storage.stat(&place.at("a b")).await.unwrap(), before);
    assert_eq!(place.get("a  b").await.unwrap(), b"content");
}
