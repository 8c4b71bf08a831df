//! Sign-ins: who is who by a cookie, in memory, of which only the hash is kept.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::Mutex;
use std::time::Duration;

use convoke_model::{AccountId, Millis};
use sha2::{Digest, Sha256};

use crate::entropy;

const IDLE: Duration = Duration::from_secs(30 * 60);
const IDLE_ADMINISTRATOR: Duration = Duration::from_secs(15 * 60);
const ABSOLUTE: Duration = Duration::from_secs(12 * 60 * 60);
/// Sign-ins held at once; the one unused for longest makes room.
const SESSIONS_MAX: usize = 100_000;
/// As much of a browser's own description as is kept.
const AGENT_CHARS_MAX: usize = 256;

/// How a sign-in begins.
#[derive(Clone, Debug)]
pub struct Start {
    /// Who signed in.
    pub account: AccountId,
    /// Whether they administer: then it ends sooner, and with a change of this.
    pub administers: bool,
    /// From which address.
    pub from: IpAddr,
    /// What the browser says it is.
    pub agent: String,
    /// The time on the wall.
    pub at: Millis,
}

/// One sign-in.
#[derive(Clone, Debug)]
pub struct Session {
    /// What it may be named by: not the cookie, and no way to it.
    pub name: String,
    /// How it began.
    pub start: Start,
    since: Duration,
    used: Duration,
}

impl Session {
    fn is_over(&self, now: Duration) -> bool {
        let idle = if self.start.administers { IDLE_ADMINISTRATOR } else { IDLE };
        now.saturating_sub(self.used) >= idle || now.saturating_sub(self.since) >= ABSOLUTE
    }

    /// When it was used last, on the wall.
    #[must_use]
    pub fn used_at(&self) -> Millis {
        let since = self.used.saturating_sub(self.since);
        self.start.at.plus(u64::try_from(since.as_millis()).unwrap_or(u64::MAX))
    }
}

/// All sign-ins.
#[derive(Default)]
pub struct Sessions {
    by_hash: Mutex<HashMap<[u8; 32], Session>>,
}

impl Sessions {
    /// Starts a sign-in and gives its cookie value, always a new one: 256 random bits as base64url.
    pub fn start(&self, mut start: Start, now: Duration) -> String {
        start.agent =
            start.agent.chars().filter(|c| !c.is_control()).take(AGENT_CHARS_MAX).collect();
        let mut sessions = self.lock();
        if sessions.len() >= SESSIONS_MAX {
            sessions.retain(|_, session| !session.is_over(now));
        }
        if sessions.len() >= SESSIONS_MAX
            && let Some(oldest) = sessions.iter().min_by_key(|(_, s)| s.used).map(|(k, _)| *k)
        {
            sessions.remove(&oldest);
        }
        let (cookie, name) = (entropy::token::<32>(), entropy::token::<8>());
        sessions.insert(hash(&cookie), Session { name, start, since: now, used: now });
        cookie
    }

    /// Whose this cookie is, if its sign-in is still good; using it keeps it from idling out.
    pub fn find(&self, cookie: &str, now: Duration) -> Option<Session> {
        let mut sessions = self.lock();
        let key = hash(cookie);
        let session = sessions.get_mut(&key)?;
        if session.is_over(now) {
            sessions.remove(&key);
            return None;
        }
        session.used = now;
        Some(session.clone())
    }

    /// Whose this cookie is, if its sign-in is still good; looking does not keep it from idling
    /// out.
    pub fn look(&self, cookie: &str, now: Duration) -> Option<Session> {
        let sessions = self.lock();
        sessions.get(&hash(cookie)).filter(|session| !session.is_over(now)).cloned()
    }

    /// The same sign-in under a new cookie; the old one is dead.
    pub fn renew(&self, cookie: &str) -> Option<String> {
        let mut sessions = self.lock();
        let session = sessions.remove(&hash(cookie))?;
        let cookie = entropy::token::<32>();
        sessions.insert(hash(&cookie), session);
        Some(cookie)
    }

    /// Ends a sign-in and tells whose it was.
    pub fn end(&self, cookie: &str) -> Option<AccountId> {
        self.lock().remove(&hash(cookie)).map(|session| session.start.account)
    }

    /// The sign-ins of an account, the one used last first.
    pub fn of(&self, account: AccountId, now: Duration) -> Vec<Session> {
        let sessions = self.lock();
        let own = sessions.values().filter(|s| s.start.account == account && !s.is_over(now));
        let mut own: Vec<_> = own.cloned().collect();
        own.sort_by_key(|session| std::cmp::Reverse(session.used));
        own
    }

