//! What follows the log at a distance: the index (at most 1 s or 16 MiB behind) and the checkpoint
//! of every second with changes. A failure here is tried again; the log goes on.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use crossbeam::channel::{Receiver, RecvTimeoutError, Sender, bounded};

use super::shared::Shared;
use crate::Error;
use crate::checkpoint;
use crate::keys::NodeKey;

/// The index is written when it is this many bytes behind, even before its second is over.
const BYTES_BEHIND_MAX: u64 = 16 << 20;

/// Keeps index and checkpoints up.
pub(super) struct Upkeep {
    work: Arc<Work>,
    thread: Option<(Sender<()>, JoinHandle<()>)>,
}

struct Work {
    shared: Arc<Shared>,
    key: Arc<NodeKey>,
    bytes: AtomicU64,
    /// Entries covered by the newest checkpoint, and by the newest that stays.
    signed: Mutex<(u64, u64)>,
}

impl Upkeep {
    /// With a thread when `every` is given.
    pub(super) fn start(
        shared: Arc<Shared>,
        key: Arc<NodeKey>,
        every: Option<Duration>,
    ) -> Result<Self, Error> {
        let signed = Mutex::new((0, 0));
        let work = Arc::new(Work { shared, key, bytes: AtomicU64::new(0), signed });
        let thread = match every {
            None => None,
            Some(every) => {
                let (wake, woken) = bounded(1);
                let mine = Arc::clone(&work);
                let thread = thread::Builder::new()
                    .name(String::from("log-upkeep"))
                    .spawn(move || mine.run(&woken, every))
                    .map_err(Error::io("start a thread in", std::path::Path::new("log-upkeep")))?;
                Some((wake, thread))
            }
        };
        Ok(Self { work, thread })
    }

    /// So many bytes were appended.
    pub(super) fn wrote(&self, bytes: u64) {
        let behind = self.work.bytes.fetch_add(bytes, Ordering::Relaxed) + bytes;
        if behind >= BYTES_BEHIND_MAX
            && let Some((wake, _)) = &self.thread
        {
            let _ = wake.try_send(());
        }
    }

    /// Does it all now. `keep`: the checkpoint stays under its size.
    pub(super) fn now(&self, keep: bool) -> Result<(), Error> {
        self.work.index();
        self.work.checkpoint(keep)
    }

    /// Ends the thread.
    pub(super) fn stop(&mut self) {
        if let Some((wake, thread)) = self.thread.take() {
            drop(wake);
            let _ = thread.join();
        }
    }
}

impl Work {
    fn run(&self, woken: &Receiver<()>, every: Duration) {
        loop {
            match woken.recv_timeout(every) {
                Err(RecvTimeoutError::Disconnected) => return,
                Ok(()) => self.index(),
                Err(RecvTimeoutError::Timeout) => {
                    self.index();
                    // Tried again in a second: a full disk must not stop the log twice.
                    let _ = self.checkpoint(false);
                }
            }
        }
    }

    fn index(&self) {
        let Some(index) = &self.shared.index else { return };
        self.bytes.store(0, Ordering::Relaxed);
        let begun = Instant::now();
        if index.revive() {
            self.shared.locate_all();
        }
        let (lines, tails, position) = {
            let state = self.shared.state();
            let lines = self.shared.locations.all();
            let mut tails: Vec<_> = lines.iter().map(|(stream, _)| *stream).collect();
            tails.dedup();
            let tails: Vec<_> =
                tails.into_iter().filter_map(|id| Some((id, *state.tails.get(&id)?))).collect();
            (lines, tails, (state.tree.size(), state.tree.root(), state.segment, state.offset))
        };
        if lines.is_empty() {
            self.shared.indexed_up_to(begun);
        } else if index.is_open() && index.write(&lines, &tails, position) {
            self.shared.locations.forget(&lines);
            self.shared.indexed_up_to(begun);
        }
    }

    fn checkpoint(&self, keep: bool) -> Result<(), Error> {
        let mut signed = self.signed.lock().unwrap_or_else(PoisonError::into_inner);
        let head = self.shared.head();
        let done = if keep { signed.1 } else { signed.0 };
        if head.size == done {
            return Ok(());
        }
        checkpoint::store(&*self.shared.disk, &self.shared.data, &head, &self.key, keep)?;
        *signed = (head.size, if keep { head.size } else { signed.1 });
        Ok(())
    }
}
