//! keyboard-interactive (RFC 4256): the server asks what it likes, and a person answers.

use std::net::Shutdown;

use secrecy::{ExposeSecret as _, SecretString};
use ssh2::{KeyboardInteractivePrompt, Prompt as SshPrompt};

use super::{
    auth::{ASKED_AT_MOST, Attempt, Outcome, Reply},
    login::lock,
};
use crate::domain::{
    display::escape_text,
    error::{Error, ErrorKind, Result},
    question::{Answer, Prompt, Question},
};

/// A server that asks for ever is not answered for ever.
const ROUNDS_AT_MOST: u32 = 30;

/// Goes through the server's prompts until it is content or has refused the answers often enough.
pub(super) fn log_in(attempt: &mut Attempt<'_>, offered: &str) -> Result<Outcome> {
    while attempt.progress.prompts_asked < ASKED_AT_MOST {
        let (session, user) = (attempt.session, attempt.login.user.clone());
        let mut conversation = Conversation::new(attempt);
        let reply = Reply::of(session.userauth_keyboard_interactive(&user, &mut conversation));
        let Conversation { stop, given, from_vault, keep, rounds, asked, .. } = conversation;
        if let Some(error) = stop {
            return Err(error);
        }
        attempt.progress.prompts_asked += u32::from(asked);
        if asked {
            attempt.progress.note_judgement();
        }
        let outcome = match reply {
            Reply::HungUp => return Ok(attempt.hung_up()),
            Reply::Accepted => Some(Outcome::LoggedIn),
            Reply::Refused { .. } => match attempt.partly(offered) {
                Some(Outcome::HungUp(_)) | None => None,
                partly => partly,
            },
            _ => return Ok(Outcome::Exhausted),
        };
        attempt.progress.note_judgement();
        if let Some(outcome) = outcome {
            lock(attempt.memory).answers.extend(given);
            if let Some(password) = keep {
                attempt.keep(password)?;
            }
            return Ok(outcome);
        }
        if rounds == 0 {
            return Ok(Outcome::Exhausted);
        }
        attempt.progress.note_tried("answers to its prompts");
        if attempt.progress.is_further() {
            return Ok(Outcome::Exhausted);
        }
        for (prompt, _) in given {
            lock(attempt.memory).answers.remove(&prompt);
        }
        attempt.progress.again_because = "the server refused the answers".into();
        if from_vault {
            let _ = attempt.talk.forget_password()?;
            attempt.progress.again_because = "the server refused the kept password".into();
        }
    }
    Ok(Outcome::Exhausted)
}

/// One run through the server's prompts. libssh2 calls it with the session locked: it touches only the socket.
struct Conversation<'a, 'b> {
    attempt: &'a mut Attempt<'b>,
    banner: String,
    /// Set when the person gave up, or is gone.
    stop: Option<Error>,
    /// Passwords given, by prompt, to be remembered if they work.
    given: Vec<(String, SecretString)>,
    from_vault: bool,
    keep: Option<SecretString>,
    rounds: u32,
    asked: bool,
}

impl<'a, 'b> Conversation<'a, 'b> {
    fn new(attempt: &'a mut Attempt<'b>) -> Self {
        // Before the session is locked.
        let banner = attempt.with_banner("");
        Self {
            attempt,
            banner,
            stop: None,
            given: Vec::new(),
            from_vault: false,
            keep: None,
            rounds: 0,
            asked: false,
        }
    }

