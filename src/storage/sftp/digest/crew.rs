//! Who carries questions to the programs and answers back: one for the small files, a few for the large.

use std::{
    collections::VecDeque,
    future::pending,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use tokio::{
    sync::{mpsc, oneshot},
    task::JoinSet,
    time::{Instant, sleep, sleep_until},
};

use super::{
    answers::{Answer, Answers},
    program::{Program, Wish},
    refused, script,
};
use crate::{
    domain::{digest::Sha256, error::ErrorKind, path::StoragePath},
    storage::sftp::{mail::Fault, server::Server},
};

/// How long programs are kept without work.
const IDLE: Duration = Duration::from_secs(30);
/// How many batches are sent ahead. The program answers one after the other; with a second one there already, it does
/// not wait a round trip between them.
const BATCHES_AHEAD: usize = 2;
/// What fits into one batch. A command line is allowed several times these bytes everywhere.
const MOST_NAMES: usize = 64;
const MOST_BYTES: usize = 32 * 1024;
/// How many large files are hashed side by side.
const MOST_HANDS: usize = 2;
/// Who asked has gone: how long its file may still take before the program is ended for it.
const GRACE: Duration = Duration::from_secs(1);

/// What the crew is told.
pub(super) enum Order {
    Take(Job),
    /// Questions are going to come.
    Expect,
}

/// A digest that somebody waits for.
pub(super) struct Job {
    path: StoragePath,
    reply: oneshot::Sender<Result<Sha256, Fault>>,
    way: Way,
}

/// How a file is to be asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    /// With others.
    Together,
    /// By itself, because of what came of asking with others.
    Alone,
    /// By itself, of the program for small files, although it is large.
    Regardless,
}

impl Job {
    pub(super) fn new(path: StoragePath, reply: oneshot::Sender<Result<Sha256, Fault>>) -> Self {
        Self { path, reply, way: Way::Together }
    }

    fn answer(self, result: Result<Sha256, Fault>) {
        // Who asked may have gone.
        let _ = self.reply.send(result);
    }
}

/// Names that were sent together.
struct Batch {
    jobs: Vec<Job>,
    answers: Answers,
    /// Nobody waits for any of it; when that will have been long enough.
    forgotten: Option<Instant>,
}

impl Batch {
    fn new(jobs: Vec<Job>) -> Self {
        Self { answers: Answers::to(jobs.len()), jobs, forgotten: None }
    }

    fn send(&self, program: &Program, wish: Wish) {
        program.ask(wish, self.jobs.iter().map(|job| &job.path));
    }

    /// Ends when nobody has been waiting for any of it for a while.
    async fn is_forgotten(&mut self) {
        for job in &mut self.jobs {
            job.reply.closed().await;
        }
        sleep_until(*self.forgotten.get_or_insert_with(|| Instant::now() + GRACE)).await;
    }

    fn take(&mut self, line: Result<Vec<u8>, Fault>) -> Result<Option<Vec<Answer>>, Fault> {
        self.answers
            .take(&line?)
            .map_err(|_| Fault::protocol("the digest program's answer makes no sense"))
    }
}

/// Takes all questions, and knows all programs.
pub(super) struct Crew {
    server: Arc<Server>,
    works: Arc<AtomicBool>,
    expected: Arc<AtomicBool>,
    /// Not sent yet.
    waiting: VecDeque<Job>,
    /// The program for small files, and what it has been sent.
    program: Option<Program>,
    batches: VecDeque<Batch>,
    /// Large files: those that wait, those at work, programs that rest.
    large: VecDeque<Job>,
    hands: JoinSet<Hand>,
    resting: Vec<Program>,
    most_hands: usize,
}

/// Nobody will ask any more.
struct Over;

impl Crew {
    pub(super) fn new(
        server: Arc<Server>,
        works: Arc<AtomicBool>,
        expected: Arc<AtomicBool>,
    ) -> Self {
        Self {
            server,
            works,
            expected,
            waiting: VecDeque::new(),
            program: None,
            batches: VecDeque::new(),
            large: VecDeque::new(),
            hands: JoinSet::new(),
            resting: Vec::new(),
            most_hands: MOST_HANDS,
        }
    }

    /// Until nobody can ask any more.
    pub(super) async fn work(mut self, mut orders: mpsc::UnboundedReceiver<Order>) {
        loop {
            self.send_large();
            self.start_if_needed().await;
            // All that has come meanwhile goes together.
            while let Ok(order) = orders.try_recv() {
                self.obey(order);
            }
            if self.program.is_none() && !self.waiting.is_empty() {
                continue;
            }
            self.send_batches();
            if self.round(&mut orders).await.is_err() {
                return;
            }
        }
    }

