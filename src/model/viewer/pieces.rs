//! The pieces of a file that are here, of as many as fit in little memory.

use std::collections::BTreeMap;

use bytes::Bytes;

/// How long a piece is; the last one of a file is shorter.
pub(crate) const PIECE: u64 = 64 * 1024;
/// So many are kept.
const KEPT: usize = 48;

/// A piece that is needed and not here, by its number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Missing(pub(crate) u64);

/// What is here of a file.
#[derive(Debug, Default)]
pub(crate) struct Pieces {
    held: BTreeMap<u64, Bytes>,
    /// Where the file ended when its last piece was read.
    end: Option<u64>,
    /// What the storage says of its length.
    size: Option<u64>,
}

impl Pieces {
    /// A piece came. Pieces far from `around` make room for it.
    pub(crate) fn take(&mut self, number: u64, bytes: Bytes, size: Option<u64>, around: u64) {
        let (start, length) = (number * PIECE, bytes.len() as u64);
        self.size = size.or(self.size);
        if length < PIECE {
            // Beyond the end there is nothing; where it is, another piece tells.
            if length > 0 || start == 0 || self.end.is_none_or(|end| end > start) {
                self.end = Some(start + length);
            }
        } else if self.end.is_some_and(|end| end < start + length) {
            // It has grown meanwhile.
            self.end = None;
        }
        self.held.insert(number, bytes);
        while self.held.len() > KEPT {
            let distance = |number: &u64| number.abs_diff(around / PIECE);
            let farthest = self.held.keys().copied().max_by_key(distance);
            farthest.and_then(|number| self.held.remove(&number));
        }
    }

    /// Forgets all: the file is looked at anew.
    pub(crate) fn forget(&mut self) {
        *self = Self::default();
    }

    /// Where the file ends, as far as that is known.
    pub(crate) fn end(&self) -> Option<u64> {
        self.end.or(self.size)
    }

    pub(crate) fn has(&self, number: u64) -> bool {
        self.held.contains_key(&number)
    }

    /// At most `length` bytes from `from` on; fewer only at the end of the file.
    pub(crate) fn slice(&self, from: u64, length: usize) -> Result<Vec<u8>, Missing> {
        let mut bytes = Vec::new();
        while bytes.len() < length {
            let at = from + bytes.len() as u64;
            let number = at / PIECE;
            match self.held.get(&number) {
                Some(piece) => {
                    let start = ((at % PIECE) as usize).min(piece.len());
                    let stop = piece.len().min(start + length - bytes.len());
                    bytes.extend_from_slice(&piece[start..stop]);
                    if (piece.len() as u64) < PIECE && stop == piece.len() {
                        break;
                    }
                }
                None if self.end.is_some_and(|end| at >= end) => break,
                None => return Err(Missing(number)),
            }
        }
        Ok(bytes)
    }
}
