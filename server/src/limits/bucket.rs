//! Token buckets by key: so many at once, so many in a while.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::Mutex;
use std::time::Duration;

use super::KEYS_MAX;

/// How many at once, and how fast they come back.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rate {
    /// Tokens a full bucket holds.
    pub burst: f64,
    /// Tokens coming back in a second.
    pub per_second: f64,
}

impl Rate {
    /// `count` in a minute, `burst` at once.
    #[must_use]
    pub fn per_minute(count: u32, burst: u32) -> Self {
        Self { burst: f64::from(burst), per_second: f64::from(count) / 60.0 }
    }

    /// `count` in a second and at once.
    #[must_use]
    pub fn per_second(count: u32) -> Self {
        Self { burst: f64::from(count), per_second: f64::from(count) }
    }

    /// This rate for a group of `n` keys.
    #[must_use]
    pub fn times(self, n: f64) -> Self {
        Self { burst: self.burst * n, per_second: self.per_second * n }
    }
}

#[derive(Clone, Copy)]
struct Bucket {
    tokens: f64,
    at: Duration,
}

/// One bucket a key. Keys whose bucket is full again are forgotten.
pub struct Buckets<K> {
    rate: Rate,
    buckets: Mutex<HashMap<K, Bucket>>,
}

impl<K: Eq + Hash + Clone> Buckets<K> {
    /// Buckets of one rate.
    #[must_use]
    pub fn new(rate: Rate) -> Self {
        Self { rate, buckets: Mutex::new(HashMap::new()) }
    }

    /// How long until the key has a token again; zero when it has one.
    pub fn wait(&self, key: &K, now: Duration) -> Duration {
        let buckets = self.buckets.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let tokens = buckets.get(key).map_or(self.rate.burst, |bucket| self.filled(*bucket, now));
        self.until_one(tokens)
    }

    /// Whether the key owes nothing: it never took a token, or has them all back.
    pub fn is_full(&self, key: &K, now: Duration) -> bool {
        let buckets = self.buckets.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        buckets.get(key).is_none_or(|bucket| self.filled(*bucket, now) >= self.rate.burst)
    }

    /// Takes a token if there is one.
    ///
    /// # Errors
    /// How long to wait for the next.
    pub fn take(&self, key: &K, now: Duration) -> Result<(), Duration> {
        let mut buckets = self.buckets.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let full = Bucket { tokens: self.rate.burst, at: now };
        let tokens = self.filled(buckets.get(key).copied().unwrap_or(full), now);
        if tokens < 1.0 {
            return Err(self.until_one(tokens));
        }
        if buckets.len() >= KEYS_MAX && !buckets.contains_key(key) {
            self.forget(&mut buckets, now);
        }
        buckets.insert(key.clone(), Bucket { tokens: tokens - 1.0, at: now });
        Ok(())
    }

    /// Gives a token back that was taken for nothing.
    pub fn give_back(&self, key: &K, now: Duration) {
        let mut buckets = self.buckets.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if let Some(bucket) = buckets.get(key).copied() {
            let tokens = (self.filled(bucket, now) + 1.0).min(self.rate.burst);
            buckets.insert(key.clone(), Bucket { tokens, at: now });
        }
    }

    fn filled(&self, bucket: Bucket, now: Duration) -> f64 {
        let back = now.saturating_sub(bucket.at).as_secs_f64() * self.rate.per_second;
        (bucket.tokens + back).min(self.rate.burst)
    }

    fn until_one(&self, tokens: f64) -> Duration {
        if tokens >= 1.0 {
            return Duration::ZERO;
        }
        let wait = Duration::from_secs_f64((1.0 - tokens) / self.rate.per_second.max(1e-6));
        // What is not there is waited for, however short: zero means that it is.
        wait.max(Duration::from_nanos(1))
    }

    /// Drops what is full again, and when that frees too little, the half that owes least.
    fn forget(&self, buckets: &mut HashMap<K, Bucket>, now: Duration) {
        buckets.retain(|_, bucket| self.filled(*bucket, now) < self.rate.burst);
        if buckets.len() > KEYS_MAX / 2 {
            let mut levels: Vec<f64> =
                buckets.values().map(|bucket| self.filled(*bucket, now)).collect();
            levels.sort_by(f64::total_cmp);
            let middle = levels[levels.len() / 2];
            buckets.retain(|_, bucket| self.filled(*bucket, now) < middle);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seconds(s: u64) -> Duration {
        Duration::from_secs(s)
    }

    #[test]
    fn a_burst_passes_and_then_the_rate_holds() {
        let buckets = Buckets::new(Rate::per_minute(10, 20));
        let passed = (0..30).filter(|_| buckets.take(&"a", seconds(0)).is_ok()).count();
        assert_eq!(passed, 20);
        assert_eq!(buckets.take(&"a", seconds(0)), Err(seconds(6)));
        assert_eq!(buckets.wait(&"a", seconds(3)), seconds(3));
        assert!(buckets.take(&"a", seconds(6)).is_ok());
        assert!(buckets.take(&"b", seconds(0)).is_ok(), "others are not held up");
        assert!(!buckets.is_full(&"a", seconds(6)) && buckets.is_full(&"a", seconds(1000)));
        buckets.give_back(&"a", seconds(6));
        assert!(buckets.take(&"a", seconds(6)).is_ok() && buckets.take(&"a", seconds(6)).is_err());
    }

    #[test]
    fn who_has_no_token_is_never_told_not_to_wait() {
        let buckets = Buckets::new(Rate { burst: 1.0, per_second: 50.0 / 3_600.0 });
        for at in (0..).step_by(72).take(1_000) {
            let may = buckets.wait(&(), seconds(at)).is_zero();
            assert_eq!(buckets.take(&(), seconds(at)).is_ok(), may, "{at}");
        }
    }

    #[test]
    fn the_number_of_keys_is_bounded_and_debtors_stay() {
        let buckets = Buckets::new(Rate::per_minute(1, 3));
        for _ in 0..3 {
            assert!(buckets.take(&u32::MAX, seconds(0)).is_ok());
        }
        for key in 0..200_000_u32 {
            assert!(buckets.take(&key, seconds(0)).is_ok());
        }
        assert!(buckets.take(&u32::MAX, seconds(0)).is_err(), "the one that owes most is kept");
        assert!(buckets.buckets.lock().expect("not poisoned").len() <= KEYS_MAX);
    }
}
