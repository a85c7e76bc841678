//! A large file's ranges: which are to be carried, which have arrived. Whether the file is whole is known from these
//! books alone: a part that was written at its end first has its full size from the start.

use std::{
    collections::VecDeque,
    ops::Range,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

/// From this size on a file is carried in ranges.
pub(super) const WORTH_RANGES: u64 = 16 << 20;
/// The shortest range, but for the last.
const SHORTEST: u64 = 8 << 20;
/// How often one range is begun again after its lane ended.
pub(super) const PATIENCE: u32 = 3;

/// Where ranges are cut: at whole ones of these.
const GRAIN: u64 = 1 << 20;

/// How a file is cut.
#[derive(Debug, Clone, Copy)]
pub(super) struct Cut {
    /// A range is one part of so many,
    parts: u64,
    /// of what is left, or of the whole.
    of_what_is_left: bool,
    longest: u64,
}

impl Cut {
    /// Where a range costs one more request: the longest first, for what carries one needs time to get up to speed, and
    /// shorter ones towards the end, where no lane is to be idle while others have much left. Those that begin together
    /// do not end together, while all of them are followed by others and nothing is under way.
    pub(super) const CHEAP: Self = Self { parts: 16, of_what_is_left: true, longest: 64 << 20 };
    /// Where each range is a data connection to be made, and begins as slowly as any: in few.
    pub(super) const DEAR: Self = Self { parts: 8, of_what_is_left: false, longest: u64::MAX };

    /// How long the first range of a file of this size is.
    pub(super) fn first(self, size: u64) -> u64 {
        self.length(size, 0).min(size)
    }

    /// In how many ranges a file of this size goes, at least.
    pub(super) fn count(self, size: u64) -> u64 {
        size.div_ceil(self.length(size, 0))
    }

    /// How long a range is that begins there.
    fn length(self, size: u64, start: u64) -> u64 {
        let whole = if self.of_what_is_left { size.saturating_sub(start) } else { size };
        let part = whole / self.parts / GRAIN * GRAIN;
        part.max(SHORTEST).min(self.longest)
    }
}

/// The books of one file.
#[derive(Debug)]
pub(super) struct Ranges {
    size: u64,
    cut: Cut,
    /// What was not cut yet, in order.
    uncut: VecDeque<Range<u64>>,
    /// To be begun again, with how often that happened.
    again: VecDeque<Piece>,
    /// Bytes of ranges that have arrived.
    arrived: u64,
    /// All before it has arrived.
    front: u64,
    /// Ranges that arrived beyond `front`.
    ahead: Vec<Range<u64>>,
    /// Those on their way.
    under_way: Vec<Piece>,
}

/// A range on its way.
#[derive(Debug, Clone)]
pub(super) struct Piece {
    pub(super) range: Range<u64>,
    /// Bytes of it that were written, whether or not they were accepted.
    pub(super) carried: Arc<AtomicU64>,
    failures: u32,
}

impl Piece {
    fn new(range: Range<u64>) -> Self {
        Self { range, carried: Arc::default(), failures: 0 }
    }
}

impl Ranges {
    pub(super) fn new(size: u64, cut: Cut) -> Self {
        Self {
            size,
            cut,
            uncut: std::iter::once(0..size).collect(),
            again: VecDeque::new(),
            arrived: 0,
            front: 0,
            ahead: Vec::new(),
            under_way: Vec::new(),
        }
    }

    /// Of a part in which some ranges stand already: in order, and none touches another.
    pub(super) fn with(size: u64, cut: Cut, kept: &[Range<u64>]) -> Self {
        let mut ranges = Self::new(size, cut);
        ranges.uncut.clear();
        let mut at = 0;
        for range in kept {
            let range = range.start.min(size)..range.end.min(size);
            ranges.uncut.push_back(at..range.start);
            at = range.end;
            ranges.arrived(Piece::new(range));
        }
        ranges.uncut.push_back(at..size);
        ranges
    }

    /// What has arrived, as far as it is known; of those on their way, what was written but for the last `in_doubt` bytes.
    pub(super) fn standing(&self, in_doubt: u64) -> Vec<Range<u64>> {
        let front = (self.front > 0).then_some(0..self.front);
        let under_way = self.under_way.iter().filter_map(|piece| {
            let known = piece.carried.load(Ordering::Relaxed).saturating_sub(in_doubt);
            let Range { start, end } = piece.range;
            (known > 0).then(|| start..start.saturating_add(known).min(end))
        });
        front.into_iter().chain(self.ahead.iter().cloned()).chain(under_way).collect()
    }

    /// Bytes that have arrived.
    pub(super) fn bytes(&self) -> u64 {
        self.arrived
    }

    /// The next one to carry.
    pub(super) fn next(&mut self) -> Option<Piece> {
        let piece = self.again.pop_front().or_else(|| self.cut())?;
        piece.carried.store(0, Ordering::Relaxed);
        self.under_way.push(piece.clone());
        Some(piece)
    }

    fn cut(&mut self) -> Option<Piece> {
        loop {
            let uncut = self.uncut.front_mut()?;
            let start = uncut.start;
            let end = start.saturating_add(self.cut.length(self.size, start)).min(uncut.end);
            uncut.start = end;
            if start < end {
                return Some(Piece::new(start..end));
            }
            self.uncut.pop_front();
        }
    }

    /// It is written, and was accepted.
    pub(super) fn arrived(&mut self, piece: Piece) {
        self.is_over(&piece);
        self.arrived += piece.range.end - piece.range.start;
        self.ahead.push(piece.range);
        while let Some(index) = self.ahead.iter().position(|range| range.start == self.front) {
            self.front = self.ahead.swap_remove(index).end;
        }
    }

    /// Its lane ended under it: whether it is worth beginning again.
    pub(super) fn interrupted(&mut self, mut piece: Piece) -> bool {
        self.is_over(&piece);
        piece.failures += 1;
        let again = piece.failures <= PATIENCE;
        self.again.push_back(piece);
        again
    }

    fn is_over(&mut self, piece: &Piece) {
        self.under_way.retain(|other| other.range != piece.range);
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
        let mut ranges = Ranges::new(20 << 20, Cut::CHEAP);
        let pieces: Vec<Piece> = std::iter::from_fn(|| ranges.next()).collect();
        let (last, others) = pieces.split_last().unwrap();
        assert_eq!(last.range.end, 20 << 20);
        ranges.arrived(last.clone());
        assert!(!ranges.is_whole() && ranges.front() == 0);
        for piece in others {
            assert!(!ranges.is_whole());
            ranges.arrived(piece.clone());
            assert!(ranges.front() >= piece.range.end);
        }
        assert!(ranges.is_whole());
    }

    #[test]
    fn those_that_begin_together_do_not_end_together() {
        let lengths = |size, cut: Cut| {
            let mut ranges = Ranges::new(size, cut);
            let piece = std::iter::from_fn(|| ranges.next());
            piece.map(|piece| (piece.range.end - piece.range.start) >> 20).collect::<Vec<_>>()
        };
        let cheap = lengths(256 << 20, Cut::CHEAP);
        assert_eq!(cheap[..8], [16, 15, 14, 13, 12, 11, 10, 10]);
        assert!(cheap[cheap.len() - 3..].iter().all(|&length| length <= 8), "{cheap:?}");
        assert_eq!(Cut::CHEAP.first(256 << 20), 16 << 20);
        assert_eq!(lengths(20 << 20, Cut::CHEAP), [8, 8, 4]);
        assert_eq!(Cut::CHEAP.first(1 << 40), 64 << 20);
        assert_eq!(
            lengths(256 << 20, Cut::DEAR),
            [32; 8],
            "where a beginning is dear, all have as much"
        );
        assert_eq!(Cut::DEAR.first(5), 5);
    }

    #[test]
    fn of_a_range_on_its_way_what_is_not_in_doubt_stands() {
        let mut ranges = Ranges::new(20 << 20, Cut::CHEAP);
        let (first, second) = (ranges.next().unwrap(), ranges.next().unwrap());
        second.carried.store(2 << 20, Ordering::Relaxed);
        first.carried.store(1 << 20, Ordering::Relaxed);
        let start = second.range.start;
        assert_eq!(ranges.standing(1 << 20), [start..start + (1 << 20), 0..0][..1]);
        assert!(ranges.interrupted(second));
        assert_eq!(ranges.standing(0).len(), 1, "it is carried again");
        ranges.arrived(first);
        assert_eq!(ranges.standing(1 << 20), [0..8 << 20, 0..0][..1]);
    }

    #[test]
    fn a_range_is_begun_again_a_few_times() {
        let mut ranges = Ranges::new(WORTH_RANGES, Cut::CHEAP);
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
        fn what_stands_is_not_carried_again(
            size in 1u64..(1 << 30),
            cuts in proptest::collection::btree_set(0u64..(1 << 30), 0..8),
        ) {
            let cuts: Vec<u64> = cuts.into_iter().filter(|cut| *cut < size).collect();
            let kept: Vec<Range<u64>> = cuts.chunks_exact(2).map(|pair| pair[0]..pair[1]).collect();
            let mut ranges = Ranges::with(size, Cut::CHEAP, &kept);
            let standing: u64 = kept.iter().map(|range| range.end - range.start).sum();
            prop_assert_eq!(ranges.bytes(), standing);
            let mut carried = 0;
            while let Some(piece) = ranges.next() {
                let apart = |kept: &Range<u64>| piece.range.end <= kept.start || kept.end <= piece.range.start;
                prop_assert!(kept.iter().all(apart), "{piece:?}");
                carried += piece.range.end - piece.range.start;
                ranges.arrived(piece);
            }
            prop_assert_eq!(carried + standing, size);
            prop_assert!(ranges.is_whole());
            let all: Vec<Range<u64>> = std::iter::once(0..size).collect();
            prop_assert_eq!(ranges.standing(0), all);
        }

        #[test]
        fn ranges_cover_a_file_once_in_whatever_order_they_arrive(
            size in 1u64..(9 << 30),
            seed in any::<u64>(),
        ) {
            let mut random = fastrand::Rng::with_seed(seed);
            let mut ranges = Ranges::new(size, Cut::CHEAP);
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
