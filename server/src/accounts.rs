//! Local accounts: passwords checked and set, sign-ins held.

mod hashing;
mod rules;
mod sessions;

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use convoke_model::site::accounts::{Command, Email, Via};
use convoke_model::{Refusal, site};
use unicode_normalization::UnicodeNormalization;
use zeroize::Zeroizing;

use crate::clock::Clock;
use crate::control::{Account, Engine, EngineError, NewAccount};
use crate::limits::{Backoff, Door, Slow};
use crate::vault::{SecretOf, Vault, VaultError};

pub use hashing::{HashError, Hasher, Strength};
pub use rules::check as check_password;
pub use sessions::{Session, Sessions};

/// Why it was not done.
#[derive(Debug)]
pub enum AccountError {
    /// A "no" with its code.
    Refused(Refusal),
    /// Too many tries; again after this long.
    Slow(Duration),
    /// The engine cannot take it at the moment.
    Unavailable(String),
    /// Our outside failed. The text is for the log, not for the person.
    Fault(String),
}

impl From<EngineError> for AccountError {
    fn from(error: EngineError) -> Self {
        match error {
            EngineError::Refused(refusal) => Self::Refused(refusal),
            EngineError::Unavailable(reason) => Self::Unavailable(reason),
        }
    }
}

impl From<HashError> for AccountError {
    fn from(error: HashError) -> Self {
        match error {
            HashError::Busy => Self::Refused(Refusal::Busy),
            HashError::Broken(reason) => Self::Fault(reason),
        }
    }
}

impl From<VaultError> for AccountError {
    fn from(error: VaultError) -> Self {
        Self::Fault(error.to_string())
    }
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
    /// `sign_in_failed`, whichever of the two is wrong; waits; `busy`; faults.
    pub async fn verify(
        &self,
        typed: &str,
        password: &str,
        via: Via,
        from: IpAddr,
    ) -> Result<Account, AccountError> {
        let now = self.clock.uptime();
        let email = Email::new(typed);
        let key = email.as_ref().map_or("", Email::as_str);
        self.door.may_try(from, now).map_err(|Slow(wait)| AccountError::Slow(wait))?;
        let wait = self.backoff.wait(key, now);
        if !wait.is_zero() {
            return Err(AccountError::Slow(wait));
        }
        let account = match &email {
            Some(email) => self.engine.account_by_email(email).await?,
            None => None,
        };
        let material = match &account {
            Some(account) => self.vault.get(SecretOf::Account(account.id))?,
            None => None,
        };
        let fits = self.hasher.fits(normal_password(password), material).await?;
        match account {
            Some(account) if fits => {
                self.backoff.succeeded(key);
                self.record(Command::SignIn { account: account.id, via }).await?;
                Ok(account)
            }
            account => {
                let now = self.clock.uptime();
                self.door.failed(from, now);
                self.backoff.failed(key, now);
                let account = account.map(|account| account.id);
                self.record(Command::FailSignIn { account, via }).await?;
                Err(AccountError::Refused(Refusal::SignInFailed))
            }
        }
    }

    /// Adds an account and sets its password.
    ///
    /// The fact comes first and the material second, because the number under which the material
    /// lies is given by the fact. An account whose material never came (a crash between the two)
    /// cannot sign in, and gets it by being added again.
    ///
    /// # Errors
    /// A weak password, `taken`, `setup_done`, `busy`; faults.
    pub async fn add(&self, new: NewAccount, password: &str) -> Result<Account, AccountError> {
        let password = normal_password(password);
        rules::check(&password, &[new.email.as_str(), new.name.as_str()])
            .map_err(AccountError::Refused)?;
        let strength =
            if new.administrator { Strength::Administrator } else { Strength::Everybody };
        let material = self.hasher.hash(password, strength).await?;
        let account = match self.engine.add_account(new.clone()).await {
            Ok(id) => {
                Account { id, email: new.email, name: new.name, administrator: new.administrator }
            }
            Err(EngineError::Refused(Refusal::Taken)) => self.without_material(&new).await?,
            Err(error) => return Err(error.into()),
        };
        self.vault.put(SecretOf::Account(account.id), &material)?;
        self.record(Command::ChangePassword { account: account.id }).await?;
        Ok(account)
    }

    async fn without_material(&self, new: &NewAccount) -> Result<Account, AccountError> {
        let taken = AccountError::Refused(Refusal::Taken);
        let Some(account) = self.engine.account_by_email(&new.email).await? else {
            return Err(taken);
        };
        let bare = self.vault.get(SecretOf::Account(account.id))?.is_none();
        if bare && account.administrator == new.administrator { Ok(account) } else { Err(taken) }
    }

    async fn record(&self, command: Command) -> Result<(), AccountError> {
        Ok(self.engine.record(site::Command::Accounts(command)).await?)
    }
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
    fn a_password_is_the_same_however_its_accents_are_typed() {
        assert_eq!(*normal_password("Ame\u{301}lie"), *normal_password("Am\u{e9}lie"));
        assert_eq!(normal_password(&"x".repeat(10_000_000)).len(), 256);
    }
}
