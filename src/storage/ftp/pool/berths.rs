//! Who may have a connection next: the books of the pool, without a socket.
//!
//! A copy between two servers holds a connection to read while it waits for one to write, never the other way round
//! (see [`Capabilities::one_file_a_connection`](crate::storage::Capabilities)). So whoever writes always goes on, as
//! long as nothing else can take the last connection from those who write.

use std::collections::VecDeque;

use crate::storage::ftp::features::Crowd;

/// What a connection is wanted for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::storage::ftp) enum For {
    /// A file's content, from the server.
    Reading,
    /// A file's content, to the server.
    Writing,
    /// A listing, which a person may be waiting for: those never queue behind files.
    Listing,
}

/// Listings at the same time.
const LISTINGS: usize = 2;

/// The books. `L` is a connection, `W` somebody who waits.
#[derive(Debug)]
pub(super) struct Berths<L, W> {
    idle: Vec<L>,
    waiting: [VecDeque<W>; 3],
    in_use: [usize; 3],
    /// So many of a kind at most.
    bound: usize,
    /// More than these the server does not let in.
    most: Option<usize>,
    /// The bound before it was halved for that.
    before: Option<usize>,
    /// Connections that stand, in use or not.
    open: usize,
    /// Connections that are on their way.
    opening: usize,
}

/// What whoever waited gets.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Grant<L> {
    /// A connection.
    Ready(L),
    /// Leave to open one.
    Open,
    /// A share in the connection for short commands.
    Shared,
}

impl<L, W> Berths<L, W> {
    pub(super) fn new(bound: usize) -> Self {
        Self {
            idle: Vec::new(),
            waiting: Default::default(),
            in_use: [0; 3],
            bound: bound.max(1),
            most: None,
            before: None,
            open: 0,
            opening: 0,
        }
    }

    /// Gets in line.
    pub(super) fn wait(&mut self, wanted: For, waiter: W) {
        self.waiting[wanted as usize].push_back(waiter);
    }

    /// The next to be served, with what they get. It counts as in use until [`leave`](Self::leave).
    pub(super) fn next(&mut self) -> Option<(For, W, Grant<L>)> {
        for wanted in [For::Listing, For::Reading, For::Writing] {
            if !self.has_room(wanted) {
                // Readers may have taken all there are before that was known, and wait for whoever writes.
                let stuck = self.most.is_some() && self.in_use[wanted as usize] == 0;
                if wanted == For::Writing && stuck {
                    let waiter = self.waiting[wanted as usize].pop_front()?;
                    self.in_use[wanted as usize] += 1;
                    return Some((wanted, waiter, Grant::Shared));
                }
                continue;
            }
            if let Some(waiter) = self.waiting[wanted as usize].pop_front() {
                self.in_use[wanted as usize] += 1;
                return Some((wanted, waiter, self.grant()));
            }
        }
        None
    }

    fn has_room(&self, wanted: For) -> bool {
        let in_use = self.in_use[wanted as usize];
        let bound = if wanted == For::Listing { LISTINGS } else { self.bound };
        let all: usize = self.in_use.iter().sum();
        let others = all - self.in_use[For::Writing as usize];
        let leaves_one = |most: usize| wanted == For::Writing || others < most - 1 || most == 1;
        in_use < bound && self.most.is_none_or(|most| all < most && leaves_one(most))
    }

    /// A connection for somebody who would not wait for one.
    pub(super) fn at_once(&mut self, wanted: For) -> Option<Grant<L>> {
        if !self.has_room(wanted) || !self.waiting[wanted as usize].is_empty() {
            return None;
        }
        self.in_use[wanted as usize] += 1;
        Some(self.grant())
    }

    fn grant(&mut self) -> Grant<L> {
        match self.idle.pop() {
            Some(line) => Grant::Ready(line),
            None => {
                self.opening += 1;
                Grant::Open
            }
        }
    }

    /// Leave to open so many that as many as are wanted can be had at once, or are on their way; each counts as in use until
    /// [`leave`](Self::leave).
    pub(super) fn open_ahead(&mut self, wanted: For, many: usize) -> usize {
        let mut leaves = 0;
        while self.idle.len() + self.opening < many && self.has_room(wanted) {
            self.in_use[wanted as usize] += 1;
            self.opening += 1;
            leaves += 1;
        }
        leaves
    }

