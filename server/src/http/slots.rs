//! How many connections an address and everybody may hold.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex};

use crate::config::ConnectionLimits;

#[derive(Default)]
struct Counts {
    by_address: HashMap<IpAddr, Held>,
    total: usize,
}

#[derive(Clone, Copy, Default)]
struct Held {
    unadmitted: u32,
    admitted: u32,
}

/// The places for connections.
pub struct Slots {
    limits: ConnectionLimits,
    total_max: usize,
    counts: Mutex<Counts>,
}

impl Slots {
    /// Places by these limits; `files_max` is how many files the process may hold open, of which
    /// 256 stay free for the log and for administration.
    #[must_use]
    pub fn new(limits: ConnectionLimits, files_max: u64) -> Arc<Self> {
        let by_files = usize::try_from(files_max).unwrap_or(usize::MAX).saturating_sub(256).max(16);
        let total_max = match usize::try_from(limits.total_max) {
            Ok(wanted) if wanted > 0 => wanted.min(by_files),
            _ => by_files,
        };
        Arc::new(Self { limits, total_max, counts: Mutex::new(Counts::default()) })
    }

    /// A place for a new connection, or `None` when this address or everybody has too many.
    pub fn enter(self: &Arc<Self>, from: IpAddr) -> Option<Slot> {
        let from = from.to_canonical();
        let mut counts = self.counts.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if counts.total >= self.total_max {
            return None;
        }
        let held = counts.by_address.entry(from).or_default();
        if held.unadmitted >= self.limits.unadmitted_per_address_max {
            return None;
        }
        held.unadmitted += 1;
        counts.total += 1;
        Some(Slot { slots: Arc::clone(self), from, admitted: false })
    }

    /// Connections held now.
    pub fn total(&self) -> usize {
        self.counts.lock().unwrap_or_else(std::sync::PoisonError::into_inner).total
    }
}

/// A connection's place; given back when dropped.
pub struct Slot {
    slots: Arc<Slots>,
    from: IpAddr,
    admitted: bool,
}

impl Slot {
    /// Its ticket was good: from now on it counts among the admitted. `false` when its address
    /// holds too many of those already; then the connection should be closed.
    pub fn admit(&mut self) -> bool {
        if self.admitted {
            return true;
        }
        let mut counts =
            self.slots.counts.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let held = counts.by_address.entry(self.from).or_default();
        if held.admitted >= self.slots.limits.admitted_per_address_max {
            return false;
        }
        held.admitted += 1;
        held.unadmitted = held.unadmitted.saturating_sub(1);
        self.admitted = true;
        true
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        let mut counts =
            self.slots.counts.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        counts.total = counts.total.saturating_sub(1);
        let Some(held) = counts.by_address.get_mut(&self.from) else { return };
        let count = if self.admitted { &mut held.admitted } else { &mut held.unadmitted };
        *count = count.saturating_sub(1);
        if held.admitted == 0 && held.unadmitted == 0 {
            counts.by_address.remove(&self.from);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn admitted_connections_make_room_for_new_ones() {
        let limits = ConnectionLimits {
            unadmitted_per_address_max: 2,
            admitted_per_address_max: 3,
            total_max: 0,
        };
        let slots = Slots::new(limits, 10_000);
        let from = IpAddr::from([192, 0, 2, 1]);
        let mut held: Vec<Slot> = Vec::new();
        for _ in 0..3 {
            let mut slot = slots.enter(from).expect("a place");
            assert!(slot.admit());
            held.push(slot);
        }
        let mut fourth = slots.enter(from).expect("a place");
        assert!(!fourth.admit(), "three admitted at most");
        let fifth = slots.enter(from).expect("a place");
        assert!(slots.enter(from).is_none(), "two unadmitted at most");
        assert!(slots.enter(IpAddr::from([192, 0, 2, 2])).is_some(), "others are not held up");
        drop(fourth);
        assert!(slots.enter(from).is_some());
        drop(held);
        drop(fifth);
        assert_eq!(slots.total(), 0);
        let counts = slots.counts.lock().expect("not poisoned");
        assert!(counts.by_address.is_empty(), "nothing is remembered of who has gone");
    }

    #[test]
    fn everybody_together_is_bounded_by_the_open_files() {
        let slots = Slots::new(ConnectionLimits::default(), 256 + 20);
        let held: Vec<_> = (0..30).map(|n| slots.enter(IpAddr::from([192, 0, 2, n]))).collect();
        assert_eq!(held.iter().flatten().count(), 20);
    }
}
