//! Who has typed the right password and owes a code: kept in memory for some minutes.

use std::collections::HashMap;
use std::sync::Mutex;
use std::time::Duration;

use convoke_model::AccountId;
use sha2::{Digest, Sha256};

use crate::entropy;

/// How long a code may take to be typed.
const LIFE: Duration = Duration::from_secs(5 * 60);
/// Codes tried before the password is asked for again.
const TRIES_MAX: u32 = 5;
/// Half sign-ins held at once; each belongs to somebody whose password was right.
const HALVES_MAX: usize = 16_384;

struct Half {
    account: AccountId,
    until: Duration,
    tries: u32,
}

/// Sign-ins that owe a code, by the hash of their token.
#[derive(Default)]
pub struct Halves(Mutex<HashMap<[u8; 32], Half>>);

impl Halves {
    /// Keeps that the password was right: the token to go on with. `None` when too many wait.
    pub fn keep(&self, account: AccountId, now: Duration) -> Option<String> {
        let mut halves = self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        halves.retain(|_, half| half.until > now);
        if halves.len() >= HALVES_MAX {
            return None;
        }
        let token = entropy::token::<32>();
        halves.insert(hash(&token), Half { account, until: now + LIFE, tries: 0 });
        Some(token)
    }

    /// Whose it is, for one more try.
    pub fn one_try(&self, token: &str, now: Duration) -> Option<AccountId> {
        let mut halves = self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let half = halves.get_mut(&hash(token))?;
        half.tries += 1;
        (half.until > now && half.tries <= TRIES_MAX).then_some(half.account)
    }

    /// Uses it up: whether it was there.
    pub fn end(&self, token: &str) -> bool {
        let mut halves = self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        halves.remove(&hash(token)).is_some()
    }

    /// Ends those of an account.
    pub fn end_all_of(&self, account: AccountId) {
        let mut halves = self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        halves.retain(|_, half| half.account != account);
    }
}

fn hash(token: &str) -> [u8; 32] {
    Sha256::digest(token.as_bytes()).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_half_is_good_for_some_minutes_and_some_tries_and_once() {
        let halves = Halves::default();
        let now = Duration::ZERO;
        let token = halves.keep(AccountId(1), now).expect("kept");
        for _ in 0..TRIES_MAX {
            assert_eq!(halves.one_try(&token, now), Some(AccountId(1)));
        }
        assert_eq!(halves.one_try(&token, now), None);
        let token = halves.keep(AccountId(1), now).expect("kept");
        assert_eq!(halves.one_try(&token, LIFE), None);
        let token = halves.keep(AccountId(1), now).expect("kept");
        assert!(halves.end(&token) && !halves.end(&token));
        assert_eq!(halves.one_try("x", now), None);
        let token = halves.keep(AccountId(1), now).expect("kept");
        halves.end_all_of(AccountId(1));
        assert_eq!(halves.one_try(&token, now), None);
    }
}
