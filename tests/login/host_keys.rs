//! Unknown, known, changed and revoked host keys, as OpenSSH would take them.

use std::{fs, path::Path, process::Command};

use wharf::domain::{error::ErrorKind, question::Question};

use super::{Person, Say, Wharf};
use crate::servers::{
    client::{Client, HOST},
    programs,
    sshd::{KeyType, Sshd, generate_key},
};

/// A host key that is none of the server's.
fn stranger(client: &Path, key_type: KeyType) -> String {
    let path = client.join("stranger");
    generate_key(&path, key_type, "");
    let line = fs::read_to_string(path.with_extension("pub")).unwrap();
    line.split_whitespace().take(2).collect::<Vec<_>>().join(" ")
}

fn known_hosts(client: &Client) -> String {
    fs::read_to_string(client.known_hosts()).unwrap()
}

fn ssh_keygen(arguments: &[&str], client: &Client) -> String {
    let program = programs::find("ssh-keygen").unwrap();
    let told = programs::command(&program)
        .args(arguments)
        .arg("-f")
        .arg(client.known_hosts())
        .output()
        .unwrap();
    assert!(told.status.success(), "{}", String::from_utf8_lossy(&told.stderr));
    String::from_utf8(told.stdout).unwrap()
}

/// Whether ssh itself logs in without a question.
fn ssh_logs_in(client: &Client) -> bool {
    let Some(program) = programs::find("ssh") else { return true };
    let mut command: Command = programs::command(&program);
    command.arg("-F").arg(client.config());
    command.args(["-o", "BatchMode=yes", "-o", "StrictHostKeyChecking=yes", HOST, "true"]);
    command.output().unwrap().status.success()
}

#[tokio::test]
async fn an_unknown_key_is_asked_about_once_and_then_known_to_ssh() {
    let Some(sshd) = Sshd::options().start() else { return };
    let client = sshd.client().write();
    let person = Person::who_says(&[Say::Yes]);
    let wharf = Wharf::new(client.config());
    wharf.connect(&person).await.unwrap();
    let asked = person.asked();
    let [Question::HostKey { known_as, key_type, fingerprint, .. }] = asked.as_slice() else {
        panic!("asked: {asked:?}")
    };
    let name = format!("[127.0.0.1]:{}", sshd.port());
    assert_eq!((known_as.as_str(), key_type.as_str()), (name.as_str(), "ssh-ed25519"));
    assert_eq!(*fingerprint, sshd.fingerprint(KeyType::Ed25519));
    assert_eq!(known_hosts(&client), format!("{name} {}\n", sshd.host_key(KeyType::Ed25519)));
    assert!(ssh_keygen(&["-F", &name], &client).contains(&sshd.host_key(KeyType::Ed25519)));
    assert!(ssh_logs_in(&client));
    wharf.connect_in_peace().await;
    Wharf::new(client.config()).connect_in_peace().await;
}

#[tokio::test]
async fn a_key_that_is_not_accepted_ends_it_and_is_not_kept() {
    let Some(sshd) = Sshd::options().start() else { return };
    let client = sshd.client().write();
    let refused = Wharf::new(client.config()).connect(&Person::who_says(&[Say::No])).await;
    let error = refused.err().unwrap();
    assert_eq!(error.kind(), ErrorKind::HostKeyRefused);
    assert!(error.why().contains(&sshd.fingerprint(KeyType::Ed25519)), "{error}");
    assert_eq!(known_hosts(&client), "");
}

#[tokio::test]
async fn a_changed_key_is_refused_with_what_to_do() {
    let Some(sshd) = Sshd::options().start() else { return };
    let client = sshd.client().write();
    let name = format!("[127.0.0.1]:{}", sshd.port());
    let other = stranger(client.folder(), KeyType::Ed25519);
    fs::write(client.known_hosts(), format!("# mine\n{name} {other}\n")).unwrap();
    let person = Person::who_says(&[Say::Yes]);
    let error = Wharf::new(client.config()).connect(&person).await.err().unwrap();
    assert_eq!(error.kind(), ErrorKind::HostKeyRefused);
    let file = client.known_hosts();
    let file = file.display();
    for words in [
        format!("{file}, line 2,"),
        format!("ssh-keygen -f \"{file}\" -R \"{name}\""),
        sshd.fingerprint(KeyType::Ed25519),
    ] {
        assert!(error.why().contains(&words), "no {words} in: {error}");
    }
    assert!(person.asked().is_empty());
    assert!(!ssh_logs_in(&client));
    // What is said to help does help.
    ssh_keygen(&["-R", &name], &client);
    Wharf::new(client.config()).connect(&person).await.unwrap();
    assert_eq!(person.asked().len(), 1);
}

