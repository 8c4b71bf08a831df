//! The first administrator: a link printed once at start, and nothing once there is one.

use std::sync::{Arc, Mutex};

use axum::Extension;
use axum::body::Bytes;
use axum::extract::State;
use axum::response::Response;
use convoke_model::Refusal;
use convoke_model::site::accounts::{Email, Via};
use convoke_model::text::Name;
use convoke_wire::turbo::Secret;
use http::StatusCode;
use serde::Deserialize;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;
use utoipa::ToSchema;

use super::boot::Boot;
use super::refusal::No;
use super::site::{Caller, Site};
use super::{api, pages, sign_in};
use crate::control::NewAccount;
use crate::entropy;

/// The token of the set-up link, as a hash, while nobody administers the server.
#[derive(Default)]
pub(super) struct SetUp {
    token: Mutex<Option<[u8; 32]>>,
}

impl SetUp {
    /// Draws a token: 256 random bits as base64url.
    pub(super) fn draw(&self) -> String {
        let token = entropy::token::<32>();
        *self.token.lock().unwrap_or_else(std::sync::PoisonError::into_inner) = Some(hash(&token));
        token
    }

    fn fits(&self, token: &str) -> bool {
        let held = self.token.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        held.is_some_and(|held| held.ct_eq(&hash(token)).into())
    }

    fn close(&self) {
        *self.token.lock().unwrap_or_else(std::sync::PoisonError::into_inner) = None;
    }
}

fn hash(token: &str) -> [u8; 32] {
    Sha256::digest(token.as_bytes()).into()
}

/// `GET /setup`: the token is in the fragment and never gets here.
pub(super) async fn page(
    State(site): State<Arc<Site>>,
    Extension(caller): Extension<Caller>,
) -> Result<Response, No> {
    if site.engine.has_administrator().await? {
        let boot = Boot::page("home").refused(No::because(Refusal::SetupDone));
        return Ok(pages::show(&caller, &boot, StatusCode::NOT_FOUND));
    }
    Ok(pages::show(&caller, &Boot::page("setup"), StatusCode::OK))
}

/// The first administrator to be.
#[derive(Deserialize, ToSchema)]
#[schema(as = FirstAdministrator)]
pub(super) struct Wanted {
    token: String,
    email: String,
    name: String,
    #[serde(deserialize_with = "api::secret")]
    #[schema(value_type = String)]
    password: Secret,
}

/// `POST /api/v1/setup`
pub(super) async fn set_up(
    State(site): State<Arc<Site>>,
    Extension(caller): Extension<Caller>,
    body: Bytes,
) -> Result<Response, No> {
    if site.engine.has_administrator().await? {
        return Err(No::because(Refusal::SetupDone));
    }
    let wanted: Wanted = api::read(&body)?;
    site.join_limits.may_try(caller.from(), site.clock.uptime())?;
    if !site.set_up.fits(&wanted.token) {
        site.join_limits.failed(caller.from(), None, site.clock.uptime());
        return Err(No::because(Refusal::SetupTokenInvalid));
    }
    let new = NewAccount {
        email: Email::new(&wanted.email).ok_or(Refusal::EmailInvalid)?,
        name: Name::new(&wanted.name).map_err(|_| Refusal::NameInvalid)?,
        administrator: true,
        first: true,
    };
    let account = site.accounts.add(new, wanted.password.expose()).await?;
    site.set_up.close();
    tracing::info!(account = account.id.0, "the first administrator was set up");
    site.accounts.signed_in(&account, &caller.attempt(Via::Setup), None).await?;
    sign_in::started(&site, &caller, &account)
}
