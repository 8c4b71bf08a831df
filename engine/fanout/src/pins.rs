//! Pins: a thread's mark that it may be looking at chunks, so that none it can reach is used again.
//!
//! The rule, in three steps. (1) A writer unlinks a chunk, raises the epoch by one, and tags the
//! chunk with the value before. (2) A thread pins by copying the epoch to its slot and passing a
//! full fence before it looks at any lane. (3) The chunk is free when a scan, begun with a full
//! fence, finds no slot with a value at or below its tag. Why it holds: a pin with a higher value
//! has acquired the raise, so it sees the chunk unlinked; a pin that the scan did not see passed
//! its fence after the scan's, so it too sees the chunk unlinked; all others are seen, and keep the
//! chunk.

use crate::pool::Pool;
use crate::sync::{AtomicU64, Ordering, Padded, fence};

/// Threads that can hold a pin slot at the same time (one bit each in a word).
pub const PINS_MAX: usize = if cfg!(loom) { 3 } else { 64 };

/// A slot that pins nothing.
const IDLE: u64 = 0;

#[derive(Debug)]
pub(crate) struct Pins {
    epoch: Padded<AtomicU64>,
    claimed: Padded<AtomicU64>,
    slots: Box<[Padded<AtomicU64>]>,
}

impl Pins {
    pub(crate) fn new() -> Self {
        Self {
            epoch: Padded(AtomicU64::new(IDLE + 1)),
            claimed: Padded(AtomicU64::new(0)),
            slots: (0..PINS_MAX).map(|_| Padded(AtomicU64::new(IDLE))).collect(),
        }
    }

    /// Tags what the caller has just unlinked.
    pub(crate) fn retire(&self) -> u64 {
        self.epoch.0.fetch_add(1, Ordering::AcqRel)
    }

    /// What was retired with a tag below this is out of everybody's reach.
    pub(crate) fn oldest(&self) -> u64 {
        fence(Ordering::SeqCst);
        let mut claimed = self.claimed.0.load(Ordering::Acquire);
        let mut oldest = u64::MAX;
        while claimed != 0 {
            let slot = claimed.trailing_zeros() as usize;
            claimed &= claimed - 1;
            match self.slots[slot].0.load(Ordering::Acquire) {
                IDLE => {}
                epoch => oldest = oldest.min(epoch),
            }
        }
        oldest
    }

    fn claim(&self) -> Option<usize> {
        let mut claimed = self.claimed.0.load(Ordering::Relaxed);
        loop {
            let slot = (!claimed).trailing_zeros() as usize;
            if slot >= PINS_MAX {
                return None;
            }
            let with = claimed | (1 << slot);
            match self.claimed.0.compare_exchange(
                claimed,
                with,
                Ordering::AcqRel,
                Ordering::Relaxed,
            ) {
                Ok(_) => return Some(slot),
                Err(now) => claimed = now,
            }
        }
    }
}

/// A thread's right to pin. One per core thread, made once; giving it up frees its place.
#[derive(Debug)]
pub struct PinSlot {
    pool: Pool,
    slot: usize,
}

impl PinSlot {
    pub(crate) fn claim(pool: &Pool) -> Option<Self> {
        let slot = pool.pins().claim()?;
        Some(Self { pool: pool.clone(), slot })
    }

    /// Pins, for one flush over any number of lanes and readers. Costs one fence; keep it short,
    /// for chunks dropped meanwhile cannot be used again before the guard ends.
    pub fn pin(&mut self) -> PinGuard<'_> {
        let pins = self.pool.pins();
        let epoch = pins.epoch.0.load(Ordering::Acquire);
        pins.slots[self.slot].0.store(epoch, Ordering::Release);
        fence(Ordering::SeqCst);
        PinGuard { slot: self }
    }
}

impl Drop for PinSlot {
    fn drop(&mut self) {
        let pins = self.pool.pins();
        // A guard that was leaked by `mem::forget` must not keep chunks for ever.
        pins.slots[self.slot].0.store(IDLE, Ordering::Release);
        pins.claimed.0.fetch_and(!(1 << self.slot), Ordering::AcqRel);
    }
}

/// While it lives, no chunk that can be reached from a lane of its pool is used for anything else.
#[derive(Debug)]
pub struct PinGuard<'a> {
    slot: &'a mut PinSlot,
}

impl PinGuard<'_> {
    /// The pool whose chunks it guards.
    #[must_use]
    pub fn pool(&self) -> &Pool {
        &self.slot.pool
    }
}

impl Drop for PinGuard<'_> {
    fn drop(&mut self) {
        self.slot.pool.pins().slots[self.slot.slot].0.store(IDLE, Ordering::Release);
    }
}