    /// One was opened.
    pub(super) fn opened(&mut self) {
        self.not_opened();
        self.open += 1;
    }

    /// One could not be opened.
    pub(super) fn not_opened(&mut self) {
        self.opening = self.opening.saturating_sub(1);
    }

    /// Somebody is done; with the connection, if it is still of use, or knowing that it is `gone`.
    pub(super) fn leave(&mut self, wanted: For, line: Option<L>, gone: bool) {
        self.in_use[wanted as usize] = self.in_use[wanted as usize].saturating_sub(1);
        self.open = self.open.saturating_sub(usize::from(gone));
        // No more are kept than may be wanted.
        let spare = self.bound + LISTINGS;
        match line {
            Some(line) if self.idle.len() < spare => self.idle.push(line),
            Some(_) => self.open = self.open.saturating_sub(1),
            None => {}
        }
    }

    /// The server let one of those on their way not in: what stands, or may come to stand, is all there will be, and half
    /// as many as before are wanted from now on, for others may want some. Whether nothing stands.
    pub(super) fn turned_away(&mut self) -> bool {
        self.not_opened();
        // Those that were on their way together are one word.
        if self.before.is_none() {
            self.before = Some(self.bound);
            self.bound = (self.bound / 2).max(1);
        }
        let all = self.open + self.opening;
        self.most = Some(all.max(1));
        all == 0
    }

    /// As if nobody had been turned away.
    pub(super) fn begin_anew(&mut self) {
        self.most = None;
        self.bound = self.before.take().unwrap_or(self.bound);
    }

    /// Perhaps the server lets in one more by now.
    pub(super) fn turned_away_long_ago(&mut self) {
        if self.most.is_some() {
            let in_use = self.in_use.iter().sum();
            self.most = Some((self.open + self.opening).max(in_use) + 1);
        }
    }

    /// What is wanted of a server that let in no more.
    pub(super) fn crowd(&self) -> Option<Crowd> {
        self.most.map(|most| Crowd { bound: self.bound, most })
    }

    /// Begins with what is known of the server from before.
    pub(super) fn within(mut self, crowd: Option<Crowd>) -> Self {
        if let Some(Crowd { bound, most }) = crowd {
            self.before = Some(self.bound);
            self.bound = self.bound.min(bound);
            self.most = Some(most);
        }
        self
    }

    /// How many files of a kind may be on their way at once.
    pub(super) fn lanes(&self) -> usize {
        self.most.map_or(self.bound, |most| (most - 1).max(1).min(self.bound))
    }

    /// Takes out what is idle and of no more use.
    pub(super) fn discard(&mut self, mut is_dead: impl FnMut(&L) -> bool) {
        let before = self.idle.len();
        self.idle.retain(|line| !is_dead(line));
        self.open = self.open.saturating_sub(before - self.idle.len());
    }

    /// Takes out one that is idle, for something else.
    pub(super) fn take_idle(&mut self) -> Option<L> {
        let line = self.idle.pop()?;
        self.open = self.open.saturating_sub(1);
        Some(line)
    }

    /// Those that are idle.
    pub(super) fn idle(&self) -> &[L] {
        &self.idle
    }

