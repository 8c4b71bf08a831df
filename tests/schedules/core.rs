//! The threads inside: a core that steps the engine's shard, and the committer on its journal.

use std::collections::BTreeMap;
use std::sync::Arc;

use convoke_engine::{Answer, Effect, ReplyTo, Shard};
use convoke_journal::committer::{self, Outcome, Settings};
use convoke_journal::orders::{Order, Orders, Submission};
use convoke_journal::{AppendError, Durable, Error, Journal, LogReader, Memory};
use convoke_model::Refusal;
use shuttle::sync::mpsc::{Receiver, Sender};

use crate::bug::Bug;
use crate::mailbox::{Mailbox, ToCore};
use crate::scene::NOW;

/// An answer on its way to a client: the request's number and what became of it.
pub(crate) type Reply = (u64, Result<Answer, Refusal>);

/// One core's thread, without sockets.
pub(crate) struct Core {
    pub(crate) shard: Shard,
    pub(crate) mailbox: Arc<Mailbox>,
    pub(crate) orders: Sender<Order>,
    pub(crate) clients: BTreeMap<u64, Sender<Reply>>,
    pub(crate) bug: Option<Bug>,
}

impl Core {
    /// Runs until told to stop and all that was decided is durable.
    pub(crate) fn run(mut self) -> Shard {
        let mut stopping = false;
        loop {
            if !self.shard.has_work() {
                self.mailbox.sleep();
            }
            for message in self.mailbox.mail() {
                match message {
                    ToCore::Ask(ask) => self.shard.submit(ask),
                    ToCore::Durable(turn) => self.shard.durable(turn),
                    ToCore::Stop => stopping = true,
                }
            }
            self.turns();
            if stopping && self.shard.is_idle() {
                return self.shard;
            }
        }
    }

    /// As the server's core does it.
    fn turns(&mut self) {
        let mut effects = Vec::new();
        loop {
            let turn = self.shard.turn(NOW);
            self.shard.settle(&mut effects);
            let quiet = turn.is_none() && effects.is_empty();
            if let Some(batch) = turn {
                let (mailbox, id) = (self.mailbox.clone(), batch.turn);
                let done = Box::new(move |outcome| match outcome {
                    Outcome::Durable(_) => mailbox.send(ToCore::Durable(id)),
                    other => panic!("turn {id}: {other:?}"),
                });
                let order = Order::Append(Submission { entries: batch.bytes, done });
                self.orders.send(order).expect("the committer outlives the core");
                if self.bug == Some(Bug::PublishBeforeDurable) {
                    self.shard.durable(id);
                }
            }
            for effect in effects.drain(..) {
                if let Effect::Answer(ReplyTo::Connection(who, n), answer) = effect {
                    let client = &self.clients[&who];
                    client.send((n, answer)).expect("a client waits for its answers");
                    if self.bug == Some(Bug::AnswerTwice) {
                        client.send((n, answer)).expect("a client waits for its answers");
                    }
                }
            }
            if quiet {
                return;
            }
        }
    }
}

/// The committer's orders over a queue whose every step shuttle decides.
struct Queue(Receiver<Order>);

impl Orders for Queue {
    fn next(&self) -> Option<Order> {
        self.0.recv().ok()
    }

    fn waiting(&self) -> Option<Order> {
        self.0.try_recv().ok()
    }
}

/// The committer's own loop over the journal in memory, until the core has let go of the queue.
pub(crate) fn commit(journal: Memory, orders: Receiver<Order>, bug: Option<Bug>) {
    // So small that what waits is cut into several blocks.
    let settings = Settings { block_bytes: 1500, ..Settings::default() };
    let fatal = |fatal| panic!("{fatal:?}");
    let journal: Box<dyn Journal> = if bug == Some(Bug::DurableTooEarly) {
        Box::new(Lazy { inner: journal, held: Vec::new() })
    } else {
        Box::new(Stepped(journal))
    };
    committer::run(journal, settings, &Queue(orders), fatal);
}

/// The journal, with a step before and after each append: others go on while a disk is slow.
struct Stepped(Memory);

impl Journal for Stepped {
    fn append(&mut self, parts: &[&[u8]]) -> Result<Durable, AppendError> {
        shuttle::thread::yield_now();
        let durable = self.0.append(parts);
        shuttle::thread::yield_now();
        durable
    }

    fn reader(&self) -> Arc<dyn LogReader> {
        self.0.reader()
    }

    fn epoch(&self) -> u32 {
        self.0.epoch()
    }

    fn checkpoint(&mut self) -> Result<(), Error> {
        self.0.checkpoint()
    }

    fn close(self: Box<Self>) -> Result<(), Error> {
        Ok(())
    }
}

/// Says that something is durable, and writes it with the next append.
struct Lazy {
    inner: Memory,
    held: Vec<Vec<u8>>,
}

impl Journal for Lazy {
    fn append(&mut self, parts: &[&[u8]]) -> Result<Durable, AppendError> {
        let held: Vec<&[u8]> = self.held.iter().map(Vec::as_slice).collect();
        if !held.is_empty() {
            self.inner.append(&held)?;
        }
        self.held = parts.iter().map(|part| part.to_vec()).collect();
        let size = self.inner.reader().head().size;
        Ok(Durable { epoch: self.inner.epoch(), first: size, size })
    }

    fn reader(&self) -> Arc<dyn LogReader> {
        self.inner.reader()
    }

    fn epoch(&self) -> u32 {
        self.inner.epoch()
    }

    fn checkpoint(&mut self) -> Result<(), Error> {
        self.inner.checkpoint()
    }

    fn close(self: Box<Self>) -> Result<(), Error> {
        Ok(())
    }
}
