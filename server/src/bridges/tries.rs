//! How often callers may be wrong: in one call, from one number, over one bridge.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use crate::limits::{Buckets, Rate};
use crate::telephone::TRIES_MAX;

/// Calls whose wrong codes are remembered.
const CALLS_MAX: usize = 65_536;
/// How long a call's wrong codes are remembered.
const CALL_KEPT: Duration = Duration::from_secs(3_600);

/// Wrong codes of one bridge's callers. Right ones cost nothing.
pub(super) struct Tries {
    callers: Buckets<String>,
    all: Buckets<()>,
    calls: Mutex<HashMap<String, (u32, Duration)>>,
}

impl Tries {
    /// At most so many wrong codes in any hour: of one caller, of all of them together.
    #[must_use]
    pub(super) fn new(per_caller: u32, all: u32) -> Self {
        let (callers, all) =
            (Buckets::new(in_any_hour(per_caller)), Buckets::new(in_any_hour(all)));
        Self { callers, all, calls: Mutex::default() }
    }

    /// Whether anything of this call is listened to. A call or a number that the bridge does not
    /// tell has no row of its own.
    #[must_use]
    pub(super) fn may_try(&self, call: &str, caller: &str, now: Duration) -> bool {
        self.wrong_in(call, now) < TRIES_MAX
            && (caller.is_empty() || self.callers.wait(&caller.to_owned(), now).is_zero())
            && self.all.wait(&(), now).is_zero()
    }

    /// Counts a code as a wrong one before it is looked at, so that many at once are no more than
    /// one after the other; `false` when it must not be looked at.
    #[must_use]
    pub(super) fn begin(&self, call: &str, caller: &str, now: Duration) -> bool {
        let wrong = self.wrong_in(call, now);
        if wrong >= TRIES_MAX {
            return false;
        }
        let key = caller.to_owned();
        if !caller.is_empty() && self.callers.take(&key, now).is_err() {
            return false;
        }
        if self.all.take(&(), now).is_err() {
            self.callers.give_back(&key, now);
            return false;
        }
        self.count(call, wrong + 1, now);
        true
    }

    /// It was a right one.
    pub(super) fn was_right(&self, call: &str, caller: &str, now: Duration) {
        self.all.give_back(&(), now);
        self.callers.give_back(&caller.to_owned(), now);
        self.count(call, self.wrong_in(call, now).saturating_sub(1), now);
    }

    /// Wrong codes of a call so far.
    #[must_use]
    pub(super) fn wrong_in(&self, call: &str, now: Duration) -> u32 {
        let calls = self.calls.lock().unwrap_or_else(PoisonError::into_inner);
        match calls.get(call) {
            Some((wrong, at)) if now.saturating_sub(*at) < CALL_KEPT => *wrong,
            Some(_) | None => 0,
        }
    }

    fn count(&self, call: &str, wrong: u32, now: Duration) {
        if call.is_empty() {
            return;
        }
        let mut calls = self.calls.lock().unwrap_or_else(PoisonError::into_inner);
        if calls.len() >= CALLS_MAX && !calls.contains_key(call) {
            calls.retain(|_, (_, at)| now.saturating_sub(*at) < CALL_KEPT);
            if calls.len() >= CALLS_MAX {
                // The limit on all of the bridge's callers holds this one too.
                return;
            }
        }
        calls.insert(call.to_owned(), (wrong, now));
    }
}

/// A bucket of half that filled at half that pace lets no hour see more.
fn in_any_hour(count: u32) -> Rate {
    let burst = count.div_ceil(2).max(1);
    Rate { burst: f64::from(burst), per_second: f64::from(count - burst.min(count)) / 3_600.0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: u64) -> Duration {
        Duration::from_secs(second)
    }

    #[test]
    fn a_call_has_three_tries_and_a_number_ten_an_hour() {
        let tries = Tries::new(10, 100);
        for _ in 0..3 {
            assert!(tries.begin("c1", "+49", at(0)));
        }
        assert!(!tries.begin("c1", "+49", at(0)), "the fourth in one call");
        assert!(tries.may_try("c2", "+49", at(0)) && tries.may_try("c2", "+48", at(0)));
        let mut looked_at = 3_u32;
        for second in 1..3_600 {
            let call = format!("n{second}");
            looked_at += u32::from(tries.begin(&call, "+49", at(second)));
        }
        assert!((5..=10).contains(&looked_at), "{looked_at}");
    }

    #[test]
    fn right_codes_cost_nothing() {
        let tries = Tries::new(10, 100);
        for n in 0..1_000 {
            assert!(tries.begin("c", "+49", at(0)), "{n}");
            tries.was_right("c", "+49", at(0));
        }
    }

    #[test]
    fn ten_thousand_callers_get_no_more_than_the_bridge_has() {
        let tries = Tries::new(10, 100);
        let mut looked_at = 0_u32;
        let mut worst_hour = 0_u32;
        for hour in 0..24_u64 {
            let before = looked_at;
            for caller in 0..10_000_u64 {
                let (call, from) = (format!("{hour}-{caller}"), format!("+49{caller}"));
                let now = at(hour * 3_600 + caller * 3_600 / 10_000);
                for _ in 0..3 {
                    looked_at += u32::from(tries.begin(&call, &from, now));
                }
            }
            worst_hour = worst_hour.max(looked_at - before);
        }
        assert!(worst_hour <= 100, "{worst_hour}");
        // 1,250 guesses at codes of nine digits and a check digit: with 1,000 meetings, one day in
        // eight hundred finds one.
        assert!(looked_at <= 1_250, "{looked_at}");
    }
}
