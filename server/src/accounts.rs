//! Accounts: passwords checked and set, codes, links, sign-ins held.
//!
//! Who somebody is, what they may do and that they are signed in are three questions with one
//! function each: [`Accounts::verify`] says whose password it is, an [`Account`] says what it may
//! do, and [`Accounts::signed_in`] makes a fact of it before [`Sessions::start`] gives a cookie.

mod change;
mod codes;
mod half;
mod hashing;
mod known;
mod reset;
mod rules;
mod sessions;
mod totp;

use std::net::IpAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use convoke_model::site::accounts::{Command, Email, External, Profile, Second, Via};
use convoke_model::site::alarm::{Alarm, is_alarming};
use convoke_model::text::Address;
use convoke_model::{AccountId, Actor, Refusal, site};
use unicode_normalization::UnicodeNormalization;
use zeroize::Zeroizing;

use crate::clock::Clock;
use crate::control::{Account, Engine, EngineError};
use crate::limits::{Backoff, Buckets, Door, Rate, Slow, Tally, by_customer};
use crate::vault::{SecretOf, Vault, VaultError};

pub use codes::{Enrolment, Picture};
pub use half::Halves;
pub use hashing::{HashError, Hasher, Strength};
pub use reset::LINK_LIFE;
pub use rules::check as check_password;
pub use sessions::{Session, Sessions, Start};
pub use totp::{KEY_BYTES, code_at};

/// Letters of a name that is no address which tell its row of failures from others.
const NAME_CHARS_MAX: usize = 320;

/// Why it was not done.
#[derive(Debug)]
pub enum AccountError {
    /// A "no" with its code.
    Refused(Refusal),
    /// A "no" with the words of a policy for the person.
    Denied(String),
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

/// A try to prove who one is: which way, and where from.
#[derive(Clone, Copy, Debug)]
pub struct Attempt {
    /// Which way.
    pub via: Via,
    /// From which address.
    pub from: IpAddr,
    /// Which browser it is, 0 when unknown.
    pub browser: u64,
}

impl Attempt {
    fn address(&self) -> Option<Address> {
        Address::new(&self.from.to_canonical().to_string()).ok()
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
    codes_backoff: Backoff,
    known: known::Browsers,
    sessions: Sessions,
    halves: Halves,
    enrolments: codes::Enrolments,
    using: Mutex<()>,
    resetting: tokio::sync::Mutex<()>,
    links: Buckets<AccountId>,
    link_asks: Buckets<IpAddr>,
    failures_from: Tally<IpAddr>,
}

impl Accounts {
    /// The vault that holds their secrets, and those of their keys.
    pub(crate) fn vault(&self) -> Arc<Vault> {
        Arc::clone(&self.vault)
    }

    /// Puts the parts together. `backoff` makes a second one for codes.
    #[must_use]
    pub fn new(
        engine: Arc<dyn Engine>,
        vault: Arc<Vault>,
        hasher: Hasher,
        clock: Arc<dyn Clock>,
        door: Door,
        backoff: impl Fn() -> Backoff,
    ) -> Self {
        Self {
            engine,
            vault,
            hasher,
            clock,
            door,
            backoff: backoff(),
            codes_backoff: backoff(),
            known: known::Browsers::default(),
            sessions: Sessions::default(),
            halves: Halves::default(),
            enrolments: codes::Enrolments::default(),
            using: Mutex::new(()),
            resetting: tokio::sync::Mutex::new(()),
            links: Buckets::new(Rate { burst: 3.0, per_second: 3.0 / 3600.0 }),
            link_asks: Buckets::new(Rate::per_minute(10, 20)),
            failures_from: Tally::new(Duration::from_secs(3600)),
        }
    }

    /// Sign-ins that go on.
    #[must_use]
    pub fn sessions(&self) -> &Sessions {
        &self.sessions
    }

    /// The sign-ins of an account, the one used last first.
    #[must_use]
    pub fn sessions_of(&self, account: AccountId) -> Vec<Session> {
        self.sessions.of(account, self.clock.uptime())
    }

    /// Sign-ins that owe a code.
    #[must_use]
    pub fn halves(&self) -> &Halves {
        &self.halves
    }

