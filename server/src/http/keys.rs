//! API keys: made, listed and revoked by people who are signed in, and checked when a program comes
//! with one.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodRouter, get};
use axum::{Extension, Json};
use convoke_model::site::keys::{ApiKey, Scope};
use convoke_model::text::Name;
use convoke_model::{ApiKeyId, Millis, Refusal, StreamId};
use convoke_wire::turbo::Secret;
use http::HeaderMap;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::api;
use super::meeting_words::Place;
use super::place;
use super::refusal::No;
use super::scrub::Taken;
use super::site::{Caller, Site};
use crate::control::Account;
use crate::keys::{self, KeyError, MadeKey, NewKey};

/// Listing and making.
pub(super) fn both() -> MethodRouter<Arc<Site>> {
    get(list).post(make)
}

impl From<KeyError> for No {
    fn from(error: KeyError) -> Self {
        match error {
            KeyError::Engine(error) => error.into(),
            KeyError::Vault(error) => error.into(),
        }
    }
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
    if !scopes.iter().all(|scope| keys::may_have(&account, *scope)) {
        return Err(No::because(Refusal::PrivilegeMissing));
    }
    let expires = asked.expires_ms.map(Millis);
    let new = NewKey { account: account.id, name, scopes, expires };
    let made = keys::make(&*site.engine, &site.vault, account.id.into(), new).await?;
    let MadeKey { id, position, key: token } = made;
    let key = site.engine.api_key(id).await?;
    let key = key.ok_or_else(|| No::fault("a key that was just made is not there"))?;
    let made = Made {
        seen: seen(&site, id, &key).await?,
        key: token.to_string(),
        position: Place::new(StreamId::SITE, position),
    };
    Ok((place::caused(StreamId::SITE, position), Json(made)).into_response())
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
        let position = keys::revoke(&*self.engine, &self.vault, by.id.into(), id).await?;
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
        let (id, secret) = keys::parts(token.expose()).ok_or_else(invalid)?;
        let key = self.engine.api_key(id).await?;
        let key = key.filter(|key| key.is_good(self.clock.now())).ok_or_else(invalid)?;
        if !keys::opens(&self.vault, id, secret)? {
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
