//! Questions on the terminal of a headless command; without a terminal, every answer is no.

use std::{
    fs::{File, OpenOptions},
    io::{BufRead as _, BufReader, Write as _},
};

use secrecy::SecretString;

use crate::domain::question::{Answer, Question};

/// Puts a question on the controlling terminal and waits there. Call it where blocking is allowed.
///
/// The second part says what the person was not asked, for want of a terminal.
pub(super) fn put(question: &Question) -> (Answer, Option<String>) {
    match OpenOptions::new().read(true).write(true).open("/dev/tty") {
        Ok(terminal) => (put_on(terminal, question), None),
        Err(_) => (Answer::No, Some(unasked(question))),
    }
}

fn unasked(question: &Question) -> String {
    match question {
        Question::HostKey { known_as, key_type, fingerprint, .. } => format!(
            "The host key of {known_as} is not known ({key_type} {fingerprint}), and there is no terminal to ask on. \
             Connect once with a terminal, or add the key to your known_hosts file."
        ),
        Question::Certificate { known_as, why, fingerprint, .. } => format!(
            "The certificate of {known_as} (SHA-256 {fingerprint}) is not trusted: {why}; and there is no terminal to ask on. \
             Connect once with a terminal."
        ),
        Question::Password { site, user, .. } => format!(
            "The password of {user} on {site} is needed, and there is no terminal to ask on. \
             Use a key or an agent, keep it in the keyring, or set WHARF_PASSWORD."
        ),
        Question::Passphrase { key, .. } => {
            format!(
                "The passphrase of {key} is needed, and there is no terminal to ask on. Use an agent."
            )
        }
        Question::Prompts { site, .. } => {
            format!("{site} asks for something to be typed, and there is no terminal to ask on.")
        }
        Question::Conflict { to, .. } => {
            format!("{to} is taken, and there is no terminal to ask on.")
        }
    }
}

fn put_on(mut terminal: File, question: &Question) -> Answer {
    match question {
        Question::HostKey { known_as, key_type, fingerprint, .. } => {
            let _ = write!(
                terminal,
                "The host key of {known_as} is not known.\n  {key_type} {fingerprint}\nCompare it with what the \
                 server's keeper tells you. Connect, and remember this key? [yes/No] "
            );
            yes_or_no(&terminal)
        }
        Question::Certificate { known_as, why, fingerprint, .. } => {
            let _ = write!(
                terminal,
                "The certificate of {known_as} is not trusted: {why}.\n  SHA-256 {fingerprint}\nCompare it with what the \
                 server's keeper tells you. Connect, and trust exactly this one from now on? [yes/No] "
            );
            yes_or_no(&terminal)
        }
        Question::Password { site, user, again_because } => {
            secret(&mut terminal, again_because, &format!("Password of {user} on {site}: "))
        }
        Question::Passphrase { key, again_because } => {
            secret(&mut terminal, again_because, &format!("Passphrase of {key}: "))
        }
        Question::Prompts { title, instruction, prompts, .. } => {
            for text in [title, instruction] {
                if !text.is_empty() {
                    let _ = writeln!(terminal, "{text}");
                }
            }
            let mut texts = Vec::with_capacity(prompts.len());
            for prompt in prompts {
                let answer = if prompt.echo {
                    let _ = write!(terminal, "{} ", prompt.text.trim_end());
                    line(&terminal)
                        .map(|line| SecretString::from(line.trim_end_matches(['\r', '\n'])))
                } else {
                    hidden(&format!("{} ", prompt.text.trim_end()))
                };
                match answer {
                    Some(text) => texts.push(text),
                    None => return Answer::No,
                }
            }
            Answer::Texts { texts, keep: false }
        }
        // Headless copies carry their answer in --on-conflict.
        Question::Conflict { .. } => Answer::No,
    }
}

fn yes_or_no(terminal: &File) -> Answer {
    match line(terminal).as_deref().map(str::trim) {
        Some("yes" | "Yes" | "YES") => Answer::Yes,
        _ => Answer::No,
    }
}

fn secret(terminal: &mut File, again_because: &str, prompt: &str) -> Answer {
    if !again_because.is_empty() {
        let _ = writeln!(terminal, "{again_because}");
    }
    hidden(prompt).map_or(Answer::No, |text| Answer::Texts { texts: vec![text], keep: false })
}

fn hidden(prompt: &str) -> Option<SecretString> {
    rpassword::prompt_password(prompt).ok().map(SecretString::from)
}

fn line(terminal: &File) -> Option<String> {
    let mut line = String::new();
    let read = BufReader::new(terminal).read_line(&mut line).ok()?;
    (read > 0).then_some(line)
}
