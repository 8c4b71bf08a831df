//! API keys: made, listed and revoked by people who are signed in, and checked when a program comes
//! with one.
//!
//! ```text
//! ck_NUMBER_SECRET    SECRET: 256 random bits as base64url, without padding
//! ```
//!
//! The number finds the key; of the secret only the SHA-256 is kept, in the vault.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodRouter, get};
use axum::{Extension, Json};
use convoke_model::site::keys::{ApiKey, Command, Scope};
use convoke_model::site::{self};
use convoke_model::text::Name;
use convoke_model::{ApiKeyId, Millis, Refusal, StreamId};
use convoke_wire::turbo::Secret;
use http::HeaderMap;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;
use utoipa::ToSchema;

use super::api;
use super::meeting_words::Place;
use super::place;
use super::refusal::No;
use super::scrub::Taken;
use super::site::{Caller, Site};
use crate::control::Account;
use crate::entropy;
use crate::vault::SecretOf;

/// Listing and making.
pub(super) fn both() -> MethodRouter<Arc<Site>> {
    get(list).post(make)
}

/// A key, without its secret.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ApiKey)]
pub(super) struct Seen {
    number: u32,
    name: String,
    /// What it is good for: `meetings:read`, `meetings:write`, `events:read`, `admin:read`,
    /// `admin:write`.
    scopes: Vec<&'static str>,
    /// The e-mail address of the account for which it acts.
    owner: String,
    made_ms: u64,
    /// Until when it is good; nothing for as long as nobody revokes it.
    expires_ms: Option<u64>,
    revoked_ms: Option<u64>,
    /// Whether it opens anything now.
    good: bool,
}

/// Keys, by number.
#[derive(Serialize, ToSchema)]
pub(super) struct Keys {
    keys: Vec<Seen>,
}

/// `GET /api/v1/keys`: one's own; `?all=true` for everybody's, which administrators may ask.
async fn list(
    State(site): State<Arc<Site>>,
    Extension(caller): Extension<Caller>,
    Extension(taken): Extension<Taken>,
    headers: HeaderMap,
) -> Result<Json<Keys>, No> {
    let account = api::signed_in(&site, &caller, &headers).await?;
    let all = match taken.parameter("all").as_deref() {
        None | Some("false") => false,
        Some("true") if account.administers() => true,
        Some("true") => return Err(No::because(Refusal::PrivilegeMissing)),
        Some(_) => return Err(No::because(Refusal::Malformed)),
    };
    let mut keys = Vec::new();
    for (id, key) in site.engine.api_keys().await? {
        if all || key.account == account.id {
            keys.push(seen(&site, id, &key).await?);
        }
    }
    Ok(Json(Keys { keys }))
}

/// A key to be.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewApiKey)]
pub(super) struct Asked {
    #[schema(min_length = 1, max_length = 80)]
    name: String,
    #[schema(min_items = 1)]
    scopes: Vec<String>,
    #[serde(default)]
    expires_ms: Option<u64>,
}

/// A key and its secret, this one time.
#[derive(Serialize, ToSchema)]
#[schema(as = MadeApiKey)]
pub(super) struct Made {
    #[serde(flatten)]
    seen: Seen,
    /// The key itself: `Authorization: Bearer` and this.
    #[schema(pattern = "^ck_[0-9]+_[A-Za-z0-9_-]{43}$")]
    key: String,
    position: Place,
}

