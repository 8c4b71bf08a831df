//! Codes after the password: enrolling, confirming, checking, recovery.

use std::collections::HashMap;
use std::sync::Mutex;
use std::time::Duration;

use convoke_model::site::accounts::{Command, Second};
use convoke_model::{AccountId, Refusal};
use qrcodegen::{QrCode, QrCodeEcc};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use super::totp::{self, KEY_BYTES};
use super::{AccountError, Accounts, Attempt};
use crate::control::Account;
use crate::entropy;
use crate::vault::SecretOf;

/// How long an app may take to be set up.
const ENROLMENT_LIFE: Duration = Duration::from_secs(15 * 60);
/// People setting up an app at once.
const ENROLMENTS_MAX: usize = 4096;
const RECOVERY_CODES: usize = 10;
/// Bytes of a recovery code: 16 letters and digits, 80 bits.
const RECOVERY_BYTES: usize = 10;

/// What the vault holds of an account's codes.
#[derive(Serialize, Deserialize)]
struct Material {
    v: u32,
    key: [u8; KEY_BYTES],
    /// The last step whose code was used.
    last: Option<u64>,
    /// SHA-256 of the recovery codes that are left.
    recovery: Vec<[u8; 32]>,
}

impl Drop for Material {
    fn drop(&mut self) {
        zeroize::Zeroize::zeroize(&mut self.key);
    }
}

/// What an app needs, shown once.
pub struct Enrolment {
    /// The key as people type it.
    pub key: Zeroizing<String>,
    /// The same as an address that apps read.
    pub link: Zeroizing<String>,
    /// The address as a picture.
    pub picture: Picture,
}

/// A QR code: dark squares on a grid.
pub struct Picture {
    /// Squares on a side.
    pub size: i32,
    /// The dark ones, as an SVG path.
    pub path: Zeroizing<String>,
}

type Key = Zeroizing<[u8; KEY_BYTES]>;

/// Keys that wait for their first code, and until when they do.
#[derive(Default)]
pub(super) struct Enrolments(Mutex<HashMap<AccountId, (Duration, Key)>>);

impl Enrolments {
    fn begin(&self, account: AccountId, now: Duration) -> Option<Key> {
        let mut waiting = self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        waiting.retain(|_, (until, _)| *until > now);
        if waiting.len() >= ENROLMENTS_MAX && !waiting.contains_key(&account) {
            return None;
        }
        let key = Zeroizing::new(entropy::bytes());
        waiting.insert(account, (now + ENROLMENT_LIFE, key.clone()));
        Some(key)
    }

    fn find(&self, account: AccountId, now: Duration) -> Option<Key> {
        let waiting = self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let (until, key) = waiting.get(&account)?;
        (*until > now).then(|| key.clone())
    }

    fn end(&self, account: AccountId) {
        let mut waiting = self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        waiting.remove(&account);
    }
}

impl Accounts {
    /// Draws a key for an app, after the password was typed again. Nothing changes until a code of
    /// it was seen.
    ///
    /// # Errors
    /// `password_wrong`, `kept_elsewhere`, `already_done` when codes are on; waits; faults.
    pub async fn enrol(
        &self,
        account: &Account,
        password: &str,
        attempt: &Attempt,
    ) -> Result<Enrolment, AccountError> {
        self.confirm_password(account, password, attempt).await?;
        if account.codes {
            return Err(AccountError::Refused(Refusal::AlreadyDone));
        }
        let key = self.enrolments.begin(account.id, self.clock.uptime());
        let key = key.ok_or(AccountError::Refused(Refusal::Busy))?;
        enrolment(&key, account)
    }

    /// Turns codes on with the first one that the app shows. The recovery codes are given this one
    /// time.
    ///
    /// # Errors
    /// `code_wrong`, `already_done`; faults.
    pub async fn confirm_codes(
        &self,
        account: &Account,
        typed: &str,
    ) -> Result<Vec<Zeroizing<String>>, AccountError> {
        if account.codes {
            return Err(AccountError::Refused(Refusal::AlreadyDone));
        }
        let now = self.clock.uptime();
        let wait = self.codes_backoff.wait(&account.id.to_string(), now);
        if !wait.is_zero() {
            return Err(AccountError::Slow(wait));
        }
        let wrong = AccountError::Refused(Refusal::CodeWrong);
        let Some(key) = self.enrolments.find(account.id, now) else { return Err(wrong) };
        let Some(step) = totp::step_of(&key, &plain(typed), self.now_s(), None) else {
            self.codes_backoff.failed(&account.id.to_string(), now);
            return Err(wrong);
        };
        let codes: Vec<_> = (0..RECOVERY_CODES).map(|_| recovery_code()).collect();
        let recovery = codes.iter().map(|code| hash(&plain(code))).collect();
        let material = Material { v: 1, key: *key, last: Some(step), recovery };
        self.keep_codes(account.id, &material)?;
        self.enrolments.end(account.id);
        self.record_by(account.id, Command::TurnCodesOn { account: account.id }).await?;
        Ok(codes)
    }

