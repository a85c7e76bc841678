//! What was done of a job before this process took it over: from the ledger, so that nothing is done twice.

use std::{
    collections::{HashMap, HashSet, hash_map::RandomState},
    hash::{BuildHasher, BuildHasherDefault, Hasher},
};

use super::{
    begun::{Begun, Written},
    journal::{Answered, Ending, Record, Transition},
    message::{StepId, StepKind},
    step::{Arrived, Found, Task},
};
use crate::domain::{entry::Kind, path::StoragePath};

/// A row of the ledger, as far as it counts here.
pub(super) struct Past<'a> {
    pub(super) step: StepId,
    pub(super) ending: Ending,
    pub(super) kind: StepKind,
    pub(super) from: &'a [u8],
    pub(super) arrived: Arrived,
}

/// What has become of something before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fate {
    /// Nothing that counts: it is to be done.
    Open,
    Done,
    /// It was skipped, or cancelled by the person.
    LeftOut,
}

/// Hashes of paths, 128 bits keyed at random: there may be a million of them. They are not hashed once more.
type Keys = HashSet<u128, BuildHasherDefault<AsItIs>>;

/// Half of what is a hash already.
#[derive(Debug, Default)]
struct AsItIs(u64);

impl Hasher for AsItIs {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for chunk in bytes.chunks(8) {
            let mut word = [0; 8];
            word[..chunk.len()].copy_from_slice(chunk);
            self.0 ^= u64::from_ne_bytes(word);
        }
    }

    fn write_u128(&mut self, key: u128) {
        self.0 = key as u64;
    }
}

/// What is known of a job from before.
#[derive(Debug, Default)]
pub(super) struct Before {
    keys: (RandomState, RandomState),
    done: Keys,
    left_out: Keys,
    /// Sources that need not be looked at again.
    sources: HashSet<StepId>,
    /// Directories the job made: these are its own to give times to.
    made: Keys,
    /// What was answered about names that were taken.
    answers: HashMap<StoragePath, Answered>,
    /// Parts that were begun.
    parts: HashMap<StoragePath, Begun>,
    next_step: u64,
}

/// Takes rows in, oldest first.
#[derive(Debug, Default)]
pub(super) struct Collector {
    before: Before,
    failed: Keys,
    /// Directories that were closed, with their step.
    directories: HashMap<u128, StepId>,
    sources: u64,
    record: Record,
}

impl Collector {
    /// For a job with so many sources, and about so many rows: the first steps of a job are its sources', in their order.
    pub(super) fn new(sources: usize, rows: usize) -> Self {
        let sources = sources as u64;
        let mut before = Before { next_step: sources, ..Before::default() };
        before.done.reserve(rows);
        Self { before, sources, ..Self::default() }
    }

    pub(super) fn take(&mut self, past: Past) {
        let Past { step, ending, kind, from, arrived } = past;
        let key = self.before.key_of(from, kind == StepKind::Directory);
        self.before.next_step = self.before.next_step.max(step.0.saturating_add(1));
        match ending {
            Ending::Failed => {
                self.failed.insert(key);
                return;
            }
            Ending::Done if kind == StepKind::Directory => {
                self.failed.remove(&key);
                self.directories.insert(key, step);
                return;
            }
            Ending::Done => {
                if self.before.done.insert(key) {
                    self.record.apply(Transition::Planned { bytes: arrived.bytes });
                    let planned_bytes = arrived.bytes;
                    self.record.apply(Transition::Done { kind, planned_bytes, arrived });
                }
            }
            Ending::Skipped | Ending::Cancelled => {
                if self.before.left_out.insert(key) {
                    self.record.apply(Transition::Planned { bytes: 0 });
                    self.record.apply(match ending {
                        Ending::Cancelled => Transition::Cancelled,
                        _ => Transition::Skipped { planned_bytes: 0 },
                    });
                }
            }
        }
        self.failed.remove(&key);
        self.end_source(step);
    }

    fn end_source(&mut self, step: StepId) {
        if step.0 < self.sources {
            self.before.sources.insert(step);
        }
    }

