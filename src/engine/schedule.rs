//! Which job may start which class of step next: fair between jobs, bounded on each route.

use super::queue::{Class, Load};

/// How many steps may be under way on one route (a pair of endpoints).
#[derive(Debug, Clone, Copy)]
pub(super) struct Limits {
    pub(super) folders: usize,
    pub(super) small: usize,
    pub(super) large: usize,
    /// So many files more may be begun, wherever.
    pub(super) room: usize,
}

/// Small files under way hold no more than this together: each may be in memory as a whole.
const MOST_SMALL_BYTES: u64 = 64 << 20;
/// Even so, so many may be under way.
const LEAST_SMALL: usize = 8;
/// Fewer large files than this leave lanes idle while one begins or ends; more than the other only share them.
const LARGE: std::ops::RangeInclusive<usize> = 4..=16;

impl Limits {
    /// For a route that does well with so many small files at once, and has so many lanes.
    pub(super) fn new(width: usize, lanes: usize, room: usize) -> Self {
        Self { folders: 32, small: width, large: lanes.clamp(*LARGE.start(), *LARGE.end()), room }
    }

    fn of(&self, class: Class) -> usize {
        match class {
            Class::Folder => self.folders,
            Class::Small => self.small,
            Class::Large => self.large,
        }
    }
}

/// What one job of a route has to offer.
#[derive(Debug, Clone, Copy)]
pub(super) struct Offer {
    /// Whose; handed back.
    pub(super) job: usize,
    pub(super) ready: Load,
    pub(super) running: Load,
    /// Its place among the jobs that a person put in order: the first goes first.
    pub(super) rank: i64,
    /// When it last started a step: the one served longest ago goes first.
    pub(super) served: u64,
    /// The plan is far enough ahead: no more directories for now.
    pub(super) planned_ahead: bool,
}

/// The next step to start on a route, if any: its job's index, and its class.
pub(super) fn next(offers: &[Offer], limits: &Limits) -> Option<(usize, Class)> {
    // Directories first: they bring the steps that keep the lanes full.
    [Class::Folder, Class::Large, Class::Small].into_iter().find_map(|class| {
        let running: usize = offers.iter().map(|offer| offer.running.of(class)).sum();
        let small_bytes: u64 = offers.iter().map(|offer| offer.running.small_bytes()).sum();
        let too_heavy = small_bytes > MOST_SMALL_BYTES && running >= LEAST_SMALL;
        let no_room = class != Class::Folder && limits.room == 0;
        if no_room || running >= limits.of(class) || class == Class::Small && too_heavy {
            return None;
        }
        offers
            .iter()
            .filter(|offer| offer.ready.of(class) > 0)
            .filter(|offer| class != Class::Folder || !offer.planned_ahead)
            .min_by_key(|offer| (offer.rank, offer.running.of(class), offer.served))
            .map(|offer| (offer.job, class))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn load(folders: usize, small: usize, large: usize) -> Load {
        let mut load = Load::default();
        *load.of_mut(Class::Folder) = folders;
        *load.of_mut(Class::Small) = small;
        *load.of_mut(Class::Large) = large;
        load
    }

    fn offer(job: usize, ready: Load) -> Offer {
        Offer { job, ready, running: Load::default(), rank: 0, served: 0, planned_ahead: false }
    }

    /// Starts all that may start, and tells how many of each class run for each job.
    fn fill(offers: &mut [Offer], limits: &Limits) -> Vec<Load> {
        let mut clock = 0;
        while let Some((job, class)) = next(offers, limits) {
            clock += 1;
            *offers[job].ready.of_mut(class) -= 1;
            *offers[job].running.of_mut(class) += 1;
            offers[job].served = clock;
        }
        offers.iter().map(|offer| offer.running).collect()
    }

    #[test]
    fn many_small_or_a_few_large() {
        let mut offers = [offer(0, load(100, 1000, 100))];
        assert_eq!(fill(&mut offers, &Limits::new(64, 4, usize::MAX)), [load(32, 64, 4)]);
    }

    #[test]
    fn jobs_share_a_route() {
        let mut offers =
            [offer(0, load(0, 1000, 0)), offer(1, load(0, 1000, 0)), offer(2, load(0, 3, 2))];
        let running = fill(&mut offers, &Limits::new(64, 4, usize::MAX));
        assert_eq!(running[2], load(0, 3, 2));
        assert_eq!(running[0].of(Class::Small) + running[1].of(Class::Small), 61);
        assert!(running[0].of(Class::Small).abs_diff(running[1].of(Class::Small)) <= 1);
    }

    #[test]
    fn a_plan_far_ahead_opens_no_more_directories() {
        let mut offers = [Offer { planned_ahead: true, ..offer(0, load(5, 1, 0)) }];
        assert_eq!(fill(&mut offers, &Limits::new(64, 4, usize::MAX)), [load(0, 1, 0)]);
    }

    #[test]
    fn jobs_that_were_put_in_order_are_served_in_it() {
        let second = Offer { rank: 2, ..offer(0, load(0, 60, 0)) };
        let first = Offer { rank: 1, ..offer(1, load(0, 60, 0)) };
        let running = fill(&mut [second, first], &Limits::new(64, 4, usize::MAX));
        assert_eq!(running, [load(0, 4, 0), load(0, 60, 0)]);
    }

    #[test]
    fn without_room_only_directories_begin() {
        let mut offers = [offer(0, load(2, 60, 3))];
        assert_eq!(fill(&mut offers, &Limits::new(64, 4, 0)), [load(2, 0, 0)]);
    }
}
