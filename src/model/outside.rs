//! What is done while another program has the terminal, and what came of it.

use crate::{domain::path::StoragePath, engine::message::Ticket};

/// Something for which the terminal is given away.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outside {
    /// A text is edited.
    EditText {
        /// Comes back.
        ticket: Ticket,
        /// As it is.
        text: String,
    },
    /// A file of this machine is edited.
    EditFile {
        /// Comes back.
        ticket: Ticket,
        /// Which.
        path: StoragePath,
    },
    /// A command line is run by the person's shell.
    Run {
        /// The line.
        line: String,
        /// Where.
        directory: StoragePath,
    },
}

/// What came of it; failures in whole sentences.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Back {
    /// The text as it is now.
    Text(Result<String, String>),
    /// Whether the file's content is another.
    File(Result<Changed, String>),
    /// How the command ended.
    Ran(Result<String, String>),
}

/// What an editor did to a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Changed {
    /// Its content is another.
    Yes,
    /// It is what it was.
    No,
    /// The same, but the editor ended so soon that it may have gone on elsewhere.
    LeftAtOnce,
}
