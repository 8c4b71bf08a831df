//! Signing in and out.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};
use convoke_model::site::accounts::Via;
use convoke_wire::turbo::Secret;
use http::{HeaderMap, header};
use serde::Deserialize;
use serde_json::{Value, json};

use super::refusal::No;
use super::site::{Caller, Site};
use super::{api, cookies};
use crate::control::Account;

#[derive(Deserialize)]
struct SignIn {
    email: String,
    #[serde(deserialize_with = "api::secret")]
    password: Secret,
}

/// `POST /api/v1/sign-in`
pub(super) async fn sign_in(
    State(site): State<Arc<Site>>,
    Extension(caller): Extension<Caller>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, No> {
    let asked: SignIn = api::read(&body)?;
    site.exposed(&caller, "/api/v1/sign-in", false).await?;
    let (email, password) = (&asked.email, asked.password.expose());
    let account = site.accounts.verify(email, password, Via::Page, caller.from()).await?;
    // The old sign-in of this browser ends; the new one has a new id.
    if let Some(old) = cookies::sign_in(&headers, &caller.own) {
        site.sessions.end(old);
    }
    Ok(started(&site, &caller, account))
}

/// The answer to whoever is now signed in.
pub(super) fn started(site: &Site, caller: &Caller, account: Account) -> Response {
    let cookie = site.sessions.start(account.clone(), site.clock.uptime());
    let cookie = cookies::set(&cookie, &caller.own, account.administrator);
    ([(header::SET_COOKIE, cookie)], Json(words(&account))).into_response()
}

/// `POST /api/v1/sign-out`
pub(super) async fn sign_out(
    State(site): State<Arc<Site>>,
    Extension(caller): Extension<Caller>,
    headers: HeaderMap,
) -> Response {
    if let Some(cookie) = cookies::sign_in(&headers, &caller.own) {
        site.sessions.end(cookie);
    }
    ([(header::SET_COOKIE, cookies::clear(&caller.own))], Json(json!({}))).into_response()
}

/// `GET /api/v1/me`
pub(super) async fn me(
    State(site): State<Arc<Site>>,
    Extension(caller): Extension<Caller>,
    headers: HeaderMap,
) -> Result<Json<Value>, No> {
    Ok(Json(words(&api::signed_in(&site, &caller, &headers)?)))
}

fn words(account: &Account) -> Value {
    json!({
        "name": account.name.as_str(),
        "email": account.email.as_str(),
        "administrator": account.administrator,
    })
}
