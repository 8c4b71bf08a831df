//! The committer: one thread owns the log. A commit takes whatever has come in since the last one;
//! no timer is in the path. When a commit fails or hangs, nothing more is published and `fatal` is
//! called.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use convoke_wire::entry;
use crossbeam::channel::{Receiver, RecvTimeoutError, Sender, bounded};

use crate::counters::{Counters, Figures};
use crate::journal::{Durable, Journal};
use crate::orders::{Order, Orders, Submission};
use crate::{AppendError, Error, Refused};

/// How the committer works.
#[derive(Clone, Copy, Debug)]
pub struct Settings {
    /// Submissions that may wait; whoever submits more waits too.
    pub queue: usize,
    /// A block is cut before it has more bytes than this.
    pub block_bytes: usize,
    /// A commit that takes longer is given up, and the process with it.
    pub patience: Duration,
}

impl Default for Settings {
    fn default() -> Self {
        Self { queue: 1024, block_bytes: 1 << 20, patience: Duration::from_secs(10) }
    }
}

/// What became of a submission.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Durable: `first` is the place of its own first entry, `size` counts up to its last one.
    Durable(Durable),
    /// Nothing was written; the log goes on.
    Refused(Refused),
    /// The disk failed. Nothing may be published; `fatal` was called.
    Failed,
}

/// Why the process must end (exit code 75).
#[derive(Debug)]
pub enum Fatal {
    /// A commit failed.
    Failed(Error),
    /// A commit has not finished after this long.
    Late(Duration),
}

/// Hands submissions to the committer; cheap to clone.
#[derive(Clone)]
pub struct CommitQueue {
    orders: Sender<Order>,
    ended: Arc<AtomicBool>,
}

/// The committer has ended, after `stop` or a failed commit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ended;

impl CommitQueue {
    /// Submits entries; waits while the queue is full. Submissions of one caller keep their order.
    ///
    /// # Errors
    /// `Ended`, and `done` is never called. One that comes while the committer ends gets `Failed`.
    pub fn submit(
        &self,
        entries: Vec<u8>,
        done: impl FnOnce(Outcome) + Send + 'static,
    ) -> Result<(), Ended> {
        self.send(Order::Append(Submission { entries, done: Box::new(done) }))
    }

    /// Runs something on the log between two commits (a checkpoint at a session's end).
    ///
    /// # Errors
    /// `Ended`, and `act` never runs.
    pub fn run(&self, act: impl FnOnce(&mut dyn Journal) + Send + 'static) -> Result<(), Ended> {
        self.send(Order::Run(Box::new(act)))
    }

    fn send(&self, order: Order) -> Result<(), Ended> {
        if self.ended.load(Ordering::SeqCst) {
            return Err(Ended);
        }
        self.orders.send(order).map_err(|_| Ended)
    }

    /// Submissions waiting.
    #[must_use]
    pub fn waiting(&self) -> usize {
        self.orders.len()
    }
}

/// The running committer.
pub struct Committer {
    queue: CommitQueue,
    counters: Arc<Counters>,
    watcher: Option<JoinHandle<()>>,
    watch: Option<Sender<()>>,
}

impl Committer {
    /// Starts the thread that owns `journal`, and one that watches it.
    ///
    /// # Errors
    /// When the system has no threads left.
    pub fn start(
        journal: Box<dyn Journal>,
        settings: Settings,
        fatal: impl Fn(Fatal) + Send + Sync + 'static,
    ) -> Result<Self, Error> {
        let (orders, inbox) = bounded(settings.queue);
        let (watch, end) = bounded(0);
        let counters = Arc::new(Counters::default());
        let alarm = Arc::new(Alarm::new(fatal));
        let (mine, theirs) = (Arc::clone(&alarm), Arc::clone(&counters));
        let queue = CommitQueue { orders, ended: Arc::default() };
        let ended = Arc::clone(&queue.ended);
        let work = move || {
            Work { journal, settings, counters: theirs, alarm: mine }.run(&inbox, &ended);
            // Whoever was faster than the end is told, until nobody can submit any more.
            inbox.iter().for_each(fail_one);
        };
        let watcher = move || alarm.watch(&end, settings.patience);
        let _detached = spawn("log-commit", work)?;
        let watcher = Some(spawn("log-watch", watcher)?);
        Ok(Self { queue, counters, watcher, watch: Some(watch) })
    }

    /// Where to submit.
    #[must_use]
    pub fn queue(&self) -> CommitQueue {
        self.queue.clone()
    }

    /// What it counts, for whoever shows it.
    #[must_use]
    pub fn counters(&self) -> Arc<Counters> {
        Arc::clone(&self.counters)
    }

    /// Counts since the start.
    #[must_use]
    pub fn figures(&self) -> Figures {
        self.counters.figures()
    }

    /// Commits what waits, closes the log and ends. Later submissions get `Ended`.
    ///
    /// # Errors
    /// What the disk said; accepted entries are durable all the same.
    pub fn stop(mut self) -> Result<(), Error> {
        let (tell, told) = bounded(1);
        let sent = self.queue.orders.send(Order::Close(tell));
        let closed = if sent.is_ok() { told.recv().ok() } else { None };
        self.watch = None;
        if let Some(watcher) = self.watcher.take() {
            let _ = watcher.join();
        }
        closed.unwrap_or(Err(Error::Stopped))
    }
}

