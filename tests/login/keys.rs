//! Keys from files and from an agent.

use std::{
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::Duration,
};

use wharf::domain::{error::ErrorKind, question::Question};

use super::{Person, Say, Wharf};
use crate::{
    servers::{
        programs::{self, skip_here},
        sshd::{KeyType, Sshd, generate_key},
    },
    support::wait_until,
};

/// An agent of the test's own.
struct Agent {
    process: Child,
    folder: tempfile::TempDir,
}

impl Agent {
    fn start() -> Option<Self> {
        let Some(program) = programs::find("ssh-agent") else {
            skip_here("no ssh-agent here");
            return None;
        };
        let folder = tempfile::Builder::new().prefix("wharf-agent-").tempdir().unwrap();
        let mut command = programs::command(&program);
        command.arg("-D").arg("-a").arg(folder.path().join("socket"));
        let process = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        let agent = Self { process, folder };
        wait_until("the agent listens", Duration::from_secs(10), || agent.socket().exists());
        Some(agent)
    }

    fn socket(&self) -> PathBuf {
        self.folder.path().join("socket")
    }

    fn add(&self, key: &Path) {
        let program = programs::find("ssh-add").unwrap();
        let mut command: Command = programs::command(&program);
        command.env("SSH_AUTH_SOCK", self.socket()).arg("-q").arg(key);
        assert!(command.stderr(Stdio::null()).status().unwrap().success());
    }

    /// Adds keys no server lets in.
    fn add_strangers(&self, count: usize) {
        for number in 0..count {
            let key = self.folder.path().join(format!("stranger{number}"));
            generate_key(&key, KeyType::Ed25519, "");
            self.add(&key);
        }
    }
}

impl Drop for Agent {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

#[tokio::test]
async fn every_kind_of_key_logs_in() {
    let Some(sshd) = Sshd::options().start() else { return };
    for (name, key_type) in
        [("ed", KeyType::Ed25519), ("ec", KeyType::Ecdsa), ("rsa", KeyType::Rsa)]
    {
        let key = sshd.add_key(name, key_type, "");
        let client = sshd.client().identities(&[key]).known().write();
        Wharf::new(client.config()).connect_in_peace().await;
    }
}

#[tokio::test]
async fn an_encrypted_key_is_asked_for_its_passphrase_once() {
    let Some(sshd) = Sshd::options().start() else { return };
    let key = sshd.add_key("locked", KeyType::Ed25519, "open sesame");
    let client = sshd.client().identities(std::slice::from_ref(&key)).known().write();
    let person = Person::who_says(&[Say::Type(&["wrong"]), Say::Type(&["open sesame"])]);
    let wharf = Wharf::new(client.config());
    wharf.connect(&person).await.unwrap();
    let asked = person.asked();
    let [
        Question::Passphrase { key: first, again_because: nothing },
        Question::Passphrase { again_because, .. },
    ] = asked.as_slice()
    else {
        panic!("asked: {asked:?}")
    };
    assert_eq!((first.as_str(), nothing.as_str()), (key.to_str().unwrap(), ""));
    assert_eq!(again_because, "this passphrase does not open the key");
    wharf.connect_in_peace().await;
}

#[tokio::test]
async fn no_passphrase_is_asked_for_a_key_the_server_does_not_want() {
    let Some(sshd) = Sshd::options().start() else { return };
    let client = sshd.client();
    let folder = tempfile::tempdir().unwrap();
    let stranger = folder.path().join("stranger");
    generate_key(&stranger, KeyType::Ed25519, "secret");
    let client = client.identities(&[stranger, sshd.key()]).known().write();
    Wharf::new(client.config()).connect_in_peace().await;
}

#[tokio::test]
async fn three_wrong_passphrases_are_enough() {
    let Some(sshd) = Sshd::options().start() else { return };
    let key = sshd.add_key("locked", KeyType::Ed25519, "open sesame");
    let client = sshd.client().identities(std::slice::from_ref(&key)).known().write();
    let person = Person::who_says(&[const { Say::Type(&["canary"]) }; 4]);
    let error = Wharf::new(client.config()).connect(&person).await.err().unwrap();
    assert_eq!(error.kind(), ErrorKind::LoginRefused);
    assert_eq!(person.asked().len(), 3);
    let words = format!("the key {} did not open", key.display());
    assert!(error.why().contains(&words) && error.why().contains("it offers publickey"), "{error}");
    assert!(!format!("{error:?} {error}").contains("canary"));
}

#[tokio::test]
async fn an_agent_logs_in_however_many_keys_it_holds() {
    let Some(sshd) = Sshd::options().start() else { return };
    let Some(agent) = Agent::start() else { return };
    // More than the six failures OpenSSH allows a connection.
    agent.add_strangers(9);
    agent.add(&sshd.key());
    let client = sshd
        .client()
        .identities(&[])
        .line(format!("IdentityAgent {}", agent.socket().display()))
        .line("IdentitiesOnly no")
        .line("IdentityFile none")
        .known()
        .write();
    let wharf = Wharf::new(client.config());
    wharf.connect_in_peace().await;
    wharf.connect_in_peace().await;
}

#[tokio::test]
async fn a_key_the_config_names_is_the_first_of_the_agents() {
    let Some(sshd) = Sshd::options().line("MaxAuthTries 1").start() else { return };
    let Some(agent) = Agent::start() else { return };
    agent.add_strangers(3);
    let locked = sshd.add_key("locked", KeyType::Rsa, "");
    agent.add(&locked);
    let public = locked.with_extension("pub");
    for only in ["yes", "no"] {
        let client = sshd
            .client()
            .identities(std::slice::from_ref(&public))
            .line(format!("IdentityAgent {}", agent.socket().display()))
            .line(format!("IdentitiesOnly {only}"))
            .known()
            .write();
        Wharf::new(client.config()).connect_in_peace().await;
    }
}

#[tokio::test]
async fn what_was_tried_and_what_is_offered_is_named() {
    let Some(sshd) = Sshd::options().start() else { return };
    let Some(agent) = Agent::start() else { return };
    agent.add_strangers(2);
    let folder = tempfile::tempdir().unwrap();
    let stranger = folder.path().join("stranger");
    generate_key(&stranger, KeyType::Ed25519, "");
    let client = sshd
        .client()
        .identities(std::slice::from_ref(&stranger))
        .line(format!("IdentityAgent {}", agent.socket().display()))
        .line("IdentitiesOnly no")
        .known()
        .write();
    let error = Wharf::new(client.config()).connect(&Person::in_peace()).await.err().unwrap();
    assert_eq!(error.kind(), ErrorKind::LoginRefused);
    assert_eq!(
        error.to_string(),
        format!(
            "Could not log in to files.example: the server refused what was tried \
             (2 keys of the agent, the key {}); it offers publickey.",
            stranger.display()
        )
    );
}
