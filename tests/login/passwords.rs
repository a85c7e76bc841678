//! Passwords, prompts and several factors, against the embedded server.

use std::{fs, path::Path, sync::Arc, time::Duration};

use async_trait::async_trait;
use wharf::{
    domain::{
        error::ErrorKind,
        question::{self, Answer, Question},
    },
    storage::Ask,
};

use super::{Person, Say, Shelf, Wharf};
use crate::servers::{
    client::{Client, ClientOptions},
    embedded::{EmbeddedServer, Options, Prompt, Ways, fresh_key},
};

const RIGHT: &str = "right horse";

/// A server, and a client that knows its host key.
fn server(ways: Ways) -> (EmbeddedServer, Client) {
    started(Options { ways, ..Options::directory(std::env::temp_dir(), RIGHT) })
}

fn started(options: Options) -> (EmbeddedServer, Client) {
    let server = EmbeddedServer::start(options).unwrap();
    let none = Path::new("none").to_owned();
    let client = ClientOptions::new(server.port(), "anna".into(), none, Vec::new()).write();
    fs::write(client.known_hosts(), server.known_hosts_line().unwrap()).unwrap();
    (server, client)
}

fn password() -> Ways {
    Ways { password: Some(RIGHT.into()), ..Ways::default() }
}

fn prompt(text: &str, echo: bool, answer: &str) -> Prompt {
    Prompt { text: text.into(), echo, answer: answer.into() }
}

/// Why each password was asked for.
fn reasons(asked: &[Question]) -> Vec<&str> {
    asked
        .iter()
        .map(|question| match question {
            Question::Password { user, again_because, .. } => {
                assert_eq!(user, "anna");
                again_because.as_str()
            }
            other => panic!("asked: {other:?}"),
        })
        .collect()
}

#[tokio::test]
async fn a_wrong_password_is_asked_for_again_and_a_right_one_never() {
    let (_server, client) = server(password());
    let shelf = Arc::new(Shelf::default());
    let wharf = Wharf::with(client.config(), shelf.clone());
    let person = Person::who_says(&[Say::Type(&["wrong"]), Say::Type(&[RIGHT])]);
    wharf.connect(&person).await.unwrap();
    assert_eq!(reasons(&person.asked()), ["", "the server refused that password"]);
    wharf.connect_in_peace().await;
    assert_eq!(shelf.holds(), None);
}

#[tokio::test]
async fn the_greeting_does_not_wait_for_the_subsystem_to_be_granted() {
    let folder = tempfile::tempdir().unwrap();
    let options = Options { hears_first: true, ..Options::directory(folder.path(), RIGHT) };
    let (_server, client) = started(options);
    let person = Person::who_says(&[Say::Type(&[RIGHT])]);
    let connecting = Wharf::new(client.config());
    let connected = tokio::time::timeout(Duration::from_secs(20), connecting.connect(&person));
    connected.await.expect("each waits for the other").unwrap();
}

#[tokio::test]
async fn two_that_connect_at_once_ask_once() {
    let (_server, client) = server(password());
    let wharf = Wharf::new(client.config());
    let person = Person::who_says(&[Say::Type(&[RIGHT]), Say::Type(&["asked twice"])]);
    let (first, second) = tokio::join!(wharf.connect(&person), wharf.connect(&person));
    assert!(first.is_ok() && second.is_ok());
    assert_eq!(person.asked().len(), 1);
}

#[tokio::test]
async fn a_password_is_kept_once_it_has_worked() {
    let (_server, client) = server(password());
    let shelf = Arc::new(Shelf::default());
    let person = Person::who_says(&[Say::Keep(&["wrong"]), Say::Keep(&[RIGHT])]);
    Wharf::with(client.config(), shelf.clone()).connect(&person).await.unwrap();
    assert_eq!(shelf.holds().as_deref(), Some(RIGHT));
    Wharf::with(client.config(), shelf).connect_in_peace().await;
}

#[tokio::test]
async fn a_kept_password_that_is_refused_is_forgotten() {
    let (_server, client) = server(password());
    let shelf = Shelf::holding("last year's");
    let person = Person::who_says(&[Say::Type(&[RIGHT])]);
    Wharf::with(client.config(), shelf.clone()).connect(&person).await.unwrap();
    assert_eq!(reasons(&person.asked()), ["the server refused the kept password"]);
    assert_eq!(shelf.holds(), None);
}

#[tokio::test]
async fn a_vault_out_of_reach_is_told_and_stops_nothing() {
    let (_server, client) = server(password());
    let person = Person::who_says(&[Say::Keep(&[RIGHT])]);
    let wharf = Wharf::with(client.config(), Shelf::out_of_reach());
    wharf.connect(&person).await.unwrap();
    assert_eq!(reasons(&person.asked()), ["no kept password: there is no keyring"]);
    wharf.connect_in_peace().await;
}

