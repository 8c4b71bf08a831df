//! Keeping the head witness just behind the log: in a thread, or in front of the next append.

use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread::{self, JoinHandle};

use super::shared::Shared;
use crate::Error;
use crate::witness::{Witness, WitnessFile};

/// Writes the witness of block k while block k + 1 is being committed.
pub(super) enum Witnessing {
    /// In front of the next append, by the writer itself.
    Inline { file: WitnessFile, pending: Option<Witness> },
    /// By a thread of its own; the newest one counts.
    Thread { slot: Arc<Slot>, thread: Option<JoinHandle<()>> },
}

/// What the thread is to write next.
pub(super) struct Slot {
    order: Mutex<Order>,
    changed: Condvar,
}

#[derive(Default)]
struct Order {
    next: Option<Witness>,
    busy: bool,
    end: bool,
    failed: Option<Error>,
}

impl Witnessing {
    pub(super) fn inline(file: WitnessFile) -> Self {
        Self::Inline { file, pending: None }
    }

    /// Starts the thread. When it cannot write, the log is stopped.
    pub(super) fn thread(file: WitnessFile, shared: Arc<Shared>) -> Result<Self, Error> {
        let slot = Arc::new(Slot { order: Mutex::default(), changed: Condvar::new() });
        let mine = Arc::clone(&slot);
        let thread = thread::Builder::new()
            .name(String::from("log-witness"))
            .spawn(move || mine.run(file, &shared))
            .map_err(Error::io("start a thread in", std::path::Path::new("log-witness")))?;
        Ok(Self::Thread { slot, thread: Some(thread) })
    }

    /// A block is durable: `witness` is to be written soon.
    pub(super) fn offer(&mut self, witness: Witness) {
        match self {
            Self::Inline { pending, .. } => *pending = Some(witness),
            Self::Thread { slot, .. } => slot.with(|order| order.next = Some(witness)),
        }
    }

    /// In front of an append: writes what is pending, or lets the thread go on with it.
    pub(super) fn before_append(&mut self) -> Result<(), Error> {
        match self {
            Self::Inline { .. } => self.flush(),
            Self::Thread { .. } => Ok(()),
        }
    }

    /// Returns when the newest witness is durable.
    pub(super) fn flush(&mut self) -> Result<(), Error> {
        match self {
            Self::Inline { file, pending } => pending.take().map_or(Ok(()), |it| file.write(it)),
            Self::Thread { slot, .. } => {
                let order = slot.order.lock().unwrap_or_else(PoisonError::into_inner);
                let waiting = |order: &mut Order| {
                    order.failed.is_none() && !order.end && (order.busy || order.next.is_some())
                };
                let order = slot.changed.wait_while(order, waiting);
                let mut order = order.unwrap_or_else(PoisonError::into_inner);
                order.failed.take().map_or(Ok(()), Err)
            }
        }
    }
}

impl Drop for Witnessing {
    fn drop(&mut self) {
        if let Self::Thread { slot, thread } = self {
            slot.with(|order| order.end = true);
            if let Some(thread) = thread.take() {
                let _ = thread.join();
            }
        }
    }
}

impl Slot {
    fn with(&self, act: impl FnOnce(&mut Order)) {
        act(&mut self.order.lock().unwrap_or_else(PoisonError::into_inner));
        self.changed.notify_all();
    }

    fn run(&self, mut file: WitnessFile, shared: &Shared) {
        loop {
            let order = self.order.lock().unwrap_or_else(PoisonError::into_inner);
            let idle = |order: &mut Order| order.next.is_none() && !order.end;
            let order = self.changed.wait_while(order, idle);
            let mut order = order.unwrap_or_else(PoisonError::into_inner);
            let Some(witness) = order.next.take() else { return };
            order.busy = true;
            drop(order);
            let written = file.write(witness);
            let failed = written.is_err();
            if failed {
                shared.stop();
            }
            self.with(|order| {
                order.busy = false;
                order.end |= failed;
                order.failed = written.err();
            });
            if failed {
                return;
            }
        }
    }
}
