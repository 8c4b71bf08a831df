//! A chunk: fixed memory that one writer fills from front to back while others read what is filled.
#![expect(unsafe_code, reason = "a chunk is written above the head while it is read below it")]

use std::ptr::NonNull;

use crate::memory::{FileRange, Memory, Place};
use crate::sync::{AtomicBool, AtomicPtr, Ordering};

/// Bytes in a chunk: 64 KiB, so that a pool of them serves every lane. Tiny in loom models, where
/// each byte is watched.
pub const CHUNK_BYTES: usize = if cfg!(loom) { 4 } else { 64 * 1024 };

/// Memory of one stretch of a lane. The `next` pointer leads to the following stretch and stays
/// valid after the chunk was dropped from its lane, for those who still hold a pin.
pub(crate) struct Chunk {
    next: AtomicPtr<Chunk>,
    /// Where its bytes are. They are touched through raw pointers only.
    place: Place,
    /// A socket may hold on to its pages.
    lent: AtomicBool,
    /// One watched cell per byte: loom reports a read that races with a write.
    #[cfg(loom)]
    watched: [loom::cell::UnsafeCell<()>; CHUNK_BYTES],
}

impl Chunk {
    fn new(place: Place) -> Self {
        Self {
            next: AtomicPtr::new(std::ptr::null_mut()),
            place,
            lent: AtomicBool::new(false),
            #[cfg(loom)]
            watched: std::array::from_fn(|_| loom::cell::UnsafeCell::new(())),
        }
    }
}

/// The one owner of a chunk: decides when its memory is used again or given back. It does not free
/// on drop, because readers may still hold a pin: see [`Owned::free`].
pub(crate) struct Owned(NonNull<Chunk>);

// SAFETY: a chunk is plain memory and an atomic pointer; nothing in it belongs to a thread. What is
// done through an `Owned` (write, recycle, free) states its own conditions.
unsafe impl Send for Owned {}

impl Owned {
    pub(crate) fn allocate(memory: &Memory) -> Self {
        Self(NonNull::from(Box::leak(Box::new(Chunk::new(memory.take())))))
    }

    pub(crate) fn as_ptr(&self) -> *mut Chunk {
        self.0.as_ptr()
    }

    fn chunk(&self) -> &Chunk {
        // SAFETY: the pointer came from a leaked box and only `free` (which takes `self`) ends it.
        unsafe { self.0.as_ref() }
    }

    /// Leads readers of this chunk on to `next`. Must be done before the head moves past this
    /// chunk.
    pub(crate) fn link(&self, next: &Self) {
        self.chunk().next.store(next.as_ptr(), Ordering::Release);
    }

    /// Copies `bytes` to `offset`.
    ///
    /// # Safety
    /// The caller is the only writer of this chunk, and nobody may read this range before a later
    /// `Release` store (of the lane's head) that the reader acquires.
    pub(crate) unsafe fn write(&self, offset: usize, bytes: &[u8]) {
        assert!(offset + bytes.len() <= CHUNK_BYTES, "a write stays within its chunk");
        #[cfg(loom)]
        for cell in &self.chunk().watched[offset..offset + bytes.len()] {
            cell.with_mut(|_| ());
        }
        let start = self.chunk().place.start.as_ptr();
        // SAFETY: the range is within the chunk (asserted), `bytes` cannot overlap it since no
        // `&[u8]` of an unpublished range exists, and the caller promises that nobody reads or
        // writes it.
        unsafe { std::ptr::copy_nonoverlapping(bytes.as_ptr(), start.add(offset), bytes.len()) };
    }

    /// Makes a dropped chunk fit for use in another place. `None` when the system did not give it
    /// the new pages that a lent one needs; it is never used again then.
    ///
    /// # Safety
    /// Nobody can reach the chunk any more: it is unlinked, and no pin is older than that. `memory`
    /// is what it was allocated from.
    pub(crate) unsafe fn recycle(self, memory: &Memory) -> Option<Self> {
        #[cfg(loom)]
        for cell in &self.chunk().watched {
            cell.with_mut(|_| ());
        }
        let chunk = self.chunk();
        chunk.next.store(std::ptr::null_mut(), Ordering::Relaxed);
        if chunk.lent.load(Ordering::Relaxed) {
            // SAFETY: nobody reaches the chunk any more, as the caller promises, and so its bytes.
            if !unsafe { memory.renew(&chunk.place) } {
                return None;
            }
            chunk.lent.store(false, Ordering::Relaxed);
        }
        Some(self)
    }

    /// Gives the memory back.
    ///
    /// # Safety
    /// As for [`Owned::recycle`].
    pub(crate) unsafe fn free(self, memory: &Memory) {
        // SAFETY: made by `Box::leak` in `allocate`; nobody else reaches it, as the caller
        // promises, and `self` is consumed, so it is freed once.
        let chunk = unsafe { Box::from_raw(self.0.as_ptr()) };
        // SAFETY: its bytes are reached through it alone.
        unsafe { memory.give(&chunk.place) };
    }
}

/// The filled bytes `offset..offset + len` of a chunk.
///
/// # Safety
/// `chunk` is kept alive for `'a` (by a pin taken while the chunk was in its lane), and the range
/// lies below a head that the caller has acquired, so it is initialised and never written again.
pub(crate) unsafe fn filled<'a>(chunk: *const Chunk, offset: usize, len: usize) -> &'a [u8] {
    debug_assert!(offset + len <= CHUNK_BYTES, "a read stays within its chunk");
    // SAFETY: alive for `'a`, as the caller promises; only shared references to it exist.
    let chunk: &'a Chunk = unsafe { &*chunk };
    #[cfg(loom)]
    for cell in &chunk.watched[offset..offset + len] {
        cell.with(|_| ());
    }
    let start = chunk.place.start.as_ptr().cast_const();
    // SAFETY: within the chunk, initialised and immutable from now on, as the caller promises. The
    // writer makes no reference to its bytes, it copies through raw pointers to other ranges.
    unsafe { std::slice::from_raw_parts(start.add(offset), len) }
}

/// The bytes `offset..offset + len` of a chunk as a range of the pool's file, for a socket that
/// keeps their pages. `None` when the chunk is in no file.
///
/// # Safety
/// As for [`filled`].
pub(crate) unsafe fn lend(chunk: *const Chunk, offset: usize, len: usize) -> Option<FileRange> {
    // SAFETY: alive, as the caller promises.
    let chunk = unsafe { &*chunk };
    let range = chunk.place.range(offset, len)?;
    // Whoever uses the chunk again has seen the end of this reader's pin, and this with it.
    chunk.lent.store(true, Ordering::Relaxed);
    Some(range)
}

/// The chunk after this one.
///
/// # Safety
/// `chunk` is alive as for [`filled`], and the caller has acquired a head that lies beyond it.
pub(crate) unsafe fn following(chunk: *const Chunk) -> *const Chunk {
    // SAFETY: alive, as the caller promises.
    unsafe { &*chunk }.next.load(Ordering::Acquire)
}

impl std::fmt::Debug for Owned {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "Owned({:p})", self.0)
    }
}
