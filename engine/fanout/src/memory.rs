//! Where the bytes of chunks are: places of one file in memory, so that a socket can be lent what
//! it has to send instead of copying it; or the allocator, where there is no such file.
#![expect(unsafe_code, reason = "chunks live in a mapping, and a lent one gets new pages")]

use std::ptr::NonNull;

use crate::chunk::CHUNK_BYTES;

/// A stretch of filled bytes as a range of the pool's file, for `sendfile`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FileRange {
    /// Where it begins in the file.
    pub offset: u64,
    /// Its bytes.
    pub len: usize,
}

/// The bytes of one chunk.
#[derive(Debug)]
pub(crate) struct Place {
    pub(crate) start: NonNull<u8>,
    /// Its number in the file; `None` when it is of the allocator.
    number: Option<u32>,
}

impl Place {
    /// Bytes `offset..offset + len` of it as a range of the file, if it is in one.
    pub(crate) fn range(&self, offset: usize, len: usize) -> Option<FileRange> {
        let offset = u64::from(self.number?) * CHUNK_BYTES as u64 + offset as u64;
        Some(FileRange { offset, len })
    }
}

fn of_allocator() -> Place {
    let bytes = Box::new([const { std::mem::MaybeUninit::<u8>::uninit() }; CHUNK_BYTES]);
    Place { start: NonNull::from(Box::leak(bytes)).cast(), number: None }
}

/// # Safety
/// `place` is of [`of_allocator`], and nobody reads or writes it any more.
unsafe fn to_allocator(place: &Place) {
    let bytes = place.start.cast::<[std::mem::MaybeUninit<u8>; CHUNK_BYTES]>();
    // SAFETY: made by `Box::leak` from a box of this very type, as the caller promises.
    drop(unsafe { Box::from_raw(bytes.as_ptr()) });
}

#[cfg(all(target_os = "linux", not(loom), not(miri)))]
pub(crate) use mapped::Memory;
#[cfg(not(all(target_os = "linux", not(loom), not(miri))))]
pub(crate) use plain::Memory;

/// Places of a file. What a socket was lent stays as it was when the place is used again: the pages
/// are taken out of the file then, and whoever still sends them keeps them alone.
#[cfg(all(target_os = "linux", not(loom), not(miri)))]
mod mapped {
    use std::ptr::NonNull;
    use std::sync::Mutex;
    use std::sync::atomic::{AtomicU32, Ordering};

    use rustix::fd::{AsFd as _, BorrowedFd, OwnedFd};
    use rustix::fs::{FallocateFlags, MemfdFlags, fallocate, ftruncate, memfd_create};
    use rustix::mm::{Advice, MapFlags, ProtFlags, madvise, mmap, munmap};
    use rustix::process::{Resource, getrlimit};

    use super::{Place, of_allocator, to_allocator};
    use crate::chunk::CHUNK_BYTES;

    #[derive(Debug)]
    pub(crate) struct Memory(Option<Mapping>);

    #[derive(Debug)]
    struct Mapping {
        file: OwnedFd,
        base: NonNull<u8>,
        places: u32,
        /// Places from here on were never used.
        fresh: AtomicU32,
        /// Places that were given back.
        free: Mutex<Vec<u32>>,
    }

    // SAFETY: the mapping is plain memory that lives as long as this value; who may touch which
    // place of it is decided by the chunks.
    unsafe impl Send for Mapping {}
    // SAFETY: the same; its own fields are atomic or behind a lock.
    unsafe impl Sync for Mapping {}

    impl Memory {
        /// Room for so many chunks. It costs address space only until chunks are written.
        pub(crate) fn new(chunks_max: usize) -> Self {
            Self(Mapping::new(chunks_max))
        }

        /// The file that ranges are of.
        pub(crate) fn file(&self) -> Option<BorrowedFd<'_>> {
            self.0.as_ref().map(|mapping| mapping.file.as_fd())
        }

        pub(crate) fn take(&self) -> Place {
            self.0.as_ref().and_then(Mapping::take).unwrap_or_else(of_allocator)
        }

        /// Makes a place that was lent fit to be written again: with other pages. False when that
        /// failed, and then it must not be written any more.
        ///
        /// # Safety
        /// Nobody reads or writes the place in this process any more.
        pub(crate) unsafe fn renew(&self, place: &Place) -> bool {
            let (Some(mapping), Some(number)) = (&self.0, place.number) else { return true };
            if !mapping.punch(number) {
                return false;
            }
            // One call for all pages rather than a fault for each. Where the kernel does not know
            // it, they come one by one.
            // SAFETY: the range is a place of the mapping, and populating it changes no byte.
            let _ = unsafe {
                madvise(place.start.as_ptr().cast(), CHUNK_BYTES, Advice::LinuxPopulateWrite)
            };
            true
        }