    fn obey(&mut self, order: Order) {
        if let Order::Take(job) = order {
            self.waiting.push_back(job);
        }
    }

    /// Waits for whatever happens next.
    async fn round(&mut self, orders: &mut mpsc::UnboundedReceiver<Order>) -> Result<(), Over> {
        let small_is_idle = self.batches.is_empty();
        let idle = small_is_idle && self.hands.is_empty();
        let has_programs = self.program.is_some() || !self.resting.is_empty();
        let line = async {
            match &mut self.program {
                Some(program) => program.line().await,
                None => pending().await,
            }
        };
        let forgotten = async {
            match self.batches.front_mut() {
                Some(batch) => batch.is_forgotten().await,
                None => pending().await,
            }
        };
        tokio::select! {
            order = orders.recv() => self.obey(order.ok_or(Over)?),
            line = line => self.hear(line),
            () = forgotten => {
                // Ended for the sake of who waits behind it, and of the server's disk.
                self.batches.pop_front();
                self.end_program();
            }
            Some(hand) = self.hands.join_next() => {
                // A hand that panicked took its job along: who asked is told that the connection ended.
                if let Ok(hand) = hand {
                    self.take_back(hand);
                }
            }
            () = sleep(IDLE), if idle && has_programs => {
                self.resting.clear();
                self.end_program();
            }
        }
        Ok(())
    }

    /// Sees to the program for small files when there is work for it, or will be.
    async fn start_if_needed(&mut self) {
        self.waiting.retain(|job| !job.reply.is_closed());
        let expected = self.expected.load(Ordering::Relaxed);
        if self.program.is_some() || (self.waiting.is_empty() && !expected) {
            return;
        }
        let started = if self.works.load(Ordering::Relaxed) {
            Program::start(&self.server, script::SMALL).await
        } else {
            Err(refused())
        };
        match started {
            Ok(program) => self.program = Some(program),
            Err(fault) => {
                if fault.kind == ErrorKind::Unsupported {
                    self.works.store(false, Ordering::Relaxed);
                }
                self.expected.store(false, Ordering::Relaxed);
                for job in self.waiting.drain(..) {
                    job.answer(Err(fault.clone()));
                }
            }
        }
    }

    /// Ends the program; what it has not answered waits again.
    fn end_program(&mut self) {
        self.program = None;
        self.expected.store(false, Ordering::Relaxed);
        for batch in self.batches.drain(..).rev() {
            for job in batch.jobs.into_iter().rev() {
                self.waiting.push_front(job);
            }
        }
    }

    fn send_batches(&mut self) {
        let Some(program) = &self.program else { return };
        while self.batches.len() < BATCHES_AHEAD {
            let Some(way) = self.waiting.front().map(|job| job.way) else { return };
            let mut bytes = 0;
            let fits = |(number, job): &(usize, &Job)| {
                bytes += job.path.as_bytes().len() + 1;
                let together = way == Way::Together && job.way == Way::Together;
                *number == 0 || (together && *number < MOST_NAMES && bytes <= MOST_BYTES)
            };
            let count = self.waiting.iter().enumerate().take_while(fits).count();
            let batch = Batch::new(self.waiting.drain(..count).collect());
            batch.send(program, if way == Way::Regardless { Wish::Whole } else { Wish::Small });
            self.batches.push_back(batch);
        }
    }

    /// The program for small files has said something, or ended.
    fn hear(&mut self, line: Result<Vec<u8>, Fault>) {
        let Some(batch) = self.batches.front_mut() else {
            // It had not been asked.
            self.end_program();
            return;
        };
        match batch.take(line) {
            Ok(None) => {}
            Ok(Some(answers)) => {
                let jobs = self.batches.pop_front().map(|batch| batch.jobs).unwrap_or_default();
                for (job, answer) in jobs.into_iter().zip(answers).rev() {
                    self.settle(job, answer);
                }
                if let (true, Some(program)) = (self.batches.is_empty(), &self.program) {
                    program.rest();
                }
            }
            Err(fault) => {
                let jobs = self.batches.pop_front().map(|batch| batch.jobs).unwrap_or_default();
                self.end_program();
                let only_one = jobs.len() == 1;
                for job in jobs.into_iter().rev() {
                    if only_one {
                        job.answer(Err(fault.clone()));
                    } else {
                        self.waiting.push_front(Job { way: Way::Alone, ..job });
                    }
                }
            }
        }
    }