#[tokio::test]
async fn who_waited_for_a_refusal_is_not_asked_the_same_again() {
    let (_server, client) = server(password());
    let wharf = Wharf::new(client.config());
    let person = Person::who_says(&[Say::No, Say::No, Say::Type(&[RIGHT])]);
    // The first time the ssh config is read, which may take one longer than the other.
    assert!(wharf.connect(&person).await.is_err());
    let (first, second) = tokio::join!(wharf.connect(&person), wharf.connect(&person));
    assert!(first.is_err() && second.is_err());
    assert_eq!(person.asked().len(), 2);
    // Whoever comes later starts anew.
    wharf.connect(&person).await.unwrap();
}

/// Types the right password, but only after the server has lost patience.
struct Slow(Arc<EmbeddedServer>, Arc<Person>);

#[async_trait]
impl Ask for Slow {
    async fn ask(&self, question: Question) -> Answer {
        self.0.cut();
        self.1.ask(question).await
    }
}

#[tokio::test]
async fn what_was_typed_too_late_for_one_connection_serves_the_next() {
    let (server, client) = server(password());
    let server = Arc::new(server);
    let person = Person::who_says(&[Say::Type(&[RIGHT]), Say::Type(&["asked twice"])]);
    let slow = Arc::new(Slow(server.clone(), person.clone()));
    Wharf::new(client.config()).connect_with(slow).await.unwrap();
    assert_eq!(person.asked().len(), 1);
    assert_eq!(server.connections(), 2);
}

#[tokio::test]
async fn three_wrong_passwords_are_enough_and_show_nowhere() {
    let (_server, client) = server(password());
    let person = Person::who_says(&[const { Say::Keep(&["canary"]) }; 4]);
    let shelf = Arc::new(Shelf::default());
    let error = Wharf::with(client.config(), shelf.clone()).connect(&person).await.err().unwrap();
    assert_eq!(
        error.to_string(),
        "Could not log in to files.example: the server refused what was tried (a password); it offers password."
    );
    assert_eq!(error.kind(), ErrorKind::LoginRefused);
    assert_eq!(person.asked().len(), 3);
    assert_eq!(shelf.holds(), None);
    assert!(!format!("{error:?} {:?}", person.asked()).contains("canary"));
}

#[tokio::test]
async fn no_password_is_no_login() {
    let (_server, client) = server(password());
    let error =
        Wharf::new(client.config()).connect(&Person::who_says(&[Say::No])).await.err().unwrap();
    assert_eq!(error.kind(), ErrorKind::LoginRefused);
    assert_eq!(error.why(), "no password was given");
}

#[tokio::test]
async fn what_the_server_says_first_is_shown_escaped() {
    let banner = Some("Authorised\x1b]52;c;eA==\x07 use\nonly".into());
    let (_server, client) = server(Ways { banner, ..password() });
    let person = Person::who_says(&[Say::Type(&[RIGHT])]);
    Wharf::new(client.config()).connect(&person).await.unwrap();
    let words = "the server says: Authorised\\u{1b}]52;c;eA==\\u{7} use only";
    assert_eq!(reasons(&person.asked()), [words]);
}

#[tokio::test]
async fn every_prompt_of_every_round_is_shown() {
    let prompts = vec![
        vec![prompt("Password: ", false, RIGHT), prompt("Your\x1b[2J city? ", true, "Bergen")],
        vec![prompt("Verification code: ", false, "123456")],
    ];
    let (_server, client) = server(Ways { prompts, ..Ways::default() });
    let wharf = Wharf::new(client.config());
    let person = Person::who_says(&[Say::Type(&[RIGHT, "Bergen"]), Say::Type(&["123456"])]);
    wharf.connect(&person).await.unwrap();
    let shown = |person: &Person| -> Vec<Vec<question::Prompt>> {
        let asked = person.asked().into_iter();
        asked
            .map(|question| match question {
                Question::Prompts { prompts, .. } => prompts,
                other => panic!("asked: {other:?}"),
            })
            .collect()
    };
    let seen = |text: &str, echo| question::Prompt { text: text.into(), echo };
    let (city, code) = (seen("Your\\u{1b}[2J city? ", true), seen("Verification code: ", false));
    assert_eq!(shown(&person), [vec![seen("Password: ", false), city.clone()], vec![code.clone()]]);
    // A password stays the same; what else was asked may be good for once only.
    let person = Person::who_says(&[Say::Type(&["Bergen"]), Say::Type(&["123456"])]);
    wharf.connect(&person).await.unwrap();
    assert_eq!(shown(&person), [vec![city], vec![code]]);
}

