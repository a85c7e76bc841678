//! Who may log in to the embedded server, and how.

use std::{
    borrow::Cow,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use russh::{MethodKind, MethodSet, keys::PublicKey, server::Auth};

/// The ways in. Each that is given is enough by itself, unless all are asked for.
#[derive(Clone, Default)]
pub(crate) struct Ways {
    /// The password.
    pub(crate) password: Option<String>,
    /// The key.
    pub(crate) key: Option<PublicKey>,
    /// Rounds of prompts (keyboard-interactive), each with the answers that are right.
    pub(crate) prompts: Vec<Vec<Prompt>>,
    /// Whether every way given is needed, one after the other.
    pub(crate) all: bool,
    /// Whether only one login may stand at a time: a further one is refused, whatever it shows.
    pub(crate) only_one: bool,
    /// Whether answers are good for one login: the n-th (from 1) needs each with a blank and its number behind it.
    pub(crate) one_time: bool,
    /// Said before anyone is logged in.
    pub(crate) banner: Option<String>,
}

/// One prompt, and its right answer.
#[derive(Clone)]
pub(crate) struct Prompt {
    pub(crate) text: String,
    pub(crate) echo: bool,
    pub(crate) answer: String,
}

/// What all logins of a server have come to.
#[derive(Default)]
pub(super) struct Books {
    /// That stand.
    pub(super) standing: AtomicUsize,
    /// That were let in so far.
    let_in: AtomicUsize,
    /// Passwords, keys and answers that were refused so far.
    pub(super) refused: AtomicUsize,
    /// Requests for "none" so far.
    pub(super) asked_for_ways: AtomicUsize,
}

/// One connection's way in.
pub(super) struct Login {
    ways: Ways,
    books: Arc<Books>,
    is_in: bool,
    open: Vec<MethodKind>,
    /// The round of prompts that is out.
    round: usize,
}

impl Login {
    pub(super) fn new(ways: Ways, books: Arc<Books>) -> Self {
        let mut open = Vec::new();
        if ways.key.is_some() {
            open.push(MethodKind::PublicKey);
        }
        if !ways.prompts.is_empty() {
            open.push(MethodKind::KeyboardInteractive);
        }
        if ways.password.is_some() {
            open.push(MethodKind::Password);
        }
        Self { ways, books, is_in: false, open, round: 0 }
    }

    fn refuse(&self, partial_success: bool) -> Auth {
        let methods = MethodSet::from(self.open.as_slice());
        Auth::Reject { proceed_with_methods: Some(methods), partial_success }
    }

    fn judge(&mut self, way: MethodKind, right: bool) -> Auth {
        if !right {
            self.books.refused.fetch_add(1, Ordering::SeqCst);
        }
        if !right || !self.open.contains(&way) {
            return self.refuse(false);
        }
        let others = self.books.standing.fetch_add(1, Ordering::SeqCst);
        if self.ways.only_one && others > 0 {
            self.books.standing.fetch_sub(1, Ordering::SeqCst);
            self.books.refused.fetch_add(1, Ordering::SeqCst);
            return self.refuse(false);
        }
        self.open.retain(|other| *other != way);
        if self.ways.all && !self.open.is_empty() {
            self.books.standing.fetch_sub(1, Ordering::SeqCst);
            return self.refuse(true);
        }
        self.is_in = true;
        self.books.let_in.fetch_add(1, Ordering::SeqCst);
        Auth::Accept
    }

    fn right_answer(&self, prompt: &Prompt) -> String {
        let number = self.books.let_in.load(Ordering::SeqCst) + 1;
        if self.ways.one_time {
            format!("{} {number}", prompt.answer)
        } else {
            prompt.answer.clone()
        }
    }

    pub(super) fn nothing(&self, _user: &str) -> Auth {
        self.books.asked_for_ways.fetch_add(1, Ordering::SeqCst);
        self.refuse(false)
    }

    pub(super) fn password(&mut self, password: &str) -> Auth {
        let right = self.ways.password.as_deref() == Some(password);
        self.judge(MethodKind::Password, right)
    }

    fn is_the_key(&self, key: &PublicKey) -> bool {
        self.ways.key.as_ref().is_some_and(|known| known.key_data() == key.key_data())
    }

    pub(super) fn key_offered(&self, key: &PublicKey) -> Auth {
        if self.is_the_key(key) { Auth::Accept } else { self.refuse(false) }
    }

    pub(super) fn key(&mut self, key: &PublicKey) -> Auth {
        let right = self.is_the_key(key);
        self.judge(MethodKind::PublicKey, right)
    }

    /// Asks the next round, or judges the answers to the last.
    pub(super) fn answers(&mut self, answers: Option<Vec<bytes::Bytes>>) -> Auth {
        if !self.open.contains(&MethodKind::KeyboardInteractive) {
            return self.refuse(false);
        }
        match answers {
            None => self.round = 0,
            Some(answers) => {
                let asked = &self.ways.prompts[self.round];
                let right = answers.len() == asked.len()
                    && asked
                        .iter()
                        .zip(&answers)
                        .all(|(asked, told)| self.right_answer(asked).as_bytes() == told);
                self.round += 1;
                if !right || self.round == self.ways.prompts.len() {
                    self.round = 0;
                    return self.judge(MethodKind::KeyboardInteractive, right);
                }
            }
        }
        let prompts = self.ways.prompts[self.round].iter();
        Auth::Partial {
            name: Cow::Borrowed(""),
            instructions: Cow::Borrowed(""),
            prompts: prompts.map(|prompt| (prompt.text.clone().into(), prompt.echo)).collect(),
        }
    }
}

impl Drop for Login {
    fn drop(&mut self) {
        if self.is_in {
            self.books.standing.fetch_sub(1, Ordering::SeqCst);
        }
    }
}
