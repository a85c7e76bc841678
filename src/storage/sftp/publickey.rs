//! Keys: those of the agent that the config names, its others, then files, as ssh orders them.

use secrecy::ExposeSecret as _;
use ssh2::PublicKey;

use super::{
    auth::{ASKED_AT_MOST, Attempt, Outcome, Reply, offers},
    identity::{Identity, PrivateKey},
    login::lock,
};
use crate::domain::{
    display::escape,
    error::Result,
    question::{Answer, Question},
    site::{Agent, Authentication},
};

/// Begins with the key the person named, unasked whether the server takes keys at all: it nearly always is what lets one
/// in, and a round trip is saved. `None`: it does not come to that, or the server does not want the key.
pub(super) fn unasked(attempt: &mut Attempt<'_>) -> Option<Outcome> {
    let login = attempt.login;
    let is_wanted = login.identities_only
        && login.authentications.first() == Some(&Authentication::PublicKey)
        && !lock(attempt.memory).asks_first;
    let path = login.identity_files.first().filter(|_| is_wanted)?;
    // What is wrong with it is told where it is tried in its turn.
    let identity = Identity::read(path).ok()??;
    let (public, text) = (identity.public.as_ref()?, identity.public_text()?);
    let private = identity.private.as_ref().filter(|private| !private.encrypted)?;
    if identity.is_security_key() || attempt.progress.refused_keys.contains(public) {
        return None;
    }
    let private = private.text.expose_secret();
    let (session, user) = (attempt.session, &login.user);
    match Reply::of(session.userauth_pubkey_memory(user, Some(&text), private, None)) {
        Reply::Accepted => {
            attempt.progress.note_judgement();
            remember(attempt, public);
            Some(Outcome::LoggedIn)
        }
        Reply::Refused { signed: false } => {
            attempt.progress.note_judgement();
            attempt.progress.refused_keys.insert(public.clone());
            attempt
                .progress
                .note_tried(format!("the key {}", escape(path.as_os_str().as_encoded_bytes())));
            None
        }
        // A further factor is wanted, unless it was refused after all; where keys are still offered only the order of
        // things tells that.
        Reply::Refused { signed: true } => Some(match attempt.offered() {
            Outcome::Partly(now) if offers(&now, Authentication::PublicKey) => {
                in_order_of_things(attempt)
            }
            partly => {
                remember(attempt, public);
                partly
            }
        }),
        Reply::HungUp => Some(in_order_of_things(attempt)),
        Reply::NotSigned | Reply::Unusable(_) | Reply::Expired => None,
    }
}

/// Has another connection ask first.
fn in_order_of_things(attempt: &mut Attempt<'_>) -> Outcome {
    lock(attempt.memory).asks_first = true;
    attempt.progress.note_judgement();
    attempt.hung_up()
}

/// Tries every key until one is accepted.
pub(super) fn log_in(attempt: &mut Attempt<'_>, offered: &str) -> Result<Outcome> {
    let mut identities = Vec::new();
    for path in &attempt.login.identity_files {
        match Identity::read(path) {
            Ok(identity) => identities.extend(identity),
            Err(error) => {
                let shown = escape(path.as_os_str().as_encoded_bytes());
                attempt.progress.note_tried(format!("the key {shown} cannot be used: {error}"));
            }
        }
    }
    if let Some(outcome) = keys_of_agent(attempt, &identities, offered)? {
        return Ok(outcome);
    }
    identities.sort_by_key(|identity| !worked(attempt, identity.public.as_deref()));
    for identity in &identities {
        let refused = |blob| attempt.progress.refused_keys.contains(blob);
        if identity.public.as_ref().is_some_and(refused) {
            continue;
        }
        let Some(private) = &identity.private else { continue };
        if let Some(outcome) = key_of_file(attempt, identity, private, offered)? {
            return Ok(outcome);
        }
    }
    Ok(Outcome::Exhausted)
}

/// `None`: no key of the agent's was accepted.
fn keys_of_agent(
    attempt: &mut Attempt<'_>,
    identities: &[Identity],
    offered: &str,
) -> Result<Option<Outcome>> {
    let asked = match &attempt.login.agent {
        Agent::None => return Ok(None),
        Agent::Environment if std::env::var_os("SSH_AUTH_SOCK").is_none() => return Ok(None),
        agent => agent,
    };
    let opened = attempt.session.agent().and_then(|mut agent| {
        if let Agent::Socket(path) = asked {
            agent.set_identity_path(path)?;
        }
        agent.connect()?;
        agent.list_identities()?;
        let keys = agent.identities()?;
        Ok((agent, keys))
    });
    let Ok((agent, keys)) = opened else {
        attempt.progress.note_tried("the agent did not answer");
        return Ok(None);
    };
    let mut refused = 0;
    let mut ordered = in_order(&keys, identities, attempt.login.identities_only);
    ordered.sort_by_key(|key| !worked(attempt, Some(key.blob())));
    for key in ordered {
        if attempt.progress.refused_keys.contains(key.blob()) {
            refused += 1;
            continue;
        }
        let reply = Reply::of(agent.userauth(&attempt.login.user, key));
        if !matches!(reply, Reply::NotSigned | Reply::Unusable(_) | Reply::HungUp) {
            attempt.progress.note_judgement();
        }
        match reply {
            Reply::Accepted => {
                remember(attempt, key.blob());
                return Ok(Some(Outcome::LoggedIn));
            }
            // With too many keys refused servers hang up; the next connection goes on behind them.
            Reply::HungUp => return Ok(Some(attempt.hung_up())),
            Reply::Refused { signed } => {
                if let Some(partly) = signed.then(|| attempt.partly(offered)).flatten() {
                    remember(attempt, key.blob());
                    return Ok(Some(partly));
                }
                attempt.progress.refused_keys.insert(key.blob().to_vec());
                refused += 1;
            }
            Reply::NotSigned => {
                attempt.progress.note_tried("a key the agent would not sign with");
            }
            Reply::Unusable(_) | Reply::Expired => {}
        }
    }
    if refused > 0 {
        let plural = if refused == 1 { "" } else { "s" };
        attempt.progress.note_tried(format!("{refused} key{plural} of the agent"));
    }
    Ok(None)
}

