//! How often something happened by key within a window, for alarms.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::Mutex;
use std::time::Duration;

use super::KEYS_MAX;

/// Counts by key; a count begins anew when its window is over.
pub struct Tally<K> {
    window: Duration,
    counts: Mutex<HashMap<K, (Duration, u32)>>,
}

impl<K: Eq + Hash> Tally<K> {
    /// Counts within windows of this length.
    #[must_use]
    pub fn new(window: Duration) -> Self {
        Self { window, counts: Mutex::new(HashMap::new()) }
    }

    /// One more: how many that makes. Keys beyond the bound count as 1 each time.
    pub fn add(&self, key: K, now: Duration) -> u32 {
        let mut counts = self.counts.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let window = self.window;
        if counts.len() >= KEYS_MAX && !counts.contains_key(&key) {
            counts.retain(|_, (since, _)| *since + window > now);
            if counts.len() >= KEYS_MAX {
                return 1;
            }
        }
        let (since, count) = counts.entry(key).or_insert((now, 0));
        if *since + window <= now {
            (*since, *count) = (now, 0);
        }
        *count = count.saturating_add(1);
        *count
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_count_begins_anew_after_its_window() {
        let tally = Tally::new(Duration::from_secs(60));
        let at = Duration::from_secs;
        assert_eq!((1..=3).map(|n| tally.add("a", at(n))).collect::<Vec<_>>(), [1, 2, 3]);
        assert_eq!(tally.add("b", at(3)), 1);
        assert_eq!(tally.add("a", at(61)), 1);
    }
}
