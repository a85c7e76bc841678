//! Logging in: real keys and agents against OpenSSH, passwords and prompts against the embedded server.

mod algorithms;
mod ftp;
mod host_keys;
mod jumps;
mod keys;
mod passwords;
mod reach;

use std::{
    collections::{HashMap, VecDeque},
    path::PathBuf,
    sync::{Arc, Mutex},
};

use async_trait::async_trait;
use secrecy::{ExposeSecret, SecretString};
use wharf::{
    domain::{
        error::{Error, ErrorKind, Result},
        place::Endpoint,
        question::{Answer, Question},
        secret::Vault,
        site::{Protocol, Site},
    },
    settings::ssh_config::{Resolver, SshOptions},
    storage::{
        Ask, Dial, Storage,
        dial::{Dialer, Resolve},
    },
};

use crate::servers::client::HOST;

/// What a person says to one question.
#[derive(Debug, Clone)]
enum Say {
    Yes,
    No,
    /// A text for each field.
    Type(&'static [&'static str]),
    /// The same, to be kept.
    Keep(&'static [&'static str]),
    /// Nothing, for ever.
    Nothing,
}

/// A person who has made up their mind, and remembers what was asked.
#[derive(Default)]
struct Person {
    answers: Mutex<VecDeque<Say>>,
    asked: Mutex<Vec<Question>>,
}

impl Person {
    fn who_says(answers: &[Say]) -> Arc<Self> {
        let answers = Mutex::new(answers.iter().cloned().collect());
        Arc::new(Self { answers, asked: Mutex::default() })
    }

    /// One who is not to be asked.
    fn in_peace() -> Arc<Self> {
        Self::who_says(&[])
    }

    fn asked(&self) -> Vec<Question> {
        self.asked.lock().unwrap().clone()
    }
}

#[async_trait]
impl Ask for Person {
    async fn ask(&self, question: Question) -> Answer {
        self.asked.lock().unwrap().push(question);
        let say = self.answers.lock().unwrap().pop_front();
        let typed = |texts: &[&str], keep| Answer::Texts {
            texts: texts.iter().map(|text| SecretString::from(*text)).collect(),
            keep,
        };
        match say {
            Some(Say::Yes) => Answer::Yes,
            Some(Say::Type(texts)) => typed(texts, false),
            Some(Say::Keep(texts)) => typed(texts, true),
            Some(Say::Nothing) => std::future::pending().await,
            Some(Say::No) | None => Answer::No,
        }
    }
}

/// A vault that is a map, or out of reach.
#[derive(Default)]
struct Shelf(Mutex<HashMap<Site, String>>, bool);

impl Shelf {
    fn holding(password: &str) -> Arc<Self> {
        Arc::new(Self(Mutex::new(HashMap::from([(site(), password.to_owned())])), false))
    }

    /// For an FTP site of the tests.
    fn holding_for(site: Site) -> Arc<Self> {
        let password = crate::servers::ftp_server::PASSWORD.to_owned();
        Arc::new(Self(Mutex::new(HashMap::from([(site, password)])), false))
    }

    fn out_of_reach() -> Arc<Self> {
        Arc::new(Self(Mutex::default(), true))
    }

    fn reach(&self) -> Result<()> {
        match self.1 {
            true => Err(Error::new(ErrorKind::Failed, "ask the keyring", "there is no keyring")),
            false => Ok(()),
        }
    }

    fn holds(&self) -> Option<String> {
        self.0.lock().unwrap().get(&site()).cloned()
    }
}

#[async_trait]
impl Vault for Shelf {
    async fn find(&self, site: &Site) -> Result<Option<SecretString>> {
        self.reach()?;
        Ok(self.0.lock().unwrap().get(site).map(|password| SecretString::from(password.as_str())))
    }

    async fn keep(&self, site: &Site, password: &SecretString) -> Result<()> {
        self.reach()?;
        self.0.lock().unwrap().insert(site.clone(), password.expose_secret().to_owned());
        Ok(())
    }

    async fn forget(&self, site: &Site) -> Result<()> {
        self.0.lock().unwrap().remove(site);
        Ok(())
    }
}

/// The site every test configuration is about.
fn site() -> Site {
    Site::new(Protocol::Sftp, None, HOST, None).unwrap()
}

/// A process, as it were: what it remembers ends with it.
struct Wharf(Dialer);

impl Wharf {
    fn with(config: PathBuf, vault: Arc<Shelf>) -> Self {
        let options = SshOptions { config: Some(config), ..SshOptions::default() };
        let resolver = Resolver::new(options);
        let resolve: Arc<Resolve> = Arc::new(move |site: &Site| resolver.resolve(site));
        Self(Dialer::new(resolve, vault))
    }

    fn new(config: PathBuf) -> Self {
        Self::with(config, Arc::default())
    }

    async fn connect(&self, person: &Arc<Person>) -> Result<Arc<dyn Storage>> {
        self.connect_with(person.clone()).await
    }

    async fn connect_with(&self, ask: Arc<dyn Ask>) -> Result<Arc<dyn Storage>> {
        self.0.dial(&Endpoint::Remote(Arc::new(site())), ask).await
    }

    /// Connects without a question.
    async fn connect_in_peace(&self) -> Arc<dyn Storage> {
        let person = Person::in_peace();
        let connected = self.connect(&person).await;
        assert!(person.asked().is_empty(), "asked: {:?}", person.asked());
        connected.unwrap()
    }
}
