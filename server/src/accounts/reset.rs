//! The link to set a new password: 256 random bits, good once and for a quarter of an hour. Only
//! its hash is kept, and nothing changes until it is used.

use std::time::Duration;

use convoke_model::site::accounts::Command;
use convoke_model::{AccountId, Actor, Refusal};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use super::{AccountError, Accounts, Attempt};
use crate::control::Account;
use crate::entropy;
use crate::vault::SecretOf;

/// How long a link is good.
pub const LINK_LIFE: Duration = Duration::from_secs(15 * 60);
/// 32 bytes as base64url.
const SECRET_CHARS: usize = 43;

/// What the vault holds of a link.
#[derive(Serialize, Deserialize)]
struct Material {
    v: u32,
    hash: [u8; 32],
    until_ms: u64,
}

impl Accounts {
    /// Makes a link for an account: what stands behind `/reset#`. An older one is dead from here
    /// on.
    ///
    /// # Errors
    /// `kept_elsewhere`, `account_disabled`; faults.
    pub async fn issue_reset(
        &self,
        account: &Account,
        by: Actor,
    ) -> Result<Zeroizing<String>, AccountError> {
        self.record_as(by, Command::IssueReset { account: account.id }).await?;
        let (token, material) = draw(account.id, self.clock.now().0);
        let bytes = serde_json::to_vec(&material)
            .map_err(|error| AccountError::Fault(error.to_string()))?;
        self.vault.put(SecretOf::Reset(account.id), &bytes)?;
        Ok(token)
    }

    /// Whether somebody who cannot sign in may have a link made for this account now: three in an
    /// hour.
    pub(crate) fn may_have_a_link(&self, account: AccountId) -> bool {
        self.links.take(&account, self.clock.uptime()).is_ok()
    }

    /// Whether this address may ask for links now.
    ///
    /// # Errors
    /// How long to wait.
    pub(crate) fn may_ask_for_a_link(&self, attempt: &Attempt) -> Result<(), AccountError> {
        let key = crate::limits::by_customer(attempt.from);
        self.link_asks.take(&key, self.clock.uptime()).map_err(AccountError::Slow)
    }

    /// Uses a link: the new password is in force, every sign-in of the account is over. Codes stay
    /// as they were.
    ///
    /// # Errors
    /// `link_invalid`, a weak password (the link stays good); waits; faults.
    pub async fn use_reset(
        &self,
        token: &str,
        password: &str,
        attempt: &Attempt,
    ) -> Result<(), AccountError> {
        self.may_try_from(attempt)?;
        // One at a time, so that a link sent twice at once is used once.
        let _one = self.resetting.lock().await;
        let Some(account) = self.behind(token).await? else {
            self.door.failed(attempt.from, self.clock.uptime());
            return Err(AccountError::Refused(Refusal::LinkInvalid));
        };
        let material = self.hashed(&account, password).await?;
        // First the link dies: whatever happens next, it is not good twice.
        self.vault.remove(SecretOf::Reset(account.id))?;
        self.set_password(&account, &material).await?;
        self.sessions.end_all_of(account.id);
        self.backoff.succeeded(account.email.as_str());
        Ok(())
    }

    async fn behind(&self, token: &str) -> Result<Option<Account>, AccountError> {
        let Some((id, secret)) = parted(token) else { return Ok(None) };
        let Some(bytes) = self.vault.get(SecretOf::Reset(id))? else { return Ok(None) };
        let held: Material = serde_json::from_slice(&bytes)
            .map_err(|_| AccountError::Fault("a link in the vault is unreadable".into()))?;
        let fits: bool = held.hash.ct_eq(&hash(secret)).into();
        if !fits || held.v != 1 || held.until_ms <= self.clock.now().0 {
            return Ok(None);
        }
        let account = self.engine.account(id).await?;
        Ok(account.filter(|account| account.enabled && account.external.is_none()))
    }
}

fn draw(account: AccountId, now_ms: u64) -> (Zeroizing<String>, Material) {
    let secret = Zeroizing::new(entropy::token::<32>());
    let life_ms = u64::try_from(LINK_LIFE.as_millis()).unwrap_or(u64::MAX);
    let material = Material { v: 1, hash: hash(&secret), until_ms: now_ms.saturating_add(life_ms) };
    (Zeroizing::new(format!("{account}.{}", secret.as_str())), material)
}

fn parted(token: &str) -> Option<(AccountId, &str)> {
    let (id, secret) = token.split_once('.')?;
    let account = AccountId(id.parse().ok()?);
    let spelt = account.to_string() == id && secret.len() == SECRET_CHARS;
    spelt.then_some((account, secret))
}

fn hash(secret: &str) -> [u8; 32] {
    Sha256::digest(secret.as_bytes()).into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    /// A row of the abuse table: a million links, none like another, each bit as often 1 as 0.
    #[test]
    fn a_million_links_do_not_repeat_and_favour_no_letter() {
        const DRAWN: usize = 1_000_000;
        let mut seen = HashSet::with_capacity(DRAWN);
        let mut letters = [0_u64; 128];
        for _ in 0..DRAWN {
            let secret = entropy::token::<32>();
            // The last letter holds 4 bits only.
            for letter in secret.bytes().take(SECRET_CHARS - 1) {
                letters[usize::from(letter)] += 1;
            }
            assert!(seen.insert(hash(&secret)), "drawn twice");
        }
        let counts: Vec<u64> = letters.into_iter().filter(|&count| count > 0).collect();
        assert_eq!(counts.len(), 64);
        let expected = (DRAWN * (SECRET_CHARS - 1)) as f64 / 64.0;
        let chi: f64 = counts.iter().map(|&n| (n as f64 - expected).powi(2) / expected).sum();
        // 63 degrees of freedom: beyond 150 once in some hundred million runs.
        assert!(chi < 150.0, "chi-squared is {chi}");
    }

    #[test]
    fn what_is_no_link_is_not_looked_up() {
        let (token, _) = draw(AccountId(7), 0);
        assert_eq!(parted(&token).map(|(id, _)| id), Some(AccountId(7)));
        let token: &str = &token;
        let secret = &token[2..];
        let table = [
            String::new(),
            secret.to_owned(),
            format!(".{secret}"),
            format!("+7.{secret}"),
            format!("-7.{secret}"),
            format!("99999999999.{secret}"),
            format!("../7.{secret}"),
            format!("{token}x"),
            token[..token.len() - 1].to_owned(),
        ];
        for token in table {
            assert_eq!(parted(&token), None, "{token}");
        }
    }
}