    /// Checks a code after the password, and uses it up.
    ///
    /// # Errors
    /// `code_wrong`; waits after some wrong ones; faults.
    pub async fn check_code(
        &self,
        account: &Account,
        typed: &str,
        attempt: &Attempt,
    ) -> Result<Second, AccountError> {
        let now = self.clock.uptime();
        self.may_try_from(attempt)?;
        let row = account.id.to_string();
        let wait = self.codes_backoff.wait(&row, now);
        if !wait.is_zero() {
            return Err(AccountError::Slow(wait));
        }
        match self.use_code(account.id, typed)? {
            Some(second) => {
                self.codes_backoff.succeeded(&row);
                Ok(second)
            }
            None => {
                self.codes_backoff.failed(&row, now);
                self.failed_from(Some(account.id), attempt).await?;
                Err(AccountError::Refused(Refusal::CodeWrong))
            }
        }
    }

    /// Turns codes off, with the password and a code.
    ///
    /// # Errors
    /// `password_wrong`, `code_wrong`; `password_too_short` when the password is too short to stand
    /// alone; waits; faults.
    pub async fn turn_codes_off(
        &self,
        account: &Account,
        password: &str,
        typed: &str,
        attempt: &Attempt,
    ) -> Result<(), AccountError> {
        self.confirm_password(account, password, attempt).await?;
        if !account.codes {
            return Ok(());
        }
        if !super::rules::stands_alone(password) {
            return Err(AccountError::Refused(Refusal::PasswordTooShort));
        }
        self.check_code(account, typed, attempt).await?;
        self.record_by(account.id, Command::TurnCodesOff { account: account.id }).await?;
        Ok(self.vault.remove(SecretOf::Codes(account.id))?)
    }

    /// How many recovery codes are left.
    ///
    /// # Errors
    /// Faults of the vault.
    pub fn recovery_codes_left(&self, account: AccountId) -> Result<usize, AccountError> {
        Ok(self.codes_of(account)?.map_or(0, |material| material.recovery.len()))
    }

    fn use_code(&self, account: AccountId, typed: &str) -> Result<Option<Second>, AccountError> {
        // One at a time, so that a code sent twice at once is taken once.
        let _one = self.using.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let Some(mut material) = self.codes_of(account)? else { return Ok(None) };
        let typed = plain(typed);
        let step = totp::step_of(&material.key, &typed, self.now_s(), material.last);
        let hash = hash(&typed);
        let spare = material.recovery.iter().position(|held| held.ct_eq(&hash).into());
        let second = match (step, spare) {
            (Some(step), _) => {
                material.last = Some(step);
                Second::Code
            }
            (None, Some(at)) => {
                material.recovery.remove(at);
                Second::RecoveryCode
            }
            (None, None) => return Ok(None),
        };
        self.keep_codes(account, &material)?;
        Ok(Some(second))
    }

    fn codes_of(&self, account: AccountId) -> Result<Option<Material>, AccountError> {
        let Some(bytes) = self.vault.get(SecretOf::Codes(account))? else { return Ok(None) };
        let material: Material = serde_json::from_slice(&bytes)
            .map_err(|_| AccountError::Fault("the codes in the vault are unreadable".into()))?;
        if material.v != 1 {
            let reason = "codes were stored by a newer version of Convoke";
            return Err(AccountError::Fault(reason.to_owned()));
        }
        Ok(Some(material))
    }

    fn keep_codes(&self, account: AccountId, material: &Material) -> Result<(), AccountError> {
        let bytes = serde_json::to_vec(material).map(Zeroizing::new);
        let bytes = bytes.map_err(|error| AccountError::Fault(error.to_string()))?;
        self.vault.put(SecretOf::Codes(account), &bytes)?;
        Ok(())
    }

    fn now_s(&self) -> u64 {
        self.clock.now().0 / 1000
    }
}

fn enrolment(key: &[u8; KEY_BYTES], account: &Account) -> Result<Enrolment, AccountError> {
    let key = Zeroizing::new(totp::base32(key));
    let email = percent_encoding::utf8_percent_encode(
        account.email.as_str(),
        percent_encoding::NON_ALPHANUMERIC,
    );
    let link = format!("otpauth://totp/Convoke:{email}?secret={}&issuer=Convoke", key.as_str());
    let link = Zeroizing::new(link);
    let code = QrCode::encode_text(&link, QrCodeEcc::Medium)
        .map_err(|error| AccountError::Fault(error.to_string()))?;
    let mut path = Zeroizing::new(String::new());
    for y in 0..code.size() {
        for x in (0..code.size()).filter(|&x| code.get_module(x, y)) {
            path.push_str(&format!("M{x} {y}h1v1h-1z"));
        }
    }
    Ok(Enrolment { key, link, picture: Picture { size: code.size(), path } })
}

/// Four groups of four letters and digits.
fn recovery_code() -> Zeroizing<String> {
    let drawn = totp::base32(&entropy::bytes::<RECOVERY_BYTES>()).to_lowercase();
    let groups: Vec<&str> = (0..4).map(|n| &drawn[4 * n..4 * n + 4]).collect();
    Zeroizing::new(groups.join("-"))
}

/// As it is compared: without the spaces and dashes that people read it by.
fn plain(typed: &str) -> Zeroizing<String> {
    let kept = typed.chars().take(64).filter(|c| !c.is_whitespace() && *c != '-');
    Zeroizing::new(kept.collect::<String>().to_lowercase())
}

fn hash(code: &str) -> [u8; 32] {
    Sha256::digest(code.as_bytes()).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn recovery_codes_are_read_however_they_are_typed() {
        let code = recovery_code();
        assert_eq!(code.len(), 19);
        assert_eq!(plain(&code.to_uppercase()), plain(&format!(" {} ", code.replace('-', " "))));
        assert_ne!(*recovery_code(), *code);
        assert_eq!(plain("123 456").as_str(), "123456");
    }
}
