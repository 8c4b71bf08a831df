//! Sign-ins: who is who by a cookie, in memory, of which only the hash is kept.

use std::collections::HashMap;
use std::sync::Mutex;
use std::time::Duration;

use sha2::{Digest, Sha256};

use crate::control::Account;
use crate::entropy;

const IDLE: Duration = Duration::from_secs(30 * 60);
const IDLE_ADMINISTRATOR: Duration = Duration::from_secs(15 * 60);
const ABSOLUTE: Duration = Duration::from_secs(12 * 60 * 60);
/// Sign-ins held at once; the one unused for longest makes room.
const SESSIONS_MAX: usize = 100_000;

/// One sign-in.
#[derive(Clone, Debug)]
pub struct Session {
    /// Who signed in.
    pub account: Account,
    since: Duration,
    used: Duration,
}

impl Session {
    fn is_over(&self, now: Duration) -> bool {
        let idle = if self.account.administrator { IDLE_ADMINISTRATOR } else { IDLE };
        now.saturating_sub(self.used) >= idle || now.saturating_sub(self.since) >= ABSOLUTE
    }
}

/// All sign-ins.
#[derive(Default)]
pub struct Sessions {
    by_hash: Mutex<HashMap<[u8; 32], Session>>,
}

impl Sessions {
    /// Starts a sign-in and gives its cookie value, always a new one: 256 random bits as base64url.
    pub fn start(&self, account: Account, now: Duration) -> String {
        let mut sessions = self.by_hash.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if sessions.len() >= SESSIONS_MAX {
            sessions.retain(|_, session| !session.is_over(now));
        }
        if sessions.len() >= SESSIONS_MAX
            && let Some(oldest) = sessions.iter().min_by_key(|(_, s)| s.used).map(|(k, _)| *k)
        {
            sessions.remove(&oldest);
        }
        let cookie = entropy::token::<32>();
        sessions.insert(hash(&cookie), Session { account, since: now, used: now });
        cookie
    }

    /// Who this cookie is, if its sign-in is still good; using it keeps it from idling out.
    pub fn find(&self, cookie: &str, now: Duration) -> Option<Account> {
        let mut sessions = self.by_hash.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let key = hash(cookie);
        let session = sessions.get_mut(&key)?;
        if session.is_over(now) {
            sessions.remove(&key);
            return None;
        }
        session.used = now;
        Some(session.account.clone())
    }

    /// Ends a sign-in and tells whose it was.
    pub fn end(&self, cookie: &str) -> Option<Account> {
        let mut sessions = self.by_hash.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        sessions.remove(&hash(cookie)).map(|session| session.account)
    }
}

fn hash(cookie: &str) -> [u8; 32] {
    Sha256::digest(cookie.as_bytes()).into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use convoke_model::AccountId;
    use convoke_model::site::accounts::Email;
    use convoke_model::text::Name;

    fn account(administrator: bool) -> Account {
        Account {
            id: AccountId(1),
            email: Email::new("ann@example.org").expect("an address"),
            name: Name::new("Ann").expect("a name"),
            administrator,
        }
    }

    #[test]
    fn a_sign_in_ends_by_idling_by_age_and_by_signing_out() {
        let sessions = Sessions::default();
        let minutes = |m: u64| Duration::from_secs(60 * m);
        let cookie = sessions.start(account(false), minutes(0));
        assert!(sessions.find(&cookie, minutes(29)).is_some());
        assert!(sessions.find(&cookie, minutes(58)).is_some(), "use keeps it");
        assert!(sessions.find(&cookie, minutes(88)).is_none(), "idle");
        let cookie = sessions.start(account(true), minutes(0));
        assert!(sessions.find(&cookie, minutes(15)).is_none(), "administrators idle out sooner");
        let cookie = sessions.start(account(false), minutes(0));
        for at in (0..720).step_by(20) {
            assert!(sessions.find(&cookie, minutes(at)).is_some());
        }
        assert!(sessions.find(&cookie, minutes(720)).is_none(), "twelve hours");
        let cookie = sessions.start(account(false), minutes(0));
        assert!(sessions.end(&cookie).is_some());
        assert!(sessions.find(&cookie, minutes(0)).is_none());
    }

    #[test]
    fn every_sign_in_has_its_own_cookie() {
        let sessions = Sessions::default();
        let first = sessions.start(account(false), Duration::ZERO);
        let second = sessions.start(account(false), Duration::ZERO);
        assert_ne!(first, second);
        assert_eq!(first.len(), 43);
    }
}