        /// Takes a place back.
        ///
        /// # Safety
        /// `place` is of this memory, and nobody reads or writes it any more.
        pub(crate) unsafe fn give(&self, place: &Place) {
            let (Some(mapping), Some(number)) = (&self.0, place.number) else {
                // SAFETY: it is not of the file, so it is of the allocator.
                return unsafe { to_allocator(place) };
            };
            // A place whose pages cannot be let go is not used again.
            if mapping.punch(number) {
                match mapping.free.lock() {
                    Ok(mut free) => free.push(number),
                    Err(poisoned) => poisoned.into_inner().push(number),
                }
            }
        }
    }

    impl Mapping {
        fn new(chunks_max: usize) -> Option<Self> {
            let places = u32::try_from(chunks_max).ok()?;
            let bytes = chunks_max.checked_mul(CHUNK_BYTES).filter(|bytes| *bytes > 0)?;
            // Beyond a bound on files the system would end the process rather than say no.
            if getrlimit(Resource::Fsize).current.is_some_and(|most| most < bytes as u64) {
                return None;
            }
            let file = memfd_create("convoke-lanes", MemfdFlags::CLOEXEC).ok()?;
            ftruncate(&file, bytes as u64).ok()?;
            let access = ProtFlags::READ | ProtFlags::WRITE;
            let flags = MapFlags::SHARED | MapFlags::NORESERVE;
            // SAFETY: a new mapping at a place that the kernel chooses, of a file that nobody else
            // has and that is never made shorter.
            let base =
                unsafe { mmap(std::ptr::null_mut(), bytes, access, flags, &file, 0) }.ok()?;
            let base = NonNull::new(base.cast())?;
            let (fresh, free) = (AtomicU32::new(0), Mutex::new(Vec::new()));
            Some(Self { file, base, places, fresh, free })
        }

        fn take(&self) -> Option<Place> {
            let again = match self.free.lock() {
                Ok(mut free) => free.pop(),
                Err(poisoned) => poisoned.into_inner().pop(),
            };
            let number = match again {
                Some(number) => number,
                None => self
                    .fresh
                    .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |next| {
                        (next < self.places).then_some(next + 1)
                    })
                    .ok()?,
            };
            // SAFETY: the mapping has `places` places, and the number is below that.
            let start = unsafe { self.base.add(number as usize * CHUNK_BYTES) };
            Some(Place { start, number: Some(number) })
        }

        /// Takes the pages of a place out of the file: it reads as zeros then, and sockets that
        /// were lent the pages keep them.
        fn punch(&self, number: u32) -> bool {
            let how = FallocateFlags::PUNCH_HOLE | FallocateFlags::KEEP_SIZE;
            let offset = u64::from(number) * CHUNK_BYTES as u64;
            loop {
                match fallocate(&self.file, how, offset, CHUNK_BYTES as u64) {
                    Err(rustix::io::Errno::INTR) => {}
                    done => return done.is_ok(),
                }
            }
        }
    }

    impl Drop for Mapping {
        fn drop(&mut self) {
            let bytes = self.places as usize * CHUNK_BYTES;
            // SAFETY: mapped by `new` with this length; the pool's last handle is gone, and with
            // it every lane, span and chunk. A mapping that cannot be removed is left.
            let _ = unsafe { munmap(self.base.as_ptr().cast(), bytes) };
        }
    }
}

/// Memory without a file: for models, and where there are no such files.
#[cfg(not(all(target_os = "linux", not(loom), not(miri))))]
mod plain {
    use super::{Place, of_allocator, to_allocator};

    #[derive(Debug)]
    pub(crate) struct Memory;

    impl Memory {
        pub(crate) fn new(_chunks_max: usize) -> Self {
            Self
        }

        pub(crate) fn take(&self) -> Place {
            of_allocator()
        }

        /// # Safety
        /// None is needed: nothing of the allocator's is ever lent.
        pub(crate) unsafe fn renew(&self, _place: &Place) -> bool {
            true
        }

        /// # Safety
        /// As for the memory with a file.
        pub(crate) unsafe fn give(&self, place: &Place) {
            // SAFETY: every place here is of the allocator; the rest the caller promises.
            unsafe { to_allocator(place) };
        }
    }
}
