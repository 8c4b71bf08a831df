//! A chunk: fixed memory that one writer fills from front to back while others read what is filled.
#![expect(unsafe_code, reason = "a chunk is written above the head while it is read below it")]

use std::cell::UnsafeCell;
use std::mem::MaybeUninit;
use std::ptr::NonNull;

use crate::sync::{AtomicPtr, Ordering};

/// Bytes in a chunk: 64 KiB, so that a pool of them serves every lane. Tiny in loom models, where
/// each byte is watched.
pub const CHUNK_BYTES: usize = if cfg!(loom) { 4 } else { 64 * 1024 };

/// Memory of one stretch of a lane. The `next` pointer leads to the following stretch and stays
/// valid after the chunk was dropped from its lane, for those who still hold a pin.
pub(crate) struct Chunk {
    next: AtomicPtr<Chunk>,
    bytes: UnsafeCell<[MaybeUninit<u8>; CHUNK_BYTES]>,
    /// One watched cell per byte: loom reports a read that races with a write.
    #[cfg(loom)]
    watched: [loom::cell::UnsafeCell<()>; CHUNK_BYTES],
}

impl Chunk {
    fn new() -> Self {
        Self {
            next: AtomicPtr::new(std::ptr::null_mut()),
            bytes: UnsafeCell::new([const { MaybeUninit::uninit() }; CHUNK_BYTES]),
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
    pub(crate) fn allocate() -> Self {
        Self(NonNull::from(Box::leak(Box::new(Chunk::new()))))
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
        let start = self.chunk().bytes.get().cast::<u8>();
        // SAFETY: the range is within the chunk (asserted), `bytes` cannot overlap it since no
        // `&[u8]` of an unpublished range exists, and the caller promises that nobody reads or
        // writes it.
        unsafe { std::ptr::copy_nonoverlapping(bytes.as_ptr(), start.add(offset), bytes.len()) };
    }

    /// Makes a dropped chunk fit for use in another place.
    ///
    /// # Safety
    /// Nobody can reach the chunk any more: it is unlinked, and no pin is older than that.
    pub(crate) unsafe fn recycle(self) -> Self {
        #[cfg(loom)]
        for cell in &self.chunk().watched {
            cell.with_mut(|_| ());
        }
        self.chunk().next.store(std::ptr::null_mut(), Ordering::Relaxed);
        self
    }

    /// Gives the memory back to the allocator.
    ///
    /// # Safety
    /// As for [`Owned::recycle`].
    pub(crate) unsafe fn free(self) {
        // SAFETY: made by `Box::leak` in `allocate`; nobody else reaches it, as the caller
        // promises, and `self` is consumed, so it is freed once.
        drop(unsafe { Box::from_raw(self.0.as_ptr()) });
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
    let start = chunk.bytes.get().cast::<u8>().cast_const();
    // SAFETY: within the chunk, initialised and immutable from now on, as the caller promises. The
    // writer makes no reference to the array, it copies through raw pointers to other ranges.
    unsafe { std::slice::from_raw_parts(start.add(offset), len) }
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
