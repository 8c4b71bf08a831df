//! The log in memory: what tests and the simulation write to. Nothing outlives it.

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard};

use convoke_model::StreamId;

use crate::fence;
use crate::journal::{Durable, Head, Journal, LogReader, Run, Tail};
use crate::tree::Tree;
use crate::{AppendError, Error};

/// A log in memory.
#[derive(Debug)]
pub struct Memory {
    epoch: u32,
    state: Arc<RwLock<State>>,
}

#[derive(Debug, Default)]
struct State {
    epoch: u32,
    tree: Tree,
    streams: BTreeMap<StreamId, (Tail, Vec<Kept>)>,
}

/// An entry: its place and its bytes.
type Kept = (u64, Vec<u8>);

impl Memory {
    /// An empty log, epoch 1.
    #[must_use]
    pub fn new() -> Self {
        Self { epoch: 1, state: Arc::new(RwLock::new(State { epoch: 1, ..State::default() })) }
    }

    /// The same log taken over by a new writer: one epoch more, and the old one's appends are
    /// refused.
    #[must_use]
    pub fn take_over(&self) -> Self {
        let mut state = self.state.write().unwrap_or_else(PoisonError::into_inner);
        state.epoch += 1;
        Self { epoch: state.epoch, state: Arc::clone(&self.state) }
    }
}

impl Default for Memory {
    fn default() -> Self {
        Self::new()
    }
}

impl Journal for Memory {
    fn append(&mut self, parts: &[&[u8]]) -> Result<Durable, AppendError> {
        let mut state = self.state.write().unwrap_or_else(PoisonError::into_inner);
        if state.epoch != self.epoch {
            return Err(AppendError::Failed(Error::Stopped));
        }
        let tail_of = |stream| state.streams.get(&stream).map_or_else(Tail::default, |s| s.0);
        let admitted = fence::admit(parts, self.epoch, tail_of)?;
        let first = state.tree.size();
        admitted.leaves.iter().for_each(|&leaf| state.tree.push(leaf));
        let bytes = parts.concat();
        let mut rest = &bytes[..];
        let mut place = first;
        while let Ok(entry) = convoke_wire::entry::EntryRef::read(rest) {
            let stream = state.streams.entry(entry.header.stream).or_default();
            stream.1.push((place, entry.bytes.to_vec()));
            rest = &rest[entry.bytes.len()..];
            place += 1;
        }
        for (id, (tail, ..)) in admitted.tails {
            state.streams.entry(id).or_default().0 = tail;
        }
        Ok(Durable { epoch: self.epoch, first, size: state.tree.size() })
    }

    fn reader(&self) -> Arc<dyn LogReader> {
        Arc::new(MemoryReader(Arc::clone(&self.state)))
    }

    fn epoch(&self) -> u32 {
        self.epoch
    }

    fn checkpoint(&mut self) -> Result<(), Error> {
        Ok(())
    }

    fn close(self: Box<Self>) -> Result<(), Error> {
        Ok(())
    }
}

struct MemoryReader(Arc<RwLock<State>>);

impl MemoryReader {
    fn state(&self) -> RwLockReadGuard<'_, State> {
        self.0.read().unwrap_or_else(PoisonError::into_inner)
    }
}

impl LogReader for MemoryReader {
    fn tail(&self, stream: StreamId) -> Tail {
        self.state().streams.get(&stream).map_or_else(Tail::default, |s| s.0)
    }

    fn read(&self, stream: StreamId, from_seq: u64, max_bytes: usize) -> Result<Run, Error> {
        let state = self.state();
        let mut run = Run::default();
        let Some((_, entries)) = state.streams.get(&stream) else { return Ok(run) };
        let skip = usize::try_from(from_seq.saturating_sub(1)).unwrap_or(usize::MAX);
        for (seq, (place, bytes)) in (from_seq.max(1)..).zip(entries.iter().skip(skip)) {
            if !run.entries.is_empty() && run.bytes.len() + bytes.len() > max_bytes {
                break;
            }
            run.push(seq, *place, false, bytes);
        }
        Ok(run)
    }

    fn streams(&self) -> Vec<(StreamId, Tail)> {
        self.state().streams.iter().map(|(&id, stream)| (id, stream.0)).collect()
    }

    fn head(&self) -> Head {
        let state = self.state();
        Head { epoch: state.epoch, size: state.tree.size(), root: state.tree.root() }
    }
}
