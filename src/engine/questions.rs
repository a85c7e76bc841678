//! Open questions: their ids, who waits for the answer, and what becomes of those nobody needs any more.

use std::{
    collections::HashMap,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use async_trait::async_trait;
use tokio::sync::{mpsc, oneshot};

use super::message::{JobId, QuestionId, StepId};
use crate::{
    domain::{
        place::Endpoint,
        question::{Answer, Question},
    },
    storage::Ask,
};

/// Who waits for an answer.
pub(super) enum Waiting {
    /// A login under way.
    Login(oneshot::Sender<Answer>),
    /// A step whose destination is taken.
    Step(JobId, StepId),
}

/// All open questions.
#[derive(Default)]
pub(super) struct Questions {
    ids: Ids,
    open: HashMap<QuestionId, Waiting>,
    logins: HashMap<QuestionId, Endpoint>,
}

/// Numbers shared with those who ask from elsewhere.
#[derive(Clone, Default)]
pub(super) struct Ids(Arc<AtomicU64>);

impl Ids {
    fn next(&self) -> QuestionId {
        QuestionId(self.0.fetch_add(1, Ordering::Relaxed))
    }
}

impl Questions {
    /// Opens one for a step.
    pub(super) fn open_for_step(&mut self, job: JobId, step: StepId) -> QuestionId {
        let id = self.ids.next();
        self.open.insert(id, Waiting::Step(job, step));
        id
    }

    /// Takes over one that a login asks.
    pub(super) fn open_for_login(
        &mut self,
        id: QuestionId,
        endpoint: Endpoint,
        reply: oneshot::Sender<Answer>,
    ) {
        self.open.insert(id, Waiting::Login(reply));
        self.logins.insert(id, endpoint);
    }

    /// Takes a question out, to be answered or withdrawn; `None` if it is not open.
    pub(super) fn close(&mut self, id: QuestionId) -> Option<Waiting> {
        self.logins.remove(&id);
        self.open.remove(&id)
    }

    /// Whether a login to this endpoint waits for a person.
    pub(super) fn is_asking_for(&self, endpoint: &Endpoint) -> bool {
        self.logins.values().any(|asking| asking == endpoint)
    }

    /// What a login to `endpoint` asks with.
    pub(super) fn asker(
        &self,
        endpoint: Endpoint,
        inquiries: mpsc::UnboundedSender<Inquiry>,
    ) -> Arc<dyn Ask> {
        Arc::new(Asker { endpoint, ids: self.ids.clone(), inquiries })
    }
}

/// What a login tells the engine about its questions.
pub(super) enum Inquiry {
    Ask {
        id: QuestionId,
        endpoint: Endpoint,
        question: Box<Question>,
        reply: oneshot::Sender<Answer>,
    },
    /// Nobody waits for the answer any more.
    Withdraw(QuestionId),
}

struct Asker {
    endpoint: Endpoint,
    ids: Ids,
    inquiries: mpsc::UnboundedSender<Inquiry>,
}

/// Withdraws its question when whoever asked stops waiting.
struct Withdrawal<'a> {
    id: QuestionId,
    inquiries: &'a mpsc::UnboundedSender<Inquiry>,
}

impl Drop for Withdrawal<'_> {
    fn drop(&mut self) {
        let _ = self.inquiries.send(Inquiry::Withdraw(self.id));
    }
}

#[async_trait]
impl Ask for Asker {
    async fn ask(&self, question: Question) -> Answer {
        let id = self.ids.next();
        let (reply, answer) = oneshot::channel();
        let endpoint = self.endpoint.clone();
        if self
            .inquiries
            .send(Inquiry::Ask { id, endpoint, question: Box::new(question), reply })
            .is_err()
        {
            return Answer::No;
        }
        let _withdrawal = Withdrawal { id, inquiries: &self.inquiries };
        answer.await.unwrap_or(Answer::No)
    }
}
