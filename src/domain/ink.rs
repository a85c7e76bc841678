//! What a piece of a text is, as far as its colour goes.

/// What a piece of a text is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Ink {
    /// Nothing in particular.
    #[default]
    Plain,
    /// A comment.
    Comment,
    /// Text in quotes, and what stands for it.
    Text,
    /// A number, or another constant.
    Number,
    /// A word of the language.
    Keyword,
    /// What is called: functions, attributes, keys.
    Function,
    /// A type, a tag.
    Type,
    /// A heading.
    Heading,
}

/// A piece of a file, and what it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Inked {
    /// Where in the file it begins.
    pub start: u64,
    /// Where it ends.
    pub end: u64,
    /// What it is.
    pub ink: Ink,
}

/// A stretch of a text file that is to be coloured.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PaintOrder {
    /// The file's name, by which its kind is known.
    pub name: Vec<u8>,
    /// The beginning of the file, by which its kind is known where the name does not tell.
    pub beginning: Vec<u8>,
    /// Where the stretch begins, at the beginning of a line.
    pub start: u64,
    /// Its bytes, in an encoding that is ASCII where it can be.
    pub bytes: Vec<u8>,
}

/// What came of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Painted {
    /// The stretch, whether or not all of it has a colour.
    pub stretch: (u64, u64),
    /// Pieces in their order; what lies between is plain. `None` for a kind of text that is not known.
    pub inked: Option<Vec<Inked>>,
}
