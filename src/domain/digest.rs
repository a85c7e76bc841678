//! Digests, and what a verdict may claim.

use std::fmt;

use super::sums::Algorithm;

/// A SHA-256 digest, the one Wharf compares.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Sha256(pub [u8; 32]);

impl Sha256 {
    /// Reads 64 hexadecimal digits, of either case.
    pub fn from_hex(text: &str) -> Option<Self> {
        let digits = text.as_bytes();
        if digits.len() != 64 {
            return None;
        }
        let mut bytes = [0; 32];
        for (byte, pair) in bytes.iter_mut().zip(digits.chunks_exact(2)) {
            let high = char::from(pair[0]).to_digit(16)?;
            let low = char::from(pair[1]).to_digit(16)?;
            *byte = u8::try_from(high << 4 | low).ok()?;
        }
        Some(Self(bytes))
    }
}

impl fmt::Display for Sha256 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Sha256 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// What is known of a file that arrived; never more than was checked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Verdict {
    /// Both ends hashed equal.
    Hash,
    /// Both ends hashed equal; what an end could not hash itself was read there once more.
    ReadBack,
    /// Both ends told equal sums of another kind; at least one had no SHA-256 to tell.
    Sum(Algorithm),
    /// Sizes agree; no digest was to be had.
    Size,
    /// Nothing was compared, as asked.
    Off,
}

impl Verdict {
    /// All of them.
    pub const ALL: [Self; 8] = [
        Self::Hash,
        Self::ReadBack,
        Self::Sum(Algorithm::Sha512),
        Self::Sum(Algorithm::Sha1),
        Self::Sum(Algorithm::Md5),
        Self::Sum(Algorithm::Crc32),
        Self::Size,
        Self::Off,
    ];

    /// How it was come to; `None` where nothing was compared.
    pub fn method(self) -> Option<&'static str> {
        match self {
            Verdict::Hash => Some("sha256"),
            Verdict::ReadBack => Some("sha256 of what was read once more"),
            Verdict::Sum(algorithm) => Some(algorithm.word()),
            Verdict::Size => Some("size"),
            Verdict::Off => None,
        }
    }

    /// Whether the content was compared, and not its size alone.
    pub fn is_of_content(self) -> bool {
        matches!(self, Verdict::Hash | Verdict::ReadBack | Verdict::Sum(_))
    }

    /// The word used on the screen, in JSON and in the ledger.
    pub fn word(self) -> &'static str {
        match self {
            Verdict::Hash => "hash",
            Verdict::ReadBack => "read-back",
            Verdict::Sum(algorithm) => algorithm.word(),
            Verdict::Size => "size",
            Verdict::Off => "off",
        }
    }
}

/// How much a person wants checked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum VerifyLevel {
    /// The best the two ends can do.
    #[default]
    Auto,
    /// Equal digests, or the copy fails: what an end cannot hash itself is read there once more.
    Digest,
    /// Sizes only.
    Size,
    /// Nothing after the write was accepted.
    Off,
}

impl VerifyLevel {
    /// The word used on the command line and in the journal.
    pub fn word(self) -> &'static str {
        match self {
            VerifyLevel::Auto => "auto",
            VerifyLevel::Digest => "digest",
            VerifyLevel::Size => "size",
            VerifyLevel::Off => "off",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hex_there_and_back() {
        let text = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
        assert_eq!(Sha256::from_hex(text).unwrap().to_string(), text);
        assert_eq!(Sha256::from_hex(&text.to_uppercase()).unwrap().to_string(), text);
        assert_eq!(Sha256::from_hex(&text[1..]), None);
        assert_eq!(Sha256::from_hex(&text.replace('e', "g")), None);
    }
}
