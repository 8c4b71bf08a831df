//! Leaves a server alone for a while after it failed several times in a row.

use std::time::{Duration, Instant};

/// Counts failures of one server. It is told the time.
#[derive(Debug)]
pub(crate) struct Breaker {
    failures_max: u32,
    rest: Duration,
    failures: u32,
    /// Until when nobody asks.
    resting: Option<Instant>,
}

impl Breaker {
    pub(crate) fn new(failures_max: u32, rest: Duration) -> Self {
        Self { failures_max: failures_max.max(1), rest, failures: 0, resting: None }
    }

    /// Whether to ask now. After the rest one caller is let through to try, and the others wait
    /// for what it finds, at most another rest.
    pub(crate) fn may_ask(&mut self, now: Instant) -> bool {
        match self.resting {
            None => true,
            Some(until) if now < until => false,
            Some(_) => {
                self.resting = Some(now + self.rest);
                true
            }
        }
    }

    pub(crate) fn went_well(&mut self) {
        self.failures = 0;
        self.resting = None;
    }

    pub(crate) fn failed(&mut self, now: Instant) {
        self.failures = self.failures.saturating_add(1);
        if self.failures >= self.failures_max {
            self.resting = Some(now + self.rest);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn after_failures_in_a_row_it_rests_and_then_one_tries() {
        let rest = Duration::from_secs(10);
        let mut breaker = Breaker::new(3, rest);
        let now = Instant::now();
        for _ in 0..2 {
            assert!(breaker.may_ask(now));
            breaker.failed(now);
        }
        breaker.went_well();
        for _ in 0..3 {
            assert!(breaker.may_ask(now));
            breaker.failed(now);
        }
        assert!(!breaker.may_ask(now));
        assert!(!breaker.may_ask(now + rest - Duration::from_millis(1)));
        assert!(breaker.may_ask(now + rest), "one tries");
        assert!(!breaker.may_ask(now + rest), "and no other");
        breaker.failed(now + rest);
        assert!(!breaker.may_ask(now + rest));
        assert!(breaker.may_ask(now + rest * 2));
        breaker.went_well();
        assert!(breaker.may_ask(now) && breaker.may_ask(now));
    }
}