    /// A directory the job made.
    pub(super) fn take_made(&mut self, path: &StoragePath) {
        let key = self.before.key(path, true);
        self.before.made.insert(key);
    }

    /// What a person answered about an entry.
    pub(super) fn take_answer(&mut self, answered: Answered) {
        self.before.answers.insert(answered.from.clone(), answered);
    }

    /// A part that was begun. Rows of steps come first: what is done needs none.
    pub(super) fn take_part(&mut self, begun: Begun) {
        let key = self.before.key(&begun.from, false);
        if !self.before.done.contains(&key) {
            self.before.parts.insert(begun.from.clone(), begun);
        }
    }

    /// All rows were taken.
    pub(super) fn finish(mut self) -> (Before, Record) {
        // What failed is to be tried again, and only the directories above it lead there.
        if self.failed.is_empty() {
            for (key, step) in std::mem::take(&mut self.directories) {
                self.before.done.insert(key);
                self.end_source(step);
                let arrived = Arrived::default();
                self.record.apply(Transition::Planned { bytes: 0 });
                let kind = StepKind::Directory;
                self.record.apply(Transition::Done { kind, planned_bytes: 0, arrived });
            }
        }
        (self.before, self.record)
    }
}

impl Before {
    fn key(&self, path: &StoragePath, is_directory: bool) -> u128 {
        self.key_of(path.as_bytes(), is_directory)
    }

    fn key_of(&self, path: &[u8], is_directory: bool) -> u128 {
        let what = (path, is_directory);
        u128::from(self.keys.0.hash_one(what)) << 64 | u128::from(self.keys.1.hash_one(what))
    }

    /// What has become of something found.
    pub(super) fn fate_of(&self, found: &Found) -> Fate {
        let key = self.key(&found.from, matches!(found.task, Task::Directory(..)));
        if self.done.contains(&key) {
            return Fate::Done;
        }
        if self.left_out.contains(&key) {
            return Fate::LeftOut;
        }
        Fate::Open
    }

    /// A directory the job made before is its own still.
    pub(super) fn recognize(&self, found: &Found) {
        if let (Task::Directory(_, folder), Some(to)) = (&found.task, &found.to)
            && self.made.contains(&self.key(to, true))
        {
            folder.set_made();
        }
    }

    /// What was answered about the entry of this source.
    pub(super) fn answer_about(&self, from: &StoragePath) -> Option<&Answered> {
        self.answers.get(from)
    }

    /// The part that was begun for something found, if it was of this kind then. It is taken out.
    pub(super) fn part_of(&mut self, from: &StoragePath, kind: Kind) -> Option<Begun> {
        let is_it = self.parts.get(from).is_some_and(|begun| begun.source.kind == kind);
        if is_it { self.parts.remove(from) } else { None }
    }

    /// Files with a part.
    pub(super) fn parts(&self) -> HashSet<StoragePath> {
        self.parts.keys().cloned().collect()
    }

    /// Parts nothing was found for.
    pub(super) fn unused_parts(&mut self) -> Vec<Begun> {
        std::mem::take(&mut self.parts).into_values().collect()
    }

    /// Files of a move that have their final name, while their source may still stand. They count as done from now on:
    /// what is left of them is not to be found by looking.
    pub(super) fn take_committed(&mut self) -> Vec<Begun> {
        let is_committed = |begun: &Begun| matches!(begun.written, Written::Committed(_));
        let committed: Vec<Begun> =
            self.parts.extract_if(|_, begun| is_committed(begun)).map(|(_, begun)| begun).collect();
        for begun in &committed {
            let key = self.key(&begun.from, false);
            self.done.insert(key);
        }
        committed
    }

    /// What was about to be moved by renaming. It counts as done from now on: where it was, it may not be found.
    pub(super) fn take_moving(&mut self) -> Vec<Begun> {
        let is_moving = |begun: &Begun| begun.written == Written::Moving;
        let moving: Vec<Begun> =
            self.parts.extract_if(|_, begun| is_moving(begun)).map(|(_, begun)| begun).collect();
        for begun in &moving {
            let key = self.key(&begun.from, false);
            self.done.insert(key);
        }
        moving
    }

