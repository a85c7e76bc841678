//! One job: where each of its steps is. Values in, values out; the central loop acts on them.

use std::{
    collections::{BTreeMap, HashMap, HashSet, VecDeque},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use tokio::{
    sync::{OnceCell, oneshot, watch},
    task::AbortHandle,
    time::Instant,
};

use super::{
    before::Before,
    destination::Resolved,
    errand::{Live, Moved},
    message::{JobId, JobRequest, QuestionId, Retrying, StepId, StepProgress, StepState},
    ordering::HeldSteps,
    progress::Rate,
    queue::{Class, Load, Queue},
    step::{Found, History, Left, Step, Task},
};
use crate::domain::{error::Error, path::StoragePath, place::Endpoint, question::ConflictChoice};

/// How far the plan looks ahead, in steps that could run and are no directories.
const LOOK_AHEAD: usize = 1024;
/// So many steps may wait for a person while the plan goes on.
const MOST_ASKING: usize = 10_000;
/// Of the steps that ended, so many are remembered to be shown.
const REMEMBERED: usize = 200;

/// A job and all its steps that have not ended.
pub(super) struct Job {
    pub(super) id: JobId,
    pub(super) request: Arc<JobRequest>,
    pub(super) destination: Arc<OnceCell<Resolved>>,
    pub(super) queue: Queue,
    pub(super) running: HashMap<StepId, Running>,
    pub(super) running_load: Load,
    /// Large files under way: they share the lanes, and look here how many they are.
    pub(super) company: Arc<AtomicUsize>,
    pub(super) retrying: BTreeMap<StepId, (Step, Retrying)>,
    pub(super) asking: BTreeMap<StepId, (Step, QuestionId)>,
    pub(super) held_steps: HeldSteps,
    /// Its place among the jobs that a person put in order; 0 where nobody did.
    pub(super) rank: i64,
    /// Directories with entries under way.
    pub(super) folders: HashMap<StepId, OpenFolder>,
    pub(super) failed: BTreeMap<StepId, (Step, Error)>,
    pub(super) recent: VecDeque<StepProgress>,
    /// Announcers that wait for room in the plan.
    pub(super) held: Vec<oneshot::Sender<()>>,
    pub(super) choice_for_all: Option<ConflictChoice>,
    pub(super) added: Instant,
    pub(super) began: Option<Instant>,
    pub(super) ended: Option<Instant>,
    pub(super) cancelled: bool,
    pub(super) last_failure: Option<Error>,
    pub(super) served: u64,
    pub(super) moved: Moved,
    pub(super) rate: Rate,
    /// It is in the journal, or known not to get there: nothing is done before.
    pub(super) is_written: bool,
    /// Whether the person holds it where it is.
    pub(super) paused: watch::Sender<bool>,
    /// Its sources are not planned yet.
    pub(super) sources_wait: bool,
    /// What another process did of it.
    pub(super) before: Option<Before>,
    /// Steps alive that may bring more steps.
    may_bring_more: usize,
    next_step: u64,
}

/// A step under way.
pub(super) struct Running {
    pub(super) step: Step,
    pub(super) live: Arc<Live>,
    pub(super) task: AbortHandle,
    /// Whether the person holds it where it is.
    pub(super) paused: watch::Sender<bool>,
    /// Which connections it uses, source's and target's.
    pub(super) generations: (u64, u64),
}

/// A directory whose entries are under way.
#[derive(Default)]
pub(super) struct OpenFolder {
    /// The directory's own step, once all entries are announced.
    pub(super) step: Option<Step>,
    /// Entries that have not ended.
    pub(super) open: u64,
    pub(super) left: Left,
}

impl Job {
    pub(super) fn new(id: JobId, request: Arc<JobRequest>, now: Instant) -> Self {
        let next_step = request.sources.len() as u64;
        Self {
            id,
            request,
            destination: Arc::default(),
            queue: Queue::default(),
            running: HashMap::new(),
            running_load: Load::default(),
            company: Arc::default(),
            retrying: BTreeMap::new(),
            asking: BTreeMap::new(),
            held_steps: HeldSteps::default(),
            rank: 0,
            folders: HashMap::new(),
            failed: BTreeMap::new(),
            recent: VecDeque::new(),
            held: Vec::new(),
            choice_for_all: None,
            added: now,
            began: None,
            ended: None,
            cancelled: false,
            last_failure: None,
            served: 0,
            moved: Moved::default(),
            rate: Rate::default(),
            is_written: false,
            paused: watch::Sender::new(false),
            sources_wait: true,
            before: None,
            may_bring_more: 0,
            next_step,
        }
    }

    /// The endpoint of the sources, and the one copies go to.
    pub(super) fn route(&self) -> (&Endpoint, &Endpoint) {
        let from = &self.request.from;
        (from, self.request.work.destination().map_or(from, |location| &location.endpoint))
    }

    pub(super) fn is_paused(&self) -> bool {
        *self.paused.borrow()
    }

    pub(super) fn needs(&self, endpoint: &Endpoint) -> bool {
        let (from, to) = self.route();
        from == endpoint || to == endpoint
    }

    /// A step for something found, not in the queue yet.
    pub(super) fn plan(&mut self, found: Found, parent: Option<StepId>) -> Step {
        let depth = parent
            .and_then(|parent| self.running.get(&parent))
            .map_or(0, |parent| parent.step.depth + 1);
        // What was answered once is not asked again.
        let answered = self.before.as_ref().and_then(|before| before.answer_about(&found.from));
        let choice = answered.and_then(|answered| answered.choice);
        let step = Step {
            id: StepId(self.next_step),
            parent,
            depth,
            from: found.from,
            to: found.to,
            source: found.source,
            task: found.task,
            target: found.target,
            choice,
            history: History::default(),
        };
        self.next_step += 1;
        self.may_bring_more += usize::from(step.may_bring_more());
        if let Some(parent) = parent {
            self.folders.entry(parent).or_default().open += 1;
        }
        step
    }

    /// The first step for a source. The first numbers are the sources', in their order: by these they are known again.
    pub(super) fn plan_source(&mut self, place: StepId, source: StoragePath) -> Step {
        let mut step = self.plan(Found::unknown(source, Task::Look), None);
        step.id = place;
        step
    }

    /// Numbers go on where those of another process ended.
    pub(super) fn number_on(&mut self, next: u64) {
        self.next_step = self.next_step.max(next);
    }

    /// Changes what a step is to do next, and keeps the books about it.
    pub(super) fn change(&mut self, step: &mut Step, change: impl FnOnce(&mut Step)) {
        self.may_bring_more -= usize::from(step.may_bring_more());
        change(step);
        self.may_bring_more += usize::from(step.may_bring_more());
    }

    pub(super) fn run(&mut self, running: Running) {
        self.running_load.add(&running.step);
        self.company.store(self.running_load.of(Class::Large), Ordering::Relaxed);
        self.running.insert(running.step.id, running);
    }

    /// Takes a step out of those under way; `None` if it was cancelled meanwhile.
    pub(super) fn stop_running(&mut self, id: StepId) -> Option<Running> {
        let running = self.running.remove(&id)?;
        self.running_load.take(&running.step);
        self.company.store(self.running_load.of(Class::Large), Ordering::Relaxed);
        Some(running)
    }

    /// A directory's entries are all announced: it is closed after the last of them.
    pub(super) fn expanded(&mut self, step: Step) {
        self.may_bring_more -= usize::from(step.may_bring_more());
        self.close_or_wait(step.into_close(Left::Nothing));
    }

    fn close_or_wait(&mut self, step: Step) {
        let folder = self.folders.entry(step.id).or_default();
        if folder.open == 0 {
            self.queue.push(step.into_close(folder.left));
        } else {
            folder.step = Some(step);
        }
    }

    /// Keeps the books about a step that has ended; `left` is what it leaves in its directory.
    pub(super) fn end(&mut self, step: &Step, left: Left, shown: StepState, carried_bytes: u64) {
        self.may_bring_more -= usize::from(step.may_bring_more());
        if matches!(shown, StepState::Done(_)) {
            self.folders.remove(&step.id);
        }
        if !matches!(shown, StepState::Failed(_)) {
            self.recent.push_front(StepProgress {
                id: step.id,
                what: step.kind(),
                from: step.from.clone(),
                to: step.to.clone(),
                source: step.source,
                state: shown,
                carried_bytes,
            });
            self.recent.truncate(REMEMBERED);
        }
        let Some(parent) = step.parent else { return };
        let Some(folder) = self.folders.get_mut(&parent) else { return };
        folder.open = folder.open.saturating_sub(1);
        folder.left = folder.left.max(left);
        if folder.open == 0
            && let Some(step) = folder.step.take()
        {
            self.queue.push(step.into_close(folder.left));
        }
    }

    /// Takes failed steps back to be tried once more, with the directories that failed because of them.
    /// How many.
    pub(super) fn revive(&mut self, only: Option<StepId>) -> u64 {
        // Entries before the directories that hold them, so that these wait for those.
        let ids: Vec<StepId> = match only {
            Some(id) => Some(id).into_iter().filter(|id| self.failed.contains_key(id)).collect(),
            None => self.failed.keys().rev().copied().collect(),
        };
        let mut revived = 0;
        for id in ids {
            revived += self.revive_one(id);
        }
        if revived > 0 {
            self.destination = Arc::default();
            self.ended = None;
            self.cancelled = false;
            self.last_failure = self.failed.values().next_back().map(|(_, error)| error.clone());
        }
        revived
    }

    fn revive_one(&mut self, id: StepId) -> u64 {
        let Some((mut step, _)) = self.failed.remove(&id) else { return 0 };
        step.history.fruitless = 0;
        step.choice = None;
        self.may_bring_more += usize::from(step.may_bring_more());
        let mut revived = 1;
        if let Some(parent) = step.parent
            && let Some(folder) = self.folders.get_mut(&parent)
        {
            folder.open += 1;
            folder.left = Left::Nothing;
            if self.failed.get(&parent).is_some_and(|(parent, _)| parent.is_closing()) {
                revived += self.revive_one(parent);
            }
        }
        if step.is_closing() {
            self.close_or_wait(step)
        } else {
            self.queue.push(step)
        }
        revived
    }

    /// Whether a step is a directory step or lies somewhere below it.
    pub(super) fn is_within(
        &self,
        step: StepId,
        parent: Option<StepId>,
        directory: StepId,
    ) -> bool {
        let mut current = (step, parent);
        loop {
            match current {
                (id, _) if id == directory => return true,
                (_, Some(parent)) => current = (parent, self.parent_of(parent)),
                (_, None) => return false,
            }
        }
    }

    /// The steps that have not ended: of a directory step and all below it, or all.
    pub(super) fn steps_alive(&self, only: Option<StepId>) -> HashSet<StepId> {
        self.queue
            .iter()
            .chain(self.running.values().map(|running| &running.step))
            .chain(self.retrying.values().map(|(step, _)| step))
            .chain(self.asking.values().map(|(step, _)| step))
            .chain(self.held_steps.waiting())
            .chain(self.folders.values().filter_map(|folder| folder.step.as_ref()))
            .filter(|step| only.is_none_or(|of| self.is_within(step.id, step.parent, of)))
            .map(|step| step.id)
            .collect()
    }

    fn parent_of(&self, directory: StepId) -> Option<StepId> {
        let open = self.folders.get(&directory).and_then(|folder| folder.step.as_ref());
        open.or_else(|| self.running.get(&directory).map(|running| &running.step))
            .or_else(|| self.retrying.get(&directory).map(|(step, _)| step))
            .or_else(|| self.held_steps.get(directory))
            .or_else(|| self.failed.get(&directory).map(|(step, _)| step))?
            .parent
    }

    /// Whether the plan may look further ahead.
    pub(super) fn has_room(&self) -> bool {
        self.queue.leaves() < LOOK_AHEAD && self.asking.len() < MOST_ASKING
    }

    /// Lets announcers go on where there is room.
    pub(super) fn grant_room(&mut self) {
        if self.has_room() {
            for room in self.held.drain(..) {
                let _ = room.send(());
            }
        }
    }

    pub(super) fn plan_is_complete(&self) -> bool {
        self.may_bring_more == 0 && !self.sources_wait
    }

    /// Whether nothing is left to do.
    pub(super) fn is_empty(&self) -> bool {
        self.queue.is_empty()
            && self.running.is_empty()
            && self.retrying.is_empty()
            && self.held_steps.is_empty()
            && self.asking.is_empty()
    }
}
