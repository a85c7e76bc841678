//! A large file's ranges: which are to be carried, which have arrived. Whether the file is whole is known from these
//! books alone: a part that was written at its end first has its full size from the start.

use std::{collections::VecDeque, ops::Range};

/// From this size on a file is carried in ranges.
pub(super) const WORTH_RANGES: u64 = 16 << 20;
/// The shortest range, but for the last.
const SHORTEST: u64 = 8 << 20;
const LONGEST: u64 = 64 << 20;
/// A file is cut in about so many: enough that no lane is idle at the end while others have much left.
const PIECES: u64 = 64;
/// How often one range is begun again after its lane ended.
pub(super) const PATIENCE: u32 = 3;

/// The books of one file.
#[derive(Debug)]
pub(super) struct Ranges {
    size: u64,
    length: u64,
    next: u64,
    /// To be begun again, with how often that happened.
    again: VecDeque<Piece>,
    /// Bytes of ranges that have arrived.
    arrived: u64,
    /// All before it has arrived.
    front: u64,
    /// Ranges that arrived beyond `front`.
    ahead: Vec<Range<u64>>,
}

/// A range on its way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Piece {
    pub(super) range: Range<u64>,
    failures: u32,
}

impl Ranges {
    pub(super) fn new(size: u64) -> Self {
        let length = (size / PIECES).clamp(SHORTEST, LONGEST);
        Self {
            size,
            length,
            next: 0,
            again: VecDeque::new(),
            arrived: 0,
            front: 0,
            ahead: Vec::new(),
        }
    }

    /// How long the first range is.
    pub(super) fn first_length(size: u64) -> u64 {
        Self::new(size).length.min(size)
    }

    /// The next one to carry.
    pub(super) fn next(&mut self) -> Option<Piece> {
        if let Some(piece) = self.again.pop_front() {
            return Some(piece);
        }
        let start = self.next;
        let end = start.saturating_add(self.length).min(self.size);
        self.next = end;
        (start < end).then_some(Piece { range: start..end, failures: 0 })
    }

    /// It is written, and was accepted.
    pub(super) fn arrived(&mut self, piece: Piece) {
        self.arrived += piece.range.end - piece.range.start;
        self.ahead.push(piece.range);
        while let Some(index) = self.ahead.iter().position(|range| range.start == self.front) {
            self.front = self.ahead.swap_remove(index).end;
        }
    }

    /// Its lane ended under it: whether it is worth beginning again.
    pub(super) fn interrupted(&mut self, mut piece: Piece) -> bool {
        piece.failures += 1;
        let again = piece.failures <= PATIENCE;
        self.again.push_back(piece);
        again
    }

    /// All before this has arrived.
    pub(super) fn front(&self) -> u64 {
        self.front
    }

    /// Whether every byte has arrived, each once.
    pub(super) fn is_whole(&self) -> bool {
        self.front == self.size && self.arrived == self.size
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_last_range_alone_does_not_make_a_file() {
        let mut ranges = Ranges::new(20 << 20);
        let pieces: Vec<Piece> = std::iter::from_fn(|| ranges.next()).collect();
        assert_eq!(pieces.len(), 3);
        ranges.arrived(pieces[2].clone());
        assert!(!ranges.is_whole() && ranges.front() == 0);
        ranges.arrived(pieces[0].clone());
        assert_eq!(ranges.front(), 8 << 20);
        ranges.arrived(pieces[1].clone());
        assert!(ranges.is_whole());
    }

    #[test]
    fn a_range_is_begun_again_a_few_times() {
        let mut ranges = Ranges::new(WORTH_RANGES);
        let first = ranges.next().unwrap();
        for _ in 0..PATIENCE {
            let piece = ranges.next().filter(|piece| piece.range == first.range);
            assert!(ranges.interrupted(piece.unwrap_or_else(|| first.clone())));
        }
        let piece = std::iter::from_fn(|| ranges.next()).find(|piece| piece.failures == PATIENCE);
        assert!(!ranges.interrupted(piece.unwrap()));
    }

    proptest! {
        #[test]
        fn ranges_cover_a_file_once_in_whatever_order_they_arrive(
            size in 1u64..(9 << 30),
            seed in any::<u64>(),
        ) {
            let mut random = fastrand::Rng::with_seed(seed);
            let mut ranges = Ranges::new(size);
            let mut under_way = Vec::new();
            loop {
                while under_way.len() < 8 && let Some(piece) = ranges.next() {
                    under_way.push(piece);
                }
                if under_way.is_empty() {
                    break;
                }
                prop_assert!(!ranges.is_whole());
                let piece = under_way.swap_remove(random.usize(..under_way.len()));
                if random.u8(..) < 20 && piece.failures < PATIENCE {
                    prop_assert!(ranges.interrupted(piece));
                } else {
                    ranges.arrived(piece);
                }
            }
            prop_assert!(ranges.is_whole());
        }
    }
}
