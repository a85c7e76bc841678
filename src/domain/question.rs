//! What only a person can decide, and the answers.

use std::sync::Arc;

use secrecy::SecretString;

use super::{entry::Attributes, path::Name, place::Location, site::Site};

/// A question to the person. All text in it is already escaped.
#[derive(Debug, Clone)]
pub enum Question {
    /// Nobody knows this host's key. Answer: [`Answer::Yes`] or [`Answer::No`], the default.
    HostKey {
        /// Whose key.
        site: Arc<Site>,
        /// The name the key will be kept under: `host`, `[host]:port` or the alias.
        known_as: String,
        /// `ssh-ed25519`, `ecdsa-sha2-nistp256`, …
        key_type: String,
        /// `SHA256:` and base64 without padding.
        fingerprint: String,
    },
    /// A certificate that cannot be trusted as it stands. Answer: [`Answer::Yes`] or [`Answer::No`], the default.
    Certificate {
        /// Whose.
        site: Arc<Site>,
        /// What it will be kept under: `host:port`.
        known_as: String,
        /// What is wrong with it, completing "its certificate is not trusted: …".
        why: String,
        /// SHA-256 of the whole certificate: `AB:CD:…`, as the tools of TLS print it.
        fingerprint: String,
        /// Another one was let in before, whose place it would take.
        changed: bool,
    },
    /// A password for a site. Answer: one [`Answer::Texts`].
    Password {
        /// Whose.
        site: Arc<Site>,
        /// The user it belongs to.
        user: String,
        /// What became of the last one: empty at first, else why it is asked again.
        again_because: String,
    },
    /// The passphrase of a private key. Answer: one [`Answer::Texts`].
    Passphrase {
        /// The key's file.
        key: String,
        /// Empty at first, else why it is asked again.
        again_because: String,
    },
    /// The server's own prompts (keyboard-interactive, RFC 4256). Answer: a text for each prompt.
    Prompts {
        /// Who asks.
        site: Arc<Site>,
        /// A title of the server's, may be empty.
        title: String,
        /// Instructions of the server's, may be empty.
        instruction: String,
        /// What is asked, in order.
        prompts: Vec<Prompt>,
    },
    /// Something stands where a file is to go. Answer: [`Answer::Conflict`] or [`Answer::Rename`].
    Conflict {
        /// What is to be copied.
        from: Location,
        /// What it is.
        source: Attributes,
        /// Where it is to go.
        to: Location,
        /// What stands there.
        target: Attributes,
    },
}

/// One prompt of a server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Prompt {
    /// What is asked.
    pub text: String,
    /// Whether the answer may be seen while it is typed.
    pub echo: bool,
}

/// An answer to a [`Question`].
#[derive(Debug, Clone)]
pub enum Answer {
    /// Agreed.
    Yes,
    /// Refused, or left without an answer: what asked for it ends.
    No,
    /// What was typed, a text for each field.
    Texts {
        /// In the order asked.
        texts: Vec<SecretString>,
        /// Whether to keep it in the vault.
        keep: bool,
    },
    /// What to do with what stands there.
    Conflict {
        /// The choice.
        choice: ConflictChoice,
        /// For every further conflict of the same job.
        for_all: bool,
    },
    /// Let it arrive under this name beside what stands there; asked again should that be taken as well.
    Rename(Name),
}

/// What to do when something stands where a file is to go.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ConflictChoice {
    /// Replace it, once the new content is complete and checked.
    Overwrite,
    /// Leave it, and do not copy.
    Skip,
    /// Replace it if it is older; else leave it, and do not copy.
    Newer,
    /// Replace it if its size or digest differs, or its time where no digest is to be had; else leave it, and do not copy.
    Differs,
    /// Leave it, and let what comes arrive beside it under a numbered name that is free.
    KeepBoth,
    /// Replace it by the whole if it is a shorter beginning of what comes; what it holds is not carried again where it
    /// lies on this machine. Else leave it, and count the step as failed.
    Resume,
    /// Leave it, and count the step as failed.
    Fail,
}

impl ConflictChoice {
    /// All of them.
    pub const ALL: [Self; 7] = [
        Self::Overwrite,
        Self::Skip,
        Self::Newer,
        Self::Differs,
        Self::KeepBoth,
        Self::Resume,
        Self::Fail,
    ];

    /// The word for it: in the journal, in the configuration, after `--on-conflict`.
    pub fn word(self) -> &'static str {
        match self {
            ConflictChoice::Overwrite => "overwrite",
            ConflictChoice::Skip => "skip",
            ConflictChoice::Newer => "newer",
            ConflictChoice::Differs => "differs",
            ConflictChoice::KeepBoth => "keep-both",
            ConflictChoice::Resume => "resume",
            ConflictChoice::Fail => "fail",
        }
    }
}
