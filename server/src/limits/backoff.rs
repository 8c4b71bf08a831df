//! Waiting after failures in a row: longer each time, never for ever, so nobody is locked out by
//! others.

use std::collections::HashMap;
use std::sync::Mutex;
use std::time::Duration;

use super::KEYS_MAX;

#[derive(Clone, Copy)]
struct Row {
    failures: u32,
    until: Duration,
}

/// Failures in a row by key: the first few are free, then 1 s, 2 s, 4 s ... up to a limit.
pub struct Backoff {
    free: u32,
    longest: Duration,
    rows: Mutex<HashMap<String, Row>>,
}

impl Backoff {
    /// Waits start after `free` failures and never exceed `longest`.
    #[must_use]
    pub fn new(free: u32, longest: Duration) -> Self {
        Self { free, longest, rows: Mutex::new(HashMap::new()) }
    }

    /// How long the key still has to wait; zero when it may try.
    pub fn wait(&self, key: &str, now: Duration) -> Duration {
        let rows = self.rows.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        rows.get(key).map_or(Duration::ZERO, |row| row.until.saturating_sub(now))
    }

    /// One more failure. Keys of unknown accounts count like those of known ones.
    pub fn failed(&self, key: &str, now: Duration) {
        let mut rows = self.rows.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if rows.len() >= KEYS_MAX && !rows.contains_key(key) {
            // A row that was quiet for the longest wait is as good as none.
            let longest = self.longest;
            rows.retain(|_, row| row.until + longest > now);
            if rows.len() >= KEYS_MAX {
                rows.retain(|_, row| row.until > now);
            }
            if rows.len() >= KEYS_MAX {
                return;
            }
        }
        let row = rows.entry(key.to_owned()).or_insert(Row { failures: 0, until: now });
        row.failures = row.failures.saturating_add(1);
        let over = row.failures.saturating_sub(self.free);
        let wait = match over {
            0 => Duration::ZERO,
            n => Duration::from_secs(1_u64 << (n - 1).min(30)).min(self.longest),
        };
        row.until = now + wait;
    }

    /// A success ends the row.
    pub fn succeeded(&self, key: &str) {
        let mut rows = self.rows.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        rows.remove(key);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_up_to_the_limit_and_end_with_a_success() {
        let backoff = Backoff::new(5, Duration::from_secs(900));
        let mut now = Duration::ZERO;
        let mut waits = Vec::new();
        for _ in 0..20 {
            backoff.failed("ann", now);
            let wait = backoff.wait("ann", now);
            waits.push(wait.as_secs());
            now += wait;
        }
        assert_eq!(&waits[..9], &[0, 0, 0, 0, 0, 1, 2, 4, 8]);
        assert_eq!(waits.last(), Some(&900));
        assert_eq!(backoff.wait("bob", now), Duration::ZERO);
        backoff.succeeded("ann");
        backoff.failed("ann", now);
        assert_eq!(backoff.wait("ann", now), Duration::ZERO);
    }
}
