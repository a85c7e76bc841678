//! Places on servers: the embedded one and a real OpenSSH, reached as the program reaches them.

use std::{fs, path::PathBuf, sync::Arc};

use async_trait::async_trait;
use secrecy::SecretString;
use wharf::{
    domain::{
        error::Result,
        place::Endpoint,
        question::{Answer, Question},
        secret::Vault,
        site::{Protocol, Site},
    },
    settings::ssh_config::{Resolver, SshOptions},
    storage::{Ask, Dial as _, Storage, dial::Dialer},
};

use super::place::{Kind, Place};
use crate::servers::{
    client::{Client, ClientOptions, HOST},
    embedded::{EmbeddedServer, Options},
    ftp_server::{FtpOptions, FtpServer, Make, Tls},
    proftpd::ProFtpd,
    sshd::{Account, Sftp, Sshd},
};

const PASSWORD: &str = "correct horse";

/// Keeps the one password there is.
struct Pocket;

#[async_trait]
impl Vault for Pocket {
    async fn find(&self, _: &Site) -> Result<Option<SecretString>> {
        Ok(Some(PASSWORD.into()))
    }
    async fn keep(&self, _: &Site, _: &SecretString) -> Result<()> {
        Ok(())
    }
    async fn forget(&self, _: &Site) -> Result<()> {
        panic!("the password was refused")
    }
}

/// Nobody: all that is asked is a mistake of the set-up.
struct Nobody;

#[async_trait]
impl Ask for Nobody {
    async fn ask(&self, question: Question) -> Answer {
        panic!("asked {question:?}")
    }
}

/// Somebody who knows one certificate.
struct Knows {
    fingerprint: String,
}

#[async_trait]
impl Ask for Knows {
    async fn ask(&self, question: Question) -> Answer {
        match question {
            Question::Certificate { fingerprint, .. } if fingerprint == self.fingerprint => {
                Answer::Yes
            }
            question => panic!("asked {question:?}"),
        }
    }
}

async fn dial(client: &Client) -> Arc<dyn Storage> {
    let resolver =
        Resolver::new(SshOptions { config: Some(client.config()), ..SshOptions::default() });
    let dialer = Dialer::new(Arc::new(move |site| resolver.resolve(site)), Arc::new(Pocket));
    let site = Site::new(Protocol::Sftp, None, HOST, None).unwrap();
    dialer.dial(&Endpoint::Remote(Arc::new(site)), Arc::new(Nobody)).await.unwrap()
}

/// A place in a folder of its own, so that there is something around it.
pub(super) async fn embedded(change: impl FnOnce(&mut Options)) -> Place {
    let folder = tempfile::Builder::new().prefix("wharf-").tempdir().unwrap();
    let files = folder.path().join("files");
    fs::create_dir(&files).unwrap();
    fs::write(folder.path().join("file"), "outside").unwrap();
    let mut options = Options::directory(&files, PASSWORD);
    change(&mut options);
    let server = EmbeddedServer::start(options).unwrap();
    let none = PathBuf::from("/nonexistent");
    let client = ClientOptions::new(server.port(), "anna".into(), none, Vec::new()).write();
    fs::write(client.known_hosts(), server.known_hosts_line().unwrap()).unwrap();
    let storage = dial(&client).await;
    let keep: Vec<Box<dyn Send + Sync>> =
        vec![Box::new(server), Box::new(client), Box::new(folder)];
    Place::on_disk(Kind::Embedded, storage, files, keep)
}

/// A place on a real server, as a user whom permissions bind where the case is about them.
pub(super) async fn openssh(sftp: Sftp, account: Account) -> Option<Place> {
    let server = Sshd::options().sftp(sftp).account(account).start()?;
    let client = server.client().known().write();
    let storage = dial(&client).await;
    let files = server.files();
    Some(Place::on_disk(Kind::OpenSsh, storage, files, vec![Box::new(server), Box::new(client)]))
}

/// A place on ProFTPD, a second SFTP server that was written by others.
pub(super) async fn proftpd_sftp(account: Account) -> Option<Place> {
    let server = ProFtpd::options().account(account).start_sftp()?;
    let client = server.client().known().write();
    let storage = dial(&client).await;
    let files = server.files();
    let keep: Vec<Box<dyn Send + Sync>> = vec![Box::new(server), Box::new(client)];
    Some(Place::on_disk(Kind::ProFtpdSftp, storage, files, keep))
}

/// A place on an FTP server. Its certificate is let in, as a person would who knows it.
pub(super) async fn ftp(make: Make, tls: Tls) -> Option<Place> {
    ftp_on(FtpServer::options(make).tls(tls), Kind::Ftp(make, tls)).await
}

/// The same on a server that is not like the others.
pub(super) async fn ftp_on(options: FtpOptions, kind: Kind) -> Option<Place> {
    Some(ftp_at(options.start()?, kind).await)
}

/// The same on a server that runs.
pub(super) async fn ftp_at(server: FtpServer, kind: Kind) -> Place {
    let protocol = match server.tls() {
        Tls::None => Protocol::Ftp,
        Tls::Explicit => Protocol::FtpExplicitTls,
        Tls::Implicit => Protocol::FtpImplicitTls,
    };
    let site = Site::new(protocol, Some(server.user()), "127.0.0.1", Some(server.port())).unwrap();
    let dialer = Dialer::new(Arc::new(|_| panic!("no ssh_config is asked")), Arc::new(Pocket));
    let fingerprint = server.certificate().fingerprint();
    let storage = dialer
        .dial(&Endpoint::Remote(Arc::new(site)), Arc::new(Knows { fingerprint }))
        .await
        .unwrap();
    let files = server.files();
    Place::on_disk(kind, storage, files, vec![Box::new(server)])
}

/// A place on a real server's disk of so many bytes. It cannot be looked at past the storage.
pub(super) async fn openssh_on_small_disk(bytes: u64) -> Option<Place> {
    let server = Sshd::options().small_disk(bytes).start()?;
    let client = server.client().known().write();
    let storage = dial(&client).await;
    let files = server.files();
    Some(Place::on_disk(Kind::OpenSsh, storage, files, vec![Box::new(server), Box::new(client)]))
}
