//! What is remembered of earlier answers: refusals for seconds, good sign-ins for an outage.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use argon2::{Algorithm, Argon2, Params, Version};
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use subtle::ConstantTimeEq;

use crate::profile::Profile;
use crate::secret::NonEmptySecret;

/// Refusals that are remembered at once.
const DENIALS_MAX: usize = 1024;
/// Good sign-ins that are remembered at once.
const GRACES_MAX: usize = 10_000;

/// Refusals, by a keyed digest of name and password under a key that dies with the process.
pub(super) struct Denials {
    key: [u8; 32],
    age_max: Duration,
    known: HashMap<[u8; 32], (Instant, String)>,
}

impl Denials {
    pub(super) fn new(age_max: Duration) -> Result<Self, getrandom::Error> {
        let mut key = [0; 32];
        getrandom::fill(&mut key)?;
        Ok(Self { key, age_max, known: HashMap::new() })
    }

    pub(super) fn find(&self, name: &str, secret: &NonEmptySecret, now: Instant) -> Option<String> {
        let (until, reason) = self.known.get(&self.digest(name, secret))?;
        (now < *until).then(|| reason.clone())
    }

    pub(super) fn keep(&mut self, name: &str, secret: &NonEmptySecret, why: &str, now: Instant) {
        if self.age_max.is_zero() {
            return;
        }
        if self.known.len() >= DENIALS_MAX {
            self.known.retain(|_, (until, _)| now < *until);
        }
        if self.known.len() < DENIALS_MAX {
            self.known.insert(self.digest(name, secret), (now + self.age_max, why.to_owned()));
        }
    }

    fn digest(&self, name: &str, secret: &NonEmptySecret) -> [u8; 32] {
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.key).expect("any length is a key");
        mac.update(&(name.len() as u64).to_be_bytes());
        mac.update(name.as_bytes());
        mac.update(secret.expose().as_bytes());
        mac.finalize().into_bytes().into()
    }
}

/// A good sign-in, as it is kept for an outage: never the password.
#[derive(Clone)]
pub(super) struct Grace {
    until: Instant,
    salt: [u8; 16],
    hash: [u8; 32],
    profile: Profile,
}

impl Grace {
    /// Costs tens of milliseconds and 19 MiB: call it where blocking is allowed.
    pub(super) fn of(
        secret: &NonEmptySecret,
        profile: &Profile,
        until: Instant,
    ) -> Result<Self, getrandom::Error> {
        let mut salt = [0; 16];
        getrandom::fill(&mut salt)?;
        // An outage makes nobody administrator.
        let profile = Profile { administrator: false, ..profile.clone() };
        Ok(Self { until, salt, hash: hash(secret, &salt), profile })
    }

    /// The profile, when the password is the same. As costly as [`Grace::of`].
    pub(super) fn open(&self, secret: &NonEmptySecret) -> Option<Profile> {
        let same: bool = hash(secret, &self.salt).ct_eq(&self.hash).into();
        same.then(|| self.profile.clone())
    }
}

/// Good sign-ins by name.
pub(super) struct Graces {
    known: HashMap<String, Grace>,
}

impl Graces {
    pub(super) fn new() -> Self {
        Self { known: HashMap::new() }
    }

    pub(super) fn find(&self, name: &str, now: Instant) -> Option<Grace> {
        self.known.get(&key(name)).filter(|grace| now < grace.until).cloned()
    }

    pub(super) fn keep(&mut self, name: &str, grace: Grace, now: Instant) {
        if self.known.len() >= GRACES_MAX {
            self.known.retain(|_, grace| now < grace.until);
        }
        if self.known.len() < GRACES_MAX || self.known.contains_key(&key(name)) {
            self.known.insert(key(name), grace);
        }
    }

    pub(super) fn forget(&mut self, name: &str) {
        self.known.remove(&key(name));
    }
}

/// The other server may or may not care about case; forgetting must not depend on it.
fn key(name: &str) -> String {
    name.to_lowercase()
}

fn hash(secret: &NonEmptySecret, salt: &[u8; 16]) -> [u8; 32] {
    let params = Params::new(19_456, 2, 1, Some(32)).expect("OWASP's first choice is valid");
    let mut out = [0; 32];
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
        .hash_password_into(secret.expose().as_bytes(), salt, &mut out)
        .expect("salt and password are of allowed length");
    out
}