    /// The account of what somebody typed.
    ///
    /// # Errors
    /// When the engine cannot say.
    pub async fn find(&self, typed: &str) -> Result<Option<Account>, AccountError> {
        match Email::new(typed) {
            Some(email) => Ok(self.engine.account_by_email(&email).await?),
            None => Ok(None),
        }
    }

    /// Whether this address, and whoever tries this account, may try at all now.
    ///
    /// A browser that has signed in to the account before has a row of its own: strangers who guess
    /// keep nobody out of an account that is theirs.
    ///
    /// # Errors
    /// How long to wait.
    pub fn may_try(&self, typed: &str, attempt: &Attempt) -> Result<(), AccountError> {
        self.may_try_from(attempt)?;
        let wait = self.backoff.wait(&self.row(typed, attempt), self.clock.uptime());
        if wait.is_zero() { Ok(()) } else { Err(AccountError::Slow(wait)) }
    }

    fn may_try_from(&self, attempt: &Attempt) -> Result<(), AccountError> {
        let tried = self.door.may_try(attempt.from, self.clock.uptime());
        tried.map_err(|Slow(wait)| AccountError::Slow(wait))
    }

    /// Whether a password is that of an account. Where there is no account, or none with a password
    /// here, the same work is done for nothing.
    ///
    /// # Errors
    /// `busy`; faults.
    pub async fn fits(
        &self,
        account: Option<&Account>,
        password: &str,
    ) -> Result<bool, AccountError> {
        let local = account.filter(|account| account.external.is_none());
        let material = match local {
            Some(account) => self.vault.get(SecretOf::Account(account.id))?,
            None => None,
        };
        Ok(self.hasher.fits(normal_password(password), material).await?)
    }

    /// Checks an address and a password of this server: whose it is. That they signed in is for
    /// [`Self::signed_in`] to say, after the code where one is owed.
    ///
    /// # Errors
    /// `sign_in_failed`, whichever of the two is wrong; after the right password
    /// `account_disabled` and `password_outgrown`; waits; `busy`; faults.
    pub async fn verify(
        &self,
        typed: &str,
        password: &str,
        attempt: &Attempt,
    ) -> Result<Account, AccountError> {
        self.may_try(typed, attempt)?;
        let compared = self.compare(typed, password).await;
        match &compared {
            Err(AccountError::Refused(Refusal::SignInFailed)) => {
                self.failed(typed, attempt).await?;
            }
            Ok(_)
            | Err(AccountError::Refused(Refusal::AccountDisabled | Refusal::PasswordOutgrown)) => {
                self.succeeded(typed, attempt);
            }
            Err(_) => {}
        }
        compared
    }

    /// The same, where somebody else counts the tries.
    ///
    /// # Errors
    /// Those of [`Self::verify`] without the waits.
    pub async fn compare(&self, typed: &str, password: &str) -> Result<Account, AccountError> {
        let account = self.find(typed).await?;
        let fits = self.fits(account.as_ref(), password).await?;
        let account = account.filter(|_| fits);
        let account = account.ok_or(AccountError::Refused(Refusal::SignInFailed))?;
        if !account.enabled {
            return Err(AccountError::Refused(Refusal::AccountDisabled));
        }
        // Set while codes stood beside it, and used without them now.
        if !account.codes && !rules::stands_alone(password) {
            return Err(AccountError::Refused(Refusal::PasswordOutgrown));
        }
        Ok(account)
    }

    /// The failures before count no longer.
    pub fn succeeded(&self, typed: &str, attempt: &Attempt) {
        self.backoff.succeeded(&self.row(typed, attempt));
    }

    /// Notes that nobody could be let in for what was typed.
    ///
    /// # Errors
    /// When the log takes nothing.
    pub async fn failed(&self, typed: &str, attempt: &Attempt) -> Result<(), AccountError> {
        self.backoff.failed(&self.row(typed, attempt), self.clock.uptime());
        let account = self.find(typed).await?.map(|account| account.id);
        self.failed_from(account, attempt).await
    }

