//! Where entries lie: (stream, first seq) to (segment, offset, count), one line per stream and
//! block. What the index in fjall does not hold yet (or all of it, without an index) is held in
//! memory.

use std::collections::BTreeMap;
use std::sync::{PoisonError, RwLock};

use convoke_model::StreamId;

/// Where a run of a stream's entries lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Location {
    /// Segment number.
    pub(crate) segment: u64,
    /// First byte of the block.
    pub(crate) offset: u64,
    /// Seq of the stream's first entry in the block.
    pub(crate) first: u64,
    /// The stream's entries in the block.
    pub(crate) count: u32,
}

impl Location {
    /// Seq of the stream's last entry in the block.
    pub(crate) fn last(&self) -> u64 {
        self.first + u64::from(self.count) - 1
    }
}

/// Locations in memory.
#[derive(Debug, Default)]
pub(crate) struct Locations(RwLock<BTreeMap<(StreamId, u64), Location>>);

impl Locations {
    pub(crate) fn add(&self, lines: impl IntoIterator<Item = (StreamId, Location)>) {
        let mut map = self.0.write().unwrap_or_else(PoisonError::into_inner);
        map.extend(lines.into_iter().map(|(stream, line)| ((stream, line.first), line)));
    }

    /// The line that holds (stream, seq).
    pub(crate) fn find(&self, stream: StreamId, seq: u64) -> Option<Location> {
        let map = self.0.read().unwrap_or_else(PoisonError::into_inner);
        let (_, line) = map.range((stream, 0)..=(stream, seq)).next_back()?;
        (seq <= line.last()).then_some(*line)
    }

    /// Whether the index holds everything.
    pub(crate) fn is_empty(&self) -> bool {
        self.0.read().unwrap_or_else(PoisonError::into_inner).is_empty()
    }

    /// All lines, to be written to the index.
    pub(crate) fn all(&self) -> Vec<(StreamId, Location)> {
        let map = self.0.read().unwrap_or_else(PoisonError::into_inner);
        map.iter().map(|(&(stream, _), &line)| (stream, line)).collect()
    }

    /// Forgets lines that the index holds now.
    pub(crate) fn forget(&self, lines: &[(StreamId, Location)]) {
        let mut map = self.0.write().unwrap_or_else(PoisonError::into_inner);
        for (stream, line) in lines {
            map.remove(&(*stream, line.first));
        }
    }
}