/// `POST /api/v1/keys`
async fn make(
    State(site): State<Arc<Site>>,
    Extension(caller): Extension<Caller>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, No> {
    let account = api::signed_in(&site, &caller, &headers).await?;
    let asked: Asked = api::read(&body)?;
    let name = Name::new(&asked.name).map_err(|_| Refusal::NameInvalid)?;
    let scopes = asked.scopes.iter().map(|word| Scope::from_word(word).ok_or(Refusal::Malformed));
    let scopes: std::collections::BTreeSet<Scope> = scopes.collect::<Result<_, _>>()?;
    if !scopes.iter().all(|scope| may_have(&account, *scope)) {
        return Err(No::because(Refusal::PrivilegeMissing));
    }
    let expires = asked.expires_ms.map(Millis);
    let make = Command::Make { account: account.id, name, scopes, expires };
    let (number, position) =
        site.engine.wish_placed(account.id.into(), site::Command::Keys(make)).await?;
    let id = ApiKeyId(number);
    let secret = entropy::token::<32>();
    // If this fails, the key exists and opens nothing.
    site.vault.put(SecretOf::ApiKey(id), &hash(&secret))?;
    let key = site.engine.api_key(id).await?;
    let key = key.ok_or_else(|| No::fault("a key that was just made is not there"))?;
    let made = Made {
        seen: seen(&site, id, &key).await?,
        key: format!("ck_{number}_{secret}"),
        position: Place::new(StreamId::SITE, position),
    };
    Ok((place::caused(StreamId::SITE, position), Json(made)).into_response())
}

/// Whether a key of this account may be good for this. What it opens is asked at each call again.
pub(crate) fn may_have(account: &Account, scope: Scope) -> bool {
    match scope {
        Scope::MeetingsRead | Scope::MeetingsWrite | Scope::EventsRead => true,
        Scope::AdminRead => account.looks_over(),
        Scope::AdminWrite => account.administers(),
    }
}

/// `DELETE /api/v1/keys/{key}`: one's own; administrators anybody's.
pub(super) async fn revoke(
    State(site): State<Arc<Site>>,
    Extension(caller): Extension<Caller>,
    Path(number): Path<String>,
    headers: HeaderMap,
) -> Result<Response, No> {
    let account = api::signed_in(&site, &caller, &headers).await?;
    let id = ApiKeyId(number.parse().map_err(|_| Refusal::NotFound)?);
    let (key, position) = site.revoke_key(&account, id).await?;
    let words = seen(&site, id, &key).await?;
    Ok((place::caused(StreamId::SITE, position), Json(words)).into_response())
}

async fn seen(site: &Site, id: ApiKeyId, key: &ApiKey) -> Result<Seen, No> {
    let owner = site.engine.account(key.account).await?;
    Ok(Seen {
        number: id.0,
        name: key.name.as_str().to_owned(),
        scopes: key.scopes.iter().map(|scope| scope.word()).collect(),
        owner: owner.map(|owner| owner.email.to_string()).unwrap_or_default(),
        made_ms: key.made.0,
        expires_ms: key.expires.map(|at| at.0),
        revoked_ms: key.revoked.map(|at| at.0),
        good: key.is_good(site.clock.now()),
    })
}

impl Site {
    async fn revoke_key(
        &self,
        by: &Account,
        id: ApiKeyId,
    ) -> Result<(ApiKey, convoke_model::Position), No> {
        let key = self.engine.api_key(id).await?;
        let key = key.filter(|key| key.account == by.id || by.administers());
        key.ok_or(Refusal::NotFound)?;
        let revoke = site::Command::Keys(Command::Revoke { key: id });
        let (_, position) = self.engine.wish_placed(by.id.into(), revoke).await?;
        self.vault.remove(SecretOf::ApiKey(id))?;
        let key = self.engine.api_key(id).await?.ok_or(Refusal::NotFound)?;
        Ok((key, position))
    }

    /// The key that a program came with, and the account for which it acts, as both are now.
    pub(super) async fn keyed(
        &self,
        caller: &Caller,
        token: &Secret,
    ) -> Result<(ApiKeyId, ApiKey, Account), No> {
        let invalid = || No::because(Refusal::KeyInvalid);
        let parts = token.expose().strip_prefix("ck_").and_then(|rest| rest.split_once('_'));
        let (number, secret) = parts.ok_or_else(invalid)?;
        let id = ApiKeyId(number.parse().map_err(|_| invalid())?);
        let key = self.engine.api_key(id).await?;
        let key = key.filter(|key| key.is_good(self.clock.now())).ok_or_else(invalid)?;
        let kept = self.vault.get(SecretOf::ApiKey(id))?.ok_or_else(invalid)?;
        if !bool::from(kept.as_slice().ct_eq(&hash(secret))) {
            return Err(invalid());
        }
        self.exposed(caller, "/api/v1", false).await?;
        let account = self.engine.account(key.account).await?;
        let account = account.filter(|account| account.enabled).ok_or_else(invalid)?;
        if self.owes_codes(&account) {
            return Err(No::because(Refusal::CodeRequired));
        }
        Ok((id, key, account))
    }
}

fn hash(secret: &str) -> [u8; 32] {
    Sha256::digest(secret.as_bytes()).into()
}