    fn settle(&mut self, job: Job, answer: Answer) {
        match answer {
            Answer::Large if job.way == Way::Regardless => {
                give(&self.server, &self.works, job, answer)
            }
            Answer::Large if self.most_hands == 0 => {
                self.waiting.push_front(Job { way: Way::Regardless, ..job });
            }
            Answer::Large => self.large.push_front(job),
            Answer::Unclear if job.way == Way::Together => {
                self.waiting.push_front(Job { way: Way::Alone, ..job });
            }
            answer => give(&self.server, &self.works, job, answer),
        }
    }

    /// Puts large files into hands that are free.
    fn send_large(&mut self) {
        while self.hands.len() < self.most_hands
            && let Some(job) = self.large.pop_front()
        {
            let (server, works) = (Arc::clone(&self.server), Arc::clone(&self.works));
            self.hands.spawn(carry(server, works, self.resting.pop(), job));
        }
    }

    fn take_back(&mut self, hand: Hand) {
        self.resting.extend(hand.program);
        if hand.was_refused {
            // The server runs no more programs at once: those at work will have to do, at worst the one for the small.
            self.most_hands = self.hands.len();
        }
        match hand.job {
            Some(job) if hand.was_refused && self.most_hands > 0 => self.large.push_front(job),
            Some(job) => self.waiting.push_back(Job { way: Way::Regardless, ..job }),
            None => {}
        }
        if self.most_hands == 0 {
            let regardless = |job| Job { way: Way::Regardless, ..job };
            self.waiting.extend(self.large.drain(..).map(regardless));
        }
    }
}

/// What a large file leaves behind.
struct Hand {
    /// To be used again.
    program: Option<Program>,
    /// It could not be done here.
    job: Option<Job>,
    was_refused: bool,
}

/// One large file, from its question to its answer.
async fn carry(
    server: Arc<Server>,
    works: Arc<AtomicBool>,
    program: Option<Program>,
    mut job: Job,
) -> Hand {
    let done = Hand { program: None, job: None, was_refused: false };
    let started = match program {
        Some(program) => Ok(program),
        None => tokio::select! {
            started = Program::start(&server, script::LARGE) => started,
            () = job.reply.closed() => return done,
        },
    };
    let mut program = match started {
        Ok(program) => program,
        Err(fault) if fault.kind == ErrorKind::Unsupported => {
            return Hand { job: Some(job), was_refused: true, ..done };
        }
        Err(fault) => {
            job.answer(Err(fault));
            return done;
        }
    };
    let mut batch = Batch::new(vec![job]);
    batch.send(&program, Wish::Whole);
    let answer = loop {
        let line = tokio::select! {
            line = program.line() => line,
            // Dropping the program ends it, and it ends the tool.
            () = batch.is_forgotten() => return done,
        };
        match batch.take(line) {
            Ok(None) => {}
            Ok(Some(answers)) => break Ok(answers.first().copied().unwrap_or(Answer::Unclear)),
            Err(fault) => break Err(fault),
        }
    };
    let Some(job) = batch.jobs.pop() else { return done };
    match answer {
        Err(fault) => {
            job.answer(Err(fault));
            done
        }
        // Another tool may be able to.
        Ok(Answer::Unclear) => Hand { program: None, job: Some(job), was_refused: false },
        Ok(answer) => {
            program.rest();
            give(&server, &works, job, answer);
            Hand { program: Some(program), ..done }
        }
    }
}

/// Tells who asked.
fn give(server: &Arc<Server>, works: &Arc<AtomicBool>, job: Job, answer: Answer) {
    let fault = match answer {
        Answer::Digest(digest) => return job.answer(Ok(digest)),
        Answer::NotFound => {
            tokio::spawn(look_for(Arc::clone(server), Arc::clone(works), job));
            return;
        }
        Answer::NotAFile => Fault::new(ErrorKind::IsADirectory, "it is not a file"),
        Answer::NotReadable => Fault::new(ErrorKind::PermissionDenied, "permission denied"),
        Answer::Large | Answer::Unclear => {
            Fault::new(ErrorKind::Unsupported, "the server could not read it all for a digest")
        }
    };
    job.answer(Err(fault));
}

/// The shell says that nothing is there.
async fn look_for(server: Arc<Server>, works: Arc<AtomicBool>, job: Job) {
    let is_there = server.client.lstat(job.path.as_bytes()).await.is_ok();
    job.answer(Err(if is_there {
        // A shell that sees other paths than SFTP does: what it would hash is not what was meant.
        works.store(false, Ordering::Relaxed);
        refused()
    } else {
        Fault::new(ErrorKind::NotFound, "there is no such file")
    }));
}