    fn answers(
        &mut self,
        title: &str,
        instruction: &str,
        prompts: &[SshPrompt<'_>],
    ) -> Result<Vec<SecretString>> {
        if self.rounds == ROUNDS_AT_MOST {
            return Err(self.failed(ErrorKind::Protocol, "the server asks without end"));
        }
        self.rounds += 1;
        let mut answers: Vec<Option<SecretString>> =
            prompts.iter().map(|prompt| self.remembered(prompt)).collect::<Result<_>>()?;
        let open: Vec<usize> =
            (0..prompts.len()).filter(|&index| answers[index].is_none()).collect();
        if !open.is_empty() {
            let texts = self.ask(title, instruction, open.iter().map(|&index| &prompts[index]))?;
            for (index, text) in open.into_iter().zip(texts) {
                answers[index] = Some(text);
            }
        }
        let answers: Vec<_> = answers.into_iter().map(Option::unwrap_or_default).collect();
        for (prompt, answer) in prompts.iter().zip(&answers) {
            if is_password(prompt) {
                self.given.push((prompt.text.to_string(), answer.clone()));
            }
        }
        Ok(answers)
    }

    /// A password that is known already; anything else is for the person.
    fn remembered(&mut self, prompt: &SshPrompt<'_>) -> Result<Option<SecretString>> {
        if !is_password(prompt) || self.asked {
            return Ok(None);
        }
        let known = lock(self.attempt.memory).answers.get(prompt.text.as_ref()).cloned();
        if known.is_some() {
            return Ok(known);
        }
        let kept = self.attempt.progress.ask_vault(self.attempt.talk)?;
        self.from_vault |= kept.is_some();
        Ok(kept)
    }

    fn ask<'p>(
        &mut self,
        title: &str,
        instruction: &str,
        prompts: impl Iterator<Item = &'p SshPrompt<'p>> + Clone,
    ) -> Result<Vec<SecretString>> {
        self.asked = true;
        let again_because = std::mem::take(&mut self.attempt.progress.again_because);
        let instruction = [again_because.as_str(), &self.banner, &escape_text(instruction)]
            .into_iter()
            .filter(|words| !words.is_empty())
            .collect::<Vec<_>>()
            .join("; ");
        let answer = self.attempt.talk.ask(Question::Prompts {
            site: self.attempt.talk.site().clone(),
            title: escape_text(title),
            instruction,
            prompts: prompts
                .clone()
                .map(|prompt| Prompt { text: escape_text(&prompt.text), echo: prompt.echo })
                .collect(),
        })?;
        let Answer::Texts { texts, keep } = answer else {
            let why = format!("its prompts were left unanswered{}", self.attempt.tried_before());
            return Err(self.failed(ErrorKind::LoginRefused, &why));
        };
        let mut passwords = prompts.zip(&texts).filter(|(prompt, _)| is_password(prompt));
        if let (true, Some((_, password)), None) = (keep, passwords.next(), passwords.next()) {
            self.keep = Some(password.clone());
        }
        Ok(texts)
    }

    fn failed(&self, kind: ErrorKind, why: &str) -> Error {
        Error::new(kind, format!("log in to {}", self.attempt.talk.site()), why)
    }
}

impl KeyboardInteractivePrompt for Conversation<'_, '_> {
    /// ssh2 calls the request's name `username`: it is the title.
    fn prompt<'p>(
        &mut self,
        title: &str,
        instruction: &str,
        prompts: &[SshPrompt<'p>],
    ) -> Vec<String> {
        match self.answers(title, instruction, prompts) {
            Ok(answers) => answers.iter().map(|answer| answer.expose_secret().to_owned()).collect(),
            Err(error) => {
                // No answer can be left out here, and an empty one would count as wrong: the connection ends.
                let _ = self.attempt.socket.shutdown(Shutdown::Both);
                self.stop = Some(error);
                Vec::new()
            }
        }
    }
}

/// Whether a prompt asks for what stays the same from login to login: a hidden password, no code, no new one.
fn is_password(prompt: &SshPrompt<'_>) -> bool {
    let text = prompt.text.to_lowercase();
    let passing = [
        "one-time", "one time", "otp", "token", "code", "new ", "retype", "again", "current",
        "old ",
    ];
    !prompt.echo && text.contains("password") && !passing.iter().any(|word| text.contains(word))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_lasting_passwords_are_remembered() {
        for (text, echo, lasting) in [
            ("Password: ", false, true),
            ("anna@files.example's password:", false, true),
            ("(current) UNIX password: ", false, false),
            ("New password: ", false, false),
            ("One-time password (OATH) for `anna': ", false, false),
            ("Verification code: ", false, false),
            ("Password: ", true, false),
            ("Favourite colour? ", false, false),
        ] {
            assert_eq!(is_password(&SshPrompt { text: text.into(), echo }), lasting, "{text}");
        }
    }
}