/// A key that worked goes first from then on: an agent's many keys are not gone through for each connection.
fn remember(attempt: &Attempt<'_>, public: &[u8]) {
    let mut memory = lock(attempt.memory);
    if !memory.keys.iter().any(|known| known == public) {
        memory.keys.push(public.to_vec());
    }
}

fn worked(attempt: &Attempt<'_>, public: Option<&[u8]>) -> bool {
    lock(attempt.memory).keys.iter().any(|known| Some(known.as_slice()) == public)
}

/// First the agent's keys the config names, in its order; then the others, unless IdentitiesOnly.
fn in_order<'a>(
    keys: &'a [PublicKey],
    identities: &[Identity],
    identities_only: bool,
) -> Vec<&'a PublicKey> {
    let rank = |key: &PublicKey| {
        identities.iter().position(|identity| identity.public.as_deref() == Some(key.blob()))
    };
    let mut ordered: Vec<_> =
        keys.iter().filter(|key| !identities_only || rank(key).is_some()).collect();
    ordered.sort_by_key(|key| rank(key).unwrap_or(usize::MAX));
    ordered
}

/// Without a passphrase first: with the public half known the server says whether it wants the key at all before
/// anyone is asked. `None`: it was not accepted.
fn key_of_file(
    attempt: &mut Attempt<'_>,
    identity: &Identity,
    private: &PrivateKey,
    offered: &str,
) -> Result<Option<Outcome>> {
    let shown = escape(identity.path.as_os_str().as_encoded_bytes());
    if identity.is_security_key() {
        attempt.progress.note_tried(format!("{shown} is a security key, which needs an agent"));
        return Ok(None);
    }
    let public = identity.public_text();
    let mut passphrase = lock(attempt.memory).passphrases.get(&identity.path).cloned();
    let mut asked = 0;
    loop {
        let reply = Reply::of(attempt.session.userauth_pubkey_memory(
            &attempt.login.user,
            public.as_deref(),
            private.text.expose_secret(),
            passphrase.as_ref().map(|passphrase| passphrase.expose_secret()),
        ));
        match reply {
            Reply::HungUp => return Ok(Some(attempt.hung_up())),
            Reply::Accepted | Reply::Refused { .. } => {
                attempt.progress.note_judgement();
                let signed = !matches!(reply, Reply::Refused { signed: false });
                if let Some(passphrase) = passphrase.filter(|_| signed) {
                    lock(attempt.memory).passphrases.insert(identity.path.clone(), passphrase);
                }
                let outcome = match reply {
                    Reply::Accepted => Some(Outcome::LoggedIn),
                    _ => signed.then(|| attempt.partly(offered)).flatten(),
                };
                match (&identity.public, &outcome) {
                    (Some(public), Some(_)) => remember(attempt, public),
                    (Some(public), None) => {
                        attempt.progress.refused_keys.insert(public.clone());
                    }
                    (None, _) => {}
                }
                attempt.progress.note_tried(format!("the key {shown}"));
                return Ok(outcome);
            }
            Reply::NotSigned | Reply::Unusable(_) | Reply::Expired if private.encrypted => {
                if asked == ASKED_AT_MOST {
                    attempt.progress.note_tried(format!("the key {shown} did not open"));
                    return Ok(None);
                }
                asked += 1;
                let again_because = match passphrase {
                    Some(_) => "this passphrase does not open the key".to_owned(),
                    None => String::new(),
                };
                let question = Question::Passphrase { key: shown.clone(), again_because };
                attempt.progress.note_judgement();
                match attempt.talk.ask(question)? {
                    Answer::Texts { texts, .. } if !texts.is_empty() => {
                        passphrase = texts.into_iter().next();
                    }
                    // As with ssh, no passphrase means: not this key.
                    _ => {
                        attempt.progress.note_tried(format!("the key {shown} was not opened"));
                        return Ok(None);
                    }
                }
            }
            Reply::Unusable(why) => {
                attempt.progress.note_tried(format!("the key {shown} cannot be used: {why}"));
                return Ok(None);
            }
            Reply::NotSigned | Reply::Expired => {
                attempt.progress.note_tried(format!("the key {shown} cannot be used"));
                return Ok(None);
            }
        }
    }
}
