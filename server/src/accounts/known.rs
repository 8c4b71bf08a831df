//! Browsers that signed in to an account before. Their tries are counted apart from those of
//! strangers.

use std::collections::BTreeMap;
use std::sync::Mutex;

use sha2::{Digest, Sha256};

/// Pairs held at once; the oldest makes room.
const PAIRS_MAX: usize = 65_536;

#[derive(Default)]
struct Pairs {
    /// When each was added last, as a count.
    by_pair: BTreeMap<[u8; 32], u64>,
    by_age: BTreeMap<u64, [u8; 32]>,
    added: u64,
}

/// Pairs of account and browser.
#[derive(Default)]
pub(super) struct Browsers(Mutex<Pairs>);

impl Browsers {
    /// This browser has signed in to this account.
    pub(super) fn add(&self, email: &str, browser: u64) {
        if browser == 0 {
            return;
        }
        let mut pairs = self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        pairs.added += 1;
        let (pair, age) = (hash(email, browser), pairs.added);
        if let Some(before) = pairs.by_pair.insert(pair, age) {
            pairs.by_age.remove(&before);
        }
        pairs.by_age.insert(age, pair);
        if pairs.by_pair.len() > PAIRS_MAX
            && let Some((_, oldest)) = pairs.by_age.pop_first()
        {
            pairs.by_pair.remove(&oldest);
        }
    }

    /// Whether it did.
    pub(super) fn has(&self, email: &str, browser: u64) -> bool {
        let pairs = self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        browser != 0 && pairs.by_pair.contains_key(&hash(email, browser))
    }
}

fn hash(email: &str, browser: u64) -> [u8; 32] {
    let mut digest = Sha256::new();
    digest.update(browser.to_le_bytes());
    digest.update(email.as_bytes());
    digest.finalize().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pair_is_known_from_its_sign_in_on_and_the_oldest_makes_room() {
        let browsers = Browsers::default();
        browsers.add("a@b", 1);
        assert!(browsers.has("a@b", 1));
        assert!(!browsers.has("a@b", 2) && !browsers.has("c@d", 1));
        browsers.add("a@b", 0);
        assert!(!browsers.has("a@b", 0), "an unknown browser is none");
        for n in 2..=PAIRS_MAX as u64 {
            browsers.add("x@y", n);
        }
        browsers.add("a@b", 1);
        browsers.add("z@z", 1);
        assert!(browsers.has("a@b", 1), "used again lately");
        assert!(!browsers.has("x@y", 2), "the oldest");
    }
}