    /// Whether a source, as it was named, was done.
    pub(super) fn is_done(&self, from: &StoragePath) -> bool {
        self.done.contains(&self.key(from, false))
    }

    /// Whether a source need not be looked at.
    pub(super) fn has_ended(&self, source: StepId) -> bool {
        self.sources.contains(&source)
    }

    /// The first number no step had.
    pub(super) fn next_step(&self) -> u64 {
        self.next_step
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::{
        domain::{digest::Verdict, entry::Attributes},
        engine::step::{Folder, Known, Phase, Stage},
    };

    fn past(step: u64, ending: Ending, kind: StepKind, from: &str) -> Past<'_> {
        let bytes = if kind == StepKind::File { 10 } else { 0 };
        let arrived = Arrived { bytes, verdict: Some(Verdict::Hash), digest: None };
        Past { step: StepId(step), ending, kind, from: from.as_bytes(), arrived }
    }

    fn found(from: &str, task: Task) -> Found {
        Found {
            from: StoragePath::new(from),
            to: Some(StoragePath::new("/to")),
            source: Attributes::of_kind(Kind::File),
            task,
            target: Known::Unknown,
        }
    }

    fn file(from: &str) -> Found {
        found(from, Task::File(Stage::Copy))
    }

    fn directory(from: &str) -> Found {
        found(from, Task::Directory(Phase::Expand, Arc::new(Folder::default())))
    }

    #[test]
    fn what_is_done_is_not_done_again_and_what_failed_is() {
        use {Ending::*, StepKind::*};
        let mut collector = Collector::new(2, 7);
        for row in [
            past(5, Failed, File, "/s/a"),
            past(5, Done, File, "/s/a"),
            past(6, Done, File, "/s/b"),
            past(6, Done, File, "/s/b"),
            past(7, Skipped, File, "/s/c"),
            past(0, Done, Directory, "/s"),
            past(1, Done, File, "/t"),
        ] {
            collector.take(row);
        }
        let (before, record) = collector.finish();
        let fates = ["/s/a", "/s/b", "/s/c", "/s/d"].map(|path| before.fate_of(&file(path)));
        assert_eq!(fates, [Fate::Done, Fate::Done, Fate::LeftOut, Fate::Open]);
        assert_eq!(before.fate_of(&directory("/s")), Fate::Done);
        assert_eq!(before.fate_of(&directory("/s/a")), Fate::Open, "a file was done, not this");
        assert!(before.has_ended(StepId(0)) && before.has_ended(StepId(1)));
        assert_eq!(before.next_step(), 8);
        assert_eq!((record.planned, record.ended()), (5, 5));
        assert_eq!((record.counts.files, record.counts.bytes, record.planned_bytes), (3, 30, 30));
    }

    #[test]
    fn the_way_to_what_failed_is_walked_again() {
        use {Ending::*, StepKind::*};
        let mut collector = Collector::new(1, 3);
        for row in [
            past(5, Failed, File, "/s/a"),
            past(6, Done, File, "/s/b"),
            past(0, Done, Directory, "/s"),
        ] {
            collector.take(row);
        }
        let (before, record) = collector.finish();
        assert_eq!(before.fate_of(&directory("/s")), Fate::Open);
        assert!(!before.has_ended(StepId(0)));
        assert_eq!(before.fate_of(&file("/s/a")), Fate::Open);
        assert_eq!(before.fate_of(&file("/s/b")), Fate::Done);
        assert_eq!((record.planned, record.counts.failed), (1, 0));
    }

    #[test]
    fn a_directory_made_before_is_the_jobs_own() {
        let mut collector = Collector::new(1, 3);
        collector.take_made(&StoragePath::new("/to"));
        let (before, _) = collector.finish();
        let found = directory("/s");
        assert_eq!(before.fate_of(&found), Fate::Open);
        before.recognize(&found);
        assert!(matches!(&found.task, Task::Directory(_, folder) if folder.was_made()));
    }
}
