//! What a log is: one writer that appends, any number of readers, and the positions they speak of.

use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use convoke_model::StreamId;
use convoke_wire::{Hash, entry};

use crate::{AppendError, Error};

/// The end of a stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tail {
    /// Seq of the last entry; 0 when the stream is empty.
    pub seq: u64,
    /// The stream's hash after it.
    pub hash: Hash,
}

impl Default for Tail {
    fn default() -> Self {
        Self { seq: 0, hash: entry::CHAIN_START }
    }
}

/// Where the whole log stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Head {
    /// The writer's epoch.
    pub epoch: u32,
    /// Durable entries in all streams.
    pub size: u64,
    /// Root of the tree over them.
    pub root: Hash,
}

/// What an append made durable.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Durable {
    /// The epoch all its entries carry.
    pub epoch: u32,
    /// Place in the node's order of the first entry, from 0.
    pub first: u64,
    /// Entries in the log after it.
    pub size: u64,
}

/// One entry of a `Run`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stored {
    /// Its seq.
    pub seq: u64,
    /// Its place in the node's order, from 0.
    pub place: u64,
    /// Whether its payload is zeros in place of what was written.
    pub erased: bool,
    /// Its bytes within the run.
    pub range: Range<usize>,
}

/// Consecutive entries of one stream, as they are stored and sent.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Run {
    /// All entries' bytes, one after the other.
    pub bytes: Vec<u8>,
    /// What each of them is.
    pub entries: Vec<Stored>,
}

impl Run {
    /// Each entry with its bytes.
    pub fn iter(&self) -> impl Iterator<Item = (&Stored, &[u8])> {
        self.entries.iter().map(|entry| (entry, &self.bytes[entry.range.clone()]))
    }

    pub(crate) fn push(&mut self, seq: u64, place: u64, erased: bool, entry: &[u8]) {
        let from = self.bytes.len();
        self.bytes.extend_from_slice(entry);
        self.entries.push(Stored { seq, place, erased, range: from..self.bytes.len() });
    }
}

/// The reading side. Only durable entries are seen.
pub trait LogReader: Send + Sync {
    /// The end of a stream.
    fn tail(&self, stream: StreamId) -> Tail;
    /// Entries of `stream` from `from_seq` on, at most `max_bytes` of them but at least one where
    /// there is one. Payload digests are checked. Ends before an entry that cannot be read.
    ///
    /// # Errors
    /// `Damaged` with the exact range when `from_seq` itself cannot be read, or what the disk said.
    fn read(&self, stream: StreamId, from_seq: u64, max_bytes: usize) -> Result<Run, Error>;
    /// All streams that have entries, sorted, with their ends.
    fn streams(&self) -> Vec<(StreamId, Tail)>;
    /// Where the log stands.
    fn head(&self) -> Head;
    /// For how long the index has not held everything; zero while it does, or where there is none.
    /// Entries are read all the same, but a start would have to read the log from there on.
    fn index_lag(&self) -> Duration {
        Duration::ZERO
    }
}

/// The writing side, owned by one thread.
pub trait Journal: Send {
    /// Appends the entries in `parts` (whole entries one after the other) as one block; all are
    /// durable when this returns, or none was accepted. Every entry must carry the epoch of the log
    /// and the seq after its stream's tail, and its digest must be that of its payload (the shard
    /// computed it).
    ///
    /// # Errors
    /// `Refused` when the entries do not fit (nothing was written), `Failed` when the disk did not
    /// do it; after that nothing is accepted any more.
    fn append(&mut self, parts: &[&[u8]]) -> Result<Durable, AppendError>;
    /// A reader that may be used on any thread.
    fn reader(&self) -> Arc<dyn LogReader>;
    /// The epoch that entries must carry.
    fn epoch(&self) -> u32;
    /// Signs and stores where the log stands (at a session's end), and brings witness and index up
    /// to it; no effect where there is no key.
    ///
    /// # Errors
    /// What the disk said. The log goes on.
    fn checkpoint(&mut self) -> Result<(), Error>;
    /// Ends writing in good order.
    ///
    /// # Errors
    /// What the disk said. Everything accepted is durable all the same.
    fn close(self: Box<Self>) -> Result<(), Error>;
}