#[tokio::test]
async fn wrong_answers_are_asked_for_again() {
    let prompts = vec![vec![prompt("Password: ", false, RIGHT)]];
    let (_server, client) = server(Ways { prompts, ..Ways::default() });
    let shelf = Shelf::holding("last year's");
    let person = Person::who_says(&[Say::Type(&["wrong"]), Say::Keep(&[RIGHT])]);
    let wharf = Wharf::with(client.config(), shelf.clone());
    wharf.connect(&person).await.unwrap();
    let instructions: Vec<_> = person
        .asked()
        .into_iter()
        .map(|question| match question {
            Question::Prompts { instruction, .. } => instruction,
            other => panic!("asked: {other:?}"),
        })
        .collect();
    assert_eq!(
        instructions,
        ["the server refused the kept password", "the server refused the answers"]
    );
    assert_eq!(shelf.holds().as_deref(), Some(RIGHT));
    wharf.connect_in_peace().await;
    Wharf::with(client.config(), shelf).connect_in_peace().await;
}

#[tokio::test]
async fn unanswered_prompts_end_it() {
    let prompts = vec![vec![prompt("Code: ", false, "1")]];
    let (_server, client) = server(Ways { prompts, ..Ways::default() });
    let error =
        Wharf::new(client.config()).connect(&Person::who_says(&[Say::No])).await.err().unwrap();
    assert_eq!(error.kind(), ErrorKind::LoginRefused);
    assert_eq!(error.why(), "its prompts were left unanswered");
}

/// A server that takes a key among these ways, and a client that names one: the right one, or a stranger.
fn server_for_a_key(ways: Ways, is_right: bool) -> (EmbeddedServer, Client) {
    let key = fresh_key().unwrap();
    let taken = if is_right { key.clone() } else { fresh_key().unwrap() };
    let (server, client) = server(Ways { key: Some(taken.public_key().clone()), ..ways });
    let file = client.folder().join("key");
    let text = key.to_openssh(russh::keys::ssh_key::LineEnding::LF).unwrap();
    fs::write(&file, text.as_bytes()).unwrap();
    private(&file);
    let config = fs::read_to_string(client.config()).unwrap();
    let named = config.replace("IdentityFile none", &format!("IdentityFile {}", file.display()));
    fs::write(client.config(), named).unwrap();
    (server, client)
}

#[tokio::test]
async fn several_factors_are_given_one_after_the_other() {
    let prompts = vec![vec![prompt("Code: ", false, "123456")]];
    let (_server, client) = server_for_a_key(Ways { prompts, all: true, ..password() }, true);
    let person =
        Person::who_says(&[Say::Type(&["123456"]), Say::Type(&["wrong"]), Say::Type(&[RIGHT])]);
    let wharf = Wharf::new(client.config());
    wharf.connect(&person).await.unwrap();
    assert_eq!(person.asked().len(), 3);
    let person = Person::who_says(&[Say::Type(&["123456"])]);
    wharf.connect(&person).await.unwrap();
    assert_eq!(person.asked().len(), 1);
}

#[tokio::test]
async fn a_named_key_is_tried_before_anything_is_asked() {
    let (server, client) = server_for_a_key(password(), true);
    let wharf = Wharf::new(client.config());
    wharf.connect_in_peace().await;
    wharf.connect_in_peace().await;
    assert_eq!(server.asked_for_ways(), 0);
}

#[tokio::test]
async fn what_a_server_offers_is_asked_where_it_does_not_want_the_named_key() {
    let (server, client) = server_for_a_key(password(), false);
    let person = Person::who_says(&[Say::Type(&[RIGHT])]);
    Wharf::new(client.config()).connect(&person).await.unwrap();
    assert_eq!((person.asked().len(), server.asked_for_ways()), (1, 1));
}

#[tokio::test]
async fn a_key_that_was_wanted_and_refused_is_tried_in_the_order_of_things() {
    let (server, client) = server_for_a_key(Ways { only_one: true, ..Ways::default() }, true);
    let _standing = Wharf::new(client.config()).connect(&Person::in_peace()).await.unwrap();
    assert_eq!(server.asked_for_ways(), 0);
    let refused = Wharf::new(client.config()).connect(&Person::in_peace()).await.err().unwrap();
    assert_eq!(refused.kind(), ErrorKind::LoginRefused);
    let why = refused.why();
    assert!(why.starts_with("the server refused what was tried (the key "), "{why}");
    assert!(why.ends_with("; it offers publickey"), "{why}");
}

#[tokio::test]
async fn only_preferred_ways_are_tried() {
    let (_server, client) = server(password());
    let config = fs::read_to_string(client.config()).unwrap();
    let config = config + "    PreferredAuthentications publickey,keyboard-interactive\n";
    fs::write(client.config(), config).unwrap();
    let error = Wharf::new(client.config()).connect(&Person::in_peace()).await.err().unwrap();
    assert_eq!(error.why(), "nothing could be tried; it offers password");
}

fn private(file: &Path) {
    use std::os::unix::fs::PermissionsExt as _;
    fs::set_permissions(file, fs::Permissions::from_mode(0o600)).unwrap();
}
