//! Setting up an authenticator app on one's own account, and doing without it again.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::State;
use axum::response::Response;
use axum::{Extension, Json};
use convoke_model::Refusal;
use convoke_model::site::accounts::Via;
use convoke_wire::turbo::Secret;
use http::HeaderMap;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::meeting::Done;
use super::refusal::No;
use super::site::{Caller, Site};
use super::{api, me};

/// What somebody proves who they are with.
#[derive(Deserialize, ToSchema)]
#[schema(as = BeginCodes)]
pub(super) struct Begin {
    #[serde(deserialize_with = "api::secret")]
    #[schema(value_type = String)]
    password: Secret,
}

/// `POST /api/v1/me/totp`: a key for the app, as text, as an address and as a picture.
pub(super) async fn begin(
    State(site): State<Arc<Site>>,
    Extension(caller): Extension<Caller>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Json<Enrolled>, No> {
    let own = api::known(&site, &caller, &headers).await?;
    let asked: Begin = api::read(&body)?;
    site.exposed(&caller, "/api/v1/me/totp", false).await?;
    let attempt = caller.attempt(Via::Page);
    let enrolment = site.accounts.enrol(&own, asked.password.expose(), &attempt).await?;
    Ok(Json(Enrolled {
        key: enrolment.key.as_str().to_owned(),
        link: enrolment.link.as_str().to_owned(),
        picture: Picture {
            size: enrolment.picture.size,
            path: enrolment.picture.path.as_str().to_owned(),
        },
    }))
}

/// What an authenticator app is set up with.
#[derive(Serialize, ToSchema)]
pub(super) struct Enrolled {
    key: String,
    link: String,
    picture: Picture,
}

/// A picture of black squares: an SVG path in a square of this size.
#[derive(Serialize, ToSchema)]
struct Picture {
    size: i32,
    path: String,
}

/// Codes that each stand in for one of the app, once.
#[derive(Serialize, ToSchema)]
pub(super) struct RecoveryCodes {
    recovery_codes: Vec<String>,
}

/// The first code of an app.
#[derive(Deserialize, ToSchema)]
#[schema(as = ConfirmCodes)]
pub(super) struct Confirm {
    #[serde(deserialize_with = "api::secret")]
    #[schema(value_type = String)]
    code: Secret,
}

/// `POST /api/v1/me/totp/confirm`: the recovery codes, this one time. Other sign-ins end, for they
/// were made without a code.
pub(super) async fn confirm(
    State(site): State<Arc<Site>>,
    Extension(caller): Extension<Caller>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, No> {
    let own = api::known(&site, &caller, &headers).await?;
    let asked: Confirm = api::read(&body)?;
    let codes = site.accounts.confirm_codes(&own, asked.code.expose()).await?;
    let recovery_codes = codes.iter().map(|code| code.as_str().to_owned()).collect();
    me::alone(&site, &caller, &headers, &own, &RecoveryCodes { recovery_codes }).await
}

/// What somebody proves who they are with, twice.
#[derive(Deserialize, ToSchema)]
#[schema(as = OffCodes)]
pub(super) struct Off {
    #[serde(deserialize_with = "api::secret")]
    #[schema(value_type = String)]
    password: Secret,
    #[serde(deserialize_with = "api::secret")]
    #[schema(value_type = String)]
    code: Secret,
}

/// `POST /api/v1/me/totp/off`
pub(super) async fn off(
    State(site): State<Arc<Site>>,
    Extension(caller): Extension<Caller>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, No> {
    let own = api::known(&site, &caller, &headers).await?;
    let asked: Off = api::read(&body)?;
    if site.config.sign_in.administrators_need_codes && own.administers() {
        return Err(No::because(Refusal::CodeRequired));
    }
    site.exposed(&caller, "/api/v1/me/totp/off", false).await?;
    let attempt = caller.attempt(Via::Page);
    let (password, code) = (asked.password.expose(), asked.code.expose());
    site.accounts.turn_codes_off(&own, password, code, &attempt).await?;
    me::alone(&site, &caller, &headers, &own, &Done {}).await
}