#[tokio::test]
async fn a_key_that_changes_under_way_is_refused() {
    let Some(sshd) = Sshd::options().start() else { return };
    // Nothing is kept in a file: what was accepted is remembered by the process.
    let client = sshd.client().line("UserKnownHostsFile /dev/null").write();
    let wharf = Wharf::new(client.config());
    let person = Person::who_says(&[Say::Yes, Say::Yes]);
    wharf.connect(&person).await.unwrap();
    wharf.connect_in_peace().await;
    sshd.change_host_key(KeyType::Ed25519);
    let error = wharf.connect(&person).await.err().unwrap();
    assert_eq!(error.kind(), ErrorKind::HostKeyRefused);
    assert_eq!(person.asked().len(), 1);
    assert!(!error.kind().is_worth_a_retry());
}

#[tokio::test]
async fn a_revoked_key_is_refused() {
    let Some(sshd) = Sshd::options().start() else { return };
    let client = sshd.client().known().write();
    let revoked = format!("@revoked * {}\n", sshd.host_key(KeyType::Ed25519));
    fs::write(client.known_hosts(), known_hosts(&client) + &revoked).unwrap();
    let person = Person::who_says(&[Say::Yes]);
    let error = Wharf::new(client.config()).connect(&person).await.err().unwrap();
    assert_eq!(error.kind(), ErrorKind::HostKeyRefused);
    assert!(error.why().contains("@revoked") && error.why().contains("line 2"), "{error}");
    assert!(person.asked().is_empty());
    assert!(!ssh_logs_in(&client));
}

#[tokio::test]
async fn hashed_names_are_found_and_written() {
    let Some(sshd) = Sshd::options().start() else { return };
    let client = sshd.client().known().write();
    ssh_keygen(&["-H"], &client);
    assert!(known_hosts(&client).starts_with("|1|"));
    Wharf::new(client.config()).connect_in_peace().await;

    let client = sshd.client().line("HashKnownHosts yes").write();
    Wharf::new(client.config()).connect(&Person::who_says(&[Say::Yes])).await.unwrap();
    assert!(!known_hosts(&client).contains("127.0.0.1"));
    let found = ssh_keygen(&["-F", &format!("[127.0.0.1]:{}", sshd.port())], &client);
    assert!(found.contains(&sshd.host_key(KeyType::Ed25519)), "{found}");
    assert!(ssh_logs_in(&client));
}

#[tokio::test]
async fn a_host_known_by_one_type_is_asked_for_that_type() {
    let types = [KeyType::Ed25519, KeyType::Ecdsa, KeyType::Rsa];
    let Some(sshd) = Sshd::options().host_keys(&types).start() else { return };
    for key_type in types {
        let client = sshd.client().knows(&[sshd.host_key(key_type)]).write();
        Wharf::new(client.config()).connect_in_peace().await;
    }
}

#[tokio::test]
async fn a_known_host_with_only_another_type_is_refused_as_by_ssh() {
    let Some(sshd) = Sshd::options().start() else { return };
    let client = sshd.client();
    let folder = tempfile::tempdir().unwrap();
    let client = client.knows(&[stranger(folder.path(), KeyType::Rsa)]).write();
    let person = Person::who_says(&[Say::Yes]);
    let error = Wharf::new(client.config()).connect(&person).await.err().unwrap();
    assert_eq!(error.kind(), ErrorKind::HostKeyRefused);
    assert!(person.asked().is_empty());
    assert!(!ssh_logs_in(&client));
}

#[tokio::test]
async fn strict_host_key_checking_is_heeded() {
    let Some(sshd) = Sshd::options().start() else { return };
    let client = sshd.client().line("StrictHostKeyChecking yes").write();
    let person = Person::who_says(&[Say::Yes]);
    let error = Wharf::new(client.config()).connect(&person).await.err().unwrap();
    assert_eq!(error.kind(), ErrorKind::HostKeyRefused);
    assert!(person.asked().is_empty());
    assert_eq!(known_hosts(&client), "");

    let client = sshd.client().line("StrictHostKeyChecking accept-new").write();
    Wharf::new(client.config()).connect_in_peace().await;
    assert!(known_hosts(&client).contains(&sshd.host_key(KeyType::Ed25519)));

    // Even `no` lets no changed key through.
    let folder = tempfile::tempdir().unwrap();
    let other = stranger(folder.path(), KeyType::Ed25519);
    let client = sshd.client().line("StrictHostKeyChecking no").knows(&[other]).write();
    let error = Wharf::new(client.config()).connect(&person).await.err().unwrap();
    assert_eq!(error.kind(), ErrorKind::HostKeyRefused);
}

#[tokio::test]
async fn an_alias_is_the_name_the_key_is_kept_under() {
    let Some(sshd) = Sshd::options().start() else { return };
    let client = sshd.client().line("HostKeyAlias store").write();
    Wharf::new(client.config()).connect(&Person::who_says(&[Say::Yes])).await.unwrap();
    assert!(known_hosts(&client).starts_with("store ssh-ed25519 "));
    assert!(ssh_logs_in(&client));
}
