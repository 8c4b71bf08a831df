//! How many connections an address and everybody may hold.
//!
//! A connection of a trusted proxy's is everybody's, one request after the other: it counts for
//! whoever sent the one that is being answered, and for nobody in between.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

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
        let mut counts = self.counts();
        if counts.total >= self.total_max || !counts.take(from, &self.limits) {
            return None;
        }
        counts.total += 1;
        Some(Slot { slots: Arc::clone(self), of: Some(from), shared: false, admitted: false })
    }

    /// A place for a new connection of a trusted proxy's, or `None` when everybody has too many.
    pub fn enter_for_others(self: &Arc<Self>) -> Option<Slot> {
        let mut counts = self.counts();
        if counts.total >= self.total_max {
            return None;
        }
        counts.total += 1;
        Some(Slot { slots: Arc::clone(self), of: None, shared: true, admitted: false })
    }

    /// Connections held now.
    pub fn total(&self) -> usize {
        self.counts().total
    }

    fn counts(&self) -> MutexGuard<'_, Counts> {
        self.counts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Counts {
    /// Counts one more that is not admitted, unless this address has too many.
    fn take(&mut self, from: IpAddr, limits: &ConnectionLimits) -> bool {
        let held = self.by_address.entry(from).or_default();
        if held.unadmitted >= limits.unadmitted_per_address_max {
            return false;
        }
        held.unadmitted += 1;
        true
    }

    fn give_back(&mut self, from: IpAddr, admitted: bool) {
        let Some(held) = self.by_address.get_mut(&from) else { return };
        let count = if admitted { &mut held.admitted } else { &mut held.unadmitted };
        *count = count.saturating_sub(1);
        if held.admitted == 0 && held.unadmitted == 0 {
            self.by_address.remove(&from);
        }
    }
}

/// A connection's place; given back when dropped.
pub struct Slot {
    slots: Arc<Slots>,
    /// Whose it is now.
    of: Option<IpAddr>,
    /// It is a proxy's, and whose changes.
    shared: bool,
    admitted: bool,
}

impl Slot {
    /// A request of this address came: a proxy's connection is theirs until [`Slot::release`].
    /// `false` when they hold too many; then the request should be refused.
    pub fn serve(&mut self, from: IpAddr) -> bool {
        if !self.shared || self.admitted {
            return true;
        }
        self.release();
        let from = from.to_canonical();
        let taken = self.slots.counts().take(from, &self.slots.limits);
        self.of = taken.then_some(from);
        taken
    }

    /// The request was answered, and the connection is still there for others.
    pub fn release(&mut self) {
        if self.shared
            && !self.admitted
            && let Some(from) = self.of.take()
        {
            self.slots.counts().give_back(from, false);
        }
    }

    /// Its ticket was good: from now on it counts among the admitted. `false` when its address
    /// holds too many of those already; then the connection should be closed.
    pub fn admit(&mut self) -> bool {
        if self.admitted {
            return true;
        }
        let Some(from) = self.of else { return false };
        let mut counts = self.slots.counts();
        let held = counts.by_address.entry(from).or_default();
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
        let mut counts = self.slots.counts();
        counts.total = counts.total.saturating_sub(1);
        if let Some(from) = self.of {
            counts.give_back(from, self.admitted);
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
        assert!(slots.counts().by_address.is_empty(), "nothing is remembered of who has gone");
    }

    #[test]
    fn a_connection_of_a_proxy_counts_for_whoever_sent_what_is_answered() {
        let limits = ConnectionLimits {
            unadmitted_per_address_max: 1,
            admitted_per_address_max: 1,
            total_max: 16,
        };
        let slots = Slots::new(limits, 10_000);
        let [ann, bob] = [1, 2].map(|last| IpAddr::from([192, 0, 2, last]));
        let mut held: Vec<Slot> = (0..16).filter_map(|_| slots.enter_for_others()).collect();
        assert_eq!(held.len(), 16, "the proxy's own address has no limit");
        assert!(slots.enter_for_others().is_none(), "everybody together has one");
        let [first, second, third, ..] = held.as_mut_slice() else { panic!("16 are three") };
        assert!(first.serve(ann));
        assert!(!second.serve(ann), "one at a time");
        assert!(second.serve(bob) && !third.serve(bob), "others are not held up");
        first.release();
        assert!(third.serve(ann), "and then the next");
        assert!(third.serve(ann), "one request after the other");
        assert!(third.admit() && first.serve(ann), "who is admitted makes room");
        assert!(!first.admit(), "one admitted at most");
        third.release();
        assert!(!first.admit(), "an admitted one stays whose it is");
        assert!(!held[5].admit(), "nobody's cannot be admitted");
        drop(held);
        assert_eq!(slots.total(), 0);
        assert!(slots.counts().by_address.is_empty(), "nothing is remembered of who has gone");
    }

    #[test]
    fn everybody_together_is_bounded_by_the_open_files() {
        let slots = Slots::new(ConnectionLimits::default(), 256 + 20);
        let held: Vec<_> = (0..30).map(|n| slots.enter(IpAddr::from([192, 0, 2, n]))).collect();
        assert_eq!(held.iter().flatten().count(), 20);
    }
}
