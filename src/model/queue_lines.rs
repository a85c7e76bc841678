//! What the queue panel lists: jobs in groups by what they need, and under those that ask, what they ask.

use std::collections::BTreeMap;

use crate::engine::message::{JobId, JobProgress, JobState, QuestionId};

use super::{
    questions::{OpenQuestion, Questions},
    transfers::Transfers,
};

/// Fewer rows than these are not spent on headings.
const ROOM_FOR_HEADINGS: usize = 6;

/// What a job needs at the moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Group {
    /// An answer.
    NeedsYou,
    /// Nothing: it runs.
    Running,
    /// Time, or to be gone on with.
    Waiting,
    /// Nothing any more.
    Ended,
}

impl Group {
    /// In the order they are shown: what a person has to do is on top.
    const ALL: [Self; 4] = [Self::NeedsYou, Self::Running, Self::Waiting, Self::Ended];

    /// Its heading.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Group::NeedsYou => "Needs you",
            Group::Running => "Running",
            Group::Waiting => "Waiting",
            Group::Ended => "Done",
        }
    }

    fn of(state: JobState) -> Self {
        match state {
            JobState::Asking => Group::NeedsYou,
            JobState::Running => Group::Running,
            JobState::Waiting | JobState::Paused | JobState::Retrying => Group::Waiting,
            JobState::Done | JobState::Failed | JobState::Cancelled => Group::Ended,
        }
    }
}

/// A line of the panel.
#[derive(Debug, Clone, Copy)]
pub(crate) enum QueueLine<'a> {
    /// A heading, and how many jobs stand under it; the cursor passes over it.
    Heading(Group, usize),
    /// A job.
    Job(&'a JobProgress),
    /// What is asked: by the job above, or by a login.
    Question(&'a OpenQuestion),
}

/// What stands under the cursor; known again while jobs come and go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Chosen {
    Job(JobId),
    Question(QuestionId),
}

impl QueueLine<'_> {
    /// What is chosen by having the cursor on it.
    pub(crate) fn chosen(&self) -> Option<Chosen> {
        match self {
            QueueLine::Heading(..) => None,
            QueueLine::Job(job) => Some(Chosen::Job(job.id)),
            QueueLine::Question(question) => Some(Chosen::Question(question.id)),
        }
    }

    /// The job it is about.
    pub(crate) fn job(&self) -> Option<JobId> {
        match self {
            QueueLine::Heading(..) => None,
            QueueLine::Job(job) => Some(job.id),
            QueueLine::Question(question) => question.job,
        }
    }
}

/// All lines, for a panel that shows so many at once.
pub(crate) fn lines<'a>(
    transfers: &'a Transfers,
    questions: &'a Questions,
    height: usize,
) -> Vec<QueueLine<'a>> {
    let mut asked: BTreeMap<Option<JobId>, Vec<&OpenQuestion>> = BTreeMap::new();
    for question in questions.all() {
        asked.entry(question.job).or_default().push(question);
    }
    let mut groups = Group::ALL.map(|group| (group, 0, Vec::new()));
    for job in transfers.jobs() {
        let questions = asked.remove(&Some(job.id)).unwrap_or_default();
        // One that runs on while something of it is asked needs an answer all the same.
        let asks = !questions.is_empty() && !job.state.has_ended();
        let own = if asks { Group::NeedsYou } else { Group::of(job.state) };
        for (_, count, lines) in groups.iter_mut().filter(|(group, ..)| *group == own) {
            *count += 1;
            lines.push(QueueLine::Job(job));
            lines.extend(questions.iter().copied().map(QueueLine::Question));
        }
    }
    // What a login asks that no job waits for.
    groups[0].2.extend(asked.into_values().flatten().map(QueueLine::Question));
    let mut lines = Vec::new();
    for (group, count, of_group) in groups {
        if !of_group.is_empty() && height >= ROOM_FOR_HEADINGS {
            lines.push(QueueLine::Heading(group, count));
        }
        lines.extend(of_group);
    }
    lines
}
