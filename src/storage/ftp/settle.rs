//! What is said on a connection before it is of use, in as few round trips as that takes: once somebody is let in for the
//! first time, and by those who were let in before.

use std::{sync::Arc, time::Duration};

use super::{
    digest,
    fault::{Fault, too_many},
    features::{Features, Habits, has},
    line::{Line, Pending},
    login::LoggedIn,
    path_in,
    talker::Talker,
    tls::Tls,
    wire::{Command, Reply},
};
use crate::domain::{encoding::Encoding, error::ErrorKind, path::StoragePath};
use secrecy::{ExposeSecret as _, SecretString};

/// What commands may be sent ahead to a server nobody knows: less than any server's buffer.
const AHEAD_OF_ANYBODY: usize = 1000;

/// How names are to be written, and who says so.
#[derive(Debug, Clone, Copy)]
pub(super) struct Names {
    pub(super) encoding: Encoding,
    /// The person says so; the server need not.
    pub(super) is_certain: bool,
}

/// PASS, whose argument is never shown.
pub(super) fn pass(password: &SecretString) -> Result<Command, Fault> {
    Command::secret("PASS", password.expose_secret().as_bytes()).map_err(|_| {
        let why = "the password holds a line break, which FTP cannot carry";
        Fault::new(ErrorKind::LoginRefused, why)
    })
}

/// Whether a server is known to read on while it looks at a password. Others may drop what came meanwhile.
pub(super) fn reads_on(greeting: &Reply) -> bool {
    ["vsftpd", "proftpd", "pure-ftpd"].iter().any(|name| greeting.lower().contains(name))
}

/// Finds out what the server can do, and agrees on how. The `password` goes ahead of that where it was not said yet; what
/// else than yes the server says to it comes back.
pub(super) async fn for_the_first_time(
    talker: Talker,
    tls: Option<Tls>,
    greeting: &Reply,
    names: Names,
    password: Option<Command>,
) -> Result<Result<LoggedIn, Reply>, Fault> {
    let is_encrypted = tls.is_some();
    let Talker { stream, decoder, ends, patience } = talker;
    let line = Line::start(stream, decoder, ends, tls, AHEAD_OF_ANYBODY);
    let is_in = password.is_none();
    let questions = ["FEAT", "PWD", "TYPE I"].map(Command::bare);
    let told = line.send(password.into_iter().chain(encryption(is_encrypted)).chain(questions));
    let mut told = told.into_iter();
    if !is_in {
        let let_in = told.next().ok_or_else(lost)?.last(patience).await?;
        if !let_in.is_done() {
            return Ok(Err(let_in));
        }
    }
    encrypted(&mut told, is_encrypted, patience).await?;
    let mut next = || told.next().ok_or_else(lost);
    let (mut able, mut home, mut binary) = (next()?, next()?, next()?);
    let greeting = String::from_utf8_lossy(&greeting.lines().join(&b' ')).into_owned();
    let features = Features::read(&able.last(patience).await?, &greeting);
    let home = path_in(&home.last(patience).await?, names.encoding);
    is_binary(&binary.last(patience).await?)?;
    line.send_ahead(features.ahead());
    // Whatever the server says to them: it is known what it does where it does not know them.
    drop(line.send(manners(&features, names)));
    let home = home.unwrap_or_else(StoragePath::root);
    Ok(Ok(LoggedIn { line, features: Arc::new(features), home }))
}

/// The whole of a login in one go, to a server that has let the same user in with the same password before: each
/// question would be a round trip. `None` where the server lets in no more.
pub(super) async fn as_before(
    talker: Talker,
    tls: Option<Tls>,
    features: &Features,
    names: Names,
    habits: &Habits,
    (user, password): (&str, &SecretString),
) -> Result<Option<Arc<Line>>, Fault> {
    let is_encrypted = tls.is_some();
    let mut commands = vec![Command::about("USER", user.as_bytes())?, pass(password)?];
    commands.extend(encryption(is_encrypted));
    commands.push(Command::bare("TYPE I"));
    commands.extend(manners(features, names));
    // What it is opened for is a transfer.
    let is_passive = !has(&habits.active) && !has(&habits.no_epsv);
    commands.extend(is_passive.then(|| Command::bare("EPSV")));
    let Talker { stream, decoder, ends, patience } = talker;
    let line = Line::start(stream, decoder, ends, tls, features.ahead());
    let mut told = line.send(commands);
    if is_passive && let Some(port) = told.pop() {
        line.keep_port_ahead(port);
    }
    let mut told = told.into_iter();
    let mut is_in = false;
    // Some ask for no password, and are told one all the same.
    for mut told in told.by_ref().take(2) {
        let reply = told.last(patience).await?;
        if too_many(&reply) {
            return Ok(None);
        }
        is_in = is_in || reply.is_done();
    }
    if !is_in {
        let why = "the server let nobody in who said everything at once";
        return Err(Fault::new(ErrorKind::Interrupted, why));
    }
    encrypted(&mut told, is_encrypted, patience).await?;
    let mut binary = told.next().ok_or_else(lost)?;
    is_binary(&binary.last(patience).await?)?;
    Ok(Some(line))
}

fn lost() -> Fault {
    Fault::protocol("replies were lost")
}

/// RFC 4217 §9: the data connections are encrypted as well, or there are none.
fn encryption(is_encrypted: bool) -> impl Iterator<Item = Command> {
    let commands = ["PBSZ 0", "PROT P"].into_iter().map(Command::bare);
    commands.filter(move |_| is_encrypted)
}

async fn encrypted(
    told: &mut impl Iterator<Item = Pending>,
    is_encrypted: bool,
    patience: Duration,
) -> Result<(), Fault> {
    let expected = if is_encrypted { 2 } else { 0 };
    for mut told in told.by_ref().take(expected) {
        let reply = told.last(patience).await?;
        if !reply.is_done() {
            let why = format!("the server does not encrypt files and listings ({})", reply.words());
            return Err(Fault::new(ErrorKind::Unsupported, why));
        }
    }
    Ok(())
}

/// Without it every line end in a file would be rewritten.
fn is_binary(reply: &Reply) -> Result<(), Fault> {
    if reply.is_done() {
        return Ok(());
    }
    let why = format!("the server does not send files as they are ({})", reply.words());
    Err(Fault::new(ErrorKind::Unsupported, why))
}

/// How names, sums and facts are to be told, where the server knows several ways.
fn manners(features: &Features, names: Names) -> Vec<Command> {
    let mut commands = Vec::new();
    // Who names another encoding knows what stands on the server's disk, whatever it announces.
    match names.encoding.is_utf8() {
        true if features.utf8 || names.is_certain => commands.push(Command::bare("OPTS UTF8 ON")),
        false if features.utf8 => commands.push(Command::bare("OPTS UTF8 OFF")),
        _ => {}
    }
    if let Some(algorithm) = features.hash {
        commands.push(Command::bare(&format!("OPTS HASH {}", digest::name_in_hash(algorithm))));
    }
    if let Some(wanted) = features.facts.as_ref().and_then(|facts| facts.ask_for.as_ref()) {
        commands.push(Command::bare(&format!("OPTS MLST {wanted}")));
    }
    commands
}
