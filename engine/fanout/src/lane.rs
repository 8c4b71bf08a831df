//! A lane as its readers see it: where it begins, where it ends, and the bytes from a position on.
#![expect(unsafe_code, reason = "what is left of a lane goes back to its pool by hand")]

use crate::chunk::{CHUNK_BYTES, Chunk, Owned};
use crate::pins::PinGuard;
use crate::pool::Pool;
use crate::span::Span;
use crate::sync::{Arc, AtomicBool, AtomicPtr, AtomicU64, Mutex, Ordering, Padded};
use crate::writer::LaneWriter;

/// No frame was marked yet.
const UNMARKED: u64 = u64::MAX;

/// Bounds of a lane.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LaneLimits {
    /// Bytes that stay readable at most, and also the longest frame. The oldest are dropped a chunk
    /// at a time, so a full lane holds between this and one chunk less. At least two chunks are
    /// taken.
    pub bytes_max: usize,
}

/// The reader's position is no longer in the lane.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Overrun {
    /// The oldest frame start that is still in the lane.
    pub tail: u64,
}

impl std::fmt::Display for Overrun {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "the reader fell out of the lane, which now begins at {}", self.tail)
    }
}

impl std::error::Error for Overrun {}

/// A handle for readers; copies are the same lane. Positions are bytes since the lane was opened
/// and never repeat; every position that the lane hands out is the start of a frame.
#[derive(Clone)]
pub struct Lane(pub(crate) Arc<Shared>);

/// What writer and readers share. The writer alone stores to it.
pub(crate) struct Shared {
    pub(crate) head: Padded<AtomicU64>,
    pub(crate) tail: Padded<AtomicU64>,
    pub(crate) mark: AtomicU64,
    pub(crate) closed: AtomicBool,
    /// The chunk of stretch `n` is in place `n mod len`; empty when dropped. A power of two.
    pub(crate) table: Box<[AtomicPtr<Chunk>]>,
    /// What the writer held when it went away, until the last reader goes too.
    pub(crate) left: Mutex<Vec<Owned>>,
    pub(crate) pool: Pool,
}

pub(crate) fn open(pool: &Pool, limits: LaneLimits) -> (LaneWriter, Lane) {
    let bytes_max = limits.bytes_max.max(2 * CHUNK_BYTES);
    // A stretch of `bytes_max` touches at most this many chunks, wherever it begins.
    let places = (bytes_max / CHUNK_BYTES + 2).next_power_of_two();
    let shared = Arc::new(Shared {
        head: Padded(AtomicU64::new(0)),
        tail: Padded(AtomicU64::new(0)),
        mark: AtomicU64::new(UNMARKED),
        closed: AtomicBool::new(false),
        table: (0..places).map(|_| AtomicPtr::new(std::ptr::null_mut())).collect(),
        left: Mutex::new(Vec::new()),
        pool: pool.clone(),
    });
    (LaneWriter::new(shared.clone(), bytes_max), Lane(shared))
}

impl Lane {
    /// The position after the last complete frame.
    #[must_use]
    pub fn head(&self) -> u64 {
        self.0.head.0.load(Ordering::Acquire)
    }

    /// The position of the oldest frame that can still be read.
    #[must_use]
    pub fn tail(&self) -> u64 {
        self.0.tail.0.load(Ordering::Acquire)
    }

    /// The newest frame that the writer marked (a key frame), if it can still be read.
    #[must_use]
    pub fn mark(&self) -> Option<u64> {
        let mark = self.0.mark.load(Ordering::Acquire);
        (mark != UNMARKED && mark >= self.tail()).then_some(mark)
    }

    /// Where someone who comes new, or who fell out, should begin: at the mark, or else at the
    /// head.
    #[must_use]
    pub fn entrance(&self) -> u64 {
        let head = self.head();
        self.mark().unwrap_or(head)
    }

    /// Handles of this lane, the writer's own among them: about as many as it has readers.
    #[must_use]
    pub fn handles(&self) -> usize {
        Arc::strong_count(&self.0)
    }

    /// Whether the writer has closed the lane. What was appended before can still be read.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.0.closed.load(Ordering::Acquire)
    }

    /// Whether a reader at `position` has had everything and nothing will follow.
    #[must_use]
    pub fn is_finished(&self, position: u64) -> bool {
        // In this order: nothing is appended after the close, so the head is final once it is seen.
        self.is_closed() && position >= self.head()
    }

    /// Everything from `position` to the head. The position moves by what was really sent; a reader
    /// that has sent all continues at [`Span::end`].
    ///
    /// # Errors
    /// [`Overrun`] when the position was dropped; the reader catches up elsewhere or jumps.
    ///
    /// # Panics
    /// When the pin is of another pool.
    pub fn read<'a>(&'a self, position: u64, pin: &'a PinGuard<'_>) -> Result<Span<'a>, Overrun> {
        assert!(pin.pool().same(&self.0.pool), "a pin guards the lanes of its own pool only");
        let head = self.head();
        let tail = self.tail();
        if position < tail {
            return Err(Overrun { tail });
        }
        debug_assert!(position <= head, "a position comes from this lane");
        if position >= head {
            return Ok(Span::empty(position));
        }
        let place = self.place(position);
        let chunk = self.0.table[place].load(Ordering::Acquire);
        // The writer raises the tail before it empties or refills a place, so whoever sees the
        // place changed sees here that the position is gone.
        let tail = self.tail();
        if position < tail || chunk.is_null() {
            return Err(Overrun { tail });
        }
        // SAFETY: the chunk was in its lane after the pin was taken, and so are the chunks that
        // follow it: none is used again while the pin lives. It is the chunk of this position,
        // since the tail has not passed it. `position..head` is below a head that was acquired.
        Ok(unsafe { Span::new(chunk, position, head) })
    }

    fn place(&self, position: u64) -> usize {
        place(position / CHUNK_BYTES as u64, self.0.table.len())
    }
}

/// Where the chunk of a stretch is found in a table of `places`, which is a power of two.
pub(crate) fn place(stretch: u64, places: usize) -> usize {
    // Cutting off the high bits is the point: only the low ones choose the place.
    (stretch & (places as u64 - 1)) as usize
}

impl std::fmt::Debug for Lane {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "Lane({}..{})", self.tail(), self.head())
    }
}

impl Drop for Shared {
    fn drop(&mut self) {
        let left = match self.left.lock() {
            Ok(mut left) => std::mem::take(&mut *left),
            Err(poisoned) => std::mem::take(&mut *poisoned.into_inner()),
        };
        for chunk in left {
            // SAFETY: a span borrows a handle of its lane, and the last handle is gone, so nobody
            // reads these chunks; the writer is gone as well, since it holds a handle too.
            unsafe { self.pool.give(chunk) };
        }
    }
}
