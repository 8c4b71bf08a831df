//! Signing in and out: the password, then the code where one is owed.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};
use convoke_model::Refusal;
use convoke_model::site::accounts::{Second, Via};
use convoke_wire::turbo::Secret;
use http::{HeaderMap, header};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::meeting::Done;
use super::refusal::No;
use super::site::{Caller, Site};
use super::{api, cookies, me};
use crate::accounts::Start;
use crate::control::Account;

/// What somebody signs in with.
#[derive(Deserialize, ToSchema)]
pub(super) struct SignIn {
    email: String,
    #[serde(deserialize_with = "api::secret")]
    #[schema(value_type = String)]
    password: Secret,
}

/// `POST /api/v1/sign-in`: the account, or for one with codes `half`, the token to go on with.
pub(super) async fn sign_in(
    State(site): State<Arc<Site>>,
    Extension(caller): Extension<Caller>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, No> {
    let asked: SignIn = api::read(&body)?;
    site.exposed(&caller, "/api/v1/sign-in", false).await?;
    let attempt = caller.attempt(Via::Page);
    let account = site.sign_ins.verify(&asked.email, asked.password.expose(), &attempt).await?;
    if account.codes {
        let half = site.accounts.halves().keep(account.id, site.clock.uptime());
        let half = half.ok_or(Refusal::Busy)?;
        return Ok(Json(Entered::Half { half }).into_response());
    }
    site.let_in(&caller, &headers, account, None).await
}

/// What came of a right password.
#[derive(Serialize, ToSchema)]
#[serde(untagged)]
pub(super) enum Entered {
    /// A code is owed.
    Half {
        /// What to go on with.
        half: String,
    },
    /// The account.
    Whole(Box<me::Me>),
}

/// A code, and the half that it completes.
#[derive(Deserialize, ToSchema)]
pub(super) struct Code {
    half: String,
    #[serde(deserialize_with = "api::secret")]
    #[schema(value_type = String)]
    code: Secret,
}

/// `POST /api/v1/sign-in/code`
pub(super) async fn code(
    State(site): State<Arc<Site>>,
    Extension(caller): Extension<Caller>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, No> {
    let asked: Code = api::read(&body)?;
    site.exposed(&caller, "/api/v1/sign-in/code", false).await?;
    let halves = site.accounts.halves();
    let id = halves.one_try(&asked.half, site.clock.uptime()).ok_or(Refusal::SignInNeeded)?;
    let account = site.engine.account(id).await?.filter(|account| account.enabled);
    let account = account.ok_or(Refusal::AccountDisabled)?;
    let attempt = caller.attempt(Via::Page);
    let second = site.accounts.check_code(&account, asked.code.expose(), &attempt).await?;
    if !halves.end(&asked.half) {
        return Err(No::because(Refusal::SignInNeeded));
    }
    site.let_in(&caller, &headers, account, Some(second)).await
}

impl Site {
    /// Makes it a fact that somebody signed in, and answers them. The old sign-in of this browser
    /// ends; the new one has a new id.
    async fn let_in(
        &self,
        caller: &Caller,
        headers: &HeaderMap,
        account: Account,
        second: Option<Second>,
    ) -> Result<Response, No> {
        self.accounts.signed_in(&account, &caller.attempt(Via::Page), second).await?;
        if let Some(old) = cookies::sign_in(headers, &caller.own) {
            self.accounts.sessions().end(old);
        }
        started(self, caller, &account)
    }
}

/// The answer to whoever is now signed in.
pub(super) fn started(site: &Site, caller: &Caller, account: &Account) -> Result<Response, No> {
    let start = Start {
        account: account.id,
        administers: account.administers(),
        from: caller.from(),
        agent: caller.agent.clone(),
        at: site.clock.now(),
    };
    let cookie = site.accounts.sessions().start(start, site.clock.uptime());
    let cookie = cookies::set(&cookie, &caller.own, account.administers());
    Ok(([(header::SET_COOKIE, cookie)], Json(Entered::Whole(Box::new(me::words(site, account)?))))
        .into_response())
}

/// `POST /api/v1/sign-out`
pub(super) async fn sign_out(
    State(site): State<Arc<Site>>,
    Extension(caller): Extension<Caller>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, No> {
    api::read_nothing(&body)?;
    if let Some(cookie) = cookies::sign_in(&headers, &caller.own) {
        site.accounts.sessions().end(cookie);
    }
    Ok(([(header::SET_COOKIE, cookies::clear(&caller.own))], Json(Done {})).into_response())
}
