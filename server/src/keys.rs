//! API keys: made and taken back, with their secrets.
//!
//! ```text
//! ck_NUMBER_SECRET    SECRET: 256 random bits as base64url, without padding
//! ```
//!
//! The number finds the key; of the secret only the SHA-256 is kept, in the vault.

use std::collections::BTreeSet;

use convoke_model::site::keys::{Command, Scope};
use convoke_model::text::Name;
use convoke_model::{AccountId, Actor, ApiKeyId, Millis, Position, site};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use crate::control::{Account, Engine, EngineError};
use crate::entropy;
use crate::vault::{SecretOf, Vault, VaultError};

/// A key to be.
pub struct NewKey {
    /// For which account it acts.
    pub account: AccountId,
    /// What it is called.
    pub name: Name,
    /// What it is good for.
    pub scopes: BTreeSet<Scope>,
    /// Until when.
    pub expires: Option<Millis>,
}

/// A key that was made.
pub struct MadeKey {
    /// Its number.
    pub id: ApiKeyId,
    /// The place of the fact.
    pub position: Position,
    /// The key itself, which is never seen again.
    pub key: Zeroizing<String>,
}

/// Why it was not done.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// The engine could not, or would not.
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// The vault could not.
    #[error(transparent)]
    Vault(#[from] VaultError),
}

/// Whether a key of this account may be good for this. What it opens is asked at each call again.
#[must_use]
pub fn may_have(account: &Account, scope: Scope) -> bool {
    match scope {
        Scope::MeetingsRead | Scope::MeetingsWrite | Scope::EventsRead => true,
        Scope::AdminRead => account.looks_over(),
        Scope::AdminWrite => account.administers(),
    }
}

/// Makes a key.
///
/// # Errors
/// Those of the rules, of the log and of the vault.
pub async fn make(
    engine: &dyn Engine,
    vault: &Vault,
    by: Actor,
    new: NewKey,
) -> Result<MadeKey, KeyError> {
    let NewKey { account, name, scopes, expires } = new;
    let make = site::Command::Keys(Command::Make { account, name, scopes, expires });
    let (number, position) = engine.wish_placed(by, make).await?;
    let id = ApiKeyId(number);
    let secret = Zeroizing::new(entropy::token::<32>());
    // If this fails, the key exists and opens nothing.
    vault.put(SecretOf::ApiKey(id), &hash(&secret))?;
    let key = Zeroizing::new(format!("ck_{number}_{}", secret.as_str()));
    Ok(MadeKey { id, position, key })
}

/// Takes a key back, for ever: the place of the fact.
///
/// # Errors
/// Those of the rules, of the log and of the vault.
pub async fn revoke(
    engine: &dyn Engine,
    vault: &Vault,
    by: Actor,
    key: ApiKeyId,
) -> Result<Position, KeyError> {
    let revoke = site::Command::Keys(Command::Revoke { key });
    let (_, position) = engine.wish_placed(by, revoke).await?;
    vault.remove(SecretOf::ApiKey(key))?;
    Ok(position)
}

/// The number and the secret of what a program came with. A key has one spelling: a number with a
/// sign or with zeros in front is none.
#[must_use]
pub fn parts(token: &str) -> Option<(ApiKeyId, &str)> {
    let (number, secret) = token.strip_prefix("ck_")?.split_once('_')?;
    let id = ApiKeyId(number.parse().ok()?);
    (id.to_string() == number).then_some((id, secret))
}

/// Whether a secret is that of a key.
///
/// # Errors
/// Those of the vault.
pub fn opens(vault: &Vault, key: ApiKeyId, secret: &str) -> Result<bool, VaultError> {
    let kept = vault.get(SecretOf::ApiKey(key))?;
    Ok(kept.is_some_and(|kept| bool::from(kept.as_slice().ct_eq(&hash(secret)))))
}

fn hash(secret: &str) -> [u8; 32] {
    Sha256::digest(secret.as_bytes()).into()
}