    async fn failed_from(
        &self,
        account: Option<AccountId>,
        attempt: &Attempt,
    ) -> Result<(), AccountError> {
        let now = self.clock.uptime();
        self.door.failed(attempt.from, now);
        let (via, from) = (attempt.via, attempt.address());
        self.record(Command::FailSignIn { account, via, from: from.clone() }).await?;
        let failures = self.failures_from.add(by_customer(attempt.from), now);
        if let Some(from) = from.filter(|_| is_alarming(failures)) {
            tracing::warn!(from = from.as_str(), failures, "one address fails again and again");
            let alarm = site::Command::Alarm(Alarm::ManyFailuresFrom { from, failures });
            self.engine.record(alarm).await?;
        }
        Ok(())
    }

    /// Makes it a fact that somebody signed in. Comes before their cookie or ticket.
    ///
    /// # Errors
    /// `account_disabled`; when the log takes nothing.
    pub async fn signed_in(
        &self,
        account: &Account,
        attempt: &Attempt,
        second: Option<Second>,
    ) -> Result<(), AccountError> {
        let (via, from) = (attempt.via, attempt.address());
        self.record(Command::SignIn { account: account.id, via, from, second }).await?;
        self.known.add(account.email.as_str(), attempt.browser);
        Ok(())
    }

    /// The account of somebody whom another place has just let in: made at the first time,
    /// refreshed at each.
    ///
    /// # Errors
    /// `taken` when the address is somebody else's account here; `account_disabled`; faults.
    pub async fn know(&self, profile: Profile) -> Result<Account, AccountError> {
        let external = profile.external.clone();
        self.record(Command::Know(profile)).await?;
        let account = self.engine.account_by_external(&external).await?;
        let Some(account) = account else {
            return Err(AccountError::Fault("an account just made is not there".to_owned()));
        };
        if account.enabled { Ok(account) } else { refused(Refusal::AccountDisabled) }
    }

    /// The account of somebody whom another place knows, when there is one.
    ///
    /// # Errors
    /// When the engine cannot say.
    pub async fn known_as(&self, external: &External) -> Result<Option<Account>, AccountError> {
        Ok(self.engine.account_by_external(external).await?)
    }

    /// This browser has proved to be theirs whose name was typed: its tries count in a row of its
    /// own from now on, also where people sign in with a name that is no address.
    pub fn met(&self, typed: &str, attempt: &Attempt) {
        self.known.add(&row_of(typed), attempt.browser);
    }

    /// The row of failures that a try counts in.
    fn row(&self, typed: &str, attempt: &Attempt) -> String {
        let key = row_of(typed);
        if self.known.has(&key, attempt.browser) {
            format!("{key} {}", attempt.browser)
        } else {
            key
        }
    }

    async fn record(&self, command: Command) -> Result<(), AccountError> {
        self.record_as(Actor::Server, command).await
    }

    async fn record_by(&self, by: AccountId, command: Command) -> Result<(), AccountError> {
        self.record_as(by.into(), command).await
    }

    async fn record_as(&self, by: Actor, command: Command) -> Result<(), AccountError> {
        self.engine.wish(by, site::Command::Accounts(command)).await?;
        Ok(())
    }
}

fn refused<T>(refusal: Refusal) -> Result<T, AccountError> {
    Err(AccountError::Refused(refusal))
}

/// The row of what was typed: an address, or a name that only others know. A name begins with a
/// blank, which no address does.
fn row_of(typed: &str) -> String {
    Email::new(typed).map_or_else(
        || {
            let name = typed.trim().chars().take(NAME_CHARS_MAX).flat_map(char::to_lowercase);
            std::iter::once(' ').chain(name).collect()
        },
        |email| email.as_str().to_owned(),
    )
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
    fn each_name_has_a_row_of_its_own_however_it_is_written() {
        assert_eq!(row_of(" Ann@Example.org "), row_of("ann@example.org"));
        assert_eq!(row_of(" Ann"), row_of("ann"));
        assert_ne!(row_of("ann"), row_of("bob"), "a stranger's failures are not another's");
        assert_eq!(row_of(&"x".repeat(1_000_000)).len(), 1 + NAME_CHARS_MAX);
    }

    #[test]
    fn a_password_is_the_same_however_its_accents_are_typed() {
        assert_eq!(*normal_password("Ame\u{301}lie"), *normal_password("Am\u{e9}lie"));
        assert_eq!(normal_password(&"x".repeat(10_000_000)).len(), 256);
    }
}
