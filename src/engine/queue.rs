//! The steps of one job that could run now, by class.

use std::collections::VecDeque;

use super::{
    message::StepId,
    step::{Step, Task},
};

/// What a step asks of the lanes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Class {
    /// Makes or lists directories: brings further steps.
    Folder,
    /// A matter of round trips.
    Small,
    /// A matter of bandwidth.
    Large,
}

/// From this size on a file is a matter of bandwidth.
const LARGE_BYTES: u64 = 4 << 20;

/// How many of each class.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Load {
    folders: usize,
    small: usize,
    large: usize,
    /// Bytes of the small ones.
    small_bytes: u64,
}

impl Load {
    /// Counts a step in.
    pub(super) fn add(&mut self, step: &Step) {
        let class = class_of(step);
        *self.of_mut(class) += 1;
        if class == Class::Small {
            self.small_bytes += step.planned_bytes();
        }
    }

    /// Counts a step out.
    pub(super) fn take(&mut self, step: &Step) {
        let class = class_of(step);
        *self.of_mut(class) -= 1;
        if class == Class::Small {
            self.small_bytes -= step.planned_bytes();
        }
    }

    pub(super) fn small_bytes(&self) -> u64 {
        self.small_bytes
    }

    pub(super) fn of(&self, class: Class) -> usize {
        match class {
            Class::Folder => self.folders,
            Class::Small => self.small,
            Class::Large => self.large,
        }
    }

    pub(super) fn of_mut(&mut self, class: Class) -> &mut usize {
        match class {
            Class::Folder => &mut self.folders,
            Class::Small => &mut self.small,
            Class::Large => &mut self.large,
        }
    }
}

/// Steps that could run now.
#[derive(Debug, Default)]
pub(super) struct Queue {
    /// The last found is the first opened: depth first keeps few directories waiting.
    folders: Vec<Step>,
    small: VecDeque<Step>,
    large: VecDeque<Step>,
}

/// The class of a step.
pub(super) fn class_of(step: &Step) -> Class {
    match step.task {
        Task::Directory(..) | Task::RemoveDirectory(..) | Task::SetAll(..) => Class::Folder,
        Task::File(_) if step.source.size.is_none_or(|size| size >= LARGE_BYTES) => Class::Large,
        _ => Class::Small,
    }
}

impl Queue {
    /// Puts a step last in its class (a directory: first).
    pub(super) fn push(&mut self, step: Step) {
        match class_of(&step) {
            Class::Folder => self.folders.push(step),
            Class::Small => self.small.push_back(step),
            Class::Large => self.large.push_back(step),
        }
    }

    /// Puts a step that had its turn before those that had none.
    pub(super) fn push_first(&mut self, step: Step) {
        match class_of(&step) {
            Class::Folder => self.folders.push(step),
            Class::Small => self.small.push_front(step),
            Class::Large => self.large.push_front(step),
        }
    }

    /// Takes the next of a class.
    pub(super) fn pop(&mut self, class: Class) -> Option<Step> {
        match class {
            Class::Folder => self.folders.pop(),
            Class::Small => self.small.pop_front(),
            Class::Large => self.large.pop_front(),
        }
    }

    /// How many wait.
    pub(super) fn load(&self) -> Load {
        Load {
            folders: self.folders.len(),
            small: self.small.len(),
            large: self.large.len(),
            small_bytes: 0,
        }
    }

    /// Steps that are no directories: these bound how far the plan may look ahead.
    pub(super) fn leaves(&self) -> usize {
        self.small.len() + self.large.len()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.folders.is_empty() && self.leaves() == 0
    }

    /// All that wait, in the order they will run within each class.
    pub(super) fn iter(&self) -> impl Iterator<Item = &Step> {
        self.folders.iter().rev().chain(&self.small).chain(&self.large)
    }

    /// Takes out what `chosen` says yes to.
    pub(super) fn take(&mut self, mut chosen: impl FnMut(StepId, &Step) -> bool) -> Vec<Step> {
        let mut taken = Vec::new();
        let mut sort = |steps: Vec<Step>| -> Vec<Step> {
            let (out, stay) = steps.into_iter().partition(|step| chosen(step.id, step));
            taken.extend::<Vec<Step>>(out);
            stay
        };
        self.folders = sort(std::mem::take(&mut self.folders));
        self.small = sort(std::mem::take(&mut self.small).into()).into();
        self.large = sort(std::mem::take(&mut self.large).into()).into();
        taken
    }
}

#[cfg(test)]
pub(super) mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::{
        domain::{
            entry::{Attributes, Kind},
            path::StoragePath,
        },
        engine::step::{Folder, History, Known, Phase, Stage},
    };

    pub(in crate::engine) fn step(id: u64, task: Task, size: u64) -> Step {
        Step {
            id: StepId(id),
            parent: None,
            depth: 0,
            from: StoragePath::new("/a"),
            to: Some(StoragePath::new("/b")),
            source: Attributes { size: Some(size), ..Attributes::of_kind(Kind::File) },
            task,
            target: Known::Unknown,
            choice: None,
            history: History::default(),
        }
    }

    fn folder(id: u64) -> Step {
        step(id, Task::Directory(Phase::Expand, Arc::new(Folder::default())), 0)
    }

    #[test]
    fn directories_run_depth_first_and_files_in_order() {
        let mut queue = Queue::default();
        queue.push(folder(0));
        queue.push(folder(1));
        queue.push(step(2, Task::File(Stage::Copy), 1));
        queue.push(step(3, Task::File(Stage::Copy), LARGE_BYTES));
        queue.push(step(4, Task::Symlink, 0));
        queue.push_first(step(5, Task::File(Stage::Copy), 1));
        let mut order = |class| queue.pop(class).map(|step| step.id.0);
        assert_eq!([order(Class::Folder), order(Class::Folder)], [Some(1), Some(0)]);
        assert_eq!([order(Class::Small), order(Class::Small)], [Some(5), Some(2)]);
        assert_eq!([order(Class::Large), order(Class::Large)], [Some(3), None]);
        assert_eq!(queue.leaves(), 1);
    }

    #[test]
    fn what_is_taken_is_gone_and_the_rest_keeps_its_order() {
        let mut queue = Queue::default();
        for id in 0..6 {
            queue.push(step(id, Task::File(Stage::Copy), 1));
        }
        assert_eq!(queue.take(|id, _| id.0 % 2 == 0).len(), 3);
        let rest: Vec<u64> = queue.iter().map(|step| step.id.0).collect();
        assert_eq!(rest, [1, 3, 5]);
    }
}