/// Commits what `orders` bring on the caller's own thread, until there are no more: for whoever
/// decides themselves which thread goes next, as a test of every order does. Nothing watches for a
/// commit that hangs.
pub fn run(
    journal: Box<dyn Journal>,
    settings: Settings,
    orders: &impl Orders,
    fatal: impl Fn(Fatal) + Send + Sync + 'static,
) {
    let alarm = Arc::new(Alarm::new(fatal));
    Work { journal, settings, counters: Arc::default(), alarm }.run(orders, &AtomicBool::default());
}

fn spawn(name: &str, work: impl FnOnce() + Send + 'static) -> Result<JoinHandle<()>, Error> {
    let error = Error::io("start the thread", std::path::Path::new(name));
    thread::Builder::new().name(name.to_owned()).spawn(work).map_err(error)
}

/// Calls `fatal` once.
struct Alarm {
    begun: Instant,
    /// When the running commit began, in ms since `begun`, plus one; 0 when none runs.
    since: AtomicU64,
    raised: AtomicBool,
    fatal: Box<dyn Fn(Fatal) + Send + Sync>,
}

impl Alarm {
    fn new(fatal: impl Fn(Fatal) + Send + Sync + 'static) -> Self {
        Self {
            begun: Instant::now(),
            since: AtomicU64::new(0),
            raised: AtomicBool::new(false),
            fatal: Box::new(fatal),
        }
    }

    fn now(&self) -> u64 {
        u64::try_from(self.begun.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    fn raise(&self, fatal: Fatal) {
        if !self.raised.swap(true, Ordering::SeqCst) {
            (self.fatal)(fatal);
        }
    }

    fn is_raised(&self) -> bool {
        self.raised.load(Ordering::SeqCst)
    }

    fn watch(&self, end: &Receiver<()>, patience: Duration) {
        let every = (patience / 20).clamp(Duration::from_millis(5), Duration::from_millis(500));
        while end.recv_timeout(every) == Err(RecvTimeoutError::Timeout) {
            let since = self.since.load(Ordering::SeqCst);
            let took = Duration::from_millis((self.now() + 1).saturating_sub(since));
            if since > 0 && took > patience {
                return self.raise(Fatal::Late(took));
            }
        }
    }
}

struct Work {
    journal: Box<dyn Journal>,
    settings: Settings,
    counters: Arc<Counters>,
    alarm: Arc<Alarm>,
}

impl Work {
    fn run(mut self, orders: &impl Orders, ended: &AtomicBool) {
        let mut held: Option<Order> = None;
        while let Some(order) = held.take().or_else(|| orders.next()) {
            match order {
                Order::Run(act) => act(&mut *self.journal),
                Order::Close(tell) => {
                    ended.store(true, Ordering::SeqCst);
                    let _ = tell.send(self.journal.close());
                    return;
                }
                Order::Append(first) => {
                    let mut bytes = first.entries.len();
                    let mut batch = vec![first];
                    while let Some(order) = orders.waiting() {
                        match order {
                            Order::Append(next)
                                if bytes + next.entries.len() <= self.settings.block_bytes =>
                            {
                                bytes += next.entries.len();
                                batch.push(next);
                            }
                            other => {
                                held = Some(other);
                                break;
                            }
                        }
                    }
                    if !self.commit(batch) {
                        ended.store(true, Ordering::SeqCst);
                        held.into_iter().for_each(fail_one);
                        return;
                    }
                }
            }
        }
    }

    /// Commits a batch; when one of its submissions is refused, each on its own. `false`: the disk
    /// failed.
    fn commit(&mut self, batch: Vec<Submission>) -> bool {
        let parts: Vec<&[u8]> = batch.iter().map(|one| one.entries.as_slice()).collect();
        let begun = Instant::now();
        self.alarm.since.store(self.alarm.now() + 1, Ordering::SeqCst);
        let appended = self.journal.append(&parts);
        self.alarm.since.store(0, Ordering::SeqCst);
        match appended {
            // Nobody waits for it any more: the process is on its way out.
            Ok(_) if self.alarm.is_raised() => fail(batch),
            Ok(durable) => {
                let bytes = parts.iter().map(|part| part.len() as u64).sum();
                self.counters.committed(batch.len() as u64, bytes, begun.elapsed());
                let mut first = durable.first;
                for Submission { entries, done } in batch {
                    let size = first + entry::count(&entries);
                    done(Outcome::Durable(Durable { epoch: durable.epoch, first, size }));
                    first = size;
                }
                true
            }
            Err(AppendError::Refused(_)) if batch.len() > 1 => {
                let mut rest = batch.into_iter();
                let whole = rest.by_ref().all(|one| self.commit(vec![one]));
                whole || fail(rest.collect())
            }
            Err(AppendError::Refused(refused)) => {
                self.counters.refused();
                batch.into_iter().for_each(|one| (one.done)(Outcome::Refused(refused)));
                true
            }
            Err(AppendError::Failed(error)) => {
                self.alarm.raise(Fatal::Failed(error));
                fail(batch)
            }
        }
    }
}

fn fail(batch: Vec<Submission>) -> bool {
    batch.into_iter().for_each(|one| (one.done)(Outcome::Failed));
    false
}

/// After the end: whoever still waits is told.
fn fail_one(order: Order) {
    match order {
        Order::Append(one) => (one.done)(Outcome::Failed),
        Order::Run(_) => {}
        Order::Close(tell) => {
            let _ = tell.send(Err(Error::Stopped));
        }
    }
}