    /// Takes out everything, and everyone who waits.
    pub(super) fn clear(&mut self) {
        self.idle.clear();
        self.waiting.iter_mut().for_each(VecDeque::clear);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn served(berths: &mut Berths<u32, u32>) -> Vec<(For, u32)> {
        std::iter::from_fn(|| berths.next().map(|(wanted, waiter, _)| (wanted, waiter))).collect()
    }

    #[test]
    fn each_kind_is_served_in_the_order_of_asking() {
        let mut berths = Berths::new(2);
        for waiter in 0..4 {
            berths.wait(For::Reading, waiter);
            berths.wait(For::Writing, waiter);
        }
        let first = served(&mut berths);
        assert_eq!(
            first,
            [(For::Reading, 0), (For::Reading, 1), (For::Writing, 0), (For::Writing, 1)]
        );
        berths.opened();
        berths.leave(For::Reading, Some(7), false);
        assert_eq!(berths.next(), Some((For::Reading, 2, Grant::Ready(7))));
        assert_eq!(berths.next(), None);
        berths.wait(For::Listing, 9);
        assert_eq!(berths.next(), Some((For::Listing, 9, Grant::Open)), "a listing never queues");
    }

    #[test]
    fn readers_never_take_the_last_connection_from_writers() {
        let mut berths = Berths::new(8);
        for waiter in 0..8 {
            berths.wait(For::Reading, waiter);
        }
        assert_eq!(served(&mut berths).len(), 8);
        // Three are let in; that five are not is known one by one.
        (0..2).for_each(|_| assert!(!berths.turned_away()));
        (0..3).for_each(|_| berths.opened());
        (0..3).for_each(|_| assert!(!berths.turned_away()));
        assert_eq!(berths.most, Some(3));
        // Half of what was wanted is wanted from now on, and by whoever comes after.
        let crowd = berths.crowd();
        assert_eq!(crowd, Some(Crowd { bound: 4, most: 3 }));
        assert_eq!(Berths::<u32, u32>::new(8).within(crowd).lanes(), 2);
        assert_eq!(Berths::<u32, u32>::new(8).within(None).lanes(), 8);
        // The five that were turned away ask again.
        for waiter in 3..8 {
            berths.leave(For::Reading, None, false);
            berths.wait(For::Reading, waiter);
        }
        // All three are taken for reading: one that writes goes on even so, and no second.
        berths.wait(For::Writing, 8);
        berths.wait(For::Writing, 0);
        assert_eq!(berths.next(), Some((For::Writing, 8, Grant::Shared)));
        assert_eq!(berths.next(), None);
        berths.leave(For::Writing, None, false);
        assert_eq!(berths.lanes(), 2);
        berths.leave(For::Reading, Some(1), false);
        assert_eq!(berths.next(), Some((For::Writing, 0, Grant::Ready(1))));
        berths.leave(For::Writing, Some(1), false);
        assert_eq!(berths.next(), None, "two read already");
        berths.wait(For::Listing, 9);
        assert_eq!(berths.next(), None, "nor may a listing take it");
        assert_eq!(berths.at_once(For::Reading), None);
        berths.leave(For::Reading, Some(2), false);
        assert_eq!(berths.at_once(For::Reading), None, "others wait");
        assert_eq!(berths.next(), Some((For::Listing, 9, Grant::Ready(2))));
        berths.wait(For::Writing, 1);
        assert_eq!(berths.next(), Some((For::Writing, 1, Grant::Ready(1))));
    }

    #[test]
    fn no_more_are_opened_ahead_than_are_missing_and_may_be() {
        let mut berths: Berths<u32, u32> = Berths::new(4);
        assert_eq!(berths.at_once(For::Listing), Some(Grant::Open));
        assert_eq!(berths.open_ahead(For::Reading, 3), 2, "one is on its way");
        assert_eq!(berths.open_ahead(For::Reading, 3), 0, "three are");
        (0..3).for_each(|_| berths.opened());
        (0..2).for_each(|line| berths.leave(For::Reading, Some(line), false));
        berths.leave(For::Listing, Some(2), false);
        assert_eq!(berths.open_ahead(For::Reading, 3), 0, "three are there");
        assert_eq!(berths.open_ahead(For::Reading, 4), 1);
        assert_eq!(berths.open_ahead(For::Reading, 100), 3, "no more than may be read at once");
    }

    #[test]
    fn one_connection_is_enough() {
        let mut berths: Berths<u32, u32> = Berths::new(4);
        berths.wait(For::Reading, 0);
        assert_eq!(served(&mut berths).len(), 1);
        assert!(berths.turned_away(), "nothing stands");
        berths.leave(For::Reading, None, false);
        berths.wait(For::Writing, 1);
        assert_eq!(served(&mut berths).len(), 1);
        assert_eq!(berths.lanes(), 1);
        berths.wait(For::Reading, 2);
        assert_eq!(berths.next(), None);
        berths.turned_away_long_ago();
        assert_eq!(berths.next(), Some((For::Reading, 2, Grant::Open)));
        assert_eq!(berths.next(), None);
    }
}
