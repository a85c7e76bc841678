//! Sums of content besides SHA-256: what servers that have nothing better can be compared by.

use std::fmt;

use md5::Md5;
use sha1::Sha1;
use sha2::{Digest as _, Sha256, Sha512};

/// A way to take a sum of content.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Algorithm {
    /// The one Wharf compares wherever both ends have it.
    Sha256,
    /// As good.
    Sha512,
    /// Finds every accident, and not every forgery.
    Sha1,
    /// The same.
    Md5,
    /// Finds nearly every accident.
    Crc32,
}

impl Algorithm {
    /// All of them, the one to be preferred first.
    pub const ALL: [Self; 5] = [Self::Sha256, Self::Sha512, Self::Sha1, Self::Md5, Self::Crc32];

    /// The word used on the screen, in JSON and in the ledger.
    pub fn word(self) -> &'static str {
        match self {
            Algorithm::Sha256 => "sha256",
            Algorithm::Sha512 => "sha512",
            Algorithm::Sha1 => "sha1",
            Algorithm::Md5 => "md5",
            Algorithm::Crc32 => "crc32",
        }
    }

    /// How long its sums are, in bytes.
    pub fn length(self) -> usize {
        match self {
            Algorithm::Sha256 => 32,
            Algorithm::Sha512 => 64,
            Algorithm::Sha1 => 20,
            Algorithm::Md5 => 16,
            Algorithm::Crc32 => 4,
        }
    }

    /// Begins to take a sum.
    pub fn begin(self) -> Summing {
        match self {
            Algorithm::Sha256 => Summing::Sha256(Sha256::new()),
            Algorithm::Sha512 => Summing::Sha512(Sha512::new()),
            Algorithm::Sha1 => Summing::Sha1(Sha1::new()),
            Algorithm::Md5 => Summing::Md5(Md5::new()),
            Algorithm::Crc32 => Summing::Crc32(crc32fast::Hasher::new()),
        }
    }
}

/// A sum, and what it was taken by.
#[derive(Clone, PartialEq, Eq)]
pub struct Sum {
    algorithm: Algorithm,
    bytes: Box<[u8]>,
}

impl Sum {
    /// From hexadecimal digits of either case, all that the algorithm's sums have.
    pub fn from_hex(algorithm: Algorithm, digits: &[u8]) -> Option<Self> {
        if digits.len() != 2 * algorithm.length() {
            return None;
        }
        let digit = |byte: u8| char::from(byte).to_digit(16);
        let pairs = digits.chunks_exact(2);
        let bytes = pairs.map(|pair| u8::try_from(digit(pair[0])? << 4 | digit(pair[1])?).ok());
        Some(Self { algorithm, bytes: bytes.collect::<Option<_>>()? })
    }

    /// What it was taken by.
    pub fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    /// The sum itself.
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes
    }
}

impl fmt::Display for Sum {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.bytes.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Sum {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {self}", self.algorithm.word())
    }
}

/// A sum being taken.
pub enum Summing {
    /// By SHA-256.
    Sha256(Sha256),
    /// By SHA-512.
    Sha512(Sha512),
    /// By SHA-1.
    Sha1(Sha1),
    /// By MD5.
    Md5(Md5),
    /// By the CRC of Ethernet and zip.
    Crc32(crc32fast::Hasher),
}

impl Summing {
    /// Takes the next bytes.
    pub fn update(&mut self, bytes: &[u8]) {
        match self {
            Summing::Sha256(hasher) => hasher.update(bytes),
            Summing::Sha512(hasher) => hasher.update(bytes),
            Summing::Sha1(hasher) => hasher.update(bytes),
            Summing::Md5(hasher) => hasher.update(bytes),
            Summing::Crc32(hasher) => hasher.update(bytes),
        }
    }

    /// The sum of all.
    pub fn finish(self) -> Sum {
        let (algorithm, bytes): (_, Box<[u8]>) = match self {
            Summing::Sha256(hasher) => (Algorithm::Sha256, hasher.finalize()[..].into()),
            Summing::Sha512(hasher) => (Algorithm::Sha512, hasher.finalize()[..].into()),
            Summing::Sha1(hasher) => (Algorithm::Sha1, hasher.finalize()[..].into()),
            Summing::Md5(hasher) => (Algorithm::Md5, hasher.finalize()[..].into()),
            Summing::Crc32(hasher) => (Algorithm::Crc32, hasher.finalize().to_be_bytes().into()),
        };
        Sum { algorithm, bytes }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums_that_everybody_knows() {
        for (algorithm, known) in [
            (Algorithm::Sha1, "a9993e364706816aba3e25717850c26c9cd0d89d"),
            (Algorithm::Md5, "900150983cd24fb0d6963f7d28e17f72"),
            (Algorithm::Crc32, "352441c2"),
            (Algorithm::Sha256, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
        ] {
            let mut summing = algorithm.begin();
            summing.update(b"a");
            summing.update(b"bc");
            let sum = summing.finish();
            assert_eq!(sum.to_string(), known);
            assert_eq!(Sum::from_hex(algorithm, known.to_uppercase().as_bytes()), Some(sum));
        }
        for algorithm in Algorithm::ALL {
            assert_eq!(algorithm.begin().finish().as_bytes().len(), algorithm.length());
            let digits = vec![b'g'; 2 * algorithm.length()];
            assert_eq!(Sum::from_hex(algorithm, &digits), None);
            assert_eq!(Sum::from_hex(algorithm, &digits[1..]), None);
        }
    }
}