    /// Ends the sign-in of an account that has this name: how many that were.
    pub fn end_named(&self, account: AccountId, name: &str) -> u32 {
        self.end_where(|session| session.start.account == account && session.name == name)
    }

    /// Ends every sign-in of an account but the one of this cookie: how many that were.
    pub fn end_others(&self, account: AccountId, cookie: &str) -> u32 {
        let kept = self.lock().get(&hash(cookie)).map(|session| session.name.clone());
        self.end_where(|session| {
            session.start.account == account && Some(&session.name) != kept.as_ref()
        })
    }

    /// Ends every sign-in of an account: how many that were.
    pub fn end_all_of(&self, account: AccountId) -> u32 {
        self.end_where(|session| session.start.account == account)
    }

    fn end_where(&self, ends: impl Fn(&Session) -> bool) -> u32 {
        let mut sessions = self.lock();
        let before = sessions.len();
        sessions.retain(|_, session| !ends(session));
        u32::try_from(before - sessions.len()).unwrap_or(u32::MAX)
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<[u8; 32], Session>> {
        self.by_hash.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

fn hash(cookie: &str) -> [u8; 32] {
    Sha256::digest(cookie.as_bytes()).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn start(account: u32, administers: bool) -> Start {
        let (account, from, at) = (AccountId(account), [192, 0, 2, 1].into(), Millis(1000));
        Start { account, administers, from, agent: "Browser\u{7} 1".to_owned(), at }
    }

    #[test]
    fn a_sign_in_ends_by_idling_by_age_and_by_signing_out() {
        let sessions = Sessions::default();
        let minutes = |m: u64| Duration::from_secs(60 * m);
        let cookie = sessions.start(start(1, false), minutes(0));
        assert!(sessions.find(&cookie, minutes(29)).is_some());
        assert!(sessions.find(&cookie, minutes(58)).is_some(), "use keeps it");
        assert!(sessions.look(&cookie, minutes(87)).is_some());
        assert!(sessions.look(&cookie, minutes(88)).is_none(), "looking does not keep it");
        assert!(sessions.find(&cookie, minutes(88)).is_none(), "idle");
        let cookie = sessions.start(start(1, true), minutes(0));
        assert!(sessions.find(&cookie, minutes(15)).is_none(), "administrators idle out sooner");
        let cookie = sessions.start(start(1, false), minutes(0));
        for at in (0..720).step_by(20) {
            assert!(sessions.find(&cookie, minutes(at)).is_some());
        }
        assert!(sessions.find(&cookie, minutes(720)).is_none(), "twelve hours");
        let cookie = sessions.start(start(1, false), minutes(0));
        assert!(sessions.end(&cookie).is_some());
        assert!(sessions.find(&cookie, minutes(0)).is_none());
    }

    #[test]
    fn every_sign_in_has_its_own_cookie_and_renewing_kills_the_old_one() {
        let sessions = Sessions::default();
        let first = sessions.start(start(1, false), Duration::ZERO);
        let second = sessions.start(start(1, false), Duration::ZERO);
        assert_ne!(first, second);
        assert_eq!(first.len(), 43);
        let name = sessions.find(&first, Duration::ZERO).expect("good").name;
        let renewed = sessions.renew(&first).expect("renewed");
        assert!(sessions.find(&first, Duration::ZERO).is_none());
        assert_eq!(sessions.find(&renewed, Duration::ZERO).expect("good").name, name);
        assert_eq!(sessions.renew(&first), None);
    }

    #[test]
    fn sign_ins_are_listed_and_ended_by_their_account_only() {
        let sessions = Sessions::default();
        let at = Duration::from_secs;
        let [a, b, c] = [1, 1, 2].map(|account| sessions.start(start(account, false), at(0)));
        sessions.find(&b, at(60)).expect("good");
        let own = sessions.of(AccountId(1), at(60));
        assert_eq!(own.len(), 2);
        assert_eq!((own[0].used_at(), own[0].start.agent.as_str()), (Millis(61_000), "Browser 1"));
        let foreign = sessions.find(&c, at(60)).expect("good").name;
        assert_eq!(sessions.end_named(AccountId(1), &foreign), 0, "of another account");
        assert_eq!(sessions.end_others(AccountId(1), &a), 1);
        assert!(sessions.find(&a, at(60)).is_some() && sessions.find(&b, at(60)).is_none());
        let name = sessions.find(&a, at(60)).expect("good").name;
        assert_eq!(sessions.end_named(AccountId(1), &name), 1);
        assert_eq!(sessions.end_all_of(AccountId(2)), 1);
    }
}
