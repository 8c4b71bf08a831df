//! Wrong passwords by meeting number: after a few, passwords for it are not looked at for a while.
//!
//! Numbers that are no meeting are counted in the same way, so that being counted tells nothing.

use std::collections::HashMap;
use std::collections::VecDeque;
use std::sync::Mutex;
use std::time::Duration;

use super::KEYS_MAX;

/// At most so many wrong tries for a number within a sliding window.
pub struct Guesses {
    max: usize,
    window: Duration,
    wrong: Mutex<HashMap<u32, VecDeque<Duration>>>,
}

impl Guesses {
    /// `max` wrong tries in each `window`.
    #[must_use]
    pub fn new(max: u32, window: Duration) -> Self {
        let max = usize::try_from(max).unwrap_or(usize::MAX);
        Self { max, window, wrong: Mutex::new(HashMap::new()) }
    }

    /// How long until a password for this number is looked at again; zero when it is now.
    pub fn wait(&self, number: u32, now: Duration) -> Duration {
        let wrong = self.wrong.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let Some(tries) = wrong.get(&number) else { return Duration::ZERO };
        // The try that has to leave the window before there are fewer than `max` in it.
        match tries.len().checked_sub(self.max).and_then(|at| tries.get(at)) {
            Some(oldest) => (*oldest + self.window).saturating_sub(now),
            None => Duration::ZERO,
        }
    }

    /// One more wrong password for this number.
    pub fn wrong(&self, number: u32, now: Duration) {
        let mut wrong = self.wrong.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if wrong.len() >= KEYS_MAX && !wrong.contains_key(&number) {
            wrong.retain(|_, tries| tries.back().is_some_and(|at| *at + self.window > now));
            if wrong.len() >= KEYS_MAX {
                // Guessing over so many numbers is held by the limits on addresses; the numbers
                // guessed at most stay.
                let max = self.max;
                wrong.retain(|_, tries| tries.len() * 2 >= max);
                if wrong.len() >= KEYS_MAX {
                    return;
                }
            }
        }
        let tries = wrong.entry(number).or_default();
        tries.push_back(now);
        while tries.len() > self.max {
            tries.pop_front();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_guesser_with_any_number_of_addresses_gets_480_tries_a_day() {
        let guesses = Guesses::new(5, Duration::from_secs(900));
        let mut tried = 0;
        for second in 0..86_400 {
            let now = Duration::from_secs(second);
            while guesses.wait(88_137_455, now).is_zero() {
                guesses.wrong(88_137_455, now);
                tried += 1;
            }
        }
        assert_eq!(tried, 480);
        assert_eq!(guesses.wait(88_137_456, Duration::ZERO), Duration::ZERO);
    }
}
