//! What the writer and the readers of a log share.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};
use std::time::{Duration, Instant};

use convoke_model::StreamId;

use crate::disk::Disk;
use crate::index::Index;
use crate::journal::{Head, Tail};
use crate::locations::{Location, Locations};
use crate::tree::Tree;
use crate::witness::Witness;

/// Where the log stands; only what is durable.
#[derive(Clone, Debug, Default)]
pub(super) struct State {
    pub(super) epoch: u32,
    pub(super) tails: BTreeMap<StreamId, Tail>,
    pub(super) tree: Tree,
    /// The segment in which the log ends; 0 when there is none.
    pub(super) segment: u64,
    /// The byte of it where the log ends.
    pub(super) offset: u64,
}

impl State {
    pub(super) fn witness(&self, clean: bool) -> Witness {
        Witness {
            epoch: self.epoch,
            number: 0,
            size: self.tree.size(),
            root: self.tree.root(),
            segment: self.segment,
            offset: self.offset,
            clean,
        }
    }
}

pub(super) struct Shared {
    pub(super) data: PathBuf,
    pub(super) disk: Arc<dyn Disk>,
    pub(super) state: RwLock<State>,
    pub(super) locations: Locations,
    pub(super) index: Option<Index>,
    pub(super) stopped: AtomicBool,
    /// When the index held everything for the last time.
    pub(super) indexed: Mutex<Instant>,
}

impl std::fmt::Debug for Shared {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Log").field("data", &self.data).field("head", &self.head()).finish()
    }
}

impl Shared {
    pub(super) fn state(&self) -> RwLockReadGuard<'_, State> {
        self.state.read().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn state_mut(&self) -> RwLockWriteGuard<'_, State> {
        self.state.write().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn head(&self) -> Head {
        let state = self.state();
        Head { epoch: state.epoch, size: state.tree.size(), root: state.tree.root() }
    }

    /// The index holds everything that was there at this moment.
    pub(super) fn indexed_up_to(&self, moment: Instant) {
        *self.indexed.lock().unwrap_or_else(PoisonError::into_inner) = moment;
    }

    pub(super) fn index_lag(&self) -> Duration {
        if self.index.is_none() || self.locations.is_empty() {
            return Duration::ZERO;
        }
        self.indexed.lock().unwrap_or_else(PoisonError::into_inner).elapsed()
    }

    pub(super) fn stop(&self) {
        self.stopped.store(true, Ordering::SeqCst);
    }

    pub(super) fn is_stopped(&self) -> bool {
        self.stopped.load(Ordering::SeqCst)
    }

    /// Where (stream, seq) lies, from memory or the index. May be wrong when the index is.
    pub(super) fn find(&self, stream: StreamId, seq: u64) -> Option<Location> {
        let recent = self.locations.find(stream, seq);
        recent.or_else(|| self.index.as_ref()?.find(stream, seq))
    }
}
