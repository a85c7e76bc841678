//! What is done while another program has the terminal, and what came of it.

use crate::{
    domain::{path::StoragePath, place::Location, shell::Shell},
    engine::message::Ticket,
};

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
    /// The person's own shell.
    OwnShell {
        /// Where.
        directory: StoragePath,
    },
    /// A shell on a server.
    Shell {
        /// It.
        shell: Shell,
        /// Where it began.
        location: Location,
    },
}

/// What came of it; failures in whole sentences.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Back {
    /// The text as it is now.
    Text(Result<String, String>),
    /// How the editor ended.
    File(Result<EditorEnd, String>),
    /// How the command ended.
    Ran(Result<String, String>),
}

/// How an editor ended that ended well.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EditorEnd {
    /// After some time.
    InItsTime,
    /// So soon that it may have gone on elsewhere.
    AtOnce,
}
