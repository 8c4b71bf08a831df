//! The pool: chunks for all lanes of a process, used again and again, and no more than a bound.
#![expect(unsafe_code, reason = "chunks whose owner is gone are freed by hand")]

use crate::chunk::Owned;
use crate::lane::{self, Lane, LaneLimits};
use crate::memory::Memory;
use crate::pins::{PinSlot, Pins};
use crate::sync::{Arc, AtomicUsize, Ordering};
use crate::writer::LaneWriter;

/// Bounds of a pool, in chunks of [`crate::CHUNK_BYTES`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PoolLimits {
    /// Chunks that may exist at once, in use or kept.
    pub chunks_max: usize,
    /// Unused chunks that are kept for the next lane rather than given back to the allocator.
    pub kept_max: usize,
}

impl Default for PoolLimits {
    /// 1 GiB in use, 64 MiB kept.
    fn default() -> Self {
        Self { chunks_max: 16 * 1024, kept_max: 1024 }
    }
}

/// A handle on a pool of chunks and on the pins that guard them; copies are the same pool.
#[derive(Clone, Debug)]
pub struct Pool(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    limits: PoolLimits,
    pins: Pins,
    existing: AtomicUsize,
    kept: Kept,
    memory: Memory,
}

impl Pool {
    /// A pool without chunks: they are made on first need.
    #[must_use]
    pub fn new(limits: PoolLimits) -> Self {
        Self(Arc::new(Inner {
            limits,
            pins: Pins::new(),
            existing: AtomicUsize::new(0),
            kept: Kept::new(limits.kept_max.max(1)),
            memory: Memory::new(limits.chunks_max),
        }))
    }

    /// Opens a lane: its one writer, and the first handle for readers.
    #[must_use]
    pub fn lane(&self, limits: LaneLimits) -> (LaneWriter, Lane) {
        lane::open(self, limits)
    }

    /// A place for one thread's pins, or `None` when [`crate::PINS_MAX`] threads have one.
    #[must_use]
    pub fn pin_slot(&self) -> Option<PinSlot> {
        PinSlot::claim(self)
    }

    /// Chunks that exist now: in lanes, dropped but pinned, or kept.
    #[must_use]
    pub fn chunks(&self) -> usize {
        self.0.existing.load(Ordering::Relaxed)
    }

    /// Whether both handles are of one pool.
    #[must_use]
    pub fn same(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }

    /// The file whose ranges a span lends, where the system has such files.
    #[cfg(all(target_os = "linux", not(loom), not(miri)))]
    #[must_use]
    pub fn file(&self) -> Option<rustix::fd::BorrowedFd<'_>> {
        self.0.memory.file()
    }

    pub(crate) fn memory(&self) -> &Memory {
        &self.0.memory
    }

    pub(crate) fn pins(&self) -> &Pins {
        &self.0.pins
    }

    /// A chunk that nobody else knows, or `None` at the bound.
    pub(crate) fn take(&self) -> Option<Owned> {
        if let Some(chunk) = self.0.kept.pop() {
            return Some(chunk);
        }
        let before = self.0.existing.fetch_add(1, Ordering::Relaxed);
        if before >= self.0.limits.chunks_max {
            self.0.existing.fetch_sub(1, Ordering::Relaxed);
            return None;
        }
        Some(Owned::allocate(&self.0.memory))
    }

    /// Takes back a chunk.
    ///
    /// # Safety
    /// Nobody can reach the chunk any more: it is unlinked, and no pin is older than that, or every
    /// handle of its lane is gone.
    pub(crate) unsafe fn give(&self, chunk: Owned) {
        // SAFETY: the caller promises what `recycle` asks for.
        let Some(chunk) = (unsafe { chunk.recycle(&self.0.memory) }) else { return };
        if let Some(chunk) = self.0.kept.push(chunk) {
            self.0.existing.fetch_sub(1, Ordering::Relaxed);
            // SAFETY: as above; the queue handed the chunk back, so it is ours alone.
            unsafe { chunk.free(&self.0.memory) };
        }
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        while let Some(chunk) = self.kept.pop() {
            // SAFETY: kept chunks are in no lane, and the pool's last handle is gone.
            unsafe { chunk.free(&self.memory) };
        }
    }
}

/// Unused chunks, shared by writers on several threads without a lock.
#[cfg(not(loom))]
#[derive(Debug)]
struct Kept(crossbeam::queue::ArrayQueue<Owned>);

#[cfg(not(loom))]
impl Kept {
    fn new(kept_max: usize) -> Self {
        Self(crossbeam::queue::ArrayQueue::new(kept_max))
    }

    fn pop(&self) -> Option<Owned> {
        self.0.pop()
    }

    /// Gives the chunk back when there is no place for it.
    fn push(&self, chunk: Owned) -> Option<Owned> {
        self.0.push(chunk).err()
    }
}

/// The same behind loom's lock: the queue is a library's, and not what the models are about.
#[cfg(loom)]
#[derive(Debug)]
struct Kept(crate::sync::Mutex<Vec<Owned>>, usize);

#[cfg(loom)]
impl Kept {
    fn new(kept_max: usize) -> Self {
        Self(crate::sync::Mutex::new(Vec::new()), kept_max)
    }

    fn pop(&self) -> Option<Owned> {
        self.0.lock().expect("no model panics while it holds the lock").pop()
    }

    fn push(&self, chunk: Owned) -> Option<Owned> {
        let mut kept = self.0.lock().expect("no model panics while it holds the lock");
        if kept.len() == self.1 {
            return Some(chunk);
        }
        kept.push(chunk);
        None
    }
}
