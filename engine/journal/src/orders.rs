//! What the committer is told to do, and where it hears it: a channel, or a test's own queue.

use crossbeam::channel::{Receiver, Sender};

use crate::committer::Outcome;
use crate::{Error, Journal};

/// Entries of one turn of one shard, and whom to tell.
pub struct Submission {
    /// Whole entries, one after the other.
    pub entries: Vec<u8>,
    /// Called on the committer's thread: be quick.
    pub done: Box<dyn FnOnce(Outcome) + Send>,
}

/// Something to be done on the log between two commits.
pub type Act = Box<dyn FnOnce(&mut dyn Journal) + Send>;

/// What the committer is told.
pub enum Order {
    /// Make these entries durable.
    Append(Submission),
    /// Do this on the log.
    Run(Act),
    /// Close the log, say how that went, and end.
    Close(Sender<Result<(), Error>>),
}

/// Where the committer's orders come from, in the order in which they were given.
pub trait Orders {
    /// Waits for the next one; `None` when there will be no more.
    fn next(&self) -> Option<Order>;
    /// The next one if it is there already.
    fn waiting(&self) -> Option<Order>;
}

impl Orders for Receiver<Order> {
    fn next(&self) -> Option<Order> {
        self.recv().ok()
    }

    fn waiting(&self) -> Option<Order> {
        self.try_recv().ok()
    }
}
