//! One's own account: profile, password, sign-ins.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodRouter, get};
use axum::{Extension, Json};
use convoke_model::Refusal;
use convoke_model::privilege::Privilege;
use convoke_model::site::accounts::{Command, Via};
use convoke_model::text::Name;
use convoke_wire::turbo::Secret;
use http::{HeaderMap, header};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::meeting::Done;
use super::refusal::No;
use super::site::{Caller, Site};
use super::{api, cookies};
use crate::control::Account;
use crate::zone::zone;

/// Reading and changing.
pub(super) fn both() -> MethodRouter<Arc<Site>> {
    get(read).post(change)
}

/// `GET /api/v1/me`
async fn read(
    State(site): State<Arc<Site>>,
    Extension(caller): Extension<Caller>,
    headers: HeaderMap,
) -> Result<Json<Me>, No> {
    let account = api::known(&site, &caller, &headers).await?;
    Ok(Json(words(&site, &account)?))
}

/// What is to become of an account; what is not given stays.
#[derive(Deserialize, ToSchema)]
pub(super) struct Profile {
    name: Option<String>,
    time_zone: Option<String>,
}

/// `POST /api/v1/me`: what is given is changed.
async fn change(
    State(site): State<Arc<Site>>,
    Extension(caller): Extension<Caller>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Json<Me>, No> {
    let own = api::known(&site, &caller, &headers).await?;
    let asked: Profile = api::read(&body)?;
    let account = own.id;
    // Both are looked at before either is changed.
    let name = asked.name.map(|name| Name::new(&name).map_err(|_| Refusal::NameInvalid));
    let name = name.transpose()?.filter(|name| *name != own.name);
    let zone = asked.time_zone.map(|typed| zone(&typed)).transpose()?;
    if name.is_some() && own.external.is_some() {
        return Err(No::because(Refusal::KeptElsewhere));
    }
    if let Some(name) = name {
        site.accounts.change(account.into(), Command::Rename { account, name }).await?;
    }
    if let Some(zone) = zone {
        site.accounts.change(account.into(), Command::SetZone { account, zone }).await?;
    }
    let own = site.engine.account(account).await?.ok_or(Refusal::SignInNeeded)?;
    Ok(Json(words(&site, &own)?))
}

/// The password as it is and as it is to be.
#[derive(Deserialize, ToSchema)]
pub(super) struct Passwords {
    #[serde(deserialize_with = "api::secret")]
    #[schema(value_type = String)]
    old: Secret,
    #[serde(deserialize_with = "api::secret")]
    #[schema(value_type = String)]
    new: Secret,
}

/// `POST /api/v1/me/password`: the account's other sign-ins end, this one gets a new id.
pub(super) async fn password(
    State(site): State<Arc<Site>>,
    Extension(caller): Extension<Caller>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, No> {
    let own = api::known(&site, &caller, &headers).await?;
    let asked: Passwords = api::read(&body)?;
    site.exposed(&caller, "/api/v1/me/password", false).await?;
    let attempt = caller.attempt(Via::Page);
    let (old, new) = (asked.old.expose(), asked.new.expose());
    site.accounts.change_password(&own, old, new, &attempt).await?;
    alone(&site, &caller, &headers, &own, &Done {}).await
}

/// Ends the account's other sign-ins and gives this one a new id; the answer carries it.
pub(super) async fn alone(
    site: &Site,
    caller: &Caller,
    headers: &HeaderMap,
    own: &Account,
    body: &impl Serialize,
) -> Result<Response, No> {
    let cookie = cookies::sign_in(headers, &caller.own).ok_or(Refusal::SignInNeeded)?;
    let sessions = site.accounts.sessions();
    let count = sessions.end_others(own.id, cookie);
    if count > 0 {
        let end = Command::EndSignIns { account: own.id, count };
        site.accounts.change(own.id.into(), end).await?;
    }
    let cookie = sessions.renew(cookie).ok_or(Refusal::SignInNeeded)?;
    let cookie = cookies::set(&cookie, &caller.own, own.administers());
    Ok(([(header::SET_COOKIE, cookie)], Json(body)).into_response())
}

/// `GET /api/v1/me/sessions`
pub(super) async fn sessions(
    State(site): State<Arc<Site>>,
    Extension(caller): Extension<Caller>,
    headers: HeaderMap,
) -> Result<Json<Sessions>, No> {
    let own = api::known(&site, &caller, &headers).await?;
    let now = site.clock.uptime();
    let cookie = cookies::sign_in(&headers, &caller.own);
    let current = cookie.and_then(|cookie| site.accounts.sessions().find(cookie, now));
    let current = current.map(|session| session.name);
    let shown = site.accounts.sessions().of(own.id, now).into_iter().map(|session| SignedIn {
        current: Some(&session.name) == current.as_ref(),
        address: session.start.from.to_canonical().to_string(),
        browser: session.start.agent.clone(),
        since_ms: session.start.at.0,
        used_ms: session.used_at().0,
        name: session.name,
    });
    Ok(Json(Sessions { sessions: shown.collect() }))
}

/// One place where an account is signed in.
#[derive(Serialize, ToSchema)]
struct SignedIn {
    name: String,
    /// Whether this call came by it.
    current: bool,
    address: String,
    browser: String,
    since_ms: u64,
    used_ms: u64,
}

/// Where an account is signed in.
#[derive(Serialize, ToSchema)]
#[schema(as = SignIns)]
pub(super) struct Sessions {
    sessions: Vec<SignedIn>,
}

/// Which sign-ins are to end.
#[derive(Deserialize, ToSchema)]
#[schema(as = EndedSignIns)]
pub(super) struct Ended {
    /// One by its name; all but this one when there is none.
    name: Option<String>,
}

/// `POST /api/v1/me/sessions/end`
pub(super) async fn end_sessions(
    State(site): State<Arc<Site>>,
    Extension(caller): Extension<Caller>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Json<EndedCount>, No> {
    let own = api::known(&site, &caller, &headers).await?;
    let asked: Ended = api::read(&body)?;
    let cookie = cookies::sign_in(&headers, &caller.own).ok_or(Refusal::SignInNeeded)?;
    let sessions = site.accounts.sessions();
    let count = match &asked.name {
        Some(name) => sessions.end_named(own.id, name),
        None => sessions.end_others(own.id, cookie),
    };
    if asked.name.is_some() && count == 0 {
        return Err(No::because(Refusal::NotFound));
    }
    if count > 0 {
        let end = Command::EndSignIns { account: own.id, count };
        site.accounts.change(own.id.into(), end).await?;
    }
    Ok(Json(EndedCount { ended: count }))
}

/// How many sign-ins ended.
#[derive(Serialize, ToSchema)]
pub(super) struct EndedCount {
    ended: u32,
}

/// An account as its owner sees it.
#[derive(Serialize, ToSchema)]
#[schema(as = OwnAccount)]
pub(super) struct Me {
    name: String,
    email: String,
    administrator: bool,
    privileges: Vec<&'static str>,
    time_zone: Option<String>,
    /// Whether a code is asked for at each sign-in.
    codes: bool,
    /// Whether codes have to be set up before anything else.
    codes_required: bool,
    recovery_codes_left: usize,
    /// Whether another system keeps name and password.
    kept_elsewhere: bool,
}

/// An account as its owner sees it.
pub(super) fn words(site: &Site, account: &Account) -> Result<Me, No> {
    let privileges: Vec<_> = account.privileges.iter().map(Privilege::word).collect();
    Ok(Me {
        name: account.name.as_str().to_owned(),
        email: account.email.as_str().to_owned(),
        administrator: account.administers(),
        privileges,
        time_zone: account.zone.as_ref().map(|zone| zone.as_str().to_owned()),
        codes: account.codes,
        codes_required: site.owes_codes(account),
        recovery_codes_left: site.accounts.recovery_codes_left(account.id)?,
        kept_elsewhere: account.external.is_some(),
    })
}
