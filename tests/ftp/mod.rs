//! FTP against a server that lies, and what servers we do not have print.

mod bounds;
mod crowds;
mod cut;
mod encodings;
mod ends;
mod far_ranges;
mod faults;
mod killed;
mod links;
mod listings;
mod names;
mod secrets;
mod security;
mod sessions;
mod slow;
mod small_files;
mod sums;
mod trips;
mod uploads;
mod ways;

use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use secrecy::SecretString;
use wharf::{
    domain::{
        error::{Error, ErrorKind, Result},
        ftp::FtpWays,
        path::StoragePath,
        place::Endpoint,
        question::{Answer, Question},
        saved::Terms,
        secret::Vault,
        site::{Protocol, Site},
    },
    storage::{Ask, Dial as _, Storage, dial::Dialer},
};

use crate::servers::{
    evil_ftp::EvilFtp,
    ftp_server::{FtpServer, PASSWORD},
};

/// Nobody else has this password: where it turns up, it came from here.
const CANARY: &str = "canary-7f3a";

/// Keeps the password.
struct Pocket;

#[async_trait]
impl Vault for Pocket {
    async fn find(&self, _: &Site) -> Result<Option<SecretString>> {
        Ok(Some(CANARY.into()))
    }
    async fn keep(&self, _: &Site, _: &SecretString) -> Result<()> {
        Ok(())
    }
    async fn forget(&self, _: &Site) -> Result<()> {
        Err(Error::new(ErrorKind::Unsupported, "forget a password", "it is in a pocket"))
    }
}

/// Keeps nothing.
struct Empty;

#[async_trait]
impl Vault for Empty {
    async fn find(&self, _: &Site) -> Result<Option<SecretString>> {
        Ok(None)
    }
    async fn keep(&self, _: &Site, _: &SecretString) -> Result<()> {
        Ok(())
    }
    async fn forget(&self, _: &Site) -> Result<()> {
        Ok(())
    }
}

/// Answers every question alike, and remembers them.
struct Person {
    says: fn() -> Answer,
    asked: Mutex<Vec<Question>>,
}

impl Person {
    fn who_says(says: fn() -> Answer) -> Arc<Self> {
        Arc::new(Self { says, asked: Mutex::default() })
    }

    fn asked(&self) -> Vec<Question> {
        self.asked.lock().unwrap().clone()
    }
}

#[async_trait]
impl Ask for Person {
    async fn ask(&self, question: Question) -> Answer {
        self.asked.lock().unwrap().push(question);
        (self.says)()
    }
}

/// A dialer as the program has it, with no file to keep certificates in.
fn dialer() -> Dialer {
    Dialer::new(Arc::new(|_| panic!("FTP asks no ssh_config")), Arc::new(Pocket))
}

fn endpoint(protocol: Protocol, port: u16) -> Endpoint {
    Endpoint::Remote(Arc::new(Site::new(protocol, Some("anna"), "127.0.0.1", Some(port)).unwrap()))
}

async fn try_connect(
    evil: &EvilFtp,
    protocol: Protocol,
    person: &Arc<Person>,
) -> Result<Arc<dyn Storage>> {
    dialer().dial(&endpoint(protocol, evil.port()), Arc::clone(person) as Arc<dyn Ask>).await
}

/// Plain, as anna; nobody is asked.
async fn connect(evil: &EvilFtp) -> Arc<dyn Storage> {
    let nobody = Person::who_says(|| Answer::No);
    let storage = try_connect(evil, Protocol::Ftp, &nobody).await.unwrap();
    assert!(nobody.asked().is_empty());
    storage
}

/// The same in ways that were said.
async fn connect_in_ways(evil: &EvilFtp, ftp: FtpWays) -> Arc<dyn Storage> {
    let terms = Terms { ftp, ..Terms::default() };
    let dialer = dialer().under(Arc::new(move |_| terms.clone()));
    let nobody = Person::who_says(|| Answer::No);
    dialer.dial(&endpoint(Protocol::Ftp, evil.port()), nobody).await.unwrap()
}

/// A server that does not lie, plain.
async fn connect_to_real(server: &FtpServer) -> Arc<dyn Storage> {
    let site = Site::new(Protocol::Ftp, Some(server.user()), "127.0.0.1", Some(server.port()));
    let person = Person::who_says(|| Answer::Texts { texts: vec![PASSWORD.into()], keep: false });
    let dialer = Dialer::new(Arc::new(|_| panic!("FTP asks no ssh_config")), Arc::new(Empty));
    dialer.dial(&Endpoint::Remote(Arc::new(site.unwrap())), person).await.unwrap()
}

async fn read_all(storage: &dyn Storage, path: &str) -> Result<Vec<u8>> {
    let mut stream = storage.read(&StoragePath::new(path), 0, None).await?;
    let mut content = Vec::new();
    while let Some(chunk) = stream.next().await? {
        content.extend_from_slice(&chunk);
    }
    stream.finish().await?;
    Ok(content)
}
