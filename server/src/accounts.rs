//! Local accounts: passwords checked and set, sign-ins held.

mod hashing;
mod rules;
mod sessions;

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use unicode_normalization::UnicodeNormalization;
use zeroize::Zeroizing;

use crate::clock::Clock;
use crate::control::{Account, AuditFact, Engine, EngineError, NewAccount};
use crate::limits::{Backoff, Door, Slow};
use crate::vault::{SecretOf, Vault};

pub use hashing::{HashError, Hasher, Strength};
pub use rules::{WeakPassword, check as check_password};
pub use sessions::{Session, Sessions};

/// Why a sign-in did not succeed.
#[derive(Debug)]
pub enum SignInError {
    /// Address and password do not fit. Which of them is wrong is not said.
    Wrong,
    /// Too many tries.
    Slow(Duration),
    /// Too many passwords are waiting to be checked.
    Busy,
    /// Our outside failed.
    Fault(String),
}

/// Why an account was not added.
#[derive(Debug)]
pub enum AddError {
    /// Not an e-mail address or user name.
    BadEmail,
    /// The password is too easy.
    Weak(WeakPassword),
    /// Too many passwords are waiting to be hashed.
    Busy,
    /// The engine said no, or could not.
    Engine(EngineError),
    /// Our outside failed.
    Fault(String),
}

/// Everything needed to check and set passwords.
pub struct Accounts {
    engine: Arc<dyn Engine>,
    vault: Arc<Vault>,
    hasher: Hasher,
    clock: Arc<dyn Clock>,
    door: Door,
    backoff: Backoff,
}

impl Accounts {
    /// Puts the parts together.
    #[must_use]
    pub fn new(
        engine: Arc<dyn Engine>,
        vault: Arc<Vault>,
        hasher: Hasher,
        clock: Arc<dyn Clock>,
        door: Door,
        backoff: Backoff,
    ) -> Self {
        Self { engine, vault, hasher, clock, door, backoff }
    }

    /// Checks an address and a password. For an unknown address the same work is done.
    ///
    /// # Errors
    /// See [`SignInError`].
    pub async fn verify(
        &self,
        email: &str,
        password: &str,
        from: IpAddr,
    ) -> Result<Account, SignInError> {
        let now = self.clock.uptime();
        let key = normal_email(email).unwrap_or_default();
        self.door.may_try(from, now).map_err(|Slow(wait)| SignInError::Slow(wait))?;
        let wait = self.backoff.wait(&key, now);
        if !wait.is_zero() {
            return Err(SignInError::Slow(wait));
        }
        let account = self.engine.account_by_email(&key).await.map_err(sign_in_fault)?;
        let material = match &account {
            Some(account) => self
                .vault
                .get(SecretOf::Account(account.id))
                .map_err(|error| SignInError::Fault(error.to_string()))?,
            None => None,
        };
        let fits = match self.hasher.fits(normal_password(password), material).await {
            Ok(fits) => fits,
            Err(HashError::Busy) => return Err(SignInError::Busy),
            Err(HashError::Broken(reason)) => return Err(SignInError::Fault(reason)),
        };
        match account {
            Some(account) if fits => {
                self.backoff.succeeded(&key);
                let fact = AuditFact::SignedIn { account: account.id, from };
                self.engine.record(fact).await.map_err(sign_in_fault)?;
                Ok(account)
            }
            account => {
                let now = self.clock.uptime();
                self.door.failed(from, now);
                self.backoff.failed(&key, now);
                let account = account.map(|account| account.id);
                let fact = AuditFact::SignInFailed { account, from };
                self.engine.record(fact).await.map_err(sign_in_fault)?;
                Err(SignInError::Wrong)
            }
        }
    }

    /// Adds an account and sets its password.
    ///
    /// An account whose password never reached the vault (a crash between the two) gets it now.
    ///
    /// # Errors
    /// See [`AddError`].
    pub async fn add(&self, new: NewAccount, password: &str) -> Result<Account, AddError> {
        let email = normal_email(&new.email).ok_or(AddError::BadEmail)?;
        let password = normal_password(password);
        rules::check(&password, &[&email, new.name.as_str()]).map_err(AddError::Weak)?;
        let strength =
            if new.administrator { Strength::Administrator } else { Strength::Everybody };
        let material = self.hasher.hash(password, strength).await.map_err(|error| match error {
            HashError::Busy => AddError::Busy,
            HashError::Broken(reason) => AddError::Fault(reason),
        })?;
        let (name, administrator) = (new.name.clone(), new.administrator);
        let fault = |error: crate::vault::VaultError| AddError::Fault(error.to_string());
        let account =
            match self.engine.add_account(NewAccount { email: email.clone(), ..new }).await {
                Ok(id) => Account { id, email, name, administrator },
                Err(refused) => {
                    let known =
                        self.engine.account_by_email(&email).await.map_err(AddError::Engine)?;
                    match known {
                        Some(account)
                            if account.administrator == administrator
                                && self
                                    .vault
                                    .get(SecretOf::Account(account.id))
                                    .map_err(fault)?
                                    .is_none() =>
                        {
                            account
                        }
                        _ => return Err(AddError::Engine(refused)),
                    }
                }
            };
        let version = self.vault.put(SecretOf::Account(account.id), &material).map_err(fault)?;
        let fact = AuditFact::PasswordSet { account: account.id, version };
        self.engine.record(fact).await.map_err(AddError::Engine)?;
        Ok(account)
    }
}

fn sign_in_fault(error: EngineError) -> SignInError {
    SignInError::Fault(error.to_string())
}

/// The form in which an address is stored and looked up: trimmed, composed, lower case. `None` when
/// it is empty, longer than 254 characters, or holds blanks or control characters.
#[must_use]
pub fn normal_email(typed: &str) -> Option<String> {
    if typed.len() > 4 * 254 {
        return None;
    }
    let normal: String = typed.trim().nfc().collect::<String>().to_lowercase();
    let fits = !normal.is_empty()
        && normal.chars().count() <= 254
        && !normal.chars().any(|c| c.is_control() || c.is_whitespace());
    fits.then_some(normal)
}

/// The form in which a password is hashed: composed (NFC), so that it fits whatever keyboard it is
/// typed on; cut off where no accepted password can be any more.
fn normal_password(typed: &str) -> Zeroizing<String> {
    Zeroizing::new(typed.chars().take(2 * rules::CHARS_MAX).nfc().collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_compared_in_one_form() {
        assert_eq!(normal_email("  Ann@Example.ORG ").as_deref(), Some("ann@example.org"));
        assert_eq!(normal_email("Ame\u{301}lie").as_deref(), Some("am\u{e9}lie"));
        for bad in ["", "  ", "a b@c", "a\0b", &"x".repeat(300), &"x".repeat(10_000_000)] {
            assert_eq!(normal_email(bad), None);
        }
    }
}
